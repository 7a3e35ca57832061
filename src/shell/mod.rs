//! Text or argument vector in, [`Action`]s out: what would really run.
//!
//! MUST rules of this layer:
//! 1. Every program that the real shell could start is listed as an action or lies inside an opaque one.
//! 2. A limit, an unknown byte, an unknown form is opaque: never a cut, never an omission.
//! 3. Linear in the input, no recursion without the depth limit, no panic.
//! 4. What is not certain is `dynamic` (a value) or opaque (a meaning); never guessed.

mod action;
mod analysis;
mod arguments;
mod braces;
mod branches;
mod builtins;
mod bytes;
mod commands;
mod effects;
mod evaluation;
mod expand;
mod fed;
mod fields;
mod globs;
mod inline;
mod invoke;
mod linking;
mod links;
pub(crate) mod list;
mod names;
mod parser;
mod printed;
mod program;
mod redirects;
mod setting;
mod shared;
mod shells;
mod start_files;
mod state;
mod syntax;
mod truth;
mod typed;
mod unit;
mod unwrap;
mod values;
mod walk;
mod written;

pub use action::{
    Action, Assignment, Assignments, Opaque, Piece, Place, Redirect, RedirectKind, Scope, Span, Stdin, Word,
};
pub use analysis::{Analysis, Past, analyse, analyse_after, analyse_in};
pub use arguments::{Arguments, Certainty, Given, Operand, Unknown};
pub use globs::{Globbing, Listing, Standing};
pub use links::{Asking, Links};
pub use program::{Program, Programs, Runs, Selector};
pub use setting::{Setting, is_complete};
pub use shells::starts_something;
pub use truth::Truth;
pub use typed::Typed;
pub use unit::{Closing, Unit, first_unit};

#[cfg(test)]
mod tests;
