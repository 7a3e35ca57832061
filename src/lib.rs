//! `gate` puts a human decision between an autonomous program and a consequential command.
//!
//! This page is the map. Arrows run downwards only: `main → cli → gate → channel, store, exec, agent → core`,
//! and inside the core `identity, audit → approval → policy → shell → command, world`.
//! `tests/layers.rs` reads the `use crate::` lines and keeps it so.
//!
//! # Words
//! One word, one meaning, in code, TOML, JSON, screens and docs.
//!
//! | word | meaning |
//! |---|---|
//! | requester | who or what asks to run a command: a person, an agent, a CI job; an agent acts *on behalf of* a person |
//! | command | exactly what would run, and where. A script holds several; each simple command in it is an *action* |
//! | rule, policy | a pattern with its verdict and reason; all rules in force plus the default |
//! | verdict | the policy's answer: `allow` < `ask` < `deny` |
//! | risk | `low`, `medium`, `high`, `critical`: picks how much approval an `ask` needs |
//! | label | a fact about a command that rules and approvers use: environment, region, data type, category |
//! | request | a command waiting for a decision |
//! | approver | a person entitled to decide |
//! | decision | the approver's answer: `approve`, `reject`, `escalate`, with name, time, channel and comment |
//! | assurance | how strongly a decision is tied to a person: `asserted` < `tty` < `chat` < `login` < `key` < `hardware` |
//! | preview | what a read-only command shows of what a command would do, before somebody decides |
//! | step | one level of approvers of a request; escalation moves to the next step |
//! | grant | an approval that stays valid for a while: scope, uses, end |
//! | channel | where approvers are asked: terminal, hub, Slack, Teams, webhook |
//! | outcome | how the command ended: exit code, signal, not started, or unknown |
//! | mode | `enforce`, or `observe`: judge and record, but run (the floor still holds) |
//! | entry, chain, head, checkpoint | one record; the linked records; the newest hash; a signed (size, head) |
//!
//! Verbs: *judge* (policy), *ask* (channel), *decide* (approver), *record* (audit), *run* (exec), *verify* (chain).
//!
//! # Two sentences
//! The strictest rule that matches decides. If no rule matches, gate asks.

pub mod agent;
pub mod approval;
pub mod audit;
pub mod canonical;
pub mod channel;
pub mod cli;
pub mod command;
pub mod config;
pub mod digest;
pub mod error;
pub mod exec;
pub mod gate;
pub mod identity;
pub mod moment;
pub mod policy;
pub mod report;
pub mod shell;
pub mod store;
pub mod ui;
pub mod why;
pub mod world;
