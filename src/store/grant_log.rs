//! Grants, as the layers above see them: listed, and taken back.

use std::fmt;

use super::request_log::by_approver;
use super::run::update;
use super::{Durability, Store, StoreError, Trouble, entries, grants, log, requests, wake};
use crate::approval::{
    Assurance, Decision, Event, Grant, Ineligible, Origin, Refusal, Request, RequestId, Requester,
    RequesterKind, State, Withheld, transition,
};
use crate::audit::{Draft, Kind};
use crate::identity::People;
use crate::moment::Moment;

/// Who takes an approval back.
#[derive(Clone, Debug)]
pub enum Revoker {
    /// The requester, or the person it belongs to, gives up its own, and says why.
    Requester(Requester, Origin, Option<String>),
    /// An approver, by what would reject the request.
    Approver(Box<Decision>),
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The request, as it stands now.
    pub request: Request,
    /// Claims that its approval was not used yet, and never will be.
    pub is_unclaimed: bool,
    /// The grant that was given with it, as it stands now.
    pub grant: Option<Grant>,
}

/// Why nothing was taken back.
#[derive(Debug)]
pub enum RevokeError {
    Unknown(RequestId),
    /// There is neither a grant that can be used nor an approval that waits for its start.
    Nothing {
        id: RequestId,
        why: Option<Withheld>,
    },
    /// Whoever asks may not: neither the requester nor an approver of it.
    Ineligible {
        id: RequestId,
        why: Ineligible,
    },
    Store(StoreError),
}

impl Store {
    /// Returns the grants that can be used at `now`, or all there ever were, oldest first.
    pub fn grants(&self, now: Moment, all: bool) -> Result<Vec<Grant>, StoreError> {
        let found = grants::list(&self.db, all).map_err(|trouble| self.trouble("read", trouble))?;
        Ok(found.into_iter().filter(|grant| all || grant.is_live(now)).collect())
    }

    /// Returns the grant that was given with this request.
    pub fn grant(&self, id: RequestId) -> Result<Option<Grant>, StoreError> {
        grants::load(&self.db, id).map_err(|trouble| self.trouble("read", trouble))
    }

    /// Takes back what is left of an approval: one that was not started yet, and the grant that was given with it.
    ///
    /// From the moment this returns nothing starts by it any more.
    /// An approver's word for it is worth what its signature proves by one of `people`; it holds whatever that is.
    pub fn revoke(
        &mut self,
        now: Moment,
        id: RequestId,
        by: &Revoker,
        people: &People,
    ) -> Result<Revoked, RevokeError> {
        let revoked = self.write_in_reserve(now, Durability::Full, |db, pen| {
            let Some(before) = requests::load(db, id)? else { return Ok(Err(RevokeError::Unknown(id))) };
            let tree = log::frontier(db)?.unwrap_or_default();
            let weighed = by.weighed(|given| {
                entries::continues(&tree, given).and_then(|()| people.weigh(given, &before, now))
            });
            let by = weighed.as_ref().unwrap_or(by);
            if let Err(why) = weighed.clone().and_then(|by| by.may(&before, now)) {
                let mut draft = by.draft(Kind::DecisionRefused);
                draft.request = Some(id);
                draft.set("why", why.to_string());
                pen.append(db, &[&draft])?;
                return Ok(Err(RevokeError::Ineligible { id, why }));
            }
            let closed = match by.close(&before, now) {
                Ok((after, draft)) => {
                    update(db, &before, &after)?;
                    pen.append(db, &[&draft])?;
                    Some(after)
                }
                Err(_) => None,
            };
            let grant = grants::revoke(db, pen, id, (&by.name(), &by.draft(Kind::GrantRevoked)))?;
            let is_unclaimed = closed.is_some();
            let request = closed.unwrap_or(before);
            Ok::<_, Trouble>(match grant {
                Err(Withheld::Other) if !is_unclaimed => Err(RevokeError::Nothing { id, why: None }),
                Err(why) if !is_unclaimed => Err(RevokeError::Nothing { id, why: Some(why) }),
                grant => Ok(Revoked { request, is_unclaimed, grant: grant.ok() }),
            })
        })?;
        wake::touch(&self.dir);
        revoked
    }
}

impl Revoker {
    /// Returns the same with an approver's answer as sure as `weigh` finds it, or why that proves nothing.
    fn weighed(
        &self,
        weigh: impl Fn(&Decision) -> Result<Assurance, Ineligible>,
    ) -> Result<Revoker, Ineligible> {
        match self {
            Revoker::Requester(..) => Ok(self.clone()),
            Revoker::Approver(given) => {
                let assurance = weigh(given)?;
                Ok(Revoker::Approver(Box::new(Decision { assurance, ..(**given).clone() })))
            }
        }
    }

    /// Claims that this one may take back what `request` was given, or returns why not.
    fn may(&self, request: &Request, now: Moment) -> Result<(), Ineligible> {
        match self {
            Revoker::Requester(requester, ..) => {
                let asker = &request.ask.requester;
                let is_its_person = requester.kind == RequesterKind::Human && requester.uid == asker.uid;
                if requester.is_same(asker) || is_its_person { Ok(()) } else { Err(Ineligible::OwnRequest) }
            }
            Revoker::Approver(decision) => decision.check(request, now),
        }
    }

    /// Returns what an approval that was not started becomes.
    fn close(&self, before: &Request, now: Moment) -> Result<(Request, Draft), Refusal> {
        if before.state() != State::Approved {
            return Err(Refusal::NotApproved { approvals: before.approvals(), needed: before.quorum() });
        }
        let (event, kind) = match self {
            Revoker::Requester(requester, ..) => {
                (Event::Cancel { by: requester.label() }, Kind::RequestCancelled)
            }
            Revoker::Approver(decision) => (Event::Decide((**decision).clone()), Kind::Decision),
        };
        let after = transition(before, &event, now)?;
        let Draft { request, data, .. } = Draft::about(kind, &after);
        let own = self.draft(kind);
        let data = data.into_iter().chain(own.data.clone()).collect();
        let mut draft = Draft { request, data, ..own };
        if let Revoker::Approver(_) = self {
            draft.quorum = Some((after.approvals(), after.quorum()));
        }
        Ok((after, draft))
    }

    fn draft(&self, kind: Kind) -> Draft {
        match self {
            Revoker::Requester(requester, origin, why) => {
                let mut draft = Draft::new(kind, requester, origin);
                draft.data.extend(why.clone().map(|why| ("why".to_owned(), why.into())));
                draft
            }
            Revoker::Approver(decision) => {
                Draft { decision: Some((**decision).clone()), ..by_approver(kind, decision) }
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Revoker::Requester(requester, ..) => requester.label(),
            Revoker::Approver(decision) => decision.approver.name.clone(),
        }
    }
}

impl From<StoreError> for RevokeError {
    fn from(error: StoreError) -> RevokeError {
        RevokeError::Store(error)
    }
}

impl fmt::Display for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RevokeError::Unknown(id) => write!(f, "there is no request {id}; see `gate grants`"),
            RevokeError::Nothing { id, why: None } => {
                write!(f, "{id} has neither a grant nor an approval that waits for its start")
            }
            RevokeError::Nothing { id, why: Some(why) } => {
                write!(f, "nothing is left of the grant {id}: {why}")
            }
            RevokeError::Ineligible { id, why: Ineligible::OwnRequest } => {
                write!(f, "{id} is another requester's; an approver of it may revoke it, at a terminal")
            }
            RevokeError::Ineligible { id, why } => write!(f, "request {id}: {why}"),
            RevokeError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RevokeError {}
