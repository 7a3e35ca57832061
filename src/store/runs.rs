//! The table `runs`: the starts that have no end yet. A row whose runner's lock is gone is a lost run.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::lock::RunLock;
use crate::approval::{RequestId, Runner};

pub(super) const TABLE: &str = "
CREATE TABLE runs (
    seq     INTEGER PRIMARY KEY,
    request TEXT
) STRICT;";

/// The process that an approved command runs below, as JSON.
pub(super) const RUNNER: &str = "ALTER TABLE runs ADD COLUMN runner TEXT;";

/// Which lock its runner holds; a start from before this column holds one that is named after it.
pub(super) const SLOT: &str = "ALTER TABLE runs ADD COLUMN slot INTEGER;";

/// A start without an end.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRun {
    /// The sequence number of its `exec.start`.
    pub(super) seq: u64,
    pub(super) request: Option<RequestId>,
}

/// What a start asks of the database beside its entries.
pub(super) const OF_A_START: [&str; 2] = [SLOTS, INSERT];

const INSERT: &str = "INSERT INTO runs (seq, request, runner, slot) VALUES (?, ?, ?, ?)";

const SLOTS: &str = "SELECT coalesce(slot, seq) FROM runs";

pub(super) const REMOVE: &str = "DELETE FROM runs WHERE seq = ?";

/// Adds a start, whose runner holds the lock `slot`.
pub(super) fn insert(
    db: &Transaction<'_>,
    run: OpenRun,
    slot: u64,
    runner: Option<&Runner>,
) -> rusqlite::Result<()> {
    let request = run.request.map(|id| id.as_str().to_owned());
    let runner = runner.and_then(|runner| serde_json::to_string(runner).ok());
    db.prepare_cached(INSERT)?.execute(params![run.seq as i64, request, runner, slot as i64]).map(|_| ())
}

/// Returns the locks that runs on record have.
pub(super) fn slots(db: &Connection) -> rusqlite::Result<Vec<u64>> {
    let mut query = db.prepare_cached(SLOTS)?;
    let slots = query.query_map([], |row| Ok(row.get::<_, i64>(0)? as u64))?;
    slots.collect()
}

/// Removes a start that has ended; claims that it was there.
pub(super) fn remove(db: &Transaction<'_>, seq: u64) -> rusqlite::Result<bool> {
    Ok(db.prepare_cached(REMOVE)?.execute([seq as i64])? == 1)
}

/// Returns the runs of approved requests whose runner lives and is known.
pub(super) fn running(db: &Connection, dir: &Path) -> rusqlite::Result<Vec<(Runner, u64, RequestId)>> {
    let sql = "SELECT seq, request, runner, coalesce(slot, seq) FROM runs \
               WHERE request IS NOT NULL AND runner IS NOT NULL";
    let mut query = db.prepare_cached(sql)?;
    let runs = query.query_map([], |row| {
        Ok((row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)? as u64))
    })?;
    let mut running = Vec::new();
    for run in runs {
        let (seq, request, runner, slot): (u64, String, String, u64) = run?;
        if let (Some(request), Ok(runner)) = (RequestId::parse(&request), serde_json::from_str(&runner))
            && RunLock::is_held(dir, slot)
        {
            running.push((runner, seq, request));
        }
    }
    Ok(running)
}

/// Claims that the start has no end yet and its runner lives.
pub(super) fn is_running(db: &Connection, dir: &Path, seq: u64) -> rusqlite::Result<bool> {
    let slot = db
        .prepare_cached("SELECT coalesce(slot, seq) FROM runs WHERE seq = ?")?
        .query_row([seq as i64], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(slot.is_some_and(|slot| RunLock::is_held(dir, slot as u64)))
}

/// Returns the lost ones among the oldest `limit` starts.
pub(super) fn lost(db: &Connection, dir: &Path, limit: u32) -> rusqlite::Result<Vec<OpenRun>> {
    let sql = "SELECT seq, request, coalesce(slot, seq) FROM runs ORDER BY seq LIMIT ?";
    let mut query = db.prepare_cached(sql)?;
    let runs = query.query_map([limit], |row| {
        let request: Option<String> = row.get(1)?;
        let request = request.and_then(|id| RequestId::parse(&id));
        Ok((OpenRun { seq: row.get::<_, i64>(0)? as u64, request }, row.get::<_, i64>(2)? as u64))
    })?;
    let runs: Vec<(OpenRun, u64)> = runs.collect::<rusqlite::Result<_>>()?;
    Ok(runs.into_iter().filter(|(_, slot)| !RunLock::is_held(dir, *slot)).map(|(run, _)| run).collect())
}
