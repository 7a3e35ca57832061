//! Patterns on text that is certain; apart from [`super::glob`], so that `build.rs` can include it.

/// Claims that `text` contains a character with a meaning in a glob.
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// Claims that `text` matches the glob `pattern`, which is not compiled for it.
///
/// Greedy with one place to go back to: at most their lengths multiplied.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    if let [b'*', word @ ..] = pattern
        && let word = word.strip_suffix(b"*").unwrap_or(word)
        && !word.iter().any(|sign| b"*?[\\".contains(sign))
    {
        let is_middle = word.len() + 2 == pattern.len();
        return if is_middle { holds(text, word) } else { text.ends_with(word) };
    }
    let (mut step, mut at) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        if pattern.get(step) == Some(&b'*') {
            step += 1;
            back = Some((step, at));
        } else if let Some(next) = takes(pattern, step, text[at]) {
            step = next;
            at += 1;
        } else if let Some((after, from)) = back {
            let Some(next) = goes_on(pattern.get(after), text, from + 1) else { return false };
            back = Some((after, next));
            step = after;
            at = next;
        } else {
            return false;
        }
    }
    pattern[step..].iter().all(|rest| *rest == b'*')
}

/// Returns the first place from `from` on where a pattern could go on behind a star with `sign`; the end, where it has to end.
fn goes_on(sign: Option<&u8>, text: &[u8], from: usize) -> Option<usize> {
    match sign {
        Some(b'*' | b'?' | b'[' | b'\\') => Some(from),
        Some(own) => text.get(from..)?.iter().position(|byte| byte == own).map(|ahead| from + ahead),
        None => Some(text.len()),
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    let Some(first) = word.first() else { return true };
    text.windows(word.len()).any(|part| part[0] == *first && part == word)
}

/// Returns where the pattern goes on after it took `byte` at `step`, if it takes it.
fn takes(pattern: &[u8], step: usize, byte: u8) -> Option<usize> {
    match pattern.get(step)? {
        b'?' => Some(step + 1),
        b'\\' if step + 1 < pattern.len() => (pattern[step + 1] == byte).then_some(step + 2),
        b'[' => match class_end(pattern, step + 1) {
            Some(end) => class_takes(&pattern[step + 1..end], byte).then_some(end + 1),
            None => (byte == b'[').then_some(step + 1),
        },
        own => (*own == byte).then_some(step + 1),
    }
}

/// Returns where the class that begins at `at` (after its `[`) has its `]`.
pub(crate) fn class_end(bytes: &[u8], at: usize) -> Option<usize> {
    let negated = matches!(bytes.get(at), Some(b'!' | b'^'));
    let first = at + usize::from(negated);
    (first + 1..bytes.len()).find(|end| bytes[*end] == b']')
}

/// Claims that the class, written without its brackets, holds `byte`.
fn class_takes(inner: &[u8], byte: u8) -> bool {
    let negated = matches!(inner.first(), Some(b'!' | b'^'));
    let mut rest = &inner[usize::from(negated)..];
    let mut found = false;
    while let Some(first) = rest.first() {
        match rest {
            [low, b'-', high, after @ ..] => {
                found |= (*low..=*high).contains(&byte);
                rest = after;
            }
            [_, after @ ..] => {
                found |= *first == byte;
                rest = after;
            }
            [] => {}
        }
    }
    found != negated
}
