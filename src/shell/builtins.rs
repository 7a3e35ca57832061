//! The shell's own commands: what they change, and which of their arguments the shell evaluates.

mod directory;
mod meanings;
mod options;
mod variables;

use super::action::{Action, Assignment, Opaque, Place, Span, Word};
use super::names::is_posix;
use super::parser::is_name;
use super::state::{Flow, State, Value};
use super::walk::{Context, Walker};
use crate::command::Dialect;

use options::{doubtful_shopt, shifted};
pub(super) use options::{is_plain_prompt, leaves_reading};
use variables::lists_functions;

impl Walker<'_> {
    /// Follows a builtin, and lists it.
    pub(super) fn builtin(
        &mut self,
        context: &Context,
        mut state: State,
        mut action: Action,
        name: &str,
        given: Vec<Assignment>,
        unquoted: bool,
    ) -> Flow {
        let args = action.args.clone();
        let span = action.span;
        let has_redirects = !action.redirects.is_empty();
        if context.dialect != Dialect::Bash {
            // Assignments before a special builtin stay.
            for assignment in &given {
                state.assign(&assignment.name, Value::Dynamic, span);
            }
        }
        if context.dialect == Dialect::Posix && matches!(name, "source" | "builtin") {
            let reason = format!("`{name}` is a builtin of some shells only");
            action.opaque.get_or_insert(Opaque { reason, span });
        }
        match name {
            "eval" => return self.eval(context, state, action, &args, given),
            "." | "source" => return self.source(context, state, action, &args, given),
            "command" | "builtin" | "exec" => return self.prefix(context, state, action, name, given),
            "trap" => return self.trap(context, state, action, &args),
            _ => {}
        }
        let may_fail = std::mem::take(&mut self.may_not_open) || action.redirects.iter().any(may_fail);
        let before = may_fail.then(|| state.clone());
        let doubt = self.effect(context, &mut state, name, &args, unquoted, span);
        if let Some(before) = before {
            state = before.join(state);
        }
        let doubt = self.take_doubt().map(|doubt| doubt.reason).or(doubt);
        if let Some(reason) = doubt {
            state.is_whole = false;
            action.opaque.get_or_insert(Opaque { reason, span });
        }
        let certain =
            action.shadowed.is_none() && action.opaque.is_none() && !has_redirects && given.is_empty();
        self.emit(context, action);
        if !given.is_empty() && matches!(name, "cd" | "pushd" | "popd") {
            state.cwd = Place::Unknown;
            return Flow::either(state);
        }
        match name {
            "cd" => self.changed_directory(&state, &args),
            "chdir" => {
                state.cwd = Place::Unknown;
                Flow::either(state)
            }
            "exit" if certain && ends_plainly(&args) => Flow::ends(),
            "return" if certain && ends_plainly(&args) && context.in_function => Flow::ends(),
            "break" | "continue" if certain && context.in_loop && ends_plainly(&args) => Flow::ends(),
            "true" | ":" if certain => Flow { ok: Some(state), fail: None },
            "false" if certain => Flow { ok: None, fail: Some(state) },
            _ => Flow::either(state),
        }
    }

    /// Notes which options on globs `shopt -s` may turn on: for the whole script, before it as well, because it may run again.
    fn note_globbing(&mut self, args: &[Option<Vec<u8>>]) {
        let args = args.iter().flatten();
        if args.clone().any(|arg| arg == b"-s") {
            args.for_each(|option| self.globbing.note(option));
        }
    }

    /// Applies what a builtin changes to `state`; returns why it is not certain.
    fn effect(
        &mut self,
        context: &Context,
        state: &mut State,
        name: &str,
        args: &[Word],
        unquoted: bool,
        span: Span,
    ) -> Option<String> {
        if context.dialect == Dialect::Posix && !is_posix(name) {
            return Some(format!("`{name}` is a builtin of some shells only"));
        }
        let leaves = matches!(name, "exit" | "logout")
            && args
                .iter()
                .all(|arg| arg.as_literal().is_some_and(|code| code.iter().all(u8::is_ascii_digit)));
        let is_plain = leaves || matches!(name, "cd" | "echo" | "pwd" | "true" | "false" | ":");
        if context.dialect == Dialect::Zsh && !is_plain {
            return Some(format!("`{name}` of zsh may evaluate its arguments"));
        }
        let literals: Vec<Option<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
        let splits = args.iter().any(|word| {
            word.pieces.iter().any(|piece| matches!(piece, super::Piece::Dynamic { splits: true, .. }))
        });
        match name {
            "test" | "[" => return doubtful_test(args, splits),
            "declare" | "typeset" if lists_functions(args) => return None,
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                if splits || (!unquoted && args.iter().any(Word::is_dynamic)) {
                    return Some(format!("`{name}` may be given anything"));
                }
                return self.declare(context, state, name, args, span);
            }
            "read" => {
                return self.set_names(
                    context,
                    state,
                    args,
                    &["-d", "-i", "-n", "-N", "-p", "-t", "-u"],
                    &["-a"],
                    "REPLY",
                );
            }
            "mapfile" | "readarray" => {
                let calls = literals.iter().any(|arg| arg.as_ref().is_none_or(|arg| arg.starts_with(b"-C")));
                if calls {
                    return Some(format!("`{name}` may call a command for what it reads"));
                }
                return self.set_names(
                    context,
                    state,
                    args,
                    &["-d", "-n", "-O", "-s", "-u", "-c"],
                    &[],
                    "MAPFILE",
                );
            }
            "getopts" => return self.getopts(context, state, args),
            "printf" => return self.printf(context, state, args),
            "wait" => {
                let sets = |text: &[u8]| text.starts_with(b"-") && text.contains(&b'p');
                let may = literals.iter().any(|arg| arg.as_ref().is_none_or(|text| sets(text)));
                let numbers = args.iter().all(|word| word.prefix().starts_with(b"%") || !word.may_split());
                let doubt =
                    may && !(numbers && literals.iter().flatten().all(|text| !text.starts_with(b"-")));
                return doubt.then(|| "`wait -p` sets a variable by name".to_owned());
            }
            "unset" => return self.unset(context, state, &literals),
            "let" => return Some("`let` evaluates its arguments".to_owned()),
            "set" => return self.set(context, state, args, &literals),
            "shift" => state.args = shifted(state, &literals),
            "shopt" => {
                self.note_globbing(&literals);
                return doubtful_shopt(&literals);
            }
            "alias" => return self.alias(context, &literals),
            "enable" => {
                let harmless = literals.iter().all(|arg| matches!(arg.as_deref(), Some(b"-a" | b"-p")))
                    || self.turns_off(context, &literals);
                return (!harmless).then(|| "`enable` changes which builtins there are".to_owned());
            }
            "hash" => {
                let harmless = literals
                    .iter()
                    .all(|arg| matches!(arg.as_deref(), Some(arg) if matches!(arg, b"-r" | b"-t" | b"-l") || !arg.starts_with(b"-")));
                return (!harmless).then(|| "`hash` may change where a program is found".to_owned());
            }
            "pushd" | "popd" | "dirs" => {
                state.cwd = Place::Unknown;
                for name in ["PWD", "OLDPWD", "DIRSTACK"] {
                    state.assign(name, Value::Dynamic, span);
                }
            }
            "compgen" => {
                const TELLING: [&[u8]; 9] = [b"-c", b"-a", b"-b", b"-k", b"-v", b"-u", b"-e", b"-d", b"-f"];
                let plain = |text: &Vec<u8>| text.iter().all(|byte| byte.is_ascii_alphanumeric());
                let harmless = literals.iter().all(|arg| {
                    arg.as_ref().is_some_and(|text| TELLING.contains(&text.as_slice()) || plain(text))
                });
                return (!harmless).then(|| "`compgen` may run what it is given".to_owned());
            }
            "bind" => {
                let harmless = literals.iter().all(|arg| {
                    arg.as_deref().is_some_and(|arg| {
                        matches!(arg, b"-p" | b"-P" | b"-l" | b"-v" | b"-V" | b"-q" | b"-s" | b"-S")
                            || arg.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
                                && !arg.starts_with(b"-")
                    })
                });
                return (!harmless).then(|| "`bind` may run what it is given".to_owned());
            }
            "fc" => {
                let lists = literals
                    .first()
                    .is_some_and(|arg| matches!(arg.as_deref(), Some(b"-l" | b"-ln" | b"-lr")));
                return (!lists).then(|| "`fc` runs commands again".to_owned());
            }
            "jobs" => {
                let harmless =
                    literals.iter().all(|arg| arg.as_deref().is_some_and(|arg| !arg.contains(&b'x')));
                return (!harmless).then(|| "`jobs -x` runs a command".to_owned());
            }
            "history" => {
                let harmless = literals.iter().all(Option::is_some);
                return (!harmless).then(|| "`history` may be given anything".to_owned());
            }
            _ => {}
        }
        None
    }
}

/// `test` and `[`: `-v` evaluates its operand, and unquoted values could hold it.
fn doubtful_test(args: &[Word], splits: bool) -> Option<String> {
    if splits {
        return Some("a test may be given `-v`, which evaluates its operand".to_owned());
    }
    for (at, word) in args.iter().enumerate() {
        let evaluates = matches!(word.as_literal().as_deref(), Some(b"-v" | b"-R"));
        let could = word.prefix().is_empty() && word.as_literal().is_none();
        let next = args.get(at + 1);
        let plain = next
            .and_then(Word::as_literal)
            .is_some_and(|name| is_name(&name) || name == b"]" || !name.contains(&b'['));
        if evaluates && next.is_some() && !plain {
            return Some("`-v` evaluates what is no plain name".to_owned());
        }
        // A value nobody knows is an operator only where the next word is no operator itself.
        let operand_next = next
            .is_some_and(|next| next.as_literal().is_none_or(|text| text.contains(&b'[') && text != b"["));
        if could && operand_next {
            return Some("a test may be given `-v`, which evaluates its operand".to_owned());
        }
    }
    None
}

fn ends_plainly(args: &[Word]) -> bool {
    match args {
        [] => true,
        [word] => {
            word.as_literal().is_some_and(|text| {
                !text.is_empty() && text != b"0" && text.len() < 4 && text.iter().all(u8::is_ascii_digit)
            }) || word.as_literal().as_deref() == Some(b"0")
        }
        _ => false,
    }
}

/// Claims that the target of a redirect may not open, so that the builtin does not run.
fn may_fail(redirect: &super::Redirect) -> bool {
    redirect.target.as_literal().is_none_or(|target| target != b"/dev/null")
}
