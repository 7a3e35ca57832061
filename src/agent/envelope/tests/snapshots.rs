//! Snapshots: how Claude Code makes one, and what may be in one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::Place;
use crate::agent::envelope::{paths, snapshot};
use crate::command::Dialect;
use crate::digest::Digest;
use crate::shell::Setting;

const SNAPSHOT: &str = r#"# Snapshot file
# Unset all aliases to avoid conflicts with functions
unalias -a 2>/dev/null || true
# Shopt
shopt -u autocd
shopt -s checkwinsize
shopt -s expand_aliases
shopt -s extglob
shopt -s interactive_comments
shopt -u lastpipe
# Functions
eval $'greet () \n{ \n    echo "hello $1"\n}' > /dev/null 2>&1
eval "$(echo 'cGFydCAoKSAKeyAKICAgIGVjaG8gYm9kCn0K
' | base64 -d)" > /dev/null 2>&1
# Shell Options
set -o braceexpand
set -o hashall
set -o interactive-comments
set -o monitor
set -o onecmd
shopt -s expand_aliases
# Aliases
alias -- grep='grep --color=auto'
alias -- ll='ls -alF'
alias -- ls='ls --color=auto'
alias -- ..='cd ..'
# Check for rg availability
export PATH='/usr/bin:/bin:/opt/tools'
"#;

#[test]
fn an_ordinary_snapshot_takes_trust_from_the_names_it_defines_and_from_no_other() {
    let place = Place::new();
    fs::write(place.claude(), SNAPSHOT).unwrap();
    let found = place.of(place.call("'ls -l'")).unwrap();
    assert_eq!(
        found.setting.names.iter().map(String::as_str).collect::<Vec<_>>(),
        ["..", "greet", "ll", "part"]
    );
    assert_eq!(found.path.as_deref(), Some(&b"/usr/bin:/bin:/opt/tools"[..]));
    assert_eq!(found.files.len(), 1);
    fs::write(place.claude(), "shopt -s expand_aliases\nexport PATH=/usr/bin\\:/bin\n").unwrap();
    let found = place.of(place.call("'ls -l'")).unwrap();
    assert_eq!((found.path, found.setting.names.len()), (None, 0));
}

#[test]
fn a_snapshot_that_does_more_than_define_is_judged_whole() {
    let place = Place::new();
    for line in [
        "touch /tmp/x",
        "ls",
        "alias -- ls='ls' && touch x",
        "alias -- x=$(touch y)",
        "alias -- \"x=`touch y`\"",
        "PATH=/tmp",
        "export PATH=$PATH:/tmp",
        "export PATH=~/bin",
        "export X='a' > /tmp/y",
        "unalias -a 2>/tmp/y || true",
        "unalias -a || touch x",
        "shopt -s lastpipe",
        "shopt -s extdebug",
        "set -o posix",
        "set -o keyword",
        "set -e x",
        "trap 'touch x' EXIT",
        "trap 'touch x' DEBUG",
        "source /tmp/y",
        "enable -f /tmp/x.so ls",
        "hash -p /tmp/x ls",
        "if true; then touch x; fi",
        "eval 'touch x'",
        r"eval $'f () \n{ \n :\n}\ntouch x'",
        r"eval $'f () \n{ \n :\n}; touch x'",
        "eval \"$(echo 'dG91Y2ggeAo=' | base64 -d)\"",
        "eval \"$(echo 'dG91Y2ggeAo=' | base64 -d)\" > /tmp/y",
        "eval \"$(echo 'x'; touch y)\"",
        "eval() { touch x; }",
        "pwd () { touch x; }",
        "function true { touch x; }",
        "shopt () { :; }",
        "command_not_found_handle () { touch x; }",
        "alias -- eval=touch",
        "alias -g=touch",
        "export BASH_ENV=/tmp/x",
        "alias -- if=touch",
        "alias -- '{=touch'",
        "f () { :; } && touch x",
        "f () { :; }; touch x",
        "f () { :",
        "! true",
        "true &",
        "true \\",
        "echo 'open",
        "true\r",
    ] {
        fs::write(place.claude(), format!("{SNAPSHOT}{line}\n")).unwrap();
        place.none(place.call("'ls -l'"));
    }
    fs::write(place.claude(), vec![b'#'; snapshot::LARGEST + 1]).unwrap();
    place.none(place.call("'ls -l'"));
}

#[test]
fn a_function_that_is_not_the_agents_own_takes_the_trust_from_the_programs_name() {
    let place = Place::new();
    let own = "function grep {\n  command grep ${1+$@}\n}\nfunction find {\n  touch x\n}\n";
    fs::write(place.claude(), own).unwrap();
    let found = place.of(place.call("'ls -l'")).unwrap();
    assert_eq!(found.setting.names.iter().map(String::as_str).collect::<Vec<_>>(), ["find", "grep"]);
}

#[test]
fn what_an_agents_own_functions_call_keeps_its_meaning() {
    let place = Place::new();
    for word in [
        "return", "break", "continue", "printf", "hash", "local", "command", "unalias", "typeset", "exec",
        "[",
    ] {
        for text in [
            format!("{word} () {{ touch x; }}\n"),
            format!("function {word} {{ touch x; }}\n"),
            format!("alias -- {word}='touch x;'\n"),
        ] {
            fs::write(place.claude(), &text).unwrap();
            place.none(place.call("'ls -l'"));
        }
    }
    let mut place = Place::new();
    place.vars.push(("BASH_FUNC_return%%", "() { touch x; }".to_owned()));
    place.none(place.call("'ls -l'"));
}

/// Reads a snapshot in which `@` stands for a function of Claude Code's own, called `find`.
fn with_own(place: &Place, text: &str) -> Option<Setting> {
    let own = |path: &str| format!("function find {{\n  [[ -x $_cc_bin ]] || _cc_bin={path}\n  return\n}}\n");
    let digest = Digest::of(own("⟨own⟩").as_bytes()).to_string();
    let block =
        snapshot::Block { name: "find", first: "function find {", last: "}", digest: String::leak(digest) };
    let mut setting = Setting::default();
    let text = text.replace('@', &own("/no/such/claude"));
    snapshot::read(&mut setting, text.as_bytes(), Dialect::Bash, &[block], place)?;
    Some(setting)
}

#[test]
fn a_snapshot_does_not_say_what_claude_codes_own_functions_run() {
    let place = Place::new();
    let found = with_own(&place, "alias -- ll='ls -l'\n@export PATH=/usr/bin\n").unwrap();
    assert_eq!(found.names.into_iter().collect::<Vec<_>>(), ["ll"]);
    for line in [
        "export CLAUDE_CODE_EXECPATH=/tmp/x",
        "declare -x CLAUDE_CODE_EXECPATH=/tmp/x",
        "typeset -x OSTYPE=msys",
        "export ZSH_VERSION=5",
    ] {
        assert_eq!(with_own(&place, &format!("{line}\n@")), None, "{line}");
        assert_eq!(with_own(&place, &format!("@{line}\n")), None, "{line}");
        assert!(with_own(&place, &format!("{line}\n")).is_some(), "{line}");
    }
}

#[test]
fn nothing_that_would_end_a_snapshot_early_is_in_one() {
    let place = Place::new();
    // bash reads no further at a function whose name is an alias by then, and whoever sources it goes on.
    fs::write(
        place.claude(),
        "shopt -s expand_aliases\nalias ls='ls --color=auto'\nls () { :; }\nexport PATH=/usr/bin\n",
    )
    .unwrap();
    place.none(place.call("'ls -l'"));
    let text = place.call("'ls -l'").replace("shopt -u extglob", "setopt NO_EXTENDED_GLOB");
    for (line, is_read) in [
        ("export PPID=1", false),
        ("export path=/tmp/x", false),
        ("export zsh_eval_context=x", false),
        ("typeset -x functions=x", false),
        ("export http_proxy=http://x", true),
        ("export EDITOR=vi", true),
        ("export _x=1", true),
    ] {
        fs::write(place.claude(), format!("{line}\nexport PATH=/usr/bin\n")).unwrap();
        let found = place.run(Dialect::Zsh, &[], text.as_bytes(), &[]);
        assert_eq!(found.is_some(), is_read, "{line}");
    }
}

#[test]
fn only_claude_code_itself_stands_in_for_a_program() {
    let place = Place::new();
    let dir = place.home().join(".local/share/claude/versions");
    fs::create_dir_all(&dir).unwrap();
    let is_claude = |path: &Path| paths::is_claude(path, &place);
    let installed = dir.join("2.1.285");
    fs::write(&installed, "").unwrap();
    assert!(is_claude(&installed));
    assert!(is_claude(Path::new("/no/such/file")));
    assert!(!is_claude(Path::new("/bin/sh")));
    let other = place.home().join("claude");
    fs::write(&other, "").unwrap();
    assert!(!is_claude(&other));
    symlink(&installed, place.home().join("link")).unwrap();
    assert!(is_claude(&place.home().join("link")));
    fs::set_permissions(&installed, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    assert!(!is_claude(&installed));
}

/// A script for a snapshot in the manner of Claude Code, in words of our own.
fn start_up(place: &Place) -> String {
    let (snapshot, home) = (place.claude(), place.home());
    format!(
        "SNAPSHOT_FILE={}\n      source \"{}/.bashrc\" < /dev/null\n      # first of all\n      echo \"# made\" >| \"$SNAPSHOT_FILE\"\n      shopt -p >> \"$SNAPSHOT_FILE\"\n",
        snapshot.display(),
        home.display()
    )
}

/// What is judged of a script for a snapshot.
#[track_caller]
fn prepared(place: &Place, text: &str) -> String {
    let found = place.run(Dialect::Bash, &["-l"], text.as_bytes(), &[]).unwrap_or_else(|| panic!("{text}"));
    assert_eq!((found.agent, found.shape, &found.inner), ("claude-code", "start-up", &None));
    String::from_utf8(found.judged().unwrap().text()).unwrap()
}

#[test]
fn all_of_claude_codes_script_for_a_snapshot_is_judged_but_the_users_own_start_up_file() {
    let place = Place::new();
    let text = start_up(&place);
    let line = format!("source \"{}/.bashrc\" < /dev/null", place.home().display());
    let without = |text: &str| text.replacen(&line, &" ".repeat(line.len()), 1);
    assert_eq!(prepared(&place, &text), without(&text));
    let later = text.replace("      source", "\n\t# a comment\n      source");
    assert_eq!(prepared(&place, &later), without(&later));
    fs::write(place.home().join(".bashrc"), "alias ll='ls -l'\n").unwrap();
    assert_eq!(place.of(&text).unwrap().files.len(), 1);
    let none = text.replace(&line, "true");
    assert_eq!(prepared(&place, &none), none);
}

#[test]
fn what_is_not_quite_the_users_start_up_file_is_judged() {
    let place = Place::new();
    let text = start_up(&place);
    let rc = place.home().join(".bashrc").display().to_string();
    for (from, to) in [
        (rc.as_str(), "/tmp/.bashrc"),
        (rc.as_str(), "$HOME/.bashrc"),
        (".bashrc\" <", ".bashrc\"; touch x <"),
        (".bashrc\" <", ".profile\" <"),
        ("< /dev/null", "< /dev/zero"),
        ("< /dev/null", "< /dev/null; touch x"),
        ("< /dev/null", "< /dev/null\r"),
        ("source", "\rsource"),
        ("source", "touch x; source"),
        ("source", "touch x\nsource"),
        ("source", ". x\n      source"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} is not in the script");
        assert_eq!(prepared(&place, &changed), changed);
    }
}

#[test]
fn near_misses_of_the_script_for_a_snapshot_are_none() {
    let place = Place::new();
    let text = start_up(&place);
    for (from, to) in [
        ("SNAPSHOT_FILE=", "SNAPSHOT_FILE=x; SNAPSHOT_FILE="),
        ("SNAPSHOT_FILE=", " SNAPSHOT_FILE="),
        ("SNAPSHOT_FILE=", "X="),
        (".claude/shell-snapshots", ".claude"),
        (".claude/shell-snapshots", ".ssh"),
        (".claude/shell-snapshots", ".claude/shell-snapshots/../shell-snapshots"),
        ("snapshot-bash-", "authorized_keys-"),
        ("42pi4m.sh\n", "42pi4m.sh; touch x\n"),
        ("42pi4m.sh\n", "42pi4m.sh touch x\n"),
        ("42pi4m.sh\n", "42pi4m.sh\r\n"),
        ("42pi4m.sh\n", "42$(touch x).sh\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} is not in the script");
        place.none(changed);
    }
    assert_eq!(place.run(Dialect::Bash, &[], text.as_bytes(), &["zero"]), None);
    fs::write(place.claude(), "").unwrap();
    place.none(&text);
    fs::remove_file(place.claude()).unwrap();
    symlink(place.home().join(".bashrc"), place.claude()).unwrap();
    place.none(&text);
    fs::remove_file(place.claude()).unwrap();
    for variable in ["SHELLOPTS", "BASH_COMPAT", "BASH_FUNC_echo%%"] {
        let mut place = Place::new();
        place.vars.push((variable, "x".to_owned()));
        place.none(start_up(&place));
    }
}
