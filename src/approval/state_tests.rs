//! Each way from one state to another, and what refuses it.

use std::time::Duration;

use super::sample::{ask, at, decision, recheck, request};
use super::*;
use crate::digest::Digest;
use crate::moment::Moment;

fn as_given(given: &Decision) -> Result<Assurance, Ineligible> {
    Ok(given.assurance)
}

fn claim_at(request: &Request, now: Moment) -> Result<(Request, Approved), Refusal> {
    claim(request, recheck(request), &as_given, now)
}

fn approved() -> Request {
    let pending = request(ask("claude"));
    let yes = decision(&pending, "mara", Answer::Approve);
    transition(&pending, &Event::Decide(yes), at(5)).unwrap()
}

#[test]
fn approved_request_is_claimed_once() {
    let request = approved();
    assert_eq!(request.state(), State::Approved);
    let (running, permission) = claim_at(&request, at(6)).unwrap();
    assert_eq!(running.state(), State::Executing);
    assert_eq!(permission.command(), request.command());
    let again = claim_at(&running, at(6)).unwrap_err();
    assert_eq!(again, Refusal::Already { state: State::Executing, by: Some("mara".to_owned()) });
}

#[test]
fn approval_lapses_after_ten_minutes_and_at_the_deadline() {
    let request = approved();
    assert!(claim_at(&request, at(604)).is_ok());
    assert_eq!(claim_at(&request, at(605)).unwrap_err(), Refusal::Expired);
    assert_eq!(transition(&request, &Event::Expire, at(604)), Err(Refusal::StillOpen));
    assert_eq!(transition(&request, &Event::Expire, at(605)).unwrap().state(), State::Expired);
    let late = super::sample::request(ask("claude"));
    let yes = Event::Decide(decision(&late, "mara", Answer::Approve));
    assert_eq!(transition(&late, &yes, at(3600)), Err(Refusal::Expired));
}

#[test]
fn reject_beats_approve() {
    let request = approved();
    let no = Event::Decide(decision(&request, "jo", Answer::Reject));
    let revoked = transition(&request, &no, at(6)).unwrap();
    assert_eq!(revoked.state(), State::Revoked);
    let yes = Event::Decide(decision(&request, "mara", Answer::Approve));
    let refused = transition(&revoked, &yes, at(7)).unwrap_err();
    assert_eq!(refused.to_string(), "it is already REVOKED (by jo)");
}

#[test]
fn each_person_counts_once() {
    let mut asked = ask("claude");
    asked.requirement.quorum = 2;
    let first = request(asked);
    let yes = |name| Event::Decide(decision(&first, name, Answer::Approve));
    let one = transition(&first, &yes("mara"), at(1)).unwrap();
    assert_eq!(one.state(), State::Pending);
    assert_eq!(transition(&one, &yes("mara"), at(2)), Err(Refusal::Counted { name: "mara".to_owned() }));
    let refused = claim_at(&one, at(2)).unwrap_err();
    assert_eq!(refused.to_string(), "1 approvals, needs 2");
    assert_eq!(transition(&one, &yes("jo"), at(2)).unwrap().state(), State::Approved);
}

#[test]
fn escalation_asks_the_next_step_and_leaves_votes_behind() {
    let mut asked = ask("claude");
    asked.requirement.approvers = vec!["mara".to_owned(), "kim".to_owned()];
    asked.requirement.quorum = 2;
    asked.requirement.escalate = vec![crate::policy::Step {
        after: Duration::from_secs(300),
        to: vec!["jo".to_owned(), "lu".to_owned()],
    }];
    let first = request(asked);
    let say_at = |step, name, answer| Event::Decide(Decision { step, ..decision(&first, name, answer) });
    let say = |name, answer| say_at(1, name, answer);
    let one = transition(&first, &say_at(0, "mara", Answer::Approve), at(1)).unwrap();
    let up = transition(&one, &say_at(0, "kim", Answer::Escalate), at(2)).unwrap();
    let late = transition(&up, &say_at(0, "jo", Answer::Approve), at(3));
    assert_eq!(late, Err(Refusal::Ineligible(Ineligible::OtherStep)));
    assert_eq!((up.approvals(), up.progress.step, up.digest()), (0, 1, first.digest()));
    let refused = transition(&up, &say("kim", Answer::Approve), at(3)).unwrap_err();
    assert_eq!(refused.to_string(), "`kim` is none of the approvers: jo, lu");
    assert_eq!(transition(&up, &say("jo", Answer::Escalate), at(3)), Err(Refusal::LastStep));
    let timed = transition(&one, &say("jo", Answer::Approve), at(300)).unwrap();
    assert_eq!((timed.state(), timed.approvals()), (State::Pending, 1));
    assert_eq!(transition(&timed, &say("lu", Answer::Approve), at(301)).unwrap().state(), State::Approved);
}

#[test]
fn timers_stand_still_once_a_request_is_approved_so_that_its_approver_may_take_it_back() {
    let mut asked = ask("claude");
    asked.requirement.approvers = vec!["mara".to_owned()];
    let to = vec!["jo".to_owned()];
    asked.requirement.escalate = vec![crate::policy::Step { after: Duration::from_secs(300), to }];
    let first = request(asked);
    let say = |answer| Event::Decide(decision(&first, "mara", answer));
    let approved = transition(&first, &say(Answer::Approve), at(290)).unwrap();
    assert_eq!((approved.step(at(400)), approved.next_step(at(400))), (0, None));
    let back = transition(&approved, &say(Answer::Reject), at(400)).unwrap();
    assert_eq!(back.state(), State::Revoked);
}

#[test]
fn changed_content_or_policy_does_not_run() {
    let request = approved();
    let other = Recheck { content: Digest::of(b"other"), ..recheck(&request) };
    assert_eq!(claim(&request, other, &as_given, at(6)).unwrap_err(), Refusal::ContentChanged);
    let other = Recheck { policy: Digest::of(b"other"), ..recheck(&request) };
    assert_eq!(claim(&request, other, &as_given, at(6)).unwrap_err(), Refusal::PolicyChanged);
}

#[test]
fn what_a_row_says_of_its_approvals_is_not_believed() {
    let case = |change: &dyn Fn(&mut Request), weigh: Weigh<'_>, expected: &str| {
        let mut request = approved();
        change(&mut request);
        let refused = claim(&request, recheck(&request), weigh, at(6)).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    };
    let none = "0 of its approvals hold, needs 1";
    case(&|request| request.progress.decisions.clear(), &as_given, none);
    case(&|request| request.progress.decisions[0].answer = Answer::Escalate, &as_given, none);
    case(&|request| request.progress.step = 1, &as_given, none);
    let rejected: &dyn Fn(&mut Request) = &|request| {
        request.progress.decisions.push(decision(request, "jo", Answer::Reject));
    };
    case(rejected, &as_given, "it is already REJECTED (by jo)");
    case(
        &|request| request.progress.decisions[0].about = Digest::of(b"other"),
        &as_given,
        "0 of its approvals hold, needs 1: the request is not the one that was displayed; look at it again",
    );
    let forged = |_: &Decision| Err(Ineligible::Unproven("the signature is not over this".to_owned()));
    case(&|_| (), &forged, "0 of its approvals hold, needs 1: the signature is not over this");
    let weak = |_: &Decision| Ok(Assurance::Asserted);
    case(
        &|_| (),
        &weak,
        "0 of its approvals hold, needs 1: the request needs a decision at `tty`, and here it is at most `asserted`",
    );
}

#[test]
fn each_person_counts_once_at_the_claim_too() {
    let mut twice = approved();
    let mut asked = ask("claude");
    asked.requirement.quorum = 2;
    let needs_two = request(asked);
    twice.ask.requirement.quorum = 2;
    let again = decision(&needs_two, "mara", Answer::Approve);
    twice.progress.decisions.push(Decision { about: twice.digest(), ..again });
    let refused = claim_at(&twice, at(6)).unwrap_err();
    assert_eq!(refused.to_string(), "1 of its approvals hold, needs 2");
}
