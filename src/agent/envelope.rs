//! What agents put around a command when they call a shell: recognised exactly, so that their own command is judged, shown and recorded.
//!
//! MUST rules:
//! 1. Every byte is accounted for: a text is an envelope only if it is one of the shapes in `envelope/*.txt` from its first byte to its last.
//! 2. Who calls is never asked: an envelope counts by what it does, which is nothing but what the agent's own command does.
//! 3. A path in it is where that agent keeps such files, this user's own, and leads nowhere else.
//! 4. A snapshot only defines; what it defines takes trust away from names, never gives any.
//! 5. The shell sources the bytes of a snapshot that were read here, whatever lies there by then.
//! 6. What is not certain is no envelope: then the whole is judged as it stands.

mod codex;
mod paths;
mod quoting;
mod shaped;
mod snapshot;
mod template;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::command::{Command, Dialect, Named, Source, Sourced};
use crate::digest::Digest;
use crate::shell::{Action, Redirect, RedirectKind, Setting, Word, is_complete, starts_something};
use crate::world::{Resolution, World};

use template::{Found, Hole, Kind, Shape, shapes};

pub use shaped::sourced_by;

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let files = [
        ("claude-code", include_str!("envelope/claude-code.txt")),
        ("codex", include_str!("envelope/codex.txt")),
        ("gemini-cli", include_str!("envelope/gemini-cli.txt")),
    ];
    files.into_iter().flat_map(|(agent, file)| shapes(agent, file)).collect()
});

/// What every shape begins with: looked at before anything else.
const BEGINNINGS: [&[u8]; 12] = [
    b"source /",
    b"source '",
    b"shopt -u ",
    b"{ ",
    b"setopt NO_",
    b"export BUN_",
    b"SNAPSHOT_FILE=",
    b"__CODEX_SNAPSHOT_",
    b"if . '",
    b". \"$0\" && exec",
    b". \"$1\" && shift",
    b"set -e; . \"/",
];

/// The largest start-up file whose digest is taken.
const LARGEST_START_UP: usize = 1 << 20;

/// Names that envelopes and agents' own functions call: an inherited function of such a name would run in place of them.
const CALLED: [&str; 28] = [
    "source", ".", "true", "shopt", "setopt", "builtin", "unalias", "unset", "eval", "pwd", "export", "exec",
    "trap", "jobs", "exit", "pgrep", "shift", "declare", "alias", "echo", "[", "command", "local", "typeset",
    "return", "continue", "printf", "hash",
];

/// An agent's envelope around a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The agent whose shape it is.
    pub agent: &'static str,
    /// Which of its shapes (`call`, `start-up`).
    pub shape: &'static str,
    /// The agent's own command; `None` where an agent only prepares itself.
    pub inner: Option<Command>,
    /// What an agent does to prepare itself.
    pub preparation: Option<Preparation>,
    /// Where the inner command stands in the script, quotes included.
    pub within: Option<(usize, usize)>,
    /// Where the name of a file stands that is another at each call.
    pub per_call: Option<(usize, usize)>,
    /// What the inner command finds defined.
    pub setting: Setting,
    /// The search path it finds, where that is not the inherited one.
    pub path: Option<Vec<u8>>,
    /// The files that were read, with the digest of what was read.
    pub files: Vec<(PathBuf, Digest)>,
    /// The snapshot: what the shell is to source is what was read.
    pub sourced: Option<Sourced>,
    /// A word that the inner command must not hold: the name of the file that is written after it.
    kept: Option<Vec<u8>>,
}

/// A script with which an agent prepares itself: all of it is judged but the user's own start-up file, which it reads as any shell does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preparation {
    script: Command,
    /// The snapshot that it makes. What is written there is judged where it is used.
    snapshot: Option<PathBuf>,
}

impl Envelope {
    /// Returns the envelope that `command` is in, if it is exactly one of those gate knows.
    pub fn of(command: &Command, world: &dyn World) -> Option<Envelope> {
        let Source::Script { text, options, .. } = &command.source else { return None };
        if !BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
            return None;
        }
        let is_login = |option: &Vec<u8>| matches!(option.as_slice(), b"-l" | b"--login");
        if options.len() > 1 || !options.iter().all(is_login) || is_overridden(world) {
            return None;
        }
        SHAPES.iter().find_map(|shape| {
            let found = shape.holes(text)?;
            Opened { shape, command, text, found, world }.envelope()
        })
    }

    /// Returns what is to be judged in place of the whole.
    pub fn judged(&self) -> Option<&Command> {
        self.inner.as_ref().or(self.preparation.as_ref().map(|preparation| &preparation.script))
    }

    /// Takes what an agent writes into its own snapshot out of `actions`.
    pub fn leave_out(&self, actions: &mut [Action]) {
        let Some(Preparation { snapshot: Some(snapshot), .. }) = &self.preparation else { return };
        let is_other = |redirect: &Redirect| {
            !matches!(redirect.kind, RedirectKind::Write | RedirectKind::Append)
                || redirect.target.as_literal().as_deref() != Some(snapshot.as_os_str().as_bytes())
        };
        actions.iter_mut().for_each(|action| action.redirects.retain(is_other));
    }

    /// Claims that one of the inner command's actions names the file that the envelope writes after it.
    pub fn is_meddled_with(&self, actions: &[Action]) -> bool {
        let Some(kept) = &self.kept else { return false };
        let holds = |word: &Word| {
            let literal = word.as_literal().unwrap_or_default();
            literal.windows(kept.len()).any(|window| window == &kept[..])
        };
        actions.iter().any(|action| {
            let targets = action.redirects.iter().map(|redirect| &redirect.target);
            let values = action.assignments.iter().map(|assignment| &assignment.value);
            action.args.iter().chain(targets).chain(values).any(holds)
        })
    }
}

/// Claims that the environment brings a function of a name that envelopes call, or changes how bash reads.
fn is_overridden(world: &dyn World) -> bool {
    const READING: [&str; 4] = ["SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "BASH_COMPAT"];
    CALLED.iter().any(|name| world.var(&format!("BASH_FUNC_{name}%%")).is_some())
        || READING.iter().any(|name| world.var(name).is_some())
}

/// A text that has the shape of an envelope; what is in its holes is still to be checked.
struct Opened<'a> {
    shape: &'a Shape,
    command: &'a Command,
    text: &'a [u8],
    found: Vec<Found>,
    world: &'a dyn World,
}

impl Opened<'_> {
    fn envelope(&self) -> Option<Envelope> {
        match (self.shape.agent, self.shape.name) {
            ("claude-code", "start-up") => self.start_up(),
            ("codex", "trial") => self.codex_trial(),
            ("claude-code", _) => self.claude(),
            ("codex", "first") => self.codex_first(),
            ("codex", _) => self.codex(),
            (_, "plain") => self.gemini_plain(),
            (_, _) => self.gemini(),
        }
    }

    fn hole(&self, hole: Hole) -> Option<&Found> {
        self.found.iter().find(|found| found.hole == hole)
    }

    fn path(&self, kind: Kind) -> Option<PathBuf> {
        paths::checked(kind, &self.hole(Hole::Path(kind))?.value, self.world)
    }

    fn args(&self) -> &[Vec<u8>] {
        match &self.command.source {
            Source::Script { args, .. } => args,
            Source::Argv(_) => &[],
        }
    }

    fn dialect(&self) -> Dialect {
        match &self.command.source {
            Source::Script { dialect, .. } => *dialect,
            Source::Argv(_) => Dialect::Bash,
        }
    }

    fn plain(&self) -> Envelope {
        Envelope {
            agent: self.shape.agent,
            shape: self.shape.name,
            inner: None,
            preparation: None,
            within: None,
            per_call: None,
            setting: Setting::default(),
            path: None,
            files: Vec::new(),
            sourced: None,
            kept: None,
        }
    }

    /// Returns the envelope around `text`, which stands at `within`, and is run by the same shell.
    fn around(&self, text: &[u8], within: (usize, usize)) -> Envelope {
        let mut command = self.command.clone();
        if let Source::Script { text: whole, .. } = &mut command.source {
            *whole = text.to_vec();
        }
        Envelope { inner: Some(command), within: Some(within), ..self.plain() }
    }

    fn claude(&self) -> Option<Envelope> {
        let inner = self.hole(Hole::Inner)?;
        let before = &self.text[..inner.start];
        let has = |part: &[u8]| before.windows(part.len()).any(|window| window == part);
        let of_bash = has(b" && shopt -u extglob ") || before.starts_with(b"shopt -u extglob ");
        let of_any = has(b"{ shopt -u extglob || setopt ");
        let fits = match self.dialect() {
            Dialect::Bash => of_bash || of_any,
            Dialect::Zsh => !of_bash,
            Dialect::Posix => false,
        };
        let cwd = self.path(Kind::Cwd)?;
        if !fits || !self.args().is_empty() {
            return None;
        }
        let mut envelope = self.around(&inner.value, (inner.start, inner.end));
        envelope.keep(self.hole(Hole::Path(Kind::Cwd))?, &cwd)?;
        if self.hole(Hole::Path(Kind::Snapshot)).is_some() {
            let snapshot = self.path(Kind::Snapshot)?;
            self.read(&mut envelope, &snapshot, self.named()?, &snapshot::BLOCKS)?;
        }
        Some(envelope)
    }

    /// Returns where the text names the snapshot.
    fn named(&self) -> Option<Named> {
        self.hole(Hole::Path(Kind::Snapshot)).map(|hole| Named::Text(hole.start, hole.end))
    }

    /// Adds what a file defines that the envelope sources; one that is not there defines nothing.
    fn read(
        &self,
        envelope: &mut Envelope,
        path: &Path,
        named: Named,
        blocks: &[snapshot::Block],
    ) -> Option<()> {
        let is_there = std::fs::symlink_metadata(path).is_ok();
        let text = if is_there { Some(self.world.read(path, snapshot::LARGEST)?) } else { None };
        if let Some(text) = &text {
            snapshot::read(&mut envelope.setting, text, self.dialect(), blocks, self.world)?;
            if envelope.setting.exports.keys().any(|name| starts_something(name)) {
                return None;
            }
            envelope.files.push((path.to_path_buf(), Digest::of(text)));
        }
        envelope.sourced = Some(Sourced { path: path.to_path_buf(), named, text });
        let exports = &mut envelope.setting.exports;
        envelope.path = exports.remove("PATH").filter(|path| Some(path) != self.world.var("PATH").as_ref());
        // What is as it was inherited changes nothing; these the shell sets itself.
        exports.retain(|name, value| self.world.var(name).as_ref() != Some(value));
        ["_", "SHLVL", "PWD", "OLDPWD"].iter().for_each(|name| _ = exports.remove(*name));
        Some(())
    }

    /// The script that makes the snapshot.
    fn start_up(&self) -> Option<Envelope> {
        let (snapshot, rest) = (self.path(Kind::NewSnapshot)?, self.hole(Hole::Rest)?);
        let mut script = self.command.clone();
        let mut files = Vec::new();
        if let (Some((path, line)), Source::Script { text, .. }) =
            (snapshot::sourced_first(&rest.value, self.dialect(), self.world), &mut script.source)
        {
            // Blanks in its place: what is shown of the rest stands where it stood.
            text.get_mut(rest.start + line.start..rest.start + line.end)?.fill(b' ');
            let read = self.world.read(&path, LARGEST_START_UP).map(|text| Digest::of(&text));
            files.extend(read.map(|digest| (path, digest)));
        }
        let preparation = Some(Preparation { script, snapshot: Some(snapshot) });
        self.args().is_empty().then(|| Envelope { preparation, files, ..self.plain() })
    }

    /// The script with which Codex tries a new snapshot: one that only defines leaves nothing to be judged.
    fn codex_trial(&self) -> Option<Envelope> {
        let tried = codex::tried(self.text)?;
        let path = paths::checked(Kind::TriedSnapshot, &self.text[tried.clone()], self.world)?;
        let mut envelope = self.plain();
        self.read(&mut envelope, &path, Named::Text(tried.start, tried.end), &[])?;
        envelope.is_there()?;
        let mut script = self.command.clone();
        if let Source::Script { text, .. } = &mut script.source {
            text.fill(b' ');
        }
        let preparation = Some(Preparation { script, snapshot: None });
        let (files, sourced) = (envelope.files, envelope.sourced);
        self.args().is_empty().then(|| Envelope { preparation, files, sourced, ..self.plain() })
    }

    fn codex(&self) -> Option<Envelope> {
        let inner = self.hole(Hole::Inner)?;
        let value = |hole| self.hole(hole).map(|found| found.value.clone()).unwrap_or_default();
        let kept = codex::kept(&value(Hole::Captures), &value(Hole::Restores))?;
        let (snapshot, shell) = (self.path(Kind::Snapshot)?, self.path(Kind::Shell)?);
        if !self.args().is_empty() {
            return None;
        }
        let mut envelope = self.around(&inner.value, (inner.start, inner.end));
        self.run_by(&mut envelope, &shell, b"-c", &[])?;
        self.read(&mut envelope, &snapshot, self.named()?, &[])?;
        envelope.setting.exports.retain(|name, _| !kept.variables.contains(name));
        // A new shell has none of the functions and aliases.
        envelope.setting.names.clear();
        if !kept.before_path.is_empty() {
            let path =
                envelope.path.take().or_else(|| self.world.var("PATH")).filter(|path| !path.is_empty())?;
            let dirs = kept.before_path.iter().rev().cloned().chain([path]);
            envelope.path = Some(dirs.collect::<Vec<_>>().join(&b':'));
        }
        Some(envelope)
    }

    /// The first form: the snapshot, the shell and its arguments are those of the script.
    fn codex_first(&self) -> Option<Envelope> {
        let first = shaped::first_argument(self.text);
        let [snapshot, shell, option, text] = self.args().get(first..)? else { return None };
        let snapshot = paths::checked(Kind::Snapshot, snapshot, self.world)?;
        let shell = paths::checked(Kind::Shell, shell, self.world)?;
        let mut envelope = self.around(text, (0, 0));
        envelope.within = None;
        self.run_by(&mut envelope, &shell, option, &[])?;
        self.read(&mut envelope, &snapshot, Named::Argument(first), &[])?;
        envelope.is_there()?;
        envelope.setting.names.clear();
        Some(envelope)
    }

    /// The inner command is run by another shell, called as `SHELL OPTION TEXT`.
    fn run_by(&self, envelope: &mut Envelope, shell: &Path, option: &[u8], rest: &[Vec<u8>]) -> Option<()> {
        let Some(Source::Script { dialect, options, args, .. }) =
            envelope.inner.as_mut().map(|inner| &mut inner.source)
        else {
            return None;
        };
        *dialect = match shell.file_name()?.to_str()? {
            "bash" => Dialect::Bash,
            "zsh" => Dialect::Zsh,
            _ => Dialect::Posix,
        };
        *options = match option {
            b"-c" => Vec::new(),
            b"-lc" => vec![b"-l".to_vec()],
            _ => return None,
        };
        *args = rest.to_vec();
        Some(())
    }

    fn gemini(&self) -> Option<Envelope> {
        let is_block = self.shape.name == "call";
        let found = self.hole(if is_block { Hole::Block } else { Hole::Line })?;
        let text = &found.value;
        let (kind, watched) = if is_block { (Kind::Pids, "_bgpids_file") } else { (Kind::Pgrep, "PATH") };
        let file = self.path(kind)?;
        let is_whole = match is_block {
            true => is_complete(text, Dialect::Bash) && text.trim_ascii() == &text[..],
            // On one line with what follows: a comment would take that with it.
            false => {
                is_complete(&[b"{ ", &text[..], b" }"].concat(), Dialect::Bash) && !text.contains(&b'\n')
            }
        };
        let pgrep = self.world.resolve(b"pgrep", &self.command.cwd);
        if !is_whole
            || self.dialect() != Dialect::Bash
            || !self.args().is_empty()
            || (!is_block && matches!(pgrep, Resolution::Untrusted(_)))
        {
            return None;
        }
        let end = match (is_block, text.strip_suffix(b";")) {
            (true, _) => found.end,
            (false, Some(_)) => found.end - 1,
            (false, None) if text.ends_with(b"&") => found.end,
            (false, None) => return None,
        };
        let mut envelope = self.around(&self.text[found.start..end], (found.start, end));
        envelope.setting.watched.insert(watched.to_owned());
        envelope.keep(self.hole(Hole::Path(kind))?, &file)?;
        if is_block && contains(text, b"bgpids") {
            return None;
        }
        Some(envelope)
    }

    /// Only shell options before it, which change nothing about what it runs.
    fn gemini_plain(&self) -> Option<Envelope> {
        let found = self.hole(Hole::Rest)?;
        let is_other = [&b"__code"[..], b"_bgpids_file"].iter().any(|part| contains(&found.value, part));
        let fits = self.dialect() == Dialect::Bash && self.args().is_empty() && !is_other;
        fits.then(|| Envelope {
            within: Some((found.start, found.end)),
            ..self.around(&found.value, (found.start, found.end))
        })
    }
}

impl Envelope {
    /// A shell that finds no snapshot says which one, unless it is told to be quiet: that is left to the shell.
    fn is_there(&self) -> Option<()> {
        self.sourced.as_ref()?.text.as_ref().map(|_| ())
    }

    /// Leaves the file's name open; the inner command must not speak of it.
    fn keep(&mut self, hole: &Found, file: &Path) -> Option<()> {
        let name = file.file_name()?.as_bytes();
        if self.inner.as_ref().is_some_and(|inner| contains(&inner.text(), name)) {
            return None;
        }
        self.per_call = Some((hole.start, hole.end));
        self.kept = Some(name.to_vec());
        Some(())
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests;
