//! `gate policy replay`: what the policy would have said about commands of the past. It runs nothing and writes nothing.
//!
//! What it cannot know it says: the directories, files, branches, programs and variables it judges with are today's.

mod compared;
mod court;
mod json;
mod record;
mod tally;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;

use super::super::Place;
use super::super::instant::instant;
use crate::agent::transcript::{Event, Format, Skipped, Transcripts};
use crate::command::Command;
use crate::config::Config;
use crate::error::Exit;
use crate::policy::{Mode, Verdict};
use crate::store::{Store, clock};
use crate::ui;
pub(super) use compared::{Differing, compare};
use court::Court;
use record::Unread;
use tally::Tally;

/// Judge past commands, of gate's own log or of an agent's transcripts, with a policy; run nothing
///
/// Says how many would have been allowed, asked and refused, by which rules, on which days and for whom: how often would this
/// policy have nagged, and what would it have stopped? Without POLICY it is the policy in force, else the files take the
/// place of the user's own; the built-in rules, /etc/gate/policy.d and projects' files count as ever.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate policy replay --since 30d                          gate's log, the policy in force
  gate policy replay --since 2026-11-01 new-policy.toml   gate's log, another policy
  gate policy replay --from claude                        ~/.claude/projects
  gate policy replay --from codex ~/.codex/sessions --json | jq .held")]
pub(super) struct Args {
    /// What is younger: a time (2026-11-21, 2026-11-21T09:00:00Z) or a length of time (30m, 30d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// What is older; times as for --since
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// An agent's own transcripts instead of gate's log: `claude` or `codex`, and where they are if not in the usual place
    #[arg(long, value_names = ["AGENT", "DIR"], num_args = 1..=2)]
    from: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Policy files that take the place of the user's own
    policy: Vec<PathBuf>,
}

/// A command of the past.
struct Past {
    command: Command,
    time: Option<Timestamp>,
    /// Who asked, as a policy names it.
    requester: String,
    /// Claims that gate knew so, and was not only told.
    is_proven: bool,
    /// Who asked, as the report says it.
    who: String,
    /// What gate made of it then, if it was there.
    then: Option<Then>,
    /// Claims that something stands in for a secret.
    altered: bool,
    /// Claims that its directory is not known.
    nowhere: bool,
}

/// What gate made of a command then.
#[derive(Clone, Copy)]
struct Then {
    verdict: Verdict,
    /// Claims that it ran, whatever the verdict.
    observed: bool,
}

/// Where the commands come from.
enum Origin {
    /// gate's log in this file.
    Log(PathBuf),
    Transcripts {
        format: Format,
        dir: PathBuf,
        files: usize,
    },
}

/// What was replayed, and what came of it.
struct Replay {
    origin: Origin,
    /// The files that took the place of the user's own policy.
    given: Vec<PathBuf>,
    mode: Mode,
    tally: Tally,
    skipped: Skipped,
    unread: Unread,
    /// Commands in directories whose policy is wrong, and what is wrong with the first.
    unjudged: (u64, Option<String>),
    /// Commands without a time, which `--since` or `--until` leaves out.
    untimed: u64,
}

/// Replays and reports.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    let window = Window::of(args)?;
    let given = super::layers(&args.policy)?;
    let given = (!given.is_empty()).then_some(given);
    let mut court = Court::new(&config, given, Timestamp::now())?;
    let source = Source::of(args, &config)?;
    let mut replay = Replay {
        origin: source.origin(),
        given: args.policy.clone(),
        mode: court.mode(),
        tally: Tally::default(),
        skipped: Skipped::default(),
        unread: Unread::default(),
        unjudged: (0, None),
        untimed: 0,
    };
    replay.read(source, &window, &mut court)?;
    if args.json {
        ui::answer(&json::report(&replay).to_string());
    } else {
        ui::answer(&text::report(&replay));
    }
    Ok(Exit::Done)
}

impl Replay {
    fn read(&mut self, source: Source, window: &Window, court: &mut Court<'_>) -> anyhow::Result<()> {
        match source {
            Source::Log(store) => {
                let bar = ui::Bar::new("replaying", store.size()?);
                self.unread = record::read(&store, |at| bar.set(at), |past| self.add(&past, window, court))?;
            }
            Source::Transcripts { format, transcripts, .. } => {
                let bar = ui::Bar::new("replaying", transcripts.bytes());
                let read = |event: Event| match event {
                    Event::Called(call) => self.add(&called(call, format), window, court),
                    Event::Failed => self.tally.failed += 1,
                };
                self.skipped = transcripts.read(|at| bar.set(at), read);
            }
        }
        Ok(())
    }

    fn add(&mut self, past: &Past, window: &Window, court: &mut Court<'_>) {
        match window.holds(past.time) {
            Some(true) => {}
            Some(false) => return,
            None => {
                self.untimed += 1;
                return;
            }
        }
        match court.judge(past) {
            Ok((ruling, gone)) => self.tally.add(past, &ruling, gone),
            Err(why) => {
                self.unjudged.0 += 1;
                self.unjudged.1.get_or_insert_with(|| why.to_string());
            }
        }
    }
}

fn called(call: crate::agent::transcript::Call, format: Format) -> Past {
    let who = format.requester();
    Past {
        command: call.command,
        time: call.time,
        requester: who.to_owned(),
        is_proven: false,
        who: if call.subagent { format!("{who} (subagents)") } else { who.to_owned() },
        then: None,
        altered: false,
        nowhere: call.nowhere,
    }
}

/// The source, open.
enum Source {
    Log(Box<Store>),
    Transcripts { format: Format, dir: PathBuf, transcripts: Transcripts },
}

impl Source {
    fn of(args: &Args, config: &Config) -> anyhow::Result<Source> {
        let Some(agent) = args.from.first() else {
            return Ok(Source::Log(Box::new(Store::open_read_only(&config.places.state)?)));
        };
        let format = match agent.as_str() {
            "claude" => Format::Claude,
            "codex" => Format::Codex,
            other => anyhow::bail!("unknown agent `{other}`, expected `claude` or `codex`"),
        };
        let dir = match args.from.get(1) {
            Some(dir) => PathBuf::from(dir),
            None => {
                let home = config.user.home.as_deref();
                home.context("the password database has no home directory; say where the transcripts are")?
                    .join(format.usual())
            }
        };
        let is_policy = dir.extension().is_some_and(|extension| extension == "toml");
        ensure!(!is_policy, "`{}` stands where the directory of the transcripts is expected", dir.display());
        let transcripts = Transcripts::below(&dir, format)
            .with_context(|| format!("failed to read transcripts in `{}`", dir.display()))?;
        Ok(Source::Transcripts { format, dir, transcripts })
    }

    fn origin(&self) -> Origin {
        match self {
            Source::Log(store) => Origin::Log(store.path().to_path_buf()),
            Source::Transcripts { format, dir, transcripts } => {
                Origin::Transcripts { format: *format, dir: dir.clone(), files: transcripts.len() }
            }
        }
    }
}

/// The stretch of time that is replayed.
struct Window {
    since: Option<i64>,
    until: Option<i64>,
}

impl Window {
    fn of(args: &Args) -> anyhow::Result<Window> {
        let now = clock::now();
        let us = |text: &Option<String>| {
            text.as_deref().map(|text| instant(text, now).map(|moment| moment.utc_us)).transpose()
        };
        Ok(Window { since: us(&args.since)?, until: us(&args.until)? })
    }

    /// Claims that `time` lies within; `None` where that cannot be said.
    fn holds(&self, time: Option<Timestamp>) -> Option<bool> {
        if self.since.is_none() && self.until.is_none() {
            return Some(true);
        }
        let us = time?.as_microsecond();
        Some(self.since.is_none_or(|since| us >= since) && self.until.is_none_or(|until| us < until))
    }
}

/// Returns a path for people.
fn shown(path: &Path) -> String {
    crate::command::visible(path.as_os_str().as_encoded_bytes())
}
