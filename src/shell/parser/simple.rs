//! Simple commands: assignments, words, redirects; and function definitions, which begin like one.

use super::super::action::{RedirectKind, Span};
use super::super::syntax::{Assign, AssignValue, Command, Part, Redirect, Simple, Target, Word};
use super::compound::is_reserved;
use super::{Parser, Result, is_name};
use crate::command::Dialect;

/// Builtins whose arguments are read as assignments.
const DECLARING: [&str; 6] = ["declare", "typeset", "local", "export", "readonly", "alias"];

impl Parser<'_> {
    /// Reads a simple command or a function definition.
    pub(super) fn simple(&mut self) -> Result<Command> {
        let start = self.at;
        let mut simple = Simple::default();
        loop {
            self.blanks()?;
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            match self.peek() {
                None | Some(b'\n' | b';' | b'&' | b'|' | b')') => break,
                Some(b'(') => return self.parenthesis(start, simple),
                Some(_) => {}
            }
            if simple.words.is_empty()
                && let Some(assign) = self.assignment()?
            {
                simple.assignments.push(assign);
                continue;
            }
            let word = self.argument(&simple)?;
            if simple.words.is_empty() {
                self.check_name(&word)?;
                if self.is_function_keyword(&word, &simple) {
                    return self.function_keyword(start);
                }
            }
            simple.words.push(word);
        }
        simple.span = self.trimmed(start);
        Ok(Command::Simple(simple))
    }

    /// Returns the span from `start` to here, without the blanks at its end.
    fn trimmed(&self, start: usize) -> Span {
        let text = &self.text[start..self.at];
        let blanks = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        Span { start, end: self.at - blanks }
    }

    /// A word after the name; `name=(…)` is one for the builtins that declare.
    fn argument(&mut self, simple: &Simple) -> Result<Word> {
        let declaring = simple
            .words
            .first()
            .and_then(plain)
            .is_some_and(|name| DECLARING.iter().any(|declaring| declaring.as_bytes() == name));
        let start = self.at;
        if declaring && self.is_bash() {
            let rest = &self.text[self.at..self.end];
            let length =
                rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            if length > 0 && rest.get(length) == Some(&b'[') {
                return self.refuse("an array element is declared");
            }
            let after = rest[length..].strip_prefix(b"+").unwrap_or(&rest[length..]);
            if is_name(&rest[..length]) && after.starts_with(b"=(") {
                let assign = self.assignment()?;
                let Some(Assign { name, value: AssignValue::Array(words), .. }) = assign else {
                    return self.refuse("an array is not plain");
                };
                // The elements' expansions count; the value itself is never literal.
                let mut parts = vec![Part::Quoted(format!("{name}=").into_bytes())];
                for word in words {
                    parts.extend(word.parts);
                }
                parts.push(Part::Unknown);
                return Ok(Word { parts, span: self.span(start) });
            }
        }
        let word = self.word()?;
        if word.parts.is_empty() {
            return self.refuse("a word is missing");
        }
        if matches!(self.peek(), Some(b'<' | b'>')) && is_descriptor_name(&word) {
            return self.refuse("`{name}` before a redirect opens a descriptor");
        }
        Ok(word)
    }

    fn check_name(&self, word: &Word) -> Result<()> {
        let Some(name) = plain(word) else { return Ok(()) };
        let reserved = is_reserved(name, self.dialect) && name != b"function";
        let posix_time = name == b"time" && self.dialect == Dialect::Posix;
        if reserved && !posix_time {
            return self
                .refuse(format!("`{}` stands where a command is expected", String::from_utf8_lossy(name)));
        }
        Ok(())
    }

    fn is_function_keyword(&self, word: &Word, simple: &Simple) -> bool {
        plain(word) == Some(b"function") && simple.assignments.is_empty() && simple.redirects.is_empty()
    }

    fn function_keyword(&mut self, start: usize) -> Result<Command> {
        if !self.is_bash() {
            return self.refuse("`function` is no POSIX shell");
        }
        self.blanks()?;
        let name = self.plain_word()?;
        self.blanks()?;
        if self.eat(b"(") {
            self.blanks()?;
            if !self.eat(b")") {
                return self.refuse("a `(` stands within a word");
            }
        }
        self.function(start, name)
    }

    /// `name ( )`: a function.
    fn parenthesis(&mut self, start: usize, simple: Simple) -> Result<Command> {
        let [word] = simple.words.as_slice() else {
            return self.refuse("a `(` stands within a command");
        };
        let Some(name) = plain(word).map(|name| String::from_utf8_lossy(name).into_owned()) else {
            return self.refuse("a `(` stands within a command");
        };
        if !simple.assignments.is_empty() || !simple.redirects.is_empty() {
            return self.refuse("a `(` stands within a command");
        }
        self.step(1);
        self.blanks()?;
        if !self.eat(b")") {
            return self.refuse("a `(` stands within a command");
        }
        self.function(start, name)
    }

    fn function(&mut self, start: usize, name: String) -> Result<Command> {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':'));
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !(plain && first) || is_reserved(name.as_bytes(), self.dialect) || self.dialect == Dialect::Zsh {
            return self.refuse("a function's name is not plain");
        }
        let body = self.function_body()?;
        Ok(Command::Function { name, body: Box::new(body), span: self.span(start) })
    }

    /// Reads `name=value`, `name+=value`, `name=(…)` and `name[3]=value`, if one stands here.
    fn assignment(&mut self) -> Result<Option<Assign>> {
        let start = self.at;
        let rest = &self.text[self.at..self.end];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        if !is_name(&rest[..length]) {
            return Ok(None);
        }
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        let mut at = length;
        let element = rest.get(at) == Some(&b'[');
        let mut subscript = None;
        if element {
            let length = rest[at + 1..].iter().take_while(|byte| **byte != b']').count();
            let inside = &rest[at + 1..at + 1 + length];
            let is_number = (1..=9).contains(&length) && inside.iter().all(u8::is_ascii_digit);
            let index = inside.strip_prefix(b"$").unwrap_or(inside);
            if !(is_number || is_name(index)) || at + 1 + length == rest.len() {
                return self.refuse("an array's subscript is no plain number or name");
            }
            subscript = (!is_number).then(|| String::from_utf8_lossy(index).into_owned());
            at += length + 2;
        }
        let append = rest.get(at) == Some(&b'+');
        at += usize::from(append);
        if rest.get(at) != Some(&b'=') {
            if rest.get(at) == Some(&b'\\') && rest.get(at + 1) == Some(&b'\n') {
                return self.refuse("a name is followed by a line continuation");
            }
            return if element { self.refuse("a subscript stands in a command's name") } else { Ok(None) };
        }
        if (element || append) && !self.is_bash() {
            return self.refuse("arrays and `+=` are no POSIX shell");
        }
        self.step(at + 1);
        let value = if self.peek() == Some(b'(') {
            if element {
                return self.refuse("a list is assigned to an array's element");
            }
            AssignValue::Array(self.array()?)
        } else {
            AssignValue::Word(self.word()?)
        };
        Ok(Some(Assign { name, element, subscript, append, value, span: self.span(start) }))
    }

    fn array(&mut self) -> Result<Vec<Word>> {
        if !self.is_bash() {
            return self.refuse("an array is no POSIX shell");
        }
        self.step(1);
        let mut words = Vec::new();
        loop {
            self.newlines()?;
            if self.eat(b")") {
                break;
            }
            if self.peek() == Some(b'[') {
                return self.refuse("an array's element has a subscript");
            }
            let word = self.word()?;
            let source = &self.text[word.span.start..word.span.end];
            if word.parts.is_empty() || (self.printed_anew > 0 && source.contains(&b'\\')) {
                return self.refuse("an array is not plain");
            }
            words.push(word);
        }
        if !self.peek().is_none_or(super::ends_word) {
            return self.refuse("a word is glued to an array");
        }
        Ok(words)
    }

    /// Reads a redirect, if one stands here.
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>> {
        let rest = &self.text[self.at..self.end];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let operator = &rest[digits..];
        if digits > 0 && operator.starts_with(b"\\\n") {
            return self.refuse("a number is followed by a line continuation");
        }
        let process = matches!(operator, [b'<' | b'>', b'(', ..]);
        let both = digits == 0 && operator.starts_with(b"&>");
        if !(matches!(operator.first(), Some(b'<' | b'>')) || both) || (process && digits == 0) {
            return Ok(None);
        }
        // Other shells take the digits before the last for a word.
        if process || digits > if self.is_bash() { 3 } else { 1 } {
            return self.refuse("a redirect's descriptor is not plain");
        }
        let descriptor = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse().ok());
        self.step(digits);
        let target = if both { self.both()? } else { self.target()? };
        if self.dialect == Dialect::Zsh && matches!(target, Target::HereDoc(_) | Target::HereString(_)) {
            return self.refuse("here-documents of zsh are not read");
        }
        Ok(Some(Redirect { descriptor, target }))
    }

    /// `&>` and `&>>`
    fn both(&mut self) -> Result<Target> {
        if !self.is_bash() {
            return self.refuse("`&>` is read differently by other shells");
        }
        let kind = if self.starts_with(b"&>>") { RedirectKind::Append } else { RedirectKind::Write };
        self.step(if kind == RedirectKind::Append { 3 } else { 2 });
        self.file(kind)
    }

    fn target(&mut self) -> Result<Target> {
        const FILES: [(&[u8], RedirectKind); 5] = [
            (b">>", RedirectKind::Append),
            (b">|", RedirectKind::Write),
            (b"<>", RedirectKind::ReadWrite),
            (b">", RedirectKind::Write),
            (b"<", RedirectKind::Read),
        ];
        if self.starts_with(b"<<<") {
            return self.here_string();
        }
        if self.starts_with(b"<<") {
            let strips = self.starts_with(b"<<-");
            self.operator(if strips { 3 } else { 2 })?;
            return self.announce(strips).map(Target::HereDoc);
        }
        if self.starts_with(b">&") || self.starts_with(b"<&") {
            let input = self.starts_with(b"<");
            self.operator(2)?;
            return self.duplicate(input);
        }
        for (operator, kind) in FILES {
            if self.starts_with(operator) {
                self.operator(operator.len())?;
                return self.file(kind);
            }
        }
        self.refuse("this redirect is not known")
    }

    fn here_string(&mut self) -> Result<Target> {
        if !self.is_bash() {
            return self.refuse("`<<<` is no POSIX shell");
        }
        self.operator(3)?;
        self.blanks()?;
        let word = self.word()?;
        if word.parts.is_empty() {
            return self.refuse("a redirect has no target");
        }
        self.refuse_number(&word)?;
        Ok(Target::HereString(word))
    }

    fn file(&mut self, kind: RedirectKind) -> Result<Target> {
        if matches!(self.peek(), Some(b'&' | b'|' | b'!' | b'>')) {
            return self.refuse("this redirect is not known");
        }
        self.blanks()?;
        let word = self.word()?;
        if word.parts.is_empty() {
            return self.refuse("a redirect has no target");
        }
        self.refuse_number(&word)?;
        Ok(Target::File { kind, word })
    }

    /// Digits before a `<` or `>` are the descriptor of another redirect, and no target.
    fn refuse_number(&self, word: &Word) -> Result<()> {
        let is_number = plain(word).is_some_and(|bytes| bytes.iter().all(u8::is_ascii_digit));
        if is_number && matches!(self.peek(), Some(b'<' | b'>')) {
            return self.refuse("a descriptor stands where a redirect's target is expected");
        }
        Ok(())
    }

    /// After `>&` or `<&`: digits, digits and `-`, or `-`.
    fn duplicate(&mut self, input: bool) -> Result<Target> {
        let rest = &self.text[self.at..self.end];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let dash = usize::from(rest.get(digits) == Some(&b'-'));
        let length = digits + dash;
        if length == 0 || digits > 3 || rest.get(length).is_some_and(|byte| !super::ends_word(*byte)) {
            return self.refuse("a descriptor is duplicated from what is no plain number");
        }
        if input && digits > 1 {
            return self.refuse("the shell may keep a descriptor of its own there");
        }
        self.step(length);
        if matches!(self.peek(), Some(b'<' | b'>')) {
            return self.refuse("two redirects are glued together");
        }
        Ok(Target::Descriptor { input, is_open: matches!(&rest[..length], b"0" | b"1" | b"2" | b"-") })
    }
}

/// Returns the bytes of a word without any quote or expansion.
fn plain(word: &Word) -> Option<&[u8]> {
    match word.parts.as_slice() {
        [Part::Plain(bytes)] => Some(bytes),
        _ => None,
    }
}

fn is_descriptor_name(word: &Word) -> bool {
    plain(word).is_some_and(|bytes| bytes.starts_with(b"{") && bytes.ends_with(b"}"))
}
