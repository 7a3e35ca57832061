//! Options that are given and switched off again: `--dry-run=false`, `--no-dry-run`, `-n=false`.
//!
//! Who asks for an option so that something may run must not take it for given where a parser would read it as off. Which
//! values mean no: `strconv.ParseBool` (Go's flag and pflag), `StringToBool` (apt-pkg/contrib/strutl.cc), and npm, which takes
//! the next word `false` (nopt).

use super::subject::Subject;
use crate::shell::{Given, Word};

const OFF: [&str; 8] = ["false", "f", "0", "no", "off", "without", "disable", "none"];

/// Claims that one of `names`, which stand for one option, is switched off or might be.
pub(super) fn is_taken_back(names: &[String], subject: &Subject<'_>) -> bool {
    let options = &subject.arguments.options;
    options.iter().any(|given| denies(given, names) || (is_one_of(given, names) && is_off(given, subject)))
}

/// Claims that it is `--no-dry-run`, or the beginning of it, where `--dry-run` is asked for; not where it is itself asked for.
fn denies(given: &Given, names: &[String]) -> bool {
    let Some(rest) = given.name.strip_prefix("--no-").filter(|rest| !rest.is_empty()) else { return false };
    let is_meant = |name: &String| match name.strip_prefix("--") {
        Some(long) => rest.len() > 1 && long.starts_with(rest),
        None => name.strip_prefix('-') == Some(rest),
    };
    names.iter().any(is_meant) && !names.contains(&given.name)
}

fn is_one_of(given: &Given, names: &[String]) -> bool {
    names.iter().any(|name| *name == given.name || *name == given.canonical)
}

fn is_off(given: &Given, subject: &Subject<'_>) -> bool {
    let lists = |program: &std::rc::Rc<crate::shell::Program>| program.values.contains(&given.canonical);
    if subject.program.as_ref().is_some_and(lists) {
        return false;
    }
    match &given.value {
        Some(value) if given.value_index.is_none() => means_no(value),
        Some(_) => false,
        None => is_short_and_off(given, subject) || next_is_false(given, subject),
    }
}

/// Claims that `value` is a word for no, or that nobody knows it yet.
fn means_no(value: &Word) -> bool {
    value.as_literal().is_none_or(|text| OFF.iter().any(|off| text.eq_ignore_ascii_case(off.as_bytes())))
}

/// Claims that it stands as `-n=false`, which is read as a bundle.
fn is_short_and_off(given: &Given, subject: &Subject<'_>) -> bool {
    let Some(text) = subject.word(given.index).as_literal() else { return false };
    let value = text.strip_prefix(given.name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
    value.is_some_and(|value| OFF.iter().any(|off| value.eq_ignore_ascii_case(off.as_bytes())))
}

fn next_is_false(given: &Given, subject: &Subject<'_>) -> bool {
    let next = subject.action.args.get(given.index + 1);
    next.is_some_and(|word| word.as_literal().is_some_and(|text| text.eq_ignore_ascii_case(b"false")))
}
