//! Whether one table of conditions matches everything that another one does, as far as that can be seen in the tables alone.
//!
//! It never claims too much: where it cannot tell, it says no.

use std::collections::BTreeMap;

use super::file::{Globs, Matcher};
use super::glob_text::{is_glob, matches};
use super::patterns::Patterns;

/// Claims that `wide` matches whatever `narrow` does.
pub(super) fn covers(wide: &Matcher, narrow: &Matcher) -> bool {
    let is_opaque = |table: &Matcher| table.opaque.unwrap_or(false);
    let same = |wide: Option<bool>, narrow: Option<bool>| wide.is_none() || wide == narrow;
    is_opaque(wide) == is_opaque(narrow)
        && (!wide.certain || narrow.certain)
        && any(&wide.program, &narrow.program)
        && subcommand(wide, narrow)
        && options(wide, narrow)
        && operands(wide, narrow)
        && paths(wide, narrow)
        && any(&wide.stdin_from, &narrow.stdin_from)
        && any(&wide.pipes_to, &narrow.pipes_to)
        && any(&wide.inside, &narrow.inside)
        && maps(&wide.env, &narrow.env)
        && maps(&wide.fact, &narrow.fact)
        && (wide.scope.is_none() || wide.scope == narrow.scope)
        && same(wide.as_root, narrow.as_root)
        && same(wide.dynamic, narrow.dynamic)
        && same(wide.builtin, narrow.builtin)
        && same(wide.bare, narrow.bare)
        && same(wide.input, narrow.input)
        && (wide.text.is_none() || wide.text == narrow.text)
        && (wide.script.is_none() || wide.script == narrow.script)
        && within(&narrow.exactly, &wide.exactly)
}

/// Of two conditions that any pattern fulfils: everything the narrow one lets through has a pattern in the wide one.
fn any(wide: &[String], narrow: &[String]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| wide.iter().any(|by| pattern(by, one))))
}

/// Claims that a pattern matches all that another one does.
fn pattern(wide: &str, narrow: &str) -> bool {
    wide == narrow || wide == "*" || (!is_glob(narrow) && matches(wide.as_bytes(), narrow.as_bytes()))
}

fn within(narrow: &[String], wide: &[String]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| wide.contains(one)))
}

fn subcommand(wide: &Matcher, narrow: &Matcher) -> bool {
    let begins = |wide: &str, narrow: &str| {
        let (mut wide, mut narrow) = (wide.split_ascii_whitespace(), narrow.split_ascii_whitespace());
        wide.all(|word| narrow.next().is_some_and(|other| pattern(word, other)))
    };
    let covered = |one: &String| wide.subcommand.iter().any(|by| begins(by, one));
    wide.subcommand.is_empty() || (!narrow.subcommand.is_empty() && narrow.subcommand.iter().all(covered))
}

fn options(wide: &Matcher, narrow: &Matcher) -> bool {
    let refused = wide.option_none.iter().all(|one| narrow.option_none.contains(one));
    let all = wide.option_all.iter().all(|one| narrow.option_all.contains(one));
    let one = wide.option.is_empty()
        || (!narrow.option.is_empty() && narrow.option.iter().all(|one| wide.option.contains(one)))
        || narrow.option_all.iter().any(|one| wide.option.contains(one));
    refused && all && one && maps(&wide.value, &narrow.value)
}

/// What counts as an operand depends on the subcommand.
fn operands(wide: &Matcher, narrow: &Matcher) -> bool {
    let asks = [&wide.operand, &wide.operand_all, &wide.operand_none].iter().any(|list| !list.is_empty());
    if !asks {
        return true;
    }
    let refused = wide.operand_none.iter().all(|one| narrow.operand_none.contains(one));
    let all = wide.operand_all.is_empty() || wide.operand_all == narrow.operand_all;
    let one = wide.operand.is_empty() || within(&narrow.operand, &wide.operand);
    wide.subcommand == narrow.subcommand && refused && all && one
}

/// Which paths are meant depends on the subcommand, too.
fn paths(wide: &Matcher, narrow: &Matcher) -> bool {
    let pairs: [(&Patterns, &Patterns); 8] = [
        (&wide.reads, &narrow.reads),
        (&wide.writes, &narrow.writes),
        (&wide.reads_all, &narrow.reads_all),
        (&wide.reads_none, &narrow.reads_none),
        (&wide.writes_all, &narrow.writes_all),
        (&wide.writes_none, &narrow.writes_none),
        (&wide.names, &narrow.names),
        (&wide.names_all, &narrow.names_all),
    ];
    let asks = pairs.iter().any(|(wide, _)| !wide.is_empty());
    let same = pairs.iter().all(|(wide, narrow)| wide.is_empty() || wide == narrow);
    let cwd = wide.cwd.is_empty() || wide.cwd == narrow.cwd;
    cwd && (!asks || (same && wide.subcommand == narrow.subcommand))
}

fn maps(wide: &BTreeMap<String, Globs>, narrow: &BTreeMap<String, Globs>) -> bool {
    wide.iter().all(|(name, globs)| narrow.get(name).is_some_and(|other| any(&globs.0, &other.0)))
}

#[cfg(test)]
mod tests {
    use super::covers;
    use crate::policy::file::Matcher;

    #[track_caller]
    fn case(wide: &str, narrow: &str, expected: bool) {
        let table = |text: &str| toml::from_str::<Matcher>(text).unwrap();
        assert_eq!(covers(&table(wide), &table(narrow)), expected, "{wide} over {narrow}");
    }

    #[test]
    fn a_table_covers_what_asks_for_more() {
        case("", "program = 'git'", true);
        case("program = 'git'", "", false);
        case("program = 'git'", "program = ['git', 'hg']", false);
        case("program = ['git', 'hg']", "program = 'git'", true);
        case("program = 'g*'", "program = 'git'", true);
        case("program = 'g*'", "program = 'gi*'", false);
        case("program = '*'", "program = 'gi*'", true);
        case("subcommand = 'remote'", "subcommand = 'remote add'", true);
        case("subcommand = 'remote add'", "subcommand = 'remote'", false);
        case("subcommand = 'remote *'", "subcommand = 'remote add'", true);
        case("option = ['-f', '-r']", "option = '-f'", true);
        case("option = '-f'", "option = ['-f', '-r']", false);
        case("option = '-f'", "option_all = ['-f', '-r']", true);
        case("option_none = '-f'", "", false);
        case("option_none = '-f'", "option_none = ['-f', '-r']", true);
        case("operand = 'x'", "operand = 'x'", true);
        case("operand = 'x'", "operand = ['x', 'y']", false);
        case("operand = 'x'", "subcommand = 'a'\noperand = 'x'", false);
        case("operand_all = 'x'", "operand_all = ['x', 'y']", false);
        case("reads = 'x'", "reads = 'x'", true);
        case("reads = ['x', 'y']", "reads = 'x'", false);
        case("value = { '-n' = ['a', 'b'] }", "value = { '-n' = 'a' }", true);
        case("value = { '-n' = 'a' }", "", false);
        case("certain = true", "", false);
        case("", "certain = true", true);
        case("", "opaque = true", false);
        case("opaque = true", "opaque = true\ntext = 'x'", true);
        case("text = 'x'", "text = 'xy'", false);
        case("as_root = true", "as_root = true\nprogram = 'x'", true);
        case("exactly = ['a b', 'c']", "exactly = 'c'", true);
        case("exactly = 'c'", "program = 'c'", false);
    }
}
