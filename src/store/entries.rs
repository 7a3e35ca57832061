//! The table `entries`: the log's records, appended and never changed.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Store, StoreError, log};
use crate::approval::{Decision, Head, Ineligible};
use crate::audit::{self, Draft, Frontier, Header, Unplaced};
use crate::digest::Digest;
use crate::moment::Moment;

pub(super) const TABLE: &str = "
CREATE TABLE entries (
    seq   INTEGER PRIMARY KEY,
    prev  BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL
) STRICT;
CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;";

/// An entry as it lies in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub seq: u64,
    /// Its own id.
    pub id: String,
    /// Its leaf hash: the head, while it is the newest.
    pub leaf: Digest,
}

/// What appending needs beside the transaction.
pub(super) struct Pen<'a> {
    pub(super) log: &'a log::Log,
    pub(super) host: &'a str,
    pub(super) now: Moment,
}

/// An entry that is ready but for its place.
pub(super) struct Ready {
    id: String,
    entry: Unplaced,
}

/// What appending asks of the database.
pub(super) const STATEMENTS: [&str; 4] = [NEWEST, INSERT, log::FRONTIER, log::SET_FRONTIER];

const NEWEST: &str = "SELECT seq, bytes FROM entries ORDER BY seq DESC LIMIT 1";

const INSERT: &str = "INSERT INTO entries (seq, prev, bytes) VALUES (?, ?, ?)";

/// How many random bytes an entry's id is.
const ID: usize = 12;

impl Pen<'_> {
    /// Makes all of the entries that does not depend on what is in the log.
    pub(super) fn write(&self, drafts: &[&Draft]) -> Result<Vec<Ready>, Broken> {
        let mut random = vec![0; ID * drafts.len()];
        super::fill(&mut random).map_err(|_| Broken::NoRandomness)?;
        let ready = random.chunks_exact(ID).zip(drafts).map(|(random, draft)| {
            let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            let header = Header { log: &self.log.id, id: &id, now: self.now, host: self.host };
            let entry = Unplaced::new(draft, &header, |bytes| self.log.hmac(bytes));
            Ready { id, entry }
        });
        Ok(ready.collect())
    }

    /// Appends `drafts` behind the newest entry. The head is read here, inside the transaction, each time.
    pub(super) fn append(&self, db: &Transaction<'_>, drafts: &[&Draft]) -> Result<Vec<Recorded>, Broken> {
        place(db, &self.write(drafts)?)
    }
}

/// Appends what was made ready before.
pub(super) fn place(db: &Transaction<'_>, ready: &[Ready]) -> Result<Vec<Recorded>, Broken> {
    let (size, mut prev) = head(db)?;
    let mut tree = log::frontier(db)?.ok_or(Broken::Head { said: 0, found: size })?;
    if tree.size() != size {
        return Err(Broken::Head { said: tree.size(), found: size });
    }
    let mut recorded = Vec::with_capacity(ready.len());
    for Ready { id, entry } in ready {
        let seq = tree.size() + 1;
        let bytes = entry.at(seq, prev);
        let leaf = audit::leaf(&bytes);
        db.prepare_cached(INSERT)?.execute(params![seq as i64, prev.as_bytes(), bytes])?;
        tree.push(leaf);
        prev = leaf;
        recorded.push(Recorded { seq, id: id.clone(), leaf });
    }
    log::set_frontier(db, &tree)?;
    Ok(recorded)
}

/// Claims that the log has come on from the head that `given` names, or returns that it has not. Whether what came before is the same
/// only verifying the whole of it tells.
pub(super) fn continues(tree: &Frontier, given: &Decision) -> Result<(), Ineligible> {
    match &given.head {
        Some(head) if head.size > tree.size() || (head.size == tree.size() && head.root != tree.root()) => {
            Err(Ineligible::OtherLog { said: head.size, found: tree.size() })
        }
        _ => Ok(()),
    }
}

/// Why nothing can be appended.
pub(super) enum Broken {
    /// The log's row says it has another number of entries than there are.
    Head {
        said: u64,
        found: u64,
    },
    NoRandomness,
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Broken {
        Broken::Database(error)
    }
}

/// Returns the number of entries and the newest leaf, made anew from its bytes.
fn head(db: &Connection) -> rusqlite::Result<(u64, Digest)> {
    let newest = db
        .prepare_cached(NEWEST)?
        .query_row([], |row| {
            let bytes = row.get_ref(1)?.as_blob()?;
            Ok((row.get::<_, i64>(0)?, audit::leaf(bytes)))
        })
        .optional()?;
    Ok(newest.map_or((0, Digest::from_bytes([0; 32])), |(seq, leaf)| (seq as u64, leaf)))
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub seq: u64,
    /// What the row says beside the bytes; only verifying looks at it.
    pub prev: &'a [u8],
    /// The entry: the bytes that were hashed.
    pub bytes: &'a [u8],
}

/// Calls `each` with the rows from `first` on until it breaks off.
pub(super) fn read(
    db: &Connection,
    first: u64,
    mut each: impl FnMut(Row<'_>) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut query = db.prepare("SELECT seq, prev, bytes FROM entries WHERE seq >= ? ORDER BY seq")?;
    let mut rows = query.query([first as i64])?;
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)? as u64;
        let row = Row { seq, prev: row.get_ref(1)?.as_blob()?, bytes: row.get_ref(2)?.as_blob()? };
        if each(row).is_break() {
            break;
        }
    }
    Ok(())
}

impl Store {
    /// Calls `each` with every entry from the sequence number `first` on, in order, until it breaks off.
    ///
    /// The entries are read one by one: memory stays constant however long the log is.
    pub fn entries(
        &self,
        first: u64,
        each: impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        read(&self.db, first, each).map_err(|error| self.failed("read", error))
    }

    /// Returns the bytes of one entry.
    pub fn entry(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.db
            .query_row("SELECT bytes FROM entries WHERE seq = ?", [seq as i64], |row| row.get(0))
            .optional()
            .map_err(|error| self.failed("read", error))
    }

    /// Returns the number of entries, as the newest one's sequence number.
    pub fn size(&self) -> Result<u64, StoreError> {
        head(&self.db).map(|(size, _)| size).map_err(|error| self.failed("read", error))
    }

    /// Returns the newest head, as a decision names it.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        Ok(self.stated_root()?.map(|(size, root)| Head { size, root }))
    }

    /// Returns the size and root that the log's own row states, or `None` where it makes no sense.
    pub fn stated_root(&self) -> Result<Option<(u64, Digest)>, StoreError> {
        let tree = log::frontier(&self.db).map_err(|error| self.failed("read", error))?;
        Ok(tree.map(|tree| (tree.size(), tree.root())))
    }
}
