//! The approver's answer, and who may give one.
//!
//! MUST rules:
//! 1. No one decides their own request: not the requester, not the process or terminal session that asked.
//! 2. A detected agent never decides, nor does a process without a terminal. What was signed elsewhere comes from no process: a key
//!    out of the requester's reach says whose it is, whoever hands it in.
//! 3. A decision counts only with the assurance the requirement asks for; a `tty` decision is `tty`, whoever made it.
//! 4. A decision names the D it is about; another D is refused.
//! 5. An approval is given at the step that is asked, by somebody who was shown all of it.
//! 6. The one exception to rule 1 is the question at a person's own prompt, which a configuration must ask for: it counts only
//!    for a request that a person made in that very session, where no approvers and no four eyes are asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::elsewhere::SIGNATURE;
use super::request::Request;
use super::requester::{RequesterKind, Session};
use super::terms::{Terms, TooWide};
use crate::digest::Digest;
use crate::moment::Moment;
use crate::policy::Assurance;

/// The channel of an answer at the requester's own prompt.
pub const INLINE: &str = "inline";

/// What an approver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Approve,
    Reject,
    Escalate,
}

impl Answer {
    /// Returns its name in entries and on screens.
    pub fn name(self) -> &'static str {
        match self {
            Answer::Approve => "approve",
            Answer::Reject => "reject",
            Answer::Escalate => "escalate",
        }
    }
}

/// Who decides, as the local terminal knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The approver's name in the policy, or the login name.
    pub name: String,
    /// The user id of the deciding process, from the kernel.
    pub uid: u32,
    /// The session of the deciding process.
    pub session: Session,
    /// Its controlling terminal, if any.
    pub tty: Option<String>,
    /// The agent that this process was started by, if one was detected.
    pub agent: Option<String>,
}

/// The newest state of the log that whoever decides has seen: a log that goes back behind it, or is another one, is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many entries it had.
    pub size: u64,
    /// The root of the tree over them.
    #[serde(with = "super::hex")]
    pub root: Digest,
}

/// One answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What the decision is about: the request's D.
    #[serde(with = "super::hex")]
    pub about: Digest,
    pub answer: Answer,
    pub approver: Approver,
    /// How strongly it is tied to the approver. What a row of the store says of it is never believed: it is found anew from the signature.
    pub assurance: Assurance,
    /// Where it was given: `tty`.
    pub channel: String,
    pub comment: Option<String>,
    /// What makes the commitment to the comment unguessable; none where nothing commits to it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::hex_or_none")]
    pub salt: Option<Digest>,
    /// The digest of what was displayed when the answer was given.
    #[serde(with = "super::hex")]
    pub displayed: Digest,
    /// What the display left out of what is covered; nothing: it showed all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// The step that was asked when the answer was given.
    #[serde(default)]
    pub step: u32,
    pub decided: Moment,
    /// How far an approval reaches beyond one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Terms>,
    /// The log as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// The lines of a plan that are approved; all of them where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<u32>,
    /// The fingerprint of the key it is meant to be signed with (`SHA256:…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The approver's signature over [`Decision::statement`], as armored SSHSIG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Why somebody may not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// The decision is about another version of the request than the stored one.
    OtherRequest,
    /// The deciding process has no terminal.
    NoTerminal,
    /// It was signed elsewhere, with a key that the requester's user may be able to use.
    InReach,
    /// The deciding process was started by an agent.
    Agent(String),
    /// The deciding process belongs to the terminal session that asked.
    OwnSession,
    /// Nobody can tell whether the deciding process belongs to the terminal session that asked.
    UnseenSession,
    /// The approver is the requester, or acts through it.
    OwnRequest,
    /// Four eyes are asked for, and the requester acts for the approver.
    FourEyes,
    /// The approver is none of those who may decide.
    NotAnApprover { name: String, approvers: Vec<String> },
    /// Something of what the approval covers was not displayed.
    NotDisplayed(String),
    /// The request has moved on to another step since it was displayed.
    OtherStep,
    /// Its signature proves nothing, in words that say why.
    Unproven(String),
    /// More assurance is needed than the decision has.
    Assurance { needed: Assurance, given: Assurance },
    /// It was given on a log that has more entries than this one, or other ones.
    OtherLog { said: u64, found: u64 },
    /// It grants more than may be granted.
    Grant(TooWide),
}

impl Decision {
    /// Claims that this decision may count for `request` now, or returns why not.
    pub fn check(&self, request: &Request, now: Moment) -> Result<(), Ineligible> {
        let step = request.step(now);
        if self.answer != Answer::Reject && self.step != step {
            return Err(Ineligible::OtherStep);
        }
        self.check_at(request, step)
    }

    /// Claims that this decision may count for `request` at this step, or returns why not.
    pub(super) fn check_at(&self, request: &Request, step: u32) -> Result<(), Ineligible> {
        if self.about != request.digest() {
            return Err(Ineligible::OtherRequest);
        }
        self.is_given_by_a_person(request)?;
        self.is_entitled(request, step)?;
        if let (Answer::Approve, Some(missing)) = (self.answer, &self.left_out) {
            return Err(Ineligible::NotDisplayed(missing.clone()));
        }
        let needed = request.ask.requirement.assurance;
        // A reject is never held back by a lack of assurance: it only makes gate stricter.
        if self.answer != Answer::Reject && self.assurance < needed {
            return Err(Ineligible::Assurance { needed, given: self.assurance });
        }
        match self.grant.filter(|_| self.answer == Answer::Approve) {
            Some(_) if request.is_plan() => Err(Ineligible::Grant(TooWide::Plan)),
            Some(terms) => {
                terms.check(request.ask.requirement.grant, request.ask.reach).map_err(Ineligible::Grant)
            }
            None => Ok(()),
        }
    }

    /// Rules 1 and 2.
    fn is_given_by_a_person(&self, request: &Request) -> Result<(), Ineligible> {
        if self.channel == SIGNATURE {
            return if self.is_by_key() { Ok(()) } else { Err(Ineligible::InReach) };
        }
        let approver = &self.approver;
        if approver.tty.is_none() {
            return Err(Ineligible::NoTerminal);
        }
        if let Some(agent) = &approver.agent {
            return Err(Ineligible::Agent(agent.clone()));
        }
        if approver.session == Session::UNSEEN {
            return Err(Ineligible::UnseenSession);
        }
        if request.ask.origin.sessions.contains(&approver.session) && !self.is_inline_for(request) {
            return Err(Ineligible::OwnSession);
        }
        Ok(())
    }

    /// Claims that this is a person's answer at the prompt where they asked: rule 6.
    fn is_inline_for(&self, request: &Request) -> bool {
        self.channel == INLINE
            && is_inline_possible(request)
            && request.ask.requester.uid == self.approver.uid
    }

    fn is_entitled(&self, request: &Request, step: u32) -> Result<(), Ineligible> {
        let approver = &self.approver;
        let (requester, requirement) = (&request.ask.requester, &request.ask.requirement);
        // Whom it is asked for is the requester's word; whose user id it runs under is not.
        let is_asked_for = requester.on_behalf_of.as_deref() == Some(approver.name.as_str());
        // A key out of the requester's reach tells people apart who use one account; without it, the account is the person.
        let is_own_account = requester.uid == approver.uid && !self.is_by_key();
        if requirement.four_eyes && (is_asked_for || is_own_account || requester.user == approver.name) {
            return Err(Ineligible::FourEyes);
        }
        if requirement.approvers.is_empty() && step == 0 {
            return Ok(());
        }
        let approvers = request.approvers_at(step);
        if requester.name == approver.name || (requester.kind == RequesterKind::Human && is_own_account) {
            return Err(Ineligible::OwnRequest);
        }
        if !approvers.contains(&approver.name.as_str()) {
            let approvers = approvers.into_iter().map(str::to_owned).collect();
            return Err(Ineligible::NotAnApprover { name: approver.name.clone(), approvers });
        }
        Ok(())
    }

    /// Claims that a key that the requester's user cannot use says who decided.
    pub fn is_by_key(&self) -> bool {
        self.key.is_some() && self.assurance >= Assurance::Key
    }

    /// Claims that `other` is by the same person. On one machine a user id is one person, whatever names it goes by; only keys that
    /// the requester's user cannot use tell two people of one account apart.
    pub fn is_same_person(&self, other: &Decision) -> bool {
        let (one, other_key) = (self.is_by_key(), other.is_by_key());
        let is_same_account = self.approver.uid == other.approver.uid;
        self.approver.name == other.approver.name || (is_same_account && !(one && other_key))
    }
}

/// Claims that the person who made this request may be asked at their own prompt.
pub fn is_inline_possible(request: &Request) -> bool {
    let (requester, requirement) = (&request.ask.requester, &request.ask.requirement);
    requester.kind == RequesterKind::Human
        && requirement.approvers.is_empty()
        && !requirement.four_eyes
        && requirement.quorum <= 1
        && requirement.assurance <= Assurance::Tty
        && request.ask.origin.tty.is_some()
}

impl fmt::Display for Ineligible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ineligible::OtherRequest => {
                f.write_str("the request is not the one that was displayed; look at it again")
            }
            Ineligible::NoTerminal => {
                f.write_str("a decision needs a person at a terminal, and there is none here")
            }
            Ineligible::InReach => f.write_str(
                "what is signed elsewhere counts only by a security key that was touched, or by a key that the policy says lies apart",
            ),
            Ineligible::Agent(name) => {
                write!(f, "this terminal belongs to an agent (`{name}`), and agents never decide")
            }
            Ineligible::OwnSession => {
                f.write_str("this is the terminal session that asked; answer in another terminal")
            }
            Ineligible::UnseenSession => f.write_str(
                "the session of this terminal began outside this process namespace; answer under `setsid` or outside",
            ),
            Ineligible::OwnRequest => f.write_str("no one decides their own request; another approver must"),
            Ineligible::FourEyes => {
                f.write_str("four eyes are asked for: the person the requester acts for may not decide")
            }
            Ineligible::NotAnApprover { name, approvers } => {
                write!(f, "`{name}` is none of the approvers: {}", approvers.join(", "))
            }
            Ineligible::Grant(why) => why.fmt(f),
            Ineligible::NotDisplayed(missing) => {
                write!(f, "{missing} was not displayed, and nobody approves what they have not seen")
            }
            Ineligible::OtherStep => {
                f.write_str("the request has moved on to another step since it was displayed; look at it again")
            }
            Ineligible::Unproven(why) => f.write_str(why),
            Ineligible::OtherLog { said, found } => write!(
                f,
                "it was decided when the log had {said} entries, and this one has {found} or other ones: it has gone back"
            ),
            Ineligible::Assurance { needed, given } => {
                write!(f, "the request needs a decision at `{needed}`, and here it is at most `{given}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{ask, at, decision, request};
    use super::*;

    fn check(change: impl FnOnce(&mut Request, &mut Decision)) -> Option<Ineligible> {
        let mut request = request(ask("claude"));
        let mut given = decision(&request, "mara", Answer::Approve);
        change(&mut request, &mut given);
        given.about = if given.about == Digest::of(b"") { given.about } else { request.digest() };
        given.check(&request, at(1)).err()
    }

    #[test]
    fn person_at_another_terminal_decides() {
        assert_eq!(check(|_, _| ()), None);
    }

    #[test]
    fn rule_1_no_one_decides_their_own_request() {
        assert_eq!(check(|r, d| d.approver.session = r.ask.origin.sessions[0]), Some(Ineligible::OwnSession));
        assert_eq!(check(|_, d| d.approver.session = Session::UNSEEN), Some(Ineligible::UnseenSession));
        let named = |name: &str| {
            check(|r, d| {
                r.ask.requirement.approvers = vec!["mara".to_owned(), "jo".to_owned(), "claude".to_owned()];
                d.approver.name = name.to_owned();
            })
        };
        assert_eq!(named("claude"), Some(Ineligible::OwnRequest));
        assert_eq!(named("jo"), None);
        let as_person = check(|r, d| {
            r.ask.requirement.approvers = vec!["mara".to_owned()];
            r.ask.requester.kind = RequesterKind::Human;
            d.approver.uid = r.ask.requester.uid;
        });
        assert_eq!(as_person, Some(Ineligible::OwnRequest));
        let four_eyes = |name: &str, uid| {
            check(|r, d| {
                r.ask.requirement.four_eyes = true;
                d.approver.name = name.to_owned();
                d.approver.uid = uid;
            })
        };
        assert_eq!(four_eyes("bob", 5), Some(Ineligible::FourEyes));
        assert_eq!(four_eyes("robert", 1000), Some(Ineligible::FourEyes));
        assert_eq!(four_eyes("mara", 5), None);
    }

    #[test]
    fn rule_1_four_eyes_are_not_fooled_by_whom_the_requester_says_it_acts_for() {
        let refused = check(|r, d| {
            r.ask.requirement.four_eyes = true;
            r.ask.requirement.approvers = vec!["mara".to_owned()];
            r.ask.requester.kind = RequesterKind::Ci;
            r.ask.requester.on_behalf_of = Some("somebody-else".to_owned());
            d.approver.uid = r.ask.requester.uid;
        });
        assert_eq!(refused, Some(Ineligible::FourEyes));
    }

    #[test]
    fn rule_2_agents_and_processes_without_a_terminal_never_decide() {
        assert_eq!(check(|_, d| d.approver.tty = None), Some(Ineligible::NoTerminal));
        let agent = check(|_, d| d.approver.agent = Some("codex".to_owned()));
        assert_eq!(agent, Some(Ineligible::Agent("codex".to_owned())));
    }

    #[test]
    fn rule_3_more_assurance_than_a_terminal_gives_is_not_met_here() {
        let refused = check(|r, _| r.ask.requirement.assurance = Assurance::Chat).unwrap();
        assert_eq!(
            refused.to_string(),
            "the request needs a decision at `chat`, and here it is at most `tty`"
        );
        let reject = check(|r, d| {
            r.ask.requirement.assurance = Assurance::Hardware;
            d.answer = Answer::Reject;
        });
        assert_eq!(reject, None);
    }

    #[test]
    fn rule_4_another_request_is_not_decided() {
        assert_eq!(check(|_, d| d.about = Digest::of(b"")), Some(Ineligible::OtherRequest));
    }

    #[test]
    fn only_named_approvers_decide() {
        let refused = check(|r, _| r.ask.requirement.approvers = vec!["jo".to_owned()]).unwrap();
        assert_eq!(refused.to_string(), "`mara` is none of the approvers: jo");
    }
}
