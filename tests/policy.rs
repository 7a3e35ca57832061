//! Every rule of the built-in packs does what its examples say.

use gate::policy::{Authority, Finding, LayerText, Packs, Policy, judge_in_test_world, prove};

#[test]
fn built_in_rules_do_what_their_examples_say() {
    let findings = prove(&Policy::built_in(), true);
    let lines: Vec<String> =
        findings.iter().map(|Finding { place, message }| format!("{place}: {message}")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
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
