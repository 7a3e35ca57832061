//! Calls of Claude Code.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::Place;
use crate::command::Dialect;

#[test]
fn claude_codes_call_gives_back_its_own_command() {
    let place = Place::new();
    assert_eq!(place.inner(place.call("'ls -l'")), "ls -l");
    assert_eq!(place.inner(place.call("pwd")), "pwd");
    assert_eq!(place.inner(place.call(r#"'echo '"'"'it'"'"' | cat'"#)), "echo 'it' | cat");
    assert_eq!(place.inner(place.call(r#""echo 'a' \"b\" \$x""#)), r#"echo 'a' "b" $x"#);
    assert_eq!(
        place.inner(place.call("'cat <<EOF\na\nEOF'").replace(" < /dev/null", "")),
        "cat <<EOF\na\nEOF"
    );
    let before = "{ shopt -u extglob || setopt NO_EXTENDED_GLOB; } >/dev/null 2>&1 || true";
    let newer = before.replace("GLOB;", "GLOB NO_BARE_GLOB_QUAL;");
    for glob in [before, &newer] {
        let prefixed = place.call("'ls -l'").replace("shopt -u extglob 2>/dev/null || true", glob);
        assert_eq!(place.inner(prefixed), "ls -l");
    }
    let bare =
        "shopt -u extglob 2>/dev/null || true && eval 'ls -l' < /dev/null && pwd -P >| /tmp/claude-7e3a-cwd";
    let login = place.run(Dialect::Bash, &["-l"], bare.as_bytes(), &[]).unwrap();
    assert_eq!(login.inner.unwrap().text(), b"ls -l");
    let remote = format!("export BUN_OPTIONS=\"--smol${{BUN_OPTIONS:+ $BUN_OPTIONS}}\" && {bare}");
    assert_eq!(place.inner(remote), "ls -l");
    for glob in ["NO_EXTENDED_GLOB", "NO_EXTENDED_GLOB NO_BARE_GLOB_QUAL"] {
        let zsh = bare.replace("shopt -u extglob", &format!("setopt {glob}"));
        let found = place.run(Dialect::Zsh, &[], zsh.as_bytes(), &[]).unwrap();
        assert_eq!(found.inner.unwrap().text(), b"ls -l");
        place.none(zsh);
    }
    assert_eq!(place.run(Dialect::Zsh, &[], bare.as_bytes(), &[]), None);
    assert_eq!(place.run(Dialect::Posix, &[], bare.as_bytes(), &[]), None);
}

#[test]
fn near_misses_of_claude_codes_call_are_none() {
    let place = Place::new();
    let call = place.call("'ls -l'");
    let elsewhere = place.home().join(".claude/other/snapshot-bash-1-a.sh").display().to_string();
    let snapshot = place.claude().display().to_string();
    let changes: Vec<(&str, &str)> = vec![
        ("source ", "source  "),
        ("source ", ". "),
        (" 2>/dev/null || true && shopt", " 2>/dev/null && shopt"),
        (" 2>/dev/null || true && shopt", " 2>/dev/null || true; shopt"),
        (" 2>/dev/null || true && shopt", " 2>/dev/null || false && shopt"),
        (" 2>/dev/null || true && shopt", " 2>/tmp/x || true && shopt"),
        (" 2>/dev/null || true && shopt", " || true && shopt"),
        ("shopt -u extglob", "shopt -s extglob"),
        ("shopt -u extglob", "shopt -u extglob expand_aliases"),
        ("shopt -u extglob 2>/dev/null || true && ", ""),
        ("unalias", "unalias -a"),
        ("'unsetenv'", "unsetenv"),
        ("\\builtin unset", "builtin unset"),
        (" && eval", " || eval"),
        (" && eval", "; eval"),
        (" && eval", " &&  eval"),
        (" && eval", " && ls && eval"),
        ("eval 'ls -l'", "eval 'ls' '-l'"),
        ("eval 'ls -l'", "eval ls -l"),
        ("eval 'ls -l'", "eval 'ls -l"),
        ("eval 'ls -l'", "eval 'ls -l''"),
        ("eval 'ls -l'", "eval 'ls '-l''"),
        ("eval 'ls -l'", "eval 'ls'; rm 'x'"),
        ("eval 'ls -l'", "eval $'ls -l'"),
        ("eval 'ls -l'", "eval \"ls -l\""),
        ("eval 'ls -l'", "eval \"echo 'x' $(id)\""),
        ("eval 'ls -l'", "eval \"echo 'x' `id`\""),
        ("eval 'ls -l'", "eval $X"),
        ("eval 'ls -l'", "eval ~/x"),
        ("eval 'ls -l'", "eval -x"),
        ("eval 'ls -l'", "eval l*"),
        ("eval 'ls -l'", "eval"),
        ("eval 'ls -l'", "eval 'ls -l'#"),
        ("eval", "\\eval"),
        ("< /dev/null", "</dev/null"),
        ("< /dev/null", "< /dev/stdin"),
        ("< /dev/null", "> /dev/null"),
        ("< /dev/null &&", "< /dev/null;"),
        ("< /dev/null &&", "< /dev/null &"),
        ("pwd -P >|", "pwd -P >"),
        ("pwd -P >|", "pwd -P >>"),
        ("pwd -P >|", "pwd >|"),
        ("pwd -P >|", "echo x >|"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd; rm -rf ~"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd\nrm -rf ~"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd\n"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd "),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd #"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd\r"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd\0"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude--cwd"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a"),
        ("/tmp/claude-7e3a-cwd", "/tmp//claude-7e3a-cwd"),
        ("/tmp/claude-7e3a-cwd", "/tmp/./claude-7e3a-cwd"),
        ("/tmp/claude-7e3a-cwd", "/tmp/x/../claude-7e3a-cwd"),
        ("/tmp/claude-7e3a-cwd", "/etc/claude-7e3a-cwd"),
        ("/tmp/claude-7e3a-cwd", "/tmp/claude-../../x-cwd"),
        ("/tmp/claude-7e3a-cwd", "tmp/claude-7e3a-cwd"),
        ("/tmp/claude-7e3a-cwd", "$HOME/claude-7e3a-cwd"),
        ("/tmp/claude-7e3a-cwd", "~/.bashrc"),
        ("/shell-snapshots/", "/shell-snapshots/../shell-snapshots/"),
        ("/shell-snapshots/", "/shell-snapshots//"),
        ("/shell-snapshots/", "/../.claude/shell-snapshots/"),
        ("snapshot-bash-", "snapshot-fish-"),
        ("snapshot-bash-", "evil-"),
        ("-42pi4m.sh", "-42pi4m"),
        ("-42pi4m.sh", "-42pi4m.sh.x"),
        ("-42pi4m.sh", "-42$(id).sh"),
        (&snapshot, &elsewhere),
        (&snapshot, "/tmp/snapshot-bash-1790732593649-42pi4m.sh"),
        (&snapshot, "~/.claude/shell-snapshots/snapshot-bash-1790732593649-42pi4m.sh"),
    ];
    for (from, to) in &changes {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    for whole in [format!(" {call}"), format!("\n{call}"), format!("true && {call}"), format!("({call})")] {
        place.none(whole);
    }
    assert_eq!(place.run(Dialect::Bash, &["-x"], call.as_bytes(), &[]), None);
    assert_eq!(place.run(Dialect::Bash, &["-l", "-l"], call.as_bytes(), &[]), None);
    assert_eq!(place.run(Dialect::Bash, &[], call.as_bytes(), &["zero"]), None);
}

#[test]
fn a_command_that_speaks_of_the_file_written_after_it_is_judged_whole() {
    let place = Place::new();
    place.none(place.call("'ln -s ~/.bashrc /tmp/claude-7e3a-cwd'"));
    assert_eq!(place.inner(place.call("'cat /tmp/claude-0000-cwd'")), "cat /tmp/claude-0000-cwd");
}

#[test]
fn an_inherited_function_that_takes_a_word_of_the_envelope_makes_it_none() {
    for name in ["eval", "pwd", "source", "shopt", "true"] {
        let mut place = Place::new();
        let variable: &'static str = format!("BASH_FUNC_{name}%%").leak();
        place.vars.push((variable, "() { touch x; }".to_owned()));
        place.none(place.call("'ls -l'"));
    }
    let mut place = Place::new();
    place.vars.push(("BASH_FUNC_which%%", "() { :; }".to_owned()));
    assert_eq!(place.inner(place.call("'ls -l'")), "ls -l");
}

#[test]
fn what_leads_elsewhere_makes_it_none() {
    let place = Place::new();
    let id = format!("{:x}", std::process::id());
    let file = PathBuf::from(format!("/tmp/claude-{id}-cwd"));
    let call = place.call("'ls -l'").replace("7e3a", &id);
    let _gone = Removed(file.clone());
    assert!(place.of(&call).is_some());
    fs::write(&file, "/\n").unwrap();
    assert!(place.of(&call).is_some());
    fs::hard_link(&file, format!("/tmp/claude-{id}-other")).unwrap();
    let _gone_too = Removed(format!("/tmp/claude-{id}-other").into());
    place.none(&call);
    fs::remove_file(&file).unwrap();
    symlink(place.home().join(".bashrc"), &file).unwrap();
    place.none(&call);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    place.none(&call);
    fs::remove_dir(&file).unwrap();

    let call = place.call("'ls -l'");
    symlink("/etc/passwd", place.claude()).unwrap();
    place.none(&call);
    fs::remove_file(place.claude()).unwrap();
    let (real, moved) = (place.home().join(".claude"), place.home().join("elsewhere"));
    fs::rename(&real, &moved).unwrap();
    symlink(&moved, &real).unwrap();
    place.none(&call);
}

/// A file that is gone when the test is.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.0);
    }
}
