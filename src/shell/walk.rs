//! The walk over the tree: follows what the shell would know at each command, and lists what would run.
//!
//! [`super::branches`] follows what is compound; what a function may find when it is called is unknown in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use super::action::{Action, Assignment, Assignments, Opaque, Place, Redirect, Scope, Span, Stdin, Word};
use super::globs::Globbing;
use super::parser::{self, DEPTH, Parsed};
use super::program::Programs;
use super::shared::Leaf;
use super::state::{Flow, State, Variable, join_both};
use super::syntax::{Command, HereBody, Item, Link, List, Pipeline};
use super::typed::{Typed, is_in_the_way};
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

/// A stretch of variables, and those of them that reach programs.
type Reaching = (Rc<Leaf<Rc<Variable>>>, Rc<[Assignment]>);

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
    /// Files that must not be there.
    pub(super) missing: Vec<PathBuf>,
    /// Files that are run as scripts.
    pub(super) executed: Vec<Executed>,
    /// Every function or alias that is defined anywhere.
    pub(super) names: BTreeSet<String>,
    /// Claims that a function may be undefined again.
    pub(super) undefines: bool,
    /// Doubts of the command at hand.
    pub(super) doubts: Vec<Opaque>,
    /// A redirect of the command at hand may fail, so that a builtin does not run.
    pub(super) may_not_open: bool,
    pub(super) growth: usize,
    /// What commands that only assign have set since the last command with a name, each with how many stood before it.
    pub(super) settings: Vec<(usize, Assignment)>,
    pub(super) bytes: usize,
    steps: usize,
    nesting: usize,
    /// Variables that are integers: the shell evaluates what they are set to.
    pub(super) integers: BTreeSet<String>,
    /// Variables that stand for others, and those others: what is said of one may mean another.
    pub(super) references: BTreeSet<String>,
    /// Names that were used for arrays.
    pub(super) arrays: BTreeSet<String>,
    /// What of a stretch of variables reaches programs, by where the stretch lies.
    pub(super) reaching: BTreeMap<*const Leaf<Rc<Variable>>, Reaching>,
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
            missing: Vec::new(),
            executed: Vec::new(),
            names: BTreeSet::new(),
            undefines: false,
            doubts: Vec::new(),
            may_not_open: false,
            growth: 0,
            settings: Vec::new(),
            bytes: 0,
            steps: 0,
            nesting: 0,
            integers: BTreeSet::new(),
            references: BTreeSet::new(),
            arrays: BTreeSet::new(),
            reaching: BTreeMap::new(),
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
            assignments: Assignments::default(),
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
            if context.depth <= DEPTH && self.bytes <= ALL_BYTES {
                self.before(context, &state, &text[..BYTES]);
            }
            return self.lost(context, state, whole, reason);
        }
        if let Some((at, found)) = super::bytes::first_odd(text) {
            let span = context.span(Span { start: at, end: at + 1 });
            self.before(context, &state, &text[..at]);
            return self.lost(context, state, span, found);
        }
        let (flow, context, refusal) = self.parsed(context, &state, text);
        match refusal {
            None => flow,
            Some((start, refusal)) => {
                let span = context.span(Span { start, end: text.len() });
                self.lost(&context, flow.after(&state), span, refusal.reason)
            }
        }
    }

    /// Reads a text; one that ends within a quote with that quote closed.
    ///
    /// The shell runs the lines before the last, and nothing of that: what it says is judged as if it did. A shell that goes on behind such
    /// a text (`eval`, `source`, `trap`) is another matter: bash 5.2 then takes the next word for a name, whatever it is otherwise.
    fn read(&self, context: &Context, text: &[u8]) -> (Parsed, Context) {
        let parsed = parser::parse(text, context.dialect);
        let goes_on = context
            .inside
            .last()
            .is_some_and(|name| matches!(name.as_str(), "eval" | "source" | "." | "trap"));
        let reads_on = self.is_fed || self.is_prompting || self.typed.is_some() || goes_on;
        let open = parsed.refusal.as_ref().and_then(|(_, refusal)| refusal.open).filter(|_| !reads_on);
        if let Some(quote) = open {
            let closed = [text, &[quote]].concat();
            let again = parser::parse(&closed, context.dialect);
            if again.refusal.is_none() {
                let brought_by = Some(context.span(Span { start: 0, end: text.len() }));
                return (again, Context { text: closed.into(), brought_by, ..context.clone() });
            }
        }
        (parsed, Context { text: text.into(), ..context.clone() })
    }

    /// Follows what could be read of a text: what was read within a refused command, too, since it may run.
    fn parsed(
        &mut self,
        context: &Context,
        state: &State,
        text: &[u8],
    ) -> (Flow, Context, Option<(usize, parser::Refusal)>) {
        let (Parsed { list, bodies, refusal, salvaged }, context) = self.read(context, text);
        let context = Context { bodies: bodies.into(), ..context };
        let mut flow = self.list(&context, state.clone(), &list);
        if context.text.len() != text.len() {
            flow = Flow::either(flow.after(state));
        }
        if !salvaged.is_empty() {
            let after = flow.after(state);
            let loose = Context { in_loop: false, loose: true, ..context.clone() };
            self.list(&loose, after.clone(), &salvaged);
            flow = Flow::either(after);
        }
        (flow, context, refusal)
    }

    /// Lists the commands of a text that is not read beyond its end, where it may be cut within a command: what is denied
    /// there stays denied.
    fn before(&mut self, context: &Context, state: &State, text: &[u8]) {
        let end = super::bytes::first_odd(text).map_or(text.len(), |(at, _)| at);
        let separator = |byte: &u8| matches!(byte, b'\n' | b';' | b'&' | b'|');
        let end = text[..end].iter().rposition(separator).map_or(0, |at| at + 1);
        let loose = Context { in_loop: false, loose: true, ..context.clone() };
        self.parsed(&loose, state, &text[..end]);
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
}

/// Returns a word of which nothing is known.
pub(super) fn unknown_word(text: String, span: Span) -> Word {
    Word { pieces: vec![super::action::Piece::Dynamic { text, splits: true }], span }
}
