//! The store with real files: requests from first to last, many writers at once, killed processes, and everything that can be wrong with it.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::approval::sample::{ask, at, command, content, decision, origin, recheck, requester};
use crate::approval::{Answer, Approved, Basis, Decision, Outcome, Refusal, Request, State};
use crate::audit::Kind;
use crate::identity::People;

pub(super) const FORCE: &[&str] = &["git", "push", "--force"];

pub(super) fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(super) fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), at(0)).unwrap()
}

pub(super) fn created(store: &mut Store, words: &[&str]) -> Request {
    match store.submit(at(1), content(words), ask("claude")).unwrap() {
        Submitted::Created(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn approved(store: &mut Store, words: &[&str]) -> Request {
    let request = created(store, words);
    store.decide(at(2), request.id, &decision(&request, "mara", Answer::Approve), &People::default()).unwrap()
}

fn kinds(store: &Store) -> Vec<String> {
    texts(store).iter().map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
}

fn texts(store: &Store) -> Vec<Value> {
    let mut found = Vec::new();
    let each = |row: Row<'_>| {
        found.push(serde_json::from_slice(row.bytes).unwrap());
        ControlFlow::Continue(())
    };
    store.entries(1, each).unwrap();
    found
}

fn allowed() -> (Approved, Draft) {
    let approved = Approved::for_test(command(&["ls"]), Basis::Verdict);
    let mut judged = Draft::new(Kind::Judged, &requester("claude"), &origin());
    judged.set("verdict", "allow");
    (approved, judged)
}

#[test]
fn allowed_command_is_judged_started_and_ended() {
    let dir = place();
    let mut store = open(&dir);
    let (approved, judged) = allowed();
    let run = store.start_allowed(at(1), &approved, judged).unwrap();
    assert_eq!(kinds(&store), ["genesis", "judged", "exec.start"]);
    store.finish(at(3), run, Outcome::Exited(4)).unwrap();
    let last = texts(&store).pop().unwrap();
    assert_eq!(last["outcome"], serde_json::json!({ "exit": 4, "duration_us": 2_000_000 }));
    assert_eq!(last["data"]["start"], 3);
}

/// Returns the names of the files in `runs/`, in order.
fn locks(dir: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(dir.path().join("runs")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn lock_files_are_used_again_so_that_none_is_ever_left_over() {
    let dir = place();
    let mut store = open(&dir);
    let start = |store: &mut Store| {
        let (approved, judged) = allowed();
        store.start_allowed(at(1), &approved, judged).unwrap()
    };
    let (one, two) = (start(&mut store), start(&mut store));
    assert_eq!(locks(&dir), ["0", "1"]);
    store.finish(at(2), one, Outcome::Exited(0)).unwrap();
    let three = start(&mut store);
    assert_eq!(locks(&dir), ["0", "1"]);
    // A lost run keeps its lock until it is on record as lost.
    let lost = two.seq();
    drop(two);
    let four = start(&mut store);
    assert_eq!(locks(&dir), ["0", "1", "2"]);
    assert_eq!(store.sweep(at(3)).unwrap().lost, [lost]);
    for run in [three, four] {
        store.finish(at(4), run, Outcome::Exited(0)).unwrap();
    }
    assert_eq!(store.sweep(at(5)).unwrap(), Swept::default());
}

/// A verdict may be about a request: its run is then on record as that request's, whether it ends or is lost.
#[test]
fn a_start_keeps_the_request_that_its_verdict_names() {
    let dir = place();
    let mut store = open(&dir);
    let request = created(&mut store, &["git", "push"]).id;
    let about = || {
        let (approved, judged) = allowed();
        (approved, Draft { request: Some(request), ..judged })
    };
    let named = |store: &Store| {
        let mut query = store.db.prepare("SELECT request FROM runs ORDER BY seq").unwrap();
        let rows = query.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let (approved, judged) = about();
    let outer = store.start_allowed(at(2), &approved, judged).unwrap();
    let (approved, judged) = about();
    let inner = store.start_inside(at(3), &approved, judged, outer.seq()).unwrap().unwrap();
    assert_eq!(named(&store), [Some(request.as_str().to_owned()), Some(request.as_str().to_owned())]);
    drop(inner);
    store.sweep(at(4)).unwrap();
    let lost = texts(&store).pop().unwrap();
    assert_eq!((&lost["type"], &lost["request"]), (&"exec.lost".into(), &request.to_string().into()));
    store.finish(at(5), outer, Outcome::Exited(0)).unwrap();
}

#[test]
fn a_step_that_a_timer_has_reached_is_on_record_before_the_answer_that_it_leads_to() {
    let dir = place();
    let mut store = open(&dir);
    let mut asked = ask("claude");
    let to = vec!["jo".to_owned()];
    asked.requirement.approvers = vec!["mara".to_owned()];
    asked.requirement.escalate = vec![crate::policy::Step { after: Duration::from_secs(300), to }];
    let Submitted::Created(request) = store.submit(at(1), content(&["git", "push"]), asked).unwrap() else {
        panic!("it is new");
    };
    let yes = Decision { step: 1, ..decision(&request, "jo", Answer::Approve) };
    let after = store.decide(at(400), request.id, &yes, &People::default()).unwrap();
    assert_eq!((after.state(), after.progress.step), (State::Approved, 1));
    assert_eq!(kinds(&store), ["genesis", "request", "request", "decision"]);
    let handed_on = &texts(&store)[2]["data"];
    assert_eq!((&handed_on["change"], &handed_on["step"]), (&"escalated".into(), &1.into()));
    store.verify(|_| ()).unwrap().unwrap();
    // One who may not decide moves nothing but what time has moved.
    let late =
        store.decide(at(401), request.id, &decision(&request, "mara", Answer::Approve), &People::default());
    assert!(late.is_err());
    assert_eq!(kinds(&store).last().unwrap(), "decision.refused");
}

#[test]
fn approvals_of_earlier_steps_are_not_counted_in_the_record() {
    let dir = place();
    let mut store = open(&dir);
    let mut asked = ask("claude");
    asked.requirement.quorum = 2;
    asked.requirement.escalate =
        vec![crate::policy::Step { after: Duration::from_secs(300), to: vec!["jo".to_owned()] }];
    let Submitted::Created(request) = store.submit(at(1), content(&["git", "push"]), asked).unwrap() else {
        panic!("it is new");
    };
    store
        .decide(at(2), request.id, &decision(&request, "mara", Answer::Approve), &People::default())
        .unwrap();
    let yes = Decision { step: 1, ..decision(&request, "jo", Answer::Approve) };
    store.decide(at(400), request.id, &yes, &People::default()).unwrap();
    assert_eq!(texts(&store).pop().unwrap()["quorum"], serde_json::json!({ "have": 1, "need": 2 }));
}

#[test]
fn directory_of_the_locks_is_made_anew_where_it_is_missing() {
    let dir = place();
    let mut store = open(&dir);
    for _ in 0..2 {
        let _gone_already = std::fs::remove_dir_all(dir.path().join("runs"));
        let (approved, judged) = allowed();
        let run = store.start_allowed(at(1), &approved, judged).unwrap();
        store.finish(at(2), run, Outcome::Exited(0)).unwrap();
    }
}

#[test]
fn database_that_was_not_finished_is_made_anew() {
    let dir = place();
    for left in ["gate.db-new", "gate.db-new-journal", "gate.db-new-wal", "gate.db-wal", "gate.db-shm"] {
        std::fs::write(dir.path().join(left), "half of something").unwrap();
    }
    assert!(Store::open_read_only(dir.path()).is_err());
    assert_eq!(kinds(&open(&dir)), ["genesis"]);
    let mut names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().contains("new")));
}

#[test]
fn run_from_before_its_lock_had_a_number_of_its_own_is_lost_only_when_its_runner_is() {
    let dir = place();
    let mut store = open(&dir);
    let (approved, judged) = allowed();
    let run = store.start_allowed(at(1), &approved, judged).unwrap();
    let seq = run.seq();
    std::fs::rename(dir.path().join("runs/0"), dir.path().join(format!("runs/{seq}"))).unwrap();
    store.db.execute("UPDATE runs SET slot = NULL", []).unwrap();
    assert!(store.sweep(at(2)).unwrap().lost.is_empty());
    drop(run);
    assert_eq!(store.sweep(at(3)).unwrap().lost, [seq]);
}

#[test]
fn request_goes_from_asked_to_succeeded() {
    let dir = place();
    let mut store = open(&dir);
    let request = approved(&mut store, FORCE);
    let (permission, run) = store
        .claim(at(3), request.id, (recheck(&request), None), &origin(), None, &People::default())
        .unwrap();
    assert_eq!(permission.basis(), Basis::Request(request.id));
    assert_eq!(permission.command(), &command(FORCE));
    store.finish(at(4), run, Outcome::Exited(0)).unwrap();
    assert_eq!(kinds(&store), ["genesis", "request", "decision", "exec.start", "exec.end"]);
    assert_eq!(store.request(request.id).unwrap().unwrap().state(), State::Succeeded);
    let again = store
        .claim(at(5), request.id, (recheck(&request), None), &origin(), None, &People::default())
        .unwrap_err();
    assert_eq!(again.to_string(), format!("request {}: it is already SUCCEEDED (by mara)", request.id));
}

#[test]
fn request_is_stored_as_it_was_made() {
    let dir = place();
    let made = created(&mut open(&dir), FORCE);
    let found = open(&dir).request(made.id).unwrap().unwrap();
    assert_eq!(found, made);
    assert_eq!(found.digest(), made.digest());
}

#[test]
fn same_requester_and_content_join_and_others_do_not() {
    let dir = place();
    let mut store = open(&dir);
    let first = created(&mut store, FORCE);
    store.park(at(2), first.id, true).unwrap();
    let joined =
        |store: &mut Store, words, name| match store.submit(at(3), content(words), ask(name)).unwrap() {
            Submitted::Joined(request) => Some((request.id, request.progress.parked)),
            Submitted::Created(_) => None,
            Submitted::TooMany { pending } => panic!("{pending}"),
        };
    assert_eq!(joined(&mut store, FORCE, "claude"), Some((first.id, false)));
    assert_eq!(joined(&mut store, &["git", "push"], "claude"), None);
    assert_eq!(joined(&mut store, FORCE, "codex"), None);
    store.decide(at(4), first.id, &decision(&first, "mara", Answer::Approve), &People::default()).unwrap();
    assert_eq!(joined(&mut store, FORCE, "claude"), Some((first.id, false)));
    let request = store.request(first.id).unwrap().unwrap();
    store.claim(at(5), first.id, (recheck(&request), None), &origin(), None, &People::default()).unwrap();
    assert_eq!(joined(&mut store, FORCE, "claude"), None);
}

#[test]
fn request_under_another_policy_is_not_joined() {
    let dir = place();
    let mut store = open(&dir);
    let first = created(&mut store, FORCE);
    let mut other = ask("claude");
    other.policy = Digest::of(b"new policy");
    assert!(matches!(store.submit(at(2), content(FORCE), other).unwrap(), Submitted::Created(_)));
    assert_eq!(store.request(first.id).unwrap().unwrap().state(), State::Invalidated);
}

#[test]
fn requests_that_nobody_waited_for_to_their_deadline_do_not_keep_a_requester_from_asking() {
    let dir = place();
    let mut store = open(&dir);
    for i in 0..MOST_PENDING {
        created(&mut store, &["rm", &i.to_string()]);
    }
    let late = store.submit(at(3601), content(&["rm", "x"]), ask("claude")).unwrap();
    assert!(matches!(late, Submitted::Created(_)), "{late:?}");
    let open = store.requests(Which::Open).unwrap();
    assert_eq!(open.len(), 1, "the others are on record as expired");
}

#[test]
fn requester_has_at_most_twenty_requests_pending() {
    let dir = place();
    let mut store = open(&dir);
    for i in 0..MOST_PENDING {
        created(&mut store, &["rm", &i.to_string()]);
    }
    let one_more = store.submit(at(1), content(&["rm", "x"]), ask("claude")).unwrap();
    assert_eq!(one_more, Submitted::TooMany { pending: 20 });
    assert!(matches!(
        store.submit(at(1), content(&["rm", "x"]), ask("codex")).unwrap(),
        Submitted::Created(_)
    ));
}

#[test]
fn refused_decision_is_recorded_and_changes_nothing() {
    let dir = place();
    let mut store = open(&dir);
    let request = created(&mut store, FORCE);
    let mut own = decision(&request, "mara", Answer::Approve);
    own.approver.session = request.ask.origin.sessions[0];
    let refused = store.decide(at(2), request.id, &own, &People::default()).unwrap_err();
    assert!(
        refused.to_string().ends_with("this is the terminal session that asked; answer in another terminal")
    );
    assert_eq!(store.request(request.id).unwrap().unwrap(), request);
    assert_eq!(kinds(&store).last().unwrap(), "decision.refused");
}

#[test]
fn rejection_takes_an_approval_back_until_the_claim() {
    let dir = place();
    let mut store = open(&dir);
    let request = approved(&mut store, FORCE);
    store.decide(at(3), request.id, &decision(&request, "jo", Answer::Reject), &People::default()).unwrap();
    let refused = store
        .claim(at(4), request.id, (recheck(&request), None), &origin(), None, &People::default())
        .unwrap_err();
    assert!(matches!(
        refused,
        ChangeError::Refused { refusal: Refusal::Already { state: State::Revoked, .. }, .. }
    ));
}

#[test]
fn claim_of_something_else_invalidates() {
    let dir = place();
    let mut store = open(&dir);
    let request = approved(&mut store, FORCE);
    let mut other = recheck(&request);
    other.content = content(&["git", "push"]).digest();
    let refused =
        store.claim(at(3), request.id, (other, None), &origin(), None, &People::default()).unwrap_err();
    let ChangeError::Refused { refusal: Refusal::ContentChanged, request: after } = refused else {
        panic!("{refused}")
    };
    assert_eq!(after.state(), State::Invalidated);
    assert_eq!(kinds(&store).last().unwrap(), "request.invalidated");
    assert!(
        store
            .claim(at(3), request.id, (recheck(&request), None), &origin(), None, &People::default())
            .is_err()
    );
}

#[test]
fn late_claim_and_late_decision_expire_the_request() {
    let dir = place();
    let mut store = open(&dir);
    let unused = approved(&mut store, FORCE);
    assert!(
        store
            .claim(at(700), unused.id, (recheck(&unused), None), &origin(), None, &People::default())
            .is_err()
    );
    assert_eq!(store.request(unused.id).unwrap().unwrap().state(), State::Expired);
    let late = created(&mut store, &["rm", "x"]);
    let refused = store
        .decide(at(3601), late.id, &decision(&late, "mara", Answer::Approve), &People::default())
        .unwrap_err();
    assert!(refused.to_string().ends_with("it has expired; nothing was run"));
    assert_eq!(store.request(late.id).unwrap().unwrap().state(), State::Expired);
    assert_eq!(kinds(&store).last().unwrap(), "request.expired");
}

#[test]
fn sweep_expires_what_is_past_its_deadline() {
    let dir = place();
    let mut store = open(&dir);
    let request = created(&mut store, FORCE);
    assert_eq!(store.sweep(at(3600)).unwrap(), Swept::default());
    assert_eq!(store.sweep(at(3601)).unwrap().expired, [request.id]);
    assert_eq!(store.sweep(at(3602)).unwrap(), Swept::default());
}

#[test]
fn request_is_found_by_any_unique_beginning() {
    let dir = place();
    let mut store = open(&dir);
    let ids: Vec<_> = (0..20).map(|i| created(&mut store, &["rm", &i.to_string()]).id).collect();
    let text = ids[0].to_string();
    assert_eq!(store.find(&text.to_lowercase()).unwrap().id, ids[0]);
    assert!(matches!(store.find("not an id!"), Err(FindError::Malformed { .. })));
    let crowd: Vec<_> = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        .chars()
        .map(|first| (first, ids.iter().filter(|id| id.as_str().starts_with(first)).count()))
        .collect();
    for (first, count) in crowd {
        match (count, store.find(&first.to_string())) {
            (0, Err(FindError::Unknown { .. })) | (1, Ok(_)) => {}
            (_, Err(FindError::Ambiguous { ids, .. })) if ids.len() == count => {}
            (_, other) => panic!("{first}: {count}, {other:?}"),
        }
    }
}

#[test]
fn waiting_process_hears_a_decision_of_another_one() {
    let dir = place();
    let mut store = open(&dir);
    let request = created(&mut store, FORCE);
    let path = dir.path().to_owned();
    let (id, version) = (request.id, request.progress.version);
    let waiter = std::thread::spawn(move || {
        let store = Store::open(&path, at(1)).unwrap();
        store.wait(id, version, Duration::from_secs(30)).unwrap()
    });
    store.decide(at(2), id, &decision(&request, "mara", Answer::Approve), &People::default()).unwrap();
    let Waited::Changed(after) = waiter.join().unwrap() else { panic!("not heard") };
    assert_eq!(after.state(), State::Approved);
    assert_eq!(store.wait(id, after.progress.version, Duration::ZERO).unwrap(), Waited::TimedOut);
}

#[test]
fn sixteen_writers_lose_nothing_and_never_fork() {
    const WRITERS: usize = 16;
    const EACH: usize = 25;
    let dir = place();
    open(&dir);
    let threads: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let path = dir.path().to_owned();
            std::thread::spawn(move || {
                let mut store = Store::open(&path, at(1)).unwrap();
                for i in 0..EACH {
                    let mut draft = Draft::by_gate(Kind::PolicyLoaded);
                    draft.set("writer", writer);
                    draft.set("count", i);
                    store.record(at(2), &[draft], Durability::Normal).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let store = open(&dir);
    let mut prev = "0".repeat(64);
    let mut counts = [0; WRITERS];
    let mut tree = crate::audit::Frontier::default();
    let each = |Row { seq, bytes, .. }: Row<'_>| {
        let entry: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!((entry["seq"].as_u64(), entry["prev"].as_str()), (Some(seq), Some(prev.as_str())));
        if let Some(writer) = entry["data"]["writer"].as_u64() {
            assert_eq!(
                entry["data"]["count"], counts[writer as usize],
                "one writer's entries are in its order"
            );
            counts[writer as usize] += 1;
        }
        tree.push(crate::audit::leaf(bytes));
        prev = crate::audit::leaf(bytes).to_string();
        ControlFlow::Continue(())
    };
    store.entries(1, each).unwrap();
    assert_eq!(counts, [EACH as u64; WRITERS].map(|count| count as i32));
    assert_eq!(store.stated_root().unwrap(), Some((tree.size(), tree.root())));
}

/// Starts this test binary again as a process of its own, which does `what` in `dir` and then waits to be killed.
fn child(what: &str, dir: &Path) -> Child {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::child_process", "--nocapture"])
        .env("GATE_TEST_CHILD", what)
        .env("GATE_TEST_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.as_mut().unwrap());
    let mut line = String::new();
    while !line.contains("child is there") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut out, &mut line).unwrap(), 0, "the child ended");
    }
    child
}

/// Not a test of its own: what [`child`] runs.
#[test]
fn child_process() {
    let (Ok(what), Ok(dir)) = (std::env::var("GATE_TEST_CHILD"), std::env::var("GATE_TEST_DIR")) else {
        return;
    };
    let mut store = Store::open(Path::new(&dir), at(1)).unwrap();
    let mut runs = Vec::new();
    match what.as_str() {
        "submit" => drop(created(&mut store, FORCE)),
        "allowed" => {
            let (approved, judged) = allowed();
            runs.push(store.start_allowed(at(1), &approved, judged).unwrap());
        }
        "claim" => {
            let request = approved(&mut store, FORCE);
            runs.push(
                store
                    .claim(at(3), request.id, (recheck(&request), None), &origin(), None, &People::default())
                    .unwrap()
                    .1,
            );
        }
        other => panic!("{other}"),
    }
    println!("child is there");
    let _parent_is_gone = std::io::stdin().read_line(&mut String::new());
    for run in runs {
        store.finish(at(4), run, Outcome::Exited(0)).unwrap();
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn process_killed_between_asking_and_claiming_leaves_its_request_to_be_joined() {
    let dir = place();
    kill(child("submit", dir.path()));
    let mut store = open(&dir);
    let Submitted::Joined(request) = store.submit(at(2), content(FORCE), ask("claude")).unwrap() else {
        panic!("not joined")
    };
    store
        .decide(at(3), request.id, &decision(&request, "mara", Answer::Approve), &People::default())
        .unwrap();
    assert!(
        store
            .claim(at(4), request.id, (recheck(&request), None), &origin(), None, &People::default())
            .is_ok()
    );
}

#[test]
fn process_killed_after_its_start_is_recorded_as_lost_and_never_runs_again() {
    let dir = place();
    let child = child("claim", dir.path());
    let alive = open(&dir);
    assert_eq!(kinds(&alive).last().unwrap(), "exec.start", "a living run is left alone");
    kill(child);
    let mut store = open(&dir);
    assert_eq!(kinds(&store), ["genesis", "request", "decision", "exec.start", "exec.lost"]);
    let request = store.requests(Which::All).unwrap().remove(0);
    assert_eq!(request.state(), State::Unknown);
    assert!(
        store
            .claim(at(4), request.id, (recheck(&request), None), &origin(), None, &People::default())
            .is_err()
    );
    assert!(matches!(store.submit(at(5), content(FORCE), ask("claude")).unwrap(), Submitted::Created(_)));
}

#[test]
fn allowed_command_of_a_killed_process_is_recorded_as_lost() {
    let dir = place();
    kill(child("allowed", dir.path()));
    assert_eq!(kinds(&open(&dir)), ["genesis", "judged", "exec.start", "exec.lost"]);
    assert_eq!(kinds(&open(&dir)).len(), 4, "once");
}

#[test]
fn run_that_is_dropped_unfinished_is_lost() {
    let dir = place();
    let mut store = open(&dir);
    let (approved, judged) = allowed();
    let run = store.start_allowed(at(1), &approved, judged).unwrap();
    let seq = run.seq();
    assert!(store.sweep(at(2)).unwrap().lost.is_empty());
    drop(run);
    assert_eq!(store.sweep(at(2)).unwrap().lost, [seq]);
}
