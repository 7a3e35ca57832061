//! Whether a policy does what its rules say: examples, counterexamples and tests, judged in the [`TestWorld`].

use std::path::Path;

use jiff::Timestamp;

use super::file::{File, Matcher, Rule, Test};
use super::idle::idle;
use super::judge::{Judgement, judge};
use super::layer::{Authority, LayerText, Policy};
use super::problem::Step;
use super::test_world::{PROJECT, TestWorld};
use super::verdict::{Risk, Verdict};
use super::when::Circumstances;
use crate::command::{Command, Dialect, Source};
use crate::shell::analyse;

/// Something that a policy says of itself and that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `policies/git.toml:12:1`
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
    for test in run_tests(policy) {
        let place = test.place;
        findings.extend(test.failure.map(|message| Finding { place, message }));
    }
    findings.extend(idle(policy, packs));
    findings
}

/// A `[[test]]` and what came of it.
#[derive(Clone, Debug)]
pub struct Tested {
    /// `policy.toml:12:11`
    pub place: String,
    pub command: String,
    pub expected: Verdict,
    pub verdict: Verdict,
    pub risk: Risk,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// What is wrong, if it does not hold.
    pub failure: Option<String>,
}

impl Tested {
    /// Claims that it stands in the file called `path`.
    pub fn is_in(&self, path: &str) -> bool {
        let mut parts = self.place.rsplitn(3, ':');
        parts.nth(2) == Some(path)
    }
}

/// Runs the tests of every file, the packs included, in the [`TestWorld`].
pub fn run_tests(policy: &Policy) -> Vec<Tested> {
    let run = |(place, test): (String, Test)| {
        let judgement = judge_in_test_world(policy, &test.command);
        let (failure, wrong) = match failed(policy, &test, &judgement) {
            Some((key, message)) => (Some(message), key),
            None => (None, "command"),
        };
        let mut rules: Vec<String> = judgement.hits().map(|hit| hit.rule.clone()).collect();
        rules.sort();
        rules.dedup();
        Tested {
            place: policy.place_within(&place, "test", &[Step::Key(wrong)]),
            command: test.command,
            expected: test.verdict,
            verdict: judgement.verdict,
            risk: judgement.risk,
            rules,
            failure,
        }
    };
    policy.tests().into_iter().map(run).collect()
}

/// Claims that a policy file holds tests and nothing else.
pub fn only_tests(layer: &LayerText) -> bool {
    let Ok(file) = toml::from_str::<File>(&layer.text) else { return false };
    let has_settings = file
        .policy
        .is_some_and(|head| head.default.is_some() || head.mode.is_some() || head.trusted_path.is_some());
    let lists = file.rule.len() + file.overrides.len() + file.program.len() + file.variable.len();
    let more = file.label.len() + file.approver.len() + file.group.len();
    !file.test.is_empty() && !has_settings && lists + more == 0 && file.approval.is_empty()
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
        self.finding_at(&[], message)
    }

    fn finding_at(&self, inner: &[Step<'_>], message: String) -> Finding {
        let place = self.policy.place_within(self.place, "rule", inner);
        Finding { place, message: format!("rule `{}`: {message}", self.rule.id) }
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
        let at = |(at, script)| self.example(at, script);
        findings.extend(examples.iter().enumerate().filter_map(at));
        let at = |(at, script)| self.counterexample(at, script);
        findings.extend(counterexamples.iter().enumerate().filter_map(at));
    }

    fn example(&self, at: usize, script: &String) -> Option<Finding> {
        let at = [Step::Key("examples"), Step::Index(at)];
        let judgement = judge_in_test_world(self.policy, script);
        let is_hit = judgement.hits().any(|hit| hit.rule == self.rule.id);
        let by_when = self.rule.when.is_some();
        if !is_hit && !by_when {
            let others = spoke(&judgement);
            return Some(self.finding_at(&at, format!("example `{script}` is not matched; {others}")));
        }
        // The whole policy need only agree where no other layer speaks.
        let is_refused = self.rule.verdict == Verdict::Allow
            && self.authority == Authority::BuiltIn
            && judgement.verdict != Verdict::Allow;
        is_refused.then(|| {
            let others = spoke(&judgement);
            self.finding_at(&at, format!("example `{script}` comes to `{}`; {others}", judgement.verdict))
        })
    }

    fn counterexample(&self, at: usize, script: &String) -> Option<Finding> {
        let at = [Step::Key("counterexamples"), Step::Index(at)];
        let judgement = judge_in_test_world(self.policy, script);
        let is_hit = judgement.hits().any(|hit| hit.rule == self.rule.id);
        is_hit.then(|| self.finding_at(&at, format!("counterexample `{script}` is matched")))
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

/// Returns what is wrong with a test's outcome, and which of its keys says otherwise.
fn failed(policy: &Policy, test: &Test, judgement: &Judgement) -> Option<(&'static str, String)> {
    let command = &test.command;
    if judgement.verdict != test.verdict {
        let (verdict, expected) = (judgement.verdict, test.verdict);
        let said = spoke(judgement);
        return Some((
            "verdict",
            format!("test `{command}` comes to `{verdict}`, expected `{expected}`; {said}"),
        ));
    }
    if let Some(risk) = test.risk.filter(|risk| *risk != judgement.risk) {
        return Some((
            "risk",
            format!("test `{command}` comes to risk `{}`, expected `{risk}`", judgement.risk),
        ));
    }
    let missing = test.rules.iter().find(|rule| !judgement.hits().any(|hit| hit.rule == **rule))?;
    let meant = if policy.has_rule(missing) { String::new() } else { policy.meant_rule(missing) };
    let said = spoke(judgement);
    Some(("rules", format!("test `{command}` is not matched by `{missing}`{meant}; {said}")))
}
