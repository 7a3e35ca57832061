//! What somebody wants to run, exactly as it was given.
//!
//! A [`Command`] is plain bytes: it is never re-quoted, re-parsed or completed on its way to the
//! process that runs. What it *means* is the business of [`crate::shell`].

use std::path::PathBuf;

/// The shell language a script is written in, and the shell that will run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// GNU bash.
    Bash,
    /// A POSIX `sh` (dash on Debian): text that is not POSIX is opaque.
    Posix,
    /// zsh: opaque beyond plain commands, lists and pipes.
    Zsh,
}

/// One command: an argument vector or a shell script, and the directory it is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What was asked for.
    pub source: Source,
    /// The absolute working directory.
    pub cwd: PathBuf,
}

/// The two ways in: `gate -- CMD ARG…` and `gate -c STRING [ARG0 ARG…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `gate -- CMD ARG…`: the program and its arguments, never seen by a shell.
    Argv(Vec<Vec<u8>>),
    /// `gate -c STRING [ARG0 ARG…]`.
    Script {
        /// Which shell runs it.
        dialect: Dialect,
        /// Options for the shell in their given order, without `-c` (`-e`, `-l`, `-o`, `pipefail`).
        options: Vec<Vec<u8>>,
        /// The script's bytes.
        text: Vec<u8>,
        /// `$0`, `$1`, …; may be empty.
        args: Vec<Vec<u8>>,
    },
}

/// A file that a script sources first, as it was read when the script was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced {
    /// Its path.
    pub path: PathBuf,
    /// Where the script names it.
    pub named: Named,
    /// What was read; `None` where there was no such file.
    pub text: Option<Vec<u8>>,
}

/// Where a script names a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// In its text, from the first to behind the last byte of a word, quotes included.
    Text(usize, usize),
    /// As an argument, `$0` being the first.
    Argument(usize),
}

impl Sourced {
    /// Returns `command` with `path`, which is plain to every shell, in the place of the file's name; `None` if its name does not stand there.
    pub fn instead(&self, command: &Command, path: &[u8]) -> Option<Command> {
        let mut command = command.clone();
        let Source::Script { text, args, .. } = &mut command.source else { return None };
        match self.named {
            Named::Text(start, end) => {
                let name = self.path.file_name()?.as_encoded_bytes();
                let word = text.get(start..end)?;
                word.windows(name.len()).any(|part| part == name).then_some(())?;
                text.splice(start..end, path.iter().copied());
            }
            Named::Argument(at) => *args.get_mut(at)? = path.to_vec(),
        }
        Some(command)
    }
}

impl Command {
    /// Returns the text that is read, shown and pointed into: the script's bytes, or the arguments joined by one space,
    /// each [`quoted`] where it needs it.
    pub fn text(&self) -> Vec<u8> {
        match &self.source {
            Source::Argv(words) => joined(words.iter().map(Vec::as_slice)),
            Source::Script { text, .. } => text.clone(),
        }
    }
}

/// Returns `words` with one space between them, each [`quoted`] where it needs it.
pub fn joined<'a>(words: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, word) in words.enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        push_quoted(&mut out, word);
    }
    out
}

/// Returns `word` as a shell would have to be given it: unchanged if it is plain, else in single quotes.
pub fn quoted(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_quoted(&mut out, word);
    out
}

fn push_quoted(out: &mut Vec<u8>, word: &[u8]) {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-+=:,./@%^".contains(b);
    if !word.is_empty() && word.iter().all(is_plain) {
        return out.extend_from_slice(word);
    }
    out.push(b'\'');
    for byte in word {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
}

/// Returns `bytes` as text in which nothing is invisible or able to disguise its neighbours.
///
/// Control characters (tab and newline too, as `\t` and `\n`), bidirectional and zero-width characters,
/// unusual blanks and bytes that are not UTF-8 are written as escapes (`\x1b`, `\u{202e}`). Everything that comes from a
/// requester passes through here before a person sees it.
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_visible(&mut out, c);
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    out
}

/// Like [`visible`], but keeps newlines, so that a script can be shown line by line.
pub fn visible_lines(bytes: &[u8]) -> String {
    bytes.split(|b| *b == b'\n').map(visible).collect::<Vec<_>>().join("\n")
}

fn push_visible(out: &mut String, c: char) {
    match c {
        ' '..='~' => out.push(c),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c if (c as u32) < 0x80 && c.is_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
        c if is_invisible(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        c => out.push(c),
    }
}

/// Claims that `c` shows as nothing, as a blank that is no space, or changes the order of what is around it.
///
/// Source: Unicode 16 general categories Cc, Cf, Zs, Zl, Zp, and the default-ignorable code points.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c as u32,
            0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164
            | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::{quoted, visible};

    #[test]
    fn words_are_quoted_only_where_a_shell_would_read_them_otherwise() {
        for (word, expected) in [
            ("ls", "ls"),
            ("--a=b", "--a=b"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("*", "'*'"),
        ] {
            assert_eq!(quoted(word.as_bytes()), expected.as_bytes());
        }
    }

    #[track_caller]
    fn case(given: &[u8], expected: &str) {
        assert_eq!(visible(given), expected);
    }

    #[test]
    fn nothing_stays_invisible() {
        case(b"ls -l", "ls -l");
        case("grün ✓".as_bytes(), "grün ✓");
        case(b"a\x1b[2Kb", "a\\x1b[2Kb");
        case("a\u{202e}b\u{200b}c\u{a0}d".as_bytes(), "a\\u{202e}b\\u{200b}c\\u{a0}d");
        case(b"a\xffb", "a\\xffb");
        case(b"a\r\n\tb", "a\\r\\n\\tb");
    }
}
