//! Which files a patch of Codex's `apply_patch` touches.
//!
//! Source of the format: openai/codex `codex-rs/apply-patch` (`apply_patch_tool_instructions.md`, `parser.rs`, which takes padding
//! around its markers). Only the headers are read; a line of a file's text begins with `+`, `-`, a blank or `@@`.

use super::Unreadable;

/// The headers that name a file.
const FILES: [&str; 4] = ["add file:", "update file:", "delete file:", "move to:"];

/// The other lines that begin with three stars.
const MARKS: [&str; 3] = ["begin patch", "end patch", "end of file"];

/// What ends a line for some readers, besides a newline (Unicode standard annex 14, Python's `splitlines`).
const ENDS: [char; 9] =
    ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Returns every path that `patch` names, as written.
///
/// More is taken for a header than Codex does (padding, capitals, a context line that looks like one): one path too many only makes gate stricter.
///
/// # Errors
/// No header at all, a line with three stars that is none of the known ones, or one behind what only some readers take for the end
/// of a line.
pub(super) fn paths(patch: &str) -> Result<Vec<String>, Unreadable> {
    let mut found = Vec::new();
    for line in patch.lines() {
        if line.split(ENDS).skip(1).any(|rest| rest.trim_start().starts_with("***")) {
            return Err(Unreadable::Patch("a line that ends in an unusual way".to_owned()));
        }
        let Some(header) = line.trim().strip_prefix("***") else { continue };
        let header = header.trim();
        let lower = header.to_lowercase();
        match FILES.iter().find(|name| lower.starts_with(**name)) {
            Some(name) => {
                let path = header.get(name.len()..).map(str::trim).unwrap_or_default();
                if path.is_empty() {
                    return Err(Unreadable::Patch("a header without a path".to_owned()));
                }
                found.push(path.to_owned());
            }
            None if MARKS.contains(&lower.as_str()) => {}
            None => return Err(Unreadable::Patch(format!("a line `*** {header}`"))),
        }
    }
    if found.is_empty() { Err(Unreadable::Patch("it names no file".to_owned())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::paths;

    #[track_caller]
    fn case(patch: &str, expected: Result<&[&str], &str>) {
        let read = paths(patch).map_err(|error| error.to_string());
        let expected = expected
            .map(|paths| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
            .map_err(|why| format!("the patch cannot be read: {why}"));
        assert_eq!(read, expected);
    }

    #[test]
    fn every_file_that_a_patch_touches_is_found() {
        let patch = "*** Begin Patch\n*** Update File: src/a.rs\n*** Move to: src/b c.rs\n@@ fn x\n-old\n+new\n*** End of File\n\
                     *** Add File: /etc/x\n+*** Add File: not/this\n*** Delete File: ../gone\n*** End Patch\n";
        case(patch, Ok(&["src/a.rs", "src/b c.rs", "/etc/x", "../gone"]));
        case("<<'EOF'\n*** Begin Patch\n  *** add file:  x \n+a\n*** End Patch\nEOF", Ok(&["x"]));
        case("*** Begin Patch\r\n*** Update File: a\r\n*** End Patch\r\n", Ok(&["a"]));
    }

    #[test]
    fn rule_1_a_patch_that_is_not_understood_is_an_error() {
        case("", Err("it names no file"));
        case("*** Begin Patch\n*** End Patch", Err("it names no file"));
        case("--- a/x\n+++ b/x\n", Err("it names no file"));
        case("*** Update File:\n", Err("a header without a path"));
        for end in ["\r", "\u{b}", "\u{2028}", "\u{85} "] {
            let patch = format!("*** Add File: a\n+b{end}*** Update File: .git/hooks/x\n");
            case(&patch, Err("a line that ends in an unusual way"));
        }
        case("*** Rename File: a\n*** Update File: b\n", Err("a line `*** Rename File: a`"));
    }
}
