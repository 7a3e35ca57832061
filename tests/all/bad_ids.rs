//! Ids that name no request, or more than one.

use crate::stage::Stage;

const ASK: &str = "[policy]\nversion = 1\n[[rule]]\nid = \"test.make\"\nverdict = \"ask\"\nreason = \"makes a file\"\n\
                   match = { program = \"touch\" }\nexamples = [\"touch x\", \"touch y\"]\ncounterexamples = [\"ls\", \"cat x\"]\n";

/// A stage with one request that was cancelled.
fn stage() -> Stage {
    let stage = Stage::new().policy(ASK);
    let waiting = stage.gate(["--", "touch", "x"]).start();
    assert!(stage.gate(["cancel", waiting.id()]).output().status.success());
    drop(waiting);
    stage
}

#[test]
fn id_that_nothing_begins_with_is_told() {
    let stage = stage();
    for subcommand in ["show", "approve", "reject", "escalate", "cancel"] {
        // U is no letter of an id, so it is malformed; twelve times the same letter is just not there.
        stage
            .gate([subcommand, "UUUU"])
            .stderr("gate: `UUUU` is no request id, like `[ID]` or its beginning\n")
            .code(1)
            .check();
        stage
            .gate([subcommand, "ZZZZZZZZZZZZ"])
            .stderr("gate: no request begins with `ZZZZZZZZZZZZ`; see `gate requests`\n")
            .code(1)
            .check();
        stage
            .gate([subcommand, "\u{202e}"])
            .stderr("gate: `\\u{202e}` is no request id, like `[ID]` or its beginning\n")
            .code(1)
            .check();
    }
}

#[test]
fn id_that_two_begin_with_is_ambiguous() {
    let stage = Stage::new().policy(ASK);
    // 33 requests cannot all begin with different characters of 32; one requester may have 20 waiting.
    for n in 0..33 {
        let waiting = stage.gate(["--", "touch", &n.to_string()]).start();
        assert!(stage.gate(["cancel", waiting.id()]).output().status.success());
    }
    let all = stage.gate(["requests", "--all", "--json"]).output();
    let all: serde_json::Value = serde_json::from_slice(&all.stdout).unwrap();
    let first = |request: &serde_json::Value| request["id"].as_str().unwrap().chars().next().unwrap();
    let firsts: Vec<char> = all.as_array().unwrap().iter().map(first).collect();
    let twice = firsts.iter().find(|c| firsts.iter().filter(|other| other == c).count() > 1).unwrap();
    let said = stage.gate(["show", &twice.to_string()]).output();
    let text = String::from_utf8(said.stderr).unwrap();
    assert!(
        text.starts_with(&format!("gate: `{twice}` may be ")) && text.ends_with("; type more of it\n"),
        "{text}"
    );
    assert_eq!(said.status.code(), Some(1));
}

#[test]
fn without_a_store_nothing_is_made_by_looking() {
    let stage = Stage::new().policy(ASK);
    for subcommand in ["show", "approve", "reject", "cancel"] {
        stage
            .gate([subcommand, "7KQ2"])
            .stderr("gate: error: there is no store at `[ROOT]/home/gate.db`; the first gated command makes one\n")
            .code(125)
            .check();
    }
    stage.program("ls", ["../home"]).stdout("policy.toml\n").check();
}
