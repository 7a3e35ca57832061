//! Questions to the whole layer: a text in, what would run out, on one line.

mod bypasses;
mod certain;
mod definitions;
mod forms;
mod integers;
mod links;
mod printed;
mod properties;
mod start_files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Action, Analysis, Piece, Place, Program, Programs, Runs, Selector, Word, analyse};
use crate::command::{Command, Dialect, Source};
use crate::world::{Resolution, World};

/// A machine on which every program is trusted and only the given files and variables exist.
#[derive(Default)]
struct Machine {
    variables: BTreeMap<String, String>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// Names of files in `PATH` that are not executable.
    in_path: Vec<&'static str>,
    /// Links, and where they lead.
    links: BTreeMap<PathBuf, PathBuf>,
    /// Two names of one file.
    same: Vec<[PathBuf; 2]>,
    /// Nothing speaks of a remote login.
    is_local: bool,
    /// It says of every file whether it is there.
    is_telling: bool,
}

impl World for Machine {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.get(name).map(|value| value.clone().into_bytes())
    }
    fn var_names(&self) -> Vec<String> {
        self.variables.keys().cloned().collect()
    }
    fn homes(&self) -> Vec<PathBuf> {
        let own = PathBuf::from("/home/mara");
        let asserted = self.variables.get("HOME").map(PathBuf::from);
        let other = asserted.filter(|home| home.is_absolute() && *home != own);
        [Some(own), other].into_iter().flatten().collect()
    }
    fn seems_remote(&self) -> bool {
        !self.is_local
    }
    fn resolve(&self, name: &[u8], cwd: &Path) -> Resolution {
        let name = String::from_utf8_lossy(name).into_owned();
        if name.contains('/') {
            return Resolution::Untrusted(cwd.join(name));
        }
        if name.ends_with(".sh") {
            Resolution::Missing
        } else {
            Resolution::Trusted(Path::new("/usr/bin").join(name))
        }
    }
    fn may_find_file(&self, name: &[u8], _: &Path) -> bool {
        self.in_path.iter().any(|known| known.as_bytes() == name)
    }
    fn real_path(&self, path: &Path) -> PathBuf {
        let mut real = PathBuf::new();
        for part in path.components() {
            if part == std::path::Component::ParentDir {
                real.pop();
                continue;
            }
            real.push(part);
            if let Some(to) = self.links.get(&real) {
                real.clone_from(to);
            }
        }
        real
    }
    fn is_same_file(&self, one: &Path, other: &Path) -> bool {
        self.same.iter().any(|[a, b]| (a == one && b == other) || (a == other && b == one))
    }
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        self.files.get(&self.real_path(path)).filter(|text| text.len() <= limit).cloned()
    }
    fn is_missing(&self, path: &Path) -> bool {
        self.is_telling && !self.files.contains_key(&self.real_path(path))
    }
    fn names(&self, dir: &Path, _: usize) -> Option<Vec<Vec<u8>>> {
        let name =
            |path: &PathBuf| Some(path.strip_prefix(dir).ok()?.as_os_str().as_encoded_bytes().to_vec());
        self.is_telling.then(|| self.files.keys().filter_map(name).collect())
    }
    fn host(&self) -> String {
        "here".to_owned()
    }
}

/// Wrappers, as the packs describe them.
struct Table(BTreeMap<String, Rc<Program>>);

impl Programs for Table {
    fn program(&self, name: &str) -> Option<Rc<Program>> {
        self.0.get(name).cloned()
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn table() -> Table {
    let mut table = BTreeMap::new();
    let mut add = |names: &[&str], values: &[&str], flags: &[&str], runs: Runs| {
        let (name, values, flags) = (strings(names), strings(values), strings(flags));
        let program =
            Program { name, values, flags, options_first: true, runs: Some(runs), ..Program::default() };
        let program = Rc::new(program);
        names.iter().for_each(|name| {
            table.insert((*name).to_owned(), Rc::clone(&program));
        });
    };
    let after = |count| Runs { after_operands: Some(count), ..Runs::default() };
    add(
        &["sudo"],
        &["-u", "-g", "-D"],
        &["-n", "-E"],
        Runs {
            assignments: true,
            as_root: true,
            unless: strings(&["-l"]),
            cwd_option: strings(&["-D"]),
            ..after(0)
        },
    );
    add(
        &["env"],
        &["-u", "-C", "-S"],
        &["-i", "-"],
        Runs {
            assignments: true,
            split_option: strings(&["-S", "--split-string"]),
            cwd_option: strings(&["-C"]),
            ..after(0)
        },
    );
    add(&["nice"], &["-n"], &[], after(0));
    add(&["taskset", "chrt"], &[], &["-c", "-b"], after(1));
    add(&["prlimit"], &["--nofile"], &[], after(0));
    add(&["nohup", "setsid", "time"], &[], &[], after(0));
    add(&["timeout"], &["-s", "-k"], &["--preserve-status"], after(1));
    add(&["xargs"], &["-n", "-I", "-P"], &["-0", "-r"], Runs { appends: true, ..after(0) });
    add(&["bash", "sh", "zsh", "dash", "fish"], &[], &[], Runs { script_operand: true, ..Runs::default() });
    add(&["su"], &["-c"], &["-"], Runs { shell_option: strings(&["-c"]), as_root: true, ..Runs::default() });
    add(&["ssh"], &["-p", "-o"], &["-t"], Runs { shell_operands: true, remote: true, ..after(1) });
    add(&["watch"], &["-n"], &[], Runs { shell_operands: true, ..after(0) });
    add(
        &["docker"],
        &["-e", "-w"],
        &["-i", "-t"],
        Runs { subcommand: strings(&["exec"]), remote: true, ..after(1) },
    );
    add(&["python3"], &["-c", "-m"], &["-u"], Runs { code_option: strings(&["-c"]), ..Runs::default() });
    add(&["awk"], &["-F", "-v"], &[], Runs { code_operand: true, ..Runs::default() });
    let find = Runs {
        between: strings(&["-exec", "-ok", "-execdir"]),
        until: strings(&[";", "+"]),
        ..Runs::default()
    };
    add(&["find"], &["-name", "-type"], &["-print"], find);
    for name in ["docker", "su"] {
        let mut permutes = (**table.get(name).expect("it was added")).clone();
        permutes.options_first = false;
        table.insert(name.to_owned(), Rc::new(permutes));
    }
    let writer = Program { writes: vec![Selector::Last], ..Program::default() };
    table.insert("cp".to_owned(), Rc::new(writer));
    let mut changed = (**table.get("find").expect("it was added")).clone();
    (changed.single_dash, changed.options_first) = (true, false);
    table.insert("find".to_owned(), Rc::new(changed));
    Table(table)
}

fn script(dialect: Dialect, text: &[u8]) -> Command {
    let source = Source::Script { dialect, options: Vec::new(), text: text.to_vec(), args: Vec::new() };
    Command { source, cwd: PathBuf::from("/project") }
}

fn analysed(dialect: Dialect, text: &[u8]) -> Analysis {
    analyse(&script(dialect, text), &Machine::default(), &table())
}

/// Returns what runs, as `name arg…` joined by ` ; `; what is unknown as `‹…›`, what is opaque as `?`.
fn told(actions: &[Action]) -> String {
    actions.iter().map(tell).collect::<Vec<_>>().join(" ; ")
}

fn tell(action: &Action) -> String {
    let mut words = vec![tell_word(&action.program)];
    words.extend(action.args.iter().map(tell_word));
    let text = words.join(" ");
    if action.opaque.is_some() { format!("?{text}") } else { text }
}

fn tell_word(word: &Word) -> String {
    let mut out = String::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
            Piece::Glob(bytes) => out.push_str(&format!("‹{}›", String::from_utf8_lossy(bytes))),
            Piece::Dynamic { text, splits: false } => out.push_str(&format!("‹{text}›")),
            Piece::Dynamic { text, splits: true } => out.push_str(&format!("‹{text}…›")),
        }
    }
    out
}

#[track_caller]
fn case(text: &str, expected: &str) {
    let found = analysed(Dialect::Bash, text.as_bytes());
    assert_eq!(told(&found.actions), expected, "{text}");
}

#[track_caller]
fn opaque(dialect: Dialect, text: &str) {
    let found = analysed(dialect, text.as_bytes());
    assert!(found.actions.iter().any(|action| action.opaque.is_some()), "{text}: {}", told(&found.actions));
}

#[track_caller]
fn clear(dialect: Dialect, text: &str) {
    let found = analysed(dialect, text.as_bytes());
    let reasons: Vec<_> = found.actions.iter().filter_map(|action| action.opaque.clone()).collect();
    assert!(reasons.is_empty(), "{text}: {reasons:?}");
}

#[track_caller]
fn place(text: &str, expected: &str) {
    let found = analysed(Dialect::Bash, text.as_bytes());
    let last = found.actions.last().expect("it runs something");
    let shown = match &last.cwd {
        Place::Known(path) => path.display().to_string(),
        Place::Unknown => "?".to_owned(),
    };
    assert_eq!(shown, expected, "{text}");
}
