//! What an `ask` needs before it may run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How bad it would be: picks how much approval an `ask` needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

/// How strongly a decision is tied to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    Asserted,
    Tty,
    Chat,
    Login,
    Key,
    Hardware,
}

/// How much approval a request needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The names of the people who may decide; empty: the person at the machine.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub quorum: u32,
    /// How long the request stays open.
    pub deadline: Duration,
    /// The least assurance that counts.
    pub assurance: Assurance,
    /// Claims that the person an agent acts for may not decide.
    pub four_eyes: bool,
}
