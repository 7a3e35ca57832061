//! A real `sshd` on a port of the loopback device, run by the user of the tests, with gate as its `ForceCommand`.
//!
//! `sshd -i` serves one connection on its standard input; the listener in front of it is this test's, so that the port is free.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::{Outcome, Scene, written};
use crate::stage::Stage;

/// What the server runs in place of a command.
const BASH: &str = "exec bash -c \"$SSH_ORIGINAL_COMMAND\"";

/// Where Debian has it; it must be called by its path.
const SSHD: &str = "/usr/sbin/sshd";

/// Starts to listen, and returns the options of a client that reaches this scene.
fn serve(scene: &Scene, forced: &str) -> Vec<String> {
    let root = scene.stage.root().display().to_string();
    for key in ["host", "own"] {
        scene
            .stage
            .program("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", &format!("{root}/{key}")])
            .check();
    }
    std::fs::copy(format!("{root}/own.pub"), format!("{root}/authorized")).unwrap();
    let server = format!(
        "HostKey {root}/host\nAuthorizedKeysFile {root}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n\
         PermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no\nPrintLastLog no\nLogLevel ERROR\nForceCommand {forced}\n\
         SetEnv SHLVL=2\n"
    );
    // Not at the first level, bash leaves the start-up files of whoever runs the tests alone; some of them may not run side by side.
    std::fs::write(format!("{root}/server"), server).unwrap();
    if rustix::process::geteuid().is_root() {
        // Its privileges are separated in this directory, which the start of the system's own server makes.
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let arguments = ["-i".into(), "-f".into(), format!("{root}/server"), "-E".into(), format!("{root}/log")];
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = OwnedFd::from(connection.unwrap());
            let other = connection.try_clone().unwrap();
            let mut server = Command::new(SSHD);
            server.args(&arguments).stdin(connection).stdout(other).stderr(Stdio::null());
            server.spawn().unwrap().wait().unwrap();
        }
    });
    let client = format!(
        "Host there\nHostName 127.0.0.1\nPort {port}\nIdentityFile {root}/own\nIdentitiesOnly yes\nBatchMode yes\n\
         StrictHostKeyChecking no\nUserKnownHostsFile {root}/known\nLogLevel ERROR\n"
    );
    std::fs::write(format!("{root}/client"), client).unwrap();
    vec!["-F".to_owned(), format!("{root}/client")]
}

/// Does `work` with a server that runs bash and with one that runs gate.
#[track_caller]
fn same(stdout: &str, code: i32, commands: usize, work: impl Fn(&Scene, &str) -> Outcome) {
    let (bash, gate) = (Scene::set(false), Scene::set(true));
    let home = gate.stage.home().display().to_string();
    let forced = format!("exec {} --home {home} --ssh-command", env!("CARGO_BIN_EXE_gate"));
    let outcome = |scene: &Scene, forced: &str| {
        let client = serve(scene, forced);
        let outcome = work(scene, &client.join(" "));
        let log = std::fs::read_to_string(scene.stage.root().join("log")).unwrap_or_default();
        (outcome, log)
    };
    let (expected, log) = outcome(&bash, BASH);
    assert!(expected.stdout.contains(stdout) && expected.code == code, "{expected:?}\n{log}");
    assert_eq!(outcome(&gate, &forced).0, expected);
    assert_eq!(gate.recorded(), commands);
}

#[test]
fn a_command_over_ssh_runs_as_it_does_without_gate() {
    same("out\n7: one two\n", 3, 1, |scene, client| {
        let remote = "cd /; echo out; echo err >&2; a=(x 7); read -r x y; echo \"${a[1]}: $y $x\"; exit 3";
        scene.outcome(
            scene
                .program("sh", &["-c", &format!("ssh {client} there \"$1\""), "sh", remote])
                .stdin("two one\n"),
        )
    });
    same("", 255, 1, |scene, client| {
        scene.outcome(scene.program("sh", &["-c", &format!("ssh {client} there 'kill -TERM $$'")]))
    });
    same("bash: line 1: nothing_of_that_name: command not found\n", 127, 1, |scene, client| {
        scene
            .outcome(scene.program("sh", &["-c", &format!("ssh {client} there 'nothing_of_that_name' 2>&1")]))
    });
}

/// Claims that this user's sshd can give terminals: it hands each over to the group `tty`, and only root can do that where
/// the terminals of the machine do not belong to it from the beginning (the option `gid` of devpts).
fn gives_terminals() -> bool {
    let group = Stage::new().program("script", ["-qec", "stat -c %G \"$(tty)\"", "/dev/null"]).output();
    rustix::process::geteuid().is_root() || group.stdout.starts_with(b"tty")
}

#[test]
fn a_command_over_ssh_has_its_terminal() {
    if !gives_terminals() {
        return same("", 255, 0, |scene, client| {
            scene.outcome(scene.program("sh", &["-c", &format!("ssh -tt {client} there true")]))
        });
    }
    same("40 120\nword?\n[typed]\n", 4, 1, |scene, client| {
        let remote = "tty > /dev/null && stty size; read -rs -p word? x; echo; echo \"[$x]\"; exit 4";
        let here = format!("exec ssh -tt {client} there \"$1\"");
        let mut terminal = scene.program("sh", &["-c", &here, "sh", remote]).interactive();
        terminal.shows("word?");
        terminal.send("typed\n");
        let code = terminal.code();
        Outcome { stdout: terminal.text(), stderr: String::new(), code }
    });
}

#[test]
fn files_and_repositories_go_through_ssh() {
    same("copied\n", 0, 3, |scene, client| {
        written(scene, "large", &"0123456789abcdef\n".repeat(40_000));
        scene.outcome(scene.program("sh", &["-c", &format!(
            "git init -q r && cd r && git -c user.name=n -c user.email=e@example.com commit -q --allow-empty -m first && cd .. &&
             scp -q -O {client} large \"there:$PWD/sent\" && scp -q -O {client} \"there:$PWD/sent\" back && cmp large back && echo copied &&
             GIT_SSH_COMMAND='ssh {client}' git clone -q \"there:$PWD/r\" clone && git -C clone log --format=%s")]))
    });
}
