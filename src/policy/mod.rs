//! TOML in, a verdict with its trace out: rules, programs, labels, layers and what an `ask` needs.
//!
//! MUST rules of this layer:
//! 1. The strictest rule that matches decides; if no rule matches, the default does. Order never matters.
//! 2. What is only perhaps so restricts, and never allows.
//! 3. A name that is shadowed, untrusted or opaque is never allowed by that name.
//! 4. What a requester merely asserts never satisfies an `allow` and never lowers a requirement.
//! 5. A layer changes only what is its own or a lower authority's; nothing changes the floor.
//! 6. A file with an error is an error, with its place; it is never skipped.

mod blob;
mod considered;
mod cover;
mod database;
mod derived;
mod exactly;
mod facts;
pub mod file;
mod glance;
mod glob;
mod glob_text;
mod ground;
mod hours;
mod idle;
mod in_force;
mod judge;
mod keys;
mod labels;
mod layer;
mod matcher;
mod named;
mod nearest;
mod needles;
mod packs;
mod pairs;
mod path_form;
mod paths;
mod patterns;
pub mod preview;
mod previews;
mod problem;
mod proof;
mod requirement;
mod schema;
mod spoken;
mod subject;
mod taken_back;
mod test_world;
mod texts;
mod time;
mod told;
mod used;
mod valid;
mod variables;
mod verdict;
mod when;
mod words;

pub use database::{Database, database_of};
pub use facts::{Asked, Look, fact_name, facts_of};
pub use file::folded;
pub use glob_text::matches as glob_matches;
pub use in_force::InForce;
pub use judge::{Hit, Judged, Judgement, judge};
pub use labels::{LabelName, Labels, Reliance, Shown};
pub use layer::{Authority, LayerText, Overridden, Policy};
pub use packs::Packs;
pub use preview::Show;
pub use previews::{Made, Wanted, previews};
pub use problem::PolicyError;
pub use proof::{Finding, Tested, count, judge_in_test_world, only_tests, prove, run_tests};
pub use requirement::{DEADLINE, Requirement, Step};
pub use schema::schema;
pub use spoken::spoken;
pub use test_world::{PROJECT, TestWorld};
pub use time::{duration, instant};
pub use verdict::{Assurance, GrantLimit, Mode, Risk, Verdict};
pub use when::Circumstances;

#[cfg(test)]
mod tests;
