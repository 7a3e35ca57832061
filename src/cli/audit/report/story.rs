//! The entries about one command, put together: who asked for it, what was decided, and how it ended.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::approval::Prefix;
use crate::canonical;
use crate::command::{quoted, visible, visible_lines};

/// What became of one command. Its texts are without secrets and with nothing invisible, and not yet fit for a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Story {
    /// When it was asked for.
    pub(super) at: String,
    /// The request's id, where a person was asked.
    pub(super) request: Option<String>,
    pub(super) command: String,
    /// `ci github-actions`, and for whom.
    pub(super) requester: String,
    pub(super) on_behalf_of: Option<String>,
    pub(super) verdict: String,
    pub(super) risk: String,
    pub(super) rules: Vec<String>,
    pub(super) reason: Option<String>,
    pub(super) ticket: Option<String>,
    /// `approve by mara (tty) at 2026-11-21T09:00:00Z: go ahead`, one each.
    pub(super) decisions: Vec<String>,
    pub(super) outcome: String,
    /// When something last happened to it.
    #[serde(skip)]
    last: String,
}

/// All of them, in the order they were asked for.
#[derive(Debug, Default)]
pub(super) struct Stories {
    pub(super) all: Vec<Story>,
    /// The number of the last entry that was read, and its leaf.
    pub(super) head: Option<(u64, String)>,
    since: Option<String>,
    /// Which story a request, a judgement or a start belongs to.
    requests: HashMap<String, usize>,
    judged: Option<(u64, usize)>,
    starts: HashMap<u64, usize>,
}

impl Stories {
    /// Returns no stories yet; those that ended before `since` are left out.
    pub(super) fn since(since: Option<String>) -> Stories {
        Stories { since, ..Stories::default() }
    }

    /// Takes the next entry of the log.
    pub(super) fn add(&mut self, entry: &Value) {
        let Some(at) = self.story(entry) else { return };
        let story = &mut self.all[at];
        story.last = text(&entry["ts"]);
        match entry["type"].as_str().unwrap_or_default() {
            "request" => story.asked(&text(&entry["data"]["change"])),
            "decision" | "decision.refused" => story.decided(entry),
            "request.expired" => story.outcome = "not run: expired".to_owned(),
            "request.cancelled" => story.outcome = "not run: cancelled".to_owned(),
            "request.invalidated" => {
                story.outcome = format!("not run: no longer valid ({})", text(&entry["data"]["why"]));
            }
            "exec.start" => story.outcome = "started; its end is not recorded".to_owned(),
            "exec.end" => story.outcome = outcome(&entry["outcome"]),
            "exec.lost" => story.outcome = "started; how it ended is unknown".to_owned(),
            _ => {}
        }
    }

    /// Returns the story that the entry goes on with, or begins.
    fn story(&mut self, entry: &Value) -> Option<usize> {
        let seq = entry["seq"].as_u64().unwrap_or(0);
        let known = match (entry["type"].as_str()?, entry["request"].as_str()) {
            ("judged", _) => {
                let at = self.begin(entry);
                self.judged = at.map(|at| (seq, at));
                return at;
            }
            ("request", Some(id)) if entry["data"]["change"] == "created" => {
                let at = self.begin(entry)?;
                self.requests.insert(id.to_owned(), at);
                return Some(at);
            }
            (_, Some(id)) => self.requests.get(id).copied(),
            // What the policy lets run starts in the entry after its judgement.
            ("exec.start", None) => self.judged.filter(|(judged, _)| judged + 1 == seq).map(|(_, at)| at),
            ("exec.end" | "exec.lost", None) => {
                entry["data"]["start"].as_u64().and_then(|start| self.starts.remove(&start))
            }
            _ => None,
        };
        if entry["type"] == "exec.start" {
            self.starts.extend(known.map(|at| (seq, at)));
        }
        known
    }

    fn begin(&mut self, entry: &Value) -> Option<usize> {
        let is_judged = entry["type"] == "judged";
        let is_old = self.since.as_deref().is_some_and(|since| text(&entry["ts"]).as_str() < since);
        // A request may be decided long after it was made; what was only judged is over at once.
        if is_judged && is_old {
            return None;
        }
        self.all.push(Story::of(entry));
        Some(self.all.len() - 1)
    }

    /// Leaves those only that are young enough, and about the request that is meant.
    pub(super) fn finish(&mut self, prefix: Option<&Prefix>) {
        let since = self.since.take();
        self.all.retain(|story| {
            let is_young = since.as_deref().is_none_or(|since| story.last.as_str() >= since);
            let id = story.request.as_deref().map(|id| id.replace('-', ""));
            let is_meant =
                prefix.is_none_or(|prefix| id.as_deref().is_some_and(|id| id.starts_with(prefix.as_str())));
            is_young && is_meant
        });
    }

    /// Returns them as one JSON object.
    pub(super) fn json(&self) -> String {
        let (entries, head) = self.head.clone().unzip();
        json!({ "commands": self.all, "entries": entries.unwrap_or(0), "head": head }).to_string()
    }
}

impl Story {
    fn of(entry: &Value) -> Story {
        let data = &entry["data"];
        let given = |value: &Value| Some(text(value)).filter(|text| !text.is_empty());
        let rules = entry["policy"]["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        let request = given(&entry["request"]);
        let verdict = if request.is_some() { "ask".to_owned() } else { text(&data["verdict"]) };
        let verdict = match given(&data["inside"]) {
            Some(id) => format!("{verdict}, inside {id}"),
            None => verdict,
        };
        let verdict = match given(&data["break_glass"]) {
            Some(name) => format!("{verdict}, break-glass {name}"),
            None => verdict,
        };
        let is_observed = entry["mode"] == "observed";
        let outcome = match given(&data["not_started"]) {
            Some(why) => format!("not run: {why}"),
            None if request.is_some() => "not run: no decision".to_owned(),
            None => "not run: refused".to_owned(),
        };
        Story {
            at: text(&entry["ts"]),
            request,
            command: command(&entry["action"]),
            requester: format!("{} {}", text(&entry["actor"]["kind"]), text(&entry["actor"]["id"])),
            on_behalf_of: given(&entry["on_behalf_of"]),
            verdict: if is_observed { format!("{verdict}, only observed") } else { verdict },
            risk: text(&entry["risk"]),
            rules: rules.iter().map(text).collect(),
            reason: given(&data["reason"]),
            ticket: given(&data["ticket"]),
            decisions: Vec::new(),
            outcome,
            last: String::new(),
        }
    }

    fn asked(&mut self, change: &str) {
        if change == "parked" && self.outcome.starts_with("not run: no decision") {
            self.outcome = "not run: no decision yet, parked".to_owned();
        }
    }

    fn decided(&mut self, entry: &Value) {
        let decision = &entry["decision"];
        let comment = Some(text(&decision["comment"])).filter(|comment| !comment.is_empty());
        let comment = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
        let (answer, by, at) = (text(&decision["answer"]), text(&decision["approver"]), text(&entry["ts"]));
        let is_refused = entry["type"] == "decision.refused";
        let refused = is_refused.then(|| format!(" (does not count: {})", text(&entry["data"]["why"])));
        let auth = text(&entry["actor"]["auth"]);
        self.decisions
            .push(format!("{answer} by {by} ({auth}) at {at}{comment}{}", refused.unwrap_or_default()));
        match (is_refused, answer.as_str()) {
            (false, "reject") => self.outcome = "not run: rejected".to_owned(),
            (false, "approve") => self.outcome = "not run yet: approved".to_owned(),
            _ => {}
        }
    }
}

/// Returns a text of an entry with nothing invisible in it.
fn text(value: &Value) -> String {
    visible(&canonical::to_raw(value).unwrap_or_default())
}

/// Returns the command as it was recorded, without its secrets; a script keeps its lines.
fn command(action: &Value) -> String {
    if let Some(script) = canonical::to_raw(&action["script"]) {
        return visible_lines(&script);
    }
    let words = action["argv"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words: Vec<Vec<u8>> =
        words.iter().map(|word| quoted(&canonical::to_raw(word).unwrap_or_default())).collect();
    visible(&words.join(&b' '))
}

fn outcome(outcome: &Value) -> String {
    let took = outcome["duration_us"].as_u64().unwrap_or(0) as f64 / 1e6;
    match (&outcome["exit"], &outcome["signal"], &outcome["error"]) {
        (Value::Number(code), _, _) => format!("ran: exit code {code} after {took:.1} s"),
        (_, Value::Number(signal), _) => format!("ran: ended by signal {signal} after {took:.1} s"),
        (_, _, error) => format!("not run: could not be started: {}", text(error)),
    }
}
