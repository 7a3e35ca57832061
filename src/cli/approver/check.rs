//! `gate approver check`: whether a key signs, by signing a harmless text.

use std::path::PathBuf;

use anyhow::Context as _;

use super::super::Place;
use super::super::signer::public;
use super::list::worth;
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::exec::sign;
use crate::identity::{People, Signature};
use crate::ui;

/// What the test is signed for, so that it can never be taken for a decision.
const PURPOSE: &str = "gate-check@v1";

/// The text itself.
const TEXT: &[u8] = b"gate tries whether this key signs; this decides nothing\n";

/// Sign a harmless text with a key, and say what its decisions are worth
///
/// Exits 0 if it works and the policy names the key, 1 if not.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The key's file, as for `gate approve --key`
    key: PathBuf,
}

/// Signs, verifies, and says whose the policy says the key is.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let (config, policy) = Config::load_with_policy(place.home.as_deref())?;
    let people = People::of(&policy);
    let key = public(&args.key)?;
    let signature = sign(&config.host, &args.key, PURPOSE, TEXT)?;
    let read = Signature::parse(&signature)?;
    let presence = read.verify(PURPOSE, TEXT).context("the signature does not hold")?;
    anyhow::ensure!(*read.key() == key, "the signature is by another key than the one in the file");
    let fingerprint = key.fingerprint();
    let Some((person, named)) = people.holder(&key) else {
        ui::say(&format!("the key {fingerprint} signs, and the policy names it for nobody"));
        ui::hint("`gate approver add NAME KEY.pub` names it");
        return Ok(Exit::No);
    };
    let name = visible(person.name.as_bytes());
    ui::answer(&format!("the key {fingerprint} signs; it is `{name}`'s, and {}", worth(named)));
    if key.kind().is_hardware() && !presence.touched {
        ui::say("it signed without being touched: such a signature gives no `hardware`");
        return Ok(Exit::No);
    }
    if named.verify && !presence.verified {
        ui::say("it did not make sure who touched it, which the policy asks for");
        return Ok(Exit::No);
    }
    Ok(if named.check(crate::store::clock::now()).is_ok() { Exit::Done } else { Exit::No })
}
