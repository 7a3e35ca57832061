//! Observe mode: everything but the floor runs, and the record says what would have happened.

use serde_json::{Value, json};

use crate::stage::Stage;

const POLICY: &str = "\
[policy]
version = 1
mode = \"observe\"
[[rule]]
id      = 'own.ask'
verdict = 'ask'
reason  = 'asks'
match   = { program = 'touch' }
[[rule]]
id      = 'own.deny'
verdict = 'deny'
reason  = 'refuses'
match   = { program = 'false' }
";

fn observing() -> Stage {
    Stage::new().policy(POLICY)
}

/// Returns the newest `judged` entry.
fn judged(stage: &Stage) -> Value {
    let log = stage.gate(["audit", "log", "--json"]).output().stdout;
    let entries = String::from_utf8(log).unwrap();
    let mut entries = entries.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.rfind(|entry| entry["type"] == "judged").unwrap()
}

#[test]
fn what_would_be_asked_or_refused_runs_and_is_recorded_as_not_enforced() {
    let stage = observing();
    stage.gate(["--", "touch", "made"]).check();
    stage.program("ls", ["made"]).stdout("made\n").check();
    let entry = judged(&stage);
    assert_eq!((&entry["mode"], &entry["data"]["verdict"]), (&json!("observed"), &json!("ask")));
    assert_eq!(entry["policy"]["rules"][0], "own.ask");
    stage.gate(["--", "false"]).code(1).check();
    assert_eq!(judged(&stage)["data"]["verdict"], "deny");
    stage.gate(["-c", "kill -TERM $$"]).code(-15).check();
    stage.gate(["-c", "echo out; echo err >&2; exit 7"]).stdout("out\n").stderr("err\n").code(7).check();
    stage.gate(["requests"]).stderr("gate: nothing waits for a decision\n").check();
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn log_tells_what_was_not_enforced_and_counts_it() {
    let stage = observing();
    stage.gate(["--", "touch", "made"]).check();
    stage.gate(["--", "true"]).check();
    let output = stage.gate(["audit", "log"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("touch made  ask (not enforced) own.ask"), "{text}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "gate: 1 of 2 judgements here was not enforced: the policy only observed\n");
    let json = stage.gate(["audit", "log", "--json"]).output();
    assert!(json.stderr.is_empty());
}

#[test]
fn result_says_that_it_was_only_observed() {
    let stage = observing();
    stage.gate(["--result", "r.json", "--", "touch", "made"]).check();
    let result: Value = serde_json::from_slice(&std::fs::read(stage.cwd().join("r.json")).unwrap()).unwrap();
    assert_eq!((&result["verdict"], &result["observed"]), (&json!("ask"), &json!(true)));
    stage.gate(["--result", "r.json", "--", "true"]).check();
    let result: Value = serde_json::from_slice(&std::fs::read(stage.cwd().join("r.json")).unwrap()).unwrap();
    assert_eq!((&result["verdict"], result.get("observed")), (&json!("allow"), None));
}

#[test]
fn only_the_user_or_an_administrator_may_say_observe() {
    let stage = Stage::new().file(".gate/policy.toml", "[policy]\nversion = 1\nmode = \"observe\"\n");
    let output = stage.gate(["--", "touch", "made"]).output();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(".gate/policy.toml:3:8: `mode`"), "{text}");
    assert_eq!(output.status.code(), Some(125));
    // A project that enforces is not heard either: it may only add rules.
    let stage = observing().file(".gate/policy.toml", "[policy]\nversion = 1\nmode = \"enforce\"\n");
    assert_eq!(stage.gate(["--", "true"]).output().status.code(), Some(125));
}

/// What observe mode does with a script: `runs`, `asks` or `refuses`. Nothing here would do harm if it ran.
#[track_caller]
fn case(script: &str, expected: &str) {
    let stage = observing();
    let output = stage.gate(["explain", "--json", "-c", script]).output();
    let judgement: Value = serde_json::from_slice(&output.stdout).unwrap();
    let hits = judgement["actions"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|action| action["rules"].as_array().unwrap());
    let floor = hits.filter(|hit| hit["floor"] == true).map(|hit| hit["verdict"].as_str().unwrap());
    let told =
        match floor.max_by_key(|verdict| ["allow", "ask", "deny"].iter().position(|one| one == verdict)) {
            Some("deny") => "refuses",
            Some("ask") => "asks",
            _ => "runs",
        };
    assert_eq!(told, expected, "{script}: {judgement:#}");
}

#[test]
fn floor_holds_also_where_only_a_part_can_be_read() {
    for line in include_str!("../vectors/observe.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some((expected, script)) = line.split_once(": ") {
            case(&script.replace("\\n", "\n"), expected);
        }
    }
}

#[test]
fn floor_really_holds_when_it_is_run() {
    let stage = observing().file("gate.py", "open('own', 'w')\n");
    let refused = stage.gate(["-c", "touch made; true > .gate/policy.toml"]).output();
    assert_eq!(refused.status.code(), Some(126), "{}", String::from_utf8_lossy(&refused.stderr));
    let code = "touch made; eval \"$nothing\" # .config/gate/policy.toml";
    let asked = stage.gate(["--wait", "0s", "-c", code]).output();
    assert_eq!(asked.status.code(), Some(124), "{}", String::from_utf8_lossy(&asked.stderr));
    stage.program("ls", Vec::<&str>::new()).stdout("gate.py\n").check();
    assert_eq!(judged(&stage)["mode"], "enforced");
}

#[test]
fn one_line_switches_to_enforce() {
    let stage = observing();
    stage.gate(["--", "touch", "made"]).check();
    let stage = stage.policy(&POLICY.replace("observe", "enforce"));
    assert_eq!(stage.gate(["--wait", "0s", "--", "touch", "other"]).output().status.code(), Some(124));
}

#[test]
fn observing_is_said_aloud() {
    let stage = observing();
    let shown = stage.gate(["policy", "show", "own.ask", "--json"]).output();
    let said =
        "gate: mode is `observe`: these rules are judged and recorded, NOT enforced; only the floor holds\n";
    assert_eq!(String::from_utf8(shown.stderr).unwrap(), said);
    let doctor = String::from_utf8(stage.gate(["doctor"]).output().stdout).unwrap();
    assert!(
        doctor.contains("`observe`: verdicts are recorded and NOT enforced; everything but the floor runs"),
        "{doctor}"
    );
    let stage = Stage::new();
    let init = stage.gate(["init", "--observe"]).output();
    assert!(String::from_utf8(init.stderr).unwrap().contains("nothing is held back yet but the floor"));
    stage.gate(["--", "touch", "made"]).check();
    let again = stage.gate(["init", "--observe"]).output();
    assert!(String::from_utf8(again.stderr).unwrap().contains("an existing policy is never changed"));
}
