//! What the policy promises, as tables and properties. Policies here stand on no packs.

mod bad_files;
mod conditions;
mod cost;
mod globs;
mod layers;
mod links;
mod properties;
mod trust;

use super::{Authority, Judgement, LayerText, Packs, Policy, PolicyError, judge_in_test_world};

/// How the tools of these tests read their arguments.
const TOOLS: &str = r#"
[policy]
version = 1
[[program]]
name   = "tool"
values = ["-n", "--context", "-o", "--output"]
flags  = ["-v", "--verbose", "-r", "-f", "--recursive", "--force", "--dry-run"]
reads  = ["operands"]
writes = ["value:-o", "value:--output"]
[[program]]
name   = "place"
reads  = ["init"]
writes = ["last"]
[[program]]
name   = "sudo"
values = ["-u"]
options_first = true
runs   = { after_operands = 0, as_root = true }
[[program]]
name   = "bash"
runs   = { shell_option = "-c" }
"#;

fn layer(authority: Authority, path: &str, text: &str) -> LayerText {
    LayerText { authority, path: path.to_owned(), text: text.to_owned() }
}

/// Returns the policy of the files alone, without packs.
fn try_policy(layers: &[(Authority, &str)]) -> Result<Policy, PolicyError> {
    let name = |authority: &Authority| match authority {
        Authority::System => "system.toml",
        Authority::User => "user.toml",
        Authority::Project => "project.toml",
        Authority::BuiltIn => "pack.toml",
    };
    let layers = layers.iter().map(|(authority, text)| layer(*authority, name(authority), text)).collect();
    Policy::over(Packs::none(), layers)
}

#[track_caller]
fn policy(layers: &[(Authority, &str)]) -> Policy {
    match try_policy(layers) {
        Ok(policy) => policy,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn user(rules: &str) -> Policy {
    policy(&[(Authority::User, &format!("{TOOLS}\n{rules}"))])
}

fn rule(id: &str, verdict: &str, rest: &str) -> String {
    format!("[[rule]]\nid = 'test.{id}'\nverdict = '{verdict}'\nreason = 'a test'\n{rest}\n")
}

fn verdict(policy: &Policy, script: &str) -> Judgement {
    judge_in_test_world(policy, script)
}
