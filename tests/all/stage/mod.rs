//! The stage: a scratch home for gate, a scratch working directory, and the ways to run gate on it.
//!
//! ```ignore
//! let stage = Stage::new().policy(r#"…"#).file("notes.txt", "hello");
//! stage.gate(["--", "cat", "notes.txt"]).stdout("hello").check();
//! let waiting = stage.gate(["--", "touch", "x"]).start();      // until it says that it waits
//! stage.gate(["approve", waiting.id()]).on_terminal().stdout("…").check();
//! waiting.stdout("").stderr("…").check();
//! ```
//!
//! Every gate runs in a session of its own without a terminal, as a tool of an agent does; `on_terminal` gives
//! it a terminal as well. Nothing sleeps: see [`until`].

mod expected;
mod run;
mod terminal;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use run::{Run, Waiting};
pub(crate) use terminal::Terminal;

/// How long anything may take before a test gives up on it. Never part of what a test says.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A scratch home and working directory; both are gone when it is dropped.
pub(crate) struct Stage {
    root: tempfile::TempDir,
}

impl Stage {
    /// Sets an empty stage: no policy, no store, nothing in the working directory.
    pub(crate) fn new() -> Stage {
        let root = tempfile::Builder::new().prefix("gate-test-").tempdir().expect("a scratch directory");
        let stage = Stage { root };
        for dir in [stage.home(), stage.cwd()] {
            std::fs::create_dir(&dir).expect("a directory of the stage");
        }
        set_mode(&stage.home(), 0o700);
        stage
    }

    /// Writes the user's policy.
    pub(crate) fn policy(self, text: &str) -> Stage {
        let path = self.home().join("policy.toml");
        self.write(path, text.as_bytes())
    }

    /// Writes the user's configuration.
    pub(crate) fn config(self, text: &str) -> Stage {
        let path = self.home().join("config.toml");
        self.write(path, text.as_bytes())
    }

    /// Writes a file below the working directory.
    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Stage {
        let path = self.cwd().join(name);
        self.write(path, text.as_ref())
    }

    /// Writes an executable file below the working directory.
    pub(crate) fn script(self, name: &str, text: &str) -> Stage {
        let stage = self.file(name, text);
        set_mode(&stage.cwd().join(name), 0o755);
        stage
    }

    fn write(self, path: PathBuf, bytes: &[u8]) -> Stage {
        let parent = path.parent().expect("a file of the stage has a parent");
        std::fs::create_dir_all(parent).expect("the parent of a file");
        std::fs::write(&path, bytes).expect("a file of the stage");
        set_mode(&path, 0o600);
        self
    }

    /// Returns the directory that `--home` names.
    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// Returns the working directory.
    pub(crate) fn cwd(&self) -> PathBuf {
        self.root().join("work")
    }

    /// Returns the directory that holds the other two.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Returns `text` with placeholders for everything that differs from run to run.
    pub(crate) fn shown(&self, text: &[u8]) -> String {
        expected::placeholders(&String::from_utf8_lossy(text), self.root())
    }

    /// Returns a run of `gate --home HOME ARGS…`, not started yet.
    pub(crate) fn gate<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run<'_> {
        let mut all = vec!["--home".into(), self.home().into_os_string()];
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        Run::new(self, env!("CARGO_BIN_EXE_gate").into(), all)
    }

    /// Approves the request as a person at a terminal of their own, and returns the card that they were shown.
    #[track_caller]
    pub(crate) fn approve(&self, id: &str) -> String {
        let said = self.gate(["approve", "--yes", id]).on_terminal().output();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// Returns a run of any other program on this stage, for what a test needs around gate.
    pub(crate) fn program<A: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Run<'_> {
        Run::new(self, program.into(), args.into_iter().map(|arg| arg.as_ref().to_owned()).collect())
    }

    /// Returns the home directory that the password database names in [`Stage::as_person`].
    pub(crate) fn person(&self) -> PathBuf {
        self.root().join("person")
    }

    /// Returns a run of `program` where the password database says that home is [`Stage::person`], and that the shell is the
    /// `shells/bash` in there, if there is one: gate takes the places of its own files and of an agent's from there.
    pub(crate) fn as_person<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Run<'_> {
        let (home, passwd) = (self.person(), self.root().join("passwd"));
        let user = rustix::process::getuid().as_raw();
        let link = home.join("shells/bash");
        let shell = if link.exists() { link } else { PathBuf::from("/bin/sh") };
        let line = format!("me:x:{user}:{user}::{}:{}\n", home.display(), shell.display());
        std::fs::create_dir_all(&home).expect("a home directory");
        // Never half written: another run may be reading it.
        let fresh = tempfile::NamedTempFile::new_in(self.root()).expect("a file of the stage");
        std::fs::write(fresh.path(), line).expect("a password database");
        fresh.persist(&passwd).expect("a password database");
        let run = self.program("bwrap", ["--dev-bind", "/", "/", "--ro-bind"]).arg(passwd).arg("/etc/passwd");
        args.into_iter().fold(run.arg("--").arg(program), |run, arg| run.arg(arg)).env("HOME", home)
    }
}

/// Sets the permission bits of `path`.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode of a file");
}

/// Waits until `condition` gives a value. The only place of the tests that looks again after a while.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
