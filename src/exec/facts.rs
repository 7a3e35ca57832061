//! Facts that pick a command's target, read from the files and variables that the tools themselves read. No process is started.
//!
//! MUST rules:
//! 1. A form that is not understood is unknown, and unknown is strict: it is never guessed.
//! 2. No secret leaves: of a file only the names asked for are kept, of a URL nothing that signs in.
//! 3. What a variable says is asserted: it never proves anything.
//!
//! Sources: gitrepository-layout(5) and git-config(1); terraform's `.terraform/environment`, `TF_WORKSPACE` and `TF_DATA_DIR`
//! (developer.hashicorp.com/terraform/cli/config/environment-variables); the other modules name their own.

mod clouds;
mod ini;
mod kube;
mod stated;

use std::path::{Path, PathBuf};

use crate::world::{Aim, Fact, Findings, World};

/// No file that holds a fact is read beyond this size.
const LIMIT: usize = 1 << 20;

/// Returns what is said of `fact` to a command that looks where `aim` says.
pub(super) fn read(world: &dyn World, fact: Fact, aim: &Aim<'_>) -> Findings {
    let ask = Sight { world, aim };
    let found = match fact {
        Fact::GitBranch => ask.branch(),
        Fact::GitRemote => ask.origin(),
        Fact::TerraformWorkspace => ask.workspace(),
        Fact::KubeContext => kube::context(&ask),
        Fact::KubeServer => kube::server(&ask),
        Fact::AwsProfile => Some(clouds::aws_profile(&ask)),
        Fact::AwsRegion => Some(clouds::aws_region(&ask)),
        Fact::GcloudProject => Some(clouds::gcloud(&ask, &clouds::PROJECT)),
        Fact::GcloudRegion => Some(clouds::gcloud_region(&ask)),
        Fact::AzureSubscription => clouds::azure(&ask),
        Fact::DatabaseHost => Some(stated::database_host(&ask)),
        Fact::DatabaseName => Some(stated::database_name(&ask)),
        Fact::CiEnvironment => Some(stated::ci(&ask, &stated::ENVIRONMENT)),
        Fact::CiBranch => Some(stated::ci(&ask, &stated::BRANCH)),
        Fact::CiRepository => Some(stated::ci(&ask, &stated::REPOSITORY)),
    };
    found.unwrap_or_else(Findings::unknown)
}

/// Claims that git may read this heading as that of the remote `origin`.
fn may_be_origin(heading: &str) -> bool {
    let small = heading.to_ascii_lowercase();
    small.contains("remote") && (small.contains("origin") || small.contains('\\'))
}

/// What a variable is to the command.
enum Var {
    Unset,
    Is(String),
    /// Set to what nobody knows, or to what is no text.
    Unknown,
}

/// The machine as the command that is asked about finds it.
struct Sight<'a> {
    world: &'a dyn World,
    aim: &'a Aim<'a>,
}

impl Sight<'_> {
    /// Returns a variable as the script or the environment sets it; an empty one counts as unset, as all these tools take it.
    fn var(&self, name: &str) -> Var {
        let value = match self.aim.set.iter().rfind(|(set, _)| set == name) {
            Some((_, None)) => return Var::Unknown,
            Some((_, Some(value))) => value.clone(),
            None => self.world.var(name).unwrap_or_default(),
        };
        match String::from_utf8(value) {
            Ok(value) if value.is_empty() => Var::Unset,
            // Given twice: which of them counts is the program's own affair.
            Ok(value) if value.contains('\0') => Var::Unknown,
            Ok(value) => Var::Is(value),
            Err(_) => Var::Unknown,
        }
    }

    /// Returns a variable that names a file; what the script sets is unknown, because it may write that file as well.
    fn place(&self, name: &str) -> Var {
        if self.aim.set.iter().any(|(set, _)| set == name) { Var::Unknown } else { self.var(name) }
    }

    /// Returns `below` in the home directory, which these tools take from `$HOME`; `None` where nobody knows.
    fn home(&self, below: &str) -> Option<PathBuf> {
        let is_moved = self.aim.set.iter().any(|(set, _)| set == "HOME");
        self.world.homes().last().filter(|_| !is_moved).map(|home| home.join(below))
    }

    fn text(&self, path: &Path) -> Option<String> {
        String::from_utf8(self.world.read(path, LIMIT)?).ok()
    }

    /// Returns how a file is called on screens: below the home with `~`.
    fn named(&self, path: &Path) -> String {
        let homes = self.world.homes();
        match homes.last().and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("`~/{}`", below.display()),
            None => format!("`{}`", path.display()),
        }
    }

    /// Returns the git directory of the repository around the directory: `$GIT_DIR`, or `.git` found upwards, a directory or a file that points to one.
    fn git_dir(&self) -> Option<PathBuf> {
        if matches!(self.place("GIT_WORK_TREE"), Var::Unknown) {
            return None;
        }
        match self.place("GIT_DIR") {
            Var::Is(dir) => return Some(self.aim.cwd.join(dir)),
            Var::Unknown => return None,
            Var::Unset => {}
        }
        self.aim.cwd.ancestors().find_map(|dir| {
            let dot = dir.join(".git");
            if self.world.read(&dot.join("HEAD"), LIMIT).is_some() {
                return Some(dot);
            }
            let pointer = self.text(&dot)?;
            Some(dir.join(pointer.strip_prefix("gitdir:")?.trim()))
        })
    }

    fn branch(&self) -> Option<Findings> {
        let head = self.git_dir()?.join("HEAD");
        let text = self.text(&head)?;
        let branch = text.trim_end().strip_prefix("ref: refs/heads/")?;
        Some(Findings::of(branch, self.named(&head), true))
    }

    /// Returns the URL of the remote `origin`, from the configuration that all worktrees of a repository share; `None` where that
    /// file may send what is pushed elsewhere: a second URL, `pushurl`, `insteadOf`, another file, or a heading that git reads as the
    /// same one (git-config(1), "Syntax").
    fn origin(&self) -> Option<Findings> {
        let git = self.git_dir()?;
        let common = self.text(&git.join("commondir")).map(|dir| git.join(dir.trim_end()));
        let config = common.as_deref().unwrap_or(&git).join("config");
        let text = self.text(&config)?;
        let small = text.to_ascii_lowercase();
        if ["pushurl", "insteadof", "[include", "worktreeconfig"].iter().any(|word| small.contains(word)) {
            return None;
        }
        let mut is_inside = false;
        let mut url = None;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                is_inside = line == "[remote \"origin\"]";
                if !is_inside && may_be_origin(line) {
                    return None;
                }
            } else if let (true, Some((key, value))) = (is_inside, line.split_once('='))
                && key.trim().eq_ignore_ascii_case("url")
                && url.replace(without_secrets(value.trim().trim_matches('"'))).is_some()
            {
                return None;
            }
        }
        Some(Findings::of(url?, self.named(&config), true))
    }

    fn workspace(&self) -> Option<Findings> {
        match self.var("TF_WORKSPACE") {
            Var::Is(name) => return Some(Findings::of(name, "`TF_WORKSPACE`", false)),
            Var::Unknown => return None,
            Var::Unset => {}
        }
        let dir = match self.place("TF_DATA_DIR") {
            Var::Is(dir) => dir,
            Var::Unknown => return None,
            Var::Unset => ".terraform".to_owned(),
        };
        let file = self.aim.cwd.join(dir).join("environment");
        let default = || Findings::of("default", "no workspace being selected", true);
        match self.text(&file).as_deref().map(str::trim) {
            Some("") => Some(default()),
            Some(name) => Some(Findings::of(name, self.named(&file), true)),
            None => (!self.world.is_there(&file)).then(default),
        }
    }
}

/// Returns a URL without user, password, query and fragment; `user@host:path` of git stays as it is.
fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests;
