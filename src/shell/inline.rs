//! Whether a sed or awk program given on the command line only transforms text, and what the code of an interpreter reads.
//!
//! It owns the answer "this code runs nothing, writes nothing and reads no other file than these" for the languages in which agents
//! write one-liners all day. It never says so of what it does not know: an unknown command, an unfinished
//! construct or two possible readings are not pure.

mod lines;
mod python;

use lines::Tongue;

/// The language of inline code that is read, not only passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Sed,
    Awk,
    Python,
    Lines(Tongue),
}

/// What pure code of an interpreter asks the machine for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// The files that it reads, by name; nothing for a name that is known only when it runs.
    pub(super) reads: Vec<Option<String>>,
    /// The variables of the environment that it looks at.
    pub(super) variables: Vec<String>,
    /// Claims that it may run `uname -p`.
    pub(super) asks_uname: bool,
}

impl Language {
    /// Returns the language a `[[program]]` entry names.
    pub(super) fn of(name: &str) -> Option<Language> {
        match name {
            "sed" => Some(Language::Sed),
            "awk" => Some(Language::Awk),
            "python" => Some(Language::Python),
            "javascript" => Some(Language::Lines(Tongue::JavaScript)),
            "ruby" => Some(Language::Lines(Tongue::Ruby)),
            "perl" => Some(Language::Lines(Tongue::Perl)),
            "php" => Some(Language::Lines(Tongue::Php)),
            _ => None,
        }
    }
}

impl Language {
    /// Claims that it is given in options alone, and that an operand is a script file: what an interpreter does.
    pub(super) fn is_of_an_interpreter(self) -> bool {
        match self {
            Language::Sed | Language::Awk => false,
            Language::Python | Language::Lines(_) => true,
        }
    }

    /// Claims that an interpreter which is given `options` in front of a word takes that word for code, and nothing else.
    ///
    /// From node(1), ruby(1), perlrun(1) and php(1). Python has more that do no harm, so that its options are read elsewhere.
    pub(super) fn opens_code(self, name: &str, option: &[u8]) -> bool {
        let bundles = |letters: &[u8], last: &[u8]| match option {
            [b'-', before @ .., end] => {
                last.contains(end) && before.iter().all(|letter| letters.contains(letter))
            }
            _ => false,
        };
        match self {
            Language::Sed | Language::Awk | Language::Python => false,
            Language::Lines(Tongue::JavaScript) => {
                matches!(option, b"-e" | b"-p" | b"-pe" | b"--eval" | b"--print")
            }
            Language::Lines(Tongue::Ruby) => name == "ruby" && bundles(b"w", b"e"),
            Language::Lines(Tongue::Perl) => bundles(b"lwWtTX", b"eE"),
            Language::Lines(Tongue::Php) => option == b"-r",
        }
    }
}

/// Claims that `code` runs no program, and reads and writes no file of its own.
pub(super) fn is_pure(language: Language, code: &[u8]) -> bool {
    uses(language, "", code).is_some_and(|uses| uses == Uses::default())
}

/// Returns what `code` reads and looks at, if it runs no program and writes no file; `name` is what its interpreter is called.
pub(super) fn uses(language: Language, name: &str, code: &[u8]) -> Option<Uses> {
    let pure = |pure: bool| pure.then(Uses::default);
    match language {
        Language::Sed => pure(Sed { code, at: 0 }.only_transforms()),
        Language::Awk => pure(Awk::new(code).only_transforms()),
        Language::Lines(tongue) => lines::uses(tongue, code),
        Language::Python => python::uses(code, name.starts_with("python3") || name == "pypy3"),
    }
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

/// Claims that a bracket expression of the pattern is still open at its end.
fn opens_bracket(pattern: &[u8]) -> bool {
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => at += 2,
            b'[' => {
                at += 1;
                at += usize::from(pattern.get(at) == Some(&b'^'));
                at += usize::from(pattern.get(at) == Some(&b']'));
                match bracket_end(pattern, at) {
                    Some(end) => at = end,
                    None => return true,
                }
            }
            _ => at += 1,
        }
    }
    false
}

/// Returns the index behind the `]` that ends a bracket expression whose content begins at `at`.
fn bracket_end(pattern: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *pattern.get(at)? {
            b']' => return Some(at + 1),
            b'[' if matches!(pattern.get(at + 1), Some(b':' | b'.' | b'=')) => {
                let kind = pattern[at + 1];
                let close = pattern[at + 2..].windows(2).position(|pair| pair == [kind, b']'])?;
                at += close + 4;
            }
            _ => at += 1,
        }
    }
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
    use super::{Language, is_pure};

    #[track_caller]
    fn sed(code: &str, pure: bool) {
        assert_eq!(is_pure(Language::Sed, code.as_bytes()), pure, "{code}");
    }

    #[track_caller]
    fn awk(code: &str, pure: bool) {
        assert_eq!(is_pure(Language::Awk, code.as_bytes()), pure, "{code}");
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
