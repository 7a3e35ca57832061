//! The parts of a glob between its slashes, and which names each matches.

use super::{Globbing, is_dots};
use crate::shell::action::{Piece, Word};

/// A part of a path that a word writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Exactly this name.
    Plain(Vec<u8>),
    /// `**`, which may stand for directories at any depth.
    Deep,
    Glob(Vec<Unit>),
}

/// A step of a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Byte(u8),
    Star,
    /// One character of a class; of any where it is empty.
    One(Option<Class>),
}

/// The characters of a bracket expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    is_negated: bool,
    ranges: Vec<(char, char)>,
}

/// Returns the parts of a word that is a glob and otherwise certain.
pub(super) fn segments(word: &Word) -> Option<Vec<Segment>> {
    let is_glob = word.pieces.iter().any(|piece| matches!(piece, Piece::Glob(_)));
    if !is_glob || word.is_dynamic() {
        return None;
    }
    let mut units = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) => units.extend(bytes.iter().map(|byte| Unit::Byte(*byte))),
            Piece::Glob(glob) => units.extend(unit(glob)),
            Piece::Dynamic { .. } => return None,
        }
    }
    Some(units.split(|unit| *unit == Unit::Byte(b'/')).map(segment).collect())
}

fn unit(glob: &[u8]) -> Vec<Unit> {
    match glob {
        b"*" => vec![Unit::Star],
        b"?" => vec![Unit::One(None)],
        // A slash ends the part of the path first: it is no class.
        _ if glob.contains(&b'/') => glob.iter().map(|byte| Unit::Byte(*byte)).collect(),
        _ => class(glob).map_or_else(|| vec![Unit::Star], |class| vec![Unit::One(class)]),
    }
}

fn segment(units: &[Unit]) -> Segment {
    let byte = |unit: &Unit| match unit {
        Unit::Byte(byte) => Some(*byte),
        Unit::Star | Unit::One(_) => None,
    };
    match units.iter().map(byte).collect() {
        Some(name) => Segment::Plain(name),
        None if units == [Unit::Star, Unit::Star] => Segment::Deep,
        None => Segment::Glob(units.to_vec()),
    }
}

/// Returns the characters of `[…]`; `Some(None)`: any, `None`: it may be no class at all.
fn class(glob: &[u8]) -> Option<Option<Class>> {
    let inner = std::str::from_utf8(glob.strip_prefix(b"[")?.strip_suffix(b"]")?).ok()?;
    // `[:alpha:]`, `[=a=]`, `[.a.]`: any character.
    if ["[:", "[=", "[."].iter().any(|named| inner.contains(named)) {
        return Some(None);
    }
    let is_negated = inner.starts_with(['!', '^']);
    // A character behind a backslash is no operator.
    let mut chars = inner[usize::from(is_negated)..].chars().peekable();
    let mut ranges = Vec::new();
    while let Some(first) = chars.next() {
        let low = if first == '\\' { chars.next()? } else { first };
        let mut ahead = chars.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some('\\')) => ahead.next(),
            (Some('-'), Some(high)) => Some(high),
            _ => None,
        };
        if high.is_some() {
            chars = ahead;
        }
        ranges.push((low, high.unwrap_or(low)));
    }
    (!ranges.is_empty()).then_some(Some(Class { is_negated, ranges }))
}

impl Class {
    fn takes(&self, letter: char, any_case: bool) -> bool {
        let within = |letter: char| self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter));
        let (lower, upper) = (letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
        // What lies between `a` and `z` is the language's affair: there, letters of either case count.
        let is_span = self.ranges.iter().any(|(low, high)| low != high && low.is_alphabetic());
        if self.is_negated {
            return !within(letter) || (any_case && !(within(lower) && within(upper)));
        }
        within(letter) || ((any_case || is_span) && (within(lower) || within(upper)))
    }
}

impl Segment {
    /// Claims that the name matches.
    pub(super) fn takes(&self, name: &[u8], globbing: Globbing, is_last: bool) -> bool {
        let units: &[Unit] = match self {
            Segment::Plain(plain) => return plain == name,
            Segment::Deep => &[Unit::Star],
            Segment::Glob(units) => units,
        };
        // `.` and `..` are left out by newer shells; as the end of a path they name only what was named before.
        let is_written = units.first() == Some(&Unit::Byte(b'.'));
        let may_begin = match name.first() {
            Some(b'.') if is_dots(name) => is_written && !is_last,
            Some(b'.') => is_written || globbing.dots,
            _ => true,
        };
        may_begin && matches(units, name, globbing.any_case)
    }
}

/// Claims that `name` matches: greedy with one place to go back to, so that the time is at most their lengths multiplied.
fn matches(units: &[Unit], name: &[u8], any_case: bool) -> bool {
    let (mut step, mut at) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < name.len() {
        let length = match units.get(step) {
            Some(Unit::Star) => {
                back = Some((step + 1, at));
                step += 1;
                continue;
            }
            Some(unit) => taken(unit, &name[at..], any_case),
            None => None,
        };
        match (length, back) {
            (Some(length), _) => {
                step += 1;
                at += length;
            }
            (None, Some((after, from))) => {
                back = Some((after, from + 1));
                step = after;
                at = from + 1;
            }
            (None, None) => return false,
        }
    }
    units[step..].iter().all(|rest| *rest == Unit::Star)
}

/// Returns how many bytes the step takes of what is left of a name.
fn taken(unit: &Unit, rest: &[u8], any_case: bool) -> Option<usize> {
    let first = *rest.first()?;
    match unit {
        Unit::Byte(byte) => {
            let is_same = *byte == first || (any_case && byte.eq_ignore_ascii_case(&first));
            is_same.then_some(1)
        }
        Unit::Star => Some(0),
        Unit::One(class) => {
            let (letter, length) = character(rest);
            let takes = match (class, letter) {
                (Some(class), Some(letter)) => class.takes(letter, any_case),
                (None, _) | (_, None) => true,
            };
            takes.then_some(length)
        }
    }
}

/// Returns the first character and its length; what is no UTF-8 is a byte of which nothing is known.
fn character(bytes: &[u8]) -> (Option<char>, usize) {
    let longest = bytes.len().min(4);
    let found = (1..=longest).find_map(|length| std::str::from_utf8(&bytes[..length]).ok());
    let letter = found.and_then(|text| text.chars().next());
    (letter, letter.map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::{Segment, segments};
    use crate::shell::globs::Globbing;
    use crate::shell::{Piece, Span, Word};

    /// Returns the parts of a word in which `*`, `?` and what stands in brackets are globs.
    fn parts(text: &str) -> Vec<Segment> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '[' => rest.find(']').map_or(1, |at| at + 1),
                _ => first.len_utf8(),
            };
            let bytes = rest.as_bytes()[..length].to_vec();
            let is_glob = matches!(first, '*' | '?') || length > 1 && first == '[';
            pieces.push(if is_glob { Piece::Glob(bytes) } else { Piece::Literal(bytes) });
            rest = &rest[length..];
        }
        segments(&Word { pieces, span: Span::default() }).expect("a glob")
    }

    #[track_caller]
    fn case(glob: &str, name: &str, expected: bool) {
        let [only] = &parts(glob)[..] else { panic!("{glob} has several parts") };
        assert_eq!(only.takes(name.as_bytes(), Globbing::default(), true), expected, "{glob} on {name}");
    }

    #[test]
    fn a_name_matches_as_in_a_shell() {
        case("a*", "abc", true);
        case("*a*b", "xaxbab", true);
        case("*a*b", "xaxba", false);
        case("?b", "äb", true);
        case("?b", "b", false);
        case("[a-c]x", "bx", true);
        case("[a-c]x", "Bx", true);
        case("[abc]x", "Bx", false);
        case("[!a-c]x", "bx", false);
        case("[!b]x", "bx", false);
        case("[^b]x", "cx", true);
        case("[a\\-z]", "-", true);
        case("[a\\-z]", "b", false);
        case("[\\!a]", "!", true);
        case("[.]a*", ".ab", false);
        case("**", "abc", true);
    }

    #[test]
    fn a_leading_dot_is_matched_only_where_it_is_written() {
        case("*", ".env", false);
        case("?env", ".env", false);
        case("[!a]env", ".env", false);
        case(".*", ".env", true);
        case(".?nv", ".env", true);
        case(".*", "..", false);
        let dots = Globbing { dots: true, ..Globbing::default() };
        assert!(parts("*env")[0].takes(b".env", dots, true));
        assert!(!parts("*")[0].takes(b"..", dots, true));
        assert!(parts(".*/x")[0].takes(b"..", Globbing::default(), false));
    }

    #[test]
    fn what_may_be_no_class_stands_for_any_name() {
        case("[]*", "anything", true);
        assert_eq!(parts("[a/b]c*").len(), 2);
    }
}
