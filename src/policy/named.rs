//! Every path that an action's arguments could name, whatever the option is called that it stands behind.
//!
//! Programs have more options that write a file than any list of them. For the few places that nobody may write, a program that
//! does not only read might write what it is given a name of: so a name is enough for a maybe, and never for more.

use super::glob::{Token, certain, tokens};
use super::paths::PathValue;
use super::patterns::Patterns;
use super::subject::{Lean, Subject};
use crate::shell::Truth;

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

/// Returns the paths that the words of an action could name.
pub(super) fn named(subject: &Subject<'_>) -> Vec<Named> {
    let inner = &subject.arguments.inner;
    let own = (0..subject.action.args.len()).filter(|at| !inner.iter().any(|words| words.contains(at)));
    let path = |part: &[Token]| Named {
        path: PathValue::of(subject.ground, part, subject.cwd(), true),
        is_plain: part.first() != Some(&Token::Byte(b'.')) && !part.contains(&Token::Byte(b'/')),
    };
    let words = own.map(|at| tokens(subject.word(at)));
    words.flat_map(|word| parts(&word).into_iter().map(path).collect::<Vec<_>>()).collect()
}

/// Returns the parts of a word that might be paths: the whole, what stands between marks, and what is glued to a letter (`-ofile`).
fn parts(word: &[Token]) -> Vec<&[Token]> {
    let is = |wanted: &[u8]| {
        let wanted = wanted.to_vec();
        move |token: &Token| matches!(token, Token::Byte(byte) if wanted.contains(byte))
    };
    let is_option = word.first() == Some(&Token::Byte(b'-'));
    let mut parts: Vec<&[Token]> = if is_option { Vec::new() } else { vec![word] };
    if word.iter().any(is(MARKS)) {
        parts.extend(word.split(is(MARKS)));
    }
    if is_option {
        // Where a bundle ends and its value begins is not known: `-czf.claude/x`, `-ogate`.
        parts.extend(
            [word.get(2..), word.iter().position(is(b"/.~")).map(|at| &word[at..])].into_iter().flatten(),
        );
    }
    let is_text = |part: &&[Token]| part.iter().any(is(b" \t\n"));
    parts.retain(|part| could_be_path(part) && (part.len() == word.len() || !is_text(part)));
    parts
}

/// A path of which nothing is known could be any, and says nothing.
fn could_be_path(part: &[Token]) -> bool {
    !part.is_empty() && (certain(part).is_some() || part.contains(&Token::Byte(b'/')))
}

#[cfg(test)]
mod tests {
    use super::parts;
    use crate::policy::glob::literal;

    #[track_caller]
    fn case(word: &str, part: &str, is_there: bool) {
        let word = literal(word.as_bytes());
        assert_eq!(parts(&word).contains(&&literal(part.as_bytes())[..]), is_there);
    }

    #[test]
    fn a_path_is_found_wherever_it_stands_in_a_word() {
        case("a/b", "a/b", true);
        case("--map=a/b", "a/b", true);
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
