//! What an action must show for a table to match it: most tables are told by a few bits, before any word is compared.
//!
//! The bits of a table ([`Look`]) are found when it is first asked, and kept with it ([`Glance`]); those of an action ([`Sight`])
//! once. An option is known by its first letter, so is the first operand, which a subcommand begins with; the words that a text
//! must hold, and the patterns for operands, are known by their pairs of letters ([`super::pairs`]).
//!
//! MUST: a table is left out only where it cannot match. What is not known shows every bit.

use std::cell::OnceCell;
use std::fmt;

use super::file::Matcher;
use super::needles::Needles;
use super::words::Words;
use crate::shell::Arguments;

/// What is kept of a table's conditions, so that they are read once. It is no condition: a copy begins anew, and all are equal.
#[derive(Default)]
pub struct Glance {
    look: OnceCell<Look>,
    operands: OnceCell<Box<[Words; 3]>>,
    text: OnceCell<Option<Needles>>,
    script: OnceCell<Option<Needles>>,
}

impl Clone for Glance {
    fn clone(&self) -> Glance {
        Glance::default()
    }
}

impl PartialEq for Glance {
    fn eq(&self, _other: &Glance) -> bool {
        true
    }
}

impl fmt::Debug for Glance {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Glance")
    }
}

/// Every letter: of what is not known.
const ANY: u64 = u64::MAX;

/// Returns the bit of a text's first letter; every bit where that may be any.
fn letter(text: &[u8]) -> u64 {
    match text.first() {
        None | Some(b'*' | b'?' | b'[' | b'\\') => ANY,
        Some(first) => 1 << (first % 64),
    }
}

/// Returns the bit of an option's first letter: an abbreviation has the same, and so has the name with fewer dashes.
fn option_letter(name: &str) -> u64 {
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    letter(name.trim_start_matches('-').as_bytes())
}

fn option_letters<'a>(names: impl IntoIterator<Item = &'a String>) -> u64 {
    names.into_iter().fold(0, |all, name| all | option_letter(name))
}

/// What an action shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// The letters of the options that are given, or might be.
    options: u64,
    /// The letter of the first operand.
    first: u64,
}

impl Sight {
    /// Returns the sight of an action with these arguments; `first`: its first operand, where that is certain.
    pub(super) fn of(arguments: &Arguments, first: Option<&[u8]>) -> Sight {
        let given = arguments.options.iter().flat_map(|given| [&given.name, &given.canonical]);
        let options = if arguments.unknown.is_empty() { option_letters(given) } else { ANY };
        Sight { options, first: first.map_or(ANY, letter) }
    }
}

/// The kinds of conditions that take work to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asks {
    /// What is known of the action without its arguments.
    pub(super) around: bool,
    pub(super) options: bool,
    pub(super) operands: bool,
    pub(super) reads: bool,
    pub(super) writes: bool,
    pub(super) surroundings: bool,
}

/// What a table asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) asks: Asks,
    /// The letters of options of which one is given, if any has to be.
    one_of: Option<u64>,
    /// The letters of options that are all given.
    all_of: u64,
    /// The letters of options none of which is given.
    none_of: u64,
    /// The letters that the subcommand begins with, if one is asked for.
    first: Option<u64>,
}

impl Look {
    fn of(table: &Matcher) -> Look {
        let needed = table.option_all.iter().chain(table.value.keys()).map(|name| option_letter(name));
        let begin = |pattern: &String| {
            pattern.split_ascii_whitespace().next().map_or(ANY, |word| letter(word.as_bytes()))
        };
        let first = table.subcommand.iter().map(begin).reduce(|one, other| one | other);
        let one_of = (!table.option.is_empty()).then(|| option_letters(&table.option));
        Look {
            asks: Asks::of(table),
            one_of,
            all_of: needed.filter(|letter| *letter != ANY).fold(0, |all, letter| all | letter),
            none_of: option_letters(&table.option_none),
            first: first.filter(|letters| *letters != ANY),
        }
    }

    /// Claims that the table is not told already by what the action shows.
    pub(super) fn could_match(&self, sight: Sight) -> bool {
        self.one_of.is_none_or(|letters| letters & sight.options != 0)
            && self.all_of & !sight.options == 0
            && self.first.is_none_or(|letters| letters & sight.first != 0)
    }

    /// Claims that none of the options is given that the table refuses.
    pub(super) fn refuses_none(&self, sight: Sight) -> bool {
        self.none_of & sight.options == 0
    }
}

impl Asks {
    fn of(table: &Matcher) -> Asks {
        let is_any = |lists: &[&Vec<String>]| lists.iter().any(|list| !list.is_empty());
        let reads = [&table.reads, &table.reads_all, &table.reads_none];
        let writes = [&table.writes, &table.writes_all, &table.writes_none];
        let facts = [table.as_root, table.builtin, table.bare, table.dynamic, table.input];
        Asks {
            around: table.scope.is_some() || !table.inside.is_empty() || facts.iter().any(Option::is_some),
            options: is_any(&[&table.option, &table.option_all, &table.option_none])
                || !table.value.is_empty(),
            operands: is_any(&[&table.operand, &table.operand_all, &table.operand_none]),
            reads: reads.iter().any(|list| !list.is_empty()),
            writes: writes.iter().any(|list| !list.is_empty()),
            surroundings: is_any(&[&table.stdin_from, &table.pipes_to, &table.exactly])
                || !(table.cwd.is_empty() && table.names.is_empty() && table.names_all.is_empty())
                || !(table.env.is_empty() && table.fact.is_empty())
                || table.text.is_some()
                || table.script.is_some(),
        }
    }
}

impl Matcher {
    pub(super) fn look(&self) -> &Look {
        self.glance.look.get_or_init(|| Look::of(self))
    }

    /// Returns the patterns of `operand`, `operand_all` and `operand_none`.
    pub(super) fn operands(&self) -> &[Words; 3] {
        let made =
            || Box::new([&self.operand, &self.operand_all, &self.operand_none].map(|all| Words::of(all)));
        self.glance.operands.get_or_init(made)
    }

    /// Returns what a text must hold for `text` to match it; `None` where that is not known, or nothing is asked.
    pub(super) fn text_needles(&self) -> Option<&Needles> {
        let made = || self.text.as_deref().and_then(Needles::of);
        self.glance.text.get_or_init(made).as_ref()
    }

    /// Returns what a script must hold for `script` to match it.
    pub(super) fn script_needles(&self) -> Option<&Needles> {
        let made = || self.script.as_deref().and_then(Needles::of);
        self.glance.script.get_or_init(made).as_ref()
    }
}
