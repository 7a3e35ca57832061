//! Wrappers: programs that run another, described by their `[[program]]` entries.
//!
//! What cannot be read with certainty (an option that the entry does not list, a word nobody knows) makes the inner command
//! opaque; it is never left out.

use std::rc::Rc;

use super::action::{Action, Assignment, Piece, Place, Scope, Span, Stdin, Word};
use super::arguments::{Arguments, Certainty};
use super::fed;
use super::inline::{Language, is_pure, uses};
use super::parser::{DEPTH, is_name};
use super::program::{Program, Runs};
use super::state::State;
use super::walk::{Context, Walker};
use super::{Truth, walk};
use crate::command::Dialect;

/// Why an inner command cannot be found.
struct Unclear(String);

impl Walker<'_> {
    /// Lists what the action at `index` runs, if its program is a wrapper.
    pub(super) fn unwrap(&mut self, context: &Context, state: &State, index: usize, given: &[Assignment]) {
        if self.full {
            return;
        }
        let action = self.actions[index].clone();
        let Some(name) = action.program.as_literal().and_then(|name| String::from_utf8(name).ok()) else {
            return;
        };
        let plain = name.rsplit('/').next().unwrap_or_default();
        let Some(program) = self.programs.program(plain) else { return };
        let Some(runs) = &program.runs else { return };
        let read = Arguments::read(&action.args, Some(&program));
        if !runs.script_operand && runs.unless.iter().any(|option| stops(&read, &program, runs, option)) {
            return;
        }
        let inner = self.inner_context(context, &action, plain, runs, given);
        if inner.depth > DEPTH {
            self.opaque(&inner, state, action.span, format!("it is nested deeper than {DEPTH} levels"));
            return;
        }
        let wrapped = Wrapped { program: &program, runs, read: &read, action: &action, name: plain, index };
        if let Err(Unclear(reason)) = self.follow(&inner, state, &wrapped) {
            self.opaque(&inner, state, action.span, reason);
        }
    }

    fn inner_context(
        &self,
        context: &Context,
        action: &Action,
        name: &str,
        runs: &Runs,
        given: &[Assignment],
    ) -> Context {
        let mut inside = context.inside.to_vec();
        inside.push(name.to_owned());
        Context {
            inside: inside.into(),
            scope: if runs.remote { Scope::Remote } else { context.scope },
            as_root: context.as_root || runs.as_root,
            in_shell: false,
            stdin: if runs.appends || reads_itself(action) { Stdin::Dynamic } else { action.stdin.clone() },
            depth: context.depth + 1,
            given: context.given.iter().chain(given).cloned().collect(),
            ..context.clone()
        }
    }

    fn follow(&mut self, context: &Context, state: &State, wrapped: &Wrapped) -> Result<(), Unclear> {
        let Wrapped { runs, read, action, name, index, .. } = *wrapped;
        if runs.script_operand {
            self.shell(context, state, name, &action.args, action.span, index);
            self.end_executed(index);
            return Ok(());
        }
        match Language::of(&runs.language) {
            Some(language) if language.is_of_an_interpreter() => {
                if let Some(code) = given_code(language, name, action) {
                    return self.code_of(context, state, wrapped, language, &code);
                }
            }
            Some(language) => return inline_code(wrapped, language),
            None => {}
        }
        let code = read.given(&runs.code_option).next().is_some();
        if code {
            return Err(Unclear(format!("inline code of `{name}`")));
        }
        if let Some(result) = self.subcommand(context, state, wrapped) {
            return result;
        }
        Ok(())
    }

    /// Follows what is not limited to a subcommand, or to one that is given. `None`: there is no inner command.
    fn subcommand(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
    ) -> Option<Result<(), Unclear>> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        let mut first = 0;
        if !runs.subcommand.is_empty() {
            let mut best = Truth::No;
            for subcommand in &runs.subcommand {
                let words: Vec<&str> = subcommand.split_ascii_whitespace().collect();
                let matches = |at: usize, word: &Word| match word.as_literal() {
                    Some(bytes) => Truth::of(bytes == words[at].as_bytes()),
                    None if words[at].as_bytes().starts_with(word.prefix()) => Truth::Maybe,
                    None => Truth::No,
                };
                let (truth, place) = read.subcommand(&action.args, words.len(), matches);
                if truth > best {
                    (best, first) = (truth, place);
                }
            }
            match best {
                Truth::No => return None,
                Truth::Maybe => {
                    return Some(Err(Unclear(format!("whether `{name}` runs a command is not certain"))));
                }
                Truth::Yes => {}
            }
        }
        Some(self.forms(context, state, wrapped, first))
    }

    fn forms(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        first: usize,
    ) -> Result<(), Unclear> {
        let Wrapped { runs, read, name, .. } = *wrapped;
        let mut found = false;
        if !runs.between.is_empty() {
            found = true;
            self.between(context, state, wrapped)?;
        }
        let state = &self.directory_of(state, wrapped)?;
        for given in read.given(&runs.shell_option) {
            found = true;
            if given.certainty != Certainty::Sure {
                return Err(Unclear(format!("the options of `{name}` are not certain")));
            }
            let Some(text) = given.value.as_ref() else {
                return Err(Unclear(format!("what `{name}` runs is known only when it runs")));
            };
            self.text(context, state, text.as_literal(), text.span, name)?;
        }
        if found && runs.after_operands.is_none() {
            return Ok(());
        }
        let split = read.given(&runs.split_option).next();
        if let Some(split) = split {
            return self.split(context, state, wrapped, split.index, split.value.as_ref());
        }
        if runs.code_operand || !runs.code_option.is_empty() {
            return self.code(wrapped);
        }
        if runs.after_operands.is_none() && !runs.shell_operands {
            return match runs.shell_option.is_empty() || found {
                true => Ok(()),
                false => Err(Unclear(format!("`{name}` starts a shell"))),
            };
        }
        if found && !runs.shell_option.is_empty() {
            return Ok(());
        }
        let at = first + runs.after_operands.unwrap_or(0);
        self.operands(context, state, wrapped, at)
    }

    /// Lists what code of an interpreter reads, if it does nothing else.
    fn code_of(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        language: Language,
        code: &[u8],
    ) -> Result<(), Unclear> {
        let Wrapped { action, name, .. } = *wrapped;
        let Some(uses) = uses(language, name, code) else {
            return Err(Unclear(format!("inline code of `{name}`")));
        };
        let span = action.span;
        let known = |text: &str| Word::literal(text.as_bytes(), span);
        let unknown = || Piece::Dynamic { text: "…".to_owned(), splits: false };
        let read = |path: &Option<String>| match path {
            Some(path) => known(path),
            None => Word { pieces: vec![unknown()], span },
        };
        let files = uses.reads.iter().map(|path| (known("cat"), vec![known("--"), read(path)]));
        let variables = uses.variables.iter().map(|name| (known("printenv"), vec![known(name)]));
        for (program, args) in files.chain(variables).collect::<Vec<_>>() {
            // Not the programs of these names: the interpreter does itself what they would.
            let listed = Action { program, args, builtin: true, ..self.nameless(context, state, span) };
            self.emit(context, listed);
        }
        if uses.asks_uname {
            self.words(context, state, vec![known("uname"), known("-p")], span);
        }
        Ok(())
    }

    /// Code of an interpreter, as an operand or from standard input.
    fn code(&mut self, wrapped: &Wrapped) -> Result<(), Unclear> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        if runs.code_operand {
            let file = |option: &str| read.options.iter().any(|given| given.name == option);
            return match read.operands.is_empty() && !file("-f") {
                true => Ok(()),
                false => Err(Unclear(format!("inline code of `{name}`"))),
            };
        }
        let from_input = match read.operands.first() {
            None => read.unknown.is_empty(),
            Some(operand) => action.args[operand.index].as_literal().as_deref() == Some(b"-"),
        };
        let only_tells = read
            .options
            .iter()
            .any(|given| matches!(given.name.as_str(), "--version" | "-V" | "--help" | "-h" | "-v"));
        let module = read.options.iter().any(|given| given.name == "-m");
        if from_input && !only_tells && !module {
            return Err(Unclear(format!("`{name}` reads code from its input")));
        }
        Ok(())
    }

    /// Returns the state in the directory that an option names.
    fn directory_of(&self, state: &State, wrapped: &Wrapped) -> Result<State, Unclear> {
        let mut state = state.clone();
        for given in wrapped.read.given(&wrapped.runs.cwd_option) {
            state.cwd = match given.value.as_ref().and_then(Word::as_literal) {
                // No shell's `cd`: the kernel goes behind a link first.
                Some(path) => match self.opened(&state, &path) {
                    Some(_) => state.directory(&path),
                    None => Place::Unknown,
                },
                None => Place::Unknown,
            };
        }
        Ok(state)
    }

    /// `find -exec … ;`
    fn between(&mut self, context: &Context, state: &State, wrapped: &Wrapped) -> Result<(), Unclear> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        let is_marker = |word: &Word| {
            word.as_literal().is_some_and(|text| runs.until.iter().any(|marker| marker.as_bytes() == text))
        };
        let ranges = self.inner_ranges(wrapped, &is_marker)?;
        for range in &ranges {
            let words = &action.args[range.clone()];
            let words = match words.split_last() {
                Some((last, [.., before])) if is_plus(last) && !is_literal(before, b"{}") => {
                    // For `find`, a `+` that does not follow `{}` ends nothing.
                    return Err(Unclear(format!("where the command of `{name}` ends is not certain")));
                }
                Some((last, before)) if is_marker(last) => before,
                Some(_) | None => words,
            };
            let marked = words.iter().any(|word| contains(word, b"{}"));
            let opener =
                range.start.checked_sub(1).and_then(|at| action.args[at].as_literal()).unwrap_or_default();
            let in_directory = opener.ends_with(b"dir");
            let finds = FINDS.contains(&name);
            // `bfs` takes starting points anywhere.
            let begins = finds && name != "bfs" && !in_directory;
            let start = if begins { found_below(&action.args) } else { Vec::new() };
            let mut words: Vec<Word> = words.iter().map(|word| replaced(word, "{}", &start)).collect();
            // Without a `{}`, `fd` gives each name behind the command, `find` none.
            if runs.appends && !marked && !finds && !words.is_empty() {
                words.push(walk::unknown_word("…".to_owned(), action.span));
            }
            let mut state = state.clone();
            if in_directory {
                state.cwd = Place::Unknown;
            }
            self.words(context, &state, words, action.span);
        }
        let outside = |at: usize| !ranges.iter().any(|range| range.contains(&at));
        let hidden = read.unknown.iter().any(|unknown| {
            let splits = action.args[unknown.index]
                .pieces
                .iter()
                .any(|p| matches!(p, Piece::Dynamic { splits: true, .. }));
            let closed =
                (unknown.index..action.args.len()).any(|at| outside(at) && is_marker(&action.args[at]));
            !unknown.glob && outside(unknown.index) && (splits || closed)
        });
        if hidden { Err(Unclear(format!("a word of `{name}` may be a command to run"))) } else { Ok(()) }
    }

    /// Returns where the inner commands stand; an option of one letter (`fd -x`) opens one, too.
    fn inner_ranges(
        &self,
        wrapped: &Wrapped,
        is_marker: &impl Fn(&Word) -> bool,
    ) -> Result<Vec<std::ops::Range<usize>>, Unclear> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        let mut ranges = read.inner.clone();
        for given in read.given(&runs.between) {
            let start = given.index + 1;
            if ranges.iter().any(|range| range.start == start || range.contains(&given.index)) {
                continue;
            }
            let written = action.args[given.index].as_literal().unwrap_or_default();
            if given.value.is_some() || !written.ends_with(given.name.trim_start_matches('-').as_bytes()) {
                return Err(Unclear(format!("the command of `{name}` is glued to its option")));
            }
            let end = (start..action.args.len()).find(|at| is_marker(&action.args[*at]));
            ranges.push(start..end.map_or(action.args.len(), |end| end + 1));
        }
        Ok(ranges)
    }

    /// The inner command stands after `skip` operands.
    fn operands(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        skip: usize,
    ) -> Result<(), Unclear> {
        let Wrapped { program, runs, read, action, name, .. } = *wrapped;
        let mut given = Vec::new();
        let mut place = skip;
        // `env - NAME=value …`
        let dash = |place: usize| {
            let word = read.operands.get(place).and_then(|operand| action.args[operand.index].as_literal());
            word.as_deref() == Some(b"-") && program.flags.iter().any(|flag| flag == "-")
        };
        while dash(place) {
            place += 1;
        }
        if runs.assignments {
            while let Some(word) = read.operands.get(place).map(|operand| &action.args[operand.index]) {
                let Some(assignment) = assignment_of(word)? else { break };
                given.push(assignment);
                place += 1;
            }
        }
        let start = read.operands.get(place).map(|operand| operand.index);
        self.check_before(wrapped, start.unwrap_or(action.args.len()))?;
        let Some(start) = start else {
            let opens_shell = !runs.shell_option.is_empty() || (runs.as_root && !runs.remote);
            return if opens_shell { Err(Unclear(format!("`{name}` starts a shell"))) } else { Ok(()) };
        };
        if read.operand_at(place).is_none() {
            return Err(Unclear(format!("where the command of `{name}` begins is known only when it runs")));
        }
        let mut words = action.args[start..].to_vec();
        if words.first().and_then(Word::as_literal).as_deref() == Some(b"--") {
            words.remove(0);
        }
        if let Some(option) = words.first().filter(|word| word.prefix().starts_with(b"-")) {
            // `flock FILE -c TEXT`, or an option behind the operands.
            let is_text = option
                .as_literal()
                .is_some_and(|text| runs.shell_option.iter().any(|o| o.as_bytes() == text));
            return match words.get(1).filter(|_| is_text && words.len() == 2) {
                Some(text) => self.text(context, state, text.as_literal(), text.span, name),
                None => Err(Unclear(format!("an option stands where the command of `{name}` is expected"))),
            };
        }
        let context =
            &Context { given: context.given.iter().cloned().chain(given).collect(), ..context.clone() };
        if runs.appends {
            let mark = mark(read);
            self.fed(context, state, wrapped, &words, mark.as_deref())?;
            words = appended(words, mark.as_deref(), action.span);
        }
        if runs.shell_operands {
            let parts: Option<Vec<Vec<u8>>> = words.iter().map(Word::as_literal).collect();
            let span = words.first().map_or(action.span, |word| word.span);
            return self.text(context, state, parts.map(|parts| parts.join(&b' ')), span, name);
        }
        self.words(context, state, words, action.span);
        Ok(())
    }

    /// Lists the inner command with what the script itself writes to its input.
    fn fed(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        words: &[Word],
        mark: Option<&str>,
    ) -> Result<(), Unclear> {
        let known = fed::commands(wrapped.action, &self.actions, words, mark)
            .map_err(|fed::TooMany| Unclear(format!("`{}` is given too many lines", wrapped.name)))?;
        for words in known {
            self.words(context, state, words, wrapped.action.span);
        }
        Ok(())
    }

    /// Refuses options before `end` that the entry does not list: one could swallow the word after it.
    fn check_before(&self, wrapped: &Wrapped, end: usize) -> Result<(), Unclear> {
        let Wrapped { program, runs, read, name, .. } = *wrapped;
        let listed = |option: &str| is_listed(program, runs, option);
        if let Some(given) = read.options.iter().find(|given| {
            given.index < end
                && (!(listed(&given.name) || listed(&given.canonical)) || given.certainty != Certainty::Sure)
        }) {
            return Err(Unclear(format!("the option `{}` of `{name}` is not known", given.name)));
        }
        if read.unknown.iter().any(|unknown| unknown.index < end) {
            return Err(Unclear(format!("a word before the command of `{name}` is known only when it runs")));
        }
        Ok(())
    }

    /// `env -S`: the value is split into words that come before the rest.
    fn split(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        index: usize,
        value: Option<&Word>,
    ) -> Result<(), Unclear> {
        let Wrapped { action, name, .. } = *wrapped;
        self.check_before(wrapped, index)?;
        let text = value.and_then(Word::as_literal).filter(|text| {
            !text
                .iter()
                .any(|byte| matches!(byte, b'\\' | b'\'' | b'"' | b'$' | b'#' | 11 | 12 | b'\r' | b'\n'))
        });
        let Some(text) = text else {
            return Err(Unclear(format!("how `{name}` splits its argument is not certain")));
        };
        let apart =
            wrapped.read.options.iter().any(|given| given.index == index && given.value_index.is_some());
        let rest = &action.args[index + 1 + usize::from(apart)..];
        let span = action.args[index].span;
        let mut args: Vec<Word> = text
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|part| !part.is_empty())
            .map(|part| Word::literal(part, span))
            .collect();
        args.extend(rest.iter().cloned());
        let mut again = action.clone();
        again.args = args;
        let read = Arguments::read(&again.args, Some(wrapped.program));
        if read.given(&wrapped.runs.split_option).next().is_some() {
            return Err(Unclear(format!("`{name}` splits an argument twice")));
        }
        let again = Wrapped { read: &read, action: &again, ..*wrapped };
        self.operands(context, state, &again, 0)
    }

    /// Follows an inner command given as words.
    fn words(&mut self, context: &Context, state: &State, words: Vec<Word>, span: Span) {
        let mut words = words.into_iter();
        let Some(program) = words.next() else { return };
        let mut action = self.nameless(context, state, span);
        action.program = program;
        action.args = words.collect();
        action.assignments = self.in_force(context, state, Vec::new());
        self.run(context, state.clone(), action, Vec::new(), false);
    }

    /// Follows an inner command given as a shell text.
    fn text(
        &mut self,
        context: &Context,
        state: &State,
        text: Option<Vec<u8>>,
        span: Span,
        name: &str,
    ) -> Result<(), Unclear> {
        let Some(text) = text else {
            return Err(Unclear(format!("what `{name}` runs is known only when it runs")));
        };
        let inner = Context {
            brought_by: Some(context.brought_by.unwrap_or(span)),
            dialect: Dialect::Posix,
            in_shell: true,
            in_loop: false,
            in_function: false,
            given: Rc::new([]),
            ..context.clone()
        };
        let mut fresh = self.fresh(context, state, &[], None);
        fresh.args = None;
        self.script(&inner, fresh, &text);
        Ok(())
    }
}

/// A wrapper at work.
#[derive(Clone, Copy)]
struct Wrapped<'a> {
    program: &'a Rc<Program>,
    runs: &'a Runs,
    read: &'a Arguments,
    action: &'a Action,
    name: &'a str,
    index: usize,
}

/// Claims that `option` is certainly given, so that nothing is run: no word before it can be anything but a known option.
fn stops(read: &Arguments, program: &Program, runs: &Runs, option: &str) -> bool {
    let Some(given) = read.options.iter().find(|given| given.name == option) else { return false };
    let before = |index: usize| index < given.index;
    let known =
        read.options.iter().all(|other| !before(other.index) || is_listed(program, runs, &other.name));
    let first = !runs.subcommand.is_empty() || !read.operands.iter().any(|operand| before(operand.index));
    given.certainty == Certainty::Sure
        && known
        && first
        && !read.unknown.iter().any(|unknown| before(unknown.index))
}

/// Claims that the entry says of an option whether it takes a value.
fn is_listed(program: &Program, runs: &Runs, option: &str) -> bool {
    let lists = [
        &program.values,
        &program.flags,
        &program.attached,
        &runs.shell_option,
        &runs.split_option,
        &runs.cwd_option,
        &runs.unless,
    ];
    lists.iter().any(|list| list.iter().any(|known| known == option))
}

/// Returns `NAME=value` as an assignment.
fn assignment_of(word: &Word) -> Result<Option<Assignment>, Unclear> {
    let prefix = word.prefix();
    let Some(at) = prefix.iter().position(|byte| *byte == b'=') else {
        return if word.as_literal().is_some() {
            Ok(None)
        } else {
            Err(Unclear("a word before the command is known only when it runs".to_owned()))
        };
    };
    let name = &prefix[..at];
    if !is_name(name) && (name.is_empty() || name.contains(&b'/')) {
        return Ok(None);
    }
    let mut value = word.clone();
    value.pieces[0] = Piece::Literal(prefix[at + 1..].to_vec());
    Ok(Some(Assignment { name: String::from_utf8_lossy(name).into_owned(), value }))
}

/// Claims that a wrapper may read from its standard input itself (`sudo -S`).
fn reads_itself(action: &Action) -> bool {
    action.args.iter().any(|word| {
        let prefix = word.prefix();
        prefix == b"--stdin"
            || (prefix.starts_with(b"-") && !prefix.starts_with(b"--") && prefix.contains(&b'S'))
    })
}

fn is_literal(word: &Word, bytes: &[u8]) -> bool {
    word.as_literal().as_deref() == Some(bytes)
}

fn is_plus(word: &Word) -> bool {
    is_literal(word, b"+")
}

fn contains(word: &Word, mark: &[u8]) -> bool {
    word.pieces.iter().any(|piece| match piece {
        Piece::Literal(bytes) => bytes.windows(mark.len()).any(|window| window == mark),
        Piece::Glob(_) | Piece::Dynamic { .. } => false,
    })
}

/// Programs that name what they find as find(1) does: each name begins with the starting point that it was found below.
const FINDS: [&str; 3] = ["find", "gfind", "bfs"];

/// Returns how every name begins that `find` finds, as far as all its starting points begin alike; without any it is the `.`.
///
/// Other options in front than these differ from one `find` to another, and may take the next word.
fn found_below(args: &[Word]) -> Vec<u8> {
    let texts: Option<Vec<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
    let names_more = |text: &Vec<u8>| matches!(text.as_slice(), b"-files0-from" | b"-f");
    let Some(texts) = texts.filter(|texts| !texts.iter().any(names_more)) else { return Vec::new() };
    let mut behind =
        texts.iter().skip_while(|text| matches!(text.as_slice(), b"-H" | b"-L" | b"-P")).peekable();
    let is_start = |text: &Vec<u8>| !matches!(text.first(), None | Some(b'-' | b'(' | b')' | b'!' | b','));
    let is_test = |text: &Vec<u8>| {
        matches!(text.as_slice(), b"(" | b"!" | [b'-', b'a'..=b'z', b'a'..=b'z', b'a'..=b'z', ..])
    };
    let common = |common: Vec<u8>, start: &Vec<u8>| {
        let length = common.iter().zip(start).take_while(|(one, other)| one == other).count();
        common[..length].to_vec()
    };
    match behind.next_if(|text| is_start(text)) {
        Some(first) => behind.take_while(|text| is_start(text)).fold(first.clone(), common),
        None if behind.peek().is_none_or(|text| is_test(text)) => b".".to_vec(),
        None => Vec::new(),
    }
}

/// Returns the string that stands for a line of the input (`xargs -I {}`), if an option names one.
fn mark(read: &Arguments) -> Option<String> {
    let given = read.options.iter().find(|given| {
        matches!(given.name.as_str(), "-I" | "-i" | "-J" | "--replace") || given.canonical == "--replace"
    })?;
    let text = given.value.as_ref().and_then(Word::as_literal).and_then(|text| String::from_utf8(text).ok());
    Some(text.filter(|text| !text.is_empty()).unwrap_or_else(|| "{}".to_owned()))
}

/// What `xargs` makes of its command: arguments from its input are added or put in place of `mark`.
fn appended(mut words: Vec<Word>, mark: Option<&str>, span: Span) -> Vec<Word> {
    match mark {
        Some(mark) => words.iter().map(|word| replaced(word, mark, b"")).collect(),
        None => {
            words.push(walk::unknown_word("…".to_owned(), span));
            words
        }
    }
}

/// Returns `word` with each `mark` in it replaced by something unknown that begins with `start`.
fn replaced(word: &Word, mark: &str, start: &[u8]) -> Word {
    let mut pieces = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) => {
                let mark = mark.as_bytes();
                let mut rest = bytes.as_slice();
                while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
                    let known = [&rest[..at], start].concat();
                    if !known.is_empty() {
                        pieces.push(Piece::Literal(known));
                    }
                    pieces.push(Piece::Dynamic {
                        text: String::from_utf8_lossy(mark).into_owned(),
                        splits: false,
                    });
                    rest = &rest[at + mark.len()..];
                }
                if !rest.is_empty() || bytes.is_empty() {
                    pieces.push(Piece::Literal(rest.to_vec()));
                }
            }
            Piece::Glob(_) | Piece::Dynamic { .. } => pieces.push(piece.clone()),
        }
    }
    Word { pieces, span: word.span }
}

/// Reads inline code of a language that gate knows: each option that gives some, else the first operand.
fn inline_code(wrapped: &Wrapped, language: Language) -> Result<(), Unclear> {
    let Wrapped { runs, read, action, name, .. } = *wrapped;
    let is_read = |word: Option<&Word>, certainty: Certainty| {
        let code = word.and_then(Word::as_literal);
        certainty == Certainty::Sure && code.is_some_and(|code| is_pure(language, &code))
    };
    let mut given = read.given(&runs.code_option).peekable();
    let is_pure = match (given.peek(), read.operands.first()) {
        (Some(_), _) => given.all(|given| is_read(given.value.as_ref(), given.certainty)),
        (None, Some(first)) => is_read(action.args.get(first.index), first.certainty),
        (None, None) => read.unknown.is_empty(),
    };
    if is_pure { Ok(()) } else { Err(Unclear(format!("inline code of `{name}`"))) }
}

/// Returns the code that an interpreter is given, where its arguments are certain.
fn given_code(language: Language, name: &str, action: &Action) -> Option<Vec<u8>> {
    if language == Language::Python {
        return python_code(action);
    }
    let words: Vec<Vec<u8>> = action.args.iter().map(Word::as_literal).collect::<Option<_>>()?;
    let [option, code, rest @ ..] = words.as_slice() else { return None };
    // Options may follow, and be more code.
    let is_all = rest.iter().all(|word| !word.starts_with(b"-"));
    (is_all && language.opens_code(name, option)).then(|| code.clone())
}

/// Returns the code that Python is given behind `-c`, or on its standard input, with no option in front that makes it do more.
///
/// From python(1): `-c` ends the options, and takes the rest of its word or the next.
fn python_code(action: &Action) -> Option<Vec<u8>> {
    const FLAGS: &[u8] = b"bBdEIOPqsSuv";
    let mut words = action.args.iter();
    loop {
        let Some(word) = words.next().map(Word::as_literal) else { return code_on_input(action) };
        let word = word?;
        if word == b"-" {
            return code_on_input(action);
        }
        let letters = word.strip_prefix(b"-")?;
        match letters.strip_suffix(b"c") {
            Some(before) if before.iter().all(|letter| FLAGS.contains(letter)) => {
                return words.next()?.as_literal();
            }
            Some(_) | None if !letters.iter().all(|letter| FLAGS.contains(letter)) => return None,
            Some(_) | None => {}
        }
    }
}

fn code_on_input(action: &Action) -> Option<Vec<u8>> {
    match &action.stdin {
        Stdin::Text(text) => Some(text.clone()),
        Stdin::Inherited | Stdin::Pipe(_) | Stdin::File(_) | Stdin::Dynamic => None,
    }
}
