//! The files that actions take as instructions, bound by their bytes, and what could not be.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::includes::{self, Base, Named};
use super::{Binding, LARGEST, identity};
use crate::approval::BoundFile;
use crate::command::visible;
use crate::digest::Digest;
use crate::exec::host::open_regular;
use crate::shell::{Action, Arguments, Certainty, Place, Program, Scope, Selector, Truth, Word};
use crate::world::World as _;

/// The most files that are bound below one directory, or because one file names them.
const MOST_FILES: usize = 256;

/// The most names of a directory that are looked through.
const MOST_NAMES: usize = 20_000;

/// The most files that are read for the names of others, and the most that such a file may hold.
const MOST_READ: usize = 100;
const LONGEST_READ: usize = 1 << 20;

/// The most lines that a file may add to what is not covered.
const MOST_LINES: usize = 10;

pub(super) struct Gatherer<'a> {
    with: &'a Binding<'a>,
    pub(super) programs: Vec<BoundFile>,
    pub(super) files: Vec<BoundFile>,
    /// Sorted, each once.
    pub(super) uncovered: BTreeSet<String>,
    /// How many bytes are hashed yet: more would keep a person waiting.
    left: u64,
    /// The files that were read for the names of others.
    read: BTreeSet<PathBuf>,
}

/// How an action's program finds its files.
struct Ways<'a> {
    name: &'a str,
    /// The directories that a path may begin in: the one it works in, then the one it was started in.
    bases: Vec<PathBuf>,
    /// The format of the files, for what they name themselves.
    format: &'a str,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(with: &'a Binding<'a>) -> Gatherer<'a> {
        let (programs, files, uncovered) = (Vec::new(), Vec::new(), BTreeSet::new());
        Gatherer { with, programs, files, uncovered, left: LARGEST, read: BTreeSet::new() }
    }

    pub(super) fn action(&mut self, action: &Action) {
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
        let plain = action.plain_name();
        let entry = self.with.programs.program(&plain);
        if !action.builtin && !action.function {
            match self.with.host.find(&name, cwd) {
                Some(path) => self.program(&name, &path),
                None => _ = self.uncovered.insert(format!("`{}`: not found now", visible(&name))),
            }
            let unbound = entry.as_ref().map_or(&[][..], |entry| &entry.unbound);
            if unbound.is_empty() {
                self.uncovered.insert(format!("files that `{}` finds by itself", visible(&name)));
            }
            let name = visible(&name);
            self.uncovered.extend(unbound.iter().map(|what| format!("`{name}`: {what}")));
        }
        if let Some(entry) = entry {
            self.instructions(&plain, action, cwd, &entry);
        }
    }

    /// Binds the files that a program's entry says it takes as instructions.
    fn instructions(&mut self, name: &str, action: &Action, cwd: &Path, entry: &Program) {
        let arguments = Arguments::read(&action.args, Some(entry));
        let bases = self.bases(name, &arguments, entry, cwd);
        let ways = Ways { name, bases, format: &entry.includes };
        for selector in &entry.binds {
            match selector {
                Selector::File(file) if file.contains('*') => self.matching(file, &ways.bases[0], &ways),
                Selector::File(file) => self.named(file.as_bytes(), &ways.bases[0].join(file), &ways),
                Selector::Up(file) => self.upwards(file, &ways),
                _ => {
                    for word in selected(selector, &arguments, &action.args) {
                        self.operand(&word, &ways);
                    }
                }
            }
        }
        // Addresses of files, whatever option they are given to: `--policy-document file://p.json`.
        let is_file = |word: &&Word| {
            [&b"file://"[..], b"fileb://"].iter().any(|scheme| word.prefix().starts_with(scheme))
        };
        for word in action.args.iter().filter(is_file) {
            self.operand(word, &ways);
        }
    }

    /// Returns the directory that the program's options make it work in, and the one it is started in.
    fn bases(&mut self, name: &str, arguments: &Arguments, entry: &Program, cwd: &Path) -> Vec<PathBuf> {
        let mut base = cwd.to_path_buf();
        for given in arguments.given(&entry.directory) {
            match given.value.as_ref().and_then(Word::as_literal) {
                Some(dir) => base.push(OsStr::from_bytes(&dir)),
                None => {
                    _ = self
                        .uncovered
                        .insert(format!("the directory that `{}` works in", visible(name.as_bytes())))
                }
            }
        }
        let mut bases = vec![base];
        bases.extend((bases[0] != cwd).then(|| cwd.to_path_buf()));
        bases
    }

    fn operand(&mut self, word: &Word, ways: &Ways<'_>) {
        let Some(bytes) = word.as_literal() else {
            let name = ways.name;
            self.uncovered.insert(format!("a file of `{name}` whose name is not known before it runs"));
            return;
        };
        // `@vars.yml` to some programs, and the address of a file to others.
        let schemes: [&[u8]; 3] = [b"fileb://", b"file://", b"@"];
        let bytes = schemes.iter().find_map(|scheme| bytes.strip_prefix(*scheme)).unwrap_or(&bytes);
        if bytes == b"-" {
            return;
        }
        if bytes.windows(3).any(|part| part == b"://") {
            self.uncovered.insert(format!("what is at {}", visible(&without_secrets(bytes))));
            return;
        }
        let mut paths = ways.bases.iter().map(|base| base.join(OsStr::from_bytes(bytes)));
        // Where none is there, the first is where one could appear.
        let there = paths.clone().find(|path| path.exists());
        if let Some(path) = there.or_else(|| paths.next()) {
            self.place(bytes, &path, ways);
        }
    }

    fn place(&mut self, name: &[u8], path: &Path, ways: &Ways<'_>) {
        if path.is_dir() { self.below(name, path, ways) } else { self.named(name, path, ways) }
    }

    /// Binds every file below a directory; what links out of it leads to is told.
    fn below(&mut self, name: &[u8], directory: &Path, ways: &Ways<'_>) {
        let mut found = Vec::new();
        let mut open = vec![directory.to_path_buf()];
        while let Some(dir) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&dir) else {
                self.uncovered.insert(format!("`{}`: cannot be read", shown(&dir)));
                continue;
            };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    Ok(_) | Err(_) => found.push(entry.path()),
                }
                if found.len() + open.len() > MOST_FILES {
                    let text = format!("`{}`: more than {MOST_FILES} files", visible(name));
                    self.uncovered.insert(text);
                    return;
                }
            }
        }
        found.sort();
        for path in found {
            self.named(path.as_os_str().as_bytes(), &path, ways);
        }
    }

    /// Binds the files of a directory whose names match `pattern` (`*.tf`): one more is another content.
    fn matching(&mut self, pattern: &str, directory: &Path, ways: &Ways<'_>) {
        let (within, pattern) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let directory = directory.join(within);
        let Some(mut names) = self.with.host.names(&directory, MOST_NAMES) else {
            self.uncovered
                .insert(format!("`{}`: cannot be read, or more than {MOST_NAMES} files", shown(&directory)));
            return;
        };
        names.retain(|name| crate::policy::glob_matches(pattern.as_bytes(), name));
        names.sort();
        if names.len() > MOST_FILES {
            self.uncovered.insert(format!("`{}/{pattern}`: more than {MOST_FILES} files", shown(&directory)));
            return;
        }
        for name in names {
            self.place(&name, &directory.join(OsStr::from_bytes(&name)), ways);
        }
    }

    /// Binds the nearest file of this name, here or further up, and the places where a nearer one could appear.
    fn upwards(&mut self, file: &str, ways: &Ways<'_>) {
        let base = ways.bases[0].clone();
        for dir in base.ancestors() {
            let path = dir.join(file);
            self.named(file.as_bytes(), &path, ways);
            if path.exists() {
                return;
            }
        }
    }

    /// Binds a file, and those that it names.
    fn named(&mut self, name: &[u8], path: &Path, ways: &Ways<'_>) {
        self.file(name, path);
        let is_one_of_them = match ways.format {
            "" => false,
            "kustomize" => path.file_stem().is_some_and(|stem| stem == "kustomization"),
            "terraform" => path.extension().is_some_and(|end| end == "tf" || end == "tofu"),
            _ => true,
        };
        if !is_one_of_them || self.read.contains(path) || !path.is_file() {
            return;
        }
        let text = self.with.host.read(path, LONGEST_READ).and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(text) = text else {
            self.uncovered.insert(format!("what `{}` names: it is too long, or no text", visible(name)));
            return;
        };
        if self.read.len() == MOST_READ {
            self.uncovered.insert(format!("what more than {MOST_READ} files name"));
            return;
        }
        self.read.insert(path.to_path_buf());
        let base = match includes::base(ways.format) {
            Base::Working => ways.bases[0].clone(),
            Base::Own => path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        };
        let (mut lines, named) = (0, includes::named(ways.format, &text));
        if named.len() > MOST_FILES {
            self.uncovered.insert(format!("the {} files that `{}` names", named.len(), visible(name)));
            return;
        }
        for one in named {
            self.include(&one, &base, name, ways, &mut lines);
        }
    }

    fn include(&mut self, one: &Named, base: &Path, of: &[u8], ways: &Ways<'_>, lines: &mut usize) {
        let by = visible(of);
        let line = match one {
            Named::Path(path) => return self.place(path.as_bytes(), &base.join(path), ways),
            Named::Module(path) => {
                let dir = base.join(path);
                self.matching("*.tf", &dir, ways);
                return;
            }
            Named::Remote(address) => {
                format!("what `{by}` fetches from {}", visible(&without_secrets(address.as_bytes())))
            }
            Named::Unknown(text) => format!("what `{by}` names by `{}`", visible(text.as_bytes())),
        };
        *lines += 1;
        match (*lines).cmp(&MOST_LINES) {
            std::cmp::Ordering::Less => _ = self.uncovered.insert(line),
            std::cmp::Ordering::Equal => _ = self.uncovered.insert(format!("more that `{by}` names")),
            std::cmp::Ordering::Greater => {}
        }
    }

    pub(super) fn program(&mut self, name: &[u8], path: &Path) {
        let file = self.bound(name, path, &mut LARGEST.clone());
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
        let mut left = self.left;
        let file = self.bound(name, path, &mut left);
        if self.files.contains(&file) {
            return;
        }
        self.left = left;
        if file.found.is_none() && std::fs::symlink_metadata(path).is_ok() {
            self.uncovered.insert(format!("what `{}` leads to: no file", visible(name)));
        }
        self.files.push(file);
    }

    /// Binds a file whose text was judged as a script: to the very bytes that were judged, whatever lies there by now.
    pub(super) fn script(&mut self, path: &Path, judged: Digest) {
        let mut file = self.bound(path.as_os_str().as_bytes(), path, &mut LARGEST.clone());
        if let Some(found) = &mut file.found {
            found.sha256 = Some(judged);
        }
        self.files.push(file);
    }

    /// Binds a file that a shell must not find.
    pub(super) fn missing(&mut self, path: &Path) {
        let file = self.bound(path.as_os_str().as_bytes(), path, &mut LARGEST.clone());
        self.files.push(file);
    }

    fn bound(&mut self, name: &[u8], path: &Path, left: &mut u64) -> BoundFile {
        let path = self.with.host.real_path(path);
        let found = identity(&path, *left);
        if let Some(found) = &found {
            match found.sha256 {
                Some(_) => *left = left.saturating_sub(found.size),
                None => _ = self.uncovered.insert(format!("the contents of `{}`", shown(&path))),
            }
        }
        BoundFile { name: name.to_vec(), path, found }
    }
}

fn shown(path: &Path) -> String {
    visible(path.as_os_str().as_bytes())
}

/// Returns an address without user, password, query and fragment.
fn without_secrets(address: &[u8]) -> Vec<u8> {
    let end = address.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(address.len());
    let address = &address[..end];
    let Some(at) = address.windows(3).position(|part| part == b"://") else { return address.to_vec() };
    let (scheme, rest) = address.split_at(at + 3);
    let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let host = rest[..slash].iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
    [scheme, &rest[host..]].concat()
}

/// Returns the words of `args` that `selector` speaks of; where places are uncertain, every operand.
pub(super) fn selected(selector: &Selector, arguments: &Arguments, args: &[Word]) -> Vec<Word> {
    let operands: Vec<Word> = arguments.operands.iter().map(|operand| args[operand.index].clone()).collect();
    let is_sure = arguments.operands.iter().all(|operand| operand.certainty == Certainty::Sure);
    let (first, last) = (operands.first().cloned(), operands.last().cloned());
    match selector {
        Selector::First | Selector::Last | Selector::Rest | Selector::Init if !is_sure => operands,
        Selector::Operands => operands,
        Selector::First => first.into_iter().collect(),
        Selector::Last => last.into_iter().collect(),
        Selector::Rest => operands.into_iter().skip(1).collect(),
        Selector::Init => operands.split_last().map(|(_, init)| init.to_vec()).unwrap_or_default(),
        Selector::Value(option) => {
            let names = [option.clone()];
            let given = arguments.given(&names);
            given.flat_map(|given| given.value.clone().or(given.perhaps.map(|at| args[at].clone()))).collect()
        }
        Selector::After(subcommand) => {
            let words: Vec<&str> = subcommand.split(' ').collect();
            let is = |at: usize, word: &Word| match word.as_literal() {
                Some(bytes) => Truth::of(bytes == words[at].as_bytes()),
                None => Truth::Maybe,
            };
            let (truth, rest) = arguments.subcommand(args, words.len(), is);
            if truth == Truth::No { Vec::new() } else { operands.into_iter().skip(rest).collect() }
        }
        Selector::File(_) | Selector::Up(_) | Selector::Into | Selector::Backup | Selector::Unpacked => {
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
