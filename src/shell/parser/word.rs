//! Words: quotes, escapes, and the expansions in them.

use super::super::syntax::{Part, Word};
use super::heredoc::push_quoted;
use super::{Parser, Result, ends_word};
use crate::command::Dialect;

impl Parser<'_> {
    /// Reads a word; it may turn out empty, with no parts, where none begins.
    pub(super) fn word(&mut self) -> Result<Word> {
        let start = self.at;
        let mut parts = Vec::new();
        if matches!(self.peek(), Some(b'<' | b'>')) && self.peek_at(1) == Some(b'(') {
            parts.push(self.process()?);
        }
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' => break,
                b'<' | b'>' if self.peek_at(1) == Some(b'(') => {
                    return self.refuse("a process substitution is glued to a word");
                }
                b'<' | b'>' => break,
                b'\'' => self.single_quotes(&mut parts)?,
                b'"' => self.double_quotes(&mut parts)?,
                b'\\' => self.backslash(&mut parts)?,
                b'$' => self.unquoted_dollar(&mut parts)?,
                b'`' => parts.push(self.backquote(false)?),
                _ => {
                    let plain = self.stretch(ends_plain);
                    push_plain(&mut parts, plain);
                }
            }
        }
        let word = Word { parts, span: self.span(start) };
        if self.dialect == Dialect::Zsh {
            self.refuse_zsh(&word)?;
        }
        Ok(word)
    }

    fn unquoted_dollar(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        match self.peek_at(1) {
            Some(b'\'') => self.ansi_quotes(parts),
            Some(b'"') => self.refuse("`$\"…\"` is translated at run time"),
            Some(_) | None => {
                let part = self.dollar(false)?;
                match part {
                    // A `$` that begins nothing.
                    Part::Plain(_) => push_plain(parts, b"$"),
                    part => parts.push(part),
                }
                Ok(())
            }
        }
    }

    fn single_quotes(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        self.step(1);
        let rest = &self.text[self.at..self.end];
        let Some(length) = rest.iter().position(|byte| *byte == b'\'') else {
            return self.refuse_open(b'\'', "a single quote is not closed");
        };
        let bytes = rest[..length].to_vec();
        self.refuse_newlines(&bytes)?;
        self.step(length + 1);
        parts.push(Part::Quoted(bytes));
        Ok(())
    }

    fn refuse_newlines(&self, bytes: &[u8]) -> Result<()> {
        if bytes.contains(&b'\n') && (self.announced_outside || !self.pending.is_empty()) {
            return self.refuse("a quoted newline comes before a here-document's body");
        }
        Ok(())
    }

    fn double_quotes(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        self.step(1);
        parts.push(Part::Quoted(Vec::new()));
        loop {
            let Some(byte) = self.peek() else {
                return self.refuse_open(b'"', "a double quote is not closed");
            };
            match byte {
                b'"' => break,
                b'\n' => {
                    self.refuse_newlines(b"\n")?;
                    self.step(1);
                    push_quoted(parts, b"\n");
                }
                b'\\' => self.quoted_backslash(parts)?,
                b'$' => {
                    let part = self.dollar(true)?;
                    match part {
                        Part::Plain(_) => push_quoted(parts, b"$"),
                        part => parts.push(part),
                    }
                }
                b'`' => parts.push(self.backquote(true)?),
                _ => {
                    let quoted = self.stretch(|byte| matches!(byte, b'"' | b'\n' | b'\\' | b'$' | b'`'));
                    push_quoted(parts, quoted);
                }
            }
        }
        self.step(1);
        Ok(())
    }

    fn quoted_backslash(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        match self.peek_at(1) {
            None => self.refuse("a double quote is not closed"),
            Some(b'\n') => {
                self.refuse_newlines(b"\n")?;
                self.continuation()
            }
            Some(byte @ (b'$' | b'`' | b'"' | b'\\')) => {
                self.step(2);
                push_quoted(parts, &[byte]);
                Ok(())
            }
            Some(_) => {
                self.step(1);
                push_quoted(parts, b"\\");
                Ok(())
            }
        }
    }

    fn backslash(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        match self.peek_at(1) {
            None => self.refuse("the text ends in a backslash"),
            Some(b'\n') => self.continuation(),
            Some(byte) => {
                // A part of its own, so that the escape is seen as a quote.
                let length = character(byte);
                let bytes = self.text[self.at + 1..(self.at + 1 + length).min(self.end)].to_vec();
                self.step(1 + bytes.len());
                parts.push(Part::Quoted(bytes));
                Ok(())
            }
        }
    }

    /// `$'…'`
    fn ansi_quotes(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        if self.dialect != Dialect::Bash {
            return self.refuse("`$'…'` is read differently by other shells");
        }
        self.step(2);
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                None => return self.refuse("a quote is not closed"),
                Some(b'\'') => break,
                Some(b'\\') => self.ansi_escape(&mut bytes)?,
                Some(byte) => {
                    self.refuse_newlines(&[byte])?;
                    self.step(1);
                    bytes.push(byte);
                }
            }
        }
        self.step(1);
        parts.push(Part::Quoted(bytes));
        Ok(())
    }

    fn ansi_escape(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        let known = match self.peek_at(1) {
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'e' | b'E') => 27,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(byte @ (b'\\' | b'\'' | b'"' | b'?')) => byte,
            Some(b'x') => return self.numeric_escape(bytes, 2, 2, 16),
            Some(b'0'..=b'7') => return self.numeric_escape(bytes, 1, 3, 8),
            Some(_) | None => return self.refuse("an escape in `$'…'` is not known"),
        };
        self.step(2);
        bytes.push(known);
        Ok(())
    }

    /// An escape of up to `most` digits of `radix`, which begin after `skip` bytes.
    fn numeric_escape(&mut self, bytes: &mut Vec<u8>, skip: usize, most: usize, radix: u32) -> Result<()> {
        let mut value = 0;
        let mut digits = 0;
        while digits < most {
            let Some(digit) = self.peek_at(skip + digits).and_then(|byte| (byte as char).to_digit(radix))
            else {
                break;
            };
            value = value * radix + digit;
            digits += 1;
        }
        match u8::try_from(value) {
            Ok(value) if digits > 0 && value != 0 => {
                self.step(skip + digits);
                bytes.push(value);
                Ok(())
            }
            Ok(_) | Err(_) => self.refuse("an escape in `$'…'` is not known"),
        }
    }

    /// What stands between backquotes is read by the same grammar; a backslash in it changes quotes and is refused.
    pub(super) fn backquote(&mut self, quoted: bool) -> Result<Part> {
        let start = self.at;
        let rest = &self.text[self.at + 1..self.end];
        let Some(length) = rest.iter().position(|byte| *byte == b'`') else {
            return self.refuse("a backquote is not closed");
        };
        if rest[..length].contains(&b'\\') {
            return self.refuse("a backslash stands between backquotes");
        }
        // bash looks for braces before it knows of the substitution, and takes the quote in it for the end of the one around it.
        if quoted && rest[..length].contains(&b'"') && rest[..length].contains(&b'{') {
            return self.refuse("braces stand in quotes between backquotes");
        }
        // `#` would hide the closing quote from the reader's eye, not from the shell.
        self.step(1);
        let close = self.at + length;
        let outer = std::mem::replace(&mut self.end, close);
        let body = self.nested(|parser| {
            let list = parser.list(&[])?;
            match parser.peek() {
                None => Ok(list),
                Some(_) => parser.refuse("a `)` closes nothing"),
            }
        })?;
        self.end = outer;
        self.step(1);
        Ok(Part::Command { body: body.into(), quoted, span: self.span(start) })
    }

    /// `<( )` and `>( )`
    fn process(&mut self) -> Result<Part> {
        if !self.is_bash() {
            return self.refuse("a process substitution is no POSIX shell");
        }
        let start = self.at;
        let reads = self.peek() == Some(b'<');
        self.step(2);
        let body = self.parenthesised()?;
        if body.is_empty() {
            // bash makes no word of it.
            return self.refuse("a process substitution holds no command");
        }
        Ok(Part::Process { body: body.into(), reads, span: self.span(start) })
    }

    /// zsh gives meanings of its own to much that is plain elsewhere.
    fn refuse_zsh(&self, word: &Word) -> Result<()> {
        let special =
            |byte: &u8| matches!(byte, b'=' | b'^' | b'#' | b'~' | b'*' | b'?' | b'[' | b'{' | b'}' | b'!');
        for (index, part) in word.parts.iter().enumerate() {
            let odd = match part {
                Part::Plain(bytes) => {
                    let skip = usize::from(
                        index == 0 && (bytes == b"~" || bytes.starts_with(b"~/") || bytes == b"["),
                    );
                    let equals_inside = |at: usize| at > 0 && bytes[at] == b'=';
                    (skip..bytes.len()).any(|at| special(&bytes[at]) && !equals_inside(at))
                }
                Part::Quoted(_) => false,
                Part::Parameter(parameter) => {
                    !parameter.bare
                        || matches!(word.parts.get(index + 1), Some(Part::Plain(bytes) | Part::Quoted(bytes))
                            if matches!(bytes.first(), Some(b'[' | b':')))
                }
                Part::Command { .. } | Part::Process { .. } | Part::Arith { .. } | Part::Unknown => true,
            };
            if odd {
                return self.refuse("zsh reads this word in a way of its own");
            }
        }
        Ok(())
    }
}

/// Appends unquoted bytes.
fn push_plain(parts: &mut Vec<Part>, plain: &[u8]) {
    match parts.last_mut() {
        Some(Part::Plain(bytes)) => bytes.extend_from_slice(plain),
        Some(_) | None => parts.push(Part::Plain(plain.to_vec())),
    }
}

/// Claims that an unquoted byte ends a stretch of those that stand for themselves.
fn ends_plain(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"' | b'\\' | b'$' | b'`') || ends_word(byte)
}

/// Returns how many bytes the UTF-8 character takes that begins with `first`.
fn character(first: u8) -> usize {
    match first {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    }
}
