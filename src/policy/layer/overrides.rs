//! Overrides: what a layer makes of rules of its own or below, by their ids.

use std::collections::BTreeMap;

use super::super::file::{File, Override};
use super::super::glob_text::is_glob;
use super::super::matcher::text_matches;
use super::super::problem::{Problem, Step, lines_of};
use super::super::verdict::{Risk, Verdict};
use super::{Authority, LayerText, Policy, problem};

/// What an override makes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overridden {
    /// The verdict the rule had.
    pub was: Verdict,
    /// The verdict it has.
    pub verdict: Verdict,
    pub risk: Option<Risk>,
    /// Why, in the words of the override.
    pub reason: String,
    /// Who says so: `/etc/gate/policy.d/50.toml:12`.
    pub place: String,
    pub authority: Authority,
}

/// All overrides in force.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    by_id: BTreeMap<String, Overridden>,
    patterns: Vec<Pattern>,
}

/// An override of every rule whose id matches: `git.*`. What it overrides is found when a rule is looked at, so that no pack
/// is decoded for it.
#[derive(Debug)]
struct Pattern {
    glob: String,
    verdict: Verdict,
    risk: Option<Risk>,
    reason: String,
    place: String,
    authority: Authority,
}

/// The ids of what asks because of a variable begin so; each variable that changes what runs has one.
pub(in crate::policy) const OF_VARIABLES: &str = "env.";

impl Policy {
    /// Returns what overrides make of a rule of `authority` with this id and the verdict `was`.
    ///
    /// Of several the strictest counts, and of equals the higher layer's, so that a lower layer's only counts where it is
    /// stricter; the floor knows none.
    pub(in crate::policy) fn overridden(
        &self,
        id: &str,
        authority: Authority,
        was: Verdict,
        floor: bool,
    ) -> Option<Overridden> {
        if floor {
            return None;
        }
        let by_pattern = self.overrides.patterns.iter().filter(|pattern| {
            authority != Authority::Project
                && pattern.authority >= authority
                && text_matches(&pattern.glob, id)
        });
        let by_pattern = by_pattern.map(|pattern| Overridden {
            was,
            verdict: pattern.verdict,
            risk: pattern.risk,
            reason: pattern.reason.clone(),
            place: pattern.place.clone(),
            authority: pattern.authority,
        });
        let all = self.overrides.by_id.get(id).cloned().into_iter().chain(by_pattern);
        all.reduce(|known, new| {
            let is_stronger = (new.verdict, new.authority) > (known.verdict, known.authority);
            if is_stronger { new } else { known }
        })
    }

    pub(super) fn add_overrides<'a>(&mut self, layer: &LayerText, file: &'a File) -> Result<(), Problem<'a>> {
        let lines = lines_of(&layer.text, "override");
        for (index, change) in file.overrides.iter().enumerate() {
            let at = vec![Step::Key("override"), Step::Index(index), Step::Key("rule")];
            let place = format!("{}:{}", layer.path, lines.get(index).unwrap_or(&1));
            if is_glob(&change.rule) {
                if !self.matches_some_rule(&change.rule) {
                    return problem(at, format!("`{}` matches no rule", change.rule));
                }
                self.overrides.patterns.push(Pattern {
                    glob: change.rule.clone(),
                    verdict: change.verdict,
                    risk: change.risk,
                    reason: change.reason.clone(),
                    place,
                    authority: layer.authority,
                });
                continue;
            }
            let (was, floor, authority) = match self.rules.iter().find(|rule| rule.body.id == change.rule) {
                Some(rule) => (rule.body.verdict, rule.body.floor, rule.authority),
                None => match self.packs.rule_by_id(&change.rule) {
                    Some(body) => (body.rule.verdict, body.rule.floor, Authority::BuiltIn),
                    None if change.rule.starts_with(OF_VARIABLES) => {
                        let name = change.rule.trim_start_matches(OF_VARIABLES);
                        (Verdict::Ask, false, self.authority_over_variable(name))
                    }
                    None => return problem(at, format!("unknown rule `{}`", change.rule)),
                },
            };
            if floor {
                return problem(
                    at,
                    format!("`{}` belongs to the floor, which nothing overrides", change.rule),
                );
            }
            if authority > layer.authority || authority == Authority::Project {
                let whose = authority.word();
                let message = format!(
                    "`{}` is a rule of the {whose} layer, which this file cannot change",
                    change.rule
                );
                return problem(at, message);
            }
            self.override_one(change, was, layer.authority, place);
        }
        Ok(())
    }

    fn matches_some_rule(&self, glob: &str) -> bool {
        self.rules.iter().any(|rule| text_matches(glob, &rule.body.id))
            || self.packs.ids().any(|id| text_matches(glob, id))
            || glob.starts_with(OF_VARIABLES)
    }

    /// The highest authority's word counts; another's only where it is stricter. Files come highest first.
    fn override_one(&mut self, change: &Override, was: Verdict, authority: Authority, place: String) {
        let (verdict, risk, reason) = (change.verdict, change.risk, change.reason.clone());
        let new = Overridden { was, verdict, risk, reason, place, authority };
        match self.overrides.by_id.get_mut(&change.rule) {
            Some(known) if new.verdict > known.verdict => *known = new,
            Some(_) => {}
            None => {
                self.overrides.by_id.insert(change.rule.clone(), new);
            }
        }
    }
}
