//! Who somebody is, as far as a signature can prove it: approvers, their public keys, and what a signed decision is worth.
//!
//! - [`Signature`] reads and verifies SSHSIG, which `ssh-keygen -Y sign` makes; nothing here ever holds a private key.
//! - [`People`] are the approvers of the policy in force with their keys; [`People::weigh`] finds the assurance of a decision.
//! - [`hurdles`] says which requirements nobody can fulfil, and [`allowed_signers`] lets anybody verify without gate.
//!
//! What is read here may come from anybody: lengths are bounded, and whatever is not understood proves nothing.

mod allowed;
mod emergency;
mod hurdle;
mod key;
#[cfg(test)]
mod model;
mod people;
mod record;
#[cfg(test)]
pub(crate) mod samples;
mod sshsig;
#[cfg(test)]
mod tests;
mod weigh;
mod wire;

pub use allowed::allowed_signers;
pub use emergency::{able, reviewers};
pub use hurdle::{Hurdle, hurdles};
pub use key::{BadKey, Kind, Presence, PublicKey};
pub use people::{Invalid, NamedKey, People, Person, Unusable, day};
pub use record::{Signatures, Wrong, at_most};
pub use sshsig::{BadSignature, LONGEST, Signature};
pub use weigh::{Flaw, Proof};
