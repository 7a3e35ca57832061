//! `[[ … ]]`: which words are tested, and how.

use super::super::syntax::{Test, Word};
use super::{Parser, Result};

impl Parser<'_> {
    /// Reads the tests after `[[`, up to and with `]]`.
    pub(super) fn tests(&mut self) -> Result<Vec<Test>> {
        let mut tests = Vec::new();
        self.any_of(&mut tests)?;
        self.blanks_of_test()?;
        if !self.sees_word("]]") {
            return self.refuse("`[[` is not closed");
        }
        self.step(2);
        Ok(tests)
    }

    fn any_of(&mut self, tests: &mut Vec<Test>) -> Result<()> {
        loop {
            self.term(tests)?;
            self.blanks_of_test()?;
            if !(self.eat(b"&&") || self.eat(b"||")) {
                return Ok(());
            }
        }
    }

    fn term(&mut self, tests: &mut Vec<Test>) -> Result<()> {
        self.deeper()?;
        self.blanks_of_test()?;
        if self.sees_word("!") {
            self.step(1);
            self.term(tests)?;
        } else if self.eat(b"(") {
            self.any_of(tests)?;
            self.blanks_of_test()?;
            if !self.eat(b")") {
                return self.refuse("a `(` in `[[` is not closed");
            }
        } else {
            let test = self.test()?;
            tests.push(test);
        }
        self.depth -= 1;
        Ok(())
    }

    fn test(&mut self) -> Result<Test> {
        if self.sees_word("]]") {
            return self.refuse("`[[` has no test");
        }
        if let Some(operator) = self.unary_operator() {
            self.step(2);
            self.blanks_of_test()?;
            let word = self.operand_of_test()?;
            return Ok(Test::Unary { operator, word });
        }
        let left = self.operand_of_test()?;
        self.blanks_of_test()?;
        let Some(operator) = self.binary_operator() else {
            return Ok(Test::Word(left));
        };
        self.step(operator.len());
        self.blanks_of_test()?;
        let right = self.operand_of_test()?;
        Ok(Test::Binary { left, operator, right })
    }

    fn operand_of_test(&mut self) -> Result<Word> {
        let word = self.word()?;
        if word.parts.is_empty() {
            return self.refuse("a word is missing in `[[`");
        }
        Ok(word)
    }

    fn unary_operator(&self) -> Option<String> {
        let rest = &self.text[self.at..self.end];
        let [b'-', letter, b' ' | b'\t', ..] = rest else { return None };
        b"abcdefghknoprstuvwxzGLNORS".contains(letter).then(|| format!("-{}", *letter as char))
    }

    fn binary_operator(&self) -> Option<String> {
        const OPERATORS: [&str; 15] =
            ["==", "=~", "!=", "=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "<", ">"];
        OPERATORS.iter().find(|operator| self.sees_word(operator)).map(|operator| (*operator).to_owned())
    }

    fn blanks_of_test(&mut self) -> Result<()> {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.step(1);
        }
        match self.peek() {
            Some(b'\n' | b'#') => self.refuse("`[[` holds a newline or a comment"),
            Some(_) | None => Ok(()),
        }
    }
}
