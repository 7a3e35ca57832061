//! Simple commands: what their words make of them, and what they change.

use std::rc::Rc;

use super::action::{Action, Assignment, Assignments, Opaque, Piece, Span, Stdin, Word};
use super::names;
use super::parser::{self, is_name};
use super::shared::Leaf;
use super::state::{Flow, State, Value, Variable};
use super::syntax::{self, Assign, AssignValue, Part, Simple};
use super::walk::{Context, VARIABLES, Walker};
use crate::command::Dialect;

/// Variables of the shell itself that change what runs, whether exported or not.
const OF_THE_SHELL: [&str; 9] =
    ["PATH", "IFS", "PS4", "CDPATH", "HOME", "BASH_ENV", "ENV", "GLOBIGNORE", "PROMPT_COMMAND"];

impl Walker<'_> {
    pub(super) fn simple(&mut self, context: &Context, mut state: State, simple: &Simple) -> Flow {
        let span = context.span(simple.span);
        let put = self.put_alias(context, simple);
        let words = self.words_of(context, &mut state, put.as_deref().unwrap_or(&simple.words));
        let (redirects, stdin) = self.redirects_beside(context, &mut state, simple);
        if words.is_empty() {
            return self.without_name(context, state, simple, redirects, span);
        }
        let given = self.given(context, &mut state, &simple.assignments);
        let mut context = context.clone();
        if let Some(stdin) = stdin {
            context.stdin = stdin;
            context.reads = 0;
        }
        let mut words = words.into_iter();
        let mut action = self.nameless(&context, &state, span);
        action.program = words.next().unwrap_or_default();
        action.args = words.collect();
        action.assignments = self.in_force(&context, &state, given.clone());
        action.redirects = redirects;
        let simple_name = simple.words.first().and_then(plain).is_some();
        self.run(&context, state, action, given, simple_name)
    }

    /// Returns the words with an alias of the interactive shell put in place of its name.
    fn put_alias(&mut self, context: &Context, simple: &Simple) -> Option<Vec<syntax::Word>> {
        let typed = self.typed.clone().filter(|typed| !typed.aliases.is_empty() && context.in_shell)?;
        let put = match typed.expand(simple) {
            // Code that a builtin or another shell evaluates: one knows aliases, the other does not.
            Ok(Some(_)) if context.brought_by.is_some() || !context.inside.is_empty() => {
                Err("an alias may stand for it".to_owned())
            }
            other => other,
        };
        match put {
            Ok(None) => None,
            Ok(Some(mut words)) => {
                words.extend_from_slice(&simple.words[1..]);
                Some(words)
            }
            Err(doubt) => {
                self.doubt(context.span(simple.span), doubt);
                None
            }
        }
    }

    /// Expands the redirects. Where no program runs, bash assigns before it expands them, so that their targets may see
    /// what is assigned beside them.
    fn redirects_beside(
        &mut self,
        context: &Context,
        state: &mut State,
        simple: &Simple,
    ) -> (Vec<super::Redirect>, Option<Stdin>) {
        if simple.assignments.is_empty() || simple.redirects.is_empty() {
            return self.redirects(context, state, &simple.redirects);
        }
        let mut seen = state.clone();
        for assign in &simple.assignments {
            seen.assign(&assign.name, Value::Dynamic, assign.span);
        }
        let redirects = self.redirects(context, &mut seen, &simple.redirects);
        *state = state.clone().join(seen);
        redirects
    }

    /// Only assignments, redirects, or words that vanish.
    fn without_name(
        &mut self,
        context: &Context,
        mut state: State,
        simple: &Simple,
        redirects: Vec<super::Redirect>,
        span: Span,
    ) -> Flow {
        for assign in &simple.assignments {
            let value = self.value_of(context, &mut state, assign);
            // A redirect that fails may leave the variable as it was.
            let value = if redirects.is_empty() { value } else { Value::Dynamic };
            if self.settings.last().is_some_and(|(before, _)| *before != self.actions.len()) {
                self.settings.clear();
            }
            if self.settings.len() < VARIABLES {
                let value = word_of(&assign.name, &value, context.span(assign.span));
                let setting = Assignment { name: assign.name.clone(), value };
                self.settings.push((self.actions.len(), setting));
            }
            self.assign(context, &mut state, &assign.name, value, assign.span);
        }
        if redirects.is_empty() {
            self.settle(context, &state);
        } else {
            self.bare(context, &state, redirects, span);
        }
        Flow::either(state)
    }

    /// Expands the words; those of a declaring builtin that look like assignments are not split.
    fn words_of(&mut self, context: &Context, state: &mut State, words: &[syntax::Word]) -> Vec<Word> {
        let declares = context.dialect == Dialect::Bash
            && words.first().and_then(plain).is_some_and(|name| names::DECLARING.contains(&name));
        if !declares {
            return self.arguments(context, state, words);
        }
        let mut out = Vec::new();
        for word in words {
            if matches!(word.parts.last(), Some(Part::Unknown)) {
                let (mut array, _) = self.single(context, state, word);
                array.pieces.truncate(1);
                let name = array.prefix().strip_suffix(b"=").unwrap_or_default().to_vec();
                self.arrays.insert(String::from_utf8_lossy(&name).into_owned());
                array.pieces.push(Piece::Dynamic { text: "(…)".to_owned(), splits: false });
                out.push(array);
            } else if assigns(word) && !has_braces(word) {
                out.push(self.declared(context, state, word));
            } else {
                out.append(&mut self.arguments(context, state, std::slice::from_ref(word)));
            }
        }
        out
    }

    /// `name=value` after `export` and its like: the value is one word.
    fn declared(&mut self, context: &Context, state: &mut State, word: &super::syntax::Word) -> Word {
        let Some(Part::Plain(bytes)) = word.parts.first() else { return Word::default() };
        let at = bytes.iter().position(|byte| *byte == b'=').map_or(bytes.len(), |at| at + 1);
        let mut value = word.clone();
        value.parts[0] = Part::Plain(bytes[at..].to_vec());
        let (mut value, _) = self.single(context, state, &value);
        match value.pieces.first_mut() {
            Some(Piece::Literal(first)) => {
                let rest = std::mem::take(first);
                *first = bytes[..at].to_vec();
                first.extend_from_slice(&rest);
            }
            Some(_) | None => value.pieces.insert(0, Piece::Literal(bytes[..at].to_vec())),
        }
        value
    }

    fn value_of(&mut self, context: &Context, state: &mut State, assign: &Assign) -> Value {
        if assign.subscript.as_ref().is_some_and(|index| !self.numeric(state, index)) {
            self.doubt(context.span(assign.span), "an array's subscript is evaluated");
        }
        let value = match &assign.value {
            AssignValue::Word(word) => self.single(context, state, word).1,
            AssignValue::Array(words) => {
                self.arguments(context, state, words);
                self.arrays.insert(assign.name.clone());
                return Value::Dynamic;
            }
        };
        let old = state.variables.get(&assign.name).map(|old| old.value.clone());
        match (assign.append, assign.element, old, value) {
            (_, true, _, _) => Value::Dynamic,
            (false, false, _, value) => value,
            (true, false, Some(Value::Literal(mut old)), Value::Literal(new)) => {
                old.extend_from_slice(&new);
                Value::literal(old)
            }
            (true, false, _, _) => Value::Dynamic,
        }
    }

    /// Expands the assignments before a command.
    fn given(&mut self, context: &Context, state: &mut State, assigns: &[Assign]) -> Vec<Assignment> {
        let mut given = Vec::new();
        for assign in assigns {
            if self.references.contains(&assign.name) {
                self.doubt(
                    context.span(assign.span),
                    "a variable that stands for another is given to a command",
                );
            }
            let value = match &assign.value {
                AssignValue::Word(word) if !assign.append && !assign.element => {
                    let (word, value) = self.single(context, state, word);
                    // Noted for its doubts; the variable itself lasts only as long as the command.
                    let mut scratch = state.clone();
                    self.assign(context, &mut scratch, &assign.name, value, assign.span);
                    word
                }
                AssignValue::Word(_) | AssignValue::Array(_) => {
                    let value = self.value_of(context, state, assign);
                    let mut scratch = state.clone();
                    self.assign(context, &mut scratch, &assign.name, value.clone(), assign.span);
                    word_of(&assign.name, &value, context.span(assign.span))
                }
            };
            given.push(Assignment { name: assign.name.clone(), value });
        }
        given
    }

    /// Returns all assignments that an action sees: those of the script that reach programs, then its own.
    pub(super) fn in_force(
        &mut self,
        context: &Context,
        state: &State,
        given: Vec<Assignment>,
    ) -> Assignments {
        let leaves = state.variables.leaves().iter();
        let mut all: Vec<Rc<[Assignment]>> = leaves.map(|leaf| self.reaching(leaf)).collect();
        all.push(Rc::clone(&context.given));
        if !given.is_empty() {
            all.push(given.into());
        }
        Assignments::of(all)
    }

    /// Returns those of the variables that reach programs; for each stretch that states share it is found once.
    fn reaching(&mut self, leaf: &Rc<Leaf<Rc<Variable>>>) -> Rc<[Assignment]> {
        if let Some((_, known)) = self.reaching.get(&Rc::as_ptr(leaf)) {
            return Rc::clone(known);
        }
        let mut out = Vec::new();
        for (name, variable) in leaf.iter() {
            let reaches =
                variable.exported || OF_THE_SHELL.contains(&&**name) || self.world.var(name).is_some();
            if reaches {
                let value = word_of(name, &variable.value, variable.span);
                out.push(Assignment { name: name.to_string(), value });
            }
        }
        let out: Rc<[Assignment]> = out.into();
        // Held with the leaf, so that no other can lie where it lay.
        self.reaching.insert(Rc::as_ptr(leaf), (Rc::clone(leaf), Rc::clone(&out)));
        out
    }

    /// Follows one command whose words are known as far as they can be, and lists it.
    pub(super) fn run(
        &mut self,
        context: &Context,
        mut state: State,
        mut action: Action,
        given: Vec<Assignment>,
        unquoted: bool,
    ) -> Flow {
        let span = action.span;
        action.opaque = self.take_doubt();
        let Some(name) = action.program.as_literal() else {
            return self.unnamed(context, state, action);
        };
        // A `time` that gets here is quoted or comes behind something else: the program.
        if parser::is_reserved(&name, context.dialect) && name != b"time" && context.in_shell {
            let reason = format!("`{}` is a reserved word, not a program", String::from_utf8_lossy(&name));
            action.opaque.get_or_insert(Opaque { reason, span });
        }
        let Ok(name) = String::from_utf8(name) else {
            let reason = "the program's name is no text".to_owned();
            action.opaque.get_or_insert(Opaque { reason, span });
            self.emit(context, action);
            return Flow::either(state);
        };
        if context.in_shell && self.names.contains(&name) {
            if let Some(flow) = self.call(context, &state, &mut action, &name) {
                return flow;
            }
        } else if context.in_shell && self.world.var(&format!("BASH_FUNC_{name}%%")).is_some() {
            action.shadowed = Some(format!("a function `{name}` of the environment may stand for it"));
        }
        if context.in_shell && names::is_builtin(&name, context.dialect) {
            action.builtin = true;
            let shadowed = action.shadowed.is_some();
            let mut flow = self.builtin(context, state.clone(), action, &name, given, unquoted);
            if shadowed {
                // Whatever stands for the name may change anything.
                let mut after = flow.after(&state);
                after.forget();
                flow = Flow::either(after);
            }
            return flow;
        }
        let is_shadowed = action.shadowed.is_some();
        let index = self.emit(context, action);
        self.unwrap(context, &state, index, &given);
        if is_shadowed {
            // Whatever stands for the name may change anything.
            let functions = state.functions.clone();
            state.forget();
            state.functions = functions;
        }
        Flow::either(state)
    }

    /// A command of which not even the name is known.
    fn unnamed(&mut self, context: &Context, mut state: State, mut action: Action) -> Flow {
        let reason = "the program's name is known only when it runs".to_owned();
        action.opaque.get_or_insert(Opaque { reason, span: action.program.span });
        self.emit(context, action);
        state.forget();
        Flow::either(state)
    }

    /// A name that a function or alias of the script may stand for; `None` if the program may run too.
    fn call(&mut self, context: &Context, state: &State, action: &mut Action, name: &str) -> Option<Flow> {
        let mut after = state.clone();
        after.forget();
        after.functions = state.functions.clone();
        if state.functions.contains(name) {
            action.builtin = true;
            action.function = true;
            self.emit(context, action.clone());
            return Some(Flow::either(after));
        }
        action.shadowed = Some(format!("a function or alias `{name}` of the script may stand for it"));
        None
    }
}

/// Returns a value as a word, for people and rules.
pub(super) fn word_of(name: &str, value: &Value, span: Span) -> Word {
    match value {
        Value::Literal(bytes) => Word::literal(bytes.clone(), span),
        Value::Number | Value::Name(_) | Value::Dynamic => {
            Word { pieces: vec![Piece::Dynamic { text: format!("${name}"), splits: false }], span }
        }
    }
}

fn assigns(word: &super::syntax::Word) -> bool {
    match word.parts.first() {
        Some(Part::Plain(bytes)) => {
            let Some(at) = bytes.iter().position(|byte| *byte == b'=') else { return false };
            is_name(bytes[..at].strip_suffix(b"+").unwrap_or(&bytes[..at]))
        }
        Some(_) | None => false,
    }
}

fn plain(word: &super::syntax::Word) -> Option<&str> {
    match word.parts.as_slice() {
        [Part::Plain(bytes)] => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Claims that braces may make several words of it.
fn has_braces(word: &syntax::Word) -> bool {
    word.parts.iter().any(|part| matches!(part, Part::Plain(bytes) if bytes.contains(&b'{')))
}
