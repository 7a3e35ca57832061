//! The other processes of the demo: a requester whose session has nothing to do with the person's, and an approver with a
//! terminal of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::cli::Place;
use crate::error::Exit;
use crate::exec::leave_for_a_terminal;

/// What the requester asks for.
pub(super) const COMMAND: [&str; 10] = [
    "--reason",
    "fix the typo in the last commit",
    "--wait",
    "10m",
    "--",
    "git",
    "push",
    "--force",
    "origin",
    "main",
];

/// Where the requester leaves the exit code of its gate, in the scratch directory.
pub(super) const DONE: &str = "requester.exit";

/// A process of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// Leaves the session, leaves [`Part::Agent`] behind, and ends, so that no ancestor ties the two together.
    Requester,
    /// Runs gate and waits for it.
    Agent,
    /// Opens a terminal of its own and approves.
    Approver,
}

impl Part {
    /// Returns its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Requester => "requester",
            Part::Agent => "agent",
            Part::Approver => "approver",
        }
    }
}

/// Plays one part.
pub(super) fn play(part: Part, request: Option<&str>, place: &Place) -> anyhow::Result<Exit> {
    let home = place.home.as_deref().context("a part of the demo needs `--home`")?;
    match part {
        Part::Requester => {
            rustix::process::setsid().context("failed to leave the session")?;
            gate(home)?
                .args(["demo", "--part", Part::Agent.name()])
                .spawn()
                .context("failed to start the agent")?;
            Ok(Exit::Done)
        }
        Part::Agent => agent(home),
        Part::Approver => approver(home, request.context("the approver needs a request")?),
    }
}

fn agent(home: &Path) -> anyhow::Result<Exit> {
    // Until the session's leader is gone, its ancestors, and with them the person's session, would count as the requester's.
    let leader = rustix::process::getsid(None).context("failed to find the session")?.as_raw_nonzero().get();
    let is_alone = || std::os::unix::process::parent_id() != leader.unsigned_abs();
    super::scene::until(super::PATIENCE, || Ok(is_alone().then_some(())))?;
    let status =
        gate(home)?.args(COMMAND).env("AI_AGENT", "demo-agent").status().context("failed to start gate")?;
    let root = home.parent().context("the demo's home lies in its scratch directory")?;
    let code = status.code().map_or_else(|| status.to_string(), |code| code.to_string());
    // Under another name first, so that nobody reads half of it.
    std::fs::write(root.join("exit"), code)?;
    std::fs::rename(root.join("exit"), root.join(DONE))?;
    Ok(Exit::Done)
}

fn approver(home: &Path, request: &str) -> anyhow::Result<Exit> {
    let (person, terminal) = leave_for_a_terminal().context("failed to make a terminal")?;
    // Closing it would hang up on this very process; it is closed when the process ends.
    std::mem::forget(person);
    let mut approve = gate(home)?;
    approve
        .args(["approve", "--yes", "-m", "the demo's approver says yes", request])
        .stdin(Stdio::from(terminal));
    let status = approve.status().context("failed to start gate")?;
    if !status.success() {
        bail!("`gate approve` ended with {status}");
    }
    Ok(Exit::Done)
}

fn gate(home: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("failed to find gate's own program")?);
    command.arg("--home").arg(home);
    Ok(command)
}
