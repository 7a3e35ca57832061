//! What a wrapper that takes arguments from its input (`xargs`) is given there, where the script itself writes it.
//!
//! The inner command with words that nobody knows is listed whatever this finds: what is known only comes beside it, so that
//! a rule about a file or a directory sees `echo FILE | xargs cat` as it sees `cat FILE`.

use super::action::{Action, Piece, Stdin, Word};

/// How many lines are put in the place of a mark, one command each.
const LINES: usize = 16;

/// Why not each command can be listed: there are more lines than [`LINES`].
pub(super) struct TooMany;

/// Returns what `action` finds on its standard input, as far as `actions` before it write it in plain words.
fn input<'a>(action: &'a Action, actions: &'a [Action]) -> Vec<std::borrow::Cow<'a, [u8]>> {
    match &action.stdin {
        Stdin::Text(text) => vec![text.as_slice().into()],
        Stdin::Pipe(index) => actions.get(*index).map_or_else(Vec::new, written),
        Stdin::Inherited | Stdin::File(_) | Stdin::Dynamic => Vec::new(),
    }
}

/// Returns what a program writes that is there to write its arguments, or its input.
fn written(writer: &Action) -> Vec<std::borrow::Cow<'_, [u8]>> {
    match writer.program.as_literal().as_deref() {
        Some(b"echo" | b"printf" | b"/bin/echo" | b"/usr/bin/echo" | b"/usr/bin/printf") => {
            writer.args.iter().filter_map(Word::as_literal).map(Into::into).collect()
        }
        Some(b"cat") if writer.args.is_empty() => match &writer.stdin {
            Stdin::Text(text) => vec![text.as_slice().into()],
            Stdin::Inherited | Stdin::Pipe(_) | Stdin::File(_) | Stdin::Dynamic => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Returns the inner commands with what `action` is given on its input: one with all of its words behind `words`, or, where `mark`
/// stands for a line, one for each line.
///
/// # Errors
///
/// [`TooMany`] lines for a command each.
pub(super) fn commands(
    action: &Action,
    actions: &[Action],
    words: &[Word],
    mark: Option<&str>,
) -> Result<Vec<Vec<Word>>, TooMany> {
    let texts = input(action, actions);
    let texts: Vec<Vec<u8>> = texts.iter().map(|text| plain(text)).collect();
    let span = action.span;
    let Some(mark) = mark else {
        let given = texts.iter().flat_map(|text| text.split(u8::is_ascii_whitespace));
        let given: Vec<Word> =
            given.filter(|word| !word.is_empty()).map(|word| Word::literal(word, span)).collect();
        return Ok(if given.is_empty() { Vec::new() } else { vec![[words, &given].concat()] });
    };
    let lines = texts.iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
    let lines: Vec<&[u8]> = lines.map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    if lines.len() > LINES {
        return Err(TooMany);
    }
    Ok(lines.iter().map(|line| words.iter().map(|word| filled(word, mark, line)).collect()).collect())
}

/// Returns `text` without its quotes, and with an end of line where `\n` or `\0` is written.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' | b'"' => {}
            b'\\' => match bytes.next() {
                Some(b'n' | b'0') => out.push(b'\n'),
                Some(b't') => out.push(b'\t'),
                Some(other) => out.push(*other),
                None => {}
            },
            byte => out.push(*byte),
        }
    }
    out
}

/// Returns `word` with `line` in the place of each `mark`.
fn filled(word: &Word, mark: &str, line: &[u8]) -> Word {
    let pieces = word.pieces.iter().map(|piece| match piece {
        Piece::Literal(bytes) => Piece::Literal(replaced(bytes, mark.as_bytes(), line)),
        Piece::Glob(_) | Piece::Dynamic { .. } => piece.clone(),
    });
    Word { pieces: pieces.collect(), span: word.span }
}

fn replaced(text: &[u8], mark: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by);
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    out
}
