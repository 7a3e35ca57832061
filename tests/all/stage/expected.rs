//! Placeholders: how two runs of gate are made comparable.
//!
//! | placeholder | stands for |
//! |---|---|
//! | `[ID]` | a request id, `7KQ2-M9XD-4T1B`; a second, third one in the same text is an `[ID]` too |
//! | `[ID4]` | the first four characters of a request id, between backticks or blanks after a word like `resume` |
//! | `[TIME]` | a point in time, `2026-11-21 09:02:16` or RFC 3339 |
//! | `[SPAN]` | a length of time, `7 h 59 min` |
//! | `[DIGEST]` | 64 hexadecimal digits; `[DIGEST12]` twelve of them after `sha256:` |
//! | `[ROOT]` | the directory of the stage; `[ROOT]/home` and `[ROOT]/work` lie in it |
//! | `[USER]`, `[UID]`, `[HOST]`, `[PID]` | who runs the tests, where they say so: `user [USER] (uid [UID]) on [HOST], process [PID]` |

use std::path::Path;
use std::sync::OnceLock;

use regex_lite::Regex;

/// Returns `text` with everything that differs from run to run replaced by its placeholder.
pub(super) fn placeholders(text: &str, root: &Path) -> String {
    let mut text = text.replace(&root.display().to_string(), "[ROOT]");
    let real = std::fs::canonicalize(root).unwrap_or_else(|_gone| root.to_owned());
    text = text.replace(&real.display().to_string(), "[ROOT]");
    for (pattern, placeholder) in [
        (r"\b[0-9a-f]{64}\b", "[DIGEST]"),
        (r"\bsha256:[0-9a-f]{12}\b", "sha256:[DIGEST12]"),
        (r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", "[ID]"),
        (r"\b(resume|approve|reject|show|cancel) [0-9][0-9A-Z]{3}\b", "$1 [ID4]"),
        (r"\b(resume|approve|reject|show|cancel) [0-9A-Z]{4}\b", "$1 [ID4]"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC)?", "[TIME]"),
        (r"\b\d+ (d|h|min|s)\b( \d+ (h|min|s)\b)*", "[SPAN]"),
        (r"\(uid \d+\) on \S+, process \d+", "(uid [UID]) on [HOST], process [PID]"),
    ] {
        let pattern = Regex::new(pattern).expect("a pattern of this file");
        text = pattern.replace_all(&text, placeholder).into_owned();
    }
    let user = user();
    for (before, after) in [
        ("human ", "\n"),
        ("human:", "\n"),
        ("human:", " "),
        ("human:", ";"),
        ("by ", " via"),
        ("user ", " ("),
    ] {
        text = text.replace(&format!("{before}{user}{after}"), &format!("{before}[USER]{after}"));
    }
    text
}

/// Returns the name of the user who runs the tests.
fn user() -> &'static str {
    static USER: OnceLock<String> = OnceLock::new();
    USER.get_or_init(|| {
        let output = std::process::Command::new("id").arg("-un").output().expect("id of coreutils");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// Returns `text` without its first line break and without the indentation that all its lines share, so that an
/// expected text can be indented like the code around it.
pub(super) fn unindented(text: &str) -> String {
    let Some(text) = text.strip_prefix('\n') else { return text.to_owned() };
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let ends_inside = text.rsplit('\n').next().is_some_and(|last| last.trim().is_empty());
    let body = if ends_inside { &text[..=text.rfind('\n').unwrap_or(0)] } else { text };
    body.split_inclusive('\n').map(|line| line.get(shared..).unwrap_or("\n")).collect()
}

#[test]
fn expected_text_may_be_indented_like_the_code() {
    assert_eq!(unindented("plain\n"), "plain\n");
    assert_eq!(unindented("\n    a\n      b\n\n    c\n    "), "a\n  b\n\nc\n");
    assert_eq!(unindented("\n    a\n    b"), "a\nb");
}

#[test]
fn what_differs_from_run_to_run_has_a_placeholder() {
    let given = "approved 7KQ2-M9XD-4T1B at 2026-11-21 09:02:16; run `gate resume 7KQ2` within 7 h 59 min";
    let expected = "approved [ID] at [TIME]; run `gate resume [ID4]` within [SPAN]";
    assert_eq!(placeholders(given, Path::new("/nowhere")), expected);
}
