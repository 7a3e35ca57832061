//! `gate policy suggest`: rules for what was approved again and again, and for nothing else.

use serde_json::{Value, json};

use crate::stage::Stage;

const POLICY: &str = r#"
[policy]
version = 1
[[rule]]
id = "test.make"
verdict = "ask"
reason = "makes a file that others see"
match = { program = "touch" }
[[rule]]
id = "test.high"
verdict = "ask"
risk = "high"
reason = "makes a file that nobody may see"
match = { program = "touch", operand = "high" }
"#;

/// Asks for a command and has it approved, or rejected.
fn decided(stage: &Stage, answer: &str, command: &[&str], cwd: &std::path::Path) {
    let waiting = stage.gate(command).cwd(cwd).start();
    let output = stage.gate([answer, "--yes", waiting.id()]).on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    waiting.output();
}

fn approved(stage: &Stage, command: &[&str], times: usize) {
    (0..times).for_each(|_| decided(stage, "approve", command, &stage.cwd()));
}

fn suggested(stage: &Stage, more: &[&str]) -> Value {
    let args = ["policy", "suggest", "--json"].into_iter().chain(more.iter().copied());
    let output = stage.gate(args).output();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn commands(answer: &Value) -> Vec<String> {
    let proposals = answer["proposals"].as_array().unwrap();
    let words = |one: &Value| {
        one["command"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    proposals.iter().map(words).collect()
}

fn verdict(stage: &Stage, script: &str, cwd: &std::path::Path) -> Value {
    let output = stage.gate(["explain", "--json", "-c", script]).cwd(cwd).without_input().output();
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["verdict"].clone()
}

#[test]
fn what_was_approved_again_and_again_may_run_by_the_rule_and_nothing_next_to_it() {
    let stage = Stage::new().policy(POLICY).file("sub/x", "");
    approved(&stage, &["--", "touch", "made"], 3);
    approved(&stage, &["--", "touch", "twice"], 2);
    let output = stage.gate(["policy", "suggest"]).output();
    assert_eq!(
        stage.shown(&output.stderr),
        "gate: 1 proposal; read it, paste it into your policy, and run `gate policy check`\n"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("# `touch made` in {}", stage.cwd().display()));
    assert!(
        lines[1].starts_with("# approved 3 times, never rejected: ") && lines[1].ends_with(" via tty (3)"),
        "{text}"
    );
    assert!(lines[2].starts_with("# first ") && lines[2].contains("; asked by human:"), "{text}");
    assert!(lines[3].starts_with("# requests: "), "{text}");
    let table = format!(
        "match   = {{ program = \"touch\", exactly = \"touch made\", cwd = \"{}\", input = false }}",
        stage.cwd().display()
    );
    assert_eq!(
        (lines[4], lines[5], lines[6], lines[8]),
        ("[[override]]", "rule    = \"test.make\"", "verdict = \"allow\"", &*table)
    );
    // Pasted, it passes, and lets through just that.
    let stage = stage.policy(&format!("{POLICY}\n{text}"));
    let own = stage.home().join("policy.toml").display().to_string();
    stage.gate(["policy", "check", &own]).stderr("gate: 0 examples hold\n").check();
    stage.gate(["--", "touch", "made"]).without_input().check();
    assert_eq!(verdict(&stage, "touch made", &stage.cwd()), "allow");
    for script in [
        "touch twice",
        "touch made x",
        "touch -a made",
        "touch",
        "touch ./made",
        "touch made > y",
        "A=1 touch made",
        "echo x | touch made",
        "touch made | cat",
        "touch \"$x\"",
        "sudo touch made",
        "touch made high",
    ] {
        assert_ne!(verdict(&stage, script, &stage.cwd()), "allow", "{script}");
    }
    assert_eq!(verdict(&stage, "touch made", &stage.cwd().join("sub")), "ask");
    assert_eq!(verdict(&stage, "cd sub; touch made", &stage.cwd()), "ask");
    // What is allowed by now is not proposed again.
    let answer = suggested(&stage, &[]);
    assert_eq!(
        answer["left_out"],
        json!([{ "why": "that today's policy does not ask about, or refuses", "commands": 1 }])
    );
}

#[test]
fn what_no_rule_speaks_of_becomes_a_rule_of_its_own() {
    let stage = Stage::new().script("bin/frobnicate", "#!/bin/sh\n");
    let bin = stage.cwd().join("bin").display().to_string();
    let stage = stage.policy(&format!("[policy]\nversion = 1\ntrusted_path = ['{bin}']\n"));
    let path = format!("{bin}:/usr/bin:/bin");
    for command in [["--", "frobnicate", "--all"], ["--", "frobnicate", "bin"]] {
        for _ in 0..2 {
            let waiting = stage.gate(command).env("PATH", &path).start();
            let said = stage.gate(["approve", "--yes", waiting.id()]).on_terminal().output();
            assert!(said.status.success());
            waiting.output();
        }
    }
    let suggest = |more: &[&str]| {
        let args = ["policy", "suggest", "--at-least", "2"].iter().chain(more);
        stage.gate(args).env("PATH", &path).output()
    };
    let answer: Value = serde_json::from_slice(&suggest(&["--json"]).stdout).unwrap();
    let unknown = "of a program that gate does not know, which were given names of files";
    assert_eq!(answer["left_out"], json!([{ "why": unknown, "commands": 1 }]));
    let toml = answer["proposals"][0]["toml"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    assert!(toml.starts_with("[[rule]]\nid      = \"suggested.frobnicate-"), "{toml}");
    let whole = suggest(&["--whole"]).stdout;
    let stage = stage.file("whole.toml", whole);
    stage.gate(["policy", "check", "whole.toml"]).stderr("gate: 0 examples hold\n").check();
}

#[test]
fn what_a_rule_cannot_hold_fast_is_never_proposed() {
    let stage = Stage::new().policy(POLICY).file("sub/x", "");
    let many: [(&[&str], &str); 6] = [
        (&["--", "touch", "high"], "of high or critical risk"),
        (&["-c", "touch a; touch b"], "more than one plain command"),
        (&["-c", "touch a > b"], "more than one plain command"),
        (
            &["--", "touch", "a\nb # \""],
            "with words that a rule cannot write out, or that are not known before they run",
        ),
        (
            &["--", "touch", "--reference=ghp_0123456789abcdefghijABCDEFGHIJ012345", "x"],
            "with what may be a secret",
        ),
        (
            &["-c", "touch \"$HOSTNAME\""],
            "with words that a rule cannot write out, or that are not known before they run",
        ),
    ];
    many.iter().for_each(|(command, _)| approved(&stage, command, 2));
    approved(&stage, &["--", "touch", "no"], 2);
    decided(&stage, "reject", &["-c", "true && touch no"], &stage.cwd().join("sub"));
    let output = stage.gate(["policy", "suggest", "--at-least", "2"]).output();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(1), ""));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("ghp_"));
    let reasons = many.iter().map(|(_, why)| *why).chain(["rejected by somebody at some time"]);
    reasons.for_each(|why| assert!(said.contains(why), "{why}: {said}"));
}

#[test]
fn a_directory_of_hostile_name_ends_no_comment_and_no_text() {
    let stage = Stage::new().policy(POLICY);
    let name = "x\n[[rule]]\nid = \"a.b\"\nverdict = \"allow\"\nreason = \"x\"\nmatch = {}\n# \u{202e}*'\"";
    let dir = stage.cwd().join(name);
    std::fs::create_dir(&dir).unwrap();
    (0..2).for_each(|_| decided(&stage, "approve", &["--", "touch", "made"], &dir));
    let output = stage.gate(["policy", "suggest", "--at-least", "2", "--whole"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let keys: Vec<&String> = table.keys().collect();
    assert_eq!(keys, ["override", "policy"], "{text}");
    assert_eq!(table["override"].as_array().unwrap().len(), 1);
    assert!(!text.contains('\u{202e}'), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with('[')).count(), 2, "{text}");
}

#[test]
fn an_empty_log_has_nothing_to_propose_and_a_forged_one_proves_nothing() {
    let stage = Stage::new().policy(POLICY);
    let nothing = "gate: nothing to propose: no command that a rule could hold fast was approved 3 times\n";
    stage.gate(["policy", "suggest"]).stderr(nothing).code(1).check();
    stage.gate(["--", "true"]).check();
    stage.gate(["policy", "suggest"]).stderr(nothing).code(1).check();
    assert_eq!(commands(&suggested(&stage, &[])), Vec::<String>::new());
    stage
        .gate(["policy", "suggest", "--since", "soon"])
        .stderr("gate: error: `soon` is no time, like `2026-11-21`, `[TIME]` or `2h`\n")
        .code(125)
        .check();
    approved(&stage, &["--", "touch", "made"], 3);
    assert_eq!(commands(&suggested(&stage, &[])), ["touch made"]);
    assert_eq!(commands(&suggested(&stage, &["--since", "2h"])), ["touch made"]);
    let db = stage.home().join("state/gate.db");
    let db = if db.exists() { db } else { stage.home().join("gate.db") };
    let sql =
        "DROP TRIGGER IF EXISTS x; UPDATE requests SET progress = replace(progress, 'SUCCEEDED', 'FAILED')";
    let output = stage.program("sqlite3", [db.as_os_str(), sql.as_ref()]).output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = stage.gate(["policy", "suggest"]).output();
    assert_eq!(output.status.code(), Some(125));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("was tampered with"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A push is held to the branch and the remote that it went to: neither is in its words.
#[test]
fn a_push_stays_with_its_branch_and_its_remote() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    let run =
        |script: &str| assert!(stage.program("sh", ["-ec", script]).output().status.success(), "{script}");
    run("git init -q -b main . && git init -q --bare away && git remote add origin ./away");
    run("git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x");
    approved(&stage, &["--", "git", "push", "origin", "main"], 2);
    let output = stage.gate(["policy", "suggest", "--at-least", "2"]).output();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("rule    = \"git.push\"") && text.contains("fact = { git-branch = \"main\""),
        "{output:?}"
    );
    let stage = stage.policy(&format!("[policy]\nversion = 1\n{text}"));
    let push = |script: &str| verdict(&stage, script, &stage.cwd());
    assert_eq!(push("git push origin main"), "allow");
    for script in
        ["git push origin", "git push -f origin main", "git push origin main:x", "git -C . push origin main"]
    {
        assert_eq!(push(script), "ask", "{script}");
    }
    let run =
        |script: &str| assert!(stage.program("sh", ["-ec", script]).output().status.success(), "{script}");
    run("git checkout -q -b other");
    assert_eq!(push("git push origin main"), "ask");
    run("git checkout -q main && git remote set-url origin ./elsewhere");
    assert_eq!(push("git push origin main"), "ask");
}
