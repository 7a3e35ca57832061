//! How strongly a decision is tied to a person: found from its signature and the policy in force, never from what a row says.
//!
//! MUST rules:
//! 1. Without a signature a decision is worth `tty` at most.
//! 2. A signature counts only over this decision's own statement, for decisions, by a key that the policy names for this approver.
//! 3. The key has to count at this time: not before `from`, not from `until` on, not once it is revoked.
//! 4. `hardware` needs a security key that was touched, and one that made sure of the person where the policy asks for that.
//! 5. `key` needs a key that the policy says lies apart from every requester's user; one that was used here, by the requester's own
//!    user, does not.
//! 6. Whoever is linked to the requester is the requester, whatever key they hold.

use std::fmt;

use super::people::{Invalid, NamedKey, People, Person};
use super::sshsig::{BadSignature, Signature};
use crate::approval::{Assurance, Decision, Ineligible, NAMESPACE, Request, RequesterKind, Sworn};
use crate::moment::Moment;

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    Signature(BadSignature),
    /// It is by another key than the decision names.
    OtherKey {
        said: String,
        found: String,
    },
    /// The policy does not name the key for anybody.
    UnknownKey {
        fingerprint: String,
    },
    /// The key is another person's.
    WrongPerson {
        said: String,
        holder: String,
    },
    Invalid {
        fingerprint: String,
        why: Invalid,
    },
}

/// A signature that holds: whose it is and how much it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof<'a> {
    pub person: &'a Person,
    pub key: &'a NamedKey,
    /// The security key was touched, and made sure of the person where the policy asks for that.
    pub present: bool,
}

impl People {
    /// Returns who signed `message` with `signature` as `name`, with a key that counts at `at`.
    pub fn prove(&self, name: &str, message: &[u8], signature: &str, at: Moment) -> Result<Proof<'_>, Flaw> {
        self.prove_for(NAMESPACE, name, message, signature, at)
    }

    /// Does as [`People::prove`] for a signature of another namespace than that of decisions.
    pub fn prove_for(
        &self,
        namespace: &str,
        name: &str,
        message: &[u8],
        signature: &str,
        at: Moment,
    ) -> Result<Proof<'_>, Flaw> {
        let signature = Signature::parse(signature).map_err(Flaw::Signature)?;
        let presence = signature.verify(namespace, message).map_err(Flaw::Signature)?;
        let fingerprint = signature.key().fingerprint();
        let own = self.named(name).and_then(|person| Some((person, person.key(signature.key())?)));
        let (person, key) = match (own, self.holder(signature.key())) {
            (Some(own), _) => own,
            (None, Some((holder, _))) => {
                let (said, holder) = (name.to_owned(), holder.name.clone());
                return Err(Flaw::WrongPerson { said, holder });
            }
            (None, None) => return Err(Flaw::UnknownKey { fingerprint }),
        };
        key.check(at).map_err(|why| Flaw::Invalid { fingerprint, why })?;
        let present = presence.touched && (presence.verified || !key.verify);
        Ok(Proof { person, key, present: present && key.key.kind().is_hardware() })
    }

    /// Returns the assurance that `decision` about `request` has at `at`, or why it has none.
    pub fn weigh(&self, decision: &Decision, request: &Request, at: Moment) -> Result<Assurance, Ineligible> {
        let assurance = self.proven(decision, request, at)?;
        self.linked(&decision.approver.name, request).map_or(Ok(assurance), Err)
    }

    fn proven(&self, decision: &Decision, request: &Request, at: Moment) -> Result<Assurance, Ineligible> {
        let Some(signature) = &decision.signature else {
            return Ok(decision.assurance.min(Assurance::Tty));
        };
        let name = &decision.approver.name;
        let proof = self.prove(name, &decision.statement(), signature, at);
        let proof = proof.map_err(|flaw| Ineligible::Unproven(flaw.to_string()))?;
        let found = proof.key.key.fingerprint();
        if decision.key.as_ref() != Some(&found) {
            let said = decision.key.clone().unwrap_or_default();
            return Err(Ineligible::Unproven(Flaw::OtherKey { said, found }.to_string()));
        }
        Ok(assurance(&proof, decision, request))
    }

    /// Returns why the person whom the policy calls `name` may not decide, with whatever key: they are the requester, or the one it
    /// acts for, under any of the names that the policy links to them.
    pub fn linked(&self, name: &str, request: &Request) -> Option<Ineligible> {
        let person = self.named(name)?;
        let (requester, requirement) = (&request.ask.requester, &request.ask.requirement);
        let is_account = person.is_called(&requester.user);
        let is_asked_for = requester.on_behalf_of.as_deref().is_some_and(|name| person.is_called(name));
        if requirement.four_eyes && (is_account || is_asked_for) {
            return Some(Ineligible::FourEyes);
        }
        let is_person =
            requester.kind == RequesterKind::Human && (is_account || person.is_called(&requester.name));
        (is_person && !requirement.approvers.is_empty()).then_some(Ineligible::OwnRequest)
    }
}

impl People {
    /// Returns the assurance of what somebody has sworn at `at`, whose commands are those of the user `requester`: rules 2 to 5 hold
    /// for it as they do for a decision.
    pub fn weigh_sworn(&self, sworn: &Sworn, requester: u32, at: Moment) -> Result<Assurance, Ineligible> {
        let Some(signature) = &sworn.signature else { return Ok(Assurance::Asserted) };
        let proof = self.prove_for(
            sworn.purpose.namespace(),
            sworn.text("person"),
            &sworn.statement(),
            signature,
            at,
        );
        let proof = proof.map_err(|flaw| Ineligible::Unproven(flaw.to_string()))?;
        let found = proof.key.key.fingerprint();
        let said = sworn.members.get("auth").and_then(|auth| auth["key"].as_str()).unwrap_or_default();
        if said != found {
            return Err(Ineligible::Unproven(Flaw::OtherKey { said: said.to_owned(), found }.to_string()));
        }
        Ok(worth(&proof, sworn.uid() == Some(requester)))
    }
}

fn assurance(proof: &Proof<'_>, decision: &Decision, request: &Request) -> Assurance {
    worth(proof, decision.approver.uid == request.ask.requester.uid)
}

fn worth(proof: &Proof<'_>, is_own_user: bool) -> Assurance {
    match proof {
        proof if proof.present => Assurance::Hardware,
        proof if proof.key.apart && !is_own_user => Assurance::Key,
        _ => Assurance::Tty,
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Signature(why) => why.fmt(f),
            Flaw::OtherKey { said, found } => {
                write!(f, "the decision names the key `{said}`, and the signature is by `{found}`")
            }
            Flaw::UnknownKey { fingerprint } => {
                write!(f, "the signature is by the key {fingerprint}, which the policy names for nobody")
            }
            Flaw::WrongPerson { said, holder } => {
                write!(f, "the signature is by `{holder}`, and the decision says `{said}`")
            }
            Flaw::Invalid { fingerprint, why } => write!(f, "the key {fingerprint} {why}"),
        }
    }
}

impl std::error::Error for Flaw {}
