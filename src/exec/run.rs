//! Starts the approved command and waits for it: the only place of gate that starts a program.
//!
//! MUST rules:
//! 1. Nothing starts without an [`Approved`]; what starts is the command *in* it, and one `Approved` is one start.
//! 2. The child gets environment, descriptors, process group, terminal, umask, signal mask and dispositions as gate inherited them.
//! 3. Gate outlives the child: what the terminal sends is the child's to act on, what a process sends to gate is passed on, stops are mirrored.
//! 4. If gate dies, the child is told to end, and ended if it does not listen (Linux: parent-death signal, and the process beside it).
//! 5. Between fork and exec only async-signal-safe calls are made.
//! 6. A file that was judged as a script is what it was when it was judged: given to the shell as it was read, or read again right before the start.

use std::ffi::{CString, OsStr};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::checked;
use super::child::Ended;
use super::given::Given;
use super::host::{is_missing, open_regular};
use super::process;
use super::{Host, Input, real_shell, shell_name};
use crate::approval::{Approved, FileIdentity};
use crate::command::{Command, Source, Sourced};
use crate::digest::Digest;

/// A command made ready to start: every look-up that can fail is behind it.
#[derive(Debug)]
pub struct Start {
    pub(super) path: CString,
    pub(super) argv: Vec<CString>,
    /// The directory to change to; `None` where gate is in it already.
    pub(super) cwd: Option<CString>,
    /// The file that is executed, whatever its path leads to.
    #[cfg(target_os = "linux")]
    pub(super) program: Option<OwnedFd>,
    /// What it gets as standard input instead of gate's own.
    pub(super) input: Option<OwnedFd>,
    /// What it sources as it was judged.
    pub(super) given: Vec<Given>,
}

/// Why a command cannot be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// There is no such program.
    NotFound { name: Vec<u8> },
    /// No trusted shell of this name is on the machine.
    NoShell { name: &'static str },
    /// A shell with this option has no line editor in which gate could judge what is typed.
    NoLines { option: String },
    /// A file that was judged as a script is another by now.
    Changed { path: PathBuf },
    /// The shell cannot be given what was judged of a file that it sources; the number is the `errno`.
    NotGiven { errno: i32 },
    /// A word holds a NUL byte, which no process can be given.
    Nul,
    /// The system refused; the number is its `errno`.
    System { path: PathBuf, errno: i32 },
}

impl NotStarted {
    /// Returns whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            NotStarted::NotFound { .. } => Fault::Missing,
            NotStarted::Changed { .. } => Fault::Unexecutable,
            NotStarted::NoShell { .. } | NotStarted::NoLines { .. } => Fault::Gate,
            NotStarted::NotGiven { .. } | NotStarted::Nul => Fault::Gate,
            NotStarted::System { errno, .. } => match *errno {
                libc::ENOENT | libc::ENOTDIR => Fault::Missing,
                libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE => Fault::Gate,
                _ => Fault::Unexecutable,
            },
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn not_given(error: &io::Error) -> NotStarted {
        NotStarted::NotGiven { errno: error.raw_os_error().unwrap_or(libc::EINVAL) }
    }

    /// Returns what to do about it, where the machine had not enough for one more process.
    pub fn mend(&self) -> Option<&'static str> {
        let (NotStarted::System { errno, .. } | NotStarted::NotGiven { errno }) = self else { return None };
        match *errno {
            libc::EAGAIN => {
                Some("too many processes run: end some or raise the limit (`ulimit -u`), and run it again")
            }
            libc::ENOMEM => Some("memory is short: end what takes much of it, and run it again"),
            libc::EMFILE | libc::ENFILE => {
                Some("too many files are open: close some or raise the limit (`ulimit -n`), and run it again")
            }
            _ => None,
        }
    }
}

/// Whose fault it is that a command did not start: what the exit code tells (POSIX 2.8.2: 127 not found, 126 not executable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such program.
    Missing,
    /// It is there and cannot be executed.
    Unexecutable,
    /// Gate or the machine was not able to.
    Gate,
}

impl std::error::Error for NotStarted {}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotStarted::NotFound { name } => {
                write!(f, "`{}`: command not found", crate::command::visible(name))
            }
            NotStarted::NoLines { option } => {
                write!(f, "with `{option}` the shell has no line editor in which lines can be judged")
            }
            NotStarted::NoShell { name } => write!(f, "no `{name}` in a directory that belongs to root"),
            NotStarted::Nul => write!(f, "a NUL byte in an argument; no process can be given one"),
            NotStarted::Changed { path } => {
                write!(f, "`{}` changed since it was judged; nothing was run", shown(path))
            }
            NotStarted::NotGiven { errno } => {
                let why = words_of(*errno);
                write!(f, "the shell cannot be given what was judged of the file that it sources: {why}")
            }
            NotStarted::System { path, errno } => {
                write!(f, "`{}`: {}", shown(path), words_of(*errno))
            }
        }
    }
}

fn shown(path: &Path) -> String {
    crate::command::visible(path.as_os_str().as_bytes())
}

fn words_of(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// What judging saw of files that the command's shell reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// The file that it is given as it was read.
    pub sourced: Option<&'a Sourced>,
    /// All of them, with the digest of what was read.
    pub files: &'a [(PathBuf, Digest)],
    /// Those that it must not find.
    pub missing: &'a [PathBuf],
}

impl Start {
    /// Returns what would be started for `command`.
    ///
    /// # Errors
    /// A program or shell that is not there, or words that no process can be given.
    pub fn of(command: &Command, host: &Host) -> Result<Start, NotStarted> {
        let (path, argv) = match &command.source {
            Source::Argv(words) => {
                let name = words.first().map_or(&b""[..], |name| name);
                let path = host.find(name, &command.cwd);
                let path = path.ok_or_else(|| NotStarted::NotFound { name: name.to_vec() })?;
                // A path is started as it was given, from the directory it was given in: a script finds it in `$0`.
                let path = if name.contains(&b'/') { PathBuf::from(OsStr::from_bytes(name)) } else { path };
                (path, words.clone())
            }
            Source::Script { dialect, options, text, args } => {
                let name = shell_name(*dialect);
                let path = real_shell(host, *dialect).ok_or(NotStarted::NoShell { name })?;
                // Keeps a script that begins with `-` or `+` from being read as an option.
                let dashes = if text.starts_with(b"-") || text.starts_with(b"+") {
                    vec![b"--".to_vec()]
                } else {
                    vec![]
                };
                let head = [vec![name.as_bytes().to_vec()], options.clone()].concat();
                let tail = [vec![b"-c".to_vec()], dashes, vec![text.clone()], args.clone()].concat();
                (path, [head, tail].concat())
            }
        };
        let is_here = std::env::current_dir().is_ok_and(|here| here == command.cwd);
        Ok(Start {
            path: c_string(path.into_os_string().as_bytes())?,
            argv: argv.iter().map(|word| c_string(word)).collect::<Result<_, _>>()?,
            cwd: if is_here { None } else { Some(c_string(command.cwd.as_os_str().as_bytes())?) },
            #[cfg(target_os = "linux")]
            program: None,
            input: None,
            given: Vec::new(),
        })
    }
}

pub(super) fn c_string(bytes: &[u8]) -> Result<CString, NotStarted> {
    CString::new(bytes).map_err(|_| NotStarted::Nul)
}

/// A permission with everything that is needed to use it: what is left is to start.
#[derive(Debug)]
pub struct Ready {
    approved: Approved,
    start: Start,
    /// Files that must be what they were.
    files: Vec<(PathBuf, Digest)>,
    /// Files that must not be there.
    missing: Vec<PathBuf>,
}

impl Start {
    /// Claims that the file that is executed is open, and no name counts.
    pub(super) fn is_open_file(&self) -> bool {
        #[cfg(target_os = "linux")]
        let is_open = self.program.is_some();
        #[cfg(not(target_os = "linux"))]
        let is_open = false;
        is_open
    }
}

impl Ready {
    /// Returns the command that `approved` permits, ready to start with the files as they were `seen`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn new(approved: Approved, host: &Host, seen: Seen<'_>) -> Result<Ready, NotStarted> {
        let (start, given) = start(approved.command(), host, seen.sourced)?;
        let mut files = seen.files.to_vec();
        // What is given once is read once; a command may source it again by its own name.
        let at = files.iter().position(|(path, _)| given == Some(path.as_path()));
        at.map(|at| files.remove(at));
        Ok(Ready { approved, start, files, missing: seen.missing.to_vec() })
    }

    /// Makes it execute the program that was approved and read the script that is one of these `files`, and none that lies there since.
    ///
    /// # Errors
    /// Another one lies there, or somebody is writing to it.
    pub fn held_to(
        mut self,
        program: Option<&FileIdentity>,
        files: &[&FileIdentity],
    ) -> Result<Ready, NotStarted> {
        let cwd = self.approved.command().cwd.clone();
        checked::hold(&mut self.start, &cwd, program, files)?;
        Ok(self)
    }

    /// Gives the command this standard input.
    ///
    /// # Errors
    /// There are no more descriptors.
    pub fn with_input(mut self, input: &Input) -> Result<Ready, NotStarted> {
        let failed = |error: io::Error| NotStarted::System {
            path: "/dev/stdin".into(),
            errno: error.raw_os_error().unwrap_or(libc::EIO),
        };
        self.start.input = input.for_start().map_err(failed)?;
        Ok(self)
    }

    /// Looks once more at the files that were judged as scripts.
    ///
    /// # Errors
    /// One is not what it was: nothing may start.
    pub fn is_as_judged(&self) -> Result<(), NotStarted> {
        let is_other = |(path, judged): &&(PathBuf, Digest)| {
            let now = open_regular(path).and_then(|(file, _)| Digest::of_reader(file).ok());
            now != Some(*judged)
        };
        let changed = self.files.iter().find(is_other).map(|(path, _)| path);
        match changed.or_else(|| self.missing.iter().find(|path| !is_missing(path))) {
            Some(path) => Err(NotStarted::Changed { path: path.clone() }),
            None => Ok(()),
        }
    }

    /// Gives the permission up to what runs it otherwise: a shell that is there already.
    #[cfg(target_os = "linux")]
    pub(super) fn into_approved(self) -> Approved {
        self.approved
    }

    /// Returns the permission.
    pub fn approved(&self) -> &Approved {
        &self.approved
    }

    /// Runs the command to its end; the permission is used up.
    ///
    /// # Errors
    /// It could not be started; nothing ran.
    pub fn run(self) -> Result<Ended, NotStarted> {
        process::run(&self.start)
    }
}

/// Returns what is started for `command`, and the path of the file that it is given as it was read.
#[cfg(target_os = "linux")]
fn start<'a>(
    command: &Command,
    host: &Host,
    sourced: Option<&'a Sourced>,
) -> Result<(Start, Option<&'a Path>), NotStarted> {
    let Some(sourced) = sourced else { return Ok((Start::of(command, host)?, None)) };
    let (given, command) = Given::instead(sourced, command)?;
    Ok((Start { given: vec![given], ..Start::of(&command, host)? }, Some(&sourced.path)))
}

/// Elsewhere no memory has a name: the file is one of those that are looked at again.
#[cfg(not(target_os = "linux"))]
fn start<'a>(
    command: &Command,
    host: &Host,
    _sourced: Option<&'a Sourced>,
) -> Result<(Start, Option<&'a Path>), NotStarted> {
    Ok((Start::of(command, host)?, None))
}

#[cfg(test)]
mod tests {
    use super::{Fault, NotStarted, Ready, Seen, Start};
    use crate::approval::{Approved, Basis};
    use crate::command::{Command, Dialect, Source};
    use crate::digest::Digest;
    use crate::exec::Host;

    fn start(source: Source) -> Result<Vec<String>, NotStarted> {
        let host = Host::made_of([("PATH", "/usr/bin:/bin")], None);
        let start = Start::of(&Command { source, cwd: "/".into() }, &host)?;
        let words = std::iter::once(&start.path).chain(&start.argv);
        Ok(words.map(|word| word.to_string_lossy().into_owned()).collect())
    }

    fn argv(words: &[&[u8]]) -> Source {
        Source::Argv(words.iter().map(|word| word.to_vec()).collect())
    }

    #[test]
    fn a_program_keeps_the_name_it_was_called_by_and_its_arguments_byte_for_byte() {
        assert_eq!(start(argv(&[b"env", b"-x"])).unwrap(), ["/usr/bin/env", "env", "-x"]);
        let host = Host::made_of([("PATH", "/bin")], None);
        let command = Command { source: argv(&[b"/bin/echo", b"\xff"]), cwd: "/".into() };
        assert_eq!(Start::of(&command, &host).unwrap().argv[1].as_bytes(), b"\xff");
    }

    #[test]
    fn a_script_goes_to_the_real_shell() {
        let script = Source::Script {
            dialect: Dialect::Bash,
            options: vec![b"-o".to_vec(), b"pipefail".to_vec()],
            text: b"-x".to_vec(),
            args: vec![b"zero".to_vec()],
        };
        let expected = ["/bin/bash", "bash", "-o", "pipefail", "-c", "--", "-x", "zero"];
        assert_eq!(start(script).unwrap(), expected);
    }

    #[test]
    fn a_script_file_that_is_not_what_was_judged_does_not_start() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let files = [(file.path().to_path_buf(), Digest::of(b"ls\n"))];
        let ready = {
            let command = Command { source: argv(&[b"true"]), cwd: "/".into() };
            let seen = Seen { sourced: None, files: &files, missing: &[] };
            let host = Host::made_of([("PATH", "/usr/bin:/bin")], None);
            Ready::new(Approved::for_test(command, Basis::Verdict), &host, seen).unwrap()
        };
        std::fs::write(file.path(), "ls\n").unwrap();
        assert_eq!(ready.is_as_judged(), Ok(()));
        std::fs::write(file.path(), "rm -r .\n").unwrap();
        let changed = ready.is_as_judged().unwrap_err();
        assert_eq!(changed.fault(), Fault::Unexecutable);
        let told = format!("`{}` changed since it was judged; nothing was run", file.path().display());
        assert_eq!(changed.to_string(), told);
        std::fs::remove_file(file.path()).unwrap();
        assert_eq!(ready.is_as_judged(), Err(changed));
    }

    #[test]
    fn a_file_that_must_not_be_there_stops_the_start() {
        let place = tempfile::tempdir().unwrap();
        let missing = [place.path().join(".profile")];
        let command = Command { source: argv(&[b"true"]), cwd: "/".into() };
        let seen = Seen { sourced: None, files: &[], missing: &missing };
        let host = Host::made_of([("PATH", "/usr/bin:/bin")], None);
        let ready = Ready::new(Approved::for_test(command, Basis::Verdict), &host, seen).unwrap();
        assert_eq!(ready.is_as_judged(), Ok(()));
        std::os::unix::fs::symlink("nowhere", &missing[0]).unwrap();
        assert_eq!(ready.is_as_judged(), Err(NotStarted::Changed { path: missing[0].clone() }));
    }

    #[test]
    fn what_cannot_start_says_why() {
        let case = |source, message: &str, fault: Fault| {
            let error = start(source).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.fault()), (message, fault));
        };
        case(argv(&[b"no-such-thing"]), "`no-such-thing`: command not found", Fault::Missing);
        case(argv(&[b""]), "``: command not found", Fault::Missing);
        case(argv(&[b"env", b"a\0b"]), "a NUL byte in an argument; no process can be given one", Fault::Gate);
        let denied = NotStarted::System { path: "/etc/passwd".into(), errno: libc::EACCES };
        assert_eq!(
            (denied.to_string().as_str(), denied.fault()),
            ("`/etc/passwd`: permission denied", Fault::Unexecutable)
        );
        let long = NotStarted::System { path: "/bin/x".into(), errno: libc::E2BIG };
        assert_eq!(long.fault(), Fault::Unexecutable);
    }
}
