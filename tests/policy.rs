//! Every rule of the built-in packs does what its examples say.

use gate::policy::{Authority, Finding, LayerText, Policy, prove};

#[test]
fn built_in_rules_do_what_their_examples_say() {
    let findings = prove(&Policy::built_in(), true);
    let lines: Vec<String> =
        findings.iter().map(|Finding { place, message }| format!("{place}: {message}")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// The examples of `docs/policy.md` are policies that gate reads.
#[test]
fn documented_policies_are_valid() {
    let text = std::fs::read_to_string("docs/policy.md").unwrap();
    let blocks: Vec<&str> =
        text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 7);
    let head = if blocks[0].contains("version") { "" } else { "[policy]\nversion = 1\n" };
    let file = LayerText {
        authority: Authority::User,
        path: "docs/policy.md".to_owned(),
        text: format!("{head}{}", blocks.join("\n")),
    };
    let policy = Policy::from_layers(vec![file]);
    assert!(policy.is_ok(), "{}", policy.err().map_or(String::new(), |error| error.to_string()));
}
