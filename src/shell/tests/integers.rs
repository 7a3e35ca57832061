//! Variables that are integers: the shell evaluates what they are set to, and an index in there runs what it holds.

use super::{analysed, clear, opaque, told};
use crate::command::Dialect;
use crate::shell::Setting;

const HOSTILE: &str = "'x[$(rm y)]'";

#[track_caller]
fn every_way_of_setting(name: &str, dialect: Dialect) {
    for text in [
        format!("{name}={HOSTILE}"),
        format!("{name}+={HOSTILE}"),
        format!("{name}={HOSTILE} ls"),
        format!("{name}={HOSTILE} eval ls"),
        format!("export {name}={HOSTILE}"),
        format!("readonly {name}={HOSTILE}"),
        format!("x={HOSTILE}; {name}=$x"),
        format!("{name}=$(ls)"),
        format!("f() {{ local {name}={HOSTILE}; }}; f"),
        format!("read -r {name}"),
        format!("for {name} in {HOSTILE}; do :; done"),
        format!("getopts a {name}"),
        format!(": ${{{name}:={HOSTILE}}}"),
    ] {
        opaque(dialect, &text);
    }
}

#[test]
fn what_an_integer_is_set_to_is_evaluated() {
    for name in ["RANDOM", "SRANDOM", "OPTIND", "HISTCMD", "SECONDS", "LINENO", "BASHPID"] {
        every_way_of_setting(name, Dialect::Bash);
        every_way_of_setting(name, Dialect::Posix);
        for text in [
            format!("declare {name}={HOSTILE}"),
            format!("typeset {name}={HOSTILE}"),
            format!("declare -x {name}={HOSTILE}"),
            format!("read {name} <<< {HOSTILE}"),
            format!("mapfile {name} <<< {HOSTILE}"),
            format!("printf -v {name} %s {HOSTILE}"),
            format!("select {name} in {HOSTILE}; do :; done"),
            format!("coproc {name} {{ ls; }}"),
            format!("wait -p {name}"),
            format!("{name}[0]={HOSTILE}"),
            format!("{name}=({HOSTILE})"),
            format!("x={HOSTILE}; (( {name} = x ))"),
        ] {
            opaque(Dialect::Bash, &text);
        }
    }
    opaque(Dialect::Bash, "declare -i z; z='x[$(rm y)]'");
    opaque(Dialect::Bash, "f() { local -i z='x[$(rm y)]'; }; f");
}

#[test]
fn zsh_has_more_of_them() {
    for name in ["RANDOM", "SECONDS", "OPTIND", "COLUMNS", "LINES", "UID", "KEYTIMEOUT", "SHLVL", "HISTSIZE"]
    {
        every_way_of_setting(name, Dialect::Zsh);
    }
    for text in
        ["typeset -F z='path[$(rm y)]'", "typeset -F z; z='path[$(rm y)]'", "export -F z='path[$(rm y)]'"]
    {
        opaque(Dialect::Zsh, text);
    }
}

#[test]
fn a_number_of_the_environment_may_be_none() {
    opaque(Dialect::Bash, "env UID='x[$(rm y)]' bash -c 'echo $((UID))'");
    opaque(Dialect::Bash, "env EUID='x[$(rm y)]' bash -c '(( EUID ))'");
    opaque(Dialect::Bash, "env BASHPID='path[$(rm y)]' zsh -c 'echo $((BASHPID))'");
    clear(Dialect::Bash, "echo $((UID))");
}

#[test]
fn plain_numbers_are_not_asked_about() {
    for text in [
        "RANDOM=42; echo $((RANDOM % 5))",
        "OPTIND=1",
        "SECONDS=0; ls; echo $((SECONDS / 60))",
        "while getopts ab opt; do :; done; shift $((OPTIND - 1))",
        "f() { local OPTIND opt; while getopts ab opt; do :; done; shift $((OPTIND - 1)); }; f",
        "f() { local OPTIND=1; }; f",
        "unset OPTIND",
        "COLUMNS=$(tput cols)",
        "LINES=$(ls)",
        "declare -F f",
    ] {
        clear(Dialect::Bash, text);
    }
    assert_eq!(told(&analysed(Dialect::Zsh, b"COLUMNS=80 ls").actions), "ls");
}

#[test]
fn a_snapshot_that_sets_one_to_anything_else_is_not_read() {
    let define = |text: &str, dialect| Setting::default().define(text.as_bytes(), dialect).is_some();
    for name in ["RANDOM", "OPTIND", "HISTCMD", "SRANDOM"] {
        for way in ["export", "declare -x", "typeset -x"] {
            assert!(!define(&format!("{way} {name}={HOSTILE}\n"), Dialect::Bash), "{way} {name}");
            assert!(define(&format!("{way} {name}=1\n"), Dialect::Bash), "{way} {name}");
        }
    }
    assert!(!define(&format!("export COLUMNS={HOSTILE}\n"), Dialect::Zsh));
}
