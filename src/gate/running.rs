//! Running what may run, with the record before and after; refusing what may not.

use anyhow::Context as _;

use super::ask::{Bound, Held};
use super::message::{say_after_refusal, say_not_run};
use super::waiting::say_approved;
use super::{Ending, Ends, Gate, Judged};
use crate::approval::{Approved, AskedBy, FileIdentity, Outcome, Recheck, Request};
use crate::audit::{Draft, Kind, PolicyUse};
use crate::command::Command;
use crate::config::Config;
use crate::error::Exit;
use crate::exec::{self, Ended, Fault, NotStarted, Ready, Start};
use crate::identity::People;
use crate::policy::{Mode, Verdict};
use crate::report::{Next, Report};
use crate::store::{ChangeError, Durability, Run, clock};
use crate::ui;

/// What was found right before an approved request is run.
struct Fit {
    /// What is compared with the approval.
    again: Recheck,
    judged: Judged,
    /// What the start is held to, as it was bound.
    held: Held,
}

/// Why an approved request is not run.
enum Misfit {
    /// It no longer counts.
    Gone(String),
    /// It does, but this process would give the command other surroundings, which are named.
    Process(Vec<String>),
}

impl Gate {
    /// Records that the command starts, runs it, and records how it ended.
    pub(super) fn run_allowed(&mut self, approved: Approved, judged: &Judged) -> anyhow::Result<Ending> {
        let draft = self.judged_draft(judged);
        let command = approved.command().clone();
        let ready = match Ready::new(approved, &self.config.host, judged.meaning.seen()) {
            Ok(ready) => ready,
            Err(problem) => return self.not_started(&command, judged, draft, &problem),
        };
        let run = self.store.start_allowed(clock::now(), ready.approved(), draft)?;
        let ended = self.carry_out(ready);
        Ok(self.finish(run, ended, judged.report()))
    }

    /// Checks an approved request against the world as it is now, claims it, and runs it: once.
    ///
    /// `name` is what this call has where C leaves a name open, so that its agent finds what it looks for.
    pub(super) fn run_approved(&mut self, request: &Request, name: Option<&str>) -> anyhow::Result<Ending> {
        let report = Ending::of_request(request);
        let Fit { again, judged, held } = match self.check_again(request, name) {
            Ok(checked) => checked,
            Err(Misfit::Process(differs)) => return self.leave_to_another(request, &differs),
            Err(Misfit::Gone(why)) => {
                return match self.store.invalidate(clock::now(), request.id, &why) {
                    Ok(closed) => Ok(Ending::closed(&closed, &self.config.places)),
                    Err(refused) => self.changed_meanwhile(refused),
                };
            }
        };
        let origin = exec::origin(&self.config.host);
        let runner = self.runner();
        let people = People::of(&self.policy);
        let recheck = (again, name);
        let claimed = self.store.claim(clock::now(), request.id, recheck, &origin, runner.as_ref(), &people);
        let (approved, run) = match claimed {
            Ok(claimed) => claimed,
            Err(refused) => return self.changed_meanwhile(refused),
        };
        say_approved(request);
        let ready = Ready::new(approved, &self.config.host, judged.meaning.seen());
        let ready = ready.and_then(|ready| self.hold(ready, &held));
        let ended = ready.and_then(|ready| self.carry_out(ready));
        Ok(self.finish(run, ended, report))
    }

    /// Holds what is started to what was approved: its program, its script and its input.
    pub(super) fn hold(&self, ready: Ready, held: &Held) -> Result<Ready, NotStarted> {
        if !self.starts_it_itself() {
            return Ok(ready);
        }
        let ready = match &self.input {
            Some(input) => ready.with_input(input)?,
            None => ready,
        };
        let files: Vec<&FileIdentity> = held.files.iter().filter_map(|file| file.found.as_ref()).collect();
        ready.held_to(held.program.as_ref().and_then(|program| program.found.as_ref()), &files)
    }

    /// Judges and binds anew, from the files up, and returns what that came to, or why the approval no longer counts.
    fn check_again(&mut self, request: &Request, name: Option<&str>) -> Result<Fit, Misfit> {
        let command = request.command_with(name);
        let home = self.config.places.given();
        let again = Config::load_for(home.as_deref(), command.cwd.clone()).and_then(Config::with_policy);
        (self.config, self.policy) = again.map_err(|error| Misfit::Gone(format!("the policy: {error:#}")))?;
        let judged = self.judge_for(&command, &request.ask.requester);
        if let Err(unbound) = self.take_input_of(&request.content) {
            ui::say(&self.why_unbound(&unbound));
            return Err(Misfit::Process(vec!["standard input".to_owned()]));
        }
        let bound = self.content(&command, &judged);
        let Bound { content, held, .. } = bound.map_err(|problem| Misfit::Gone(problem.to_string()))?;
        let differs = request.content.surroundings(&content);
        if judged.policy == request.ask.policy && !differs.is_empty() {
            return Err(Misfit::Process(differs));
        }
        let changed = request.content.differences(&content);
        if judged.policy == request.ask.policy && !changed.is_empty() {
            return Err(Misfit::Gone(format!("{} changed since it was asked for", changed.join(", "))));
        }
        let again = Recheck { content: content.digest(), policy: judged.policy };
        if again.policy != request.ask.policy || again.content != request.content.digest() {
            // The claim refuses these by itself, and says which.
            return Ok(Fit { again, judged, held });
        }
        match judged.verdict() {
            Verdict::Deny => Err(Misfit::Gone(format!("the policy now refuses it: {}", judged.because()))),
            Verdict::Ask if judged.requirement != request.ask.requirement => {
                Err(Misfit::Gone("it now needs another approval than the one it was given".to_owned()))
            }
            Verdict::Ask if request.progress.granted.is_some() && !self.is_asked_as(request, &judged) => {
                Err(Misfit::Gone(
                    "the rules ask otherwise than its request says, which nobody has read".to_owned(),
                ))
            }
            Verdict::Ask | Verdict::Allow => match self.unlike_shown(request, &judged) {
                Some(why) => Err(Misfit::Gone(why)),
                None => Ok(Fit { again, judged, held }),
            },
        }
    }

    /// Claims that a request which a grant approved says of its command what the policy says: nobody has read and signed its D.
    fn is_asked_as(&self, request: &Request, judged: &Judged) -> bool {
        let ask = &request.ask;
        let rules = |asked: &[AskedBy]| asked.iter().map(|by| (by.rule.clone(), by.risk)).collect::<Vec<_>>();
        ask.risk == judged.judgement.risk
            && ask.reach == self.reach(judged, &request.command().cwd)
            && ask.labels == judged.labels()
            && rules(&ask.rules) == rules(&judged.asked_by())
    }

    /// Says that this process is not the one to run it; the approval stands for one that has what was approved.
    fn leave_to_another(&mut self, request: &Request, differs: &[String]) -> anyhow::Result<Ending> {
        let parked = match self.store.park(clock::now(), request.id, true) {
            Ok(parked) => parked,
            Err(refused) => return self.changed_meanwhile(refused),
        };
        let (id, differs) = (request.id, differs.join(", "));
        ui::say(&format!("{id} was approved with another {differs} than this process has; nothing was run"));
        say_not_run(&request.shown());
        ui::hint("the approval still stands: run the command again as it was asked");
        let report = Report { next: Some(Next::AskAgain), ..Ending::of_request(&parked) };
        Ok(Ending { report, ends: Ends::Gate(Exit::Refused) })
    }

    /// Says that another process was faster, or time was.
    pub(super) fn changed_meanwhile(&self, refused: ChangeError) -> anyhow::Result<Ending> {
        match refused {
            ChangeError::Refused { request, .. } => Ok(Ending::closed(&request, &self.config.places)),
            error @ (ChangeError::Unknown(_) | ChangeError::Store(_)) => Err(error.into()),
        }
    }

    /// Records the refusal and says it, with something better to do where the rule knows it.
    pub(super) fn refuse(&mut self, command: &Command, judged: &Judged) -> anyhow::Result<Ending> {
        let mut draft = self.judged_draft(judged);
        draft.command = Some(command.clone());
        let recorded = self.store.record(clock::now(), &[draft], Durability::Full);
        ui::say(&format!("refused by {}", judged.because()));
        say_not_run(&judged.shown(command));
        // A refusal stands without its record.
        if let Err(error) = recorded.context("failed to record the refusal") {
            ui::error(&error);
        }
        let next = Some(say_after_refusal(judged));
        let report = Report { state: "BLOCKED".to_owned(), next, ..judged.report() };
        Ok(Ending { report, ends: Ends::Gate(Exit::Refused) })
    }

    /// Records and says that there is nothing to start.
    pub(super) fn not_started(
        &mut self,
        command: &Command,
        judged: &Judged,
        mut draft: Draft,
        problem: &NotStarted,
    ) -> anyhow::Result<Ending> {
        draft.command = Some(command.clone());
        draft.set("not_started", problem.to_string());
        self.store.record(clock::now(), &[draft], Durability::Full)?;
        say_not_started(problem);
        let report =
            Report { state: "NOT_STARTED".to_owned(), error: Some(problem.to_string()), ..judged.report() };
        Ok(Ending { report, ends: Ends::Gate(exit(problem)) })
    }

    /// Claims that the command can be started, or records and says why not.
    pub(super) fn is_startable(
        &mut self,
        command: &Command,
        judged: &Judged,
    ) -> anyhow::Result<Option<Ending>> {
        match Start::of(command, &self.config.host) {
            Ok(_) => Ok(None),
            Err(problem) => {
                let draft = self.judged_draft(judged);
                self.not_started(command, judged, draft, &problem).map(Some)
            }
        }
    }

    /// Records how the run ended. The command has run: its own end is what gate reports, even if the record fails.
    pub(super) fn finish(&mut self, run: Run, ended: Result<Ended, NotStarted>, report: Report) -> Ending {
        let (outcome, ending) = match &ended {
            Ok(Ended::Exited(code)) => (Outcome::Exited(*code), Ending::exited(report, *code)),
            Ok(Ended::Signalled(signal)) => (
                Outcome::Signalled(u8::try_from(*signal).unwrap_or(u8::MAX)),
                Ending::signalled(report, *signal),
            ),
            Ok(Ended::Handed) => {
                let report = Report { state: "HANDED_OVER".to_owned(), ..report };
                (Outcome::Handed, Ending { report, ends: Ends::Handed })
            }
            Err(problem) => {
                say_not_started(problem);
                let report =
                    Report { state: "NOT_STARTED".to_owned(), error: Some(problem.to_string()), ..report };
                (Outcome::NotStarted(problem.to_string()), Ending { report, ends: Ends::Gate(exit(problem)) })
            }
        };
        let recorded = self.store.finish(clock::now(), run, outcome);
        if let Err(error) = recorded.context("failed to record how the command ended") {
            ui::error(&error);
        }
        ending
    }

    pub(super) fn judged_draft(&self, judged: &Judged) -> Draft {
        let mut draft = Draft::new(Kind::Judged, &self.requester, &exec::origin(&self.config.host));
        draft.wrapping = judged.meaning.wrapping.clone();
        draft.set("verdict", judged.judgement.verdict.word());
        draft.risk = Some(judged.judgement.risk);
        draft.policy = Some(PolicyUse { version: 1, sha256: judged.policy, rules: judged.rule_ids() });
        draft.mode = if judged.is_observed() { Mode::Observe } else { Mode::Enforce };
        if let Some(src) = &mut draft.src {
            src.cwd = Some(self.config.cwd.clone());
        }
        draft
    }
}

/// Says what kept it from starting, and what to do where that was the machine.
fn say_not_started(problem: &NotStarted) {
    ui::say(&problem.to_string());
    if let Some(mend) = problem.mend() {
        ui::hint(mend);
    }
}

fn exit(problem: &NotStarted) -> Exit {
    match problem.fault() {
        Fault::Missing => Exit::NotFound,
        Fault::Unexecutable => Exit::Refused,
        Fault::Gate => Exit::Failed,
    }
}
