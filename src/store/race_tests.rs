//! Many who decide at once, each with a store of their own: no vote is lost, and a rejection is never overwritten.

use tempfile::TempDir;

use super::*;
use crate::approval::sample::{ask, at, content, decision, origin, recheck};
use crate::approval::{Answer, Request, State};
use crate::identity::People;

const VOTERS: u32 = 100;

/// Returns a request that `quorum` people must approve.
fn asked(dir: &TempDir, quorum: u32) -> Request {
    let mut store = Store::open(dir.path(), at(0)).unwrap();
    let mut asked = ask("claude");
    asked.requirement.quorum = quorum;
    match store.submit(at(1), content(&["git", "push"]), asked).unwrap() {
        Submitted::Created(request) => *request,
        other => panic!("{other:?}"),
    }
}

/// Has all of them answer at once; returns how many answers counted.
fn vote(dir: &TempDir, request: &Request, answer: impl Fn(u32) -> Answer + Sync) -> usize {
    let one = |number: u32| {
        let mut given = decision(request, &format!("voter-{number}"), answer(number));
        given.approver.uid = 5000 + number;
        Store::open(dir.path(), at(2)).unwrap().decide(at(2), request.id, &given, &People::default()).is_ok()
    };
    std::thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..VOTERS).map(|number| scope.spawn(move || one(number))).collect();
        all.into_iter().map(|voter| usize::from(voter.join().unwrap())).sum()
    })
}

#[test]
fn a_hundred_who_approve_at_once_lose_no_vote() {
    let dir = tempfile::tempdir().unwrap();
    let request = asked(&dir, VOTERS);
    assert_eq!(vote(&dir, &request, |_| Answer::Approve), VOTERS as usize);
    let mut store = Store::open(dir.path(), at(3)).unwrap();
    let after = store.request(request.id).unwrap().unwrap();
    assert_eq!((after.state(), after.approvals()), (State::Approved, VOTERS));
    assert!(
        store.claim(at(4), request.id, (recheck(&after), None), &origin(), None, &People::default()).is_ok()
    );
    store.verify(|_| ()).unwrap().unwrap();
}

#[test]
fn a_rejection_among_approvals_ends_it_whoever_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let request = asked(&dir, 1);
    let counted = vote(&dir, &request, |number| if number == 50 { Answer::Reject } else { Answer::Approve });
    assert!((1..=2).contains(&counted), "{counted}");
    let mut store = Store::open(dir.path(), at(3)).unwrap();
    let after = store.request(request.id).unwrap().unwrap();
    assert!(matches!(after.state(), State::Rejected | State::Revoked), "{}", after.state());
    assert!(
        store.claim(at(4), request.id, (recheck(&after), None), &origin(), None, &People::default()).is_err()
    );
    store.verify(|_| ()).unwrap().unwrap();
}

#[test]
fn an_approvers_clock_that_is_ten_minutes_off_changes_nothing() {
    for off in [-600_000_000, 600_000_000] {
        let dir = tempfile::tempdir().unwrap();
        let request = asked(&dir, 1);
        let mut given = decision(&request, "mara", Answer::Approve);
        given.decided.utc_us += off;
        let mut store = Store::open(dir.path(), at(1)).unwrap();
        let after = store.decide(at(2), request.id, &given, &People::default()).unwrap();
        assert_eq!(after.progress.approved, Some(at(2)), "the store's clock counts");
        // The wall clock of whoever claims may be off as well: within one boot the other clock says how late it is.
        let mut now = at(601);
        now.utc_us += off;
        assert!(
            store
                .claim(now, request.id, (recheck(&after), None), &origin(), None, &People::default())
                .is_ok()
        );
        let late = asked(&dir, 1);
        let yes = decision(&late, "mara", Answer::Approve);
        let mut after_deadline = at(3601);
        after_deadline.utc_us += off;
        assert!(
            store.decide(after_deadline, late.id, &yes, &People::default()).is_err(),
            "past its deadline"
        );
    }
}

#[test]
fn ten_thousand_that_wait_keep_nobody_from_asking_or_deciding() {
    let dir = tempfile::tempdir().unwrap();
    let request = asked(&dir, 1);
    let mut store = Store::open(dir.path(), at(1)).unwrap();
    // As many rows of others, in the place of as many processes.
    let statement = String::from_utf8(request.statement.clone()).unwrap();
    let fill = "INSERT INTO requests SELECT ?1, state, version, ?2, c, content, ?3, progress FROM requests WHERE id = ?4";
    let transaction = store.db.transaction().unwrap();
    for number in 0..10_000_u64 {
        let id = crate::approval::RequestId::from_random(number);
        let said = statement.replace(&request.id.to_string(), &id.to_string());
        let other = format!("other-{}", number / 20);
        let params = rusqlite::params![id.as_str(), other, said.as_bytes(), request.id.as_str()];
        transaction.execute(fill, params).unwrap();
    }
    transaction.commit().unwrap();
    let mut listed = 0;
    store.each_listed(Which::Open, |_| listed += 1).unwrap();
    assert_eq!(listed, 10_001);
    let one_more = store.submit(at(2), content(&["rm", "x"]), ask("codex")).unwrap();
    let Submitted::Created(one_more) = one_more else { panic!("{one_more:?}") };
    let yes = decision(&one_more, "mara", Answer::Approve);
    let after = store.decide(at(3), one_more.id, &yes, &People::default()).unwrap();
    assert!(
        store.claim(at(4), after.id, (recheck(&after), None), &origin(), None, &People::default()).is_ok()
    );
}
