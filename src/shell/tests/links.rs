//! Names that lead elsewhere: links that are there, and names that the script gives.

use std::path::PathBuf;
use std::rc::Rc;

use super::{Machine, Table, script, strings, table};
use crate::command::Dialect;
use crate::shell::{Asking, Program, Selector, analyse};
use crate::world::World as _;

/// `/project` with `tgt`, a script; `l`, a link to it; `h`, the same file; `sl`, a link to `/far/deep`; `up`, a link to `/`.
fn machine() -> Machine {
    let path = |name: &str| PathBuf::from("/project").join(name);
    Machine {
        files: [(path("tgt"), b"ls".to_vec()), (path("run"), b"ls".to_vec())].into(),
        links: [(path("l"), path("tgt")), (path("sl"), "/far/deep".into()), (path("up"), "/".into())].into(),
        same: vec![[path("h"), path("tgt")]],
        ..Machine::default()
    }
}

fn programs() -> Table {
    let mut table = table();
    let mut add = |name: &str, reads, writes| {
        let program = Program { name: strings(&[name]), reads, writes, ..Program::default() };
        table.0.insert(name.to_owned(), Rc::new(program));
    };
    add("ln", vec![Selector::First], vec![Selector::Operands]);
    add("mv", vec![Selector::Init], vec![Selector::Operands]);
    add("rm", vec![], vec![Selector::Operands]);
    add("cat", vec![Selector::Operands], vec![]);
    for (name, values) in [("tar", ["-f", "-C"]), ("unzip", ["-d", "-x"]), ("ln", ["-t", "-S"])] {
        let known = table.0.get(name).map_or_else(Program::default, |known| (**known).clone());
        table.0.insert(name.to_owned(), Rc::new(Program { values: strings(&values), ..known }));
    }
    table
}

#[track_caller]
fn case(text: &str, is_clear: bool) {
    let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine(), &programs());
    let reasons: Vec<_> = found.actions.iter().filter_map(|action| action.opaque.clone()).collect();
    assert_eq!(reasons.is_empty(), is_clear, "{text}: {reasons:?}");
}

#[test]
fn a_script_written_by_another_name_is_opaque() {
    case("cat x > other; bash tgt", true);
    case("cat x > tgt; bash tgt", false);
    case("cat x > l; bash tgt", false);
    case("cat x > h; bash tgt", false);
    case("cat x > up/project/tgt; bash tgt", false);
    case("cat x > sl/../../project/tgt; bash tgt", false);
    case("cp x l; bash tgt", false);
    case("ln -s tgt new; cat x > new; bash tgt", false);
}

#[test]
fn a_script_above_a_link_is_not_the_one_beside_it() {
    case("bash ./run", true);
    case("bash sub/../run", true);
    case("bash sl/../run", false);
    case(". sl/../run", false);
}

/// Where `path` leads as the last action of `text` finds it if it writes there, besides itself; `?`: anywhere.
#[track_caller]
fn leads(text: &str, path: &str, expected: &str) {
    let machine = machine();
    let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &programs());
    let by = found.actions.len() - 1;
    let path = PathBuf::from("/project").join(path);
    let all = found.links.lead(&path, Asking { by, writes: true, keeps_last: false }, &machine);
    let plain = machine.real_path(&path);
    let told = all.map_or("?".to_owned(), |all| {
        assert!(all.contains(&plain), "{text}: it may still be {}", plain.display());
        let others = all.iter().filter(|path| **path != plain);
        let mut others: Vec<String> = others.map(|path| path.display().to_string()).collect();
        others.sort();
        others.join(" ")
    });
    assert_eq!(told, expected, "{text}: {}", path.display());
}

#[test]
fn a_link_that_the_script_makes_is_followed() {
    leads("ln -s x cur; z", "cur/a", "/project/x/a");
    leads("ln -s .. hh && z", "hh/a", "/a");
    leads("ln -s .. hh && z", "hh/project/hh/a", "/a /project/hh/a");
    leads("ln -s ../x d/hh; z", "d/hh/a", "/project/x/a");
    leads("ln -s /far hh; z", "hh", "/far");
    leads("ln -s /far/a/; z", "a/b", "/far/a/b");
    leads("ln -s /far/a d/; z", "d/a/b", "/far/a/b");
    leads("ln -s /far/a d/; z", "d/b", "");
    leads("ln -s -t d /far/a; z", "d/a/b", "/far/a/b");
    leads("ln -s /far/* d; z", "d/a", "/far/a");
    leads("ln -rs x d/hh; z", "d/hh/a", "/project/x/a");
    leads("ln -s x a; ln -s a b; z", "b/c", "/project/a/c /project/x/c");
    leads("ln -s /far up/project/hh; z", "hh/a", "/far/a");
    leads("ln -s up hh; z", "hh/a", "/a");
    leads("cd d && ln -s ../x hh && z", "d/hh/a", "/project/x/a");
    leads("ln -s a a; z", "a/b", "");
    leads("ln -s a/a a; z", "a/b", "?");
}

#[test]
fn what_may_be_a_link_leads_both_ways() {
    leads("ln -s x l; z", "l", "/project/x");
    leads("false && ln -s x a || z", "a", "/project/x");
    leads("if y; then ln -s x a; fi; z", "a", "/project/x");
    leads("v=$(ln -s x a); z", "a", "/project/x");
    leads("z | ln -s x a", "b", "");
    leads("f() { ln -s /x a; }; f; z", "a", "/x /x/a");
    leads("for i in 1 2; do ln -s /x hh; z; done", "hh", "/x");
    leads("for i in 1 2; do ln -s /x b/c; ln -s /y b; z; done", "b/c", "/x /y/c");
    leads("for i in 1 2; do ln -s /x b/c; ln -s /y b; z; done", "/y/c", "/x");
}

#[test]
fn what_comes_before_a_link_is_not_led_by_it() {
    let machine = machine();
    let led = |text: &str| {
        let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &programs());
        let asking = Asking { by: 0, writes: true, keeps_last: false };
        found.links.lead("/project/a/b".as_ref(), asking, &machine).unwrap().len()
    };
    assert_eq!(led("z; ln -s x a"), 1);
    for text in [
        "z & ln -s x a",
        "for i in 1 2; do z; ln -s x a; done",
        "z | ln -s x a",
        "f() { z; }; ln -s x a; f",
        "f() { z; }; ln -s /x a; f",
    ] {
        assert_eq!(led(text), 2, "{text}");
    }
}

#[test]
fn what_nobody_knows_leads_anywhere() {
    leads("ln -s \"$x\" a; z", "a", "?");
    leads("ln -s y/\"$x\" a; z", "a/b", "?");
    leads("ln -s y/\"$x\" a; z", "b", "");
    leads("ln -s x \"$a\"; z", "b", "?");
    leads("ln -s /x y/\"$a\"; z", "b", "/x /x/b");
    leads("ln $x a b; z", "c", "?");
    leads("ln -s /x d/*; z", "d/b/c", "/x /x/c");
    leads("ln -s /x d/*; z", "b/c", "");
    leads("cd \"$d\"; ln -s /x a; z", "b/c", "/x /x/b/c /x/c");
    let deep = "a/".repeat(300);
    leads("ln -s x a; z", &deep, "?");
    let many: String = (0..900).map(|at| format!("mv a{at} a{};", at + 1)).collect();
    leads(&(many + "z"), "a900", "?");
}

#[test]
fn another_name_of_a_file_is_that_file() {
    leads("ln x a; z", "a", "/project/x");
    leads("cp -l x a; z", "a", "/project/x");
    leads("cp -s /far/x a; z", "a", "/far/x");
    leads("mv x y; z", "y/a", "/project/x/a");
    leads("mv x y; mv y v; z", "v/a", "/project/x/a /project/y/a");
    leads("mv x y/; z", "y/x/a", "/project/x/a /project/x/x/a");
    leads("mv x/* y; z", "y/a", "/project/x/a");
    leads("mv a t; mv b a; mv t b; z", "b", "/project/a /project/t");
    leads("ln -s x a; mv a b; z", "b/c", "/project/a/c /project/x/c");
}

#[test]
fn a_copy_is_led_by_the_links_that_it_copies() {
    leads("cp -r src dst; z", "dst/a", "");
    leads("cp sl b; z", "b/a", "");
    leads("cp -a sl b; z", "b/a", "/far/deep/a");
    leads("cp -a sl d/b; z", "d/b/a", "?");
    leads("cp -a /project b; z", "b/up/a", "?");
    leads("cp -a /project b; z", "b/l", "/project/b/tgt /project/tgt");
    leads("cp -a /project b; z", "b/src/a", "");
    leads("ln -s ../x s/a; cp -r s t; z", "t/a/b", "/project/x/b");
    leads("mv sl b; z", "b/a", "/far/deep/a");
}

#[test]
fn what_is_unpacked_is_doubted_where_it_is_written_through_a_new_name() {
    leads("tar xf a.tar; z", "new/a", "?");
    leads("tar -x -f a.tar -C d; z", "d/new/a", "?");
    leads("unzip a.zip -d d; z", "d/new/a", "?");
    leads("tar xf a.tar; z", "a", "");
    leads("tar xf a.tar -C d; z", "new/a", "");
    leads("tar cf a.tar x; z", "new/a", "");
    leads("ssh host tar xf a.tar; z", "new/a", "");
}
