//! Compound commands: what each branch, round and arm may find and leave behind.
//!
//! Branches are followed separately and joined; what a loop's body may change is unknown in it.

use super::action::{Piece, Span, Stdin, Word};
use super::effects::{self, Effects};
use super::state::{Flow, State, Value, join_both};
use super::syntax::{self, Arm, Compound, List};
use super::walk::{Context, Walker};

/// The most passes of a loop over known words that are followed one by one.
const PASSES: usize = 8;

impl Walker<'_> {
    pub(super) fn compound(
        &mut self,
        context: &Context,
        mut state: State,
        body: &Compound,
        redirects: &[syntax::Redirect],
        span: Span,
    ) -> Flow {
        let mut context = context.clone();
        if !redirects.is_empty() {
            let (files, stdin) = self.redirects(&context, &mut state, redirects);
            if stdin.is_some() {
                // The commands in it share the input: what each of them finds is not certain.
                context.stdin = Stdin::Dynamic;
                context.reads = 0;
            }
            if !files.is_empty() || !self.doubts.is_empty() {
                self.bare(&context, &state, files, context.span(span));
            }
            // A redirect that fails skips the body.
            let Flow { ok, fail } = self.body(&context, state.clone(), body);
            return Flow { ok, fail: join_both(fail, Some(state)) };
        }
        self.body(&context, state, body)
    }

    fn body(&mut self, context: &Context, state: State, body: &Compound) -> Flow {
        match body {
            Compound::Group(list) => self.list(context, state, list),
            Compound::Subshell(list) => {
                let inner = Context { in_loop: false, in_function: false, ..context.clone() };
                self.list(&inner, state.clone(), list);
                Flow::either(state)
            }
            Compound::If { branches, otherwise } => {
                self.conditional(context, state, branches, otherwise.as_ref())
            }
            Compound::While { condition, body } => {
                let state = self.entering(state, &[condition, body]);
                let inner = Context { in_loop: true, loose: true, ..context.clone() };
                let flow = self.list(&inner, state.clone(), condition);
                let entered = flow.after(&state);
                self.list(&inner, entered, body);
                Flow::either(state)
            }
            Compound::For { name, words, body } => {
                self.loop_over(context, state, name, words.as_deref(), body)
            }
            Compound::ArithFor { parts, body } => {
                let span = Span { start: 0, end: context.text.len() };
                let (first, rest) = parts.split_at(parts.len().min(1));
                let mut state = state;
                first.iter().for_each(|part| self.arithmetic(context, &mut state, part, span));
                let mut state = self.entering(state, &[body]);
                rest.iter().chain(rest).for_each(|part| self.arithmetic(context, &mut state, part, span));
                self.settle(context, &state);
                let inner = Context { in_loop: true, loose: true, ..context.clone() };
                self.list(&inner, state.clone(), body);
                Flow::either(state)
            }
            Compound::Case { word, arms } => self.case(context, state, word, arms),
            Compound::Test(tests) => self.tests(context, state, tests),
            Compound::Arith(expression) => {
                let mut state = state;
                self.arithmetic(context, &mut state, expression, Span { start: 0, end: context.text.len() });
                self.settle(context, &state);
                Flow::either(state)
            }
        }
    }

    /// Returns what is certain on entering a loop, at any of its rounds.
    fn entering(&self, mut state: State, lists: &[&List]) -> State {
        let mut effects = Effects::default();
        let mut names = std::borrow::Cow::Borrowed(&self.names);
        if let Some(typed) = &self.typed {
            names.to_mut().extend(typed.aliases.keys().cloned());
        }
        lists.iter().for_each(|list| effects::of_list(list, &names, &mut effects));
        effects.apply(&mut state);
        state
    }

    fn loop_over(
        &mut self,
        context: &Context,
        mut state: State,
        name: &str,
        words: Option<&[syntax::Word]>,
        body: &List,
    ) -> Flow {
        if self.references.contains(name) {
            self.doubt(Span::default(), format!("`{name}` stands for another variable"));
        }
        let words = words.map(|words| self.arguments(context, &mut state, words));
        let entered = self.entering(state.clone(), &[body]);
        let inner = Context { in_loop: true, loose: true, ..context.clone() };
        let mut after = state.clone();
        for value in passes(words.as_deref()) {
            let mut inner_state = entered.clone();
            self.assign(context, &mut inner_state, name, value, Span::default());
            self.settle(context, &state);
            self.list(&inner, inner_state.clone(), body);
            after = after.join(inner_state);
        }
        Flow::either(after)
    }

    fn conditional(
        &mut self,
        context: &Context,
        state: State,
        branches: &[(List, List)],
        otherwise: Option<&List>,
    ) -> Flow {
        let mut taken: Option<State> = None;
        let mut not_yet = state;
        for (condition, body) in branches {
            let flow = self.list(context, not_yet.clone(), condition);
            let inside = flow.ok.unwrap_or_else(|| not_yet.clone());
            let after = self.list(context, inside, body);
            taken = join_both(taken, join_both(after.ok, after.fail));
            not_yet = flow.fail.unwrap_or(not_yet);
        }
        let last = match otherwise {
            Some(list) => {
                let after = self.list(context, not_yet, list);
                join_both(after.ok, after.fail)
            }
            None => Some(not_yet),
        };
        match join_both(taken, last) {
            Some(state) => Flow::either(state),
            None => Flow::ends(),
        }
    }

    fn case(&mut self, context: &Context, mut state: State, word: &syntax::Word, arms: &[Arm]) -> Flow {
        self.single(context, &mut state, word);
        self.settle(context, &state);
        let mut after = state.clone();
        let mut falling: Option<State> = None;
        for arm in arms {
            for pattern in &arm.patterns {
                self.single(context, &mut state, pattern);
            }
            self.settle(context, &state);
            let entered = match falling.take() {
                Some(fallen) => fallen.join(state.clone()),
                None => state.clone(),
            };
            let left = self.list(context, entered.clone(), &arm.body).after(&entered);
            after = after.join(left.clone());
            falling = arm.falls.then_some(left);
        }
        Flow::either(after.join(state))
    }
}

/// Returns what a loop's variable is in each pass that is followed: one for each word if all are known and few, else a single one.
fn passes(words: Option<&[Word]>) -> Vec<Value> {
    let known = words.filter(|words| (1..=PASSES).contains(&words.len()));
    let known: Option<Vec<Value>> = known.and_then(|words| {
        words.iter().map(|word| word.as_literal().map(Value::literal).or_else(|| name(word))).collect()
    });
    known.unwrap_or_else(|| vec![Value::Dynamic])
}

/// Returns what a word that is a plain glob stands for.
fn name(word: &Word) -> Option<Value> {
    let mut glob = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) | Piece::Glob(bytes) => glob.extend_from_slice(bytes),
            Piece::Dynamic { .. } => return None,
        }
    }
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./*-".contains(byte);
    (glob.iter().all(is_plain) && !glob.starts_with(b"-")).then_some(Value::Name(glob))
}
