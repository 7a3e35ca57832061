//! The shape of a table.

/// The cases of one class.
pub(crate) struct Table {
    /// Seen through: what they hide is denied, and so are they.
    pub(crate) denied: &'static [&'static str],
    /// Not allowed: they ask, or are denied.
    pub(crate) held: &'static [&'static str],
    /// Near to those, and harmless.
    pub(crate) allowed: &'static [&'static str],
}
