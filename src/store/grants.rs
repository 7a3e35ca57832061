//! The tables `grants` and `grant_keys`: the approvals that stay valid for a while, how far they are used up, and what they are found by.
//!
//! What a grant covers stands in its request's own row, in what its approvers have said; here stands what changes. Each change is a
//! compare-and-set on (state, version) and one transaction with its entry.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::entries::Pen;
use super::requests::{self, requester_key};
use super::run::update;
use super::{StoreError, Trouble};
use crate::approval::{
    Event, Grant, GrantProgress, GrantUse, Refusal, Request, RequestId, State, Weigh, Withheld, keys_of,
    recount, transition,
};
use crate::audit::{Draft, Kind};
use crate::digest::Digest;
use crate::moment::Moment;

pub(super) const TABLES: &str = "
CREATE TABLE grants (
    id       TEXT PRIMARY KEY,
    state    TEXT NOT NULL,
    version  INTEGER NOT NULL,
    progress TEXT NOT NULL
) STRICT;
CREATE INDEX grants_open ON grants (state) WHERE state = 'OPEN';
CREATE TABLE grant_keys (
    key       BLOB NOT NULL,
    requester TEXT NOT NULL,
    id        TEXT NOT NULL,
    PRIMARY KEY (key, requester, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX grant_keys_of ON grant_keys (id);";

pub(super) const COVERING: &str = "SELECT id FROM grant_keys WHERE key = ? AND requester = ? ORDER BY id";
pub(super) const OPEN: &str = "SELECT id, progress FROM grants WHERE state = 'OPEN' ORDER BY rowid";
pub(super) const UPDATE: &str =
    "UPDATE grants SET state = ?, version = ?, progress = ? WHERE id = ? AND state = ? AND version = ?";

/// Adds the grant that the approvals of `request` make, if they make one.
pub(super) fn add(db: &Transaction<'_>, request: &Request) -> Result<(), Trouble> {
    let Some(grant) = Grant::made_by(request) else { return Ok(()) };
    let GrantProgress { state, version, .. } = grant.progress;
    db.prepare_cached("INSERT INTO grants (id, state, version, progress) VALUES (?, ?, ?, ?)")?
        .execute(params![request.id.as_str(), state.name(), version as i64, written(&grant.progress)])?;
    set_keys(db, &grant)
}

/// Returns the grant that was given with the request `id`.
pub(super) fn load(db: &Connection, id: RequestId) -> Result<Option<Grant>, Trouble> {
    if !are_kept(db)? {
        return Ok(None);
    }
    let progress: Option<String> = db
        .prepare_cached("SELECT progress FROM grants WHERE id = ?")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    match progress {
        Some(progress) => whole(db, id, &progress).map(Some),
        None => Ok(None),
    }
}

/// Returns the grants that can be used, or all of them, oldest first.
pub(super) fn list(db: &Connection, all: bool) -> Result<Vec<Grant>, Trouble> {
    if !are_kept(db)? {
        return Ok(Vec::new());
    }
    let sql = if all { "SELECT id, progress FROM grants ORDER BY rowid" } else { OPEN };
    let mut query = db.prepare(sql)?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut grants = Vec::new();
    for row in rows {
        let (id, progress) = row?;
        let Some(id) = RequestId::parse(&id) else { return Err(bad(&id, "it has no id")) };
        grants.push(whole(db, id, &progress)?);
    }
    Ok(grants)
}

/// Takes a use of a grant for `wanted`, a request that waits, if one covers it: then it is approved.
pub(super) fn approve(
    db: &Transaction<'_>,
    pen: &Pen<'_>,
    wanted: &Request,
    now: Moment,
) -> Result<Option<Request>, Trouble> {
    for grant in covering(db, wanted)? {
        let Ok((next, taken)) = grant.take(wanted, now) else { continue };
        let Ok(after) = transition(wanted, &Event::Use(taken.clone()), now) else { return Ok(None) };
        update(db, wanted, &after)?;
        set(db, &grant, next.clone())?;
        pen.append(db, &[&used(&after, &taken)])?;
        let plan = grant.having(next);
        complete(db, &plan, now)?;
        return Ok(Some(after));
    }
    Ok(None)
}

/// Claims that a grant covers `wanted`.
pub(super) fn covers(db: &Connection, wanted: &Request, now: Moment) -> Result<bool, Trouble> {
    Ok(covering(db, wanted)?.iter().any(|grant| grant.take(wanted, now).is_ok()))
}

/// A plan whose last line is taken up is done.
fn complete(db: &Transaction<'_>, grant: &Grant, now: Moment) -> Result<(), Trouble> {
    if grant.withheld(now) == Some(Withheld::Spent)
        && let Ok(after) = transition(&grant.request, &Event::Complete, now)
    {
        update(db, &grant.request, &after)?;
    }
    Ok(())
}

/// Claims that the grant which approved `request` still stands, its approvals weighed anew, or returns why not.
pub(super) fn stands(
    db: &Transaction<'_>,
    request: &Request,
    weigh: Weigh<'_>,
    now: Moment,
) -> Result<Result<(), Refusal>, Trouble> {
    let Some(taken) = &request.progress.granted else { return Ok(Ok(())) };
    let Some(grant) = load(db, taken.grant)? else { return Ok(Err(Refusal::Grant(Withheld::Other))) };
    // What rows say is not believed: the use must be one that was taken, of a grant that covers it with approvals as they weigh now.
    let grant = grant.weighed(weigh);
    let is_taken = taken.number <= grant.progress.used;
    let covered = if is_taken { grant.covers(request, taken.number) } else { Err(Withheld::Other) };
    Ok(match (covered, grant.withheld(now)) {
        (Err(why), _) => Err(Refusal::Grant(why)),
        // The last use is this one.
        (Ok(()), None | Some(Withheld::Spent)) => recount(&grant.request, weigh),
        (Ok(()), Some(why)) => Err(Refusal::Grant(why)),
    })
}

/// Ends a grant of which something is left, and what it has approved and nobody has started.
pub(super) fn revoke(
    db: &Transaction<'_>,
    pen: &Pen<'_>,
    id: RequestId,
    by: (&str, &Draft),
) -> Result<Result<Grant, Withheld>, Trouble> {
    let Some(grant) = load(db, id)? else { return Ok(Err(Withheld::Other)) };
    let next = match grant.revoked(by.0, pen.now) {
        Ok(next) => next,
        Err(why) => return Ok(Err(why)),
    };
    set(db, &grant, next.clone())?;
    let mut draft = by.1.clone();
    draft.request = Some(id);
    draft.set("used", next.used);
    pen.append(db, &[&draft])?;
    for before in requests::of_state(db, &grant.request.ask.requester, State::Approved)? {
        let is_its = before.progress.granted.as_ref().is_some_and(|taken| taken.grant == id);
        let why = format!("the grant {id} was revoked");
        if is_its && let Ok(after) = transition(&before, &Event::Invalidate { why: why.clone() }, pen.now) {
            update(db, &before, &after)?;
            let mut draft = Draft::about(Kind::RequestInvalidated, &after);
            draft.set("why", why);
            pen.append(db, &[&draft])?;
        }
    }
    Ok(Ok(grant.having(next)))
}

/// Claims that the database is one that keeps grants: an older one that is only read has none.
fn are_kept(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'grants'")?.exists([])
}

fn covering(db: &Connection, wanted: &Request) -> Result<Vec<Grant>, Trouble> {
    let requester = requester_key(&wanted.ask.requester);
    let mut grants = Vec::new();
    for key in keys_of(wanted) {
        let mut query = db.prepare_cached(COVERING)?;
        let ids = query.query_map(params![key.as_bytes(), requester], |row| row.get::<_, String>(0))?;
        for id in ids {
            if let Some(id) = RequestId::parse(&id?) {
                grants.extend(load(db, id)?);
            }
        }
    }
    Ok(grants)
}

/// Sets the progress of a grant, which nobody can have changed: it was read in the same transaction.
fn set(db: &Transaction<'_>, before: &Grant, next: GrantProgress) -> Result<(), Trouble> {
    let id = before.request.id;
    let changed = db.prepare_cached(UPDATE)?.execute(params![
        next.state.name(),
        next.version as i64,
        written(&next),
        id.as_str(),
        before.progress.state.name(),
        before.progress.version as i64,
    ])?;
    if changed != 1 {
        return Err(bad(id.as_str(), "its grant changed inside a transaction"));
    }
    set_keys(db, &before.clone().having(next))
}

fn set_keys(db: &Transaction<'_>, grant: &Grant) -> Result<(), Trouble> {
    let id = grant.request.id;
    let found_by: Vec<Digest> = grant.keys();
    db.prepare_cached("DELETE FROM grant_keys WHERE id = ?")?.execute([id.as_str()])?;
    let requester = requester_key(&grant.request.ask.requester);
    for key in found_by {
        db.prepare_cached("INSERT OR IGNORE INTO grant_keys (key, requester, id) VALUES (?, ?, ?)")?
            .execute(params![key.as_bytes(), requester, id.as_str()])?;
    }
    Ok(())
}

fn whole(db: &Connection, id: RequestId, progress: &str) -> Result<Grant, Trouble> {
    let progress: GrantProgress =
        serde_json::from_str(progress).map_err(|error| bad(id.as_str(), &format!("its grant: {error}")))?;
    let request = requests::load(db, id)?.ok_or_else(|| bad(id.as_str(), "a grant without its request"))?;
    Grant::of(request, progress).ok_or_else(|| bad(id.as_str(), "its approvals make no grant"))
}

fn written(progress: &GrantProgress) -> String {
    serde_json::to_string(progress).expect("progress has string keys only")
}

fn bad(id: &str, found: &str) -> Trouble {
    Trouble::Store(StoreError::BadRequest { id: id.to_owned(), found: found.to_owned() })
}

/// The entry about the use of a grant.
fn used(request: &Request, taken: &GrantUse) -> Draft {
    let mut draft = Draft::about(Kind::GrantUsed, request);
    draft.set("grant", taken.grant.to_string());
    draft.set("use", taken.number);
    draft.set("of", taken.of);
    draft.set("line", taken.line);
    draft.set("by", taken.by.clone());
    draft
}
