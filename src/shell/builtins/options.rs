//! Builtins that set how the shell reads: `set`, `shopt`, `alias`; and its positional parameters.

use super::super::action::{Span, Word};
use super::super::parser::is_reserved;
use super::super::state::{State, Value};
use super::super::walk::{Context, Walker};
use crate::command::Dialect;

/// Claims that `PS4` with this value runs nothing when it is shown.
pub(in crate::shell) fn is_plain_prompt(value: &Value) -> bool {
    match value {
        Value::Literal(bytes) => {
            !bytes.contains(&b'`')
                && !bytes.contains(&b'[')
                && !bytes.windows(2).any(|pair| pair == b"$(")
                && !bytes.windows(3).any(|three| three == b"${!")
                && !bytes.contains(&b'@')
        }
        Value::Number => true,
        Value::Name(_) | Value::Dynamic => false,
    }
}

impl Walker<'_> {
    pub(super) fn set(
        &mut self,
        context: &Context,
        state: &mut State,
        args: &[Word],
        literals: &[Option<Vec<u8>>],
    ) -> Option<String> {
        let mut at = 0;
        while let Some(word) = args.get(at) {
            let Some(option) = literals[at].as_deref() else {
                if word.prefix().is_empty() || matches!(word.prefix().first(), Some(b'-' | b'+')) {
                    state.args = None;
                    return Some("`set` may be given anything".to_owned());
                }
                break;
            };
            match option {
                // Alone it leaves them as they are (bash(1), `set`).
                b"-" if at + 1 == args.len() => return None,
                b"--" | b"-" => {
                    state.args = positional(state, &literals[at + 1..]);
                    return None;
                }
                b"-o" | b"+o" => {
                    let name = literals.get(at + 1).cloned().flatten();
                    if let Some(reason) =
                        self.option(context, state, option[0], name.as_deref(), literals.len() == at + 1)
                    {
                        return Some(reason);
                    }
                    at += 2;
                }
                [sign @ (b'-' | b'+'), letters @ ..] => {
                    let named = letters.ends_with(b"o");
                    let plain = if named { &letters[..letters.len() - 1] } else { letters };
                    let keeps_braces = *sign == b'+' && plain.contains(&b'B');
                    if keeps_braces || plain.iter().any(|letter| !b"abefhmnpuvxBCET".contains(letter)) {
                        return Some("`set` changes how the shell reads what follows".to_owned());
                    }
                    state.exports |= letters.contains(&b'a') && *sign == b'-';
                    self.traced(context, state, letters);
                    at += 1;
                    if named {
                        let name = literals.get(at).cloned().flatten();
                        if let Some(reason) = self.option(context, state, *sign, name.as_deref(), false) {
                            return Some(reason);
                        }
                        at += 1;
                    }
                }
                _ => break,
            }
        }
        if at < args.len() {
            state.args = positional(state, &literals[at..]);
        }
        self.take_doubt().map(|doubt| doubt.reason)
    }

    /// Claims that tracing commands (`set -x`) runs nothing by itself.
    pub(in crate::shell) fn traces_plainly(&self, context: &Context, state: &State) -> bool {
        let given = context.given.iter().any(|assignment| assignment.name == "PS4");
        let inherited = self.world.var("PS4").map(Value::Literal);
        let prompt = state.variables.get("PS4").map(|variable| variable.value.clone()).or(inherited);
        !given && !state.anything && prompt.is_none_or(|prompt| is_plain_prompt(&prompt))
    }

    fn traced(&mut self, context: &Context, state: &State, letters: &[u8]) {
        if letters.contains(&b'x') && !self.traces_plainly(context, state) {
            self.doubt(Span::default(), "`PS4` is evaluated when commands are traced");
        }
    }

    fn option(
        &mut self,
        context: &Context,
        state: &mut State,
        sign: u8,
        name: Option<&[u8]>,
        alone: bool,
    ) -> Option<String> {
        const HARMLESS: [&[u8]; 16] = [
            b"history",
            b"errexit",
            b"nounset",
            b"pipefail",
            b"xtrace",
            b"verbose",
            b"noglob",
            b"noclobber",
            b"errtrace",
            b"functrace",
            b"hashall",
            b"monitor",
            b"notify",
            b"noexec",
            b"nolog",
            b"ignoreeof",
        ];
        match name {
            None if alone => None,
            Some(b"allexport") => {
                state.exports |= sign == b'-';
                None
            }
            Some(b"xtrace") => {
                let plain = self.traces_plainly(context, state);
                (!plain).then(|| "`PS4` is evaluated when commands are traced".to_owned())
            }
            Some(b"braceexpand") if sign == b'-' => None,
            Some(name) if HARMLESS.contains(&name) => None,
            Some(_) | None => Some("`set` changes how the shell reads what follows".to_owned()),
        }
    }

    pub(super) fn alias(&mut self, context: &Context, literals: &[Option<Vec<u8>>]) -> Option<String> {
        let mut defines = false;
        for literal in literals {
            let Some(text) = literal else { return Some("an alias is known only when it runs".to_owned()) };
            if let Some(at) = text.iter().position(|byte| *byte == b'=') {
                defines = true;
                if !text[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
                    || is_reserved(&text[..at], context.dialect)
                {
                    return Some("an alias changes how the rest is read".to_owned());
                }
                self.names.insert(String::from_utf8_lossy(&text[..at]).into_owned());
            }
        }
        (defines && context.dialect != Dialect::Bash)
            .then(|| "an alias changes how the rest is read".to_owned())
    }
}

/// Claims that a `shopt -s` option leaves the shell's reading as it is.
pub(in crate::shell) fn leaves_reading(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 16] = [
        b"nullglob",
        b"globstar",
        b"dotglob",
        b"failglob",
        b"nocaseglob",
        b"nocasematch",
        b"checkwinsize",
        b"inherit_errexit",
        b"histappend",
        b"cmdhist",
        b"checkhash",
        b"huponexit",
        b"login_shell",
        b"globasciiranges",
        b"xpg_echo",
        b"sourcepath",
    ];
    NAMES.contains(&name)
}

pub(super) fn doubtful_shopt(literals: &[Option<Vec<u8>>]) -> Option<String> {
    let mut sets = false;
    // `-o`: the options of `set`, and without this one braces are no more than braces.
    if literals.iter().any(|literal| literal.as_deref() == Some(b"braceexpand")) {
        return Some("`shopt` changes how the shell reads what follows".to_owned());
    }
    for literal in literals {
        match literal.as_deref() {
            Some(b"-s") => sets = true,
            Some(b"-u" | b"-q" | b"-p" | b"-o") => {}
            Some(name) if !name.starts_with(b"-") && (!sets || leaves_reading(name)) => {}
            Some(_) | None => return Some("`shopt` changes how the shell reads what follows".to_owned()),
        }
    }
    None
}

fn positional(state: &State, literals: &[Option<Vec<u8>>]) -> Option<std::rc::Rc<Vec<Vec<u8>>>> {
    let zero = state.args.as_ref().and_then(|args| args.first().cloned()).unwrap_or_default();
    let rest: Option<Vec<Vec<u8>>> = literals.iter().cloned().collect();
    rest.map(|rest| std::iter::once(zero).chain(rest).collect::<Vec<_>>().into())
}

pub(super) fn shifted(state: &State, literals: &[Option<Vec<u8>>]) -> Option<std::rc::Rc<Vec<Vec<u8>>>> {
    let args = state.args.as_ref()?;
    let count = match literals {
        [] => 1,
        [Some(text)] => std::str::from_utf8(text).ok()?.parse::<usize>().ok()?,
        _ => return None,
    };
    if count >= args.len() {
        return None;
    }
    let mut left = vec![args[0].clone()];
    left.extend(args[1 + count..].iter().cloned());
    Some(left.into())
}
