//! Steps: a request that nobody answers, or that somebody hands on, goes to the next approvers; all of it is on record.

use crate::stage::{Stage, until};

fn user() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A policy whose only rule hands a request on after this long.
fn stage(after: &str) -> Stage {
    let user = user();
    Stage::new().policy(&format!(
        "[policy]\nversion = 1\ndefault = \"allow\"\n\
         [[rule]]\nid = \"test.make\"\nverdict = \"ask\"\nreason = \"makes a file\"\nmatch = {{ program = \"touch\" }}\n\
         [approval]\napprovers = [\"{user}\"]\nescalate = [{{ after = \"{after}\", to = [\"{user}\", \"mara\"] }}]\n\
         [[approver]]\nname = \"{user}\"\n[[approver]]\nname = \"mara\"\n"
    ))
}

fn shown(stage: &Stage, id: &str) -> String {
    String::from_utf8(stage.gate(["show", id]).output().stdout).unwrap()
}

/// Returns the entries of the log that say that a request was handed on by a timer.
fn handed_on(stage: &Stage) -> Vec<serde_json::Value> {
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
    let log = String::from_utf8(stage.gate(["audit", "log", "--json"]).output().stdout).unwrap();
    let entries = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    entries.filter(|entry| entry["data"]["change"] == "escalated").collect()
}

#[test]
fn a_timer_hands_a_request_on_and_its_requester_and_the_log_are_told() {
    let stage = stage("1s");
    let waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let id = waiting.id().to_owned();
    until("the next step", || shown(&stage, &id).contains("step         2 of 2, the last").then_some(()));
    until("its record", || (!handed_on(&stage).is_empty()).then_some(()));
    assert!(stage.gate(["approve", "--yes", &id]).on_terminal().output().status.success());
    let output = waiting.output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let mut names = [user(), "mara".to_owned()];
    names.sort();
    assert!(
        said.contains(&format!("nobody has decided on {id} in time; it now waits for {}", names.join(", "))),
        "{said}"
    );
    let entries = handed_on(&stage);
    assert_eq!((entries.len(), &entries[0]["data"]["step"]), (1, &1.into()));
}

#[test]
fn the_inbox_shows_the_step_and_the_time_that_is_left() {
    let stage = stage("1h");
    let waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let mut inbox = stage.gate(["inbox"]).interactive();
    inbox.shows("step 1 of 2; in 59 min");
    inbox.shows("it passes on to ");
    // What is typed before the question stands there is drained.
    inbox.shows("q leaves: ");
    inbox.send("q\r");
    assert_eq!(inbox.code(), 0);
    let up = stage.gate(["escalate", "--yes", "-m", "not mine", waiting.id()]).on_terminal().output();
    assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
    assert!(shown(&stage, waiting.id()).contains("step         2 of 2, the last"));
    let last = stage.gate(["escalate", "--yes", waiting.id()]).on_terminal().output();
    let said = String::from_utf8_lossy(&last.stderr).into_owned();
    assert!(last.status.code() == Some(1) && said.contains("there is no further step"), "{said}");
    assert!(handed_on(&stage).is_empty(), "what a person hands on is a decision, and on record as that");
}

#[test]
fn a_grant_is_given_in_the_inbox_too() {
    let stage = stage("1h");
    let waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let mut inbox = stage.gate(["inbox"]).interactive();
    inbox.shows("Enter reads it");
    inbox.send("\r");
    inbox.shows("> leave it for now");
    inbox.send("\x1b[B\x1b[B\x1b[B");
    inbox.shows("> approve it, and the same again for a while");
    inbox.send("\r");
    inbox.shows("for how long");
    inbox.send("2h\r");
    inbox.shows("how many runs");
    inbox.send("3\r");
    inbox.shows("of exactly this command (Enter)");
    inbox.send("\r");
    inbox.shows("3 runs, this one included, within 2 h of the approval");
    inbox.shows("grant it? [y/N]");
    inbox.send("y\r");
    inbox.shows("comment (recorded; may be empty)");
    inbox.send("\r");
    inbox.shows(&format!("gate: approved {}", waiting.id()));
    assert_eq!(waiting.output().status.code(), Some(0));
    inbox.send("q\r");
    assert_eq!(inbox.code(), 0);
    let again = stage.gate(["--wait", "0s", "--", "touch", "made"]).env("CLAUDECODE", "1").output();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.success() && said.contains("use 2 of 3"), "{said}");
}
