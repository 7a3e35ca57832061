//! What a wrapper adds to its command from its input: `xargs`, `parallel`.

use super::super::action::{Piece, Span, Word};
use super::super::arguments::{Arguments, Given};
use super::super::fed;
use super::super::state::State;
use super::super::walk::{self, Context, Walker};
use super::{Unclear, Wrapped};

impl Walker<'_> {
    /// Lists the inner command with what the script itself writes to its input.
    pub(super) fn fed(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        words: &[Word],
        feeding: &Feeding,
    ) -> Result<(), Unclear> {
        let marked = feeding.mark.as_deref().map(Some);
        for mark in marked.into_iter().chain(feeding.adds.then_some(None)) {
            let known = fed::commands(wrapped.action, &self.actions, words, mark)
                .map_err(|fed::TooMany| Unclear(format!("`{}` is given too many lines", wrapped.name)))?;
            for words in known {
                self.words(context, state, words, wrapped.action.span);
            }
        }
        Ok(())
    }
}

/// What `xargs` does with what it reads.
pub(super) struct Feeding {
    /// The string that stands for a line of the input (`-I {}`).
    mark: Option<String>,
    /// Claims that arguments are added behind the command.
    adds: bool,
}

/// Returns what the options of `xargs` say: of several marks the last counts, and `-L` or `-n` behind it takes it back, where not all
/// implementations agree; `-n 1` leaves it as it is (xargs(1), `-I`).
pub(super) fn feeding(read: &Arguments, name: &str) -> Result<Feeding, Unclear> {
    let marks = |given: &Given| {
        matches!(given.name.as_str(), "-I" | "-i" | "-J" | "--replace") || given.canonical == "--replace"
    };
    let Some(at) = read.options.iter().rposition(marks) else {
        return Ok(Feeding { mark: None, adds: true });
    };
    let text = match &read.options[at].value {
        Some(value) => value.as_literal().and_then(|text| String::from_utf8(text).ok()),
        None => Some(String::new()),
    };
    let Some(text) = text else {
        return Err(Unclear(format!("what stands for the input of `{name}` is known only when it runs")));
    };
    let mark = if text.is_empty() { "{}".to_owned() } else { text };
    Ok(Feeding { mark: Some(mark), adds: read.options[at + 1..].iter().any(takes_back) })
}

fn takes_back(given: &Given) -> bool {
    let is_one = || given.value.as_ref().and_then(Word::as_literal).as_deref() == Some(b"1");
    match given.canonical.as_str() {
        "-L" | "-l" | "--max-lines" => true,
        "-n" | "--max-args" => !is_one(),
        _ => false,
    }
}

impl Feeding {
    /// Returns what becomes of the command: arguments from the input are added, or put in place of the mark.
    pub(super) fn applied(&self, mut words: Vec<Word>, span: Span) -> Vec<Word> {
        if let Some(mark) = &self.mark {
            words = words.iter().map(|word| replaced(word, mark, b"")).collect();
        }
        if self.adds {
            words.push(walk::unknown_word("…".to_owned(), span));
        }
        words
    }
}

/// Returns `word` with each `mark` in it replaced by something unknown that begins with `start`.
pub(super) fn replaced(word: &Word, mark: &str, start: &[u8]) -> Word {
    let mut pieces = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) => {
                let mark = mark.as_bytes();
                let mut rest = bytes.as_slice();
                while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
                    let known = [&rest[..at], start].concat();
                    if !known.is_empty() {
                        pieces.push(Piece::Literal(known));
                    }
                    pieces.push(Piece::Dynamic {
                        text: String::from_utf8_lossy(mark).into_owned(),
                        splits: false,
                    });
                    rest = &rest[at + mark.len()..];
                }
                if !rest.is_empty() || bytes.is_empty() {
                    pieces.push(Piece::Literal(rest.to_vec()));
                }
            }
            Piece::Glob(_) | Piece::Dynamic { .. } => pieces.push(piece.clone()),
        }
    }
    Word { pieces, span: word.span }
}
