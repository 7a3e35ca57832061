//! Who says that a command has a label: the conditions of its table, in words for a person.
//!
//! MUST: no argument's text is repeated, for it may hold a secret; the pattern that it matched is.

use super::facts::named;
use super::file::{LabelSet, Matcher};
use super::glob_text::is_glob;
use super::labels::Regions;
use super::matcher::text_matches;
use super::subject::Subject;
use crate::shell::Truth;
use crate::world::Fact;

/// Returns what makes `table` match.
pub(super) fn by(table: &Matcher, subject: &Subject<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (name, globs) in &table.fact {
        parts.push(of_fact(name, &globs.0, subject));
    }
    parts.extend(table.value.keys().map(|option| format!("`{option}`")));
    parts.extend(table.env.keys().map(|name| format!("variable `{name}`")));
    for options in [&table.option, &table.option_all] {
        parts.extend(
            options.iter().filter(|option| is_given(option, subject)).map(|option| format!("`{option}`")),
        );
    }
    for (patterns, what) in [
        (&table.operand, "an operand like"),
        (&table.operand_all, "operands like"),
        (&table.stdin_from, "input from"),
        (&table.pipes_to, "output to"),
        (&table.inside, "being inside"),
    ] {
        parts.extend(like(what, patterns.iter().map(String::as_str)));
    }
    let paths = [&table.reads, &table.reads_all, &table.writes, &table.writes_all, &table.names];
    parts.extend(paths.iter().any(|list| !list.is_empty()).then(|| "a path in it".to_owned()));
    parts.extend((!table.cwd.is_empty()).then(|| "the directory".to_owned()));
    parts.extend(table.text.as_ref().map(|_| "words in the arguments".to_owned()));
    if parts.is_empty() {
        parts.push(format!("`{}`", subject.name));
    }
    parts.join(" and ")
}

fn like<'a>(what: &str, mut patterns: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = patterns.next()?;
    let more = if patterns.next().is_some() { ", …" } else { "" };
    Some(format!("{what} `{first}`{more}"))
}

fn is_given(option: &str, subject: &Subject<'_>) -> bool {
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    let is_it = |given: &str| given == name || (is_glob(name) && text_matches(name, given));
    subject.arguments.options.iter().any(|given| is_it(&given.name) || is_it(&given.canonical))
}

/// Returns the fact with the value that matches, and who says so.
fn of_fact(name: &str, globs: &[String], subject: &Subject<'_>) -> String {
    let Some(found) = named(name).map(|fact| subject.fact(fact)) else { return name.to_owned() };
    let is_match = |value: &str| globs.iter().any(|glob| text_matches(glob, value));
    match found.values.iter().find(|stated| is_match(&stated.value)) {
        Some(stated) => format!("{name} `{}` by {}", stated.value, stated.from),
        None => format!("{name}, which is not known"),
    }
}

/// Notes the regions that a label speaks of. It speaks of the data where it matches what the command names, or says whose data it is;
/// else of where the command works. A fact names its region more exactly than the label does.
pub(super) fn regions(
    set: &LabelSet,
    telling: &[&Matcher],
    subject: &Subject<'_>,
    apparent: Truth,
    regions: &mut Regions,
) {
    if set.region.is_empty() {
        return;
    }
    let places = telling.iter().filter_map(|table| place_of_data(table, subject));
    let data = places.chain((!set.data.is_empty()).then_some(usize::MAX)).min();
    for region in &set.region {
        regions.add(region, apparent, data);
    }
    for (name, globs) in telling.iter().flat_map(|table| &table.fact) {
        let Some(fact) = named(name).filter(|fact| matches!(fact, Fact::AwsRegion | Fact::GcloudRegion))
        else {
            continue;
        };
        let found = subject.fact(fact);
        let values = found.values.iter().map(|stated| stated.value.as_str());
        for value in values.filter(|value| globs.0.iter().any(|glob| text_matches(glob, value))) {
            regions.add(value, apparent, None);
        }
    }
}

/// Returns the place of the first word that a table takes for data; the last of all where that is no single word.
fn place_of_data(table: &Matcher, subject: &Subject<'_>) -> Option<usize> {
    let operands = [&table.operand, &table.operand_all];
    let others = [&table.reads, &table.reads_all, &table.names].iter().any(|list| !list.is_empty());
    if !others && table.text.is_none() && operands.iter().all(|list| list.is_empty()) {
        return None;
    }
    let patterns = || operands.iter().flat_map(|list| list.iter());
    let is_it = |text: &str| patterns().any(|pattern| text_matches(pattern, text));
    let mut texts = subject.arguments.operands.iter().map(|operand| subject.word(operand.index).as_literal());
    let at = texts.position(|text| text.is_some_and(|text| is_it(&String::from_utf8_lossy(&text))));
    Some(at.map_or(usize::MAX, |at| at + 1))
}
