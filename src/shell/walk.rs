//! The walk over the tree: follows what the shell would know at each command, and lists what would run.
//!
//! Branches are followed separately and joined; what a loop's body or a function may change is unknown in it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use super::action::{Action, Assignment, Opaque, Piece, Place, Redirect, Scope, Span, Stdin, Word};
use super::effects::{self, Effects};
use super::globs::Globbing;
use super::parser::{DEPTH, Parsed};
use super::program::Programs;
use super::state::{Flow, State, Value, join_both};
use super::syntax::{
    Arith, Arm, Command, Compound, HereBody, Item, Link, List, Name, Pipeline, Target, Test,
};
use super::typed::{Typed, acts_later, is_in_the_way};
use super::{parser, syntax};
use crate::command::Dialect;
use crate::digest::Digest;
use crate::world::World;

/// The most actions that are listed.
pub(super) const ACTIONS: usize = 1000;
/// The most bytes of one script.
pub(super) const BYTES: usize = 64 * 1024;
/// The most bytes of all scripts within scripts.
pub(super) const ALL_BYTES: usize = 1 << 20;
/// The most commands that are followed, assignments included.
const STEPS: usize = 20_000;
/// The deepest nesting of commands that is followed, texts within texts included.
const NESTING: usize = 120;
/// The most passes of a loop over known words that are followed one by one.
const PASSES: usize = 8;
/// The most variables that are followed.
pub(super) const VARIABLES: usize = 1000;

/// Where a command stands.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) text: Rc<[u8]>,
    pub(super) bodies: Rc<[HereBody]>,
    pub(super) dialect: Dialect,
    /// The span of the word that brought this text, where it is not the analysed text itself.
    pub(super) brought_by: Option<Span>,
    pub(super) inside: Rc<[String]>,
    pub(super) scope: Scope,
    pub(super) as_root: bool,
    /// Claims that a shell runs it, so that builtins are builtins.
    pub(super) in_shell: bool,
    pub(super) stdin: Stdin,
    /// The streams it reads from and writes to: pipes have one each, everything else is 0.
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) depth: usize,
    pub(super) in_loop: bool,
    pub(super) in_function: bool,
    /// Claims that other commands may run at the same time, or that it may run again.
    pub(super) loose: bool,
    /// Assignments before the wrapper or builtin that brought this.
    pub(super) given: Rc<[Assignment]>,
}

impl Context {
    /// Returns where `span` of the text at hand is in the analysed text.
    pub(super) fn span(&self, span: Span) -> Span {
        self.brought_by.unwrap_or(span)
    }

    /// Returns the text at `span`, for people.
    pub(super) fn source(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.text[span.start..span.end]).into_owned()
    }
}

/// A file that is run as a script.
pub(super) struct Executed {
    pub(super) path: PathBuf,
    /// The action that does it.
    pub(super) by: usize,
    /// Where the actions end that come from the file.
    pub(super) end: usize,
    pub(super) loose: bool,
}

pub(super) struct Walker<'a> {
    pub(super) world: &'a dyn World,
    pub(super) programs: &'a dyn Programs,
    pub(super) actions: Vec<Action>,
    /// For each action, the streams it reads from and writes to.
    pub(super) streams: Vec<(usize, usize)>,
    /// For each action, whether it may run at another time than its place says.
    pub(super) loose: Vec<bool>,
    next_stream: usize,
    pub(super) files: Vec<(PathBuf, Digest)>,
    /// Files that are run as scripts.
    pub(super) executed: Vec<Executed>,
    /// Every function or alias that is defined anywhere.
    pub(super) names: BTreeSet<String>,
    /// Claims that a function may be undefined again.
    pub(super) undefines: bool,
    /// Doubts of the command at hand.
    pub(super) doubts: Vec<Opaque>,
    pub(super) growth: usize,
    /// What commands that only assign have set, for a script that runs nothing else.
    pub(super) settings: Vec<Assignment>,
    pub(super) bytes: usize,
    steps: usize,
    nesting: usize,
    /// Names that were used for arrays.
    pub(super) arrays: BTreeSet<String>,
    /// Variables that must be left alone: what stands around the script uses them after it.
    pub(super) watched: BTreeSet<String>,
    pub(super) full: bool,
    /// Claims that the shell is fed its script bit by bit, and reads on after these commands.
    pub(super) is_fed: bool,
    /// Claims that the shell shows a prompt after these commands.
    pub(super) is_prompting: bool,
    /// What is known of the interactive shell that the text was typed into.
    pub(super) typed: Option<Rc<Typed>>,
    /// How the shell may read globs.
    pub(super) globbing: Globbing,
}

impl<'a> Walker<'a> {
    pub(super) fn new(world: &'a dyn World, programs: &'a dyn Programs) -> Walker<'a> {
        Walker {
            world,
            programs,
            actions: Vec::new(),
            streams: Vec::new(),
            loose: Vec::new(),
            next_stream: 0,
            files: Vec::new(),
            executed: Vec::new(),
            names: BTreeSet::new(),
            undefines: false,
            doubts: Vec::new(),
            growth: 0,
            settings: Vec::new(),
            bytes: 0,
            steps: 0,
            nesting: 0,
            arrays: BTreeSet::new(),
            watched: BTreeSet::new(),
            full: false,
            is_fed: false,
            is_prompting: false,
            typed: None,
            globbing: Globbing::default(),
        }
    }

    /// Notes why the command at hand is not certain.
    pub(super) fn doubt(&mut self, span: Span, reason: impl Into<String>) {
        self.doubts.push(Opaque { reason: reason.into(), span });
    }

    /// Lists an action; beyond the limit, one opaque action stands for all that follow.
    pub(super) fn emit(&mut self, context: &Context, mut action: Action) -> usize {
        if self.full {
            return self.actions.len() - 1;
        }
        if self.actions.len() + 1 >= ACTIONS {
            self.full = true;
            let reason = format!("it runs more than {ACTIONS} commands");
            action.opaque = Some(Opaque { reason, span: action.span });
        }
        self.actions.push(action);
        self.streams.push((context.reads, context.writes));
        self.loose.push(context.loose);
        self.actions.len() - 1
    }

    /// Returns an action without a name.
    pub(super) fn nameless(&self, context: &Context, state: &State, span: Span) -> Action {
        Action {
            program: Word::default(),
            args: Vec::new(),
            assignments: Vec::new(),
            redirects: Vec::new(),
            cwd: if context.scope == Scope::Remote { Place::Unknown } else { state.cwd.clone() },
            inside: context.inside.to_vec(),
            scope: context.scope,
            as_root: context.as_root,
            upstream: None,
            downstream: None,
            stdin: context.stdin.clone(),
            builtin: false,
            function: false,
            shadowed: None,
            span,
            opaque: None,
        }
    }

    /// Lists an opaque stretch.
    pub(super) fn opaque(
        &mut self,
        context: &Context,
        state: &State,
        span: Span,
        reason: impl Into<String>,
    ) -> usize {
        let mut action = self.nameless(context, state, span);
        action.opaque = Some(Opaque { reason: reason.into(), span });
        self.emit(context, action)
    }

    pub(super) fn fresh_stream(&mut self) -> usize {
        self.next_stream += 1;
        self.next_stream
    }

    /// Parses and follows a text; its spans are those of `context`.
    pub(super) fn script(&mut self, context: &Context, state: State, text: &[u8]) -> Flow {
        let whole = context.span(Span { start: 0, end: text.len() });
        if self.full {
            return Flow::either(state);
        }
        self.bytes += text.len();
        if context.depth > DEPTH || self.bytes > ALL_BYTES || text.len() > BYTES {
            let reason = if context.depth > DEPTH {
                format!("it is nested deeper than {DEPTH} levels")
            } else {
                format!("a script is longer than {BYTES} bytes")
            };
            return self.lost(context, state, whole, reason);
        }
        if let Some((at, found)) = super::bytes::first_odd(text) {
            let span = context.span(Span { start: at, end: at + 1 });
            return self.lost(context, state, span, found);
        }
        let Parsed { list, bodies, refusal } = parser::parse(text, context.dialect);
        let context = Context { text: text.into(), bodies: bodies.into(), ..context.clone() };
        let flow = self.list(&context, state.clone(), &list);
        match refusal {
            None => flow,
            Some((start, refusal)) => {
                let span = context.span(Span { start, end: text.len() });
                let after = flow.after(&state);
                self.lost(&context, after, span, refusal.reason)
            }
        }
    }

    /// Lists an opaque stretch after which nothing is known.
    fn lost(&mut self, context: &Context, mut state: State, span: Span, reason: String) -> Flow {
        self.opaque(context, &state, span, reason);
        state.forget();
        Flow::either(state)
    }

    pub(super) fn list(&mut self, context: &Context, state: State, list: &List) -> Flow {
        let mut flow = Flow::either(state.clone());
        let mut before = state;
        for item in list {
            let at = flow.after(&before);
            before = at.clone();
            flow = self.item(context, at, item);
        }
        flow
    }

    fn item(&mut self, context: &Context, state: State, item: &Item) -> Flow {
        if !item.background {
            return self.chain(context, state, item);
        }
        let context = Context { in_loop: false, loose: true, ..context.clone() };
        // Standard input of what runs in the background is not the terminal, but may be a pipe's end.
        self.chain(&context, state.clone(), item);
        Flow::either(state)
    }

    fn chain(&mut self, context: &Context, state: State, item: &Item) -> Flow {
        let mut flow = self.pipeline(context, state.clone(), &item.first);
        for (link, pipeline) in &item.rest {
            let Flow { ok, fail } = flow;
            let (taken, skipped) = match link {
                Link::And => (ok, fail),
                Link::Or => (fail, ok),
            };
            let next = self.pipeline(context, taken.clone().unwrap_or_else(|| state.clone()), pipeline);
            let next = if taken.is_some() { next } else { Flow::ends() };
            flow = match link {
                Link::And => Flow { ok: next.ok, fail: join_both(skipped, next.fail) },
                Link::Or => Flow { ok: join_both(skipped, next.ok), fail: next.fail },
            };
        }
        flow
    }

    fn pipeline(&mut self, context: &Context, state: State, pipeline: &Pipeline) -> Flow {
        let flow = match pipeline.commands.as_slice() {
            [command] => self.command(context, state, command),
            commands => {
                let mut after = state.clone();
                let last = commands.len() - 1;
                let mut reads = context.reads;
                let mut stdin = context.stdin.clone();
                for (index, command) in commands.iter().enumerate() {
                    let writes = if index == last { context.writes } else { self.fresh_stream() };
                    let part = Context {
                        reads,
                        writes,
                        stdin: stdin.clone(),
                        in_loop: false,
                        loose: true,
                        ..context.clone()
                    };
                    let flow = self.command(&part, state.clone(), command);
                    if index == last && context.dialect != Dialect::Bash {
                        // Some shells run the last command of a pipe themselves.
                        after = after.join(flow.after(&state));
                    }
                    if index < last {
                        let writer = self.streams.iter().rposition(|(_, to)| *to == writes);
                        stdin = writer.map_or(Stdin::Dynamic, Stdin::Pipe);
                    }
                    reads = writes;
                }
                Flow::either(after)
            }
        };
        if pipeline.negated { Flow { ok: flow.fail, fail: flow.ok } } else { flow }
    }

    fn command(&mut self, context: &Context, state: State, command: &Command) -> Flow {
        self.steps += 1;
        if self.full {
            return Flow::either(state);
        }
        if self.steps > STEPS || state.variables.len() > VARIABLES {
            self.full = true;
            let span = context.span(Span { start: 0, end: context.text.len() });
            let mut action = self.nameless(context, &state, span);
            action.opaque = Some(Opaque { reason: "it is too large to follow".to_owned(), span });
            self.actions.push(action);
            self.streams.push((0, 0));
            self.loose.push(true);
            return Flow::either(state);
        }
        if self.nesting >= NESTING {
            let span = context.span(Span { start: 0, end: context.text.len() });
            return self.lost(context, state, span, "it is nested too deep".to_owned());
        }
        self.nesting += 1;
        let flow = self.any(context, state, command);
        self.nesting -= 1;
        flow
    }

    fn any(&mut self, context: &Context, state: State, command: &Command) -> Flow {
        match command {
            Command::Simple(simple) => self.simple(context, state, simple),
            Command::Function { name, body, span } => {
                if context.depth >= DEPTH {
                    return self.lost(
                        context,
                        state,
                        context.span(*span),
                        "it is nested too deep".to_owned(),
                    );
                }
                self.function(context, state, name, body)
            }
            Command::Compound { body, redirects, span } => {
                self.compound(context, state, body, redirects, *span)
            }
        }
    }

    /// Lists a function's body: it may be called later, whatever holds then.
    fn function(&mut self, context: &Context, mut state: State, name: &str, body: &Command) -> Flow {
        if let Some(typed) = &self.typed
            && (is_in_the_way(name) || typed.aliases.contains_key(name))
        {
            self.doubt(
                context.span(Span::default()),
                format!("a function `{name}` changes how the next lines are judged"),
            );
        }
        self.names.insert(name.to_owned());
        let mut later = state.clone();
        later.forget();
        let inner = Context { in_function: true, in_loop: false, stdin: Stdin::Dynamic, ..context.clone() };
        let inner = Context { reads: 0, writes: 0, loose: true, depth: context.depth + 1, ..inner };
        self.command(&inner, later, body);
        state.define(name);
        Flow::either(state)
    }

    fn compound(
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

    /// Lists redirects that stand alone.
    pub(super) fn bare(
        &mut self,
        context: &Context,
        state: &State,
        redirects: Vec<Redirect>,
        span: Span,
    ) -> usize {
        let mut action = self.nameless(context, state, span);
        action.redirects = redirects;
        action.builtin = context.in_shell;
        action.opaque = self.take_doubt();
        if context.dialect == Dialect::Zsh {
            let reason = "zsh runs a program of its own choice for a redirect without a command".to_owned();
            action.opaque = Some(Opaque { reason, span });
        }
        self.emit(context, action)
    }

    pub(super) fn take_doubt(&mut self) -> Option<Opaque> {
        std::mem::take(&mut self.doubts).into_iter().next()
    }

    /// Lists the doubts of a command that has no action of its own.
    pub(super) fn settle(&mut self, context: &Context, state: &State) {
        if let Some(opaque) = self.take_doubt() {
            self.opaque(context, state, opaque.span, opaque.reason);
        }
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

    fn tests(&mut self, context: &Context, mut state: State, tests: &[Test]) -> Flow {
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

    /// Follows a command substitution: a shell of its own.
    pub(super) fn substitution(&mut self, context: &Context, state: &State, body: &List) {
        let doubts = std::mem::take(&mut self.doubts);
        let inner =
            Context { writes: self.fresh_stream(), in_loop: false, in_function: false, ..context.clone() };
        self.list(&inner, state.clone(), body);
        self.doubts.splice(0..0, doubts);
    }

    pub(super) fn process(&mut self, context: &Context, state: &State, body: &List, reads: bool) {
        let doubts = std::mem::take(&mut self.doubts);
        let stream = self.fresh_stream();
        let mut inner = Context { in_loop: false, in_function: false, ..context.clone() };
        if reads {
            inner.writes = stream;
        } else {
            inner.reads = stream;
            inner.stdin = Stdin::Dynamic;
        }
        self.list(&inner, state.clone(), body);
        self.doubts.splice(0..0, doubts);
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
        match name {
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

    /// Expands redirects: the files, and what standard input becomes.
    pub(super) fn redirects(
        &mut self,
        context: &Context,
        state: &mut State,
        redirects: &[syntax::Redirect],
    ) -> (Vec<Redirect>, Option<Stdin>) {
        let mut files = Vec::new();
        let mut stdin = None;
        for redirect in redirects {
            let is_input = redirect.descriptor.unwrap_or(0) == 0;
            if self.is_fed && puts_input_in_place_of_the_shells(redirect) {
                self.doubt(context.span(Span::default()), "the shell may keep a descriptor of its own there");
            }
            match &redirect.target {
                Target::File { kind, word } => {
                    let mut words = self.arguments(context, state, std::slice::from_ref(word));
                    let span = context.span(word.span);
                    let target = if words.len() == 1 {
                        words.remove(0)
                    } else {
                        unknown_word(context.source(word.span), span)
                    };
                    let reads = matches!(kind, super::RedirectKind::Read | super::RedirectKind::ReadWrite);
                    if reads && target.as_literal().is_some_and(|path| is_of_the_shell(&path)) {
                        self.doubt(span, "the shell may keep a descriptor of its own there");
                    }
                    if reads && is_input {
                        stdin = Some(Stdin::File(target.clone()));
                    }
                    files.push(Redirect { kind: *kind, target });
                }
                Target::Descriptor { input } => {
                    if *input && is_input {
                        stdin = Some(Stdin::Dynamic);
                    }
                }
                Target::HereString(word) => {
                    let (word, _) = self.single(context, state, word);
                    if is_input {
                        stdin = Some(match word.as_literal() {
                            Some(mut text) => {
                                text.push(b'\n');
                                Stdin::Text(text)
                            }
                            None => Stdin::Dynamic,
                        });
                    }
                }
                Target::HereDoc(index) => {
                    let text = self.here_document(context, state, *index);
                    if is_input {
                        stdin = Some(text.map_or(Stdin::Dynamic, Stdin::Text));
                    }
                }
            }
        }
        (files, stdin)
    }

    fn here_document(&mut self, context: &Context, state: &mut State, index: usize) -> Option<Vec<u8>> {
        let bodies = Rc::clone(&context.bodies);
        let parts = bodies.get(index)?;
        let word = syntax::Word { parts: parts.clone(), span: Span::default() };
        self.single(context, state, &word).0.as_literal()
    }
}

/// Claims that after this redirect the shell may read its script from elsewhere: it keeps where it reads it from at 10 or above.
fn puts_input_in_place_of_the_shells(redirect: &syntax::Redirect) -> bool {
    let only_writes = match &redirect.target {
        Target::File { kind, .. } => {
            !matches!(kind, super::RedirectKind::Read | super::RedirectKind::ReadWrite)
        }
        Target::Descriptor { .. } | Target::HereDoc(_) | Target::HereString(_) => false,
    };
    redirect.descriptor.is_some_and(|number| number > 9) && !only_writes
}

/// Claims that reading from `path` may take what the shell reads its script from: a descriptor from 10 on, or of any process.
fn is_of_the_shell(path: &[u8]) -> bool {
    let number = path.strip_prefix(b"/dev/fd/").or_else(|| path.strip_prefix(b"/proc/self/fd/"));
    match number {
        Some(number) => !(number.len() == 1 && number[0].is_ascii_digit()),
        None => path.starts_with(b"/proc/") && path.windows(4).any(|part| part == b"/fd/"),
    }
}

/// Returns a word of which nothing is known.
pub(super) fn unknown_word(text: String, span: Span) -> Word {
    Word { pieces: vec![super::action::Piece::Dynamic { text, splits: true }], span }
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
