//! Grants in the store: found, counted, revoked, and held to what the log says.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::approval::sample::{ask, at, command, content, decision, origin, recheck};
use crate::approval::{
    Answer, Assurance, Content, Decision, Grant, GrantScope, GrantState, Head, Outcome, PlanLine, Refusal,
    Request, State, Terms, Withheld,
};
use crate::audit::{Tampered, Verified, Verifier};
use crate::identity::People;

const FORCE: &[&str] = &["git", "push", "--force"];

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), at(0)).unwrap()
}

fn submitted(store: &mut Store, now: u64, words: &[&str]) -> Request {
    match store.submit(at(now), content(words), ask("claude")).unwrap() {
        Submitted::Created(request) | Submitted::Joined(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn granted(store: &mut Store, uses: Option<u32>) -> Request {
    let request = submitted(store, 1, FORCE);
    let terms = Terms { scope: GrantScope::Exact, uses, lasts: Duration::from_secs(900) };
    let yes = Decision { grant: Some(terms), ..decision(&request, "mara", Answer::Approve) };
    store.decide(at(2), request.id, &yes, &People::default()).unwrap()
}

fn run(store: &mut Store, now: u64, request: &Request) -> Result<(), ChangeError> {
    let (_, run) =
        store.claim(at(now), request.id, (recheck(request), None), &origin(), None, &People::default())?;
    store.finish(at(now), run, Outcome::Exited(0)).unwrap();
    Ok(())
}

#[track_caller]
fn verified(store: &Store) -> Result<(), String> {
    store.verify(|_| ()).unwrap().map(|_| ()).map_err(|found| format!("{}: {}", found.what, found.found))
}

#[test]
fn a_use_is_a_request_of_its_own_that_runs_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, Some(3));
    run(&mut store, 3, &first).unwrap();
    let second = submitted(&mut store, 4, FORCE);
    assert_eq!((second.state(), second.progress.granted.as_ref().unwrap().number), (State::Approved, 2));
    assert_eq!(submitted(&mut store, 5, FORCE).id, second.id, "one that waits for its start is joined");
    run(&mut store, 6, &second).unwrap();
    assert!(run(&mut store, 7, &second).is_err());
    let third = submitted(&mut store, 8, FORCE);
    run(&mut store, 9, &third).unwrap();
    assert_eq!(submitted(&mut store, 10, FORCE).state(), State::Pending);
    assert_eq!(store.grant(first.id).unwrap().unwrap().progress.state, GrantState::Spent);
    verified(&store).unwrap();
}

#[test]
fn twenty_requests_that_wait_keep_nobody_from_what_is_granted() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, None);
    run(&mut store, 3, &first).unwrap();
    for number in 0..MOST_PENDING {
        submitted(&mut store, 4, &["rm", &number.to_string()]);
    }
    assert!(matches!(
        store.submit(at(5), content(&["rm", "x"]), ask("claude")).unwrap(),
        Submitted::TooMany { .. }
    ));
    assert_eq!(submitted(&mut store, 5, FORCE).state(), State::Approved);
}

#[test]
fn revoking_takes_back_what_the_grant_has_approved_and_nobody_has_started() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, None);
    run(&mut store, 3, &first).unwrap();
    let second = submitted(&mut store, 4, FORCE);
    let no = decision(&first, "jo", Answer::Reject);
    let revoked =
        store.revoke(at(5), first.id, &Revoker::Approver(Box::new(no)), &People::default()).unwrap();
    assert!(!revoked.is_unclaimed && revoked.grant.is_some());
    assert_eq!(store.request(second.id).unwrap().unwrap().state(), State::Invalidated);
    assert!(run(&mut store, 6, &second).is_err());
    verified(&store).unwrap();
}

#[test]
fn a_rejection_of_an_approval_takes_its_grant_back_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, None);
    store.decide(at(3), first.id, &decision(&first, "jo", Answer::Reject), &People::default()).unwrap();
    assert_eq!(store.grant(first.id).unwrap().unwrap().progress.state, GrantState::Revoked);
    assert_eq!(submitted(&mut store, 4, FORCE).state(), State::Pending);
    verified(&store).unwrap();
}

#[test]
fn a_use_that_no_grant_has_given_does_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, Some(2));
    run(&mut store, 3, &first).unwrap();
    let waiting = submitted(&mut store, 4, &["rm", "x"]);
    let mut forged = submitted(&mut store, 5, FORCE);
    let taken = forged.progress.granted.clone();
    // Whoever writes the database gives another request the use that was given to this one.
    forged = waiting.clone();
    (forged.progress.granted, forged.progress.state) = (taken, State::Approved);
    forged.progress.approved = Some(at(5));
    let progress = serde_json::to_string(&forged.progress).unwrap();
    let sql = "UPDATE requests SET state = 'APPROVED', progress = ? WHERE id = ?";
    store.db.execute(sql, rusqlite::params![progress, waiting.id.as_str()]).unwrap();
    let refused = run(&mut store, 6, &forged).unwrap_err();
    assert!(matches!(refused, ChangeError::Refused { refusal: Refusal::Grant(_), .. }), "{refused}");
    assert!(verified(&store).is_err(), "and the log says otherwise");
}

#[test]
fn what_the_database_says_of_the_assurance_of_a_grants_approvals_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, Some(5));
    run(&mut store, 3, &first).unwrap();
    let mut strong = store.request(first.id).unwrap().unwrap();
    strong.progress.decisions[0].assurance = Assurance::Hardware;
    let progress = serde_json::to_string(&strong.progress).unwrap();
    store.db.execute("UPDATE requests SET progress = ?", [progress]).unwrap();
    let mut stricter = ask("claude");
    stricter.requirement.assurance = Assurance::Hardware;
    let Submitted::Created(wanted) = store.submit(at(4), content(FORCE), stricter).unwrap() else {
        panic!("it is new");
    };
    assert_eq!(wanted.state(), State::Approved, "the row is believed until it counts");
    let refused = run(&mut store, 5, &wanted).unwrap_err();
    assert!(
        matches!(refused, ChangeError::Refused { refusal: Refusal::Grant(Withheld::Stricter), .. }),
        "{refused}"
    );
}

#[test]
fn a_grant_for_longer_than_any_number_is_refused_and_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let request = submitted(&mut store, 1, FORCE);
    let terms = Terms { scope: GrantScope::Exact, uses: None, lasts: Duration::from_secs(u64::MAX) };
    let yes = Decision { grant: Some(terms), ..decision(&request, "mara", Answer::Approve) };
    assert!(store.decide(at(2), request.id, &yes, &People::default()).is_err());
    verified(&store).unwrap();
}

#[test]
fn a_grant_that_was_given_more_uses_in_the_database_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, Some(5));
    run(&mut store, 3, &first).unwrap();
    let second = submitted(&mut store, 4, FORCE);
    run(&mut store, 5, &second).unwrap();
    verified(&store).unwrap();
    let Grant { mut progress, .. } = store.grant(first.id).unwrap().unwrap();
    progress.used = 1;
    let progress = serde_json::to_string(&progress).unwrap();
    store.db.execute("UPDATE grants SET progress = ?", [progress]).unwrap();
    assert!(verified(&store).unwrap_err().contains(&first.id.to_string()));
}

#[test]
fn a_store_from_before_there_were_grants_is_read_and_gets_their_tables() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let before = submitted(&mut store, 1, &["rm", "x"]);
    store.db.execute_batch("DROP TABLE grants; DROP TABLE grant_keys; DROP TABLE incidents; DROP TABLE incident_commands; PRAGMA user_version = 4").unwrap();
    drop(store);
    let reading = Store::open_read_only(dir.path()).unwrap();
    assert!(reading.grants(at(2), true).unwrap().is_empty());
    verified(&reading).unwrap();
    let mut store = open(&dir);
    assert_eq!(store.request(before.id).unwrap().unwrap(), before);
    let first = granted(&mut store, Some(2));
    run(&mut store, 3, &first).unwrap();
    assert_eq!(submitted(&mut store, 4, FORCE).state(), State::Approved);
    verified(&store).unwrap();
}

/// Returns what verifying comes to after `change` has been made to the entries of a log, its chain written anew.
fn rewritten(store: &Store, change: impl FnOnce(&mut Vec<Value>)) -> Result<Verified, Tampered> {
    let mut entries = Vec::new();
    let each = |row: Row<'_>| {
        entries.push(serde_json::from_slice::<Value>(row.bytes).unwrap());
        std::ops::ControlFlow::Continue(())
    };
    store.entries(1, each).unwrap();
    change(&mut entries);
    let mut verifier = Verifier::default();
    for mut entry in entries {
        entry["seq"] = json!(verifier.entries() + 1);
        entry["prev"] = json!(verifier.head().unwrap_or(Digest::from_bytes([0; 32])).to_string());
        verifier.take(&crate::canonical::to_bytes(&entry))?;
    }
    verifier.finish()
}

fn of_type<'a>(entries: &'a mut [Value], kind: &str) -> Vec<&'a mut Value> {
    entries.iter_mut().filter(|entry| entry["type"] == kind).collect()
}

#[track_caller]
fn outside(store: &Store, change: impl FnOnce(&mut Vec<Value>), expected: &str) {
    let tampered = rewritten(store, change).expect_err(expected);
    assert_eq!(tampered.what, "grant.used", "{tampered:?}");
    assert!(tampered.expected.contains(expected), "{expected}: {tampered:?}");
}

#[test]
fn a_use_outside_of_its_grant_is_found_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, Some(3));
    run(&mut store, 3, &first).unwrap();
    for now in [4, 5] {
        let next = submitted(&mut store, now, FORCE);
        run(&mut store, now, &next).unwrap();
    }
    rewritten(&store, |_| ()).unwrap();
    let late = |entries: &mut Vec<Value>| {
        let last = of_type(entries, "grant.used").pop().unwrap();
        last["ts"] = json!(at(902).rfc3339());
        last["mono_ns"] = json!(at(902).boot_ns.to_string());
    };
    outside(&store, late, &format!("a use before {}", at(902).rfc3339()));
    let once_more = |entries: &mut Vec<Value>| of_type(entries, "grant.used")[1]["data"]["use"] = json!(2);
    outside(&store, once_more, "use 3 of 3 of a grant that stands");
    let fewer =
        |entries: &mut Vec<Value>| of_type(entries, "decision")[0]["decision"]["grant"]["uses"] = json!(2);
    outside(&store, fewer, "use 3 of 2 of a grant that stands");
    let none = |entries: &mut Vec<Value>| {
        of_type(entries, "decision")[0]["decision"].as_object_mut().unwrap().remove("grant");
    };
    outside(&store, none, "use 2 of any number of a grant that stands");
    let other = |entries: &mut Vec<Value>| {
        of_type(entries, "request")[1]["data"]["content"] = json!(Digest::of(b"another command").to_string());
    };
    outside(&store, other, &first.content.digest().to_string());
    let early = |entries: &mut Vec<Value>| {
        let at = entries.iter().position(|entry| entry["type"] == "decision").unwrap();
        let decision = entries.remove(at);
        entries.push(decision);
        entries.retain(|entry| !entry["type"].as_str().unwrap().starts_with("exec."));
    };
    outside(&store, early, "use 2 of any number of a grant that stands");
}

/// A plan of three lines, approved but for the second, whose lines have run.
fn planned(store: &mut Store) -> Request {
    let contents = [&["touch", "a"][..], &["touch", "b"], &["touch", "c"]].map(content);
    let lines: Vec<PlanLine> = (1..)
        .zip(&contents)
        .map(|(line, content)| PlanLine { line, contents: vec![content.digest()] })
        .collect();
    let whole = Content::planned(&command(&["plan"]), &lines, &contents[0]);
    let Submitted::Created(plan) = store.submit(at(1), whole, ask("claude")).unwrap() else { panic!("new") };
    let yes = Decision { only: vec![1, 3], ..decision(&plan, "mara", Answer::Approve) };
    store.decide(at(2), plan.id, &yes, &People::default()).unwrap();
    for (now, words) in [(3, ["touch", "a"]), (5, ["touch", "c"])] {
        let line = submitted(store, now, &words);
        run(store, now, &line).unwrap();
    }
    *plan
}

#[test]
fn lines_of_a_plan_that_ran_otherwise_than_approved_are_found_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    planned(&mut store);
    verified(&store).unwrap();
    rewritten(&store, |_| ()).unwrap();
    let set = |at: usize, line: u32| {
        move |entries: &mut Vec<Value>| of_type(entries, "grant.used")[at]["data"]["line"] = json!(line)
    };
    outside(&store, set(0, 3), "line 1 of the plan");
    outside(&store, set(1, 1), "line 3 of the plan");
    outside(&store, set(1, 2), "line 3 of the plan");
    let all = |entries: &mut Vec<Value>| {
        of_type(entries, "decision")[0]["decision"].as_object_mut().unwrap().remove("only");
    };
    outside(&store, all, "line 2 of the plan");
    let fewer = |entries: &mut Vec<Value>| of_type(entries, "decision")[0]["decision"]["only"] = json!([1]);
    outside(&store, fewer, "use 2 of 1 of a grant that stands");
    let other = |entries: &mut Vec<Value>| {
        of_type(entries, "request")[2]["data"]["content"] = json!(Digest::of(b"another command").to_string());
    };
    outside(&store, other, "line 3 of the plan, as it was approved");
    let swapped = |entries: &mut Vec<Value>| {
        let place = |entries: &[Value], at: usize| {
            entries.iter().enumerate().filter(|(_, entry)| entry["type"] == "grant.used").nth(at).unwrap().0
        };
        let (one, other) = (place(entries, 0), place(entries, 1));
        entries.swap(one, other);
    };
    assert!(rewritten(&store, swapped).is_err());
    let late = |entries: &mut Vec<Value>| {
        of_type(entries, "request")[0]["data"]["deadline"] = json!(at(4).rfc3339());
    };
    outside(&store, late, &format!("a use before {}", at(4).rfc3339()));
}

#[test]
fn a_request_that_ran_without_the_approvals_that_its_own_terms_ask_for_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let mut asked = ask("claude");
    asked.requirement.assurance = Assurance::Hardware;
    let Submitted::Created(request) = store.submit(at(1), content(FORCE), asked).unwrap() else {
        panic!("new")
    };
    // What a gate would write that asks nobody for a key.
    let yes = Decision { assurance: Assurance::Tty, ..decision(&request, "mara", Answer::Approve) };
    let mut after = request.clone();
    after.progress.decisions.push(yes.clone());
    (after.progress.state, after.progress.version) = (State::Approved, 2);
    after.progress.approved = Some(at(2));
    store
        .write(at(2), Durability::Full, |db, pen| {
            assert!(requests::compare_and_set(db, &request, &after)?);
            let mut draft = Draft::about(Kind::Decision, &after);
            (draft.decision, draft.quorum) = (Some(yes.clone()), Some((1, 1)));
            pen.append(db, &[&draft])?;
            Ok(())
        })
        .unwrap();
    verified(&store).unwrap();
    let mut run = after.clone();
    (run.progress.state, run.progress.version) = (State::Executing, 3);
    store
        .write(at(3), Durability::Full, |db, pen| {
            assert!(requests::compare_and_set(db, &after, &run)?);
            pen.append(db, &[&Draft { kind: Kind::ExecStart, ..Draft::about(Kind::ExecStart, &run) }])?;
            Ok(())
        })
        .unwrap();
    let found = verified(&store).unwrap_err();
    assert!(
        found.contains("0 of its approvals hold, needs 1: the request needs a decision at `hardware`"),
        "{found}"
    );
}

fn with_head(request: &Request, size: u64, root: Digest) -> Decision {
    Decision { head: Some(Head { size, root }), ..decision(request, "mara", Answer::Approve) }
}

#[test]
fn a_decision_on_a_log_that_has_gone_back_since_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let request = submitted(&mut store, 1, FORCE);
    for (more, root) in [(1, None), (0, Some(Digest::of(b"another log")))] {
        let newest = store.head().unwrap().unwrap();
        let (size, root) = (newest.size + more, root.unwrap_or(newest.root));
        let refused = store.decide(at(2), request.id, &with_head(&request, size, root), &People::default());
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("it has gone back"), "{said}");
    }
    let Head { size, root } = store.head().unwrap().unwrap();
    store.decide(at(3), request.id, &with_head(&request, size, root), &People::default()).unwrap();
    verified(&store).unwrap();
    // An older copy of everything but the approval.
    let sql = format!("UPDATE requests SET progress = replace(progress, '\"size\":{size}', '\"size\":99')");
    assert_eq!(store.db.execute(&sql, []).unwrap(), 1);
    let refused = run(&mut store, 4, &request).unwrap_err().to_string();
    assert!(refused.contains("it has gone back"), "{refused}");
    assert_eq!(store.request(request.id).unwrap().unwrap().state(), State::Invalidated);
}

#[test]
fn a_log_that_never_had_the_head_that_a_decision_names_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let request = submitted(&mut store, 1, FORCE);
    let forked = with_head(&request, 1, Digest::of(b"another log"));
    store.decide(at(2), request.id, &forked, &People::default()).unwrap();
    let found = store.verify(|_| ()).unwrap().unwrap_err();
    assert_eq!((found.seq, found.what), (3, "head"));
    let later = |entries: &mut Vec<Value>| {
        of_type(entries, "decision")[0]["decision"]["head"]["size"] = json!(3);
    };
    let found = rewritten(&store, later).unwrap_err();
    assert_eq!((found.seq, found.what), (3, "head"));
}

#[test]
fn a_revocation_is_on_record_as_what_it_is_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let first = granted(&mut store, Some(3));
    run(&mut store, 3, &first).unwrap();
    let mut no = decision(&first, "jo", Answer::Reject);
    (no.comment, no.assurance) = (Some("the release is out".to_owned()), Assurance::Hardware);
    store.revoke(at(4), first.id, &Revoker::Approver(Box::new(no)), &People::default()).unwrap();
    let mut entries = Vec::new();
    rewritten(&store, |all| entries.clone_from(all)).unwrap();
    let revoked = &entries.last().unwrap();
    let said = &revoked["decision"];
    assert_eq!(
        (&said["approver"], &said["comment"], &said["assurance"], &revoked["actor"]["auth"]),
        (&json!("jo"), &json!("the release is out"), &json!("tty"), &json!("tty"))
    );
    let other = |entries: &mut Vec<Value>| {
        let last = entries.last_mut().unwrap();
        last["decision"]["about"] = json!(Digest::of(b"another request").to_string());
    };
    assert_eq!(rewritten(&store, other).unwrap_err().what, "grant.revoked");
}
