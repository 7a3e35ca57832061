//! `gate revoke ID`: takes back what is left of an approval.

use super::Place;
use super::desk::{Desk, Named};
use crate::approval::{Answer, RequesterKind};
use crate::digest::Digest;
use crate::error::Exit;
use crate::store::{RevokeError, Revoker, clock};
use crate::ui;

/// Take an approval back: a grant of which something is left, or an approved command that has not started
#[derive(clap::Args)]
#[command(after_help = "From then on nothing starts by it any more; what runs already runs on.
An approver of it may, at a terminal; the requester may always give up its own.
Examples:
  gate grants                              what there is to revoke
  gate revoke 7KQ2 -m 'the release is out'")]
pub(super) struct Args {
    /// The id of the request that was approved, or its beginning
    id: String,
    /// Why; it is recorded
    #[arg(short = 'm', long, value_name = "TEXT")]
    comment: Option<String>,
}

/// Takes it back and says what that was.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let Named::One(request) = Desk::reading(place)?.find(&args.id)? else { return Ok(Exit::No) };
    let mut desk = Desk::writing(place)?;
    let (requester, asker) = (desk.requester(), &request.ask.requester);
    // A person at a terminal answers as the approver they are; who is none may still give up their own.
    let is_own = requester.is_same(asker) || requester.kind != RequesterKind::Human;
    let decision = desk.decision(&request, Answer::Reject, args.comment.clone(), Digest::of(b""));
    let by = if !is_own && decision.check(&request, clock::now()).is_ok() {
        Revoker::Approver(Box::new(decision))
    } else {
        Revoker::Requester(requester, desk.origin())
    };
    match desk.store.revoke(clock::now(), request.id, &by) {
        Ok(revoked) => {
            if revoked.is_unclaimed {
                ui::say(&format!("took the approval of {} back; nothing was run", request.id));
            }
            if let Some(grant) = &revoked.grant {
                let of = grant.uses().map_or(String::new(), |uses| format!(" of {uses}"));
                ui::say(&format!("revoked the grant {} after {}{of} uses", request.id, grant.progress.used));
            }
            Ok(Exit::Done)
        }
        Err(RevokeError::Store(error)) => Err(error.into()),
        Err(error) => {
            ui::say(&error.to_string());
            Ok(Exit::No)
        }
    }
}
