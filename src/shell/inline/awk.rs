//! Whether an awk program only transforms text.

use super::brackets::opens_bracket;

/// Claims that the program runs nothing, and reads and writes no file of its own.
pub(super) fn only_transforms(code: &[u8]) -> bool {
    Awk::new(code).only_transforms()
}

/// What the last token of an awk program was: it decides what `/` means and whether a newline ends a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A value: a `/` divides, a newline ends the statement.
    Value,
    /// A closing `)`, perhaps of an `if`, or `+` and `-`, perhaps `++`: a `/` may divide or begin a pattern.
    Either,
    /// A word after which a value comes (`print`, `return`).
    Word,
    /// `,`, `&&`, `||`, `?`, `:`, `{`: the statement goes on.
    Open,
    /// Another operator, or nothing yet.
    Other,
}

/// A reader of awk programs.
struct Awk<'a> {
    code: &'a [u8],
    at: usize,
    last: Last,
    /// Open brackets since the `print` of the statement at hand, if there is one.
    print: Option<usize>,
}

impl<'a> Awk<'a> {
    fn new(code: &'a [u8]) -> Awk<'a> {
        Awk { code, at: 0, last: Last::Other, print: None }
    }

    fn only_transforms(mut self) -> bool {
        while self.at < self.code.len() {
            if self.token().is_none() {
                return false;
            }
        }
        true
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.code.get(self.at + ahead).copied()
    }

    fn token(&mut self) -> Option<()> {
        let byte = self.peek(0)?;
        match byte {
            b' ' | b'\t' => self.at += 1,
            b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
            b'\n' => self.newline(),
            b'#' => {
                while self.peek(0).is_some_and(|byte| byte != b'\n') {
                    self.at += 1;
                }
            }
            b'"' => {
                self.quoted(b'"')?;
                self.last = Last::Value;
            }
            b'/' => self.slash()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
            b'0'..=b'9' | b'.' | b'$' => {
                self.at += 1;
                self.last = if byte == b'$' { Last::Other } else { Last::Value };
            }
            b'|' if self.peek(1) == Some(b'|') => self.step(2, Last::Open),
            b'&' if self.peek(1) == Some(b'&') => self.step(2, Last::Open),
            b'>' => self.greater()?,
            b'(' | b'[' | b')' | b']' => self.bracket(byte),
            b';' | b'{' | b'}' => {
                self.print = None;
                self.step(1, Last::Other);
            }
            b',' | b'?' | b':' => self.step(1, Last::Open),
            b'+' | b'-' => self.step(1, Last::Either),
            b'=' | b'<' | b'!' | b'~' | b'*' | b'%' | b'^' => self.step(1, Last::Other),
            // A pipe runs a program, `@` calls by name or loads a file, and the rest is no awk.
            _ => return None,
        }
        Some(())
    }

    fn step(&mut self, by: usize, last: Last) {
        self.at += by;
        self.last = last;
    }

    fn newline(&mut self) {
        self.at += 1;
        if self.last != Last::Open {
            self.print = None;
            self.last = Last::Other;
        }
    }

    fn bracket(&mut self, byte: u8) {
        let opens = matches!(byte, b'(' | b'[');
        if let Some(depth) = &mut self.print {
            *depth = if opens { *depth + 1 } else { depth.saturating_sub(1) };
        }
        self.step(
            1,
            match byte {
                b')' => Last::Either,
                b']' => Last::Value,
                _ => Last::Other,
            },
        );
    }

    /// Steps behind the next unescaped `end`; returns what stood before it.
    fn quoted(&mut self, end: u8) -> Option<&'a [u8]> {
        let begin = self.at + 1;
        let mut at = begin;
        loop {
            match *self.code.get(at)? {
                b'\\' => at += 2,
                b'\n' => return None,
                byte if byte == end => break,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(&self.code[begin..at])
    }

    /// A division, or a regular expression; where it could be both it is not pure.
    fn slash(&mut self) -> Option<()> {
        match self.last {
            Last::Value => self.step(1, Last::Other),
            Last::Either if self.code[self.at + 1..].contains(&b'/') => return None,
            Last::Either => self.step(1, Last::Other),
            Last::Word | Last::Open | Last::Other => {
                let pattern = self.quoted(b'/')?;
                if opens_bracket(pattern) {
                    return None;
                }
                self.last = Last::Value;
            }
        }
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let begin = self.at;
        while self.peek(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        self.last = match &self.code[begin..self.at] {
            b"system" | b"getline" | b"ENVIRON" | b"ARGV" | b"ARGC" | b"SYMTAB" | b"FUNCTAB"
            | b"PROCINFO" | b"load" | b"include" | b"extension" => return None,
            b"print" | b"printf" => {
                self.print = Some(0);
                Last::Word
            }
            b"return" | b"in" | b"case" | b"else" | b"do" | b"exit" | b"delete" => Last::Word,
            _ => Last::Value,
        };
        Some(())
    }

    /// A comparison, or what sends a `print` to a file.
    fn greater(&mut self) -> Option<()> {
        if self.print != Some(0) {
            self.step(1, Last::Other);
            return Some(());
        }
        self.at += 1;
        while self.peek(0).is_some_and(|byte| b" \t".contains(&byte)) {
            self.at += 1;
        }
        let is_harmless = self.peek(0) == Some(b'"')
            && matches!(self.quoted(b'"')?, b"/dev/stdout" | b"/dev/stderr" | b"/dev/null");
        while self.peek(0).is_some_and(|byte| b" \t".contains(&byte)) {
            self.at += 1;
        }
        let is_whole = matches!(self.peek(0), None | Some(b';' | b'}' | b'\n'));
        (is_harmless && is_whole).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Language, is_pure};

    #[track_caller]
    fn awk(code: &str, pure: bool) {
        assert_eq!(is_pure(Language::Awk, code.as_bytes()), pure, "{code}");
    }

    #[test]
    fn awk_that_only_transforms_is_pure() {
        for code in [
            "",
            "{print $1}",
            "NR > 5",
            "NR==1 || /pattern/",
            "/foo|bar/ {print}",
            "BEGIN {FS=\":\"; OFS=\",\"} NR>1 {print $1,$2}",
            "{if ($1 > 10) print}",
            "{print > \"/dev/null\"}",
            "{print ($1 > 2)}",
            "{gsub(/foo/, \"bar\"); print}",
            "{print $1/2}",
            "{s+=$1} END {print s/NR}",
            "{print \"system | getline\"}",
            "# system(1)\n{print}",
            "{print $1; if ($2 > 3) n++}",
            "{print $1\n}\n$2 > 3",
            "!seen[$0]++",
            "length($0) > 80",
            "{printf \"%s\\n\", $1}",
            "{x = $1 / 2; y = x / 3}",
            "{print (a+b)/2}",
        ] {
            awk(code, true);
        }
    }

    #[test]
    fn awk_that_runs_or_writes_is_not() {
        for code in [
            "BEGIN{system(\"id\")}",
            "{print | \"sh\"}",
            "{print > \"out\"}",
            "{print $1 > $2}",
            "{print >> \"out\"}",
            "BEGIN{\"id\" | getline x}",
            "{getline x < \"/etc/shadow\"}",
            "BEGIN{print ENVIRON[\"X\"]}",
            "@load \"x\"",
            "{f=\"system\"; @f(\"id\")}",
            "{print \"a\" |& \"sh\"}",
            "{print($1) > \"out\"}",
            "{printf \"x\" > \"/dev/stdout\" \"x\"}",
            "BEGIN{ARGV[1]=\"x\"}",
            "{print \"a",
            "{print a,\n b > \"out\"}",
            "{x++ /system(1)/ 2}",
            "{a = b / c; system(1) / d}",
            "{print /[/]/; system(1)}",
            "{print a ? b :\n c > \"f\"}",
            "{print \\\n a > \"f\"}",
            "`id`",
            "{if (x) /\"/ ; system(\"id\") ; /\"/}",
            "{print '",
            "BEGIN{print SYMTAB[1]}",
        ] {
            awk(code, false);
        }
    }
}
