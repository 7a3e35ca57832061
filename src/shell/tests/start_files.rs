//! Shells that read files at their start where the inherited `HOME` says: anybody may write them at any moment.

use super::{Command, Dialect, Machine, Source, analyse, script, table};

/// A machine where `HOME` is `home` and no remote login is seen.
fn machine(home: &str) -> Machine {
    let mut machine = Machine { is_local: true, ..Machine::default() };
    machine.variables.insert("HOME".to_owned(), home.to_owned());
    machine
}

/// Claims that gate can tell what `text` runs there.
fn is_clear(machine: &Machine, text: &str) -> bool {
    let found = analyse(&script(Dialect::Bash, text.as_bytes()), machine, &table()).actions;
    let innermost = found.last().and_then(|action| action.program.as_literal()).unwrap_or_default();
    let is_clear = found.iter().all(|action| action.opaque.is_none());
    assert!(!is_clear || matches!(innermost.as_slice(), b"ls" | b"git"), "{text}: {innermost:?}");
    is_clear
}

#[test]
fn login_shell_reads_files_where_home_says() {
    for text in ["bash -lc ls", "bash -ilc ls", "sh -lc ls", "zsh -c ls", "env bash -lc ls"] {
        assert!(!is_clear(&machine("/scratch"), text), "{text}");
        assert!(!is_clear(&machine("scratch"), text), "{text}, relative");
    }
    assert!(is_clear(&machine("/home/mara"), "bash -lc ls"));
}

#[test]
fn home_that_the_script_sets_may_hold_anything() {
    for text in
        ["HOME=/scratch bash -lc ls", "export HOME=/scratch; bash -lc ls", "env HOME=/scratch bash -lc ls"]
    {
        assert!(!is_clear(&machine("/home/mara"), text), "{text}");
    }
}

#[test]
fn shell_that_no_remote_login_starts_reads_nothing() {
    for text in [
        "bash -c ls",
        "env bash -c 'git status'",
        "env -i bash -c ls",
        "env -u SHLVL A=b bash -c ls",
        "taskset -c 0 bash -c ls",
        "chrt -b 0 bash -c ls",
        "prlimit --nofile=9 bash -c ls",
        "sudo bash -c ls",
        "nice timeout 5 env bash -c ls",
    ] {
        assert!(is_clear(&machine("/scratch"), text), "{text}");
    }
}

#[test]
fn shell_that_may_take_itself_for_a_remote_one_reads_a_file() {
    for text in [
        "env SSH_CLIENT=x bash -c ls",
        "env -i SSH_CLIENT=x bash -c ls",
        "env - SSH2_CLIENT=x bash -c ls",
        "env -S 'SSH_CLIENT=x bash -c ls'",
        "env -u SHLVL env SSH_CLIENT=x bash -c ls",
        "SSH_CLIENT=x env bash -c ls",
        "export SSH_CLIENT=x; taskset 1 bash -c ls",
        "env \"$x\" bash -c ls",
        "SSH_CLIENT=x sudo bash -c ls",
    ] {
        assert!(!is_clear(&machine("/scratch"), text), "{text}");
    }
    let remote = Machine { is_local: false, ..machine("/scratch") };
    for text in ["env bash -c ls", "env -i bash -c ls", "taskset -c 0 bash -c ls"] {
        assert!(!is_clear(&remote, text), "{text}");
    }
}

#[test]
fn outermost_shell_is_no_exception() {
    let options = vec![b"-l".to_vec()];
    let source = Source::Script { dialect: Dialect::Bash, options, text: b"ls".to_vec(), args: Vec::new() };
    let login = Command { source, cwd: "/project".into() };
    let is_clear =
        |home| analyse(&login, &machine(home), &table()).actions.iter().all(|action| action.opaque.is_none());
    assert!(is_clear("/home/mara") && !is_clear("/scratch"));
}

/// A machine that tells which files are there: none but those given.
fn telling(home: &str, files: &[(&str, &str)]) -> Machine {
    let files = files.iter().map(|(path, text)| (path.into(), text.as_bytes().to_vec()));
    Machine { is_telling: true, files: files.collect(), ..machine(home) }
}

#[test]
fn login_shell_that_finds_no_file_where_home_says_reads_none() {
    let plain = telling("/scratch", &[("/etc/profile", "export A=b"), ("/etc/zsh/zshenv", "PATH=/bin")]);
    for text in [
        "bash -lc ls",
        "sh -lc ls",
        "zsh -c ls",
        "env bash -lc ls",
        "echo x; bash -lc ls",
        "bash -lc 'git status; ls'",
    ] {
        assert!(is_clear(&plain, text), "{text}");
    }
    let found = analyse(&script(Dialect::Bash, b"bash -lc ls"), &plain, &table());
    let names = [".bash_profile", ".bash_login", ".profile", ".bash_logout"];
    assert_eq!(found.missing, names.map(|name| std::path::Path::new("/scratch").join(name)));
}

#[test]
fn login_shell_that_may_find_a_file_is_opaque() {
    for files in [
        [("/scratch/.profile", "")],
        [("/scratch/.bash_login", "")],
        [("/scratch/.bash_logout", "")],
        [("/etc/profile", ". \"$HOME/.x\"")],
        [("/etc/bash.bashrc", ". ~/x")],
        [("/etc/profile.d/a.sh", "cat $XDG_CONFIG_HOME/x")],
    ] {
        assert!(!is_clear(&telling("/scratch", &files), "bash -lc ls"), "{files:?}");
    }
    for files in [[("/scratch/.zshenv.zwc", "")], [("/etc/zsh/zshenv", "ZDOTDIR=/x")]] {
        assert!(!is_clear(&telling("/scratch", &files), "zsh -c ls"), "{files:?}");
    }
    let nothing = telling("/scratch", &[]);
    for text in [
        "echo x > ~/.profile; bash -lc ls",
        "echo x > /scratch/.bash_login; bash -lc ls",
        "./make; bash -lc ls",
        "cp x /scratch/.profile; bash -lc ls",
        "HOME=/scratch bash -lc ls",
        "bash -lc 'echo x > ~/.bash_logout; exit'",
        "bash -lc './make; exit'",
        "./make & bash -lc ls",
        "for i in 1 2; do bash -lc ls; ./make; done",
        "bash -ilc ls",
    ] {
        let found = analyse(&script(Dialect::Bash, text.as_bytes()), &nothing, &table()).actions;
        assert!(found.iter().any(|action| action.opaque.is_some()), "{text}");
    }
}
