//! Python's statements: what they bind, and where expressions stand in them.
//!
//! Their order and their indentation do not count: each line is pure by itself, or the whole is not.

use super::names;
use super::{Bound, Last, Reader, Token};

/// Assignments that change what is there.
const CHANGES: [&str; 12] = ["+=", "-=", "*=", "/=", "//=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="];

impl<'a> Reader<'a> {
    pub(super) fn program(&mut self) -> Option<()> {
        loop {
            while self.peek() == Some(Token::Newline) || self.is_sign(";") {
                self.at += 1;
            }
            if self.peek().is_none() {
                return Some(());
            }
            let is_open = self.statement()?;
            if !(is_open || self.ends_statement()) {
                return None;
            }
        }
    }

    fn ends_statement(&self) -> bool {
        matches!(self.peek(), None | Some(Token::Newline)) || self.is_sign(";")
    }

    /// Reads a statement, or the head of one; returns whether it ended with the `:` of a head.
    fn statement(&mut self) -> Option<bool> {
        let Some(Token::Name(word)) = self.peek() else { return self.simple().map(|()| false) };
        if matches!(
            word,
            "if" | "elif" | "while" | "else" | "try" | "finally" | "for" | "with" | "except" | "def"
        ) {
            self.at += 1;
            self.head(word)?;
            return self.expect(":").map(|()| true);
        }
        match word {
            "import" => self.imports(),
            "from" => self.imports_from(),
            "pass" | "break" | "continue" => {
                self.at += 1;
                Some(())
            }
            "return" | "raise" | "assert" | "del" => {
                self.at += 1;
                self.operands(word)
            }
            _ => self.simple(),
        }
        .map(|()| false)
    }

    fn head(&mut self, word: &str) -> Option<()> {
        match word {
            "if" | "elif" | "while" => self.expressions().map(|_| ()),
            "for" => {
                self.targets()?;
                self.takes_word("in").then_some(())?;
                self.expressions().map(|_| ())
            }
            "with" => self.managers(),
            "except" if !self.is_sign(":") => {
                self.expressions()?;
                self.named_as()
            }
            "def" => self.definition(),
            _ => Some(()),
        }
    }

    fn managers(&mut self) -> Option<()> {
        loop {
            self.expression()?;
            if self.takes_word("as") {
                self.target()?;
            }
            if !self.takes_sign(",") {
                return Some(());
            }
        }
    }

    fn named_as(&mut self) -> Option<()> {
        if self.takes_word("as") {
            let name = self.name()?;
            self.bind(name, Bound::Value)?;
        }
        Some(())
    }

    fn definition(&mut self) -> Option<()> {
        let name = self.name()?;
        self.bind(name, Bound::Function)?;
        self.expect("(")?;
        self.parameters(")")?;
        if self.takes_sign("->") {
            self.expression()?;
        }
        Some(())
    }

    /// Reads parameters up to and with the sign `end`.
    pub(super) fn parameters(&mut self, end: &str) -> Option<()> {
        while !self.takes_sign(end) {
            if !self.takes_sign("**") {
                self.takes_sign("*");
            }
            if let Some(Token::Name(_)) = self.peek() {
                let name = self.name()?;
                self.bind(name, Bound::Value)?;
                if end == ")" && self.takes_sign(":") {
                    self.expression()?;
                }
            } else {
                self.takes_sign("/");
            }
            if self.takes_sign("=") {
                self.expression()?;
            }
            if !self.is_sign(end) {
                self.expect(",")?;
            }
        }
        Some(())
    }

    fn operands(&mut self, word: &str) -> Option<()> {
        if self.ends_statement() {
            return Some(());
        }
        if word == "del" {
            return self.targets();
        }
        self.expressions()?;
        if word == "raise" && self.takes_word("from") {
            self.expression()?;
        }
        Some(())
    }

    /// An expression, or an assignment.
    fn simple(&mut self) -> Option<()> {
        let begin = self.at;
        let last = self.expressions()?;
        if self.is_sign("=") {
            self.at = begin;
            return self.assignment();
        }
        let changes = matches!(self.peek(), Some(Token::Sign(sign)) if CHANGES.contains(&sign));
        let is_annotated = last == Last::Name && self.at == begin + 1 && self.is_sign(":");
        if changes {
            self.at = begin;
            self.target()?;
            self.at += 1;
            return self.expressions().map(|_| ());
        }
        if is_annotated {
            self.at = begin;
            self.target()?;
            self.expect(":")?;
            self.expression()?;
            return if self.takes_sign("=") { self.expressions().map(|_| ()) } else { Some(()) };
        }
        Some(())
    }

    /// `a = b, c = …`
    fn assignment(&mut self) -> Option<()> {
        loop {
            let begin = self.at;
            self.expressions()?;
            if !self.is_sign("=") {
                return Some(());
            }
            self.at = begin;
            self.targets()?;
            self.expect("=")?;
        }
    }

    pub(super) fn targets(&mut self) -> Option<()> {
        self.target()?;
        while self.takes_sign(",") {
            if matches!(self.peek(), Some(Token::Sign("=" | ")" | "]")) | Some(Token::Newline) | None)
                || self.is_word("in")
            {
                return Some(());
            }
            self.target()?;
        }
        Some(())
    }

    /// What is assigned to: a name, an item of a value, or several in brackets.
    fn target(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > super::DEPTH {
            return None;
        }
        self.takes_sign("*");
        let closes = match self.peek()? {
            Token::Sign("(") => Some(")"),
            Token::Sign("[") => Some("]"),
            _ => None,
        };
        if let Some(close) = closes {
            self.at += 1;
            self.targets()?;
            self.expect(close)?;
        } else {
            self.single_target()?;
        }
        self.depth -= 1;
        Some(())
    }

    fn single_target(&mut self) -> Option<()> {
        let Some(Token::Name(name)) = self.peek() else { return None };
        let goes_on = matches!(self.tokens.get(self.at + 1), Some(Token::Sign("." | "[" | "(")));
        if !goes_on {
            self.name()?;
            return self.bind(name, Bound::Value);
        }
        matches!(self.operand()?, Last::Item | Last::Never).then_some(())
    }

    fn imports(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let path = self.dotted()?;
            names::is_module(&path, self.is_three).then_some(())?;
            self.uses.asks_uname |= names::asks_uname(&path);
            if self.takes_word("as") {
                let name = self.name()?;
                self.bind(name, Bound::Path(path))?;
            } else {
                let first = path.split('.').next().unwrap_or_default().to_owned();
                self.bind(&first.clone(), Bound::Path(first))?;
            }
            if !self.takes_sign(",") {
                return Some(());
            }
        }
    }

    fn dotted(&mut self) -> Option<String> {
        let mut path = self.name()?.to_owned();
        while self.takes_sign(".") {
            path = format!("{path}.{}", self.name()?);
        }
        Some(path)
    }

    fn imports_from(&mut self) -> Option<()> {
        self.at += 1;
        let module = self.dotted()?;
        self.uses.asks_uname |= names::asks_uname(&module);
        self.takes_word("import").then_some(())?;
        let in_brackets = self.takes_sign("(");
        loop {
            let name = self.name()?;
            let path = format!("{module}.{name}");
            let is_known = names::is_module(&path, self.is_three)
                || names::is_listed(&path, self.is_three)
                || matches!(path.as_str(), "os.environ" | "os.getenv");
            is_known.then_some(())?;
            let name = if self.takes_word("as") { self.name()? } else { name };
            self.bind(name, Bound::Path(path))?;
            if !self.takes_sign(",") || self.is_sign(")") {
                break;
            }
        }
        if in_brackets { self.expect(")") } else { Some(()) }
    }
}
