//! Shells as programs: `bash -lc TEXT`, `sh FILE`, `… | bash`, `bash <<< TEXT`.

use std::path::PathBuf;
use std::rc::Rc;

use super::action::{Action, Place, Span, Stdin, Word};
use super::start_files::{self, Elsewhere, Kind, Missing};
use super::state::State;
use super::walk::{Context, Executed, Walker};
use crate::command::Dialect;
use crate::world::World;

/// Returns the language of a shell, if it is one that gate reads.
pub(super) fn dialect_of(name: &str) -> Option<Dialect> {
    match name {
        "bash" | "rbash" => Some(Dialect::Bash),
        "sh" | "dash" | "ash" => Some(Dialect::Posix),
        "zsh" => Some(Dialect::Zsh),
        _ => None,
    }
}

/// What a shell's command line says.
enum Given {
    /// `-c`: the index of the text.
    Text(usize),
    /// The index of the file's name.
    File(usize),
    /// Standard input; the index of the first operand for it.
    Input(usize),
    /// Nothing is run (`--version`).
    Nothing,
    Uncertain(String),
}

/// Variables that make a shell run or read something else.
const MISLEADING: [&str; 7] =
    ["BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "BASH_COMPAT", "ZDOTDIR"];

/// Claims that a variable of this name may make a shell run something before it reads its script, or read that in another way.
pub fn starts_something(name: &str) -> bool {
    MISLEADING.contains(&name) || name.starts_with("LD_")
}

/// Returns the variable of the environment that names the directory of the files which a shell with these options reads at its
/// start, if that is not the home directory of the password database: anybody may have written them.
///
/// From bash(1) and zsh(1). Debian's bash reads `~/.bashrc` for `-c` as well, where it is the first shell and takes itself for one
/// that sshd or rshd has started (`SSH_CLIENT`, or a socket as standard input).
pub(super) fn read_at_start(world: &dyn World, dialect: Dialect, options: &[&[u8]]) -> Option<Elsewhere> {
    read_where(world, dialect, options, || !is_counted(world) && world.seems_remote())
}

/// Claims that a shell started here counts itself as a later one: that the inherited `SHLVL` says so.
///
/// bash takes what is no number for 0, and begins anew behind 999; some hundred shells in between have room below that.
fn is_counted(world: &dyn World) -> bool {
    let is_plain = |level: Vec<u8>| {
        matches!(
            level.as_slice(),
            [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'] | [b'1'..=b'8', b'0'..=b'9', b'0'..=b'9']
        )
    };
    world.var("SHLVL").is_some_and(is_plain)
}

/// Like [`read_at_start`], with `is_first` to say whether the shell may take itself for the first one that a remote login starts.
fn read_where(
    world: &dyn World,
    dialect: Dialect,
    options: &[&[u8]],
    is_first: impl FnOnce() -> bool,
) -> Option<Elsewhere> {
    let zsh_files = dialect == Dialect::Zsh && world.var("ZDOTDIR").is_some_and(|dir| !dir.is_empty());
    let name = if zsh_files { "ZDOTDIR" } else { "HOME" };
    let is_elsewhere = zsh_files || world.homes().len() > 1 || is_relative_home(world);
    if !(is_elsewhere && reads_home(dialect, options, is_first())) {
        return None;
    }
    let (is_login, is_interactive) = says(options);
    let missing = start_files::missing(world, name, Kind { dialect, is_login, is_interactive });
    Some(Elsewhere { name, missing })
}

/// Claims that the options make a login shell, and that they make an interactive one.
fn says(options: &[&[u8]]) -> (bool, bool) {
    let has = |letter: u8| {
        options.iter().any(|option| matches!(option, [b'-', letters @ ..] if letters.first() != Some(&b'-') && letters.contains(&letter)))
    };
    (options.contains(&&b"--login"[..]) || has(b'l'), has(b'i'))
}

/// Claims that the action ends its shell by a builtin.
pub(super) fn leaves(action: &Action) -> bool {
    matches!(action.program.as_literal().as_deref(), Some(b"exit" | b"logout" | b"bye"))
}

/// Claims that the inherited `HOME` names no directory of its own, but one below wherever the shell starts.
fn is_relative_home(world: &dyn World) -> bool {
    world.var("HOME").is_some_and(|home| !home.starts_with(b"/"))
}

/// Claims that a shell with these options reads files of the home directory at its start.
fn reads_home(dialect: Dialect, options: &[&[u8]], is_first: bool) -> bool {
    let has = |letter: u8| {
        options.iter().any(|option| matches!(option, [b'-', letters @ ..] if letters.first() != Some(&b'-') && letters.contains(&letter)))
    };
    let said = |name: &str| options.contains(&name.as_bytes());
    let (is_login, is_interactive) = says(options);
    match dialect {
        Dialect::Zsh => !has(b'f'),
        Dialect::Posix => is_login,
        Dialect::Bash if is_login => !said("--noprofile"),
        Dialect::Bash => !said("--norc") && (is_interactive || is_first),
    }
}

impl Walker<'_> {
    /// Follows what a shell runs.
    pub(super) fn shell(
        &mut self,
        context: &Context,
        state: &State,
        name: &str,
        args: &[Word],
        span: Span,
        index: usize,
    ) {
        let inner = Context {
            brought_by: Some(context.brought_by.unwrap_or(span)),
            stdin: Stdin::Inherited,
            in_loop: false,
            in_function: false,
            in_shell: true,
            given: Rc::new([]),
            ..context.clone()
        };
        let Some(dialect) = dialect_of(name) else {
            self.opaque(&inner, state, span, format!("the language of `{name}` is not read"));
            return;
        };
        let inner = Context { dialect, ..inner };
        if let Some(name) = self.misleading(context, state) {
            self.opaque(&inner, state, span, format!("`{name}` changes what the shell runs or reads"));
            return;
        }
        let given = read(args, dialect, self.traces_plainly(context, state));
        let missing = match self.reads_elsewhere(context, state, dialect, args, &given) {
            None => None,
            Some(Elsewhere { missing: Some(files), .. }) => Some(files),
            Some(Elsewhere { name, .. }) => {
                let reason = format!("the shell reads files at its start where `{name}` says");
                self.opaque(&inner, state, span, reason);
                return;
            }
        };
        self.run_given(&inner, context, state, (name, args, span, index), given);
        if let Some(files) = missing {
            self.note_missing(context, files, index);
        }
    }

    /// Notes files that the shell at `index` must not find: what the script itself may write there may be there by then.
    fn note_missing(&mut self, context: &Context, files: Missing, index: usize) {
        let end = self.actions.len();
        let leaves = self.actions[index + 1..].iter().any(leaves);
        let is_read_last = |path: &PathBuf| {
            files.last.as_ref().is_some_and(|(last, always)| last == path && (*always || leaves))
        };
        for path in &files.paths {
            let is_last = is_read_last(path);
            let (loose, end) = (context.loose || is_last, if is_last { 0 } else { end });
            self.executed.push(Executed { path: path.clone(), by: index, end, loose });
        }
        self.missing.extend(files.paths);
    }

    fn run_given(
        &mut self,
        inner: &Context,
        context: &Context,
        state: &State,
        (name, args, span, index): (&str, &[Word], Span, usize),
        given: Given,
    ) {
        let inner = inner.clone();
        match given {
            Given::Uncertain(reason) => {
                self.opaque(&inner, state, span, reason);
            }
            Given::Nothing => {}
            Given::Text(at) => {
                let Some(text) = args[at].as_literal() else {
                    self.opaque(
                        &inner,
                        state,
                        args[at].span,
                        format!("what `{name}` runs is known only when it runs"),
                    );
                    return;
                };
                let brought_by = Some(context.brought_by.unwrap_or(args[at].span));
                let stdin = shared(&context.stdin);
                let fresh = self.fresh(context, state, &args[at + 1..], None);
                self.script(&Context { brought_by, stdin, ..inner }, fresh, &text);
            }
            Given::File(at) => self.script_operand(&inner, context, state, args, at, index),
            Given::Input(at) => {
                let fresh = self.fresh(context, state, args.get(at..).unwrap_or_default(), Some(name));
                match &context.stdin {
                    Stdin::Text(text) => {
                        self.script(
                            &Context { stdin: Stdin::Dynamic, reads: 0, ..inner },
                            fresh,
                            &text.clone(),
                        );
                    }
                    Stdin::File(word) => {
                        let text = word.as_literal().and_then(|file| {
                            self.note_executed(context, state, &file, index);
                            self.script_file(context, state, &file, false)
                        });
                        match text {
                            Some(text) => {
                                self.script(
                                    &Context { stdin: Stdin::Dynamic, reads: 0, ..inner },
                                    fresh,
                                    &text,
                                );
                            }
                            None => self.unread(&inner, state, span, name),
                        }
                    }
                    Stdin::Inherited | Stdin::Pipe(_) | Stdin::Dynamic => {
                        self.unread(&inner, state, span, name)
                    }
                }
            }
        }
    }

    /// Returns a variable that is set for a shell and makes it run or read something else.
    fn misleading(&self, context: &Context, state: &State) -> Option<String> {
        let misleads = |name: &&str| MISLEADING.contains(name) || name.starts_with("BASH_FUNC_");
        let given = context.given.iter().map(|assignment| assignment.name.as_str());
        given.chain(state.variables.iter().map(|(name, _)| name)).find(misleads).map(str::to_owned)
    }

    /// Returns the variable that leads a shell to other files at its start than those of the home directory.
    fn reads_elsewhere(
        &self,
        context: &Context,
        state: &State,
        dialect: Dialect,
        args: &[Word],
        given: &Given,
    ) -> Option<Elsewhere> {
        let end = match given {
            Given::Text(at) | Given::File(at) | Given::Input(at) => *at,
            Given::Nothing | Given::Uncertain(_) => return None,
        };
        let options: Vec<Vec<u8>> =
            args.iter().take(end).map(|word| word.as_literal().unwrap_or_default()).collect();
        let options: Vec<&[u8]> = options.iter().map(Vec::as_slice).collect();
        let is_set = |name: &str| {
            context.given.iter().any(|assignment| assignment.name == name) || state.variables.contains(name)
        };
        // What else stands in front of the shell may make it the first.
        let is_text = matches!(given, Given::Text(_));
        let set = (is_set("HOME") && reads_home(dialect, &options, is_text))
            .then_some(Elsewhere { name: "HOME", missing: None });
        // Where a file or standard input is read, a first shell reads nothing more.
        let is_passed_on =
            !is_set("SHLVL") && !state.anything && context.inside.iter().all(|name| passes_on(name));
        let keeps_input = context.inside.iter().all(|name| passes_on(name) || keeps_input(name));
        let seems_remote = || {
            let is_said = state.anything || is_set("SSH_CLIENT") || is_set("SSH2_CLIENT");
            !keeps_input || is_said || self.world.seems_remote()
        };
        let is_first = || is_text && !(is_passed_on && is_counted(self.world)) && seems_remote();
        set.or_else(|| read_where(self.world, dialect, &options, is_first))
    }

    fn unread(&mut self, inner: &Context, state: &State, span: Span, name: &str) {
        self.opaque(
            inner,
            state,
            span,
            format!("`{name}` reads commands from its input, which is known only when it runs"),
        );
    }

    fn script_operand(
        &mut self,
        inner: &Context,
        context: &Context,
        state: &State,
        args: &[Word],
        at: usize,
        index: usize,
    ) {
        let text = args[at].as_literal().and_then(|file| {
            self.note_executed(context, state, &file, index);
            // A name without a slash that is not here would be looked up in `PATH`.
            self.script_file(context, state, &file, false)
        });
        match text {
            Some(text) => {
                let fresh = self.fresh(context, state, &args[at..], None);
                self.script(&Context { stdin: shared(&context.stdin), ..inner.clone() }, fresh, &text);
            }
            None if inner.dialect != Dialect::Zsh
                && args[at].as_literal().is_some_and(|file| self.is_missing(context, state, &file)) =>
            {
                self.absent(inner, state, &args[at..]);
            }
            None => {
                self.opaque(inner, state, args[at].span, "a script cannot be read before it runs");
            }
        }
    }

    /// Returns what a new shell knows: what was exported to it, and its own parameters.
    pub(super) fn fresh(&self, context: &Context, state: &State, args: &[Word], zero: Option<&str>) -> State {
        let literals: Option<Vec<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
        let literals = literals.map(|mut literals| {
            if let Some(zero) = zero {
                literals.insert(0, zero.as_bytes().to_vec());
            } else if literals.is_empty() {
                literals.push(b"sh".to_vec());
            }
            literals
        });
        let cwd = if context.scope == super::Scope::Remote { Place::Unknown } else { state.cwd.clone() };
        let mut fresh = State::new(cwd, literals);
        let mut variables = state.variables.clone();
        variables.change(|variable| {
            let mut inherited = super::state::Variable { fixed: false, ..(**variable).clone() };
            // What is not exported may yet be inherited with another value.
            if !inherited.exported {
                inherited.value = super::state::Value::Dynamic;
            }
            (inherited != **variable).then(|| Rc::new(inherited))
        });
        for assignment in context.given.iter() {
            let value = assignment
                .value
                .as_literal()
                .map_or(super::state::Value::Dynamic, super::state::Value::literal);
            let span = assignment.value.span;
            let variable = super::state::Variable { value, exported: true, fixed: false, span };
            variables.set(&assignment.name, Rc::new(variable));
        }
        fresh.variables = variables;
        fresh.anything = state.anything || context.scope == super::Scope::Remote;
        let is_passed_on = |name: &String| passes_on(name) || matches!(name.as_str(), "env" | "sudo");
        fresh.is_whole = state.is_whole && !fresh.anything && context.inside.iter().all(is_passed_on);
        fresh
    }
}

/// Returns what commands find that share an input: none can be sure to be the first to read it.
pub(super) fn shared(stdin: &Stdin) -> Stdin {
    match stdin {
        Stdin::Text(_) | Stdin::File(_) | Stdin::Dynamic => Stdin::Dynamic,
        Stdin::Inherited => Stdin::Inherited,
        Stdin::Pipe(index) => Stdin::Pipe(*index),
    }
}

/// Claims that what stands in front of a shell leaves its environment as it is, and gives it no socket to read.
fn passes_on(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "timeout", "nice", "ionice", "nohup", "setsid", "stdbuf", "time", "xargs", "find", "command", "eval",
        "taskset", "chrt", "prlimit",
    ];
    dialect_of(name).is_some() || NAMES.contains(&name)
}

/// Claims that what stands in front of a shell gives it no socket to read, and sets neither variable that speaks of a remote login: it
/// hands on its own input, or that of a terminal or a pipe (sudo(8), doas(1), flock(1); uv starts what it runs with its own).
fn keeps_input(name: &str) -> bool {
    matches!(name, "env" | "sudo" | "doas" | "flock" | "uv")
}

/// Reads a shell's options and finds what it is to run.
fn read(args: &[Word], dialect: Dialect, traces_plainly: bool) -> Given {
    let mut at = 0;
    let mut command = false;
    let mut input = false;
    while let Some(word) = args.get(at) {
        let Some(option) = word.as_literal() else {
            if word.prefix().is_empty() || word.prefix().starts_with(b"-") || word.prefix().starts_with(b"+")
            {
                return Given::Uncertain("a shell's options are known only when it runs".to_owned());
            }
            break;
        };
        match option.as_slice() {
            b"-" | b"--" => {
                at += 1;
                break;
            }
            // bash steps over it, for zsh it ends the options.
            b"+" => return Given::Uncertain("a shell is given an option that is not known".to_owned()),
            b"--version" | b"--help" => return Given::Nothing,
            // It only reads the one file, to say whether it is well-formed.
            b"-n" if at == 0 && args.len() == 2 && !args[1].prefix().starts_with(b"-") => {
                return Given::Nothing;
            }
            b"--login" | b"--norc" | b"--noprofile" | b"--noediting" | b"--verbose" => {}
            [b'-', b'-', ..] => {
                return Given::Uncertain("a shell is given an option that is not known".to_owned());
            }
            [b'-' | b'+', letters @ ..] if !letters.is_empty() => {
                if letters.contains(&b'x') && !traces_plainly {
                    return Given::Uncertain("`PS4` is evaluated when commands are traced".to_owned());
                }
                let turns_back = option[0] == b'+' && letters.iter().any(|letter| b"cs".contains(letter));
                let keeps_braces = option[0] == b'+' && letters.contains(&b'B');
                if turns_back || keeps_braces || letters.contains(&b'i') || !are_known(letters, dialect) {
                    return Given::Uncertain("a shell's option changes how it reads".to_owned());
                }
                // bash and dash take `+c` for `-c`; of `+s` they make different things.
                if option[0] == b'+' && letters.iter().any(|letter| b"cs".contains(letter)) {
                    return Given::Uncertain("a shell is given an option that is not known".to_owned());
                }
                command |= letters.contains(&b'c');
                input |= letters.contains(&b's');
                for _ in letters.iter().filter(|letter| **letter == b'o') {
                    at += 1;
                    let name = args.get(at).and_then(Word::as_literal);
                    if !name.is_some_and(|name| is_harmless(&name)) {
                        return Given::Uncertain("a shell's option changes how it reads".to_owned());
                    }
                }
            }
            _ => break,
        }
        at += 1;
    }
    match (command, input, args.get(at)) {
        (true, _, Some(_)) => Given::Text(at),
        (true, _, None) => Given::Nothing,
        (false, false, Some(word)) if word.may_split() => {
            Given::Uncertain("which script a shell runs is known only when it runs".to_owned())
        }
        (false, false, Some(_)) => Given::File(at),
        (false, _, _) => Given::Input(at),
    }
}

/// Claims that these option letters mean what gate takes them for, in a shell of this language.
///
/// From zsh(1), zshoptions(1): there `-b` ends the options, what is joined to an `-o` is the option's name, and `-T` has `cd` take
/// variables for directories.
pub(super) fn are_known(letters: &[u8], dialect: Dialect) -> bool {
    let known: &[u8] = match dialect {
        Dialect::Zsh => b"cefhilmnopstuvxC",
        Dialect::Bash | Dialect::Posix => b"bcefhilmnopstuvxBCET",
    };
    let is_joined = letters.iter().rev().skip(1).any(|letter| *letter == b'o');
    letters.iter().all(|letter| known.contains(letter)) && !(is_joined && dialect == Dialect::Zsh)
}

/// Claims that a `set -o` option leaves the shell's reading as it is.
pub(super) fn is_harmless(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 10] = [
        b"errexit",
        b"nounset",
        b"pipefail",
        b"verbose",
        b"noglob",
        b"noclobber",
        b"errtrace",
        b"functrace",
        b"monitor",
        b"hashall",
    ];
    NAMES.contains(&name)
}
