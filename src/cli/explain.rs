//! `gate explain`: what would run, which rules spoke, and the verdict. It runs nothing.

use std::ffi::OsString;
use std::io::{BufRead, Read as _};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Place, explained};
use crate::agent::{Stated, detect};
use crate::channel;
use crate::command::{Command, Dialect, Source};
use crate::config::Config;
use crate::error::Exit;
use crate::gate::Meaning;
use crate::policy::{Circumstances, Judged, Judgement, Policy, judge, spoken};
use crate::shell::Span;
use crate::ui;
use crate::why::take_from;

/// A line of a batch that is longer is an error, not a command.
const LONGEST_LINE: u64 = 16 << 20;

/// Say what a command would run, which rules speak of it, and the verdict; run nothing
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate explain -- git push --force
  gate explain -c 'make test && git push'
  gate explain --json -- kubectl delete ns shop
  printf '%s\\n' '{\"command\": \"ls\"}' | gate explain --batch --json")]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Read one JSON object a line, {\"command\": \"…\", \"cwd\": \"…\"?}, and answer with one a line
    #[arg(long, conflicts_with_all = ["script", "command"])]
    batch: bool,
    /// A shell script
    #[arg(short = 'c', value_name = "STRING", conflicts_with = "command")]
    script: Option<OsString>,
    /// The command and its arguments
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Explains one command, or a batch of them.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let (config, policy) = Config::load_with_policy(place.home.as_deref())?;
    let explainer = Explainer::new(&config, &policy);
    if args.batch {
        return explainer.batch(std::io::stdin().lock());
    }
    let source = match (&args.script, args.command.is_empty()) {
        (Some(script), _) => script_source(script.clone().into_vec()),
        (None, false) => Source::Argv(args.command.iter().map(|word| word.clone().into_vec()).collect()),
        (None, true) => bail!("nothing to explain; use `gate explain -- CMD` or `gate explain -c STRING`"),
    };
    let command = Command { source, cwd: config.cwd.clone() };
    let (meaning, judgement) = explainer.judge(&command);
    let spoken = explainer.spoken(&command, &meaning, &judgement);
    if args.json {
        ui::answer(&explained::json(&meaning, &judgement, &spoken).to_string());
    } else {
        let text = explained::text(&meaning, &judgement, &spoken, channel::width());
        text.lines().for_each(ui::marks);
    }
    Ok(Exit::Done)
}

fn script_source(text: Vec<u8>) -> Source {
    // As when it runs: a reason in front of the command speaks to gate.
    let text = take_from(&text).1.to_vec();
    Source::Script { dialect: Dialect::Bash, options: Vec::new(), text, args: Vec::new() }
}

struct Explainer<'a> {
    config: &'a Config,
    policy: &'a Policy,
    requester: String,
    now: Timestamp,
}

impl<'a> Explainer<'a> {
    fn new(config: &'a Config, policy: &'a Policy) -> Explainer<'a> {
        let (host, user) = (&config.host, &config.user);
        let requester = detect(host, &Stated::default(), user.uid, &user.name).label();
        Explainer { config, policy, requester, now: Timestamp::now() }
    }

    fn judge(&self, command: &Command) -> (Meaning, Judgement) {
        let meaning = Meaning::of(command, &self.config.host, self.policy);
        let judgement = meaning.judged(&self.config.host, self.policy, &self.around(command));
        (meaning, judgement)
    }

    fn around<'b>(&'b self, command: &'b Command) -> Circumstances<'b> {
        Circumstances { requester: &self.requester, is_proven: false, start: &command.cwd, now: self.now }
    }

    /// Returns the parts of the text that each hit of each action speaks of.
    fn spoken(&self, command: &Command, meaning: &Meaning, judgement: &Judgement) -> Vec<Vec<Vec<Span>>> {
        let around = self.around(command);
        let host = meaning.host(&self.config.host);
        spoken(&meaning.analysis, judgement, |analysis| judge(analysis, self.policy, host, &around))
    }

    /// Answers each line with one, in order, at once; a line that is no command is answered with an error.
    fn batch(&self, mut input: impl BufRead) -> anyhow::Result<Exit> {
        let mut exit = Exit::Done;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut line);
            if read.context("failed to read standard input")? == 0 {
                return Ok(exit);
            }
            if !line.ends_with(b"\n") && line.len() as u64 == LONGEST_LINE {
                skip_line(&mut input)?;
            }
            let answer = self.answer(&line).unwrap_or_else(|error| {
                exit = Exit::No;
                json!({ "error": error, "verdict": "ask" })
            });
            ui::answer(&answer.to_string());
        }
    }

    fn answer(&self, line: &[u8]) -> Result<Value, String> {
        let value: Value = serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
        let Some(script) = value.get("command").and_then(Value::as_str) else {
            return Err("no `command`, expected {\"command\": \"…\"}".to_owned());
        };
        let cwd = match value.get("cwd") {
            None | Some(Value::Null) => self.config.cwd.clone(),
            Some(Value::String(dir)) if Path::new(dir).is_absolute() => PathBuf::from(dir),
            Some(_) => return Err("`cwd` is no absolute path".to_owned()),
        };
        let command = Command { source: script_source(script.as_bytes().to_vec()), cwd };
        let (meaning, judgement) = self.judge(&command);
        // Of many commands at once, whole actions are marked: each word would be judged once more.
        let whole = |judged: &Judged| judged.hits.iter().map(|hit| vec![hit.span]).collect();
        let spoken: Vec<Vec<Vec<Span>>> = judgement.actions.iter().map(whole).collect();
        Ok(explained::json(&meaning, &judgement, &spoken))
    }
}

fn skip_line(input: &mut impl BufRead) -> anyhow::Result<()> {
    loop {
        let buffer = input.fill_buf().context("failed to read standard input")?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
