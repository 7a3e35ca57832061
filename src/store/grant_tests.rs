//! Grants in the store: found, counted, revoked, and held to what the log says.

use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::approval::sample::{ask, at, content, decision, origin, recheck};
use crate::approval::{
    Answer, Assurance, Decision, Grant, GrantScope, GrantState, Outcome, Refusal, Request, State, Terms,
    Withheld,
};
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
    let revoked = store.revoke(at(5), first.id, &Revoker::Approver(Box::new(no))).unwrap();
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
    store.db.execute_batch("DROP TABLE grants; DROP TABLE grant_keys; PRAGMA user_version = 4").unwrap();
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
