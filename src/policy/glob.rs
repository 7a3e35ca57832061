//! Globs on values that may be known only in part.
//!
//! `*` (and `**`, the same) stands for anything, `/` included; `?` for one character, `[a-z]` and `[!a-z]` for one of or none of a
//! class, `\` takes the next character as it is. A value is a row of [`Token`]s: where a part of it is unknown, the answer is maybe
//! unless every value it could have matches, or none.

use std::borrow::Cow;

use super::glob_text::class_end;
use crate::shell::{Piece, Truth, Word};

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// This byte.
    Byte(u8),
    /// Any part of a file name, without `/`.
    Name,
    /// Anything.
    Anything,
}

/// Returns the tokens of `word`: a glob stands for file names, a dynamic part for anything.
pub(crate) fn tokens(word: &Word) -> Vec<Token> {
    let mut out = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) => out.extend(bytes.iter().map(|byte| Token::Byte(*byte))),
            // A process substitution is one of the shell's own open files.
            Piece::Dynamic { text, .. } if text.starts_with("<(") || text.starts_with(">(") => {
                out.extend(literal(b"/dev/fd/63"));
            }
            Piece::Dynamic { .. } => out.push(Token::Anything),
            Piece::Glob(bytes) => file_names(bytes, &mut out),
        }
    }
    out
}

/// Adds what the shell's glob could match.
fn file_names(glob: &[u8], out: &mut Vec<Token>) {
    // A class as the shell took it; in it, a `]` behind a backslash does not end it.
    if glob.len() > 2 && glob.starts_with(b"[") && glob.ends_with(b"]") && !glob.contains(&b'/') {
        out.push(Token::Name);
        return;
    }
    let mut at = 0;
    while let Some(byte) = glob.get(at) {
        at += 1;
        match byte {
            b'*' => out.push(Token::Name),
            // A character may be several bytes, so one character is any part of a name here.
            b'?' => out.push(Token::Name),
            b'[' => match class_end(glob, at) {
                Some(end) => {
                    out.push(Token::Name);
                    at = end + 1;
                }
                None => out.push(Token::Byte(b'[')),
            },
            other => out.push(Token::Byte(*other)),
        }
    }
}

/// Returns the tokens of bytes that are certain.
pub(crate) fn literal(bytes: &[u8]) -> Vec<Token> {
    bytes.iter().map(|byte| Token::Byte(*byte)).collect()
}

/// Returns the bytes if all of them are certain.
pub(crate) fn certain(value: &[Token]) -> Option<Vec<u8>> {
    let byte = |token: &Token| match token {
        Token::Byte(byte) => Some(*byte),
        Token::Name | Token::Anything => None,
    };
    value.iter().map(byte).collect()
}

/// A value with its certain beginning at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    head: Vec<u8>,
    /// The whole of it; none where all is certain.
    tokens: Vec<Token>,
}

impl Value {
    pub(crate) fn new(tokens: Vec<Token>) -> Value {
        let byte = |token: &Token| match token {
            Token::Byte(byte) => Some(*byte),
            Token::Name | Token::Anything => None,
        };
        let head: Vec<u8> = tokens.iter().map_while(byte).collect();
        let is_certain = head.len() == tokens.len();
        Value { head, tokens: if is_certain { Vec::new() } else { tokens } }
    }

    /// Returns the value that is exactly `bytes`.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Value {
        Value { head: bytes, tokens: Vec::new() }
    }

    /// Returns the tokens of `word`.
    pub(crate) fn of_word(word: &Word) -> Value {
        word.as_literal().map_or_else(|| Value::new(tokens(word)), Value::of_bytes)
    }

    pub(crate) fn tokens(&self) -> Cow<'_, [Token]> {
        match self.certain() {
            Some(bytes) => literal(bytes).into(),
            None => (&self.tokens).into(),
        }
    }

    /// Returns the bytes before anything unknown.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Returns the bytes if all of them are certain.
    pub(crate) fn certain(&self) -> Option<&[u8]> {
        self.tokens.is_empty().then_some(&self.head[..])
    }

    /// Claims that nothing at all is known of it.
    pub(crate) fn is_anything(&self) -> bool {
        self.tokens == [Token::Anything]
    }
}

/// One step of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Byte(u8),
    Any,
    Star,
    Class { negated: bool, ranges: Vec<(u8, u8)> },
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    steps: Vec<Step>,
}

impl Glob {
    /// Returns the pattern that `text` writes; a class that does not close is a plain `[`.
    pub(crate) fn new(text: &str) -> Glob {
        let bytes = text.as_bytes();
        let mut steps = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            let step = match byte {
                b'*' if steps.last() == Some(&Step::Star) => continue,
                b'*' => Step::Star,
                b'?' => Step::Any,
                b'\\' if at < bytes.len() => {
                    at += 1;
                    Step::Byte(bytes[at - 1])
                }
                b'[' => match class_end(bytes, at) {
                    Some(end) => {
                        let class = class(&bytes[at..end]);
                        at = end + 1;
                        class
                    }
                    None => Step::Byte(b'['),
                },
                other => Step::Byte(*other),
            };
            steps.push(step);
        }
        Glob { steps }
    }

    /// Returns the pattern that matches exactly `text`.
    pub(crate) fn exactly(text: &[u8]) -> Glob {
        Glob { steps: text.iter().map(|byte| Step::Byte(*byte)).collect() }
    }

    /// Returns this pattern followed by `rest`.
    pub(crate) fn then(mut self, rest: Glob) -> Glob {
        self.steps.extend(rest.steps);
        self
    }

    /// Returns whether `value` matches.
    pub(crate) fn matches(&self, value: &[Token]) -> Truth {
        let is_certain = value.iter().all(|token| matches!(token, Token::Byte(_)));
        if self.covers(value) {
            return Truth::Yes;
        }
        if !is_certain && self.meets(value) { Truth::Maybe } else { Truth::No }
    }

    /// Claims that every value which `value` could be matches.
    pub(crate) fn covers(&self, value: &[Token]) -> bool {
        self.run(value, Step::covers)
    }

    /// Walks the pattern over the value; a star takes any tokens, every other step one that it `covers`.
    ///
    /// Greedy with one place to go back to, so that the time is at most their lengths multiplied.
    fn run(&self, value: &[Token], covers: fn(&Step, Token) -> bool) -> bool {
        let (mut step, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        while at < value.len() {
            match self.steps.get(step) {
                Some(Step::Star) => {
                    back = Some((step + 1, at));
                    step += 1;
                }
                Some(one) if covers(one, value[at]) => {
                    step += 1;
                    at += 1;
                }
                Some(_) | None => match back {
                    Some((after, from)) => {
                        back = Some((after, from + 1));
                        step = after;
                        at = from + 1;
                    }
                    None => return false,
                },
            }
        }
        self.steps[step..].iter().all(|rest| *rest == Step::Star)
    }

    /// Claims that some value which `value` could be matches: both are patterns, so all pairs of places are followed.
    pub(crate) fn meets(&self, value: &[Token]) -> bool {
        if self.begins_or_ends_otherwise(value) {
            return false;
        }
        if self.leaves_all_open(value) {
            return true;
        }
        let width = self.steps.len() + 1;
        // `row[s]`: the first `s` steps can match what was read of the value so far.
        let mut row = vec![false; width];
        let mut next = vec![false; width];
        row[0] = true;
        self.close(&mut row);
        for token in value {
            next.fill(false);
            match token {
                Token::Byte(_) => self.advance(&row, &mut next, *token),
                Token::Name | Token::Anything => {
                    // No character, or one more and again: steps are taken in order, so one pass suffices.
                    next.copy_from_slice(&row);
                    for at in 0..self.steps.len() {
                        let step = &self.steps[at];
                        if next[at] && (*step == Step::Star || step.accepts(*token)) {
                            next[at + 1] = true;
                        }
                    }
                }
            }
            self.close(&mut next);
            std::mem::swap(&mut row, &mut next);
        }
        row[width - 1]
    }

    /// Claims that what is not known of the value may be all that the pattern asks for: stars take what stands before and behind it.
    fn leaves_all_open(&self, value: &[Token]) -> bool {
        let unknown = Some(&Token::Anything);
        match (self.steps.first(), self.steps.last()) {
            (Some(Step::Star), Some(Step::Star)) => value.contains(&Token::Anything),
            (Some(Step::Star), _) => value.last() == unknown,
            (_, Some(Step::Star)) => value.first() == unknown,
            _ => false,
        }
    }

    /// Claims that the first or the last byte of the value is certain, and another than the pattern's.
    fn begins_or_ends_otherwise(&self, value: &[Token]) -> bool {
        let is_other = |step: Option<&Step>, token: Option<&Token>| match (step, token) {
            (Some(Step::Byte(own)), Some(Token::Byte(byte))) => own != byte,
            _ => false,
        };
        is_other(self.steps.first(), value.first()) || is_other(self.steps.last(), value.last())
    }

    fn advance(&self, row: &[bool], next: &mut [bool], token: Token) {
        for at in 0..self.steps.len() {
            if !row[at] {
                continue;
            }
            match &self.steps[at] {
                Step::Star => next[at] = true,
                step if step.accepts(token) => next[at + 1] = true,
                Step::Byte(_) | Step::Any | Step::Class { .. } => {}
            }
        }
    }

    /// A star may match nothing.
    fn close(&self, row: &mut [bool]) {
        for at in 0..self.steps.len() {
            if row[at] && self.steps[at] == Step::Star {
                row[at + 1] = true;
            }
        }
    }
}

impl Step {
    /// Claims that this step takes every character that `token` could be.
    fn covers(&self, token: Token) -> bool {
        match (self, token) {
            (_, Token::Byte(byte)) => self.takes(byte),
            (_, Token::Name | Token::Anything) => false,
        }
    }

    /// Claims that this step takes some character that `token` could hold.
    fn accepts(&self, token: Token) -> bool {
        match token {
            Token::Byte(byte) => self.takes(byte),
            Token::Anything => true,
            Token::Name => *self != Step::Byte(b'/'),
        }
    }

    fn takes(&self, byte: u8) -> bool {
        match self {
            Step::Byte(own) => *own == byte,
            Step::Any | Step::Star => true,
            Step::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&byte)) != *negated
            }
        }
    }
}

fn class(inner: &[u8]) -> Step {
    let negated = matches!(inner.first(), Some(b'!' | b'^'));
    let inner = &inner[usize::from(negated)..];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < inner.len() {
        match inner.get(at..at + 3) {
            Some([low, b'-', high]) => {
                ranges.push((*low, *high));
                at += 3;
            }
            Some(_) | None => {
                ranges.push((inner[at], inner[at]));
                at += 1;
            }
        }
    }
    Step::Class { negated, ranges }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Glob, Token};
    use crate::policy::glob_text::{is_glob, matches};
    use crate::shell::Truth;

    /// `*` is any part of a name, `$` anything; the rest is itself.
    fn value(text: &str) -> Vec<Token> {
        let token = |byte| match byte {
            b'*' => Token::Name,
            b'$' => Token::Anything,
            byte => Token::Byte(byte),
        };
        text.bytes().map(token).collect()
    }

    #[track_caller]
    fn case(pattern: &str, given: &str, expected: Truth) {
        assert_eq!(Glob::new(pattern).matches(&value(given)), expected, "{pattern} on {given}");
    }

    #[test]
    fn certain_values_match_or_do_not() {
        case("abc", "abc", Truth::Yes);
        case("abc", "abcd", Truth::No);
        case("a*c", "abbc", Truth::Yes);
        case("a**c", "a/b/c", Truth::Yes);
        case("*", "", Truth::Yes);
        case("?", "a", Truth::Yes);
        case("?", "", Truth::No);
        case("[a-c]x", "bx", Truth::Yes);
        case("[!a-c]x", "bx", Truth::No);
        case("[]]", "]", Truth::Yes);
        case("[a", "[a", Truth::Yes);
        case("\\*", "a", Truth::No);
        case("*prod*", "eu-prod-1", Truth::Yes);
    }

    #[test]
    fn unknown_parts_make_it_maybe_unless_they_cannot_matter() {
        case("*prod*", "prod$", Truth::Yes);
        case("*prod*", "$", Truth::Maybe);
        case("/tmp/*", "/tmp/$", Truth::Yes);
        case("/etc/*", "/tmp/$", Truth::No);
        case("/etc/*", "$/x", Truth::Maybe);
        case("*.pem", "*.txt", Truth::No);
        case("*.pem", "*.pe*", Truth::Maybe);
        case("a/b", "*", Truth::No);
        case("a/b", "$", Truth::Maybe);
        case("a/*", "*/b", Truth::Maybe);
        case("a?c", "a*c", Truth::Maybe);
        case("", "$", Truth::Maybe);
        case("", "*", Truth::Maybe);
        case("ab", "a*b*", Truth::Maybe);
    }

    #[test]
    fn plain_names_are_no_globs() {
        assert!(!is_glob("git-lfs") && is_glob("python3*") && is_glob("[a]"));
    }

    proptest! {
        /// Text is matched the same way with and without compiling the pattern.
        #[test]
        fn compiled_or_not_a_pattern_says_the_same(pattern in "[ab/*?!\\[\\]\\-\\\\]{0,7}", given in "[ab/\\]\\-]{0,6}") {
            let compiled = Glob::new(&pattern).matches(&value(&given));
            prop_assert_eq!(compiled == Truth::Yes, matches(pattern.as_bytes(), given.as_bytes()));
        }

        /// The answer for a value with unknown parts agrees with the answers for values it could be.
        #[test]
        fn unknown_parts_never_contradict_a_value(pattern in "[ab/*?]{0,6}", given in "[ab/*$]{0,6}", fill in "[ab]{0,3}") {
            let filled: String = given.replace(['*', '$'], &fill);
            let whole = Glob::new(&pattern).matches(&value(&filled));
            match Glob::new(&pattern).matches(&value(&given)) {
                Truth::Yes => prop_assert_eq!(whole, Truth::Yes),
                Truth::No => prop_assert_eq!(whole, Truth::No),
                Truth::Maybe => {}
            }
        }
    }
}
