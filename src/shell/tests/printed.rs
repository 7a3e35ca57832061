//! What is known of what a command substitution prints.

use super::{Dialect, case, clear, opaque};

#[test]
fn words_and_the_directory_are_known() {
    case("a $(echo b)", "echo b ; a b");
    case("a \"$(echo b  c)\"", "echo b c ; a b c");
    case("a $(echo b c)", "echo b c ; a b c");
    case("$(echo rm) x", "echo rm ; rm x");
    case("a `echo b`", "echo b ; a b");
    case("a \"$(pwd)/b\"", "pwd ; a /project/b");
    case("d=$(pwd); cd / && a \"$d\"", "pwd ; cd / ; a /project");
    case("cd src && a \"$(pwd)\"", "cd src ; pwd ; a /project/src");
}

#[test]
fn what_else_is_printed_is_not_known() {
    for text in [
        "echo -n b",
        "echo 'b\\c'",
        "echo $x",
        "echo *",
        "echo b > c",
        "echo b; echo c",
        "pwd -P",
        "! echo b",
        "A=1 echo b",
    ] {
        let found = super::analysed(Dialect::Bash, format!("a \"$({text})\"").as_bytes());
        let last = found.actions.last().map(super::tell).unwrap_or_default();
        assert!(last.starts_with("a ‹"), "{text}: {last}");
    }
    case("cd \"$x\"; a \"$(pwd)\"", "cd ‹$x› ; pwd ; a ‹$(pwd)›");
    case("echo() { b; }; a \"$(echo c)\"", "b ; echo c ; a ‹$(echo c)›");
    case("BASH_XTRACEFD=1; PS4=' b '; set -x; a \"$(echo c)\"", "set -x ; echo c ; a ‹$(echo c)›");
    case("f() { a \"$(echo c)\"; }; f", "echo c ; a ‹$(echo c)› ; f");
}

#[test]
fn counts_and_times_are_numbers_for_arithmetic() {
    for text in [
        "a=$(date +%s); b; c=$(date +%s); echo $((c - a))",
        "n=$(wc -l < f); echo $((n + 1))",
        "n=$(ls | wc -l); [[ $n -gt 1 ]]",
        "n=$(nproc); echo $((n / 2))",
    ] {
        clear(Dialect::Bash, text);
    }
    for text in [
        "n=$(wc -l f); echo $((n + 1))",
        "n=$(wc -l < f 2>&1); echo $((n + 1))",
        "n=$(grep -c x f g); echo $((n + 1))",
        "n=$(date +%F); echo $((n + 1))",
        "wc() { cat f; }; n=$(wc -l); echo $((n + 1))",
        "PATH=.; n=$(wc -l); echo $((n + 1))",
        "n=$(wc -l; cat f); echo $((n + 1))",
        "for i in 1 2; do n=$(wc -l); echo $((n + 1)); wc() { cat f; }; done",
        "f() { n=$(wc -l); echo $((n + 1)); }; wc() { cat f; }; f",
    ] {
        opaque(Dialect::Bash, text);
    }
}
