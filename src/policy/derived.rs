//! Paths that an action writes under a name that stands nowhere in it: a backup's, an unpacked file's, a moved file's.

use super::glob::{Token, tokens};
use super::paths::PathValue;
use super::subject::Subject;
use super::used::into;
use crate::shell::{Certainty, Operand, Truth, Word};

/// Adds the operands after `subcommand`, where it may be given, and what they are called in the directory that the last one names.
pub(super) fn after(subject: &Subject<'_>, subcommand: &str, found: &mut Vec<PathValue>) {
    let operands = &subject.arguments.operands;
    let is = |_: usize, word: &Word| match word.as_literal() {
        Some(bytes) => Truth::of(bytes == subcommand.as_bytes()),
        None if subcommand.as_bytes().starts_with(word.prefix()) => Truth::Maybe,
        None => Truth::No,
    };
    let (truth, place) = subject.arguments.subcommand(&subject.action.args, 1, is);
    if truth == Truth::No {
        return;
    }
    for operand in &operands[place..] {
        let value = tokens(subject.word(operand.index));
        found.push(PathValue::of(
            subject.ground,
            &value,
            subject.cwd(),
            is_sure(operand) && truth == Truth::Yes,
        ));
    }
    into(subject, &operands[place..], found);
}

/// Adds what `cp` and its like call the file that was there before: from coreutils' manual, its name and the suffix of `-S`.
pub(super) fn backup(subject: &Subject<'_>, operands: &[Operand], found: &mut Vec<PathValue>) {
    let Some(last) = operands.last() else { return };
    for suffix in values(subject, &["-S", "--suffix"]) {
        let value = [tokens(subject.word(last.index)), tokens(suffix)].concat();
        found.push(PathValue::of(subject.ground, &value, subject.cwd(), is_sure(last)));
    }
}

/// Adds what `gunzip` and its like write: the operand without its suffix, `.tgz` and the like aside, which become `.tar`.
pub(super) fn unpacked(subject: &Subject<'_>, operands: &[Operand], found: &mut Vec<PathValue>) {
    let options = &subject.arguments.options;
    let writes_none = ["-c", "--stdout", "--to-stdout", "-t", "--test", "-l", "--list"];
    if options
        .iter()
        .any(|given| given.certainty == Certainty::Sure && writes_none.contains(&given.name.as_str()))
    {
        return;
    }
    let mut suffixes: Vec<Vec<Token>> = values(subject, &["-S", "--suffix"]).map(tokens).collect();
    suffixes.retain(|suffix| !suffix.is_empty());
    for operand in operands {
        let name = tokens(subject.word(operand.index));
        let own = suffixes.iter().filter_map(|suffix| name.strip_suffix(&suffix[..]));
        let usual = name.iter().rposition(|token| *token == Token::Byte(b'.')).map(|at| &name[..at]);
        for path in own.chain(usual).filter(|path| !path.is_empty() && !path.ends_with(&[Token::Byte(b'/')]))
        {
            found.push(PathValue::of(subject.ground, path, subject.cwd(), is_sure(operand)));
        }
    }
}

fn is_sure(operand: &Operand) -> bool {
    operand.certainty > Certainty::Possible
}

/// Returns the values of the options of these names.
fn values<'a>(subject: &'a Subject<'_>, names: &'a [&str]) -> impl Iterator<Item = &'a Word> {
    let is_one = |name: &str| names.contains(&name);
    let options = subject.arguments.options.iter();
    options
        .filter(move |given| is_one(&given.name) || is_one(&given.canonical))
        .filter_map(|given| given.value.as_ref())
}
