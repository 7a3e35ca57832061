//! What `--result FILE` (or `GATE_RESULT`) is told: who spoke and which state was reached, as one JSON object on one line.
//!
//! MUST rules:
//! 1. The file is opened before anything is judged: if it cannot be written, nothing runs.
//! 2. Only a file that is new, empty or an earlier result is written, never through a link: the path is the requester's word.
//! 3. No text of the requester's enters it, and what a shell would expand is escaped: the object is data to whoever reads it.

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
    /// The request's id.
    pub request: Option<String>,
    /// The approver who decided.
    pub by: Option<String>,
    /// The exit code: the command's own if it ran, else gate's.
    pub exit: Option<u8>,
    /// The signal that ended the command.
    pub signal: Option<i32>,
    /// What kept gate from running it.
    pub error: Option<String>,
}

impl Report {
    /// Returns the report of an error of gate itself.
    pub fn of_error(error: &str, exit: u8) -> Report {
        Report {
            state: "ERROR".to_owned(),
            exit: Some(exit),
            error: Some(error.to_owned()),
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
    /// Opens or makes the file.
    ///
    /// # Errors
    /// It cannot be written, or holds something else.
    pub fn open(path: &Path) -> anyhow::Result<ReportFile> {
        let open = || -> anyhow::Result<File> {
            let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
            let mut options = OpenOptions::new();
            let file =
                options.read(true).write(true).create(true).truncate(false).custom_flags(flags).open(path)?;
            let found = file.metadata()?;
            ensure!(found.is_file(), "it is not a regular file");
            let mut head = Vec::new();
            (&file).take(BEGINNING.len() as u64).read_to_end(&mut head)?;
            ensure!(head.is_empty() || head == BEGINNING, "it holds something else than a result of gate");
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
        let json = json.replace('$', "\\u0024").replace('`', "\\u0060") + "\n";
        let mut write = || {
            self.file.rewind()?;
            self.file.set_len(0)?;
            self.file.write_all(json.as_bytes())
        };
        write().with_context(|| format!("failed to write the result file `{}`", self.path.display()))
    }
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
        ReportFile::open(&path).unwrap().write(&report("somebody with a long name")).unwrap();
        ReportFile::open(&path).unwrap().write(&report("mara")).unwrap();
        let expected = "{\"state\":\"REJECTED\",\"verdict\":null,\"rules\":[],\"request\":null,\"by\":\"mara\",\"exit\":126,\"signal\":null,\"error\":null}\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        fs::write(&path, "{\"mine\": 1}").unwrap();
        let error = format!("{:#}", ReportFile::open(&path).unwrap_err());
        assert!(error.ends_with("it holds something else than a result of gate"), "{error}");
        let link = dir.path().join("link");
        symlink(dir.path().join("new"), &link).unwrap();
        assert!(ReportFile::open(&link).is_err());
        assert!(ReportFile::open(dir.path()).is_err());
        assert!(ReportFile::open(&dir.path().join("no/such")).is_err());
    }

    #[test]
    fn what_a_shell_would_expand_is_escaped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        ReportFile::open(&path).unwrap().write(&report("$(id)`id`")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains('$') && !text.contains('`'), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["by"], "$(id)`id`");
    }
}
