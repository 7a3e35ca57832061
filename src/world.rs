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
    /// The URL of the remote `origin` of that repository, without what signs in.
    GitRemote,
    /// The name of the kube context.
    KubeContext,
    /// The API server URL of the kube context.
    KubeServer,
    /// The selected terraform workspace.
    TerraformWorkspace,
    /// The name of the AWS profile.
    AwsProfile,
    /// The AWS region.
    AwsRegion,
    /// The id of the Google Cloud project.
    GcloudProject,
    /// The region of Google Cloud.
    GcloudRegion,
    /// The name and the id of the Azure subscription.
    AzureSubscription,
    /// The host of the database.
    DatabaseHost,
    /// The name of the database.
    DatabaseName,
    /// The environment that a CI job deploys to.
    CiEnvironment,
    /// The branch or tag that a CI job runs for.
    CiBranch,
    /// The repository that a CI job runs for.
    CiRepository,
}

/// Where a command looks, as far as it says so itself: what a fact is looked up with.
#[derive(Clone, Copy, Debug)]
pub struct Aim<'a> {
    /// The program's plain name: what a variable means depends on who reads it.
    pub program: &'a str,
    pub cwd: &'a Path,
    /// The name that the arguments choose where a configuration has several: of a kube context, an AWS profile, a gcloud configuration, a subscription.
    pub chosen: Option<&'a str>,
    /// The variables that the script sets for it, the last of a name counts; `None` where nobody knows the value yet.
    pub set: &'a [(String, Option<Vec<u8>>)],
}

/// A value of a fact, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub value: String,
    /// In words: a variable, a file, an option.
    pub from: String,
    /// Claims that it is more than a name that the requester may give: what the command reaches is this.
    pub is_proven: bool,
}

/// What is known of a fact: all the values it may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    pub values: Vec<Stated>,
    /// Claims that it may be something else as well.
    pub is_open: bool,
}

/// A longer value is no name of anything: it counts as unknown.
const LONGEST: usize = 500;

impl Findings {
    /// Returns that nothing is known.
    pub fn unknown() -> Findings {
        Findings { values: Vec::new(), is_open: true }
    }

    /// Returns one value.
    pub fn of(value: impl Into<String>, from: impl Into<String>, is_proven: bool) -> Findings {
        let mut found = Findings::default();
        found.add(value, from, is_proven);
        found
    }

    /// Adds a value that it may have; one that is known already stays as it is.
    pub fn add(&mut self, value: impl Into<String>, from: impl Into<String>, is_proven: bool) {
        let (value, from) = (value.into(), from.into());
        if value.is_empty() || value.len() > LONGEST {
            self.is_open = true;
        } else if self.values.iter().all(|known| known.value != value) {
            self.values.push(Stated { value, from, is_proven });
        }
    }

    /// Adds all that `other` says.
    pub fn join(&mut self, other: Findings) {
        self.is_open |= other.is_open;
        for Stated { value, from, is_proven } in other.values {
            self.add(value, from, is_proven);
        }
    }
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

    /// Claims that nothing is called `path`, not even a link to nothing, for whoever asks: to open it can only fail.
    fn is_missing(&self, _path: &Path) -> bool {
        false
    }

    /// Returns the names in a directory but for `.` and `..`, none where there is no such directory; `None` where it cannot be read,
    /// holds more than `limit`, or is another directory for each process that asks.
    fn names(&self, _dir: &Path, _limit: usize) -> Option<Vec<Vec<u8>>> {
        None
    }

    /// Returns the bytes of a regular file, or `None` where it is missing, unreadable, not a regular file, larger than `limit`, or
    /// another file for each process that asks.
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>>;

    /// Returns what files and environment say of a fact to a command that looks where `aim` says.
    fn fact(&self, _fact: Fact, _aim: &Aim<'_>) -> Findings {
        Findings::unknown()
    }

    /// Claims that gate's own standard input, which a command inherits, may hold anything: it is neither closed nor a terminal.
    fn has_input(&self) -> bool {
        true
    }

    /// Returns the name of this host.
    fn host(&self) -> String;
}
