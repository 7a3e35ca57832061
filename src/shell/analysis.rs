//! The way in: a command, the machine and the table of programs give the list of actions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::action::{Action, Assignments, Place, Scope, Span, Stdin, Word};
use super::bytes::is_plain_locale;
use super::globs::Globbing;
use super::linking::links_of;
use super::links::Links;
use super::program::Programs;
use super::setting::Setting;
use super::shells;
use super::start_files::{Elsewhere, Missing};
use super::state::{State, Value, normal};
use super::typed::{self, Typed};
use super::walk::{Context, Walker};
use super::written::doubt_written;
use crate::command::{Command, Dialect, Source, quoted};
use crate::digest::Digest;
use crate::world::World;

/// What a command would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// The text that spans point into: the script's bytes, or the arguments joined by one space, shell-quoted where needed.
    pub text: Vec<u8>,
    /// What would run, in the order of the text.
    pub actions: Vec<Action>,
    /// Files whose text was read as a script, with the digest of what was read: they decide what runs.
    pub files: Vec<(PathBuf, Digest)>,
    /// Files that a shell would read if they were there: they must not be.
    pub missing: Vec<PathBuf>,
    /// The names that it gives to what lies elsewhere: a path may lead there by then.
    pub links: Links,
    /// How the shell may read globs.
    pub globbing: Globbing,
}

/// What the commands that a shell has run so far leave behind: what names mean, what variables hold.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// What is known of the shell; `None` before its first command.
    state: Option<State>,
    names: BTreeSet<String>,
    arrays: BTreeSet<String>,
    undefines: bool,
    /// Claims that a command whose effect on the shell is not known was run in it.
    is_murky: bool,
    /// Claims that the shell reads on after each command.
    is_fed: bool,
    /// Claims that it shows a prompt before each.
    is_prompting: bool,
    /// What the shell says of itself, where a person types into it.
    typed: Option<Rc<Typed>>,
    /// How it may read globs by now.
    globbing: Globbing,
}

impl Past {
    /// Returns the past of a shell that is fed its script command by command, before the first.
    pub fn of_fed_shell(is_prompting: bool) -> Past {
        Past { is_fed: true, is_prompting, ..Past::default() }
    }

    /// Returns the past of an interactive shell, as far as it tells.
    pub fn of_typed(typed: Typed) -> Past {
        let names = typed.names.iter().cloned().collect();
        let mut globbing = Globbing::default();
        typed.options.iter().for_each(|option| globbing.note(option.as_bytes()));
        Past { names, typed: Some(Rc::new(typed)), globbing, ..Past::default() }
    }

    /// Claims that nothing was run yet.
    pub fn is_empty(&self) -> bool {
        self.state.is_none() && self.names.is_empty() && self.typed.is_none()
    }

    /// Notes the directory that the shell is in now, as the system says. What the commands say of it stays, where it
    /// leads to the same; `is_plain`: they did not go up by `..`, whose meaning depends on the way the shell came.
    pub fn is_in(&mut self, found: Option<&Path>, is_plain: bool, world: &dyn World) {
        let Some(state) = &mut self.state else { return };
        state.cwd = match (&state.cwd, found) {
            (Place::Known(said), Some(found)) if world.shared_path(said).as_deref() == Some(found) => {
                Place::Known(said.clone())
            }
            (_, Some(found)) if is_plain => Place::Known(found.to_owned()),
            (_, _) => Place::Unknown,
        };
    }

    /// Returns the directory that the shell is in, if that is known.
    pub fn cwd(&self) -> Option<&Path> {
        match &self.state.as_ref()?.cwd {
            Place::Known(path) => Some(path),
            Place::Unknown => None,
        }
    }
}

/// Returns what `command` would run. Whatever is not certain is in the list as an opaque action.
pub fn analyse(command: &Command, world: &dyn World, programs: &dyn Programs) -> Analysis {
    analyse_in(&Setting::default(), command, world, programs)
}

/// Returns what `command` would run where `setting` is in force when it begins.
pub fn analyse_in(
    setting: &Setting,
    command: &Command,
    world: &dyn World,
    programs: &dyn Programs,
) -> Analysis {
    analyse_from((&Past::default(), setting), command, world, programs).0
}

/// Returns what `command` would run in a shell with this `past`, and what the past is if it does.
pub fn analyse_after(
    past: &Past,
    command: &Command,
    world: &dyn World,
    programs: &dyn Programs,
) -> (Analysis, Past) {
    analyse_from((past, &Setting::default()), command, world, programs)
}

fn analyse_from(
    (past, setting): (&Past, &Setting),
    command: &Command,
    world: &dyn World,
    programs: &dyn Programs,
) -> (Analysis, Past) {
    let mut walker = Walker::new(world, programs);
    let mut after = past.clone();
    (walker.is_fed, walker.is_prompting) = (past.is_fed, past.is_prompting);
    (walker.names, walker.arrays, walker.undefines) =
        (std::mem::take(&mut after.names), std::mem::take(&mut after.arrays), past.undefines);
    walker.names.extend(setting.names.iter().cloned());
    walker.watched.extend(setting.watched.iter().cloned());
    walker.typed.clone_from(&past.typed);
    walker.globbing = past.globbing.with(setting.globbing);
    let text = match &command.source {
        Source::Argv(argv) => analyse_argv(&mut walker, argv, &command.cwd),
        Source::Script { dialect, options, text, args } => {
            let from = (past, setting);
            after.state = analyse_script(&mut walker, from, (*dialect, options, args), text, &command.cwd);
            text.clone()
        }
    };
    (after.names, after.arrays, after.undefines) =
        (walker.names.clone(), walker.arrays.clone(), walker.undefines);
    after.globbing = walker.globbing;
    let analysis = finished(walker, text);
    after.is_murky |= analysis.actions.iter().any(may_change_the_shell);
    (analysis, after)
}

/// Claims that an opaque action may be the shell's own, so that nobody knows what the shell is like after it.
fn may_change_the_shell(action: &Action) -> bool {
    let is_program = action.program.certain().is_some_and(|name| !name.is_empty());
    action.opaque.is_some() && (action.builtin || !is_program || action.shadowed.is_some())
}

fn finished(mut walker: Walker<'_>, text: Vec<u8>) -> Analysis {
    for doubt in std::mem::take(&mut walker.doubts) {
        let context = context(&text, Dialect::Bash, false);
        walker.opaque(&context, &State::new(Place::Unknown, None), doubt.span, doubt.reason);
    }
    emit_settings(&mut walker, &text);
    link(&mut walker);
    let links = links_of(&walker.actions, &walker.loose, walker.world, walker.programs);
    doubt_written(&mut walker, &links);
    doubt_undefined(&mut walker);
    Analysis {
        text,
        actions: walker.actions,
        files: walker.files,
        missing: walker.missing,
        links,
        globbing: walker.globbing,
    }
}

/// What is set after the last command is judged by itself: no command carries it, but it may be meant for what runs later.
fn emit_settings(walker: &mut Walker<'_>, text: &[u8]) {
    let count = walker.actions.len();
    let settings = std::mem::take(&mut walker.settings).into_iter();
    let last: Vec<_> = settings.filter(|(before, _)| *before == count).map(|(_, setting)| setting).collect();
    if last.is_empty() {
        return;
    }
    let context = context(text, Dialect::Bash, false);
    let span = if count == 0 { Span { start: 0, end: text.len() } } else { last[0].value.span };
    let mut action = walker.nameless(&context, &State::new(Place::Unknown, None), span);
    action.assignments = Assignments::of(vec![last.into()]);
    walker.emit(&context, action);
}

fn context(text: &[u8], dialect: Dialect, in_shell: bool) -> Context {
    Context {
        text: text.into(),
        bodies: Rc::new([]),
        dialect,
        brought_by: None,
        inside: Rc::new([]),
        scope: Scope::Local,
        as_root: false,
        in_shell,
        stdin: Stdin::Inherited,
        reads: 0,
        writes: 0,
        depth: 0,
        in_loop: false,
        in_function: false,
        loose: false,
        given: Rc::new([]),
    }
}

fn analyse_argv(walker: &mut Walker, argv: &[Vec<u8>], cwd: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    let mut words = Vec::new();
    for arg in argv {
        if !words.is_empty() {
            text.push(b' ');
        }
        let start = text.len();
        text.extend(quoted(arg));
        words.push(Word::literal(arg.clone(), Span { start, end: text.len() }));
    }
    let context = context(&text, Dialect::Bash, false);
    let state = State::new(Place::Known(cwd.to_owned()), None);
    let span = Span { start: 0, end: text.len() };
    if words.is_empty() {
        walker.opaque(&context, &state, span, "there is no command");
        return text;
    }
    let mut action = walker.nameless(&context, &state, span);
    action.program = words.remove(0);
    action.args = words;
    walker.run(&context, state, action, Vec::new(), false);
    text
}

/// Follows a script, and returns what the shell is like after it.
fn analyse_script(
    walker: &mut Walker,
    (past, setting): (&Past, &Setting),
    (dialect, options, args): (Dialect, &[Vec<u8>], &[Vec<u8>]),
    text: &[u8],
    cwd: &Path,
) -> Option<State> {
    let mut context = context(text, dialect, true);
    let args = if args.is_empty() { vec![b"sh".to_vec()] } else { args.to_vec() };
    let new = || State::new(Place::Known(logical(walker.world, cwd)), Some(args));
    let mut state = past.state.clone().unwrap_or_else(new);
    if past.is_murky {
        let span = Span { start: 0, end: text.len() };
        walker.opaque(&context, &state, span, "an earlier command may have changed what names mean");
    }
    let is_alone = past.is_empty() && walker.typed.is_none() && !walker.is_fed && !walker.is_prompting;
    state.is_whole = is_alone && *setting == Setting::default() && dialect == Dialect::Bash;
    for (name, value) in &setting.exports {
        state.assign(name, Value::literal(value.clone()), Span::default());
        state.export(name, Span::default());
    }
    // The shell that a line was typed into has started.
    let start =
        if walker.typed.is_none() { reads_at_start(walker.world, dialect, options) } else { Ok(None) };
    let (missing, start) = match start {
        Ok(missing) => (missing, None),
        Err(reason) => (None, Some(reason)),
    };
    let start = start.or_else(|| if walker.is_prompting { acts_at_prompt(walker.world) } else { None });
    if let Some(reason) = start.or_else(|| doubtful_start(walker.world, dialect, options, text)) {
        let span = Span { start: 0, end: text.len() };
        walker.opaque(&context, &state, span, reason);
    }
    context.depth = 1;
    let state = typed_into(walker, &context, state, text);
    let after = walker.script(&context, state.clone(), text).after(&state);
    if let Some(Missing { paths, last }) = missing {
        let leaves = |always: bool| always || walker.actions.iter().any(shells::leaves);
        if last.is_some_and(|(_, always)| leaves(always)) {
            let reason = "the shell may read a file at its end that was not there before".to_owned();
            walker.opaque(&context, &state, Span { start: 0, end: text.len() }, reason);
        }
        walker.missing.extend(paths);
    }
    // A rule about the variable needs an action to speak of.
    let started = || walker.world.var_names().into_iter().find(|name| shells::starts_something(name));
    if walker.actions.is_empty()
        && past.is_empty()
        && let Some(name) = started()
    {
        let reason = format!("the environment's `{name}` may make the shell run something at its start");
        walker.opaque(&context, &state, Span { start: 0, end: text.len() }, reason);
    }
    Some(after)
}

/// Returns the files that the shell must not find at its start.
///
/// # Errors
/// Why what it reads is not certain.
fn reads_at_start(
    world: &dyn World,
    dialect: Dialect,
    options: &[Vec<u8>],
) -> Result<Option<Missing>, String> {
    let given: Vec<&[u8]> = options.iter().map(Vec::as_slice).collect();
    match shells::read_at_start(world, dialect, &given) {
        None => Ok(None),
        Some(Elsewhere { missing: Some(files), .. }) => Ok(Some(files)),
        Some(Elsewhere { name, .. }) => {
            Err(format!("the shell reads files at its start where the environment's `{name}` says"))
        }
    }
}

/// Returns why what the shell does at its prompt is not certain.
fn acts_at_prompt(world: &dyn World) -> Option<String> {
    let name = typed::inherited_for_later(world)?;
    Some(format!("the environment's `{name}` acts at the shell's prompt"))
}

/// Takes in what an interactive shell says of itself: what makes a line uncertain, and the functions it may call.
fn typed_into(walker: &mut Walker, context: &Context, mut state: State, text: &[u8]) -> State {
    let Some(typed) = walker.typed.take() else { return state };
    let span = Span { start: 0, end: text.len() };
    for doubt in typed.doubts() {
        walker.opaque(context, &state, span, doubt);
    }
    let inner = Context { brought_by: Some(span), depth: context.depth + 1, ..context.clone() };
    for function in &typed.functions {
        let before = state.clone();
        state = walker.script(&inner, state, function).after(&before);
    }
    walker.typed = Some(typed);
    state
}

/// Returns the name of `cwd` that a shell would use: the inherited `PWD`, if it leads to the same directory.
fn logical(world: &dyn World, cwd: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    let Some(inherited) = world.var("PWD") else { return cwd.to_owned() };
    let inherited = PathBuf::from(std::ffi::OsString::from_vec(inherited));
    let plain = inherited.is_absolute() && normal(&inherited) == inherited;
    if plain && world.real_path(&inherited) == world.real_path(cwd) { inherited } else { cwd.to_owned() }
}

/// Returns why the shell's start leaves open how it reads the text.
///
/// What the user's own start-up files do, which `-l` and `-i` read, is the user's: any terminal reads them. `!` stands for no earlier
/// command in a script that is an argument, `-i` or not.
fn doubtful_start(world: &dyn World, dialect: Dialect, options: &[Vec<u8>], text: &[u8]) -> Option<String> {
    let mut words = options.iter();
    while let Some(option) = words.next() {
        match option.as_slice() {
            b"--login" | b"--norc" | b"--noprofile" | b"--noediting" | b"--verbose" | b"--" | b"-" => {}
            [b'-', b'-', ..] => return Some("a shell is given an option that is not known".to_owned()),
            [b'-' | b'+', letters @ ..] => {
                if !shells::are_known(letters, dialect) {
                    return Some("a shell's option changes how it reads".to_owned());
                }
                let traces = letters.contains(&b'x');
                let prompt = world.var("PS4").map(Value::Literal);
                if traces && prompt.is_some_and(|prompt| !super::builtins::is_plain_prompt(&prompt)) {
                    return Some("`PS4` is evaluated when commands are traced".to_owned());
                }
                for _ in letters.iter().filter(|letter| **letter == b'o') {
                    if !words.next().is_some_and(|name| shells::is_harmless(name)) {
                        return Some("a shell's option changes how it reads".to_owned());
                    }
                }
            }
            name if shells::is_harmless(name) => {}
            _ => return Some("a shell is given an option that is not known".to_owned()),
        }
    }
    if dialect == Dialect::Bash {
        for name in ["SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "BASH_COMPAT"] {
            if world.var(name).is_some() {
                return Some(format!("the environment's `{name}` changes how the shell reads"));
            }
        }
    }
    if !text.is_ascii() && !reads_utf8(world) {
        return Some("the environment's locale changes how the shell reads".to_owned());
    }
    None
}

/// Claims that the inherited locale reads UTF-8, or bytes.
fn reads_utf8(world: &dyn World) -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .all(|name| is_plain_locale(&Value::Literal(world.var(name).unwrap_or_default()), false))
}

/// Links the actions that write to a pipe with those that read from it.
fn link(walker: &mut Walker) {
    use std::collections::BTreeMap;
    let mut writers = BTreeMap::new();
    let mut readers = BTreeMap::new();
    for (index, (reads, writes)) in walker.streams.iter().enumerate() {
        if *writes != 0 {
            writers.insert(*writes, index);
        }
        if *reads != 0 {
            readers.entry(*reads).or_insert(index);
        }
    }
    for (index, (reads, writes)) in walker.streams.iter().enumerate() {
        walker.actions[index].upstream = writers.get(reads).copied();
        walker.actions[index].downstream = readers.get(writes).copied();
    }
}

/// A function that may be undefined again is no certain one anywhere.
fn doubt_undefined(walker: &mut Walker) {
    if !walker.undefines {
        return;
    }
    for action in walker.actions.iter_mut().filter(|action| action.function) {
        action.function = false;
        action.builtin = false;
        action.shadowed = Some("a function of that name may be undefined again".to_owned());
    }
}
