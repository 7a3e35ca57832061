//! Whether a name is a pattern; apart from [`super::glob`], so that `build.rs` can include it.

/// Claims that `text` contains a character with a meaning in a glob.
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}
