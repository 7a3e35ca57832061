//! A shell that reads its commands from a stream: each is judged, and only then handed over; the shell lives on between them.
//!
//! MUST rules:
//! 1. A command is judged in the light of all that were handed over before it, in the directory that the shell is in by now.
//! 2. What was refused is not handed over. A script ends there, because nothing after it may rely on it; an interactive shell goes on.
//! 3. An approval holds for this session only: what ran before belongs to what was approved.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::{Ending, Ends, Gate, Judged, Meaning, Wish};
use crate::approval::{BoundStdin, Reach, Requester, Runner};
use crate::command::{Command, Dialect, Source};
use crate::config::Config;
use crate::digest::Digest;
use crate::error::Exit;
use crate::exec::{
    self, Ended, Gathered, Heard, NotStarted, Reading, Ready, STREAM, Session, is_warning, read_by_shell,
    shell_name,
};
use crate::report::Report;
use crate::shell::{Closing, Past, Unit, analyse_after, first_unit};
use crate::ui;
use crate::why::Why;
use crate::world::World as _;

/// A shell as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    pub dialect: Dialect,
    /// Its options, without `-c` and `-s`.
    pub options: Vec<Vec<u8>>,
    /// `$1`, `$2`, ….
    pub args: Vec<Vec<u8>>,
    /// Claims that it goes on after a refusal (`-i`).
    pub is_interactive: bool,
}

/// How a command that may run gets to run.
pub(super) enum Hands {
    /// Gate starts it.
    Own,
    /// It is written to a shell.
    Shell(Box<Line>),
    /// The shell that asked runs it. What is known of that shell is what it says.
    Asker(Box<Past>),
}

/// What is known at one command of a session.
pub(super) struct Line {
    session: Session,
    past: Past,
    /// The digest of everything that was handed over so far.
    history: Option<Digest>,
    /// How the braces around the command are closed; `None` where only the shell knows how it ends.
    closing: Option<Closing>,
    /// Claims that nothing comes behind it.
    is_last: bool,
    /// The line of the script that the command begins on.
    number: usize,
}

/// What stands next in a script.
enum Next {
    /// A unit of this many bytes.
    Unit(usize),
    /// What the shell calls an error, with what it says, and how many bytes it is.
    Wrong(Vec<u8>, usize),
    /// Nothing that is complete.
    More,
}

/// The exit code of bash for text that it cannot read.
const SYNTAX: u8 = 2;

impl Gate {
    /// Runs a shell whose script comes on standard input.
    ///
    /// # Errors
    /// Whatever kept gate from its work: what was not handed over did not run.
    pub fn session(&mut self, shell: &Shell, why: &Why, wait: Option<Duration>) -> anyhow::Result<Ending> {
        let asking = (why, wait);
        let options = match shell.is_interactive {
            // Start-up files where only the environment says that a home is are nobody's.
            true => interactive(shell, self.config.host.homes().len() > 1),
            false => shell.options.clone(),
        };
        let session = Session::new(&self.config.host, shell.dialect, &options, &shell.args)?;
        self.hands = Hands::Shell(Box::new(Line {
            session,
            past: Past::of_fed_shell(shell.is_interactive),
            history: None,
            closing: None,
            is_last: false,
            number: 1,
        }));
        let mut text = Vec::new();
        let mut is_all = false;
        let mut last = None;
        loop {
            let length = match self.next(shell, &mut text, is_all)? {
                Next::Unit(length) => length,
                Next::Wrong(said, length) => {
                    let wrong: Vec<u8> = text.drain(..length).collect();
                    match self.wrong(shell, &wrong, &said)? {
                        Some(ending) => return Ok(ending),
                        None => continue,
                    }
                }
                Next::More if is_all => break,
                Next::More => {
                    match self.line()?.session.listen(&mut text).context("failed to read the script")? {
                        Heard::More => {}
                        Heard::End => is_all = true,
                        Heard::Over => break,
                    }
                    continue;
                }
            };
            let unit: Vec<u8> = text.drain(..length).collect();
            if text.is_empty() && !is_all {
                match self.line()?.session.look(&mut text).context("failed to read the script")? {
                    Heard::More => {}
                    Heard::End => is_all = true,
                    Heard::Over => break,
                }
            }
            self.line()?.is_last = is_all && text.is_empty() && !shell.is_interactive;
            let ending = self.hand_over(shell, unit, asking)?;
            let is_refused = matches!(ending.ends, Ends::Gate(_));
            if (is_refused && !shell.is_interactive) || self.line()?.session.ended().is_some() {
                return self.close(ending);
            }
            last = Some(ending);
        }
        // The shell starts even for an empty script: its start-up and its exit code belong to it.
        let last = match last {
            Some(last) => last,
            None => self.hand_over(shell, Vec::new(), asking)?,
        };
        self.close(last)
    }

    /// Judges and records a line that the shell which asks runs itself, if it may.
    ///
    /// # Errors
    /// Whatever kept gate from its work: the line must not run.
    pub fn line_of_asker(&mut self, wish: Wish, past: Past) -> anyhow::Result<Ending> {
        self.hands = Hands::Asker(Box::new(past));
        self.run(wish)
    }

    /// Returns the length of the next unit, if it is certain where it ends; steps over what runs nothing.
    fn next(&mut self, shell: &Shell, text: &mut Vec<u8>, is_all: bool) -> anyhow::Result<Next> {
        loop {
            match first_unit(text, is_all, shell.dialect) {
                Unit::Blank(length) => {
                    let lines = text.drain(..length).filter(|byte| *byte == b'\n').count();
                    self.line()?.number += lines;
                }
                Unit::Complete { length, closing } => {
                    self.line()?.closing = Some(closing);
                    return Ok(Next::Unit(length));
                }
                Unit::Unclear if text.is_empty() => return Ok(Next::More),
                Unit::Unclear => {
                    self.line()?.closing = None;
                    return self.next_by_shell(shell, text, is_all);
                }
            }
        }
    }

    /// Asks the real shell after how many lines the text is complete.
    fn next_by_shell(&mut self, shell: &Shell, text: &[u8], is_all: bool) -> anyhow::Result<Next> {
        let name = shell_name(shell.dialect);
        let line = if shell.is_interactive { 1 } else { self.line()?.number };
        let mut ends: Vec<usize> =
            text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        if is_all && !text.ends_with(b"\n") {
            ends.push(text.len());
        }
        for end in ends.iter().take(MOST_LINES).copied() {
            match read_by_shell(&self.config.host, shell.dialect, name, &text[..end], line) {
                Some(Reading::Complete) => return Ok(Next::Unit(end)),
                Some(Reading::Incomplete(said)) if is_all && end == text.len() => {
                    let runs = !shell.is_interactive && is_warning(&said);
                    return Ok(if runs { Next::Unit(end) } else { Next::Wrong(said, end) });
                }
                Some(Reading::Incomplete(_)) => {}
                Some(Reading::Wrong(said)) => return Ok(Next::Wrong(said, end)),
                None => break,
            }
        }
        Ok(if is_all { Next::Unit(text.len()) } else { Next::More })
    }

    /// What no shell would run is said as the shell says it, and handed to nobody; a script ends there.
    fn wrong(&mut self, shell: &Shell, text: &[u8], said: &[u8]) -> anyhow::Result<Option<Ending>> {
        ui::pass(said);
        let line = self.line()?;
        line.number += text.iter().filter(|byte| **byte == b'\n').count();
        if shell.is_interactive {
            line.session.set_status(SYNTAX);
            return Ok(None);
        }
        let report = Report::of_error("a syntax error", SYNTAX);
        let ended = line.session.end(Some(SYNTAX));
        let ends = match ended {
            Some(Ended::Signalled(signal)) => Ends::Signal(signal),
            Some(Ended::Exited(code)) => Ends::Command(code),
            Some(Ended::Handed) | None => Ends::Command(SYNTAX),
        };
        Ok(Some(Ending { report, ends }))
    }

    /// Judges a unit, and hands it over if it may run.
    fn hand_over(
        &mut self,
        shell: &Shell,
        text: Vec<u8>,
        (why, wait): (&Why, Option<Duration>),
    ) -> anyhow::Result<Ending> {
        let cwd = self.line()?.session.cwd().unwrap_or_else(|| self.config.cwd.clone());
        if cwd != self.config.cwd {
            let home = self.config.places.given();
            (self.config, self.policy) = Config::load_for(home.as_deref(), cwd.clone())?.with_policy()?;
        }
        let zero = shell_name(shell.dialect).as_bytes().to_vec();
        let args = std::iter::once(zero).chain(shell.args.iter().cloned()).collect();
        let source = Source::Script { dialect: shell.dialect, options: shell.options.clone(), text, args };
        let command = Command { source, cwd };
        let after = self.analyse(&command).1;
        let wish = Wish { command: command.clone(), why: why.clone(), wait };
        let ending = self.run(wish)?;
        let lines = command.text().iter().filter(|byte| **byte == b'\n').count();
        let Hands::Shell(line) = &mut self.hands else { bail!("no shell to hand a command to") };
        line.number += lines;
        match ending.ends {
            Ends::Handed => {
                let text = command.text();
                let is_plain = !text.windows(2).any(|part| part == b"..");
                line.past = after;
                line.past.is_in(line.session.cwd().as_deref(), is_plain, &self.config.host);
                let before = line.history.map(|digest| digest.to_string()).unwrap_or_default();
                line.history = Some(Digest::of_parts(&[b"gate-session-v1", before.as_bytes(), &text]));
            }
            Ends::Gate(exit) if shell.is_interactive => line.session.set_status(exit as u8),
            Ends::Gate(_) | Ends::Command(_) | Ends::Signal(_) => {}
        }
        Ok(ending)
    }

    /// Lets the shell come to its end, and returns its exit code, or that of a refusal.
    fn close(&mut self, last: Ending) -> anyhow::Result<Ending> {
        let line = self.line()?;
        let code = match last.ends {
            Ends::Gate(exit) if line.session.ended().is_none() => Some(exit as u8),
            _ => None,
        };
        let ended = line.session.end(code);
        if line.session.is_astray() {
            bail!("the shell read on where a command should have been complete; it was ended");
        }
        Ok(match ended {
            Some(_) if code.is_some() => last,
            Some(Ended::Exited(code)) => Ending { ends: Ends::Command(code), ..last },
            Some(Ended::Signalled(signal)) => Ending { ends: Ends::Signal(signal), ..last },
            Some(Ended::Handed) => bail!("the shell has no end"),
            None => match last.ends {
                Ends::Gate(_) => last,
                _ => Ending { ends: Ends::Gate(Exit::Failed), ..last },
            },
        })
    }

    fn line(&mut self) -> anyhow::Result<&mut Line> {
        match &mut self.hands {
            Hands::Shell(line) => Ok(line),
            Hands::Own | Hands::Asker(_) => bail!("no shell to hand a command to"),
        }
    }

    fn analyse(&self, command: &Command) -> (crate::shell::Analysis, Past) {
        let nothing = Past::default();
        let past = match &self.hands {
            Hands::Shell(line) => &line.past,
            Hands::Asker(past) => past,
            Hands::Own => &nothing,
        };
        analyse_after(past, command, &self.config.host, &self.policy)
    }

    /// Returns what the policy says about `command`, in the light of what ran before it in the same shell.
    pub(super) fn judge_for(&self, command: &Command, requester: &Requester) -> Judged {
        let meaning = match self.hands {
            Hands::Own => Meaning::of(command, &self.config.host, &self.policy),
            // What a shell reads for itself comes in no envelope.
            Hands::Shell(_) | Hands::Asker(_) => Meaning::plain(self.analyse(command).0),
        };
        Judged::of_meaning(meaning, &command.cwd, &self.config, &self.policy, requester)
    }

    /// Returns the most that a grant may cover: in a shell that lives on, what ran before belongs to it, so nothing but the same again.
    pub(super) fn reach(&self, judged: &Judged, cwd: &Path) -> Reach {
        let is_plain = matches!(self.hands, Hands::Own) && !judged.reads_code();
        let most = if is_plain { Reach::Rule } else { Reach::Exact };
        judged.reach(cwd).min(most)
    }

    /// Gets a command to run that may.
    pub(super) fn carry_out(&mut self, ready: Ready) -> Result<Ended, NotStarted> {
        ready.is_as_judged()?;
        match &mut self.hands {
            Hands::Own => ready.run(),
            Hands::Asker(_) => Ok(Ended::Handed),
            Hands::Shell(line) => line.session.hand_over(ready, line.closing, line.number, line.is_last),
        }
    }

    /// Claims that gate itself starts the command, with what it has on standard input.
    pub(super) fn starts_it_itself(&self) -> bool {
        matches!(self.hands, Hands::Own)
    }

    /// Returns the process that a command runs below if it may: gate, or the shell that it is handed to.
    pub(super) fn runner(&self) -> Option<Runner> {
        match &self.hands {
            Hands::Own => exec::runner(None),
            Hands::Shell(line) => exec::runner(line.session.pid()),
            // It is somebody else's child, and gate is gone by then.
            Hands::Asker(_) => None,
        }
    }

    /// Adds what ran before in the same shell to what an approval is bound to.
    pub(super) fn bind_past(&self, gathered: &mut Gathered) {
        let line = match &self.hands {
            Hands::Own => return,
            Hands::Asker(_) => {
                let text = "functions, variables and options of the shell that it is typed into";
                return gathered.uncovered.push(text.to_owned());
            }
            Hands::Shell(line) => line,
        };
        // The script is gate's to read; its commands get nothing.
        gathered.bound.stdin = BoundStdin::Empty;
        gathered.uncovered.retain(|text| text != STREAM);
        let Some(history) = line.history else { return };
        gathered.bound.env.push((EARLIER.to_owned(), Some(history)));
        gathered
            .uncovered
            .push("functions, variables and options that earlier commands of the same shell set".to_owned());
    }
}

/// Returns the options of an interactive shell: bash wants its long ones first.
///
/// What is judged is what runs, so the shell must not put other text for a `!`.
fn interactive(shell: &Shell, is_home_elsewhere: bool) -> Vec<Vec<u8>> {
    let words = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
    let (first, last) = match shell.dialect {
        Dialect::Bash => (words(if is_home_elsewhere { &["--norc"] } else { &[] }), words(&["-i", "+H"])),
        Dialect::Zsh => (vec![], words(&["-i", "-o", "nobanghist"])),
        Dialect::Posix => (vec![], words(&["-i"])),
    };
    [first, shell.options.clone(), last].concat()
}

/// The most lines that the shell is asked about one by one.
const MOST_LINES: usize = 200;

/// How the history of a session is called where what differs is named; no variable can be called so.
const EARLIER: &str = "history of the shell";
