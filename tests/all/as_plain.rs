//! Gate is as if it were not there: each scene is played twice, with the plain command and with gate before it, and comes out
//! the same. What it is compared with is always the plain command, never what somebody remembers of it.
//!
//! A scene calls its commands by two words that stand for one or the other: `run CMD ARG…` is the command itself or
//! `gate -- CMD ARG…`, and `shell TEXT ARG…` is `bash -c TEXT ARG…` or `gate -c TEXT ARG…`. Both end by exec(2), so that nothing
//! else stands between the scene and what it is about.
//!
//! The table in `docs/transparency.md` names the tests below; [`the_table_names_every_test`] holds it to them.

mod full_screen;
mod killed;
mod signals;
mod streams;
mod surroundings;
mod terminal;

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::interactive::{at_prompt, plain};
use crate::stage::{Run, Stage, Terminal, until};

const POLICY: &str = "[policy]\nversion = 1\nmode = \"observe\"\n";

/// What the person's shell reads at its start: no colours, no history, and no `(core dumped)` behind what a signal has ended.
const RC: &str =
    "PS1='% '\nHISTFILE=\nPATH=$HOME/../bin:$PATH\nulimit -c 0\nbind 'set enable-bracketed-paste off'\n";

/// `awaits CONDITION` waits until it holds; where the stage is gone, so is what it was to hold on.
const AWAITS: &str = "#!/bin/sh\nuntil eval \"$1\"; do\n  [ -e \"$0\" ] || exit 1\n  sleep 0.01\ndone\n";

/// `beside PID` prints the number of the process beside the command of that gate, if it is there.
const BESIDE: &str = "#!/bin/sh\nfor child in $(cat /proc/$1/task/$1/children); do\n  \
    ! grep -qs gate-beside /proc/$child/comm || exec echo $child\ndone\nexit 1\n";

/// Which of the two is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum With {
    Nothing,
    Gate,
}

/// A stage on which `run` and `shell` are there, the tools above, a `worker` that is bash by another name, and a pipe with the name
/// `go`, on which commands wait for what to do next.
fn set(with: With) -> Stage {
    let stage = Stage::new().policy(POLICY).file(".bashrc", RC);
    let (run, shell) = match with {
        With::Nothing => (String::new(), "bash -c".to_owned()),
        With::Gate => {
            let gate = format!("'{}' --home '{}'", env!("CARGO_BIN_EXE_gate"), stage.home().display());
            (format!("{gate} --"), format!("{gate} -c"))
        }
    };
    let word = |words: &str| format!("#!/bin/sh\nexec {words} \"$@\"\n");
    let stage = stage.script("../bin/run", &word(&run)).script("../bin/shell", &word(&shell));
    let stage = stage.script("../bin/awaits", AWAITS).script("../bin/beside", BESIDE);
    std::os::unix::fs::symlink("/bin/bash", stage.root().join("bin/worker")).unwrap();
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, stage.cwd().join("go"), fifo, 0o600.into(), 0).unwrap();
    stage
}

/// Returns a run of `text` by bash, without a terminal.
fn script<'stage>(stage: &'stage Stage, text: &str) -> Run<'stage> {
    let path = format!("{}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", stage.root().display());
    stage.program("bash", ["-c", text]).env("PATH", path)
}

/// Plays a script both ways. Both come out the same, and print `stdout`.
#[track_caller]
fn same_script(text: &str, stdout: &str) {
    let outcome = |with| {
        let stage = set(with);
        let output = script(&stage, text).output();
        let seen = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (seen, output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0)))
    };
    let (bare, gated) = (outcome(With::Nothing), outcome(With::Gate));
    assert_eq!(gated, bare, "with gate, and without");
    assert_eq!(bare.0[0], stdout, "{bare:?}");
}

/// Plays a scene at a terminal both ways, and returns what it brought, which is the same.
#[track_caller]
#[expect(clippy::print_stdout, reason = "says in which of the two a scene waited in vain")]
fn same<T: PartialEq + std::fmt::Debug>(play: impl Fn(&mut Terminal, &Stage) -> T) -> T {
    let outcome = |with| {
        println!("played with {with:?}");
        let stage = set(with);
        let mut terminal = stage.program("bash", ["-i"]).env("HOME", stage.cwd()).interactive();
        at_prompt(&terminal);
        play(&mut terminal, &stage)
    };
    let (bare, gated) = (outcome(With::Nothing), outcome(With::Gate));
    assert_eq!(gated, bare, "with gate, and without");
    bare
}

/// Plays a scene at a terminal both ways, to the end of the shell. The whole screen is the same; returns it.
#[track_caller]
fn same_screen(play: impl Fn(&mut Terminal, &Stage)) -> String {
    same(|terminal, stage| {
        play(terminal, stage);
        at_prompt(terminal);
        let modes = terminal.modes();
        terminal.send("\x04");
        let code = terminal.code();
        let screen = plain(&terminal.text()).replace(" (core dumped)", "");
        let numbers = Regex::new(r"(?m)^(\[\d+\]\+?) +\d+").expect("a pattern");
        format!("{}\n{modes}\n{code}", numbers.replace_all(&screen, "$1 PID"))
    })
}

/// Waits until each process of this name on the stage is stopped: a shell goes on when the one it has started is, and what is typed
/// then may still be read by another of the job.
#[track_caller]
fn all_are_stopped(stage: &Stage, name: &str) {
    until(&format!("`{name}` to be stopped"), || {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let on_stage = |process: &PathBuf| {
            let cwd = std::fs::read_link(process.join("cwd"));
            cwd.is_ok_and(|cwd| cwd == stage.cwd())
        };
        let stats = processes
            .filter(on_stage)
            .filter_map(|process| std::fs::read_to_string(process.join("stat")).ok());
        let mut named = stats.filter(|stat| stat.contains(&format!("({name})"))).peekable();
        (named.peek().is_some() && named.all(|stat| stat.contains(") T "))).then_some(())
    });
}

#[test]
fn the_table_names_every_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/transparency.md")).unwrap();
    let tests = Regex::new(r"#\[test\]\nfn (\w+)").unwrap();
    for file in std::fs::read_dir(root.join("tests/all/as_plain")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for test in tests.captures_iter(&text).map(|found| found[1].to_owned()) {
            assert!(table.contains(&format!("`{test}`")), "docs/transparency.md does not name `{test}`");
        }
    }
}
