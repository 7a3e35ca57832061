//! What people approved, out of the requests of a log that was verified.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use crate::agent::Stated;
use crate::approval::{Answer, Request, RequestId, Risk, State, Wrapping};
use crate::audit::redact;
use crate::command::Command;
use crate::config::Config;
use crate::exec::Host;
use crate::gate::Meaning;
use crate::policy::{
    Authority, Circumstances, Judgement, LabelName, Policy, Verdict, fact_name, facts_of, glob_matches,
};
use crate::shell::{Action, Place, Programs as _, Word};
use crate::store::{Store, Which};
use crate::world::World as _;

/// The most requests of one command whose ids are kept.
const IDS: usize = 5;

/// The facts that a rule can hold a command to.
const FACTS: [&str; 4] = ["git-branch", "git-remote", "kube-server", "terraform-workspace"];

/// Why approvals of a command make no proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    Rejected,
    Risk,
    Opaque,
    NotPlain,
    Words,
    Secret,
    Files,
    Variables,
    Target,
    Input,
    Unknown,
    NotAsked,
    Layer,
    NoRule,
}

impl Why {
    /// Returns it in words for a person.
    pub(super) fn words(self) -> &'static str {
        match self {
            Why::Rejected => "rejected by somebody at some time",
            Why::Risk => "of high or critical risk",
            Why::Opaque => "not wholly read by gate",
            Why::NotPlain => "more than one plain command",
            Why::Words => "with words that a rule cannot write out, or that are not known before they run",
            Why::Secret => "with what may be a secret",
            Why::Files => "that take instructions from files, whose contents were approved with them",
            Why::Variables => "with variables set that change what they do",
            Why::Target => "whose target is picked by what no rule can hold fast",
            Why::Input => "with a file on standard input",
            Why::Unknown => "of a program that gate does not know, which were given names of files",
            Why::NotAsked => "that today's policy does not ask about, or refuses",
            Why::Layer => "asked about by a layer that the user's own file cannot change",
            Why::NoRule => "that a rule would not let through",
        }
    }
}

/// One command, with everything a rule holds it to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Approvable {
    /// Program and arguments, safe to write in a rule.
    pub(super) words: Vec<String>,
    pub(super) cwd: PathBuf,
    pub(super) facts: BTreeMap<String, String>,
    /// The rules that ask, each once; none where the default does.
    pub(super) rules: Vec<String>,
}

/// Who approved it, how often and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Approvals {
    pub(super) approvers: BTreeMap<String, u64>,
    pub(super) requesters: BTreeSet<String>,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) ids: Vec<RequestId>,
    count: u64,
    /// How often standard input was a stream, which nobody looked into.
    pub(super) streams: u64,
}

impl Approvals {
    /// Returns how many requests were approved.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    fn add(&mut self, request: &Request, is_stream: bool) {
        self.count += 1;
        self.streams += u64::from(is_stream);
        let approve = request.progress.decisions.iter().filter(|decision| decision.answer == Answer::Approve);
        for decision in approve {
            let (name, channel) = (&decision.approver.name, &decision.channel);
            *self.approvers.entry(format!("{name} via {channel}")).or_default() += 1;
        }
        self.requesters.insert(request.ask.requester.label());
        let time = request.progress.approved.and_then(|at| Timestamp::from_microsecond(at.utc_us).ok());
        self.first = self.first.min(time).or(time);
        self.last = self.last.max(time);
        if self.ids.len() < IDS {
            self.ids.push(request.id);
        }
    }
}

/// Everything that was approved.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    approved: BTreeMap<Approvable, Approvals>,
    /// The words of every action of what was rejected.
    rejected: BTreeSet<Vec<String>>,
    /// What was approved and cannot be proposed, by its text and why.
    unfit: BTreeMap<(Why, Vec<u8>), u64>,
}

impl Evidence {
    /// Reads every request; approvals older than `since` do not count, rejections always do.
    ///
    /// # Errors
    /// The log cannot be read, or the policy of a directory is wrong.
    pub(super) fn gather(store: &Store, config: &Config, since: Option<i64>) -> anyhow::Result<Evidence> {
        let mut evidence = Evidence::default();
        let mut benches: BTreeMap<PathBuf, Option<(Policy, Host)>> = BTreeMap::new();
        store.each_request(Which::All, |request| {
            let cwd = request.command().cwd.clone();
            let bench = benches.entry(cwd).or_insert_with_key(|cwd| bench(config, cwd));
            // Where the policy is wrong nothing would run.
            if let Some((policy, host)) = bench {
                evidence.add(&request, &Reading { store, config, policy, host, request: &request }, since);
            }
        })?;
        Ok(evidence)
    }

    fn add(&mut self, request: &Request, reading: &Reading<'_>, since: Option<i64>) {
        let is_rejected = request.progress.decisions.iter().any(|decision| decision.answer == Answer::Reject);
        if is_rejected || matches!(request.state(), State::Rejected | State::Revoked) {
            self.rejected.extend(reading.words_of_all());
            return;
        }
        let is_void = matches!(request.state(), State::Pending | State::Invalidated | State::Cancelled);
        let approved = request.progress.approved.filter(|_| !is_void);
        if approved.is_none_or(|at| since.is_some_and(|since| at.utc_us < since)) {
            return;
        }
        match reading.approvable() {
            Ok((command, is_stream)) => self.approved.entry(command).or_default().add(request, is_stream),
            Err(why) => *self.unfit.entry((why, request.text())).or_default() += 1,
        }
    }

    /// Returns what was approved `at_least` so often and never rejected.
    pub(super) fn often(&self, at_least: u64) -> impl Iterator<Item = (&Approvable, &Approvals)> {
        let often = self.approved.iter().filter(move |(_, approvals)| approvals.count >= at_least);
        often.filter(|(command, _)| !self.rejected.contains(&command.words))
    }

    /// Returns how many commands were approved so often and are not proposed, by why.
    pub(super) fn left_out(&self, at_least: u64) -> BTreeMap<Why, u64> {
        let mut all = BTreeMap::new();
        for ((why, _), _) in self.unfit.iter().filter(|(_, count)| **count >= at_least) {
            *all.entry(*why).or_default() += 1;
        }
        let often = self.approved.iter().filter(|(_, approvals)| approvals.count >= at_least);
        let rejected = often.filter(|(command, _)| self.rejected.contains(&command.words)).count();
        if rejected > 0 {
            all.insert(Why::Rejected, rejected as u64);
        }
        all
    }
}

fn bench(config: &Config, cwd: &Path) -> Option<(Policy, Host)> {
    let policy = Policy::from_layers(config.layers_in(cwd).ok()?).ok()?;
    let host = config.host_under(&policy).without_input();
    Some((policy, host))
}

/// One request, read again today.
struct Reading<'a> {
    store: &'a Store,
    config: &'a Config,
    policy: &'a Policy,
    host: &'a Host,
    request: &'a Request,
}

impl Reading<'_> {
    /// Returns the words of every action that are certain: whoever rejects a script rejects each command in it.
    fn words_of_all(&self) -> Vec<Vec<String>> {
        let (_, meaning) = self.meaning();
        meaning.analysis.actions.iter().filter_map(|action| words(action).ok()).collect()
    }

    fn meaning(&self) -> (Command, Meaning) {
        let command = self.request.command();
        let source = Wrapping::shown(self.request.wrapping(), command);
        let command = Command { source, cwd: command.cwd.clone() };
        let meaning = Meaning::of(&command, self.host, self.policy);
        (command, meaning)
    }

    /// Returns what a rule may hold this approval to, and whether standard input was a stream.
    fn approvable(&self) -> Result<(Approvable, bool), Why> {
        let ask = &self.request.ask;
        if ask.risk >= Risk::High {
            return Err(Why::Risk);
        }
        if ask.actions.iter().any(|action| action.opaque.is_some()) {
            return Err(Why::Opaque);
        }
        let (command, meaning) = self.meaning();
        let [action] = &meaning.analysis.actions[..] else { return Err(Why::NotPlain) };
        if action.opaque.is_some() {
            return Err(Why::Opaque);
        }
        if !is_alone(action) || action.cwd != Place::Known(command.cwd.clone()) {
            return Err(Why::NotPlain);
        }
        let words = words(action)?;
        let content: Value = serde_json::from_slice(self.request.content.json()).unwrap_or_default();
        let is_stream = self.covers_nothing_else(&words, &content)?;
        let facts = facts(&words[0], &content)?;
        let judgement = self.judged(&command, &meaning);
        let rules = asking(&judgement)?;
        Ok((Approvable { words, cwd: command.cwd, facts, rules }, is_stream))
    }

    /// Claims that the approval covered nothing that a rule cannot hold fast; returns whether standard input was a stream.
    fn covers_nothing_else(&self, words: &[String], content: &Value) -> Result<bool, Why> {
        let bytes: Vec<Vec<u8>> = words.iter().map(|word| word.clone().into_bytes()).collect();
        if !redact::words(&bytes, redact::Depth::Record).marks.is_empty() {
            return Err(Why::Secret);
        }
        // A file that was not there is part of what was approved, too.
        let files = content["files"].as_array().ok_or(Why::Files)?;
        if !files
            .iter()
            .all(|file| words[0] == "git" && is_gits_own(file["path"].as_str().unwrap_or_default()))
        {
            return Err(Why::Files);
        }
        let entry = self.policy.program(&words[0]);
        let set = content["env"].as_array().ok_or(Why::Variables)?;
        let is_it = |one: &Value, name: &str| {
            let set = one["name"].as_str().unwrap_or_default();
            glob_matches(name.as_bytes(), set.as_bytes()) && !one["commitment"].is_null()
        };
        let is_set = |name: &str| set.iter().any(|one| is_it(one, name));
        if entry.as_ref().is_some_and(|entry| entry.env.iter().any(|name| is_set(name)))
            || !self.is_at_home(set)
        {
            return Err(Why::Variables);
        }
        if entry.is_none() && words[1..].iter().any(|word| self.could_name_a_file(word)) {
            return Err(Why::Unknown);
        }
        match content["stdin"]["kind"].as_str() {
            Some("empty" | "terminal") => Ok(false),
            Some("stream") => Ok(true),
            _ => Err(Why::Input),
        }
    }

    /// Claims that `HOME` was what the password database says, or not set.
    fn is_at_home(&self, set: &[Value]) -> bool {
        let home = set.iter().find(|one| one["name"] == "HOME").map(|one| &one["commitment"]);
        let Some(home) = home.filter(|commitment| !commitment.is_null()) else { return true };
        let own =
            self.config.user.home.as_ref().map(|home| self.store.hmac(home.as_os_str().as_encoded_bytes()));
        own.is_some_and(|own| *home == own.to_string())
    }

    fn could_name_a_file(&self, word: &str) -> bool {
        let parts = word.split(['=', ':', ',', '@']).chain([word]);
        let dir = &self.request.command().cwd;
        parts
            .filter(|part| !part.is_empty())
            .any(|part| part.contains('/') || self.host.is_there(&dir.join(part)))
    }

    fn judged(&self, command: &Command, meaning: &Meaning) -> Judgement {
        let (host, user) = (self.host, &self.config.user);
        let requester = crate::agent::detect(host, &Stated::default(), user.uid, &user.name).label();
        let around = Circumstances {
            requester: &requester,
            is_proven: false,
            start: &command.cwd,
            now: Timestamp::now(),
        };
        meaning.judged(host, self.policy, &around)
    }
}

/// Claims that nothing is around the command: what [`crate::policy`] asks of `exactly`, said earlier for the report.
fn is_alone(action: &Action) -> bool {
    action.redirects.is_empty()
        && action.upstream.is_none()
        && action.downstream.is_none()
        && action.assignments.is_empty()
        && action.inside.is_empty()
        && !action.builtin
        && !action.function
        && !action.as_root
}

/// Returns the words of an action, all of them certain and of signs that mean nothing to a shell, a glob or a reader.
fn words(action: &Action) -> Result<Vec<String>, Why> {
    let plain = |word: &Word| {
        let word = String::from_utf8(word.as_literal()?).ok()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
        (!word.is_empty() && word.chars().all(is_plain)).then_some(word)
    };
    let all = std::iter::once(&action.program).chain(&action.args);
    let words = all.map(plain).collect::<Option<Vec<String>>>().ok_or(Why::Words)?;
    if words[0].contains('/') { Err(Why::Words) } else { Ok(words) }
}

/// Returns the facts that picked the target, all of those that could.
fn facts(program: &str, content: &Value) -> Result<BTreeMap<String, String>, Why> {
    let found = content["facts"].as_array().ok_or(Why::Target)?;
    let text = |one: &Value, key: &str| one[key].as_str().map(str::to_owned);
    let found: Option<BTreeMap<String, String>> =
        found.iter().map(|one| Some((text(one, "name")?, text(one, "value")?))).collect();
    let found = found.ok_or(Why::Target)?;
    let can_hold = |name: &&str| FACTS.contains(name) && found.contains_key(*name);
    let is_whole = facts_of(program).iter().all(|fact| can_hold(&fact_name(*fact)))
        && found.keys().all(|name| can_hold(&name.as_str()));
    let is_plain = found.values().all(|value| value.chars().all(|c| c.is_ascii_graphic()));
    if is_whole && is_plain { Ok(found) } else { Err(Why::Target) }
}

/// Claims that a file holds git's settings for a repository: what writes to one is asked about (`later.git-hooks`).
fn is_gits_own(path: &str) -> bool {
    path.ends_with("/.git/config")
        || path.contains("/.git/hooks/")
        || path.ends_with("/.gitattributes")
        || path.ends_with("/.gitmodules")
}

/// Returns the rules that ask today, each once; none where the default does.
fn asking(judgement: &Judgement) -> Result<Vec<String>, Why> {
    if judgement.verdict != Verdict::Ask {
        return Err(Why::NotAsked);
    }
    if judgement.risk >= Risk::High {
        return Err(Why::Risk);
    }
    let picks = [LabelName::Environment, LabelName::Region];
    if judgement.labels.iter().any(|label| picks.contains(&label.name)) {
        return Err(Why::Target);
    }
    let strict: Vec<_> = judgement.hits().filter(|hit| hit.verdict > Verdict::Allow).collect();
    let can_change = |authority| matches!(authority, Authority::BuiltIn | Authority::User);
    if strict.iter().any(|hit| hit.floor || !can_change(hit.authority)) {
        return Err(Why::Layer);
    }
    if strict.iter().any(|hit| !hit.is_certain || hit.rule.starts_with("env.")) {
        return Err(Why::Words);
    }
    let rules: BTreeSet<String> = strict.iter().map(|hit| hit.rule.clone()).collect();
    Ok(rules.into_iter().collect())
}
