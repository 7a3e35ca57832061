//! Gate in a shell's place: a script file, a script on standard input, a person at a terminal.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::hot::Work;
use crate::command::{Dialect, Source};
use crate::config::{Config, Places};
use crate::exec::{Host, Interactive, NotStarted, User, become_interactive, real_shell, shell_name};
use crate::gate::{Ending, Gate, Shell};
use crate::policy::Policy;
use crate::why::Why;

/// Returns the command that runs a script file by the real shell of `dialect`, whatever `PATH` says that shell is.
///
/// # Errors
/// There is no such shell.
pub(super) fn file(
    host: &Host,
    dialect: Dialect,
    words: Vec<Vec<u8>>,
    cwd: &Path,
) -> Result<Source, NotStarted> {
    let name = shell_name(dialect);
    let real = real_shell(host, dialect).ok_or(NotStarted::NoShell { name })?;
    let same = |found: &Path| std::fs::canonicalize(found).ok() == std::fs::canonicalize(&real).ok();
    // The plain name, where it leads there: it stands in front of the shell's own messages.
    let is_found = host.find(name.as_bytes(), cwd).is_some_and(|found| same(&found));
    let first = if is_found { OsStr::new(name) } else { real.as_os_str() };
    Ok(Source::Argv(std::iter::once(first.as_bytes().to_vec()).chain(words).collect()))
}

/// Returns the words of a shell that only reads its script (`-n`, `-D`) and runs nothing of it; there is nothing to hand over.
pub(super) fn only_reads(shell: &Shell) -> Option<Vec<Vec<u8>>> {
    let is_reader = |option: &Vec<u8>| {
        let letters = option.strip_prefix(b"-").filter(|letters| !letters.starts_with(b"-"));
        let reads = |letter: &u8| matches!(letter, b'n' | b'D');
        option == b"noexec" || letters.is_some_and(|letters| letters.iter().any(reads))
    };
    let reads = !shell.is_interactive && shell.options.iter().any(is_reader);
    let form = [b"-s".to_vec(), b"--".to_vec()];
    reads.then(|| [shell.options.as_slice(), &form, &shell.args].concat())
}

/// Returns what was asked for as a command, for messages about it.
pub(super) fn shown(work: &Work) -> Source {
    let argv = |dialect: Dialect, words: &[Vec<u8>]| {
        Source::Argv([&[shell_name(dialect).as_bytes().to_vec()], words].concat())
    };
    match work {
        Work::Command(source) => source.clone(),
        Work::File(dialect, words) => argv(*dialect, words),
        Work::Shell(shell) => argv(shell.dialect, &[&shell.options[..], &shell.args].concat()),
        Work::Line(dialect) => argv(*dialect, &[]),
        Work::Ssh => argv(Dialect::Bash, &[]),
    }
}

/// Returns the script that somebody gave as one text.
pub(super) fn text(text: Vec<u8>) -> Source {
    Source::Script { dialect: Dialect::Bash, options: Vec::new(), text, args: Vec::new() }
}

/// Returns the shell of a person who logs in.
pub(super) fn login() -> Shell {
    Shell {
        dialect: Dialect::Bash,
        options: vec![b"--login".to_vec()],
        args: Vec::new(),
        is_interactive: false,
    }
}

/// Becomes the real shell where a person sits at a terminal; returns where nobody does.
///
/// # Errors
/// There is no such shell, or none that can ask gate: nothing was started.
pub(super) fn for_person(shell: &Shell, home: Option<&Path>) -> anyhow::Result<()> {
    use std::io::{stderr, stdin};
    if !rustix::termios::isatty(stdin()) || !(shell.is_interactive || rustix::termios::isatty(stderr())) {
        return Ok(());
    }
    let user = User::current();
    let home = home.map(std::path::absolute).transpose()?;
    let state = Places::of(&user, home.clone())?.state;
    let asked = Interactive {
        dialect: shell.dialect,
        options: &shell.options,
        args: &shell.args,
        judge: &judge(shell.dialect, home)?,
        state: &state,
        is_dashed: std::env::args_os().next().is_some_and(|name| name.as_bytes().starts_with(b"-")),
    };
    Err(become_interactive(&Host::of(&user), &asked).into())
}

/// Returns the call that judges a line, by the path of this very program.
fn judge(dialect: Dialect, home: Option<PathBuf>) -> std::io::Result<Vec<OsString>> {
    let mut words = vec![std::env::current_exe()?.into_os_string()];
    if let Some(home) = home {
        words.extend(["--home".into(), home.into_os_string()]);
    }
    words.extend(["--as", shell_name(dialect), "--line"].map(OsString::from));
    Ok(words)
}

/// Runs a shell that reads its commands itself.
///
/// # Errors
/// Whatever kept gate from it: what was not handed over did not run.
pub(super) fn run(
    shell: &Shell,
    config: Config,
    policy: Policy,
    (why, wait): (&Why, Option<Duration>),
) -> anyhow::Result<Ending> {
    Gate::open(config, policy)?.session(shell, why, wait)
}
