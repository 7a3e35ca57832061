//! A decision that was signed on another machine: the text that was signed is all that comes back of it, with the signature.
//!
//! It says nothing about a terminal, a session or a user: only a key that lies out of every requester's reach says whose it is.

use std::fmt;

use serde::Deserialize;

use super::decision::{Answer, Approver, Decision, Head};
use super::requester::Session;
use super::terms::Terms;
use crate::digest::Digest;
use crate::moment::{BootId, Moment};
use crate::policy::Assurance;

/// The channel of a decision that was signed elsewhere.
pub const SIGNATURE: &str = "signature";

/// The user id of whoever decides where no process of theirs is known: POSIX's `(uid_t) -1`, which no user has.
const NOBODY: u32 = u32::MAX;

/// Why a text is no decision that was signed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStatement {
    /// It is none of the form that gate writes.
    Form(String),
    /// It reads like one, and is not byte for byte what gate wrote.
    Changed,
}

/// The text as it is written; see [`Decision::statement`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u32,
    #[serde(rename = "type")]
    kind: String,
    #[serde(with = "super::hex")]
    about: Digest,
    answer: Answer,
    approver: String,
    auth: Auth,
    channel: String,
    decided: String,
    #[serde(with = "super::hex")]
    displayed: Digest,
    grant: Option<Terms>,
    head: Option<Head>,
    #[serde(default)]
    only: Vec<u32>,
    #[serde(default)]
    step: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    method: String,
    key: String,
}

impl Approver {
    /// Returns somebody of whom only the name is known.
    fn elsewhere(name: String) -> Approver {
        Approver { name, uid: NOBODY, session: Session::UNSEEN, tty: None, agent: None }
    }
}

impl Decision {
    /// Returns the same decision for `name` to sign elsewhere with this key: without a comment, which the text could not hold.
    pub fn to_sign(self, name: &str, key: String) -> Decision {
        Decision {
            approver: Approver::elsewhere(name.to_owned()),
            channel: SIGNATURE.to_owned(),
            assurance: Assurance::Hardware,
            key: Some(key),
            comment: None,
            salt: None,
            left_out: None,
            ..self
        }
    }

    /// Returns the decision that `text`, which was signed elsewhere, writes down. Its assurance is for the signature to say.
    ///
    /// # Errors
    /// Anything but exactly what [`Decision::statement`] makes of a decision that is meant for this.
    pub fn of_statement(text: &[u8]) -> Result<Decision, NoStatement> {
        let written: Written =
            serde_json::from_slice(text).map_err(|error| NoStatement::Form(error.to_string()))?;
        let known = (written.v, &*written.kind, &*written.channel, &*written.auth.method);
        if known != (1, "gate-decision", SIGNATURE, "sshsig") {
            return Err(NoStatement::Form("it is not meant to be signed elsewhere".to_owned()));
        }
        let decided: jiff::Timestamp =
            written.decided.parse().map_err(|error: jiff::Error| NoStatement::Form(error.to_string()))?;
        let decided = Moment { utc_us: decided.as_microsecond(), boot_ns: 0, boot: BootId(0) };
        let decision = Decision {
            about: written.about,
            answer: written.answer,
            approver: Approver::elsewhere(written.approver),
            assurance: Assurance::Hardware,
            channel: written.channel,
            comment: None,
            salt: None,
            displayed: written.displayed,
            left_out: None,
            step: written.step,
            decided,
            grant: written.grant,
            head: written.head,
            only: written.only,
            key: Some(written.auth.key),
            signature: None,
        };
        if decision.statement() == text { Ok(decision) } else { Err(NoStatement::Changed) }
    }
}

impl fmt::Display for NoStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoStatement::Form(why) => {
                let why = crate::command::visible(why.as_bytes());
                write!(f, "it is no text that `--to-sign` prints: {why}")
            }
            NoStatement::Changed => f.write_str(
                "it is not byte for byte what `--to-sign` printed; a line end behind it counts too",
            ),
        }
    }
}

impl std::error::Error for NoStatement {}

#[cfg(test)]
mod tests {
    use super::super::sample::{ask, at, decision, request};
    use super::*;
    use crate::approval::Ineligible;

    fn meant() -> Decision {
        let request = request(ask("claude"));
        let mut given = decision(&request, "mara", Answer::Approve).to_sign("mara", "SHA256:x".to_owned());
        given.head = Some(Head { size: 7, root: Digest::of(b"root") });
        given.only = vec![1, 3];
        given
    }

    #[test]
    fn what_was_signed_elsewhere_comes_back_as_it_was() {
        let given = meant();
        let read = Decision::of_statement(&given.statement()).unwrap();
        assert_eq!(read.statement(), given.statement());
        assert_eq!((&read.approver, read.answer, &read.only), (&given.approver, given.answer, &given.only));
    }

    #[test]
    fn anything_else_is_refused() {
        let text = String::from_utf8(meant().statement()).unwrap();
        assert_eq!(Decision::of_statement(format!("{text}\n").as_bytes()), Err(NoStatement::Changed));
        assert!(Decision::of_statement(text.replace(':', ": ").as_bytes()).is_err());
        for other in [
            "",
            "{}",
            &text.replace("gate-decision", "gate-check"),
            &text.replace("\"channel\":\"signature\"", "\"channel\":\"tty\""),
            &text.replace("\"v\":1", "\"uid\":0,\"v\":1"),
            &text.replace("\"size\":7", "\"size\":7.5"),
        ] {
            assert!(Decision::of_statement(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn only_a_key_out_of_reach_says_who_decided_elsewhere() {
        let request = request(ask("claude"));
        let given = meant();
        assert_eq!(given.check(&request, at(1)), Ok(()));
        for assurance in [Assurance::Asserted, Assurance::Tty, Assurance::Login] {
            let weak = Decision { assurance, ..given.clone() };
            assert_eq!(weak.check(&request, at(1)), Err(Ineligible::InReach), "{assurance}");
        }
        let unsigned = Decision { key: None, ..given };
        assert_eq!(unsigned.check(&request, at(1)), Err(Ineligible::InReach));
    }
}
