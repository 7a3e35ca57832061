//! Arithmetic: which names an expression uses. Everything that could hide a command in it is refused.

use super::super::syntax::{Arith, Name, Operation};
use super::{Parser, Result};

impl Parser<'_> {
    /// Reads an expression after `((`, up to and with its `))`.
    pub(super) fn arithmetic(&mut self) -> Result<Arith> {
        self.deeper()?;
        let expression = self.expression(b"))")?;
        self.depth -= 1;
        Ok(expression)
    }

    /// Reads an expression up to and with `close`, which is `))` or `;`.
    pub(super) fn expression(&mut self, close: &[u8]) -> Result<Arith> {
        let mut found = Arith::default();
        let mut open = 0_usize;
        loop {
            if open == 0 && self.eat(close) {
                return Ok(found);
            }
            let Some(byte) = self.peek() else {
                return self.refuse("an arithmetic expression is not closed");
            };
            found.branches |= matches!(byte, b'&' | b'|' | b'?');
            match byte {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b' ' | b'\t' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'!' | b'&' | b'|' | b'^'
                | b'~' | b'?' | b':' | b',' => found.assigns |= self.doubles(),
                b'=' => found.assigns |= self.assigns_here(),
                b'0'..=b'9' => {
                    self.number()?;
                    continue;
                }
                b'$' => {
                    self.parameter(&mut found)?;
                    continue;
                }
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    self.variable(&mut found)?;
                    continue;
                }
                _ => return self.refuse("an arithmetic expression holds more than numbers and plain names"),
            }
            self.step(1);
        }
    }

    /// Claims that `++` or `--` stands here.
    fn doubles(&self) -> bool {
        self.starts_with(b"++") || self.starts_with(b"--")
    }

    /// Claims that the `=` here assigns: it is no part of `==`, `!=`, `<=` or `>=`.
    fn assigns_here(&self) -> bool {
        let before = self.at.checked_sub(1).map(|at| self.text[at]);
        let before_that = self.at.checked_sub(2).map(|at| self.text[at]);
        let shift = matches!((before_that, before), (Some(b'<'), Some(b'<')) | (Some(b'>'), Some(b'>')));
        shift || (self.peek_at(1) != Some(b'=') && !matches!(before, Some(b'=' | b'!' | b'<' | b'>')))
    }

    fn number(&mut self) -> Result<()> {
        let rest = &self.text[self.at..self.end];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if matches!(rest.get(length), Some(b'#' | b'_' | b'@' | b'[' | b'$' | b'{')) {
            return self.refuse("a number in an arithmetic expression is not plain");
        }
        self.step(length);
        Ok(())
    }

    fn parameter(&mut self, found: &mut Arith) -> Result<()> {
        let part = self.dollar(true)?;
        match part {
            super::super::syntax::Part::Parameter(parameter)
                if matches!(parameter.operation, Operation::None | Operation::Length)
                    && matches!(
                        parameter.name,
                        Name::Variable(_) | Name::Positional(_) | Name::Special(_) | Name::Element { .. }
                    ) =>
            {
                found.parameters.push(parameter);
            }
            _ => return self.refuse("an arithmetic expression holds an expansion"),
        }
        if matches!(self.peek(), Some(byte) if byte.is_ascii_alphanumeric() || b"_[$#@{".contains(&byte)) {
            return self.refuse("an arithmetic expression glues an expansion to a name");
        }
        Ok(())
    }

    fn variable(&mut self, found: &mut Arith) -> Result<()> {
        let rest = &self.text[self.at..self.end];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        if matches!(rest.get(length), Some(b'[' | b'$' | b'#' | b'@' | b'{')) {
            return self.refuse("an arithmetic expression uses an array or a glued name");
        }
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        let blanks = rest[length..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let plainly = matches!(&rest[length + blanks..], [b'=', next, ..] if *next != b'=');
        if plainly {
            found.sets.push(name)
        } else {
            found.names.push(name)
        }
        self.step(length);
        Ok(())
    }
}
