//! Overrides: what a layer makes of rules of its own or below, by their ids.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::file::{File, Matcher, Override};
use super::super::glob_text::is_glob;
use super::super::matcher::text_matches;
use super::super::nearest::meant;
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
    limited: Vec<Rc<Limited>>,
    /// All of them as they were said, those that do not count included.
    said: Vec<Said>,
}

/// An override as a file says it.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Said {
    pub(in crate::policy) rule: String,
    pub(in crate::policy) verdict: Verdict,
    pub(in crate::policy) risk: Option<Risk>,
    pub(in crate::policy) place: String,
    pub(in crate::policy) is_limited: bool,
}

/// An override that counts only where one of its tables matches.
#[derive(Debug)]
pub(in crate::policy) struct Limited {
    /// The rule's id, or a pattern for it.
    rule: String,
    pub(in crate::policy) matches: Vec<Matcher>,
    verdict: Verdict,
    risk: Option<Risk>,
    reason: String,
    place: String,
    authority: Authority,
}

impl Limited {
    /// Returns what it makes of a rule with the verdict `was`, where it matches for certain or only might.
    pub(in crate::policy) fn over(&self, was: Verdict, is_certain: bool) -> Overridden {
        // Unknown is not the same as forbidden.
        let verdict = if is_certain { self.verdict } else { self.verdict.min(was.max(Verdict::Ask)) };
        let (risk, reason) = (self.risk, self.reason.clone());
        Overridden { was, verdict, risk, reason, place: self.place.clone(), authority: self.authority }
    }

    /// Claims that it makes a rule with the verdict `was` more lenient.
    pub(in crate::policy) fn loosens(&self, was: Verdict) -> bool {
        self.verdict < was
    }
}

/// Returns which of two overrides of one rule counts: the stricter, and of equals the higher layer's.
pub(in crate::policy) fn stronger(known: Overridden, new: Overridden) -> Overridden {
    let is_stronger = (new.verdict, new.authority) > (known.verdict, known.authority);
    if is_stronger { new } else { known }
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
        all.reduce(stronger)
    }

    /// Returns the overrides of a rule of `authority` with this id that count only where they match.
    pub(in crate::policy) fn limited(&self, id: &str, authority: Authority, floor: bool) -> Vec<Rc<Limited>> {
        if floor || authority == Authority::Project {
            return Vec::new();
        }
        let speaks =
            |limited: &&Rc<Limited>| limited.authority >= authority && text_matches(&limited.rule, id);
        self.overrides.limited.iter().filter(speaks).cloned().collect()
    }

    /// Returns every override as its file says it.
    pub(in crate::policy) fn said_overrides(&self) -> &[Said] {
        &self.overrides.said
    }

    pub(super) fn add_overrides<'a>(&mut self, layer: &LayerText, file: &'a File) -> Result<(), Problem<'a>> {
        let lines = lines_of(&layer.text, "override");
        for (index, change) in file.overrides.iter().enumerate() {
            let at = vec![Step::Key("override"), Step::Index(index), Step::Key("rule")];
            let place = format!("{}:{}", layer.path, lines.get(index).unwrap_or(&1));
            self.overrides.said.push(Said {
                rule: change.rule.clone(),
                verdict: change.verdict,
                risk: change.risk,
                place: place.clone(),
                is_limited: !change.matches.is_empty(),
            });
            if !change.matches.is_empty() && change.rule.starts_with(OF_VARIABLES) {
                let message = format!("`match` cannot limit what overrides `{}`", change.rule);
                return problem(at, message);
            }
            if is_glob(&change.rule) {
                if !self.matches_some_rule(&change.rule) {
                    let near = self.meant_rule(&change.rule);
                    return problem(at, format!("`{}` matches no rule{near}", change.rule));
                }
                if !change.matches.is_empty() {
                    self.limit(change, layer.authority, place);
                    continue;
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
                    None => {
                        let near = self.meant_rule(&change.rule);
                        return problem(at, format!("unknown rule `{}`{near}", change.rule));
                    }
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
            match change.matches.is_empty() {
                true => self.override_one(change, was, layer.authority, place),
                false => self.limit(change, layer.authority, place),
            }
        }
        Ok(())
    }

    /// Claims that there is a rule with this id.
    pub(in crate::policy) fn has_rule(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.body.id == id) || self.packs.rule_by_id(id).is_some()
    }

    /// Returns `, did you mean …?` with the id that is nearest to `id`, if one is near.
    pub(in crate::policy) fn meant_rule(&self, id: &str) -> String {
        let mut known: Vec<&str> = self.packs.ids().collect();
        known.extend(self.rules.iter().map(|rule| rule.body.id.as_str()));
        meant(id, known)
    }

    fn limit(&mut self, change: &Override, authority: Authority, place: String) {
        let (rule, matches, reason) = (change.rule.clone(), change.matches.clone(), change.reason.clone());
        let (verdict, risk) = (change.verdict, change.risk);
        let limited = Limited { rule, matches, verdict, risk, reason, place, authority };
        self.overrides.limited.push(Rc::new(limited));
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
