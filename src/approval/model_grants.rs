//! Walks every history of a request that is approved with a grant, of a second one that the grant may cover, and of all who act on
//! them, and holds the MUST rules of [`super::grant`] against each step. Two histories that lead to the same world go on as one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::sample::{ask, at, content, decision, recheck};
use super::*;
use crate::digest::Digest;
use crate::moment::Moment;

/// What can happen. The requester can do all that its own processes can, under its own and its person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    ApproveWith(&'static str),
    ApproveOnce(&'static str),
    Reject(&'static str),
    Revoke,
    /// The requester approves its own request, with a grant: from its session, as itself, without a terminal, as an agent.
    OwnSession,
    OwnName,
    NoTerminal,
    AsAgent,
    Cancel,
    /// The second request takes a use.
    Use,
    /// It tries one that was never given: another number of it.
    UseForged,
    ClaimFirst,
    ClaimSecond,
    /// The same with the policy that it was not approved under: an approver was taken out of it.
    ClaimUnderOther,
    AskAgain,
    Wait,
}

const STEPS: [Step; 18] = [
    Step::ApproveWith("mara"),
    Step::ApproveWith("jo"),
    Step::ApproveOnce("jo"),
    Step::Reject("mara"),
    Step::Reject("jo"),
    Step::Revoke,
    Step::OwnSession,
    Step::OwnName,
    Step::NoTerminal,
    Step::AsAgent,
    Step::Cancel,
    Step::Use,
    Step::UseForged,
    Step::ClaimFirst,
    Step::ClaimSecond,
    Step::ClaimUnderOther,
    Step::AskAgain,
    Step::Wait,
];

/// How many steps long the histories are.
const DEPTH: usize = 7;

/// How many runs the grant covers, the first one included.
const USES: u32 = 3;

#[derive(Clone, Debug)]
struct World {
    first: Request,
    second: Request,
    grant: Option<Grant>,
    now: Moment,
    /// How many different people who may decide have approved the first request, whatever came of it.
    approvals: u32,
    runs: u32,
    is_revoked: bool,
    is_rejected: bool,
}

fn new(id: u64, quorum: u32, now: Moment) -> Request {
    let mut asked = ask("claude");
    asked.requirement.quorum = quorum;
    asked.requirement.approvers = vec!["mara".to_owned(), "jo".to_owned(), "claude".to_owned()];
    Request::new(RequestId::from_random(id), content(&["git", "push"]), asked, now)
}

fn given(request: &Request, name: &str, answer: Answer, grants: bool) -> Decision {
    let terms = Terms { scope: GrantScope::Exact, uses: Some(USES), lasts: Duration::from_secs(1000) };
    Decision { grant: grants.then_some(terms), ..decision(request, name, answer) }
}

fn own(request: &Request, step: Step) -> Decision {
    let mut own = given(request, "jo", Answer::Approve, true);
    match step {
        Step::OwnSession => own.approver.session = request.ask.origin.sessions[0],
        Step::OwnName => own.approver.name = request.ask.requester.name.clone(),
        Step::NoTerminal => own.approver.tty = None,
        _ => own.approver.agent = Some("claude".to_owned()),
    }
    own
}

impl World {
    fn new(quorum: u32) -> World {
        World {
            first: new(1, quorum, at(0)),
            second: new(2, quorum, at(0)),
            grant: None,
            now: at(1),
            approvals: 0,
            runs: 0,
            is_revoked: false,
            is_rejected: false,
        }
    }

    /// Returns the world after a step; the same where it is refused.
    fn after(&self, step: Step) -> World {
        let mut next = self.clone();
        match step {
            Step::ApproveWith(name) => next.decide(given(&self.first, name, Answer::Approve, true)),
            Step::ApproveOnce(name) => next.decide(given(&self.first, name, Answer::Approve, false)),
            Step::Reject(name) => next.decide(given(&self.first, name, Answer::Reject, false)),
            Step::OwnSession | Step::OwnName | Step::NoTerminal | Step::AsAgent => {
                next.decide(own(&self.first, step));
                assert_eq!(next.first, self.first, "{step:?} counted");
            }
            Step::Revoke => next.revoke(),
            Step::Cancel => {
                let cancelled =
                    transition(&self.first, &Event::Cancel { by: "agent:claude".to_owned() }, self.now);
                next.first = cancelled.unwrap_or_else(|_| self.first.clone());
            }
            Step::Use => next.take(None),
            Step::UseForged => next.take(Some(USES + 1)),
            Step::ClaimFirst => next.claim_first(),
            Step::ClaimSecond => next.claim_second(recheck(&self.second)),
            Step::ClaimUnderOther => {
                let other = Recheck { policy: Digest::of(b"without jo"), ..recheck(&self.second) };
                next.claim_second(other);
                assert_eq!(next.runs, self.runs, "ran under another policy");
            }
            Step::AskAgain if self.second.state().is_final() => {
                next.second = new(2, self.second.quorum(), self.now);
            }
            Step::AskAgain => {}
            Step::Wait => next.now = self.now.after(Duration::from_secs(601)),
        }
        next
    }

    fn decide(&mut self, decision: Decision) {
        let Ok(after) = transition(&self.first, &Event::Decide(decision.clone()), self.now) else { return };
        self.is_rejected |= decision.answer == Answer::Reject;
        self.approvals += u32::from(decision.answer == Answer::Approve);
        if after.state() == State::Approved {
            self.grant = Grant::made_by(&after);
        }
        if after.state() == State::Revoked {
            self.first = after;
            return self.revoke();
        }
        self.first = after;
    }

    fn revoke(&mut self) {
        let Some(grant) = self.grant.clone() else { return };
        if let Ok(next) = grant.revoked("jo", self.now) {
            self.grant = Some(grant.having(next));
            self.is_revoked = true;
        }
    }

    fn take(&mut self, forged: Option<u32>) {
        let Some(grant) = self.grant.clone() else { return };
        if let Some(number) = forged {
            return assert!(grant.covers(&self.second, number).is_err(), "covers a use it never had");
        }
        let Ok((next, taken)) = grant.take(&self.second, self.now) else { return };
        assert!(!self.is_revoked && !self.is_rejected, "used after it was taken back");
        if let Ok(after) = transition(&self.second, &Event::Use(taken), self.now) {
            (self.second, self.grant) = (after, Some(grant.having(next)));
        }
    }

    fn claim_first(&mut self) {
        let claimed = claim(&self.first, recheck(&self.first), &|given| Ok(given.assurance), self.now);
        let Ok((running, _)) = claimed else { return };
        assert!(!self.is_rejected, "ran after a rejection");
        self.started();
        self.first = transition(&running, &Event::Finish(Outcome::Exited(0)), self.now).unwrap();
    }

    fn claim_second(&mut self, found: Recheck) {
        // As the store does: the grant is looked at first.
        let taken = self.second.progress.granted.as_ref().map(|taken| taken.number);
        let stands = self.grant.as_ref().zip(taken).is_some_and(|(grant, number)| {
            let is_open = matches!(grant.withheld(self.now), None | Some(Withheld::Spent));
            is_open
                && grant.covers(&self.second, number).is_ok()
                && recount(&grant.request, &|given| Ok(given.assurance)).is_ok()
        });
        if !stands {
            return;
        }
        let claimed = claim(&self.second, found, &|given| Ok(given.assurance), self.now);
        let Ok((running, _)) = claimed else { return };
        assert!(!self.is_revoked, "ran after the grant was revoked");
        self.started();
        self.second = transition(&running, &Event::Finish(Outcome::Exited(0)), self.now).unwrap();
    }

    fn started(&mut self) {
        self.runs += 1;
        assert!(self.runs <= USES, "ran more often than was granted");
        assert!(self.approvals >= self.first.quorum(), "ran with {} approvals", self.approvals);
    }

    fn key(&self) -> String {
        let grant = self.grant.as_ref().map(|grant| &grant.progress);
        let World { first, second, now, approvals, runs, is_revoked, is_rejected, .. } = self;
        let names: Vec<_> =
            first.progress.decisions.iter().map(|given| (&given.approver.name, given.grant)).collect();
        let (one, other) = (&first.progress.state, &second.progress);
        format!(
            "{one:?} {names:?} {:?} {other:?} {grant:?} {now:?} {approvals} {runs} {is_revoked} {is_rejected}",
            first.progress.approved
        )
    }
}

/// Returns how many histories there are of at most [`DEPTH`] steps, refused steps included, and how many worlds they lead to.
fn walked(quorum: u32) -> (u64, usize) {
    let start = World::new(quorum);
    let mut level = BTreeMap::from([(start.key(), (start, 1_u64))]);
    let (mut histories, mut worlds) = (0, 1);
    for _ in 0..DEPTH {
        let mut next = BTreeMap::new();
        for (world, count) in level.into_values() {
            for step in STEPS {
                let after = world.after(step);
                histories += count;
                next.entry(after.key()).or_insert((after, 0)).1 += count;
            }
        }
        worlds += next.len();
        level = next;
    }
    (histories, worlds)
}

#[test]
fn every_history_of_seven_steps_with_a_grant_keeps_the_rules() {
    let all: u64 = (1..=DEPTH as u32).map(|steps| (STEPS.len() as u64).pow(steps)).sum();
    for quorum in [1, 2] {
        let (histories, worlds) = walked(quorum);
        assert_eq!(histories, all, "no history is left out");
        assert!(worlds > 1000, "{worlds} worlds");
    }
}
