//! The scene of the demo: a scratch directory with a repository, its remote, and a home for gate.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::actors::Part;
use crate::cli::Place;
use crate::exec::{Host, User};
use crate::ui;

const POLICY: &str = include_str!("policy.toml");

/// The scratch directory; it is removed when this is dropped.
pub(super) struct Scene {
    root: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        // The other processes may still be writing their last words.
        let gone = until(Duration::from_secs(2), || {
            Ok((fs::remove_dir_all(&self.root).is_ok() || !self.root.exists()).then_some(()))
        });
        if gone.is_err() {
            ui::say(&format!("`{}` could not be removed", self.root.display()));
        }
    }
}

impl Scene {
    /// Makes the directory, the repositories and the policy.
    pub(super) fn set() -> anyhow::Result<Scene> {
        let name = format!("gate-demo-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&root);
        made.with_context(|| format!("failed to make `{}`", root.display()))?;
        let scene = Scene { root: fs::canonicalize(&root)? };
        fs::DirBuilder::new().mode(0o700).create(scene.home())?;
        scene.write(&scene.home().join("policy.toml"), POLICY)?;
        scene.trust_git()?;
        scene.make_repositories()?;
        Ok(scene)
    }

    /// Returns the scratch directory.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    fn work(&self) -> PathBuf {
        self.root.join("shop")
    }

    fn remote(&self) -> PathBuf {
        self.root.join("remote.git")
    }

    /// Returns the place of the demo's own store.
    pub(super) fn place(&self) -> Place {
        Place { home: Some(self.home()) }
    }

    fn write(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        use std::io::Write as _;
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("failed to write `{}`", path.display()))
    }

    /// Where git lies in a directory that is not root's, the demo's configuration trusts that directory.
    fn trust_git(&self) -> anyhow::Result<()> {
        let host = Host::of(&User::current());
        let git = host.find(b"git", &self.root).context("the demo needs `git`: sudo apt-get install git")?;
        let dir = git.parent().unwrap_or(&git);
        if host.is_trusted_directory(dir) {
            return Ok(());
        }
        let dirs = toml::Value::from(vec![dir.display().to_string()]);
        self.write(&self.home().join("config.toml"), &format!("trusted_path = {dirs}\n"))
    }

    /// A commit that the remote has is amended, so that only a forced push gets it there.
    fn make_repositories(&self) -> anyhow::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(self.work())?;
        let (remote, price) = (self.remote().display().to_string(), self.work().join("price.txt"));
        self.git(&["init", "--quiet", "--bare", "--initial-branch=main", &remote])?;
        self.git(&["init", "--quiet", "--initial-branch=main"])?;
        self.git(&["remote", "add", "origin", &remote])?;
        self.write(&price, "9.99\n")?;
        self.git(&["add", "price.txt"])?;
        self.git(&["commit", "--quiet", "-m", "Sett the price"])?;
        self.git(&["push", "--quiet", "origin", "main"])?;
        self.git(&["commit", "--quiet", "--amend", "-m", "Set the price"])?;
        Ok(())
    }

    fn git(&self, args: &[&str]) -> anyhow::Result<String> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"]);
        git.args(["-c", "core.hooksPath=/dev/null"]).args(args).current_dir(self.work()).stdin(Stdio::null());
        let output = plain(&mut git).output().context("failed to start `git`")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`git {}` failed: {}", args.join(" "), said.trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Claims that the forced push has reached the remote.
    pub(super) fn remote_has_the_new_commit(&self) -> anyhow::Result<bool> {
        let ours = self.git(&["rev-parse", "main"])?;
        let theirs = self.git(&["--git-dir", &self.remote().display().to_string(), "rev-parse", "main"])?;
        Ok(ours == theirs)
    }

    /// Prints a command line of gate's as a person would type it.
    pub(super) fn say(&self, args: &[&str]) {
        let words: Vec<_> = args.iter().map(|arg| crate::command::quoted(arg.as_bytes())).collect();
        ui::answer(&format!("   $ gate {}", String::from_utf8_lossy(&words.join(&b' '))));
    }

    /// Runs gate, and prints the command line and what came out.
    pub(super) fn gate(&self, args: &[&str]) -> anyhow::Result<Output> {
        self.say(args);
        let output = self.command(args)?.stdin(Stdio::null()).output().context("failed to start gate")?;
        for text in [&output.stdout, &output.stderr] {
            if !text.is_empty() {
                ui::answer(&indented(&String::from_utf8_lossy(text)));
            }
        }
        if let Some(code @ 1..) = output.status.code() {
            ui::answer(&format!("   (exit code {code})"));
        }
        Ok(output)
    }

    /// Runs gate in the person's own terminal; claims that it ended well.
    pub(super) fn gate_here(&self, args: &[&str]) -> anyhow::Result<bool> {
        Ok(self.command(args)?.status().context("failed to start gate")?.success())
    }

    /// Starts another process of the demo; what it prints goes to a file.
    pub(super) fn start(&self, part: Part, request: Option<&str>) -> anyhow::Result<()> {
        let mut args = vec!["demo", "--part", part.name()];
        args.extend(request.iter().flat_map(|id| ["--request", id]));
        let mut command = self.command(&args)?;
        command.stdin(Stdio::null());
        if part == Part::Approver {
            // A person's terminal: whatever marks an agent's or a job's environment is not there.
            command
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("TERM", "xterm");
            let output = command.output().context("failed to start the approver")?;
            ui::answer(&indented(&String::from_utf8_lossy(&output.stdout)));
            ui::answer(&indented(&String::from_utf8_lossy(&output.stderr)));
            ensure!(output.status.success(), "the approver ended with {}", output.status);
            return Ok(());
        }
        let log = fs::File::create(self.root.join("requester.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn().context("failed to start the requester")?;
        // It only leaves its grandchild behind, in a session that is not ours.
        ensure!(child.wait()?.success(), "the requester could not be started");
        Ok(())
    }

    /// Returns what the requester has said so far.
    pub(super) fn said_by_requester(&self) -> String {
        fs::read_to_string(self.root.join("requester.log")).unwrap_or_default()
    }

    /// Claims that the requester's gate has ended.
    pub(super) fn requester_has_ended(&self) -> bool {
        self.root.join(super::actors::DONE).exists()
    }

    /// Returns what the requester said, once it has ended.
    pub(super) fn ended_requester(&self, patience: Duration) -> anyhow::Result<String> {
        let ended = until(patience, || Ok(self.requester_has_ended().then_some(())))?;
        ended.context("the requester did not end")?;
        let code = fs::read_to_string(self.root.join(super::actors::DONE))?;
        Ok(format!("{}(exit code {})", self.said_by_requester(), code.trim()))
    }

    fn command(&self, args: &[&str]) -> anyhow::Result<Command> {
        let program = std::env::current_exe().context("failed to find gate's own program")?;
        let mut command = Command::new(program);
        command.arg("--home").arg(self.home()).args(args).current_dir(self.work());
        plain(&mut command);
        Ok(command)
    }
}

/// Takes away what would lead git to another repository.
fn plain(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") || name.as_encoded_bytes().starts_with(b"GATE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Returns `text` with every line indented.
pub(super) fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n")
}

/// Looks again every few milliseconds until `look` finds something, or `patience` is over.
pub(super) fn until<T>(
    patience: Duration,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        if Instant::now() >= end {
            bail!("waited {} s in vain", patience.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
