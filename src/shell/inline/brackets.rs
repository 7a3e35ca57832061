//! Bracket expressions of patterns: a delimiter inside one does not end the pattern for every reader.

/// Claims that a bracket expression of the pattern is still open at its end.
pub(super) fn opens_bracket(pattern: &[u8]) -> bool {
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => at += 2,
            b'[' => {
                at += 1;
                at += usize::from(pattern.get(at) == Some(&b'^'));
                at += usize::from(pattern.get(at) == Some(&b']'));
                match bracket_end(pattern, at) {
                    Some(end) => at = end,
                    None => return true,
                }
            }
            _ => at += 1,
        }
    }
    false
}

/// Returns the index behind the `]` that ends a bracket expression whose content begins at `at`.
fn bracket_end(pattern: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *pattern.get(at)? {
            b']' => return Some(at + 1),
            b'[' if matches!(pattern.get(at + 1), Some(b':' | b'.' | b'=')) => {
                let kind = pattern[at + 1];
                let close = pattern[at + 2..].windows(2).position(|pair| pair == [kind, b']'])?;
                at += close + 4;
            }
            _ => at += 1,
        }
    }
}
