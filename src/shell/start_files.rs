//! The files that a shell reads at its start and at its end, where they lie in a directory that only the environment names.
//!
//! MUST rules:
//! 1. Where one is there, nobody knows what runs. That none is there is a fact of the machine: it must hold when the shell starts as well.
//! 2. What the system has every shell read must say nothing of that directory either.

use std::path::{Path, PathBuf};

use crate::command::Dialect;
use crate::world::World;

/// Where a shell reads files at its start, if that is not the home directory of the password database.
pub(super) struct Elsewhere {
    /// The variable that says so.
    pub(super) name: &'static str,
    /// The files, where certainly none of them is there.
    pub(super) missing: Option<Missing>,
}

/// Files that a shell would read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) paths: Vec<PathBuf>,
    /// The one of them that is read when the shell ends, and whether any end is such or only one by `exit`.
    pub(super) last: Option<(PathBuf, bool)>,
}

/// What a shell reads, beside its language.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) dialect: Dialect,
    pub(super) is_login: bool,
    pub(super) is_interactive: bool,
}

/// Returns the files in the directory that the inherited variable `name` says, if certainly none of them is there.
pub(super) fn missing(world: &dyn World, name: &'static str, kind: Kind) -> Option<Missing> {
    use std::os::unix::ffi::OsStringExt as _;
    let dir = PathBuf::from(std::ffi::OsString::from_vec(world.var(name)?));
    let names = names(kind);
    let last = last(kind).map(|(name, always)| (dir.join(name), always));
    let mut paths: Vec<PathBuf> = names.iter().map(|name| dir.join(name)).collect();
    paths.extend(last.iter().map(|(path, _)| path.clone()));
    // zsh reads a compiled file in place of the text, where there is one.
    if kind.dialect == Dialect::Zsh {
        let compiled = paths.iter().map(|path| path.with_extension("zwc")).collect::<Vec<_>>();
        paths.extend(compiled);
    }
    let is_certain =
        dir.is_absolute() && paths.iter().all(|path| world.is_missing(path)) && leaves_alone(world, kind);
    is_certain.then_some(Missing { paths, last })
}

/// From bash(1), dash(1) and zsh(1).
fn names(kind: Kind) -> Vec<&'static str> {
    let mut names = Vec::new();
    match kind.dialect {
        Dialect::Bash if kind.is_login => names.extend([".bash_profile", ".bash_login", ".profile"]),
        Dialect::Bash => names.push(".bashrc"),
        Dialect::Posix => names.push(".profile"),
        Dialect::Zsh => {
            names.push(".zshenv");
            names.extend([".zprofile", ".zlogin"].iter().filter(|_| kind.is_login));
            names.extend([".zshrc"].iter().filter(|_| kind.is_interactive));
        }
    }
    names
}

/// bash(1), `INVOCATION`: a login shell that is no interactive one reads it when it carries out `exit`; under the name `sh` as well.
fn last(kind: Kind) -> Option<(&'static str, bool)> {
    match kind.dialect {
        _ if !kind.is_login => None,
        Dialect::Bash | Dialect::Posix => Some((".bash_logout", false)),
        Dialect::Zsh => Some((".zlogout", true)),
    }
}

/// Claims that the files of the system say nothing of a directory that the environment names.
fn leaves_alone(world: &dyn World, kind: Kind) -> bool {
    const DIRECTORIES: [&str; 2] = ["/etc", "/etc/zsh"];
    let zsh = ["zshenv", "zprofile", "zshrc", "zlogin", "zlogout"];
    let mut files: Vec<PathBuf> = match kind.dialect {
        Dialect::Zsh => {
            DIRECTORIES.iter().flat_map(|dir| zsh.map(|name| Path::new(dir).join(name))).collect()
        }
        Dialect::Bash | Dialect::Posix => {
            ["/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/bash/bashrc", "/etc/bash.bash_logout"]
                .map(PathBuf::from)
                .to_vec()
        }
    };
    if kind.dialect != Dialect::Zsh {
        let dir = Path::new("/etc/profile.d");
        let Some(names) = world.names(dir, 100) else { return false };
        files.extend(names.iter().filter_map(|name| Some(dir.join(std::str::from_utf8(name).ok()?))));
    }
    files.iter().all(|file| is_plain(world, file))
}

/// Claims that the file is not there, or names neither the home directory nor another that the environment gives.
fn is_plain(world: &dyn World, file: &Path) -> bool {
    const WORDS: [&[u8]; 5] = [b"HOME", b"~", b"XDG_", b"DOTDIR", b"zwc"];
    match world.read(file, 64 << 10) {
        Some(text) => !WORDS.iter().any(|word| text.windows(word.len()).any(|found| found == *word)),
        None => world.is_missing(file),
    }
}
