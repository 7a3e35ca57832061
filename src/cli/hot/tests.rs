//! What the words of a call mean.

use super::{Call, Usage, Work, parse};
use crate::command::{Dialect, Source};
use crate::gate::Shell;
use std::ffi::OsString;
use std::time::Duration;

fn call(args: &[&str]) -> Result<Option<Call>, Usage> {
    parse(&args.iter().map(OsString::from).collect::<Vec<_>>())
}

fn bytes(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

#[track_caller]
fn argv(args: &[&str], expected: &[&str]) {
    assert_eq!(call(args).unwrap().unwrap().work, Work::Command(Source::Argv(bytes(expected))));
}

#[track_caller]
fn file(args: &[&str], dialect: Dialect, expected: &[&str]) {
    assert_eq!(call(args).unwrap().unwrap().work, Work::File(dialect, bytes(expected)));
}

#[track_caller]
fn shell(args: &[&str], dialect: Dialect, options: &[&str], rest: &[&str], is_interactive: bool) {
    let expected = Shell { dialect, options: bytes(options), args: bytes(rest), is_interactive };
    assert_eq!(call(args).unwrap().unwrap().work, Work::Shell(expected));
}

#[track_caller]
fn script(args: &[&str], dialect: Dialect, options: &[&str], text: &str, rest: &[&str]) {
    let expected = Source::Script {
        dialect,
        options: bytes(options),
        text: text.as_bytes().to_vec(),
        args: bytes(rest),
    };
    assert_eq!(call(args).unwrap().unwrap().work, Work::Command(expected));
}

#[track_caller]
fn wrong(args: &[&str], message: &str) {
    assert_eq!(call(args).unwrap_err().to_string(), message);
}

#[track_caller]
fn other(args: &[&str]) {
    assert_eq!(call(args), Ok(None));
}

#[test]
fn everything_after_the_dashes_is_the_command() {
    argv(&["gate", "--", "ls", "-l"], &["ls", "-l"]);
    argv(&["gate", "--home", "/h", "--", "--", "-c"], &["--", "-c"]);
    argv(&["gate", "--reason=x", "--", "gate", "--help"], &["gate", "--help"]);
    argv(&["gate", "--", ""], &[""]);
}

#[test]
fn a_script_takes_the_shells_options_as_bash_does() {
    use Dialect::{Bash, Posix, Zsh};
    script(&["gate", "-c", "ls"], Bash, &[], "ls", &[]);
    script(&["gate", "-lc", "ls", "a", "-b"], Bash, &["-l"], "ls", &["a", "-b"]);
    script(&["gate", "-c", "-l", "ls"], Bash, &["-l"], "ls", &[]);
    script(&["gate", "-ec", "ls"], Bash, &["-e"], "ls", &[]);
    script(&["gate", "-o", "pipefail", "-c", "ls"], Bash, &["-o", "pipefail"], "ls", &[]);
    script(&["gate", "-euo", "pipefail", "-c", "ls"], Bash, &["-euo", "pipefail"], "ls", &[]);
    script(&["gate", "-co", "pipefail", "ls"], Bash, &["-o", "pipefail"], "ls", &[]);
    script(&["gate", "+e", "-c", "ls"], Bash, &["+e"], "ls", &[]);
    script(&["gate", "+ec", "ls"], Bash, &["+e"], "ls", &[]);
    script(&["gate", "-c", "--", "-x"], Bash, &[], "-x", &[]);
    script(&["gate", "-c", "--login", "ls"], Bash, &["--login"], "ls", &[]);
    script(&["/x/bash", "-c", "ls"], Bash, &[], "ls", &[]);
    script(&["/x/sh", "-c", "ls"], Posix, &[], "ls", &[]);
    script(&["-zsh", "-c", "ls"], Zsh, &["--login"], "ls", &[]);
    script(&["-gate", "-c", "ls"], Bash, &["--login"], "ls", &[]);
    script(&["gate", "-eu", "-o", "pipefail", "-c", "ls"], Bash, &["-eu", "-o", "pipefail"], "ls", &[]);
    script(&["gate", "-e", "--norc", "-c", "ls"], Bash, &["--norc", "-e"], "ls", &[]);
    script(&["gate", "-ic", "ls"], Bash, &["-i"], "ls", &[]);
    script(&["bash", "-norc", "-c", "ls"], Bash, &["--norc"], "ls", &[]);
    script(&["bash", "--rcfile", "f", "-c", "ls"], Bash, &["--rcfile", "f"], "ls", &[]);
    script(&["gate", "--as", "sh", "-c", "ls"], Posix, &[], "ls", &[]);
    script(&["gate", "-O", "extglob", "-c", "ls"], Bash, &["-O", "extglob"], "ls", &[]);
    script(&["gate", "--home=/h", "-c", "ls"], Bash, &[], "ls", &[]);
}

#[test]
fn under_a_shells_name_a_script_file_is_the_shells_operand() {
    use Dialect::{Bash, Posix, Zsh};
    file(&["/x/bash", "x.sh", "-c"], Bash, &["x.sh", "-c"]);
    file(&["sh", "-e", "x.sh"], Posix, &["-e", "x.sh"]);
    file(&["bash", "--", "-x"], Bash, &["--", "-x"]);
    file(&["gate", "--as=zsh", "x"], Zsh, &["x"]);
    file(&["gate", "-e", "x.sh", "a"], Bash, &["-e", "x.sh", "a"]);
}

#[test]
fn without_a_script_the_shell_reads_its_commands_itself() {
    use Dialect::{Bash, Posix};
    shell(&["bash"], Bash, &[], &[], false);
    shell(&["-bash"], Bash, &["--login"], &[], false);
    shell(&["-gate"], Bash, &["--login"], &[], false);
    shell(&["gate", "-s", "a", "-b"], Bash, &[], &["a", "-b"], false);
    shell(&["gate", "-ls", "--", "a"], Bash, &["-l"], &["a"], false);
    shell(&["gate", "-i"], Bash, &[], &[], true);
    shell(&["gate", "-l"], Bash, &["-l"], &[], false);
    shell(&["gate", "--login", "-i"], Bash, &["--login"], &[], true);
    shell(&["sh", "-e", "-"], Posix, &["-e"], &[], false);
    assert_eq!(call(&["gate", "--ssh-command"]).unwrap().unwrap().work, Work::Ssh);
}

#[test]
fn one_word_of_shell_text_is_a_script() {
    use Dialect::Bash;
    script(&["gate", "ls -l"], Bash, &[], "ls -l", &[]);
    script(&["gate", "ls;id"], Bash, &[], "ls;id", &[]);
    script(&["gate", "a/b && c"], Bash, &[], "a/b && c", &[]);
    script(&["gate", "--reason", "x", "ls -l"], Bash, &[], "ls -l", &[]);
    script(&["gate", "--home", "/h", "A=1 x"], Bash, &[], "A=1 x", &[]);
    other(&["gate", "ls -l", "more"]);
    other(&["gate", "doctor"]);
    other(&["gate", ""]);
}

#[test]
fn a_word_with_a_slash_is_a_script_file() {
    file(&["gate", "./x.sh", "-c", "b"], Dialect::Bash, &["./x.sh", "-c", "b"]);
    file(&["gate", "/a/x"], Dialect::Bash, &["/a/x"]);
    file(&["gate", "--reason=x", "a/x.sh"], Dialect::Bash, &["a/x.sh"]);
}

#[test]
fn gates_own_options_are_kept() {
    let line =
        ["gate", "--reason", "because", "--ticket=T-1", "--result", "r.json", "--wait", "2m", "--", "x"];
    let call = call(&line).unwrap().unwrap();
    assert_eq!(call.reason.as_deref(), Some("because"));
    assert_eq!(call.ticket.as_deref(), Some("T-1"));
    assert_eq!(call.result.as_deref(), Some("r.json".as_ref()));
    assert_eq!(call.wait, Some(Duration::from_secs(120)));
}

#[test]
fn other_lines_are_for_the_subcommands() {
    other(&["gate"]);
    other(&["gate", "explain", "--", "ls"]);
    other(&["gate", "--home", "/h", "requests"]);
    other(&["gate", "--help"]);
    other(&["gate", "-V"]);
    other(&["gate", "--nonsense"]);
    other(&[]);
}

#[test]
fn a_wrong_line_says_what_was_expected() {
    wrong(&["gate", "--"], "nothing after `--`, expected a command");
    wrong(&["gate", "-c"], "nothing after `-c`, expected a script");
    wrong(&["gate", "-c", "--"], "nothing after `-c`, expected a script");
    wrong(&["gate", "--reason"], "option `--reason` needs a value");
    wrong(&["gate", "--reason", "x"], "nothing to run, expected `-- CMD` or `-c STRING`");
    wrong(&["gate", "--reason", "x", "ls"], "nothing to run, expected `-- CMD` or `-c STRING`");
    wrong(&["gate", "-o"], "option `-o` needs a value");
    wrong(&["gate", "-c", "--init-script", "x"], "unknown option `--init-script`; see `gate --help`");
    wrong(&["gate", "--as", "fish"], "`fish` is no shell, expected `bash`, `sh` or `zsh`");
    wrong(&["gate", "-c", "-1", "x"], "unknown option `-1`; see `gate --help`");
    wrong(
        &["gate", "--wait", "soon", "--", "x"],
        "`soon` is no duration, expected one like `100s`, `15m` or `8h`",
    );
}
