//! One integration test binary: one file a behaviour, all of them against the real `gate` binary.
//!
//! A test sets a [`stage::Stage`], runs gate on it and says what standard output, standard error and exit code are,
//! exactly. Whatever differs from run to run (ids, times, paths of the stage) has a placeholder.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stage;

mod agent_setup;
mod agents;
mod as_bash;
mod as_plain;
mod asking;
mod audit;
mod bad_ids;
mod bad_input;
mod bad_store;
mod bound;
mod break_glass;
mod checked;
mod ci;
mod command_line;
mod completions;
mod counts;
mod deciding;
mod demo;
mod dependencies;
mod doctor;
mod envelopes;
mod faults;
mod globs;
mod grants;
mod hooks;
mod hostile;
mod ingredients;
mod init;
mod input;
mod inside;
mod interactive;
mod judging;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod kill_points;
mod killed;
mod labels;
mod layers;
mod links;
mod many;
mod messages;
mod observe;
mod own_hook;
mod plans;
mod policy_files;
mod policy_schema;
mod previews;
mod programs;
mod readme;
mod replay;
mod report;
mod running;
mod sessions;
mod signing;
mod stage_works;
mod starting;
mod steps;
mod suggest;
mod transparency;
