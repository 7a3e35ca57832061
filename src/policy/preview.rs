//! `[[preview]]`, and `preview` of a rule: the read-only command that shows what another one would do, as a file says it.
//!
//! Its words are made out of those of the command that is asked about, one by one and never as text for a shell: [`Part`] says
//! which of them stand where. What is made is judged like any other command, and is run only where that is allowed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::Matcher;
use crate::shell::list::list;

/// `[[preview]]`: what is shown of the commands that match and that somebody is asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// Any of these tables must match.
    #[serde(rename = "match", deserialize_with = "list")]
    pub matches: Vec<Matcher>,
    /// None of these tables may match.
    #[serde(default, deserialize_with = "list")]
    pub except: Vec<Matcher>,
    /// What is run and shown.
    pub show: Show,
}

/// The read-only command that shows what a command would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// What it shows, for the person who reads it on a card.
    pub what: String,
    /// Its words: `{program}`, `{options:-n,--namespace}`, `{operands}` and the like stand for words of the command that is asked about.
    pub run: Vec<String>,
    /// Options of the command that the preview leaves out, because they change nothing of what it shows; one with a value ends in `=`.
    #[serde(default, deserialize_with = "list")]
    pub leaves_out: Vec<String>,
    /// Globs on the variables that it gets, besides the few that every program needs.
    #[serde(default, deserialize_with = "list")]
    pub env: Vec<String>,
    /// Variables that are set for it.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Exit codes, besides 0, that are no failure.
    #[serde(default)]
    pub codes: Vec<u32>,
    /// How long it may take: `10s`, at most `2m`; `5s` if not said.
    #[serde(default)]
    pub timeout: Option<String>,
    /// How many bytes it may print, at most 65536; 16384 if not said.
    #[serde(default)]
    pub bytes: Option<u32>,
    /// Whether it is run again before the command starts, which another answer then stops.
    #[serde(default)]
    pub stable: bool,
}

impl Show {
    /// The longest time that a preview may take, in seconds.
    pub const LONGEST: u64 = 120;
    /// The most bytes that are shown of one.
    pub const MOST_BYTES: u32 = 65_536;
    /// What holds where the file says nothing.
    pub const USUAL_BYTES: u32 = 16_384;
}

/// What stands in a place of [`Show::run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Itself.
    Word(String),
    /// `{program}`: the program's name as it was given.
    Program,
    /// `{options:-n,--namespace}`: those of these options that were given, with their values.
    Options(Vec<String>),
    /// `{global:-C,--git-dir}`: those of them that were given before the subcommand.
    Global(Vec<String>),
    /// `{operands}`: all operands after the subcommand.
    Operands,
    /// `{operand:1}`: one of them; `{operand:1:HEAD}` is `HEAD` where it is not there.
    Operand(usize, Option<String>),
    /// `{value:-f,--file}`: the value of the one of these options that was given.
    Value(Vec<String>),
    /// `{arguments:--quiet}`: all arguments as they are, but for these options.
    Arguments(Vec<String>),
    /// `{pushed}`: the commits that `git push` with these operands adds.
    Pushed,
    /// `{lost}`: the commits that it takes away.
    Lost,
    /// `{rebased}`: the commits that `git rebase` with these operands writes anew.
    Rebased,
    /// `{rows:-c,--command}`: the query that counts the rows of the statement that one of these options gives.
    RowsOf(Vec<String>),
    /// `{rows:2}`: the same of the statement that is the second operand.
    RowsAt(usize),
}

impl Part {
    /// Reads one word of [`Show::run`].
    ///
    /// # Errors
    /// A word in braces that means nothing, in words.
    pub fn parse(word: &str) -> Result<Part, String> {
        let Some(inner) = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return Ok(Part::Word(word.to_owned()));
        };
        let (name, rest) = inner.split_once(':').unwrap_or((inner, ""));
        let options: Vec<String> =
            rest.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let are_options = !options.is_empty() && options.iter().all(|name| name.starts_with('-'));
        let (place, usual) = rest.split_once(':').map_or((rest, None), |(place, usual)| (place, Some(usual)));
        let place = place.parse::<usize>().ok().filter(|place| *place > 0);
        match (name, rest, place) {
            ("program", "", _) => Ok(Part::Program),
            ("operands", "", _) => Ok(Part::Operands),
            ("pushed", "", _) => Ok(Part::Pushed),
            ("lost", "", _) => Ok(Part::Lost),
            ("rebased", "", _) => Ok(Part::Rebased),
            ("options", _, _) if are_options => Ok(Part::Options(options)),
            ("global", _, _) if are_options => Ok(Part::Global(options)),
            ("arguments", _, _) if are_options || rest.is_empty() => Ok(Part::Arguments(options)),
            ("value", _, _) if are_options => Ok(Part::Value(options)),
            ("rows", _, _) if are_options => Ok(Part::RowsOf(options)),
            ("operand", _, Some(place)) => Ok(Part::Operand(place, usual.map(str::to_owned))),
            ("rows", _, Some(place)) if usual.is_none() => Ok(Part::RowsAt(place)),
            (_, _, _) => Err(format!(
                "unknown placeholder `{word}`, expected one like `{{program}}`, `{{options:-n,--namespace}}`, `{{global:-C}}`, \
                 `{{operands}}`, `{{operand:1}}`, `{{value:-f}}`, `{{arguments}}`, `{{pushed}}`, `{{lost}}`, `{{rebased}}` or `{{rows:-c}}`"
            )),
        }
    }

    /// Returns the options that it speaks of.
    pub fn options(&self) -> &[String] {
        match self {
            Part::Options(names)
            | Part::Global(names)
            | Part::Value(names)
            | Part::Arguments(names)
            | Part::RowsOf(names) => names,
            Part::Word(_)
            | Part::Program
            | Part::Operands
            | Part::Operand(_, _)
            | Part::Pushed
            | Part::Lost
            | Part::Rebased
            | Part::RowsAt(_) => &[],
        }
    }
}
