//! One proposal: its TOML, and the proof that it lets through the one command and nothing next to it.

use std::path::Path;

use jiff::Timestamp;

use super::evidence::{Approvable, Approvals};
use crate::command::{Command, Source, visible};
use crate::config::Config;
use crate::policy::{Authority, Circumstances, LayerText, Policy, Verdict, judge};
use crate::shell::analyse;

/// What a proposal is called among the files while it is tried out.
const TRIED: &str = "suggested.toml";

/// A rule, or overrides of the rules that ask, for one command.
pub(super) struct Proposal {
    pub(super) command: Approvable,
    pub(super) approvals: Approvals,
    pub(super) toml: String,
}

impl Proposal {
    /// Returns the proposal, or `None` where no rule would let the command through, or one would let through more.
    ///
    /// # Errors
    /// The policy of the directory is wrong.
    pub(super) fn of(
        command: &Approvable,
        approvals: &Approvals,
        at_least: u64,
        config: &Config,
    ) -> anyhow::Result<Option<Proposal>> {
        let toml = toml(command, approvals, at_least);
        let tried = Tried::of(&toml, &command.cwd, config)?;
        let holds = tried.is_some_and(|tried| tried.lets_through_just(command));
        Ok(holds.then(|| Proposal { command: command.clone(), approvals: approvals.clone(), toml }))
    }

    /// Returns the command as it is written in the rule.
    pub(super) fn text(&self) -> String {
        self.command.words.join(" ")
    }
}

/// Returns the tables, without comments.
fn toml(command: &Approvable, approvals: &Approvals, at_least: u64) -> String {
    let condition = condition(command, approvals, at_least);
    let day = |time: Option<Timestamp>| time.map_or("?".to_owned(), |time| time.to_string()[..10].to_owned());
    let (first, last) = (day(approvals.first), day(approvals.last));
    let reason = text(&format!("approved {} times from {first} to {last}", approvals.count()));
    if command.rules.is_empty() {
        let id = text(&format!("suggested.{}", id(command)));
        return format!(
            "[[rule]]\nid      = {id}\nverdict = \"allow\"\nreason  = {reason}\nmatch   = {condition}\n"
        );
    }
    let change = |rule: &String| {
        let rule = text(rule);
        format!(
            "[[override]]\nrule    = {rule}\nverdict = \"allow\"\nreason  = {reason}\nmatch   = {condition}\n"
        )
    };
    command.rules.iter().map(change).collect::<Vec<_>>().join("\n")
}

fn condition(command: &Approvable, approvals: &Approvals, at_least: u64) -> String {
    let mut parts = vec![
        format!("program = {}", text(&command.words[0])),
        format!("exactly = {}", text(&command.words.join(" "))),
        format!("cwd = {}", text(&literal(&command.cwd.display().to_string()))),
    ];
    // Where the approvers were told that nobody looks into the input, a rule need not either.
    if approvals.streams < at_least {
        parts.push("input = false".to_owned());
    }
    let facts: Vec<String> =
        command.facts.iter().map(|(name, value)| format!("{name} = {}", text(&literal(value)))).collect();
    if !facts.is_empty() {
        parts.push(format!("fact = {{ {} }}", facts.join(", ")));
    }
    format!("{{ {} }}", parts.join(", "))
}

/// Returns a text as TOML writes it on one line, whatever is in it, with nothing invisible.
fn text(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if visible(c.to_string().as_bytes()) != c.to_string() => out += &format!("\\U{:08X}", c as u32),
            c => out.push(c),
        }
    }
    out + "\""
}

/// Returns the glob that matches this text and no other.
fn literal(text: &str) -> String {
    let mut glob = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}

/// Returns a name for the rule: the program's, and a number that differs from command to command.
fn id(command: &Approvable) -> String {
    let whole = format!("{}\n{}\n{:?}", command.words.join(" "), command.cwd.display(), command.facts);
    let digest = crate::digest::Digest::of(whole.as_bytes()).to_string();
    format!("{}-{}", command.words[0], &digest[..8])
}

/// The policy before and after.
struct Tried<'a> {
    before: Policy,
    after: Policy,
    config: &'a Config,
}

impl<'a> Tried<'a> {
    fn of(toml: &str, cwd: &Path, config: &'a Config) -> anyhow::Result<Option<Tried<'a>>> {
        let layers = config.layers_in(cwd)?;
        let mut more = layers.clone();
        let whole = format!("[policy]\nversion = 1\n\n{toml}");
        more.push(LayerText { authority: Authority::User, path: TRIED.to_owned(), text: whole });
        let after = Policy::from_layers(more);
        let before = Policy::from_layers(layers)?;
        Ok(after.ok().map(|after| Tried { before, after, config }))
    }

    fn lets_through_just(&self, command: &Approvable) -> bool {
        let Some((program, args)) = command.words.split_first() else { return false };
        let verdict = |policy: &Policy, words: Vec<&str>, cwd: &Path| self.verdict(policy, &words, cwd);
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let first = std::iter::once(program.as_str());
        let more: Vec<&str> = words.iter().copied().chain(["x"]).collect();
        let forced: Vec<&str> =
            first.clone().chain(["--force"]).chain(args.iter().map(String::as_str)).collect();
        let fewer: Vec<&str> = words[..words.len() - 1].to_vec();
        let is_same = |words: &Vec<&str>, cwd: &Path| {
            words.is_empty()
                || verdict(&self.before, words.clone(), cwd) == verdict(&self.after, words.clone(), cwd)
        };
        let elsewhere = command.cwd.join("elsewhere");
        verdict(&self.after, words.clone(), &command.cwd) == Verdict::Allow
            && [&more, &forced, &fewer].iter().all(|other| is_same(other, &command.cwd))
            && is_same(&words, &elsewhere)
    }

    fn verdict(&self, policy: &Policy, words: &[&str], cwd: &Path) -> Verdict {
        let host = self.config.host_under(policy).without_input();
        let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let command = Command { source: Source::Argv(words), cwd: cwd.to_path_buf() };
        let analysis = analyse(&command, &host, policy);
        let around =
            Circumstances { requester: "human:nobody", is_proven: false, start: cwd, now: Timestamp::now() };
        judge(&analysis, policy, &host, &around).verdict
    }
}

/// Returns the evidence, each line of it a comment that nothing in it can end.
pub(super) fn comments(proposal: &Proposal) -> Vec<String> {
    let Proposal { command, approvals, .. } = proposal;
    let approvers: Vec<String> =
        approvals.approvers.iter().map(|(who, count)| format!("{who} ({count})")).collect();
    let requesters: Vec<String> = approvals.requesters.iter().cloned().collect();
    let time = |time: Option<Timestamp>| time.map_or("?".to_owned(), |time| time.to_string());
    let ids: Vec<String> = approvals.ids.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        format!("`{}` in {}", proposal.text(), command.cwd.display()),
        format!("approved {} times, never rejected: {}", approvals.count(), approvers.join(", ")),
        format!(
            "first {}, last {}; asked by {}",
            time(approvals.first),
            time(approvals.last),
            requesters.join(", ")
        ),
        format!(
            "requests: {}{}",
            ids.join(", "),
            if approvals.count() > ids.len() as u64 { ", …" } else { "" }
        ),
    ];
    if command.rules.is_empty() {
        lines.push("no rule speaks of it, so it asks by default".to_owned());
    }
    lines.iter().map(|line| format!("# {}", visible(line.as_bytes()))).collect()
}
