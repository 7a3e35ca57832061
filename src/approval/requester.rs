//! Who asks, and from where.

use serde::{Deserialize, Serialize};

/// What kind of requester asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequesterKind {
    Human,
    Agent,
    Ci,
}

impl RequesterKind {
    /// Returns its name in rules, entries and on screens.
    pub fn name(self) -> &'static str {
        match self {
            RequesterKind::Human => "human",
            RequesterKind::Agent => "agent",
            RequesterKind::Ci => "ci",
        }
    }
}

/// Who or what asks to run a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    pub kind: RequesterKind,
    /// The agent's or CI system's name, or the person's login name.
    pub name: String,
    /// The user id of the process, from the kernel.
    pub uid: u32,
    /// The login name of that user id.
    pub user: String,
    /// The person an agent or a job acts for.
    pub on_behalf_of: Option<String>,
    /// What nothing proves about the above, in words for the card (`agent: CLAUDECODE is set`).
    pub asserted: Vec<String>,
}

impl Requester {
    /// Claims that `other` is the same requester: requests are joined and counted by this.
    pub fn is_same(&self, other: &Requester) -> bool {
        (self.kind, &self.name, self.uid, &self.on_behalf_of)
            == (other.kind, &other.name, other.uid, &other.on_behalf_of)
    }

    /// Returns `agent:claude-code`, the form that rules and screens use.
    pub fn label(&self) -> String {
        format!("{}:{}", self.kind.name(), self.name)
    }
}

/// A login session of the kernel (`setsid`): the leader's process id and its start time, which together are not used again within a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub leader: u32,
    /// The leader's start time in clock ticks since boot (`/proc/PID/stat` field 22), or 0 where it has ended.
    pub started: u64,
}

impl Session {
    /// A session whose leader lies outside this process namespace (pid_namespaces(7)), and so cannot be told from others.
    pub const UNSEEN: Session = Session { leader: 0, started: 0 };
}

/// The process that asks: guards against accidents, and tells an auditor where to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub pid: u32,
    pub ppid: u32,
    pub host: String,
    /// Its session, and those of its ancestors: the terminal an agent was started in is the requester's own too.
    pub sessions: Vec<Session>,
    /// The controlling terminal (`/dev/pts/3`), if any.
    pub tty: Option<String>,
}
