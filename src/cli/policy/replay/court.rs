//! Judging commands of the past: the policy of each one's directory, and no work twice.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::Timestamp;

use super::Past;
use crate::approval::command_value;
use crate::canonical;
use crate::channel::cut;
use crate::command::visible;
use crate::config::Config;
use crate::digest::Digest;
use crate::exec::Host;
use crate::policy::{Circumstances, Judgement, LayerText, Mode, Policy, Verdict, judge};
use crate::shell::{Analysis, analyse};

/// How many judgements are remembered. When there are more, everything is forgotten, what was learned of the machine included.
const REMEMBERED: usize = 20_000;

/// How many directories and policies are remembered.
const PLACES: usize = 1_000;

/// How many columns of a reason are kept: one may name a path of the requester's choice.
const REASON: usize = 160;

/// What the policy says of one command.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    /// The floor's verdict: what counts in observe mode.
    pub(super) floor: Verdict,
    /// What decided that it is held back, each rule once; empty for an `allow`.
    pub(super) held: Vec<Held>,
    /// What makes it the same command as another: its text, its directory, and who asks.
    pub(super) id: Digest,
}

/// Why a command is held back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) verdict: Verdict,
    /// The rule's id, or `default`.
    pub(super) rule: String,
    /// Cut, with nothing invisible in it.
    pub(super) reason: String,
}

/// A policy, and the machine as it is judged under it.
struct Bench {
    layers: Vec<LayerText>,
    policy: Policy,
    host: Host,
    asks_the_time: bool,
}

/// A directory as it is today.
struct Venue {
    bench: Result<Rc<Bench>, Rc<str>>,
    gone: bool,
}

/// Judges one command after the other.
pub(super) struct Court<'a> {
    config: &'a Config,
    /// What stands in for the user's own file, if anything does.
    given: Option<Vec<LayerText>>,
    now: Timestamp,
    benches: Vec<Rc<Bench>>,
    venues: HashMap<PathBuf, Rc<Venue>>,
    rulings: HashMap<Digest, Rc<Ruling>>,
}

impl<'a> Court<'a> {
    /// Returns the court under the policy in force, or under `given` in the place of the user's own file.
    ///
    /// # Errors
    /// That policy is wrong, whatever directory a command was in.
    pub(super) fn new(
        config: &'a Config,
        given: Option<Vec<LayerText>>,
        now: Timestamp,
    ) -> anyhow::Result<Court<'a>> {
        let mut court = Court {
            config,
            given,
            now,
            benches: Vec::new(),
            venues: HashMap::new(),
            rulings: HashMap::new(),
        };
        court.bench(Path::new("/"))?;
        Ok(court)
    }

    /// Returns the mode of the policy, projects' files aside: they cannot change it.
    pub(super) fn mode(&self) -> Mode {
        self.benches.first().map_or(Mode::Enforce, |bench| bench.policy.mode())
    }

    /// Returns what the policy says of `past`, and whether its directory is gone.
    ///
    /// # Errors
    /// The policy of its directory is wrong: there gate would not run anything.
    pub(super) fn judge(&mut self, past: &Past) -> Result<(Rc<Ruling>, bool), Rc<str>> {
        let venue = self.venue(&past.command.cwd);
        let bench = venue.bench.clone()?;
        let now = past.time.unwrap_or(self.now);
        let id = identity(past);
        let key = if bench.asks_the_time { at_minute(id, now) } else { id };
        if let Some(known) = self.rulings.get(&key) {
            return Ok((Rc::clone(known), venue.gone));
        }
        let ruling = Rc::new(bench.rule(past, now, id));
        if self.rulings.len() >= REMEMBERED {
            (self.benches, self.venues, self.rulings) = Default::default();
        }
        self.rulings.insert(key, Rc::clone(&ruling));
        Ok((ruling, venue.gone))
    }

    fn venue(&mut self, dir: &Path) -> Rc<Venue> {
        if let Some(known) = self.venues.get(dir) {
            return Rc::clone(known);
        }
        let bench = self.bench(dir).map_err(|error| visible(format!("{error:#}").as_bytes()).into());
        let venue = Rc::new(Venue { bench, gone: !dir.is_dir() });
        if self.venues.len() >= PLACES {
            self.venues.clear();
        }
        self.venues.insert(dir.to_path_buf(), Rc::clone(&venue));
        venue
    }

    /// Returns the bench for commands in `dir`; most directories share one.
    fn bench(&mut self, dir: &Path) -> anyhow::Result<Rc<Bench>> {
        let layers = self.config.layers_with(self.given.as_deref(), dir)?;
        if let Some(known) = self.benches.iter().find(|bench| bench.layers == layers) {
            return Ok(Rc::clone(known));
        }
        let policy = Policy::from_layers(layers.clone())?;
        let (host, asks_the_time) = (self.config.host_under(&policy).without_input(), policy.asks_the_time());
        let bench = Rc::new(Bench { layers, policy, host, asks_the_time });
        if self.benches.len() >= PLACES {
            self.benches.truncate(1);
        }
        self.benches.push(Rc::clone(&bench));
        Ok(bench)
    }
}

impl Bench {
    fn rule(&self, past: &Past, now: Timestamp, id: Digest) -> Ruling {
        let analysis = analyse(&past.command, &self.host, &self.policy);
        let around = Circumstances {
            requester: &past.requester,
            is_proven: past.is_proven,
            start: &past.command.cwd,
            now,
        };
        let judgement = judge(&analysis, &self.policy, &self.host, &around);
        let floor = judgement.hits().filter(|hit| hit.floor).map(|hit| hit.verdict).max();
        Ruling {
            verdict: judgement.verdict,
            floor: floor.unwrap_or(Verdict::Allow),
            held: held(&analysis, &judgement),
            id,
        }
    }
}

/// Returns what decided that the command is held back, each rule once: of a refused one what refuses it, not what would ask as well.
fn held(analysis: &Analysis, judgement: &Judgement) -> Vec<Held> {
    if judgement.verdict == Verdict::Allow {
        return Vec::new();
    }
    let hits = judgement.hits().filter(|hit| hit.verdict == judgement.verdict);
    let by_rule =
        hits.map(|hit| Held { verdict: hit.verdict, rule: hit.rule.clone(), reason: hit.reason.clone() });
    let silent = analysis.actions.iter().zip(&judgement.actions);
    let silent = silent.filter(|(_, judged)| judged.hits.is_empty() && judged.verdict == judgement.verdict);
    let by_default = silent.map(|(action, judged)| {
        let name = action.program.as_literal().unwrap_or_default();
        let why = judged.because.clone();
        let reason = why.unwrap_or_else(|| format!("no rule speaks of `{}`", String::from_utf8_lossy(&name)));
        Held { verdict: judged.verdict, rule: "default".to_owned(), reason }
    });
    let mut all: Vec<Held> = by_rule.chain(by_default).collect();
    for held in &mut all {
        held.reason = cut(&visible(held.reason.as_bytes()), REASON);
    }
    all.sort();
    all.dedup();
    all
}

fn identity(past: &Past) -> Digest {
    let mut bytes = canonical::to_bytes(&command_value(&past.command));
    bytes.extend_from_slice(past.requester.as_bytes());
    bytes.push(u8::from(past.is_proven));
    Digest::of(&bytes)
}

fn at_minute(id: Digest, now: Timestamp) -> Digest {
    let minute = now.as_second().div_euclid(60);
    Digest::of(&[&id.as_bytes()[..], &minute.to_be_bytes()].concat())
}
