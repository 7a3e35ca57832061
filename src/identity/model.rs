//! Whatever the requester does, and whoever is linked to it, in any order, their command does not run: four eyes, with the real
//! states, signatures and people.

use std::time::Duration;

use proptest::prelude::*;

use super::samples::{SoftKey, TOUCHED};
use super::{Kind, People};
use crate::approval::sample::{ask, at, decision, recheck, request};
use crate::approval::{
    Answer, Assurance, Decision, Event, Grant, GrantScope, GrantUse, Outcome, Recheck, Refusal, Request,
    State, Terms, claim, transition,
};
use crate::digest::Digest;
use crate::moment::Moment;
use crate::policy::{Authority, LayerText, Policy, Step};

/// Who acts for the requester, and as whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// The account that the agent runs under: at its own terminal, and as if it were another user's.
    Account(u32),
    /// The person whom the agent says it acts for, by what they are called elsewhere.
    Linked,
    /// Either of them with the key that the policy names for them.
    AccountWithKey,
    LinkedWithKey,
    /// The agent under its own name.
    Agent,
    /// Somebody who may decide, in name: from the requester's account, its session, without a terminal, out of an agent.
    MaraFromTheAccount,
    MaraFromTheSession,
    MaraWithoutTerminal,
    MaraOutOfAnAgent,
    /// Mara's decision with a signature by the key of the linked person, and with one of hers that is about something else.
    MaraWithOtherKey,
    MaraCopied,
}

const ACTORS: [Actor; 12] = [
    Actor::Account(1000),
    Actor::Account(2000),
    Actor::Linked,
    Actor::AccountWithKey,
    Actor::LinkedWithKey,
    Actor::Agent,
    Actor::MaraFromTheAccount,
    Actor::MaraFromTheSession,
    Actor::MaraWithoutTerminal,
    Actor::MaraOutOfAnAgent,
    Actor::MaraWithOtherKey,
    Actor::MaraCopied,
];

#[derive(Clone, Copy, Debug)]
enum Act {
    Approve(Actor),
    Grant(Actor),
    Escalate(Actor),
    /// Into the database, past every check: only where the requirement asks for more than a terminal gives.
    Write(Actor),
    UseForged,
    Cancel,
    Invalidate,
    Expire,
    Park(bool),
    Advance,
    Lose,
    Finish,
    Wait(u64),
    Claim,
    ClaimOther,
}

fn act() -> impl Strategy<Value = Act> {
    let actor = || (0..ACTORS.len()).prop_map(|at| ACTORS[at]);
    prop_oneof![
        6 => actor().prop_map(Act::Approve),
        3 => actor().prop_map(Act::Grant),
        3 => actor().prop_map(Act::Escalate),
        6 => actor().prop_map(Act::Write),
        1 => Just(Act::UseForged),
        1 => Just(Act::Cancel),
        1 => Just(Act::Invalidate),
        1 => Just(Act::Expire),
        1 => any::<bool>().prop_map(Act::Park),
        2 => Just(Act::Advance),
        1 => Just(Act::Lose),
        1 => Just(Act::Finish),
        3 => (1_u64..700).prop_map(Act::Wait),
        6 => Just(Act::Claim),
        1 => Just(Act::ClaimOther),
    ]
}

struct World {
    people: People,
    mara: SoftKey,
    bob: SoftKey,
    robert: SoftKey,
    request: Request,
    now: Moment,
}

impl World {
    fn new(assurance: Assurance, quorum: u32) -> World {
        let key = |seed| SoftKey::new(Kind::SkEd25519, seed);
        let (mara, bob, robert) = (key(1), key(2), key(3));
        let text = format!(
            "[policy]\nversion = 1\n[[approver]]\nname = 'mara'\nkeys = ['{}']\n[[approver]]\nname = 'jo'\n\
             [[approver]]\nname = 'bo'\nuser = 'bob'\nkeys = ['{}']\n\
             [[approver]]\nname = 'robert'\ngithub = 'Rob-GH'\nkeys = ['{}']\n",
            mara.public(),
            bob.public(),
            robert.public()
        );
        let layer = LayerText { authority: Authority::User, path: "policy.toml".to_owned(), text };
        let people = People::of(&Policy::from_layers(vec![layer]).unwrap());
        let mut asked = ask("claude");
        asked.requester.on_behalf_of = Some("rob-gh".to_owned());
        let everyone = ["mara", "bo", "robert", "claude"].map(str::to_owned).to_vec();
        let needs = &mut asked.requirement;
        (needs.four_eyes, needs.assurance, needs.quorum) = (true, assurance, quorum);
        needs.escalate = vec![Step { after: Duration::from_secs(300), to: everyone.clone() }];
        needs.approvers = everyone;
        World { people, mara, bob, robert, request: request(asked), now: at(1) }
    }

    fn given(&self, actor: Actor, answer: Answer) -> Decision {
        let name = match actor {
            Actor::Account(_) | Actor::AccountWithKey => "bo",
            Actor::Linked | Actor::LinkedWithKey => "robert",
            Actor::Agent => "claude",
            _ => "mara",
        };
        let mut given = decision(&self.request, name, answer);
        given.step = self.request.step(self.now);
        let key = match actor {
            Actor::Account(uid) => return with(given, |given| given.approver.uid = uid),
            Actor::Linked | Actor::Agent => return given,
            Actor::MaraFromTheAccount => return with(given, |given| given.approver.uid = 1000),
            Actor::MaraFromTheSession => {
                return with(given, |given| given.approver.session = self.request.ask.origin.sessions[0]);
            }
            Actor::MaraWithoutTerminal => return with(given, |given| given.approver.tty = None),
            Actor::MaraOutOfAnAgent => {
                return with(given, |given| given.approver.agent = Some("claude".to_owned()));
            }
            Actor::AccountWithKey => &self.bob,
            Actor::LinkedWithKey | Actor::MaraWithOtherKey => &self.robert,
            Actor::MaraCopied => &self.mara,
        };
        (given.key, given.assurance) = (Some(key.public().fingerprint()), Assurance::Hardware);
        let about = if actor == Actor::MaraCopied { Digest::of(b"another request") } else { given.about };
        let signed = Decision { about, ..given.clone() };
        with(given, |given| given.signature = Some(key.sign(&signed.statement(), TOUCHED)))
    }

    /// Does as the store does.
    fn decide(&mut self, given: &Decision) {
        let Ok(assurance) = self.people.weigh(given, &self.request, self.now) else { return };
        let given = Decision { assurance, ..given.clone() };
        self.take(&Event::Decide(given));
    }

    fn take(&mut self, event: &Event) {
        if let Ok(after) = transition(&self.request, event, self.now) {
            self.request = after;
        }
    }

    fn claim(&self, found: Recheck) -> Result<(), Refusal> {
        // A use of a grant rests on the grant's own request, which nobody has approved either.
        if self.request.progress.granted.is_some() {
            return Grant::made_by(&self.request).map(drop).ok_or(Refusal::NoLine);
        }
        let weigh = |given: &Decision| self.people.weigh(given, &self.request, self.now);
        claim(&self.request, found, &weigh, self.now).map(drop)
    }

    fn act(&mut self, act: Act) -> Result<(), Refusal> {
        let terms = Terms { scope: GrantScope::Exact, uses: Some(3), lasts: Duration::from_secs(600) };
        match act {
            Act::Approve(actor) => self.decide(&self.given(actor, Answer::Approve)),
            Act::Grant(actor) => {
                self.decide(&Decision { grant: Some(terms), ..self.given(actor, Answer::Approve) });
            }
            Act::Escalate(actor) => self.decide(&self.given(actor, Answer::Escalate)),
            Act::Write(_) if self.request.ask.requirement.assurance <= Assurance::Tty => {}
            Act::Write(actor) => {
                let given = self.given(actor, Answer::Approve);
                let progress = &mut self.request.progress;
                progress.decisions.push(given);
                (progress.state, progress.approved) = (State::Approved, Some(self.now));
            }
            Act::UseForged => {
                let (grant, by) = (self.request.id, vec!["mara".to_owned()]);
                self.take(&Event::Use(GrantUse { grant, number: 1, of: None, line: None, by }));
            }
            Act::Cancel => self.take(&Event::Cancel { by: "agent:claude".to_owned() }),
            Act::Invalidate => self.take(&Event::Invalidate { why: "changed".to_owned() }),
            Act::Expire => self.take(&Event::Expire),
            Act::Park(parked) => self.take(&Event::Park(parked)),
            Act::Advance => self.take(&Event::Advance),
            Act::Lose => self.take(&Event::Lose),
            Act::Finish => self.take(&Event::Finish(Outcome::Exited(0))),
            Act::Wait(seconds) => self.now = self.now.after(Duration::from_secs(seconds)),
            Act::Claim => return self.claim(recheck(&self.request)),
            Act::ClaimOther => {
                return self.claim(Recheck { policy: Digest::of(b"other"), ..recheck(&self.request) });
            }
        }
        Err(Refusal::StillOpen)
    }
}

fn with(mut given: Decision, change: impl FnOnce(&mut Decision)) -> Decision {
    change(&mut given);
    given
}

#[test]
fn somebody_else_approves_it() {
    for assurance in [Assurance::Tty, Assurance::Hardware] {
        let mut world = World::new(assurance, 1);
        let given = world.given(Actor::MaraCopied, Answer::Approve);
        let signature = Some(world.mara.sign(&given.statement(), TOUCHED));
        world.decide(&Decision { signature, ..given });
        assert_eq!(world.act(Act::Claim), Ok(()), "{assurance}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_that_the_requester_and_who_is_linked_to_it_do_runs_its_command(
        acts in proptest::collection::vec(act(), 1..14),
        is_tty in any::<bool>(),
        quorum in 1_u32..3,
    ) {
        let assurance = if is_tty { Assurance::Tty } else { Assurance::Hardware };
        let mut world = World::new(assurance, quorum);
        for act in &acts {
            prop_assert!(world.act(*act).is_err(), "{act:?} runs it");
        }
        prop_assert!(world.claim(recheck(&world.request)).is_err(), "it may run");
    }
}
