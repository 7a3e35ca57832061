//! What was read within a command that was then refused: it may run, so that it is kept for the judge, in its place.

use super::super::syntax::{Command, Compound, List};
use super::{Parser, Result};

impl Parser<'_> {
    /// Keeps what was read before a refusal.
    pub(super) fn kept<T>(&mut self, read: Result<T>, list: &mut List) -> Result<T> {
        if read.is_err() {
            self.salvaged.append(list);
        }
        read
    }

    /// Takes what was salvaged since it was `at`, as one group: what stands before it still holds for it.
    pub(super) fn partial(&mut self, at: usize) -> Option<Command> {
        let list = self.salvaged.split_off(at);
        let (is_empty, span) = (list.is_empty(), self.span(self.at));
        let group = Command::Compound { body: Compound::Group(list), redirects: Vec::new(), span };
        (!is_empty).then_some(group)
    }
}
