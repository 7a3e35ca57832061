//! What stands beside, within or behind another command is seen.

use super::super::{analysed, case, opaque, tell_word, told};
use crate::command::Dialect;
use crate::shell::{Place, Stdin};

#[test]
fn chains_hide_nothing() {
    case("a && rm x", "a ; rm x");
    case("a || rm x", "a ; rm x");
    case("a & rm x", "a ; rm x");
    case("a | rm x", "a ; rm x");
    case("a |& rm x", "a ; rm x");
    case("a\nrm x", "a ; rm x");
    case("a;rm x", "a ; rm x");
    case("(rm x)", "rm x");
    case("{ rm x; }", "rm x");
    case("f() { rm x; }", "rm x");
    case("case $y in *) rm x ;; esac", "rm x");
    case("for y in $(rm x); do :; done", "rm x ; :");
    case("if :; then :; else rm x; fi", ": ; : ; rm x");
    case("a 'b' # c\nrm x", "a b ; rm x");
    opaque(Dialect::Bash, "coproc rm x");
    let long = "a;".repeat(2000);
    opaque(Dialect::Bash, &format!("{long} rm x"));
    opaque(Dialect::Bash, &format!("a {}", "x".repeat(70_000)));
    opaque(Dialect::Bash, &format!("{}rm x{}", "$(".repeat(60), ")".repeat(60)));
    opaque(Dialect::Bash, &format!("{}rm x;{}", "{ ".repeat(60), " }".repeat(60)));
}

#[test]
fn pipes_are_linked() {
    let found = analysed(Dialect::Bash, b"a | { b; c; } | sudo d \"$(e)\"").actions;
    let names: Vec<String> = found.iter().map(|action| tell_word(&action.program)).collect();
    assert_eq!(names, ["a", "b", "c", "e", "sudo", "d"]);
    let links: Vec<_> = found.iter().map(|action| (action.upstream, action.downstream)).collect();
    assert_eq!(links[0], (None, Some(1)));
    assert_eq!(links[1], (Some(0), Some(3)));
    assert_eq!(links[2].0, Some(0));
    assert_eq!(links[5].0, Some(2));
    assert_eq!(found[5].stdin, Stdin::Pipe(2));
    assert!(found[5].as_root && found[5].inside == ["sudo"]);
}

#[test]
fn what_is_read_of_a_refused_command_is_judged_where_it_stands() {
    for text in
        ["cd a && rm x | coproc b", "cd a && { rm x; coproc b; }", "cd a && if rm x; then coproc b; fi"]
    {
        let found = analysed(Dialect::Bash, text.as_bytes()).actions;
        let removal = found.iter().find(|action| tell_word(&action.program) == "rm");
        let place = removal.map(|action| action.cwd.clone());
        assert_eq!(place, Some(Place::Known("/project/a".into())), "{text}");
    }
}

/// An unknown form hides nothing that is read beside it: what is denied stays denied.
#[test]
fn what_stands_before_an_unknown_form_is_listed() {
    for text in [
        "rm x; coproc a",
        "rm x && coproc a",
        "rm x | coproc a",
        "rm x & )",
        "rm x; cat <<E",
        "{ rm x; coproc a; }",
        "if rm x; then coproc a; fi",
        "a $(rm x; coproc a)",
        "f() { rm x | coproc a; }",
        "case x in a) rm x; coproc a;; esac",
        "rm x; a \u{200b}",
        "rm x | a\u{b}",
        "rm x\na\r\n",
        &format!("rm x; {}", "a;".repeat(40_000)),
        &format!("rm x; {}", "a ".repeat(40_000)),
    ] {
        opaque(Dialect::Bash, text);
        let found = told(&analysed(Dialect::Bash, text.as_bytes()).actions);
        assert!(found.starts_with("rm x ; "), "{text}: {found}");
    }
}
