//! Where gate's own files are, and whose they must be.
//!
//! MUST rules:
//! 1. The home directory comes from the password database or `--home`, never from `$HOME`.
//! 2. A policy or configuration that another user owns or may write, that is a link, or that cannot be read stops gate; it is never skipped.
//! 3. What is found by way of the working directory or `$HOME` is of the kind that may only restrict.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use crate::exec::User;
use crate::policy::{Authority, LayerText};

/// The directory of the system's policy.
const SYSTEM: &str = "/etc/gate/policy.d";

/// A policy or configuration file larger than this is refused.
const LIMIT: u64 = 1 << 20;

/// Where gate's own files of this user are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The user's policy.
    pub policy: PathBuf,
    /// The user's configuration.
    pub config: PathBuf,
    /// The directory of the store and its lock files.
    pub state: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// Claims that `--home` named the directory.
    pub is_given: bool,
}

impl Places {
    /// Returns the places below `given`, or those in `user`'s home directory.
    ///
    /// # Errors
    /// The password database knows no home for this user, and none is given.
    pub fn of(user: &User, given: Option<PathBuf>) -> anyhow::Result<Places> {
        let is_given = given.is_some();
        let (config, state) = match (given, &user.home) {
            (Some(dir), _) => (dir.clone(), dir),
            (None, Some(home)) => (home.join(".config/gate"), home.join(".local/state/gate")),
            (None, None) => {
                bail!("the password database has no home directory for {}; use `--home DIR`", user.name)
            }
        };
        Ok(Places {
            policy: config.join("policy.toml"),
            config: config.join("config.toml"),
            store: state.join("gate.db"),
            state,
            is_given,
        })
    }

    /// Returns the directory that `--home` named.
    pub fn given(&self) -> Option<PathBuf> {
        self.is_given.then(|| self.state.clone())
    }

    /// Returns the directories that hold nothing but gate's own files.
    pub fn directories(self) -> [PathBuf; 2] {
        let config = self.config.parent().map(Path::to_path_buf);
        [config.unwrap_or_else(|| self.state.clone()), self.state]
    }

    /// Returns how to call gate so that it finds these places again: for hints.
    pub fn gate(&self) -> String {
        if !self.is_given {
            return "gate".to_owned();
        }
        let dir = crate::command::quoted(self.state.as_os_str().as_encoded_bytes());
        format!("gate --home {}", crate::command::visible(&dir))
    }
}

/// Reads every layer of the policy there is, highest authority first.
///
/// `asserted_home` is `$HOME`; its policy counts as a project's if it is not the user's own.
///
/// # Errors
/// A file that breaks MUST rule 2.
pub fn read_layers(
    places: &Places,
    user: &User,
    asserted_home: Option<&Path>,
    cwd: &Path,
) -> anyhow::Result<Vec<LayerText>> {
    let mut layers = read_system(Path::new(SYSTEM))?;
    let mut add = |authority, path: PathBuf| -> anyhow::Result<()> {
        let read = read_own(&path, user.uid).with_context(|| failed("policy", &path))?;
        layers.extend(read.map(|text| LayerText { authority, path: path.display().to_string(), text }));
        Ok(())
    };
    add(Authority::User, places.policy.clone())?;
    for path in project_files(places, user, asserted_home, cwd) {
        add(Authority::Project, path)?;
    }
    Ok(layers)
}

/// Returns the paths that may hold a project's policy: `.gate/policy.toml` in `cwd` and each directory above it, and `$HOME`'s where it is not the user's home.
///
/// All of them count, not only the nearest: a file deeper down must not take a project's restrictions away.
pub fn project_files(places: &Places, user: &User, asserted_home: Option<&Path>, cwd: &Path) -> Vec<PathBuf> {
    let projects = cwd.ancestors().map(|dir| dir.join(".gate/policy.toml"));
    let asserted = asserted_home
        .filter(|home| user.home.as_deref() != Some(*home) && home.is_absolute())
        .map(|home| home.join(".config/gate/policy.toml"));
    projects.chain(asserted).filter(|path| *path != places.policy).collect()
}

/// Reads root's policy: every `*.toml` of the directory, in the order of their names.
fn read_system(dir: &Path) -> anyhow::Result<Vec<LayerText>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| failed("policy", dir)),
    };
    let check = fs::symlink_metadata(dir).map_err(anyhow::Error::from).and_then(|found| is_safe(&found, 0));
    check.with_context(|| failed("policy", dir))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| failed("policy", dir))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = read_own(&path, 0).with_context(|| failed("policy", &path))?;
        let path = path.display().to_string();
        Ok(text.map(|text| LayerText { authority: Authority::System, path, text }))
    };
    paths.into_iter().filter_map(|path| read(path).transpose()).collect()
}

/// Returns the text of a file that `uid` or root owns, in a directory that nobody else may change; `None` if there is no such file.
pub(super) fn read_own(path: &Path, uid: u32) -> anyhow::Result<Option<String>> {
    // No link, no wait for a FIFO, no terminal taken over.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => bail!("it is a symbolic link"),
        Err(error) => bail!("{}", reason(&error)),
    };
    let found = file.metadata()?;
    ensure!(found.is_file(), "it is not a regular file");
    is_safe(&found, uid)?;
    if let Some(dir) = path.parent() {
        is_safe(&fs::metadata(dir)?, uid).with_context(|| format!("its directory `{}`", dir.display()))?;
    }
    ensure!(found.len() <= LIMIT, "it is larger than {} KiB", LIMIT / 1024);
    let mut text = String::new();
    file.by_ref()
        .take(LIMIT)
        .read_to_string(&mut text)
        .map_err(|error| anyhow::anyhow!("{}", reason(&error)))?;
    Ok(Some(text))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn is_safe(found: &fs::Metadata, uid: u32) -> anyhow::Result<()> {
    let owner = found.uid();
    ensure!(owner == uid || owner == 0, "it belongs to user {owner}, not to user {uid} or root");
    ensure!(found.mode() & 0o022 == 0, "others may write to it (mode {:04o})", found.mode() & 0o7777);
    Ok(())
}

/// Returns an error's text without the number that Rust adds.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    plain.chars().take(1).flat_map(char::to_lowercase).chain(plain.chars().skip(1)).collect()
}

/// Returns what was attempted, for an error's context.
pub(super) fn failed(what: &str, path: &Path) -> String {
    format!("failed to read {what} `{}`", path.display())
}

/// Returns line and column, both from 1, of byte `at` in `text`.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[track_caller]
    fn case(prepare: impl FnOnce(&Path, &Path), expected: Result<Option<&str>, &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.toml");
        fs::write(&path, "text").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        prepare(dir.path(), &path);
        let read = read_own(&path, uid());
        let read = read.map_err(|error| format!("{error:#}").replace(dir.path().to_str().unwrap(), "DIR"));
        assert_eq!(read, expected.map(|text| text.map(str::to_owned)).map_err(str::to_owned));
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_a_file_that_nobody_else_may_write_is_read() {
        case(|_, _| {}, Ok(Some("text")));
        case(|_, path| fs::remove_file(path).unwrap(), Ok(None));
        case(|_, path| mode(path, 0o664), Err("others may write to it (mode 0664)"));
        case(|_, path| mode(path, 0o646), Err("others may write to it (mode 0646)"));
        case(|dir, _| mode(dir, 0o777), Err("its directory `DIR`: others may write to it (mode 0777)"));
        let link = |dir: &Path, path: &Path| {
            fs::rename(path, dir.join("real")).unwrap();
            symlink("real", path).unwrap();
        };
        case(link, Err("it is a symbolic link"));
        let directory = |_: &Path, path: &Path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        };
        case(directory, Err("it is not a regular file"));
        case(|_, path| fs::write(path, b"\xff").unwrap(), Err("stream did not contain valid UTF-8"));
        case(|_, path| fs::write(path, vec![b'#'; 2 << 20]).unwrap(), Err("it is larger than 1024 KiB"));
        if uid() == 0 {
            case(
                |_, path| chown(path, Some(12345), None).unwrap(),
                Err("it belongs to user 12345, not to user 0 or root"),
            );
        } else {
            case(|_, path| mode(path, 0), Err("permission denied"));
        }
    }

    #[test]
    fn home_comes_from_the_password_database_or_the_flag() {
        let user = |home: Option<&str>| User { uid: 7, name: "x".into(), home: home.map(PathBuf::from) };
        let usual = Places::of(&user(Some("/home/x")), None).unwrap();
        assert_eq!(usual.policy, Path::new("/home/x/.config/gate/policy.toml"));
        assert_eq!(usual.store, Path::new("/home/x/.local/state/gate/gate.db"));
        let given = Places::of(&user(None), Some("/h".into())).unwrap();
        assert_eq!(
            (given.policy.to_str(), given.store.to_str()),
            (Some("/h/policy.toml"), Some("/h/gate.db"))
        );
        let none = Places::of(&user(None), None).unwrap_err().to_string();
        assert_eq!(none, "the password database has no home directory for x; use `--home DIR`");
    }

    #[test]
    fn every_project_file_upwards_counts_and_a_different_home_counts_as_one() {
        let user = User { uid: 7, name: "x".into(), home: Some("/home/x".into()) };
        let places = Places::of(&user, None).unwrap();
        let files = |home: &str| project_files(&places, &user, Some(Path::new(home)), Path::new("/w/p"));
        let upwards = ["/w/p/.gate/policy.toml", "/w/.gate/policy.toml", "/.gate/policy.toml"];
        assert_eq!(files("/home/x"), upwards.map(PathBuf::from));
        assert_eq!(files("/tmp/h").last(), Some(&PathBuf::from("/tmp/h/.config/gate/policy.toml")));
    }

    #[test]
    fn a_place_in_a_text_is_counted_from_one() {
        assert_eq!(position("ab\ncd", 4), (2, 2));
        assert_eq!(position("", 0), (1, 1));
    }
}
