//! Pipelines: commands joined by `|`, with `!` and `time` in front.

use super::super::syntax::{Command, Item, Pipeline};
use super::{Parser, Result};
use crate::command::Dialect;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self) -> Result<Pipeline> {
        let mut negated = false;
        let mut timed = false;
        loop {
            self.blanks()?;
            if self.sees_word("!") && !negated && self.peek_at(1) != Some(b'(') {
                negated = true;
                self.step(1);
            } else if self.sees_word("time") && !timed && self.dialect != Dialect::Posix {
                timed = true;
                self.step(4);
                self.time_options()?;
            } else {
                break;
            }
        }
        if timed && matches!(self.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b')')) {
            return self.refuse("`time` has no command");
        }
        let mut commands = vec![self.command()?];
        if timed && matches!(commands[0], Command::Function { .. }) {
            return self.refuse("`time` stands before a function's definition");
        }
        if timed && self.printed_anew > 0 && !matches!(commands[0], Command::Simple(_)) {
            return self.refuse("`time` stands before a compound command within `$( )`");
        }
        if let Err(refusal) = self.pipes(&mut commands) {
            let first = Pipeline { negated, commands };
            self.salvaged.push(Item { first, rest: Vec::new(), background: false });
            return Err(refusal);
        }
        Ok(Pipeline { negated, commands })
    }

    fn pipes(&mut self, commands: &mut Vec<Command>) -> Result<()> {
        loop {
            self.blanks()?;
            match (self.peek(), self.peek_at(1)) {
                (Some(b'|'), Some(b'|')) => break,
                (Some(b'|'), Some(b'&')) if self.is_bash() => self.operator(2)?,
                (Some(b'|'), Some(b'&')) => return self.refuse("`|&` is no POSIX shell"),
                (Some(b'|'), _) => self.operator(1)?,
                _ => break,
            }
            self.newlines()?;
            let at = self.salvaged.len();
            let next = self.command();
            let next = next.inspect_err(|_| commands.extend(self.partial(at)))?;
            commands.push(next);
        }
        Ok(())
    }

    fn time_options(&mut self) -> Result<()> {
        self.blanks()?;
        if self.sees_word("-p") {
            self.step(2);
            self.blanks()?;
        }
        if self.peek() == Some(b'-') {
            return self.refuse("`time` of the shell has no such option");
        }
        Ok(())
    }
}
