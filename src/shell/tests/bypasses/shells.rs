//! Shells that read a text of their own.

use std::path::PathBuf;

use super::super::{Machine, case, opaque, script, table, told};
use crate::command::Dialect;
use crate::shell::analyse;

#[test]
fn the_options_of_each_shell_are_read_as_that_shell_does() {
    for text in [
        "zsh -b -c 'rm x'",
        "zsh -oexec errexit 'rm x'",
        "zsh -Tc 'rm x'",
        "zsh + -c a",
        "bash + -c a",
        "bash +c a",
    ] {
        opaque(Dialect::Bash, text);
    }
    case("zsh -eo nounset -c 'rm x'", "zsh -eo nounset -c rm x ; rm x");
    case("bash -oec errexit 'rm x'", "bash -oec errexit rm x ; rm x");
    case("bash -bc 'rm x'", "bash -bc rm x ; rm x");
}

#[test]
fn shells_are_followed_in_every_form() {
    case("bash -c 'rm x'", "bash -c rm x ; rm x");
    case("bash -lc 'rm x'", "bash -lc rm x ; rm x");
    case("bash -c -l 'rm x'", "bash -c -l rm x ; rm x");
    case("bash -o pipefail -ec 'rm x'", "bash -o pipefail -ec rm x ; rm x");
    case("sh -euc 'rm x'", "sh -euc rm x ; rm x");
    case("bash <<< 'rm x'", "bash ; rm x");
    case("bash -s y <<'E'\nrm x\nE", "bash -s y ; rm x");
    case("bash - <<'E'\nrm x\nE", "bash - ; rm x");
    case("eval 'rm x'", "eval rm x ; rm x");
    case("eval rm \\; ls", "eval rm ; ls ; rm ; ls");
    case("bash -c 'sh -c \"rm x\"'", "bash -c sh -c \"rm x\" ; sh -c rm x ; rm x");
    case("bash -c '\"$@\"' _ rm x", "bash -c \"$@\" _ rm x ; rm x");
    case(
        "bash -c '. \"$1\" && shift && exec \"$@\"' _ /s ls",
        "bash -c . \"$1\" && shift && exec \"$@\" _ /s ls ; ?. /s ; shift ; ?exec ‹$@…›",
    );
    case("trap 'rm x' EXIT", "trap rm x EXIT ; rm x");
    case("sudo bash -c 'rm x'", "sudo bash -c rm x ; bash -c rm x ; rm x");
    for text in [
        "bash",
        "a | bash",
        "bash < x",
        "bash x.sh",
        "bash -c \"$y\"",
        "bash $y",
        "bash <(a)",
        "source <(a)",
        ". x",
        "eval \"$y\"",
        "eval $(a)",
        "sh -s",
        "bash /dev/stdin",
        "bash /dev/fd/0 <<< x",
        "bash -O extglob -c x",
        "bash -i",
        "bash --rcfile x",
        "bash +O y -c z",
        "bash +c z",
        "bash +ec z",
        "sh +e +c z",
        "bash +c -e z",
        "bash +s x.sh <<< z",
        "bash -c +c z",
        "bash -s +s <<< z",
        "bash -c 'a\r'",
        "bash <<< \"$y\"",
        "bash <<E\n$y\nE",
        "exec bash",
        "bash -o posix -c x",
        "source /dev/stdin <<< x",
        "bash -x$y",
        "bash -c 'rm -rf /tmp/y; $z' -n",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn input_that_is_shared_is_not_read_as_script() {
    for text in [
        "{ read y; bash; } <<'E'\nx='\nrm x\n'\nE",
        "while read y; do bash; done <<< rm",
        "eval 'read y; bash' <<< rm",
        "bash -c 'read y; sh' <<< rm",
        "( bash ) <<< rm",
        "f() { bash; }; f <<< rm",
        "xargs bash <<< rm",
        "if bash; then a; fi <<< rm",
        "{ bash; } < f",
        "bash -c bash < f",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn the_envelope_of_an_agent_is_opened() {
    let snapshot = b"# Snapshot\nunalias -a 2>/dev/null || true\nhelper () {\n  command ls \"$@\"\n}\nshopt -s checkwinsize\nexport PATH=/usr/bin:/bin\n";
    let files = [(PathBuf::from("/tmp/s.sh"), snapshot.to_vec())].into();
    let machine = Machine { files, ..Machine::default() };
    let text = "source /tmp/s.sh 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && eval 'cd a && rm x | b' < /dev/null && pwd -P >| /tmp/claude-1-cwd";
    let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table());
    let told = told(&found.actions);
    assert!(told.contains(" ; cd a ; rm x ; b ; pwd -P"), "{told}");
    assert!(!told.contains('?'), "{told}");
}
