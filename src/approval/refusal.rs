//! Why an event leaves a request as it is.

use std::fmt;

use super::decision::Ineligible;
use super::grant::Withheld;
use super::state::State;

/// Why an event leaves a request as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is past that.
    Already { state: State, by: Option<String> },
    /// It is not approved yet.
    NotApproved { approvals: u32, needed: u32 },
    /// The deadline is past, or the approval lapsed.
    Expired,
    /// This person may not decide.
    Ineligible(Ineligible),
    /// This person has approved it before, and counts once.
    Counted { name: String },
    /// There is nobody to escalate to.
    LastStep,
    /// It is not running.
    NotExecuting { state: State },
    /// What would run is not what was approved.
    ContentChanged,
    /// The policy is not the one it was approved under.
    PolicyChanged,
    /// It is not past its deadline.
    StillOpen,
    /// It says that it is approved, and too few of its approvals hold when they are looked at again.
    Unproven { approvals: u32, needed: u32, why: Option<String> },
    /// It is a plan, whose lines are run one by one.
    Plan,
    /// The grant that approved it no longer stands.
    Grant(Withheld),
    /// The lines that are approved have none in common with those approved before.
    NoLine,
    /// It is no plan, or has no such line.
    UnknownLine(u32),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Already { state, by: Some(name) } => write!(f, "it is already {state} (by {name})"),
            Refusal::Already { state, by: None } => write!(f, "it is already {state}"),
            Refusal::NotApproved { approvals, needed } => write!(f, "{approvals} approvals, needs {needed}"),
            Refusal::Expired => f.write_str("it has expired; nothing was run"),
            Refusal::Ineligible(why) => why.fmt(f),
            Refusal::Counted { name } => {
                write!(f, "`{name}` has approved it already, and each person counts once")
            }
            Refusal::LastStep => f.write_str("there is no further step to escalate to"),
            Refusal::NotExecuting { state } => write!(f, "it is {state}, not running"),
            Refusal::ContentChanged => f.write_str("what would run is no longer what was approved"),
            Refusal::PolicyChanged => f.write_str("the policy is no longer the one it was approved under"),
            Refusal::Unproven { approvals, needed, why } => {
                write!(f, "{approvals} of its approvals hold, needs {needed}")?;
                why.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
            }
            Refusal::StillOpen => f.write_str("its deadline is not past"),
            Refusal::Plan => f.write_str("it is a plan, whose lines are run one by one"),
            Refusal::Grant(why) => write!(f, "the grant that approved it no longer stands: {why}"),
            Refusal::NoLine => f.write_str("none of these lines is among those that were approved before"),
            Refusal::UnknownLine(line) => write!(f, "it is no plan with a command on line {line}"),
        }
    }
}
