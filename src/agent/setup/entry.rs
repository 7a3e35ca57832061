//! The command by which an agent calls gate's hook: how it is written, and how one that stands there is told.

use std::path::{Path, PathBuf};

use super::{Agent, Own, Refusal};
use crate::agent::hook;

/// What gate was called with by a hook entry that stands in an agent's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The gate that is called.
    pub gate: PathBuf,
    /// The directory that `--home` names.
    pub home: Option<PathBuf>,
    /// Claims that the agent is told to block if gate is not there or breaks off.
    pub is_closed: bool,
}

/// Returns the command of a hook entry: `'/path/gate' hook NAME || exit 2`.
///
/// Exit code 2 is the one that every agent takes for "blocked"; a missing program would give 127, which most of them let pass.
///
/// # Errors
/// A path that is not UTF-8: JSON cannot hold it.
pub(super) fn command(own: &Own, agent: Agent) -> Result<String, Refusal> {
    let mut words = vec![single(&own.gate)?];
    if let Some(home) = &own.home {
        words.extend(["--home".to_owned(), single(home)?]);
    }
    Ok(format!("{} hook {} || exit 2", words.join(" "), agent.name()))
}

/// Returns a path between single quotes, whatever is in it.
fn single(path: &Path) -> Result<String, Refusal> {
    let text = path.to_str().ok_or_else(|| Refusal::new(format!("`{}` is not UTF-8", path.display())))?;
    Ok(format!("'{}'", text.replace('\'', "'\\''")))
}

/// Returns what `command` calls gate with, or `None` if it is not gate's own: exactly a call of its hook with flags and the name
/// of an agent that it knows, in words of which a shell makes nothing else, and with nothing behind it but `|| exit 2`.
///
/// Everything else that begins so is somebody else's ([`is_alike`]), and is never changed or taken out.
pub(super) fn called(command: &str) -> Option<Called> {
    let words = words(command).filter(|_| is_plain(command))?;
    let (program, rest) = words.split_first()?;
    let gate = PathBuf::from(program);
    if gate.file_name()? != "gate" {
        return None;
    }
    let (home, rest) = match rest {
        [option, dir, rest @ ..] if option == "--home" => (Some(PathBuf::from(dir)), rest),
        [option, rest @ ..] if option.starts_with("--home=") => {
            (option.strip_prefix("--home=").map(PathBuf::from), rest)
        }
        rest => (None, rest),
    };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let ["hook", name, end @ ..] = &rest[..] else { return None };
    let is_known = hook::Agent::ALL.iter().any(|agent| agent.name() == *name);
    let end = end.strip_prefix(&["--deny"]).unwrap_or(end);
    let is_closed = end == ["||", "exit", "2"];
    (is_known && (is_closed || end.is_empty())).then_some(Called { gate, home, is_closed })
}

/// Claims that `command` begins like a call of gate's hook, and is not gate's own: it does more, or something else.
pub(super) fn is_alike(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let is_gate = |word: &str| {
        let word = word.trim_matches(['\'', '"']);
        word.rsplit('/').next() == Some("gate")
    };
    let calls = words.iter().position(|word| is_gate(word)).is_some_and(|at| words[at..].contains(&"hook"));
    calls && called(command).is_none()
}

/// Claims that a shell takes the words of `command` as [`words`] does: outside of quotes stand only plain characters, and quotes
/// with a backslash before them; within double quotes nothing that a shell expands.
fn is_plain(command: &str) -> bool {
    let mut chars = command.strip_suffix(" || exit 2").unwrap_or(command).chars();
    while let Some(c) = chars.next() {
        let is_fine = match c {
            '\'' => chars.any(|inner| inner == '\''),
            '"' => chars.find(|inner| "\"$`\\!".contains(*inner)) == Some('"'),
            '\\' => chars.next() == Some('\''),
            c => c.is_ascii_alphanumeric() || " /._=+,:@%-".contains(c),
        };
        if !is_fine {
            return false;
        }
    }
    true
}

/// Returns the words of a simple command, quotes taken off; `None` if a quote stays open.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '\\' if c == '"' => word.push(chars.next()?),
                        inner => word.push(inner),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(gate: &str, home: Option<&str>) -> Own {
        Own { gate: gate.into(), home: home.map(PathBuf::from), link: None }
    }

    #[track_caller]
    fn case(command: &str, expected: Option<(&str, Option<&str>, bool)>) {
        let found = called(command).map(|called| (called.gate, called.home, called.is_closed));
        let expected = expected.map(|(gate, home, is_closed)| (gate.into(), home.map(Into::into), is_closed));
        assert_eq!(found, expected, "{command}");
    }

    #[test]
    fn command_that_does_more_than_call_gate_is_somebody_elses() {
        for command in [
            "gate hook claude",
            "gate hook claude --deny",
            "/usr/bin/gate --home=/h hook claude || exit 2",
            "'/a b/gate' hook claude --deny || exit 2",
            "\"/usr/bin/gate\" hook copilot",
        ] {
            assert!(called(command).is_some() && !is_alike(command), "{command}");
        }
        for command in [
            "/opt/other/gate hook claude --and-mine; audit",
            "/opt/other/gate hook claude --and-mine",
            "gate hook vim",
            "gate hook claude codex",
            "gate hook claude --deny --deny",
            "gate --home /h --home /i hook claude",
            "gate --quiet hook claude",
            "GATE_REASON=x gate hook claude",
            "'/bin/gate' hook claude; touch x || exit 2",
            "'/bin/gate' hook claude || exit 2; touch x",
            "/bin/gate hook $(touch x) || exit 2",
            "/bin/gate --home `touch\tx` hook claude",
            "/bin/gate --home \"$(touch x)\" hook claude",
            "/$x/gate hook claude",
            "/bin/gate hook claude > /dev/null",
            "/bin/gate hook claude || true",
            "/bin/gate hook claude || exit 2 || exit 2",
            "/bin/gate hook claude\ntouch x",
            "~/gate hook claude",
            "/bin/gate hook 'a'\\'''$(touch x)''",
            "\"/bin/gate\" hook claude || true",
            "{ gate hook claude; }",
        ] {
            assert!(called(command).is_none(), "{command}");
            assert!(is_alike(command), "{command}");
        }
        for command in ["gate doctor", "echo gate", "/usr/bin/investigate hook claude", "lint", ""] {
            assert!(!is_alike(command), "{command}");
        }
    }

    #[test]
    fn what_gate_writes_it_knows_again() {
        for gate in ["/usr/bin/gate", "/home/it's me/bin/gate", "/a $b `c` \"d\" \\e/gate", "/ü/gate"] {
            for home in [None, Some("/h"), Some("/h 'x' \\")] {
                let command = command(&own(gate, home), Agent::Claude).unwrap();
                case(&command, Some((gate, home, true)));
            }
        }
        let plain = command(&own("/opt/gate", None), Agent::Codex).unwrap();
        assert_eq!(plain, "'/opt/gate' hook codex || exit 2");
    }

    #[test]
    fn calls_written_by_hand_are_known_and_others_are_not() {
        case("gate hook claude", Some(("gate", None, false)));
        case("/usr/bin/gate --home=/h hook claude", Some(("/usr/bin/gate", Some("/h"), false)));
        case("\"/usr/bin/gate\" hook claude", Some(("/usr/bin/gate", None, false)));
        case("gate hook", None);
        case("gate doctor x", None);
        case("/usr/bin/investigate hook claude", None);
        case("echo gate hook claude", None);
        case("'gate hook claude", None);
        case("", None);
    }
}
