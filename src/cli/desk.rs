//! The approver's desk: who decides at this terminal, the store with the requests, and what is done with an answer.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use super::Place;
use super::signer::{Signer, how_to_give};
use crate::approval::{
    Answer, Approver, Assurance, Covers, Decision, Grant, Incident, Ineligible, Origin, Refusal, Request,
    Requester, RequesterKind, Session, State,
};
use crate::channel::{Card, Earlier, granted, width};
use crate::config::{Config, Places};
use crate::digest::Digest;
use crate::error::Exit;
use crate::exec::{is_alive, origin_with_ancestors, stand_in_line};
use crate::identity::People;
use crate::moment::{Moment, in_words};
use crate::store::{ChangeError, FindError, Store, StoreError, clock, wait_by};
use crate::ui;

/// Everything a subcommand about requests needs: configuration, store, and who runs it from where.
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) store: Store,
    /// The approvers of the policy in force; nobody where the desk only reads.
    pub(super) people: People,
}

/// What came of naming a request.
pub(super) enum Named {
    One(Box<Request>),
    /// No request, or too many: already said.
    None,
}

impl Desk {
    /// Opens the store for reading; nothing is made or changed.
    pub(super) fn reading(place: &Place) -> anyhow::Result<Desk> {
        let config = Config::load(place.home.as_deref())?;
        let store = Store::open_read_only(&config.places.state)?;
        tell_incident(&store, &config)?;
        Ok(Desk { config, store, people: People::default() })
    }

    /// Does as [`Desk::reading`], and reads who may decide.
    pub(super) fn reading_with_people(place: &Place) -> anyhow::Result<Desk> {
        let desk = Desk::reading(place)?;
        let people = people(&desk.config);
        Ok(Desk { people, ..desk })
    }

    /// Does as [`Desk::reading`]; `None` before the first gated command: then there is no store.
    pub(super) fn reading_if_there(place: &Place) -> anyhow::Result<Option<Desk>> {
        match Desk::reading(place) {
            Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing { .. })) => Ok(None),
            desk => desk.map(Some),
        }
    }

    /// Opens the store for writing; makes one where there is none.
    pub(super) fn writing(place: &Place) -> anyhow::Result<Desk> {
        let config = Config::load(place.home.as_deref())?;
        wait_by(stand_in_line);
        let store = Store::open(&config.places.state, clock::now())?;
        let people = people(&config);
        tell_incident(&store, &config)?;
        Ok(Desk { config, store, people })
    }

    /// Returns the request that `text` names, or says why it names none.
    pub(super) fn find(&self, text: &str) -> anyhow::Result<Named> {
        match self.store.find(text) {
            Ok(request) => Ok(Named::One(Box::new(request))),
            Err(FindError::Store(error)) => Err(error.into()),
            Err(error) => {
                ui::say(&error.to_string());
                Ok(Named::None)
            }
        }
    }

    /// Returns the card of `request` as it stands now.
    pub(super) fn card(&self, request: &Request, now: Moment) -> anyhow::Result<Card> {
        let all = self.store.earlier(request)?;
        Ok(Card::of(request, &Earlier::of(request, &all, now), now, width()))
    }

    /// Returns who runs this process.
    pub(super) fn requester(&self) -> Requester {
        crate::gate::requester(&self.config)
    }

    /// Returns where this process runs.
    pub(super) fn origin(&self) -> Origin {
        origin_with_ancestors(&self.config.host)
    }

    /// Returns the answer of whoever sits at this terminal; nothing is decided by that yet.
    pub(super) fn decision(
        &self,
        request: &Request,
        answer: Answer,
        comment: Option<String>,
        displayed: Digest,
    ) -> Decision {
        Decision {
            about: request.digest(),
            answer,
            approver: self.approver(),
            assurance: Assurance::Tty,
            channel: "tty".to_owned(),
            comment,
            salt: None,
            displayed,
            left_out: None,
            step: request.step(clock::now()),
            decided: clock::now(),
            grant: None,
            head: self.store.head().ok().flatten(),
            only: Vec::new(),
            key: None,
            signature: None,
        }
    }

    /// Has `signer` sign `decision`, if there is one; the answer of whoever sits here without a key stays as it is.
    pub(super) fn sign(&self, decision: &mut Decision, signer: Option<&Signer>) -> anyhow::Result<()> {
        signer.map_or(Ok(()), |signer| signer.sign(decision, &self.config.host, &self.people))
    }

    fn approver(&self) -> Approver {
        let (origin, requester) = (self.origin(), self.requester());
        // A job has no terminal a person sits at either.
        let agent = (requester.kind != RequesterKind::Human).then_some(requester.name);
        Approver {
            name: self.people.name_of_user(&self.config.user.name).to_owned(),
            uid: self.config.user.uid,
            session: origin.sessions.first().copied().unwrap_or(Session::UNSEEN),
            tty: origin.tty,
            agent,
        }
    }

    /// Gives `decision` to the store and says what came of it.
    pub(super) fn decide(&mut self, request: &Request, decision: &Decision) -> anyhow::Result<Exit> {
        match self.store.decide(clock::now(), request.id, decision, &self.people) {
            Ok(after) => {
                tell(&after, decision.answer, &self.config.places);
                if after.state() == State::Approved && !after.is_plan() {
                    tell_grant(&after, &self.config.places);
                }
                Ok(Exit::Done)
            }
            Err(ChangeError::Store(error)) => {
                Err(error).context("failed to record the decision; nothing is decided")
            }
            Err(error) => {
                ui::say(&error.to_string());
                if let ChangeError::Refused {
                    refusal: Refusal::Ineligible(Ineligible::Assurance { needed, .. }),
                    ..
                } = &error
                {
                    let id = &request.id.as_str()[..4];
                    ui::hint(&how_to_give(*needed, id, &self.config.places.gate()));
                }
                Ok(Exit::No)
            }
        }
    }
}

/// Tells whoever comes to the desk, once, that somebody has broken the glass and nobody else has looked at it yet.
fn tell_incident(store: &Store, config: &Config) -> anyhow::Result<()> {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    if let Some(incident) = store.incident()?.filter(|_| !IS_TOLD.swap(true, Ordering::Relaxed)) {
        ui::say(&about_incident(&incident, clock::now()));
        let gate = config.places.gate();
        ui::hint(&format!("somebody else reviews it: `{gate} audit review {}`", incident.text.name));
    }
    Ok(())
}

/// Returns what an approver is told of an incident that waits for its review.
pub(super) fn about_incident(incident: &Incident, now: Moment) -> String {
    let Incident { text, by, commands, .. } = incident;
    let commands = if *commands == 1 { "1 command".to_owned() } else { format!("{commands} commands") };
    let left = match incident.is_over(now) {
        true => "over".to_owned(),
        false => format!("{} left", in_words(incident.left(now))),
    };
    let told =
        format!("{by} broke the glass for {}: {} ({commands}, {left}, not reviewed)", text.name, text.what);
    crate::command::visible(told.as_bytes())
}

/// Says how the lines of an approved plan are run.
fn tell_plan(request: &Request, places: &Places) {
    let lines: Vec<String> = request.approved_lines().iter().map(u32::to_string).collect();
    let (id, prefix) = (request.id, &request.id.as_str()[..4]);
    ui::say(&format!("approved the plan {id}: lines {}, once each and in this order", lines.join(", ")));
    ui::hint(&format!(
        "`{0} grants` says how far it has come, `{0} revoke {prefix}` takes back what is left",
        places.gate()
    ));
}

/// Says what an approval with a grant covers from now on.
fn tell_grant(request: &Request, places: &Places) {
    let Some(grant) = Grant::made_by(request).filter(|grant| grant.uses() != Some(1)) else { return };
    let Covers::Terms(terms) = grant.covers else { return };
    for line in granted(request, terms) {
        ui::say(&format!("granted: {line}"));
    }
    ui::hint(&format!("`{} revoke {}` takes it back", places.gate(), &request.id.as_str()[..4]));
}

/// Returns the approvers of the policy in force. Where that cannot be read nobody's signature counts, and nothing runs either.
fn people(config: &Config) -> People {
    config.policy().map(|policy| People::of(&policy)).unwrap_or_default()
}

/// Says where an answered request stands now, and what happens next.
fn tell(request: &Request, answer: Answer, places: &Places) {
    let (id, progress) = (request.id, &request.progress);
    let prefix = &id.as_str()[..4];
    match (request.state(), answer) {
        // A requester that was killed had no time to park its request; another may have joined it.
        (State::Approved, _) if request.is_plan() => tell_plan(request, places),
        (State::Approved, _) if progress.parked || !is_alive(&request.ask.origin) => {
            let why = if progress.parked {
                "nobody waits for it at the moment"
            } else {
                "the process that asked for it is gone"
            };
            ui::say(&format!("approved {id}; {why}"));
            ui::hint(&format!(
                "the requester runs `{} resume {prefix}` or the same command again, within 10 min",
                places.gate()
            ));
        }
        (State::Approved, _) => ui::say(&format!("approved {id}; it starts now")),
        (State::Pending, Answer::Escalate) => {
            ui::say(&format!(
                "escalated {id}; it now waits for {}",
                request.approvers(clock::now()).join(", ")
            ));
        }
        (State::Pending, _) => {
            let (given, needed) = (request.approvals(), request.quorum());
            ui::say(&format!("approved {id} as one of several: {given} approvals, needs {needed}"));
        }
        (State::Revoked, _) => ui::say(&format!("took the approval of {id} back; nothing was run")),
        (State::Rejected, _) => ui::say(&format!("rejected {id}; nothing was run")),
        (state, answer) => ui::say(&format!("{} of {id} is recorded; it is {state}", answer.name())),
    }
}
