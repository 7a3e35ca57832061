//! Calls of Gemini CLI.

use super::{GEMINI, Place};

fn gemini(command: &str, dir: &str) -> String {
    format!(
        "{GEMINI}_bgpids_file={dir}/bgpids.tmp\n(\n  trap 'jobs -p > \"$_bgpids_file\"' EXIT\n{command}\n)\n__code=$?\nexit $__code"
    )
}

fn before(command: &str) -> String {
    format!(
        "{GEMINI}{{ {command} }}; __code=$?; pgrep -g 0 >/tmp/shell_pgrep_7ad66c54c43b.tmp 2>&1; exit $__code;"
    )
}

#[test]
fn gemini_clis_call_gives_back_its_own_command() {
    let place = Place::new();
    let dir = tempfile::Builder::new().prefix("gemini-shell-").rand_bytes(6).tempdir_in("/tmp").unwrap();
    let dir = dir.path().to_str().unwrap();
    assert_eq!(place.inner(gemini("ls -l", dir)), "ls -l");
    assert_eq!(place.inner(gemini("cat <<'EOF'\n)\nEOF", dir)), "cat <<'EOF'\n)\nEOF");
    assert_eq!(place.inner(gemini("ls # all", dir)), "ls # all");
    assert_eq!(place.inner(before("ls -l;")), "ls -l");
    assert_eq!(place.inner(before("sleep 1 &")), "sleep 1 &");
    assert_eq!(place.inner(before("ls -l;").replacen(GEMINI, "", 1)), "ls -l");
    assert_eq!(place.inner(format!("{GEMINI}ls -l")), "ls -l");
}

#[test]
fn near_misses_of_gemini_clis_call_are_none() {
    let place = Place::new();
    let dir = tempfile::Builder::new().prefix("gemini-shell-").rand_bytes(6).tempdir_in("/tmp").unwrap();
    let dir = dir.path().to_str().unwrap();
    for command in [
        "ls\n)\ntouch x\n(\nls",
        "ls )",
        "ls \\",
        "ls '",
        "cat <<EOF",
        "",
        " ls",
        "_bgpids_file=/home/x/.bashrc",
        "ln -s /home/x/.bashrc bgpids.tmp",
        "ls\r",
    ] {
        place.none(gemini(command, dir));
    }
    let call = gemini("ls -l", dir);
    for (from, to) in [
        ("jobs -p > \"$_bgpids_file\"", "touch x"),
        ("EXIT", "DEBUG"),
        ("\nexit $__code", "\ntouch x\nexit $__code"),
        ("exit $__code", "exit $__code; touch x"),
        ("gemini-shell-", "gemini-other-"),
        ("bgpids.tmp", "other.tmp"),
        ("bgpids.tmp", "../x/bgpids.tmp"),
        ("__code=$?", "__code=$(touch x)"),
        ("dotglob;", "dotglob; touch x;"),
    ] {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    place.none(gemini("ls", "/tmp/gemini-shell-nodir"));
    for command in ["ls", "ls #;", "ls }; touch x; { ls;", "ls\ntouch x;", "cat <<EOF;", "ls ';", "ls;;"] {
        place.none(before(command));
    }
    let call = before("ls -l;");
    for (from, to) in [
        ("/tmp/shell_pgrep_", "/tmp/x/shell_pgrep_"),
        ("7ad66c54c43b", "7ad66c54c43"),
        ("7ad66c54c43b.tmp", "7ad66c54c43b.tmp;touch x"),
        ("pgrep -g 0", "pgrep -g 1"),
        ("exit $__code;", "exit $__code"),
        ("exit $__code;", "exit $__code; ls"),
    ] {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    let mut place = Place::new();
    place.untrusted = "pgrep";
    place.none(&call);
}
