//! What an approval is bound to: gathers the facts that [`Content`](crate::approval::Content) writes down, and lists what it cannot.
//!
//! MUST rules:
//! 1. What a program or a shell is known to take as instructions is bound by its bytes; a fact that cannot be bound is listed as not covered.
//! 2. Asking twice gives the same answer as long as nothing has changed: that is what joining, resuming and the check before the start compare.
//! 3. Values of variables enter as commitments only.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::host::open_regular;
use super::mentioned::mentioned;
use super::{Host, NotStarted, Start};
use crate::approval::{Bound, BoundDirectory, BoundFile, BoundStdin, FileIdentity};
use crate::command::{Command, visible};
use crate::digest::Digest;
use crate::policy::{Asked, fact_name, facts_of};
use crate::shell::{Action, Analysis, Arguments, Place, Program, Programs, Scope, Selector, Word};
use crate::world::World;

/// The largest file whose contents are bound; a hash of more would keep a person waiting.
const LARGEST: u64 = 1 << 30;

/// How a standard input that nobody can bind is called.
pub const STREAM: &str = "what comes in on standard input";

/// The most files that are bound below one directory operand.
const MOST_FILES: usize = 256;

/// What else decides what is bound, and how values are hidden.
pub struct Binding<'a> {
    pub host: &'a Host,
    pub programs: &'a dyn Programs,
    /// Claims that a variable of this name changes what runs.
    pub matters: &'a dyn Fn(&str) -> bool,
    /// Returns the commitment to a value: the same for the same value in this log, and telling nothing about it.
    pub commit: &'a dyn Fn(&[u8]) -> Digest,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    pub bound: Bound,
    /// What could not be bound, in words for the card.
    pub uncovered: Vec<String>,
}

/// Gathers what `command`, which comes to `analysis`, is bound to.
///
/// # Errors
/// The program or shell is not there, or the directory cannot be read.
pub fn bind(command: &Command, analysis: &Analysis, with: &Binding<'_>) -> Result<Gathered, NotStarted> {
    let start = Start::of(command, with.host)?;
    let cwd = directory(&command.cwd).map_err(|error| NotStarted::System {
        path: command.cwd.clone(),
        errno: error.raw_os_error().unwrap_or(libc::ENOENT),
    })?;
    let mut gatherer = Gatherer { with, programs: Vec::new(), files: Vec::new(), uncovered: BTreeSet::new() };
    let path = command.cwd.join(OsStr::from_bytes(start.path.as_bytes()));
    gatherer.program(start.argv[0].as_bytes(), &path);
    for (path, judged) in &analysis.files {
        gatherer.script(path, *judged);
    }
    for action in &analysis.actions {
        gatherer.action(action);
    }
    let stdin = stdin();
    if stdin == BoundStdin::Stream {
        gatherer.uncovered.insert(STREAM.to_owned());
    }
    Ok(Gathered {
        bound: Bound {
            programs: gatherer.programs,
            cwd,
            files: gatherer.files,
            env: variables(command, analysis, with),
            stdin,
            facts: facts(analysis, with),
        },
        uncovered: gatherer.uncovered.into_iter().collect(),
    })
}

struct Gatherer<'a> {
    with: &'a Binding<'a>,
    programs: Vec<BoundFile>,
    files: Vec<BoundFile>,
    /// Sorted, each once.
    uncovered: BTreeSet<String>,
}

impl Gatherer<'_> {
    fn action(&mut self, action: &Action) {
        if let Some(opaque) = &action.opaque {
            self.uncovered.insert(format!("a part that cannot be read: {}", opaque.reason));
        }
        let Some(name) = action.program.as_literal().filter(|name| !name.is_empty()) else { return };
        if action.scope == Scope::Remote {
            self.uncovered.insert(format!("what `{}` is on the other machine", visible(&name)));
            return;
        }
        let Place::Known(cwd) = &action.cwd else {
            self.uncovered.insert(format!("the directory that `{}` runs in", visible(&name)));
            return;
        };
        if !action.builtin && !action.function {
            match self.with.host.find(&name, cwd) {
                Some(path) => self.program(&name, &path),
                None => _ = self.uncovered.insert(format!("`{}`: not found now", visible(&name))),
            }
            self.uncovered.insert(format!("files that `{}` finds by itself", visible(&name)));
        }
        let plain = Path::new(OsStr::from_bytes(&name)).file_name().unwrap_or_default().to_string_lossy();
        if let Some(entry) = self.with.programs.program(&plain) {
            self.instructions(&plain, action, cwd, &entry);
        }
    }

    /// Binds the files that a program's entry says it takes as instructions.
    fn instructions(&mut self, name: &str, action: &Action, cwd: &Path, entry: &Program) {
        let arguments = Arguments::read(&action.args, Some(entry));
        for selector in &entry.binds {
            if let Selector::File(file) = selector {
                self.file(file.as_bytes(), &cwd.join(file));
                continue;
            }
            for word in selected(selector, &arguments, &action.args) {
                self.operand(name, &word, cwd);
            }
        }
    }

    fn operand(&mut self, name: &str, word: &Word, cwd: &Path) {
        let Some(bytes) = word.as_literal() else {
            self.uncovered.insert(format!("a file of `{name}` whose name is not known before it runs"));
            return;
        };
        if bytes == b"-" {
            return;
        }
        if bytes.windows(3).any(|part| part == b"://") {
            self.uncovered.insert(format!("what is at {}", visible(&bytes)));
            return;
        }
        let path = cwd.join(OsStr::from_bytes(&bytes));
        if path.is_dir() { self.below(&bytes, &path) } else { self.file(&bytes, &path) }
    }

    /// Binds every file below a directory.
    fn below(&mut self, name: &[u8], directory: &Path) {
        let mut found = Vec::new();
        let mut open = vec![directory.to_path_buf()];
        while let Some(dir) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&dir) else { continue };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    Ok(_) | Err(_) => found.push(entry.path()),
                }
            }
            if found.len() + open.len() > MOST_FILES {
                let text = format!("`{}`: more than {MOST_FILES} files", visible(name));
                self.uncovered.insert(text);
                return;
            }
        }
        found.sort();
        for path in found {
            self.file(path.as_os_str().as_bytes(), &path);
        }
    }

    fn program(&mut self, name: &[u8], path: &Path) {
        let file = self.bound(name, path);
        if self.programs.contains(&file) {
            return;
        }
        self.programs.push(file);
        if let Some(interpreter) = interpreter(path) {
            let path = PathBuf::from(OsStr::from_bytes(&interpreter));
            self.program(&interpreter, &path);
        }
    }

    fn file(&mut self, name: &[u8], path: &Path) {
        let file = self.bound(name, path);
        if !self.files.contains(&file) {
            self.files.push(file);
        }
    }

    /// Binds a file whose text was judged as a script: to the very bytes that were judged, whatever lies there by now.
    fn script(&mut self, path: &Path, judged: Digest) {
        let mut file = self.bound(path.as_os_str().as_bytes(), path);
        if let Some(found) = &mut file.found {
            found.sha256 = Some(judged);
        }
        self.files.push(file);
    }

    fn bound(&mut self, name: &[u8], path: &Path) -> BoundFile {
        let path = self.with.host.real_path(path);
        let found = identity(&path);
        if found.as_ref().is_some_and(|found| found.sha256.is_none()) {
            self.uncovered.insert(format!("the contents of `{}`", visible(path.as_os_str().as_bytes())));
        }
        BoundFile { name: name.to_vec(), path, found }
    }
}

/// Returns the words of `args` that `selector` speaks of; where places are uncertain, every operand.
fn selected(selector: &Selector, arguments: &Arguments, args: &[Word]) -> Vec<Word> {
    let operands: Vec<Word> = arguments.operands.iter().map(|operand| args[operand.index].clone()).collect();
    let (first, last) = (operands.first().cloned(), operands.last().cloned());
    match selector {
        Selector::Operands => operands,
        Selector::First => first.into_iter().collect(),
        Selector::Last => last.into_iter().collect(),
        Selector::Rest => operands.into_iter().skip(1).collect(),
        Selector::Init => operands.split_last().map(|(_, init)| init.to_vec()).unwrap_or_default(),
        Selector::Value(option) => {
            let names = [option.clone()];
            arguments.given(&names).filter_map(|given| given.value.clone()).collect()
        }
        Selector::File(_) | Selector::Into | Selector::After(_) | Selector::Backup | Selector::Unpacked => {
            Vec::new()
        }
    }
}

/// Returns the interpreter that a script names on its first line.
fn interpreter(path: &Path) -> Option<Vec<u8>> {
    let (file, _) = open_regular(path)?;
    let mut head = Vec::new();
    file.take(256).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let name = line.split(|byte| matches!(byte, b' ' | b'\t')).next()?;
    name.starts_with(b"/").then(|| name.to_vec())
}

/// Returns what tells the file at `path` from any other; `None` where no readable regular file is.
fn identity(path: &Path) -> Option<FileIdentity> {
    let (file, size) = open_regular(path).or_else(|| unreadable(path))?;
    let found = file.metadata().ok()?;
    let sha256 = (size <= LARGEST && found.is_file()).then(|| Digest::of_reader(file).ok()).flatten();
    Some(FileIdentity { device: found.dev(), inode: found.ino(), size, sha256 })
}

/// A program may be executable and not readable (`sudo` on some systems): its place is bound, its contents are not.
fn unreadable(path: &Path) -> Option<(std::fs::File, u64)> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let found = std::fs::metadata(path).ok().filter(|found| found.is_file())?;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(O_PATH).open(path).ok()?;
    Some((file, found.len()))
}

#[cfg(target_os = "linux")]
const O_PATH: i32 = libc::O_PATH;
#[cfg(not(target_os = "linux"))]
const O_PATH: i32 = 0;

fn directory(path: &Path) -> io::Result<BoundDirectory> {
    let found = std::fs::metadata(path)?;
    Ok(BoundDirectory { path: path.to_path_buf(), device: found.dev(), inode: found.ino() })
}

/// Returns what gate, and so the command, has on standard input.
fn stdin() -> BoundStdin {
    use rustix::fs::FileType;
    let input = std::io::stdin();
    let Ok(found) = rustix::fs::fstat(&input) else { return BoundStdin::Empty };
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => {
            identity(Path::new("/dev/stdin")).map_or(BoundStdin::Stream, BoundStdin::File)
        }
        FileType::CharacterDevice if rustix::termios::isatty(&input) => BoundStdin::Terminal,
        FileType::CharacterDevice if is_null(&found) => BoundStdin::Empty,
        _ => BoundStdin::Stream,
    }
}

fn is_null(found: &rustix::fs::Stat) -> bool {
    rustix::fs::stat("/dev/null").is_ok_and(|null| null.st_rdev == found.st_rdev)
}

/// Returns the variables that matter, each with the commitment to its value: those that change what runs, those the programs'
/// entries name, and every name that the text of the command mentions.
fn variables(command: &Command, analysis: &Analysis, with: &Binding<'_>) -> Vec<(String, Option<Digest>)> {
    let inherited = with.host.var_names();
    let mentioned = mentioned(command);
    let mut names: BTreeSet<String> = inherited
        .into_iter()
        .filter(|name| {
            is_always_bound(name) || (with.matters)(name) || mentioned.words.contains(name.as_bytes())
        })
        .collect();
    names.extend(mentioned.expanded.iter().map(|name| String::from_utf8_lossy(name).into_owned()));
    for action in &analysis.actions {
        let name = action.program.as_literal().unwrap_or_default();
        let plain = Path::new(OsStr::from_bytes(&name)).file_name().unwrap_or_default().to_string_lossy();
        names.extend(with.programs.program(&plain).iter().flat_map(|entry| entry.env.iter().cloned()));
    }
    let commitment = |name: &String| with.host.var(name).map(|value| (with.commit)(&value));
    names.into_iter().map(|name| (name.clone(), commitment(&name))).collect()
}

/// `HOME` decides which configuration nearly every program reads, `PATH` which programs a script finds.
fn is_always_bound(name: &str) -> bool {
    matches!(name, "HOME" | "PATH")
}

/// Returns the facts that say where the programs go, as they are asked for with these arguments; one that is unknown has no value.
fn facts(analysis: &Analysis, with: &Binding<'_>) -> Vec<(String, String)> {
    let mut found = BTreeSet::new();
    for action in &analysis.actions {
        let program = plain_name(action);
        let entry = with.programs.program(&program);
        let arguments = Arguments::read(&action.args, entry.as_deref());
        let asked = Asked { program: &program, action, arguments: &arguments };
        for fact in facts_of(&program) {
            let all = asked.fact(*fact, &|fact, aim| with.host.fact(fact, aim));
            found.extend(all.values.into_iter().map(|stated| (fact_name(*fact).to_owned(), stated.value)));
        }
    }
    found.into_iter().collect()
}

/// Returns the last part of the program's name.
fn plain_name(action: &Action) -> String {
    let name = action.program.as_literal().unwrap_or_default();
    Path::new(OsStr::from_bytes(&name)).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Binding, bind};
    use crate::approval::Bound;
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
            globbing: Globbing::default(),
        };
        let with = Binding {
            host: &host,
            programs: &Make,
            matters: &|name| name.starts_with("LD_"),
            commit: &Digest::of,
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
        let (bound, uncovered) =
            gather(dir.path(), &["make", "-f", "d", "-f", "https://x/y", "-f", "-"], &[]);
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
}
