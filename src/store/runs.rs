//! The table `runs`: the starts that have no end yet. A row whose runner's lock is gone is a lost run.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::lock::RunLock;
use crate::approval::RequestId;

pub(super) const TABLE: &str = "
CREATE TABLE runs (
    seq     INTEGER PRIMARY KEY,
    request TEXT
) STRICT;";

/// A start without an end.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRun {
    /// The sequence number of its `exec.start`.
    pub(super) seq: u64,
    pub(super) request: Option<RequestId>,
}

/// Adds a start.
pub(super) fn insert(db: &Transaction<'_>, run: OpenRun) -> rusqlite::Result<()> {
    let request = run.request.map(|id| id.as_str().to_owned());
    db.prepare_cached("INSERT INTO runs (seq, request) VALUES (?, ?)")?
        .execute(params![run.seq as i64, request])
        .map(|_| ())
}

/// Removes a start that has ended; claims that it was there.
pub(super) fn remove(db: &Transaction<'_>, seq: u64) -> rusqlite::Result<bool> {
    Ok(db.prepare_cached("DELETE FROM runs WHERE seq = ?")?.execute([seq as i64])? == 1)
}

/// Returns the lost ones among the oldest `limit` starts.
pub(super) fn lost(db: &Connection, dir: &Path, limit: u32) -> rusqlite::Result<Vec<OpenRun>> {
    let mut query = db.prepare_cached("SELECT seq, request FROM runs ORDER BY seq LIMIT ?")?;
    let runs = query.query_map([limit], |row| {
        let request: Option<String> = row.get(1)?;
        Ok(OpenRun {
            seq: row.get::<_, i64>(0)? as u64,
            request: request.and_then(|id| RequestId::parse(&id)),
        })
    })?;
    let runs: Vec<OpenRun> = runs.collect::<rusqlite::Result<_>>()?;
    Ok(runs.into_iter().filter(|run| !RunLock::is_held(dir, run.seq)).collect())
}
