//! An agent's settings on disk: read with limits, written whole or not at all, and kept as they were before.
//!
//! MUST rules:
//! 1. A file is replaced by a complete one (a new file, synced, renamed over it), with its mode and its owner.
//! 2. A link is followed and stays a link: settings often live in a repository of dotfiles.
//! 3. What was there is kept before anything is written, in gate's own directory, where no agent may write; nothing kept is
//!    ever overwritten.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown,
};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use crate::digest::Digest;

/// Settings larger than this are refused; a person's are some kilobytes.
const LIMIT: u64 = 1 << 20;

/// What a file held when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file itself, at the end of all links.
    pub real: PathBuf,
    /// Its text; `None` if it is not there.
    pub text: Option<String>,
}

/// Reads settings.
///
/// # Errors
/// Anything but a readable regular file of UTF-8 text within the limit, or no file at all.
pub fn read(path: &Path) -> anyhow::Result<Settings> {
    let attempted = || format!("failed to read `{}`", path.display());
    let real = followed(path).with_context(attempted)?;
    // No wait for a FIFO, no terminal taken over.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(&real) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Settings { real, text: None });
        }
        Err(error) => return Err(error).with_context(attempted),
    };
    let text = contents(file).with_context(attempted)?;
    Ok(Settings { real, text: Some(text) })
}

fn contents(file: fs::File) -> anyhow::Result<String> {
    let found = file.metadata()?;
    ensure!(found.is_file(), "it is not a regular file");
    ensure!(found.len() <= LIMIT, "it is larger than {} KiB", LIMIT / 1024);
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).ok().context("it is not UTF-8")
}

/// Returns where the links end, also where nothing is there yet.
fn followed(path: &Path) -> anyhow::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    bail!("too many symbolic links")
}

/// Puts `text` in the place of what `settings` were when they were read.
///
/// # Errors
/// The file changed meanwhile, it or its directory cannot be written; nothing is changed then.
pub fn write(settings: &Settings, text: &str) -> anyhow::Result<()> {
    let attempted = || format!("failed to write `{}`", settings.real.display());
    unchanged(settings).with_context(attempted)?;
    let dir = settings.real.parent().context("it has no directory").with_context(attempted)?;
    fs::create_dir_all(dir).with_context(attempted)?;
    let name = settings.real.file_name().unwrap_or_default().to_string_lossy();
    let new = dir.join(format!(".{name}.gate-{}", std::process::id()));
    let written = replaced(&settings.real, &new, text);
    if written.is_err() {
        let _nothing_left = fs::remove_file(&new);
    }
    written.with_context(attempted)?;
    fs::File::open(dir).and_then(|dir| dir.sync_all()).with_context(attempted)
}

fn replaced(real: &Path, new: &Path, text: &str) -> anyhow::Result<()> {
    let before = fs::metadata(real).ok();
    // A file that its owner made read-only is not gate's to change, though a rename could.
    if before.is_some() {
        fs::OpenOptions::new().append(true).open(real)?;
    }
    let mode = before.as_ref().map_or(0o600, |found| found.mode() & 0o7777);
    let read_only = before.as_ref().is_some_and(|found| found.mode() & 0o200 == 0);
    ensure!(!read_only, "it is read-only");
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
    file.write_all(text.as_bytes())?;
    if let Some(found) = &before {
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (found.uid(), found.gid()) {
            chown(new, Some(found.uid()), Some(found.gid())).context("its owner would change")?;
        }
    }
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()?;
    Ok(fs::rename(new, real)?)
}

/// Takes the file away that `settings` were read from.
///
/// # Errors
/// The file changed meanwhile, or cannot be removed.
pub fn remove(settings: &Settings) -> anyhow::Result<()> {
    let attempted = || format!("failed to remove `{}`", settings.real.display());
    unchanged(settings).with_context(attempted)?;
    fs::remove_file(&settings.real).with_context(attempted)
}

fn unchanged(settings: &Settings) -> anyhow::Result<()> {
    ensure!(read(&settings.real)?.text == settings.text, "it changed meanwhile; nothing was changed by gate");
    Ok(())
}

/// What gate kept of a file before it changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copy {
    /// There was no such file.
    Absent,
    /// The text it held.
    Text(String),
}

/// Keeps what `settings` were in `dir`, and returns where; what is kept already stays.
///
/// # Errors
/// The directory cannot be made or written.
pub fn keep(dir: &Path, settings: &Settings, time: &str) -> anyhow::Result<PathBuf> {
    let attempted = || format!("failed to keep a copy in `{}`", dir.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(attempted)?;
    let mode = fs::metadata(&settings.real).map_or(0o600, |found| found.mode() & 0o777);
    let time: String = time.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    for more in 0..1000 {
        let ending = if settings.text.is_some() { "copy" } else { "absent" };
        let path = dir.join(format!("{}-{time}-{more:03}.{ending}", key(&settings.real)));
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = match made {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
            made => made.with_context(attempted)?,
        };
        let bytes = settings.text.as_deref().unwrap_or_default().as_bytes();
        let mode = fs::Permissions::from_mode(mode);
        file.write_all(bytes)
            .and_then(|()| file.set_permissions(mode))
            .and_then(|()| file.sync_all())
            .with_context(attempted)?;
        return Ok(path);
    }
    bail!("there are a thousand copies of this moment in `{}`", dir.display())
}

/// Returns the newest copy of `real` that is kept in `dir` and that `is_meant`, if there is one that can be read.
pub fn kept(dir: &Path, real: &Path, is_meant: impl Fn(&str) -> bool) -> Option<Copy> {
    let start = format!("{}-", key(real));
    let names = fs::read_dir(dir).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(&start)).collect();
    names.sort();
    names.iter().rev().find_map(|name| {
        if name.ends_with(".absent") {
            return Some(Copy::Absent);
        }
        read(&dir.join(name)).ok()?.text.filter(|text| is_meant(text)).map(Copy::Text)
    })
}

/// Returns the beginning of the names of a file's copies: its own name and a digest of its whole path.
fn key(real: &Path) -> String {
    let name: String = real.file_name().unwrap_or_default().to_string_lossy().replace('.', "_");
    format!("{name}-{}", &Digest::of(real.as_os_str().as_encoded_bytes()).to_string()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("settings.json");
        (dir, file)
    }

    #[test]
    fn written_file_keeps_its_mode_and_its_link() {
        let (dir, file) = scratch();
        fs::create_dir(dir.path().join("dotfiles")).unwrap();
        let real = dir.path().join("dotfiles/claude.json");
        fs::write(&real, "{}").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("dotfiles/claude.json", &file).unwrap();
        let settings = read(&file).unwrap();
        write(&settings, "new").unwrap();
        assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(dir.path().join("dotfiles")).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn link_to_nowhere_is_followed_and_stays() {
        let (dir, file) = scratch();
        symlink("elsewhere.json", &file).unwrap();
        let settings = read(&file).unwrap();
        assert_eq!(settings.text, None);
        write(&settings, "{}").unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("elsewhere.json")).unwrap(), "{}");
        assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    }

    #[track_caller]
    fn refused(file: &Path, expected: &str) {
        let said = format!("{:#}", read(file).unwrap_err());
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn what_is_no_settings_file_is_refused() {
        let (dir, file) = scratch();
        refused(dir.path(), "it is not a regular file");
        fs::write(&file, b"\xff").unwrap();
        refused(&file, "it is not UTF-8");
        fs::write(&file, vec![b' '; 2 << 20]).unwrap();
        refused(&file, "it is larger than 1024 KiB");
        fs::remove_file(&file).unwrap();
        symlink("settings.json", &file).unwrap();
        refused(&file, "too many symbolic links");
    }

    #[test]
    fn read_only_file_and_one_that_changed_meanwhile_are_left_alone() {
        let (_dir, file) = scratch();
        fs::write(&file, "a").unwrap();
        let settings = read(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(write(&settings, "b").is_err());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&file, "somebody else's").unwrap();
        let said = format!("{:#}", write(&settings, "b").unwrap_err());
        assert!(said.ends_with("it changed meanwhile; nothing was changed by gate"), "{said}");
        assert!(remove(&settings).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "somebody else's");
    }

    #[test]
    fn copies_are_never_overwritten_and_the_newest_is_found() {
        let (dir, file) = scratch();
        let copies = dir.path().join("copies");
        let time = "2026-11-21T09:00:00.000000Z";
        let absent = read(&file).unwrap();
        let first = keep(&copies, &absent, time).unwrap();
        assert_eq!(kept(&copies, &file, |_| true), Some(Copy::Absent));
        fs::write(&file, "a").unwrap();
        let second = keep(&copies, &read(&file).unwrap(), time).unwrap();
        let third = keep(&copies, &Settings { text: Some("b".into()), ..absent }, time).unwrap();
        assert!(first != second && second != third);
        assert_eq!(fs::read_to_string(&second).unwrap(), "a");
        assert_eq!(kept(&copies, &file, |_| true), Some(Copy::Text("b".into())));
        assert_eq!(kept(&copies, &file, |text| text == "a"), Some(Copy::Text("a".into())));
        assert_eq!(kept(&copies, Path::new("/other/settings.json"), |_| true), None);
    }
}
