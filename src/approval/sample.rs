//! Requests and decisions for tests.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::command::{Command, Source};
use crate::digest::Digest;
use crate::moment::{BootId, Moment};

/// Returns the moment this many seconds into the test.
pub(crate) fn at(seconds: u64) -> Moment {
    Moment { utc_us: 1_795_251_600_000_000, boot_ns: 0, boot: BootId(7) }.after(Duration::from_secs(seconds))
}

pub(crate) fn command(words: &[&str]) -> Command {
    Command {
        source: Source::Argv(words.iter().map(|word| word.as_bytes().to_vec()).collect()),
        cwd: PathBuf::from("/work"),
    }
}

pub(crate) fn content(words: &[&str]) -> Content {
    let cwd = BoundDirectory { path: PathBuf::from("/work"), device: 1, inode: u64::MAX };
    let bound = Bound {
        programs: Vec::new(),
        cwd,
        files: Vec::new(),
        env: vec![("B".into(), None), ("A".into(), Some(Digest::of(b"x")))],
        stdin: BoundStdin::Empty,
        facts: Vec::new(),
    };
    Content::of(&command(words), &bound)
}

pub(crate) fn policy() -> Digest {
    Digest::of(b"policy")
}

pub(crate) fn requester(name: &str) -> Requester {
    Requester {
        kind: RequesterKind::Agent,
        name: name.to_owned(),
        uid: 1000,
        user: "bob".to_owned(),
        on_behalf_of: Some("bob".to_owned()),
        asserted: vec!["agent: CLAUDECODE is set".to_owned()],
    }
}

pub(crate) fn origin() -> Origin {
    Origin {
        pid: 42,
        ppid: 41,
        host: "box".into(),
        sessions: vec![Session { leader: 40, started: 99 }],
        tty: None,
    }
}

pub(crate) fn ask(name: &str) -> Ask {
    Ask {
        requester: requester(name),
        origin: origin(),
        reason: Some("tidy up".to_owned()),
        ticket: None,
        rules: vec![AskedBy {
            rule: "git.force-push".to_owned(),
            risk: Risk::High,
            reason: "rewrites history that others may have pulled".to_owned(),
            instead: None,
            spans: Vec::new(),
        }],
        risk: Risk::High,
        actions: Vec::new(),
        labels: Vec::new(),
        policy: policy(),
        requirement: Requirement { deadline: Duration::from_secs(3600), ..Requirement::default() },
        uncovered: Vec::new(),
        input: None,
        previews: Vec::new(),
        per_call: None,
        reach: Reach::Rule,
    }
}

pub(crate) fn request(ask: Ask) -> Request {
    Request::new(RequestId::from_random(7), content(&["git", "push", "--force"]), ask, at(0))
}

pub(crate) fn decision(request: &Request, name: &str, answer: Answer) -> Decision {
    let uid = name.bytes().fold(2000, |sum, byte| sum + u32::from(byte));
    Decision {
        about: request.digest(),
        answer,
        approver: Approver {
            name: name.to_owned(),
            uid,
            session: Session { leader: uid, started: 1 },
            tty: Some("/dev/pts/9".to_owned()),
            agent: None,
        },
        assurance: Assurance::Tty,
        channel: "tty".to_owned(),
        comment: None,
        salt: None,
        displayed: Digest::of(b"card"),
        left_out: None,
        step: request.progress.step,
        decided: request.created,
        grant: None,
        head: None,
        only: Vec::new(),
        key: None,
        signature: None,
    }
}

pub(crate) fn recheck(request: &Request) -> Recheck {
    Recheck { content: request.content.digest(), policy: request.ask.policy }
}
