//! Verifies the live log, and that the tables beside it say the same.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::Connection;

use super::entries::{self, Row};
use super::{Store, StoreError, Trouble, Which, log, requests};
use crate::approval::{Request, RequestId, State};
use crate::audit::{Tampered, Verified, Verifier};
use crate::digest::Digest;

/// What the log says about each request.
type Said = HashMap<RequestId, (State, String, String)>;

impl Store {
    /// Verifies every entry, and the tree's stored frontier and the requests against them, as of one instant.
    ///
    /// `progress` is told how many entries are done, now and then.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<Result<Verified, Tampered>, StoreError> {
        let snapshot = self.db.unchecked_transaction().map_err(|error| self.failed("read", error))?;
        let mut verifier = Verifier::default();
        let mut tampered = None;
        let each = |row: Row<'_>| {
            if row.seq.is_multiple_of(4096) {
                progress(row.seq);
            }
            match take(&mut verifier, row) {
                Ok(()) => ControlFlow::Continue(()),
                Err(found) => {
                    tampered = Some(found);
                    ControlFlow::Break(())
                }
            }
        };
        entries::read(&snapshot, 1, each).map_err(|error| self.failed("read", error))?;
        if let Some(found) = tampered {
            return Ok(Err(found));
        }
        let said = verifier.requests();
        let checked = verifier.finish().and_then(|verified| {
            check_root(&snapshot, &verified)?;
            check_requests(&snapshot, &said, verified.entries)?;
            Ok(verified)
        });
        Ok(checked)
    }
}

fn take(verifier: &mut Verifier, row: Row<'_>) -> Result<(), Tampered> {
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
    verifier.take(row.bytes)
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

/// A request's row must be the one the log speaks of, in the state the log leaves it in.
fn check_requests(db: &Connection, said: &Said, seq: u64) -> Result<(), Tampered> {
    let wrong =
        |expected: String, found: String| Err(Tampered { seq, what: "request's row", expected, found });
    let rows = match requests::list(db, Which::All) {
        Ok(rows) => rows,
        Err(Trouble::Store(error)) => return wrong("the requests of the log".to_owned(), error.to_string()),
        Err(Trouble::Sqlite(error)) => return wrong("the requests of the log".to_owned(), error.to_string()),
    };
    for row in &rows {
        let (found, expected) = (fingerprint(row), said.get(&row.id));
        match expected {
            Some(expected) if *expected == found => {}
            Some((state, c, d)) => {
                return wrong(
                    format!("{} {state}, C {c}, D {d}", row.id),
                    format!("{}, C {}, D {}", found.0, found.1, found.2),
                );
            }
            None => return wrong(format!("no request {}", row.id), format!("{} {}", row.id, found.0)),
        }
    }
    if rows.len() != said.len() {
        return wrong(format!("{} requests", said.len()), rows.len().to_string());
    }
    Ok(())
}

fn fingerprint(row: &Request) -> (State, String, String) {
    (row.state(), row.content.digest().to_string(), row.digest().to_string())
}
