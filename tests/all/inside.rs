//! What an approved command starts and gate meets again is a part of it: not asked about a second time, and recorded as that.

use std::process::Output;

use crate::stage::{Stage, Waiting, until};

/// Asks for everything in the working directory, denies `rm`.
const POLICY: &str = r#"
[policy]
version = 1

[[rule]]
id = "own.rm"
verdict = "deny"
reason = "nothing is removed here"
match = { program = "rm" }

[[rule]]
id = "own.touch"
verdict = "ask"
reason = "it leaves a file behind"
match = { program = "touch" }
"#;

/// Returns a stage whose `task` does `text`, with `$GATE` for the gate of this stage.
fn stage(text: &str) -> Stage {
    let stage = Stage::new().policy(POLICY).file("kept", "");
    let gate = format!("{} --home {} --wait 0s", env!("CARGO_BIN_EXE_gate"), stage.home().display());
    stage.script("task", &format!("#!/bin/sh\n{}\n", text.replace("$GATE", &gate)))
}

fn approve(stage: &Stage, id: &str) {
    let told = stage.gate(["approve", "--yes", "-m", "by a test", id]).on_terminal().output();
    assert_eq!(told.status.code(), Some(0), "{}", said(&told));
}

fn approved<'stage>(stage: &'stage Stage, args: &[&str]) -> Waiting<'stage> {
    let waiting = stage.gate(args.iter().chain(&["./task"])).start();
    approve(stage, waiting.id());
    waiting
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn requests(stage: &Stage) -> usize {
    let log = stage.gate(["audit", "log", "--json"]).output().stdout;
    String::from_utf8(log).unwrap().matches("\"change\":\"created\"").count()
}

/// Runs `text` in an approved task: what it asks gate for waits, and does not run.
#[track_caller]
fn asked_anew(text: &str) {
    let stage = stage(text);
    let output = approved(&stage, &["--"]).output();
    assert_eq!(output.status.code(), Some(124), "{text}: {}", said(&output));
    assert!(!stage.cwd().join("made").exists(), "{text}");
    assert_eq!(requests(&stage), 2, "{text}");
}

#[test]
fn what_an_approved_command_asks_gate_for_is_a_part_of_it() {
    for text in ["$GATE -- touch made", "$GATE -c 'touch made'", "sh -c '$GATE -- touch made; exit $?'"] {
        let stage = stage(text);
        let waiting = approved(&stage, &["--"]);
        let id = waiting.id().to_owned();
        let output = waiting.output();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(stage.cwd().join("made").exists());
        assert_eq!(requests(&stage), 1);
        let log = said(&stage.gate(["audit", "log"]).output());
        assert!(log.contains(&format!("ask (inside {id}) own.touch")), "{log}");
        let report = said(&stage.gate(["audit", "report", "--markdown"]).output());
        assert!(report.contains(&format!("ask, inside {id}")), "{report}");
        let verified = stage.gate(["audit", "verify"]).output();
        assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    }
}

#[test]
fn the_result_file_says_inside_which_request_it_ran() {
    let stage = stage("$GATE --result r.json -- touch made");
    let waiting = approved(&stage, &["--"]);
    let id = waiting.id().to_owned();
    waiting.output();
    let result = std::fs::read_to_string(stage.cwd().join("r.json")).unwrap();
    assert!(result.contains(&format!("\"inside\":\"{id}\"")), "{result}");
}

#[test]
fn what_the_policy_refuses_stays_refused_inside() {
    let stage = stage("$GATE -- rm kept");
    let output = approved(&stage, &["--"]).output();
    assert_eq!(output.status.code(), Some(126), "{}", said(&output));
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn a_script_on_standard_input_is_inside_as_well() {
    let stage = stage("echo 'touch made' | $GATE -s");
    let output = approved(&stage, &["--"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(stage.cwd().join("made").exists());
}

#[test]
fn nothing_in_the_environment_makes_a_command_a_part_of_another() {
    let stage = stage("env > seen; cat go; exit 0");
    make_fifo(&stage, "go");
    let waiting = approved(&stage, &["--"]);
    let seen = stage.cwd().join("seen");
    until("the task's environment", || {
        std::fs::read_to_string(&seen).ok().filter(|text| text.contains("PATH="))
    });
    // The approved command runs: a stranger with its environment and its request's id is still a stranger.
    let environment = std::fs::read_to_string(&seen).unwrap();
    let mut run = stage.gate(["--wait", "0s", "--", "touch", "made"]);
    for (name, value) in environment.lines().filter_map(|line| line.split_once('=')) {
        run = run.env(name, value);
    }
    let stranger = run.env("GATE_INSIDE", waiting.id()).env("GATE_REQUEST", waiting.id()).output();
    assert_eq!(stranger.status.code(), Some(124), "{}", said(&stranger));
    std::fs::write(stage.cwd().join("go"), "").unwrap();
    assert_eq!(waiting.output().status.code(), Some(0));
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn a_child_that_outlives_the_approved_command_is_no_part_of_it() {
    let stage =
        stage("setsid sh -c 'cat go; $GATE -- touch made; echo $? > result' </dev/null >/dev/null 2>&1 &");
    make_fifo(&stage, "go");
    let output = approved(&stage, &["--"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    std::fs::write(stage.cwd().join("go"), "").unwrap();
    let result = stage.cwd().join("result");
    let code = until("the child's result", || {
        std::fs::read_to_string(&result).ok().filter(|text| text.ends_with('\n'))
    });
    assert_eq!(code, "124\n");
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn a_command_that_only_the_policy_allowed_has_no_parts() {
    let stage = stage("$GATE -- touch made").file("Makefile", "all:\n\t@./task; echo $$?\n");
    let output = stage.gate(["--", "make"]).output();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), b"124\n".as_slice()),
        "{}",
        said(&output)
    );
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn what_an_agent_asks_for_is_asked_about_wherever_it_runs() {
    asked_anew("cp /bin/sh claude; ./claude -c '$GATE -- touch made; exit $?'");
    asked_anew("ln -s /bin/sh codex; ./codex -c '$GATE -- touch made; exit $?'");
    asked_anew("printf '$GATE -- touch made; exit $?' > gemini.js; sh gemini.js");
    asked_anew("CLAUDECODE=1 $GATE -- touch made");
    let stage = stage("$GATE -- touch made");
    let waiting = stage.gate(["-c", "./task; exit $? # claude"]).start();
    approve(&stage, waiting.id());
    assert_eq!(waiting.output().status.code(), Some(124));
}

#[test]
fn in_a_shell_that_lives_on_only_the_approved_commands_own_children_are_inside() {
    let stage = stage("$GATE -- touch made; echo $?")
        .script("early", "#!/bin/sh\ncat go > /dev/null; ./task > result\n");
    make_fifo(&stage, "go");
    let late = stage.script("late", "#!/bin/sh\necho > go; until [ -s result ]; do :; done; ./task\n");
    let stage = late;
    let script = "./early &\n./late\n";
    let mut child = stage.gate(["--wait", "60s", "-s"]).stdin(script).spawn_only();
    for _ in 0..2 {
        let id = until("a request", || {
            let list = stage.gate(["requests", "--json"]).output().stdout;
            let list: serde_json::Value = serde_json::from_slice(&list).ok()?;
            let waits = |one: &serde_json::Value| one["state"] == "PENDING";
            list.as_array()?.iter().find(|one| waits(one))?["id"].as_str().map(str::to_owned)
        });
        approve(&stage, &id);
    }
    let output = child.stdout.take().map(std::io::read_to_string).unwrap().unwrap();
    child.wait().unwrap();
    assert_eq!(output, "0\n");
    assert_eq!(std::fs::read_to_string(stage.cwd().join("result")).unwrap(), "124\n");
}

fn make_fifo(stage: &Stage, name: &str) {
    assert!(std::process::Command::new("mkfifo").arg(stage.cwd().join(name)).status().unwrap().success());
}

#[test]
fn a_proc_that_somebody_made_up_says_nothing() {
    let stage = stage("echo $$ > parent; cat go; exit 0");
    make_fifo(&stage, "go");
    let waiting = approved(&stage, &["--"]);
    let file = stage.cwd().join("parent");
    let task = until("the task", || {
        let text = std::fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n'))?;
        text.trim_end().parse::<u32>().ok()
    });
    // A copy of what /proc says of the task, as if it were about the stranger; its parent is the runner.
    let gate = format!("{} --home {} --wait 0s", env!("CARGO_BIN_EXE_gate"), stage.home().display());
    let text = format!(
        "task={task}; me=$$; mkdir fake; cat /proc/$task/stat > fake/stat; \
         sed -i \"s/^$task /$me /\" fake/stat; for kind in fake/stat /proc/$task/stat; do mount --bind $kind /proc/$me/stat; \
         cat /proc/$me/stat >&2; {gate} -- touch made; umount /proc/$me/stat; done; exit 7"
    );
    let args = [apart(), &["sh", "-c", &text]].concat();
    let stranger = stage.program("unshare", args).output();
    let (told, code) = (said(&stranger), stranger.status.code());
    std::fs::write(stage.cwd().join("go"), "").unwrap();
    assert_eq!(waiting.output().status.code(), Some(0));
    assert_eq!(code, Some(7), "{told}");
    assert_eq!(told.matches("parked, nothing was run").count(), 2, "{told}");
    assert!(!stage.cwd().join("made").exists(), "{told}");
}

/// Returns the arguments with which unshare(1) gives a program mounts of its own, as the user who runs it: as root, or in a user
/// namespace. bwrap needs the same of the machine.
fn apart() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() {
        &["-m"]
    } else {
        &["-U", "--map-current-user", "--keep-caps", "-m"]
    }
}

#[test]
fn a_part_that_sees_something_else_than_the_kernels_own_proc_is_asked_about() {
    /// A change of the mounts that the part has to itself, and whether it is one still.
    const CHANGES: [(&str, bool); 12] = [
        ("true", true),
        ("mount --bind /proc/sys /proc/sys", true),
        ("mount --bind . /proc/self/task", true),
        // Each tells the same as before, but no longer for certain.
        ("mount --bind /proc/$PPID/ns /proc/$$/ns", false),
        ("mount --bind /proc/$$/stat /proc/$$/stat", false),
        ("mount --bind /proc/$PPID /proc/$PPID", false),
        ("mount --bind /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/boot_id", false),
        ("cat /proc/sys/kernel/random/boot_id > id; mount --bind id /proc/sys/kernel/random/boot_id", false),
        ("mount --bind /proc/sys/kernel /proc/sys/kernel", false),
        ("mount -t tmpfs none /proc/sys", false),
        ("mount -t tmpfs none /proc; mkdir /proc/self /proc/$$ /proc/sys", false),
        ("mount --bind /proc/$$ /proc", false),
    ];
    let own = apart().join(" ");
    let part = |change: &str| {
        format!("unshare {own} sh -c '{change}; exec $GATE -- touch made'; echo $? $(ls made); rm -f made\n")
    };
    let stage = stage(&CHANGES.map(|(change, _)| part(change)).concat());
    let output = approved(&stage, &["--"]).output();
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    let inside: Vec<bool> = told.lines().map(|line| line == "0 made").collect();
    assert_eq!(inside, CHANGES.map(|(_, is_inside)| is_inside), "{}", said(&output));
    assert!(told.lines().all(|line| matches!(line, "0 made" | "124")), "{}", said(&output));
}

#[test]
fn a_process_namespace_of_its_own_makes_a_part_a_stranger() {
    let root = if rustix::process::geteuid().is_root() { "" } else { "-U --map-current-user --keep-caps" };
    let has_time = std::path::Path::new("/proc/self/ns/time").exists();
    let kinds = ["-p -f --mount-proc", "-p -f"].into_iter().chain(has_time.then_some("-T -f"));
    for options in kinds {
        let stage = stage(&format!("unshare {root} {options} $GATE -- touch made"));
        let output = approved(&stage, &["--"]).output();
        assert_eq!(output.status.code(), Some(124), "{options}: {}", said(&output));
        assert!(!stage.cwd().join("made").exists(), "{options}");
    }
}
