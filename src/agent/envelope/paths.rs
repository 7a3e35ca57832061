//! The files that an envelope may name: where the agent itself keeps them, and nothing that leads elsewhere.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::template::Kind;
use crate::command::Dialect;
use crate::world::{Resolution, World};

/// Returns `text` as the path that `kind` speaks of, if an agent would put it there, and nothing there leads elsewhere.
pub(super) fn checked(kind: Kind, text: &[u8], world: &dyn World) -> Option<PathBuf> {
    let path = PathBuf::from(OsStr::from_bytes(text));
    let name = path.file_name()?.to_str()?;
    let dir = path.parent()?;
    if dir.join(name).as_os_str().as_bytes() != text {
        return None;
    }
    let fits = match kind {
        Kind::Snapshot => is_snapshot(dir, name, world) && is_own_or_missing(&path),
        Kind::TriedSnapshot => is_tried(dir, name, world) && is_own_or_missing(&path),
        Kind::NewSnapshot => is_snapshot(dir, name, world) && is_missing(&path),
        Kind::Cwd => is_in(dir, &["/tmp", "/private/tmp"]) && is_cwd(name) && is_own_or_missing(&path),
        Kind::Pids => is_gemini(dir) && name == "bgpids.tmp" && is_own_dir(dir) && is_own_or_missing(&path),
        Kind::Pgrep => is_in(dir, &["/tmp"]) && is_pgrep(name) && is_own_or_missing(&path),
        Kind::Shell => is_shell(&path, name, world),
    };
    fits.then_some(path)
}

/// Returns the start-up file that an interactive shell of `dialect` reads for this user.
pub(super) fn start_up_file(dialect: Dialect, world: &dyn World) -> Option<PathBuf> {
    let name = match dialect {
        Dialect::Bash => ".bashrc",
        Dialect::Zsh => ".zshrc",
        Dialect::Posix => return None,
    };
    Some(world.homes().into_iter().next()?.join(name))
}

fn is_in(dir: &Path, places: &[&str]) -> bool {
    places.iter().any(|place| dir == Path::new(place))
}

/// `snapshot-bash-1790732593649-42pi4m.sh`, of Claude Code; `0199….1790732593649000000.sh`, of Codex.
fn is_snapshot(dir: &Path, name: &str, world: &dyn World) -> bool {
    let Some(stem) = name.strip_suffix(".sh") else { return false };
    (is_below_home(dir, ".claude/shell-snapshots", world) && is_claude_snapshot(stem))
        || (is_below_home(dir, ".codex/shell_snapshots", world) && is_codex_snapshot(stem))
}

/// `0199….tmp-1790732593649000000`, of Codex.
fn is_tried(dir: &Path, name: &str, world: &dyn World) -> bool {
    let stem = name.replacen(".tmp-", ".", 1);
    is_below_home(dir, ".codex/shell_snapshots", world) && stem != name && is_codex_snapshot(&stem)
}

fn is_below_home(dir: &Path, below: &str, world: &dyn World) -> bool {
    let Some(home) = world.homes().into_iter().next() else { return false };
    dir == home.join(below) && world.real_path(dir) == world.real_path(&home).join(below)
}

fn is_claude_snapshot(stem: &str) -> bool {
    let mut parts = stem.split('-');
    parts.next() == Some("snapshot")
        && matches!(parts.next(), Some("bash" | "zsh" | "sh"))
        && parts.next().is_some_and(|time| is_made_of(time, 20, |byte| byte.is_ascii_digit()))
        && parts.next().is_some_and(|random| is_made_of(random, 16, |byte| byte.is_ascii_alphanumeric()))
        && parts.all(|tag| is_made_of(tag, 64, |byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn is_codex_snapshot(stem: &str) -> bool {
    let (id, time) = stem.split_once('.').unwrap_or((stem, "0"));
    id.len() == 36
        && is_made_of(id, 36, |byte| byte.is_ascii_hexdigit() || byte == b'-')
        && is_made_of(time, 40, |byte| byte.is_ascii_digit())
}

fn is_cwd(name: &str) -> bool {
    let id = name.strip_prefix("claude-").and_then(|rest| rest.strip_suffix("-cwd"));
    id.is_some_and(|id| is_made_of(id, 16, |byte| byte.is_ascii_alphanumeric()))
}

/// As `mkdtemp` makes it: six characters.
fn is_gemini(dir: &Path) -> bool {
    let id = dir.to_str().and_then(|dir| dir.strip_prefix("/tmp/gemini-shell-"));
    id.is_some_and(|id| id.len() == 6 && is_made_of(id, 6, |byte| byte.is_ascii_alphanumeric()))
}

fn is_pgrep(name: &str) -> bool {
    let id = name.strip_prefix("shell_pgrep_").and_then(|rest| rest.strip_suffix(".tmp"));
    id.is_some_and(|id| id.len() == 12 && is_made_of(id, 12, |byte| byte.is_ascii_hexdigit()))
}

fn is_made_of(text: &str, most: usize, is_part: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(is_part)
}

/// A shell that belongs to root, or gate under its name.
fn is_shell(path: &Path, name: &str, world: &dyn World) -> bool {
    let trusted =
        matches!(world.resolve(path.as_os_str().as_bytes(), Path::new("/")), Resolution::Trusted(_));
    matches!(name, "bash" | "zsh" | "sh") && path.is_absolute() && (trusted || is_gate(path))
}

fn is_gate(path: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    std::env::current_exe().is_ok_and(|own| id(&own).is_some() && id(&own) == id(path))
}

fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// A file that is written or sourced must be this user's own and nothing else's name: no symbolic link, no second hard link.
fn is_own_or_missing(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(found) => found.is_file() && is_own(&found) && found.nlink() == 1,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn is_own_dir(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && is_own(&found))
}

fn is_own(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Claims that `path` is Claude Code itself: root's, or where its installer puts it, and nobody else's to change.
pub(super) fn is_claude(path: &Path, world: &dyn World) -> bool {
    let Ok(real) = fs::canonicalize(path) else { return true };
    let Some(home) = world.homes().into_iter().next() else { return false };
    let trusted =
        matches!(world.resolve(real.as_os_str().as_bytes(), Path::new("/")), Resolution::Trusted(_));
    let installed = real.parent() == Some(&world.real_path(&home).join(".local/share/claude/versions"));
    let safe = fs::metadata(&real)
        .is_ok_and(|found| found.is_file() && is_own(&found) && found.permissions().mode() & 0o022 == 0);
    // A shell or an interpreter of root's would run what it is given.
    let named = real.file_name() == Some(OsStr::new("claude"));
    (trusted && named) || (installed && safe)
}
