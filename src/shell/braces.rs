//! Brace expansion: `{a,b}` and `{1..3}` become several words.

use super::expand::Atom;
use super::parser::DEPTH;

/// The most words that a brace expansion is followed to.
const MOST: usize = 256;

/// The most pieces that all words of one brace expansion have together.
const MOST_PIECES: usize = 1 << 18;

/// A piece of a word on which braces work.
#[derive(Clone, Debug)]
pub(super) enum Token {
    /// An unquoted byte of the source.
    Byte(u8),
    Other(Atom),
}

/// What braces make of a word.
pub(super) enum Braced {
    /// Nothing: there is no active brace.
    Nothing,
    Words(Vec<Vec<Token>>),
    /// There may be an expansion, but not one that is known by heart.
    Uncertain,
}

/// Splits the atoms of a word into tokens.
pub(super) fn tokens(atoms: Vec<Atom>) -> Vec<Token> {
    let mut out = Vec::new();
    for atom in atoms {
        match atom {
            Atom::Source(bytes) => out.extend(bytes.into_iter().map(Token::Byte)),
            other => out.push(Token::Other(other)),
        }
    }
    out
}

fn is(token: &Token, byte: u8) -> bool {
    matches!(token, Token::Byte(found) if *found == byte)
}

/// Expands the braces of a word.
pub(super) fn expand(word: &[Token]) -> Braced {
    let separates = |at: usize| {
        is(&word[at], b',') || (is(&word[at], b'.') && word.get(at + 1).is_some_and(|t| is(t, b'.')))
    };
    let Some(open) = word.iter().position(|token| is(token, b'{')) else { return Braced::Nothing };
    let Some(close) = word.iter().rposition(|token| is(token, b'}')) else { return Braced::Nothing };
    if !(open..close.max(open)).any(separates) {
        return Braced::Nothing;
    }
    if word.iter().any(|token| is(token, b'$')) || (0..word.len()).any(|at| glues(word, at)) {
        return Braced::Uncertain;
    }
    let mut at = 0;
    match alternatives(word, &mut at, 0) {
        Some(words) if at == word.len() => Braced::Words(words),
        Some(_) | None => Braced::Uncertain,
    }
}

/// Claims that the expansion at `at` could take a name from what a brace puts behind it, or holds commands.
fn glues(word: &[Token], at: usize) -> bool {
    match &word[at] {
        Token::Other(Atom::Unknown { command: true, .. } | Atom::Break) => true,
        Token::Other(Atom::Value { bare: true, .. } | Atom::Unknown { bare: true, .. }) => {
            !matches!(word.get(at + 1), Some(Token::Byte(b'/' | b'.' | b'-') | Token::Other(Atom::Quoted(_))))
        }
        Token::Byte(_) | Token::Other(_) => false,
    }
}

/// Reads up to the end, or (at a `depth` within braces) up to a `,` or `}`; returns all words it stands for.
fn alternatives(word: &[Token], at: &mut usize, depth: usize) -> Option<Vec<Vec<Token>>> {
    let (mut words, mut pieces) = (vec![Vec::new()], 0);
    while let Some(token) = word.get(*at) {
        if depth > 0 && (is(token, b',') || is(token, b'}')) {
            break;
        }
        if is(token, b'}') {
            return None;
        }
        if is(token, b'{') {
            let choices = group(word, at, depth + 1)?;
            if words.len() * choices.len() > MOST {
                return None;
            }
            words = product(&words, &choices);
            pieces = words.iter().map(Vec::len).sum();
        } else {
            *at += 1;
            words.iter_mut().for_each(|word| word.push(token.clone()));
            pieces += words.len();
        }
        if pieces > MOST_PIECES {
            return None;
        }
    }
    Some(words)
}

fn product(words: &[Vec<Token>], choices: &[Vec<Token>]) -> Vec<Vec<Token>> {
    let mut out = Vec::with_capacity(words.len() * choices.len());
    for word in words {
        for choice in choices {
            out.push(word.iter().chain(choice).cloned().collect());
        }
    }
    out
}

/// Reads one `{…}`.
fn group(word: &[Token], at: &mut usize, depth: usize) -> Option<Vec<Vec<Token>>> {
    if depth > DEPTH {
        return None;
    }
    *at += 1;
    if let Some(range) = sequence(&word[*at..]) {
        let (length, words) = range;
        *at += length;
        return words;
    }
    let mut words = Vec::new();
    let mut commas = 0;
    loop {
        words.append(&mut alternatives(word, at, depth)?);
        if words.len() > MOST {
            return None;
        }
        let token = word.get(*at)?;
        *at += 1;
        if is(token, b'}') {
            break;
        }
        commas += 1;
    }
    (commas > 0).then_some(words)
}

/// Reads `1..9}` or `1..9..2}` or `a..e}`; the inner `None` is a sequence that is too long or odd.
fn sequence(rest: &[Token]) -> Option<(usize, Option<Vec<Vec<Token>>>)> {
    let mut bytes = Vec::new();
    for token in rest {
        match token {
            Token::Byte(b'}') => break,
            Token::Byte(byte @ (b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'+')) => {
                bytes.push(*byte)
            }
            Token::Byte(_) | Token::Other(_) => return None,
        }
    }
    if bytes.len() == rest.len() {
        return None;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let parts: Vec<&str> = text.split("..").collect();
    let length = bytes.len() + 1;
    match parts.as_slice() {
        [from, to] => {
            let plain = |text: &str| text == "0" || !text.trim_start_matches('-').starts_with('0');
            let words = match (from.parse::<i64>(), to.parse::<i64>()) {
                (Ok(from_n), Ok(to_n)) if plain(from) && plain(to) && from_n.abs_diff(to_n) < MOST as u64 => {
                    Some(numbers(from_n, to_n))
                }
                _ => None,
            };
            Some((length, words))
        }
        [_, _, _] => Some((length, None)),
        _ => None,
    }
}

fn numbers(from: i64, to: i64) -> Vec<Vec<Token>> {
    let word = |number: i64| number.to_string().bytes().map(Token::Byte).collect();
    if from <= to { (from..=to).map(word).collect() } else { (to..=from).rev().map(word).collect() }
}

#[cfg(test)]
mod tests {
    use super::{Braced, Token, expand};

    fn words(text: &str) -> Option<usize> {
        match expand(&text.bytes().map(Token::Byte).collect::<Vec<_>>()) {
            Braced::Words(words) => Some(words.len()),
            Braced::Nothing | Braced::Uncertain => None,
        }
    }

    #[test]
    fn a_long_word_is_expanded_and_many_long_ones_are_not() {
        let long = "x".repeat(60_000);
        assert_eq!(words(&format!("{{a{long},b}}")), Some(2));
        assert_eq!(words("{a,b}{c,d}{e,f}"), Some(8));
        assert_eq!(words(&format!("{}{long}", "{a,b}".repeat(8))), None);
    }
}
