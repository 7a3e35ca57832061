//! Every rule of the built-in packs does what its examples say.

use gate::policy::{Finding, Policy, prove};

#[test]
fn built_in_rules_do_what_their_examples_say() {
    let findings = prove(&Policy::built_in(), true);
    let lines: Vec<String> =
        findings.iter().map(|Finding { place, message }| format!("{place}: {message}")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
