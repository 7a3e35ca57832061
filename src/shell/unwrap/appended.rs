//! What a wrapper adds to its command from its input: `xargs`, `parallel`.

use super::super::action::{Piece, Span, Word};
use super::super::arguments::Arguments;
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
        mark: Option<&str>,
    ) -> Result<(), Unclear> {
        let known = fed::commands(wrapped.action, &self.actions, words, mark)
            .map_err(|fed::TooMany| Unclear(format!("`{}` is given too many lines", wrapped.name)))?;
        for words in known {
            self.words(context, state, words, wrapped.action.span);
        }
        Ok(())
    }
}

/// Returns the string that stands for a line of the input (`xargs -I {}`), if an option names one.
pub(super) fn mark(read: &Arguments) -> Option<String> {
    let given = read.options.iter().find(|given| {
        matches!(given.name.as_str(), "-I" | "-i" | "-J" | "--replace") || given.canonical == "--replace"
    })?;
    let text = given.value.as_ref().and_then(Word::as_literal).and_then(|text| String::from_utf8(text).ok());
    Some(text.filter(|text| !text.is_empty()).unwrap_or_else(|| "{}".to_owned()))
}

/// What `xargs` makes of its command: arguments from its input are added or put in place of `mark`.
pub(super) fn appended(mut words: Vec<Word>, mark: Option<&str>, span: Span) -> Vec<Word> {
    match mark {
        Some(mark) => words.iter().map(|word| replaced(word, mark, b"")).collect(),
        None => {
            words.push(walk::unknown_word("…".to_owned(), span));
            words
        }
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
