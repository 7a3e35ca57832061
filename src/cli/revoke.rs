//! `gate revoke ID`: takes back what is left of an approval.

use std::path::PathBuf;

use super::Place;
use super::desk::{Desk, Named};
use super::signer::Signer;
use crate::approval::{Answer, Assurance, Request, RequesterKind};
use crate::config::Places;
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
    /// Sign it with this key, as for `gate approve`
    #[arg(short = 'k', long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// A word that needs a key to approve needs none to take back; that nothing proves whose it was is said.
fn say_unsigned(by: &Revoker, request: &Request, places: &Places) {
    let needed = request.ask.requirement.assurance;
    if let Revoker::Approver(given) = by
        && given.signature.is_none()
        && needed > Assurance::Tty
    {
        ui::hint(&format!(
            "it is recorded as `tty`, and `{needed}` was needed to approve it; `{} revoke --key FILE` signs",
            places.gate()
        ));
    }
}

/// Takes it back and says what that was.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let Named::One(request) = Desk::reading(place)?.find(&args.id)? else { return Ok(Exit::No) };
    let mut desk = Desk::writing(place)?;
    let (requester, asker) = (desk.requester(), &request.ask.requester);
    // A person at a terminal answers as the approver they are; who is none may still give up their own.
    let is_own = requester.is_same(asker) || requester.kind != RequesterKind::Human;
    let signer = match is_own {
        true => None,
        false => Signer::choose(args.key.as_deref(), &desk.config, &desk.people)?,
    };
    let mut decision = desk.decision(&request, Answer::Reject, args.comment.clone(), Digest::of(b""));
    signer.as_ref().map_or(Ok(()), |signer| signer.prepare(&mut decision, &request))?;
    let is_linked = desk.people.linked(&decision.approver.name, &request).is_some();
    let by = if !is_own && !is_linked && decision.check(&request, clock::now()).is_ok() {
        desk.sign(&mut decision, signer.as_ref())?;
        Revoker::Approver(Box::new(decision))
    } else {
        Revoker::Requester(requester, desk.origin(), args.comment.clone())
    };
    let people = desk.people.clone();
    match desk.store.revoke(clock::now(), request.id, &by, &people) {
        Ok(revoked) => {
            say_unsigned(&by, &request, &desk.config.places);
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
