//! Golden shapes, near misses, and what must hold for any command in an envelope.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::Envelope;
use crate::command::{Command, Dialect, Source};
use crate::world::{Fact, Resolution, World};

const UNALIAS: &str =
    r"{ \builtin unalias -- 'unsetenv'; \builtin unset -f -- 'unsetenv'; } >/dev/null 2>&1 || true";
const GEMINI: &str = "shopt -u promptvars nullglob extglob nocaseglob dotglob; ";

/// A machine with a home of its own and a few variables.
struct Place {
    home: tempfile::TempDir,
    vars: Vec<(&'static str, String)>,
    untrusted: &'static str,
}

impl Place {
    fn new() -> Place {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".claude/shell-snapshots")).unwrap();
        fs::create_dir_all(home.path().join(".codex/shell_snapshots")).unwrap();
        Place { home, vars: vec![("PATH", "/usr/bin:/bin".to_owned())], untrusted: "" }
    }

    fn claude(&self) -> PathBuf {
        self.home().join(".claude/shell-snapshots/snapshot-bash-1790732593649-42pi4m.sh")
    }

    fn codex(&self) -> PathBuf {
        self.home().join(".codex/shell_snapshots/0199a213-81c0-7800-8aa1-bbab2a035a53.1790732593649000000.sh")
    }

    fn home(&self) -> PathBuf {
        fs::canonicalize(self.home.path()).unwrap()
    }

    /// Returns a call of Claude Code with `eval` as it is written.
    fn call(&self, eval: &str) -> String {
        let snapshot = self.claude();
        let snapshot = snapshot.display();
        format!(
            "source {snapshot} 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && {UNALIAS} && eval {eval} < /dev/null && pwd -P >| /tmp/claude-7e3a-cwd"
        )
    }

    fn of(&self, text: impl AsRef<[u8]>) -> Option<Envelope> {
        self.run(Dialect::Bash, &[], text.as_ref(), &[])
    }

    fn run(&self, dialect: Dialect, options: &[&str], text: &[u8], args: &[&str]) -> Option<Envelope> {
        let words = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let source =
            Source::Script { dialect, options: words(options), text: text.to_vec(), args: words(args) };
        Envelope::of(&Command { source, cwd: PathBuf::from("/") }, self)
    }

    #[track_caller]
    fn inner(&self, text: impl AsRef<[u8]>) -> String {
        let text = text.as_ref();
        let found = self.of(text).unwrap_or_else(|| panic!("no envelope: {}", String::from_utf8_lossy(text)));
        String::from_utf8(found.inner.expect("an inner command").text()).unwrap()
    }

    #[track_caller]
    fn none(&self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        assert_eq!(self.of(text), None, "{}", String::from_utf8_lossy(text));
    }
}

impl World for Place {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone().into_bytes())
    }
    fn var_names(&self) -> Vec<String> {
        self.vars.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
    fn homes(&self) -> Vec<PathBuf> {
        vec![self.home()]
    }
    fn resolve(&self, name: &[u8], _: &Path) -> Resolution {
        let name = String::from_utf8_lossy(name).into_owned();
        match name.as_str() {
            "rg" => Resolution::Missing,
            name if !self.untrusted.is_empty() && name == self.untrusted => {
                Resolution::Untrusted(name.into())
            }
            name if name.starts_with(self.home().to_str().unwrap()) || name.starts_with("/tmp/") => {
                Resolution::Untrusted(name.into())
            }
            name => Resolution::Trusted(name.into()),
        }
    }
    fn real_path(&self, path: &Path) -> PathBuf {
        fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    }
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        fs::read(path).ok().filter(|bytes| bytes.len() <= limit)
    }
    fn fact(&self, _: Fact, _: &Path) -> Option<String> {
        None
    }
    fn host(&self) -> String {
        "box".to_owned()
    }
}

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
    fs::write(place.claude(), vec![b'#'; super::snapshot::LARGEST + 1]).unwrap();
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
fn only_claude_code_itself_stands_in_for_a_program() {
    let place = Place::new();
    let dir = place.home().join(".local/share/claude/versions");
    fs::create_dir_all(&dir).unwrap();
    let is_claude = |path: &Path| super::paths::is_claude(path, &place);
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

fn codex(place: &Place, command: &str) -> String {
    let snapshot = place.codex();
    format!("if . '{}' >/dev/null 2>&1; then :; fi\n\nexec '/bin/bash' -c '{command}'", snapshot.display())
}

#[test]
fn codexs_call_gives_back_its_own_command() {
    let place = Place::new();
    fs::write(
        place.codex(),
        "# Snapshot file\nunalias -a 2>/dev/null || true\n# Functions\nf () \n{ \n    echo x\n}\n\n# setopts 2\nset -o braceexpand\nset -o hashall\n\n# aliases 1\nalias ll='ls -l'\n\n# exports 3\ndeclare -x EDITOR=\"vi\"\ndeclare -x PATH=\"/opt/x:/usr/bin\"\ndeclare -x SHLVL=\"2\"\n",
    )
    .unwrap();
    let found = place.of(codex(&place, "git status")).unwrap();
    assert_eq!(found.inner.unwrap().text(), b"git status");
    assert_eq!(found.path.as_deref(), Some(&b"/opt/x:/usr/bin"[..]));
    assert_eq!(found.setting.exports.keys().collect::<Vec<_>>(), ["EDITOR"]);
    assert!(found.setting.names.is_empty());
    assert_eq!(place.inner(codex(&place, r#"echo '"'"'a'"'"'"#)), "echo 'a'");
    let kept = "__CODEX_SNAPSHOT_OVERRIDE_SET_0=\"${CODEX_THREAD_ID+x}\"\n__CODEX_SNAPSHOT_OVERRIDE_0=\"${CODEX_THREAD_ID-}\"\n\n";
    let put = "\n\nif [ -n \"${__CODEX_SNAPSHOT_OVERRIDE_SET_0}\" ]; then export CODEX_THREAD_ID=\"${__CODEX_SNAPSHOT_OVERRIDE_0}\"; else unset CODEX_THREAD_ID; fi\n\nexec";
    assert_eq!(place.inner(format!("{kept}{}", codex(&place, "ls").replace("\n\nexec", put))), "ls");
    let args =
        [place.codex().display().to_string(), "/bin/bash".to_owned(), "-c".to_owned(), "ls -l".to_owned()];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let first = place.run(Dialect::Bash, &[], b". \"$0\" && exec \"$@\"", &args).unwrap();
    assert_eq!(first.inner.unwrap().text(), b"ls -l");
    let shifted: Vec<&str> = std::iter::once("codex").chain(args.iter().copied()).collect();
    assert!(place.run(Dialect::Bash, &[], b". \"$1\" && shift && exec \"$@\"", &shifted).is_some());
    assert_eq!(place.run(Dialect::Bash, &[], b". \"$1\" && shift && exec \"$@\"", &args), None);
    let evil = ["/tmp/x.sh", "/bin/bash", "-c", "ls"];
    assert_eq!(place.run(Dialect::Bash, &[], b". \"$0\" && exec \"$@\"", &evil), None);
    let python = [args[0], "/usr/bin/python3", "-c", "ls"];
    assert_eq!(place.run(Dialect::Bash, &[], b". \"$0\" && exec \"$@\"", &python), None);
}

#[test]
fn a_snapshot_that_codex_tries_may_only_define() {
    let place = Place::new();
    let path =
        place.home().join(".codex/shell_snapshots/0199a213-81c0-7800-8aa1-bbab2a035a53.tmp-1790732593649");
    let text = format!("set -e; . \"{}\"", path.display());
    fs::write(&path, "declare -x EDITOR=\"vi\"\nf () \n{ \n    rm x\n}\n").unwrap();
    let found = place.of(&text).unwrap();
    assert_eq!((found.shape, found.inner.clone(), found.files.len()), ("trial", None, 1));
    assert_eq!(found.judged().unwrap().text().trim_ascii(), b"");
    for other in [
        text.replace(".tmp-", "."),
        text.replace("shell_snapshots", "x"),
        format!("{text}; id"),
        format!("{text}\n"),
    ] {
        place.none(other);
    }
    for line in ["touch x", "declare -x BASH_ENV=\"/tmp/x\"", "f; f () { :; }"] {
        fs::write(&path, line).unwrap();
        place.none(&text);
    }
}

#[test]
fn near_misses_of_codexs_call_are_none() {
    let place = Place::new();
    let call = codex(&place, "ls -l");
    let kept =
        "__CODEX_SNAPSHOT_OVERRIDE_SET_0=\"${PATH+x}\"\n__CODEX_SNAPSHOT_OVERRIDE_0=\"${PATH-}\"\n\nif .";
    for (from, to) in [
        ("if . ", "if  . "),
        (">/dev/null 2>&1", ">/dev/null"),
        ("then :; fi", "then :; ls; fi"),
        ("then :; fi", "then true; fi"),
        ("\n\nexec", "\nexec"),
        ("\n\nexec", "\n\ntouch x\n\nexec"),
        ("\n\nexec", "\n\nexport PATH=/tmp\n\nexec"),
        ("'/bin/bash'", "'/tmp/bash'"),
        ("'/bin/bash'", "'bash'"),
        ("'/bin/bash'", "'/usr/bin/python3'"),
        ("-c '", "-xc '"),
        ("'ls -l'", "'ls -l' 'x'"),
        ("'ls -l'", "'ls -l'; touch x"),
        ("'ls -l'", "'ls -l"),
        ("shell_snapshots", "shell-snapshots"),
        (".codex", ".codex/../.codex"),
        ("if .", kept),
    ] {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    for line in [
        "touch x",
        "declare -x BASH_ENV=\"/tmp/x\"",
        "declare -x LD_PRELOAD=\"/tmp/x\"",
        "declare -x A=$(id)",
        "declare -ix A=1",
        "exec () { :; }",
        "f () { :; }; ls",
    ] {
        fs::write(place.codex(), format!("{line}\n")).unwrap();
        place.none(&call);
    }
}

fn gemini(command: &str, dir: &str) -> String {
    format!(
        "{GEMINI}_bgpids_file={dir}/bgpids.tmp\n(\n  trap 'jobs -p > \"$_bgpids_file\"' EXIT\n{command}\n)\n__code=$?\nexit $__code"
    )
}

fn before(command: &str) -> String {
    format!(
        "{GEMINI}{{ {command} }}; __code=$?; pgrep -g 0 >/tmp/shell_pgrep_7ad66c54c43b.tmp 2>&1; exit $__code;"
    )
}

#[test]
fn gemini_clis_call_gives_back_its_own_command() {
    let place = Place::new();
    let dir = tempfile::Builder::new().prefix("gemini-shell-").rand_bytes(6).tempdir_in("/tmp").unwrap();
    let dir = dir.path().to_str().unwrap();
    assert_eq!(place.inner(gemini("ls -l", dir)), "ls -l");
    assert_eq!(place.inner(gemini("cat <<'EOF'\n)\nEOF", dir)), "cat <<'EOF'\n)\nEOF");
    assert_eq!(place.inner(gemini("ls # all", dir)), "ls # all");
    assert_eq!(place.inner(before("ls -l;")), "ls -l");
    assert_eq!(place.inner(before("sleep 1 &")), "sleep 1 &");
    assert_eq!(place.inner(before("ls -l;").replacen(GEMINI, "", 1)), "ls -l");
    assert_eq!(place.inner(format!("{GEMINI}ls -l")), "ls -l");
}

#[test]
fn near_misses_of_gemini_clis_call_are_none() {
    let place = Place::new();
    let dir = tempfile::Builder::new().prefix("gemini-shell-").rand_bytes(6).tempdir_in("/tmp").unwrap();
    let dir = dir.path().to_str().unwrap();
    for command in [
        "ls\n)\ntouch x\n(\nls",
        "ls )",
        "ls \\",
        "ls '",
        "cat <<EOF",
        "",
        " ls",
        "_bgpids_file=/home/x/.bashrc",
        "ln -s /home/x/.bashrc bgpids.tmp",
        "ls\r",
    ] {
        place.none(gemini(command, dir));
    }
    let call = gemini("ls -l", dir);
    for (from, to) in [
        ("jobs -p > \"$_bgpids_file\"", "touch x"),
        ("EXIT", "DEBUG"),
        ("\nexit $__code", "\ntouch x\nexit $__code"),
        ("exit $__code", "exit $__code; touch x"),
        ("gemini-shell-", "gemini-other-"),
        ("bgpids.tmp", "other.tmp"),
        ("bgpids.tmp", "../x/bgpids.tmp"),
        ("__code=$?", "__code=$(touch x)"),
        ("dotglob;", "dotglob; touch x;"),
    ] {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    place.none(gemini("ls", "/tmp/gemini-shell-nodir"));
    for command in ["ls", "ls #;", "ls }; touch x; { ls;", "ls\ntouch x;", "cat <<EOF;", "ls ';", "ls;;"] {
        place.none(before(command));
    }
    let call = before("ls -l;");
    for (from, to) in [
        ("/tmp/shell_pgrep_", "/tmp/x/shell_pgrep_"),
        ("7ad66c54c43b", "7ad66c54c43"),
        ("7ad66c54c43b.tmp", "7ad66c54c43b.tmp;touch x"),
        ("pgrep -g 0", "pgrep -g 1"),
        ("exit $__code;", "exit $__code"),
        ("exit $__code;", "exit $__code; ls"),
    ] {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    let mut place = Place::new();
    place.untrusted = "pgrep";
    place.none(&call);
}

#[test]
fn other_scripts_are_not_looked_at() {
    let place = Place::new();
    for text in ["ls", "", "source x", "eval 'ls'", "{ ls; }", "if true; then ls; fi", "bash -lc 'ls'"] {
        place.none(text);
    }
}

/// A machine that must not be looked at.
struct Untouched;

impl World for Untouched {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        panic!("`{name}` is asked for")
    }
    fn var_names(&self) -> Vec<String> {
        panic!("the environment is asked for")
    }
    fn homes(&self) -> Vec<PathBuf> {
        panic!("the home directory is asked for")
    }
    fn resolve(&self, name: &[u8], _: &Path) -> Resolution {
        panic!("`{}` is looked up", String::from_utf8_lossy(name))
    }
    fn real_path(&self, path: &Path) -> PathBuf {
        panic!("`{}` is followed", path.display())
    }
    fn read(&self, path: &Path, _: usize) -> Option<Vec<u8>> {
        panic!("`{}` is read", path.display())
    }
    fn fact(&self, _: Fact, _: &Path) -> Option<String> {
        panic!("a fact is asked for")
    }
    fn host(&self) -> String {
        panic!("the host is asked for")
    }
}

#[test]
fn a_script_that_begins_like_none_costs_no_look_at_the_machine() {
    for text in [
        "ls",
        "git status && make -j8",
        "cat <<E\nx\nE",
        "cd /tmp; source x",
        "for i in *; do echo $i; done",
        "",
    ] {
        let source = Source::Script {
            dialect: Dialect::Bash,
            options: Vec::new(),
            text: text.as_bytes().to_vec(),
            args: Vec::new(),
        };
        assert_eq!(Envelope::of(&Command { source, cwd: PathBuf::from("/") }, &Untouched), None);
    }
}

/// Returns `text` as Claude Code quotes it where it holds a pipe.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_command_comes_back_from_its_envelope(text in "[ -~\n\t]{0,60}") {
        let place = Place::new();
        prop_assert_eq!(place.inner(place.call(&quoted(&text))), text);
    }

    #[test]
    fn one_changed_byte_around_a_command_is_no_envelope_or_leaves_the_command_as_it_is(at in 0_usize..400, to in 0_u8..=255) {
        let place = Place::new();
        let mut call = place.call("'ls -l | wc'").into_bytes();
        let within = place.of(&call).unwrap().within.unwrap();
        let at = at % call.len();
        prop_assume!(!(within.0..within.1).contains(&at) && call[at] != to);
        call[at] = to;
        if let Some(found) = place.of(&call) {
            prop_assert_eq!(found.inner.unwrap().text(), b"ls -l | wc".to_vec());
        }
    }
}
