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

/// A rule that says less cannot be read on a card, nor be held to anything.
#[test]
fn every_built_in_rule_is_complete() {
    let mut wanting = Vec::new();
    for (path, text) in packs() {
        let table: toml::Table = text.parse().unwrap();
        for rule in table.get("rule").and_then(toml::Value::as_array).into_iter().flatten() {
            let says = |key: &str| rule.get(key).and_then(toml::Value::as_str).is_some();
            let two =
                |key: &str| rule.get(key).and_then(toml::Value::as_array).is_some_and(|list| list.len() >= 2);
            let missing =
                ["id", "verdict", "reason", "risk", "category"].into_iter().filter(|key| !says(key));
            let short = ["examples", "counterexamples"].into_iter().filter(|key| !two(key));
            wanting.extend(missing.chain(short).map(|key| format!("{path}: {} wants {key}", rule["id"])));
        }
    }
    assert_eq!(wanting, Vec::<String>::new());
}

/// Who doubts a rule must be able to look it up.
#[test]
fn every_pack_names_the_manuals_it_was_written_from() {
    let manual = |line: &&str| {
        line.starts_with('#') && (line.contains("https://") || line.contains("(1)") || line.contains("(8)"))
    };
    let silent = packs().into_iter().filter(|(_, text)| !text.lines().any(|line| manual(&line)));
    assert_eq!(silent.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<String>::new());
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
    let authority = Authority::BuiltIn;
    let layers = packs().into_iter().map(|(path, text)| LayerText { authority, path, text }).collect();
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

/// Returns path and text of each pack.
fn packs() -> Vec<(String, String)> {
    let files = std::fs::read_dir("policies")
        .expect("the packs are beside the tests")
        .map(|entry| entry.expect("a directory is read to its end").path());
    let packs = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    packs
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("a pack is text")))
        .collect()
}
