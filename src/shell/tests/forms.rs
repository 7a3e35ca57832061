//! The certain language, form by form.

use super::{analysed, case, clear, opaque, place, tell};
use crate::command::Dialect;

#[test]
fn lists_and_pipes_name_every_command() {
    case("ls -l", "ls -l");
    case("a; b & c && d || e | f |& g\nh", "a ; b ; c ; d ; e ; f ; g ; h");
    case("! a | b; time -p c", "a ; b ; c");
    case("(a; b) && { c; d; }", "a ; b ; c ; d");
    case("if a; then b; elif c; then d; else e; fi", "a ; b ; c ; d ; e");
    case("while a; do b; done; until c; do d; done", "a ; b ; c ; d");
    case("for x in 1 2 3; do a $x; done", "a 1 ; a 2 ; a 3");
    case("for x in *.py; do a \"$x\" \"$x.bak\" $x; done", "a ‹*›.py ‹*›.py.bak ‹$x…›");
    case("for x in *.py; do y=$x; a \"$y\"; done", "a ‹$y›");
    case("for x; do a; done", "a");
    case("for ((i=0; i<3; i++)); do a; done", "a");
    case("case x in a|b) c;; (d) e;& *) f;; esac", "c ; e ; f");
    case("f() { a; }; f; g() ( b )\nfunction h { c; }", "a ; f ; b ; c");
    case("# nothing\n\n", "");
    case("a # b; c\nd", "a ; d");
    case("a \\\n b", "a b");
    case("[[ -f x && $y == z* ]] && a", "a");
    case("[ -f x ] && (( 1 + 2 )); a", "[ -f x ] ; a");
}

#[test]
fn words_are_resolved_as_far_as_they_are_certain() {
    case("echo 'a b'\"c d\"\\ e$'\\x41\\n'", "echo a bc d eA\n");
    case("echo ~ ~/x ~root '~' a~", "echo /home/mara /home/mara/x ‹~root› ~ a~");
    case("dd if=~/x of=y", "dd if=/home/mara/x of=y");
    case("x=1; y=a$x; echo $y \"$y\" '$y' ${y}", "echo a1 a1 $y a1");
    case("x='a b'; echo $x \"$x\"", "echo a b a b");
    case("x='a b'; echo $x$ $x\\$ \"$x$\"", "echo ‹a b…›$ a b$ a b$");
    case("echo ~[!a]", "echo ‹~[!a]…›");
    case("echo $unknown \"$unknown\" ${x:-y}", "echo ‹$unknown…› ‹$unknown› ‹${x:-y}…›");
    case("echo {a,b}{1..3} {} {a} HEAD@{1}", "echo a1 a2 a3 b1 b2 b3 {} {a} HEAD@{1}");
    case("echo *.txt 'a*' [ab]c [ x]", "echo ‹*›.txt a* ‹[ab]›c [ x]");
    case("echo $(a \"$(b)\") `c`", "b ; a ‹$(b)› ; c ; echo ‹$(a \"$(b)\")…› ‹`c`…›");
    case("a <() b", "?");
    case("set -- a; set -; $1 b", "set -- a ; set - ; a b");
    case("set -- a 2>&1; $1 b", "set -- a ; a b");
    case("set -- a 2>&7; \"$@\" b", "set -- a ; ?‹$@…› b");
    case("diff <(a) >(b)", "a ; b ; diff ‹<(a)› ‹>(b)›");
    case("echo $((1+2)) $# $?", "echo ‹$((1+2))› ‹$#› ‹$?›");
    case("cmd=rm; $cmd -rf x", "rm -rf x");
    case("{rm,-rf,x}", "rm -rf x");
}

#[test]
fn here_documents_are_data_of_their_receiver() {
    case("cat <<'EOF'\nrm -rf /\nEOF\nls", "cat ; ls");
    case("cat <<EOF; ls\n$(a)\nEOF\nb", "a ; cat ; ls ; b");
    case("cat <<A <<-B\nx\nA\n\ty\n\tB\nls", "cat ; ls");
    case(
        "git commit -m \"$(cat <<'EOF'\nfix: don't `x` $(y)\nEOF\n)\"",
        "cat ; git commit -m ‹$(cat <<'EOF'\nfix: don't `x` $(y)\nEOF\n)›",
    );
    case("bash <<'EOF'\nrm x\nEOF", "bash ; rm x");
    case("bash <<< 'rm x'", "bash ; rm x");
    case("cat <<< \"$x\" | grep y", "cat ; grep y");
}

#[test]
fn directories_are_followed() {
    place("ls", "/project");
    place("cd a && ls", "/project/a");
    place("cd /a/b && cd .. && ls", "/a");
    place("cd a; ls", "?");
    place("cd a || exit 1; ls", "/project/a");
    place("(cd a && b); ls", "/project");
    place("cd \"$x\" && ls", "?");
    place("cd && ls", "/home/mara");
    place("cd - && ls", "?");
    place("if x; then cd a; fi; ls", "?");
    place("cd a | b; ls", "/project");
    place("for i in 1 2; do ls; cd a; done", "?");
    place("f() { cd a; }; f; ls", "?");
    place("pushd a; ls", "?");
    place("CDPATH=/x; cd a && ls", "?");
    place("cd -P a && ls", "/project/a");
    place("cd -L a/.. && ls", "/project");
    place("cd -P -L a && ls", "?");
    for option in ["-P", "-LP", "-eP", "-P --"] {
        place(&format!("cd {option} a/.. && ls"), "?");
        place(&format!("cd {option} .. && ls"), "?");
        place(&format!("cd {option} a/../b && ls"), "?");
    }
}

#[test]
fn what_is_not_known_by_heart_is_opaque() {
    for text in [
        "coproc a",
        "select x in a; do b; done",
        "echo $[1]",
        "echo ${!x}",
        "echo ${x@P}",
        "echo ${a[$(b)]}",
        "a[$(b)]=1",
        "shopt -s expand_aliases",
        "shopt -s extglob",
        "shopt -u -o braceexpand",
        "! ! a",
        "a >&$x",
        "a >&b",
        "echo ${x:-\"a\"}",
        "echo ${x:-${y}}",
        "((X))",
        "let x=1",
        "[ -v 'a[$(b)]' ]",
        "[[ -v a[0] ]]",
        "[[ $x -eq 1 ]]",
        "declare -n x=$y",
        "read 'a[$(b)]'",
        "printf -v 'a[0]' x",
        "export 'a[0]=1'",
        "unset 'a[$(b)]'",
        "'if' x",
        "echo `a",
        "a )",
        "( a",
        "{ a",
        "if a; then",
        "a &&",
        "cat <<A",
        "echo a(b)",
        "a\r\nb",
        "a\0b",
        "a\u{a0}b",
        "a\u{202e}b",
        "$x a",
        "a* b",
        "$(a) b",
        "{fd}>x a",
        "echo \"`echo \\\"a\\\"`\"",
        "x=1; [ $y = 1 ]",
        "declare -i x=y",
        "set -o posix",
        "set -k",
        "set +B; cp a {b,c}",
        "set -e +B; cp a {b,c}",
        "set +o braceexpand; cp a {b,c}",
        "set -e +o braceexpand",
        "bash +B -c 'cp a {b,c}'",
        "BASH_CMDS[1]=x",
        "hash -p /x ls",
        "enable -f x y",
        "PS4='$(a)'",
        "exec -z a",
        "trap \"$x\" EXIT",
        "eval \"$x\"",
        "source \"$x\"",
        "mapfile -C a x",
        "for a.b in c; do d; done",
        "a &> $x; f(x)",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn what_agents_send_is_clear() {
    for text in [
        "i=0; while [ $i -lt 5 ]; do i=$((i+1)); a; done",
        "set -euo pipefail; cd /x && make 2>&1 | tail -5",
        "set -B; cp a {b,c}",
        "export A=b C=\"$d\"; a",
        "read -r -p 'name: ' x; echo \"$x\"",
        "find . -name '*.rs' -exec grep -l x {} + 2>/dev/null | head",
        "for f in *.rs; do wc -l \"$f\"; done",
        "[ -n \"$x\" ] && [ \"$x\" = y ] || a",
        "printf '%s\\n' \"$x\"",
        "trap 'rm -f x' EXIT",
        "a 2>/dev/null >&2 <&- >>log",
        "echo \"${x%.*} ${x##*/} ${#x} ${x/a/b} ${x:0:3} ${x^^} ${x:-default}\"",
        "git log --format='%h' HEAD~3..HEAD^",
        "arr=(a \"$b\" *.c); echo \"${arr[@]}\" ${#arr[@]} ${arr[0]}",
        "unset X; local_var=1; test -f x",
        "echo \"✔️ done\"",
    ] {
        clear(Dialect::Bash, text);
    }
}

#[test]
fn other_shells_are_refused_where_they_read_differently() {
    for text in [
        "a &> b",
        "[[ a ]]",
        "a <<< b",
        "a <(b)",
        "echo $'a'",
        "echo {a,b}",
        "x=(1)",
        "x+=1",
        "echo ${x/a/b}",
        "((1))",
        "function f { a; }",
        "alias a=b",
        "a |& b",
        "export x=$y",
        "12>&1",
        "33<&0 a",
        "a 10> b",
    ] {
        opaque(Dialect::Posix, text);
    }
    for text in [
        "echo =ls",
        "echo *(e:x:)",
        "echo $(a)",
        "a=1; b ${a}",
        "> x",
        "- a",
        "noglob a",
        "if a; then b; fi",
        "echo $x[1]",
        "test a -eq b",
    ] {
        opaque(Dialect::Zsh, text);
    }
    for text in ["ls -l | grep 'x' && echo \"$x\"; cd ~/a", "a=b c"] {
        clear(Dialect::Zsh, text);
        clear(Dialect::Posix, text);
    }
}

#[test]
fn names_that_find_finds_begin_as_its_starting_points_do() {
    for (before, begins) in [
        ("", "."),
        (".", "."),
        ("src", "src"),
        ("-L src/a src/b", "src/"),
        ("src lib", ""),
        ("/etc", "/etc"),
        ("-E /etc", ""),
        ("-O3 /etc", ""),
        ("-f /etc", ""),
        ("-files0-from list", ""),
        ("\"$x\"", ""),
    ] {
        let text = format!("find {before} -exec cat {{}} +");
        let found = analysed(Dialect::Bash, text.as_bytes());
        let last = found.actions.last().map(tell).unwrap_or_default();
        assert_eq!(last, format!("cat {begins}‹{{}}›"), "{text}");
    }
    case("find . -execdir cat {} +", "find . -execdir cat {} + ; cat ‹{}›");
    case("find . -exec ls \\;", "find . -exec ls ; ; ls");
}

#[test]
fn what_is_assigned_in_front_of_a_command_is_gone_behind_it() {
    for text in ["while IFS= read -r x; do ls; done", "for i in a; do A=1 ls; done; echo \"$A\""] {
        assert!(!exports_ifs(text), "{text}");
    }
    for text in [
        "for i in a b; do ls; IFS=:; done",
        "for i in a b; do ls; IFS=: export A; done",
        "for i in a b; do ls; IFS=: :; done",
    ] {
        assert!(exports_ifs(text), "{text}");
    }
}

/// Claims that some action may see another `IFS` than the shell began with.
fn exports_ifs(text: &str) -> bool {
    let found = analysed(Dialect::Bash, text.as_bytes());
    let sees = |action: &super::Action| {
        let is_last = action.program.as_literal().is_some_and(|name| name == b"ls" || name == b"y");
        is_last && action.assignments.iter().any(|set| set.name == "IFS")
    };
    found.actions.iter().any(sees)
}
