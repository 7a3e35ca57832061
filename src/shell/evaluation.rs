//! What the shell itself evaluates: tests, arithmetic, and the variables that mean something to it.

use super::action::Span;
use super::parser;
use super::state::{Flow, State, Value};
use super::syntax::{self, Arith, Name, Test};
use super::typed::acts_later;
use super::walk::{Context, Walker};
use crate::command::Dialect;

impl Walker<'_> {
    pub(super) fn tests(&mut self, context: &Context, mut state: State, tests: &[Test]) -> Flow {
        for test in tests {
            match test {
                Test::Word(word) => {
                    self.single(context, &mut state, word);
                }
                Test::Unary { operator, word } => {
                    let (found, _) = self.single(context, &mut state, word);
                    let plain = found.as_literal().is_some_and(|name| parser::is_name(&name));
                    if matches!(operator.as_str(), "-v" | "-R") && !plain {
                        self.doubt(found.span, "`-v` evaluates what is no plain name");
                    }
                }
                Test::Binary { left, operator, right } => {
                    let (left, left_value) = self.single(context, &mut state, left);
                    let (_, right_value) = self.single(context, &mut state, right);
                    if operator == "=~" {
                        state.assign("BASH_REMATCH", Value::Dynamic, left.span);
                    }
                    let evaluates =
                        matches!(operator.as_str(), "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge");
                    if evaluates && !(self.counts(&state, &left_value) && self.counts(&state, &right_value)) {
                        self.doubt(
                            left.span,
                            format!("`[[ … {operator} … ]]` evaluates what is no plain number"),
                        );
                    }
                }
            }
        }
        self.settle(context, &state);
        Flow::either(state)
    }

    /// Claims that arithmetic over this value runs nothing: it is a number, or the name of one.
    fn counts(&self, state: &State, value: &Value) -> bool {
        match value {
            Value::Literal(bytes) if parser::is_name(bytes) => {
                std::str::from_utf8(bytes).is_ok_and(|name| self.numeric(state, name))
            }
            Value::Literal(_) | Value::Number => value.is_number(),
            Value::Name(_) | Value::Dynamic => false,
        }
    }

    /// Follows an arithmetic expression: every name in it must be a number that the script set.
    pub(super) fn arithmetic(
        &mut self,
        context: &Context,
        state: &mut State,
        expression: &Arith,
        span: Span,
    ) {
        let numeric = |walker: &Self, state: &State, parameter: &syntax::Parameter| match &parameter.name {
            _ if matches!(parameter.operation, syntax::Operation::Length) => true,
            Name::Variable(name) => walker.numeric(state, name),
            Name::Special(kind) => *kind != b'-',
            Name::Positional(number) => state.args.as_ref().is_some_and(|args| {
                args.get(*number).is_some_and(|arg| Value::literal(arg.clone()).is_number())
            }),
            Name::Element { .. } | Name::All(_) => false,
        };
        let certain = expression.names.iter().all(|name| self.numeric(state, name))
            && expression.parameters.iter().all(|parameter| numeric(self, state, parameter));
        if !certain {
            self.doubt(
                context.span(span),
                "arithmetic evaluates a variable that the script did not set to a number",
            );
        }
        if expression.assigns {
            for name in expression.names.iter().chain(&expression.sets) {
                let set = self.numeric(state, name) || !expression.branches;
                let value = if certain && set { Value::Number } else { Value::Dynamic };
                self.assign(context, state, name, value, span);
            }
        }
    }

    /// Sets a variable, and notes the doubts that come with those the shell itself evaluates.
    pub(super) fn assign(
        &mut self,
        context: &Context,
        state: &mut State,
        name: &str,
        value: Value,
        span: Span,
    ) {
        let span = context.span(span);
        if (self.typed.is_some() || self.is_prompting) && acts_later(name, &value) {
            self.doubt(span, format!("`{name}` acts beyond the line that sets it"));
        }
        if self.references.contains(name) && (state.exports || context.dialect != Dialect::Bash) {
            self.doubt(span, format!("`{name}` stands for another variable"));
        }
        let is_integer = self.integers.contains(name);
        let value = if is_integer && value.is_number() { Value::Number } else { value };
        match name {
            name if is_integer && !value.is_number() => {
                self.doubt(span, format!("`{name}` is an integer: the shell evaluates what it is set to"));
            }
            "PS4" if !super::builtins::is_plain_prompt(&value) => {
                self.doubt(span, "`PS4` is evaluated when commands are traced")
            }
            "BASH_CMDS" | "BASH_ALIASES" | "POSIXLY_CORRECT" | "BASH_COMPAT" | "SHELLOPTS" | "BASHOPTS" => {
                self.doubt(span, format!("`{name}` changes what names mean"));
            }
            "LC_ALL" | "LC_CTYPE" | "LANG"
                if !super::bytes::is_plain_locale(&value, context.text.is_ascii()) =>
            {
                self.doubt(span, format!("`{name}` changes how the shell reads"));
            }
            name if super::names::is_integer(name, context.dialect) && !value.is_number() => {
                self.doubt(span, format!("`{name}` is an integer: the shell evaluates what it is set to"));
            }
            name if self.watched.contains(name) => {
                self.doubt(span, format!("`{name}` is used by what its agent puts around it"));
            }
            "path" | "fpath" | "cdpath" | "module_path" | "NULLCMD" | "READNULLCMD"
                if context.dialect == Dialect::Zsh =>
            {
                self.doubt(span, format!("`{name}` changes what names mean"));
            }
            _ => {}
        }
        state.assign(name, value, span);
    }
}
