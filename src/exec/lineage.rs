//! The line of ancestors of this process, and which process an approved command runs below.
//!
//! MUST rules:
//! 1. What the [kernel](super::kernel) does not tell means that nobody stands above: without an answer everything is asked about.
//! 2. A process id and a start time mean something in one boot, one process namespace and one time namespace only.
//! 3. What lost its parent does not count as inside: a runner neither is the first process nor adopts orphans.

use rustix::time::{ClockId, clock_gettime};

use super::kernel::Kernel;
use crate::approval::{Process, Runner};

/// The first process of a namespace, which every orphan becomes a child of.
const FIRST: u32 = 1;

/// No chain of ancestors is followed further than this.
const MOST: usize = 64;

/// The first words of a command line that may name what is run: an interpreter, its options, its script.
const MOST_WORDS: usize = 4;

/// Returns the process `pid`, or this one, as the runner of a command that starts from now on.
pub fn runner(pid: Option<u32>) -> Option<Runner> {
    if pid.is_none() {
        give_up_orphans()?;
    }
    let pid = pid.unwrap_or(std::process::id());
    if pid == FIRST {
        return None;
    }
    let kernel = Kernel::of_here()?;
    let (boot, namespace) = place(&kernel)?;
    Some(Runner { pid, started: kernel.stat(pid)?.started, since: now()?, boot, namespace })
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
    let here = Kernel::of_here().and_then(|kernel| place(&kernel));
    here.is_some_and(|(boot, namespace)| boot == runner.boot && namespace == runner.namespace)
}

/// Returns this process and its ancestors, the nearest first, as far as it is certain who they are.
pub fn lineage() -> Vec<Process> {
    let mut line = Vec::new();
    let Some(kernel) = Kernel::of_here() else { return line };
    let stat = |pid: u32| kernel.stat(pid).map(|stat| (pid, stat));
    let mut next = stat(std::process::id());
    while line.len() < MOST
        && let Some((pid, own)) = next
    {
        next = stat(own.ppid);
        line.push(Process { pid, started: own.started, names: names(&kernel, pid) });
        // While it has this parent, the parent's number is nobody else's.
        if stat(pid).is_none_or(|(_, again)| (again.ppid, again.started) != (own.ppid, own.started)) {
            break;
        }
    }
    line
}

/// Returns what a process is called.
fn names(kernel: &Kernel, pid: u32) -> Vec<String> {
    let file = |path: &[u8]| {
        String::from_utf8_lossy(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()).into_owned()
    };
    let [said, program, words] = kernel.names(pid);
    let words = words.split(|byte| *byte == 0).take(MOST_WORDS);
    let mut names = vec![file(said.trim_ascii_end()), file(&program)];
    names.extend(words.map(file).filter(|name| !name.is_empty()));
    names
}

/// Returns what a process id and a start time are of: the boot and the namespaces.
fn place(kernel: &Kernel) -> Option<(String, String)> {
    Some((kernel.boot()?, kernel.namespaces()?))
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
