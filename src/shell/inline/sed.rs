//! Whether a sed script only transforms text.

use super::brackets::opens_bracket;

/// Claims that the script runs nothing, and reads and writes no file of its own.
pub(super) fn only_transforms(code: &[u8]) -> bool {
    Sed { code, at: 0 }.only_transforms()
}

/// A reader of sed scripts as GNU sed reads them; where BSD's reading differs, the script is not pure.
struct Sed<'a> {
    code: &'a [u8],
    at: usize,
}

impl Sed<'_> {
    fn only_transforms(mut self) -> bool {
        loop {
            self.skip(b" \t\n;");
            if self.at == self.code.len() {
                return true;
            }
            if self.command().is_none() {
                return false;
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.code.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, any: &[u8]) {
        while self.peek().is_some_and(|byte| any.contains(&byte)) {
            self.at += 1;
        }
    }

    fn skip_to_line_end(&mut self) {
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => self.at += 1,
                b'\n' => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.code.len());
    }

    /// Reads one command with its addresses; nothing where it is not pure or not understood.
    fn command(&mut self) -> Option<()> {
        self.address()?;
        self.skip(b" \t");
        if self.peek() == Some(b',') {
            self.at += 1;
            self.skip(b" \t");
            self.skip(b"+~");
            self.address()?;
        }
        self.skip(b" \t!");
        match self.next()? {
            b'{' => Some(()),
            b'=' | b'd' | b'D' | b'g' | b'G' | b'h' | b'H' | b'n' | b'N' | b'p' | b'P' | b'x' | b'z'
            | b'F' | b'}' => self.end(),
            b'l' | b'q' | b'Q' => {
                self.skip(b" \t");
                self.skip(b"0123456789");
                self.end()
            }
            b'#' => {
                self.skip_comment();
                Some(())
            }
            b'a' | b'i' | b'c' => {
                self.skip_to_line_end();
                Some(())
            }
            b':' | b'b' | b't' | b'T' => {
                self.skip(b" \t");
                while self.peek().is_some_and(|byte| !b" \t\n;}".contains(&byte)) {
                    self.at += 1;
                }
                Some(())
            }
            b's' => self.substitution(),
            b'y' => {
                let delimiter = self.delimiter()?;
                self.part(delimiter)?;
                self.part(delimiter)?;
                self.end()
            }
            // `e`, `w`, `W`, `r`, `R` act outside the stream; anything else is not known.
            _ => None,
        }
    }

    fn skip_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn address(&mut self) -> Option<()> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.skip(b"0123456789");
                if self.peek() == Some(b'~') {
                    self.at += 1;
                    self.skip(b"0123456789");
                }
            }
            Some(b'$') => self.at += 1,
            Some(b'/') => {
                self.at += 1;
                self.part(b'/')?;
                self.skip(b"IM");
            }
            Some(b'\\') => {
                self.at += 1;
                let delimiter = self.delimiter()?;
                self.part(delimiter)?;
                self.skip(b"IM");
            }
            Some(_) | None => {}
        }
        Some(())
    }

    fn delimiter(&mut self) -> Option<u8> {
        self.next().filter(|byte| byte.is_ascii_punctuation() && *byte != b'\\' && *byte != b'[')
    }

    /// Steps behind the next unescaped `delimiter`; a delimiter inside brackets reads two ways.
    fn part(&mut self, delimiter: u8) -> Option<()> {
        let begin = self.at;
        loop {
            match self.next()? {
                b'\\' => {
                    self.next()?;
                }
                b'\n' => return None,
                byte if byte == delimiter => break,
                _ => {}
            }
        }
        (!opens_bracket(&self.code[begin..self.at - 1])).then_some(())
    }

    fn substitution(&mut self) -> Option<()> {
        let delimiter = self.delimiter()?;
        self.part(delimiter)?;
        self.replacement(delimiter)?;
        self.skip(b"0123456789gpiImM");
        self.end()
    }

    fn replacement(&mut self, delimiter: u8) -> Option<()> {
        loop {
            match self.next()? {
                b'\\' => {
                    self.next()?;
                }
                b'\n' => return None,
                byte if byte == delimiter => return Some(()),
                _ => {}
            }
        }
    }

    /// What may follow a command that is complete.
    fn end(&mut self) -> Option<()> {
        self.skip(b" \t");
        match self.peek() {
            None | Some(b';' | b'\n' | b'}' | b'#') => Some(()),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Language, is_pure};

    #[track_caller]
    fn sed(code: &str, pure: bool) {
        assert_eq!(is_pure(Language::Sed, code.as_bytes()), pure, "{code}");
    }

    #[test]
    fn sed_that_only_edits_is_pure() {
        for code in [
            "",
            "p",
            "1,20p",
            "$p",
            "1!G;h;$!d",
            "s/a/b/",
            "s/a/b/gI",
            "s|/etc|/usr|g",
            "s,a,b,;s#c#d#",
            "/re/d",
            "/a/,/b/{p;q}",
            "s/a\\/b/c/",
            "s/[0-9]+/N/g",
            "y/abc/xyz/",
            ":a;N;$!ba;s/x/y/",
            "/x/a some e text",
            "\\|re|p",
            "0~3d",
            "5q",
            "/error/Ip",
            "# e id\np",
            "s/ e id/w/",
            "2,+3p",
            "s/[[:space:]]*$//",
            "$!N;P;D",
            "1i e id",
        ] {
            sed(code, true);
        }
    }

    #[test]
    fn sed_that_runs_or_writes_is_not() {
        for code in [
            "e",
            "e id",
            "1e id",
            "$e id",
            "/x/e id",
            "w out",
            "1w out",
            "wout",
            "W out",
            "r /etc/shadow",
            "R f",
            "s/a/b/e",
            "s/a/b/ge",
            "s/a/id/w out",
            "s/a/b/;e id",
            "s/a/b/\ne id",
            "{e id",
            "p;w out",
            "s/a/b/ e",
            "a x\ne id",
            "#c\ne id",
            "s/a/b",
            "s/a",
            "s[a[b[",
            "y/a/b/w",
            "k",
            "\\xrex e",
            "1!e id",
            "1,2e id",
            "/[/]/e",
            "/a/I,/b/Me id",
            "s/[/]/e id;/",
            "}e id",
            "ba;e id",
            "b;e id",
            "s/[^/]/x/",
            "s/a/b/ w out",
            ":a\ne id",
            "s\\a\\b\\e",
        ] {
            sed(code, false);
        }
    }
}
