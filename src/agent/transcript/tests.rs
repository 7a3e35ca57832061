use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::lines::LONGEST;
use super::{Call, Event, Format, Skipped, Transcripts};
use crate::command::{Dialect, Source};

fn read(dir: &Path, format: Format) -> (Vec<Call>, u64, Skipped) {
    let (mut calls, mut failed) = (Vec::new(), 0);
    let skipped = Transcripts::below(dir, format).unwrap().read(
        |_| {},
        |event| match event {
            Event::Called(call) => calls.push(call),
            Event::Failed => failed += 1,
        },
    );
    (calls, failed, skipped)
}

fn read_text(text: impl AsRef<[u8]>, format: Format) -> (Vec<Call>, u64, Skipped) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rollout-1.jsonl"), text).unwrap();
    read(dir.path(), format)
}

fn said(call: &Call) -> String {
    let text = String::from_utf8(call.command.text()).unwrap();
    let how = match &call.command.source {
        Source::Argv(_) => "argv",
        Source::Script { dialect: Dialect::Bash, .. } => "bash",
        Source::Script { dialect: Dialect::Posix, .. } => "sh",
        Source::Script { dialect: Dialect::Zsh, .. } => "zsh",
    };
    let time = call.time.map(|time| format!(" {time}")).unwrap_or_default();
    format!("{how} {} {text}{time}", call.command.cwd.display())
}

#[track_caller]
fn case(format: Format, lines: &[&str], expected: &[&str]) {
    let (calls, _, skipped) = read_text(lines.join("\n"), format);
    assert_eq!(calls.iter().map(said).collect::<Vec<_>>(), expected, "{skipped:?}");
}

#[test]
fn claude_code_calls_its_shell_bash() {
    let line = |tool: &str, more: &str| {
        format!(
            r#"{{"type":"assistant","cwd":"/w","timestamp":"2026-03-02T09:00:00Z"{more},"message":{{"content":[{{"type":"text","text":"x"}},{{"type":"tool_use","id":"t1","name":"{tool}","input":{{"command":"ls -l"}}}}]}}}}"#
        )
    };
    let claude = |line: &str, expected: &[&str]| case(Format::Claude, &[line], expected);
    claude(&line("Bash", ""), &["bash /w ls -l 2026-03-02T09:00:00Z"]);
    claude(&line("Read", ""), &[]);
    claude(&line("BashOutput", ""), &[]);
    let (calls, ..) = read_text(line("Bash", r#","isSidechain":true"#), Format::Claude);
    assert!(calls[0].subagent && !calls[0].nowhere);
    let (calls, ..) = read_text(line("Bash", "").replace("/w", "w"), Format::Claude);
    assert!(calls[0].nowhere && calls[0].command.cwd == Path::new("/"));
    let reason = line("Bash", "").replace("ls -l", "GATE_REASON=x ls -l");
    claude(&reason, &["bash /w ls -l 2026-03-02T09:00:00Z"]);
}

#[test]
fn codex_calls_its_shell_by_many_names() {
    let old = r#"{"type":"function_call","name":"shell","arguments":"{\"command\":[\"bash\",\"-lc\",\"ls\"]}","call_id":"c"}"#;
    let new = |name: &str, arguments: &str| {
        let arguments = serde_json::to_string(arguments).unwrap();
        format!(
            r#"{{"timestamp":"2026-03-02T09:00:00Z","type":"response_item","payload":{{"type":"function_call","name":"{name}","arguments":{arguments},"call_id":"c"}}}}"#
        )
    };
    let meta = r#"{"type":"session_meta","payload":{"cwd":"/w"}}"#;
    let codex = |name: &str, arguments: &str, expected: &[&str]| {
        case(Format::Codex, &[meta, &new(name, arguments)], expected);
    };
    case(
        Format::Codex,
        &[r#"{"id":"x","timestamp":"2025-06-01T00:00:00Z"}"#, old],
        &["bash / ls 2025-06-01T00:00:00Z"],
    );
    codex("shell", r#"{"command":["bash","-lc","ls"]}"#, &["bash /w ls 2026-03-02T09:00:00Z"]);
    codex(
        "shell",
        r#"{"command":["/bin/zsh","-lc","ls"],"workdir":"/v"}"#,
        &["zsh /v ls 2026-03-02T09:00:00Z"],
    );
    codex("shell", r#"{"command":["sh","-c","ls"],"workdir":"a"}"#, &["sh /w/a ls 2026-03-02T09:00:00Z"]);
    codex("shell", r#"{"command":["git","log"]}"#, &["argv /w git log 2026-03-02T09:00:00Z"]);
    codex("shell", r#"{"command":["bash","-x","-c","ls"]}"#, &["argv /w bash -x -c ls 2026-03-02T09:00:00Z"]);
    codex("container.exec", r#"{"command":["ls"]}"#, &["argv /w ls 2026-03-02T09:00:00Z"]);
    codex("shell_command", r#"{"command":"ls | wc"}"#, &["bash /w ls | wc 2026-03-02T09:00:00Z"]);
    codex("exec_command", r#"{"cmd":"ls","shell":"zsh"}"#, &["zsh /w ls 2026-03-02T09:00:00Z"]);
    codex("write_stdin", r#"{"chars":"ls\n"}"#, &[]);
    codex("shell", r#"{"command":["apply_patch","x"]}"#, &[]);
    codex("shell", r#"{"command":[]}"#, &[]);
    codex("shell", r#"{"command":["a",7]}"#, &[]);
    codex("shell", "{", &[]);
}

#[test]
fn failure_counts_only_for_a_command() {
    let text = r#"{"message":{"content":[{"type":"tool_use","id":"a","name":"Bash","input":{"command":"x"}},{"type":"tool_use","id":"b","name":"Read","input":{}}]}}
{"message":{"content":[{"type":"tool_result","tool_use_id":"a","is_error":true},{"type":"tool_result","tool_use_id":"b","is_error":true}]}}
{"message":{"content":[{"type":"tool_result","tool_use_id":"a","is_error":false}]}}"#;
    assert_eq!(read_text(text, Format::Claude).1, 1);
}

#[test]
fn strange_lines_are_counted_and_nothing_else() {
    let call = r#"{"message":{"content":[{"type":"tool_use","name":"Bash","input":{"command":"x"}}]}}"#;
    let deep = "[".repeat(100_000);
    let deep_inside = format!(r#"{{"cwd":{}{},"message":1}}"#, "[".repeat(50_000), "]".repeat(50_000));
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(LONGEST as usize));
    for format in [Format::Claude, Format::Codex] {
        let lines = [
            "7",
            "null",
            "[]",
            "\"x\"",
            "true",
            "1e999",
            "{}",
            r#"{"message":{"content":"text"}}"#,
            "  ",
            "",
        ];
        let (calls, _, skipped) = read_text(lines.join("\n"), format);
        assert_eq!((calls.len(), skipped.broken), (0, 1), "a number without an end is no JSON: {skipped:?}");
        let bytes = [b"\xff\xfe\n{\"a\":\n\x00\n".as_slice(), deep.as_bytes(), b"\n", deep_inside.as_bytes()]
            .concat();
        let (calls, _, skipped) = read_text(bytes, format);
        assert_eq!((calls.len(), skipped.broken), (0, 4), "{skipped:?}");
        let (_, _, skipped) = read_text(format!("{long}\n{{}}\n{long}"), format);
        assert_eq!((skipped.too_long, skipped.broken), (2, 0));
    }
    let text = format!("{long}\n{call}\n{}", &call[..40]);
    let (calls, _, skipped) = read_text(text, Format::Claude);
    assert_eq!((calls.len(), skipped.too_long, skipped.broken), (1, 1, 1));
    let (calls, _, skipped) = read_text(format!("{call}\n{}", call.replace("\"x\"", "{}")), Format::Claude);
    assert_eq!((calls.len(), skipped.empty), (1, 1));
}

#[test]
fn nothing_but_regular_files_is_opened_and_no_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let call = r#"{"message":{"content":[{"type":"tool_use","name":"Bash","input":{"command":"x"}}]}}"#;
    fs::write(elsewhere.path().join("secret.jsonl"), call).unwrap();
    symlink(elsewhere.path().join("secret.jsonl"), dir.path().join("a.jsonl")).unwrap();
    symlink(dir.path(), dir.path().join("loop")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.path().join("b.jsonl"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    fs::create_dir_all(dir.path().join("p/q")).unwrap();
    fs::write(dir.path().join("p/q/c.jsonl"), call).unwrap();
    fs::write(dir.path().join("p/notes.txt"), call).unwrap();
    fs::write(dir.path().join("d.jsonl"), call).unwrap();
    fs::set_permissions(dir.path().join("d.jsonl"), fs::Permissions::from_mode(0o000)).unwrap();
    let (calls, _, skipped) = read(dir.path(), Format::Claude);
    let may_read_all = rustix::process::geteuid().is_root();
    assert_eq!((calls.len(), skipped.unreadable), if may_read_all { (2, 0) } else { (1, 1) });
    assert_eq!(skipped.strange, 3);
    let deepest = (0..40).fold(dir.path().to_path_buf(), |dir, _| dir.join("x"));
    fs::create_dir_all(&deepest).unwrap();
    assert_eq!(read(dir.path(), Format::Claude).2.beyond, 1);
    assert!(Transcripts::below(&dir.path().join("none"), Format::Claude).is_err());
    assert_eq!(read(&dir.path().join("p/q/c.jsonl"), Format::Claude).0.len(), 1);
}
