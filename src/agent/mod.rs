//! The agents and CI systems that gate knows: how they are told from a person, and how gate is put between them and what they run.
//!
//! What their variables say is asserted, never proof: it may only make gate stricter.

mod detect;
mod envelope;
pub mod hook;
pub mod setup;
pub mod transcript;

pub use detect::{Stated, detect, is_agent_program};
pub use envelope::{Envelope, sourced_by};
