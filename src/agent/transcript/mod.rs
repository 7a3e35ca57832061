//! What an agent wrote down about its own work: the shell commands in its transcripts, one by one.
//!
//! MUST rules:
//! 1. It reads, and changes nothing: no link is followed, nothing but a regular file is opened.
//! 2. Nothing in a transcript stops it: a line that is no JSON, too long or of another shape is counted and left out.
//! 3. One line is in memory at a time; what is remembered about earlier ones is bounded.
//!
//! Neither agent promises its format. What is read here is what the public descriptions and the sources name, see
//! `claude` and `codex`; a line of a shape that nobody described adds nothing, and is no error.

mod claude;
mod codex;
mod files;
mod lines;
mod loose;
mod seen;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::command::{Command, Dialect, Source};
use crate::why::take_from;
use files::{Found, open};
use lines::{Line, each_line};
use seen::Seen;

/// Whose transcripts are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Claude Code: `~/.claude/projects`.
    Claude,
    /// Codex: `~/.codex/sessions`.
    Codex,
}

impl Format {
    /// Returns the directory below a home that this agent writes to.
    pub fn usual(self) -> &'static str {
        match self {
            Format::Claude => ".claude/projects",
            Format::Codex => ".codex/sessions",
        }
    }

    /// Returns the requester that its commands come from, as a policy names it.
    pub fn requester(self) -> &'static str {
        match self {
            Format::Claude => "agent:claude-code",
            Format::Codex => "agent:codex",
        }
    }

    /// Returns the agent's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Format::Claude => "Claude Code",
            Format::Codex => "Codex",
        }
    }
}

/// A command that an agent ran, or wanted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub command: Command,
    /// When, where the transcript says so.
    pub time: Option<Timestamp>,
    /// Claims that a subagent wanted it.
    pub subagent: bool,
    /// Claims that the transcript names no directory: `/` stands in for it.
    pub nowhere: bool,
}

/// What stands in a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A command.
    Called(Call),
    /// An earlier command failed, or was turned down in the agent's own prompt.
    Failed,
}

/// What was not read, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Lines that are no JSON, or cut off.
    pub broken: u64,
    /// Lines longer than 16 MiB.
    pub too_long: u64,
    /// Shell calls without a command in them.
    pub empty: u64,
    /// Calls that another transcript, or the same one again, has too: a resumed session repeats what was before.
    pub again: u64,
    /// Files and directories that could not be read.
    pub unreadable: u64,
    /// Symbolic links, and what is no regular file.
    pub strange: u64,
    /// Files that were too many, or lay too deep.
    pub beyond: u64,
}

/// The transcripts of one agent below one directory.
#[derive(Debug)]
pub struct Transcripts {
    format: Format,
    files: Vec<(PathBuf, u64)>,
    skipped: Skipped,
    seen: Seen,
}

impl Transcripts {
    /// Returns the transcripts below `dir`, or the one that `dir` is, in the order of their names.
    ///
    /// # Errors
    /// `dir` itself cannot be read.
    pub fn below(dir: &Path, format: Format) -> std::io::Result<Transcripts> {
        let Found { files, skipped } = files::find(dir, |name| match format {
            Format::Claude => name.ends_with(".jsonl"),
            Format::Codex => name.starts_with("rollout-") && name.ends_with(".jsonl"),
        })?;
        Ok(Transcripts { format, files, skipped, seen: Seen::default() })
    }

    /// Returns how many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Claims that there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns how many bytes they hold.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }

    /// Calls `each` with everything in them, file by file, and `progress` with the bytes read so far.
    pub fn read(mut self, progress: impl Fn(u64), mut each: impl FnMut(Event)) -> Skipped {
        let mut done = 0;
        for (path, size) in std::mem::take(&mut self.files) {
            match open(&path) {
                Ok(file) => self.read_one(file, |at| progress(done + at.min(size)), &mut each),
                Err(_) => self.skipped.unreadable += 1,
            }
            done += size;
            progress(done);
        }
        self.skipped
    }

    fn read_one(&mut self, file: std::fs::File, progress: impl Fn(u64), each: &mut impl FnMut(Event)) {
        let (skipped, seen) = (&mut self.skipped, &mut self.seen);
        let mut session = codex::Session::default();
        let format = self.format;
        let ended = each_line(file, |line, at| {
            progress(at);
            let mut found = Finds { skipped, seen, each };
            match line {
                Line::TooLong => found.skipped.too_long += 1,
                Line::Whole(text) if text.trim_ascii().is_empty() => {}
                Line::Whole(text) => match format {
                    Format::Claude => claude::line(text, &mut found),
                    Format::Codex => session.line(text, &mut found),
                },
            }
        });
        if ended.is_err() {
            self.skipped.unreadable += 1;
        }
    }
}

/// Where a reader of one format puts what it finds.
struct Finds<'a> {
    skipped: &'a mut Skipped,
    seen: &'a mut Seen,
    each: &'a mut dyn FnMut(Event),
}

impl Finds<'_> {
    /// Takes a call with the id `id`, unless it was there before.
    fn call(&mut self, id: Option<&str>, call: Call) {
        if id.is_some_and(|id| !self.seen.add(id)) {
            self.skipped.again += 1;
        } else {
            (self.each)(Event::Called(call));
        }
    }

    /// Takes the news that the call with this id failed, if it was a command's.
    fn failed(&mut self, id: &str) {
        if self.seen.holds(id) {
            (self.each)(Event::Failed);
        }
    }
}

/// Returns the command that an agent's shell was given, as gate in that shell's place judges it: without the reason in front, which speaks to gate.
fn script(text: &str, dialect: Dialect) -> Source {
    let text = take_from(text.as_bytes()).1.to_vec();
    Source::Script { dialect, options: Vec::new(), text, args: Vec::new() }
}

/// Returns `dir` if it is absolute, else `/` and that it is not known.
fn place(dir: Option<&str>) -> (PathBuf, bool) {
    match dir.map(PathBuf::from).filter(|dir| dir.is_absolute()) {
        Some(dir) => (dir, false),
        None => (PathBuf::from("/"), true),
    }
}

#[cfg(test)]
mod tests;
