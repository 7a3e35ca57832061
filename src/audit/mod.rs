//! The record as pure data: entries, their chain and Merkle tree, what is taken out of them, and how they are verified.
//!
//! The store writes the bytes this module makes; it never makes any itself, and nothing here reads a clock or a file.

mod consistency;
mod entry;
mod fatigue;
mod granted;
mod heads;
mod incidents;
mod kind;
pub mod redact;
mod tree;
mod verify;

pub use entry::{Actor, Draft, Header, PolicyUse, Src, Unplaced, decision};
pub use fatigue::{Answers, Fatigue, RUBBER_STAMP, Tally, Times};
pub use heads::{HeadCheck, SaidHead};
pub use incidents::SaidIncident;
pub use kind::Kind;
pub use tree::{Frontier, leaf};
pub use verify::{Said, Tampered, Verified, Verifier};
