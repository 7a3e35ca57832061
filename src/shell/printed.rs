//! What a command substitution prints, where its text alone says so.
//!
//! MUST rules:
//! 1. A name that a function or an alias may stand for prints what nobody knows; so does a body of a function, which may run after
//!    such a name was given another meaning.
//! 2. Where what the shell traces may go to the output, nobody knows what stands in it.
//! 3. A number is one, with blanks around it, or nothing at all, which is what arithmetic may evaluate: only a program that is certainly
//!    itself prints one.

use super::action::Place;
use super::state::{State, Value};
use super::syntax::{self, Command, Item, List, Part, Redirect, Simple, Target};
use super::walk::{Context, Walker};
use crate::command::Dialect;
use crate::world::Resolution;

impl Walker<'_> {
    /// Returns what a substitution is known to print, without the line ends behind it.
    pub(super) fn printed(&self, context: &Context, state: &State, body: &List) -> Value {
        let [Item { first, rest, background: false }] = body.as_slice() else { return Value::Dynamic };
        let Some((Command::Simple(last), before)) = first.commands.split_last() else {
            return Value::Dynamic;
        };
        let is_plain = rest.is_empty() && !first.negated && last.assignments.is_empty();
        let is_sure = !state.anything && !context.in_function && context.in_shell && self.typed.is_none();
        if !is_plain || !is_sure || context.dialect == Dialect::Zsh || context.scope == super::Scope::Remote {
            return Value::Dynamic;
        }
        let Some(words) = last.words.iter().map(plain_text).collect::<Option<Vec<_>>>() else {
            return Value::Dynamic;
        };
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Some((name, args)) = words.split_first() else { return Value::Dynamic };
        let name = String::from_utf8_lossy(name);
        let is_shadowed = self.may_trace_to_the_output(state)
            || self.names.contains(name.as_ref())
            || self.world.var(&format!("BASH_FUNC_{name}%%")).is_some()
            || !self.redirects_leave_output(last);
        if is_shadowed {
            return Value::Dynamic;
        }
        match (name.as_ref(), args) {
            ("pwd", []) if before.is_empty() => directory(state),
            ("echo", args) if before.is_empty() => echoed(args),
            ("nproc", []) | ("date", [b"+%s"] | [b"-u", b"+%s"]) if self.is_itself(state, &name) => {
                Value::Number
            }
            ("wc", [b"-l"] | [b"-c"] | [b"-w"] | [b"-m"]) if self.is_itself(state, &name) => Value::Number,
            _ => Value::Dynamic,
        }
    }

    /// Claims that `set -x` may write to standard output, what `PS4` says before each command: bash writes it where `BASH_XTRACEFD` says.
    fn may_trace_to_the_output(&self, state: &State) -> bool {
        state.variables.contains("BASH_XTRACEFD") || self.world.var("BASH_XTRACEFD").is_some()
    }

    /// Claims that the program is what its name says.
    fn is_itself(&self, state: &State, name: &str) -> bool {
        let Place::Known(cwd) = &state.cwd else { return false };
        let leads = state.variables.iter().any(|(set, _)| set == "PATH" || set.starts_with("LD_"));
        !leads && matches!(self.world.resolve(name.as_bytes(), cwd), Resolution::Trusted(_))
    }

    /// Claims that nothing but the program itself writes to the output: what the shell says of a file that it cannot open goes there, too,
    /// once the two are one.
    fn redirects_leave_output(&self, command: &Simple) -> bool {
        let leaves = |redirect: &Redirect| match (&redirect.target, redirect.descriptor) {
            (Target::File { kind: super::RedirectKind::Read, .. }, None | Some(0)) => true,
            (Target::File { kind: super::RedirectKind::Write, .. }, Some(2)) => true,
            (
                Target::File { .. } | Target::Descriptor { .. } | Target::HereDoc(_) | Target::HereString(_),
                _,
            ) => false,
        };
        command.redirects.iter().all(leaves)
    }
}

/// Returns the bytes of a word in which nothing is expanded.
fn plain_text(word: &syntax::Word) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for part in &word.parts {
        match part {
            Part::Quoted(bytes) => text.extend_from_slice(bytes),
            Part::Plain(bytes) if !bytes.iter().any(|byte| b"~*?[]{}\\!".contains(byte)) => {
                text.extend_from_slice(bytes);
            }
            Part::Plain(_)
            | Part::Parameter(_)
            | Part::Command { .. }
            | Part::Process { .. }
            | Part::Arith { .. }
            | Part::Unknown => return None,
        }
    }
    Some(text)
}

fn directory(state: &State) -> Value {
    use std::os::unix::ffi::OsStrExt as _;
    match &state.cwd {
        Place::Known(path) if !path.as_os_str().as_bytes().ends_with(b"\n") => {
            Value::literal(path.as_os_str().as_bytes().to_vec())
        }
        Place::Known(_) | Place::Unknown => Value::Dynamic,
    }
}

/// What `echo` makes of its arguments; an option or a backslash means one thing to one shell and something else to another.
fn echoed(args: &[&[u8]]) -> Value {
    if args.iter().any(|arg| arg.starts_with(b"-") || arg.contains(&b'\\') || arg.contains(&0)) {
        return Value::Dynamic;
    }
    let mut text = args.join(&b' ');
    while text.ends_with(b"\n") {
        text.pop();
    }
    Value::literal(text)
}
