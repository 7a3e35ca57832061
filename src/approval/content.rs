//! What would run, as one canonical JSON text and its digest C.
//!
//! The edge gathers the facts ([`Bound`]); this module only writes them down. Two commands with the same C are the same
//! command: joining, resuming and the check before the start compare it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::canonical::{self, Raw, Text};
use crate::command::{Command, Dialect, Source, joined, visible};
use crate::digest::Digest;

const DOMAIN: &[u8] = b"gate-content-v1\n";

/// A file that is part of what is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundFile {
    /// How the command names it (`git`, `Makefile`).
    pub name: Vec<u8>,
    /// Its absolute path with symbolic links resolved.
    pub path: PathBuf,
    /// What lies there, or `None` where nothing readable does: then that is what is approved.
    pub found: Option<FileIdentity>,
}

/// What tells a file from any other, and from its own earlier contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    pub device: u64,
    pub inode: u64,
    pub size: u64,
    /// The digest of its contents, or `None` where they were too large or not to be read: then it is not covered, and the card says so.
    pub sha256: Option<Digest>,
}

/// A directory that is part of what is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundDirectory {
    pub path: PathBuf,
    pub device: u64,
    pub inode: u64,
}

/// What a command finds on standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundStdin {
    /// A terminal: the person in front of it types.
    Terminal,
    /// Nothing: closed, or `/dev/null`.
    Empty,
    /// A regular file.
    File(FileIdentity),
    /// What a pipe or a socket held, read to its end, with a commitment to it (`Store::hmac`).
    Bytes { size: u64, commitment: Digest },
    /// A pipe, a socket or a device: its bytes are not covered.
    Stream,
}

/// The facts that are bound into a command's content beside its own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The programs its actions run, in order.
    pub programs: Vec<BoundFile>,
    pub cwd: BoundDirectory,
    /// Files it reads as instructions.
    pub files: Vec<BoundFile>,
    /// Environment variables that matter, each with a commitment to its value (`Store::hmac`); `None` where it is not set.
    pub env: Vec<(String, Option<Digest>)>,
    pub stdin: BoundStdin,
    /// Facts that pick the target, by name (`kube-server`).
    pub facts: Vec<(String, String)>,
}

/// What an agent put around its own command, as it is stored beside the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapping {
    /// Whose envelope it is (`claude-code`).
    pub agent: String,
    /// Which of its shapes (`call`).
    pub shape: String,
    /// The agent's own command; `None` where it only prepares itself.
    pub inner: Option<Vec<u8>>,
    /// Where the inner command stands in the script, quotes included.
    pub within: Option<(usize, usize)>,
    /// Where the name of a file stands that is another at each call: C leaves it open.
    pub per_call: Option<(usize, usize)>,
}

impl Wrapping {
    /// Returns what of `command` is shown: the agent's own where it is in an envelope, else all of it.
    pub fn shown(wrapping: Option<&Wrapping>, command: &Command) -> Source {
        let mut shown = command.source.clone();
        if let (Some(inner), Source::Script { text, .. }) =
            (wrapping.and_then(|wrapping| wrapping.inner.as_ref()), &mut shown)
        {
            text.clone_from(inner);
        }
        shown
    }
}

/// A command's content: the canonical JSON and its digest C.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    json: Vec<u8>,
    digest: Digest,
}

/// Standard input as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredInput {
    /// `empty`, `terminal`, `file`, `bytes` or `stream`.
    pub kind: String,
    /// The number of bytes, in decimal digits.
    pub size: Option<String>,
}

/// The part that most readers want: the rest is passed over.
#[derive(serde::Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    command: Stored<'a>,
}

/// A command as it is stored, and the envelope around it.
#[derive(serde::Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    argv: Option<Vec<Raw<'a>>>,
    #[serde(borrow)]
    dialect: Option<Text<'a>>,
    #[serde(borrow)]
    options: Option<Vec<Raw<'a>>>,
    #[serde(borrow)]
    script: Option<Raw<'a>>,
    #[serde(borrow)]
    args: Option<Vec<Raw<'a>>>,
    #[serde(borrow)]
    cwd: Raw<'a>,
    envelope: Option<Value>,
}

impl Stored<'_> {
    /// Returns the command as it stands here, and the envelope; `None` where it is none.
    fn command(self) -> Option<(Command, Option<Value>)> {
        let words = |words: Vec<Raw<'_>>| words.into_iter().map(|word| word.0.into_owned()).collect();
        let source = match self.argv {
            Some(argv) => Source::Argv(words(argv)),
            None => Source::Script {
                dialect: dialect_of(&self.dialect?.0)?,
                options: words(self.options?),
                text: self.script?.0.into_owned(),
                args: words(self.args?),
            },
        };
        let cwd = PathBuf::from(std::ffi::OsString::from_vec(self.cwd.0.into_owned()));
        Some((Command { source, cwd }, self.envelope))
    }
}

impl Content {
    /// Returns the content of `command` with what is bound to it.
    pub fn of(command: &Command, bound: &Bound) -> Content {
        Content::wrapped(command, None, bound)
    }

    /// Returns the content of `command`, which an agent has put into an envelope: all of it but what differs at each call.
    pub fn wrapped(command: &Command, wrapping: Option<&Wrapping>, bound: &Bound) -> Content {
        let value = json!({
            "v": 1,
            "command": wrapped_value(command, wrapping),
            "programs": bound.programs.iter().map(file_value).collect::<Vec<_>>(),
            "cwd": { "device": bound.cwd.device.to_string(), "inode": bound.cwd.inode.to_string(), "path": path_value(&bound.cwd.path) },
            "files": bound.files.iter().map(file_value).collect::<Vec<_>>(),
            "env": sorted(&bound.env).map(|(name, value)| json!({
                "name": name, "commitment": value.map(|digest| digest.to_string()),
            })).collect::<Vec<_>>(),
            "stdin": stdin_value(&bound.stdin),
            "facts": sorted(&bound.facts).map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        });
        Content::from_stored(canonical::to_bytes(&value))
    }

    /// Returns the content whose stored bytes are `json`; the digest is made anew.
    pub fn from_stored(json: Vec<u8>) -> Content {
        let digest = digest_of(&json);
        Content { json, digest }
    }

    /// Returns the canonical JSON.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Returns C.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns what it gets on standard input, by its kind and, where that was read, its size in bytes.
    pub fn input(&self) -> StoredInput {
        #[derive(serde::Deserialize)]
        struct Part {
            stdin: Stored,
        }
        #[derive(serde::Deserialize)]
        struct Stored {
            kind: String,
            size: Option<String>,
            file: Option<File>,
        }
        #[derive(serde::Deserialize)]
        struct File {
            size: String,
        }
        let Ok(Part { stdin }) = serde_json::from_slice(&self.json) else { return StoredInput::default() };
        StoredInput { kind: stdin.kind, size: stdin.size.or(stdin.file.map(|file| file.size)) }
    }

    /// Returns in what `other` is only asked from another process: its variables and its standard input, named for a person.
    /// Empty where they are the same, or where anything of the command itself differs.
    pub fn surroundings(&self, other: &Content) -> Vec<String> {
        let parse = |content: &Content| serde_json::from_slice::<Map<String, Value>>(&content.json);
        let (Ok(mut ours), Ok(mut theirs)) = (parse(self), parse(other)) else { return Vec::new() };
        let (env, stdin) = (ours.remove("env"), ours.remove("stdin"));
        let (other_env, other_stdin) = (theirs.remove("env"), theirs.remove("stdin"));
        if ours != theirs {
            return Vec::new();
        }
        let (env, other_env) = (env.unwrap_or_default(), other_env.unwrap_or_default());
        let names = names(differing(&env, &other_env));
        let stdin = (stdin != other_stdin).then(|| "standard input".to_owned());
        names.into_iter().chain(stdin).collect()
    }

    /// Returns what is another thing in `other`, named for a person: programs, files, variables and facts by their names.
    /// Empty where the two are the same, or only differ in what has no name.
    pub fn differences(&self, other: &Content) -> Vec<String> {
        let parse = |content: &Content| serde_json::from_slice::<Value>(&content.json).unwrap_or_default();
        let (ours, theirs) = (parse(self), parse(other));
        let named = ["programs", "files", "env", "facts"];
        let names = names(named.iter().flat_map(|part| differing(&ours[part], &theirs[part])));
        let unnamed = [("cwd", "the directory"), ("stdin", "standard input")];
        let unnamed = unnamed.iter().filter(|(part, _)| ours[part] != theirs[part]);
        names.into_iter().chain(unnamed.map(|(_, name)| (*name).to_owned())).collect()
    }

    /// Returns the command exactly as it was given, or `None` where the stored bytes are no content.
    ///
    /// `per_call` is what C leaves open of an envelope.
    pub fn command(&self, per_call: Option<&str>) -> Option<Command> {
        self.given(per_call).map(|(command, _)| command)
    }

    /// Returns the command exactly as it was given and the envelope around it, if there is one; `None` where the stored bytes are no content.
    ///
    /// `per_call` is what C leaves open of an envelope.
    pub fn given(&self, per_call: Option<&str>) -> Option<(Command, Option<Wrapping>)> {
        given(&self.json, per_call)
    }
}

/// Returns C of the content whose stored bytes are `json`.
pub(super) fn digest_of(json: &[u8]) -> Digest {
    Digest::of_parts(&[DOMAIN, json])
}

/// Does as [`Content::given`] for the stored bytes `json`.
pub(super) fn given(json: &[u8], per_call: Option<&str>) -> Option<(Command, Option<Wrapping>)> {
    let Part { command } = serde_json::from_slice(json).ok()?;
    given_of(command, per_call)
}

/// Returns the text that is shown of the command in the stored bytes `json`: the agent's own where it is in an envelope.
pub(super) fn shown_text(json: &[u8], per_call: Option<&str>) -> Option<Vec<u8>> {
    // Once as a whole, instead of each string for itself.
    let Part { command } = serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
    match (&command.argv, &command.envelope, per_call) {
        (Some(argv), None, None) => Some(joined(argv.iter().map(|word| &*word.0))),
        _ => {
            let (command, wrapping) = given_of(command, per_call)?;
            let source = Wrapping::shown(wrapping.as_ref(), &command);
            Some(Command { source, ..command }.text())
        }
    }
}

fn given_of(command: Stored<'_>, per_call: Option<&str>) -> Option<(Command, Option<Wrapping>)> {
    let (mut command, envelope) = command.command()?;
    let open = envelope.as_ref().and_then(|envelope| envelope.get("open")?.as_u64());
    match (open, per_call, &mut command.source) {
        (None, None, _) => {}
        (Some(at), Some(name), Source::Script { text, .. }) => {
            let at = usize::try_from(at).ok().filter(|at| *at <= text.len())?;
            text.splice(at..at, name.bytes());
        }
        (_, _, _) => return None,
    }
    let wrapping = envelope.and_then(|envelope| value_wrapping(&envelope, per_call));
    Some((command, wrapping))
}

/// Returns the envelope that `envelope` writes down, as it stands around the command with `per_call` in it.
fn value_wrapping(envelope: &Value, per_call: Option<&str>) -> Option<Wrapping> {
    let text = |name: &str| envelope.get(name).and_then(Value::as_str).map(str::to_owned);
    let place = |at: &Value| at.as_u64().and_then(|at| usize::try_from(at).ok());
    let within = envelope.get("within").and_then(Value::as_array);
    let within = within.and_then(|ends| Some((place(ends.first()?)?, place(ends.get(1)?)?)));
    let open = envelope.get("open").and_then(place);
    Some(Wrapping {
        agent: text("agent")?,
        shape: text("shape")?,
        inner: envelope.get("inner").and_then(canonical::to_raw),
        within: within.map(|(start, end)| {
            let moved = open.filter(|open| *open <= start).and(per_call).map_or(0, str::len);
            (start + moved, end + moved)
        }),
        per_call: open.zip(per_call).map(|(open, name)| (open, open + name.len())),
    })
}

/// Returns what stands in one of two lists only.
fn differing<'a>(one: &'a Value, other: &'a Value) -> impl Iterator<Item = &'a Value> {
    let list = |value: &'a Value| value.as_array().map_or(&[][..], Vec::as_slice);
    let (one, other) = (list(one), list(other));
    let here = one.iter().filter(move |item| !other.contains(item));
    here.chain(other.iter().filter(move |item| !one.contains(item)))
}

/// Returns the names of `items`, each file once and by its shortest name, in order.
fn names<'a>(items: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let mut names = BTreeMap::<String, String>::new();
    for item in items {
        let name = format!("`{}`", visible(&canonical::to_raw(&item["name"]).unwrap_or_default()));
        let file = item["path"].as_str().map_or(name.clone(), str::to_owned);
        match names.get(&file) {
            Some(shorter) if shorter.len() <= name.len() => {}
            _ => drop(names.insert(file, name)),
        }
    }
    names.into_values().collect()
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.digest)
    }
}

/// Returns the form in which a command is stored: everything that reaches the process, verbatim.
pub(crate) fn command_value(command: &Command) -> Value {
    let source = match &command.source {
        Source::Argv(words) => json!({ "argv": words_value(words) }),
        Source::Script { dialect, options, text, args } => json!({
            "dialect": dialect_name(*dialect),
            "options": words_value(options),
            "script": canonical::from_raw(text),
            "args": words_value(args),
        }),
    };
    let Value::Object(mut map) = source else { unreachable!("an object literal") };
    map.insert("cwd".to_owned(), path_value(&command.cwd));
    Value::Object(map)
}

/// The form of a command in an envelope: the script without what C leaves open, and where that stood; all offsets are into that script.
fn wrapped_value(command: &Command, wrapping: Option<&Wrapping>) -> Value {
    let Some(wrapping) = wrapping else { return command_value(command) };
    let mut closed = command.clone();
    let mut envelope = Map::new();
    envelope.insert("agent".to_owned(), json!(wrapping.agent));
    envelope.insert("shape".to_owned(), json!(wrapping.shape));
    if let (Some((start, end)), Source::Script { text, .. }) = (wrapping.per_call, &mut closed.source) {
        text.drain(start..end);
        envelope.insert("open".to_owned(), json!(start));
    }
    if let Some(inner) = &wrapping.inner {
        envelope.insert("inner".to_owned(), canonical::from_raw(inner));
    }
    if let Some((start, end)) = wrapping.within {
        let before =
            wrapping.per_call.filter(|(_, open)| *open <= start).map_or(0, |(start, end)| end - start);
        envelope.insert("within".to_owned(), json!([start - before, end - before]));
    }
    let mut value = command_value(&closed);
    if let Value::Object(map) = &mut value {
        map.insert("envelope".to_owned(), Value::Object(envelope));
    }
    value
}

/// Returns the command that `value` writes down, whatever else stands beside it; `None` if it is none.
pub(crate) fn value_command(value: &Value) -> Option<Command> {
    Stored::deserialize(value).ok()?.command().map(|(command, _)| command)
}

/// Returns the name of a dialect in stored text and on screens.
pub(crate) fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Bash => "bash",
        Dialect::Posix => "sh",
        Dialect::Zsh => "zsh",
    }
}

fn dialect_of(name: &str) -> Option<Dialect> {
    [Dialect::Bash, Dialect::Posix, Dialect::Zsh].into_iter().find(|dialect| dialect_name(*dialect) == name)
}

fn words_value(words: &[Vec<u8>]) -> Value {
    words.iter().map(|word| canonical::from_raw(word)).collect()
}

/// Returns a path as stored text.
pub(crate) fn path_value(path: &std::path::Path) -> Value {
    use std::os::unix::ffi::OsStrExt as _;
    canonical::from_raw(path.as_os_str().as_bytes())
}

fn file_value(file: &BoundFile) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), canonical::from_raw(&file.name));
    map.insert("path".to_owned(), path_value(&file.path));
    map.insert("found".to_owned(), file.found.as_ref().map_or(Value::Null, identity_value));
    Value::Object(map)
}

fn identity_value(found: &FileIdentity) -> Value {
    json!({
        "device": found.device.to_string(),
        "inode": found.inode.to_string(),
        "size": found.size.to_string(),
        "sha256": found.sha256.map(|digest| digest.to_string()),
    })
}

fn stdin_value(stdin: &BoundStdin) -> Value {
    match stdin {
        BoundStdin::Terminal => json!({ "kind": "terminal" }),
        BoundStdin::Empty => json!({ "kind": "empty" }),
        BoundStdin::File(found) => json!({ "kind": "file", "file": identity_value(found) }),
        BoundStdin::Bytes { size, commitment } => {
            json!({ "kind": "bytes", "size": size.to_string(), "commitment": commitment.to_string() })
        }
        BoundStdin::Stream => json!({ "kind": "stream" }),
    }
}

fn sorted<T>(pairs: &[(String, T)]) -> impl Iterator<Item = &(String, T)> {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    sorted.into_iter()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{command, content};
    use super::*;

    #[test]
    fn content_is_canonical_and_gives_the_command_back() {
        let content = content(&["git", "push"]);
        let expected = concat!(
            r#"{"command":{"argv":["git","push"],"cwd":"/work"},"cwd":{"device":"1","inode":"18446744073709551615","path":"/work"},"#,
            r#""env":[{"commitment":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","name":"A"},{"commitment":null,"name":"B"}],"#,
            r#""facts":[],"files":[],"programs":[],"stdin":{"kind":"empty"},"v":1}"#
        );
        assert_eq!(std::str::from_utf8(content.json()).unwrap(), expected);
        assert_eq!(content.command(None), Some(command(&["git", "push"])));
        assert_eq!(Content::from_stored(content.json().to_vec()), content);
    }

    #[test]
    fn script_comes_back_byte_for_byte() {
        let script = Command {
            source: Source::Script {
                dialect: Dialect::Posix,
                options: vec![b"-e".to_vec()],
                text: b"echo \xff\n\ttrue".to_vec(),
                args: vec![b"sh".to_vec(), b"".to_vec()],
            },
            cwd: PathBuf::from("/"),
        };
        let value = command_value(&script);
        assert_eq!(value_command(&value), Some(script));
    }
}
