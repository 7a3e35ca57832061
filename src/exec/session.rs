//! A shell that lives on: it is handed one judged command after the other and keeps its directory, variables and functions.
//!
//! MUST rules:
//! 1. Nothing is written to the shell but the text of an [`Approved`](crate::approval::Approved), and gate's own `exit N`.
//! 2. The text stands in braces whose standard input is empty, or is the script's last and nothing comes behind it: no command
//!    can take bytes of the script, and change what was judged.
//! 3. The shell opens gate's mark only after it has read the closing brace. If it goes on reading without having opened it, it takes
//!    the text for a part of something longer than what was judged: then nothing more is written, and the shell is ended.
//! 4. The next command is judged when the one before has ended: the shell reads on only then.
//! 5. The shell reads from a socket, which nobody can open by its number below `/proc`, as one can a pipe: no program that a
//!    command starts puts a text between those that were judged.
//!
//! How gate knows that the shell reads on: the socket takes so little that it is not writable before it is empty again. Blanks are
//! written behind each command, which mean nothing to a shell; when they are gone, the shell has come back for more.
#![expect(unsafe_code, reason = "signalfd, inotify, poll and what a socket holds have no safe wrapper here")]

use std::ffi::{CString, c_int};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::child::{Change, Child, Ended};
use super::process;
use super::run::{NotStarted, Ready, Start, c_string};
use super::signals::{Came, Signals};
use super::{Host, real_shell, shell_name};
use crate::command::{Dialect, Source};
use crate::shell::Closing;

/// What came of listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// More text.
    More,
    /// The end of the text.
    End,
    /// The end of the shell.
    Over,
}

/// A shell that is handed one command after the other. It starts with the first.
pub struct Session {
    dialect: Dialect,
    start: Option<Start>,
    running: Option<Running>,
    ended: Option<Ended>,
    /// Claims that the shell took a text for something longer than what was judged.
    is_astray: bool,
}

struct Running {
    child: Child,
    script: Option<UnixStream>,
    signals: Signals,
    heard: OwnedFd,
    mark: Mark,
    /// The lines that the shell has read.
    lines: usize,
}

/// An empty file that the shell opens with each command, and the watch on it.
#[derive(Debug)]
struct Mark {
    path: String,
    watch: OwnedFd,
    _file: OwnedFd,
}

impl Session {
    /// Returns a session of the shell of `dialect` with these options and arguments.
    ///
    /// # Errors
    /// There is no such shell, or a word that no process can be given.
    pub fn new(
        host: &Host,
        dialect: Dialect,
        options: &[Vec<u8>],
        args: &[Vec<u8>],
    ) -> Result<Session, NotStarted> {
        let name = shell_name(dialect);
        let path = real_shell(host, dialect).ok_or(NotStarted::NoShell { name })?;
        // Keeps an argument that begins with `-` or `+` from being read as an option.
        let dashes = if args.is_empty() { vec![] } else { vec![b"--".to_vec()] };
        let words = [&[name.as_bytes().to_vec()], options, &[b"-s".to_vec()], &dashes, args].concat();
        let start = Start {
            path: c_string(path.as_os_str().as_bytes())?,
            argv: words.iter().map(|word| c_string(word)).collect::<Result<_, _>>()?,
            cwd: None,
            program: None,
            input: None,
            given: Vec::new(),
        };
        Ok(Session { dialect, start: Some(start), running: None, ended: None, is_astray: false })
    }

    /// Waits for more of the script on gate's own standard input.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn listen(&mut self, text: &mut Vec<u8>) -> io::Result<Heard> {
        let stdin = io::stdin();
        if let (Some(running), None) = (&mut self.running, self.ended) {
            running.signals.take_again();
            self.ended = running.until_readable(&stdin)?;
            running.signals.give_back();
        }
        if self.ended.is_some() {
            return Ok(Heard::Over);
        }
        let mut bytes = [0; 8192];
        let count = rustix::io::retry_on_intr(|| rustix::io::read(&stdin, &mut bytes))?;
        text.extend_from_slice(&bytes[..count]);
        Ok(if count == 0 { Heard::End } else { Heard::More })
    }

    /// Takes in what is there of the script, without waiting for more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn look(&mut self, text: &mut Vec<u8>) -> io::Result<Heard> {
        let mut input = [libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 }];
        // SAFETY: the array is local and its length is its own; it does not wait.
        if unsafe { libc::poll(input.as_mut_ptr(), 1, 0) } != 1 {
            return Ok(Heard::More);
        }
        self.listen(text)
    }

    /// Hands the command over, closed by `closing`, and waits until the shell comes back for more or ends.
    ///
    /// Where it is not certain how it ends, the last of a script is handed over as it stands, if it fits into the socket at once:
    /// nothing comes behind it that could be taken for a part of it, or be read by it.
    ///
    /// # Errors
    /// The shell cannot be started; nothing ran.
    pub fn hand_over(
        &mut self,
        ready: Ready,
        closing: Option<Closing>,
        line: usize,
        is_last: bool,
    ) -> Result<Ended, NotStarted> {
        let approved = ready.into_approved();
        let Source::Script { text, .. } = &approved.command().source else { return Err(NotStarted::Nul) };
        let running = self.running()?;
        running.signals.take_again();
        let is_bare = is_last && closing.is_none() && !text.is_empty();
        let last = is_bare.then(|| [running.skipped(line), text.clone()].concat());
        let done = match last.filter(|whole| whole.len() <= HEAVY) {
            Some(whole) => running.run_last(&whole),
            None => running.run(text, closing.unwrap_or(Closing::on_its_own_line(text)), line),
        };
        let is_astray = matches!(done, Done::Astray);
        let ended = match done {
            Done::Back => None,
            Done::Over(ended) => Some(ended),
            Done::Astray => Some(running.kill()),
        };
        running.signals.give_back();
        (self.is_astray, self.ended) = (is_astray, ended);
        Ok(ended.unwrap_or(Ended::Handed))
    }

    /// Claims that the shell was ended because it read on where a command should have been complete.
    pub fn is_astray(&self) -> bool {
        self.is_astray
    }

    /// Makes `$?` what a refused command's exit code is.
    pub fn set_status(&mut self, code: u8) {
        if let Some(running) = &mut self.running {
            let _gone = running.write(format!("(exit {code})\n").as_bytes());
            running.lines += 1;
        }
    }

    /// Returns how the shell ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Returns the shell's process id, once it has started.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().and_then(|running| u32::try_from(running.child.pid()).ok())
    }

    /// Returns the directory that the shell is in, as the kernel says.
    pub fn cwd(&self) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/cwd", self.running.as_ref()?.child.pid())).ok()
    }

    /// Lets the shell come to its end, with `code` if one is given, and returns how it ended; `None` if none was started.
    pub fn end(&mut self, code: Option<u8>) -> Option<Ended> {
        if self.ended.is_none()
            && let Some(running) = &mut self.running
        {
            running.signals.take_again();
            if let Some(code) = code {
                let _gone = running.write(format!("exit {code}\n").as_bytes());
            }
            running.script = None;
            self.ended = Some(running.child.wait(&running.signals));
        }
        self.ended
    }

    /// Returns the running shell, started if it is not there yet.
    fn running(&mut self) -> Result<&mut Running, NotStarted> {
        if let Some(mut start) = self.start.take() {
            let failed = |error: io::Error| NotStarted::System {
                path: PathBuf::from(shell_name(self.dialect)),
                errno: error.raw_os_error().unwrap_or(libc::EIO),
            };
            let (reader, writer) = UnixStream::pair().map_err(failed)?;
            hold_little(&writer).map_err(failed)?;
            let mark = Mark::make().map_err(failed)?;
            start.input = Some(reader.into());
            let signals = Signals::take();
            let heard = signal_descriptor(&signals.taken).map_err(failed)?;
            let spawned = process::spawn(&start, &signals);
            signals.give_back();
            let mut child = Child::of(spawned?);
            child.accompany();
            self.running = Some(Running { child, script: Some(writer), signals, heard, mark, lines: 0 });
        }
        self.running.as_mut().ok_or(NotStarted::NoShell { name: shell_name(self.dialect) })
    }
}

/// What became of a command.
enum Done {
    /// The shell wants the next one.
    Back,
    Over(Ended),
    Astray,
}

impl Running {
    fn run(&mut self, text: &[u8], closing: Closing, line: usize) -> Done {
        if text.is_empty() {
            return Done::Back;
        }
        self.mark.forget();
        let skipped = self.skipped(line);
        let (before, after) = text.split_at(closing.at.min(text.len()));
        let closed = format!("{} <{} </dev/null", closing.with, self.mark.path);
        let end: &[u8] = if after.ends_with(b"\n") { b"" } else { b"\n" };
        let whole = [skipped.as_slice(), b"{ ", before, closed.as_bytes(), after, end].concat();
        self.lines += whole.iter().filter(|byte| **byte == b'\n').count();
        for part in [whole.as_slice(), b" "] {
            if self.write_heavily(part).is_err() {
                return Done::Over(self.child.wait(&self.signals));
            }
            if let Some(ended) = self.until_read() {
                return Done::Over(ended);
            }
        }
        if self.mark.was_opened() { Done::Back } else { Done::Astray }
    }

    /// Writes `whole`, in one piece so that half of it never runs, and the end of the script behind it.
    fn run_last(&mut self, whole: &[u8]) -> Done {
        let _ended_early = self.write(whole);
        self.script = None;
        Done::Over(self.child.wait(&self.signals))
    }

    /// Returns an empty line for each that was not handed over, so that the shell's messages name the right ones.
    fn skipped(&self, line: usize) -> Vec<u8> {
        vec![b'\n'; line.saturating_sub(self.lines + 1)]
    }

    /// Ends the shell whatever it does. The signals are taken: its end must not be missed.
    fn kill(&mut self) -> Ended {
        self.script = None;
        self.child.send(libc::SIGKILL);
        self.child.wait(&self.signals)
    }

    /// Writes all of `bytes`, with blanks in front so that the last part of it weighs enough to be waited for.
    fn write_heavily(&mut self, bytes: &[u8]) -> io::Result<()> {
        let blanks = vec![b' '; HEAVY.saturating_sub(bytes.len())];
        let whole = [blanks.as_slice(), bytes].concat();
        let (first, last) = whole.split_at(whole.len() - HEAVY);
        self.write(first)?;
        self.write(last)
    }

    /// Writes all of `bytes`, as the shell reads them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(script) = &mut self.script else { return Err(io::ErrorKind::BrokenPipe.into()) };
            let fd = script.as_raw_fd();
            match script.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if wait_for(&[(fd, libc::POLLOUT), (self.heard.as_raw_fd(), libc::POLLIN)])?[1] != 0
                        && self.hear().is_some()
                    {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until there is something to read, or the shell has ended: then returns how.
    fn until_readable(&mut self, stdin: &io::Stdin) -> io::Result<Option<Ended>> {
        // It may have ended while nobody listened.
        if let Some(Change::Ended(ended)) = self.child.poll() {
            return Ok(Some(ended));
        }
        loop {
            let ready =
                wait_for(&[(stdin.as_raw_fd(), libc::POLLIN), (self.heard.as_raw_fd(), libc::POLLIN)])?;
            if ready[1] == 0 {
                return Ok(None);
            }
            if let Some(ended) = self.hear() {
                return Ok(Some(ended));
            }
        }
    }

    /// Waits until the shell has read everything; returns how it ended if it did.
    fn until_read(&mut self) -> Option<Ended> {
        let fd = self.script.as_ref()?.as_raw_fd();
        loop {
            let ready = wait_for(&[(fd, libc::POLLOUT), (self.heard.as_raw_fd(), libc::POLLIN)]);
            let Ok(ready) = ready else { return Some(self.child.wait(&self.signals)) };
            if ready[0] & (libc::POLLERR | libc::POLLHUP) != 0 {
                return Some(self.child.wait(&self.signals));
            }
            if ready[1] != 0 {
                if let Some(ended) = self.hear() {
                    return Some(ended);
                }
            } else if ready[0] & libc::POLLOUT != 0 {
                if is_read(fd) {
                    return None;
                }
                // A kernel that counts otherwise than gate expects; no wait is needed where it does not.
                std::thread::park_timeout(Duration::from_millis(1));
            }
        }
    }

    /// Takes in one signal: passes it on, stops with the shell, or returns how the shell ended.
    fn hear(&mut self) -> Option<Ended> {
        // SAFETY: signalfd_siginfo is plain data that the kernel overwrites; the length is its own.
        let came = unsafe {
            let mut info: libc::signalfd_siginfo = std::mem::zeroed();
            let length = size_of::<libc::signalfd_siginfo>();
            let count = libc::read(self.heard.as_raw_fd(), (&raw mut info).cast(), length);
            let is_whole = count == length as isize;
            is_whole.then_some(Came { signal: info.ssi_signo as i32, is_sent: info.ssi_code <= 0 })
        };
        match self.child.poll() {
            Some(Change::Ended(ended)) => Some(ended),
            Some(Change::Stopped(signal)) => {
                self.child.stop_too(signal);
                None
            }
            None => {
                self.child.take_in(came);
                None
            }
        }
    }
}

impl Mark {
    fn make() -> io::Result<Mark> {
        let file = rustix::fs::memfd_create("gate", rustix::fs::MemfdFlags::CLOEXEC)?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        let name = CString::new(path.as_str()).map_err(io::Error::other)?;
        // SAFETY: the name ends with NUL and lives through the call; the descriptor is checked and owned from here on.
        let (watch, watched) = unsafe {
            let watch = owned(libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK))?;
            let watched = libc::inotify_add_watch(watch.as_raw_fd(), name.as_ptr(), libc::IN_OPEN);
            (watch, watched)
        };
        if watched == -1 { Err(io::Error::last_os_error()) } else { Ok(Mark { path, watch, _file: file }) }
    }

    /// Claims that the shell has opened it since it was asked last.
    fn was_opened(&self) -> bool {
        let mut events = [0; 4096];
        matches!(rustix::io::read(&self.watch, &mut events), Ok(1..))
    }

    fn forget(&self) {
        while self.was_opened() {}
    }
}

/// Owns a descriptor that a system call returned.
///
/// # Safety
/// Nobody else owns it.
unsafe fn owned(descriptor: c_int) -> io::Result<OwnedFd> {
    if descriptor == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and the caller says that it is nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// What is written at once so that the socket is not writable before it is read. Linux gives a socket at least 4,608 bytes, its own
/// structures included, takes up to half of that at once, and calls it writable when three quarters are free (`sock_writeable` and
/// `unix_writable` of the kernel).
const HEAVY: usize = 1024;

/// Makes the socket hold as little as the kernel lets it, and its writer never wait.
fn hold_little(writer: &UnixStream) -> io::Result<()> {
    writer.set_nonblocking(true)?;
    let least: c_int = 1;
    // SAFETY: the value is local and its length is its own.
    let done = unsafe {
        let length = size_of::<c_int>() as libc::socklen_t;
        libc::setsockopt(
            writer.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            (&raw const least).cast(),
            length,
        )
    };
    if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Claims that nothing that was written to the socket is left to read (unix(7), `SIOCOUTQ`).
fn is_read(socket: c_int) -> bool {
    let mut left: c_int = 0;
    // SAFETY: the value is local.
    let done = unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut left) };
    done == -1 || left == 0
}

fn signal_descriptor(set: &libc::sigset_t) -> io::Result<OwnedFd> {
    // SAFETY: the set is filled in; the descriptor is new.
    unsafe { owned(libc::signalfd(-1, set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)) }
}

/// Waits until one of the descriptors is ready for what is asked of it, and returns what each is ready for.
fn wait_for<const N: usize>(asked: &[(c_int, i16); N]) -> io::Result<[i16; N]> {
    let mut polled = asked.map(|(fd, events)| libc::pollfd { fd, events, revents: 0 });
    loop {
        // SAFETY: the array is local and its length is its own.
        if unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, -1) } != -1 {
            return Ok(polled.map(|polled| polled.revents));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
