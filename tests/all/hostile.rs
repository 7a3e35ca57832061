//! What a requester with bad intent, or in a bad situation, can make gate do: nothing that it could not do without it.

use crate::stage::Stage;

const ALLOW: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n";

#[test]
fn a_result_never_goes_to_gates_own_files() {
    let stage = Stage::new().policy(ALLOW);
    let refused = |name: &str| {
        format!(
            "gate: error: failed to open the result file `[ROOT]/home/{name}`: it lies among gate's own files\n\
             gate: not run: true\ngate: hint: name another file for the result\n"
        )
    };
    let to = |name: &str| {
        let path = stage.home().join(name);
        stage.gate(["--", "true"]).env("GATE_RESULT", path).stderr(&refused(name)).code(125).check();
    };
    to("gate.db");
    stage.gate(["--", "true"]).check();
    // As a checkpoint leaves it: empty, and the place of the next entries.
    std::fs::write(stage.home().join("gate.db-wal"), "").unwrap();
    for name in ["gate.db-wal", "gate.lock", "runs/9", "config.toml"] {
        to(name);
    }
}

#[test]
fn an_approval_survives_the_attempt_to_use_it_from_elsewhere() {
    let asks = "[policy]\nversion = 1\ndefault = \"allow\"\n[[rule]]\nid = \"test.touch\"\nverdict = \"ask\"\n\
                risk = \"high\"\nreason = \"a test asks\"\nmatch = { program = \"touch\" }\n";
    let stage = Stage::new().policy(asks);
    let waiting = stage.gate(["--wait", "0s", "--", "touch", "made"]).output();
    assert_eq!(waiting.status.code(), Some(124));
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    assert!(stage.gate(["approve", id, "--yes"]).on_terminal().output().status.success());
    let elsewhere = "gate: [ID] was approved with another `PATH` than this process has; nothing was run\n\
                     gate: not run: touch made\n\
                     gate: hint: the approval still stands: run the command again as it was asked\n";
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt";
    stage.gate(["resume", id]).env("PATH", path).stderr(elsewhere).code(126).check();
    assert!(!stage.cwd().join("made").exists());
    assert_eq!(stage.gate(["resume", id]).output().status.code(), Some(0));
    assert!(stage.cwd().join("made").exists());
}
