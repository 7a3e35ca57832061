//! The real machine behind [`World`].
//!
//! Environment and password database are read once, when the [`Host`] is made; files are read when asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use super::trust::Trust;
use super::{User, facts};
use crate::world::{Aim, Fact, Findings, Resolution, World};

/// Where the C library and the shells look when `PATH` is not set (POSIX leaves it open; glibc and bash agree on these two).
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// The most symbolic links that are followed in one path, as the kernel does.
const MAX_LINKS: usize = 40;

/// Where the kernel says what each process is like. Its links out of a process's directory (`cwd`, `root`, `exe`, `fd/N`) lead to
/// another place for each process that asks, by way of `self` (proc_pid_cwd(5), proc_pid_fd(5)).
const PROCESSES: &str = "/proc";

/// The type of that file system, wherever it is mounted (statfs(2)).
#[cfg(target_os = "linux")]
const PROC_SUPER_MAGIC: u64 = 0x9fa0;

/// Where a path leads, and whether it leads there for any process.
type Led = (PathBuf, bool);

/// A program's name, and the directory it is looked up from.
type Name = (Vec<u8>, PathBuf);

/// This machine, this user, this environment.
#[derive(Debug)]
pub struct Host {
    env: Vec<(Vec<u8>, Vec<u8>)>,
    home: Option<PathBuf>,
    /// The directory that `--home` named.
    own_directory: Option<PathBuf>,
    trust: Trust,
    /// Where names led: asked again, the same file is meant, the one that was judged.
    found: RefCell<BTreeMap<Name, Option<PathBuf>>>,
    /// Directories as they resolve.
    real_dirs: RefCell<BTreeMap<PathBuf, Led>>,
    /// Device and inode of gate itself, so that its links are never taken for the program they stand in for.
    own: Option<(u64, u64)>,
    /// A file that is what it was when it was read.
    held: Option<(PathBuf, Option<Vec<u8>>)>,
    /// Claims that what this process finds on standard input is not what a command would.
    is_without_input: bool,
}

impl Host {
    /// Returns the machine as `user` finds it in this process's environment.
    pub fn of(user: &User) -> Host {
        Host::made_of(std::env::vars_os(), user.home.clone())
    }

    /// Returns a machine with another environment and another home, for tests.
    pub fn made_of<N, V>(env: impl IntoIterator<Item = (N, V)>, home: Option<PathBuf>) -> Host
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let env =
            env.into_iter().map(|(name, value)| (name.into().into_vec(), value.into().into_vec())).collect();
        let own = own_file().ok().map(|found| (found.dev(), found.ino()));
        Host {
            env,
            home,
            own_directory: None,
            trust: Trust::default(),
            found: RefCell::default(),
            real_dirs: RefCell::default(),
            own,
            held: None,
            is_without_input: false,
        }
    }

    /// Returns the same machine as a command finds it that is given `path` for its search path.
    pub fn searching(&self, path: &[u8]) -> Host {
        let mut again = self.again();
        again.env.retain(|(name, _)| name != b"PATH");
        again.env.push((b"PATH".to_vec(), path.to_vec()));
        again
    }

    /// Returns the same machine on which the file at `path` holds `text`, whatever becomes of it; without one it cannot be read.
    pub fn holding(&self, path: &Path, text: Option<&[u8]>) -> Host {
        Host { held: Some((path.to_path_buf(), text.map(<[u8]>::to_vec))), ..self.again() }
    }

    /// Returns the machine for commands that this process only thinks about: its own standard input is none of theirs.
    pub fn without_input(self) -> Host {
        Host { is_without_input: true, ..self }
    }

    /// Returns the same machine, with nothing found yet.
    fn again(&self) -> Host {
        let (env, held) = (self.env.clone(), self.held.clone());
        let (home, trust) = (self.home.clone(), self.trust.clone());
        let (own_directory, own) = (self.own_directory.clone(), self.own);
        let (found, real_dirs) = (RefCell::default(), RefCell::default());
        let is_without_input = self.is_without_input;
        Host { env, home, own_directory, trust, found, real_dirs, own, held, is_without_input }
    }

    /// Adds the directories that the policy or `gate init` recorded as trusted for program names.
    pub fn trusting(mut self, recorded: Vec<PathBuf>) -> Host {
        self.trust = Trust::new(recorded);
        self
    }

    /// Adds more of them.
    pub fn trusting_also(mut self, more: Vec<PathBuf>) -> Host {
        self.trust.add(more);
        self
    }

    /// Says where gate's own files are, if not in their usual places.
    pub fn with_own_directory(mut self, dir: Option<PathBuf>) -> Host {
        self.own_directory = dir;
        self
    }

    /// Returns the directories of `PATH` in order, made absolute from `cwd`.
    pub fn search_path(&self, cwd: &Path) -> Vec<PathBuf> {
        let list = self.var("PATH").unwrap_or_else(|| DEFAULT_PATH.to_vec());
        list.split(|byte| *byte == b':').map(|dir| cwd.join(OsStr::from_bytes(dir))).collect()
    }

    /// Claims that `dir` vouches for the names of the programs in it.
    pub fn is_trusted_directory(&self, dir: &Path) -> bool {
        self.trust.vouches(dir)
    }

    /// Returns the first executable file called `name`: as the kernel and the shells look, but past gate's own links.
    pub fn find(&self, name: &[u8], cwd: &Path) -> Option<PathBuf> {
        if name.is_empty() {
            return None;
        }
        let file = Path::new(OsStr::from_bytes(name));
        if name.contains(&b'/') {
            let path = cwd.join(file);
            return path.is_file().then_some(path);
        }
        let key = (name.to_vec(), cwd.to_path_buf());
        if let Some(known) = self.found.borrow().get(&key) {
            return known.clone();
        }
        let mut paths = self.search_path(cwd).into_iter().map(|dir| dir.join(file));
        let path = paths.find(|path| self.is_program(path));
        self.found.borrow_mut().insert(key, path.clone());
        path
    }

    /// Claims that `path` is gate itself, under whatever name.
    pub fn is_gate(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| self.is_own(&found))
    }

    fn is_program(&self, path: &Path) -> bool {
        let Ok(found) = fs::metadata(path) else { return false };
        let is_link_of_gate = self.is_own(&found) && path.file_name() != Some(OsStr::new("gate"));
        found.is_file() && !is_link_of_gate && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
    }

    fn is_own(&self, found: &fs::Metadata) -> bool {
        self.own == Some((found.dev(), found.ino()))
    }

    fn real_dir(&self, dir: &Path) -> Led {
        if let Some(known) = self.real_dirs.borrow().get(dir) {
            return known.clone();
        }
        let real = walk(dir);
        self.real_dirs.borrow_mut().insert(dir.to_path_buf(), real.clone());
        real
    }

    fn led(&self, path: &Path) -> Led {
        // Many names lie in one directory, which is then resolved once.
        let (Some(dir), Some(Component::Normal(name))) = (path.parent(), path.components().next_back())
        else {
            return walk(path);
        };
        let (dir, is_shared) = self.real_dir(dir);
        let real = dir.join(name);
        if fs::read_link(&real).is_err() {
            return (real, is_shared);
        }
        let (real, also_shared) = walk(&real);
        (real, is_shared && also_shared)
    }

    /// Claims that a path is the very file that its bare name leads to, by way of a trusted directory.
    fn is_trusted_by_name(&self, path: &Path, cwd: &Path) -> bool {
        let Some(name) = path.file_name() else { return false };
        let named = self.find(name.as_bytes(), cwd).filter(|named| self.trust.covers(named));
        named.is_some_and(|named| is_same_file(&named, path))
    }
}

impl World for Host {
    /// A variable that stands twice in the environment has a value that no trusted one equals: which of them a program takes is its own affair.
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        let mut values = self.env.iter().filter(|(key, _)| key == name.as_bytes()).map(|(_, value)| value);
        let first = values.next()?.clone();
        Some(values.fold(first, |all, next| [&all[..], b"\0", next].concat()))
    }

    fn var_names(&self) -> Vec<String> {
        self.env.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    fn homes(&self) -> Vec<PathBuf> {
        let mut homes: Vec<PathBuf> = self.home.clone().into_iter().collect();
        let asserted = self.var("HOME").map(|home| PathBuf::from(OsString::from_vec(home)));
        homes.extend(asserted.filter(|home| home.is_absolute() && Some(home) != self.home.as_ref()));
        homes
    }

    fn own_directories(&self) -> Vec<PathBuf> {
        self.own_directory.iter().cloned().collect()
    }

    fn resolve(&self, name: &[u8], cwd: &Path) -> Resolution {
        let Some(path) = self.find(name, cwd) else { return Resolution::Missing };
        if name.contains(&b'/') && self.shared_path(&path).is_none() {
            return Resolution::Untrusted(path);
        }
        if self.trust.covers(&path) || (name.contains(&b'/') && self.is_trusted_by_name(&path, cwd)) {
            return Resolution::Trusted(path);
        }
        Resolution::Untrusted(path)
    }

    fn seems_remote(&self) -> bool {
        let is_socket = |found: rustix::fs::Stat| {
            rustix::fs::FileType::from_raw_mode(found.st_mode) == rustix::fs::FileType::Socket
        };
        ["SSH_CLIENT", "SSH2_CLIENT"].iter().any(|name| self.var(name).is_some())
            || rustix::fs::fstat(std::io::stdin()).is_ok_and(is_socket)
    }

    fn has_input(&self) -> bool {
        let input = std::io::stdin();
        !self.is_without_input
            && rustix::fs::fstat(&input).is_ok()
            && !super::inherited::is_null_device(&input)
            && !rustix::termios::isatty(&input)
    }

    /// Without a `PATH` each shell has one of its own.
    fn may_find_file(&self, name: &[u8], cwd: &Path) -> bool {
        let is_file = |dir: PathBuf| {
            let found = fs::metadata(dir.join(OsStr::from_bytes(name)));
            found.is_ok_and(|found| !found.is_dir())
        };
        self.env.iter().filter(|(key, _)| key == b"PATH").count() != 1
            || self.search_path(cwd).into_iter().any(is_file)
    }

    fn real_path(&self, path: &Path) -> PathBuf {
        self.led(path).0
    }

    fn shared_path(&self, path: &Path) -> Option<PathBuf> {
        let (real, is_shared) = self.led(path);
        is_shared.then_some(real)
    }

    fn is_same_file(&self, one: &Path, other: &Path) -> bool {
        is_same_file(one, other)
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn is_there(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok()
    }

    fn is_missing(&self, path: &Path) -> bool {
        is_missing(path) && self.shared_path(path).is_some()
    }

    fn names(&self, dir: &Path, limit: usize) -> Option<Vec<Vec<u8>>> {
        let nothing = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => return nothing(&error).then(Vec::new),
        };
        self.shared_path(dir)?;
        let mut names = Vec::new();
        for entry in entries {
            if names.len() == limit {
                return None;
            }
            names.push(entry.ok()?.file_name().into_vec());
        }
        Some(names)
    }

    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        if let Some((_, text)) = self.held.as_ref().filter(|(held, _)| held == path) {
            return text.clone().filter(|text| text.len() <= limit);
        }
        let (file, size) = open_regular(path)?;
        self.shared_path(path)?;
        if size > limit as u64 {
            return None;
        }
        let mut bytes = Vec::with_capacity(size as usize);
        file.take(limit as u64 + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() <= limit).then_some(bytes)
    }

    fn fact(&self, fact: Fact, aim: &Aim<'_>) -> Findings {
        facts::read(self, fact, aim)
    }

    fn host(&self) -> String {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }
}

/// Claims that nothing is called `path`, not even a link to nothing.
pub(super) fn is_missing(path: &Path) -> bool {
    let nothing =
        |error: io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    fs::symlink_metadata(path).is_err_and(nothing)
}

/// Returns an open regular file and its size; never waits for a FIFO, never touches a device.
pub(super) fn open_regular(path: &Path) -> Option<(File, u64)> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let is_regular = |found: fs::Metadata| found.is_file();
    // Looked at before it is opened as well: opening alone can have an effect on a device.
    fs::metadata(path).ok().filter(|found| found.is_file())?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let found = file.metadata().ok()?;
    let size = found.len();
    is_regular(found).then_some((file, size))
}

/// Returns the metadata of the running gate.
fn own_file() -> std::io::Result<fs::Metadata> {
    if cfg!(target_os = "linux") {
        return fs::metadata("/proc/self/exe");
    }
    fs::metadata(std::env::current_exe()?)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        (_, _) => false,
    }
}

/// Resolves `path` component by component: links are followed even where they lead to nothing yet, what is missing stays as written.
fn walk(path: &Path) -> Led {
    let mut links = 0;
    let mut is_shared = true;
    let mut real = PathBuf::new();
    let mut rest: Vec<OsString> = parts(path);
    while let Some(part) = rest.pop() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => {
                real.pop();
                continue;
            }
            Some(Component::RootDir) => {
                real = PathBuf::from("/");
                continue;
            }
            Some(Component::CurDir) | None => continue,
            Some(Component::Normal(_) | Component::Prefix(_)) => real.push(&part),
        }
        if links < MAX_LINKS
            && let Ok(target) = fs::read_link(&real)
        {
            links += 1;
            is_shared &= !is_of_a_process(&real);
            real.pop();
            rest.extend(parts(&target));
        }
    }
    (real, is_shared)
}

/// Claims that `link` is one that a process's directory holds, and not one like `/proc/mounts`, whose text says where it leads.
fn is_of_a_process(link: &Path) -> bool {
    let Some(dir) = link.parent() else { return false };
    dir != Path::new(PROCESSES) && (dir.starts_with(PROCESSES) || is_procfs(dir))
}

#[cfg(target_os = "linux")]
fn is_procfs(dir: &Path) -> bool {
    rustix::fs::statfs(dir).is_ok_and(|found| found.f_type as u64 == PROC_SUPER_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn is_procfs(_dir: &Path) -> bool {
    false
}

/// Returns the components of `path`, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    path.components().rev().map(|part| part.as_os_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::Host;
    use crate::world::{Resolution, World};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    fn host(path: &str) -> Host {
        Host::made_of([("PATH", path)], Some(PathBuf::from("/home/x")))
    }

    fn program(path: &Path) {
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_name_is_trusted_only_by_way_of_a_trusted_directory() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let own = dir.path().join("env");
        program(&own);
        let first = host(&format!("{}:/usr/bin", dir.path().display()));
        assert_eq!(first.resolve(b"env", Path::new("/")), Resolution::Untrusted(own.clone()));
        assert_eq!(
            first.resolve(b"/usr/bin/env", Path::new("/")),
            Resolution::Trusted("/usr/bin/env".into())
        );
        let plain = host("/usr/bin:/bin");
        assert_eq!(plain.resolve(b"env", Path::new("/")), Resolution::Trusted("/usr/bin/env".into()));
        assert_eq!(plain.resolve(b"./env", dir.path()), Resolution::Untrusted(dir.path().join("./env")));
        assert_eq!(plain.resolve(b"no-such-program", Path::new("/")), Resolution::Missing);
        assert_eq!(plain.resolve(b"", Path::new("/")), Resolution::Missing);
        let recorded = host(&dir.path().display().to_string()).trusting(vec![dir.path().to_path_buf()]);
        assert_eq!(recorded.resolve(b"env", Path::new("/")), Resolution::Trusted(own));
    }

    #[test]
    fn a_relative_or_empty_part_of_the_path_is_the_directory_itself() {
        let dir = tempfile::tempdir().unwrap();
        program(&dir.path().join("tool"));
        for path in ["", ":/usr/bin", "."] {
            let found = host(path).resolve(b"tool", dir.path());
            assert!(matches!(found, Resolution::Untrusted(_)), "PATH={path}: {found:?}");
        }
    }

    #[test]
    fn directories_and_plain_files_are_no_programs() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ls")).unwrap();
        fs::write(dir.path().join("cat"), "").unwrap();
        let host = host(&format!("{}:/bin", dir.path().display()));
        assert!(matches!(host.resolve(b"ls", Path::new("/")), Resolution::Trusted(_)));
        assert!(matches!(host.resolve(b"cat", Path::new("/")), Resolution::Trusted(_)));
    }

    #[test]
    fn a_plain_file_in_the_path_is_found_where_one_is_sourced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("lib"), "").unwrap();
        fs::create_dir(dir.path().join("some-directory")).unwrap();
        let path = format!("/bin:{}", dir.path().display());
        let found = |name: &str| host(&path).may_find_file(name.as_bytes(), Path::new("/"));
        assert!(found("lib"));
        assert!(found("sh"));
        assert!(!found("some-directory"));
        assert!(!found("no-such-file"));
        assert!(host("").may_find_file(b"lib", dir.path()));
        let unset = Host::made_of([("A", "1")], None);
        assert!(unset.may_find_file(b"no-such-file", Path::new("/")));
    }

    #[test]
    fn gates_own_links_are_never_found() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("bash");
        symlink(std::env::current_exe().unwrap(), &link).unwrap();
        let host = host(&format!("{}:/bin", dir.path().display()));
        assert_eq!(host.find(b"bash", Path::new("/")), Some("/bin/bash".into()));
        assert!(host.is_gate(&link));
    }

    #[test]
    fn a_link_to_nothing_leads_where_writing_to_it_would_create_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path()).unwrap();
        symlink("/etc/gate-made-by-a-test", dir.join("new")).unwrap();
        symlink("loop", dir.join("loop")).unwrap();
        let host = host("/bin");
        assert_eq!(host.real_path(&dir.join("new")), Path::new("/etc/gate-made-by-a-test"));
        assert_eq!(host.real_path(&dir.join("a/./b/../c")), dir.join("a/c"));
        assert_eq!(host.real_path(&dir.join("new/x/../y")), Path::new("/etc/gate-made-by-a-test/y"));
        assert_eq!(host.real_path(&dir.join("loop")), dir.join("loop"));
        assert_eq!(host.real_path(Path::new("/../etc/../nowhere")), Path::new("/nowhere"));
    }

    #[test]
    fn a_variable_given_twice_equals_none_of_its_values() {
        let host = Host::made_of([("A", "1"), ("A", "2"), ("HOME", "/tmp/h")], Some("/home/x".into()));
        assert_eq!(host.var("A"), Some(b"1\x002".to_vec()));
        assert_eq!(host.var("B"), None);
        assert_eq!(host.homes(), [PathBuf::from("/home/x"), PathBuf::from("/tmp/h")]);
    }

    #[test]
    fn a_directory_is_told_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "").unwrap();
        symlink("nowhere", dir.path().join(".l")).unwrap();
        let mut names = host("").names(dir.path(), 2).unwrap();
        names.sort();
        assert_eq!(names, [b".l".to_vec(), b"f".to_vec()]);
        assert_eq!(host("").names(dir.path(), 1), None);
        assert_eq!(host("").names(&dir.path().join("f"), 1), Some(Vec::new()));
        assert_eq!(host("").names(&dir.path().join("none"), 1), Some(Vec::new()));
        assert!(host("").is_there(&dir.path().join(".l")) && !host("").is_there(&dir.path().join("nowhere")));
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        fs::write(&file, "12345").unwrap();
        assert_eq!(host("").read(&file, 5), Some(b"12345".to_vec()));
        assert_eq!(host("").read(&file, 4), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_another_file_for_each_process_is_no_file() {
        #[track_caller]
        fn case(path: &Path, is_shared: bool) {
            let host = host("/bin");
            assert_eq!(host.shared_path(path).is_some(), is_shared, "{}", path.display());
            assert_eq!(host.read(path, 1 << 20).is_some(), is_shared, "{}", path.display());
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "ls").unwrap();
        for (name, to) in [
            ("cwd", "/proc/self/cwd"),
            ("own", "/proc/thread-self/cwd/Cargo.toml"),
            ("f2", "f"),
            ("proc", "/proc"),
        ] {
            symlink(to, dir.path().join(name)).unwrap();
        }
        let root = PathBuf::from(format!("/proc/{}/root", std::process::id()));
        let file = fs::File::open(dir.path().join("f")).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&file);
        case(&dir.path().join("f"), true);
        case(&dir.path().join("f2"), true);
        case(Path::new("/proc/self/status"), true);
        case(Path::new("/proc/mounts"), true);
        case(Path::new("/proc/self/cwd/Cargo.toml"), false);
        case(Path::new("/proc/thread-self/cwd/Cargo.toml"), false);
        case(Path::new("/proc/self/task/../cwd/Cargo.toml"), false);
        case(&root.join("etc/passwd"), false);
        case(&dir.path().join("cwd/Cargo.toml"), false);
        case(&dir.path().join("own"), false);
        case(&dir.path().join("proc/self/cwd/Cargo.toml"), false);
        case(Path::new(&format!("/dev/fd/{number}")), false);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_reached_through_a_process_is_not_trusted_by_its_name() {
        let root = format!("/proc/{}/root/usr/bin/env", std::process::id());
        assert!(matches!(
            host("/usr/bin").resolve(root.as_bytes(), Path::new("/")),
            Resolution::Untrusted(_)
        ));
    }
}
