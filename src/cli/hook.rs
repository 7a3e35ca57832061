//! `gate hook NAME`: answers an agent that asks before it makes a tool call.
//!
//! MUST rules:
//! 1. Every failure blocks the call: exit code 2 with the reason on standard error, whatever the format. Never another code, never silence.
//! 2. What passes is recorded before the answer is given; what cannot be recorded does not pass.
//! 3. Nothing is run here. What must be asked for goes through `gate -c`, which judges it anew where and when it runs.

mod editing;
mod input;
mod judging;
mod meant;
mod own;

use std::io::stdin;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Place;
use crate::agent::hook::{Agent, Reply, read};
use crate::exec;
use crate::ui;

/// The exit code that every agent takes for no.
const BLOCKED: u8 = 2;

/// How long an agent may take to say what it asks. The shortest documented time limit of an agent's hook is Copilot's 30 s.
const INPUT: Duration = Duration::from_secs(5);

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Answer an agent's hook: judge the tool call on standard input before the agent makes it
///
/// Commands that the policy allows pass, and are recorded. Everything else is rewritten to run through `gate -c`, which asks a person, or is
/// refused with what to do instead. Writes to files that run later, to an agent's settings and to gate's own files are refused as well.
/// Exit code 0: the answer is on standard output, in the agent's own format. 2: the call is blocked, and standard error says why.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate hook claude < call.json                 what Claude Code's PreToolUse hook runs; `gate agent setup` registers it
  gate hook codex --deny                       say what to run instead of rewriting the call, for versions that cannot
  echo '{\"hook_event_name\":\"PreToolUse\",\"transcript_path\":\"\",\"cwd\":\"/tmp\",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"}}' | gate hook claude")]
pub(super) struct Args {
    /// The agent whose format is spoken: claude, codex, gemini, cursor or copilot
    #[arg(value_name = "NAME", value_parser = agent)]
    agent: Agent,
    /// Never rewrite a call: refuse it, and say what to run
    #[arg(long)]
    deny: bool,
}

fn agent(name: &str) -> Result<Agent, String> {
    let found = Agent::ALL.into_iter().find(|agent| agent.name() == name);
    found.ok_or_else(|| "expected `claude`, `codex`, `gemini`, `cursor` or `copilot`".to_owned())
}

/// Answers one call.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<ExitCode> {
    exec::guard(LIMIT, BLOCKED);
    let reply = answer(args, place.home.as_deref()).and_then(|reply| give(&reply).map(|()| reply.code));
    Ok(ExitCode::from(reply.unwrap_or_else(|error| {
        ui::say(&format!("error: {error:#}; the call is blocked"));
        BLOCKED
    })))
}

fn answer(args: &Args, home: Option<&Path>) -> anyhow::Result<Reply> {
    let bytes = input::read_all(stdin().as_fd(), INPUT)?;
    let event = read(args.agent, &bytes).context("failed to read the tool call")?;
    let Some(call) = event.call else { return Ok(event.form.pass()) };
    let desk = judging::Desk::open(args.agent, event.form, home, &call)?;
    let answer = desk.answer(&call, event.form.takes_another_input() && !args.deny)?;
    Ok(event.form.reply(&call, &answer))
}

/// Writes the answer where the agent reads it.
fn give(reply: &Reply) -> anyhow::Result<()> {
    if !reply.stdout.is_empty() {
        ensure!(!exec::is_null_device(std::io::stdout()), "nobody reads the answer");
        ui::reply(&reply.stdout).context("failed to write the answer")?;
    }
    if !reply.stderr.is_empty() {
        ui::say(reply.stderr.strip_prefix("gate: ").unwrap_or(&reply.stderr));
    }
    Ok(())
}
