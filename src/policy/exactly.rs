//! `exactly`: a whole command, word by word, with nothing around it. What `gate policy suggest` proposes rests on it.
//!
//! MUST rules:
//! 1. It never matches more than the words it writes out: no glob, no prefix, no other order, no further word.
//! 2. It does not match where something is set, redirected, piped, shadowed or put around the command, or where another user or
//!    machine runs it.
//! 3. To permit, no variable may be set that the program's entry says changes what it does, and home must be the user's own.

use super::matcher::text_matches;
use super::subject::{Lean, Subject};
use crate::shell::{Action, Scope, Stdin, Truth, Word};

/// Returns whether the action is one of `commands`.
pub(super) fn is_any(commands: &[String], subject: &Subject<'_>, lean: Lean) -> Truth {
    if !is_plain(subject.action) || (lean == Lean::Permit && !is_undisturbed(subject)) {
        return Truth::No;
    }
    Truth::any(commands.iter().map(|command| is_one(command, subject.action)))
}

/// Claims that nothing is around the words.
fn is_plain(action: &Action) -> bool {
    let stands_alone = action.redirects.is_empty()
        && action.upstream.is_none()
        && action.downstream.is_none()
        && action.stdin == Stdin::Inherited;
    let is_bare = action.assignments.is_empty() && action.inside.is_empty() && action.shadowed.is_none();
    let is_program = !action.builtin && !action.function && action.opaque.is_none();
    stands_alone && is_bare && is_program && !action.as_root && action.scope == Scope::Local
}

/// Claims that the environment says nothing of its own about what the program does.
fn is_undisturbed(subject: &Subject<'_>) -> bool {
    let names: Vec<&String> = subject.program.iter().flat_map(|program| &program.env).collect();
    let is_one = |set: &String| names.iter().any(|name| text_matches(name, set));
    !subject.world.var_names().iter().any(is_one) && subject.world.homes().len() <= 1
}

fn is_one(command: &str, action: &Action) -> Truth {
    let mut words = command.split(' ').map(str::as_bytes);
    if action.program.as_literal().as_deref() != words.next() {
        return Truth::No;
    }
    if action.args.iter().any(Word::may_split) {
        return Truth::Maybe;
    }
    let expected: Vec<&[u8]> = words.collect();
    if expected.len() != action.args.len() {
        return Truth::No;
    }
    let is = |(word, expected): (&Word, &[u8])| {
        word.as_literal().map_or(Truth::Maybe, |word| Truth::of(word == expected))
    };
    Truth::all(action.args.iter().zip(expected).map(is))
}
