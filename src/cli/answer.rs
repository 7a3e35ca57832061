//! `gate approve ID`, `gate reject ID` and `gate escalate ID`: one answer to one request, after its card has been shown.

use super::Place;
use super::desk::{Desk, Named};
use crate::approval::{Answer, Request};
use crate::error::Exit;
use crate::store::clock;
use crate::ui;

/// The arguments both have.
#[derive(clap::Args)]
pub(super) struct Given {
    /// The request's id, or its beginning
    id: String,
    /// Why; it is recorded, and the requester sees it
    #[arg(short = 'm', long, value_name = "TEXT")]
    comment: Option<String>,
    /// Don't ask again after showing the request
    #[arg(short, long)]
    yes: bool,
}

/// `gate approve`
pub(super) mod approve {
    use super::{Answer, Exit, Given, Place};

    /// Approve a request: its command runs, once, exactly as shown
    #[derive(clap::Args)]
    #[command(after_help = "Examples:
  gate approve 7KQ2                  show it, ask, approve
  gate approve 7KQ2 -m 'go ahead'    with a comment
You must sit at a terminal in another session than the one that asked.")]
    pub(crate) struct Args {
        #[command(flatten)]
        given: Given,
    }

    /// Shows the request and approves it.
    pub(crate) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
        super::run(Answer::Approve, &args.given, place)
    }
}

/// `gate reject`
pub(super) mod reject {
    use super::{Answer, Exit, Given, Place};

    /// Reject a request: its command does not run
    #[derive(clap::Args)]
    #[command(after_help = "Examples:
  gate reject 7KQ2 -m 'not during the release'
An approval that was not used yet is taken back the same way.")]
    pub(crate) struct Args {
        #[command(flatten)]
        given: Given,
    }

    /// Shows the request and rejects it.
    pub(crate) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
        super::run(Answer::Reject, &args.given, place)
    }
}

/// `gate escalate`
pub(super) mod escalate {
    use super::{Answer, Exit, Given, Place};

    /// Hand a request on to the approvers of its next step
    #[derive(clap::Args)]
    #[command(after_help = "Example:
  gate escalate 7KQ2 -m 'not mine to decide'")]
    pub(crate) struct Args {
        #[command(flatten)]
        given: Given,
    }

    /// Shows the request and hands it on.
    pub(crate) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
        super::run(Answer::Escalate, &args.given, place)
    }
}

fn run(answer: Answer, given: &Given, place: &Place) -> anyhow::Result<Exit> {
    // Reading first: a mistyped id makes no store.
    let Named::One(request) = Desk::reading(place)?.find(&given.id)? else { return Ok(Exit::No) };
    let mut desk = Desk::writing(place)?;
    let card = desk.card(&request, clock::now())?;
    ui::answer(&card.text());
    let decision = desk.decision(&request, answer, given.comment.clone(), card.digest());
    // Who may not decide is told at once, and the attempt is recorded.
    if decision.check(&request, clock::now()).is_ok()
        && request.state().is_open()
        && !given.yes
        && !sure(answer, &request)?
    {
        ui::say(&format!("left {} as it is", request.id));
        return Ok(Exit::No);
    }
    let decision = desk.decision(&request, answer, given.comment.clone(), card.digest());
    desk.decide(&request, &decision)
}

fn sure(answer: Answer, request: &Request) -> anyhow::Result<bool> {
    let typed = ui::ask(&format!("\n{} {}? [y/N] ", answer.name(), request.id))?;
    Ok(matches!(typed.trim(), "y" | "Y" | "yes"))
}
