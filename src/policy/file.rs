//! The schema of a policy file: what may stand in it, and nothing else.
//!
//! One schema for the packs, which `build.rs` compiles with this very file, and for the files read at start.
//! Unknown keys are errors. Strings stay strings here: the layer above says whether they make sense.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::glance::Glance;
use super::patterns::Patterns;
use super::preview::{Preview, Show};
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
    pub preview: Vec<Preview>,
    pub approval: Approval,
    pub break_glass: BreakGlass,
    pub approver: Vec<Approver>,
    pub group: Vec<Group>,
    pub test: Vec<Test>,
}

/// `[policy]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of the language: 1.
    pub version: u32,
    /// What happens where no rule matches; only the highest layer present may say it.
    pub default: Option<Verdict>,
    /// Whether what is not allowed is held back, or only judged and recorded; the floor holds in both.
    pub mode: Option<Mode>,
    /// Directories where program names prove something, besides root's own.
    pub trusted_path: Option<Vec<String>>,
}

/// `[[rule]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `pack.name`, given once over all files.
    pub id: String,
    /// What the policy answers where the rule matches.
    pub verdict: Verdict,
    /// How much approval an `ask` needs; `medium` if not said.
    pub risk: Option<Risk>,
    /// What kind of thing it does, as a label.
    pub category: Option<String>,
    /// Which data it touches, as labels.
    #[serde(default, deserialize_with = "list")]
    pub data: Vec<String>,
    /// Why, for the person who reads it on a card.
    pub reason: Option<String>,
    /// What to do instead, in one line.
    pub instead: Option<String>,
    /// Any of these tables must match.
    #[serde(rename = "match", deserialize_with = "list")]
    pub matches: Vec<Matcher>,
    /// None of these tables may match.
    #[serde(default, deserialize_with = "list")]
    pub except: Vec<Matcher>,
    /// Circumstances under which it counts.
    pub when: Option<When>,
    /// A higher risk under circumstances.
    #[serde(default, deserialize_with = "list")]
    pub raise: Vec<Raise>,
    /// Nothing overrides it, observe mode included; only in built-in packs.
    #[serde(default)]
    pub floor: bool,
    /// Whether what an approved command gets through a pipe stays open, and so uncovered, where the rule asks.
    #[serde(default)]
    pub unbound_input: bool,
    /// The read-only command whose answer is shown where the rule asks.
    #[serde(default)]
    pub preview: Option<Show>,
    /// Commands that it must match.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Commands that it must not match.
    #[serde(default)]
    pub counterexamples: Vec<String>,
}

/// A higher risk under a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// The circumstances.
    pub when: When,
    /// The risk that it then has.
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
    /// Globs on the program's plain name; one with `/` names the file itself, an empty one is a redirect without a program.
    #[serde(deserialize_with = "list")]
    pub program: Vec<String>,
    /// The words that the operands begin with; known options before them are skipped.
    #[serde(deserialize_with = "list")]
    pub subcommand: Vec<String>,
    /// One of these options is given; bundles and unambiguous abbreviations count.
    #[serde(deserialize_with = "list")]
    pub option: Vec<String>,
    /// All of these options are given.
    #[serde(deserialize_with = "list")]
    pub option_all: Vec<String>,
    /// None of these options is given.
    #[serde(deserialize_with = "list")]
    pub option_none: Vec<String>,
    /// Globs on the value of an option.
    pub value: BTreeMap<String, Globs>,
    /// A glob matches an operand after the subcommand.
    #[serde(deserialize_with = "list")]
    pub operand: Vec<String>,
    /// A glob matches every operand after the subcommand.
    #[serde(deserialize_with = "list")]
    pub operand_all: Vec<String>,
    /// No glob matches an operand after the subcommand.
    #[serde(deserialize_with = "list")]
    pub operand_none: Vec<String>,
    /// It reads a path that matches, by its operands or a redirect.
    pub reads: Patterns,
    /// Every path it reads matches.
    pub reads_all: Patterns,
    /// No path it reads matches.
    pub reads_none: Patterns,
    /// It writes a path that matches, by its operands or a redirect.
    pub writes: Patterns,
    /// Every path it writes matches.
    pub writes_all: Patterns,
    /// No path it writes matches.
    pub writes_none: Patterns,
    /// Paths that a word, or a part of one, names, whatever for: never more than maybe.
    pub names: Patterns,
    /// Every path that a word, or a part of one, names matches; a plain word is none, nor is one that nobody knows.
    pub names_all: Patterns,
    /// A program of this name stands anywhere up the pipe.
    #[serde(deserialize_with = "list")]
    pub stdin_from: Vec<String>,
    /// A program of this name stands anywhere down the pipe.
    #[serde(deserialize_with = "list")]
    pub pipes_to: Vec<String>,
    /// Globs on the value of a variable, set in the command or inherited.
    pub env: BTreeMap<String, Globs>,
    /// On which machine it runs.
    pub scope: Option<ScopeWord>,
    /// It runs through a wrapper of this name.
    #[serde(deserialize_with = "list")]
    pub inside: Vec<String>,
    /// Whether it runs as another user.
    pub as_root: Option<bool>,
    /// The directory it runs in.
    pub cwd: Patterns,
    /// Whether an argument is unknown before it runs.
    pub dynamic: Option<bool>,
    /// Whether gate cannot say what runs.
    pub opaque: Option<bool>,
    /// Whether the shell itself carries it out.
    pub builtin: Option<bool>,
    /// Whether it has no arguments.
    pub bare: Option<bool>,
    /// A regular expression on the arguments, joined by blanks: the last resort.
    pub text: Option<String>,
    /// Whole commands, word by word, with nothing set, redirected, piped or put around them.
    #[serde(deserialize_with = "list")]
    pub exactly: Vec<String>,
    /// Whether standard input holds anything: a pipe, a file, a here-document, or what gate itself was given.
    pub input: Option<bool>,
    /// A regular expression on the whole script as it is written, whatever action is looked at.
    pub script: Option<String>,
    /// Only a certain match counts: what is only perhaps so is not looked at.
    pub certain: bool,
    /// Facts by name, like `git-branch`, `kube-server` or `aws-region`: what picks the target.
    pub fact: BTreeMap<String, Globs>,
    /// What is kept of it, so that it is read once.
    #[serde(skip)]
    pub glance: Glance,
}

/// `when`: conditions on the circumstances, not on the action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Globs on the label `environment`.
    #[serde(deserialize_with = "list")]
    pub environment: Vec<String>,
    /// Globs on the label `region`.
    #[serde(deserialize_with = "list")]
    pub region: Vec<String>,
    /// Globs on the label `data`.
    #[serde(deserialize_with = "list")]
    pub data: Vec<String>,
    /// Globs on who asks: `agent:*`, `ci:*`, `human:*`.
    #[serde(deserialize_with = "list")]
    pub requester: Vec<String>,
    /// Globs on the machine's name.
    #[serde(deserialize_with = "list")]
    pub host: Vec<String>,
    /// Globs on the current git branch.
    #[serde(deserialize_with = "list")]
    pub branch: Vec<String>,
    /// Whether data leaves the region that a label says it belongs to; only in `ask` and `deny` rules.
    pub leaves_region: Option<bool>,
    /// `mon-fri 09:00-17:00 Europe/Berlin`
    #[serde(deserialize_with = "list")]
    pub hours: Vec<String>,
}

/// `[[override]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// A rule's id, or a pattern for several (`git.*`).
    pub rule: String,
    /// The verdict it has instead.
    pub verdict: Verdict,
    /// The risk it has instead.
    pub risk: Option<Risk>,
    /// Why; recorded with every verdict it changes.
    pub reason: String,
    /// Where it counts: any of these tables must match. Nothing said: everywhere.
    #[serde(default, rename = "match", deserialize_with = "list")]
    pub matches: Vec<Matcher>,
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
    /// What it changes, for the person who reads it.
    pub reason: Option<String>,
}

fn yes() -> bool {
    true
}

/// `[[label]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The labels.
    pub set: LabelSet,
    /// Any of these tables must match.
    #[serde(rename = "match", deserialize_with = "list")]
    pub matches: Vec<Matcher>,
    /// None of these tables may match.
    #[serde(default, deserialize_with = "list")]
    pub except: Vec<Matcher>,
}

/// What a label rule says about a command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelSet {
    /// `production`, `staging` and the like.
    #[serde(deserialize_with = "list")]
    pub environment: Vec<String>,
    /// Where it takes place.
    #[serde(deserialize_with = "list")]
    pub region: Vec<String>,
    /// Which data it touches.
    #[serde(deserialize_with = "list")]
    pub data: Vec<String>,
    /// What kind of thing it does.
    #[serde(deserialize_with = "list")]
    pub category: Vec<String>,
}

/// `[approval]`, with `[approval.low]` to `[approval.critical]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approval {
    /// Who may decide: names and `@groups`; nobody named: the person at the machine.
    pub approvers: Option<Vec<String>>,
    /// How many different people must approve.
    pub quorum: Option<u32>,
    /// How long a request stays open: `90s`, `5m`, `8h`, `2d`.
    pub deadline: Option<String>,
    /// How strongly a decision is tied to a person, at least.
    pub assurance: Option<Assurance>,
    /// Whether the person an agent acts for may not decide.
    pub four_eyes: Option<bool>,
    /// Who is asked next, and when.
    pub escalate: Option<Vec<Escalation>>,
    /// Whether the requester must say why.
    pub reason: Option<Need>,
    /// Whether the requester must name a ticket.
    pub ticket: Option<Need>,
    /// How long an approval may stay valid.
    pub grant: Option<GrantLimit>,
    /// What holds for low risk and above.
    pub low: Option<Box<Approval>>,
    /// What holds for medium risk and above.
    pub medium: Option<Box<Approval>>,
    /// What holds for high risk and above.
    pub high: Option<Box<Approval>>,
    /// What holds for critical risk.
    pub critical: Option<Box<Approval>>,
}

/// One step up: who is asked next, and after how long.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// How long after the request was made.
    pub after: String,
    /// Names and `@groups`.
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

/// `[break_glass]`: who may run in an emergency what the policy asks about, with a review afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakGlass {
    /// Names and `@groups`; nobody named: nobody may.
    #[serde(deserialize_with = "list")]
    pub people: Vec<String>,
}

/// `[[approver]]`: a person entitled to decide.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The name that rules and screens use.
    pub name: String,
    /// The address.
    pub email: Option<String>,
    /// Public keys for signed decisions: lines of `.pub` files, or tables with such a line as `key`.
    #[serde(default, deserialize_with = "super::keys::keys")]
    pub keys: Vec<Key>,
    /// Team and user id in Slack.
    pub slack: Option<String>,
    /// The user in Microsoft Teams.
    pub teams: Option<String>,
    /// The login name on GitHub.
    pub github: Option<String>,
    /// The login name on the machine, where it differs from `name`.
    pub user: Option<String>,
}

/// One public key of an approver, and what limits it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The line of its `.pub` file: `ssh-ed25519 AAAA…`.
    pub key: String,
    /// When it begins to count: `2026-01-01`, in UTC, or a time in RFC 3339.
    pub from: Option<String>,
    /// When it no longer counts.
    pub until: Option<String>,
    /// When it was revoked: what it signed before can still be verified, and nothing counts from then on.
    pub revoked: Option<String>,
    /// Whether it lies where no requester's user can use it: with another user, or on another machine. Only then does it give `key`.
    #[serde(default)]
    pub apart: bool,
    /// Whether a security key has to make sure who touches it, by a PIN or a fingerprint.
    #[serde(default)]
    pub verify: bool,
}

/// `[[group]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name, without the `@`.
    pub name: String,
    /// Names of approvers.
    pub members: Vec<String>,
}

/// `[[test]]`: what a command must come to under this whole policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// A command, as a shell reads it.
    pub command: String,
    /// What it must come to.
    pub verdict: Verdict,
    /// The risk it must come to.
    pub risk: Option<Risk>,
    /// Rules that must be among those that matched.
    #[serde(default, deserialize_with = "list")]
    pub rules: Vec<String>,
}

impl Approver {
    /// Returns what the person is called elsewhere: an address and login names, each as [`folded`] writes it.
    pub fn elsewhere(&self) -> impl Iterator<Item = String> {
        [&self.email, &self.github, &self.slack, &self.teams].into_iter().flatten().map(|name| folded(name))
    }
}

/// Returns a name of somebody elsewhere as it is compared: services tell neither `Jo` from `jo` nor `@jo` from it.
pub fn folded(name: &str) -> String {
    name.trim().trim_start_matches('@').to_ascii_lowercase()
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
