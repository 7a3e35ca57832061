//! The table `requests`: what was asked, verbatim, and how far it has come.
//!
//! Each change of a row is a compare-and-set on (state, version) and one transaction with its entry.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{StoreError, Trouble};
use crate::approval::{Listed, Prefix, Progress, Request, RequestId, Requester, State};
use crate::digest::Digest;

pub(super) const TABLE: &str = "
CREATE TABLE requests (
    id        TEXT PRIMARY KEY,
    state     TEXT NOT NULL,
    version   INTEGER NOT NULL,
    requester TEXT NOT NULL,
    c         BLOB NOT NULL,
    content   BLOB NOT NULL,
    statement BLOB NOT NULL,
    progress  TEXT NOT NULL
) STRICT;
CREATE INDEX requests_open ON requests (state) WHERE state IN ('PENDING', 'APPROVED', 'EXECUTING');
CREATE INDEX requests_c ON requests (c);";

/// For who asked what: those of one requester, by state.
pub(super) const OF_REQUESTER: &str = "CREATE INDEX requests_of ON requests (requester, state);";

/// The condition of the index `requests_open`, word for word: SQLite uses the index only where it stands in the query.
const OPEN: &str = "state IN ('PENDING', 'APPROVED', 'EXECUTING')";

const COLUMNS: &str = "SELECT id, state, version, content, statement, progress FROM requests";

const BEGINNING: &str = "SELECT id, state, version, content, statement, progress FROM requests \
     WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id";

const EARLIER: &str = "SELECT id, state, version, content, statement, progress FROM requests WHERE rowid IN ( \
     SELECT rowid FROM requests WHERE requester = ?1 AND state = 'REJECTED' \
     UNION SELECT rowid FROM requests WHERE c = ?2 AND requester = ?1) ORDER BY rowid";

/// What a change of a request asks of the database beside its entry.
pub(super) const OF_A_CHANGE: [&str; 2] = [LOAD, COMPARE_AND_SET];

/// What a new request does.
pub(super) const OF_A_NEW_ONE: [&str; 3] = [WITH_CONTENT, PENDING, INSERT];

const LOAD: &str = "SELECT id, state, version, content, statement, progress FROM requests WHERE id = ?";

const COMPARE_AND_SET: &str =
    "UPDATE requests SET state = ?, version = ?, progress = ? WHERE id = ? AND state = ? AND version = ?";

const WITH_CONTENT: &str = "SELECT id, state, version, content, statement, progress FROM requests \
     WHERE c = ? AND requester = ? AND state IN ('PENDING', 'APPROVED') ORDER BY rowid";

const PENDING: &str = "SELECT count(*) FROM requests WHERE state = 'PENDING' AND requester = ?";

const INSERT: &str = "INSERT INTO requests (id, state, version, requester, c, content, statement, progress) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/// Which requests are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them, oldest first.
    All,
    /// Those that wait for a decision or for their start.
    Open,
}

/// Returns the text that requests of one requester have in common.
pub(super) fn requester_key(requester: &Requester) -> String {
    let Requester { kind, name, uid, on_behalf_of, .. } = requester;
    serde_json::json!([kind, name, uid, on_behalf_of]).to_string()
}

/// Adds a new request.
pub(super) fn insert(db: &Transaction<'_>, request: &Request) -> rusqlite::Result<()> {
    db.prepare_cached(INSERT)?
        .execute(params![
            request.id.as_str(),
            request.state().name(),
            request.progress.version as i64,
            requester_key(&request.ask.requester),
            request.content.digest().as_bytes(),
            request.content.json(),
            request.statement,
            written(&request.progress),
        ])
        .map(|_| ())
}

/// Sets the progress of `before` to that of `after`, if the row still is `before`; claims that it was.
pub(super) fn compare_and_set(
    db: &Transaction<'_>,
    before: &Request,
    after: &Request,
) -> rusqlite::Result<bool> {
    let changed = db.prepare_cached(COMPARE_AND_SET)?.execute(params![
        after.state().name(),
        after.progress.version as i64,
        written(&after.progress),
        before.id.as_str(),
        before.state().name(),
        before.progress.version as i64,
    ])?;
    Ok(changed == 1)
}

fn written(progress: &Progress) -> String {
    serde_json::to_string(progress).expect("progress has string keys only")
}

/// Returns the request with this id.
pub(super) fn load(db: &Connection, id: RequestId) -> Result<Option<Request>, Trouble> {
    db.prepare_cached(LOAD)?.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
}

/// Returns the open requests of this requester for this content.
pub(super) fn with_content(
    db: &Connection,
    requester: &Requester,
    c: Digest,
) -> Result<Vec<Request>, Trouble> {
    collect(db, WITH_CONTENT, params![c.as_bytes(), requester_key(requester)])
}

/// Returns how many requests of this requester wait for a decision.
pub(super) fn pending(db: &Connection, requester: &Requester) -> rusqlite::Result<u32> {
    db.prepare_cached(PENDING)?.query_row([requester_key(requester)], |row| row.get(0))
}

/// Returns those of this requester that are in this state.
pub(super) fn of_state(
    db: &Connection,
    requester: &Requester,
    state: State,
) -> Result<Vec<Request>, Trouble> {
    let sql = format!("{COLUMNS} WHERE state = ? AND requester = ?");
    collect(db, &sql, [state.name().to_owned(), requester_key(requester)])
}

/// Returns those that say something about `request`: of the same requester, for the same content or rejected.
pub(super) fn earlier(db: &Connection, request: &Request) -> Result<Vec<Request>, Trouble> {
    let requester = requester_key(&request.ask.requester);
    collect(db, EARLIER, params![requester, request.content.digest().as_bytes()])
}

fn open_sql() -> String {
    // By their numbers first: else SQLite would sort the whole rows.
    let numbers = format!("SELECT rowid FROM requests WHERE {OPEN} AND state IN ('PENDING', 'APPROVED')");
    format!("{COLUMNS} WHERE rowid IN ({numbers}) ORDER BY rowid")
}

/// Gives the requests asked for to `take`, oldest first.
pub(super) fn each(db: &Connection, which: Which, take: impl FnMut(Request)) -> Result<(), Trouble> {
    each_of(db, &sql_of(which), [], take)
}

/// Gives what a list says of the requests asked for to `take`, oldest first: much less is read than of whole ones.
pub(super) fn each_listed(
    db: &Connection,
    which: Which,
    mut take: impl FnMut(Listed),
) -> Result<(), Trouble> {
    let mut query = db.prepare(&sql_of(which))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        take(read_listed(row)?);
    }
    Ok(())
}

fn sql_of(which: Which) -> String {
    match which {
        Which::All => format!("{COLUMNS} ORDER BY rowid"),
        Which::Open => open_sql(),
    }
}

/// Returns the requests whose id begins with `prefix`.
pub(super) fn beginning(db: &Connection, prefix: &Prefix) -> Result<Vec<Request>, Trouble> {
    // Behind every id that begins so stands the prefix with a character that no id has.
    collect(db, BEGINNING, [prefix.as_str()])
}

/// Returns the state and version of a request, without reading it whole.
pub(super) fn version(db: &Connection, id: RequestId) -> rusqlite::Result<Option<u64>> {
    db.prepare_cached("SELECT version FROM requests WHERE id = ?")?
        .query_row([id.as_str()], |row| row.get::<_, i64>(0))
        .optional()
        .map(|found| found.map(|version| version as u64))
}

fn collect(db: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Request>, Trouble> {
    let mut requests = Vec::new();
    each_of(db, sql, params, |request| requests.push(request))?;
    Ok(requests)
}

fn each_of(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    mut take: impl FnMut(Request),
) -> Result<(), Trouble> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params)?;
    while let Some(row) = rows.next()? {
        take(read(row)?);
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Request, Trouble> {
    let progress: String = row.get(5)?;
    let progress: Progress =
        serde_json::from_str(&progress).map_err(|error| bad(row, format!("progress: {error}")))?;
    let (state, version) = (progress.state, progress.version);
    let request =
        Request::from_stored(row.get(3)?, row.get(4)?, progress).map_err(|found| bad(row, found))?;
    agrees(row, request.id, state, version)?;
    Ok(request)
}

fn read_listed(row: &Row<'_>) -> Result<Listed, Trouble> {
    let blob = |at: usize| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
    let progress = row.get_ref(5)?.as_str().unwrap_or_default();
    let listed = Listed::from_stored(blob(3)?, blob(4)?, progress).map_err(|found| bad(row, found))?;
    agrees(row, listed.id, listed.term.state, listed.version)?;
    Ok(listed)
}

/// Makes sure that a row says of itself what stands in it.
fn agrees(row: &Row<'_>, id: RequestId, state: State, version: u64) -> Result<(), Trouble> {
    let said = row.get_ref(1)?.as_str().unwrap_or_default();
    let counted: i64 = row.get(2)?;
    if said != state.name() || counted as u64 != version {
        return Err(bad(row, format!("the row says {said} {counted}, its progress {state} {version}")));
    }
    if row.get_ref(0)?.as_str().ok() != Some(id.as_str()) {
        return Err(bad(row, format!("its statement is that of {id}")));
    }
    Ok(())
}

fn bad(row: &Row<'_>, found: String) -> Trouble {
    let id = row.get(0).unwrap_or_default();
    Trouble::Store(StoreError::BadRequest { id, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every query on the way of a command, of a decision or of a list finds its rows by an index.
    #[test]
    fn no_query_reads_a_whole_table() {
        let dir = tempfile::tempdir().unwrap();
        let store = super::super::Store::open(dir.path(), crate::approval::sample::at(0)).unwrap();
        let queries = [
            open_sql(),
            BEGINNING.to_owned(),
            EARLIER.to_owned(),
            LOAD.to_owned(),
            WITH_CONTENT.to_owned(),
            PENDING.to_owned(),
            COMPARE_AND_SET.to_owned(),
            format!("{COLUMNS} WHERE state = 'PENDING' AND requester = 'x'"),
            super::super::grants::COVERING.replace('?', "'x'"),
            super::super::grants::UPDATE.replace('?', "'x'"),
            "SELECT progress FROM grants WHERE id = 'x'".to_owned(),
            "DELETE FROM grant_keys WHERE id = 'x'".to_owned(),
            "SELECT version FROM requests WHERE id = 'x'".to_owned(),
            "SELECT bytes FROM entries WHERE seq = 1".to_owned(),
            "SELECT seq, prev, bytes FROM entries WHERE seq >= 1 ORDER BY seq".to_owned(),
        ];
        for query in queries {
            let mut plan = store.db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(steps.iter().any(|step| step.starts_with("SEARCH ")), "{query}: {steps:?}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN ")), "{query}: {steps:?}");
        }
    }
}
