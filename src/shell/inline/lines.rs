//! Whether a line of JavaScript, Ruby, Perl or PHP only computes and prints.
//!
//! MUST rules:
//! 1. Whatever is not known by name is not pure: a function, a method, a constant.
//! 2. What is called is a listed name where it stands, or a listed method; a function is handed on only as it is written.
//! 3. An item is taken by number or by a plain text, never by what is computed: no `constructor`, no `__proto__`.
//! 4. A text in which something is put in place is none of these.
//! 5. What a file is read or a variable is asked for comes out as a use.
//!
//! Read is a language that the four have in common, so that what is accepted means the same in the one at hand, or is an error.

mod listed;
#[cfg(test)]
mod tests;
mod tokens;

use super::Uses;
pub(super) use listed::Tongue;
use tokens::{Token, tokens};

/// How deep expressions may be nested.
const DEPTH: usize = 40;

/// Returns what `code` uses if it is pure.
pub(super) fn uses(tongue: Tongue, code: &[u8]) -> Option<Uses> {
    let tokens = tokens(tongue, std::str::from_utf8(code).ok()?)?;
    let mut reader =
        Reader { tongue, tokens: &tokens, at: 0, depth: 0, bound: Vec::new(), uses: Uses::default() };
    reader.program()?;
    Some(reader.uses)
}

struct Reader<'a> {
    tongue: Tongue,
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
    /// Variables that the code has set so far.
    bound: Vec<&'a str>,
    uses: Uses,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if found == sign);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, words: &[&str]) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if words.contains(&found));
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Option<&'a str> {
        let Some(Token::Name(name)) = self.peek() else { return None };
        self.at += 1;
        Some(name)
    }

    fn text(&mut self) -> Option<&'a str> {
        let Some(Token::Text(text)) = self.peek() else { return None };
        self.at += 1;
        text
    }

    fn program(&mut self) -> Option<()> {
        loop {
            while self.takes(";") || self.takes("\n") {}
            if self.peek().is_none() {
                return Some(());
            }
            self.statement()?;
            let ends = matches!(self.peek(), None | Some(Token::Sign(";" | "\n")));
            if !ends {
                return None;
            }
        }
    }

    fn statement(&mut self) -> Option<()> {
        if self.takes_word(self.tongue.loads()) {
            return self.loading();
        }
        if self.takes_word(self.tongue.prints()) {
            return self.printing();
        }
        if self.takes_word(self.tongue.declares()) {
            if self.names_module() {
                return Some(());
            }
            let name = self.variable()?;
            self.takes("=").then_some(())?;
            self.expression()?;
            self.bound.push(name);
            return Some(());
        }
        if self.tongue.assigns()
            && let (Some(Token::Name(name) | Token::Variable(name)), Some(Token::Sign("="))) =
                (self.peek(), self.tokens.get(self.at + 1).copied())
        {
            self.tongue.may_bind(name).then_some(())?;
            self.at += 2;
            self.expression()?;
            self.bound.push(name);
            return Some(());
        }
        self.expression()
    }

    /// `fs = require('fs')`: the module is called so without it, too.
    fn names_module(&mut self) -> bool {
        let found = match self.tokens.get(self.at..self.at + 6) {
            Some(
                [
                    Token::Name(name),
                    Token::Sign("="),
                    Token::Name("require"),
                    Token::Sign("("),
                    Token::Text(Some(module)),
                    Token::Sign(")"),
                ],
            ) => module.strip_prefix("node:").unwrap_or(module) == *name && self.tongue.may_load(name),
            Some(_) | None => false,
        };
        let ends = matches!(self.tokens.get(self.at + 6), None | Some(Token::Sign(";" | "\n")));
        self.at += if found && ends { 6 } else { 0 };
        found && ends
    }

    /// The name of a variable that is declared.
    fn variable(&mut self) -> Option<&'a str> {
        let name = match self.peek()? {
            Token::Name(name) if self.tongue == Tongue::JavaScript => name,
            Token::Variable(name) => name,
            _ => return None,
        };
        self.at += 1;
        self.tongue.may_bind(name).then_some(name)
    }

    /// `require 'json'`, `use strict`: only what is listed.
    fn loading(&mut self) -> Option<()> {
        let name = match self.peek()? {
            Token::Text(text) => text?,
            Token::Name(name) => name,
            _ => return None,
        };
        self.at += 1;
        self.tongue.may_load(name).then_some(())
    }

    /// What is printed: nothing, or expressions with commas between.
    fn printing(&mut self) -> Option<()> {
        if self.tongue == Tongue::Perl {
            self.takes_word(&["STDERR", "STDOUT"]);
        }
        if matches!(self.peek(), None | Some(Token::Sign(";" | "\n"))) {
            return Some(());
        }
        self.expression()?;
        while self.takes(",") {
            self.expression()?;
        }
        Some(())
    }

    fn expression(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        self.operand()?;
        while self.operator() {
            self.operand()?;
        }
        self.depth -= 1;
        Some(())
    }

    fn operator(&mut self) -> bool {
        const SIGNS: [&str; 19] = [
            "+", "-", "*", "/", "%", "**", "<", ">", "<=", ">=", "==", "!=", "===", "!==", "&&", "||", "?",
            ":", ".",
        ];
        let found = match self.peek() {
            // Only there does a point put texts together.
            Some(Token::Sign(".")) => matches!(self.tongue, Tongue::Perl | Tongue::Php),
            Some(Token::Sign(sign)) => SIGNS.contains(&sign),
            Some(Token::Name("x")) => self.tongue == Tongue::Perl,
            Some(_) | None => false,
        };
        self.at += usize::from(found);
        found
    }

    fn operand(&mut self) -> Option<()> {
        while self.takes("-") || self.takes("+") || self.takes("!") {}
        if self.tongue == Tongue::JavaScript
            && let Some(read) = self.arrow()
        {
            return read;
        }
        self.atom()?;
        while self.behind()? {}
        Some(())
    }

    /// `x => …`, `(x, y) => …` without a block; nothing where there is none.
    fn arrow(&mut self) -> Option<Option<()>> {
        let (begin, count) = (self.at, self.bound.len());
        let parameters = |reader: &mut Self| {
            if !reader.takes("(") {
                let name = reader.name()?;
                return reader.tongue.may_bind(name).then(|| reader.bound.push(name));
            }
            while !reader.takes(")") {
                let name = reader.name()?;
                reader.tongue.may_bind(name).then(|| reader.bound.push(name))?;
                if !matches!(reader.peek(), Some(Token::Sign(")"))) {
                    reader.takes(",").then_some(())?;
                }
            }
            Some(())
        };
        let is_arrow = parameters(self).is_some() && self.takes("=>");
        let read = is_arrow.then(|| self.expression());
        self.bound.truncate(count);
        if !is_arrow {
            self.at = begin;
        }
        read
    }

    fn atom(&mut self) -> Option<()> {
        let token = self.peek()?;
        self.at += 1;
        match token {
            Token::Number | Token::Text(_) => Some(()),
            Token::Sign("(") => self.row(")"),
            Token::Sign("[") => self.row("]"),
            Token::Sign("{") if self.tongue != Tongue::Perl && self.tongue != Tongue::Php => self.table(),
            Token::Variable("ENV") if self.tongue == Tongue::Perl => {
                self.takes("{").then_some(())?;
                self.asked("}")
            }
            Token::Variable(name) => self.bound.contains(&name).then_some(()),
            Token::Name(name) if self.bound.contains(&name) => Some(()),
            Token::Name(name) => self.listed(name),
            Token::Sign(_) => None,
        }
    }

    /// A variable of the environment, by its name.
    fn asked(&mut self, close: &str) -> Option<()> {
        let name = match self.peek()? {
            Token::Text(text) => text?,
            Token::Name(name) => name,
            _ => return None,
        };
        self.at += 1;
        self.takes(close).then_some(())?;
        self.uses.variables.push(name.to_owned());
        Some(())
    }

    /// What is known by a name with points in it.
    fn listed(&mut self, first: &str) -> Option<()> {
        let mut path = first.to_owned();
        if self.tongue == Tongue::JavaScript && first == "require" {
            self.takes("(").then_some(())?;
            let module = self.text()?;
            self.takes(")").then_some(())?;
            path = module.strip_prefix("node:").unwrap_or(module).to_owned();
            if path.starts_with("./") && path.ends_with(".json") {
                self.uses.reads.push(Some(path));
                return Some(());
            }
            self.tongue.may_load(&path).then_some(())?;
        }
        if self.tongue == Tongue::JavaScript && first == "new" {
            let name = self.name()?;
            self.tongue.makes(name).then_some(())?;
            return if self.takes("(") { self.row(")") } else { Some(()) };
        }
        loop {
            if let Some(()) = self.reads(&path)? {
                return Some(());
            }
            let next = match self.tokens.get(self.at..self.at + 2) {
                Some([Token::Sign("." | "::"), Token::Name(name)]) => format!("{path}.{name}"),
                _ => break,
            };
            if !self.tongue.lists_beginning(&next) {
                break;
            }
            self.at += 2;
            path = next;
        }
        self.tongue.lists(&path).then_some(())?;
        self.call(&path)
    }

    /// What reads a file or a variable by its name; `Some(None)` for anything else.
    fn reads(&mut self, path: &str) -> Option<Option<()>> {
        if self.tongue.is_environment(path) {
            let is_item = self.takes("[");
            if !is_item {
                (self.tongue == Tongue::JavaScript && self.takes(".")).then_some(())?;
            }
            return self.asked_of(is_item).map(Some);
        }
        if !self.tongue.reads_file(path) {
            return Some(None);
        }
        // Without brackets Ruby takes what follows behind a comma for options (`mode`).
        self.takes("(").then_some(())?;
        let file = self.text().filter(|file| !file.contains([':', '|']))?;
        if self.tongue == Tongue::JavaScript && self.takes(",") {
            self.text().filter(|encoding| matches!(*encoding, "utf8" | "utf-8" | "latin1"))?;
        }
        self.takes(")").then_some(())?;
        self.uses.reads.push(Some(file.to_owned()));
        Some(Some(()))
    }

    fn asked_of(&mut self, is_item: bool) -> Option<()> {
        if is_item {
            return self.asked("]");
        }
        let name = self.name()?;
        self.uses.variables.push(name.to_owned());
        Some(())
    }

    /// Arguments in brackets, if there are any. Perl's functions take what stands behind them without, so that they need them here.
    fn call(&mut self, name: &str) -> Option<()> {
        match self.takes("(") {
            true => self.row(")"),
            false => (self.tongue != Tongue::Perl || name == "time").then_some(()),
        }
    }

    /// A method, or an item, of what was just read.
    fn behind(&mut self) -> Option<bool> {
        if self.takes("[") {
            match self.peek()? {
                Token::Number => self.at += 1,
                Token::Text(_) => {
                    let key = self.text()?;
                    may_be_asked(key).then_some(())?;
                }
                _ => return None,
            }
            return self.takes("]").then_some(true);
        }
        let next = self.tokens.get(self.at..self.at + 2);
        match next {
            Some([Token::Sign("."), Token::Name(name)]) if self.tongue.has_methods() => {
                self.at += 2;
                let is_called = matches!(self.peek(), Some(Token::Sign("(")));
                let is_plain = self.tongue == Tongue::JavaScript && !is_called && may_be_asked(name);
                (is_plain || self.tongue.has_method(name)).then_some(())?;
                self.call(name)?;
                Some(true)
            }
            Some([Token::Sign("("), _]) => None,
            Some(_) | None => Some(false),
        }
    }

    /// Expressions up to `close`.
    fn row(&mut self, close: &str) -> Option<()> {
        loop {
            while self.takes("\n") {}
            if self.takes(close) {
                return Some(());
            }
            self.takes("...");
            self.expression()?;
            if self.takes("=>") {
                self.expression()?;
            }
            while self.takes("\n") {}
            if !self.takes(",") {
                return self.takes(close).then_some(());
            }
        }
    }

    /// `{ key: value }`, `{ 'key' => value }`
    fn table(&mut self) -> Option<()> {
        loop {
            while self.takes("\n") {}
            if self.takes("}") {
                return Some(());
            }
            let key = match self.peek()? {
                Token::Name(name) => name,
                Token::Text(text) => text?,
                _ => return None,
            };
            self.at += 1;
            may_be_asked(key).then_some(())?;
            (self.takes(":") || self.takes("=>")).then_some(())?;
            self.expression()?;
            while self.takes("\n") {}
            if !self.takes(",") {
                return self.takes("}").then_some(());
            }
        }
    }
}

/// Claims that an item of this name is data, whatever it is asked of, and is called by nobody.
fn may_be_asked(key: &str) -> bool {
    const OWN: [&str; 13] = [
        "create_additions",
        "constructor",
        "prototype",
        "toString",
        "valueOf",
        "toJSON",
        "then",
        "caller",
        "callee",
        "arguments",
        "call",
        "apply",
        "bind",
    ];
    !key.contains("__") && !OWN.contains(&key) && !key.contains('\\')
}
