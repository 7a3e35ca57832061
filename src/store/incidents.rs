//! The tables `incidents` and `incident_commands`: broken glass, what ran behind it, and whether somebody has looked at it since.
//!
//! MUST rules:
//! 1. What breaks the glass, the command's verdict and its start are one durable commit: nothing runs that is not on record, and nothing
//!    that was signed for counts twice.
//! 2. One incident waits for its review at most; the database holds to that, too.
//! 3. Who may, whose signature it is and for which command is made sure here, inside the transaction, whatever the caller has looked at.
//! 4. What is refused is recorded.

use std::fmt;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::entries::Pen;
use super::run::{Run, begin, run};
use super::{Durability, Store, StoreError, Trouble, runs, wake};
use crate::approval::{
    Approved, Assurance, Content, Entering, Incident, IncidentText, Ineligible, Purpose, Shut, Sworn,
    Unreviewable,
};
use crate::audit::{Draft, Kind};
use crate::digest::Digest;
use crate::identity::People;
use crate::moment::Moment;
use crate::policy::Risk;

pub(super) const TABLES: &str = "
CREATE TABLE incidents (
    opening BLOB PRIMARY KEY,
    waits   INTEGER NOT NULL CHECK (waits IN (0, 1)),
    record  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX incidents_waiting ON incidents (waits) WHERE waits = 1;
CREATE TABLE incident_commands (
    nonce   BLOB PRIMARY KEY,
    opening BLOB NOT NULL,
    seq     INTEGER NOT NULL,
    content BLOB NOT NULL,
    salt    BLOB NOT NULL
) STRICT;
CREATE INDEX incident_commands_of ON incident_commands (opening, seq);";

/// The least that a signature beside a decision is worth.
const LEAST: Assurance = Assurance::Key;

/// A glass that is about to be broken.
#[derive(Clone, Debug)]
pub struct Glass<'a> {
    pub text: &'a IncidentText,
    pub sworn: &'a Sworn,
    /// What makes the commitment to the text unguessable.
    pub salt: Digest,
    /// What would run now.
    pub content: &'a Content,
    pub risk: Risk,
    /// Who may, by the policy in force.
    pub named: &'a [String],
    pub people: &'a People,
}

/// A review that is about to be given.
#[derive(Clone, Debug)]
pub struct Review<'a> {
    pub sworn: &'a Sworn,
    pub comment: Option<&'a str>,
    /// Who may, by the policy in force.
    pub reviewers: &'a [String],
    pub people: &'a People,
}

/// Why a glass stays whole, or an incident unreviewed.
#[derive(Debug)]
pub enum Withstood {
    /// The policy does not name this person.
    NotNamed {
        name: String,
        named: Vec<String>,
    },
    /// The signature proves nothing, in words that say why.
    Unproven(String),
    /// The signature is worth less than is needed.
    Weak {
        given: Assurance,
    },
    /// It was signed for another log, or for another command.
    Other(&'static str),
    /// It was signed for something that is on record already.
    Replayed,
    Shut(Shut),
    Unreviewable(Unreviewable),
    /// No incident waits for a review.
    Nothing,
    Store(StoreError),
}

type Held<T> = Result<T, Withstood>;

impl Store {
    /// Returns the incident that waits for its review, open or over.
    pub fn incident(&self) -> Result<Option<Incident>, StoreError> {
        waiting(&self.db).map_err(|trouble| self.trouble("read", trouble))
    }

    /// Returns the numbers of the starts of an incident's commands, oldest first.
    pub fn incident_starts(&self, incident: &Incident) -> Result<Vec<u64>, StoreError> {
        starts(&self.db, incident.opening).map_err(|error| self.failed("read", error))
    }

    /// Breaks the glass for `approved`: records that, its verdict and its start, in one durable commit; what is refused is recorded.
    ///
    /// # Errors
    /// Whatever keeps the glass whole: nothing may run.
    pub fn break_glass(
        &mut self,
        now: Moment,
        approved: &Approved,
        judged: Draft,
        glass: &Glass<'_>,
    ) -> Result<(Incident, Run), Withstood> {
        let (judged, start) = drafts(approved, judged, glass);
        self.prepare(&runs::OF_A_START)?;
        let (dir, log) = (self.dir.clone(), self.log.id.clone());
        let done = self.write(now, Durability::Start, |db, pen| {
            let (entered, assurance) = match may_enter(db, glass, &log, now)? {
                Ok(entered) => entered,
                Err(why) => return Ok(Err(refuse(db, pen, opening_draft(&judged, glass, None), why)?)),
            };
            set(db, &entered)?;
            let opening = opening_draft(&judged, glass, Some((&entered, assurance)));
            let begun = begin(db, &dir, &pen.write(&[&opening, &judged, &start])?, None, None)?;
            add_command(db, &entered, glass, begun.0)?;
            Ok(Ok((entered, begun)))
        })?;
        wake::touch(&self.dir);
        done.map(|(entered, begun)| (entered, run(begun, now, start)))
    }

    /// Records that a glass was not broken, which `draft` says more about.
    pub fn withstand(
        &mut self,
        now: Moment,
        mut draft: Draft,
        name: &str,
        why: &str,
    ) -> Result<(), StoreError> {
        draft.kind = Kind::BreakGlass;
        draft.set("change", "refused");
        draft.set("incident", name);
        draft.set("why", why);
        self.record(now, &[draft], Durability::Full).map(|_| ())
    }

    /// Records that somebody has looked at the incident that waits, which ends it; what is refused is recorded.
    ///
    /// # Errors
    /// Whatever the review does not count by: the incident waits on.
    pub fn review(&mut self, now: Moment, review: &Review<'_>) -> Held<Incident> {
        let log = self.log.id.clone();
        let done = self.write_in_reserve(now, Durability::Full, |db, pen| {
            let Some(before) = waiting(db)? else { return Ok(Err(Withstood::Nothing)) };
            let mut draft = Draft::by_gate(Kind::BreakGlass);
            draft.actor.kind = "approver".to_owned();
            draft.actor.id = review.sworn.text("person").to_owned();
            draft.actor.uid = review.sworn.uid().unwrap_or(u32::MAX);
            draft.risk = Some(before.risk);
            draft.set("incident", before.text.name.clone());
            draft.set("by", before.by.clone());
            draft.set("commands", before.commands);
            draft.set("comment", review.comment);
            let (after, assurance) = match may_review(db, &before, review, &log, now)? {
                Ok(done) => done,
                Err(why) => return Ok(Err(refuse(db, pen, draft, why)?)),
            };
            set(db, &after)?;
            draft.set("change", "reviewed");
            draft.actor.auth = assurance.to_string();
            draft.sworn = Some((review.sworn.clone(), assurance));
            pen.append(db, &[&draft])?;
            Ok(Ok(after))
        })?;
        wake::touch(&self.dir);
        done
    }
}

/// Returns the verdict and the start of what runs behind the glass, both about the command in `approved` and C.
fn drafts(approved: &Approved, judged: Draft, glass: &Glass<'_>) -> (Draft, Draft) {
    let mut judged = Draft { command: Some(approved.command().clone()), ..judged };
    judged.set("break_glass", glass.text.name.clone());
    judged.set("content", glass.content.digest().to_string());
    let mut start = judged.clone();
    // What the verdict rests on stands in the entry before.
    (start.kind, start.risk, start.policy, start.bound) = (Kind::ExecStart, None, None, None);
    start.data.clear();
    start.set("content", glass.content.digest().to_string());
    (judged, start)
}

/// Returns the entry about a glass: broken in `entered`, or to be refused.
fn opening_draft(judged: &Draft, glass: &Glass<'_>, entered: Option<(&Incident, Assurance)>) -> Draft {
    let mut draft = Draft { kind: Kind::BreakGlass, bound: None, ..judged.clone() };
    draft.data.clear();
    draft.set("incident", glass.text.name.clone());
    draft.set("what", glass.text.what.clone());
    let person = glass.sworn.text("person");
    draft.set("by", person);
    let Some((incident, assurance)) = entered else { return draft };
    draft.actor.id = person.to_owned();
    draft.actor.auth = assurance.to_string();
    draft.set("change", if incident.commands == 1 { "opened" } else { "used" });
    draft.set("commands", incident.commands);
    draft.set("until", incident.opened.after(crate::approval::LONGEST_INCIDENT).rfc3339());
    draft.sworn = Some((glass.sworn.clone(), assurance));
    draft
}

fn refuse(
    db: &Transaction<'_>,
    pen: &Pen<'_>,
    mut draft: Draft,
    why: Withstood,
) -> Result<Withstood, Trouble> {
    draft.set("change", "refused");
    draft.set("why", why.to_string());
    pen.append(db, &[&draft])?;
    Ok(why)
}

fn may_enter(
    db: &Transaction<'_>,
    glass: &Glass<'_>,
    log: &str,
    now: Moment,
) -> Result<Held<(Incident, Assurance)>, Trouble> {
    let sworn = glass.sworn;
    let by = sworn.text("person").to_owned();
    if !glass.named.contains(&by) {
        return Ok(Err(Withstood::NotNamed { name: by, named: glass.named.to_vec() }));
    }
    let Some(uid) = sworn.uid() else { return Ok(Err(Withstood::Other("no user id"))) };
    let assurance = match is_sworn(sworn, Purpose::Break, (glass.people, uid), log, now) {
        Ok(assurance) => assurance,
        Err(why) => return Ok(Err(why)),
    };
    if sworn.digest("content") != Some(glass.content.digest()) || sworn.text("incident") != glass.text.name {
        return Ok(Err(Withstood::Other("another command or incident")));
    }
    let Some(nonce) = sworn.digest("nonce") else { return Ok(Err(Withstood::Other("nothing once"))) };
    if is_used(db, nonce)? {
        return Ok(Err(Withstood::Replayed));
    }
    let entering = Entering { text: glass.text.clone(), by, uid, nonce, risk: glass.risk };
    let entered = Incident::entered(waiting(db)?.as_ref(), &entering, now);
    Ok(entered.map(|entered| (entered, assurance)).map_err(Withstood::Shut))
}

fn may_review(
    db: &Transaction<'_>,
    incident: &Incident,
    review: &Review<'_>,
    log: &str,
    now: Moment,
) -> Result<Held<(Incident, Assurance)>, Trouble> {
    let sworn = review.sworn;
    let assurance = match is_sworn(sworn, Purpose::Review, (review.people, incident.uid), log, now) {
        Ok(assurance) => assurance,
        Err(why) => return Ok(Err(why)),
    };
    let Some(nonce) = sworn.digest("nonce") else { return Ok(Err(Withstood::Other("nothing once"))) };
    if is_used(db, nonce)? {
        return Ok(Err(Withstood::Replayed));
    }
    let seen = (sworn.digest("opening").unwrap_or(nonce), sworn.commands().unwrap_or(0));
    let after = incident.reviewed(sworn.text("person"), review.reviewers, seen);
    Ok(after.map(|after| (after, assurance)).map_err(Withstood::Unreviewable))
}

/// Returns what a signature is worth that counts here, for this and now.
fn is_sworn(
    sworn: &Sworn,
    purpose: Purpose,
    (people, requester): (&People, u32),
    log: &str,
    now: Moment,
) -> Held<Assurance> {
    if sworn.purpose != purpose {
        return Err(Withstood::Other("another purpose"));
    }
    if sworn.text("log") != log {
        return Err(Withstood::Other("another log"));
    }
    match people.weigh_sworn(sworn, requester, now) {
        Ok(given) if given < LEAST => Err(Withstood::Weak { given }),
        Ok(given) => Ok(given),
        Err(Ineligible::Unproven(why)) => Err(Withstood::Unproven(why)),
        Err(why) => Err(Withstood::Unproven(why.to_string())),
    }
}

/// Returns the incident that waits for its review.
pub(super) fn waiting(db: &Connection) -> Result<Option<Incident>, Trouble> {
    if !are_kept(db)? {
        return Ok(None);
    }
    let record: Option<String> = db
        .prepare_cached("SELECT record FROM incidents WHERE waits = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let read = |record: String| {
        serde_json::from_str(&record).map_err(|error| {
            let found = format!("the incident that waits: {error}");
            Trouble::Store(StoreError::Corrupt { path: std::path::PathBuf::from("gate.db"), found })
        })
    };
    record.map(read).transpose()
}

fn set(db: &Transaction<'_>, incident: &Incident) -> Result<(), Trouble> {
    let record = serde_json::to_string(incident).expect("an incident has string keys only");
    let waits = i64::from(incident.reviewed.is_none());
    db.prepare_cached(
        "INSERT INTO incidents (opening, waits, record) VALUES (?, ?, ?) \
         ON CONFLICT (opening) DO UPDATE SET waits = excluded.waits, record = excluded.record",
    )?
    .execute(params![incident.opening.as_bytes(), waits, record])?;
    Ok(())
}

fn add_command(
    db: &Transaction<'_>,
    incident: &Incident,
    glass: &Glass<'_>,
    seq: u64,
) -> Result<(), Trouble> {
    let nonce = glass.sworn.digest("nonce").unwrap_or(incident.opening);
    db.prepare_cached(
        "INSERT INTO incident_commands (nonce, opening, seq, content, salt) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        nonce.as_bytes(),
        incident.opening.as_bytes(),
        seq as i64,
        glass.content.json(),
        glass.salt.as_bytes()
    ])?;
    Ok(())
}

fn is_used(db: &Connection, nonce: Digest) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM incident_commands WHERE nonce = ?")?.exists([nonce.as_bytes()])
}

fn starts(db: &Connection, opening: Digest) -> rusqlite::Result<Vec<u64>> {
    if !are_kept(db)? {
        return Ok(Vec::new());
    }
    let mut query = db.prepare_cached("SELECT seq FROM incident_commands WHERE opening = ? ORDER BY seq")?;
    let seqs = query.query_map([opening.as_bytes()], |row| Ok(row.get::<_, i64>(0)? as u64))?;
    seqs.collect()
}

/// Claims that the database is one that keeps incidents: an older one that is only read has none.
fn are_kept(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'incidents'")?.exists([])
}

impl From<StoreError> for Withstood {
    fn from(error: StoreError) -> Withstood {
        Withstood::Store(error)
    }
}

impl fmt::Display for Withstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Withstood::NotNamed { name, named } if named.is_empty() => {
                write!(f, "the policy names nobody who may break the glass, {name} neither")
            }
            Withstood::NotNamed { name, named } => {
                write!(f, "the policy does not let {name} break the glass, only {}", named.join(", "))
            }
            Withstood::Unproven(why) => f.write_str(why),
            Withstood::Weak { given } => write!(
                f,
                "it needs a signature worth `{LEAST}` or more, and here it is worth `{given}`: only a security key that is \
                 touched gives that in a process of your own user"
            ),
            Withstood::Other(what) => write!(f, "it was signed for {what}"),
            Withstood::Replayed => f.write_str("it was signed for a command that is on record already"),
            Withstood::Shut(why) => why.fmt(f),
            Withstood::Unreviewable(why) => why.fmt(f),
            Withstood::Nothing => f.write_str("no incident waits for a review"),
            Withstood::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Withstood {}
