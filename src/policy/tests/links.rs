//! Names that a script gives to what lies elsewhere: a path is judged as what it may lead to by then.

use super::{policy, rule, verdict};
use crate::policy::{Authority, Policy, Verdict};

/// As in the built-in packs: what is written inside the project is allowed, but for `st`, which nothing lets be written.
fn guarded() -> Policy {
    let programs = "[policy]\nversion = 1\n[[program]]\nname = ['ln', 'mv']\nvalues = ['-t', '-S']\nflags = ['-s']\nreads = ['init']\nwrites = ['operands', 'into', 'value:-t']\n[[program]]\nname = ['put']\nwrites = ['operands']\n[[program]]\nname = ['rm']\nwrites = ['operands']\n[[program]]\nname = ['show']\nreads = ['operands']\n[[program]]\nname = 'tar'\nvalues = ['-f', '-C']\n";
    let rules = [
        rule("inside", "allow", "match = { program = ['ln', 'mv', 'put', 'rm'], writes_all = ['./**'] }"),
        rule("print", "allow", "match = { program = ['echo', 'tar', 'cd'] }"),
        rule("show", "allow", "match = { program = 'show', reads_all = ['./**'] }"),
        rule("outside", "ask", "match = { writes = ['*'] }\nexcept = { writes_all = ['./**'] }"),
        rule(
            "guard",
            "deny",
            "match = { writes = ['./st', './st/*'], program = ['put', 'echo', 'rm', 'mv'], certain = true }",
        ),
        rule("secret", "deny", "match = { reads = ['./key'], program = 'show', certain = true }"),
    ];
    policy(&[(Authority::User, &(programs.to_owned() + &rules.concat()))])
}

#[track_caller]
fn case(script: &str, expected: Verdict) {
    assert_eq!(verdict(&guarded(), script).verdict, expected, "{script}");
}

use Verdict::{Allow, Ask, Deny};

#[test]
fn what_is_written_through_a_link_of_the_same_script_is_judged_as_what_it_is() {
    for script in [
        "put st/a",
        "ln -s st hh; put hh/a",
        "ln -s st hh && echo x >> hh/a",
        "ln -s ../project/st hh; put hh/a",
        "ln -s st hh; cd hh && put a",
        "ln -s st hh || echo; put hh/a",
        "v=$(ln -s st hh); put hh/a",
        "if echo; then ln -s st hh; fi; put hh/a",
        "for i in 1 2; do put hh/a; ln -s st hh; done",
        "ln -s st a; ln -s a b; put b/c",
        "ln -s key k; show k",
        "ln -s . k; show k/key",
        "ln -s st src; put src/st/a",
        "cd src && ln -s ../st hh && cd .. && put src/hh/a",
    ] {
        case(script, Deny);
    }
}

#[test]
fn what_lay_in_a_directory_that_is_moved_keeps_its_guard() {
    // The move itself is held back as well, so the rule about the place is asked for what follows it.
    for (script, at) in
        [("mv st s2; put s2/a", 1), ("mv st src; put src/st/a", 1), ("mv st a; mv a b; put b/c", 2)]
    {
        let judged = verdict(&guarded(), script);
        assert_eq!(judged.actions[at].verdict, Deny, "{script}");
    }
    case("mv a b; put b/c", Allow);
}

#[test]
fn a_link_inside_the_project_costs_no_question() {
    for script in [
        "ln -s x cur && put cur",
        "ln -s x cur && put cur/a && show cur/a",
        "ln -s x cur && show cur/*",
        "ln -s x cur && show *.md",
        "ln -s st hh; rm hh",
        "put hh/a; ln -s st hh",
        "ln -s st hh; put other/a",
        "tar -x -f a.tar; put src/a",
        "tar -x -f a.tar; put a; show new/a",
    ] {
        case(script, Allow);
    }
}

#[test]
fn where_nobody_knows_where_a_path_leads_it_is_asked_about() {
    for script in [
        "ln -s x/$y hh; put hh/a",
        "ln -s \"$x\" hh; show hh/a",
        "ln -s /far hh; put hh/a",
        "ln -s /far hh; put h*/a",
        "tar -x -f a.tar; put new/a",
        "tar -x -f a.tar; echo > new/a",
    ] {
        case(script, Ask);
    }
    let judged = verdict(&guarded(), "ln -s src/$x k; show k");
    assert_eq!(
        judged.actions[1].because.as_deref(),
        Some("a path in it may lead elsewhere by a name that the same script gives")
    );
}
