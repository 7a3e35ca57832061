//! One record of the log: canonical JSON, written once, hashed as it is stored.
//!
//! MUST rules:
//! 1. An entry's bytes are canonical JSON (RFC 8785) and never changed or made again.
//! 2. Secrets are taken out here, before anything is hashed or stored: a [`Draft`] holds the command as it is, an entry never does.
//! 3. What ran stays bound: `argv_hmac` is over the command as it was executed, with the log's own key.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::redact;
use crate::approval::{
    Assurance, Bound, BoundFile, BoundStdin, Decision, Origin, Outcome, Request, RequestId, Requester, Sworn,
    Wrapping, command_value,
};
use crate::canonical;
use crate::command::{Command, Source};
use crate::digest::Digest;
use crate::moment::Moment;
use crate::policy::{Mode, Risk};

/// An action's text beyond this is cut in the entry, and the cut is said; `argv_hmac` covers all of it.
const SHOWN: usize = 64 << 10;

/// The policy an entry rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyUse {
    pub version: u32,
    pub sha256: Digest,
    /// The ids of the rules that spoke.
    pub rules: Vec<String>,
}

/// What an entry says that is not known from its place in the log.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: Kind,
    /// Who acts: a requester, an approver or gate itself.
    pub actor: Actor,
    pub on_behalf_of: Option<String>,
    pub src: Option<Src>,
    /// The command as it is; the entry gets it redacted.
    pub command: Option<Command>,
    /// The envelope that an agent put around it: the entry shows what is inside.
    pub wrapping: Option<Wrapping>,
    /// The digests of what was bound to it.
    pub bound: Option<Bound>,
    pub data: Map<String, Value>,
    pub risk: Option<Risk>,
    pub policy: Option<PolicyUse>,
    pub request: Option<RequestId>,
    /// Whether the verdict was carried out or only noted.
    pub mode: Mode,
    pub decision: Option<Decision>,
    /// What somebody has sworn, with its worth: it stands where a decision stands.
    pub sworn: Option<(Sworn, Assurance)>,
    /// Approvals so far, and how many are needed.
    pub quorum: Option<(u32, u32)>,
    pub outcome: Option<(Outcome, Duration)>,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `human`, `agent`, `ci`, `approver` or `gate`.
    pub kind: String,
    pub id: String,
    pub uid: u32,
    /// How that is known: `uid`, `tty`, `asserted`.
    pub auth: String,
}

/// Where it acts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Src {
    pub pid: u32,
    pub ppid: u32,
    pub tty: Option<String>,
    pub cwd: Option<PathBuf>,
}

impl Draft {
    /// Returns a draft with the actor and place of a requester, and nothing else.
    pub fn new(kind: Kind, requester: &Requester, origin: &Origin) -> Draft {
        let auth = if requester.asserted.is_empty() { "uid" } else { "asserted" };
        Draft {
            actor: Actor {
                kind: requester.kind.name().to_owned(),
                id: requester.name.clone(),
                uid: requester.uid,
                auth: auth.to_owned(),
            },
            on_behalf_of: requester.on_behalf_of.clone(),
            src: Some(Src { pid: origin.pid, ppid: origin.ppid, tty: origin.tty.clone(), cwd: None }),
            ..Draft::by_gate(kind)
        }
    }

    /// Returns a draft of something that gate does by itself.
    pub fn by_gate(kind: Kind) -> Draft {
        Draft {
            kind,
            actor: Actor { kind: "gate".to_owned(), id: "gate".to_owned(), uid: 0, auth: "uid".to_owned() },
            on_behalf_of: None,
            src: None,
            command: None,
            wrapping: None,
            bound: None,
            data: Map::new(),
            risk: None,
            policy: None,
            request: None,
            mode: Mode::Enforce,
            decision: None,
            sworn: None,
            quorum: None,
            outcome: None,
        }
    }

    /// Returns a draft about `request`, with the requester as the actor.
    pub fn about(kind: Kind, request: &Request) -> Draft {
        let mut draft = Draft::new(kind, &request.ask.requester, &request.ask.origin);
        draft.request = Some(request.id);
        draft.set("content", request.content.digest().to_string());
        draft.set("digest", request.digest().to_string());
        draft.set("state", request.state().name());
        draft
    }

    /// Puts a fact into `data`.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.data.insert(name.to_owned(), value.into());
    }
}

/// What the store adds to a draft, without looking at what is in the log.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The log's id.
    pub log: &'a str,
    /// This entry's own id.
    pub id: &'a str,
    pub now: Moment,
    pub host: &'a str,
}

/// An entry that has no place in its log yet: its bytes around the two members that say where it stands.
#[derive(Clone, Debug)]
pub struct Unplaced {
    before: Vec<u8>,
    between: Vec<u8>,
    after: Vec<u8>,
}

impl Unplaced {
    /// Returns the entry that `draft` makes; `hmac` is keyed by the log.
    pub fn new(draft: &Draft, header: &Header<'_>, hmac: impl Fn(&[u8]) -> Digest) -> Unplaced {
        // RFC 8785 sorts members by their names: these stand before `prev`, between it and `seq`, and behind that.
        let mut maps = [Map::new(), Map::new(), Map::new()];
        for (name, value) in members(draft, header, hmac) {
            if !value.is_null() {
                maps[usize::from(name > "prev") + usize::from(name > "seq")].insert(name.to_owned(), value);
            }
        }
        let [before, between, after] = maps.map(inner);
        Unplaced {
            before: [b"{", before.as_slice(), b"\"prev\":\""].concat(),
            between: [b"\",", between.as_slice(), b"\"seq\":"].concat(),
            after: [b",", after.strip_suffix(b",").unwrap_or_default(), b"}"].concat(),
        }
    }

    /// Returns its bytes as number `seq` behind the entry whose leaf is `prev`: zeros for the first.
    pub fn at(&self, seq: u64, prev: Digest) -> Vec<u8> {
        let (prev, seq) = (prev.to_string(), canonical::to_bytes(&Value::from(seq)));
        [&self.before, prev.as_bytes(), &self.between, &seq, &self.after].concat()
    }
}

/// Returns the members of an object in canonical form, each with a comma behind it.
fn inner(map: Map<String, Value>) -> Vec<u8> {
    let is_empty = map.is_empty();
    let mut bytes = canonical::to_bytes(&Value::Object(map));
    bytes.pop();
    bytes.remove(0);
    if !is_empty {
        bytes.push(b',');
    }
    bytes
}

/// Returns all that an entry says but `prev` and `seq`; what is null is left out.
fn members(
    draft: &Draft,
    header: &Header<'_>,
    hmac: impl Fn(&[u8]) -> Digest,
) -> [(&'static str, Value); 22] {
    let mut redactions = Vec::new();
    let source = draft.src.as_ref().map_or(Value::Null, |src| source(src, draft.command.as_ref()));
    let action = action(draft, &hmac, &mut redactions);
    let data = data(&draft.data, &mut redactions);
    let decision = draft.decision.as_ref().map(|given| answered(given, &mut redactions));
    let decision = decision.or_else(|| draft.sworn.as_ref().map(sworn)).unwrap_or(Value::Null);
    [
        ("v", json!(1)),
        ("log", json!(header.log)),
        ("type", json!(draft.kind.name())),
        ("id", json!(header.id)),
        ("ts", json!(header.now.rfc3339())),
        ("mono_ns", json!(header.now.boot_ns.to_string())),
        ("boot_id", json!(header.now.boot.to_string())),
        ("host", json!(header.host)),
        ("actor", actor(&draft.actor)),
        ("on_behalf_of", json!(draft.on_behalf_of)),
        ("src", source),
        ("action", action),
        ("data", data),
        ("risk", json!(draft.risk)),
        ("policy", draft.policy.as_ref().map_or(Value::Null, policy)),
        ("request", json!(draft.request)),
        ("mode", json!(if draft.mode == Mode::Enforce { "enforced" } else { "observed" })),
        ("decision", decision),
        ("quorum", draft.quorum.map_or(Value::Null, |(have, need)| json!({ "have": have, "need": need }))),
        ("outcome", draft.outcome.as_ref().map_or(Value::Null, |(outcome, took)| ended(outcome, *took))),
        ("gate", json!({ "version": env!("CARGO_PKG_VERSION") })),
        ("redactions", if redactions.is_empty() { Value::Null } else { Value::from(redactions) }),
    ]
}

fn actor(actor: &Actor) -> Value {
    json!({ "kind": actor.kind, "id": actor.id, "uid": actor.uid, "auth": actor.auth })
}

fn source(src: &Src, command: Option<&Command>) -> Value {
    let cwd = src.cwd.as_deref().or(command.map(|command| command.cwd.as_path()));
    let mut map = Map::new();
    map.insert("pid".to_owned(), json!(src.pid));
    map.insert("ppid".to_owned(), json!(src.ppid));
    if let Some(tty) = &src.tty {
        map.insert("tty".to_owned(), json!(tty));
    }
    if let Some(cwd) = cwd {
        map.insert("cwd".to_owned(), crate::approval::path_value(cwd));
    }
    Value::Object(map)
}

fn action(draft: &Draft, hmac: impl Fn(&[u8]) -> Digest, redactions: &mut Vec<Value>) -> Value {
    let Some(command) = &draft.command else { return Value::Null };
    let executed = canonical::to_bytes(&command_value(command));
    let mut map = Map::new();
    map.insert("argv_hmac".to_owned(), json!(hmac(&executed).to_string()));
    match &command.source {
        Source::Argv(words) => {
            map.insert("argv".to_owned(), shown_words(words, "action.argv", redactions));
        }
        Source::Script { dialect, options, text, args } => {
            map.insert("dialect".to_owned(), json!(crate::approval::dialect_name(*dialect)));
            map.insert("options".to_owned(), words_value(options));
            let shown =
                draft.wrapping.as_ref().and_then(|wrapping| wrapping.inner.as_deref()).unwrap_or(text);
            map.insert("script".to_owned(), shown_text(shown, "action.script", redactions));
            if let Some(wrapping) = &draft.wrapping {
                map.insert("envelope".to_owned(), envelope(wrapping, text, redactions));
            }
            map.insert("args".to_owned(), shown_words(args, "action.args", redactions));
            if shown.len() > SHOWN {
                map.insert("script_bytes".to_owned(), json!(shown.len()));
            }
        }
    }
    if let Some(bound) = &draft.bound {
        map.insert("exe".to_owned(), bound.programs.iter().map(exe).collect());
        map.insert(
            "env".to_owned(),
            bound.env.iter().map(|(name, value)| variable(name, value.as_ref())).collect(),
        );
        map.insert("stdin".to_owned(), stdin(&bound.stdin));
    }
    Value::Object(map)
}

/// What stands around the script: before and behind the word that holds it, so that the whole can be put together again.
fn envelope(wrapping: &Wrapping, whole: &[u8], redactions: &mut Vec<Value>) -> Value {
    let mut map = Map::new();
    map.insert("agent".to_owned(), json!(wrapping.agent));
    map.insert("shape".to_owned(), json!(wrapping.shape));
    if let Some((before, rest)) = wrapping.within.and_then(|(start, _)| whole.split_at_checked(start))
        && let Some((word, after)) =
            wrapping.within.and_then(|(start, end)| rest.split_at_checked(end - start))
    {
        let quotes = match word.first() {
            Some(b'\'') => "single",
            Some(b'"') => "double",
            Some(_) if Some(word) == wrapping.inner.as_deref() => "none",
            _ => "backslash",
        };
        map.insert("before".to_owned(), shown_text(before, "action.envelope.before", redactions));
        map.insert("quotes".to_owned(), json!(quotes));
        map.insert("after".to_owned(), shown_text(after, "action.envelope.after", redactions));
    }
    Value::Object(map)
}

fn words_value(words: &[Vec<u8>]) -> Value {
    words.iter().map(|word| canonical::from_raw(word)).collect()
}

/// Returns the words redacted, cut after [`SHOWN`] bytes; the cut is the last word and says how many are missing.
fn shown_words(words: &[Vec<u8>], at: &str, redactions: &mut Vec<Value>) -> Value {
    let mut room = SHOWN;
    let fits = words.iter().take_while(|word| {
        let before = room;
        room = room.saturating_sub(word.len() + 1);
        before > word.len()
    });
    let fits = fits.count();
    let redacted = redact::words(&words[..fits], redact::Depth::Record);
    for mark in redacted.marks {
        redactions.push(json!({ "at": format!("{at}[{}]", mark.word), "kind": mark.kind.name() }));
    }
    let mut shown: Vec<Value> = redacted.words.iter().map(|word| canonical::from_raw(word)).collect();
    if fits < words.len() {
        shown.push(Value::from(format!("[cut: {} more words]", words.len() - fits)));
        redactions.push(json!({ "at": format!("{at}[{fits}]"), "kind": "cut" }));
    }
    Value::from(shown)
}

fn shown_text(text: &[u8], at: &str, redactions: &mut Vec<Value>) -> Value {
    let cut = &text[..text.len().min(SHOWN)];
    let (shown, kinds) = redact::text(cut, redact::Depth::Record);
    for kind in kinds {
        redactions.push(json!({ "at": at, "kind": kind.name() }));
    }
    if cut.len() < text.len() {
        redactions.push(json!({ "at": at, "kind": "cut" }));
    }
    canonical::from_raw(&shown)
}

fn data(given: &Map<String, Value>, redactions: &mut Vec<Value>) -> Value {
    if given.is_empty() {
        return Value::Null;
    }
    let cleaned =
        given.iter().map(|(name, value)| (name.clone(), clean(value, &format!("data.{name}"), redactions)));
    Value::Object(cleaned.collect())
}

/// Takes secrets out of every text in `value`.
fn clean(value: &Value, at: &str, redactions: &mut Vec<Value>) -> Value {
    match value {
        Value::String(text) if Digest::from_hex(text).is_none() => {
            shown_text(text.as_bytes(), at, redactions)
        }
        Value::Array(items) => items.iter().map(|item| clean(item, at, redactions)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, item)| (name.clone(), clean(item, &format!("{at}.{name}"), redactions)))
            .collect(),
        other => other.clone(),
    }
}

fn policy(used: &PolicyUse) -> Value {
    json!({ "version": used.version, "sha256": used.sha256.to_string(), "rules": used.rules })
}

/// Returns an answer as it stands in an entry.
pub fn decision(given: &Decision) -> Value {
    answered(given, &mut Vec::new())
}

fn answered(given: &Decision, redactions: &mut Vec<Value>) -> Value {
    let comment =
        given.comment.as_ref().map(|text| shown_text(text.as_bytes(), "decision.comment", redactions));
    let mut members = given.members();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("tty", json!(given.approver.tty));
    put("assurance", json!(given.assurance));
    put("comment", json!(comment));
    if let Some(signature) = &given.signature {
        put("signature", json!(signature));
    }
    Value::Object(members)
}

fn sworn((sworn, assurance): &(Sworn, Assurance)) -> Value {
    let mut members = sworn.members.clone();
    members.insert("assurance".to_owned(), json!(assurance));
    if let Some(signature) = &sworn.signature {
        members.insert("signature".to_owned(), json!(signature));
    }
    Value::Object(members)
}

fn ended(outcome: &Outcome, took: Duration) -> Value {
    let us = u64::try_from(took.as_micros()).unwrap_or(canonical::MAX_INTEGER).min(canonical::MAX_INTEGER);
    match outcome {
        Outcome::Exited(code) => json!({ "exit": code, "duration_us": us }),
        Outcome::Signalled(signal) => json!({ "signal": signal, "duration_us": us }),
        Outcome::NotStarted(error) => json!({ "error": error, "duration_us": us }),
        Outcome::Handed => json!({ "handed": true, "duration_us": us }),
    }
}

fn exe(file: &BoundFile) -> Value {
    let sha256 = file.found.as_ref().and_then(|found| found.sha256).map(|digest| digest.to_string());
    json!({ "path": crate::approval::path_value(&file.path), "sha256": sha256 })
}

fn variable(name: &str, value: Option<&Digest>) -> Value {
    json!({ "name": name, "commitment": value.map(ToString::to_string) })
}

fn stdin(stdin: &BoundStdin) -> Value {
    match stdin {
        BoundStdin::Terminal => json!("terminal"),
        BoundStdin::Empty => json!("empty"),
        BoundStdin::File(found) => json!({ "sha256": found.sha256.map(|digest| digest.to_string()) }),
        BoundStdin::Bytes { size, commitment } => {
            json!({ "size": size.to_string(), "commitment": commitment.to_string() })
        }
        BoundStdin::Stream => json!("stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{ask, at, request};

    #[track_caller]
    fn case(draft: &Draft, seq: u64) {
        let header = Header { log: "00ff", id: "a1", now: at(7), host: "box\"," };
        let prev = Digest::of(b"before");
        let found = Unplaced::new(draft, &header, Digest::of).at(seq, prev);
        let value: Value = serde_json::from_slice(&found).unwrap();
        assert_eq!((&value["seq"], &value["prev"]), (&json!(seq), &json!(prev.to_string())));
        assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(&canonical::to_bytes(&value)));
    }

    #[test]
    fn entry_that_is_placed_later_is_canonical_as_a_whole() {
        let mut draft = Draft::by_gate(Kind::Genesis);
        case(&draft, 1);
        draft.set("seq", "{\"prev\":\"}");
        case(&draft, 1_000_000);
        let request = request(ask("git.force-push"));
        let mut draft = Draft::about(Kind::Request, &request);
        draft.command = Some(request.command().clone());
        case(&draft, canonical::MAX_INTEGER);
        draft.set("password", "token=ghp_0123456789abcdefghijABCDEFGHIJ012345");
        case(&draft, 2);
    }
}
