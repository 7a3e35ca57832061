//! `gate demo`: gate at work, in a scratch directory that is removed at the end.
//!
//! One command is allowed, one refused, and one waits in a session of its own until it is approved: by the person where
//! there is a terminal, else by an approver process of the demo's own. It always says which.

mod actors;
mod scene;

use std::process::Output;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::Place;
use super::desk::Desk;
use crate::approval::{Answer, Ineligible, Request, State};
use crate::digest::Digest;
use crate::error::Exit;
use crate::store::{Waited, Which, clock};
use crate::ui;
use scene::Scene;

/// How long each wait of the demo may take at most; a person may take as long as they like.
const PATIENCE: Duration = Duration::from_secs(15);

/// Show gate at work: allowed, refused, approved, and the log
#[derive(clap::Args)]
#[command(after_help = "Everything happens in a scratch directory, which is removed at the end.")]
pub(super) struct Args {
    /// Let the demo's own approver answer even if there is a terminal
    #[arg(long)]
    yes: bool,
    /// Which process of the demo this one is
    #[arg(long, hide = true, value_enum)]
    part: Option<actors::Part>,
    /// The request that the approver answers
    #[arg(long, hide = true)]
    request: Option<String>,
}

/// Plays the demo, or one of its other processes.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    if let Some(part) = args.part {
        return actors::play(part, args.request.as_deref(), place);
    }
    let scene = Scene::set()?;
    ui::answer(&format!("A git repository, its remote and a store of gate's in {}", scene.root().display()));
    allowed(&scene)?;
    refused(&scene)?;
    approved(&scene, args.yes)?;
    log(&scene)?;
    ui::answer("\nThat was all of it; the scratch directory is gone. Next: `gate init`, then `gate -- CMD`.");
    Ok(Exit::Done)
}

fn allowed(scene: &Scene) -> anyhow::Result<()> {
    ui::answer("\n1. The policy allows this, so it runs:");
    let output = scene.gate(&["--", "git", "status", "--short", "--branch"])?;
    expect(&output, 0)
}

fn refused(scene: &Scene) -> anyhow::Result<()> {
    ui::answer("\n2. A rule forbids this, and names something better; nothing runs:");
    let output = scene.gate(&["--", "git", "push", "--delete", "origin", "main"])?;
    expect(&output, 126)
}

fn approved(scene: &Scene, own_approver: bool) -> anyhow::Result<()> {
    ui::answer(
        "\n3. This needs a person. An agent runs it in a session of its own, without a terminal, and waits:",
    );
    scene.say(&actors::COMMAND);
    scene.start(actors::Part::Requester, None)?;
    let place = scene.place();
    let request = appeared(scene, &place)?;
    ui::answer(&scene::indented(&scene.said_by_requester()));
    let after = answered(scene, &place, &request, own_approver)?;
    ui::answer("\n   what the agent saw:");
    ui::answer(&scene::indented(&scene.ended_requester(PATIENCE)?));
    let moved = scene.remote_has_the_new_commit()?;
    match (after.state(), moved) {
        (State::Succeeded, true) => ui::answer("   The remote has the new commit."),
        (State::Rejected | State::Cancelled | State::Pending, false) => {
            ui::answer("   It was not approved, so the remote is as it was.");
        }
        (state, moved) => bail!("the request is {state}, and the remote has the new commit: {moved}"),
    }
    Ok(())
}

/// Waits for the request of the other session.
fn appeared(scene: &Scene, place: &Place) -> anyhow::Result<Request> {
    scene::until(PATIENCE, || {
        ensure!(!scene.requester_has_ended(), "it ended without waiting:\n{}", scene.said_by_requester());
        if !scene.said_by_requester().contains("waiting for approval") {
            return Ok(None);
        }
        Ok(Desk::reading(place)?.store.requests(Which::Open)?.pop())
    })?
    .context("no request appeared")
}

/// Has the request answered, and returns it as it stands when its command is done.
fn answered(scene: &Scene, place: &Place, request: &Request, own_approver: bool) -> anyhow::Result<Request> {
    let hurdle = if own_approver { Some("you asked for that".to_owned()) } else { hurdle(place, request)? };
    match hurdle {
        None => {
            ui::answer("\n   You are the approver. This is `gate approve`, as in any other terminal:\n");
            if !scene.gate_here(&["approve", &request.id.to_string()])? {
                scene.gate_here(&["cancel", &request.id.to_string()])?;
            }
        }
        Some(why) => {
            ui::answer(&format!(
                "\n   The demo's own approver process answers, on a terminal of its own ({why}):\n"
            ));
            scene.start(actors::Part::Approver, Some(&request.id.to_string()))?;
        }
    }
    let desk = Desk::reading(place)?;
    let mut seen = request.clone();
    let end = std::time::Instant::now() + PATIENCE;
    while !seen.state().is_final() {
        let left = end.saturating_duration_since(std::time::Instant::now());
        match desk.store.wait(seen.id, seen.progress.version, left)? {
            Waited::Changed(now) => seen = *now,
            Waited::Interrupted => {}
            Waited::TimedOut => bail!("nothing became of the request in {} s", PATIENCE.as_secs()),
        }
    }
    Ok(seen)
}

/// Returns why the person cannot answer here, if so.
fn hurdle(place: &Place, request: &Request) -> anyhow::Result<Option<String>> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Ok(Some("there is no terminal here".to_owned()));
    }
    let decision = Desk::reading(place)?.decision(request, Answer::Approve, None, Digest::of(b""));
    Ok(match decision.check(request, clock::now()) {
        Ok(()) => None,
        // Where every process shares one session, as in a bare container, the requester's ancestors are this terminal's too.
        Err(Ineligible::OwnSession) => Some("the whole machine is one terminal session".to_owned()),
        Err(why) => Some(why.to_string()),
    })
}

fn log(scene: &Scene) -> anyhow::Result<()> {
    ui::answer("\n4. All of it is in the log, chained by hashes:");
    expect(&scene.gate(&["audit", "log"])?, 0)?;
    expect(&scene.gate(&["audit", "verify"])?, 0)
}

/// Fails the demo if gate did not answer as it says.
fn expect(output: &Output, code: i32) -> anyhow::Result<()> {
    ensure!(
        output.status.code() == Some(code),
        "gate ended with {}, expected exit code {code}",
        output.status
    );
    Ok(())
}
