//! The line of ancestors of this process, and which process an approved command runs below. From `/proc` (proc_pid_stat(5)).
//!
//! MUST rules:
//! 1. What `/proc` does not tell means that nobody stands above: without an answer everything is asked about.
//! 2. Only the kernel's own files count, of this process's own namespace: a directory that somebody mounted on `/proc`, or a file on
//!    one of another process, says nothing.
//! 3. What lost its parent does not count as inside: a runner neither is the first process nor adopts orphans.

use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use super::origin::Stat;
use crate::approval::{Process, Runner};

/// The first process of a namespace, which every orphan becomes a child of.
const FIRST: u32 = 1;

/// No chain of ancestors is followed further than this.
const MOST: usize = 64;

/// The first words of a command line that may name what is run: an interpreter, its options, its script.
const MOST_WORDS: usize = 4;

/// A command line is read up to here.
const LONGEST: usize = 4096;

/// Returns the process `pid`, or this one, as the runner of a command that starts from now on.
pub fn runner(pid: Option<u32>) -> Option<Runner> {
    if pid.is_none() {
        give_up_orphans()?;
    }
    let pid = pid.unwrap_or(std::process::id());
    if pid == FIRST {
        return None;
    }
    let (boot, namespace) = place()?;
    Some(Runner { pid, started: Stat::by_kernel(pid)?.started, since: now()?, boot, namespace })
}

/// Gives up what whoever started gate may have asked for: that orphans become children of this process (PR_SET_CHILD_SUBREAPER(2const)).
#[cfg(target_os = "linux")]
fn give_up_orphans() -> Option<()> {
    rustix::process::set_child_subreaper(None).ok()
}

#[cfg(not(target_os = "linux"))]
fn give_up_orphans() -> Option<()> {
    Some(())
}

/// Claims that the runner's process id means here what it meant there.
pub fn is_of_here(runner: &Runner) -> bool {
    place().is_some_and(|(boot, namespace)| boot == runner.boot && namespace == runner.namespace)
}

/// Returns this process and its ancestors, the nearest first, as far as it is certain who they are.
pub fn lineage() -> Vec<Process> {
    let mut line = Vec::new();
    let own = std::process::id();
    let is_own = || std::fs::read_link("/proc/self").is_ok_and(|link| link == Path::new(&own.to_string()));
    let mut next = is_own().then(|| Stat::by_kernel(own)).flatten().map(|stat| (own, stat));
    while line.len() < MOST
        && let Some((pid, stat)) = next
    {
        let names = names(pid);
        next = Stat::by_kernel(stat.ppid).map(|parent| (stat.ppid, parent));
        line.push(Process { pid, started: stat.started, names });
        // While it has this parent, the parent's number is nobody else's.
        if Stat::by_kernel(pid).is_none_or(|again| again.ppid != stat.ppid || again.started != stat.started) {
            break;
        }
    }
    line
}

/// Returns what a process is called.
fn names(pid: u32) -> Vec<String> {
    let dir = Path::new("/proc").join(pid.to_string());
    let file = |path: &[u8]| {
        String::from_utf8_lossy(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()).into_owned()
    };
    let said = std::fs::read(dir.join("comm")).unwrap_or_default();
    let program = std::fs::read_link(dir.join("exe")).unwrap_or_default();
    let mut words = std::fs::read(dir.join("cmdline")).unwrap_or_default();
    words.truncate(LONGEST);
    let words = words.split(|byte| *byte == 0).take(MOST_WORDS);
    let mut names = vec![file(said.trim_ascii_end()), file(program.as_os_str().as_encoded_bytes())];
    names.extend(words.map(file).filter(|name| !name.is_empty()));
    names
}

/// Returns what a process id is one of: the boot and the namespace.
fn place() -> Option<(String, String)> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some((boot.trim_end().to_owned(), namespace.to_string_lossy().into_owned()))
}

/// Returns the time since boot in clock ticks, as start times are given.
#[cfg(target_os = "linux")]
fn now() -> Option<u64> {
    let time = clock_gettime(ClockId::Boottime);
    let ticks = rustix::param::clock_ticks_per_second();
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let part = u64::try_from(time.tv_nsec).ok()? * ticks / 1_000_000_000;
    Some(seconds * ticks + part)
}

#[cfg(not(target_os = "linux"))]
fn now() -> Option<u64> {
    let _unused = clock_gettime(ClockId::Monotonic);
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{is_of_here, lineage, runner};

    #[test]
    fn the_line_begins_with_this_process_and_its_parent() {
        let line = lineage();
        assert_eq!(line[0].pid, std::process::id());
        if let Some(parent) = line.get(1) {
            assert_eq!(parent.pid, std::os::unix::process::parent_id());
        }
        assert!(!line[0].names[0].is_empty() && line[0].names.len() > 2, "{line:?}");
    }

    #[test]
    fn a_runner_is_told_by_its_start() {
        let own = runner(None).unwrap();
        assert_eq!((own.pid, own.started), (std::process::id(), lineage()[0].started));
        assert!(own.since >= own.started && is_of_here(&own));
        assert_eq!(runner(Some(u32::MAX)), None);
    }

    #[test]
    fn orphans_are_nobody_elses_children() {
        rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).unwrap();
        assert!(runner(None).is_some());
        assert_eq!(rustix::process::child_subreaper().unwrap(), None);
        assert_eq!(runner(Some(1)), None);
    }
}
