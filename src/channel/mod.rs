//! Where approvers are asked: how a request is shown to a person, and the question at the requester's own prompt.

mod card;
mod earlier;
pub mod inline;
mod marked;

pub use card::{Card, QUOTE, granted, requester, state, steps, width};
pub use earlier::Earlier;
pub use marked::{cut, marked, marked_apart};
