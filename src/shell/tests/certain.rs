//! Forms that look uncertain and are not, each beside what only looks like it.

use super::{Dialect, Machine, analyse, case, clear, opaque, script, table, told};

/// Claims that `text` leaves something open.
#[track_caller]
fn open(text: &str) {
    opaque(Dialect::Bash, text);
}

#[test]
fn text_that_ends_within_a_quote_is_judged_as_if_that_were_closed() {
    case("echo 'a", "echo a");
    case("echo \"find . -delete", "echo find . -delete");
    case("ls \"D:\\path\\\"", "ls D:\\path\"");
    case("ls\nrm 'a\nb", "ls ; rm a\nb");
    case("rm x; echo 'a", "rm x ; echo a");
    case("if true; then rm 'x; fi", "true ; ?");
    case("bash -c \"echo 'a\"", "bash -c echo 'a ; echo a");
    for text in [
        "echo \"a\\",
        "echo $(echo 'a",
        "echo `echo 'a`",
        "echo \"`echo 'a`\"",
        "cat <<E 'a\nrm x\nE\n",
        "echo $'a",
        "echo \"${x",
        "echo \"$(rm x",
        // bash goes on behind it, and takes `!` for a name.
        "eval \"echo 'a\"\n! rm x",
        "trap \"echo 'a\" DEBUG\n! rm x",
    ] {
        open(text);
    }
    opaque(Dialect::Zsh, "echo 'a");
    clear(Dialect::Posix, "echo 'a");
}

#[test]
fn what_a_function_that_may_be_there_has_done_is_not_known() {
    for text in [
        "x=ls; make || f() { x=rm; }; f; $x",
        "make || f() { foo='a[$(rm x)]'; }; f; echo $((foo))",
        "[[ $1 == a ]] || ls() { foo='a[$(rm x)]'; }; ls; (( foo ))",
        "printf -va -vb rm; $b",
        "b=ls; printf -va \"$PATH\" rm; $b",
    ] {
        open(text);
    }
    clear(Dialect::Bash, "make || f() { :; }; f; printf -v a '%s' -v; echo $a");
}

#[test]
fn variable_that_nobody_set_counts_as_nothing() {
    for text in [
        "echo $((rm -rf /x))",
        "echo $(( foo + bar ))",
        "(( foo > 1 ))",
        "[[ foo -eq 1 ]]",
        "map[key]=value",
        "arr[$i]=value",
        "bash -c 'echo $((foo))'",
        "env A=b bash -c 'echo $((foo))'",
        "echo ${a[i]}",
    ] {
        clear(Dialect::Bash, text);
    }
    for text in [
        "foo=$x; echo $((foo))",
        "read foo; echo $((foo))",
        "read \"$x\"; echo $((foo))",
        "source /x/y; echo $((foo))",
        "eval \"$x\"; echo $((foo))",
        "f() { echo $((foo)); }",
        "for foo in $x; do echo $((foo)); done",
        "for i in 1 2; do echo $((foo)); foo=$x; done",
        "while echo $((foo)); do read foo; done",
        "foo='a[$(rm x)]' bash -c 'echo $((foo))'",
        "foo='a[$(rm x)]' eval 'echo $((foo))'",
        "foo='a[$(rm x)]'; map[foo]=1",
        "foo='a[$(rm x)]'; map[$foo]=1",
        "env foo='a[$(rm x)]' bash -c 'echo $((foo))'",
        "nohup bash -c 'echo $((foo))'; docker exec x bash -c 'echo $((foo))'",
        "watch bash -c 'echo $((foo))'",
        "ssh x 'echo $((foo))'",
        "echo $((BASH_ARGV0))",
        "echo $((HISTFILE))",
        "echo $((histchars))",
        "${foo:=a} ; echo $((foo))",
        "printf -v foo %s \"$x\"; echo $((foo))",
        "export foo=\"$x\"; (( foo ))",
        "a[x[1]]=2",
        "a[$(rm x)]=2",
        "a[x+1]=2",
        "a[$1]=2",
        "a[]=2",
        "a[@]=2",
    ] {
        open(text);
    }
    let mut machine = Machine::default();
    machine.variables.insert("foo".to_owned(), "a[$(rm x)]".to_owned());
    for text in ["echo $((foo))", "map[foo]=1", "[[ foo -eq 1 ]]"] {
        let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table()).actions;
        assert!(found.iter().any(|action| action.opaque.is_some()), "{text}: {}", told(&found));
    }
}

#[test]
fn integer_takes_numbers_alone() {
    for text in [
        "declare -i x=5",
        "declare -i x y=2; x=3; y=$((x + 1)); echo $x",
        "typeset -i counter=0; for i in 1 2; do counter=$((counter + 1)); done",
        "local -i x=1",
    ] {
        clear(Dialect::Bash, text);
    }
    for text in [
        "declare -i x='a[$(rm y)]'",
        "declare -i x=y",
        "declare -i x; x='a[$(rm y)]'",
        "declare -i x; x=$y",
        "declare -i x; read x",
        "declare -i x=1; x+='a[$(rm y)]'",
        "declare -i x; for x in $y; do :; done",
        "declare -i x; for x in 1 'a[$(rm y)]'; do :; done",
        "declare -i x; x=(1 2)",
        "declare -i x; x[1]=$y",
        "declare -i x; printf -v x %s \"$y\"",
        "declare -i x; declare x='a[$(rm y)]'",
        "declare -i x; export x=$y",
        "declare -i x; : ${x:=y}",
        "declare -i x; x=$y ls",
        "declare -i x; getopts a x",
        "declare -i x; mapfile x",
        "x=$y; declare -i x",
        "f() { x=$1; }; declare -i x; f 'a[$(rm y)]'",
        "for i in 1 2; do x=$y; declare -i x; done",
        "for i in 1 2; do declare -i x; done",
        "eval 'declare -i x'; x=$y",
        "trap 'x=$y' USR1; declare -i x",
        "declare -ia x=(1)",
        "declare -ai x",
        "declare -i PWD",
        "declare -i RANDOM=2",
        "declare -i _",
        "declare -ix x=1",
        "declare +i x",
        "declare -i \"$x\"",
        "declare -i x=1 -n y=z",
        "declare -i x[0]=1",
        "set -a; declare -i x=1",
        "y=x; declare -i $y",
    ] {
        open(text);
    }
}

#[test]
fn variable_that_stands_for_another_is_never_known() {
    case("declare -n a=b; a=rm; $b x", "declare -n a=b ; ?‹$b…› x");
    case("declare -n a=b; b=rm; $a x", "declare -n a=b ; ?‹$a…› x");
    clear(Dialect::Bash, "declare -n result=output; result='hello world'; echo \"$output\"");
    clear(Dialect::Bash, "typeset -n ref=arr; ref=(1 2 3)");
    for text in [
        "declare -n a=PATH; a=/x",
        "declare -n PATH=a",
        "declare -n a=IFS; a=x",
        "declare -n a",
        "declare -n a; a='b[$(rm x)]'",
        "declare -n a='b[$(rm x)]'",
        "declare -n a=$x",
        "declare -n a=b c=d",
        "declare -n a=a",
        "declare -n a=b; for a in 'c[$(rm x)]'; do echo $a; done",
        "declare -n a=b; export a",
        "declare -n a=b; export b=c",
        "declare -n a=b; declare -i a",
        "declare -i b; declare -n a=b; a=$x",
        "declare -n a=b; declare -n b=a",
        "declare -n a=b; a=x ls",
        "declare -n a=b; unset a",
        "declare -n a=b; readonly a",
        "declare -n a=b; (( a ))",
        "declare -n a=b; echo $((b))",
        "set -a; declare -n a=b; a=x",
        "declare -n a=b; set -a; a=x",
        "b=ls; declare -n a=b; a=rm",
        "echo $b; declare -n a=b",
        "for i in 1 2; do declare -n a=b; done",
        "f() { declare -n a=b; }",
        "eval 'declare -n a=b'",
        "bash -c 'declare -n a=b'",
        "declare -n a=histchars",
        "x=(1); declare -n a=x",
    ] {
        open(text);
    }
    let mut machine = Machine::default();
    machine.variables.insert("https_proxy".to_owned(), "x".to_owned());
    let found = analyse(&script(Dialect::Bash, b"declare -n a=https_proxy; a=y"), &machine, &table()).actions;
    assert!(found.iter().any(|action| action.opaque.is_some()), "{}", told(&found));
}

#[test]
fn builtin_that_is_turned_off_is_no_longer_known_by_its_name() {
    for text in ["enable test", "enable -n test", "enable -n echo pwd; ls"] {
        clear(Dialect::Bash, text);
    }
    let found = super::analysed(Dialect::Bash, b"enable -n echo; echo x").actions;
    assert!(found.last().is_some_and(|action| action.shadowed.is_some()), "{}", told(&found));
    for text in [
        "enable -n eval; ls",
        "enable -n cd",
        "enable -f x echo",
        "enable -d echo",
        "enable -n \"$x\"",
        "enable x",
        "enable -n",
        "echo x; enable -n echo",
        "f() { echo x; }; enable -n echo; f",
        "for i in 1 2; do enable -n echo; done",
        "f() { enable -n echo; }; f; echo x",
        "true && enable -n true | cat",
    ] {
        open(text);
    }
}

#[test]
fn script_that_is_not_there_is_listed_and_trusted_by_no_name() {
    let machine = Machine { is_telling: true, ..Machine::default() };
    let of = |text: &str| analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table()).actions;
    for text in ["source ./x.sh", "bash x/y.sh a", ". /x/y", "[ -f ./x ] && source ./x", "sh ./x"] {
        let found = of(text);
        assert!(found.iter().all(|action| action.opaque.is_none()), "{text}: {}", told(&found));
        assert!(found.last().is_some_and(|action| action.shadowed.is_some()), "{text}: {}", told(&found));
    }
    for text in [
        "echo ls > ./x.sh; source ./x.sh",
        "./make && source ./x.sh",
        "cp a ./x.sh; bash ./x.sh",
        "source \"$x\"",
        "cd \"$x\"; source ./x.sh",
        "ssh x 'source ./x.sh'",
        "sudo bash ./x.sh",
        "zsh ./x.sh",
        "source ./x.sh & echo ls > ./x.sh",
        "./make & source ./x.sh",
        "while :; do source ./x.sh; ./make; done",
        "bash -s < ./x.sh",
        "A=b source ./x.sh",
    ] {
        let found = of(text);
        assert!(found.iter().any(|action| action.opaque.is_some()), "{text}: {}", told(&found));
    }
}
