//! Wrappers: programs that run another, described by their `[[program]]` entries.
//!
//! What cannot be read with certainty (an option that the entry does not list, a word nobody knows) makes the inner command
//! opaque; it is never left out.

mod appended;
mod between;
mod code;

use std::rc::Rc;

use super::Truth;
use super::action::{Action, Assignment, Piece, Place, Scope, Span, Stdin, Word};
use super::arguments::{Arguments, Certainty};
use super::inline::Language;
use super::parser::{DEPTH, is_name};
use super::program::{Program, Runs};
use super::state::State;
use super::walk::{Context, Walker};
use crate::command::Dialect;

use appended::feeding;
use code::{given_code, inline_code};

/// Why an inner command cannot be found.
struct Unclear(String);

impl Walker<'_> {
    /// Lists what the action at `index` runs, if its program is a wrapper.
    pub(super) fn unwrap(&mut self, context: &Context, state: &State, index: usize, given: &[Assignment]) {
        if self.full {
            return;
        }
        let Some(program) = self.wrapper(index) else { return };
        let Some(runs) = &program.runs else { return };
        let action = self.actions[index].clone();
        let name = action.program.certain().unwrap_or_default();
        let name = String::from_utf8_lossy(&name);
        let plain = name.rsplit('/').next().unwrap_or_default();
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

    /// Returns the program of the action at `index`, if it is known and a wrapper.
    fn wrapper(&self, index: usize) -> Option<Rc<Program>> {
        let name = self.actions[index].program.certain()?;
        let plain = std::str::from_utf8(&name).ok()?.rsplit('/').next().unwrap_or_default();
        self.programs.program(plain).filter(|program| program.runs.is_some())
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
            let feeding = feeding(read, name)?;
            self.fed(context, state, wrapped, &words, &feeding)?;
            words = feeding.applied(words, action.span);
        }
        if runs.shell_operands {
            let parts: Option<Vec<Vec<u8>>> = words.iter().map(Word::as_literal).collect();
            let span = words.first().map_or(action.span, |word| word.span);
            return self.text(context, state, parts.map(|parts| parts.join(&b' ')), span, name);
        }
        self.words(context, state, words, action.span);
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
