//! What the hot path does with a command line: makes a wish of it, has gate carry it out, and reports what came of it.

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::hot::{Call, Work};
use super::{glass, line, shells};
use crate::command::{Command, Source};
use crate::config::{Config, Places};
use crate::error::Exit;
use crate::exec::User;
use crate::gate::{Ending, Gate, Wish, say_not_run};
use crate::report::{Report, ReportFile};
use crate::ui;
use crate::why::{self, Why};

/// Judges, asks, records and runs; returns the command's exit code, or gate's own.
///
/// # Errors
/// Whatever kept gate from doing so: nothing was run.
pub(super) fn run(call: Call) -> anyhow::Result<ExitCode> {
    if let Work::Line(dialect) = call.work {
        return line::run(call, dialect);
    }
    let source = shells::shown(&call.work);
    reported(call.result.clone(), call.home.clone(), &source, || start(call))
}

/// Does `work`, which runs `source`, says if it failed, and writes what came of it to the result file, if one is asked for.
///
/// # Errors
/// A result file that cannot be written: then nothing is done.
pub(super) fn reported(
    result: Option<PathBuf>,
    home: Option<PathBuf>,
    source: &Source,
    work: impl FnOnce() -> anyhow::Result<Ending>,
) -> anyhow::Result<ExitCode> {
    let result = result.or_else(|| variable("GATE_RESULT").map(PathBuf::from));
    // Opened first: a script that asks for the result must get one, whatever happens then.
    let file =
        match result.map(|path| ReportFile::open(&path, &own_directories(home.as_deref())?)).transpose() {
            Ok(file) => file,
            Err(error) => return Ok(failed(&error, source, "name another file for the result")),
        };
    let ended = work();
    if let Some(file) = file {
        let report = match &ended {
            Ok(ending) => ending.full_report(),
            Err(error) => Report::of_error(&format!("{error:#}"), Exit::Failed as u8),
        };
        if let Err(error) = file.write(&report) {
            ui::error(&error);
        }
    }
    let doctor = || format!("`{} doctor` looks for what is wrong", called(home));
    Ok(ended.map_or_else(|error| failed(&error, source, &doctor()), |ending| ending.exit()))
}

/// Says what kept gate from running the command, and what to do.
fn failed(error: &anyhow::Error, source: &Source, hint: &str) -> ExitCode {
    ui::error(error);
    say_not_run(source);
    ui::hint(hint);
    Exit::Failed.into()
}

/// Returns how gate is called to find the same files again.
fn called(home: Option<PathBuf>) -> String {
    let home = home.and_then(|home| std::path::absolute(home).ok());
    Places::of(&User::current(), home).map_or_else(|_no_home| "gate".to_owned(), |places| places.gate())
}

/// Returns the directories of gate's own files: those of `home`, and the usual ones.
fn own_directories(home: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let user = User::current();
    let given = home.map(std::path::absolute).transpose()?;
    let places = [given, None].into_iter().filter_map(|home| Places::of(&user, home).ok());
    Ok(places.flat_map(Places::directories).collect())
}

fn start(call: Call) -> anyhow::Result<Ending> {
    if let Work::Shell(shell) = &call.work {
        shells::for_person(shell, call.home.as_deref())?;
    }
    let (config, policy) = Config::load_with_policy(call.home.as_deref())?;
    let (said, asserted) = (Why { reason: call.reason, ticket: call.ticket }, asserted());
    let source = match call.work {
        Work::Command(source) => source,
        Work::Line(_) => anyhow::bail!("a line is judged for the shell it was typed into"),
        Work::File(dialect, words) => shells::file(&config.host, dialect, words, &config.cwd)?,
        Work::Shell(shell) => match shells::only_reads(&shell) {
            Some(words) => shells::file(&config.host, shell.dialect, words, &config.cwd)?,
            None => return shells::run(&shell, config, policy, (&said.or(asserted), call.wait)),
        },
        Work::Ssh => match variable("SSH_ORIGINAL_COMMAND") {
            Some(command) => shells::text(command.into_vec()),
            None => return shells::run(&shells::login(), config, policy, (&said.or(asserted), call.wait)),
        },
    };
    let (inside, source) = without_why(source);
    let wish = Wish {
        command: Command { source, cwd: config.cwd.clone() },
        why: said.or(inside).or(asserted),
        wait: call.wait,
    };
    // The process ends next, and the system takes back all it has: closing the store by hand would only cost.
    let mut gate = ManuallyDrop::new(Gate::open(config, policy)?);
    match &call.emergency {
        Some(emergency) => glass::run(&mut gate, wish, emergency),
        None => gate.run(wish),
    }
}

/// Returns why `source` is wanted, and the source without the words that say so.
pub(super) fn why_of(call: &mut Call, source: Source) -> (Why, Source) {
    let said = Why { reason: call.reason.take(), ticket: call.ticket.take() };
    let (inside, source) = without_why(source);
    (said.or(inside).or(asserted()), source)
}

fn asserted() -> Why {
    Why { reason: variable("GATE_REASON").map(text), ticket: variable("GATE_TICKET").map(text) }
}

/// Takes the reason and ticket off a script's beginning: what runs is the text without them.
fn without_why(source: Source) -> (Why, Source) {
    match source {
        Source::Argv(words) => (Why::default(), Source::Argv(words)),
        Source::Script { dialect, options, text, args } => {
            let (why, rest) = why::take_from(&text);
            let text = rest.to_vec();
            (why, Source::Script { dialect, options, text, args })
        }
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(value: OsString) -> String {
    value.to_string_lossy().into_owned()
}
