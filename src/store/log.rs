//! The table `log`: one row that names the log, holds its key and the frontier of its tree.
//!
//! The key makes `argv_hmac` and commitments. It is random, made with the log, and lies in the database: it keeps an
//! exported log from being searched for guessed values, not somebody who holds the database itself.

use rusqlite::{Connection, Transaction, params};

use crate::audit::Frontier;
use crate::digest::Digest;

pub(super) const TABLE: &str = "
CREATE TABLE log (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    id       TEXT NOT NULL,
    key      BLOB NOT NULL,
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;";

/// The log's name and key.
pub(super) struct Log {
    pub(super) id: String,
    key: ring::hmac::Key,
}

impl Log {
    /// Makes the row of a new log out of 16 random bytes for its id and 32 for its key.
    pub(super) fn create(db: &Transaction<'_>, id: [u8; 16], key: [u8; 32]) -> rusqlite::Result<Log> {
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        db.execute(
            "INSERT INTO log (one, id, key, size, frontier) VALUES (1, ?, ?, 0, x'')",
            params![id, key],
        )?;
        Ok(Log { id, key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key) })
    }

    /// Reads it.
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Log> {
        db.prepare("SELECT id, key FROM log")?.query_row([], |row| {
            let key: Vec<u8> = row.get(1)?;
            Ok(Log { id: row.get(0)?, key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key) })
        })
    }

    /// Returns the HMAC-SHA-256 of `bytes` with the log's key.
    pub(super) fn hmac(&self, bytes: &[u8]) -> Digest {
        let tag = ring::hmac::sign(&self.key, bytes);
        Digest::from_bytes(tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes"))
    }
}

pub(super) const FRONTIER: &str = "SELECT size, frontier FROM log";

/// Named by its key: for a change of all rows SQLite would set 64 KiB aside.
pub(super) const SET_FRONTIER: &str = "UPDATE log SET size = ?, frontier = ? WHERE one = 1";

/// Returns the stored size and frontier.
pub(super) fn frontier(db: &Connection) -> rusqlite::Result<Option<Frontier>> {
    db.prepare_cached(FRONTIER)?.query_row([], |row| {
        let bytes: Vec<u8> = row.get(1)?;
        Ok(Frontier::from_bytes(row.get::<_, i64>(0)? as u64, &bytes))
    })
}

/// Stores the frontier after an append.
pub(super) fn set_frontier(db: &Transaction<'_>, tree: &Frontier) -> rusqlite::Result<()> {
    db.prepare_cached(SET_FRONTIER)?.execute(params![tree.size() as i64, tree.to_bytes()]).map(|_| ())
}
