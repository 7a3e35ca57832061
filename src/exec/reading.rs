//! What the real shell says about the form of a text, where gate's own parser is not certain: it reads (`-n`) and runs nothing.
//!
//! MUST rules:
//! 1. The shell gets no environment, no start-up file and the text on its standard input only; `-n` keeps it from running anything.
//! 2. What it says decides where a text is cut, never whether it may run.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};

use super::{Host, real_shell};
use crate::command::Dialect;

/// How a shell reads a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As complete commands.
    Complete,
    /// As the beginning of one; at the end of the text it says this.
    Incomplete(Vec<u8>),
    /// As an error, which it says so.
    Wrong(Vec<u8>),
}

/// What bash says (in the C locale) where the text ends too early; a here-document's missing end is only a warning.
const ENDS_EARLY: [&str; 3] = ["unexpected end of file", "unexpected EOF", "delimited by end-of-file"];

/// Returns how the shell called `name` reads `text`, which begins at line `line`; `None` where there is no bash to ask.
pub fn read_by_shell(host: &Host, dialect: Dialect, name: &str, text: &[u8], line: usize) -> Option<Reading> {
    let bash = real_shell(host, Dialect::Bash).filter(|_| dialect != Dialect::Zsh)?;
    let posix: &[&str] = if dialect == Dialect::Posix { &["--posix"] } else { &[] };
    let ask = |extra: &[&str]| -> Option<Reading> {
        let mut command = Command::new(&bash);
        command.arg0(name).args(["--norc", "--noprofile"]).args(posix).args(extra);
        let output = read(command, text, line)?;
        let said = String::from_utf8_lossy(&output.stderr);
        Some(match ENDS_EARLY.iter().any(|words| said.contains(words)) {
            true => Reading::Incomplete(output.stderr),
            false if output.status.success() => Reading::Complete,
            false => Reading::Wrong(output.stderr),
        })
    };
    // The session may have switched extended globs on.
    let read_by_bash = match ask(&[])? {
        Reading::Wrong(said) => ask(&["-O", "extglob"])
            .filter(|other| !matches!(other, Reading::Wrong(_)))
            .unwrap_or(Reading::Wrong(said)),
        read => read,
    };
    if dialect != Dialect::Posix {
        return Some(read_by_bash);
    }
    // The machine's `sh` may know less, and says it in its own words.
    let mut command = Command::new(real_shell(host, dialect)?);
    command.arg0(name);
    let said = read(command, text, line)?.stderr;
    Some(match read_by_bash {
        read if said.is_empty() => read,
        Reading::Incomplete(_) => Reading::Incomplete(said),
        Reading::Complete | Reading::Wrong(_) => Reading::Wrong(said),
    })
}

/// Has a shell read `text`, and returns what it says and how it ends.
fn read(mut shell: Command, text: &[u8], line: usize) -> Option<Output> {
    shell.args(["-n", "-s"]).env_clear().env("LC_ALL", "C").current_dir("/");
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let given = [vec![b'\n'; line.saturating_sub(1)], text.to_vec()].concat();
    let _may_stop_early = stdin.write_all(&given);
    drop(stdin);
    child.wait_with_output().ok()
}

/// Claims that what the shell says of an incomplete text does not keep it from running it: a here-document goes to the
/// end of the script.
pub fn is_warning(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said);
    !said.is_empty() && said.lines().all(|line| line.contains("warning: here-document at line "))
}

/// Returns how zsh reads `text`; `None` where there is no zsh to ask. What ends inside a here-document counts as complete.
pub fn read_by_zsh(host: &Host, text: &[u8]) -> Option<Reading> {
    let mut command = Command::new(real_shell(host, Dialect::Zsh)?);
    command.arg("-f");
    let output = read(command, text, 1)?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A list or pipe without its last command is no error at the end of a file.
    let is_open =
        [b"&&".as_slice(), b"||", b"|", b"|&"].iter().any(|end| text.trim_ascii_end().ends_with(end));
    Some(match said.contains("near `\\n'") || said.contains("unmatched") {
        true => Reading::Incomplete(output.stderr),
        false if !output.status.success() => Reading::Wrong(output.stderr),
        false if is_open => Reading::Incomplete(Vec::new()),
        false => Reading::Complete,
    })
}

#[cfg(test)]
mod tests {
    use super::{Reading, is_warning, read_by_shell, read_by_zsh};
    use crate::command::Dialect;
    use crate::exec::Host;

    #[test]
    fn bash_itself_says_where_a_text_ends_too_early() {
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
        let read = |text: &str| read_by_shell(&host, Dialect::Bash, "bash", text.as_bytes(), 3).unwrap();
        assert_eq!(read("coproc cat\n"), Reading::Complete);
        assert_eq!(read("echo !(a)\n"), Reading::Complete);
        let Reading::Incomplete(said) = read("cat <<E\na\n") else { panic!("a missing end") };
        assert!(is_warning(&said));
        for text in ["if a\n", "echo 'a\n", "cat <<E\n", "select x in a; do\n", "a \"$(b\n"] {
            assert!(matches!(read(text), Reading::Incomplete(_)), "{text}");
        }
        let said = "bash: line 3: syntax error near unexpected token `fi'\nbash: line 3: `fi'\n";
        assert_eq!(read("fi\n"), Reading::Wrong(said.into()));
    }

    #[test]
    fn what_only_bash_takes_is_wrong_where_sh_does_not() {
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
        let read = |text: &str| read_by_shell(&host, Dialect::Posix, "sh", text.as_bytes(), 2).unwrap();
        assert_eq!(read("echo a\n"), Reading::Complete);
        assert!(matches!(read("echo 'a\n"), Reading::Incomplete(_)));
        let Reading::Wrong(said) = read("fi\n") else { panic!("a lone word") };
        assert!(said.starts_with(b"sh: "), "{}", String::from_utf8_lossy(&said));
    }

    #[test]
    fn zsh_itself_says_where_a_text_ends_too_early() {
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
        let read = |text: &str| read_by_zsh(&host, text.as_bytes()).unwrap();
        assert_eq!(read("print -r -- *(.)\n"), Reading::Complete);
        for text in ["if true\n", "echo 'a\n", "ls &&\n", "echo \"a $(b\n"] {
            assert!(matches!(read(text), Reading::Incomplete(_)), "{text}");
        }
        assert!(matches!(read("echo )\n"), Reading::Wrong(_)));
    }
}
