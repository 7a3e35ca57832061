//! `gate -c` under a policy that allows everything behaves as bash does: same output, same errors, same exit code.

use crate::stage::Stage;

#[track_caller]
fn same(stage: &Stage, options: &[&str], rest: &[&str]) {
    let args = [options, rest].concat();
    let bash = stage.program("bash", &args).stdin("line one\nline two\n").output();
    let gate = stage.gate(&args).stdin("line one\nline two\n").output();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = |output: &std::process::Output| (text(&output.stdout), text(&output.stderr), output.status);
    assert_eq!(told(&gate), told(&bash), "{args:?}");
}

#[test]
fn every_script_of_the_table_does_what_it_does_under_bash() {
    let stage = Stage::new().policy("[policy]\nversion = 1\nmode = \"observe\"\n").file("a.txt", "b\na\n");
    for script in [
        "",
        "# nothing",
        "true",
        "false",
        "exit 3",
        "echo out; echo err >&2",
        "echo \"$0 $# $1\"",
        "echo *",
        "sort a.txt | head -1",
        "read x; echo \"[$x]\"; cat",
        "x=1; x=$((x + 1)); echo $x",
        "for f in a b; do echo $f; done; case a in a) echo A;; esac",
        "f() { echo in $1; return 4; }; f x; echo $?",
        "cat <<'EOF'\n$HOME `x`\nEOF",
        "cat <<< word; printf '%s\\n' {a,b}{1,2}",
        "no-such-command; echo $?",
        "no-such-command",
        "set -e; false; echo never",
        "set -u; echo $unset",
        "false | true; echo ${PIPESTATUS[*]}",
        "if",
        "echo $((1/0))",
        "trap 'echo bye' EXIT; exit 5",
        "kill -TERM $$",
        "(exit 6); echo $?",
        "echo $BASH_VERSION $SHLVL $-",
        "type cd; command -v sort",
        "ulimit -c; umask",
        "echo a > new; echo b >> new; cat new",
        "sleep 0 & wait; echo done",
        "exec printf x",
        "echo grün ✓; printf '\\xff'",
        "tty; [ -t 0 ]; echo $?",
        "pwd; cd ..; pwd; cd - > /dev/null",
        "alias x=y; shopt expand_aliases",
        "[[ a == a && 2 -gt 1 ]] && echo yes",
        "diff <(echo a) <(echo b)",
        "printf '%s\\n' \"$@\"",
        "env -i PATH=$PATH sh -c 'echo $HOME.'",
        "echo ${BASH_EXECUTION_STRING}",
    ] {
        same(&stage, &["-c"], &[script, "zero", "one", "two words"]);
        same(&stage, &["-c"], &[script]);
    }
}

#[test]
fn the_shells_options_work_wherever_bash_takes_them() {
    let stage = Stage::new().policy("[policy]\nversion = 1\nmode = \"observe\"\n");
    same(&stage, &["-ec"], &["false; echo never"]);
    same(&stage, &["-e", "-c"], &["false; echo never"]);
    same(&stage, &["-c", "-e"], &["false; echo never"]);
    same(&stage, &["-o", "pipefail", "-c"], &["false | true"]);
    same(&stage, &["-euo", "pipefail", "-c"], &["echo $-; echo $unset"]);
    same(&stage, &["-c", "-u", "--"], &["echo $unset"]);
    same(&stage, &["-xc"], &["echo traced"]);
    same(&stage, &["-fc"], &["echo *"]);
    same(&stage, &["+B", "-c"], &["echo {a,b}"]);
    same(&stage, &["-O", "nullglob", "-c"], &["echo *.nothing"]);
    same(&stage, &["--noprofile", "--norc", "-c"], &["echo plain"]);
}
