//! The one mouth: the only place that prints.
//!
//! Words go to standard error, questions to `/dev/tty`; standard output belongs to the command, or to
//! the answer of a subcommand. A closed pipe is no error.

use std::io::{BufRead as _, BufReader, Write};

/// Prints the answer of a subcommand on standard output, with a newline.
pub fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Says one line on standard error, after `gate: `.
pub fn say(text: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "gate: {text}");
}

/// Says what went wrong: `gate: error: …`, with the chain of causes joined by `: `.
pub fn error(error: &anyhow::Error) {
    say(&format!("error: {error:#}"));
}

/// Says what to do next: `gate: hint: …`.
pub fn hint(text: &str) {
    say(&format!("hint: {text}"));
}

/// Asks one question on the terminal and returns the line that is typed; what was typed ahead is thrown away.
///
/// # Errors
/// There is no terminal.
pub fn ask(question: &str) -> anyhow::Result<String> {
    use anyhow::Context as _;
    let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.context("there is no terminal to ask on")?;
    let _nothing_to_drain = rustix::termios::tcflush(&terminal, rustix::termios::QueueSelector::IFlush);
    terminal.write_all(question.as_bytes()).context("failed to ask on the terminal")?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).context("failed to read the terminal")?;
    Ok(line)
}
