//! `declare -i` and `declare -n`, which give a variable a meaning of its own, and `enable`, which gives one to a name.
//!
//! MUST rules:
//! 1. What such a word says holds for all that runs after it, in whatever order the text has it: it is certain only where nothing before
//!    it speaks of the name, and nothing of it can run again.
//! 2. What an integer is set to is a number; what stands for another variable, and that other, are never known.

use super::super::action::{Span, Word};
use super::super::parser::is_name;
use super::super::state::{State, Value};
use super::super::values::is_plain;
use super::super::walk::{Context, Walker};
use crate::command::Dialect;

impl Walker<'_> {
    /// `declare -i name=1 …`
    pub(super) fn declare_integers(
        &mut self,
        context: &Context,
        state: &mut State,
        (builtin, span): (&str, Span),
        words: &[Word],
    ) -> Option<String> {
        let doubt = || gives_meaning(builtin);
        let mut found = Vec::new();
        for word in words {
            let Some((name, value)) = word.as_literal().and_then(|text| setting(&text)) else {
                return doubt();
            };
            let value = value.map(Value::literal);
            let is_number = value.as_ref().is_none_or(Value::is_number);
            if !(is_number && self.is_new(context, state, &name, span)) {
                return doubt();
            }
            found.push((name, value));
        }
        for (name, value) in found {
            self.integers.insert(name.clone());
            let value = value.map_or(Value::Dynamic, |_| Value::Number);
            // Outside of a function `local` fails.
            let value = if builtin == "local" { Value::Dynamic } else { value };
            state.assign(&name, value, Span::default());
        }
        None
    }

    /// `declare -n name=other`
    pub(super) fn declare_references(
        &mut self,
        context: &Context,
        state: &mut State,
        (builtin, span): (&str, Span),
        words: &[Word],
    ) -> Option<String> {
        let doubt = || gives_meaning(builtin);
        let [word] = words else { return doubt() };
        let Some((name, Some(other))) = word.as_literal().and_then(|text| setting(&text)) else {
            return doubt();
        };
        let Some(other) = String::from_utf8(other).ok().filter(|other| *other != name) else {
            return doubt();
        };
        let is_new = |name: &str| self.is_new(context, state, name, span) && !self.arrays.contains(name);
        if !(is_new(&name) && is_new(&other)) {
            return doubt();
        }
        for name in [name, other] {
            state.assign(&name, Value::Dynamic, Span::default());
            self.references.insert(name);
        }
        None
    }

    /// Claims that nothing has spoken of the variable before this word, that the shell has none of this name, and that the word is read once.
    fn is_new(&self, context: &Context, state: &State, name: &str, span: Span) -> bool {
        let is_once = context.dialect == Dialect::Bash
            && !(context.in_loop || context.in_function || context.loose)
            && context.brought_by.is_none()
            // No other text was read before: what it speaks of is not looked for.
            && self.bytes == context.text.len();
        is_once
            && is_name(name.as_bytes())
            && !self.integers.contains(name)
            && !state.exports
            && self.is_unset(state, name)
            && context.text.get(..span.start).is_some_and(|before| !mentions(before, name.as_bytes()))
    }

    /// `enable -n echo`: from there on it is the program. Certain only for builtins that leave the shell as it is, and only where none has
    /// run before it, which might run again behind it.
    pub(super) fn turns_off(&mut self, context: &Context, literals: &[Option<Vec<u8>>]) -> bool {
        const PLAIN: [&str; 6] = ["test", "[", "echo", "pwd", "true", "false"];
        let is_once = !(context.in_loop || context.in_function || context.loose);
        let names = literals.iter().skip_while(|arg| arg.as_deref() == Some(b"-n"));
        let names: Option<Vec<&str>> = names.map(|arg| std::str::from_utf8(arg.as_deref()?).ok()).collect();
        let Some(names) = names.filter(|names| names.iter().all(|name| PLAIN.contains(name))) else {
            return false;
        };
        let has_run = |name: &&str| {
            self.actions.iter().any(|action| action.program.as_literal().as_deref() == Some(name.as_bytes()))
        };
        if !is_once || names.is_empty() || names.iter().any(has_run) {
            return false;
        }
        self.names.extend(names.iter().map(|name| (*name).to_owned()));
        true
    }
}

/// Returns why what `builtin` says of a variable is not certain.
fn gives_meaning(builtin: &str) -> Option<String> {
    Some(format!("`{builtin}` gives a variable a meaning of its own"))
}

/// Returns `name` and the value of `name=value`, if there is one.
fn setting(text: &[u8]) -> Option<(String, Option<Vec<u8>>)> {
    let at = text.iter().position(|byte| *byte == b'=');
    let name = &text[..at.unwrap_or(text.len())];
    let name = String::from_utf8(name.to_vec()).ok().filter(|name| is_plain(name))?;
    Some((name, at.map(|at| text[at + 1..].to_vec())))
}

/// Claims that a text has `name` as a word.
fn mentions(text: &[u8], name: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.split(|byte| !is_part(byte)).any(|word| word == name)
}
