//! The shell's own commands: what they change, and which of their arguments the shell evaluates.

use super::action::{Action, Assignment, Opaque, Piece, Place, Span, Word};
use super::linking::may_link;
use super::names::is_posix;
use super::parser::is_name;
use super::state::{Flow, State, Value, climbs};
use super::walk::{Context, Walker};
use crate::command::Dialect;

/// Claims that `PS4` with this value runs nothing when it is shown.
pub(super) fn is_plain_prompt(value: &Value) -> bool {
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
                let harmless = literals.iter().all(|arg| matches!(arg.as_deref(), Some(b"-a" | b"-p")));
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

    fn declare(
        &mut self,
        context: &Context,
        state: &mut State,
        name: &str,
        args: &[Word],
        span: Span,
    ) -> Option<String> {
        let mut exports = name == "export";
        let mut fixes = name == "readonly";
        let mut functions = false;
        let mut arrays = false;
        // Outside of a function `local` fails, and so may other forms: the variable keeps what it has.
        let mut fails = name == "local" && !context.in_function;
        let mut options = true;
        for word in args {
            let prefix = word.prefix().to_vec();
            let literal = word.as_literal();
            if options && literal.as_deref() == Some(b"--") {
                options = false;
                continue;
            }
            if options && (prefix.starts_with(b"-") || prefix.starts_with(b"+")) {
                let Some(option) = literal else {
                    return Some(format!("an option of `{name}` is known only when it runs"));
                };
                let letters = &option[1..];
                let is_float = context.dialect == Dialect::Zsh && letters.contains(&b'F');
                if is_float
                    || !letters
                        .iter()
                        .all(|letter| b"aAxrgpfF".contains(letter) || (name == "export" && *letter == b'n'))
                {
                    return Some(format!("`{name}` gives a variable a meaning of its own"));
                }
                exports |= letters.contains(&b'x');
                functions |= letters.contains(&b'f') || letters.contains(&b'F');
                fixes |= letters.contains(&b'r');
                arrays |= letters.contains(&b'a') || letters.contains(&b'A');
                fails |= letters.contains(&b'p');
                continue;
            }
            options = false;
            if functions {
                if literal.is_none() {
                    return Some(format!("`{name}` may be given anything"));
                }
                continue;
            }
            let at = prefix.iter().position(|byte| *byte == b'=');
            let bare = at.map_or(&prefix[..], |at| &prefix[..at]);
            let bare = bare.strip_suffix(b"+").unwrap_or(bare);
            if !is_name(bare) || (at.is_none() && literal.is_none()) {
                return Some(format!("`{name}` is given what is no plain name"));
            }
            let bare = String::from_utf8_lossy(bare).into_owned();
            let appends = at.is_some_and(|at| prefix[..at].ends_with(b"+"));
            let opens = at.is_some_and(|at| match &literal {
                Some(whole) => whole[at + 1..].starts_with(b"("),
                None => {
                    let written = word.pieces.len() == 2
                        && matches!(word.pieces.last(), Some(super::Piece::Dynamic { text, .. }) if text == "(…)");
                    !written && prefix.len() == at + 1 && (arrays || self.arrays.contains(&bare))
                }
            });
            if opens {
                return Some(format!("`{name}` may evaluate a list of values"));
            }
            if arrays {
                self.arrays.insert(bare.clone());
            }
            match (at, literal) {
                (Some(_), _) if fails => self.assign(context, state, &bare, Value::Dynamic, span),
                (Some(at), Some(whole)) if !appends => {
                    self.assign(context, state, &bare, Value::literal(whole[at + 1..].to_vec()), span);
                }
                (Some(_), _) => self.assign(context, state, &bare, Value::Dynamic, span),
                (None, _) if name == "export" || name == "readonly" || exports => {}
                (None, _) => self.assign(context, state, &bare, unset(&bare), span),
            }
            if exports {
                state.export(&bare, span);
            }
            if fixes {
                state.fix(&bare, span);
            }
        }
        None
    }

    /// `read` and its like: options with values, then names.
    fn set_names(
        &mut self,
        context: &Context,
        state: &mut State,
        args: &[Word],
        values: &[&str],
        names: &[&str],
        default: &str,
    ) -> Option<String> {
        let mut found = Vec::new();
        let mut words = args.iter();
        let mut options = true;
        while let Some(word) = words.next() {
            let Some(text) = word.as_literal().and_then(|bytes| String::from_utf8(bytes).ok()) else {
                return Some("a variable's name is known only when it runs".to_owned());
            };
            if !(options && text.starts_with('-') && text.len() > 1) {
                options = false;
                found.push(text);
                continue;
            }
            if text == "--" {
                options = false;
                continue;
            }
            // A bundle: the first letter with a value takes the rest, or the next word.
            for (at, letter) in text.char_indices().skip(1) {
                let option = format!("-{letter}");
                let rest = &text[at + letter.len_utf8()..];
                if values.contains(&option.as_str()) || names.contains(&option.as_str()) {
                    let value = if rest.is_empty() {
                        words.next().cloned()
                    } else {
                        Some(Word::literal(rest, word.span))
                    };
                    if letter == 'u' && !value.as_ref().is_some_and(is_plain_descriptor) {
                        return Some(
                            "it may read from a descriptor that the shell keeps for itself".to_owned(),
                        );
                    }
                    if names.contains(&option.as_str()) {
                        match value
                            .and_then(|value| value.as_literal())
                            .and_then(|bytes| String::from_utf8(bytes).ok())
                        {
                            Some(name) => found.push(name),
                            None => return Some("a variable's name is known only when it runs".to_owned()),
                        }
                    } else if value.is_some_and(|value| {
                        value.pieces.iter().any(|piece| {
                            matches!(
                                piece,
                                super::Piece::Dynamic { splits: true, .. } | super::Piece::Glob(_)
                            )
                        })
                    }) {
                        return Some("an option's value may be several words".to_owned());
                    }
                    break;
                }
            }
        }
        if found.iter().any(|name| !is_name(name.as_bytes())) {
            return Some("a variable is set by what is no plain name".to_owned());
        }
        found.push(default.to_owned());
        for name in found {
            self.assign(context, state, &name, Value::Dynamic, Span::default());
        }
        self.take_doubt().map(|doubt| doubt.reason)
    }

    fn getopts(&mut self, context: &Context, state: &mut State, args: &[Word]) -> Option<String> {
        let name = args.get(1).and_then(Word::as_literal).filter(|name| is_name(name));
        let Some(name) = name.and_then(|name| String::from_utf8(name).ok()).filter(|_| !args[0].may_split())
        else {
            return Some("`getopts` is given what is no plain name".to_owned());
        };
        self.assign(context, state, &name, Value::Dynamic, Span::default());
        self.assign(context, state, "OPTARG", Value::Dynamic, Span::default());
        self.assign(context, state, "OPTIND", Value::Number, Span::default());
        None
    }

    fn printf(&mut self, context: &Context, state: &mut State, args: &[Word]) -> Option<String> {
        let first = args.first()?;
        let (prefix, literal) = (first.prefix(), first.as_literal());
        if prefix.is_empty() && literal.is_none() && (args.len() > 1 || first.may_split()) {
            return Some("`printf` may be given `-v`".to_owned());
        }
        if literal.is_none() && prefix.starts_with(b"-") {
            return Some("`printf` may be given `-v`".to_owned());
        }
        let literal = literal?;
        if !literal.starts_with(b"-v") {
            return None;
        }
        let name = if literal.len() > 2 {
            Some(literal[2..].to_vec())
        } else {
            args.get(1).and_then(Word::as_literal)
        };
        match name.filter(|name| is_name(name)).and_then(|name| String::from_utf8(name).ok()) {
            Some(name) => {
                self.assign(context, state, &name, Value::Dynamic, first.span);
                None
            }
            None => Some("`printf -v` is given what is no plain name".to_owned()),
        }
    }

    fn unset(
        &mut self,
        context: &Context,
        state: &mut State,
        literals: &[Option<Vec<u8>>],
    ) -> Option<String> {
        for literal in literals {
            let Some(text) = literal.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
                return Some("`unset` is given what is no plain name".to_owned());
            };
            match text {
                "-f" | "-v" | "--" => continue,
                text if text.starts_with('-') => {
                    return Some("`unset` is given an option that is not known".to_owned());
                }
                _ => {}
            }
            if self.names.contains(text) {
                self.undefines = true;
                state.undefine(text);
            }
            if is_name(text.as_bytes()) {
                self.assign(context, state, text, unset(text), Span::default());
            } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)) {
                return Some("`unset` is given what is no plain name".to_owned());
            }
        }
        None
    }

    fn set(
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
    pub(super) fn traces_plainly(&self, context: &Context, state: &State) -> bool {
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

    fn alias(&mut self, context: &Context, literals: &[Option<Vec<u8>>]) -> Option<String> {
        let mut defines = false;
        for literal in literals {
            let Some(text) = literal else { return Some("an alias is known only when it runs".to_owned()) };
            if let Some(at) = text.iter().position(|byte| *byte == b'=') {
                defines = true;
                if !text[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
                    || super::parser::is_reserved(&text[..at], context.dialect)
                {
                    return Some("an alias changes how the rest is read".to_owned());
                }
                self.names.insert(String::from_utf8_lossy(&text[..at]).into_owned());
            }
        }
        (defines && context.dialect != Dialect::Bash)
            .then(|| "an alias changes how the rest is read".to_owned())
    }

    fn changed_directory(&mut self, state: &State, args: &[Word]) -> Flow {
        let mut operands = Vec::new();
        let mut options = true;
        let mut physical = false;
        let mut logical = false;
        for word in args {
            let literal = word.as_literal();
            match literal.as_deref() {
                Some(b"--") if options => options = false,
                Some(option) if options && option.len() > 1 && option.starts_with(b"-") => {
                    physical |= option.contains(&b'P');
                    logical |= option.contains(&b'L');
                }
                _ => operands.push(word),
            }
        }
        let mut ok = state.clone();
        for name in ["PWD", "OLDPWD"] {
            ok.assign(name, Value::Dynamic, Span::default());
        }
        ok.cwd = match operands.as_slice() {
            [] => match self.lookup(state, "HOME") {
                Value::Literal(home) if !home.is_empty() => state.directory(&home),
                Value::Literal(_) | Value::Number | Value::Name(_) | Value::Dynamic => Place::Unknown,
            },
            [word] => self.destination(state, word),
            _ => Place::Unknown,
        };
        if let (Place::Known(path), true) = (&ok.cwd, physical) {
            // `..` is then what the kernel finds behind a link, not the name before it.
            let climbs = |word: &&Word| word.as_literal().is_none_or(|path| climbs(&path));
            let links = self.actions.iter().any(may_link);
            let doubtful = logical || links || operands.is_empty() || operands.iter().any(climbs);
            let shared = self.world.shared_path(path).filter(|_| !doubtful);
            ok.cwd = shared.map_or(Place::Unknown, Place::Known);
        }
        if let Place::Known(path) = &ok.cwd {
            use std::os::unix::ffi::OsStrExt as _;
            ok.assign("PWD", Value::literal(path.as_os_str().as_bytes().to_vec()), Span::default());
        }
        Flow { ok: Some(ok), fail: Some(state.clone()) }
    }

    fn destination(&self, state: &State, word: &Word) -> Place {
        let Some(path) = word.as_literal() else { return Place::Unknown };
        let dotted = path == b"." || path == b".." || path.starts_with(b"./") || path.starts_with(b"../");
        let searched =
            state.variables.contains("CDPATH") || self.world.var("CDPATH").is_some() || state.anything;
        if path.is_empty() || path == b"-" || (!path.starts_with(b"/") && !dotted && searched) {
            return Place::Unknown;
        }
        state.directory(&path)
    }
}

/// Returns what a variable is after `unset`, or `local` without a value; nothing is evaluated for it.
fn unset(name: &str) -> Value {
    if super::names::is_integer(name, Dialect::Bash) { Value::Number } else { Value::Dynamic }
}

/// Claims that `declare -f "$name"` is all that there is: one word, whatever it holds, is a name to list or an option without a name.
fn lists_functions(args: &[Word]) -> bool {
    let is_one = |word: &Word| {
        word.pieces
            .iter()
            .all(|piece| matches!(piece, Piece::Literal(_) | Piece::Dynamic { splits: false, .. }))
    };
    matches!(args, [option, word] if is_one(word) && matches!(option.as_literal().as_deref(), Some(b"-f" | b"-F")))
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

/// Claims that a `shopt -s` option leaves the shell's reading as it is.
pub(super) fn leaves_reading(name: &[u8]) -> bool {
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

fn doubtful_shopt(literals: &[Option<Vec<u8>>]) -> Option<String> {
    let mut sets = false;
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

fn positional(state: &State, literals: &[Option<Vec<u8>>]) -> Option<std::rc::Rc<Vec<Vec<u8>>>> {
    let zero = state.args.as_ref().and_then(|args| args.first().cloned()).unwrap_or_default();
    let rest: Option<Vec<Vec<u8>>> = literals.iter().cloned().collect();
    rest.map(|rest| std::iter::once(zero).chain(rest).collect::<Vec<_>>().into())
}

fn shifted(state: &State, literals: &[Option<Vec<u8>>]) -> Option<std::rc::Rc<Vec<Vec<u8>>>> {
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

/// Claims that a descriptor is one that a script opens itself: the shell keeps what it reads its script from at 10 and above.
fn is_plain_descriptor(word: &Word) -> bool {
    word.as_literal().is_some_and(|number| number.len() == 1 && number[0].is_ascii_digit())
}

/// Claims that the target of a redirect may not open, so that the builtin does not run.
fn may_fail(redirect: &super::Redirect) -> bool {
    redirect.target.as_literal().is_none_or(|target| target != b"/dev/null")
}
