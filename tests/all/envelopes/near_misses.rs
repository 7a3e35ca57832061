//! What is almost an envelope is judged whole: at least ten near misses of each agent's call.

use super::{Desk, GEMINI};

/// Claims that `call` is an envelope, and that none of the changed ones is: what was added is judged.
#[track_caller]
fn near_misses(desk: &Desk, call: &str, changes: &[(&str, &str)]) {
    assert!(changes.len() >= 10);
    let all = changes.iter().map(|(from, to)| call.replacen(from, to, 1));
    let texts: Vec<String> = std::iter::once(call.to_owned()).chain(all).collect();
    let answers = desk.explained(&texts);
    assert_eq!(answers[0]["envelope"]["shape"], "call", "{call}");
    for ((from, to), (text, answer)) in changes.iter().zip(texts.iter().zip(&answers).skip(1)) {
        assert_ne!(text, call, "{from} is not in the call");
        assert!(answer.get("envelope").is_none(), "{text}: {answer}");
        if to.contains("frob") {
            assert_eq!(answer["verdict"], "deny", "{text}: {answer}");
        }
    }
}

#[test]
fn near_misses_of_claude_code_are_judged_whole() {
    let desk = Desk::new();
    let call = desk.claude("'echo hi'");
    let cwd = desk.cwd_file(0).display().to_string();
    let (elsewhere, up) = (cwd.replace("/tmp/", "/etc/"), cwd.replace("/tmp/", "/tmp/../etc/"));
    let (appended, on_a_line) = (format!("{cwd}; frob"), format!("{cwd}\nfrob"));
    let changes: &[(&str, &str)] = &[
        (&cwd, &appended),
        (&cwd, &on_a_line),
        (&cwd, &elsewhere),
        (&cwd, &up),
        (&cwd, "~/.bashrc"),
        ("eval 'echo hi'", "eval 'echo hi'\nfrob"),
        ("eval 'echo hi'", "eval 'echo hi'; frob; eval 'true'"),
        ("eval 'echo hi'", "eval 'echo hi' '; frob'"),
        ("eval 'echo hi'", "eval \"echo hi\""),
        ("eval 'echo hi'", "eval 'echo hi' && frob"),
        (" && eval", " && frob && eval"),
        (" && eval", " && eval 'frob' && eval"),
        ("source ", "frob; source "),
        ("snapshot-bash-1790732593649", "snapshot-bash-$(frob)"),
        ("/shell-snapshots/", "/"),
        ("< /dev/null", "< /dev/null > /dev/null"),
        ("< /dev/null", "< <(frob)"),
        ("pwd -P >|", "pwd -P >>"),
        ("pwd -P >|", "frob >|"),
        (" && pwd", "\r && pwd"),
    ];
    near_misses(&desk, &call, changes);
}

#[test]
fn near_misses_of_codex_are_judged_whole() {
    let desk = Desk::new();
    let call = desk.codex("echo hi");
    let changes: &[(&str, &str)] = &[
        ("'echo hi'", "'echo hi'; frob"),
        ("'echo hi'", "'echo hi'\nfrob"),
        ("'echo hi'", "'echo hi' || frob"),
        ("'echo hi'", "\"echo hi\""),
        ("'echo hi'", "'echo hi' 'x'"),
        ("'/bin/bash' -c", "'/bin/bash' -xc"),
        ("'/bin/bash' -c", "'/tmp/bash' -c"),
        ("\n\nexec", "\n\nfrob\n\nexec"),
        ("then :; fi", "then frob; fi"),
        ("then :; fi", "then :; else frob; fi"),
        ("if . ", "frob; if . "),
        ("/shell_snapshots/", "/"),
        (".sh'", ".sh' x"),
        (">/dev/null 2>&1", ">/dev/null 2>&1 || frob"),
        ("\n\nexec", "\n\nexport PATH=/tmp\n\nexec"),
        ("\n\nexec", "\r\n\nexec"),
    ];
    near_misses(&desk, &call, changes);
}

#[test]
fn near_misses_of_gemini_cli_are_judged_whole() {
    let desk = Desk::new();
    let dir = tempfile::Builder::new().prefix("gemini-shell-").rand_bytes(6).tempdir_in("/tmp").unwrap();
    let dir = dir.path().display().to_string();
    let call = format!(
        "{GEMINI}_bgpids_file={dir}/bgpids.tmp\n(\n  trap 'jobs -p > \"$_bgpids_file\"' EXIT\necho hi\n)\n__code=$?\nexit $__code"
    );
    let changes: &[(&str, &str)] = &[
        ("exit $__code", "exit $__code; frob"),
        ("exit $__code", "frob; exit $__code"),
        ("\necho hi\n", "\necho hi\n)\nfrob\n(\necho hi\n"),
        ("trap 'jobs", "trap 'frob; jobs"),
        ("EXIT\n", "EXIT\r\n"),
        ("__code=$?", "__code=$(frob)"),
        ("dotglob;", "dotglob; frob;"),
        ("shopt -u promptvars", "shopt -s expand_aliases; frob; shopt -u promptvars"),
        ("bgpids.tmp\n", "bgpids.tmp\nfrob\n"),
        ("bgpids.tmp", "../bgpids.tmp"),
        ("gemini-shell-", "gemini-shell-x"),
        ("\n)\n", "\n) > /dev/null\n"),
        ("(\n  trap", "( frob\n  trap"),
    ];
    near_misses(&desk, &call, changes);
}
