//! Checks a log from its first byte: chain, tree, order, and that every start had a right to happen.
//!
//! It takes the entries' bytes one by one and remembers only the head, the tree's frontier, the open runs and one small
//! record a request. Nothing the store says beside the bytes is believed; both hashes are made anew from the bytes.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::consistency::{Requests, Start};
use super::heads::SaidHead;
use super::incidents::SaidIncident;
use super::kind::Kind;
use super::tree::{Frontier, leaf};
use crate::approval::{PlanLine, RequestId, State};
use crate::digest::Digest;
use crate::moment::{BootId, Moment};

/// Entries are stamped before they queue for the lock: by this much the clock may seem to run backwards (µs).
const QUEUED: i64 = 10_000_000;

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tampered {
    /// The entry it is found at.
    pub seq: u64,
    /// What was looked at (`prev`, `seq`, `request`).
    pub what: &'static str,
    pub expected: String,
    pub found: String,
}

/// What a log that is in order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The log's id.
    pub log: String,
    pub entries: u64,
    /// The newest leaf.
    pub head: Digest,
    /// The root of the Merkle tree over all leaves.
    pub root: Digest,
    /// The wall clock of the first and the last entry.
    pub first: String,
    pub last: String,
    /// Where the wall clock was set, by the sequence number after the step.
    pub clock_steps: Vec<u64>,
    /// Starts without an end: still running, or lost and not noticed yet.
    pub open_runs: Vec<u64>,
    /// The number of requests.
    pub requests: u64,
    /// The heads that decisions name, for [`super::HeadCheck`] to look at.
    pub heads: Vec<SaidHead>,
    /// How often a glass was broken: the number of incidents.
    pub incidents: u64,
    /// The incident that waits for its review.
    pub unreviewed: Option<SaidIncident>,
}

/// The fields of an entry; one that is not here is not known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields<'a> {
    v: u64,
    #[serde(borrow)]
    log: Cow<'a, str>,
    pub(super) seq: u64,
    #[serde(borrow)]
    prev: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(borrow)]
    ts: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) mono_ns: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) boot_id: Cow<'a, str>,
    #[serde(rename = "host")]
    _host: IgnoredAny,
    #[serde(rename = "actor")]
    _actor: IgnoredAny,
    #[serde(rename = "on_behalf_of", default)]
    _on_behalf_of: IgnoredAny,
    #[serde(rename = "src", default)]
    _src: IgnoredAny,
    #[serde(borrow, default)]
    pub(super) action: Option<ActionFields<'a>>,
    #[serde(borrow, default)]
    pub(super) data: DataFields<'a>,
    #[serde(rename = "risk", default)]
    _risk: IgnoredAny,
    #[serde(rename = "policy", default)]
    _policy: IgnoredAny,
    #[serde(default)]
    pub(super) request: Option<RequestId>,
    #[serde(borrow)]
    pub(super) mode: Cow<'a, str>,
    #[serde(default)]
    pub(super) decision: Option<Value>,
    #[serde(default)]
    pub(super) quorum: Option<QuorumFields>,
    #[serde(default)]
    outcome: Option<OutcomeFields>,
    #[serde(rename = "clock", default)]
    _clock: IgnoredAny,
    #[serde(rename = "redactions", default)]
    _redactions: IgnoredAny,
    #[serde(rename = "gate")]
    _gate: IgnoredAny,
}

#[derive(Deserialize)]
pub(super) struct ActionFields<'a> {
    #[serde(borrow)]
    pub(super) argv_hmac: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DataFields<'a> {
    #[serde(borrow)]
    pub(super) verdict: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) change: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) state: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) digest: Option<Cow<'a, str>>,
    pub(super) start: Option<u64>,
    pub(super) inside: Option<RequestId>,
    #[serde(borrow)]
    pub(super) break_glass: Option<Cow<'a, str>>,
    pub(super) grant: Option<RequestId>,
    pub(super) r#use: Option<u32>,
    pub(super) of: Option<u32>,
    pub(super) line: Option<u32>,
    #[serde(borrow)]
    pub(super) deadline: Option<Cow<'a, str>>,
    pub(super) plan: Option<Vec<PlanLine>>,
}

/// What a log says of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The state it has reached.
    pub state: State,
    /// The digest C it was made with.
    pub content: String,
    /// The digest D it was made with.
    pub digest: String,
    /// The answers that counted, oldest first, as [`super::decision`] writes them.
    pub decisions: Vec<String>,
    /// The use of a grant that approved it: the grant and the number.
    pub granted: Option<(RequestId, u32)>,
    /// How many uses of its own grant were taken, beside the run that was asked for.
    pub used: u32,
    /// Claims that its own grant was revoked.
    pub is_revoked: bool,
}

#[derive(Deserialize)]
pub(super) struct QuorumFields {
    pub(super) need: u32,
}

#[derive(Deserialize)]
struct OutcomeFields {
    exit: Option<u8>,
    signal: Option<u8>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    handed: bool,
}

/// Goes through a log.
#[derive(Debug, Default)]
pub struct Verifier {
    log: Option<String>,
    head: Option<Digest>,
    tree: Frontier,
    first: String,
    last: String,
    /// Boot id, boot clock and wall clock of the entry before (µs).
    clock: Option<(String, i64, i64)>,
    clock_steps: Vec<u64>,
    requests: Requests,
}

impl Verifier {
    /// Takes the next entry's bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Tampered> {
        let seq = self.tree.size() + 1;
        let wrong = |what, expected: String, found: String| Tampered { seq, what, expected, found };
        let fields: Fields<'_> = serde_json::from_slice(bytes)
            .map_err(|error| wrong("form", "an entry with the known fields".to_owned(), error.to_string()))?;
        let kind = Kind::named(&fields.kind)
            .ok_or_else(|| wrong("type", "one of the known types".to_owned(), fields.kind.to_string()))?;
        if fields.v != 1 {
            return Err(wrong("v", "1".to_owned(), fields.v.to_string()));
        }
        if fields.seq != seq {
            return Err(wrong("seq", seq.to_string(), fields.seq.to_string()));
        }
        let expected = self.head.unwrap_or(Digest::from_bytes([0; 32]));
        if Digest::from_hex(&fields.prev) != Some(expected) {
            return Err(wrong("prev", expected.to_string(), fields.prev.to_string()));
        }
        if (kind == Kind::Genesis) != (seq == 1) {
            return Err(wrong("type", "genesis first and only there".to_owned(), fields.kind.to_string()));
        }
        match &self.log {
            None => self.log = Some(fields.log.to_string()),
            Some(log) if *log == fields.log => {}
            Some(log) => return Err(wrong("log", log.clone(), fields.log.to_string())),
        }
        self.time(&fields)?;
        self.requests.take(kind, &fields)?;
        let leaf = leaf(bytes);
        self.tree.push(leaf);
        self.head = Some(leaf);
        Ok(())
    }

    /// Returns the number of entries taken.
    pub fn entries(&self) -> u64 {
        self.tree.size()
    }

    /// Returns the newest leaf.
    pub fn head(&self) -> Option<Digest> {
        self.head
    }

    /// Returns what the log comes to, or that it is no log at all.
    pub fn finish(mut self) -> Result<Verified, Tampered> {
        let (Some(log), Some(head)) = (self.log, self.head) else {
            return Err(Tampered {
                seq: 1,
                what: "type",
                expected: "genesis".to_owned(),
                found: "nothing".to_owned(),
            });
        };
        Ok(Verified {
            log,
            entries: self.tree.size(),
            head,
            root: self.tree.root(),
            first: self.first,
            last: self.last,
            clock_steps: self.clock_steps,
            open_runs: self.requests.open_runs(),
            requests: self.requests.count(),
            heads: self.requests.heads(),
            incidents: self.requests.incidents().0,
            unreviewed: self.requests.incidents().1.cloned(),
        })
    }

    /// Returns what the log says of each request.
    pub fn requests(&self) -> HashMap<RequestId, Said> {
        self.requests.said()
    }

    /// Checks the times' form, and notes where the wall clock was set.
    fn time(&mut self, fields: &Fields<'_>) -> Result<(), Tampered> {
        let wrong = |what, expected: &str, found: &str| {
            Err(Tampered { seq: fields.seq, what, expected: expected.to_owned(), found: found.to_owned() })
        };
        let wall = match fields.ts.parse::<Timestamp>() {
            Ok(time) if fields.ts.len() == 27 && fields.ts.ends_with('Z') => time.as_microsecond(),
            _ => return wrong("ts", "a time in UTC with microseconds", &fields.ts),
        };
        let Ok(boot) = fields.mono_ns.parse::<i64>().map(|ns| ns / 1000) else {
            return wrong("mono_ns", "a count of nanoseconds", &fields.mono_ns);
        };
        if let Some((id, earlier_boot, earlier_wall)) = &self.clock
            && *id == fields.boot_id
            && ((wall - earlier_wall) - (boot - earlier_boot)).abs() > QUEUED
        {
            self.clock_steps.push(fields.seq);
        }
        match &mut self.clock {
            Some((id, earlier_boot, earlier_wall)) if *id == fields.boot_id => {
                (*earlier_boot, *earlier_wall) = (boot, wall);
            }
            clock => *clock = Some((fields.boot_id.to_string(), boot, wall)),
        }
        if self.first.is_empty() {
            self.first = fields.ts.to_string();
        }
        self.last.clear();
        self.last.push_str(&fields.ts);
        Ok(())
    }
}

impl Fields<'_> {
    /// Returns when it was written, by both clocks.
    pub(super) fn moment(&self) -> Option<Moment> {
        let utc_us = self.ts.parse::<Timestamp>().ok()?.as_microsecond();
        Some(Moment { utc_us, boot_ns: self.mono_ns.parse().ok()?, boot: BootId::parse(&self.boot_id)? })
    }

    /// Returns the start this entry is.
    pub(super) fn start(&self) -> Start {
        Start { request: self.request }
    }

    /// Returns the state that the outcome leads to.
    pub(super) fn ended(&self) -> Option<State> {
        let OutcomeFields { exit, signal, error, handed } = self.outcome.as_ref()?;
        match (exit, signal, error) {
            (None, None, None) if *handed => Some(State::Unknown),
            _ if *handed => None,
            (Some(0), None, None) => Some(State::Succeeded),
            (Some(_), None, None) | (None, Some(_), None) => Some(State::Failed),
            (None, None, Some(_)) => Some(State::NotStarted),
            _ => None,
        }
    }
}
