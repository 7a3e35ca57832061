//! The story: judge → allowed? refused? ask → wait → check again → record → run → record.
//!
//! MUST rules:
//! 1. Nothing starts before its start is durably recorded; if it cannot be recorded, it does not start.
//! 2. Every error ends in *not run*, with a message that says why, and never with exit code 0.
//! 3. What was approved is checked again, from the files up, at the moment it starts.

mod ask;
mod ending;
mod glass;
mod hooked;
mod input;
mod inside;
mod judging;
mod meaning;
mod message;
mod plan;
mod preview;
mod prompt;
mod running;
mod session;
mod waiting;

pub use ending::{Ending, Ends, HANDED};
pub use glass::{Behind, Wanted};
pub use hooked::{Edits, Hooked};
pub use judging::Judged;
pub use meaning::Meaning;
pub use message::{say_not_run, shown};
pub use plan::{MOST_LINES, commands_of};
pub use session::Shell;

use std::time::Duration;

use crate::agent::{Stated, detect};
use crate::approval::{Approved, Request, Requester, RequesterKind};
use crate::command::Command;
use crate::config::Config;
use crate::error::Exit;
use crate::exec;
use crate::policy::{Policy, Verdict};
use crate::store::{Store, clock, wait_by};
use crate::why::Why;

/// What a requester wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The command, exactly as it will run.
    pub command: Command,
    /// Why it is wanted.
    pub why: Why,
    /// How long to wait for a decision, if not as long as the configuration says.
    pub wait: Option<Duration>,
}

/// Everything that is in force for one run of gate.
pub struct Gate {
    pub config: Config,
    pub policy: Policy,
    pub requester: Requester,
    pub store: Store,
    /// What a command gets on standard input that somebody is asked about, once that is known.
    input: Option<exec::Input>,
    /// How a command that may run gets to run.
    hands: session::Hands,
}

impl Gate {
    /// Opens the store and finds out who asks.
    ///
    /// # Errors
    /// A policy or a store that cannot be used: nothing may run.
    pub fn open(config: Config, policy: Policy) -> anyhow::Result<Gate> {
        let requester = requester(&config);
        let _or_slower = exec::keep_the_index();
        wait_by(exec::stand_in_line);
        let store = Store::open(&config.places.state, clock::now())?;
        Ok(Gate { config, policy, requester, store, input: None, hands: session::Hands::Own })
    }

    /// Judges the command, asks if the policy says so, and runs it if it may run.
    ///
    /// # Errors
    /// Whatever kept gate from its work: nothing was run.
    pub fn run(&mut self, wish: Wish) -> anyhow::Result<Ending> {
        let judged = self.judge_for(&wish.command, &self.requester.clone());
        if let Some(approved) = Approved::by_judgement(wish.command.clone(), &judged.judgement) {
            return self.run_allowed(approved, &judged);
        }
        if judged.verdict() == Verdict::Deny {
            return self.refuse(&wish.command, &judged);
        }
        if let Some(ending) = self.run_inside(&wish.command, &judged)? {
            return Ok(ending);
        }
        let request = match self.submit(&wish, &judged)? {
            ask::Asked::Waits(request) => request,
            ask::Asked::Not(ending) => return Ok(*ending),
        };
        let name = ask::left_open(&wish.command, &judged);
        self.follow(*request, wish.wait, name.as_deref())
    }

    /// Takes a request up again that was parked, and runs it if it is approved: the stored bytes, after the same checks.
    ///
    /// # Errors
    /// Another user's request, or whatever kept gate from its work: nothing was run.
    pub fn resume(&mut self, request: Request, wait: Option<Duration>) -> anyhow::Result<Ending> {
        let (own, theirs) = (self.requester.uid, request.ask.requester.uid);
        anyhow::ensure!(own == theirs, "request {} is of user {theirs}, not of yours ({own})", request.id);
        match self.store.park(clock::now(), request.id, false) {
            Ok(request) => self.follow(request, wait, None),
            Err(refused) => self.changed_meanwhile(refused),
        }
    }

    fn follow(
        &mut self,
        request: Request,
        wait: Option<Duration>,
        name: Option<&str>,
    ) -> anyhow::Result<Ending> {
        match self.wait(request, wait.unwrap_or_else(|| self.patience()))? {
            waiting::Decided::Approved(request) if request.is_plan() => {
                // The exit codes are those of a command, and none has run.
                let Ending { report, .. } = self.approved_plan(&request);
                Ok(Ending { report, ends: Ends::Gate(Exit::NoDecision) })
            }
            waiting::Decided::Approved(request) => self.run_approved(&request, name),
            waiting::Decided::Otherwise(ending) => Ok(*ending),
        }
    }

    fn patience(&self) -> Duration {
        let patience = &self.config.settings.patience;
        match self.requester.kind {
            RequesterKind::Agent => patience.agent,
            RequesterKind::Ci => patience.ci,
            RequesterKind::Human => patience.human,
        }
    }
}

/// Returns who runs this gate.
pub fn requester(config: &Config) -> Requester {
    let stated = Stated {
        agent: config.settings.requester.agent.clone(),
        on_behalf_of: config.settings.requester.on_behalf_of.clone(),
    };
    detect(&config.host, &stated, config.user.uid, &config.user.name)
}
