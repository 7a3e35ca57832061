//! Walks every history of a request up to a depth and holds the MUST rules of [`super::state`] against each step.

use std::time::Duration;

use super::sample::{ask, at, decision, recheck, request};
use super::*;
use crate::digest::Digest;
use crate::moment::Moment;

/// What can happen, time included: everything an approver, a requester, a runner or a clock can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Approve(&'static str),
    Reject(&'static str),
    Escalate,
    ApproveAsRequester,
    Cancel,
    Invalidate,
    Expire,
    Claim,
    ClaimOther,
    Finish,
    Lose,
    Park,
    /// Five minutes pass: two of them make an approval lapse, twelve the deadline.
    Wait(u64),
}

const STEPS: [Step; 15] = [
    Step::Approve("mara"),
    Step::Approve("jo"),
    Step::Reject("mara"),
    Step::Reject("jo"),
    Step::Escalate,
    Step::ApproveAsRequester,
    Step::Cancel,
    Step::Invalidate,
    Step::Expire,
    Step::Claim,
    Step::ClaimOther,
    Step::Finish,
    Step::Lose,
    Step::Park,
    Step::Wait(601),
];

/// How many steps deep every history is walked; those that change nothing lead nowhere new.
const DEPTH: usize = 8;

fn event(request: &Request, step: Step) -> Option<Event> {
    Some(match step {
        Step::Approve(name) => Event::Decide(decision(request, name, Answer::Approve)),
        Step::Reject(name) => Event::Decide(decision(request, name, Answer::Reject)),
        Step::Escalate => Event::Decide(decision(request, "mara", Answer::Escalate)),
        Step::ApproveAsRequester => {
            let mut own = decision(request, "jo", Answer::Approve);
            own.approver.session = request.ask.origin.sessions[0];
            Event::Decide(own)
        }
        Step::Cancel => Event::Cancel { by: "agent:claude".to_owned() },
        Step::Invalidate => Event::Invalidate { why: "policy".to_owned() },
        Step::Expire => Event::Expire,
        Step::Claim => Event::Claim(recheck(request)),
        Step::ClaimOther => Event::Claim(Recheck { content: Digest::of(b"other"), ..recheck(request) }),
        Step::Finish => Event::Finish(Outcome::Exited(0)),
        Step::Lose => Event::Lose,
        Step::Park => Event::Park(true),
        Step::Wait(_) => return None,
    })
}

#[derive(Clone)]
struct World {
    request: Request,
    now: Moment,
    /// How often the command was started.
    starts: u32,
    /// Whether anybody entitled has ever rejected it.
    rejected: bool,
}

fn walk(world: &World, depth: usize, seen: &mut u64) {
    for step in STEPS {
        *seen += 1;
        let mut next = world.clone();
        match event(&world.request, step) {
            None => {
                let Step::Wait(seconds) = step else { unreachable!() };
                next.now = world.now.after(Duration::from_secs(seconds));
            }
            Some(event) => {
                if let Ok(after) = transition(&world.request, &event, world.now) {
                    check(world, &after, step);
                    next.starts += u32::from(after.state() == State::Executing);
                    next.rejected |= matches!(step, Step::Reject(_));
                    next.request = after;
                }
            }
        }
        assert!(next.starts <= 1, "started twice");
        if depth > 1 && !(next.request == world.request && next.now == world.now) {
            walk(&next, depth - 1, seen);
        }
    }
}

fn check(world: &World, after: &Request, step: Step) {
    let (from, to) = (world.request.state(), after.state());
    let place = format!("{from} -{step:?}-> {to}");
    assert!(!from.is_final(), "1: left a final state: {place}");
    assert_eq!(after.digest(), world.request.digest(), "D changed: {place}");
    assert_ne!(step, Step::ApproveAsRequester, "decided its own request: {place}");
    if to == State::Executing {
        assert_eq!((from, step), (State::Approved, Step::Claim), "5: {place}");
        assert!(!world.rejected, "2: ran after a rejection: {place}");
        assert!(!is_expired(&world.request, world.now), "3: ran too late: {place}");
    }
    if to == State::Approved && from == State::Pending {
        let names: std::collections::HashSet<_> = after
            .progress
            .decisions
            .iter()
            .skip(after.progress.earlier)
            .map(|d| d.approver.name.clone())
            .collect();
        assert!(names.len() as u32 >= after.quorum(), "4: {place}");
    }
    if matches!(step, Step::Reject(_)) {
        assert!(matches!(to, State::Rejected | State::Revoked), "2: {place}");
    }
    if to == State::Expired {
        assert!(is_expired(&world.request, world.now), "3: {place}");
    }
    let moved = after.progress.version == world.request.progress.version + 1;
    assert!(moved || step == Step::Park, "a transition counts: {place}");
}

fn walked(quorum: u32, approvers: &[&str]) -> u64 {
    let mut asked = ask("claude");
    asked.requirement.quorum = quorum;
    asked.requirement.approvers = approvers.iter().map(|name| (*name).to_owned()).collect();
    let mut seen = 0;
    walk(&World { request: request(asked), now: at(1), starts: 0, rejected: false }, DEPTH, &mut seen);
    seen
}

#[test]
fn every_history_of_eight_steps_keeps_the_rules() {
    assert!(walked(1, &[]) > 20_000);
    assert!(walked(2, &["mara", "jo"]) > 50_000);
}
