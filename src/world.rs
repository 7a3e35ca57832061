//! What the core may ask about the machine it judges for.
//!
//! The core does no IO: file system, environment and password database come in through [`World`], so that
//! tests decide them. Whatever a `World` cannot tell is answered with "unknown", and unknown is strict.

use std::path::{Path, PathBuf};

/// Where a program name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// A file in a trusted directory: the program is what its name says.
    Trusted(PathBuf),
    /// A file that exists elsewhere (`./sed`, `~/bin/git`): its name says nothing about it.
    Untrusted(PathBuf),
    /// No such file. Running it can only fail, so it is judged by its name.
    Missing,
}

/// A fact that picks a command's target; read only when a rule or a label could need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// The current branch of the git repository around the directory.
    GitBranch,
    /// The URL of the remote `origin` of that repository.
    GitRemote,
    /// The name of the current kube context.
    KubeContext,
    /// The API server URL of the current kube context.
    KubeServer,
    /// The selected terraform workspace.
    TerraformWorkspace,
}

/// The machine as the core sees it. Reading it never changes it, and never runs anything.
pub trait World {
    /// Returns the value of a variable of the inherited environment.
    fn var(&self, name: &str) -> Option<Vec<u8>>;

    /// Returns the names of all inherited environment variables.
    fn var_names(&self) -> Vec<String>;

    /// Returns the home directories a path may mean: the one of the password database first, then `$HOME` if it differs.
    fn homes(&self) -> Vec<PathBuf>;

    /// Returns the directories that hold nothing but gate's own files, where they are not in their usual places.
    fn own_directories(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Returns where `name` leads when it is run in `cwd`; a name without `/` is looked up in `PATH`.
    fn resolve(&self, name: &[u8], cwd: &Path) -> Resolution;

    /// Claims that a shell may take itself for one that sshd or rshd has started: by `SSH_CLIENT`, or a socket as standard input.
    fn seems_remote(&self) -> bool {
        true
    }

    /// Claims that a directory of `PATH` may hold a file called `name`, executable or not: a shell that sources a bare name takes it.
    fn may_find_file(&self, _name: &[u8], _cwd: &Path) -> bool {
        true
    }

    /// Returns `path` with symbolic links resolved as far as it exists, the missing rest appended as it is.
    fn real_path(&self, path: &Path) -> PathBuf;

    /// Returns what [`World::real_path`] does, or `None` where it leads to another place for each process that asks.
    fn shared_path(&self, path: &Path) -> Option<PathBuf> {
        Some(self.real_path(path))
    }

    /// Claims that two paths lead to one file there is.
    fn is_same_file(&self, _one: &Path, _other: &Path) -> bool {
        false
    }

    /// Claims that `path` is a directory there is, links followed.
    fn is_directory(&self, _path: &Path) -> bool {
        false
    }

    /// Claims that something is called `path`, be it a link to nothing.
    fn is_there(&self, _path: &Path) -> bool {
        true
    }

    /// Returns the names in a directory but for `.` and `..`, none where there is no such directory; `None` where it cannot be read,
    /// holds more than `limit`, or is another directory for each process that asks.
    fn names(&self, _dir: &Path, _limit: usize) -> Option<Vec<Vec<u8>>> {
        None
    }

    /// Returns the bytes of a regular file, or `None` where it is missing, unreadable, not a regular file, larger than `limit`, or
    /// another file for each process that asks.
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>>;

    /// Returns a fact for `cwd`, or `None` where it cannot be determined.
    fn fact(&self, fact: Fact, cwd: &Path) -> Option<String>;

    /// Claims that gate's own standard input, which a command inherits, may hold anything: it is neither closed nor a terminal.
    fn has_input(&self) -> bool {
        true
    }

    /// Returns the name of this host.
    fn host(&self) -> String;
}
