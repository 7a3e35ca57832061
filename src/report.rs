//! What `--result FILE` (or `GATE_RESULT`) is told: who spoke and which state was reached, as one JSON object on one line.
//!
//! MUST rules:
//! 1. The file is opened before anything is judged: if it cannot be written, nothing runs.
//! 2. Only a file that is new, empty or an earlier result is written, never through a link: the path is the requester's word. It is
//!    looked at again before it is written, and one of gate's own directories is no place for it.
//! 3. No text of the requester's enters it (its command, its reason and its ticket stay out; `gate show --json ID` has them), and what a
//!    shell would expand or a page would take for a tag is escaped: the object is data to whoever reads it.
//!
//! docs/agents.md lists the keys. They are stable: one is added at times, none is renamed or taken away.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Serialize;

/// How every result begins.
const BEGINNING: &[u8] = b"{\"state\":";

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// A state of a request (`SUCCEEDED`, `PENDING`, …), `BLOCKED` for a refusal by the policy, or `ERROR`.
    pub state: String,
    /// `allow`, `ask` or `deny`; absent if nothing was judged.
    pub verdict: Option<String>,
    /// The rules that spoke.
    pub rules: Vec<String>,
    /// Claims that it ran only because the policy observes; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub observed: bool,
    /// The id of the approved request that the command was run as a part of; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// The incident that the glass was broken in; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// The request's id.
    pub request: Option<String>,
    /// The approver who decided.
    pub by: Option<String>,
    /// The id of the request whose grant or plan approved it; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// The exit code: the command's own if it ran, else gate's.
    pub exit: Option<u8>,
    /// The signal that ended the command.
    pub signal: Option<i32>,
    /// What kept gate from running it.
    pub error: Option<String>,
    /// Why: the reason of the rule that decided, or what made a request invalid.
    pub reason: Option<String>,
    /// What to do instead, in the words of the rules.
    pub instead: Vec<String>,
    /// What the approver who decided last wrote.
    pub comment: Option<String>,
    /// What to do next, if the command was not run.
    pub next: Option<Next>,
    /// Until when a request that is still open can be decided, RFC 3339.
    pub until: Option<String>,
}

/// What a requester does next after its command was not run: one word, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Do what `instead` says.
    Instead,
    /// Leave it, or talk to a person.
    Leave,
    /// Run `gate resume REQUEST` when it is approved.
    Resume,
    /// Run the command again, to ask anew.
    AskAgain,
    /// Give a reason.
    Reason,
    /// Give a ticket.
    Ticket,
    /// Take one of the waiting requests back first.
    Cancel,
    /// Give it its input in a file, or none.
    Input,
    /// Look at the request: another process has run it.
    Show,
    /// Set gate up so that somebody can answer.
    SetUp,
    /// Mend what is broken: `gate doctor`.
    Mend,
}

impl Report {
    /// Returns the report of an error of gate itself.
    pub fn of_error(error: &str, exit: u8) -> Report {
        Report {
            state: "ERROR".to_owned(),
            exit: Some(exit),
            error: Some(error.to_owned()),
            next: Some(Next::Mend),
            ..Report::default()
        }
    }
}

/// A result file, open and not written yet.
#[derive(Debug)]
pub struct ReportFile {
    file: File,
    path: PathBuf,
}

impl ReportFile {
    /// Opens or makes the file, which must not lie in one of the directories that are `kept`, nor below one.
    ///
    /// # Errors
    /// It cannot be written, holds something else, or lies where it must not.
    pub fn open(path: &Path, kept: &[PathBuf]) -> anyhow::Result<ReportFile> {
        let open = || -> anyhow::Result<File> {
            ensure!(!lies_in(path, kept)?, "it lies among gate's own files");
            let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
            let mut options = OpenOptions::new();
            let file =
                options.read(true).write(true).create(true).truncate(false).custom_flags(flags).open(path)?;
            let found = file.metadata()?;
            ensure!(found.is_file(), "it is not a regular file");
            check(&file)?;
            Ok(file)
        };
        let file = open().with_context(|| format!("failed to open the result file `{}`", path.display()))?;
        Ok(ReportFile { file, path: path.to_path_buf() })
    }

    /// Writes the report over what was there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(mut self, report: &Report) -> anyhow::Result<()> {
        let json = serde_json::to_string(report).expect("a report has string keys only");
        let json = escaped(&json) + "\n";
        let mut write = || -> anyhow::Result<()> {
            check(&self.file)?;
            self.file.rewind()?;
            self.file.set_len(0)?;
            Ok(self.file.write_all(json.as_bytes())?)
        };
        write().with_context(|| format!("failed to write the result file `{}`", self.path.display()))
    }
}

/// Returns the JSON with those characters of its strings as escapes that mean something to a shell or on a page.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '$' | '`' | '!' | '<' | '>' | '&' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Claims that `path` lies in or below one of the directories that are `kept`, wherever links lead.
fn lies_in(path: &Path, kept: &[PathBuf]) -> std::io::Result<bool> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = std::fs::canonicalize(directory)?;
    let is_kept = |kept: &PathBuf| std::fs::canonicalize(kept).is_ok_and(|kept| directory.starts_with(kept));
    Ok(kept.iter().any(is_kept))
}

/// Returns an error if the file holds something else than a result.
fn check(mut file: &File) -> anyhow::Result<()> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(BEGINNING.len() as u64).read_to_end(&mut head)?;
    ensure!(head.is_empty() || head == BEGINNING, "it holds something else than a result of gate");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Report, ReportFile};
    use std::fs;
    use std::os::unix::fs::symlink;

    fn report(by: &str) -> Report {
        Report { state: "REJECTED".into(), by: Some(by.into()), exit: Some(126), ..Report::default() }
    }

    #[test]
    fn an_earlier_result_is_replaced_and_nothing_else_ever_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        ReportFile::open(&path, &[]).unwrap().write(&report("somebody with a long name")).unwrap();
        ReportFile::open(&path, &[]).unwrap().write(&report("mara")).unwrap();
        let expected = "{\"state\":\"REJECTED\",\"verdict\":null,\"rules\":[],\"request\":null,\"by\":\"mara\",\"exit\":126,\"signal\":null,\"error\":null,\"reason\":null,\"instead\":[],\"comment\":null,\"next\":null,\"until\":null}\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        fs::write(&path, "{\"mine\": 1}").unwrap();
        let error = format!("{:#}", ReportFile::open(&path, &[]).unwrap_err());
        assert!(error.ends_with("it holds something else than a result of gate"), "{error}");
        let link = dir.path().join("link");
        symlink(dir.path().join("new"), &link).unwrap();
        assert!(ReportFile::open(&link, &[]).is_err());
        assert!(ReportFile::open(dir.path(), &[]).is_err());
        assert!(ReportFile::open(&dir.path().join("no/such"), &[]).is_err());
    }

    #[test]
    fn rule_2_what_was_empty_and_has_become_something_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("was-empty");
        let file = ReportFile::open(&path, &[]).unwrap();
        fs::write(&path, "SQLite format 3").unwrap();
        let error = format!("{:#}", file.write(&report("mara")).unwrap_err());
        assert!(error.ends_with("it holds something else than a result of gate"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"SQLite format 3");
    }

    #[test]
    fn rule_2_gates_own_directories_are_no_place_for_a_result() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("own");
        fs::create_dir_all(own.join("runs")).unwrap();
        symlink(&own, dir.path().join("link")).unwrap();
        for path in ["own/gate.db", "own/runs/9", "link/gate.db", "link/../own/config.toml"] {
            let error = ReportFile::open(&dir.path().join(path), std::slice::from_ref(&own)).unwrap_err();
            assert!(format!("{error:#}").ends_with("it lies among gate's own files"), "{error:#}");
        }
        assert_eq!(fs::read_dir(&own).unwrap().count(), 1);
        assert!(ReportFile::open(&dir.path().join("r.json"), &[own]).is_ok());
    }

    #[test]
    fn what_a_shell_would_expand_or_a_page_would_take_for_a_tag_is_escaped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        ReportFile::open(&path, &[]).unwrap().write(&report("$(id)`id`!!<b>&amp;")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(|c| "$`!<>&".contains(c)), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["by"], "$(id)`id`!!<b>&amp;");
    }
}
