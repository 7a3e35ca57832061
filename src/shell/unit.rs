//! Where the next command of a stream of script text ends, so that it can be judged before the shell gets it.
//!
//! A unit is what a shell reads before it runs anything: a line, or the lines of a construct with its here-documents.

use super::bytes::first_odd;
use super::parser;
use super::syntax::{Command, Compound};
use crate::command::Dialect;

/// What a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// This many bytes of blank lines and comments: nothing to run.
    Blank(usize),
    /// A complete command of this many bytes, its last newline included, and how braces around it are closed.
    Complete { length: usize, closing: Closing },
    /// Nothing whose end is certain: more text may be needed, or only the shell itself knows.
    Unclear,
}

/// How braces around a unit are closed: with what, and before which of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    pub at: usize,
    pub with: &'static str,
}

impl Closing {
    /// Returns the closing where only the shell knows how the unit ends: on a line of its own, which a backslash at the
    /// unit's end does not join to it.
    pub fn on_its_own_line(unit: &[u8]) -> Closing {
        let line = unit.strip_suffix(b"\n").unwrap_or(unit);
        let with = if line.ends_with(b"\\") { "\n\n}" } else { "\n}" };
        Closing { at: line.len(), with }
    }
}

/// Returns what `text` begins with; `is_all`: nothing comes after it.
pub fn first_unit(text: &[u8], is_all: bool, dialect: Dialect) -> Unit {
    let blank = blank(text, is_all);
    if blank > 0 {
        return Unit::Blank(blank);
    }
    let Some(length) = parser::first_line(text, dialect) else { return Unit::Unclear };
    let is_ended = length < text.len() || text.ends_with(b"\n") || is_all;
    let goes_on = text[..length].ends_with(b"\\\n");
    if !is_ended || goes_on || first_odd(&text[..length]).is_some() {
        return Unit::Unclear;
    }
    Unit::Complete { length, closing: closing(&text[..length], dialect) }
}

/// Returns the length of the lines at the beginning that hold nothing but blanks and comments.
fn blank(text: &[u8], is_all: bool) -> usize {
    let mut length = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let first = line.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        let is_whole = line.ends_with(b"\n") || is_all;
        if !is_whole || !matches!(first, None | Some(b'\n' | b'#')) {
            break;
        }
        length += line.len();
    }
    length
}

/// Returns how braces around the unit are closed: without another line if that is certain, so that line numbers stay as
/// they are. Where here-documents follow the unit's first line, the braces end on that line.
fn closing(unit: &[u8], dialect: Dialect) -> Closing {
    let own_line = Closing::on_its_own_line(unit);
    let first_line = unit.iter().position(|byte| *byte == b'\n').unwrap_or(unit.len());
    let count = parser::parse(unit, dialect).list.len();
    let fits = |closing: &Closing| {
        let (before, after) = unit.split_at(closing.at);
        let text = [b"{ ", before, closing.with.as_bytes(), after, b"\n"].concat();
        let parsed = parser::parse(&text, dialect);
        let [item] = parsed.list.as_slice() else { return false };
        let [Command::Compound { body: Compound::Group(list), .. }] = item.first.commands.as_slice() else {
            return false;
        };
        parsed.refusal.is_none() && item.rest.is_empty() && count > 0 && list.len() == count
    };
    let places = [own_line.at, first_line];
    let all = places.into_iter().flat_map(|at| ["; }", " }"].map(|with| Closing { at, with }));
    let mut fitting = all.filter(fits);
    fitting.next().unwrap_or(own_line)
}

#[cfg(test)]
mod tests {
    use super::{Closing, Unit, first_unit};
    use crate::command::Dialect;

    #[track_caller]
    fn case(text: &str, is_all: bool, expected: Unit) {
        assert_eq!(first_unit(text.as_bytes(), is_all, Dialect::Bash), expected, "{text:?}");
    }

    #[track_caller]
    fn complete(text: &str, length: usize, closed: &str) {
        let Unit::Complete { length: found, closing } = first_unit(text.as_bytes(), false, Dialect::Bash)
        else {
            panic!("{text:?} is not complete");
        };
        let (before, after) = text[..found].split_at(closing.at);
        assert_eq!((found, format!("{before}{}{after}", closing.with)), (length, closed.to_owned()));
    }

    #[test]
    fn a_unit_ends_where_the_shell_would_run_it() {
        complete("ls\nid\n", 3, "ls; }\n");
        complete("a; b && c\n", 10, "a; b && c; }\n");
        complete("if a\nthen b\nfi\nc\n", 15, "if a\nthen b\nfi; }\n");
        complete("sleep 1 &\n", 10, "sleep 1 & }\n");
        complete("ls;\n", 4, "ls; }\n");
        complete("ls # all\nid\n", 9, "ls # all\n}\n");
        complete("cat <<E\nx\nE\nid\n", 12, "cat <<E; }\nx\nE\n");
        complete("echo 'a\nb'\n", 11, "echo 'a\nb'; }\n");
        complete("f() { a; }\nf\n", 11, "f() { a; }; }\n");
        case("ls", true, Unit::Complete { length: 2, closing: Closing { at: 2, with: "; }" } });
    }

    #[test]
    fn a_text_that_may_go_on_is_unclear() {
        for text in ["", "ls", "echo 'a\n", "cat <<E\nx\n", "if a\n", "a &&\n", "a \\\n", "echo \u{202e}\n"] {
            case(text, false, Unit::Unclear);
        }
        for text in ["echo 'a\n", "if a\n", "echo !(a)\n"] {
            case(text, true, Unit::Unclear);
        }
    }

    #[test]
    fn blank_lines_and_comments_are_no_unit() {
        case("\n  \n# a\nls\n", false, Unit::Blank(8));
        case("# a", false, Unit::Unclear);
        case("# a", true, Unit::Blank(3));
    }
}
