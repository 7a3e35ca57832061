//! Which files a text may mean to the tool that takes it: tools resolve `..`, `~`, blanks and URLs each in its own way.
//!
//! One file too many only makes gate stricter.

use std::path::{Component, Path, PathBuf};

/// The longest path and the longest name that Linux and macOS open (`PATH_MAX`, `NAME_MAX`).
const LONGEST: (usize, usize) = (4096, 255);

/// Where a tool is at home.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) cwd: &'a Path,
    pub(super) home: Option<&'a Path>,
    pub(super) user: &'a str,
}

/// Returns the absolute paths that `text` may mean, as it is written first; none if nothing can open it.
pub(super) fn paths(text: &str, ground: Ground<'_>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for text in spellings(text) {
        for path in [Some(PathBuf::from(&text)), at_home(&text, ground)].into_iter().flatten() {
            let path = ground.cwd.join(path);
            let plain = plain(&path);
            for path in [path, plain] {
                // Compared as written: a path is equal to the same with a slash or a dot at its end.
                let is_known = all.iter().any(|known: &PathBuf| known.as_os_str() == path.as_os_str());
                if can_be_opened(&path) && !is_known {
                    all.push(path);
                }
            }
        }
    }
    all
}

/// Claims that `text` looks like a path and not like a sentence that speaks of one: it has no blank, begins at a root, or begins
/// with what is there.
pub(super) fn is_likely(text: &str, ground: Ground<'_>) -> bool {
    let text = text.trim();
    if text.contains("..") && !plain(Path::new(text)).to_string_lossy().contains(char::is_whitespace) {
        return true;
    }
    let first = text.split('/').next().unwrap_or_default();
    let is_rooted = first.is_empty() || ["~", "$HOME", "${HOME}", "file:"].contains(&first);
    let is_there = || first.len() <= LONGEST.1 && ground.cwd.join(first).symlink_metadata().is_ok();
    !text.contains(char::is_whitespace) || is_rooted || is_there()
}

/// Returns `text` in small letters, but for the directories in which the tool is: where a file system does not tell the two apart,
/// it may be the same file.
pub(super) fn folded(text: &str, ground: Ground<'_>) -> String {
    let known = [Some(ground.cwd), ground.home].into_iter().flatten().filter_map(Path::to_str);
    let start = known.filter(|dir| text.starts_with(dir)).map(str::len).max().unwrap_or(0);
    format!("{}{}", &text[..start], text[start..].to_lowercase())
}

/// Returns what tools make of a text before they take it for a path: blanks off, up to a NUL, a URL's path.
fn spellings(text: &str) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    let cut = text.split('\0').next().unwrap_or_default().trim();
    all.push(cut.to_owned());
    all.extend(of_url(cut));
    all.dedup();
    all.retain(|text| !text.is_empty() && !text.contains('\0'));
    all
}

/// Returns the path of a `file:` URL (RFC 8089), percent signs decoded.
fn of_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let rest = match rest.strip_prefix("//") {
        Some(rest) => &rest[rest.find('/').unwrap_or(rest.len())..],
        None => rest,
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    decoded(rest)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code =
            behind.get(..2).and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// Returns what stands for a path in the home directory: `~`, `~me`, `$HOME`.
fn at_home(text: &str, ground: Ground<'_>) -> Option<PathBuf> {
    let home = ground.home?;
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    let is_home = ["~", "$HOME", "${HOME}"].contains(&first) || first.strip_prefix('~') == Some(ground.user);
    is_home.then(|| home.join(rest.trim_start_matches('/')))
}

/// Returns `path` without `.` and `..`, as a tool has it that never looks at the links on the way.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

fn can_be_opened(path: &Path) -> bool {
    let is_short = |part: Component<'_>| part.as_os_str().to_string_lossy().chars().count() <= LONGEST.1;
    path.as_os_str().len() <= LONGEST.0 && path.components().all(is_short)
}

#[cfg(test)]
mod tests {
    use super::{Ground, folded, is_likely, paths};
    use std::path::Path;

    fn ground(cwd: &Path) -> Ground<'_> {
        Ground { cwd, home: Some(Path::new("/home/jo")), user: "jo" }
    }

    #[track_caller]
    fn case(text: &str, expected: &[&str]) {
        let found = paths(text, ground(Path::new("/w")));
        assert_eq!(found.iter().map(|path| path.to_str().unwrap()).collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn each_way_in_which_tools_read_a_path_is_known() {
        case("a", &["/w/a"]);
        case(" /x ", &["/w/ /x ", "/x"]);
        case("a/../b", &["/w/a/../b", "/w/b"]);
        case("../../../etc", &["/w/../../../etc", "/etc"]);
        case("a/.", &["/w/a/.", "/w/a"]);
        case("a/", &["/w/a/", "/w/a"]);
        case("~/a", &["/w/~/a", "/home/jo/a"]);
        case("~jo/a", &["/w/~jo/a", "/home/jo/a"]);
        case("~ann/a", &["/w/~ann/a"]);
        case("$HOME//a", &["/w/$HOME//a", "/w/$HOME/a", "/home/jo/a"]);
        case("${HOME}/../a", &["/w/${HOME}/../a", "/w/a", "/home/jo/../a", "/home/a"]);
        case("file:/jo/%2eX%2g?a#b", &["/w/file:/jo/%2eX%2g?a#b", "/jo/.X%2g"]);
        case("FILE://localhost/x", &["/w/FILE://localhost/x", "/w/FILE:/localhost/x", "/x"]);
        case("file:/x", &["/w/file:/x", "/x"]);
        case("a\0.txt", &["/w/a"]);
        case(&format!("{}a", "x/../".repeat(2000)), &["/w/a"]);
        case(&"x".repeat(300), &[]);
        case("", &[]);
    }

    #[test]
    fn only_what_lies_below_is_folded() {
        let in_w = |text: &str| folded(text, ground(Path::new("/W")));
        assert_eq!(in_w("/W/A/.CLAUDE"), "/W/a/.claude");
        assert_eq!(in_w("/home/jo/X"), "/home/jo/x");
        assert_eq!(in_w("A/Ä"), "a/ä");
    }

    #[test]
    fn a_sentence_that_speaks_of_a_file_is_no_path() {
        let root = tempfile::tempdir().unwrap();
        let ground = ground(root.path());
        std::fs::create_dir(root.path().join("my notes")).unwrap();
        for text in ["a/b", "/x y", " ~/x y", "my notes/x", "file:///x y", "$HOME/x y", "a\nb/../x"] {
            assert!(is_likely(text, ground), "{text}");
        }
        for text in ["look at ~/.bashrc", "see src/.vscode/settings.json\nand more"] {
            assert!(!is_likely(text, ground), "{text}");
        }
    }
}
