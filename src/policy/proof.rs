//! Whether a policy does what its rules say: examples, counterexamples and tests, judged in the [`TestWorld`].

use std::path::Path;

use jiff::Timestamp;

use super::file::{Matcher, Rule, Test};
use super::judge::{Judgement, judge};
use super::layer::{Authority, Policy};
use super::test_world::{PROJECT, TestWorld};
use super::verdict::Verdict;
use super::when::Circumstances;
use crate::command::{Command, Dialect, Source};
use crate::shell::analyse;

/// Something that a policy says of itself and that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `policies/git.toml:12`
    pub place: String,
    pub message: String,
}

/// The fewest examples, and counterexamples, that a built-in rule has.
const ENOUGH: usize = 2;

/// Returns everything in `policy` that does not hold, the built-in packs included if `packs`.
pub fn prove(policy: &Policy, packs: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if packs {
        for (entry, body) in policy.packs().rules().iter().enumerate() {
            let proof = policy.packs().proof(entry);
            let place = policy.packs().place(body);
            let proven = Proven { policy, rule: &body.rule, place: &place, authority: Authority::BuiltIn };
            proven.count(&proof.examples, &proof.counterexamples, &mut findings);
            proven.check(&proof.examples, &proof.counterexamples, &mut findings);
        }
    }
    for placed in policy.rules() {
        let rule = &*placed.body;
        let proven = Proven { policy, rule, place: &placed.place, authority: placed.authority };
        proven.check(&rule.examples, &rule.counterexamples, &mut findings);
    }
    for (place, test) in policy.tests() {
        findings.extend(failed(policy, &test).map(|message| Finding { place, message }));
    }
    findings
}

/// Returns how many examples and tests [`prove`] would judge.
pub fn count(policy: &Policy, packs: bool) -> usize {
    let built_in = if packs { policy.packs().len() } else { 0 };
    let built_in = (0..built_in).map(|entry| {
        let proof = policy.packs().proof(entry);
        proof.examples.len() + proof.counterexamples.len()
    });
    let layered =
        policy.rules().iter().map(|rule| rule.body.examples.len() + rule.body.counterexamples.len());
    built_in.chain(layered).sum::<usize>() + policy.tests().len()
}

/// Returns what `policy` says about a script in the [`TestWorld`].
pub fn judge_in_test_world(policy: &Policy, script: &str) -> Judgement {
    let source = Source::Script {
        dialect: Dialect::Bash,
        options: Vec::new(),
        text: script.as_bytes().to_vec(),
        args: Vec::new(),
    };
    let command = Command { source, cwd: PROJECT.into() };
    let analysis = analyse(&command, &TestWorld, policy);
    let around = Circumstances {
        requester: "human:dev",
        is_proven: true,
        start: Path::new(PROJECT),
        now: Timestamp::UNIX_EPOCH,
    };
    judge(&analysis, policy, &TestWorld, &around)
}

struct Proven<'a> {
    policy: &'a Policy,
    rule: &'a Rule,
    place: &'a str,
    authority: Authority,
}

impl Proven<'_> {
    fn finding(&self, message: String) -> Finding {
        Finding { place: self.place.to_owned(), message: format!("rule `{}`: {message}", self.rule.id) }
    }

    fn count(&self, examples: &[String], counterexamples: &[String], findings: &mut Vec<Finding>) {
        for (what, list) in [("examples", examples), ("counterexamples", counterexamples)] {
            if list.len() < ENOUGH {
                findings.push(self.finding(format!("{} {what}, needs {ENOUGH}", list.len())));
            }
        }
    }

    fn check(&self, examples: &[String], counterexamples: &[String], findings: &mut Vec<Finding>) {
        findings.extend(dead(self.rule).map(|message| self.finding(message)));
        findings.extend(examples.iter().filter_map(|script| self.example(script)));
        findings.extend(counterexamples.iter().filter_map(|script| self.counterexample(script)));
    }

    fn example(&self, script: &str) -> Option<Finding> {
        let judgement = judge_in_test_world(self.policy, script);
        let is_hit = judgement.hits().any(|hit| hit.rule == self.rule.id);
        let by_when = self.rule.when.is_some();
        if !is_hit && !by_when {
            let others = spoke(&judgement);
            return Some(self.finding(format!("example `{script}` is not matched; {others}")));
        }
        // The whole policy need only agree where no other layer speaks.
        let is_refused = self.rule.verdict == Verdict::Allow
            && self.authority == Authority::BuiltIn
            && judgement.verdict != Verdict::Allow;
        is_refused.then(|| {
            let others = spoke(&judgement);
            self.finding(format!("example `{script}` comes to `{}`; {others}", judgement.verdict))
        })
    }

    fn counterexample(&self, script: &str) -> Option<Finding> {
        let judgement = judge_in_test_world(self.policy, script);
        let is_hit = judgement.hits().any(|hit| hit.rule == self.rule.id);
        is_hit.then(|| self.finding(format!("counterexample `{script}` is matched")))
    }
}

fn spoke(judgement: &Judgement) -> String {
    let mut said: Vec<String> = judgement.hits().map(|hit| format!("`{}`", hit.rule)).collect();
    let silent = judgement.actions.iter().filter(|action| action.hits.is_empty());
    said.extend(silent.filter_map(|action| action.because.clone()));
    said.dedup();
    match (said.is_empty(), judgement.actions.is_empty()) {
        (true, true) => "nothing would run".to_owned(),
        (true, false) => "no rule spoke".to_owned(),
        (false, _) => format!("what spoke: {}", said.join(", ")),
    }
}

/// Returns why a rule can never match, if that can be seen.
fn dead(rule: &Rule) -> Option<String> {
    let reasons: Vec<String> = rule.matches.iter().filter_map(contradiction).collect();
    if reasons.len() == rule.matches.len() { reasons.into_iter().next() } else { None }
}

fn contradiction(table: &Matcher) -> Option<String> {
    let both = |wanted: &[String], refused: &[String]| {
        !wanted.is_empty() && wanted.iter().all(|one| refused.contains(one))
    };
    let has_arguments = !table.option.is_empty()
        || !table.option_all.is_empty()
        || !table.operand.is_empty()
        || !table.subcommand.is_empty()
        || !table.value.is_empty();
    if both(&table.option, &table.option_none) || both(&table.option_all, &table.option_none) {
        return Some("can never match: `option_none` refuses every option that is asked for".to_owned());
    }
    if both(&table.operand, &table.operand_none) || (!table.operand.is_empty() && table.operand_none == ["*"])
    {
        return Some("can never match: `operand_none` refuses every operand that is asked for".to_owned());
    }
    if table.bare == Some(true) && has_arguments {
        return Some("can never match: `bare` refuses the arguments that are asked for".to_owned());
    }
    for (key, pattern) in [("text", &table.text), ("script", &table.script)] {
        if let Some(Err(error)) = pattern.as_deref().map(regex_lite::Regex::new) {
            return Some(format!("`{key}` is no regular expression: {error}"));
        }
    }
    None
}

/// Returns what is wrong with a test's outcome.
fn failed(policy: &Policy, test: &Test) -> Option<String> {
    let judgement = judge_in_test_world(policy, &test.command);
    if judgement.verdict != test.verdict {
        return Some(format!(
            "test `{}` comes to `{}`, expected `{}`; {}",
            test.command,
            judgement.verdict,
            test.verdict,
            spoke(&judgement)
        ));
    }
    if let Some(risk) = test.risk.filter(|risk| *risk != judgement.risk) {
        return Some(format!(
            "test `{}` comes to risk `{}`, expected `{risk}`",
            test.command, judgement.risk
        ));
    }
    let missing = test.rules.iter().find(|rule| !judgement.hits().any(|hit| hit.rule == **rule))?;
    Some(format!("test `{}` is not matched by `{missing}`; {}", test.command, spoke(&judgement)))
}
