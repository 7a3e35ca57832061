//! What in a policy does nothing: rules that can never decide, rules that contradict each other, overrides that change nothing,
//! and names that are misspelt.
//!
//! It says only what can be seen in the tables alone ([`covers`]), so that it raises no false alarm.

use super::cover::covers;
use super::file::{Rule, When};
use super::glob_text::is_glob;
use super::layer::{Authority, Policy, Said};
use super::matcher::text_matches;
use super::nearest::{is_one_slip, meant};
use super::problem::Step;
use super::proof::Finding;
use super::verdict::Verdict;
use crate::shell::Programs as _;

/// A rule with what the layers make of it.
struct Stated {
    rule: Rule,
    place: String,
    authority: Authority,
    verdict: Verdict,
    /// Claims that an override changes its verdict, everywhere or somewhere.
    is_changed: bool,
}

/// Returns what does nothing, in the packs too if `packs`.
pub(super) fn idle(policy: &Policy, packs: bool) -> Vec<Finding> {
    let all = stated(policy);
    let looked_at = all.iter().filter(|one| packs || one.authority != Authority::BuiltIn);
    let mut findings = Vec::new();
    for one in looked_at {
        let found = swallowed(one).or_else(|| outdone(one, &all));
        findings.extend(found.map(|(key, message)| {
            let place = policy.place_within(&one.place, "rule", &[Step::Key(key)]);
            Finding { place, message: format!("rule `{}`: {message}", one.rule.id) }
        }));
    }
    findings.extend(misspelt(policy));
    findings.extend(policy.said_overrides().iter().filter_map(|said| changes_nothing(policy, said, &all)));
    findings
}

fn stated(policy: &Policy) -> Vec<Stated> {
    let packs = policy.packs();
    let built_in =
        packs.rules().into_iter().map(|body| (body.rule.clone(), packs.place(&body), Authority::BuiltIn));
    let layered =
        policy.rules().iter().map(|placed| ((*placed.body).clone(), placed.place.clone(), placed.authority));
    let one = |(rule, place, authority): (Rule, String, Authority)| {
        let change = policy.overridden(&rule.id, authority, rule.verdict, rule.floor);
        let is_changed = change.is_some() || !policy.limited(&rule.id, authority, rule.floor).is_empty();
        let verdict = change.map_or(rule.verdict, |change| change.verdict);
        Stated { rule, place, authority, verdict, is_changed }
    };
    layered.chain(built_in).map(one).collect()
}

/// Claims that everything `narrow` matches, one of the tables of `wide` matches as well.
fn all_covered(narrow: &[super::file::Matcher], wide: &[super::file::Matcher]) -> bool {
    narrow.iter().all(|table| wide.iter().any(|by| covers(by, table)))
}

/// An exception that takes everything away.
fn swallowed(one: &Stated) -> Option<(&'static str, String)> {
    let rule = &one.rule;
    let is_swallowed = !rule.except.is_empty() && all_covered(&rule.matches, &rule.except);
    is_swallowed.then(|| ("except", "can never decide: `except` takes away all that `match` has".to_owned()))
}

/// Another rule that matches wherever this one does, and is stricter.
fn outdone(one: &Stated, all: &[Stated]) -> Option<(&'static str, String)> {
    let by = all.iter().find(|other| {
        other.verdict > one.verdict
            && !one.is_changed
            && !other.is_changed
            && other.rule.except.is_empty()
            && other.rule.when.is_none()
            && all_covered(&one.rule.matches, &other.rule.matches)
    });
    let same = |other: &Stated| {
        let (mine, theirs) = (&one.rule, &other.rule);
        let is_same =
            mine.matches == theirs.matches && mine.except == theirs.except && mine.when == theirs.when;
        is_same && other.verdict > one.verdict && !one.is_changed && !other.is_changed
    };
    if let Some(other) = all.iter().find(|other| same(other)) {
        let (id, place, mine, theirs) = (&other.rule.id, &other.place, one.verdict, other.verdict);
        let text = format!(
            "contradicts `{id}` ({place}): both match the same, `{mine}` here and `{theirs}` there, which counts"
        );
        return Some(("verdict", text));
    }
    let other = by?;
    let (id, place, verdict) = (&other.rule.id, &other.place, other.verdict);
    Some((
        "match",
        format!("can never decide: `{id}` ({place}) matches all of it, and its `{verdict}` is stricter"),
    ))
}

/// An override that leaves everything as it is.
fn changes_nothing(policy: &Policy, said: &Said, all: &[Stated]) -> Option<Finding> {
    let place = |key| policy.place_within(&said.place, "override", &[Step::Key(key)]);
    let mut spoken_of =
        all.iter().filter(|one| text_matches(&said.rule, &one.rule.id) && !one.rule.floor).peekable();
    spoken_of.peek()?;
    let is_same = |one: &Stated| {
        one.rule.verdict == said.verdict && (said.risk.is_none() || said.risk == one.rule.risk)
    };
    let spoken_of: Vec<&Stated> = spoken_of.collect();
    if spoken_of.iter().all(|one| is_same(one)) {
        let whose = if is_glob(&said.rule) { "every rule of" } else { "rule" };
        let message =
            format!("override of {whose} `{}` changes nothing: it is `{}` already", said.rule, said.verdict);
        return Some(Finding { place: place("verdict"), message });
    }
    let decides = |one: &&Stated| {
        let change = policy.overridden(&one.rule.id, one.authority, one.rule.verdict, false);
        change.is_none_or(|change| change.place == said.place || said.is_limited)
    };
    if spoken_of.iter().any(decides) {
        return None;
    }
    let first = spoken_of.first()?;
    let change = policy.overridden(&first.rule.id, first.authority, first.rule.verdict, false)?;
    let message = format!("override of `{}` changes nothing: the one at {} counts", said.rule, change.place);
    Some(Finding { place: place("rule"), message })
}

/// Names in rules of the files that are almost those of something known.
fn misspelt(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for placed in policy.rules() {
        let rule = &placed.body;
        let mut found = |at: &[Step<'_>], message: String| {
            let place = policy.place_within(&placed.place, "rule", at);
            findings.push(Finding { place, message: format!("rule `{}`: {message}", rule.id) });
        };
        for (at, table) in rule.matches.iter().enumerate() {
            for (which, name) in table.program.iter().enumerate() {
                if let Some(near) = almost_a_program(policy, name) {
                    let at = [Step::Key("match"), Step::Index(at), Step::Key("program"), Step::Index(which)];
                    found(&at, format!("nothing describes a program `{name}`, did you mean `{near}`?"));
                }
            }
        }
        let raised = rule.raise.iter().map(|raise| &raise.when);
        for (key, when) in
            rule.when.iter().map(|when| ("when", when)).chain(raised.map(|when| ("raise", when)))
        {
            for (name, value, near) in unset_labels(policy, when) {
                found(&[Step::Key(key)], format!("no label sets {name} `{value}`{near}"));
            }
        }
    }
    findings
}

/// A name of five letters or more that no pack knows, and that is one slip away from one that does; other digits are another version.
fn almost_a_program(policy: &Policy, name: &str) -> Option<String> {
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let is_ours = |name: &str| policy.program(name).is_some() || policy.packs().speaks_of(name);
    if name.len() < 5 || is_glob(name) || name.contains('/') || is_ours(name) {
        return None;
    }
    let mut known = policy.packs().program_names().filter(|known| known.len() >= 5);
    let near = known.find(|known| is_one_slip(known, name) && letters(known) != letters(name))?;
    Some(near.to_owned())
}

/// Values that no label sets but one almost does.
fn unset_labels<'a>(policy: &Policy, when: &'a When) -> Vec<(&'static str, &'a str, String)> {
    let parts = [("environment", &when.environment), ("region", &when.region), ("data", &when.data)];
    let mut all = Vec::new();
    for (name, values) in parts {
        let known = policy.label_values(name);
        for value in values.iter().filter(|value| !is_glob(value) && !known.contains(*value)) {
            let near = meant(value, known.iter().map(String::as_str));
            if !near.is_empty() {
                all.push((name, value.as_str(), near));
            }
        }
    }
    all
}
