//! Gate under the names of shells, in a directory of its own: each link runs the real shell of its name.
//!
//! A link takes no option of gate's, so it finds gate's files by the password database alone: these tests give it
//! another one, in a mount namespace of its own. That needs root, as whoever runs gate in a container is.

use std::path::PathBuf;

use crate::stage::{Run, Stage};

const ALL: &str = "[policy]\nversion = 1\nmode = \"observe\"\n";

const GATE: &str = env!("CARGO_BIN_EXE_gate");

/// A stage that is the home of the user, with links to gate.
struct Linked {
    stage: Stage,
    /// Files that stand in for others of the machine.
    over: Vec<(PathBuf, &'static str)>,
}

impl Linked {
    fn new(stage: Stage) -> Linked {
        for dir in ["user/.config/gate", "user/.local/state/gate", "shells"] {
            std::fs::create_dir_all(stage.root().join(dir)).unwrap();
        }
        for name in ["bash", "sh", "zsh"] {
            std::os::unix::fs::symlink(GATE, stage.root().join("shells").join(name)).unwrap();
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let home = stage.root().join("user");
        let own = |line: &str| {
            let mut fields: Vec<&str> = line.split(':').collect();
            let home = home.display().to_string();
            if fields.get(2) == Some(&"0") {
                fields[5] = &home;
            }
            fields.join(":")
        };
        let users: Vec<String> = users.lines().map(own).collect();
        std::fs::write(stage.root().join("passwd"), users.join("\n") + "\n").unwrap();
        let over = vec![(stage.root().join("passwd"), "/etc/passwd")];
        Linked { stage, over }
    }

    /// Returns the user's home directory.
    fn user(&self) -> String {
        self.stage.root().join("user").display().to_string()
    }

    fn link(&self, name: &str) -> String {
        self.stage.root().join("shells").join(name).display().to_string()
    }

    /// Returns a run of any program where the user's home is the stage's.
    fn run(&self, program: &str, args: &[&str]) -> Run<'_> {
        let mut all: Vec<String> = ["--dev-bind", "/", "/"].map(str::to_owned).to_vec();
        for (from, to) in &self.over {
            all.extend(["--bind".to_owned(), from.display().to_string(), (*to).to_owned()]);
        }
        for dir in ["user/.config/gate", "user/.local/state/gate"] {
            let to = self.stage.root().join(dir).display().to_string();
            all.extend(["--bind".to_owned(), self.stage.home().display().to_string(), to]);
        }
        all.push("--".to_owned());
        all.push(program.to_owned());
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        self.stage.program("bwrap", all).env("HOME", self.user())
    }

    /// The same words under the real shell and under gate's link of that name, with the same end.
    #[track_caller]
    fn same(&self, name: &str, args: &[&str]) {
        let real = self.run(&format!("/bin/{name}"), args).stdin("echo $0 in; exit 4\n").output();
        let link = self.run(&self.link(name), args).stdin("echo $0 in; exit 4\n").output();
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(&self.link(name), name).replace(&format!("/bin/{name}"), name)
        };
        let told =
            |output: &std::process::Output| (text(&output.stdout), text(&output.stderr), output.status);
        assert_eq!(told(&link), told(&real), "{name} {args:?}");
    }
}

/// Claims that this user may give a process another password database.
fn may() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn each_link_runs_the_real_shell_of_its_name() {
    if !may() {
        return;
    }
    let linked = Linked::new(Stage::new().policy(ALL).file("x.sh", "echo file $0 $# $1; exit 3\n"));
    for args in [
        &["-c", "echo $BASH_VERSION $- $0 $1", "zero", "one"][..],
        &["-lc", "shopt -q login_shell; echo $?"],
        &["-c", "-l", "shopt -q login_shell; echo $?"],
        &["-ec", "false; echo never"],
        &["-eu", "-o", "pipefail", "-c", "false | true; echo never"],
        &["-euo", "pipefail", "-c", "echo $nothing"],
        &["-c", "--", "echo $1", "zero", "-x"],
        &["--norc", "--noprofile", "-c", "echo $-"],
        &["x.sh", "-c", "two words"],
        &["-x", "x.sh"],
        &["--", "x.sh", "a"],
        &["-s", "one", "two"],
        &["-es", "one"],
        &[],
        &["no-such-file"],
        &["--posix", "-c", "echo $POSIXLY_CORRECT"],
    ] {
        linked.same("bash", args);
    }
    for args in [&["-c", "echo $0 $1", "zero", "one"][..], &["-ec", "false; echo never"], &["x.sh", "a"], &[]]
    {
        linked.same("sh", args);
    }
    for args in
        [&["-c", "echo $ZSH_VERSION $0"][..], &["-fc", "echo $1", "zero", "one"], &["-f", "x.sh", "a"]]
    {
        linked.same("zsh", args);
    }
}

#[test]
fn under_a_shells_name_no_option_is_gates_own() {
    if !may() {
        return;
    }
    let linked = Linked::new(Stage::new().policy(ALL));
    let output = linked.run(&linked.link("bash"), &["--home", "/", "-c", "echo never"]).output();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(125), b"".as_slice()));
    let output = linked.run(&linked.link("bash"), &["--version"]).output();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("GNU bash"), "{output:?}");
}

#[test]
fn a_login_program_calls_it_by_a_name_with_a_dash() {
    if !may() {
        return;
    }
    let linked = Linked::new(Stage::new().policy(ALL));
    for (name, link) in [("-bash", "bash"), ("-gate", "bash"), ("-su", "bash")] {
        let start = format!("exec -a {name} {} \"$@\"", linked.link(link));
        let text = "shopt -q login_shell && echo login";
        linked.run("/bin/bash", &["-c", &start, "x", "-c", text]).stdout("login\n").check();
        linked.run("/bin/bash", &["-c", &start, "x"]).stdin(text).stdout("login\n").check();
    }
    let start = format!("exec -a -zsh {} -c '[[ -o login ]] && echo login'", linked.link("zsh"));
    linked.run("/bin/bash", &["-c", &start]).stdout("login\n").check();
}

#[test]
fn the_real_shell_is_never_found_through_a_link_of_gate() {
    if !may() {
        return;
    }
    let linked = Linked::new(Stage::new().policy(ALL));
    let shells = linked.stage.root().join("shells").display().to_string();
    let path = format!("{shells}:/usr/bin:/bin");
    for name in ["bash", "sh", "zsh"] {
        let run = linked.run(&linked.link(name), &["-c", "readlink /proc/$$/exe; :"]);
        let output = run.env("PATH", &path).env("SHELL", linked.link(name)).output();
        let found = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        let real = std::fs::canonicalize(format!("/bin/{name}")).unwrap();
        assert_eq!(PathBuf::from(found), real, "{output:?}");
    }
}

#[test]
fn a_machine_whose_only_shell_is_gate_has_none_for_gate() {
    if !may() {
        return;
    }
    let mut linked = Linked::new(Stage::new().policy(ALL));
    linked.over.push((PathBuf::from(GATE), "/usr/bin/zsh"));
    let output = linked.run(&linked.link("zsh"), &["-c", "echo never"]).output();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(125), b"".as_slice()), "{output:?}");
    let mut linked = Linked::new(Stage::new().policy(ALL));
    linked.over.push((PathBuf::from(GATE), "/usr/bin/dash"));
    let output = linked.run(&linked.link("sh"), &["-c", "echo $BASH"]).output();
    assert!(output.stdout.ends_with(b"/sh\n"), "bash stands in as sh: {output:?}");
}

#[test]
fn a_script_that_names_a_link_as_its_interpreter_goes_through_gate() {
    if !may() {
        return;
    }
    let policy = "[policy]\nversion = 1\n\n[[rule]]\nid = \"own.rm\"\nverdict = \"deny\"\nreason = \"no\"\nmatch = { program = \"rm\" }\n";
    let linked = Linked::new(Stage::new().policy(policy).file("kept", ""));
    let text = format!("#!{}\nrm kept\n", linked.link("bash"));
    let path = linked.stage.cwd().join("hook");
    std::fs::write(&path, text).unwrap();
    crate::stage::set_mode(&path, 0o755);
    let output = linked.run("./hook", &[]).output();
    assert_eq!(output.status.code(), Some(126), "{output:?}");
    assert!(linked.stage.cwd().join("kept").exists());
}

/// Denies `rm`, allows the rest.
const NO_RM: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n\n[[rule]]\nid = \"own.rm\"\nverdict = \"deny\"\nreason = \"no\"\nmatch = { program = \"rm\" }\n";

/// Runs a program that hands `echo ran` and `rm kept` to the link as its shell: the one runs, the other does not.
#[track_caller]
fn held_back(linked: &Linked, what: &str, run: impl Fn(&str) -> Vec<String>) {
    let words = run("echo ran");
    let args: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = linked.run(args[0], &args[1..]).env("SHELL", linked.link("bash")).output();
    assert!(String::from_utf8_lossy(&output.stdout).contains("ran"), "{what}: {output:?}");
    let words = run("rm kept");
    let args: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = linked.run(args[0], &args[1..]).env("SHELL", linked.link("bash")).output();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("refused by rule `own.rm`"), "{what}: {said}");
    assert!(linked.stage.cwd().join("kept").exists(), "{what}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn programs_that_take_their_shell_from_a_setting_go_through_gate() {
    if !may() {
        return;
    }
    let makefile = "all:\n\t@$(WHAT)\n";
    let linked = Linked::new(Stage::new().policy(NO_RM).file("kept", "").file("Makefile", makefile));
    let link = linked.link("bash");
    held_back(&linked, "make", |text| words(&["make", &format!("SHELL={link}"), &format!("WHAT={text};")]));
    held_back(&linked, "script", |text| words(&["script", "-qec", text, "/dev/null"]));
    // What cron does: SHELL of the crontab, called by its whole path, in a small environment (cron(8), do_command.c).
    held_back(&linked, "cron", |text| {
        words(&[
            "env",
            "-i",
            &format!("HOME={}", linked.user()),
            "LOGNAME=root",
            "PATH=/usr/bin:/bin",
            &format!("SHELL={link}"),
            &link,
            "-c",
            text,
        ])
    });
    // What sshd does with the user's shell, and what it does with ForceCommand under it.
    held_back(&linked, "sshd", |text| words(&[&link, "-c", text]));
    held_back(&linked, "ForceCommand", |text| {
        words(&[
            "env",
            &format!("SSH_ORIGINAL_COMMAND={text}"),
            &link,
            "-c",
            &format!("exec {GATE} --ssh-command"),
        ])
    });
    held_back(&linked, "a git alias", |text| {
        words(&["git", "-c", &format!("alias.x=!{link} -c '{text}'"), "x"])
    });
    held_back(&linked, "xargs", |text| {
        words(&["sh", "-c", &format!("echo '{text}' | xargs -I@ {link} -c @")])
    });
    held_back(&linked, "find", |text| {
        words(&["find", ".", "-maxdepth", "0", "-exec", &link, "-c", text, ";"])
    });
}

#[test]
fn a_git_hook_with_a_link_as_its_interpreter_is_held_back() {
    if !may() {
        return;
    }
    let linked = Linked::new(Stage::new().policy(NO_RM).file("kept", ""));
    let git = |args: &[&str]| linked.run("git", args).env("HOME", "/nonexistent").output();
    assert!(git(&["init", "-q"]).status.success());
    let hook = linked.stage.cwd().join(".git/hooks/pre-commit");
    let hooked = |text: &str| {
        std::fs::write(&hook, format!("#!{}\n{text}\n", linked.link("sh"))).unwrap();
        crate::stage::set_mode(&hook, 0o755);
        git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"])
    };
    let refused = hooked("rm kept");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("refused by rule `own.rm`"), "{refused:?}");
    assert!(!refused.status.success() && linked.stage.cwd().join("kept").exists());
    assert!(hooked("true").status.success());
}

#[test]
fn an_approved_command_does_not_meet_gate_again_in_its_shell() {
    if !may() {
        return;
    }
    let policy = "[policy]\nversion = 1\n\n[[rule]]\nid = \"own.touch\"\nverdict = \"ask\"\nreason = \"a file\"\nmatch = { program = \"touch\" }\n\n[[rule]]\nid = \"own.make\"\nverdict = \"ask\"\nreason = \"it builds\"\nmatch = { program = \"make\" }\n";
    let linked =
        Linked::new(Stage::new().policy(policy).file("Makefile", "all:\n\t@touch made && echo done;\n"));
    let shell = format!("SHELL={}", linked.link("bash"));
    let waiting = linked.run(GATE, &["--", "make", &shell]).start();
    let id = waiting.id().to_owned();
    linked.stage.gate(["approve", "--yes", &id]).on_terminal().output();
    let output = waiting.output();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), b"done\n".as_slice()),
        "{output:?}"
    );
    assert!(linked.stage.cwd().join("made").exists());
    let log = linked.stage.gate(["audit", "log"]).output().stdout;
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains(&format!("(inside {id})")), "{log}");
    // Once it is over, nothing of it is left.
    let alone = linked.run(&linked.link("bash"), &["-c", "touch again"]).start();
    linked.stage.gate(["reject", "--yes", "-m", "no", alone.id()]).on_terminal().output();
    assert_eq!(alone.output().status.code(), Some(126));
    assert!(!linked.stage.cwd().join("again").exists());
}
