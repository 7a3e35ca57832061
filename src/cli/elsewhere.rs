//! A decision that a person signs on another machine: the text to sign is printed here, and handed in here with its signature.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use super::Place;
use super::answer::Reach;
use super::desk::{Desk, Named};
use crate::approval::{Answer, Decision, NAMESPACE};
use crate::command::{quoted, visible};
use crate::error::Exit;
use crate::identity::{NamedKey, People, Person};
use crate::store::clock;
use crate::ui;

/// The longest text that is handed in: a plan's lines are the longest part.
const LONGEST: u64 = 128 << 10;

/// Prints the text that `whose`, somebody's name or a key's fingerprint, signs to give this answer. Nothing is decided by that.
pub(super) fn to_sign(
    answer: Answer,
    (id, whose): (&str, &str),
    reach: &Reach,
    place: &Place,
) -> anyhow::Result<Exit> {
    let desk = Desk::reading_with_people(place)?;
    let Named::One(request) = desk.find(id)? else { return Ok(Exit::No) };
    let (person, key) = signer(&desk.people, whose)?;
    let mut card = desk.card(&request, clock::now())?;
    if let Some(terms) = reach.terms() {
        card.grants(&request, terms);
    }
    let given = desk.decision(&request, answer, None, card.digest());
    let given = Decision { grant: reach.terms(), only: reach.lines(), ..given };
    let given = given.to_sign(&person.name, key.key.fingerprint());
    let refused = desk.people.linked(&person.name, &request);
    if let Some(why) = refused.or_else(|| given.check(&request, clock::now()).err()) {
        ui::say(&format!("request {}: {why}", request.id));
        return Ok(Exit::No);
    }
    let mut out = ui::output();
    // Without a line end: the signature is over exactly these bytes.
    out.write_all(&given.statement())
        .and_then(|()| out.flush())
        .context("failed to print the text to sign")?;
    let (gate, verb) = (desk.config.places.gate(), answer.name());
    ui::hint(&format!(
        "in a file, sign it where the key is: `ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE`; \
         then here: `{gate} {verb} {} --signature FILE.sig`, with FILE beside it",
        &request.id.as_str()[..4]
    ));
    Ok(Exit::Done)
}

/// Takes the answer whose signature is in `file`, beside the text that was signed.
pub(super) fn hand_in(answer: Answer, id: &str, file: &Path, place: &Place) -> anyhow::Result<Exit> {
    let Named::One(request) = Desk::reading(place)?.find(id)? else { return Ok(Exit::No) };
    let text = file.with_extension("");
    let is_sig = file.extension().is_some_and(|end| end == "sig");
    ensure!(
        is_sig,
        "`{}` is not named `FILE.sig`, as `ssh-keygen -Y sign` names it beside FILE",
        file.display()
    );
    let signature = String::from_utf8(read(file)?).context("the signature is no text")?;
    let statement = read(&text)?;
    let given = Decision::of_statement(&statement)
        .with_context(|| format!("`{}` cannot be handed in", text.display()))?;
    if given.answer != answer {
        bail!("`{}` says `{}`, and this is `gate {}`", text.display(), given.answer.name(), answer.name());
    }
    let mut desk = Desk::writing(place)?;
    desk.decide(&request, &Decision { signature: Some(signature), ..given })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let attempted = || format!("failed to read `{}`", path.display());
    let found = std::fs::metadata(path).with_context(attempted)?;
    ensure!(found.is_file(), "`{}` is no regular file", path.display());
    ensure!(found.len() <= LONGEST, "`{}` is longer than {LONGEST} bytes", path.display());
    std::fs::read(path).with_context(attempted)
}

/// Returns the key that is meant: the one with this fingerprint, or the only one of the person of this name that says who signs elsewhere.
fn signer<'a>(people: &'a People, whose: &str) -> anyhow::Result<(&'a Person, &'a NamedKey)> {
    let is_good =
        |key: &&NamedKey| (key.apart || key.key.kind().is_hardware()) && key.check(clock::now()).is_ok();
    let all =
        people.iter().flat_map(|person| person.keys.iter().filter(is_good).map(move |key| (person, key)));
    let meant: Vec<_> =
        all.filter(|(person, key)| person.name == whose || key.key.fingerprint() == whose).collect();
    match meant[..] {
        [one] => Ok(one),
        [] => bail!(
            "the policy names no key for `{}` that is a security key or `apart`, and counts now",
            visible(whose.as_bytes())
        ),
        _ => {
            let prints: Vec<String> = meant.iter().map(|(_, key)| key.key.fingerprint()).collect();
            let name = visible(&quoted(whose.as_bytes()));
            bail!("{name} has several keys; name one instead: {}", prints.join(", "))
        }
    }
}
