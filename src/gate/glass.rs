//! Break-glass: a person whom the policy names runs what it asks about without waiting for anybody, and answers for it afterwards.
//!
//! MUST rules:
//! 1. A person at a terminal only: never a detected agent or job, nor what was started by an agent of the same terminal session.
//! 2. Never over a refusal, the floor, or a log that cannot record it.
//! 3. What runs is what was shown and signed for: judged and bound again after the signature, under the same policy.
//! 4. Whatever keeps the glass whole is recorded and said, and nothing runs.

use anyhow::Context as _;

use super::ask::{Bound, Held};
use super::message::say_not_run;
use super::{Ending, Ends, Gate, Judged, Wish};
use crate::agent::is_agent_program;
use crate::approval::{Approved, Content, Incident, IncidentText, Request, RequestId, RequesterKind, Sworn};
use crate::audit::{Draft, Kind};
use crate::config::Config;
use crate::digest::Digest;
use crate::error::Exit;
use crate::exec::{self, Ready};
use crate::identity::People;
use crate::moment::in_words;
use crate::policy::Verdict;
use crate::report::{Next, Report};
use crate::store::{Glass, Withstood, clock};
use crate::ui;

/// A command that waits behind the glass.
#[derive(Debug)]
pub struct Behind {
    wish: Wish,
    judged: Judged,
    content: Content,
    /// What a request for it would be: for the card; it is never made.
    pub asked: Request,
}

/// What came of wanting to break the glass.
#[derive(Debug)]
pub enum Wanted {
    /// It may be broken.
    Behind(Box<Behind>),
    /// It is over already: allowed and run, or refused.
    Over(Box<Ending>),
}

impl Behind {
    /// Returns C.
    pub fn content(&self) -> Digest {
        self.content.digest()
    }

    /// Returns the digest of the policy that it was judged by.
    pub fn policy(&self) -> Digest {
        self.judged.policy
    }
}

impl Gate {
    /// Claims that this process is a person's at a terminal, or returns what it is instead.
    pub fn is_a_persons(&self) -> Result<(), String> {
        let requester = &self.requester;
        if requester.kind != RequesterKind::Human {
            let because = requester.asserted.join("; ");
            return Err(format!(
                "only a person breaks the glass, and this is {} ({because})",
                requester.label()
            ));
        }
        let origin = exec::origin_with_ancestors(&self.config.host);
        if origin.tty.is_none() {
            return Err("only a person at a terminal breaks the glass, and there is none here".to_owned());
        }
        let leader = origin.sessions.first().map(|session| session.leader);
        let mut is_done = false;
        let own = exec::lineage()
            .into_iter()
            .take_while(|process| !std::mem::replace(&mut is_done, Some(process.pid) == leader));
        let agent = own.flat_map(|process| process.names).find(|name| is_agent_program(name));
        agent.map_or(Ok(()), |name| {
            Err(format!("only a person breaks the glass, and this was started by the agent `{name}`"))
        })
    }

    /// Judges and binds the command; runs what needs no glass, and refuses what no glass is broken for.
    ///
    /// # Errors
    /// Whatever kept gate from its work: nothing was run.
    pub fn behind_glass(&mut self, wish: Wish, text: &IncidentText) -> anyhow::Result<Wanted> {
        let over = |ending: Ending| Ok(Wanted::Over(Box::new(ending)));
        let judged = self.judge_for(&wish.command, &self.requester.clone());
        match judged.verdict() {
            Verdict::Allow => {
                ui::say("the policy lets it run; no glass is broken for it");
                return over(self.run(wish)?);
            }
            Verdict::Deny => return over(self.refuse(&wish.command, &judged)?),
            Verdict::Ask => {}
        }
        if is_of_the_floor(&judged) {
            let why = format!("{}, and nothing is above the floor", judged.because());
            return over(self.withstand(&wish, &text.name, &why)?);
        }
        if let Some(ending) = self.is_startable(&wish.command, &judged)? {
            return over(ending);
        }
        if let Some(ending) = self.take_input(&wish, &judged) {
            return over(ending);
        }
        let Bound { content, uncovered, .. } = self.content(&wish.command, &judged)?;
        let ask = self.ask_of(&wish, &judged, uncovered);
        let asked = Request::new(RequestId::from_random(0), content.clone(), ask, clock::now());
        Ok(Wanted::Behind(Box::new(Behind { wish, judged, content, asked })))
    }

    /// Runs what a person has `sworn` to break the glass for, if all is as it was then.
    ///
    /// # Errors
    /// Whatever kept gate from its work: nothing was run.
    pub fn break_glass(
        &mut self,
        behind: Behind,
        text: &IncidentText,
        (sworn, salt): (&Sworn, Digest),
    ) -> anyhow::Result<Ending> {
        let (judged, content, held) = match self.check_behind(&behind)? {
            Ok(checked) => checked,
            Err(why) => return self.withstand(&behind.wish, &text.name, &why),
        };
        let command = behind.wish.command.clone();
        let Some(approved) = Approved::by_break_glass(command.clone(), &judged.judgement, sworn) else {
            return self.withstand(&behind.wish, &text.name, "the policy no longer asks about it");
        };
        let mut draft = self.judged_draft(&judged);
        set_why(&mut draft, &behind.wish);
        let ready = Ready::new(approved, &self.config.host, judged.meaning.seen());
        let ready = match ready.and_then(|ready| self.hold(ready, &held)) {
            Ok(ready) => ready,
            Err(problem) => return self.not_started(&command, &judged, draft, &problem),
        };
        let people = People::of(&self.policy);
        let glass = Glass {
            text,
            sworn,
            salt,
            content: &content,
            risk: judged.judgement.risk,
            named: self.policy.may_break_glass(),
            people: &people,
        };
        let (incident, run) = match self.store.break_glass(clock::now(), ready.approved(), draft, &glass) {
            Ok(broken) => broken,
            Err(Withstood::Store(error)) => return Err(error.into()),
            Err(why) => return Ok(stays_whole(&behind.wish, &why.to_string())),
        };
        self.say_broken(&incident);
        let ended = self.carry_out(ready);
        let report = Report { incident: Some(text.name.clone()), by: Some(incident.by), ..judged.report() };
        Ok(self.finish(run, ended, report))
    }

    /// Judges and binds anew, from the files up; returns why it is no longer what was signed for, if so.
    fn check_behind(&mut self, behind: &Behind) -> anyhow::Result<Result<(Judged, Content, Held), String>> {
        let command = &behind.wish.command;
        let home = self.config.places.given();
        let again = Config::load_for(home.as_deref(), command.cwd.clone()).and_then(Config::with_policy);
        (self.config, self.policy) = match again {
            Ok(again) => again,
            Err(error) => return Ok(Err(format!("the policy: {error:#}"))),
        };
        let judged = self.judge_for(command, &self.requester.clone());
        if judged.policy != behind.policy() {
            return Ok(Err("the policy changed since it was signed".to_owned()));
        }
        let Bound { content, held, .. } = self.content(command, &judged)?;
        if content.digest() != behind.content() {
            let changed = behind.content.differences(&content).join(", ");
            return Ok(Err(format!("{changed} changed since it was signed")));
        }
        Ok(Ok((judged, content, held)))
    }

    /// Records and says that the glass stays whole.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn withstand(&mut self, wish: &Wish, name: &str, why: &str) -> anyhow::Result<Ending> {
        let origin = exec::origin(&self.config.host);
        let mut draft = Draft::new(Kind::BreakGlass, &self.requester, &origin);
        draft.command = Some(wish.command.clone());
        set_why(&mut draft, wish);
        let recorded = self.store.withstand(clock::now(), draft, name, why);
        let ending = stays_whole(wish, why);
        // It stands without its record.
        if let Err(error) = recorded.context("failed to record that the glass stays whole") {
            ui::error(&error);
        }
        Ok(ending)
    }

    fn say_broken(&self, incident: &Incident) {
        let (name, gate) = (&incident.text.name, self.config.places.gate());
        let left = in_words(incident.left(clock::now()));
        ui::say(&format!(
            "broke the glass for {name}: command {} of {}; every approver is told; {left} left in it",
            incident.commands, incident.by
        ));
        ui::hint(&format!(
            "the next incident waits until somebody else has reviewed this one: `{gate} audit review {name}`"
        ));
    }
}

fn set_why(draft: &mut Draft, wish: &Wish) {
    for (name, text) in [("reason", &wish.why.reason), ("ticket", &wish.why.ticket)] {
        if let Some(text) = text {
            draft.set(name, text.clone());
        }
    }
}

/// Claims that a rule which nothing overrides asks about it.
fn is_of_the_floor(judged: &Judged) -> bool {
    judged.judgement.hits().any(|hit| hit.floor && hit.verdict > Verdict::Allow)
}

fn stays_whole(wish: &Wish, why: &str) -> Ending {
    ui::say(&format!("the glass stays whole: {why}; nothing was run"));
    say_not_run(&wish.command.source);
    ui::hint("without `--break-glass` it is asked about as usual");
    let report = Report {
        state: "BLOCKED".to_owned(),
        reason: Some(why.to_owned()),
        next: Some(Next::Leave),
        ..Report::default()
    };
    Ending { report, ends: Ends::Gate(Exit::Refused) }
}
