//! Commands between markers: `find -exec … ;`.

use super::super::action::{Piece, Place, Word};
use super::super::state::State;
use super::super::walk::{self, Context, Walker};
use super::appended::replaced;
use super::{Unclear, Wrapped};

impl Walker<'_> {
    /// `find -exec … ;`
    pub(super) fn between(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
    ) -> Result<(), Unclear> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        let is_marker = |word: &Word| {
            word.as_literal().is_some_and(|text| runs.until.iter().any(|marker| marker.as_bytes() == text))
        };
        let ranges = self.inner_ranges(wrapped, &is_marker)?;
        for range in &ranges {
            let words = &action.args[range.clone()];
            let words = match words.split_last() {
                Some((last, [.., before])) if is_plus(last) && !is_literal(before, b"{}") => {
                    // For `find`, a `+` that does not follow `{}` ends nothing.
                    return Err(Unclear(format!("where the command of `{name}` ends is not certain")));
                }
                Some((last, before)) if is_marker(last) => before,
                Some(_) | None => words,
            };
            let marked = words.iter().any(|word| contains(word, b"{}"));
            let opener =
                range.start.checked_sub(1).and_then(|at| action.args[at].as_literal()).unwrap_or_default();
            let in_directory = opener.ends_with(b"dir");
            let finds = FINDS.contains(&name);
            // `bfs` takes starting points anywhere.
            let begins = finds && name != "bfs" && !in_directory;
            let start = if begins { found_below(&action.args) } else { Vec::new() };
            let mut words: Vec<Word> = words.iter().map(|word| replaced(word, "{}", &start)).collect();
            // Without a `{}`, `fd` gives each name behind the command, `find` none.
            if runs.appends && !marked && !finds && !words.is_empty() {
                words.push(walk::unknown_word("…".to_owned(), action.span));
            }
            let mut state = state.clone();
            if in_directory {
                state.cwd = Place::Unknown;
            }
            self.words(context, &state, words, action.span);
        }
        let outside = |at: usize| !ranges.iter().any(|range| range.contains(&at));
        let hidden = read.unknown.iter().any(|unknown| {
            let splits = action.args[unknown.index]
                .pieces
                .iter()
                .any(|p| matches!(p, Piece::Dynamic { splits: true, .. }));
            let closed =
                (unknown.index..action.args.len()).any(|at| outside(at) && is_marker(&action.args[at]));
            !unknown.glob && outside(unknown.index) && (splits || closed)
        });
        if hidden { Err(Unclear(format!("a word of `{name}` may be a command to run"))) } else { Ok(()) }
    }

    /// Returns where the inner commands stand; an option of one letter (`fd -x`) opens one, too.
    fn inner_ranges(
        &self,
        wrapped: &Wrapped,
        is_marker: &impl Fn(&Word) -> bool,
    ) -> Result<Vec<std::ops::Range<usize>>, Unclear> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        let mut ranges = read.inner.clone();
        for given in read.given(&runs.between) {
            let start = given.index + 1;
            if ranges.iter().any(|range| range.start == start || range.contains(&given.index)) {
                continue;
            }
            let written = action.args[given.index].as_literal().unwrap_or_default();
            if given.value.is_some() || !written.ends_with(given.name.trim_start_matches('-').as_bytes()) {
                return Err(Unclear(format!("the command of `{name}` is glued to its option")));
            }
            let end = (start..action.args.len()).find(|at| is_marker(&action.args[*at]));
            ranges.push(start..end.map_or(action.args.len(), |end| end + 1));
        }
        Ok(ranges)
    }
}

fn is_literal(word: &Word, bytes: &[u8]) -> bool {
    word.as_literal().as_deref() == Some(bytes)
}

fn is_plus(word: &Word) -> bool {
    is_literal(word, b"+")
}

fn contains(word: &Word, mark: &[u8]) -> bool {
    word.pieces.iter().any(|piece| match piece {
        Piece::Literal(bytes) => bytes.windows(mark.len()).any(|window| window == mark),
        Piece::Glob(_) | Piece::Dynamic { .. } => false,
    })
}

/// Programs that name what they find as find(1) does: each name begins with the starting point that it was found below.
const FINDS: [&str; 3] = ["find", "gfind", "bfs"];

/// Returns how every name begins that `find` finds, as far as all its starting points begin alike; without any it is the `.`.
///
/// Other options in front than these differ from one `find` to another, and may take the next word.
fn found_below(args: &[Word]) -> Vec<u8> {
    let texts: Option<Vec<Vec<u8>>> = args.iter().map(Word::as_literal).collect();
    let names_more = |text: &Vec<u8>| matches!(text.as_slice(), b"-files0-from" | b"-f");
    let Some(texts) = texts.filter(|texts| !texts.iter().any(names_more)) else { return Vec::new() };
    let mut behind =
        texts.iter().skip_while(|text| matches!(text.as_slice(), b"-H" | b"-L" | b"-P")).peekable();
    let is_start = |text: &Vec<u8>| !matches!(text.first(), None | Some(b'-' | b'(' | b')' | b'!' | b','));
    let is_test = |text: &Vec<u8>| {
        matches!(text.as_slice(), b"(" | b"!" | [b'-', b'a'..=b'z', b'a'..=b'z', b'a'..=b'z', ..])
    };
    let common = |common: Vec<u8>, start: &Vec<u8>| {
        let length = common.iter().zip(start).take_while(|(one, other)| one == other).count();
        common[..length].to_vec()
    };
    match behind.next_if(|text| is_start(text)) {
        Some(first) => behind.take_while(|text| is_start(text)).fold(first.clone(), common),
        None if behind.peek().is_none_or(|text| is_test(text)) => b".".to_vec(),
        None => Vec::new(),
    }
}
