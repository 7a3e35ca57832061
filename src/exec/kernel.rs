//! What the kernel itself says of processes: `/proc`, as long as it is the kernel's own, of this process's namespace, with nothing mounted into it.
//!
//! MUST rules:
//! 1. Who has namespaces of its own may mount what it likes: on `/proc`, on a directory or a file in it, and true files in the place of
//!    others. So the top is opened once and has to be of the kernel's own type (statfs(2)) and to know this process by its own number, and
//!    nothing below is reached through another mount (openat2(2), `RESOLVE_NO_XDEV`).
//! 2. Where that is not certain, nothing is said: on kernels before Linux 5.6, and where openat2 is forbidden.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstatfs, openat, openat2, readlinkat};
use rustix::io::Errno;

use super::origin::{PROC, Stat};

/// Nothing that is read here is longer: a line of numbers, a command line that is cut here.
const LONGEST: u64 = 4096;

/// The kernel's own `/proc`.
#[derive(Debug)]
pub(super) struct Kernel {
    top: OwnedFd,
}

impl Kernel {
    /// Returns the kernel's own `/proc`, or `None` where it is something else.
    pub(super) fn of_here() -> Option<Kernel> {
        Kernel::at(Path::new("/proc"))
    }

    fn at(path: &Path) -> Option<Kernel> {
        let top = openat(CWD, path, DIRECTORY, Mode::empty()).ok().filter(is_proc)?;
        let kernel = Kernel { top };
        // One of another namespace has no number for this process, or its number there.
        let own = std::process::id().to_string();
        (kernel.link("self").ok()? == own.as_bytes()).then_some(kernel)
    }

    /// Returns what is known of the process `pid`.
    pub(super) fn stat(&self, pid: u32) -> Option<Stat> {
        let text = self.text(&format!("{pid}/stat"))?;
        let text = String::from_utf8_lossy(&text);
        text.strip_prefix(&format!("{pid} ")).and_then(|_| Stat::parse(&text))
    }

    /// Returns what a process is called: its own word, its program's file, and the words it was started with.
    pub(super) fn names(&self, pid: u32) -> [Vec<u8>; 3] {
        let text = |name: &str| self.text(&format!("{pid}/{name}")).unwrap_or_default();
        [text("comm"), self.link(&format!("{pid}/exe")).unwrap_or_default(), text("cmdline")]
    }

    /// Returns the id of this boot.
    pub(super) fn boot(&self) -> Option<String> {
        // Containers have `/proc/sys` mounted on itself, read-only; no other directory of the kernel's leads to a file of this name.
        let sys = openat(&self.top, c"sys", DIRECTORY, Mode::empty()).ok().filter(is_proc)?;
        let id = read(open(&sys, "kernel/random/boot_id", OFlags::RDONLY | OFlags::NOFOLLOW).ok()?)?;
        Some(String::from_utf8(id).ok()?.trim_end().to_owned())
    }

    /// Returns the namespaces that process ids and start times are of here (pid_namespaces(7), time_namespaces(7)).
    pub(super) fn namespaces(&self) -> Option<String> {
        let pid = self.link("self/ns/pid").ok()?;
        let time = match self.link("self/ns/time") {
            // A kernel that was built without them.
            Err(Errno::NOENT) => Vec::new(),
            link => link.ok()?,
        };
        Some(String::from_utf8_lossy(&[&pid[..], b" ", &time].concat()).trim_end().to_owned())
    }

    fn text(&self, path: &str) -> Option<Vec<u8>> {
        read(open(&self.top, path, OFlags::RDONLY).ok()?)
    }

    /// Returns where a link leads, in the kernel's words.
    fn link(&self, path: &str) -> Result<Vec<u8>, Errno> {
        let link = open(&self.top, path, OFlags::PATH | OFlags::NOFOLLOW)?;
        Ok(readlinkat(&link, c"", Vec::new())?.into_bytes())
    }
}

/// A directory that nothing but its place is wanted of.
const DIRECTORY: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens what lies below `top`, in the same mount all the way.
fn open(top: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let within = ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS;
    openat2(top, path, flags | OFlags::CLOEXEC, Mode::empty(), within)
}

fn read(file: OwnedFd) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::from(file).take(LONGEST).read_to_end(&mut text).ok()?;
    Some(text)
}

fn is_proc(file: &OwnedFd) -> bool {
    fstatfs(file).is_ok_and(|found| i128::from(found.f_type) == PROC)
}

#[cfg(test)]
mod tests {
    use super::Kernel;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_kernel_knows_this_process() {
        let kernel = Kernel::of_here().unwrap();
        let stat = kernel.stat(std::process::id()).unwrap();
        assert_eq!(stat.ppid, std::os::unix::process::parent_id());
        assert_eq!(kernel.stat(u32::MAX), None);
        assert_eq!(kernel.boot().unwrap().len(), 36);
        let pid = std::fs::read_link("/proc/self/ns/pid").unwrap().into_os_string().into_string().unwrap();
        assert!(kernel.namespaces().unwrap().starts_with(&pid));
        let [comm, exe, words] = kernel.names(std::process::id());
        let own = std::env::current_exe().unwrap();
        assert_eq!(exe, own.as_os_str().as_encoded_bytes());
        assert!(!comm.is_empty() && !words.is_empty());
    }

    #[test]
    fn a_directory_that_looks_like_it_is_not_it() {
        let dir = tempfile::tempdir().unwrap();
        symlink(std::process::id().to_string(), dir.path().join("self")).unwrap();
        assert!(Kernel::at(dir.path()).is_none());
        symlink("/proc", dir.path().join("link")).unwrap();
        assert!(Kernel::at(&dir.path().join("link")).is_none());
        for path in ["/proc/self", "/proc/sys", "/proc/self/root/proc/self", "/sys", "/no/such/place"] {
            assert!(Kernel::at(path.as_ref()).is_none(), "{path}");
        }
    }
}
