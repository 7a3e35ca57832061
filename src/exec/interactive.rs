//! The real shell for a person: gate becomes it, and it asks gate about every line before it runs it.
//!
//! MUST rules:
//! 1. A shell without a line editor that gate knows is not started: nothing would judge what is typed.
//! 2. What bash reads of gate comes through a pipe that it closes first; there is no file that somebody could change. zsh wants a
//!    directory: it is one of gate's own, written anew each time.
//! 3. The person's own start-up files are read as the shell itself would read them, and before gate's part.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, IntoRawFd as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Host, NotStarted, real_shell, shell_name};
use crate::command::{Dialect, quoted};
use crate::world::World as _;

/// The part that has bash ask.
const BASH: &str = include_str!("interactive/bash.sh");

/// The part that has zsh ask.
const ZSH: &str = include_str!("interactive/zsh.sh");

/// An interactive shell as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interactive<'a> {
    pub dialect: Dialect,
    /// Its options, as they were given.
    pub options: &'a [Vec<u8>],
    /// `$1`, `$2`, ….
    pub args: &'a [Vec<u8>],
    /// The call that judges a line.
    pub judge: &'a [OsString],
    /// The directory of gate's own files.
    pub state: &'a Path,
    /// Claims that the name it was called by begins with `-`.
    pub is_dashed: bool,
}

/// Options that concern gate's part of the start-up, and the others.
#[derive(Default)]
struct Sorted {
    is_login: bool,
    no_profile: bool,
    no_rc: bool,
    is_posix: bool,
    rc: Option<Vec<u8>>,
    /// What the shell itself is given.
    rest: Vec<Vec<u8>>,
}

/// Options with which a shell does not let a person type into a line editor, or not gate into its start-up.
const UNFIT: [&[u8]; 8] = [
    b"--noediting",
    b"--restricted",
    b"--protected",
    b"--dump-strings",
    b"--dump-po-strings",
    b"--pretty-print",
    b"--debugger",
    b"--debug",
];

/// Becomes the shell; returns only if there is none to become.
pub fn become_interactive(host: &Host, asked: &Interactive<'_>) -> NotStarted {
    let prepared = match asked.dialect {
        Dialect::Zsh => prepare_zsh(host, asked),
        Dialect::Bash | Dialect::Posix => prepare(host, asked),
    };
    match prepared {
        Ok((path, mut command)) => {
            let error = command.exec();
            NotStarted::System { path, errno: error.raw_os_error().unwrap_or(libc::EIO) }
        }
        Err(problem) => problem,
    }
}

fn prepare(host: &Host, asked: &Interactive<'_>) -> Result<(PathBuf, Command), NotStarted> {
    let sorted = sort(asked.options)?;
    // A POSIX shell without hooks in its line editor cannot ask; bash is one too, under that name.
    let path = real_shell(host, Dialect::Bash).ok_or(NotStarted::NoShell { name: "bash" })?;
    let (reader, mut writer) = std::io::pipe().map_err(|error| broken(&path, &error))?;
    let place = OsString::from(format!("/dev/fd/{}", reader.as_raw_fd()));
    let text = start_up(host, asked, &sorted, reader.as_raw_fd());
    // It fits into the pipe, so that nobody has to read while it is written.
    writer.write_all(&text).map_err(|error| broken(&path, &error))?;
    let mut command = Command::new(&path);
    command.arg0(name(asked));
    if reads_rc(asked.dialect, &sorted) {
        command.arg("--rcfile").arg(&place);
    } else {
        command.env("ENV", &place);
        command.args((asked.dialect != Dialect::Posix).then_some("--posix"));
    }
    command.args(sorted.is_login.then_some("--login"));
    command.arg("-i").args(sorted.rest.iter().map(|option| OsStr::from_bytes(option)));
    if !asked.args.is_empty() {
        command.args(["-s", "--"]).args(asked.args.iter().map(|arg| OsStr::from_bytes(arg)));
    }
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty())
        .map_err(|errno| broken(&path, &errno.into()))?;
    let _kept_for_the_shell = reader.into_raw_fd();
    Ok((path, command))
}

/// zsh reads its start-up files from the directory that `ZDOTDIR` names: gate's own, whose files read the person's.
fn prepare_zsh(host: &Host, asked: &Interactive<'_>) -> Result<(PathBuf, Command), NotStarted> {
    let path = real_shell(host, Dialect::Zsh).ok_or(NotStarted::NoShell { name: "zsh" })?;
    let is_fit = |option: &&Vec<u8>| matches!(option.as_slice(), b"-l" | b"--login" | b"-i");
    if let Some(option) = asked.options.iter().find(|option| !is_fit(option)) {
        return Err(NotStarted::NoLines { option: String::from_utf8_lossy(option).into_owned() });
    }
    let dir = asked.state.join("shell").join("zsh");
    write_start_up(host, asked, &dir).map_err(|error| broken(&dir, &error))?;
    let mut command = Command::new(&path);
    command.arg0(name(asked)).env("ZDOTDIR", &dir);
    command.args((!asked.options.is_empty()).then_some("--login")).arg("-i");
    if !asked.args.is_empty() {
        command.args(["-s", "--"]).args(asked.args.iter().map(|arg| OsStr::from_bytes(arg)));
    }
    Ok((path, command))
}

/// Writes the files that zsh reads in gate's directory: each reads the person's own of that name where it would have been found
/// (zsh(1), STARTUP/SHUTDOWN FILES), and the last ones what has zsh ask.
fn write_start_up(host: &Host, asked: &Interactive<'_>, dir: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let own = quoted(dir.as_os_str().as_bytes());
    let before = match host.var("ZDOTDIR") {
        Some(before) => [b"ZDOTDIR=".as_slice(), &quoted(&before), b"\n"].concat(),
        None => b"unset ZDOTDIR\n".to_vec(),
    };
    let words: Vec<Vec<u8>> = asked.judge.iter().map(|word| quoted(word.as_bytes())).collect();
    let ask = [b"__gate_self=(".as_slice(), &words.join(&b' '), b")\n", ZSH.as_bytes()].concat();
    let back = b"if [[ -v __gate_zdotdir ]]; then ZDOTDIR=$__gate_zdotdir; else unset ZDOTDIR; fi\n";
    let to_own = [
        b"if [[ -v ZDOTDIR ]]; then __gate_zdotdir=$ZDOTDIR; else unset __gate_zdotdir; fi\nZDOTDIR="
            .as_slice(),
        &own,
        b"\nsetopt rcs\n",
    ]
    .concat();
    let read = |file: &str| {
        format!("[[ ! -r ${{ZDOTDIR:-$HOME}}/{file} ]] || source ${{ZDOTDIR:-$HOME}}/{file}\n").into_bytes()
    };
    let last =
        b"[[ -o login ]] && { if [[ -v ZDOTDIR ]]; then __gate_zdotdir=$ZDOTDIR; fi; ZDOTDIR=".as_slice();
    let files: [(&str, Vec<u8>); 4] = [
        (".zshenv", [before, read(".zshenv"), to_own.clone()].concat()),
        (".zprofile", [back.to_vec(), read(".zprofile"), to_own].concat()),
        (
            ".zshrc",
            [back.to_vec(), read(".zshrc"), ask.clone(), last.to_vec(), own, b" }\n".to_vec()].concat(),
        ),
        (".zlogin", [back.to_vec(), read(".zlogin"), ask].concat()),
    ];
    files.into_iter().try_for_each(|(file, text)| write_whole(&dir.join(file), &text))
}

/// Writes a file so that whoever reads it meanwhile reads the old one or the new one.
fn write_whole(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension(format!("{}", std::process::id()));
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text)?;
    std::fs::rename(&new, path)
}

fn broken(path: &Path, error: &std::io::Error) -> NotStarted {
    NotStarted::System { path: path.to_owned(), errno: error.raw_os_error().unwrap_or(libc::EIO) }
}

fn name(asked: &Interactive<'_>) -> String {
    let dash = if asked.is_dashed { "-" } else { "" };
    format!("{dash}{}", shell_name(asked.dialect))
}

/// Claims that bash is told by `--rcfile` where gate's part is. A login shell does not listen to that; it is started as a POSIX
/// shell, which reads the file that `ENV` names, and made a bash again there.
fn reads_rc(dialect: Dialect, sorted: &Sorted) -> bool {
    dialect == Dialect::Bash && !sorted.is_login && !sorted.no_rc && !sorted.is_posix
}

fn sort(options: &[Vec<u8>]) -> Result<Sorted, NotStarted> {
    let mut sorted = Sorted::default();
    let mut all = options.iter();
    while let Some(option) = all.next() {
        match option.as_slice() {
            b"--login" | b"-l" => sorted.is_login = true,
            b"--noprofile" => sorted.no_profile = true,
            b"--norc" => sorted.no_rc = true,
            b"--posix" => sorted.is_posix = true,
            b"--rcfile" | b"--init-file" => sorted.rc = all.next().cloned(),
            b"-o" | b"+o" | b"-O" | b"+O" => {
                sorted.rest.push(option.clone());
                sorted.rest.extend(all.next().cloned());
            }
            unfit if UNFIT.contains(&unfit) => {
                return Err(NotStarted::NoLines { option: String::from_utf8_lossy(unfit).into_owned() });
            }
            letters if !letters.starts_with(b"--") => {
                if letters.iter().any(|letter| b"rptn".contains(letter)) {
                    let option = String::from_utf8_lossy(letters).into_owned();
                    return Err(NotStarted::NoLines { option });
                }
                sorted.is_login |= letters.contains(&b'l');
                let rest: Vec<u8> = letters.iter().copied().filter(|letter| *letter != b'l').collect();
                sorted.rest.extend((rest.len() > 1).then_some(rest));
            }
            _ => sorted.rest.push(option.clone()),
        }
    }
    Ok(sorted)
}

/// Returns what the shell reads at its start: the person's own files as it would have read them, then gate's part.
fn start_up(host: &Host, asked: &Interactive<'_>, sorted: &Sorted, descriptor: i32) -> Vec<u8> {
    let mut text = format!("exec {descriptor}<&-\n").into_bytes();
    if !reads_rc(asked.dialect, sorted) {
        text.extend(environment(host, asked.dialect, sorted));
    }
    text.extend(own_files(host, asked.dialect, sorted));
    let words: Vec<Vec<u8>> = asked.judge.iter().map(|word| quoted(word.as_bytes())).collect();
    text.extend_from_slice(b"__gate_self=(");
    text.extend(words.join(&b' '));
    text.extend_from_slice(b")\n");
    text.extend_from_slice(BASH.as_bytes());
    text
}

/// Returns what puts back what the way to this file has changed: `ENV`, and being a POSIX shell.
fn environment(host: &Host, dialect: Dialect, sorted: &Sorted) -> Vec<u8> {
    let mut text = match host.var("ENV") {
        Some(env) => [b"ENV=", quoted(&env).as_slice(), b"\n"].concat(),
        None => b"builtin unset ENV\n".to_vec(),
    };
    if dialect == Dialect::Bash && !sorted.is_posix {
        text.extend_from_slice(b"builtin set +o posix\nbuiltin shopt -u inherit_errexit\n");
        if host.var("POSIXLY_CORRECT").is_none() {
            text.extend_from_slice(b"builtin unset POSIXLY_CORRECT\n");
        }
        if host.var("HISTFILE").is_none() {
            text.extend_from_slice(b"HISTFILE=~/.bash_history\n");
        }
    }
    text
}

/// Returns what reads the person's own start-up files, in the shell's order (bash(1), INVOCATION).
fn own_files(host: &Host, dialect: Dialect, sorted: &Sorted) -> Vec<u8> {
    let is_posix = dialect == Dialect::Posix || sorted.is_posix;
    if is_posix {
        let has_env = host.var("ENV").is_some_and(|env| !env.is_empty());
        // The name in `ENV` is expanded, as the shell would.
        let read = "eval \"__gate_env=\\\"$ENV\\\"\"; [ ! -r \"$__gate_env\" ] || . \"$__gate_env\"; unset __gate_env\n";
        return if has_env { read.into() } else { Vec::new() };
    }
    if sorted.is_login {
        let login = "[ ! -r /etc/profile ] || . /etc/profile\n\
            if [ -r ~/.bash_profile ]; then . ~/.bash_profile\n\
            elif [ -r ~/.bash_login ]; then . ~/.bash_login\n\
            elif [ -r ~/.profile ]; then . ~/.profile\nfi\n";
        return if sorted.no_profile { Vec::new() } else { login.into() };
    }
    match &sorted.rc {
        _ if sorted.no_rc => Vec::new(),
        Some(file) => {
            let file = quoted(file);
            [b"[ ! -r ", file.as_slice(), b" ] || . ", file.as_slice(), b"\n"].concat()
        }
        None => b"[ ! -r ~/.bashrc ] || . ~/.bashrc\n".to_vec(),
    }
}
