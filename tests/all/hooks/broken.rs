//! Every failure blocks: a broken call, policy or store, a closed descriptor, a signal, an input without end.

use super::{AGENTS, Doing, GATE, Stage, event, hook, json, stage, until, word};

#[test]
fn a_usage_error_blocks() {
    let stage = Stage::new();
    for args in [&["hook"][..], &["hook", "vim"], &["hook", "claude", "--sure"], &["hook", "Claude"]] {
        let output = stage.gate(args).output();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn what_is_broken_is_said() {
    let case = |input: &str, stderr: &str| {
        Stage::new().gate(["hook", "claude"]).stdin(input).stderr(stderr).code(2).check();
    };
    case(
        "",
        "gate: error: failed to read the tool call: not a JSON object: EOF while parsing a value at line 1 column 0; the call is blocked\n",
    );
    case("{}", "gate: error: failed to read the tool call: no `hook_event_name`; the call is blocked\n");
    let bash = |input: &str| {
        format!(
            r#"{{"hook_event_name":"PreToolUse","transcript_path":"","tool_name":"Bash","cwd":"/","tool_input":{input}}}"#
        )
    };
    case(&bash("{}"), "gate: error: failed to read the tool call: no `command`; the call is blocked\n");
    case(
        &bash("[1]"),
        "gate: error: failed to read the tool call: `tool_input` is no object; the call is blocked\n",
    );
    let policy = "[policy]\nversion = 1\ndefault = \"block\"\n";
    Stage::new()
        .policy(policy)
        .gate(["hook", "claude"])
        .stdin(bash(r#"{"command":"ls"}"#))
        .stderr("gate: error: [ROOT]/home/policy.toml:3:11: unknown verdict `block`, expected `allow`, `ask` or `deny`; the call is blocked\n")
        .code(2)
        .check();
}

#[test]
fn closed_or_discarded_descriptors_block() {
    let stage = stage();
    let input = stage.root().join("call.json");
    std::fs::write(&input, event("claude", &stage, &Doing::Command("git push --force")).to_string()).unwrap();
    let run = |redirects: &str| {
        let script = format!("exec \"$0\" --home \"$1\" hook claude {redirects}");
        let input = input.to_str().unwrap();
        let home = stage.home();
        let args = ["-c", &script, GATE, home.to_str().unwrap(), input];
        stage.program("sh", args).output()
    };
    assert_eq!(run("<\"$2\"").status.code(), Some(0));
    for redirects in ["<&-", "</dev/null", "<\"$2\" >/dev/null", "<\"$2\" >&-", "<\"$2\" >/dev/full", "<. "] {
        let output = run(redirects);
        assert_eq!(output.status.code(), Some(2), "{redirects}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("; the call is blocked"), "{redirects}");
    }
}

/// Starts a hook whose standard input stays open, waits until it listens, and returns it.
fn waiting(stage: &Stage) -> (std::process::Child, u32) {
    let mut child = std::process::Command::new(GATE)
        .arg("--home")
        .arg(stage.home())
        .args(["hook", "claude"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?.trim().to_owned();
        let mask = u64::from_str_radix(&mask, 16).ok()?;
        // SIGIO, the last that is set up.
        (mask & (1 << 28) != 0).then_some(())
    };
    until("the guard of a hook", caught);
    assert!(child.try_wait().unwrap().is_none());
    (child, pid)
}

#[test]
fn a_signal_blocks() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, says) in [
        (Signal::TERM, "ended by a signal"),
        (Signal::INT, "ended by a signal"),
        (Signal::HUP, "ended by a signal"),
        (Signal::ABORT, "ended by a signal"),
        (Signal::SEGV, "ended by a signal"),
        (Signal::ALARM, "no judgement in time"),
    ] {
        let stage = stage();
        let (child, pid) = waiting(&stage);
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{signal:?}: {stderr}");
        assert!(stderr.contains(says), "{signal:?}: {stderr}");
    }
}

#[test]
fn an_input_that_never_ends_blocks() {
    let stage = stage();
    let (mut child, _) = waiting(&stage);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let expected = "gate: error: standard input did not end in time; the call is blocked\n";
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(2), expected));
}

#[test]
fn whatever_becomes_of_a_member_an_asked_command_never_passes() {
    let others = [json!(null), json!(1), json!(""), json!([]), json!({}), json!("ls")];
    for agent in AGENTS {
        let stage = stage();
        let base = event(agent, &stage, &Doing::Command("git push --force"));
        for name in base.as_object().unwrap().keys() {
            for other in &others {
                let mut changed = base.clone();
                changed[name] = other.clone();
                let output = hook(&stage, agent, changed.to_string());
                let word = word(agent, &output);
                let names_another = ["hook_event_name", "tool_name", "toolName"].contains(&name.as_str());
                assert!(word != "passes" || names_another, "{agent}: {changed}");
            }
        }
        let text = base.to_string();
        for length in (0..text.len()).step_by(17) {
            assert_eq!(word(agent, &hook(&stage, agent, &text[..length])), "blocked", "{agent}: {length}");
        }
    }
}
