//! `gate plan -- FILE`: one request for several commands, which are then run one by one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Place;
use super::run::reported;
use crate::command::{Command, Dialect, Source};
use crate::config::Config;
use crate::gate::{Gate, MOST_LINES, Wish, commands_of};
use crate::policy::duration;
use crate::why::Why;

/// Ask for several commands at once; each is then run by itself, once and in order
///
/// FILE has one command a line, as you would type it into bash; blank lines and lines that begin with # are left out. Each line is
/// judged: one that is refused refuses the plan, one that is allowed needs no approval. An approver sees the whole file and approves
/// all of it or some lines. After that run each line with `gate -- …` or `gate -c '…'`, in the same directory and as it
/// stands in the file: an approved line is taken up without asking, once, in the order of the file.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code 0: all lines may run (nothing has run yet). 1: some of them may. 124: no decision yet. 125: gate failed.
126: refused, by the policy or an approver.
Examples:
  gate plan --reason 'release 2.1' -- steps.txt
  gate plan -- steps.txt && while read -r line; do gate -c \"$line\" || break; done < steps.txt
  gate grants                         how far it has come"
)]
pub(super) struct Args {
    /// Why; on the card and in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The ticket it belongs to
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,
    /// How long to wait for a decision (100s, 15m, 8h)
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    wait: Option<Duration>,
    /// Write what happened to FILE, as one JSON object
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// The file with the commands
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// More than a card can show.
const LARGEST: u64 = 64 << 10;

fn wait(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "expected a duration like `100s`, `15m` or `8h`".to_owned())
}

/// Asks for the lines of the file, and says which of them may run.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<ExitCode> {
    let name = Source::Argv(vec![args.file.as_os_str().as_encoded_bytes().to_vec()]);
    reported(args.result.clone(), place.home.clone(), &name, || {
        let text = read(&args.file)?;
        let (config, policy) = Config::load_with_policy(place.home.as_deref())?;
        let source = Source::Script { dialect: Dialect::Bash, options: Vec::new(), text, args: Vec::new() };
        let command = Command { source, cwd: config.cwd.clone() };
        let why = Why { reason: args.reason.clone(), ticket: args.ticket.clone() };
        Gate::open(config, policy)?.plan(&Wish { command, why, wait: args.wait })
    })
}

fn read(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let named = || format!("failed to read the plan `{}`", file.display());
    let found = std::fs::metadata(file).with_context(named)?;
    ensure!(found.is_file(), "the plan `{}` is no regular file", file.display());
    ensure!(found.len() <= LARGEST, "the plan `{}` is larger than {} KiB", file.display(), LARGEST >> 10);
    let text = std::fs::read(file).with_context(named)?;
    let count = commands_of(&text);
    ensure!(count > 0, "the plan `{}` has no command", file.display());
    ensure!(
        count <= MOST_LINES,
        "the plan `{}` has {count} commands, at most {MOST_LINES} can be asked for at once",
        file.display()
    );
    ensure!(!text.contains(&0), "the plan `{}` is no text", file.display());
    Ok(text)
}
