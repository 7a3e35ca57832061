//! Facts that pick a command's target, read from the files that the tools themselves read. No process is started.
//!
//! Sources: gitrepository-layout(5) and git-config(1); the kubeconfig format of Kubernetes (`KUBECONFIG` is a list,
//! the first file that names a `current-context` decides); terraform's `.terraform/environment` and `TF_WORKSPACE`.
//! A form that is not understood here is unknown, and unknown is strict.

use std::path::{Path, PathBuf};

use crate::world::{Fact, World};

/// No file that holds a fact is read beyond this size.
const LIMIT: usize = 1 << 20;

/// Returns `fact` as seen from `cwd`.
pub(super) fn read(world: &impl World, fact: Fact, cwd: &Path) -> Option<String> {
    match fact {
        Fact::GitBranch => branch(world, &git_dir(world, cwd)?),
        Fact::GitRemote => origin(world, &git_dir(world, cwd)?),
        Fact::KubeContext => Some(kube(world)?.context),
        Fact::KubeServer => kube(world)?.server,
        Fact::TerraformWorkspace => workspace(world, cwd),
    }
}

fn text(world: &impl World, path: &Path) -> Option<String> {
    String::from_utf8(world.read(path, LIMIT)?).ok()
}

fn variable(world: &impl World, name: &str) -> Option<String> {
    String::from_utf8(world.var(name)?).ok().filter(|value| !value.is_empty())
}

/// Returns the git directory of the repository around `cwd`: `$GIT_DIR`, or `.git` found upwards, a directory or a file that points to one.
fn git_dir(world: &impl World, cwd: &Path) -> Option<PathBuf> {
    if let Some(dir) = variable(world, "GIT_DIR") {
        return Some(cwd.join(dir));
    }
    cwd.ancestors().find_map(|dir| {
        let dot = dir.join(".git");
        if world.read(&dot.join("HEAD"), LIMIT).is_some() {
            return Some(dot);
        }
        let pointer = text(world, &dot)?;
        Some(dir.join(pointer.strip_prefix("gitdir:")?.trim()))
    })
}

fn branch(world: &impl World, git: &Path) -> Option<String> {
    let head = text(world, &git.join("HEAD"))?;
    head.trim_end().strip_prefix("ref: refs/heads/").map(str::to_owned)
}

/// Returns the URL of the remote `origin`, from the configuration that all worktrees of a repository share.
fn origin(world: &impl World, git: &Path) -> Option<String> {
    let common = text(world, &git.join("commondir")).map(|dir| git.join(dir.trim_end()));
    let config = text(world, &common.as_deref().unwrap_or(git).join("config"))?;
    let mut inside = false;
    let mut url = None;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[remote \"origin\"]";
        } else if let (true, Some((key, value))) = (inside, line.split_once('='))
            && key.trim().eq_ignore_ascii_case("url")
        {
            url = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    url
}

fn workspace(world: &impl World, cwd: &Path) -> Option<String> {
    if let Some(name) = variable(world, "TF_WORKSPACE") {
        return Some(name);
    }
    let dir = variable(world, "TF_DATA_DIR").unwrap_or_else(|| ".terraform".to_owned());
    let selected = text(world, &cwd.join(dir).join("environment")).map(|name| name.trim().to_owned());
    Some(selected.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned()))
}

struct Kube {
    context: String,
    server: Option<String>,
}

/// One kubeconfig file, as far as it says where commands go.
#[derive(Default)]
struct KubeFile {
    current: Option<String>,
    /// Context name and its cluster.
    contexts: Vec<(String, String)>,
    /// Cluster name and its server.
    clusters: Vec<(String, String)>,
}

fn kube(world: &impl World) -> Option<Kube> {
    let files: Vec<KubeFile> =
        kube_paths(world).iter().filter_map(|path| Some(kube_file(&text(world, path)?))).collect();
    let context = files.iter().find_map(|file| file.current.clone())?;
    let find = |pick: fn(&KubeFile) -> &Vec<(String, String)>, name: &str| {
        files.iter().flat_map(pick).find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    let server =
        find(|file| &file.contexts, &context).and_then(|cluster| find(|file| &file.clusters, &cluster));
    Some(Kube { context, server })
}

fn kube_paths(world: &impl World) -> Vec<PathBuf> {
    match variable(world, "KUBECONFIG") {
        Some(list) => list.split(':').filter(|part| !part.is_empty()).map(PathBuf::from).collect(),
        // kubectl takes the home directory from `$HOME`, so that is the file it would read.
        None => world.homes().last().map(|home| home.join(".kube/config")).into_iter().collect(),
    }
}

/// Reads the block form that kubectl and the cloud tools write: lists of `- cluster: {server}, name` and `- context: {cluster}, name`.
fn kube_file(text: &str) -> KubeFile {
    let mut file = KubeFile::default();
    let mut section = "";
    let mut item = KubeItem::default();
    for line in text.lines() {
        let is_top = !line.starts_with([' ', '-', '#']) && !line.trim().is_empty();
        if is_top
            || line.trim_start().starts_with("- ") && indent(line) <= item.indent.unwrap_or(indent(line))
        {
            item.finish(section, &mut file);
            item = KubeItem { indent: (!is_top).then(|| indent(line)), ..KubeItem::default() };
        }
        let Some((key, value)) = line.trim_start().trim_start_matches("- ").split_once(':') else { continue };
        let value = scalar(value);
        if is_top {
            section = key;
            if key == "current-context" && !value.is_empty() {
                file.current = Some(value);
            }
        } else {
            match key {
                "name" => item.name = Some(value),
                "server" if section == "clusters" => item.value = Some(value),
                "cluster" if section == "contexts" => item.value = Some(value),
                _ => {}
            }
        }
    }
    item.finish(section, &mut file);
    file
}

#[derive(Default)]
struct KubeItem {
    indent: Option<usize>,
    name: Option<String>,
    value: Option<String>,
}

impl KubeItem {
    fn finish(&mut self, section: &str, file: &mut KubeFile) {
        let (Some(name), Some(value)) = (self.name.take(), self.value.take()) else { return };
        match section {
            "contexts" => file.contexts.push((name, value)),
            "clusters" => file.clusters.push((name, value)),
            _ => {}
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn scalar(value: &str) -> String {
    let value = value.trim();
    let bare = value.split(" #").next().unwrap_or(value).trim();
    bare.trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use crate::exec::Host;
    use crate::world::{Fact, World};
    use std::fs;
    use std::path::Path;

    #[track_caller]
    fn case(files: &[(&str, &str)], env: &[(&str, &str)], fact: Fact, expected: Option<&str>) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let env = env.iter().map(|(name, value)| (*name, value.replace("DIR", dir.path().to_str().unwrap())));
        let host = Host::made_of(env, Some(dir.path().join("home")));
        fs::create_dir_all(dir.path().join("work/deep")).unwrap();
        assert_eq!(host.fact(fact, &dir.path().join("work/deep")).as_deref(), expected);
    }

    #[test]
    fn git_facts_come_from_the_repository_around_the_directory() {
        let config = "[core]\n\tbare = false\n[remote \"up\"]\n\turl = no\n[remote \"origin\"]\n\turl = git@h:a/b.git\n";
        let plain = [("work/.git/HEAD", "ref: refs/heads/feature/x\n"), ("work/.git/config", config)];
        case(&plain, &[], Fact::GitBranch, Some("feature/x"));
        case(&plain, &[], Fact::GitRemote, Some("git@h:a/b.git"));
        case(&[("work/.git/HEAD", "8f14e45fceea167a5a36dedd4bea2543\n")], &[], Fact::GitBranch, None);
        case(&[], &[], Fact::GitBranch, None);
        let worktree = [
            ("work/.git", "gitdir: ../main/.git/worktrees/w\n"),
            ("main/.git/worktrees/w/HEAD", "ref: refs/heads/w\n"),
            ("main/.git/worktrees/w/commondir", "../..\n"),
            ("main/.git/config", config),
        ];
        case(&worktree, &[], Fact::GitBranch, Some("w"));
        case(&worktree, &[], Fact::GitRemote, Some("git@h:a/b.git"));
        let elsewhere = [("other/HEAD", "ref: refs/heads/o\n"), plain[0]];
        case(&elsewhere, &[("GIT_DIR", "DIR/other")], Fact::GitBranch, Some("o"));
    }

    const KUBE: &str = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: AAAA\n    server: https://prod.example:6443\n  name: p\n- cluster:\n    server: \"https://dev.example\"\n  name: d\ncontexts:\n- context:\n    cluster: d\n    user: u\n  name: dev\n- context:\n    cluster: p\n    namespace: shop\n    user: u\n  name: live\ncurrent-context: live\nkind: Config\nusers:\n- name: u\n  user:\n    token: t\n";

    #[test]
    fn kube_facts_follow_the_current_context_to_its_server() {
        let home = [("home/.kube/config", KUBE)];
        case(&home, &[], Fact::KubeContext, Some("live"));
        case(&home, &[], Fact::KubeServer, Some("https://prod.example:6443"));
        let other = [("k1", "current-context: dev\n"), ("k2", KUBE)];
        case(&other, &[("KUBECONFIG", "DIR/k1:DIR/k2")], Fact::KubeServer, Some("https://dev.example"));
        case(&[], &[], Fact::KubeServer, None);
        case(&[("home/.kube/config", "{a: [}")], &[], Fact::KubeContext, None);
        case(&[("home/.kube/config", "current-context: x\n")], &[], Fact::KubeServer, None);
    }

    #[test]
    fn terraform_workspace_is_what_terraform_would_use() {
        case(&[], &[], Fact::TerraformWorkspace, Some("default"));
        case(&[("work/deep/.terraform/environment", "prod")], &[], Fact::TerraformWorkspace, Some("prod"));
        case(&[], &[("TF_WORKSPACE", "stage")], Fact::TerraformWorkspace, Some("stage"));
    }

    #[test]
    fn a_fifo_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("HEAD");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
        assert_eq!(host.read(&fifo, 10), None);
        assert_eq!(host.read(Path::new("/dev/zero"), 10), None);
        assert_eq!(host.read(dir.path(), 10), None);
    }
}
