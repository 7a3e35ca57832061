//! What an approval is bound to: gathers the facts that [`Content`](crate::approval::Content) writes down, and lists what it cannot.
//!
//! MUST rules:
//! 1. What a program or a shell is known to take as instructions is bound by its bytes; a fact that cannot be bound is listed as not covered.
//! 2. Asking twice gives the same answer as long as nothing has changed: that is what joining, resuming and the check before the start compare.
//! 3. Values of variables enter as commitments only.

mod gatherer;
mod includes;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use self::gatherer::{Gatherer, selected};
use super::host::open_regular;
use super::mentioned::mentioned;
use super::{Host, NotStarted, Start, checked};
use crate::approval::{Bound, BoundDirectory, BoundStdin, FileIdentity};
use crate::command::{Command, visible};
use crate::digest::Digest;
use crate::policy::{Asked, fact_name, facts_of, glob_matches};
use crate::shell::{Action, Analysis, Arguments, Program, Programs};
use crate::world::{Fact, World};

/// The names of standard input.
const INPUT: [&[u8]; 4] = [b"-", b"/dev/stdin", b"/dev/fd/0", b"/proc/self/fd/0"];

/// The most bytes of files that are hashed; more would keep a person waiting.
const LARGEST: u64 = 1 << 30;

/// How a standard input that nobody can bind is called.
pub const STREAM: &str = "what comes in on standard input";

/// What is not covered where standard input is a file: whoever may write to it may do so while the command reads it.
const FILE: &str = "a change of the file on standard input while it is read";

/// What else decides what is bound, and how values are hidden.
pub struct Binding<'a> {
    pub host: &'a Host,
    pub programs: &'a dyn Programs,
    /// Claims that a variable of this name changes what runs.
    pub matters: &'a dyn Fn(&str) -> bool,
    /// Returns the commitment to a value: the same for the same value in this log, and telling nothing about it.
    pub commit: &'a dyn Fn(&[u8]) -> Digest,
    /// What the command gets on standard input.
    pub stdin: &'a BoundStdin,
}

/// Claims that what an action takes as instructions is what it has on standard input, by the name of that (`-f -`).
pub fn is_told_by_input(action: &Action, entry: &Program) -> bool {
    let arguments = Arguments::read(&action.args, Some(entry));
    let mut words = entry.binds.iter().flat_map(|selector| selected(selector, &arguments, &action.args));
    words.any(|word| word.as_literal().is_some_and(|name| INPUT.contains(&&name[..])))
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
    let mut gatherer = Gatherer::new(with);
    let path = command.cwd.join(OsStr::from_bytes(start.path.as_bytes()));
    gatherer.program(start.argv[0].as_bytes(), &path);
    for (path, judged) in &analysis.files {
        gatherer.script(path, *judged);
    }
    for path in &analysis.missing {
        gatherer.missing(path);
    }
    for action in &analysis.actions {
        gatherer.action(action);
    }
    let identities: Vec<&FileIdentity> =
        gatherer.programs.iter().chain(&gatherer.files).filter_map(|file| file.found.as_ref()).collect();
    let scripts: Vec<PathBuf> = analysis.files.iter().map(|(path, _)| path.clone()).collect();
    for name in checked::stays(&start, &command.cwd, &scripts, &identities) {
        gatherer.uncovered.insert(format!("a change of `{}` in the instant of its start", visible(&name)));
    }
    let facts = facts(analysis, with, &mut gatherer.uncovered);
    match with.stdin {
        BoundStdin::Stream => _ = gatherer.uncovered.insert(STREAM.to_owned()),
        BoundStdin::File(_) => _ = gatherer.uncovered.insert(FILE.to_owned()),
        BoundStdin::Terminal | BoundStdin::Empty | BoundStdin::Bytes { .. } => {}
    }
    Ok(Gathered {
        bound: Bound {
            programs: gatherer.programs,
            cwd,
            files: gatherer.files,
            env: variables(command, analysis, with),
            stdin: with.stdin.clone(),
            facts,
        },
        uncovered: gatherer.uncovered.into_iter().collect(),
    })
}

/// Returns what tells the file at `path` from any other, its contents hashed up to `most` bytes; `None` where no readable regular file is.
pub(super) fn identity(path: &Path, most: u64) -> Option<FileIdentity> {
    let (file, size) = open_regular(path).or_else(|| unreadable(path))?;
    let found = file.metadata().ok()?;
    // What is written to it in the meantime is another content, whatever its end.
    let hash = || Digest::of_reader(file.take(size)).ok();
    let sha256 = (size <= most && found.is_file()).then(hash).flatten();
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

/// Returns the variables that matter, each with the commitment to its value: those that change what runs, those the programs'
/// entries name, and every name that the text of the command mentions.
fn variables(command: &Command, analysis: &Analysis, with: &Binding<'_>) -> Vec<(String, Option<Digest>)> {
    let inherited = with.host.var_names();
    let mentioned = mentioned(command);
    let mut names: BTreeSet<String> = inherited
        .iter()
        .filter(|name| {
            is_always_bound(name) || (with.matters)(name) || mentioned.words.contains(name.as_bytes())
        })
        .cloned()
        .collect();
    names.extend(mentioned.expanded.iter().map(|name| String::from_utf8_lossy(name).into_owned()));
    for action in &analysis.actions {
        let entry = with.programs.program(&action.plain_name());
        for named in entry.iter().flat_map(|entry| &entry.env) {
            let matching = |name: &&String| glob_matches(named.as_bytes(), name.as_bytes());
            match named.contains('*') {
                true => names.extend(inherited.iter().filter(matching).cloned()),
                false => _ = names.insert(named.clone()),
            }
        }
    }
    let commitment = |name: &String| with.host.var(name).map(|value| (with.commit)(&value));
    names.into_iter().map(|name| (name.clone(), commitment(&name))).collect()
}

/// `HOME` decides which configuration nearly every program reads, `PATH` which programs a script finds.
fn is_always_bound(name: &str) -> bool {
    matches!(name, "HOME" | "PATH")
}

/// Returns the facts that say where the programs go, as they are asked for with these arguments; one that is unknown has no value,
/// and of a cluster that is told.
fn facts(analysis: &Analysis, with: &Binding<'_>, uncovered: &mut BTreeSet<String>) -> Vec<(String, String)> {
    let mut found = BTreeSet::new();
    for action in &analysis.actions {
        let program = action.plain_name();
        let entry = with.programs.program(&program);
        let arguments = Arguments::read(&action.args, entry.as_deref());
        let asked = Asked { program: &program, action, arguments: &arguments };
        for fact in facts_of(&program) {
            let all = asked.fact(*fact, &|fact, aim| with.host.fact(fact, aim));
            if *fact == Fact::KubeServer && all.is_open {
                uncovered.insert(format!("which cluster `{}` talks to", visible(program.as_bytes())));
            }
            found.extend(all.values.into_iter().map(|stated| (fact_name(*fact).to_owned(), stated.value)));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests;
