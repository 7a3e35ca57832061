//! What becomes of the command if gate is killed, and of the process that sees to it.

use std::path::Path;

use super::terminal::is_gone;
use super::{With, script, set};
use crate::stage::{Stage, until};

/// Runs `gate -c TEXT` in the background of a shell that then does the rest, and waits until somebody is beside the command.
fn scene(text: &str, rest: &str) -> String {
    format!(
        "shell '{text}' & gate=$!
         awaits \"[ -s pid ] && beside $gate > beside\"; command=$(cat pid) beside=$(cat beside)
         {rest}"
    )
}

fn read(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(stage.cwd().join(name)).unwrap()
}

#[test]
fn a_command_that_listens_is_told_and_one_that_does_not_is_ended() {
    let stage = set(With::Gate);
    let deaf =
        "trap \"echo told >> told\" TERM; echo $$ > pid; exec 8<> go; while true; do read -r x <&8; done";
    script(&stage, &scene(deaf, "kill -KILL $gate; wait $gate 2> /dev/null; echo $?"))
        .stdout("137\n")
        .check();
    is_gone(&read(&stage, "pid"));
    is_gone(&read(&stage, "beside"));
    assert_eq!(read(&stage, "told"), "told\n");
}

#[test]
fn a_command_that_is_stopped_ends_too() {
    let stage = set(With::Gate);
    let stops = "kill -STOP $command; awaits \"grep -q ') T ' /proc/$gate/stat\"
        kill -KILL $gate; wait $gate 2> /dev/null; echo $?";
    let text = scene("echo $$ > pid; read -r x < go", stops);
    script(&stage, &text).stdout("137\n").check();
    is_gone(&read(&stage, "pid"));
}

#[test]
fn who_is_beside_it_holds_nothing_and_leaves_nothing() {
    let stage = set(With::Gate);
    let looks = "awaits \"[ \\$(readlink /proc/$beside/cwd) = / ]\"
        ls /proc/$beside/fd | tr \"\\n\" \" \"; readlink /proc/$beside/fd/* | sed \"s/[0-9].*//\"
        echo > go; wait $gate; echo $?; ls -d /proc/$beside /proc/$command 2>&1 | grep -c \"No such\"";
    let text = scene("echo $$ > pid; read -r x < go; exit 4", looks);
    script(&stage, &text).stdout("0 1 anon_inode:[pidfd]\nsocket:[\n4\n2\n").check();
}

#[test]
fn a_command_that_is_soon_over_has_nobody_beside_it() {
    let stage = set(With::Gate);
    let trace = stage.root().join("trace");
    let run = "strace -f -qq -e trace=fork,vfork,clone,clone3 -o trace";
    let gate = format!("{run} {} --home ../home -- /bin/true", env!("CARGO_BIN_EXE_gate"));
    stage.program("sh", ["-c", &gate]).cwd(stage.cwd()).check();
    let calls = read(&stage, "trace");
    // Under strace even this may take its time: then there is one more, never another.
    assert!((1..=2).contains(&calls.lines().count()), "{calls}");
    assert!(!Path::new(&trace).exists());
}

#[test]
fn a_session_of_a_shell_ends_with_gate() {
    let stage = set(With::Gate);
    let mut gate = stage.gate(["-s"]).talk();
    use std::io::Write as _;
    let mut script = gate.stdin.take().unwrap();
    script.write_all(b"echo $$ > pid; trap '' TERM; read -r x < go\n").unwrap();
    let pid = until("the shell", || {
        let pid = std::fs::read_to_string(stage.cwd().join("pid")).ok();
        pid.filter(|pid| pid.ends_with('\n'))
    });
    gate.kill().unwrap();
    gate.wait().unwrap();
    is_gone(&pid);
}
