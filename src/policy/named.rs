//! Every path that an action's arguments could name, whatever the option is called that it stands behind.
//!
//! Programs have more options that write a file than any list of them. For the few places that nobody may write, a program that
//! does not only read might write what it is given a name of: so a name is enough for a maybe, and never for more.

use super::glob::{Token, tokens};
use super::paths::PathValue;
use super::patterns::Patterns;
use super::subject::{Lean, Subject};
use crate::shell::{Piece, Truth};

/// What stands before a path within a word: `--map=x`, `dep-info=x`, `/from:/to`, `%output{x}`, `@x`, `a,b`.
const MARKS: &[u8] = b"=:,{}@";

/// A path that a word could name.
pub(super) struct Named {
    path: PathValue,
    /// Claims that it is a plain word, which is seldom a path at all: where links lead is asked of the others.
    is_plain: bool,
}

/// Returns maybe where a word or a part of it names a path that one of `patterns` matches for certain, or else no.
pub(super) fn names(patterns: &Patterns, subject: &Subject<'_>) -> Truth {
    let is_named = |Named { path, is_plain }: &Named| {
        let truth = if *is_plain {
            path.reads_like(patterns, subject, Lean::Restrict)
        } else {
            path.matches_any(patterns, subject, Lean::Restrict)
        };
        truth == Truth::Yes
    };
    Truth::of(subject.named().iter().any(is_named)) & Truth::Maybe
}

/// Returns whether each path that a word or a part of it names matches one of `patterns`; a word of which nothing is known names none.
pub(super) fn names_only(patterns: &Patterns, subject: &Subject<'_>, lean: Lean) -> Truth {
    let paths = subject.named().iter().filter(|named| !named.is_plain);
    Truth::all(paths.map(|named| named.path.matches_any(patterns, subject, lean)))
}

/// Returns the paths that the words of an action could name.
pub(super) fn named(subject: &Subject<'_>) -> Vec<Named> {
    let inner = &subject.arguments.inner;
    let mut found = Vec::new();
    for at in (0..subject.action.args.len()).filter(|at| !inner.iter().any(|words| words.contains(at))) {
        match &subject.word(at).pieces[..] {
            // Most words are certain, and looked at as they are.
            [Piece::Literal(word)] => of_word(word, subject, &mut found),
            _ => of_word(&tokens(subject.word(at)), subject, &mut found),
        }
    }
    found
}

fn of_word<T: Sign>(word: &[T], subject: &Subject<'_>, found: &mut Vec<Named>) {
    let path = |part: &[T]| Named {
        path: T::path(part, subject),
        is_plain: !is(part.first(), b".") && !part.iter().any(|sign| is(Some(sign), b"/")),
    };
    if !is(word.first(), b"-") && !word.iter().any(|sign| is(Some(sign), MARKS)) {
        found.extend(could_be_path(word).then(|| path(word)));
        return;
    }
    found.extend(parts(word).into_iter().map(path));
}

/// A byte of a word, or what may stand in place of some.
trait Sign: Copy + PartialEq {
    fn byte(&self) -> Option<u8>;

    /// Returns the path that the part of a word names.
    fn path(part: &[Self], subject: &Subject<'_>) -> PathValue;
}

impl Sign for u8 {
    fn byte(&self) -> Option<u8> {
        Some(*self)
    }

    fn path(part: &[u8], subject: &Subject<'_>) -> PathValue {
        PathValue::of_bytes(subject.ground, part, subject.cwd(), true)
    }
}

impl Sign for Token {
    fn byte(&self) -> Option<u8> {
        match self {
            Token::Byte(byte) => Some(*byte),
            Token::Name | Token::Anything => None,
        }
    }

    fn path(part: &[Token], subject: &Subject<'_>) -> PathValue {
        PathValue::of(subject.ground, part, subject.cwd(), true)
    }
}

fn is<T: Sign>(sign: Option<&T>, wanted: &[u8]) -> bool {
    sign.and_then(Sign::byte).is_some_and(|byte| wanted.contains(&byte))
}

/// Returns the parts of a word that might be paths: the whole, what stands between marks, and what is glued to a letter (`-ofile`).
fn parts<T: Sign>(word: &[T]) -> Vec<&[T]> {
    let is_option = is(word.first(), b"-");
    let mut parts: Vec<&[T]> = if is_option { Vec::new() } else { vec![word] };
    if word.iter().any(|sign| is(Some(sign), MARKS)) {
        parts.extend(word.split(|sign| is(Some(sign), MARKS)));
    }
    if is_option {
        // Where a bundle ends and its value begins is not known: `-czf.claude/x`, `-ogate`. A long option has it behind a mark.
        let is_long = is(word.get(1), b"-");
        let path = word.iter().position(|sign| is(Some(sign), b"/.~")).map(|at| &word[at..]);
        parts.extend([word.get(2..), path.filter(|_| !is_long)].into_iter().flatten());
    }
    let is_text = |part: &[T]| part.iter().any(|sign| is(Some(sign), b" \t\n"));
    parts.retain(|part| could_be_path(part) && (part.len() == word.len() || !is_text(part)));
    parts
}

/// A path of which nothing is known could be any, and says nothing.
fn could_be_path<T: Sign>(part: &[T]) -> bool {
    let is_certain = || part.iter().all(|sign| sign.byte().is_some());
    !part.is_empty() && (is_certain() || part.iter().any(|sign| is(Some(sign), b"/")))
}

#[cfg(test)]
mod tests {
    use super::parts;
    use crate::policy::glob::literal;

    #[track_caller]
    fn case(word: &str, part: &str, is_there: bool) {
        assert_eq!(parts(word.as_bytes()).contains(&part.as_bytes()), is_there);
        assert_eq!(parts(&literal(word.as_bytes())).contains(&&literal(part.as_bytes())[..]), is_there);
    }

    #[test]
    fn a_path_is_found_wherever_it_stands_in_a_word() {
        case("a/b", "a/b", true);
        case("--map=a/b", "a/b", true);
        case("--map=a/b", "/b", false);
        case("--emit=dep-info=a/b", "a/b", true);
        case("-oa", "a", true);
        case("-czf.a/b", ".a/b", true);
        case("-o/a", "/a", true);
        case("%output{/a}x y", "/a", true);
        case("http://h/a", "//h/a", true);
        case("/a:/b:ro", "/b", true);
        case("say {a b}", "a b", false);
        case("--map", "--map", false);
    }
}
