//! The one mouth: the only place that prints.
//!
//! Words go to standard error, questions to `/dev/tty`; standard output belongs to the command, or to
//! the answer of a subcommand. A closed pipe is no error; an answer that is lost in any other way is (see [`is_answer_lost`]).

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use crate::command::visible_lines;

static ANSWER_LOST: AtomicBool = AtomicBool::new(false);

/// Claims that the cursor stands behind a line that somebody typed.
static BEHIND_A_LINE: AtomicBool = AtomicBool::new(false);

/// Prints the answer of a subcommand on standard output, with a newline.
pub fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    answered(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Prints what somebody is to see before they decide; claims that all of it was written, and nobody closed the other end before.
#[must_use]
pub fn show(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    let is_whole = written.is_ok();
    answered(written);
    is_whole
}

/// Prints a card, as [`show`] does. Of the lines that stand behind `quote`, on a terminal, those that say what is added are green and
/// those that say what is taken away are red, unless `NO_COLOR` is set; the signs themselves stay.
#[must_use]
pub fn show_card(text: &str, quote: &str) -> bool {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if is_plain || !rustix::termios::isatty(std::io::stdout()) {
        return show(text);
    }
    show(&text.split('\n').map(|line| painted(line, quote)).collect::<Vec<_>>().join("\n"))
}

fn painted(line: &str, quote: &str) -> String {
    let colour = match line.strip_prefix(quote).and_then(|rest| rest.trim_start().bytes().next()) {
        Some(b'-') => "31",
        Some(b'+') => "32",
        Some(_) | None => return line.to_owned(),
    };
    format!("\x1b[{colour}m{line}\x1b[0m")
}

/// Prints the one line that another program waits for on standard output.
///
/// # Errors
/// Any failure: a reader that has gone has no answer.
pub fn reply(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Says so, once, if an answer was `written` in vain, as on a full disk; a reader that has gone wants no more of it.
pub fn answered(written: std::io::Result<()>) {
    if let Err(failed) = written
        && failed.kind() != std::io::ErrorKind::BrokenPipe
        && !ANSWER_LOST.swap(true, Ordering::Relaxed)
    {
        error(&anyhow::Error::new(failed).context("failed to write the answer"));
    }
}

/// Claims that an answer could not be written, so that no exit code may call the subcommand done.
pub fn is_answer_lost() -> bool {
    ANSWER_LOST.load(Ordering::Relaxed)
}

/// Prints one line of a unified diff on standard output; in colour on a terminal, unless `NO_COLOR` is set.
pub fn difference(line: &str) {
    let colour = match line.as_bytes() {
        [b'-', ..] => "31",
        [b'+', ..] => "32",
        [b'@', ..] => "36",
        _ => "",
    };
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if colour.is_empty() || is_plain || !rustix::termios::isatty(std::io::stdout()) {
        answer(line);
    } else {
        answer(&format!("\x1b[{colour}m{line}\x1b[0m"));
    }
}

/// Prints one line of an answer on standard output; marks under a text (`^^^  rule`) in colour on a terminal, unless `NO_COLOR` is set.
pub fn marks(line: &str) {
    let marks = line.trim_start().split("  ").next().unwrap_or_default();
    let is_marks = !marks.is_empty() && marks.bytes().all(|byte| matches!(byte, b'^' | b' '));
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if !is_marks || is_plain || !rustix::termios::isatty(std::io::stdout()) {
        answer(line);
    } else {
        answer(&format!("\x1b[31m{line}\x1b[0m"));
    }
}

/// Returns standard output, for an answer that is too long to hold; the writer sees a closed pipe and decides.
pub fn output() -> impl Write {
    std::io::BufWriter::with_capacity(1 << 16, std::io::stdout())
}

/// A bar on standard error that shows how far long work has come; nothing where that is no terminal.
pub struct Bar {
    label: &'static str,
    total: u64,
    shown: std::cell::Cell<u64>,
}

impl Bar {
    /// Returns the bar of work that counts up to `total`; 0 shows none.
    pub fn new(label: &'static str, total: u64) -> Bar {
        let total = if rustix::termios::isatty(std::io::stderr()) { total } else { 0 };
        Bar { label, total, shown: std::cell::Cell::new(u64::MAX) }
    }

    /// Shows that `done` of it is done.
    pub fn set(&self, done: u64) {
        let Some(percent) = (done * 100).checked_div(self.total).map(|percent| percent.min(100)) else {
            return;
        };
        if self.shown.replace(percent) != percent {
            let filled = "#".repeat((percent / 4) as usize);
            let _closed = write!(std::io::stderr(), "\rgate: {} [{filled:<25}] {percent:>3} %", self.label);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.total > 0 && self.shown.get() != u64::MAX {
            let _closed = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// Has the next words begin on a line of their own.
pub fn begin_on_a_new_line() {
    BEHIND_A_LINE.store(true, Ordering::Relaxed);
}

fn end_line_before() {
    if BEHIND_A_LINE.swap(false, Ordering::Relaxed) {
        let _closed = std::io::stderr().lock().write_all(b"\n");
    }
}

/// Says one line on standard error, after `gate: `. Whatever is invisible in it is made visible, whoever it came from.
pub fn say(text: &str) {
    end_line_before();
    let _closed = writeln!(std::io::stderr().lock(), "gate: {}", visible_lines(text.as_bytes()));
}

/// Says what went wrong: `gate: error: …`, with the chain of causes joined by `: `.
pub fn error(error: &anyhow::Error) {
    say(&format!("error: {error:#}"));
}

/// Says what to do next: `gate: hint: …`.
pub fn hint(text: &str) {
    say(&format!("hint: {text}"));
}

/// Prints what another program said, on standard error, with everything invisible made visible.
pub fn pass(said: &[u8]) {
    end_line_before();
    let _closed = std::io::stderr().lock().write_all(visible_lines(said).as_bytes());
}

/// Rings the terminal's bell, and has one that can show a notification with these words of gate's own (OSC 9; source: iTerm2's
/// "Proprietary Escape Codes"). Other terminals pass over it; one that may not gets the bell alone.
pub fn ring(notice: &str) {
    let term = std::env::var_os("TERM").unwrap_or_default();
    let is_plain = term.is_empty() || term == "dumb" || term == "linux";
    let mut err = std::io::stderr().lock();
    if !is_plain && rustix::termios::isatty(std::io::stderr()) {
        let _closed = write!(err, "\x1b]9;gate: {}\x07", visible_lines(notice.as_bytes()));
    }
    let _closed = err.write_all(b"\x07");
}

/// Asks one question on the terminal and returns the line that is typed; what was typed ahead is thrown away.
///
/// # Errors
/// There is no terminal.
pub fn ask(question: &str) -> anyhow::Result<String> {
    match hear(question, || Ok(false))? {
        Heard::Line(line) => Ok(line),
        Heard::Change | Heard::End => Ok(String::new()),
    }
}

/// What ended listening to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line was typed.
    Line(String),
    /// Something else changed meanwhile.
    Change,
    /// The terminal was closed, or its end-of-file key pressed.
    End,
}

/// Asks on the terminal like [`ask`], and looks twice a second whether `changed`.
///
/// # Errors
/// There is no terminal, or `changed` failed.
pub fn hear(question: &str, mut changed: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<Heard> {
    let mut terminal = terminal()?;
    let _usual = Usual::make(&terminal);
    terminal.write_all(question.as_bytes()).context("failed to ask on the terminal")?;
    while !is_readable(&terminal)? {
        if changed()? {
            return Ok(Heard::Change);
        }
    }
    let mut line = String::new();
    let count = BufReader::new(&terminal).read_line(&mut line).context("failed to read the terminal")?;
    Ok(if count == 0 { Heard::End } else { Heard::Line(line) })
}

/// Lets the person pick one of `items` with the arrow keys; `None` if they would rather not.
///
/// # Errors
/// There is no terminal.
pub fn choose(prompt: &str, items: &[&str]) -> anyhow::Result<Option<usize>> {
    terminal()?;
    let select = dialoguer::Select::new().with_prompt(prompt).items(items).default(0);
    select.interact_opt().context("failed to ask on the terminal")
}

/// A terminal that hands out whole lines and shows what is typed, where a shell's line editor had it otherwise.
struct Usual {
    terminal: File,
    before: rustix::termios::Termios,
}

impl Usual {
    fn make(terminal: &File) -> Option<Usual> {
        use rustix::termios::{InputModes, LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(terminal).ok()?;
        if before.local_modes.contains(LocalModes::ICANON) {
            return None;
        }
        let mut usual = before.clone();
        usual.local_modes |= LocalModes::ICANON | LocalModes::ECHO;
        usual.input_modes |= InputModes::ICRNL;
        tcsetattr(terminal, OptionalActions::Now, &usual).ok()?;
        Some(Usual { terminal: terminal.try_clone().ok()?, before })
    }
}

impl Drop for Usual {
    fn drop(&mut self) {
        let now = rustix::termios::OptionalActions::Now;
        let _hung_up = rustix::termios::tcsetattr(&self.terminal, now, &self.before);
    }
}

/// Opens the terminal, and throws away what was typed ahead: nobody answers a question they have not seen.
fn terminal() -> anyhow::Result<File> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    let terminal = terminal.context("there is no terminal to ask on")?;
    let _nothing_to_drain = rustix::termios::tcflush(&terminal, rustix::termios::QueueSelector::IFlush);
    Ok(terminal)
}

fn is_readable(terminal: &File) -> anyhow::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let half_a_second = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
    match poll(&mut [PollFd::new(terminal, PollFlags::IN)], Some(&half_a_second)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error).context("failed to wait for the terminal"),
    }
}
