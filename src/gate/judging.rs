//! Judging: command, machine and policy give the verdict that counts, with its trace.

use std::path::Path;

use jiff::Timestamp;

use super::meaning::Meaning;
use crate::approval::{AskedAction, AskedBy, Reach, RequestLabel, Requester, Risk, Wrapping};
use crate::command::{Command, Source, visible};
use crate::config::Config;
use crate::digest::Digest;
use crate::exec;
use crate::policy::{self, Circumstances, Hit, Judgement, Policy, Requirement, Shown, Verdict};
use crate::report::Report;
use crate::shell::{Action, Place, Programs as _, Scope, Stdin, Truth};

/// What the policy says about a command here and now.
#[derive(Debug)]
pub struct Judged {
    pub meaning: Meaning,
    pub judgement: Judgement,
    /// What an approval needs.
    pub requirement: Requirement,
    /// The digest of the policy that says so.
    pub policy: Digest,
}

impl Judged {
    /// Returns what `policy` says about `command` when `requester` asks.
    pub fn of(command: &Command, config: &Config, policy: &Policy, requester: &Requester) -> Judged {
        let meaning = Meaning::of(command, &config.host, policy);
        Judged::of_meaning(meaning, &command.cwd, config, policy, requester)
    }

    /// Returns what `policy` says about what would run, in the project at `start`.
    pub(super) fn of_meaning(
        meaning: Meaning,
        start: &Path,
        config: &Config,
        policy: &Policy,
        requester: &Requester,
    ) -> Judged {
        let label = requester.label();
        let around = Circumstances {
            requester: &label,
            is_proven: requester.asserted.is_empty(),
            start,
            now: Timestamp::now(),
        };
        let judgement = meaning.judged(&config.host, policy, &around);
        let requirement = judgement.requirement.clone();
        let requirement = requirement.unwrap_or_else(|| policy.requirement(judgement.risk).clone());
        Judged { meaning, judgement, requirement, policy: policy.digest() }
    }

    /// Returns what of `command` is shown: the agent's own where it comes in an envelope.
    pub(super) fn shown(&self, command: &Command) -> Source {
        Wrapping::shown(self.meaning.wrapping.as_ref(), command)
    }

    /// Returns the verdict that counts: in observe mode only the floor's.
    pub fn verdict(&self) -> Verdict {
        self.judgement.enforced()
    }

    /// Claims that the command only runs because the policy just watches.
    pub(super) fn is_observed(&self) -> bool {
        self.verdict() == Verdict::Allow && self.judgement.verdict != Verdict::Allow
    }

    /// Returns who refuses or asks, and why: ``rule `git.force-push`: rewrites history``.
    pub fn because(&self) -> String {
        let decisive = self.restricting().next();
        match decisive {
            Some(hit) => visible(format!("rule `{}`: {}", hit.rule, hit.reason).as_bytes()),
            None => visible(format!("the default: {}", self.judgement.reason()).as_bytes()),
        }
    }

    /// Returns the hits that hold it back, strictest first, each rule once.
    fn restricting(&self) -> impl Iterator<Item = &Hit> {
        let mut hits: Vec<&Hit> = self.judgement.hits().filter(|hit| hit.verdict > Verdict::Allow).collect();
        hits.sort_by_key(|hit| std::cmp::Reverse((hit.verdict, hit.risk)));
        let mut seen: Vec<&str> = Vec::new();
        hits.retain(|hit| {
            let is_new = !seen.contains(&hit.rule.as_str());
            seen.push(&hit.rule);
            is_new
        });
        hits.into_iter()
    }

    /// Claims that all the rules that ask leave open what comes in on standard input.
    pub(super) fn leaves_input_open(&self) -> bool {
        let mut asking = self.restricting().peekable();
        asking.peek().is_some() && asking.all(|hit| hit.unbound_input)
    }

    /// Claims that something of it may read what gate has on standard input.
    pub(super) fn reads_input(&self) -> bool {
        self.meaning.analysis.actions.iter().any(reads_input)
    }

    /// Claims that something of it may run what gate has on standard input.
    pub(super) fn reads_code(&self) -> bool {
        self.feeds(|action| action.opaque.is_some())
    }

    /// Claims that something of it may take what gate has on standard input as instructions: SQL, a patch, a manifest, names to act on.
    pub(super) fn is_instructed_by_input(&self, policy: &Policy) -> bool {
        self.feeds(|action| is_instructed(action, policy))
    }

    /// Claims that what gate has on standard input may come to one of `these`, by itself or through a pipeline.
    fn feeds(&self, these: impl Fn(&Action) -> bool) -> bool {
        let actions = &self.meaning.analysis.actions;
        let comes_to = |action| {
            let earlier = |action: &&Action| action.upstream.and_then(|index| actions.get(index));
            std::iter::successors(Some(action), earlier).take(actions.len()).any(reads_input)
        };
        actions.iter().any(|action| these(action) && comes_to(action))
    }

    /// Returns what to do instead, in the words of the rules that hold it back.
    pub fn instead(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.restricting().filter_map(|hit| hit.instead.as_deref()).collect();
        all.dedup();
        all
    }

    /// Returns the ids of all rules that spoke, strictest first, each once.
    pub(super) fn rule_ids(&self) -> Vec<String> {
        let allowing = self.judgement.hits().filter(|hit| hit.verdict == Verdict::Allow);
        let mut ids: Vec<String> = Vec::new();
        for hit in self.restricting().chain(allowing) {
            if !ids.contains(&hit.rule) {
                ids.push(hit.rule.clone());
            }
        }
        ids
    }

    /// Returns the rules that ask, for the card: each once, with every place it speaks of.
    pub(super) fn asked_by(&self) -> Vec<AskedBy> {
        self.restricting()
            .map(|hit| AskedBy {
                rule: hit.rule.clone(),
                risk: hit.risk,
                reason: hit.reason.clone(),
                instead: hit.instead.clone(),
                spans: self.judgement.hits().filter(|one| one.rule == hit.rule).map(|one| one.span).collect(),
            })
            .collect()
    }

    /// Returns the actions, for the card.
    pub(super) fn asked_actions(&self) -> Vec<AskedAction> {
        let analysis = &self.meaning.analysis;
        analysis.actions.iter().map(|action| AskedAction::of(action, &analysis.text)).collect()
    }

    /// Returns the most that a grant may cover of what was judged for `cwd`: never what the floor speaks of; for a rule only what
    /// gate has read whole, what rules and not the default ask about for certain, and what runs here as this user.
    pub(super) fn reach(&self, cwd: &Path) -> Reach {
        if self.judgement.hits().any(|hit| hit.floor && hit.verdict > Verdict::Allow) {
            return Reach::Once;
        }
        let actions = self.judgement.actions.iter().zip(&self.meaning.analysis.actions);
        let is_plain = |action: &Action| {
            action.opaque.is_none()
                && action.scope == Scope::Local
                && !action.as_root
                && action.cwd == Place::Known(cwd.to_owned())
        };
        let is_ruled = |judged: &policy::Judged| {
            let mut asking = judged.hits.iter().filter(|hit| hit.verdict > Verdict::Allow).peekable();
            asking.peek().is_some() && asking.all(|hit| hit.is_certain)
        };
        let mut asked = actions.filter(|(judged, _)| judged.verdict > Verdict::Allow).peekable();
        let is_clear = asked.peek().is_some()
            && asked.all(|(judged, action)| is_plain(action) && is_ruled(judged))
            && self.judgement.risk < Risk::Critical;
        if is_clear { Reach::Rule } else { Reach::Exact }
    }

    /// Returns the labels, for the card: what reads so is shown, proven or not.
    pub(super) fn labels(&self) -> Vec<RequestLabel> {
        let apparent = self.judgement.labels.iter().filter(|label| label.how.apparent != Truth::No);
        let one = |label: Shown<'_>| RequestLabel {
            name: label.name.word().to_owned(),
            value: label.value.to_owned(),
            from: label.from.to_vec(),
        };
        apparent.map(one).collect()
    }

    /// Returns the report's beginning.
    pub(super) fn report(&self) -> Report {
        Report {
            verdict: Some(self.judgement.verdict.word().to_owned()),
            rules: self.rule_ids(),
            reason: Some(self.judgement.reason()),
            instead: self.instead().into_iter().map(str::to_owned).collect(),
            observed: self.is_observed(),
            ..Report::default()
        }
    }
}

/// Claims that an action may read what gate has on standard input: of the shell's own commands those that say so.
fn reads_input(action: &Action) -> bool {
    const READING: [&[u8]; 6] = [b"read", b"mapfile", b"readarray", b"source", b".", b"exec"];
    let is_reading = |name: Vec<u8>| READING.contains(&&name[..]);
    (action.stdin == Stdin::Inherited || is_input_by_name(&action.stdin))
        && (action.opaque.is_some()
            || !(action.builtin || action.function)
            || action.program.as_literal().is_none_or(is_reading))
}

/// Claims that what an action reads from standard input tells it what to do.
fn is_instructed(action: &Action, policy: &Policy) -> bool {
    let entry = policy.program(&action.plain_name());
    entry.is_some_and(|entry| {
        let appends = entry.runs.as_ref().is_some_and(|runs| runs.appends);
        entry.instructed_by_input || appends || exec::is_told_by_input(action, &entry)
    })
}

/// Claims that a redirect names what gate has on standard input.
fn is_input_by_name(stdin: &Stdin) -> bool {
    const NAMES: [&[u8]; 3] = [b"/dev/stdin", b"/dev/fd/0", b"/proc/self/fd/0"];
    let Stdin::File(word) = stdin else { return false };
    word.as_literal().is_some_and(|path| NAMES.contains(&&path[..]))
}
