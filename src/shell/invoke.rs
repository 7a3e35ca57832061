//! Builtins that run what they are given, in the shell itself: `eval`, `source`, `trap`, `command`, `builtin`, `exec`.

use std::path::{Component, PathBuf};

use super::action::{Action, Assignment, Opaque, Place, Stdin, Word};
use super::state::{Flow, State, Value, climbs, normal};
use super::walk::{BYTES, Context, Executed, Walker};
use crate::command::Dialect;
use crate::digest::Digest;
use crate::world::Resolution;

impl Walker<'_> {
    /// Returns the context of a text that `action` brings, run by the same shell.
    fn brought(&self, context: &Context, action: &Action, name: &str, given: Vec<Assignment>) -> Context {
        let mut inside = context.inside.to_vec();
        inside.push(name.to_owned());
        let given: Vec<Assignment> = context.given.iter().cloned().chain(given).collect();
        Context {
            brought_by: Some(context.brought_by.unwrap_or(action.span)),
            inside: inside.into(),
            depth: context.depth + 1,
            in_loop: false,
            given: given.into(),
            stdin: super::shells::shared(&action.stdin),
            ..context.clone()
        }
    }

    /// Lists an action that is opaque for `reason`, after which the shell may be in any state.
    fn uncertain(
        &mut self,
        context: &Context,
        mut state: State,
        mut action: Action,
        reason: impl Into<String>,
    ) -> Flow {
        let span = action.span;
        action.opaque.get_or_insert(Opaque { reason: reason.into(), span });
        self.emit(context, action);
        state.forget();
        Flow::either(state)
    }

    pub(super) fn eval(
        &mut self,
        context: &Context,
        mut state: State,
        action: Action,
        args: &[Word],
        given: Vec<Assignment>,
    ) -> Flow {
        let args = match args.first().and_then(Word::as_literal).as_deref() {
            Some(b"--") if context.dialect == Dialect::Bash => &args[1..],
            _ => args,
        };
        let words: Option<Vec<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
        let Some(words) = words else {
            return self.uncertain(context, state, action, "what `eval` runs is known only when it runs");
        };
        if words.first().is_some_and(|word| word.starts_with(b"-")) {
            return self.uncertain(context, state, action, "`eval` is given an option");
        }
        let inner = self.brought(context, &action, "eval", given.clone());
        self.emit(context, action);
        for assignment in &given {
            let value = assignment.value.as_literal().map_or(Value::Dynamic, Value::literal);
            self.assign(&inner, &mut state, &assignment.name, value, assignment.value.span);
        }
        self.settle(&inner, &state);
        let mut flow = self.script(&inner, state, &words.join(&b' '));
        for assignment in &given {
            for state in [&mut flow.ok, &mut flow.fail].into_iter().flatten() {
                state.assign(&assignment.name, Value::Dynamic, assignment.value.span);
            }
        }
        flow
    }

    pub(super) fn source(
        &mut self,
        context: &Context,
        mut state: State,
        action: Action,
        args: &[Word],
        given: Vec<Assignment>,
    ) -> Flow {
        let args = match args.first().and_then(Word::as_literal).as_deref() {
            Some(b"--") => &args[1..],
            _ => args,
        };
        let Some(file) = args.first().and_then(Word::as_literal) else {
            return self.uncertain(
                context,
                state,
                action,
                "which file is sourced is known only when it runs",
            );
        };
        if context.dialect == Dialect::Zsh {
            // zshbuiltins(1), `.`: a newer `FILE.zwc` is read in place of the file.
            let reason = "zsh reads a compiled file in place of the sourced one, if there is any";
            return self.uncertain(context, state, action, reason);
        }
        if file.starts_with(b"-") || !given.is_empty() {
            return self.uncertain(context, state, action, "a file is sourced in a way that is not known");
        }
        let Some(text) = self.script_file(context, &state, &file, true) else {
            if self.is_missing(context, &state, &file) {
                let index = self.emit(context, action.clone());
                self.note_executed(context, &state, &file, index);
                let inner = self.brought(context, &action, "source", given);
                self.absent(&inner, &state, args);
                state.forget();
                return Flow::either(state);
            }
            return self.uncertain(context, state, action, "a sourced file cannot be read before it runs");
        };
        if args.len() > 1 {
            let rest: Option<Vec<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
            state.args = rest.map(Into::into);
        }
        let inner = self.brought(context, &action, "source", given);
        let before = state.clone();
        let index = self.emit(context, action);
        self.note_executed(context, &before, &file, index);
        let flow = self.script(&inner, state, &text);
        self.end_executed(index);
        // `return` may leave the file anywhere: what its end says of a variable is not certain.
        let mut after = flow.after(&before);
        if text.windows(6).any(|word| word == b"return") {
            let functions = before.functions.clone();
            after.forget();
            after.functions = functions;
        }
        if args.len() > 1 {
            after.args = None;
        }
        Flow::either(after)
    }

    /// Claims that a script file is nowhere, so that a shell that is to read it runs nothing.
    pub(super) fn is_missing(&self, context: &Context, state: &State, file: &[u8]) -> bool {
        let Place::Known(cwd) = &state.cwd else { return false };
        if context.scope == super::Scope::Remote || context.as_root || file.is_empty() {
            return false;
        }
        let is_searched = !file.contains(&b'/')
            && (state.variables.contains("PATH")
                || state.anything
                || self.world.may_find_file(file, cwd)
                || self.world.resolve(file, cwd) != Resolution::Missing);
        !is_searched && self.opened(state, file).is_some_and(|path| self.world.is_missing(&path))
    }

    /// Lists a script file that is not there as what would run if it were; no rule allows that by its name.
    pub(super) fn absent(&mut self, context: &Context, state: &State, words: &[Word]) {
        let Some((file, args)) = words.split_first() else { return };
        self.missing.extend(file.as_literal().and_then(|file| self.opened(state, &file)));
        let mut action = self.nameless(context, state, file.span);
        action.program = file.clone();
        action.args = args.to_vec();
        action.shadowed = Some("there is no such script, and nobody knows what it would be".to_owned());
        self.emit(context, action);
    }

    /// Reads a script file, and remembers what was read.
    pub(super) fn script_file(
        &mut self,
        context: &Context,
        state: &State,
        file: &[u8],
        searched: bool,
    ) -> Option<Vec<u8>> {
        if context.scope == super::Scope::Remote || context.as_root {
            return None;
        }
        let Place::Known(cwd) = &state.cwd else { return None };
        if searched && !file.contains(&b'/') {
            // Looked up in `PATH` first, where any readable file counts.
            let changed = state.variables.contains("PATH") || state.anything;
            let is_found =
                self.world.may_find_file(file, cwd) || self.world.resolve(file, cwd) != Resolution::Missing;
            if changed || is_found {
                return None;
            }
        }
        let path = self.opened(state, file)?;
        let text = self.world.read(&path, BYTES)?;
        self.files.push((path, Digest::of(&text)));
        Some(text)
    }

    /// Returns the path that the kernel follows for `path`, or `None` where a link in front of a `..` leads it elsewhere than the text says.
    pub(super) fn opened(&self, state: &State, path: &[u8]) -> Option<PathBuf> {
        let Place::Known(normal) = state.directory(path) else { return None };
        if !climbs(path) {
            return Some(normal);
        }
        let raw = state.raw(path)?;
        (self.world.real_path(&raw) == self.world.real_path(&normal)).then_some(raw)
    }

    /// Remembers that an action runs a file as a script; whatever stands in front of a `..` must stay the directory that it is.
    pub(super) fn note_executed(&mut self, context: &Context, state: &State, file: &[u8], index: usize) {
        let Some(raw) = state.raw(file) else { return };
        let loose = context.loose;
        let names: Vec<_> = raw.components().collect();
        let climbed = names.iter().enumerate().filter(|(_, name)| **name == Component::ParentDir);
        let ends = climbed.map(|(at, _)| at).chain([names.len()]);
        let paths = ends.map(|end| normal(&names[..end].iter().collect::<PathBuf>()));
        self.executed.extend(paths.map(|path| Executed { path, by: index, end: index + 1, loose }));
    }

    /// Notes that the actions of the file that the action at `index` runs are all listed.
    pub(super) fn end_executed(&mut self, index: usize) {
        let end = self.actions.len();
        self.executed
            .iter_mut()
            .filter(|executed| executed.by == index && executed.end > index)
            .for_each(|executed| executed.end = end);
    }

    pub(super) fn trap(
        &mut self,
        context: &Context,
        mut state: State,
        action: Action,
        args: &[Word],
    ) -> Flow {
        let literals: Vec<Option<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
        let args = match literals.first() {
            Some(Some(first)) if first == b"--" => &literals[1..],
            _ => &literals[..],
        };
        let code = match args {
            [] => None,
            [None, ..] => {
                return self.uncertain(context, state, action, "what `trap` runs is known only when it runs");
            }
            [Some(first), ..] if matches!(first.as_slice(), b"-" | b"-l" | b"-p" | b"") => None,
            [Some(first), ..] if first.starts_with(b"-") => {
                return self.uncertain(context, state, action, "`trap` is given an option that is not known");
            }
            // `trap INT` resets it; so does a number.
            [Some(_)] => None,
            [Some(first), ..] => Some(first.clone()),
        };
        let Some(code) = code else {
            self.emit(context, action);
            return Flow::either(state);
        };
        let always = args[1..].iter().any(|name| {
            !matches!(
                name.as_deref(),
                Some(
                    b"EXIT"
                        | b"0"
                        | b"INT"
                        | b"TERM"
                        | b"HUP"
                        | b"QUIT"
                        | b"SIGINT"
                        | b"SIGTERM"
                        | b"SIGHUP"
                        | b"1"
                        | b"2"
                        | b"3"
                        | b"15"
                )
            )
        });
        let mut inner = self.brought(context, &action, "trap", Vec::new());
        inner.stdin = Stdin::Inherited;
        inner.reads = 0;
        inner.loose = true;
        self.emit(context, action);
        let mut later = state.clone();
        later.forget();
        let quiet = later.clone();
        let flow = self.script(&inner, later, &code);
        let after = flow.after(&quiet);
        let changes = after.variables != quiet.variables
            || after.cwd != quiet.cwd
            || after.functions != quiet.functions;
        if always || changes || contains_change(&code) {
            state.forget();
            if always {
                let span = inner.brought_by.unwrap_or_default();
                self.opaque(context, &state, span, "a trap runs between any two commands");
            }
        }
        Flow::either(state)
    }

    /// `command`, `builtin`, `exec`: the rest is a command of its own.
    pub(super) fn prefix(
        &mut self,
        context: &Context,
        state: State,
        mut action: Action,
        name: &str,
        given: Vec<Assignment>,
    ) -> Flow {
        let mut at = 0;
        let mut runs = true;
        while let Some(word) = action.args.get(at) {
            let prefix = word.prefix();
            let Some(option) = word.as_literal() else {
                if prefix.is_empty() || prefix.starts_with(b"-") {
                    return self.uncertain(
                        context,
                        state,
                        action,
                        format!("what `{name}` runs is known only when it runs"),
                    );
                }
                break;
            };
            at += 1;
            match (name, option.as_slice()) {
                (_, b"--") => break,
                ("command", letters) if is_bundle(letters, b"pvV") => {
                    runs &= !letters.iter().any(|b| matches!(b, b'v' | b'V'))
                }
                ("exec", letters) if is_bundle(letters, b"cl") && context.dialect == Dialect::Bash => {}
                ("exec", letters) if names_next(letters) && context.dialect == Dialect::Bash => at += 1,
                (_, other) if other.starts_with(b"-") && other.len() > 1 => {
                    return self.uncertain(
                        context,
                        state,
                        action,
                        format!("`{name}` is given an option that is not known"),
                    );
                }
                _ => {
                    at -= 1;
                    break;
                }
            }
        }
        let rest = action.args.get(at..).unwrap_or_default().to_vec();
        let mut inside = context.inside.to_vec();
        inside.push(name.to_owned());
        let mut inner = Context { inside: inside.into(), depth: context.depth + 1, ..context.clone() };
        inner.stdin = action.stdin.clone();
        let Some((program, args)) = rest.split_first().filter(|_| runs) else {
            self.emit(context, action);
            return Flow::either(state);
        };
        if inner.depth > super::parser::DEPTH {
            return self.uncertain(context, state, action, "it is nested too deep");
        }
        let mut run = self.nameless(&inner, &state, action.span);
        run.program = program.clone();
        run.args = args.to_vec();
        run.assignments = action.assignments.clone();
        if name == "exec" {
            inner.in_shell = false;
        }
        action.downstream = None;
        let has_redirects = !action.redirects.is_empty();
        self.emit(context, action);
        let flow = if name == "exec" {
            self.run_external(&inner, state, run)
        } else {
            self.run_without_functions(&inner, state, run, given)
        };
        if name == "exec" && !has_redirects { Flow::ends() } else { flow }
    }

    fn run_external(&mut self, context: &Context, state: State, action: Action) -> Flow {
        self.run(context, state, action, Vec::new(), false)
    }

    /// `command name` and `builtin name` do not look at functions.
    fn run_without_functions(
        &mut self,
        context: &Context,
        state: State,
        action: Action,
        given: Vec<Assignment>,
    ) -> Flow {
        let names = std::mem::take(&mut self.names);
        let flow = self.run(context, state, action, given, false);
        let added = std::mem::replace(&mut self.names, names);
        self.names.extend(added);
        flow
    }
}

/// Claims that `option` is `-` and letters of `letters` only.
fn is_bundle(option: &[u8], letters: &[u8]) -> bool {
    option.len() > 1 && option[0] == b'-' && option[1..].iter().all(|letter| letters.contains(letter))
}

/// Claims that the options of `exec` end in an `-a` whose name is the next word; in `-aa` the second letter is the name.
fn names_next(letters: &[u8]) -> bool {
    letters.strip_suffix(b"a").is_some_and(|before| before == b"-" || is_bundle(before, b"cl"))
}

/// Claims that a trap's code could change the shell it runs in; read off the bytes, generously.
fn contains_change(code: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [b"cd", b"=", b"eval", b"source", b". ", b"unset", b"set", b"read", b"shopt"];
    WORDS.iter().any(|word| code.windows(word.len()).any(|window| window == *word))
}
