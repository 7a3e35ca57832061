//! Variables, functions and aliases that change what a name means.

use super::super::{Machine, analysed, opaque, script, strings, table};
use crate::command::Dialect;
use crate::shell::analyse;

#[track_caller]
fn given(text: &str, expected: &[&str]) {
    let found = analysed(Dialect::Bash, text.as_bytes());
    let last = found.actions.last().expect("it runs something");
    let names: Vec<String> = last.assignments.iter().map(|assignment| assignment.name.clone()).collect();
    assert_eq!(names, strings(expected), "{text}");
}

#[test]
fn assignments_reach_the_commands_that_see_them() {
    given("PATH=/x ls", &["PATH"]);
    given("LD_PRELOAD=x PAGER=y git log", &["LD_PRELOAD", "PAGER"]);
    given("export GIT_SSH_COMMAND=x; git push", &["GIT_SSH_COMMAND"]);
    given("PATH=/x; ls", &["PATH"]);
    given("declare -x A=b; ls", &["A"]);
    given("A=b; export A; ls", &["A"]);
    given("set -a; A=b; ls", &["A"]);
    given("A=b; ls", &[]);
    given("env A=b ls", &["A"]);
    given("sudo A=b ls", &["A"]);
    given("export A=b; bash -c ls", &["A"]);
    given("A=b bash -c ls", &["A"]);
    given("if x; then export A=b; fi; ls", &["A"]);
    given("read PATH; ls", &["PATH"]);
    given("A=b command ls", &["A"]);
    given("A=b eval ls", &["A"]);
    given("export A=$(x); ls", &["A"]);
}

#[test]
fn functions_and_aliases_shadow_names() {
    let shadowed = |text: &str| {
        let found = analysed(Dialect::Bash, text.as_bytes());
        let last = found.actions.last().expect("it runs something").clone();
        (last.shadowed.is_some(), last.function)
    };
    assert_eq!(shadowed("ls"), (false, false));
    assert_eq!(shadowed("ls() { rm x; }; ls"), (false, true));
    assert_eq!(shadowed("if a; then ls() { rm x; }; fi; ls"), (true, false));
    assert_eq!(shadowed("f() { ls() { rm x; }; }; f; ls"), (true, false));
    assert_eq!(shadowed("alias ls='rm x'; ls"), (true, false));
    assert_eq!(shadowed("ls() { a; }; command ls"), (false, false));
    assert_eq!(shadowed("ls() { a; }; unset -f ls; ls"), (true, false));
    let variables = [("BASH_FUNC_ls%%".to_owned(), "() { rm x; }".to_owned())].into();
    let machine = Machine { variables, ..Machine::default() };
    let found = analyse(&script(Dialect::Bash, b"ls"), &machine, &table());
    assert!(found.actions[0].shadowed.is_some());
}

#[test]
fn what_the_shell_keeps_for_itself_is_not_taken_from_an_assignment() {
    for text in [
        "_=ls; true rm; $_",
        "BASH_REMATCH=ls; [[ rm =~ .* ]]; $BASH_REMATCH",
        "readonly c=rm\nc=ls\n$c",
        "set -o$x posix\nalias a=rm\na",
        "set -- rm; set -- ls < /none; $1",
        "c=rm; local c=ls; $c",
        "c=rm; declare -p c=ls; $c",
        "for ((i=0; i<3; i++)); do i=$x; done",
        "declare -a c='($(rm x))'",
        "c=(); x='($(rm))'; declare c=\"$x\"",
        "PIPESTATUS=ls; a | b; $PIPESTATUS",
        "c=rm\nc=ls < /none\n$c",
        "c=rm; for i in 1 2; do $c; printf -vc ls; done",
        "c=ls; trap 'c=rm' DEBUG; $c",
        "declare -A BASH_CMDS",
        "REPLY=ls; read; $REPLY",
        "LC_ALL=zh_CN.GBK; a",
    ] {
        opaque(Dialect::Bash, text);
    }
    for text in ["source x", "declare x=1", "chdir x; eval $y", "builtin eval a", "printf \"$x\" a"] {
        opaque(Dialect::Posix, text);
    }
    for text in ["path=/x; a", "print -P a", "setopt b", "which c"] {
        opaque(Dialect::Zsh, text);
    }
}
