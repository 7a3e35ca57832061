//! Programs that run another.

use super::super::{analysed, case, clear, opaque, told};
use crate::command::Dialect;
use crate::shell::Scope;

#[test]
fn wrappers_are_opened() {
    case("sudo rm x", "sudo rm x ; rm x");
    case("sudo -n -u root A=b rm x", "sudo -n -u root A=b rm x ; rm x");
    case("env -i A=b rm x", "env -i A=b rm x ; rm x");
    case("env -S 'rm x' y", "env -S rm x y ; rm x y");
    case(
        "nice -n 5 nohup timeout 5 rm x",
        "nice -n 5 nohup timeout 5 rm x ; nohup timeout 5 rm x ; timeout 5 rm x ; rm x",
    );
    case("command rm x", "command rm x ; rm x");
    case("builtin command rm x", "builtin command rm x ; command rm x ; rm x");
    case("exec -a y rm x", "exec -a y rm x ; rm x");
    case("exec -ca y rm x", "exec -ca y rm x ; rm x");
    opaque(Dialect::Bash, "exec -aa rm y x");
    case("a | xargs rm", "a ; xargs rm ; rm ‹……›");
    case("echo 'b c' | xargs rm", "echo b c ; xargs rm ; rm b c ; rm ‹……›");
    case("printf 'b\\nc' | xargs -n1 rm a", "printf b\\nc ; xargs -n1 rm a ; rm a b c ; rm a ‹……›");
    case("xargs rm <<< \"'b'\"", "xargs rm ; rm b ; rm ‹……›");
    case("cat <<E | xargs -I_ rm x/_\nb c\nd\nE", "cat ; xargs -I_ rm x/_ ; rm x/b c ; rm x/d ; rm x/‹_›");
    case("echo b > c | xargs rm", "echo b ; xargs rm ; rm b ; rm ‹……›");
    case("xargs -I{} rm {}/y", "xargs -I{} rm {}/y ; rm ‹{}›/y");
    case("xargs -I_ -Ia rm a _", "xargs -I_ -Ia rm a _ ; rm ‹a› _");
    case("xargs -I_ -n1 rm _", "xargs -I_ -n1 rm _ ; rm ‹_›");
    case("xargs -n2 -I_ rm _", "xargs -n2 -I_ rm _ ; rm ‹_›");
    case("xargs -I_ -n2 rm _", "xargs -I_ -n2 rm _ ; rm ‹_› ‹……›");
    case("find . -exec rm {} \\; -exec ls {} +", "find . -exec rm {} ; -exec ls {} + ; rm .‹{}› ; ls .‹{}›");
    case("/usr/bin/sudo rm x", "/usr/bin/sudo rm x ; rm x");
    case("ssh -p 2 host rm x", "ssh -p 2 host rm x ; rm x");
    case("ssh host 'a && rm x'", "ssh host a && rm x ; a ; rm x");
    case("find -- . -exec rm {} \\;", "find -- . -exec rm {} ; ; rm ‹{}›");
    case("find -P -- -name a -exec rm x \\;", "find -P -- -name a -exec rm x ; ; rm x");
    case("docker exec -i c rm x", "docker exec -i c rm x ; rm x");
    case("su - root -c 'rm x'", "su - root -c rm x ; rm x");
    case("watch -n 1 rm x", "watch -n 1 rm x ; rm x");
    case("env - rm x", "env - rm x ; rm x");
    case("env -i - A=b rm x", "env -i - A=b rm x ; rm x");
    case("env -S'rm x' y", "env -Srm x y ; rm x y");
    case("command -v rm", "command -v rm");
    case("sudo -l", "sudo -l");
    let deep = format!("{}rm x", "nohup ".repeat(12));
    clear(Dialect::Bash, &deep);
    assert!(told(&analysed(Dialect::Bash, deep.as_bytes()).actions).ends_with(" ; rm x"));
    opaque(Dialect::Bash, &format!("{}rm x", "nohup ".repeat(60)));
}

#[test]
fn wrappers_that_cannot_be_read_are_opaque() {
    for text in [
        "sudo --frobnicate rm x",
        "sudo $y rm x",
        "sudo \"$y\" x",
        "timeout $y rm x",
        "env $y rm x",
        "env -S \"$y\"",
        "env -S 'a \"b\"'",
        "sudo -u x --odd y -l rm",
        "nice --odd 5 rm -l",
        "xargs -I{} {} x",
        "xargs -I{} sh -c 'rm {}'",
        "xargs sh",
        "xargs bash -c",
        "find . $y",
        "find . -exec $y \\;",
        "find . -exec sh -c 'rm {}' \\;",
        "find \"$y\" x \\;",
        "docker --odd exec c rm x",
        "docker $y c rm x",
        "ssh host \"$y\"",
        "su",
        "su root",
        "python3 -c 'x'",
        "python3 <<E\nx\nE",
        "a | python3",
        "awk '{ print }'",
        "fish -c ls",
        "find . -exec sudo -u + rm {} \\;",
        "env - -u",
        "ssh host -t 'rm x'",
        "sudo -S sh <<E\nrm x\nE",
        "sudo -- -x rm",
        "BASH_ENV=x bash -c a",
        "env 'BASH_FUNC_ls%%=() { rm x; }' bash -c ls",
        "env SHELLOPTS=xtrace PS4='$(rm x)' bash -c ls",
        "export POSIXLY_CORRECT=1",
        "command $y rm",
        "exec $y",
        "builtin $y",
        "command -x rm",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn remote_commands_are_marked() {
    let found = analysed(Dialect::Bash, b"ssh host 'cd /x && rm y'").actions;
    assert_eq!(found[2].scope, Scope::Remote);
    assert_eq!(found[2].inside, ["ssh"]);
}
