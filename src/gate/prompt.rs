//! The question at a person's own prompt, where the configuration asks for it.

use std::time::Instant;

use super::Gate;
use crate::approval::{
    Approver, Assurance, Decision, INLINE, Request, RequesterKind, Session, is_inline_possible,
};
use crate::channel::inline::{self, Said};
use crate::channel::{Card, Earlier, width};
use crate::exec::{Attention, origin_with_ancestors};
use crate::identity::People;
use crate::store::{ChangeError, clock};

impl Gate {
    /// Asks at the prompt if it may, and returns the request as an answer left it; `None` if it still waits.
    ///
    /// # Errors
    /// The store cannot be read or written. A terminal that cannot be asked is none: the request just waits.
    pub(super) fn ask_inline(
        &mut self,
        request: &Request,
        attention: &Attention,
        end: Instant,
    ) -> anyhow::Result<Option<Request>> {
        let is_person = self.requester.kind == RequesterKind::Human;
        if !self.config.settings.local.inline || !is_person || !is_inline_possible(request) {
            return Ok(None);
        }
        let now = clock::now();
        let earlier = Earlier::of(request, &self.store.earlier(request)?, now);
        let card = Card::of(request, &earlier, now, width());
        let changed = || {
            let is_over = attention.told().is_some() || Instant::now() >= end;
            let current = self.store.request(request.id)?;
            Ok(is_over || current.is_none_or(|current| current.progress.version != request.progress.version))
        };
        let answer = match inline::ask(&card, changed) {
            Ok(Said::Answer(answer)) => answer,
            Ok(Said::Nothing | Said::Changed) | Err(_) => return Ok(None),
        };
        let people = People::of(&self.policy);
        let origin = origin_with_ancestors(&self.config.host);
        let decision = Decision {
            about: request.digest(),
            answer,
            approver: Approver {
                name: people.name_of_user(&self.config.user.name).to_owned(),
                uid: self.config.user.uid,
                session: origin.sessions.first().copied().unwrap_or(Session::UNSEEN),
                tty: origin.tty,
                agent: None,
            },
            assurance: Assurance::Tty,
            channel: INLINE.to_owned(),
            comment: None,
            salt: None,
            displayed: card.digest(),
            left_out: None,
            step: request.step(clock::now()),
            decided: clock::now(),
            grant: None,
            head: self.store.head()?,
            only: Vec::new(),
            key: None,
            signature: None,
        };
        match self.store.decide(clock::now(), request.id, &decision, &people) {
            Ok(decided) => Ok(Some(decided)),
            Err(ChangeError::Refused { request, .. }) => Ok(Some(*request)),
            Err(error) => Err(error.into()),
        }
    }
}
