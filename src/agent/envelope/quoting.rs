//! Words as agents quote them: taken off and put on again, so that only what an agent itself would write counts.

/// A quoted word at the beginning of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    /// How many bytes it takes.
    pub(super) len: usize,
    /// What the shell makes of it.
    pub(super) word: Vec<u8>,
}

/// What `shell-quote` for Node puts a backslash before in a word without blanks and quotes.
const ESCAPED: &[u8] = b"#!\"$&'()*,:;<=>?@[\\]^`{|}";

/// Returns the word that `text` begins with: in single quotes with `'"'"'` or `'\''` for its own, or as `shell-quote` writes it.
/// `None` for any other way of writing it, however a shell would read that.
pub(super) fn word(text: &[u8]) -> Option<Quoted> {
    match text.first()? {
        b'\'' => single(text),
        b'"' => double(text),
        _ => bare(text),
    }
}

/// `'…'`; a quote inside is written in one way throughout.
fn single(text: &[u8]) -> Option<Quoted> {
    const WAYS: [&[u8]; 2] = [b"'\"'\"'", b"'\\''"];
    let mut word = Vec::new();
    let mut way = None;
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        let end = rest.iter().position(|byte| *byte == b'\'')?;
        word.extend_from_slice(&rest[..end]);
        match WAYS.iter().find(|way| rest[end..].starts_with(way)) {
            Some(found) if way.is_none_or(|way| way == *found) => {
                way = Some(*found);
                word.push(b'\'');
                at += end + found.len();
            }
            Some(_) => return None,
            None => return Some(Quoted { len: at + end + 1, word }),
        }
    }
}

/// `"…"`, for words that hold a single quote: `"`, `\`, `$`, a backquote and `!` come with a backslash, which the shell leaves
/// before `!`.
fn double(text: &[u8]) -> Option<Quoted> {
    let mut word = Vec::new();
    let mut at = 1;
    loop {
        match (text.get(at)?, text.get(at + 1)) {
            (b'"', _) => break,
            (b'\\', Some(next @ (b'"' | b'\\' | b'$' | b'`'))) => {
                word.push(*next);
                at += 2;
            }
            (b'\\', Some(b'!')) => {
                word.extend_from_slice(b"\\!");
                at += 2;
            }
            (b'\\' | b'$' | b'`' | b'!', _) => return None,
            (plain, _) => {
                word.push(*plain);
                at += 1;
            }
        }
    }
    word.contains(&b'\'').then_some(Quoted { len: at + 1, word })
}

/// Without quotes: plain characters, and special ones behind a backslash. A `~` would be read by the shell.
fn bare(text: &[u8]) -> Option<Quoted> {
    let mut word = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, text.get(at + 1)) {
            (b'\\', Some(next)) if ESCAPED.contains(next) => {
                word.push(*next);
                at += 2;
            }
            (b'\\', _) => return None,
            (plain, _) if plain.is_ascii_alphanumeric() || b"_./%+-".contains(plain) => {
                word.push(*plain);
                at += 1;
            }
            _ => break,
        }
    }
    // The shell's own: an option of `eval`.
    (!word.is_empty() && !word.starts_with(b"-")).then_some(Quoted { len: at, word })
}

#[cfg(test)]
mod tests {
    use super::{Quoted, word};

    #[track_caller]
    fn is(text: &str, expected: &str, rest: &str) {
        let len = text.len() - rest.len();
        assert_eq!(word(text.as_bytes()), Some(Quoted { len, word: expected.as_bytes().to_vec() }), "{text}");
    }

    #[track_caller]
    fn is_none(text: &str) {
        assert_eq!(word(text.as_bytes()), None, "{text}");
    }

    #[test]
    fn words_come_off_as_a_shell_reads_them() {
        is("'ls -l' < x", "ls -l", " < x");
        is(r#"'a'"'"'b'"'"''"#, "a'b'", "");
        is(r"'a'\''b' ", "a'b", " ");
        is("'' <", "", " <");
        is("'a\nb'", "a\nb", "");
        is(r#""it's \$x \"y\" \\ \`z\` \!" <"#, r#"it's $x "y" \ `z` \!"#, " <");
        is("ls <", "ls", " <");
        is(r"a\&\&b\;c", "a&&b;c", "");
        is("/tmp/claude-7e3a-cwd", "/tmp/claude-7e3a-cwd", "");
    }

    #[test]
    fn other_ways_of_writing_a_word_are_none() {
        is_none("'open");
        is_none(r#"'a'"'"'b'\''c'"#);
        is_none(r#""no single quote""#);
        is_none(r#""it's $x""#);
        is_none(r#""it's `x`""#);
        is_none(r#""it's !""#);
        is_none(r#""it's \x""#);
        is_none(r"a\b");
        is_none("~/x");
        is_none("$x");
        is_none("-x");
        is_none("");
        is_none("\\");
    }
}
