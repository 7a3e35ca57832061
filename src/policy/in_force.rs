//! The rules in force, as a person asks for them.

use super::blob::Reach;
use super::file::Rule;
use super::layer::{Authority, Overridden, Policy};
use super::verdict::{Risk, Verdict};

/// One rule with what the layers make of it.
#[derive(Clone, Debug)]
pub struct InForce {
    pub id: String,
    /// Its verdict, overrides included.
    pub verdict: Verdict,
    /// None for an `allow`.
    pub risk: Option<Risk>,
    /// The highest risk that any circumstances raise it to. None for an `allow`.
    pub worst: Option<Risk>,
    pub reason: String,
    pub instead: Option<String>,
    pub authority: Authority,
    /// `policies/git.toml:12`
    pub place: String,
    pub floor: bool,
    /// The programs it names, globs excepted.
    pub programs: Vec<String>,
    pub overridden: Option<Overridden>,
    pub examples: Vec<String>,
    pub counterexamples: Vec<String>,
}

impl Policy {
    /// Returns every rule in force, the highest authority first.
    pub fn in_force(&self) -> Vec<InForce> {
        let layered = self.rules().iter().map(|placed| {
            let rule = &*placed.body;
            let proof = (rule.examples.clone(), rule.counterexamples.clone());
            self.one(rule, placed.authority, placed.place.clone(), proof)
        });
        let packs = self.packs();
        let bodies = packs.rules();
        let built_in = bodies.iter().enumerate().map(|(entry, body)| {
            let proof = packs.proof(entry);
            let proof = (proof.examples, proof.counterexamples);
            self.one(&body.rule, Authority::BuiltIn, packs.place(body), proof)
        });
        let mut all: Vec<InForce> = layered.chain(built_in).collect();
        all.sort_by(|one, other| other.authority.cmp(&one.authority).then_with(|| one.id.cmp(&other.id)));
        all
    }

    /// Claims that some rule asks what time it is: the same command may then come to another verdict later.
    pub fn asks_the_time(&self) -> bool {
        let asks = |rule: &Rule| {
            let raised = rule.raise.iter().map(|raise| &raise.when);
            rule.when.iter().chain(raised).any(|when| !when.hours.is_empty())
        };
        let built_in = self.packs().rules();
        built_in.iter().any(|body| asks(&body.rule)) || self.rules().iter().any(|placed| asks(&placed.body))
    }

    fn one(
        &self,
        rule: &Rule,
        authority: Authority,
        place: String,
        (examples, counterexamples): (Vec<String>, Vec<String>),
    ) -> InForce {
        let overridden = self.overridden(&rule.id, authority, rule.verdict, rule.floor);
        let verdict = overridden.as_ref().map_or(rule.verdict, |change| change.verdict);
        let risk = overridden.as_ref().and_then(|change| change.risk).or(rule.risk).unwrap_or(Risk::Medium);
        let worst = rule.raise.iter().map(|raise| raise.risk).fold(risk, Risk::max);
        let restricts = verdict > Verdict::Allow;
        InForce {
            id: rule.id.clone(),
            verdict,
            risk: restricts.then_some(risk),
            worst: restricts.then_some(worst),
            reason: rule.reason.clone().unwrap_or_default(),
            instead: rule.instead.clone(),
            authority,
            place,
            floor: rule.floor,
            programs: Reach::of(&rule.matches).names,
            overridden,
            examples,
            counterexamples,
        }
    }
}
