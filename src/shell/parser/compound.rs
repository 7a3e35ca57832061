//! Compound commands and functions.

use super::super::syntax::{Arm, Command, Compound, List, Word};
use super::{Parser, Result, is_name};
use crate::command::Dialect;

/// Words with a meaning of their own where a command begins.
const RESERVED: [&str; 24] = [
    "!", "[[", "]]", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
    "function", "if", "in", "select", "then", "time", "until", "while", "foreach", "end",
];

/// Words that zsh reserves, or that change how it reads what follows.
const RESERVED_BY_ZSH: [&str; 9] =
    ["-", "always", "nocorrect", "noglob", "repeat", "foreach", "end", "float", "integer"];

/// Claims that `name` cannot be a program's name, quoted or not, without raising the question what the shell reads.
pub(in super::super) fn is_reserved(name: &[u8], dialect: Dialect) -> bool {
    let is = |word: &str| word.as_bytes() == name;
    RESERVED.iter().any(|word| is(word))
        || (dialect == Dialect::Zsh && RESERVED_BY_ZSH.iter().any(|word| is(word)))
}

impl Parser<'_> {
    /// Claims that a compound command begins here.
    pub(super) fn opens_compound(&self) -> bool {
        const OPENERS: [&str; 7] = ["{", "if", "while", "until", "for", "case", "[["];
        OPENERS.iter().any(|word| self.sees_word(word))
    }

    /// Reads a compound command with its redirects.
    pub(super) fn compound(&mut self) -> Result<Command> {
        if self.dialect == Dialect::Zsh {
            return self.refuse("compound commands of zsh are not read");
        }
        self.deeper()?;
        let start = self.at;
        let body = self.compound_body()?;
        let span = self.span(start);
        let mut redirects = Vec::new();
        loop {
            self.blanks()?;
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => break,
            }
        }
        self.blanks()?;
        if !matches!(self.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b')')) {
            return self.refuse("a word follows a compound command");
        }
        self.depth -= 1;
        Ok(Command::Compound { body, redirects, span })
    }

    fn compound_body(&mut self) -> Result<Compound> {
        if self.starts_with(b"((") {
            if !self.is_bash() {
                return self.refuse("`((` is read differently by other shells");
            }
            self.step(2);
            return self.arithmetic().map(Compound::Arith);
        }
        if self.eat(b"(") {
            let list = self.list(&[])?;
            self.refuse_empty(&list)?;
            return if self.eat(b")") {
                Ok(Compound::Subshell(list))
            } else {
                self.refuse("a `(` is not closed")
            };
        }
        if self.keyword("{") {
            return self.body("}").map(Compound::Group);
        }
        if self.keyword("if") {
            return self.conditional();
        }
        if self.keyword("while") || self.keyword("until") {
            let mut condition = self.body("do")?;
            let body = self.body("done");
            let body = self.kept(body, &mut condition)?;
            return Ok(Compound::While { condition, body });
        }
        if self.keyword("for") {
            return self.loop_over();
        }
        if self.keyword("case") {
            return self.case();
        }
        if self.is_bash() && self.keyword("[[") {
            return self.tests().map(Compound::Test);
        }
        self.refuse("this compound command is no POSIX shell")
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = self.sees_word(word);
        if found {
            self.step(word.len());
        }
        found
    }

    fn refuse_empty(&self, list: &List) -> Result<()> {
        if list.is_empty() { self.refuse("a command is missing") } else { Ok(()) }
    }

    /// Reads a list that is not empty, up to and with the reserved word `closer`.
    fn body(&mut self, closer: &str) -> Result<List> {
        let list = self.list(&[closer])?;
        self.refuse_empty(&list)?;
        if self.keyword(closer) { Ok(list) } else { self.refuse(format!("`{closer}` is missing")) }
    }

    fn conditional(&mut self) -> Result<Compound> {
        let mut branches = Vec::new();
        let otherwise = self.branches(&mut branches);
        if otherwise.is_err() {
            let lists = branches.drain(..).flat_map(|(condition, list)| [condition, list]);
            lists.for_each(|mut list| self.salvaged.append(&mut list));
        }
        Ok(Compound::If { branches, otherwise: otherwise? })
    }

    /// Reads the branches up to `fi`, and returns what follows `else`.
    fn branches(&mut self, branches: &mut Vec<(List, List)>) -> Result<Option<List>> {
        loop {
            let mut condition = self.body("then")?;
            let list = self.list(&["elif", "else", "fi"]);
            let list = self.kept(list, &mut condition)?;
            let is_empty = self.refuse_empty(&list);
            branches.push((condition, list));
            is_empty?;
            if self.keyword("fi") {
                return Ok(None);
            }
            if self.keyword("else") {
                return self.body("fi").map(Some);
            }
            if !self.keyword("elif") {
                return self.refuse("`fi` is missing");
            }
        }
    }

    fn loop_over(&mut self) -> Result<Compound> {
        self.blanks()?;
        if self.starts_with(b"((") {
            return self.arithmetic_loop();
        }
        let name = self.plain_word()?;
        if !is_name(name.as_bytes()) {
            return self.refuse("the variable of `for` is no plain name");
        }
        self.blanks()?;
        let mut words = None;
        if self.keyword("in") {
            words = Some(self.loop_words()?);
        } else if self.peek() == Some(b';') {
            self.operator(1)?;
        }
        self.newlines()?;
        if !self.keyword("do") {
            return self.refuse("`do` is missing");
        }
        Ok(Compound::For { name, words, body: self.body("done")? })
    }

    fn loop_words(&mut self) -> Result<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.blanks()?;
            match self.peek() {
                Some(b'\n') => break,
                Some(b';') => {
                    self.operator(1)?;
                    break;
                }
                Some(_) | None => {}
            }
            let word = self.word()?;
            if word.parts.is_empty() {
                return self.refuse("the words of `for` do not end");
            }
            words.push(word);
        }
        Ok(words)
    }

    fn arithmetic_loop(&mut self) -> Result<Compound> {
        if !self.is_bash() {
            return self.refuse("`for ((` is no POSIX shell");
        }
        self.step(2);
        let mut parts = Vec::new();
        for close in [&b";"[..], b";", b"))"] {
            parts.push(self.expression(close)?);
        }
        self.blanks()?;
        if self.peek() == Some(b';') {
            self.operator(1)?;
        }
        self.newlines()?;
        if !self.keyword("do") {
            return self.refuse("`do` is missing");
        }
        Ok(Compound::ArithFor { parts, body: self.body("done")? })
    }

    fn case(&mut self) -> Result<Compound> {
        self.blanks()?;
        let word = self.word()?;
        if word.parts.is_empty() {
            return self.refuse("`case` has no word");
        }
        self.newlines()?;
        if !self.keyword("in") {
            return self.refuse("`in` is missing");
        }
        let mut arms = Vec::new();
        loop {
            self.newlines()?;
            if self.keyword("esac") {
                return Ok(Compound::Case { word, arms });
            }
            let (arm, closed) = self.arm()?;
            arms.push(arm);
            if closed {
                return Ok(Compound::Case { word, arms });
            }
        }
    }

    /// Reads one arm; `true` if `esac` followed it at once.
    fn arm(&mut self) -> Result<(Arm, bool)> {
        let _open = self.eat(b"(");
        let mut patterns = Vec::new();
        loop {
            self.blanks()?;
            if self.sees_word("esac") {
                return self.refuse("`esac` stands where a pattern is expected");
            }
            let word = self.word()?;
            if word.parts.is_empty() {
                return self.refuse("a pattern is missing in `case`");
            }
            patterns.push(word);
            self.blanks()?;
            if self.eat(b")") {
                break;
            }
            if self.starts_with(b"||") || !self.eat(b"|") {
                return self.refuse("a pattern of `case` is not closed");
            }
        }
        let body = self.list(&[";;", "esac"])?;
        if self.keyword("esac") {
            return Ok((Arm { patterns, body, falls: false }, true));
        }
        let falls = self.starts_with(b";&") || self.starts_with(b";;&");
        if falls && !self.is_bash() {
            return self.refuse("`;&` is no POSIX shell");
        }
        if self.eat(b";;&") || self.eat(b";;") || self.eat(b";&") {
            return Ok((Arm { patterns, body, falls }, false));
        }
        self.refuse("an arm of `case` is not closed")
    }

    /// Reads a word without quotes and expansions.
    pub(super) fn plain_word(&mut self) -> Result<String> {
        let word = self.word()?;
        match word.parts.as_slice() {
            [super::super::syntax::Part::Plain(bytes)] => Ok(String::from_utf8_lossy(bytes).into_owned()),
            _ => self.refuse("a plain name is expected"),
        }
    }

    /// Reads a function's body: a group or a subshell without redirects.
    pub(super) fn function_body(&mut self) -> Result<Command> {
        self.newlines()?;
        if !(self.sees_word("{") || (self.peek() == Some(b'(') && !self.starts_with(b"(("))) {
            return self.refuse("a function's body is neither `{ }` nor `( )`");
        }
        let body = self.compound()?;
        match &body {
            Command::Compound { redirects, .. } if redirects.is_empty() => Ok(body),
            Command::Compound { .. } | Command::Simple(_) | Command::Function { .. } => {
                self.refuse("a function's definition has redirects")
            }
        }
    }
}
