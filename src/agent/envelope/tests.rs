//! Golden shapes, near misses, and what must hold for any command in an envelope.

mod claude;
mod codex;
mod gemini;
mod snapshots;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::Envelope;
use crate::command::{Command, Dialect, Source};
use crate::world::{Aim, Fact, Findings, Resolution, World};

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
    fn host(&self) -> String {
        "box".to_owned()
    }
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
    fn fact(&self, _: Fact, _: &Aim<'_>) -> Findings {
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
