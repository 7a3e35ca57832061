//! Verifies the live log, and that the tables beside it say the same.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::Connection;

use super::entries::{self, Row};
use super::{Store, StoreError, Trouble, Which, grants, incidents, log, requests};
use crate::approval::{Grant, GrantState, Request, RequestId, State, recount};
use crate::audit::{self, HeadCheck, Said, SaidHead, Tampered, Verified, Verifier};
use crate::digest::Digest;
use crate::identity::{People, Signatures, at_most};

/// What the log says about each request.
type AllSaid = HashMap<RequestId, Said>;

impl Store {
    /// Verifies every entry, and the tree's stored frontier and the requests against them, as of one instant.
    ///
    /// `progress` is told how many entries are done, now and then.
    pub fn verify(&self, progress: impl FnMut(u64)) -> Result<Result<Verified, Tampered>, StoreError> {
        self.verify_signed(progress, &mut Signatures::of(&People::default()))
    }

    /// Does as [`Store::verify`], and gives every decision to `signatures`.
    pub fn verify_signed(
        &self,
        progress: impl FnMut(u64),
        signatures: &mut Signatures<'_>,
    ) -> Result<Result<Verified, Tampered>, StoreError> {
        self.verify_and(progress, signatures, |_| {})
    }

    /// Does as [`Store::verify_signed`], and gives the bytes of every entry that is in order to `each`, of the same instant.
    pub fn verify_and(
        &self,
        mut progress: impl FnMut(u64),
        signatures: &mut Signatures<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<Result<Verified, Tampered>, StoreError> {
        let snapshot = self.db.unchecked_transaction().map_err(|error| self.failed("read", error))?;
        let mut verifier = Verifier::default();
        let mut tampered = None;
        let checked = |row: Row<'_>| {
            if row.seq.is_multiple_of(4096) {
                progress(row.seq);
            }
            match take(&mut verifier, signatures, row) {
                Ok(()) => {
                    each(row.bytes);
                    ControlFlow::Continue(())
                }
                Err(found) => {
                    tampered = Some(found);
                    ControlFlow::Break(())
                }
            }
        };
        entries::read(&snapshot, 0, checked).map_err(|error| self.failed("read", error))?;
        if let Some(found) = tampered {
            return Ok(Err(found));
        }
        let said = verifier.requests();
        let checked = verifier.finish().and_then(|verified| {
            check_root(&snapshot, &verified)?;
            check_log(&snapshot, &self.log.id, &verified)?;
            check_requests(&snapshot, &said, verified.entries)?;
            check_incident(&snapshot, &verified)?;
            Ok(verified)
        });
        let Ok(verified) = checked else { return Ok(checked) };
        let heads = check_heads(&snapshot, &verified.heads).map_err(|error| self.failed("read", error))?;
        Ok(heads.map(|()| verified))
    }
}

fn take(verifier: &mut Verifier, signatures: &mut Signatures<'_>, row: Row<'_>) -> Result<(), Tampered> {
    let seq = verifier.entries() + 1;
    if row.seq != seq {
        let expected = format!("entry {seq}");
        return Err(Tampered { seq, what: "row", expected, found: format!("entry {}", row.seq) });
    }
    let head = verifier.head().unwrap_or(Digest::from_bytes([0; 32]));
    if row.prev != head.as_bytes() {
        let found = row.prev.iter().map(|byte| format!("{byte:02x}")).collect();
        return Err(Tampered { seq, what: "row's prev", expected: head.to_string(), found });
    }
    verifier.take(row.bytes)?;
    let wrong = |(expected, found)| Tampered { seq, what: "signature", expected, found };
    signatures.take(seq, row.bytes).map_err(wrong)
}

fn check_root(db: &Connection, verified: &Verified) -> Result<(), Tampered> {
    let seq = verified.entries;
    let wrong = |what, expected: String, found: String| Err(Tampered { seq, what, expected, found });
    match log::frontier(db) {
        Ok(Some(tree)) if tree.size() == seq && tree.root() == verified.root => Ok(()),
        Ok(Some(tree)) if tree.size() != seq => {
            wrong("number of entries", format!("{} (the log's row says)", tree.size()), seq.to_string())
        }
        Ok(Some(tree)) => wrong("root", verified.root.to_string(), tree.root().to_string()),
        Ok(None) | Err(_) => wrong("root", verified.root.to_string(), "no frontier".to_owned()),
    }
}

/// The heads that decisions name must be those that the log had.
fn check_heads(db: &Connection, heads: &[SaidHead]) -> rusqlite::Result<Result<(), Tampered>> {
    let (mut check, mut tampered) = (HeadCheck::of(heads), None);
    if !check.is_done() {
        entries::read(db, 1, |row| match check.take(row.bytes) {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(found) => {
                tampered = Some(found);
                ControlFlow::Break(())
            }
        })?;
    }
    Ok(tampered.map_or(Ok(()), Err))
}

/// The log's row must name the log of the entries, and there must be no entry outside the order.
fn check_log(db: &Connection, id: &str, verified: &Verified) -> Result<(), Tampered> {
    let seq = verified.entries;
    if verified.log != id {
        return Err(Tampered { seq, what: "log's id", expected: verified.log.clone(), found: id.to_owned() });
    }
    let count = db.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0)).unwrap_or(-1);
    if count == seq as i64 {
        return Ok(());
    }
    Err(Tampered { seq, what: "number of entries", expected: seq.to_string(), found: count.to_string() })
}

/// A request's row must be the one the log speaks of, in the state the log leaves it in.
fn check_requests(db: &Connection, said: &AllSaid, seq: u64) -> Result<(), Tampered> {
    let wrong =
        |expected: String, found: String| Err(Tampered { seq, what: "request's row", expected, found });
    let grants = grants::list(db, true).map_err(|_| Tampered {
        seq,
        what: "request's row",
        expected: "the grants of the log".to_owned(),
        found: "grants that can't be read".to_owned(),
    })?;
    let grants: HashMap<RequestId, Grant> =
        grants.into_iter().map(|grant| (grant.request.id, grant)).collect();
    let (mut count, mut different) = (0, None);
    let read = requests::each(db, Which::All, |row| {
        count += 1;
        different = different
            .take()
            .or_else(|| difference(&row, grants.get(&row.id), said.get(&row.id)))
            .or_else(|| unentitled(&row, &grants));
    });
    match (read, different) {
        (Err(Trouble::Store(error)), _) => wrong("the requests of the log".to_owned(), error.to_string()),
        (Err(Trouble::Sqlite(error)), _) => wrong("the requests of the log".to_owned(), error.to_string()),
        (Ok(()), Some((expected, found))) => wrong(expected, found),
        (Ok(()), None) if count != said.len() => wrong(format!("{} requests", said.len()), count.to_string()),
        (Ok(()), None) => Ok(()),
    }
}

/// The incident that waits for its review must be the one that the log leaves waiting.
fn check_incident(db: &Connection, verified: &Verified) -> Result<(), Tampered> {
    let told = |name: &str, by: &str, opening: &str, commands: u64| {
        format!("{name} of {by}, {commands} commands, opened with {opening}")
    };
    let said = verified.unreviewed.as_ref();
    let said = said.map(|open| told(&open.name, &open.by, &open.opening, open.commands));
    let found = match incidents::waiting(db) {
        Ok(row) => {
            row.map(|row| told(&row.text.name, &row.by, &row.opening.to_string(), u64::from(row.commands)))
        }
        Err(_) => Some("one that can't be read".to_owned()),
    };
    if said == found {
        return Ok(());
    }
    let or_none = |told: Option<String>| told.unwrap_or_else(|| "none".to_owned());
    let (expected, found) = (or_none(said), or_none(found));
    Err(Tampered { seq: verified.entries, what: "incident's row", expected, found })
}

/// Returns what the log says of a row and what the row is, in words, where that is not the same.
fn difference(row: &Request, grant: Option<&Grant>, expected: Option<&Said>) -> Option<(String, String)> {
    let found = fingerprint(row, grant);
    match expected {
        Some(expected) if *expected == found => None,
        Some(expected) => Some((told(row.id, expected), told(row.id, &found))),
        None => Some((format!("no request {}", row.id), told(row.id, &found))),
    }
}

/// Returns what would have had to approve a request that was started, in words, and why that has not: as many people as its D says, each as
/// surely as their signature alone proves, or a grant that covers it.
fn unentitled(row: &Request, grants: &HashMap<RequestId, Grant>) -> Option<(String, String)> {
    let was_started = matches!(
        row.state(),
        State::Executing | State::Succeeded | State::Failed | State::NotStarted | State::Unknown
    );
    if !was_started {
        return None;
    }
    let why = match &row.progress.granted {
        Some(taken) => match grants.get(&taken.grant).map(|grant| grant.covers(row, taken.number)) {
            Some(Ok(())) => return None,
            Some(Err(why)) => why.to_string(),
            None => "there is none".to_owned(),
        },
        None => recount(row, &|given| Ok(at_most(given))).err()?.to_string(),
    };
    let kind =
        if row.progress.granted.is_some() { "a grant that covers it" } else { "the approvals it needs" };
    Some((format!("{} ran with {kind}", row.id), why))
}

fn fingerprint(row: &Request, grant: Option<&Grant>) -> Said {
    Said {
        state: row.state(),
        content: row.content.digest().to_string(),
        digest: row.digest().to_string(),
        decisions: row.progress.decisions.iter().map(|given| audit::decision(given).to_string()).collect(),
        granted: row.progress.granted.as_ref().map(|taken| (taken.grant, taken.number)),
        used: grant.map_or(0, |grant| grant.progress.used - u32::from(!row.is_plan())),
        is_revoked: grant.is_some_and(|grant| grant.progress.state == GrantState::Revoked),
    }
}

fn told(id: RequestId, said: &Said) -> String {
    let Said { state, content, digest, decisions, granted, used, is_revoked } = said;
    let answers = if decisions.is_empty() { "none".to_owned() } else { decisions.join(", ") };
    let mut told = format!("{id} {state}, C {content}, D {digest}, answers: {answers}");
    if let Some((grant, number)) = granted {
        told.push_str(&format!(", use {number} of the grant {grant}"));
    }
    if *used > 0 || *is_revoked {
        let revoked = if *is_revoked { ", revoked" } else { "" };
        told.push_str(&format!(", its grant used {used} times{revoked}"));
    }
    told
}
