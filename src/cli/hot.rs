//! The hot path: `gate [OPTIONS] -- CMD [ARG]…` and `gate [OPTIONS] -c STRING [ARG0 ARG…]`, parsed by hand.
//!
//! The shell's own options may stand anywhere before STRING, as bash takes them (`-lc`, `-c -l`, `-o pipefail -c`).
//! Under the name `bash`, `sh` or `zsh`, or with `--as NAME`, gate is that shell: without `-c` its arguments are the shell's
//! (`bash x.sh`), and without any the script comes on standard input, or from a person.
//!
//! Two forms need no `-c`, because no subcommand looks like them: `gate STRING`, where the one word is shell text (an
//! agent's command prefix passes the whole text so), and `gate ./FILE ARG…`, a script file (so a `#!` line does).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::glass::Emergency;
use crate::command::{Dialect, Source};
use crate::gate::Shell;
use crate::policy::duration;

/// What was asked for on the hot path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `--home DIR`.
    pub home: Option<PathBuf>,
    /// `--reason TEXT`: why, in the requester's words.
    pub reason: Option<String>,
    /// `--ticket ID`.
    pub ticket: Option<String>,
    /// `--result FILE`: where the outcome is written as one JSON object.
    pub result: Option<PathBuf>,
    /// `--wait DURATION`: how long to wait for a decision, instead of what the configuration says.
    pub wait: Option<Duration>,
    /// `--break-glass TEXT`, with `--key FILE`.
    pub emergency: Option<Emergency>,
    /// What is to run.
    pub work: Work,
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A command or script that is known.
    Command(Source),
    /// A shell that runs a script file with its arguments: the words after the shell's name.
    File(Dialect, Vec<Vec<u8>>),
    /// A shell that reads its commands from standard input.
    Shell(Shell),
    /// What `SSH_ORIGINAL_COMMAND` holds, or a login shell (`--ssh-command`).
    Ssh,
    /// A line that a person typed, only judged and recorded: the shell that asks runs it itself (`--line`). It comes on descriptor 3,
    /// with what the shell says of itself.
    Line(Dialect),
}

/// How the command line is wrong; gate's exit code for it is 125.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// An option without the value it needs.
    NoValue(String),
    /// Neither gate's option nor the shell's.
    UnknownOption(String),
    /// `--` or `-c` with nothing after it.
    NoCommand(&'static str),
    /// A value that is no duration.
    NoDuration(String),
    /// A shell that gate cannot stand in for.
    NoShell(String),
    /// Options for running a command, but no command.
    NothingToRun,
    /// `--break-glass` for what is not known as a whole before it runs.
    NoGlass,
    /// `--key` without `--break-glass`.
    NoSignature,
}

impl std::error::Error for Usage {}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Usage::NoValue(option) => write!(f, "option `{option}` needs a value"),
            Usage::UnknownOption(option) => write!(f, "unknown option `{option}`; see `gate --help`"),
            Usage::NoCommand("-c") => write!(f, "nothing after `-c`, expected a script"),
            Usage::NoCommand(after) => write!(f, "nothing after `{after}`, expected a command"),
            Usage::NoDuration(text) => {
                write!(f, "`{text}` is no duration, expected one like `100s`, `15m` or `8h`")
            }
            Usage::NoShell(name) => write!(f, "`{name}` is no shell, expected `bash`, `sh` or `zsh`"),
            Usage::NoGlass => {
                write!(f, "`--break-glass` is for one command or script, given with `--`, `-c` or as a file")
            }
            Usage::NoSignature => write!(f, "`--key` goes with `--break-glass`; nothing else here is signed"),
            Usage::NothingToRun => write!(f, "nothing to run, expected `-- CMD` or `-c STRING`"),
        }
    }
}

/// Returns what to run, or `None` if `args` (the program's name first) are for a subcommand.
///
/// # Errors
/// A command line that can only be meant for the hot path, and is wrong.
pub fn parse(args: &[OsString]) -> Result<Option<Call>, Usage> {
    let mut parser = Parser::new(args);
    while let Some(arg) = parser.next() {
        match parser.step(arg)? {
            Step::More => {}
            Step::Subcommand => return Ok(None),
            Step::Run(work) => return parser.call(work).map(Some),
        }
    }
    parser.end()
}

/// What one argument led to.
enum Step {
    More,
    Subcommand,
    Run(Work),
}

/// The shells that gate stands in for.
const SHELLS: [&str; 3] = ["bash", "sh", "zsh"];

/// Long options of bash without a value; `-login` is one as well, before the first short one.
const FLAGS: [&[u8]; 13] = [
    b"login",
    b"noprofile",
    b"norc",
    b"posix",
    b"restricted",
    b"verbose",
    b"noediting",
    b"debugger",
    b"debug",
    b"dump-strings",
    b"dump-po-strings",
    b"pretty-print",
    b"protected",
];

/// gate's own options for running a command; each takes a value.
const OWN: [&[u8]; 8] = [b"home", b"reason", b"ticket", b"result", b"wait", b"as", b"break-glass", b"key"];

struct Parser<'a> {
    rest: std::slice::Iter<'a, OsString>,
    /// The shell that gate stands in for, by the name of its link or by `--as`.
    link: Option<&'static str>,
    /// Claims that it was called by a link: then no option is gate's own.
    is_link: bool,
    home: Option<PathBuf>,
    reason: Option<String>,
    ticket: Option<String>,
    result: Option<PathBuf>,
    wait: Option<Duration>,
    break_glass: Option<String>,
    key: Option<PathBuf>,
    /// Long options of the shell; it wants them first.
    long: Vec<Vec<u8>>,
    short: Vec<Vec<u8>>,
    is_script: bool,
    /// `-s`: the operands are arguments, the script comes on standard input.
    is_input: bool,
    is_interactive: bool,
    is_hot: bool,
}

impl<'a> Parser<'a> {
    fn new(args: &'a [OsString]) -> Parser<'a> {
        let mut rest = args.iter();
        let name = rest.next().map(|name| Path::new(name).file_name().unwrap_or_default());
        let name = name.unwrap_or_default().as_bytes();
        let (plain, is_login) = name.strip_prefix(b"-").map_or((name, false), |plain| (plain, true));
        let link = SHELLS.into_iter().find(|shell| shell.as_bytes() == plain);
        // A login program calls its shell by a name with a dash in front.
        let link = if is_login { link.or(Some("bash")) } else { link };
        Parser {
            rest,
            link,
            is_link: link.is_some(),
            home: None,
            reason: None,
            ticket: None,
            result: None,
            wait: None,
            break_glass: None,
            key: None,
            long: if is_login { vec![b"--login".to_vec()] } else { Vec::new() },
            short: Vec::new(),
            is_script: false,
            is_input: false,
            is_interactive: false,
            is_hot: false,
        }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        self.rest.next().map(|arg| arg.as_bytes())
    }

    fn has_shell_options(&self) -> bool {
        !self.long.is_empty() || !self.short.is_empty() || self.is_input || self.is_interactive
    }

    fn step(&mut self, arg: &'a [u8]) -> Result<Step, Usage> {
        if arg == b"--" || arg == b"-" {
            return self.end_of_options(arg);
        }
        if !arg.starts_with(b"-") && !arg.starts_with(b"+") {
            return if self.is_script { Ok(Step::Run(self.script(arg))) } else { self.operand(arg) };
        }
        if !self.is_link {
            match arg {
                b"--ssh-command" if !self.has_shell_options() && !self.is_script => {
                    return Ok(Step::Run(Work::Ssh));
                }
                b"--line" => return Ok(Step::Run(Work::Line(self.dialect()))),
                _ if self.own_option(arg)? => return Ok(Step::More),
                _ => {}
            }
        }
        let tells = matches!(arg, b"-h" | b"--help" | b"-V" | b"--version");
        if tells && self.link.is_none() && !self.is_script && !self.is_hot {
            return Ok(Step::Subcommand);
        }
        self.shell_option(arg)
    }

    /// `--` before a command or a script; `-` only ends a shell's options.
    fn end_of_options(&mut self, arg: &'a [u8]) -> Result<Step, Usage> {
        if self.is_script {
            let text = self.next().ok_or(Usage::NoCommand("-c"))?;
            return Ok(Step::Run(self.script(text)));
        }
        if self.link.is_some() || self.has_shell_options() {
            return match self.next() {
                Some(operand) => self.operand(operand),
                None => Ok(Step::Run(self.shell(None))),
            };
        }
        if arg == b"-" {
            return Err(Usage::UnknownOption(lossy(arg)));
        }
        let words = self.words();
        if words.is_empty() {
            Err(Usage::NoCommand("--"))
        } else {
            Ok(Step::Run(Work::Command(Source::Argv(words))))
        }
    }

    /// A word without `-c` before it: a subcommand of gate, shell text, or the script file of a shell.
    fn operand(&mut self, arg: &'a [u8]) -> Result<Step, Usage> {
        let is_shell = self.link.is_some() || self.has_shell_options();
        Ok(Step::Run(match () {
            () if self.is_input => self.shell(Some(arg)),
            () if is_shell => self.file(arg),
            () if self.rest.len() == 0 && is_text(arg) => self.script(arg),
            () if arg.contains(&b'/') => self.file(arg),
            () if self.is_hot => return Err(Usage::NothingToRun),
            () => return Ok(Step::Subcommand),
        }))
    }

    fn words(&mut self) -> Vec<Vec<u8>> {
        self.rest.by_ref().map(|word| word.as_bytes().to_vec()).collect()
    }

    fn options(&mut self) -> Vec<Vec<u8>> {
        let mut options = std::mem::take(&mut self.long);
        options.append(&mut self.short);
        options
    }

    /// A script file with its arguments.
    fn file(&mut self, file: &[u8]) -> Work {
        let mut words = self.options();
        if self.is_interactive {
            words.push(b"-i".to_vec());
        }
        if file.starts_with(b"-") || file.starts_with(b"+") {
            words.push(b"--".to_vec());
        }
        words.push(file.to_vec());
        words.append(&mut self.words());
        Work::File(self.dialect(), words)
    }

    /// A shell that reads its commands from standard input, with `first` and what follows as its arguments.
    fn shell(&mut self, first: Option<&[u8]>) -> Work {
        let mut args: Vec<Vec<u8>> = first.into_iter().map(<[u8]>::to_vec).collect();
        args.append(&mut self.words());
        let (dialect, options) = (self.dialect(), self.options());
        Work::Shell(Shell { dialect, options, args, is_interactive: self.is_interactive })
    }

    /// Takes gate's own option, with its value after `=` or as the next argument.
    fn own_option(&mut self, arg: &'a [u8]) -> Result<bool, Usage> {
        let Some(text) = arg.strip_prefix(b"--") else { return Ok(false) };
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        if !OWN.contains(&name) {
            return Ok(false);
        }
        let value = match value {
            Some(value) => value,
            None => self.next().ok_or_else(|| Usage::NoValue(lossy(arg)))?,
        };
        let path = PathBuf::from(OsStr::from_bytes(value));
        match name {
            b"home" => self.home = Some(path),
            b"result" => self.result = Some(path),
            b"key" => self.key = Some(path),
            b"break-glass" => self.break_glass = Some(lossy(value)),
            b"reason" => self.reason = Some(lossy(value)),
            b"ticket" => self.ticket = Some(lossy(value)),
            b"as" => {
                let known = SHELLS.into_iter().find(|shell| shell.as_bytes() == value);
                self.link = Some(known.ok_or_else(|| Usage::NoShell(lossy(value)))?);
            }
            _ => {
                let text = lossy(value);
                self.wait = Some(duration(&text).ok_or(Usage::NoDuration(text))?);
            }
        }
        self.is_hot |= name != b"home";
        Ok(true)
    }

    /// Takes an option of the shell: a bundle of letters, `-o NAME`, or one of its long ones.
    fn shell_option(&mut self, arg: &'a [u8]) -> Result<Step, Usage> {
        if self.long_option(arg)? {
            return Ok(Step::More);
        }
        if arg.starts_with(b"--") {
            let is_own = self.is_script || self.is_hot || self.link.is_some() || self.has_shell_options();
            return if is_own { Err(Usage::UnknownOption(lossy(arg))) } else { Ok(Step::Subcommand) };
        }
        let (sign, letters) = (arg[0], &arg[1..]);
        if letters.is_empty() || !letters.iter().all(u8::is_ascii_alphabetic) {
            return Err(Usage::UnknownOption(lossy(arg)));
        }
        // Each of these says what kind of call it is, and is passed on by what is made of it.
        let is_form = |letter: u8| sign == b'-' && b"cis".contains(&letter) || letter == b'c';
        // bash takes `+c` for `-c`.
        self.is_script |= letters.contains(&b'c');
        self.is_input |= sign == b'-' && letters.contains(&b's');
        self.is_interactive |= sign == b'-' && letters.contains(&b'i');
        let kept: Vec<u8> = letters.iter().copied().filter(|letter| !is_form(*letter)).collect();
        if !kept.is_empty() {
            self.short.push([&[sign], kept.as_slice()].concat());
        }
        for _ in letters.iter().filter(|letter| matches!(letter, b'o' | b'O')) {
            let name = self.next().ok_or_else(|| Usage::NoValue(lossy(arg)))?;
            self.short.push(name.to_vec());
        }
        Ok(Step::More)
    }

    /// Takes a long option of bash, with two dashes or, before the first short one, with one.
    fn long_option(&mut self, arg: &'a [u8]) -> Result<bool, Usage> {
        let is_first = self.short.is_empty() && self.link == Some("bash");
        let Some(name) = arg.strip_prefix(b"--").or_else(|| arg.strip_prefix(b"-").filter(|_| is_first))
        else {
            return Ok(false);
        };
        let tells = self.link.is_some() && matches!(name, b"help" | b"version") && arg.starts_with(b"--");
        let takes_file = matches!(name, b"rcfile" | b"init-file");
        if !FLAGS.contains(&name) && !takes_file && !tells {
            return Ok(false);
        }
        self.long.push([b"--", name].concat());
        if takes_file {
            let file = self.next().ok_or_else(|| Usage::NoValue(lossy(arg)))?;
            self.long.push(file.to_vec());
        }
        Ok(true)
    }

    fn dialect(&self) -> Dialect {
        match self.link {
            Some("sh") => Dialect::Posix,
            Some("zsh") => Dialect::Zsh,
            Some(_) | None => Dialect::Bash,
        }
    }

    fn script(&mut self, text: &[u8]) -> Work {
        let dialect = self.dialect();
        let mut options = self.options();
        // Their place among the others means nothing to a shell.
        options.extend(self.is_interactive.then(|| b"-i".to_vec()));
        options.extend(self.is_input.then(|| b"-s".to_vec()));
        Work::Command(Source::Script { dialect, options, text: text.to_vec(), args: self.words() })
    }

    fn call(self, work: Work) -> Result<Call, Usage> {
        let Parser { home, reason, ticket, result, wait, break_glass, key, .. } = self;
        let is_whole = matches!(work, Work::Command(_) | Work::File(..));
        let emergency = match (break_glass, key) {
            (Some(_), _) if !is_whole => return Err(Usage::NoGlass),
            (Some(text), key) => Some(Emergency { text, key }),
            (None, Some(_)) => return Err(Usage::NoSignature),
            (None, None) => None,
        };
        Ok(Call { home, reason, ticket, result, wait, emergency, work })
    }

    fn end(mut self) -> Result<Option<Call>, Usage> {
        if self.is_script {
            return Err(Usage::NoCommand("-c"));
        }
        if self.link.is_some() || self.has_shell_options() {
            let work = self.shell(None);
            return self.call(work).map(Some);
        }
        if self.is_hot { Err(Usage::NothingToRun) } else { Ok(None) }
    }
}

/// Claims that `word` is shell text rather than a subcommand or a file: it holds a blank or a character that means
/// something to a shell. A file of that very name is taken for the file, as the kernel's `#!` may name one.
fn is_text(word: &[u8]) -> bool {
    let speaks = |byte: &u8| b" \t\n|&;()<>$`\\\"'*?[]{}~#!=".contains(byte);
    word.iter().any(speaks) && !(word.contains(&b'/') && Path::new(OsStr::from_bytes(word)).is_file())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
