//! Every rule of the built-in packs does what its examples say.

use gate::policy::{Authority, Finding, InForce, LayerText, Packs, Policy, Risk, judge_in_test_world, prove};

#[test]
fn built_in_rules_do_what_their_examples_say() {
    let findings = prove(&Policy::built_in(), true);
    let lines: Vec<String> =
        findings.iter().map(|Finding { place, message }| format!("{place}: {message}")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// Rules of high risk that have nothing better to offer, and why.
const NO_BETTER: [(&str, &str); 5] = [
    ("azure.run", "running code in the subscription is what is asked for, and no other command does less"),
    ("build.compiler-plug-in", "a compiler without the plug-in does another thing"),
    (
        "containers.lifecycle",
        "starting and stopping is the mild form already, and `--dry-run` is not held back",
    ),
    ("gcloud.run", "a shell on the machine is what is asked for, and no other command does less"),
    ("system.windows", "many programs with nothing in common, and no dry run in most of them"),
];

/// Whoever is held back from something dangerous is told what to do instead, wherever the tool has a safer way.
#[test]
fn every_rule_of_high_risk_has_somewhere_better_to_go() {
    let policy = Policy::built_in();
    let rules = policy.in_force();
    let is_high = |rule: &&InForce| rule.worst.is_some_and(|risk| risk >= Risk::High);
    let silent: Vec<&str> = rules
        .iter()
        .filter(is_high)
        .filter(|rule| rule.instead.is_none())
        .map(|rule| rule.id.as_str())
        .collect();
    let listed: Vec<&str> = NO_BETTER.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(
        silent, listed,
        "each rule of high risk has an `instead`, or stands in the list with a reason"
    );
    for rule in rules.iter().filter(|rule| rule.instead.is_some()) {
        let instead = rule.instead.as_deref().unwrap_or_default();
        assert!(!instead.trim().is_empty() && !instead.contains('\n'), "{}: one line", rule.id);
        assert!(instead.chars().count() <= 130, "{}: short", rule.id);
    }
}

/// The examples of `docs/policy.md` are policies that gate reads: one file with all that belongs together, and one for each `[policy]`.
#[test]
fn documented_policies_are_valid() {
    let text = std::fs::read_to_string("docs/policy.md").unwrap();
    let blocks: Vec<&str> =
        text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let (own, mut shared): (Vec<&str>, Vec<&str>) =
        blocks.iter().skip(1).partition(|block| block.starts_with("[policy]"));
    shared.insert(0, blocks[0]);
    assert!(shared.len() >= 7 && shared[0].starts_with("[policy]"));
    for text in own.into_iter().map(str::to_owned).chain([shared.join("\n")]) {
        let authority = Authority::User;
        let file = LayerText { authority, path: "docs/policy.md".to_owned(), text };
        let policy = Policy::from_layers(vec![file]);
        assert!(policy.is_ok(), "{}", policy.err().map_or(String::new(), |error| error.to_string()));
    }
}

/// Leaving out what cannot match, by the compiled index, changes no answer.
#[test]
fn compiled_packs_judge_as_their_sources_do() {
    let mut layers = Vec::new();
    for entry in std::fs::read_dir("policies").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.display().to_string();
            layers.push(LayerText { authority: Authority::BuiltIn, path, text });
        }
    }
    let (compiled, sources) = (Policy::built_in(), Policy::over(Packs::none(), layers).unwrap());
    let hits = |policy: &Policy, script: &str| {
        let judgement = judge_in_test_world(policy, script);
        judgement.hits().map(|hit| (hit.rule.clone(), hit.verdict)).collect::<Vec<_>>()
    };
    for rule in compiled.in_force() {
        for script in rule.examples.iter().chain(&rule.counterexamples) {
            assert_eq!(hits(&compiled, script), hits(&sources, script), "{script}");
        }
    }
}
