//! The tables, step by step: step N brings a database from schema N−1 to N.

use rusqlite::{Connection, Transaction};

/// `gate` in ASCII: tells gate's databases from others.
pub(super) const APPLICATION: i64 = 0x6761_7465;

/// The newest schema this gate knows.
pub(super) const NEWEST: i64 = STEPS.len() as i64;

/// One file a table; a step is the list of what it makes.
const STEPS: &[&[&str]] = &[
    &[super::log::TABLE, super::entries::TABLE, super::requests::TABLE, super::runs::TABLE],
    &[super::runs::RUNNER],
    &[super::runs::SLOT],
    &[super::requests::OF_REQUESTER],
    &[super::grants::TABLES],
    &[super::incidents::TABLES],
];

/// Returns the schema of the database, 0 for an empty one, or what else was found.
pub(super) fn found(db: &Connection) -> rusqlite::Result<Result<i64, String>> {
    let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let (version, application) = (number("PRAGMA user_version")?, number("PRAGMA application_id")?);
    if application == APPLICATION {
        return Ok(Ok(version));
    }
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (version, application, tables) == (0, 0, 0) {
        return Ok(Ok(0));
    }
    Ok(Err("a database of another program".to_owned()))
}

/// Brings the database from schema `from` to the newest.
pub(super) fn upgrade(db: &Transaction<'_>, from: i64) -> rusqlite::Result<()> {
    for step in STEPS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        for table in *step {
            db.execute_batch(table)?;
        }
    }
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", NEWEST)
}
