//! Pairs of neighbouring bytes, as bits: a text that lacks a pair of a word does not hold the word.
//!
//! MUST: no text that holds a word, in whatever case, lacks a bit of it.

/// The pairs of a text, or those that a word or a pattern asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs([u64; 4]);

impl Pairs {
    /// Every pair: of a text of which nothing is known.
    pub(super) const ALL: Pairs = Pairs([u64::MAX; 4]);

    /// Returns the pairs of `text`.
    pub(super) fn of(text: &[u8]) -> Pairs {
        let mut pairs = Pairs::default();
        pairs.add(text);
        pairs
    }

    /// Returns the pairs of every text that the glob matches: those of its plain stretches, up to the first class or backslash.
    pub(super) fn of_glob(pattern: &str) -> Pairs {
        let end = pattern.bytes().position(|sign| b"[\\".contains(&sign)).unwrap_or(pattern.len());
        let mut pairs = Pairs::default();
        pattern.as_bytes()[..end].split(|sign| b"*?".contains(sign)).for_each(|plain| pairs.add(plain));
        pairs
    }

    /// Claims that all of `asked` are there.
    pub(super) fn hold(&self, asked: &Pairs) -> bool {
        self.0.iter().zip(asked.0).all(|(own, asked)| asked & !own == 0)
    }

    fn add(&mut self, text: &[u8]) {
        let mut bytes = text.iter().map(u8::to_ascii_lowercase);
        let Some(mut first) = bytes.next() else { return };
        for second in bytes {
            let bit = first.wrapping_mul(31) ^ second;
            self.0[usize::from(bit >> 6)] |= 1 << (bit & 63);
            first = second;
        }
    }
}

/// The pairs of a long text, each with a bit of its own: nearly all of [`Pairs`] are there in one.
#[derive(Debug)]
pub(super) struct ExactPairs(Vec<u64>);

impl ExactPairs {
    /// Returns the pairs of `text`.
    pub(super) fn of(text: &[u8]) -> ExactPairs {
        let mut bits = vec![0; 1 << 10];
        each(text, |at| bits[at >> 6] |= 1 << (at & 63));
        ExactPairs(bits)
    }

    /// Claims that all pairs of `word` are there.
    pub(super) fn hold(&self, word: &str) -> bool {
        let mut all = true;
        each(word.as_bytes(), |at| all &= self.0[at >> 6] >> (at & 63) & 1 == 1);
        all
    }
}

/// Gives `then` the number of each pair of neighbours, below 65,536.
fn each(text: &[u8], mut then: impl FnMut(usize)) {
    let mut bytes = text.iter().map(|byte| usize::from(byte.to_ascii_lowercase()));
    let Some(mut first) = bytes.next() else { return };
    for second in bytes {
        then(first << 8 | second);
        first = second;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ExactPairs, Pairs};
    use crate::policy::glob_text::matches;

    #[test]
    fn a_text_without_the_word_is_told_by_a_pair() {
        let holds = |text: &str, word: &str| Pairs::of(text.as_bytes()).hold(&Pairs::of(word.as_bytes()));
        assert!(holds("cat docs/Customers.csv", "customers"));
        assert!(!holds("cat docs/part.md", "customers"));
        assert!(holds("x", "") && holds("", "x") && Pairs::ALL.hold(&Pairs::of(b"any")));
        let long = ExactPairs::of(b"cat docs/Customers.csv");
        assert!(long.hold("customers") && !long.hold("customs") && long.hold("x"));
    }

    proptest! {
        /// MUST: what holds the word has its pairs.
        #[test]
        fn no_text_with_the_word_lacks_a_pair(before in ".{0,9}", word in ".{0,9}", after in ".{0,9}") {
            let text = format!("{before}{word}{after}");
            prop_assert!(Pairs::of(text.to_ascii_uppercase().as_bytes()).hold(&Pairs::of(word.as_bytes())));
            prop_assert!(ExactPairs::of(text.to_ascii_uppercase().as_bytes()).hold(&word));
        }

        /// MUST: what a glob matches has its pairs.
        #[test]
        fn no_match_of_a_glob_lacks_a_pair(pattern in "[abc*?!\\[\\]\\-\\\\]{0,8}", text in "[abc\\]\\-]{0,8}") {
            if matches(pattern.as_bytes(), text.as_bytes()) {
                prop_assert!(Pairs::of(text.as_bytes()).hold(&Pairs::of_glob(&pattern)));
            }
        }
    }
}
