//! The question at the requester's own prompt: for people who asked for it (`[local] inline = true`), never for an agent.
//!
//! MUST rules:
//! 1. The whole card is shown on the terminal before anything is asked.
//! 2. Standard input is never read, and nothing that was typed before the question counts.
//! 3. An approval takes two answers, `a` and then `y`; everything else leaves the request waiting.

use super::Card;
use crate::approval::Answer;
use crate::ui::{Heard, hear};

/// What was said at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Approve or reject.
    Answer(Answer),
    /// Neither: the request waits for somebody else.
    Nothing,
    /// The request changed meanwhile, or the requester gave up.
    Changed,
}

/// Shows the card on the terminal and asks; `changed` says that an answer is no longer needed.
///
/// # Errors
/// There is no terminal, or `changed` failed.
pub fn ask(card: &Card, mut changed: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<Said> {
    let question = format!("{}\napprove or reject? [a/r, Enter leaves it waiting] ", card.text());
    let first = match hear(&question, &mut changed)? {
        Heard::Change => return Ok(Said::Changed),
        Heard::End => return Ok(Said::Nothing),
        Heard::Line(line) => line,
    };
    match first.trim() {
        "r" | "reject" => Ok(Said::Answer(Answer::Reject)),
        "a" | "approve" => match hear("run it, exactly as shown? [y/N] ", &mut changed)? {
            Heard::Change => Ok(Said::Changed),
            Heard::Line(line) if matches!(line.trim(), "y" | "yes") => Ok(Said::Answer(Answer::Approve)),
            Heard::Line(_) | Heard::End => Ok(Said::Nothing),
        },
        _ => Ok(Said::Nothing),
    }
}
