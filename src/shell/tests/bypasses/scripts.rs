//! Script files, and what may lead to another.

use std::path::PathBuf;

use super::super::{Machine, script, table, told};
use crate::command::Dialect;
use crate::shell::analyse;

#[test]
fn a_bare_name_is_sourced_from_here_only_where_no_file_in_the_path_has_it() {
    let told_of = |text: &str, in_path: Vec<&'static str>| {
        let files = [(PathBuf::from("/project/x.sh"), b"rm y\n".to_vec())].into();
        let machine = Machine { files, in_path, ..Machine::default() };
        told(&analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table()).actions)
    };
    assert_eq!(told_of(". x.sh", vec![]), ". x.sh ; rm y");
    assert_eq!(told_of(". ./x.sh", vec!["x.sh"]), ". ./x.sh ; rm y");
    assert_eq!(told_of(". x.sh", vec!["x.sh"]), "?. x.sh");
    assert_eq!(told_of("source x.sh", vec!["x.sh"]), "?source x.sh");
}

#[test]
fn a_script_behind_a_link_and_dots_is_not_taken_for_its_neighbour() {
    let analysis = |text: &str| {
        let files = ["/project/x.sh", "/project/a/x.sh", "/other/deep/x.sh"];
        let files = files.map(|path| (PathBuf::from(path), b"rm y\n".to_vec())).into();
        let links = [("/project/l".into(), "/other/deep".into())].into();
        analyse(
            &script(Dialect::Bash, text.as_bytes()),
            &Machine { files, links, ..Machine::default() },
            &table(),
        )
    };
    for text in ["bash x.sh", "bash a/../x.sh", "bash l/x.sh", "cd a && bash ../x.sh", "cd l/.. && bash x.sh"]
    {
        let found = told(&analysis(text).actions);
        assert!(found.ends_with("x.sh ; rm y"), "{text}: {found}");
    }
    for text in [
        "bash l/../x.sh",
        ". l/../x.sh",
        "source ./l/../x.sh",
        "bash < l/../x.sh",
        "cd l && bash ../x.sh",
        "cd l && . ../x.sh",
        "cd l && env bash ../x.sh",
        "cd l && bash ../a/x.sh",
        "env -C l/.. bash x.sh",
        "sh /project/l/../x.sh",
        // It may be a link by then.
        "cp -a z a; bash a/../x.sh",
        "cp -a z a; cd a && bash ../x.sh",
    ] {
        let found = told(&analysis(text).actions);
        assert!(found.contains('?'), "{text}: {found}");
    }
}

#[test]
fn scripts_are_read_unless_something_may_change_them_before() {
    let machine = || {
        let files = [(PathBuf::from("/project/x.sh"), b"rm y\n./z\n".to_vec())].into();
        Machine { files, ..Machine::default() }
    };
    let told_of =
        |text: &str| told(&analyse(&script(Dialect::Bash, text.as_bytes()), &machine(), &table()).actions);
    assert_eq!(told_of("bash x.sh"), "bash x.sh ; rm y ; ./z");
    assert_eq!(told_of(". ./x.sh a"), ". ./x.sh a ; rm y ; ./z");
    assert_eq!(told_of("cd / && cd work; bash x.sh"), "cd / ; cd work ; bash x.sh ; ?");
    assert_eq!(told_of("echo a; bash < x.sh"), "echo a ; bash ; rm y ; ./z");
    assert_eq!(told_of("cp a b; bash x.sh"), "cp a b ; bash x.sh ; rm y ; ./z");
    for text in [
        "tar xf a; bash x.sh",
        "echo a > x.sh; bash x.sh",
        "bash x.sh; echo a >> x.sh",
        "cp a x.sh && . ./x.sh",
        "cp a /project; bash x.sh",
        "while a; do bash x.sh; make; done",
        "make & bash x.sh",
        "bash x.sh | make",
        "f() { bash x.sh; }; make; f",
        "make; . ./x.sh",
        "echo a > $y; sudo sh x.sh",
    ] {
        assert!(told_of(text).contains('?'), "{text}: {}", told_of(text));
    }
    let found = analyse(&script(Dialect::Bash, b"bash x.sh"), &machine(), &table());
    assert_eq!(found.files.len(), 1);
    // zsh would read a newer `x.sh.zwc` in its place.
    for (dialect, is_read) in [(Dialect::Bash, true), (Dialect::Posix, true), (Dialect::Zsh, false)] {
        let found = analyse(&script(dialect, b". ./x.sh"), &machine(), &table());
        assert_eq!((found.files.len() == 1, told(&found.actions).contains('?')), (is_read, !is_read));
    }
}
