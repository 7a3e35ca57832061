//! The schema of a policy file: what may stand in it, and nothing else.
//!
//! One schema for the packs, which `build.rs` compiles with this very file, and for the files read at start.
//! Unknown keys are errors. Strings stay strings here: the layer above says whether they make sense.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::patterns::Patterns;
use super::verdict::{Assurance, GrantLimit, Mode, Risk, Verdict};
use crate::shell::Program;
use crate::shell::list::list;

/// A whole policy file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub policy: Option<Head>,
    pub rule: Vec<Rule>,
    #[serde(rename = "override")]
    pub overrides: Vec<Override>,
    pub program: Vec<Program>,
    pub variable: Vec<Variable>,
    pub label: Vec<Label>,
    pub approval: Approval,
    pub approver: Vec<Approver>,
    pub group: Vec<Group>,
    pub test: Vec<Test>,
}

/// `[policy]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub version: u32,
    pub default: Option<Verdict>,
    pub mode: Option<Mode>,
    pub trusted_path: Option<Vec<String>>,
}

/// `[[rule]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub verdict: Verdict,
    pub risk: Option<Risk>,
    pub category: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub data: Vec<String>,
    pub reason: Option<String>,
    pub instead: Option<String>,
    /// Any of these tables must match.
    #[serde(rename = "match", deserialize_with = "list")]
    pub matches: Vec<Matcher>,
    /// None of these tables may match.
    #[serde(default, deserialize_with = "list")]
    pub except: Vec<Matcher>,
    pub when: Option<When>,
    #[serde(default, deserialize_with = "list")]
    pub raise: Vec<Raise>,
    /// Nothing overrides it, observe mode included; only in built-in packs.
    #[serde(default)]
    pub floor: bool,
    #[serde(default)]
    pub examples: Vec<String>,
    #[serde(default)]
    pub counterexamples: Vec<String>,
}

/// A higher risk under a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    pub when: When,
    pub risk: Risk,
}

/// On which machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeWord {
    Local,
    Remote,
}

impl<'de> Deserialize<'de> for ScopeWord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ScopeWord, D::Error> {
        if !from.is_human_readable() {
            return Ok(if u32::deserialize(from)? == 0 { ScopeWord::Local } else { ScopeWord::Remote });
        }
        match String::deserialize(from)?.as_str() {
            "local" => Ok(ScopeWord::Local),
            "remote" => Ok(ScopeWord::Remote),
            other => Err(serde::de::Error::custom(format!(
                "unknown scope `{other}`, expected `local` or `remote`"
            ))),
        }
    }
}

/// A list of globs that may be written as one string.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Globs(#[serde(deserialize_with = "list")] pub Vec<String>);

/// The conditions on one action; all that are given must hold. An empty list is a condition that is not given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    #[serde(deserialize_with = "list")]
    pub program: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub subcommand: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub option: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub option_all: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub option_none: Vec<String>,
    pub value: BTreeMap<String, Globs>,
    #[serde(deserialize_with = "list")]
    pub operand: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub operand_all: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub operand_none: Vec<String>,
    pub reads: Patterns,
    pub reads_all: Patterns,
    pub reads_none: Patterns,
    pub writes: Patterns,
    pub writes_all: Patterns,
    pub writes_none: Patterns,
    /// Paths that a word, or a part of one, names, whatever for: never more than maybe.
    pub names: Patterns,
    #[serde(deserialize_with = "list")]
    pub stdin_from: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub pipes_to: Vec<String>,
    pub env: BTreeMap<String, Globs>,
    pub scope: Option<ScopeWord>,
    #[serde(deserialize_with = "list")]
    pub inside: Vec<String>,
    pub as_root: Option<bool>,
    pub cwd: Patterns,
    pub dynamic: Option<bool>,
    pub opaque: Option<bool>,
    pub builtin: Option<bool>,
    pub bare: Option<bool>,
    pub text: Option<String>,
    /// A regular expression on the whole script as it is written, whatever action is looked at.
    pub script: Option<String>,
    /// Only a certain match counts: what is only perhaps so is not looked at.
    pub certain: bool,
    /// Facts of the machine by name: `git-branch`, `git-remote`, `kube-context`, `kube-server`, `terraform-workspace`.
    pub fact: BTreeMap<String, Globs>,
}

/// `when`: conditions on the circumstances, not on the action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    #[serde(deserialize_with = "list")]
    pub environment: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub region: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub data: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub requester: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub host: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub branch: Vec<String>,
    /// `mon-fri 09:00-17:00 Europe/Berlin`
    #[serde(deserialize_with = "list")]
    pub hours: Vec<String>,
}

/// `[[override]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    pub rule: String,
    pub verdict: Verdict,
    pub risk: Option<Risk>,
    pub reason: String,
}

/// `[[variable]]`: an environment variable that changes what runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Globs on its name.
    #[serde(deserialize_with = "list")]
    pub name: Vec<String>,
    /// Globs on the programs it speaks to; empty: every program.
    #[serde(default, deserialize_with = "list")]
    pub programs: Vec<String>,
    /// Globs on the values that change nothing of consequence.
    #[serde(default, deserialize_with = "list")]
    pub trusted: Vec<String>,
    /// Whether a value that gate inherited counts too, not only one that the script sets.
    #[serde(default = "yes")]
    pub inherited: bool,
    pub reason: Option<String>,
}

fn yes() -> bool {
    true
}

/// `[[label]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub set: LabelSet,
    #[serde(rename = "match", deserialize_with = "list")]
    pub matches: Vec<Matcher>,
    #[serde(default, deserialize_with = "list")]
    pub except: Vec<Matcher>,
}

/// What a label rule says about a command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelSet {
    #[serde(deserialize_with = "list")]
    pub environment: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub region: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub data: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub category: Vec<String>,
}

/// `[approval]`, with `[approval.low]` to `[approval.critical]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approval {
    pub approvers: Option<Vec<String>>,
    pub quorum: Option<u32>,
    pub deadline: Option<String>,
    pub assurance: Option<Assurance>,
    pub four_eyes: Option<bool>,
    pub escalate: Option<Vec<Escalation>>,
    pub reason: Option<Need>,
    pub ticket: Option<Need>,
    pub grant: Option<GrantLimit>,
    pub low: Option<Box<Approval>>,
    pub medium: Option<Box<Approval>>,
    pub high: Option<Box<Approval>>,
    pub critical: Option<Box<Approval>>,
}

/// One step up: who is asked next, and after how long.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub after: String,
    #[serde(deserialize_with = "list")]
    pub to: Vec<String>,
}

/// Whether the requester must say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Optional,
    Required,
}

impl<'de> Deserialize<'de> for Need {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Need, D::Error> {
        match String::deserialize(from)?.as_str() {
            "required" => Ok(Need::Required),
            "optional" => Ok(Need::Optional),
            other => Err(serde::de::Error::custom(format!(
                "unknown need `{other}`, expected `required` or `optional`"
            ))),
        }
    }
}

/// `[[approver]]`: a person entitled to decide.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    pub name: String,
    pub email: Option<String>,
    #[serde(default)]
    pub keys: Vec<String>,
    pub slack: Option<String>,
    pub teams: Option<String>,
    pub github: Option<String>,
    /// The login name on the machine, where it differs from `name`.
    pub user: Option<String>,
}

/// `[[group]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub members: Vec<String>,
}

/// `[[test]]`: what a command must come to under this whole policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub command: String,
    pub verdict: Verdict,
    pub risk: Option<Risk>,
    /// Rules that must be among those that matched.
    #[serde(default, deserialize_with = "list")]
    pub rules: Vec<String>,
}

impl Approval {
    /// Claims that nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Approval::default()
    }
}

impl Matcher {
    /// Claims that not a single condition is given.
    pub fn is_empty(&self) -> bool {
        *self == Matcher::default()
    }
}
