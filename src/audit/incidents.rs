//! What the entries say about broken glass: when an incident was opened, which commands ran in it, and who has reviewed it.
//!
//! 1. A glass is broken for one command: its verdict and its start follow at once, about the C that was signed.
//! 2. An incident is opened where none waits for its review; commands run in it for [`LONGEST_INCIDENT`] of one boot, by who opened it.
//! 3. It is reviewed by somebody else, over all its commands.
//! 4. Nothing that was signed counts twice.

use std::collections::HashSet;

use super::kind::Kind;
use super::verify::{Fields, Tampered};
use crate::approval::LONGEST_INCIDENT;

/// What waits for its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidIncident {
    pub name: String,
    pub by: String,
    /// The nonce of what opened it.
    pub opening: String,
    pub commands: u64,
    uid: Option<u64>,
    boot: String,
    opened_ns: u64,
}

/// Follows the incidents of a log.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    waiting: Option<SaidIncident>,
    used: HashSet<String>,
    next: Option<Next>,
    count: u64,
}

/// What has to come next: the verdict, then the start of the command with this C in this incident.
#[derive(Clone, Debug)]
struct Next {
    kind: Kind,
    name: String,
    content: String,
}

type Checked = Result<(), Tampered>;

impl Incidents {
    pub(super) fn take(&mut self, kind: Kind, entry: &Fields<'_>) -> Checked {
        let broken = entry.data.break_glass.as_deref();
        if let Some(Next { kind: expected, name, content }) = self.next.take() {
            let is_next = kind == expected
                && entry.request.is_none()
                && entry.data.content.as_deref() == Some(content.as_str())
                && (kind == Kind::ExecStart || broken == Some(name.as_str()));
            if !is_next {
                let expected = format!("the {} of what the glass was broken for", expected.name());
                return wrong(entry, &expected, kind.name());
            }
            if kind == Kind::Judged {
                self.next = Some(Next { kind: Kind::ExecStart, name, content });
            }
            return Ok(());
        }
        match kind {
            Kind::BreakGlass => self.change(entry),
            _ if broken.is_some() => wrong(entry, "a broken glass right before", "none"),
            _ => Ok(()),
        }
    }

    /// Returns how many were opened.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Returns the one that waits for its review.
    pub(super) fn waiting(&self) -> Option<&SaidIncident> {
        self.waiting.as_ref()
    }

    fn change(&mut self, entry: &Fields<'_>) -> Checked {
        match entry.data.change.as_deref().unwrap_or_default() {
            "opened" => self.opened(entry),
            "used" => self.used(entry),
            "reviewed" => self.reviewed(entry),
            "refused" => Ok(()),
            other => wrong(entry, "opened, used, reviewed or refused", other),
        }
    }

    fn opened(&mut self, entry: &Fields<'_>) -> Checked {
        if let Some(open) = &self.waiting {
            let found = format!("{} of {}", open.name, open.by);
            return wrong(entry, "no incident that waits for its review", &found);
        }
        let opening = self.fresh(entry)?;
        self.waiting = Some(SaidIncident {
            name: text(entry, "incident"),
            by: text(entry, "person"),
            opening,
            commands: 1,
            uid: number(entry, "uid"),
            boot: entry.boot_id.to_string(),
            opened_ns: ns(entry),
        });
        self.count += 1;
        self.expect(entry)
    }

    fn used(&mut self, entry: &Fields<'_>) -> Checked {
        self.fresh(entry)?;
        let (name, by, uid) = (text(entry, "incident"), text(entry, "person"), number(entry, "uid"));
        let Some(open) = &mut self.waiting else { return wrong(entry, "an incident that is open", "none") };
        if (&open.name, &open.by, open.uid) != (&name, &by, uid) {
            let expected = format!("{} of {}", open.name, open.by);
            return wrong(entry, &expected, &format!("{name} of {by}"));
        }
        let longest = u64::try_from(LONGEST_INCIDENT.as_nanos()).unwrap_or(u64::MAX);
        let after = ns(entry).saturating_sub(open.opened_ns);
        if open.boot != entry.boot_id || after >= longest {
            let expected =
                format!("a command within {} s of {name}, in one boot", LONGEST_INCIDENT.as_secs());
            return wrong(entry, &expected, &format!("one after {} s", after / 1_000_000_000));
        }
        open.commands += 1;
        self.expect(entry)
    }

    fn reviewed(&mut self, entry: &Fields<'_>) -> Checked {
        self.fresh(entry)?;
        let Some(open) = self.waiting.take() else {
            return wrong(entry, "an incident that waits for its review", "none");
        };
        let (by, commands) = (text(entry, "person"), number(entry, "commands"));
        if by.is_empty() || by == open.by {
            return wrong(entry, &format!("a review by somebody else than {}", open.by), &by);
        }
        if text(entry, "opening") != open.opening || commands != Some(open.commands) {
            let found = format!("of {} with {} commands", text(entry, "incident"), commands.unwrap_or(0));
            return wrong(
                entry,
                &format!("a review of {} with {} commands", open.name, open.commands),
                &found,
            );
        }
        Ok(())
    }

    /// Returns the nonce of what was signed, which nothing before has.
    fn fresh(&mut self, entry: &Fields<'_>) -> Result<String, Tampered> {
        let nonce = text(entry, "nonce");
        if nonce.is_empty() {
            return wrong(entry, "what was signed, with its nonce", "none");
        }
        if self.used.insert(nonce.clone()) { Ok(nonce) } else { wrong(entry, "a nonce used once", &nonce) }
    }

    fn expect(&mut self, entry: &Fields<'_>) -> Checked {
        let (name, content) = (text(entry, "incident"), text(entry, "content"));
        if content.is_empty() {
            return wrong(entry, "the digest C", "none");
        }
        self.next = Some(Next { kind: Kind::Judged, name, content });
        Ok(())
    }
}

fn text(entry: &Fields<'_>, name: &str) -> String {
    let value = entry.decision.as_ref().and_then(|sworn| sworn[name].as_str());
    value.unwrap_or_default().to_owned()
}

fn number(entry: &Fields<'_>, name: &str) -> Option<u64> {
    entry.decision.as_ref().and_then(|sworn| sworn[name].as_u64())
}

fn ns(entry: &Fields<'_>) -> u64 {
    entry.mono_ns.parse().unwrap_or(0)
}

fn wrong<T>(entry: &Fields<'_>, expected: &str, found: &str) -> Result<T, Tampered> {
    let (expected, found) = (expected.to_owned(), found.to_owned());
    Err(Tampered { seq: entry.seq, what: "break_glass", expected, found })
}
