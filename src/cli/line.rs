//! A line that a person typed into the real shell: the shell tells what it is like, gate judges and records, the shell runs it or not.
//!
//! MUST rules:
//! 1. The exit code that lets the line run is [`HANDED`], and nothing else ends so.
//! 2. A text is judged whole or not at all: what the shell would read on after is not judged yet.
//! 3. What the shell tells of itself can only make the judgement stricter, aliases and functions aside: those are what it runs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::hot::Call;
use super::run::{reported, why_of};
use crate::command::{Command, Dialect, Source};
use crate::config::Config;
use crate::exec::{Host, Reading, User, read_by_shell, read_by_zsh, shell_name, stay_in_front};
use crate::gate::{Ending, Ends, Gate, HANDED, Wish};
use crate::shell::{Past, Typed, Unit, first_unit};
use crate::ui;

/// The exit code that has the shell's line editor go on with another line of the same command.
const MORE: u8 = 11;

/// The exit code of bash for text that it cannot read.
const SYNTAX: u8 = 2;

/// Where the shell tells of itself.
const PLACE: &str = "/dev/fd/3";

/// Judges the line, and returns what tells the shell whether to run it.
///
/// # Errors
/// The line cannot be read.
pub(super) fn run(mut call: Call, dialect: Dialect) -> anyhow::Result<ExitCode> {
    stay_in_front();
    if dialect == Dialect::Zsh {
        // Its line editor leaves the cursor behind the line.
        ui::begin_on_a_new_line();
    }
    let told = std::fs::read(PLACE).context("failed to read the line from descriptor 3")?;
    let (told, text) =
        parse(&told).context("what came on descriptor 3 is no line of an interactive shell")?;
    match reading(&Host::of(&User::current()), dialect, text) {
        None => return Ok(ExitCode::from(HANDED)),
        Some(Reading::Incomplete(_)) => return Ok(ExitCode::from(MORE)),
        Some(Reading::Wrong(said)) => {
            ui::pass(&said);
            return Ok(ExitCode::from(SYNTAX));
        }
        Some(Reading::Complete) => {}
    }
    let args = vec![shell_name(dialect).as_bytes().to_vec()];
    let source = Source::Script { dialect, options: Vec::new(), text: text.to_vec(), args };
    let (home, result) = (call.home.clone(), call.result.take());
    reported(result, home.clone(), &source.clone(), || {
        let (config, policy) = Config::load_with_policy(home.as_deref())?;
        let (why, source) = why_of(&mut call, source);
        let past = Past::of_typed(told.typed(&config));
        let wish = Wish { command: Command { source, cwd: config.cwd.clone() }, why, wait: call.wait };
        let ending = Gate::open(config, policy)?.line_of_asker(wish, past)?;
        // The shell must see an exit code: a signal would end what it does with the line as well.
        Ok(match ending.ends {
            Ends::Signal(signal) => Ending { ends: Ends::Command(128 | signal as u8), ..ending },
            Ends::Command(_) | Ends::Gate(_) | Ends::Handed => ending,
        })
    })
}

/// What a shell told of itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    typed: Typed,
    /// Names with the place at which the shell remembers the program.
    hashed: Vec<(String, PathBuf)>,
}

impl Told {
    /// Returns what is known of the shell; a program that it remembers at another place than where it is found is unknown.
    fn typed(self, config: &Config) -> Typed {
        let Told { mut typed, hashed } = self;
        let elsewhere = hashed
            .into_iter()
            .filter(|(name, place)| config.host.find(name.as_bytes(), &config.cwd).as_ref() != Some(place));
        typed.names.extend(elsewhere.map(|(name, _)| name));
        typed
    }
}

/// Takes apart what came: a fact a line, then `text` and the line itself, which ends before the last newline.
fn parse(bytes: &[u8]) -> Option<(Told, &[u8])> {
    let mut told = Told::default();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (fact, after) = (&rest[..end], &rest[end + 1..]);
        if fact == b"text" {
            return Some((told, after.strip_suffix(b"\n").unwrap_or(after)));
        }
        told.take(fact)?;
        rest = after;
    }
}

impl Told {
    /// Takes one fact in; `None` if it is none.
    fn take(&mut self, fact: &[u8]) -> Option<()> {
        let space = fact.iter().position(|byte| *byte == b' ').unwrap_or(fact.len());
        let (what, rest) = (&fact[..space], fact.get(space + 1..).unwrap_or_default());
        let text = String::from_utf8_lossy(rest).into_owned();
        let two = || text.split_once(' ').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let typed = &mut self.typed;
        match what {
            b"flags" => typed.flags = text,
            b"options" => typed.options = text.split(' ').map(str::to_owned).collect(),
            b"fields" => typed.has_fields = true,
            b"cdpath" => typed.wanders = true,
            b"odd" => typed.is_odd = true,
            b"alias" => {
                let (name, value) = two()?;
                typed.aliases.insert(name, value.into_bytes());
            }
            b"hashed" => {
                let (name, place) = two()?;
                self.hashed.push((name, PathBuf::from(place)));
            }
            b"function" => typed
                .functions
                .push(rest.iter().map(|byte| if *byte == 0x1e { b'\n' } else { *byte }).collect()),
            b"name" => typed.names.push(text),
            _ => return None,
        }
        Some(())
    }
}

/// Returns how the shell reads the text; `None` if there is nothing in it to run.
fn reading(host: &Host, dialect: Dialect, text: &[u8]) -> Option<Reading> {
    let whole = [text, b"\n"].concat();
    let mut rest = whole.as_slice();
    let mut runs = false;
    while !rest.is_empty() {
        match first_unit(rest, false, dialect) {
            Unit::Blank(length) => rest = &rest[length..],
            Unit::Complete { length, .. } => {
                runs = true;
                rest = &rest[length..];
            }
            Unit::Unclear if ends_open(text) => return Some(Reading::Incomplete(Vec::new())),
            Unit::Unclear => {
                let read = match dialect {
                    Dialect::Zsh => read_by_zsh(host, &whole),
                    Dialect::Bash | Dialect::Posix => {
                        read_by_shell(host, dialect, shell_name(dialect), &whole, 1)
                    }
                };
                // Where nobody can say, it is judged as it is: as something that gate does not understand.
                return Some(read.unwrap_or(Reading::Complete));
            }
        }
    }
    runs.then_some(Reading::Complete)
}

/// Claims that a backslash at its end joins the next line to the text.
fn ends_open(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::{Reading, parse, reading};
    use crate::command::Dialect;
    use crate::exec::Host;

    #[test]
    fn what_a_shell_tells_is_taken_apart() {
        let told = b"flags himBHs\noptions a b\nalias ll ls -l\nfunction f () \x1e{\x1e}\nname g\nfields\n\
            hashed ls /bin/ls\ntext\necho a\nb\n";
        let (told, text) = parse(told).unwrap();
        assert_eq!(text, b"echo a\nb");
        assert_eq!(told.typed.flags, "himBHs");
        assert_eq!(told.typed.options, ["a", "b"]);
        assert_eq!(told.typed.aliases["ll"], b"ls -l");
        assert_eq!(told.typed.functions, [b"f () \n{\n}"]);
        assert_eq!(told.typed.names, ["g"]);
        assert!(told.typed.has_fields);
        assert_eq!(told.hashed, [("ls".to_owned(), "/bin/ls".into())]);
        assert!(parse(b"flags a\n").is_none());
        assert!(parse(b"nonsense\ntext\nls\n").is_none());
    }

    #[track_caller]
    fn case(text: &str, expected: Option<Reading>) {
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
        let read = reading(&host, Dialect::Bash, text.as_bytes());
        let read = match read {
            Some(Reading::Incomplete(_)) => Some(Reading::Incomplete(Vec::new())),
            Some(Reading::Wrong(_)) => Some(Reading::Wrong(Vec::new())),
            read => read,
        };
        assert_eq!(read, expected, "{text:?}");
    }

    #[test]
    fn a_text_is_judged_when_the_shell_would_not_read_on() {
        let more = || Some(Reading::Incomplete(Vec::new()));
        case("ls", Some(Reading::Complete));
        case("ls\nid # x\n\n", Some(Reading::Complete));
        case("coproc cat", Some(Reading::Complete));
        case("", None);
        case(" # nothing", None);
        for text in ["if true", "echo 'a", "cat <<E\na", "ls \\", "ls &&", "select x in a; do"] {
            case(text, more());
        }
        case("fi", Some(Reading::Wrong(Vec::new())));
    }
}
