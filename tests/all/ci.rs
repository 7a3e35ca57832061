//! The examples for CI, run step by step as each system runs them, against a server with a release on this machine.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::stage::{Stage, set_mode, until};

const SYSTEMS: [(&str, &str); 3] =
    [("github", "ci/github-actions.yml"), ("gitlab", "ci/gitlab-ci.yml"), ("jenkins", "ci/Jenkinsfile")];

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example(name: &str) -> PathBuf {
    project().join("examples").join(name)
}

/// A repository with a deployment, and a server with one release of gate.
struct Ci {
    stage: Stage,
    server: Child,
    address: String,
    sha256: String,
}

impl Drop for Ci {
    fn drop(&mut self) {
        let _ended_already = self.server.kill();
        let _reaped = self.server.wait();
    }
}

impl Ci {
    fn new(config: &str) -> Ci {
        let stage = Stage::new()
            .config(config)
            .script("deploy", "#!/bin/sh\necho \"deployed to $1\"\ntouch deployed\n");
        fs::create_dir(stage.cwd().join("ci")).unwrap();
        fs::copy(example("action/install-gate"), stage.cwd().join("ci/install-gate")).unwrap();
        let release = stage.root().join("server/OWNER/gate/releases/download/v0.1.0");
        fs::create_dir_all(&release).unwrap();
        let sha256 = pack(&stage, &release);
        let (server, address) = serve(&stage.root().join("server"));
        Ci { stage, server, address, sha256 }
    }

    /// Returns the run of an example on this stage, with `sha256` for the checksum it pins.
    fn command(&self, system: &str, name: &str, sha256: &str) -> Command {
        let text = fs::read_to_string(example(name)).unwrap();
        assert_eq!(text.matches(ZEROS).count(), 1, "one checksum to pin");
        let file = self.stage.root().join("example");
        fs::write(&file, text.replace(ZEROS, sha256)).unwrap();
        let mut command = Command::new("setsid");
        command.args(["--wait", "python3"]).arg(project().join("tests/ci/runner")).arg(system).arg(file);
        command.current_dir(self.stage.cwd()).env_clear().stdin(Stdio::null());
        command.envs(["HOME"].map(|name| (name, std::env::var_os(name).unwrap_or_default())));
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("LC_ALL", "C.UTF-8").env("EXAMPLES", project().join("examples"));
        command.env("GITHUB_SERVER_URL", &self.address).env("GATE_SERVER", &self.address);
        command
    }

    fn run(&self, (system, name): (&str, &str), sha256: &str) -> Output {
        self.command(system, name, sha256).output().unwrap()
    }

    fn is_deployed(&self) -> bool {
        self.stage.cwd().join("deployed").exists()
    }

    /// Returns the summary that the system keeps.
    fn summary(&self) -> Option<String> {
        ["summary.md", "gate.md"]
            .iter()
            .find_map(|name| fs::read_to_string(self.stage.cwd().join("kept").join(name)).ok())
    }
}

/// Puts a gate that keeps its files on the stage into a release, and returns the release's checksum.
fn pack(stage: &Stage, release: &Path) -> String {
    let made = stage.root().join("made");
    fs::create_dir(&made).unwrap();
    let gate = format!(
        "#!/bin/sh\nexec {} --home '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_gate"),
        stage.home().display()
    );
    fs::write(made.join("gate"), gate).unwrap();
    set_mode(&made.join("gate"), 0o755);
    let machine = std::env::consts::ARCH;
    let file = release.join(format!("gate-0.1.0-{machine}-unknown-linux-musl.tar.gz"));
    let tar = Command::new("tar").arg("-C").arg(&made).arg("-czf").arg(&file).arg("gate").status().unwrap();
    assert!(tar.success());
    let sum = Command::new("sha256sum").arg(&file).output().unwrap();
    String::from_utf8(sum.stdout).unwrap()[..64].to_owned()
}

fn serve(directory: &Path) -> (Child, String) {
    let mut server = Command::new("python3")
        .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.split("port ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    (server, format!("http://127.0.0.1:{port}"))
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_release_with_another_checksum_is_not_installed_and_nothing_runs() {
    for system in SYSTEMS {
        let ci = Ci::new("");
        let output = ci.run(system, &"1".repeat(64));
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{system:?}: {text}");
        let expected = format!(
            "install-gate: error: gate-0.1.0-{}-unknown-linux-musl.tar.gz has the checksum {}, expected {}; nothing was installed",
            std::env::consts::ARCH,
            ci.sha256,
            "1".repeat(64)
        );
        assert!(text.contains(&expected), "{system:?}: {text}");
        assert!(!ci.is_deployed() && !ci.stage.home().join("gate.db").exists(), "{system:?}");
        let found = ci.stage.program("find", ["..", "-name", "gate", "-type", "f"]).output();
        assert_eq!(String::from_utf8(found.stdout).unwrap(), "../made/gate\n", "{system:?}");
    }
}

#[test]
fn without_anybody_to_answer_the_step_fails_at_once_and_says_what_to_do() {
    for system in SYSTEMS {
        let ci = Ci::new("");
        let output = ci.run(system, &ci.sha256);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(124), "{system:?}: {text}");
        for line in [
            "gate: no approver can be reached from this job for ",
            "gate: not run: ./deploy production\n",
            "gate: hint: on a runner where people answer: put `attended = true` under `[local]` into `",
            "gate: hint: on any other runner: allow it beforehand with a rule of the policy, or let a person run it\n",
        ] {
            assert!(text.contains(line), "{system:?}: {text}");
        }
        let summary = ci.summary().unwrap();
        assert!(summary.contains("not run&#58; no decision yet, parked"), "{system:?}: {summary}");
        assert!(
            summary.contains("<code>OPS-7</code>") && summary.contains("for <code>kim</code>"),
            "{summary}"
        );
        assert!(!ci.is_deployed(), "{system:?}");
    }
}

#[test]
fn a_person_approves_and_the_step_runs() {
    for (system, name) in SYSTEMS {
        let ci = Ci::new("[local]\nattended = true\n");
        let mut command = ci.command(system, name, &ci.sha256);
        let job = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let id = until("a request of the job", || {
            let listed = ci.stage.gate(["requests", "--json"]).output();
            let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).ok()?;
            listed[0]["id"].as_str().map(str::to_owned)
        });
        assert!(!ci.is_deployed());
        let answer = ci.stage.gate(["approve", "--yes", "-m", "go", &id]).on_terminal().output();
        assert!(answer.status.success(), "{}", said(&answer));
        let output = job.wait_with_output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(0), "{system}: {text}");
        assert!(text.contains("deployed to production\n") && ci.is_deployed(), "{system}: {text}");
        let summary = ci.summary().unwrap();
        for part in
            [&*format!("### Request {id}: ran&#58; exit code 0 after "), "approve by ", "&#58; go</code>"]
        {
            assert!(summary.contains(part), "{system}: {summary}");
        }
        let result = fs::read_to_string(ci.stage.cwd().join("gate.json")).unwrap();
        let result: serde_json::Value = serde_json::from_str(&result).unwrap();
        assert_eq!((&result["state"], &result["request"]), (&"SUCCEEDED".into(), &id.into()), "{system}");
    }
}

#[test]
fn a_job_that_may_wait_gives_up_as_configured_and_a_job_that_may_not_never_waits() {
    let stage = Stage::new()
        .config("[local]\nattended = true\n[patience]\nci = \"0s\"\n")
        .script("own", "#!/bin/sh\n");
    let output = stage.gate(["--", "./own"]).env("GITHUB_ACTIONS", "true").output();
    let text = said(&output);
    assert!(text.contains("; answer with `") && text.contains(" yet; parked, nothing was run\n"), "{text}");
    assert_eq!(output.status.code(), Some(124));
    let stage = stage.config("");
    let output = stage.gate(["--wait", "8h", "--", "./own"]).env("GITLAB_CI", "true").output();
    assert!(said(&output).starts_with("gate: no approver can be reached from this job for "));
    assert_eq!(output.status.code(), Some(124));
}

/// Runs the installer with these variables and says what it must answer; nothing may be installed.
#[track_caller]
fn refused(variables: &[(&str, &str)], expected: &str) {
    let stage = Stage::new();
    let mut run = stage.program(example("action/install-gate").to_str().unwrap(), ["target"]);
    for (name, value) in variables {
        run = run.env(name, value);
    }
    run.stderr(&format!("install-gate: error: {expected}; nothing was installed\n")).code(1).check();
    assert!(!stage.cwd().join("target").exists());
}

#[test]
fn the_installer_takes_nothing_that_is_not_pinned() {
    refused(&[], "GATE_VERSION is no version: ``");
    refused(&[("GATE_VERSION", "../1")], "GATE_VERSION is no version: `../1`");
    let version = ("GATE_VERSION", "0.1.0");
    refused(&[version], "GATE_REPOSITORY is not like OWNER/NAME: ``");
    refused(
        &[version, ("GATE_REPOSITORY", "a/b/../c")],
        "GATE_REPOSITORY is not like OWNER/NAME: `a/b/../c`",
    );
    let repository = ("GATE_REPOSITORY", "OWNER/gate");
    let variable = format!("GATE_SHA256_{}", std::env::consts::ARCH.to_uppercase());
    let expected = format!("{variable} is no SHA-256 checksum");
    refused(&[version, repository], &expected);
    for wrong in ["", "abc", &"g".repeat(64), &"A".repeat(64), &format!("{}\n", "1".repeat(63))] {
        refused(&[version, repository, (&variable, wrong)], &expected);
    }
}

#[test]
fn the_installer_uses_nothing_of_a_release_that_is_not_what_it_says() {
    let ci = Ci::new("");
    let variable = format!("GATE_SHA256_{}", std::env::consts::ARCH.to_uppercase());
    let install = |version: &str, sha256: &str| {
        let run = ci.stage.program(example("action/install-gate").to_str().unwrap(), ["target"]);
        let run = run.env("GATE_SERVER", &ci.address).env("GATE_REPOSITORY", "OWNER/gate");
        run.env("GATE_VERSION", version).env(&variable, sha256).output()
    };
    assert!(said(&install("0.1.0", &ci.sha256)).ends_with("install-gate: gate 0.1.0 is in target\n"));
    fs::remove_dir_all(ci.stage.cwd().join("target")).unwrap();
    assert!(said(&install("9.9.9", &ci.sha256)).contains("could not download "));
    // A release with the right checksum and the wrong contents.
    let release = ci.stage.root().join("server/OWNER/gate/releases/download");
    fs::rename(release.join("v0.1.0"), release.join("v0.2.0")).unwrap();
    let name = |version: &str| format!("gate-{version}-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH);
    fs::rename(release.join("v0.2.0").join(name("0.1.0")), release.join("v0.2.0").join(name("0.2.0")))
        .unwrap();
    let output = install("0.2.0", &ci.sha256);
    assert!(said(&output).contains("says it is `gate 0.1.0`; nothing was installed"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
    assert!(!ci.stage.cwd().join("target").exists());
}
