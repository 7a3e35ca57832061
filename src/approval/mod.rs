//! A request, the decisions about it, and the permission that comes of them. Pure: no IO, no clock, no randomness.
//!
//! - [`Content`] is what would run, with its digest **C**; [`Request`] adds who, why, which rules and until when: **D**.
//! - [`transition`] is the only way from one [`State`] to another; [`claim`] the only one that hands out an [`Approved`].
//! - [`Decision::check`] says who may decide.

mod approved;
mod asked;
mod content;
mod decision;
mod elsewhere;
mod grant;
#[cfg(test)]
mod grant_tests;
mod id;
mod incident;
mod listed;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_grants;
mod plan;
mod preview;
mod refusal;
mod request;
mod requester;
mod runner;
#[cfg(test)]
pub(crate) mod sample;
mod state;
#[cfg(test)]
mod state_tests;
mod statement;
mod sworn;
mod terms;

pub use crate::policy::{Assurance, GrantLimit, Requirement, Risk};
pub use approved::{Approved, Basis};
pub use asked::{AskedAction, AskedBy};
pub use content::{
    Bound, BoundDirectory, BoundFile, BoundStdin, Content, FileIdentity, StoredInput, Wrapping,
};
pub(crate) use content::{command_value, dialect_name, path_value, value_command};
pub use decision::{Answer, Approver, Decision, Head, INLINE, Ineligible, is_inline_possible};
pub use elsewhere::{NoStatement, SIGNATURE};
pub use grant::{Covers, Grant, GrantProgress, GrantState, GrantUse, Withheld, keys_of};
pub use id::{Prefix, RequestId};
pub use incident::{Entering, Incident, IncidentText, LONGEST_INCIDENT, Shut, Unnamed, Unreviewable};
pub use listed::{Listed, Term};
pub use plan::PlanLine;
pub use preview::{Preview, PreviewEnd, Printed};
pub use refusal::Refusal;
pub use request::{Ask, Progress, Request, RequestLabel};
pub use requester::{Origin, Requester, RequesterKind, Session};
pub use runner::{Process, Runner, nearest};
pub use state::{Event, Outcome, Recheck, State, UNUSED_FOR, Weigh, claim, is_expired, recount, transition};
pub use statement::{NAMESPACE, statement_of};
pub use sworn::{Purpose, Swearing, Sworn, sworn_statement};
pub use terms::{GrantScope, LONGEST, MOST_USES, Reach, Terms, TooWide, USUAL};

/// Serde form of a digest: 64 hexadecimal digits.
mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::canonical::Text;
    use crate::digest::Digest;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        let Text(text) = Text::deserialize(from)?;
        Digest::from_hex(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a digest")))
    }
}

/// Serde form of a digest that may be missing.
mod hex_or_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::digest::Digest;

    #[derive(Serialize, Deserialize)]
    struct Written(#[serde(with = "super::hex")] Digest);

    pub(super) fn serialize<S: Serializer>(digest: &Option<Digest>, to: S) -> Result<S::Ok, S::Error> {
        digest.map(Written).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
        Ok(Option::<Written>::deserialize(from)?.map(|written| written.0))
    }
}
