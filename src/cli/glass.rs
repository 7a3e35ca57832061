//! `gate --break-glass "INC-42: …" -- CMD`: shows a person what would run, takes their signature for it, and has gate run it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::signer::Signer;
use crate::approval::{Entering, Incident, IncidentText, Sworn};
use crate::audit::redact::{self, Depth};
use crate::channel::{Card, width};
use crate::command::visible;
use crate::gate::{Behind, Ending, Gate, Wanted, Wish};
use crate::identity::People;
use crate::moment::in_words;
use crate::store::{Withstood, clock, salt};
use crate::ui;

/// What stands behind `--break-glass` and `--key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// `INC-42: the shop is down`.
    pub text: String,
    /// The key to sign with; none: the configured one.
    pub key: Option<PathBuf>,
}

/// Breaks the glass for `wish`, if this is a person who may.
///
/// # Errors
/// A text that names no incident, or whatever kept gate from its work: nothing was run.
pub(super) fn run(gate: &mut Gate, wish: Wish, emergency: &Emergency) -> anyhow::Result<Ending> {
    let text = named(&emergency.text)?;
    if let Err(why) = gate.is_a_persons() {
        return gate.withstand(&wish, &text.name, &why);
    }
    let people = People::of(&gate.policy);
    let signer = match signer(gate, emergency, &people) {
        Ok(signer) => signer,
        Err(error) => return gate.withstand(&wish, &text.name, &format!("{error:#}")),
    };
    let open = match entered(gate, &signer, &text)? {
        Ok(open) => open,
        Err(why) => return gate.withstand(&wish, &text.name, &why),
    };
    let behind = match gate.behind_glass(wish.clone(), &text)? {
        Wanted::Over(ending) => return Ok(*ending),
        Wanted::Behind(behind) => *behind,
    };
    let card = Card::behind_glass(&behind.asked, &about(&text, open.as_ref()), width());
    let question = format!("\n{}\n\nto break the glass, type {}: ", card.text(), text.name);
    if ui::ask(&question)?.trim() != text.name {
        return gate.withstand(&wish, &text.name, "the name of the incident was not typed");
    }
    match signed(gate, &signer, &text, (&behind, &card), &people) {
        Ok((sworn, salt)) => gate.break_glass(behind, &text, (&sworn, salt)),
        Err(error) => gate.withstand(&wish, &text.name, &format!("{error:#}")),
    }
}

/// Returns the incident that `text` names. What would be taken out of the record as a secret is no name.
fn named(text: &str) -> anyhow::Result<IncidentText> {
    let text = IncidentText::parse(text)?;
    let (kept, _) = redact::text(text.name.as_bytes(), Depth::Record);
    if kept != text.name.as_bytes() {
        bail!("the name of the incident looks like a secret, and would not be recorded; use a ticket's");
    }
    Ok(text)
}

/// Returns whoever signs here, with a key that can be touched.
fn signer(gate: &Gate, emergency: &Emergency, people: &People) -> anyhow::Result<Signer> {
    let key = emergency.key.as_deref();
    let signer = Signer::choose(key, &gate.config, people)?.context(
        "it needs your security key: name it with `--key FILE`, or as `key` under `[local]` in the configuration",
    )?;
    let given = signer.worth_here();
    if given < crate::approval::Assurance::Key {
        bail!(Withstood::Weak { given });
    }
    let named = gate.policy.may_break_glass();
    if !named.iter().any(|name| name == signer.name()) {
        let named = named.to_vec();
        bail!(Withstood::NotNamed { name: signer.name().to_owned(), named });
    }
    Ok(signer)
}

/// Returns the incident that is open, or why this one cannot be entered; nothing is by that yet.
fn entered(
    gate: &Gate,
    signer: &Signer,
    text: &IncidentText,
) -> anyhow::Result<Result<Option<Incident>, String>> {
    let waiting = gate.store.incident()?;
    let entering = Entering {
        text: text.clone(),
        by: signer.name().to_owned(),
        uid: gate.config.user.uid,
        nonce: crate::digest::Digest::of(b""),
        risk: crate::policy::Risk::Low,
    };
    let entered = Incident::entered(waiting.as_ref(), &entering, clock::now());
    Ok(entered.map(|_| waiting).map_err(|why| why.to_string()))
}

/// Returns what the card says of the incident.
fn about(text: &IncidentText, open: Option<&Incident>) -> Vec<String> {
    let name = format!("{}: {}", text.name, text.what);
    let stands = match open {
        None => {
            "opens it, for 30 min at most; every approver is told, and the next incident waits for its review"
                .to_owned()
        }
        Some(open) => {
            format!("command {} in it, {} left", open.commands + 1, in_words(open.left(clock::now())))
        }
    };
    [name, stands].iter().map(|line| visible(line.as_bytes())).collect()
}

fn signed(
    gate: &Gate,
    signer: &Signer,
    text: &IncidentText,
    (behind, card): (&Behind, &Card),
    people: &People,
) -> anyhow::Result<(Sworn, crate::digest::Digest)> {
    let by = signer.swearing(gate.store.log_id(), gate.config.user.uid, (salt()?, salt()?), card.digest());
    let mut sworn = Sworn::breaking(&by, text, behind.content(), behind.policy());
    signer.swear(&mut sworn, &gate.config.host, people)?;
    Ok((sworn, by.salt))
}
