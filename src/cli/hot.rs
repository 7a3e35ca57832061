//! The hot path: `gate [OPTIONS] -- CMD [ARG]…` and `gate [OPTIONS] -c STRING [ARG0 ARG…]`, parsed by hand.
//!
//! The shell's own options may stand anywhere before STRING, as bash takes them (`-lc`, `-c -l`, `-o pipefail -c`).
//! Under the name `bash`, `sh` or `zsh` gate is that shell: without `-c` its arguments are the shell's (`bash x.sh`).
//!
//! Two forms need no `-c`, because no subcommand looks like them: `gate STRING`, where the one word is shell text (an
//! agent's command prefix passes the whole text so), and `gate ./FILE ARG…`, a script file (so a `#!` line does).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Dialect, Source};
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
    /// The command or script.
    pub source: Source,
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
    /// Options for running a command, but no command.
    NothingToRun,
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
            Step::Run(source) => return Ok(Some(parser.call(source))),
        }
    }
    parser.end()
}

/// What one argument led to.
enum Step {
    More,
    Subcommand,
    Run(Source),
}

struct Parser<'a> {
    rest: std::slice::Iter<'a, OsString>,
    /// The shell that gate was called as, by the name of its link.
    link: Option<&'static str>,
    home: Option<PathBuf>,
    reason: Option<String>,
    ticket: Option<String>,
    result: Option<PathBuf>,
    wait: Option<Duration>,
    shell: Vec<Vec<u8>>,
    is_script: bool,
    is_hot: bool,
}

impl<'a> Parser<'a> {
    fn new(args: &'a [OsString]) -> Parser<'a> {
        let mut rest = args.iter();
        let name = rest.next().map(|name| Path::new(name).file_name().unwrap_or_default());
        let name = name.unwrap_or_default().as_bytes();
        let (plain, is_login) = name.strip_prefix(b"-").map_or((name, false), |plain| (plain, true));
        let link = ["bash", "sh", "zsh"].into_iter().find(|shell| shell.as_bytes() == plain);
        Parser {
            rest,
            link,
            home: None,
            reason: None,
            ticket: None,
            result: None,
            wait: None,
            shell: if is_login { vec![b"-l".to_vec()] } else { Vec::new() },
            is_script: false,
            is_hot: false,
        }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        self.rest.next().map(|arg| arg.as_bytes())
    }

    fn step(&mut self, arg: &'a [u8]) -> Result<Step, Usage> {
        if arg == b"--" || arg == b"-" {
            return self.end_of_options(arg);
        }
        if !arg.starts_with(b"-") && !arg.starts_with(b"+") {
            return if self.is_script { Ok(Step::Run(self.script(arg))) } else { self.operand(arg) };
        }
        if self.link.is_none() && self.own_option(arg)? {
            return Ok(Step::More);
        }
        if !self.is_script && !self.is_hot && matches!(arg, b"-h" | b"--help" | b"-V" | b"--version") {
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
        if self.link.is_some() {
            return self.operand(arg);
        }
        if arg == b"-" || !self.shell.is_empty() {
            return Err(Usage::UnknownOption(lossy(arg)));
        }
        let words: Vec<Vec<u8>> = self.rest.by_ref().map(|word| word.as_bytes().to_vec()).collect();
        if words.is_empty() { Err(Usage::NoCommand("--")) } else { Ok(Step::Run(Source::Argv(words))) }
    }

    /// A word without `-c` before it: a subcommand of gate, or the script file of a shell.
    fn operand(&mut self, arg: &'a [u8]) -> Result<Step, Usage> {
        match self.link {
            Some(shell) => Ok(Step::Run(self.file(shell, arg))),
            None if self.rest.len() == 0 && is_text(arg) => Ok(Step::Run(self.script(arg))),
            None if arg.contains(&b'/') => Ok(Step::Run(self.file("bash", arg))),
            None if self.shell.is_empty() && !self.is_hot => Ok(Step::Subcommand),
            None => Err(Usage::NothingToRun),
        }
    }

    /// A script file with its arguments, for the shell `name`.
    fn file(&mut self, name: &str, file: &[u8]) -> Source {
        let mut words = vec![name.as_bytes().to_vec()];
        words.append(&mut self.shell);
        words.push(file.to_vec());
        words.extend(self.rest.by_ref().map(|word| word.as_bytes().to_vec()));
        Source::Argv(words)
    }

    /// Takes gate's own option, with its value after `=` or as the next argument.
    fn own_option(&mut self, arg: &'a [u8]) -> Result<bool, Usage> {
        let Some(text) = arg.strip_prefix(b"--") else { return Ok(false) };
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        if !matches!(name, b"home" | b"reason" | b"ticket" | b"result" | b"wait") {
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
            b"reason" => self.reason = Some(lossy(value)),
            b"ticket" => self.ticket = Some(lossy(value)),
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
        const FLAGS: [&[u8]; 6] =
            [b"--login", b"--noprofile", b"--norc", b"--posix", b"--restricted", b"--verbose"];
        if arg.starts_with(b"--") {
            if FLAGS.contains(&arg) {
                self.shell.push(arg.to_vec());
                return Ok(Step::More);
            }
            return if self.is_script || self.is_hot || self.link.is_some() {
                Err(Usage::UnknownOption(lossy(arg)))
            } else {
                Ok(Step::Subcommand)
            };
        }
        let (sign, letters) = (arg[0], &arg[1..]);
        let is_letter = |letter: &u8| letter.is_ascii_alphabetic();
        if letters.is_empty() || !letters.iter().all(is_letter) {
            return Err(Usage::UnknownOption(lossy(arg)));
        }
        let kept: Vec<u8> =
            std::iter::once(sign).chain(letters.iter().copied().filter(|letter| *letter != b'c')).collect();
        self.is_script |= sign == b'-' && letters.contains(&b'c');
        if kept.len() > 1 {
            self.shell.push(kept);
        }
        for _ in letters.iter().filter(|letter| matches!(letter, b'o' | b'O')) {
            let name = self.next().ok_or_else(|| Usage::NoValue(lossy(arg)))?;
            self.shell.push(name.to_vec());
        }
        Ok(Step::More)
    }

    fn script(&mut self, text: &[u8]) -> Source {
        let dialect = match self.link {
            Some("sh") => Dialect::Posix,
            Some("zsh") => Dialect::Zsh,
            Some(_) | None => Dialect::Bash,
        };
        let args = self.rest.by_ref().map(|arg| arg.as_bytes().to_vec()).collect();
        Source::Script { dialect, options: std::mem::take(&mut self.shell), text: text.to_vec(), args }
    }

    fn call(self, source: Source) -> Call {
        let Parser { home, reason, ticket, result, wait, .. } = self;
        Call { home, reason, ticket, result, wait, source }
    }

    fn end(mut self) -> Result<Option<Call>, Usage> {
        if self.is_script {
            return Err(Usage::NoCommand("-c"));
        }
        match self.link {
            Some(shell) => {
                let mut words = vec![shell.as_bytes().to_vec()];
                words.append(&mut self.shell);
                Ok(Some(self.call(Source::Argv(words))))
            }
            None if self.is_hot || !self.shell.is_empty() => Err(Usage::NothingToRun),
            None => Ok(None),
        }
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
mod tests {
    use super::{Call, Usage, parse};
    use crate::command::{Dialect, Source};
    use std::ffi::OsString;
    use std::time::Duration;

    fn call(args: &[&str]) -> Result<Option<Call>, Usage> {
        parse(&args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn bytes(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[track_caller]
    fn argv(args: &[&str], expected: &[&str]) {
        assert_eq!(call(args).unwrap().unwrap().source, Source::Argv(bytes(expected)));
    }

    #[track_caller]
    fn script(args: &[&str], dialect: Dialect, options: &[&str], text: &str, rest: &[&str]) {
        let expected = Source::Script {
            dialect,
            options: bytes(options),
            text: text.as_bytes().to_vec(),
            args: bytes(rest),
        };
        assert_eq!(call(args).unwrap().unwrap().source, expected);
    }

    #[track_caller]
    fn wrong(args: &[&str], message: &str) {
        assert_eq!(call(args).unwrap_err().to_string(), message);
    }

    #[track_caller]
    fn other(args: &[&str]) {
        assert_eq!(call(args), Ok(None));
    }

    #[test]
    fn everything_after_the_dashes_is_the_command() {
        argv(&["gate", "--", "ls", "-l"], &["ls", "-l"]);
        argv(&["gate", "--home", "/h", "--", "--", "-c"], &["--", "-c"]);
        argv(&["gate", "--reason=x", "--", "gate", "--help"], &["gate", "--help"]);
        argv(&["gate", "--", ""], &[""]);
    }

    #[test]
    fn a_script_takes_the_shells_options_as_bash_does() {
        use Dialect::{Bash, Posix, Zsh};
        script(&["gate", "-c", "ls"], Bash, &[], "ls", &[]);
        script(&["gate", "-lc", "ls", "a", "-b"], Bash, &["-l"], "ls", &["a", "-b"]);
        script(&["gate", "-c", "-l", "ls"], Bash, &["-l"], "ls", &[]);
        script(&["gate", "-ec", "ls"], Bash, &["-e"], "ls", &[]);
        script(&["gate", "-o", "pipefail", "-c", "ls"], Bash, &["-o", "pipefail"], "ls", &[]);
        script(&["gate", "-euo", "pipefail", "-c", "ls"], Bash, &["-euo", "pipefail"], "ls", &[]);
        script(&["gate", "-co", "pipefail", "ls"], Bash, &["-o", "pipefail"], "ls", &[]);
        script(&["gate", "+e", "-c", "ls"], Bash, &["+e"], "ls", &[]);
        script(&["gate", "-c", "--", "-x"], Bash, &[], "-x", &[]);
        script(&["gate", "-c", "--login", "ls"], Bash, &["--login"], "ls", &[]);
        script(&["/x/bash", "-c", "ls"], Bash, &[], "ls", &[]);
        script(&["/x/sh", "-c", "ls"], Posix, &[], "ls", &[]);
        script(&["-zsh", "-c", "ls"], Zsh, &["-l"], "ls", &[]);
        script(&["gate", "--home=/h", "-c", "ls"], Bash, &[], "ls", &[]);
    }

    #[test]
    fn under_a_shells_name_a_script_file_is_the_shells_operand() {
        argv(&["/x/bash", "x.sh", "-c"], &["bash", "x.sh", "-c"]);
        argv(&["sh", "-e", "x.sh"], &["sh", "-e", "x.sh"]);
        argv(&["-bash"], &["bash", "-l"]);
        argv(&["bash", "--", "x"], &["bash", "--", "x"]);
    }

    #[test]
    fn one_word_of_shell_text_is_a_script() {
        use Dialect::Bash;
        script(&["gate", "ls -l"], Bash, &[], "ls -l", &[]);
        script(&["gate", "ls;id"], Bash, &[], "ls;id", &[]);
        script(&["gate", "a/b && c"], Bash, &[], "a/b && c", &[]);
        script(&["gate", "--reason", "x", "ls -l"], Bash, &[], "ls -l", &[]);
        script(&["gate", "--home", "/h", "A=1 x"], Bash, &[], "A=1 x", &[]);
        other(&["gate", "ls -l", "more"]);
        other(&["gate", "doctor"]);
        other(&["gate", ""]);
    }

    #[test]
    fn a_word_with_a_slash_is_a_script_file() {
        argv(&["gate", "./x.sh", "-c", "b"], &["bash", "./x.sh", "-c", "b"]);
        argv(&["gate", "/a/x"], &["bash", "/a/x"]);
        argv(&["gate", "-e", "./x.sh"], &["bash", "-e", "./x.sh"]);
        argv(&["gate", "--reason=x", "a/x.sh"], &["bash", "a/x.sh"]);
    }

    #[test]
    fn gates_own_options_are_kept() {
        let line =
            ["gate", "--reason", "because", "--ticket=T-1", "--result", "r.json", "--wait", "2m", "--", "x"];
        let call = call(&line).unwrap().unwrap();
        assert_eq!(call.reason.as_deref(), Some("because"));
        assert_eq!(call.ticket.as_deref(), Some("T-1"));
        assert_eq!(call.result.as_deref(), Some("r.json".as_ref()));
        assert_eq!(call.wait, Some(Duration::from_secs(120)));
    }

    #[test]
    fn other_lines_are_for_the_subcommands() {
        other(&["gate"]);
        other(&["gate", "explain", "--", "ls"]);
        other(&["gate", "--home", "/h", "requests"]);
        other(&["gate", "--help"]);
        other(&["gate", "-V"]);
        other(&["gate", "--nonsense"]);
        other(&[]);
    }

    #[test]
    fn a_wrong_line_says_what_was_expected() {
        wrong(&["gate", "--"], "nothing after `--`, expected a command");
        wrong(&["gate", "-c"], "nothing after `-c`, expected a script");
        wrong(&["gate", "-c", "--"], "nothing after `-c`, expected a script");
        wrong(&["gate", "--reason"], "option `--reason` needs a value");
        wrong(&["gate", "--reason", "x"], "nothing to run, expected `-- CMD` or `-c STRING`");
        wrong(&["gate", "--reason", "x", "ls"], "nothing to run, expected `-- CMD` or `-c STRING`");
        wrong(&["gate", "-l", "ls"], "nothing to run, expected `-- CMD` or `-c STRING`");
        wrong(&["gate", "-o"], "option `-o` needs a value");
        wrong(&["gate", "-c", "--init-file", "x"], "unknown option `--init-file`; see `gate --help`");
        wrong(&["gate", "-c", "-1", "x"], "unknown option `-1`; see `gate --help`");
        wrong(
            &["gate", "--wait", "soon", "--", "x"],
            "`soon` is no duration, expected one like `100s`, `15m` or `8h`",
        );
    }
}
