//! What the entries say about each other: no start without a right to it, none twice, no end without a start.
//!
//! 1. A start follows its own verdict at once: an allow, one that is only observed, or an ask inside a request that runs, about the same
//!    command.
//! 2. Or it follows the approval of its request: made, decided by as many people as it needs, not ended before, started once.
//! 3. A decision is about the D its request was made with; a final state is left by nothing.
//! 4. An end or a loss names a start that is open.
//! 5. Or the glass was broken for it ([`super::incidents`]).
//! 6. A use of a grant approves a request that waits: the next number of a grant that was given, has so many uses, has not ended and was
//!    not revoked, for the same C where it is for exactly that; of a plan, the next of the lines that every approval names, as it was asked for.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::granted::Given;
use super::heads::SaidHead;
use super::incidents::{Incidents, SaidIncident};
use super::kind::Kind;
use super::verify::{Fields, Said, Tampered};
use crate::approval::{RequestId, State};
use crate::digest::Digest;

/// A start that has no end yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) request: Option<RequestId>,
}

/// What the log has said about one request.
#[derive(Debug)]
struct Known {
    state: State,
    content: String,
    digest: String,
    /// The answers that counted.
    decisions: Vec<String>,
    /// Who approved it, while it waits.
    approvers: HashSet<String>,
    /// The use of a grant that approved it: the grant and the number.
    granted: Option<(RequestId, u32)>,
    /// What its approvals give beyond one run.
    given: Given,
}

/// Follows all requests and runs of a log.
#[derive(Debug, Default)]
pub(super) struct Requests {
    known: HashMap<RequestId, Known>,
    runs: HashMap<u64, Start>,
    /// The heads that decisions name.
    heads: Vec<SaidHead>,
    /// The command of the entry before, if that was a verdict that lets it run.
    allowed: Option<String>,
    incidents: Incidents,
}

type Checked = Result<(), Tampered>;

impl Requests {
    pub(super) fn take(&mut self, kind: Kind, entry: &Fields<'_>) -> Checked {
        let allowed = self.allowed.take();
        self.incidents.take(kind, entry)?;
        match kind {
            Kind::Judged => self.judged(entry),
            Kind::Request => self.request(entry),
            Kind::Decision => self.decision(entry),
            Kind::DecisionRefused => self.known(entry).map(|_| ()),
            Kind::RequestExpired => self.closed(entry, State::Expired),
            Kind::RequestCancelled => self.closed(entry, State::Cancelled),
            Kind::RequestInvalidated => self.closed(entry, State::Invalidated),
            Kind::ExecStart => self.start(entry, allowed),
            Kind::ExecEnd | Kind::ExecLost => self.end(kind, entry),
            Kind::GrantUsed => self.used(entry),
            Kind::GrantRevoked => self.revoked(entry),
            _ => Ok(()),
        }
    }

    pub(super) fn open_runs(&self) -> Vec<u64> {
        let mut runs: Vec<u64> = self.runs.keys().copied().collect();
        runs.sort_unstable();
        runs
    }

    /// Returns the heads that decisions name.
    pub(super) fn heads(&mut self) -> Vec<SaidHead> {
        std::mem::take(&mut self.heads)
    }

    pub(super) fn incidents(&self) -> (u64, Option<&SaidIncident>) {
        (self.incidents.count(), self.incidents.waiting())
    }

    pub(super) fn count(&self) -> u64 {
        self.known.len() as u64
    }

    pub(super) fn said(&self) -> HashMap<RequestId, Said> {
        let said = |known: &Known| Said {
            state: known.state,
            content: known.content.clone(),
            digest: known.digest.clone(),
            decisions: known.decisions.clone(),
            granted: known.granted,
            used: known.given.used,
            is_revoked: known.given.is_revoked,
        };
        self.known.iter().map(|(id, known)| (*id, said(known))).collect()
    }

    fn judged(&mut self, entry: &Fields<'_>) -> Checked {
        let verdict = entry.data.verdict.as_deref();
        let is_inside = match entry.data.inside {
            Some(id) if self.known.get(&id).is_none_or(|known| known.state != State::Executing) => {
                return wrong(entry, "judged", "a request that runs", &id.to_string());
            }
            inside => inside.is_some() && verdict == Some("ask"),
        };
        // That the glass was broken for it stands right before.
        let is_broken = entry.data.break_glass.is_some() && verdict == Some("ask");
        let runs = verdict == Some("allow") || entry.mode == "observed" || is_inside || is_broken;
        self.allowed = entry.action.as_ref().filter(|_| runs).map(|action| action.argv_hmac.to_string());
        Ok(())
    }

    fn request(&mut self, entry: &Fields<'_>) -> Checked {
        let id = id(entry)?;
        if entry.data.change.as_deref() == Some("created") {
            let (Some(content), Some(digest)) = (&entry.data.content, &entry.data.digest) else {
                return wrong(entry, "request", "the digests C and D", "none");
            };
            let (content, digest) = (content.to_string(), digest.to_string());
            let new = Known {
                state: State::Pending,
                content,
                digest,
                decisions: Vec::new(),
                approvers: HashSet::new(),
                granted: None,
                given: Given::of(entry),
            };
            return match self.known.insert(id, new) {
                None => Ok(()),
                Some(_) => wrong(entry, "request", "a new id", &format!("{id} again")),
            };
        }
        let known = self.open(entry)?;
        if entry.data.change.as_deref() == Some("escalated") {
            known.approvers.clear();
            known.given.begin_anew();
        }
        Ok(())
    }

    fn decision(&mut self, entry: &Fields<'_>) -> Checked {
        let Some(decision) = &entry.decision else { return wrong(entry, "decision", "a decision", "none") };
        self.head(entry, decision)?;
        let text = |name: &str| decision[name].as_str().unwrap_or_default().to_owned();
        let (about, answer, approver) = (text("about"), text("answer"), text("approver"));
        let known = self.open(entry)?;
        if known.digest != about {
            return wrong(entry, "decision", &format!("about {}", known.digest), &about);
        }
        let said = entry.data.state.as_deref().and_then(State::named);
        let may = match answer.as_str() {
            "approve" if known.state == State::Pending => {
                known.approvers.insert(approver);
                known.given.approve(decision);
                let need = entry.quorum.as_ref().map_or(1, |quorum| quorum.need) as usize;
                if known.approvers.len() >= need {
                    vec![State::Approved, State::Pending]
                } else {
                    vec![State::Pending]
                }
            }
            "escalate" if known.state == State::Pending => {
                known.approvers.clear();
                known.given.begin_anew();
                vec![State::Pending]
            }
            "reject" if known.state == State::Pending => vec![State::Rejected],
            "reject" => vec![State::Revoked],
            _ => Vec::new(),
        };
        match said.filter(|state| may.contains(state)) {
            Some(state) => {
                if state == State::Approved {
                    known.given.begin(entry);
                }
                known.state = state;
                known.decisions.push(decision.to_string());
                Ok(())
            }
            None => {
                let expected = may.iter().map(|state| state.name()).collect::<Vec<_>>().join(" or ");
                let found = format!("{answer} to {}", entry.data.state.as_deref().unwrap_or("nothing"));
                wrong(entry, "decision", &format!("a step from {} to {expected}", known.state), &found)
            }
        }
    }

    fn used(&mut self, entry: &Fields<'_>) -> Checked {
        let (Some(grant), Some(number)) = (entry.data.grant, entry.data.r#use) else {
            return wrong(entry, "grant.used", "a grant and the number of the use", "none");
        };
        let known = self.known(entry)?;
        if known.state != State::Pending {
            return wrong(entry, "grant.used", "a request that is PENDING", known.state.name());
        }
        (known.state, known.granted) = (State::Approved, Some((grant, number)));
        let wanted = known.content.clone();
        let Some(given) = self.known.get_mut(&grant) else {
            return wrong(entry, "grant.used", "a request that was made before", &grant.to_string());
        };
        match given.given.take(entry, &given.content, &wanted) {
            Ok(is_last) if is_last && given.state == State::Approved => given.state = State::Succeeded,
            Ok(_) => {}
            Err((expected, found)) => return wrong(entry, "grant.used", &expected, &found),
        }
        Ok(())
    }

    /// A head is one that the log had before the decision that names it.
    fn head(&mut self, entry: &Fields<'_>, decision: &Value) -> Checked {
        let head = &decision["head"];
        if head.is_null() {
            return Ok(());
        }
        let size = head["size"].as_u64().filter(|size| (1..entry.seq).contains(size));
        let root = head["root"].as_str().and_then(Digest::from_hex);
        let Some((size, root)) = size.zip(root) else {
            let expected = format!("the head of a log with fewer than {} entries", entry.seq);
            return wrong(entry, "head", &expected, &head.to_string());
        };
        self.heads.push(SaidHead { seq: entry.seq, size, root });
        Ok(())
    }

    fn revoked(&mut self, entry: &Fields<'_>) -> Checked {
        if let Some(decision) = &entry.decision {
            self.head(entry, decision)?;
        }
        let known = self.known(entry)?;
        if let Some(decision) = &entry.decision
            && (decision["about"] != known.digest.as_str() || decision["answer"] != "reject")
        {
            return wrong(entry, "grant.revoked", &format!("a rejection of {}", known.digest), "another");
        }
        if std::mem::replace(&mut known.given.is_revoked, true) {
            return wrong(entry, "grant.revoked", "a grant that stands", "one that was revoked before");
        }
        Ok(())
    }

    fn closed(&mut self, entry: &Fields<'_>, state: State) -> Checked {
        self.open(entry)?.state = state;
        Ok(())
    }

    fn start(&mut self, entry: &Fields<'_>, allowed: Option<String>) -> Checked {
        let command = entry.action.as_ref().map(|action| action.argv_hmac.as_ref());
        if entry.request.is_none() {
            if allowed.is_none() || allowed.as_deref() != command {
                return wrong(entry, "exec.start", "right after a verdict that allows this command", "none");
            }
        } else {
            let known = self.known(entry)?;
            if known.state != State::Approved {
                return wrong(entry, "exec.start", "a request that is APPROVED", known.state.name());
            }
            if entry.data.content.as_deref() != Some(known.content.as_str()) {
                return wrong(
                    entry,
                    "exec.start",
                    &known.content.clone(),
                    entry.data.content.as_deref().unwrap_or("none"),
                );
            }
            known.state = State::Executing;
        }
        self.runs.insert(entry.seq, entry.start());
        Ok(())
    }

    fn end(&mut self, kind: Kind, entry: &Fields<'_>) -> Checked {
        let start = entry.data.start.and_then(|start| self.runs.remove(&start));
        let Some(start) = start else { return wrong(entry, kind.name(), "a start that is open", "none") };
        if start.request != entry.request {
            let name = |id: Option<RequestId>| id.map_or("no request".to_owned(), |id| id.to_string());
            return wrong(entry, kind.name(), &name(start.request), &name(entry.request));
        }
        if entry.request.is_some() {
            let known = self.known(entry)?;
            // How it ended is the outcome's to say; here it only matters that nothing leaves it.
            known.state = match entry.ended() {
                _ if kind == Kind::ExecLost => State::Unknown,
                Some(state) => state,
                None => return wrong(entry, "outcome", "an outcome", "none"),
            };
        }
        Ok(())
    }

    fn known(&mut self, entry: &Fields<'_>) -> Result<&mut Known, Tampered> {
        let id = id(entry)?;
        match self.known.get_mut(&id) {
            Some(known) => Ok(known),
            None => wrong(entry, "request", "a request that was made before", &id.to_string()),
        }
    }

    fn open(&mut self, entry: &Fields<'_>) -> Result<&mut Known, Tampered> {
        let known = self.known(entry)?;
        if known.state.is_open() {
            Ok(known)
        } else {
            wrong(entry, "request", "an open request", known.state.name())
        }
    }
}

fn id(entry: &Fields<'_>) -> Result<RequestId, Tampered> {
    match entry.request {
        Some(id) => Ok(id),
        None => wrong(entry, "request", "a request's id", "none"),
    }
}

fn wrong<T>(entry: &Fields<'_>, what: &'static str, expected: &str, found: &str) -> Result<T, Tampered> {
    Err(Tampered { seq: entry.seq, what, expected: expected.to_owned(), found: found.to_owned() })
}
