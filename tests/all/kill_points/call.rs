//! What a system call is for: the rows of the table.

use std::path::PathBuf;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Call {
    Own,
    Memory,
    Look,
    Open,
    Read,
    Say,
    Lock,
    Range,
    Names,
    Size,
    Log,
    Flush,
    Wake,
    Listen,
    Sleep,
    Spawn,
    Talk,
    Reap,
    Wait,
    Write,
    End,
    Other,
}

impl Call {
    /// All of them.
    pub(super) const ALL: [Call; 22] = [
        Call::Own,
        Call::Memory,
        Call::Look,
        Call::Open,
        Call::Read,
        Call::Lock,
        Call::Range,
        Call::Names,
        Call::Size,
        Call::Log,
        Call::Flush,
        Call::Wake,
        Call::Listen,
        Call::Sleep,
        Call::Spawn,
        Call::Talk,
        Call::Wait,
        Call::Reap,
        Call::Say,
        Call::Write,
        Call::End,
        Call::Other,
    ];

    /// Returns its name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Call::Own => "own state (getpid, sigaction, getrandom …)",
            Call::Memory => "memory (mmap, brk …)",
            Call::Look => "look (stat, readlink …)",
            Call::Open => "open, close",
            Call::Read => "read, pread64",
            Call::Lock => "flock",
            Call::Range => "fcntl",
            Call::Names => "make, remove (mkdir, rename, unlink …)",
            Call::Size => "ftruncate, fallocate",
            Call::Log => "pwrite64 to the database",
            Call::Flush => "fdatasync, fsync",
            Call::Wake => "write to `gate.wake`",
            Call::Listen => "inotify",
            Call::Sleep => "poll",
            Call::Spawn => "pipe2, clone",
            Call::Talk => "to the shell (socketpair, sendto, signalfd …)",
            Call::Wait => "sigtimedwait",
            Call::Reap => "wait4, kill",
            Call::Say => "write to standard error",
            Call::Write => "write elsewhere",
            Call::End => "exit_group",
            Call::Other => "any other",
        }
    }

    /// Claims that something durable or visible to others changes at or around it: all of these are in the sample.
    pub(super) fn is_decisive(self) -> bool {
        matches!(
            self,
            Call::Lock
                | Call::Names
                | Call::Size
                | Call::Log
                | Call::Flush
                | Call::Wake
                | Call::Spawn
                | Call::Wait
                | Call::Reap
                | Call::End
        )
    }

    /// Claims that it is a row of the table on every machine: what lies below gate (the C library, the file system, who runs it) does
    /// not decide whether it is made, nor does whether the command ended before gate came to wait for it.
    pub(super) fn is_everywhere(self) -> bool {
        self.is_decisive() && !matches!(self, Call::Names | Call::Size | Call::Wait)
    }

    /// Returns what the call number `nr` with `args` is for; `descriptor` says what its first argument leads to.
    pub(super) fn of(nr: i64, args: [u64; 6], descriptor: impl Fn() -> PathBuf) -> Call {
        match nr {
            libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev => match args[0] {
                1 | 2 => Call::Say,
                _ => Call::of_write(&descriptor()),
            },
            // The standard library makes sure that the first three descriptors are open.
            nr if is_poll(nr) => {
                if args[1] == 3 {
                    Call::Own
                } else {
                    Call::Sleep
                }
            }
            nr => Call::of_number(nr),
        }
    }

    fn of_write(to: &std::path::Path) -> Call {
        let name = to.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        match name {
            "gate.wake" => Call::Wake,
            name if name.starts_with("gate.db") => Call::Log,
            _ => Call::Write,
        }
    }

    fn of_number(nr: i64) -> Call {
        match nr {
            libc::SYS_mmap
            | libc::SYS_munmap
            | libc::SYS_mremap
            | libc::SYS_mprotect
            | libc::SYS_madvise
            | libc::SYS_brk => Call::Memory,
            libc::SYS_newfstatat
            | libc::SYS_fstat
            | libc::SYS_statx
            | libc::SYS_statfs
            | libc::SYS_fstatfs
            | libc::SYS_faccessat
            | libc::SYS_faccessat2
            | libc::SYS_readlinkat
            | libc::SYS_lseek
            | libc::SYS_getcwd
            | libc::SYS_getdents64
            | libc::SYS_socket
            | libc::SYS_connect
            | libc::SYS_ioctl => Call::Look,
            libc::SYS_openat | libc::SYS_openat2 | libc::SYS_close => Call::Open,
            libc::SYS_read | libc::SYS_pread64 => Call::Read,
            libc::SYS_flock => Call::Lock,
            libc::SYS_fcntl => Call::Range,
            libc::SYS_mkdirat
            | libc::SYS_unlinkat
            | libc::SYS_renameat
            | libc::SYS_renameat2
            | libc::SYS_fchown
            | libc::SYS_fchmod => Call::Names,
            libc::SYS_ftruncate | libc::SYS_fallocate => Call::Size,
            libc::SYS_fdatasync | libc::SYS_fsync => Call::Flush,
            libc::SYS_inotify_init1 | libc::SYS_inotify_add_watch => Call::Listen,
            libc::SYS_pipe2 | libc::SYS_clone | libc::SYS_clone3 => Call::Spawn,
            libc::SYS_socketpair
            | libc::SYS_setsockopt
            | libc::SYS_sendto
            | libc::SYS_recvfrom
            | libc::SYS_signalfd4
            | libc::SYS_memfd_create => Call::Talk,
            libc::SYS_rt_sigtimedwait => Call::Wait,
            libc::SYS_wait4 | libc::SYS_kill | libc::SYS_tgkill => Call::Reap,
            libc::SYS_exit_group => Call::End,
            libc::SYS_getpid
            | libc::SYS_getppid
            | libc::SYS_gettid
            | libc::SYS_getuid
            | libc::SYS_geteuid
            | libc::SYS_getsid
            | libc::SYS_getpgid
            | libc::SYS_uname
            | libc::SYS_prctl
            | libc::SYS_prlimit64
            | libc::SYS_getrandom
            | libc::SYS_rt_sigaction
            | libc::SYS_rt_sigprocmask
            | libc::SYS_sigaltstack
            | libc::SYS_set_tid_address
            | libc::SYS_set_robust_list
            | libc::SYS_rseq
            | libc::SYS_sched_getaffinity
            | libc::SYS_clock_gettime
            | libc::SYS_futex => Call::Own,
            nr => Call::of_old_number(nr),
        }
    }

    /// The calls that only older processors' kernels have.
    #[cfg(target_arch = "x86_64")]
    fn of_old_number(nr: i64) -> Call {
        match nr {
            libc::SYS_stat | libc::SYS_lstat | libc::SYS_access | libc::SYS_readlink => Call::Look,
            libc::SYS_open => Call::Open,
            libc::SYS_mkdir | libc::SYS_unlink | libc::SYS_rename => Call::Names,
            libc::SYS_fork | libc::SYS_vfork | libc::SYS_pipe => Call::Spawn,
            libc::SYS_arch_prctl => Call::Own,
            _ => Call::Other,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of_old_number(_nr: i64) -> Call {
        Call::Other
    }
}

#[cfg(target_arch = "x86_64")]
fn is_poll(nr: i64) -> bool {
    [libc::SYS_poll, libc::SYS_ppoll].contains(&nr)
}

#[cfg(not(target_arch = "x86_64"))]
fn is_poll(nr: i64) -> bool {
    nr == libc::SYS_ppoll
}
