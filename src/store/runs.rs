//! The table `runs`: the starts that have no end yet. A row whose runner's lock is gone is a lost run.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::lock::RunLock;
use crate::approval::{RequestId, Runner};

pub(super) const TABLE: &str = "
CREATE TABLE runs (
    seq     INTEGER PRIMARY KEY,
    request TEXT
) STRICT;";

/// The process that an approved command runs below, as JSON.
pub(super) const RUNNER: &str = "ALTER TABLE runs ADD COLUMN runner TEXT;";

/// A start without an end.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRun {
    /// The sequence number of its `exec.start`.
    pub(super) seq: u64,
    pub(super) request: Option<RequestId>,
}

/// Adds a start.
pub(super) fn insert(db: &Transaction<'_>, run: OpenRun, runner: Option<&Runner>) -> rusqlite::Result<()> {
    let request = run.request.map(|id| id.as_str().to_owned());
    let runner = runner.and_then(|runner| serde_json::to_string(runner).ok());
    db.prepare_cached("INSERT INTO runs (seq, request, runner) VALUES (?, ?, ?)")?
        .execute(params![run.seq as i64, request, runner])
        .map(|_| ())
}

/// Removes a start that has ended; claims that it was there.
pub(super) fn remove(db: &Transaction<'_>, seq: u64) -> rusqlite::Result<bool> {
    Ok(db.prepare_cached("DELETE FROM runs WHERE seq = ?")?.execute([seq as i64])? == 1)
}

/// Returns the runs of approved requests whose runner lives and is known.
pub(super) fn running(db: &Connection, dir: &Path) -> rusqlite::Result<Vec<(Runner, u64, RequestId)>> {
    let sql = "SELECT seq, request, runner FROM runs WHERE request IS NOT NULL AND runner IS NOT NULL";
    let mut query = db.prepare_cached(sql)?;
    let runs = query.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?)))?;
    let mut running = Vec::new();
    for run in runs {
        let (seq, request, runner): (u64, String, String) = run?;
        if let (Some(request), Ok(runner)) = (RequestId::parse(&request), serde_json::from_str(&runner))
            && RunLock::is_held(dir, seq)
        {
            running.push((runner, seq, request));
        }
    }
    Ok(running)
}

/// Claims that the start has no end yet and its runner lives.
pub(super) fn is_running(db: &Connection, dir: &Path, seq: u64) -> rusqlite::Result<bool> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM runs WHERE seq = ?")?
        .query_row([seq as i64], |row| row.get(0))?;
    Ok(count == 1 && RunLock::is_held(dir, seq))
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
