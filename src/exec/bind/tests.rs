//! What is bound, in real directories.

use super::{Binding, bind};
use crate::approval::{Bound, BoundStdin};
use crate::command::{Command, Dialect, Source};
use crate::digest::Digest;
use crate::exec::Host;
use crate::shell::{
    Action, Analysis, Globbing, Links, Place, Program, Programs, Scope, Selector, Span, Stdin, Word,
};
use std::fs;
use std::path::Path;
use std::rc::Rc;

struct Make;

impl Programs for Make {
    fn program(&self, name: &str) -> Option<Rc<Program>> {
        let binds = ["Makefile", "value:-f"].map(|text| Selector::try_from(text.to_owned()).unwrap());
        (name == "make").then(|| {
            Rc::new(Program {
                values: vec!["-f".to_owned()],
                binds: binds.to_vec(),
                env: vec!["MAKEFLAGS".to_owned()],
                ..Program::default()
            })
        })
    }
}

fn action(words: &[&str], cwd: &Path) -> Action {
    let word = |text: &&str| Word::literal(text.as_bytes(), Span::default());
    Action {
        program: word(&words[0]),
        args: words[1..].iter().map(word).collect(),
        assignments: crate::shell::Assignments::default(),
        redirects: Vec::new(),
        cwd: Place::Known(cwd.to_path_buf()),
        inside: Vec::new(),
        scope: Scope::Local,
        as_root: false,
        upstream: None,
        downstream: None,
        stdin: Stdin::Inherited,
        builtin: false,
        function: false,
        shadowed: None,
        span: Span::default(),
        opaque: None,
    }
}

/// Returns what `words`, run as a script in `dir`, is bound to, and what is not covered.
fn gather(dir: &Path, words: &[&str], env: &[(&str, &str)]) -> (Bound, Vec<String>) {
    let host = Host::made_of([("PATH", "/usr/bin:/bin")].iter().chain(env).copied(), None);
    let source = Source::Script {
        dialect: Dialect::Bash,
        options: Vec::new(),
        text: words.join(" ").into_bytes(),
        args: Vec::new(),
    };
    let command = Command { source, cwd: dir.to_path_buf() };
    let analysis = Analysis {
        text: Vec::new(),
        actions: vec![action(words, dir)],
        files: Vec::new(),
        links: Links::default(),
        missing: Vec::new(),
        globbing: Globbing::default(),
    };
    let with = Binding {
        host: &host,
        programs: &Make,
        matters: &|name| name.starts_with("LD_"),
        commit: &Digest::of,
        stdin: &BoundStdin::Empty,
    };
    let gathered = bind(&command, &analysis, &with).unwrap();
    (gathered.bound, gathered.uncovered)
}

#[test]
fn nothing_changed_gives_the_same_answer_and_each_change_another() {
    let dir = tempfile::tempdir().unwrap();
    let make = || gather(dir.path(), &["make", "-f", "rules.mk"], &[("LD_PRELOAD", "a")]).0;
    fs::write(dir.path().join("rules.mk"), "all:\n").unwrap();
    let first = make();
    assert_eq!(first, make());
    fs::write(dir.path().join("rules.mk"), "all: ; rm x\n").unwrap();
    let second = make();
    assert_ne!(first, second);
    fs::write(dir.path().join("Makefile"), "").unwrap();
    assert_ne!(second, make());
    let third = make();
    assert_ne!(third, gather(dir.path(), &["make", "-f", "rules.mk"], &[("LD_PRELOAD", "b")]).0);
    assert_ne!(third, gather(dir.path(), &["make", "-f", "rules.mk"], &[]).0);
}

#[test]
fn the_shell_the_program_and_its_instructions_are_bound_by_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("d/a"), "1").unwrap();
    let (bound, uncovered) = gather(dir.path(), &["make", "-f", "d", "-f", "https://x/y", "-f", "-"], &[]);
    let names: Vec<&[u8]> = bound.programs.iter().map(|file| &file.name[..]).collect();
    assert_eq!(names[0], b"bash");
    assert!(bound.programs[0].found.as_ref().is_some_and(|found| found.sha256.is_some()));
    let files: Vec<_> =
        bound.files.iter().map(|file| (file.path.file_name().unwrap(), file.found.is_some())).collect();
    assert_eq!(files, [("Makefile".as_ref(), false), ("a".as_ref(), true)]);
    assert!(uncovered.contains(&"what is at https://x/y".to_owned()), "{uncovered:?}");
}

#[test]
fn a_script_binds_its_interpreter() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("x");
    fs::write(&script, "#! /usr/bin/env python3\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (bound, _) = gather(dir.path(), &["./x"], &[]);
    let names: Vec<&[u8]> = bound.programs.iter().map(|file| &file.name[..]).collect();
    assert_eq!(names, [&b"bash"[..], b"./x", b"/usr/bin/env"]);
}

#[test]
fn variables_that_the_text_mentions_are_bound_set_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["rm", "-r", "$DIR/${SUB}x", "$((COUNT+1))", "OTHER", "$1"];
    let env = [("COUNT", "1"), ("OTHER", "2"), ("UNUSED", "3"), ("DIR", "/tmp")];
    let (bound, _) = gather(dir.path(), &words, &env);
    let names: Vec<(&str, bool)> =
        bound.env.iter().map(|(name, value)| (name.as_str(), value.is_some())).collect();
    assert_eq!(names, [("COUNT", true), ("DIR", true), ("OTHER", true), ("PATH", true), ("SUB", false)]);
}
