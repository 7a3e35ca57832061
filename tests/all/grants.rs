//! Grants: an approval that stays valid for a number of runs or a while, what it covers, and how it is taken back.

use crate::stage::{Run, Stage};

const POLICY: &str = r#"
[policy]
version = 1
default = "allow"
[[rule]]
id = "test.make"
verdict = "ask"
risk = "high"
reason = "makes a file"
match = { program = "touch" }
[[rule]]
id = "test.remove"
verdict = "ask"
risk = "high"
reason = "removes a file"
match = { program = "rmdir" }
[[rule]]
id = "test.worst"
verdict = "ask"
risk = "critical"
reason = "does worse"
match = { program = "touch", operand = ["worst"] }
"#;

fn stage() -> Stage {
    Stage::new().policy(POLICY)
}

fn by(number: &str) -> String {
    format!("gate: approved by a grant of {} ([ID], use {number})\n", user())
}

fn user() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn agent<'a>(stage: &'a Stage, args: &[&str]) -> Run<'a> {
    stage.gate(["--wait", "0s"].iter().chain(args)).env("CLAUDECODE", "1")
}

/// Has an agent ask for `args`, and a person approve it with `with`; returns the id.
#[track_caller]
fn granted(stage: &Stage, args: &[&str], with: &[&str]) -> String {
    let asked = agent(stage, args).output();
    assert_eq!(asked.status.code(), Some(124), "{}", String::from_utf8_lossy(&asked.stderr));
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    let id = said.split("waiting for approval ").nth(1).expect("an id")[..14].to_owned();
    let approve = ["approve", "--yes", &id].into_iter().chain(with.iter().copied());
    let output = stage.gate(approve).on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    id
}

#[track_caller]
fn runs(stage: &Stage, args: &[&str], stderr: &str) {
    agent(stage, args).stderr(stderr).check();
}

#[track_caller]
fn asks(stage: &Stage, args: &[&str]) {
    let output = agent(stage, args).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(124), "{said}");
    assert!(said.contains("waiting for approval"), "{said}");
}

#[track_caller]
fn verified(stage: &Stage) {
    let output = stage.gate(["audit", "verify"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_number_of_uses_is_counted_and_then_asked_about_again() {
    let stage = stage();
    let touch = ["--", "touch", "made"];
    granted(&stage, &touch, &["--uses", "3"]);
    runs(&stage, &touch, &format!("gate: approved by {} via tty\n", user()).replace(&user(), "[USER]"));
    runs(&stage, &touch, &by("2 of 3"));
    stage
        .gate(["grants"])
        .stdout(&format!(
            "
            [ID]  exact  used 2 of 3    [SPAN] left  agent:claude-code  touch made
                            3 runs, this one included, within [SPAN] of the approval, to agent claude-code on behalf of {0}
                            of exactly this command, with all that is bound to it
                            given by {0}
            ",
            user()
        ))
        .check();
    runs(&stage, &touch, &by("3 of 3"));
    asks(&stage, &touch);
    stage.gate(["grants"]).stderr("gate: nothing is granted\n").check();
    verified(&stage);
}

#[test]
fn each_use_is_on_record_with_its_grant_and_its_number() {
    let stage = stage();
    let touch = ["--", "touch", "made"];
    let id = granted(&stage, &touch, &["--for", "1h"]);
    for _ in 0..3 {
        assert!(agent(&stage, &touch).output().status.success());
    }
    let log = String::from_utf8(stage.gate(["audit", "log", "--json"]).output().stdout).unwrap();
    let entries: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let used = entries.iter().filter(|entry| entry["type"] == "grant.used");
    let numbers: Vec<_> =
        used.map(|entry| (entry["data"]["grant"].clone(), entry["data"]["use"].clone())).collect();
    assert_eq!(numbers, [(id.clone().into(), 2.into()), (id.clone().into(), 3.into())]);
    let decision = entries.iter().find(|entry| entry["type"] == "decision").unwrap();
    let expected = serde_json::json!({ "scope": "exact", "uses": null, "seconds": 3600 });
    assert_eq!(decision["decision"]["grant"], expected, "what it grants is part of the decision");
    agent(&stage, &["--result", "r.json", "--", "touch", "made"]).stderr(&by("4")).check();
    let result = std::fs::read_to_string(stage.cwd().join("r.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!((&result["grant"], &result["state"]), (&id.into(), &"SUCCEEDED".into()));
    verified(&stage);
}

#[test]
fn a_grant_for_the_rule_covers_other_words_here_and_nothing_else() {
    let stage = stage().file("sub/keep", "").file("old/keep", "");
    let output = agent(&stage, &["--", "touch", "a"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let id = &said.split("waiting for approval ").nth(1).unwrap()[..14];
    let approve = ["approve", "--yes", "--for", "1h", "--scope", "rule", id];
    let told = stage.gate(approve).on_terminal().output();
    let card = String::from_utf8_lossy(&told.stdout).into_owned();
    for line in [
        "would grant  any number of runs within 1 h of the approval, to agent claude-code",
        "for which test.make ask",
        "by the same programs, with the same instruction files, variables",
    ] {
        assert!(card.replace("\n             ", " ").contains(line), "{line} in:\n{card}");
    }
    runs(&stage, &["--", "touch", "b"], &by("2"));
    runs(&stage, &["--", "touch", "c", "d"], &by("3"));
    for other in [
        &["--", "rmdir", "old"][..],
        &["-c", "cd sub && touch a"],
        &["-c", "touch a; eval \"$x\""],
        &["--", "sudo", "touch", "a"],
    ] {
        let output = agent(&stage, other).output();
        assert!(!String::from_utf8_lossy(&output.stderr).contains("a grant of"), "{other:?}: {output:?}");
    }
    let elsewhere = agent(&stage, &["--", "touch", "a"]).cwd(stage.cwd().join("sub")).output();
    assert_eq!(elsewhere.status.code(), Some(124), "another directory");
    let codex = stage.gate(["--wait", "0s", "--", "touch", "e"]).output();
    assert_eq!(codex.status.code(), Some(124), "another requester");
    let worst = agent(&stage, &["--", "touch", "worst"]).output();
    assert_eq!(worst.status.code(), Some(124), "another rule asks too, at critical risk");
    verified(&stage);
}

#[test]
fn a_grant_for_the_rule_does_not_cover_a_program_that_was_put_in_its_place() {
    let stage = stage().script("bin/touch", "#!/bin/sh\necho anything > anything\n");
    granted(&stage, &["--", "touch", "a"], &["--for", "1h", "--scope", "rule"]);
    let path = format!("{}:/usr/bin:/bin", stage.cwd().join("bin").display());
    let other = agent(&stage, &["--", "touch", "b"]).env("PATH", path).output();
    assert_eq!(other.status.code(), Some(124), "{}", String::from_utf8_lossy(&other.stderr));
    assert!(!stage.cwd().join("anything").exists());
}

#[test]
fn what_may_not_be_granted_is_refused_and_said() {
    let once = format!("{POLICY}[approval]\ngrant = \"once\"\n");
    let uses = format!("{POLICY}[approval]\ngrant = \"uses\"\n");
    for (policy, words, with, why) in [
        (once.as_str(), "made", &["--uses", "2"][..], "the policy permits one run of it and no grant"),
        (uses.as_str(), "made", &["--for", "1h"], "the policy permits a number of runs only"),
        (POLICY, "made", &["--for", "8d"], "more than nothing and at most 7 d can be granted"),
        (POLICY, "made", &["--uses", "1001"], "1001 uses, at least 1 and at most 1000 can be granted"),
        (POLICY, "worst", &["--for", "1h", "--scope", "rule"], "below critical risk"),
        (POLICY, "made", &["--only", "1"], "it is no plan with a command on line 1"),
    ] {
        let stage = Stage::new().policy(policy);
        let said = agent(&stage, &["--", "touch", words]).output().stderr;
        let said = String::from_utf8_lossy(&said).into_owned();
        let id = &said.split("waiting for approval ").nth(1).unwrap()[..14];
        let approve = ["approve", "--yes", id].into_iter().chain(with.iter().copied());
        let output = stage.gate(approve).on_terminal().output();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.contains(why), "{why}: {told}");
        let listed = stage.gate(["requests"]).output();
        assert!(String::from_utf8_lossy(&listed.stdout).contains("pending"), "{why}");
        verified(&stage);
    }
}

#[test]
fn a_revoked_grant_stops_the_next_use_at_once() {
    let stage = stage();
    let touch = ["--", "touch", "made"];
    let id = granted(&stage, &touch, &["--for", "1h"]);
    runs(&stage, &touch, "gate: approved by [USER] via tty\n");
    stage
        .gate(["revoke", &id, "-m", "enough"])
        .on_terminal()
        .stderr("gate: revoked the grant [ID] after 1 uses\n")
        .check();
    asks(&stage, &touch);
    let again = stage.gate(["revoke", &id]).on_terminal().output();
    assert_eq!(again.status.code(), Some(1));
    let again = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.contains("nothing is left of the grant") && again.contains("it is revoked"), "{again}");
    let all = stage.gate(["grants", "--all", "--json"]).output();
    let all: serde_json::Value = serde_json::from_slice(&all.stdout).unwrap();
    assert_eq!((&all[0]["state"], &all[0]["revoked_by"]), (&"REVOKED".into(), &user().into()));
    verified(&stage);
}

#[test]
fn an_approval_that_was_not_used_is_revoked_too() {
    let stage = stage();
    let id = granted(&stage, &["--", "touch", "made"], &["--uses", "2"]);
    let said = "gate: took the approval of [ID] back; nothing was run\n\
                gate: revoked the grant [ID] after 1 of 2 uses\n";
    stage.gate(["revoke", &id]).on_terminal().stderr(said).check();
    let resumed = stage.gate(["resume", &id]).env("CLAUDECODE", "1").output();
    assert_eq!(resumed.status.code(), Some(126));
    assert!(!stage.cwd().join("made").exists());
    asks(&stage, &["--", "touch", "made"]);
    verified(&stage);
}

#[test]
fn a_requester_gives_up_its_own_grant_and_no_other() {
    let stage = stage();
    let id = granted(&stage, &["--", "touch", "made"], &["--for", "1h"]);
    let other = stage.gate(["revoke", &id]).env("CODEX_SANDBOX", "1").env("AI_AGENT", "codex").output();
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(other.status.code() == Some(1) && said.contains("another requester's"), "{said}");
    let said =
        "gate: took the approval of [ID] back; nothing was run\ngate: revoked the grant [ID] after 1 uses\n";
    stage.gate(["revoke", &id]).env("CLAUDECODE", "1").stderr(said).check();
    asks(&stage, &["--", "touch", "made"]);
    verified(&stage);
}

#[test]
fn a_changed_policy_ends_every_grant() {
    let stage = stage();
    granted(&stage, &["--", "touch", "made"], &["--for", "1h"]);
    runs(&stage, &["--", "touch", "made"], "gate: approved by [USER] via tty\n");
    let stage = stage.policy(&format!("{POLICY}\n# changed\n"));
    asks(&stage, &["--", "touch", "made"]);
}

#[test]
fn a_changed_program_is_not_what_was_granted() {
    let stage = stage().script("deploy", "#!/bin/sh\ntouch made\n");
    let command = ["-c", "./deploy; touch made"];
    granted(&stage, &command, &["--for", "1h"]);
    runs(&stage, &command, "gate: approved by [USER] via tty\n");
    runs(&stage, &command, &by("2"));
    std::fs::write(stage.cwd().join("deploy"), "#!/bin/sh\ntouch other\n").unwrap();
    asks(&stage, &command);
    assert!(!stage.cwd().join("other").exists());
}

#[test]
fn a_request_that_waits_already_takes_up_a_grant_that_came_later() {
    let stage = stage();
    asks(&stage, &["--", "touch", "b"]);
    granted(&stage, &["--", "touch", "a"], &["--for", "1h", "--scope", "rule"]);
    runs(&stage, &["--", "touch", "b"], &by("2"));
    verified(&stage);
}

#[test]
fn the_last_use_is_taken_once_by_whoever_comes_first() {
    let stage = stage();
    let command = ["-c", "touch made; echo ran >> log"];
    granted(&stage, &command, &["--uses", "4"]);
    assert!(agent(&stage, &command).output().status.success());
    let all: Vec<_> = (0..8).map(|_| agent(&stage, &command).spawn_only()).collect();
    let codes: Vec<_> =
        all.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    let count = |code| codes.iter().filter(|found| **found == Some(code)).count();
    // Those that find an approval that another has just taken up say so, and run nothing.
    assert_eq!(count(0) + count(124), 8, "{codes:?}");
    let ran = std::fs::read_to_string(stage.cwd().join("log")).unwrap().lines().count();
    assert!(ran == count(0) + 1 && (2..=4).contains(&ran), "{ran} runs, {codes:?}");
    verified(&stage);
}

#[test]
fn a_scope_needs_a_number_or_a_time() {
    let stage = stage();
    asks(&stage, &["--", "touch", "made"]);
    let told =
        "gate: `--scope` says what a grant covers; say how often or how long too, with `--uses` or `--for`\n";
    stage.gate(["approve", "7KQ2", "--scope", "rule"]).stderr(told).code(2).check();
    let usage = stage.gate(["approve", "7KQ2", "--only", "3-1"]).output();
    assert_eq!(usage.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&usage.stderr).contains("`3-1` is no list of lines"));
}

#[test]
fn below_a_granted_run_the_same_holds_as_below_an_approved_one() {
    let gate = env!("CARGO_BIN_EXE_gate");
    let stage = stage().script("deploy", &format!("#!/bin/sh\n{gate} --home ../home -- touch made\n"));
    let command = ["-c", "./deploy; touch other"];
    granted(&stage, &command, &["--uses", "3"]);
    runs(&stage, &command, "gate: approved by [USER] via tty\n");
    std::fs::remove_file(stage.cwd().join("made")).unwrap();
    runs(&stage, &command, &by("2 of 3"));
    assert!(stage.cwd().join("made").exists());
    verified(&stage);
}

/// Whoever writes the database has a request say that other rules ask about it, so that a grant for the rule seems to cover it.
#[test]
fn a_grant_is_not_stretched_by_what_a_request_says_of_itself() {
    let other = "[[rule]]\nid = \"test.other\"\nverdict = \"ask\"\nrisk = \"high\"\nreason = \"makes another\"\n\
                 match = { program = \"touch\", operand = [\"other\"] }\n";
    let stage = Stage::new().policy(&format!("{POLICY}{other}"));
    let given = granted(&stage, &["--", "touch", "made"], &["--for", "1h", "--scope", "rule"]);
    runs(&stage, &["--", "touch", "made"], "gate: approved by [USER] via tty\n");
    let waiting = stage.gate(["--", "touch", "other"]).env("CLAUDECODE", "1").start();
    let script = r#"
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
own, grant = (id.replace("-", "") for id in sys.argv[2:])
statement, progress, = map(json.loads, db.execute("SELECT statement, progress FROM requests WHERE id = ?", [own]).fetchone())
statement["ask"]["rules"] = [rule for rule in statement["ask"]["rules"] if rule["rule"] == "test.make"]
progress.update(state="APPROVED", version=progress["version"] + 1, approved=statement["created"],
                granted={"grant": sys.argv[3], "number": 2, "of": None, "by": ["mara"]})
db.execute("UPDATE requests SET state = 'APPROVED', version = ?, statement = ?, progress = ? WHERE id = ?",
           (progress["version"], json.dumps(statement).encode(), json.dumps(progress), own))
used, = db.execute("SELECT progress FROM grants WHERE id = ?", [grant]).fetchone()
used = json.loads(used)
used.update(used=2, version=used["version"] + 1)
db.execute("UPDATE grants SET version = ?, progress = ? WHERE id = ?", (used["version"], json.dumps(used), grant))
db.commit()
"#;
    let database = stage.home().join("gate.db").display().to_string();
    let edited = stage.program("python3", ["-c", script, &database, waiting.id(), &given]).output();
    assert!(edited.status.success(), "{}", String::from_utf8_lossy(&edited.stderr));
    let output = waiting.output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(126), "{said}");
    assert!(said.contains("the rules ask otherwise than its request says"), "{said}");
    assert!(!stage.cwd().join("other").exists());
}
