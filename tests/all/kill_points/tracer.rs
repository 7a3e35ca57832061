//! Steps a program from one system call to the next, with ptrace(2), so that it can be ended at any of them.
//!
//! Only the program itself is stepped and ended: what it starts runs free. A stop is before a call is carried out or right
//! after it; a program that is killed before a call never carries it out.
#![expect(unsafe_code, reason = "ptrace has no safe wrapper")]

use std::ffi::c_void;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::call::Call;
use crate::stage::PATIENCE;

const NOTHING: *mut c_void = std::ptr::null_mut();
/// How a stop at a call is told from others: `PTRACE_O_TRACESYSGOOD`.
const AT_A_CALL: libc::c_int = libc::SIGTRAP | 0x80;

/// A program that stands still before its first system call, or at a later one.
///
/// Only the thread that started it may step it: ptrace(2).
pub(super) struct Traced {
    child: Child,
    /// The call that it stands before or in.
    inside: Option<Call>,
    /// What it and all it has started have printed, once the last of them is gone.
    said: Receiver<String>,
    status: libc::c_int,
}

/// Where it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stop {
    pub(super) call: Call,
    /// Claims that the call is not carried out yet.
    pub(super) is_before: bool,
}

impl Traced {
    /// Starts `command`, and returns once it has become `program`, before the first call of that.
    pub(super) fn start(command: &mut Command, program: &Path) -> Traced {
        // SAFETY: a system call without pointers; it is async-signal-safe.
        unsafe {
            command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, NOTHING, NOTHING) {
                -1 => Err(std::io::Error::last_os_error()),
                _ => Ok(()),
            });
        }
        let (mut said, outputs) = std::io::pipe().expect("a pipe");
        command.stdout(outputs.try_clone().expect("a second handle")).stderr(outputs);
        let child = command.spawn().expect("a program that can be started");
        // The command keeps its handles of the pipe otherwise.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let _not_text = said.read_to_string(&mut text);
            let _nobody_asks = tell.send(text);
        });
        let traced = Traced { child, inside: None, said: told, status: 0 };
        assert!(libc::WIFSTOPPED(traced.changed()), "it stops where it executes the first program");
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_EXITKILL;
        traced.ask(libc::PTRACE_SETOPTIONS, options as usize);
        let program = std::fs::canonicalize(program).expect("a program");
        while traced.link("exe") != program {
            traced.ask(libc::PTRACE_CONT, 0);
            let status = traced.changed();
            assert!(libc::WIFSTOPPED(status), "it ended before it became {}", program.display());
        }
        traced
    }

    /// Goes on to the next stop; `None` once the program has ended.
    pub(super) fn step(&mut self) -> Option<Stop> {
        let mut signal = 0;
        loop {
            self.ask(libc::PTRACE_SYSCALL, signal);
            let status = self.changed();
            if !libc::WIFSTOPPED(status) {
                self.status = status;
                return None;
            }
            signal = match libc::WSTOPSIG(status) {
                // The end of execve itself, seen once.
                libc::SIGTRAP => 0,
                AT_A_CALL => match self.stop() {
                    Some(stop) => return Some(stop),
                    None => 0,
                },
                signal => signal as usize,
            };
        }
    }

    /// Kills it where it stands.
    pub(super) fn kill(&mut self) {
        self.child.kill().expect("a program that can be killed");
        self.status = self.changed();
        assert!(libc::WIFSIGNALED(self.status), "nothing outlives SIGKILL");
    }

    /// Returns its exit code once it has ended; a fatal signal N counts as -N.
    pub(super) fn code(&self) -> i32 {
        if libc::WIFSIGNALED(self.status) {
            -libc::WTERMSIG(self.status)
        } else {
            libc::WEXITSTATUS(self.status)
        }
    }

    /// Waits for the end of everything it has started, and returns what was printed; `None` where something goes on.
    pub(super) fn said(&self) -> Option<String> {
        self.said.recv_timeout(PATIENCE).ok()
    }

    /// Returns what `/proc/PID/NAME` leads to.
    fn link(&self, name: &str) -> PathBuf {
        std::fs::read_link(format!("/proc/{}/{name}", self.child.id())).unwrap_or_default()
    }

    /// Returns the call it stands at; `None` at the end of the execve that it began with.
    fn stop(&mut self) -> Option<Stop> {
        let found = self.look();
        if found.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return self.inside.take().map(|call| Stop { call, is_before: false });
        }
        // SAFETY: `op` says that the kernel has filled in this one.
        let entry = unsafe { found.u.entry };
        let descriptor = || self.link(&format!("fd/{}", entry.args[0].cast_signed()));
        let call = Call::of(entry.nr.cast_signed(), entry.args, descriptor);
        self.inside = Some(call);
        Some(Stop { call, is_before: true })
    }

    fn look(&self) -> libc::ptrace_syscall_info {
        let mut found = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
        let size = std::mem::size_of_val(&found);
        // SAFETY: the kernel writes at most `size` bytes to a local value that is valid when it is all zero.
        unsafe {
            let id = self.child.id().cast_signed();
            libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, id, size as *mut c_void, found.as_mut_ptr());
            found.assume_init()
        }
    }

    fn ask(&self, request: libc::c_uint, value: usize) {
        // SAFETY: none of the requests that take this way writes through a pointer.
        let done =
            unsafe { libc::ptrace(request, self.child.id().cast_signed(), NOTHING, value as *mut c_void) };
        assert!(done != -1, "ptrace: {}", std::io::Error::last_os_error());
    }

    /// Waits until it has stopped or ended, and says how.
    fn changed(&self) -> libc::c_int {
        let mut status = 0;
        // SAFETY: `status` is a local value.
        let found = unsafe { libc::waitpid(self.child.id().cast_signed(), &mut status, libc::__WALL) };
        assert!(found != -1, "waitpid: {}", std::io::Error::last_os_error());
        status
    }
}
