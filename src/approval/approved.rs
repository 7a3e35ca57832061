//! The permission to run one command, as a value: whoever holds none cannot run anything.

use super::id::RequestId;
use super::request::Request;
use super::state::State;
use super::sworn::{Purpose, Sworn};
use crate::command::Command;
use crate::policy::{Judgement, Verdict};

/// Proof that exactly this command may run now.
///
/// Its fields are private: only an allow verdict, observe mode, the claim of an approved request and its run make one, and
/// `exec` runs the command *in* it. It is consumed by the run, so that one permission is one start.
#[derive(Debug)]
pub struct Approved {
    command: Command,
    basis: Basis,
}

/// What a permission rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The policy allows the command.
    Verdict,
    /// The policy only observes.
    Observed,
    /// This request was approved and claimed.
    Request(RequestId),
    /// It is a part of what was approved with this request, which runs.
    Inside(RequestId),
    /// A person who may has broken the glass for it.
    BreakGlass,
}

impl Approved {
    /// Returns the permission to run `command`, which `judgement` is about: it is allowed, or the policy only observes and no floor forbids it.
    pub fn by_judgement(command: Command, judgement: &Judgement) -> Option<Approved> {
        let basis = if judgement.verdict == Verdict::Allow { Basis::Verdict } else { Basis::Observed };
        (judgement.enforced() == Verdict::Allow).then_some(Approved { command, basis })
    }

    /// Returns the permission to run `command`, which `judgement` asks about, as a part of the command of `request`, which runs:
    /// that it stands below that run is the caller's to know.
    pub fn inside(command: Command, judgement: &Judgement, request: &Request) -> Option<Approved> {
        let may = judgement.enforced() == Verdict::Ask && request.state() == State::Executing;
        may.then_some(Approved { command, basis: Basis::Inside(request.id) })
    }

    /// Returns the permission to run `command`, which `judgement` asks about, for whoever has `sworn` to break the glass for it: never
    /// over a refusal or the floor. That the signature is theirs, and that an incident takes it, the store makes sure before it starts.
    pub fn by_break_glass(command: Command, judgement: &Judgement, sworn: &Sworn) -> Option<Approved> {
        let is_floor = judgement.hits().any(|hit| hit.floor && hit.verdict > Verdict::Allow);
        let may = judgement.enforced() == Verdict::Ask
            && !is_floor
            && sworn.purpose == Purpose::Break
            && sworn.signature.is_some();
        may.then_some(Approved { command, basis: Basis::BreakGlass })
    }

    /// Returns the permission to run `command` for tests.
    #[cfg(test)]
    pub(crate) fn for_test(command: Command, basis: Basis) -> Approved {
        Approved { command, basis }
    }

    pub(super) fn by_claim(request: &Request) -> Approved {
        Approved { command: request.command().clone(), basis: Basis::Request(request.id) }
    }

    /// Returns the same permission for the call that takes it up: `name` stands where C, which was compared, leaves one open.
    pub fn called(self, request: &Request, name: Option<&str>) -> Approved {
        match self.basis {
            Basis::Request(id) if id == request.id => {
                Approved { command: request.command_with(name), ..self }
            }
            Basis::Request(_) | Basis::Inside(_) | Basis::BreakGlass | Basis::Verdict | Basis::Observed => {
                self
            }
        }
    }

    /// Returns the command that may run.
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// Returns what the permission rests on.
    pub fn basis(&self) -> Basis {
        self.basis
    }
}
