//! Whether each agent that is set up really asks gate: its hook is called as the agent would call it, with samples.
//!
//! MUST rules:
//! 1. A sample that destroys something is only ever text for a hook. What is given to a shell is refused by the floor, and
//!    does nothing where it is not.
//! 2. What is tried is what stands in the agent's settings, not what gate would write there.
//! 3. Nothing but this gate itself is started: anybody may have written the settings, and `gate doctor` is allowed to agents.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::Finding;
use crate::agent::setup::sample::{self, Answer, Sample};
use crate::agent::setup::status::{Status, Way, look};
use crate::agent::setup::{Agent, Called, Scope};
use crate::cli::agent::{again, own, places};
use crate::command::{Dialect, visible};
use crate::config::{Config, Places};
use crate::exec::{apart, real_shell};

/// How long one sample may take; a hook answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns what is to be said about each agent that is installed or set up.
pub(super) fn findings(config: &Config, home: Option<&Path>, directory: Option<&Path>) -> Vec<Finding> {
    let known = places(directory, &config.user, &config.cwd).and_then(|places| Ok((places, own(config)?)));
    let (places, own) = match known {
        Ok(known) => known,
        Err(error) => return vec![Finding::problem("agent", format!("{error:#}"), "see `gate agent list`")],
    };
    let programs = config.host.search_path(&config.cwd);
    let all = Agent::ALL.into_iter().flat_map(|agent| look(agent, &places, &programs, &own));
    all.flat_map(|status| {
        let project = if status.scope == Scope::Project { " --project" } else { "" };
        let set_up = again(home, directory, &format!("agent setup {}{project}", status.agent.name()));
        one(config, &status, &set_up)
    })
    .collect()
}

fn one(config: &Config, status: &Status, set_up: &str) -> Vec<Finding> {
    let name = status.agent.name();
    let again = format!("`{set_up}` mends what it can");
    let broken = |text: &String| Finding::problem("agent", format!("{name}: {text}"), again.clone());
    let mut findings: Vec<Finding> = status.problems.iter().map(broken).collect();
    let Some(way) = &status.way else {
        if status.installed.is_some() && findings.is_empty() {
            let mend = format!("`{set_up}`");
            findings.push(Finding::note("agent", format!("{name}: does not go through gate"), mend));
        }
        return findings;
    };
    let tried = match way {
        Way::Hook { command, called } => hook(config, status.agent, command, called),
        Way::Shell(link) => shell(config, status.agent, link),
    };
    findings.push(match tried {
        Ok(text) => Finding::good("agent", format!("{name}: {text}")),
        Err(error) => Finding::problem("agent", format!("{name}: {error:#}"), again),
    });
    let remark =
        |text: &String| Finding::note("agent", format!("{name}: {text}"), "look whether that is meant");
    findings.extend(status.notes.iter().map(remark));
    if status.agent == Agent::Codex {
        let text =
            "codex: whether Codex trusts the hook is not told to gate; it skips one that it does not trust";
        findings.push(Finding::note("agent", text, status.agent.remark(status.scope)));
    }
    findings
}

/// Sends each sample to the hook as the agent would, through a shell.
fn hook(config: &Config, agent: Agent, command: &str, called: &Called) -> anyhow::Result<String> {
    this_gate(config, &called.gate)?;
    let policy = Places::of(&config.user, called.home.clone())?.policy;
    let (cwd, policy) = (config.cwd.display().to_string(), policy.display().to_string());
    let sh = real_shell(&config.host, Dialect::Posix).context("there is no sh that can be trusted")?;
    let mut told = Vec::new();
    for sample in Sample::ALL {
        let mut run = Command::new(&sh);
        run.args(["-c", command]).current_dir(&config.cwd);
        let output = finished(&mut run, sample::input(agent, sample, &cwd, &policy).as_bytes())?;
        let answer = sample::answer(agent, output.status.code(), &output.stdout);
        if !sample.is_answered_by(&answer) {
            bail!("{} {}; it said: {}", sample.name(), wrong(&answer), said(&output));
        }
        told.push(format!("{} {}", sample.name(), right(&answer)));
    }
    Ok(format!("its hook was tried: {}", told.join(", ")))
}

fn right(answer: &Answer) -> &'static str {
    match answer {
        Answer::Passed => "passes",
        Answer::Rewritten => "goes through gate",
        Answer::Denied | Answer::Failed(_) => "is blocked",
    }
}

fn wrong(answer: &Answer) -> String {
    match answer {
        Answer::Passed => "would pass".to_owned(),
        Answer::Rewritten => "would run in another form".to_owned(),
        Answer::Denied => "would be blocked".to_owned(),
        Answer::Failed(why) => format!("would not be judged, and may run: {why}"),
    }
}

/// Gives the shell a harmless command and one that must be refused, as the agent would.
fn shell(config: &Config, agent: Agent, link: &Path) -> anyhow::Result<String> {
    this_gate(config, link)?;
    let given = |command: &str| {
        let mut run = Command::new(link);
        run.args(sample::shape(agent)).arg(command).current_dir(&config.cwd);
        finished(&mut run, b"")
    };
    let output = given(Sample::Harmless.command().context("no sample")?)
        .context("a harmless command did not run; `gate requests` says whether it waits for a person")?;
    if !output.status.success() || output.stdout.is_empty() {
        bail!("a harmless command did not run; it said: {}", said(&output));
    }
    let output = given(sample::REFUSED_BY_A_SHELL)?;
    if output.status.code() != Some(126) {
        bail!("a command that must be refused was not; it said: {}", said(&output));
    }
    Ok(format!(
        "its shell `{}` was tried: a harmless command runs, a forbidden one is refused",
        link.display()
    ))
}

/// # Errors
/// Another file than the gate that is running.
fn this_gate(config: &Config, called: &Path) -> anyhow::Result<()> {
    let is_this = called.is_absolute() && config.host.is_gate(called);
    ensure!(is_this, "it was not tried, because `{}` is not this gate", called.display());
    Ok(())
}

/// Runs it with `input` on standard input, and ends it with all that it started if it takes too long.
fn finished(command: &mut Command, input: &[u8]) -> anyhow::Result<Output> {
    let attempted = format!("failed to start `{}`", command.get_program().display());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = apart(command).spawn().context(attempted)?;
    let pid = rustix::process::Pid::from_child(&child);
    let stdin = child.stdin.take();
    let input = input.to_vec();
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let _closed_early = stdin.map(|mut stdin| stdin.write_all(&input));
        let _nobody_waits = send.send(child.wait_with_output());
    });
    match receive.recv_timeout(PATIENCE) {
        Ok(output) => output.context("failed to read its output"),
        Err(_) => {
            let _ended_meanwhile = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            bail!("a sample was not answered within {} s", PATIENCE.as_secs())
        }
    }
}

/// Returns the first line of what a program said, without anything invisible.
fn said(output: &Output) -> String {
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let line = said.trim_ascii().split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.is_empty() { "nothing".to_owned() } else { visible(line).chars().take(300).collect() }
}
