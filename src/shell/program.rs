//! How programs read their arguments: data from the policy's `[[program]]` entries.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::list::list;

/// Which arguments of a program a property speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Selector {
    /// `operands`: every operand (after the subcommand).
    Operands,
    /// `first`, `last`, `rest` (all but the first), `init` (all but the last).
    First,
    Last,
    Rest,
    Init,
    /// `into`: what all operands but the last are called in the directory that the last one names; with a target directory
    /// among the options (`-t`), what all of them are called there.
    Into,
    /// `value:-f`: the value of this option.
    Value(String),
    /// `after:mv`: every operand after this subcommand, and what they are called in the directory that the last one names.
    After(String),
    /// `backup`: the last operand with the suffix of a backup (`cp -S .md`) behind it.
    Backup,
    /// `unpacked`: every operand without its last suffix, unless the content goes to standard output (`gunzip a.gz`).
    Unpacked,
    /// `up:package.json`: the nearest file of this name, in the working directory or further up.
    Up(String),
    /// Anything else: a fixed file name in the working directory (`Makefile`), or those that match (`*.tf`).
    File(String),
}

impl TryFrom<String> for Selector {
    type Error = String;
    fn try_from(text: String) -> Result<Selector, String> {
        Ok(match text.as_str() {
            "operands" => Selector::Operands,
            "first" => Selector::First,
            "last" => Selector::Last,
            "rest" => Selector::Rest,
            "init" => Selector::Init,
            "into" => Selector::Into,
            "backup" => Selector::Backup,
            "unpacked" => Selector::Unpacked,
            "" => return Err("expected a selector, found an empty string".to_owned()),
            other if other.starts_with("after:") => Selector::After(other["after:".len()..].to_owned()),
            other if other.starts_with("up:") => Selector::Up(other["up:".len()..].to_owned()),
            other => match other.strip_prefix("value:") {
                Some(option) if option.starts_with('-') => Selector::Value(option.to_owned()),
                Some(option) => return Err(format!("`value:{option}`: expected an option, like `value:-f`")),
                None => Selector::File(text),
            },
        })
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> String {
        match selector {
            Selector::Operands => "operands".to_owned(),
            Selector::First => "first".to_owned(),
            Selector::Last => "last".to_owned(),
            Selector::Rest => "rest".to_owned(),
            Selector::Init => "init".to_owned(),
            Selector::Into => "into".to_owned(),
            Selector::Value(option) => format!("value:{option}"),
            Selector::After(subcommand) => format!("after:{subcommand}"),
            Selector::Up(name) => format!("up:{name}"),
            Selector::Backup => "backup".to_owned(),
            Selector::Unpacked => "unpacked".to_owned(),
            Selector::File(name) => name,
        }
    }
}

/// Where a wrapper's inner command sits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Runs {
    /// The inner command follows the options and this many operands (`sudo` 0, `timeout` 1).
    pub after_operands: Option<usize>,
    /// Leading operands of the form `NAME=value` are assignments for the inner command (`env`, `sudo`).
    pub assignments: bool,
    /// The value of this option is a shell script (`bash -c`, `su -c`); bundled forms (`-lc`) included.
    #[serde(deserialize_with = "list")]
    pub shell_option: Vec<String>,
    /// All operands, or all after `after_operands`, joined by blanks are a shell script (`eval`, `ssh host …`, `watch`).
    pub shell_operands: bool,
    /// The value of this option is split into words that precede the operands (`env -S`).
    #[serde(deserialize_with = "list")]
    pub split_option: Vec<String>,
    /// The inner command stands between one of these options and a closing marker (`find -exec … ;`).
    #[serde(deserialize_with = "list")]
    pub between: Vec<String>,
    /// The markers that close `between` (`;`, `+`).
    #[serde(deserialize_with = "list")]
    pub until: Vec<String>,
    /// The first operand is a script file that this program, a shell, runs (`bash x.sh`, `. x.sh`); without operand, standard input.
    pub script_operand: bool,
    /// These subcommands run the inner command (`docker exec`, `kubectl exec`); empty: the program itself does.
    #[serde(deserialize_with = "list")]
    pub subcommand: Vec<String>,
    /// The inner command's arguments are unknown in part: more are added from standard input (`xargs`).
    pub appends: bool,
    /// The inner command runs on another machine or in a container.
    pub remote: bool,
    /// The inner command runs as another user.
    pub as_root: bool,
    /// These options name the directory of the inner command (`env -C`).
    #[serde(deserialize_with = "list")]
    pub cwd_option: Vec<String>,
    /// These options make the program not run anything (`command -v`, `sudo -l`).
    #[serde(deserialize_with = "list")]
    pub unless: Vec<String>,
    /// Inline code of an interpreter: the value of one of these options (`python -c`, `node -e`); opaque unless a rule speaks of it.
    #[serde(deserialize_with = "list")]
    pub code_option: Vec<String>,
    /// The first operand is inline code (`awk`), unless one of `unless` is given.
    pub code_operand: bool,
    /// The language of that code, where gate reads it itself (`sed`, `awk`): what only transforms text is not opaque.
    pub language: String,
}

/// How one program reads its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Program {
    /// The names it goes by.
    #[serde(deserialize_with = "list")]
    pub name: Vec<String>,
    /// Options that take a value (`-n`, `--namespace`).
    #[serde(deserialize_with = "list")]
    pub values: Vec<String>,
    /// Options before the subcommand that take none; an unknown one makes the subcommand uncertain.
    #[serde(deserialize_with = "list")]
    pub flags: Vec<String>,
    /// Options whose value, where there is one, is attached (`make -j4`): the next word never is.
    #[serde(deserialize_with = "list")]
    pub attached: Vec<String>,
    /// Options that take a value after this subcommand, and elsewhere what the other lists say (`docker build -t NAME`, `docker exec -t`).
    pub values_of: BTreeMap<String, Vec<String>>,
    /// Claims that `-abc` is one option, not three (`find -delete`, `terraform -auto-approve`).
    pub single_dash: bool,
    /// Claims that options end at the first operand (`ssh`, `sudo`, `env`).
    pub options_first: bool,
    /// Where an inner command sits, if it runs one.
    pub runs: Option<Runs>,
    /// Files that are instructions: part of what is approved.
    #[serde(deserialize_with = "list")]
    pub binds: Vec<Selector>,
    /// Claims that what comes in on standard input tells it what to do (`psql`, `patch`, `at`): a card shows it.
    pub instructed_by_input: bool,
    /// The format of those files, where they name others that are read with them: `make`, `pip`, `kustomize`, `compose`,
    /// `terraform`, `ansible`.
    pub includes: String,
    /// What it reads as instructions and gate does not bind, in words for the card.
    #[serde(deserialize_with = "list")]
    pub unbound: Vec<String>,
    /// Options that name the directory it works in (`make -C`).
    #[serde(deserialize_with = "list")]
    pub directory: Vec<String>,
    /// Paths it reads.
    #[serde(deserialize_with = "list")]
    pub reads: Vec<Selector>,
    /// Paths it writes, creates or deletes.
    #[serde(deserialize_with = "list")]
    pub writes: Vec<Selector>,
    /// With one of these options it changes in place what it reads (`sed -i`).
    pub in_place: Vec<String>,
    /// Environment variables that change what it does, or patterns of such (`TF_VAR_*`).
    #[serde(deserialize_with = "list")]
    pub env: Vec<String>,
}

/// The table of known programs.
pub trait Programs {
    /// Returns the entry of the program with this plain name (no directory).
    fn program(&self, name: &str) -> Option<Rc<Program>>;
}
