//! The process below which an approved command runs, and who stands below it.

use serde::{Deserialize, Serialize};

/// The process whose children an approved command is, as the kernel tells it from all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    pub pid: u32,
    /// Its start time in clock ticks since boot (`/proc/PID/stat` field 22).
    pub started: u64,
    /// The clock tick at which the command was about to start: a child from before that is none of its.
    pub since: u64,
    /// The kernel's boot id.
    pub boot: String,
    /// The namespaces that its process id and its start time are of (pid_namespaces(7), time_namespaces(7)).
    pub namespace: String,
}

/// One process of a line of ancestors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub started: u64,
    /// What it is called: its own word, its program's file, and the first arguments it was given, without directories.
    pub names: Vec<String>,
}

/// Returns the index of the nearest of `runners` that the line's first process stands below, or `None`.
///
/// `line` begins with the process itself and goes up. `is_barrier` tells the processes below which nothing counts.
pub fn nearest(line: &[Process], runners: &[Runner], is_barrier: impl Fn(&Process) -> bool) -> Option<usize> {
    for pair in line.windows(2) {
        let (child, parent) = (&pair[0], &pair[1]);
        let is_of = |runner: &Runner| {
            (runner.pid, runner.started) == (parent.pid, parent.started) && child.started >= runner.since
        };
        if let Some(found) = runners.iter().position(is_of) {
            return Some(found);
        }
        if is_barrier(parent) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Process, Runner, nearest};

    fn process(pid: u32, started: u64, name: &str) -> Process {
        Process { pid, started, names: vec![name.to_owned()] }
    }

    fn runner(pid: u32, started: u64, since: u64) -> Runner {
        Runner { pid, started, since, boot: "b".to_owned(), namespace: "n".to_owned() }
    }

    #[track_caller]
    fn case(runners: &[Runner], expected: Option<usize>) {
        let line = [
            process(9, 90, "gate"),
            process(8, 80, "make"),
            process(7, 70, "claude"),
            process(6, 60, "gate"),
            process(1, 1, "init"),
        ];
        assert_eq!(nearest(&line, runners, |process| process.names[0] == "claude"), expected, "{runners:?}");
    }

    #[test]
    fn only_what_stands_below_a_runner_is_of_its_command() {
        case(&[], None);
        case(&[runner(8, 80, 85)], Some(0));
        case(&[runner(6, 60, 65), runner(8, 80, 85)], Some(1));
        case(&[runner(5, 80, 85)], None);
    }

    #[test]
    fn a_process_that_got_the_number_of_another_is_not_it() {
        case(&[runner(8, 79, 85)], None);
    }

    #[test]
    fn a_child_from_before_the_command_is_none_of_its() {
        case(&[runner(8, 80, 91)], None);
    }

    #[test]
    fn what_stands_below_a_barrier_stands_alone() {
        case(&[runner(6, 60, 65)], None);
        case(&[runner(7, 70, 75)], Some(0));
    }

    #[test]
    fn the_process_itself_is_no_runner_of_its_own() {
        case(&[runner(9, 90, 0)], None);
    }
}
