//! Where gate itself runs: process, login sessions, terminal. On Linux from `/proc/PID/stat` (proc_pid_stat(5)).

use std::path::Path;

use super::Host;
use crate::approval::{Origin, Session};
use crate::world::World as _;

/// What the kernel calls its own `/proc` (`PROC_SUPER_MAGIC`, statfs(2)); its type differs from one C library to the next.
#[cfg(target_os = "linux")]
pub(super) const PROC: i128 = 0x9fa0;

/// No chain of ancestors is followed further than this.
const MOST_ANCESTORS: usize = 64;

/// Claims that the process that asked still lives; a process id that was given out again counts as it.
pub fn is_alive(origin: &Origin) -> bool {
    let pid = i32::try_from(origin.pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Returns where this process runs, without sessions: enough for an entry.
pub fn origin(host: &Host) -> Origin {
    of(host, Stat::of(std::process::id()).as_ref(), Vec::new())
}

/// Returns where this process runs, with its session and those of all its ancestors: what a decision is checked against.
pub fn origin_with_ancestors(host: &Host) -> Origin {
    let own = Stat::of(std::process::id());
    let mut sessions: Vec<Session> = Vec::new();
    let mut next = own.clone();
    for _ in 0..MOST_ANCESTORS {
        let Some(process) = next else { break };
        if process.session != 0 && sessions.last().is_none_or(|last| last.leader != process.session) {
            sessions.push(session(process.session));
        }
        next = Stat::of(process.ppid);
    }
    of(host, own.as_ref(), sessions)
}

fn of(host: &Host, own: Option<&Stat>, sessions: Vec<Session>) -> Origin {
    Origin {
        pid: std::process::id(),
        ppid: std::os::unix::process::parent_id(),
        host: host.host(),
        sessions,
        tty: own.and_then(|own| terminal(own.tty)),
    }
}

fn session(leader: u32) -> Session {
    Session { leader, started: Stat::of(leader).map_or(0, |leader| leader.started) }
}

/// The fields of a process that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) ppid: u32,
    session: u32,
    tty: u32,
    pub(super) started: u64,
}

impl Stat {
    #[cfg(target_os = "linux")]
    pub(super) fn of(pid: u32) -> Option<Stat> {
        use rustix::fs::{Mode, OFlags, open};
        // The line has at most some 400 bytes, and the kernel gives it in one read.
        let mut line = [0; 1024];
        let file = open(format!("/proc/{pid}/stat"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let count = rustix::io::read(file.ok()?, &mut line).ok()?;
        Stat::parse(&String::from_utf8_lossy(&line[..count]))
    }

    /// Without `/proc`, only gate's own session is known, and no terminal: who has none cannot decide.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(pid: u32) -> Option<Stat> {
        let session = rustix::process::getsid(None).ok()?.as_raw_nonzero().get() as u32;
        let ppid = std::os::unix::process::parent_id();
        (pid == std::process::id()).then_some(Stat { ppid, session, tty: 0, started: 0 })
    }

    /// The program's name is in parentheses and may hold anything, so the fields are counted from the last `)`.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is no /proc to parse"))]
    pub(super) fn parse(text: &str) -> Option<Stat> {
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Field 3 of the manual, the state, is the first here.
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Stat {
            ppid: field(4)?.parse().ok()?,
            session: field(6)?.parse().ok()?,
            tty: field(7)?.parse::<i64>().ok()? as u32,
            started: field(22)?.parse().ok()?,
        })
    }
}

/// Returns the path of a controlling terminal by its device number (major 136–143: pseudo-terminals, 4: consoles).
fn terminal(device: u32) -> Option<String> {
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xf_ff00);
    let path = match major {
        0 => return None,
        136..=143 => format!("/dev/pts/{}", (major - 136) * 256 + minor),
        4 => format!("/dev/tty{minor}"),
        _ => return Some(format!("/dev/tty (device {major}:{minor})")),
    };
    Path::new(&path).exists().then_some(path).or_else(|| Some(format!("/dev/tty (device {major}:{minor})")))
}

#[cfg(test)]
mod tests {
    use super::{Stat, origin, origin_with_ancestors, terminal};
    use crate::exec::Host;

    #[test]
    fn a_program_may_call_itself_anything() {
        let text = "7 (a) R 1 2 (x) S 3 7 5 34816 7 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 1 2";
        let expected = Stat { ppid: 3, session: 5, tty: 34816, started: 99 };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("7 (a"), None);
    }

    #[test]
    fn device_numbers_name_terminals() {
        assert_eq!(terminal(0), None);
        assert_eq!(terminal(3 << 8).as_deref(), Some("/dev/tty (device 3:0)"));
    }

    #[test]
    fn the_own_session_comes_first_and_those_of_ancestors_follow() {
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
        let (short, long) = (origin(&host), origin_with_ancestors(&host));
        assert_eq!(short.pid, std::process::id());
        assert_eq!((short.ppid, &short.tty), (long.ppid, &long.tty));
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let leader = stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap().parse().unwrap();
        // The leader of a session that began outside this process namespace is 0, and has no name here.
        if leader == 0 {
            assert!(long.sessions.iter().all(|session| session.leader != 0));
        } else {
            assert_eq!(long.sessions.first().map(|session| session.leader), Some(leader));
        }
        assert!(short.sessions.is_empty());
    }
}
