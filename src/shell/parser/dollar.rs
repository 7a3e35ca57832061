//! What begins with `$`: parameters, command substitution, arithmetic.

use super::super::syntax::{Name, Operation, Parameter, Part};
use super::{Parser, Result};
use crate::command::Dialect;

impl Parser<'_> {
    /// Reads an expansion; a `$` that begins none comes back as [`Part::Plain`].
    pub(super) fn dollar(&mut self, quoted: bool) -> Result<Part> {
        let start = self.at;
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') => {
                self.step(3);
                let expression = self.arithmetic()?;
                Ok(Part::Arith { expression, quoted, span: self.span(start) })
            }
            Some(b'(') => {
                self.step(2);
                let body = self.parenthesised()?;
                Ok(Part::Command { body: body.into(), quoted, span: self.span(start) })
            }
            Some(b'{') => self.braced(quoted).map(Part::Parameter),
            Some(b'[') if self.is_bash() => self.refuse("`$[ ]` is arithmetic in an old form"),
            Some(b'\\') if self.peek_at(2) == Some(b'\n') => {
                self.refuse("a `$` is followed by a line continuation")
            }
            Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => {
                self.bare(quoted).map(Part::Parameter)
            }
            Some(_) | None if self.dialect == Dialect::Zsh => {
                self.refuse("zsh may read this `$` as an expansion")
            }
            Some(b'\'' | b'"') if !quoted => self.refuse("a quote follows a `$`"),
            Some(_) | None => {
                self.step(1);
                Ok(Part::Plain(vec![b'$']))
            }
        }
    }

    /// Reads a list up to a `)`, which it steps over.
    pub(super) fn parenthesised(&mut self) -> Result<super::super::syntax::List> {
        if self.dialect == Dialect::Zsh {
            return self.refuse("substitutions of zsh are not read");
        }
        if self.peek() == Some(b'(') && self.text[self.at - 2] != b'$' {
            return self.refuse("a process substitution begins as arithmetic does");
        }
        let has_document = std::mem::take(&mut self.has_document);
        self.printed_anew += 1;
        let list = self.nested(|parser| parser.list(&[]))?;
        self.printed_anew -= 1;
        self.has_document = has_document;
        if !self.eat(b")") {
            return self.refuse("a `(` is not closed");
        }
        Ok(list)
    }

    /// `$name`, `$1`, `$?`
    pub(super) fn bare(&mut self, quoted: bool) -> Result<Parameter> {
        let start = self.at;
        self.step(1);
        let name = self.parameter_name(true)?;
        if self.starts_with(b"\\\n") {
            return self.refuse("a parameter's name is followed by a line continuation");
        }
        // Between double quotes bash takes the second `$` of `$$(` for the start of a substitution when it looks for the end.
        if name == Name::Special(b'$')
            && matches!(self.peek(), Some(b'(' | b'{' | b'[' | b'\'' | b'"' | b'`' | b'$'))
            && !(quoted && self.peek() == Some(b'"'))
        {
            return self.refuse("`$$` is followed by what could begin another expansion");
        }
        let span = self.span(start);
        Ok(Parameter { name, operation: Operation::None, quoted, bare: true, span })
    }

    fn parameter_name(&mut self, bare: bool) -> Result<Name> {
        let rest = &self.text[self.at..self.end];
        let Some(first) = rest.first().copied() else {
            return self.refuse("a parameter has no name");
        };
        if first.is_ascii_digit() {
            let most = if bare { 1 } else { 6 };
            let digits = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse().ok());
            self.step(digits);
            return number.map_or_else(
                || self.refuse("a parameter's number is too large"),
                |n| Ok(Name::Positional(n)),
            );
        }
        if first.is_ascii_alphabetic() || first == b'_' {
            let length =
                rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            let name = String::from_utf8_lossy(&rest[..length]).into_owned();
            self.step(length);
            return Ok(Name::Variable(name));
        }
        match first {
            b'@' | b'*' => {
                self.step(1);
                Ok(Name::All(first))
            }
            b'#' | b'?' | b'-' | b'$' | b'!' => {
                self.step(1);
                Ok(Name::Special(first))
            }
            _ => self.refuse("a parameter's name is not known"),
        }
    }

    /// `${…}`
    fn braced(&mut self, quoted: bool) -> Result<Parameter> {
        let start = self.at;
        self.step(2);
        let is_length = self.peek() == Some(b'#') && self.peek_at(1) != Some(b'}');
        if is_length {
            self.step(1);
        }
        if self.peek() == Some(b'!') && self.peek_at(1) != Some(b'}') {
            return self.refuse("`${!…}` names a variable at run time");
        }
        let mut name = self.parameter_name(false)?;
        if self.peek() == Some(b'[') {
            name = self.subscript(name)?;
        }
        let operation = if is_length { Operation::Length } else { self.operation(&name)? };
        if !self.eat(b"}") {
            return self.refuse("`${…}` holds more than plain parts");
        }
        let span = self.span(start);
        Ok(Parameter { name, operation, quoted, bare: false, span })
    }

    fn subscript(&mut self, name: Name) -> Result<Name> {
        let Name::Variable(name) = name else {
            return self.refuse("a subscript follows what is no array");
        };
        if !self.is_bash() {
            return self.refuse("an array is no POSIX shell");
        }
        let rest = &self.text[self.at + 1..self.end];
        let length =
            rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_@*".contains(*byte)).count();
        let index = String::from_utf8_lossy(&rest[..length]).into_owned();
        let is_number =
            !index.is_empty() && index.len() <= 9 && index.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = is_number || index == "@" || index == "*";
        if rest.get(length) != Some(&b']') || !(is_plain || super::is_name(index.as_bytes())) {
            return self.refuse("an array's subscript is no plain number or name");
        }
        self.step(length + 2);
        Ok(Name::Element { name, index: (!is_plain).then_some(index) })
    }

    fn operation(&mut self, name: &Name) -> Result<Operation> {
        let rest = &self.text[self.at..self.end];
        let colon = usize::from(rest.first() == Some(&b':'));
        match rest.get(colon) {
            Some(b'}') if colon == 0 => Ok(Operation::None),
            Some(b'-') => self.operand(colon + 1).map(Operation::Default),
            Some(b'+') => self.operand(colon + 1).map(Operation::Alternative),
            Some(b'?') => self.operand(colon + 1).map(Operation::Error),
            Some(b'=') if matches!(name, Name::Variable(_)) => self.operand(colon + 1).map(Operation::Assign),
            Some(b'#' | b'%') if colon == 0 => self.operand(1).map(Operation::Change),
            Some(_) | None if !self.is_bash() => self.refuse("this form of `${…}` is no POSIX shell"),
            Some(b'/' | b'^' | b',') if colon == 0 => self.operand(1).map(Operation::Change),
            Some(b' ' | b'0'..=b'9') if colon == 1 => self.slice(),
            Some(_) | None => self.refuse("this form of `${…}` is not known"),
        }
    }

    /// `:offset` and `:offset:length`, of plain numbers.
    fn slice(&mut self) -> Result<Operation> {
        for _ in 0..2 {
            if !self.eat(b":") {
                break;
            }
            while self.eat(b" ") {}
            let _negative = self.eat(b"-");
            let rest = &self.text[self.at..self.end];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return self.refuse("a slice is no plain number");
            }
            self.step(digits);
        }
        Ok(Operation::Change(Vec::new()))
    }

    /// The word after an operator: plain characters and simple parameters.
    fn operand(&mut self, skip: usize) -> Result<Vec<Part>> {
        self.step(skip);
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                Some(b'}') => return Ok(parts),
                Some(b'$') => match self.peek_at(1) {
                    Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => {
                        parts.push(Part::Parameter(self.bare(false)?));
                    }
                    Some(_) | None => return self.refuse("`${…}` holds more than plain parts"),
                },
                Some(byte)
                    if byte >= 0x80
                        || byte.is_ascii_alphanumeric()
                        || b" \t_-./:=@%+,*?#~[]^".contains(&byte) =>
                {
                    self.step(1);
                    match parts.last_mut() {
                        Some(Part::Plain(bytes)) => bytes.push(byte),
                        Some(_) | None => parts.push(Part::Plain(vec![byte])),
                    }
                }
                Some(_) | None => return self.refuse("`${…}` holds more than plain parts"),
            }
        }
    }
}
