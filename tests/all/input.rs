//! Standard input of what is asked about: read before anybody is asked, part of what is approved, and all that the command gets.

use std::io::Write as _;

use crate::stage::{Stage, until};

/// Asks about `cat`, and about whatever gate cannot read.
const POLICY: &str = r#"
[policy]
version = 1
[[rule]]
id = "test.cat"
verdict = "ask"
reason = "copies what it gets"
match = { program = "cat" }
examples = ["cat"]
counterexamples = ["ls"]
"#;

fn stage() -> Stage {
    Stage::new().policy(POLICY)
}

/// Returns the ids of the requests that wait, by their order.
fn waiting(stage: &Stage) -> usize {
    let listed = stage.gate(["requests", "--json"]).output();
    serde_json::from_slice::<serde_json::Value>(&listed.stdout).unwrap().as_array().unwrap().len()
}

#[test]
fn what_came_through_a_pipe_is_what_the_command_gets() {
    let stage = stage();
    let waiting = stage.gate(["--", "cat"]).stdin("one\ntwo\n").start();
    let card = stage.approve(waiting.id());
    assert!(card.contains("input        8 bytes, from a pipe, held as they are; not shown here\n"), "{card}");
    assert!(!card.contains("what comes in on standard input"), "{card}");
    let output = waiting.output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\ntwo\n");
}

#[test]
fn other_bytes_are_another_request_and_the_same_take_the_approval_up() {
    let stage = stage();
    let asked = |text: &str| stage.gate(["--wait", "0s", "--", "cat"]).stdin(text).output().status.code();
    let first = stage.gate(["--", "cat"]).stdin("one\n").start();
    assert_eq!(asked("other\n"), Some(124));
    assert_eq!(waiting(&stage), 2);
    assert_eq!(asked("one\n"), Some(124));
    assert_eq!(waiting(&stage), 2, "the same bytes join");
    let id = first.id().to_owned();
    let mut first = first;
    first.kill();
    stage.approve(&id);
    assert_eq!(asked("one \n"), Some(124), "one byte more is another request");
    let taken = stage.gate(["--", "cat"]).stdin("one\n").output();
    assert_eq!((taken.status.code(), &taken.stdout[..]), (Some(0), &b"one\n"[..]));
}

#[test]
fn an_approval_is_not_taken_up_with_other_bytes() {
    let stage = stage();
    let mut first = stage.gate(["--", "cat"]).stdin("one\n").start();
    let id = first.id().to_owned();
    first.kill();
    stage.approve(&id);
    let resumed = stage.gate(["resume", &id]).stdin("two\n").output();
    let said = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert_eq!((resumed.status.code(), &resumed.stdout[..]), (Some(126), &b""[..]), "{said}");
    assert!(said.contains("was approved with another standard input than this process has"), "{said}");
    let resumed = stage.gate(["resume", &id]).stdin("one\n").output();
    assert_eq!((resumed.status.code(), &resumed.stdout[..]), (Some(0), &b"one\n"[..]));
}

#[test]
fn more_than_an_approval_covers_is_refused_before_anybody_is_asked() {
    let stage = stage();
    let output = stage.gate(["--result", "r.json", "--", "cat"]).stdin(vec![b'x'; (16 << 20) + 1]).output();
    assert_eq!(output.status.code(), Some(126));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "gate: standard input holds more than 16 MiB, which no approval covers; nobody was asked, nothing was run\n";
    assert!(said.starts_with(expected), "{said}");
    let result = std::fs::read(stage.cwd().join("r.json")).unwrap();
    let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
    assert_eq!((&result["state"], &result["next"]), (&"BLOCKED".into(), &"input".into()));
    assert_eq!(waiting(&stage), 0);
}

#[test]
fn a_rule_may_leave_the_input_open() {
    let open = POLICY.replace("match =", "unbound_input = true\nmatch =");
    let stage = Stage::new().policy(&open);
    let waiting = stage.gate(["--", "cat"]).stdin("one\n").start();
    let card = stage.approve(waiting.id());
    assert!(card.contains("what comes in on standard input\n"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "one\n");
}

#[test]
fn code_that_comes_in_is_shown_and_hostile_signs_in_it_are_made_visible() {
    let stage = stage();
    let waiting = stage.gate(["--", "python3"]).stdin("print(6 * 7)\n# \u{202e}x\n").start();
    let card = stage.approve(waiting.id());
    for line in [
        "input        20 bytes, which tell it what to do\n",
        "    1  print(6 * 7)\n",
        "    2  # \\u{202e}x\n",
    ] {
        assert!(card.contains(line), "{card}");
    }
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "42\n");
    let waiting = stage.gate(["-c", "cat | bash"]).stdin("echo piped\n").start();
    let card = stage.approve(waiting.id());
    assert!(card.contains("input        11 bytes, which tell it what to do\n    1  echo piped\n"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "piped\n");
    let long = "#".repeat((64 << 10) + 1);
    for code in [long.as_bytes(), b"print(1)\0\n", b"print('\xff')\n"] {
        let output = stage.gate(["--", "python3"]).stdin(code).output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = "gate: standard input is code that no card can show (no text, or more than 64 KiB)";
        assert!(output.status.code() == Some(126) && said.starts_with(expected), "{said}");
    }
}

/// The shell reads its script line by line: what is written to the file meanwhile would be read, too.
#[test]
fn code_in_a_file_is_shown_and_runs_as_it_was_read() {
    let stage = stage().file("deploy", "echo one\ncat go > /dev/null\necho two\n").file("go", "");
    let deploy = stage.cwd().join("deploy");
    let waiting = stage.gate(["--", "bash"]).input_from(&deploy).start();
    std::fs::write(&deploy, "echo evil\n").unwrap();
    let card = stage.approve(waiting.id());
    assert!(card.contains("input        37 bytes, which tell it what to do\n    1  echo one\n"), "{card}");
    assert!(!card.contains("the file on standard input"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "one\ntwo\n");
}

#[test]
fn a_file_of_data_stays_what_it_is_and_another_content_invalidates() {
    let stage = stage().file("data", "one\n");
    let data = stage.cwd().join("data");
    let waiting = stage.gate(["--", "cat"]).input_from(&data).start();
    let card = stage.approve(waiting.id());
    assert!(card.contains("input        4 bytes, from a file; not shown here\n"), "{card}");
    assert!(card.contains("a change of the file on standard input while it is read\n"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "one\n");
    let waiting = stage.gate(["--", "cat"]).input_from(&data).start();
    std::fs::write(&data, "two\n").unwrap();
    stage.approve(waiting.id());
    let output = waiting.output();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(126), &b""[..]));
}

#[test]
fn what_tells_a_program_what_to_do_is_shown_and_what_it_takes_as_data_is_not() {
    let policy = POLICY.replace(r#"program = "cat""#, r#"program = ["cat", "xargs", "kubectl"]"#);
    let stage = Stage::new().policy(&policy).script("bin/kubectl", "#!/bin/sh\nexec cat\n");
    let path = format!("{}:/usr/bin:/bin", stage.cwd().join("bin").display());
    let long = format!("{}\n", "x".repeat(64 << 10));
    for (command, input, is_shown) in [
        (&["xargs", "-n", "1", "echo"][..], "a b\n", true),
        (&["kubectl", "apply", "-f", "-"], "kind: Pod\n", true),
        (&["kubectl", "apply", "-f", "-"], &long, false),
        (&["kubectl", "exec", "-i", "pod", "--", "tee", "x"], "a b\n", false),
        (&["cat", "-"], "a b\n", false),
        (&["sh", "-c", "cat | tee copy | xargs -n 1 echo"], "a b\n", true),
        (&["sh", "-c", "cat - | kubectl exec -i pod -- tee x"], "a b\n", false),
    ] {
        let command = ["--"].iter().chain(command);
        let waiting = stage.gate(command).env("PATH", &path).stdin(input).start();
        let card = stage.approve(waiting.id());
        let first = format!("which tell it what to do\n    1  {}", &input[..input.len().min(5)]);
        assert_eq!(card.contains(first.trim_end()), is_shown, "{card}");
        waiting.output();
    }
}

#[test]
fn a_pipe_that_nothing_reads_is_left_alone_and_holds_nobody_up() {
    let stage = stage();
    // The pipe stays open all the while: only the file is read.
    let mut child = stage.gate(["--wait", "0s", "-c", "cat < /dev/null"]).talk();
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(124));
}

#[test]
fn an_input_that_does_not_end_is_given_up() {
    let stage = stage().config("[patience]\nhuman = \"0s\"\nagent = \"0s\"\nci = \"0s\"\n");
    let mut child = stage.gate(["--", "cat"]).talk();
    child.stdin.as_mut().unwrap().write_all(b"a beginning").unwrap();
    let code = until("an end", || child.try_wait().unwrap()).code();
    assert_eq!(code, Some(126));
    assert_eq!(waiting(&stage), 0);
}

#[test]
fn an_allowed_command_finds_its_input_untouched() {
    let stage = stage();
    let script = format!(
        "printf 'a\\nb\\n' | {{ '{}' --home '{}' -- true; read -r first; echo \"$first\"; }}",
        env!("CARGO_BIN_EXE_gate"),
        stage.home().display()
    );
    let output = stage.program("sh", ["-c", &script]).output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "a\n", "{}", String::from_utf8_lossy(&output.stderr));
}
