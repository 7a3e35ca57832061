//! What a text must hold for a regular expression to match it: one of a few words. Most expressions are settled by that, without
//! being compiled or run.
//!
//! MUST: no text that the expression matches lacks all of the words. What is not understood asks for none.

use std::iter::Peekable;
use std::str::Chars;

/// Words, one of which every match holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needles {
    /// In small letters if the case makes no difference.
    words: Vec<String>,
    any_case: bool,
}

impl Needles {
    /// Returns the words for an expression; `None` where it may match without any that are known.
    pub(super) fn of(pattern: &str) -> Option<Needles> {
        let flags = ["(?i)", "(?is)", "(?s)"].iter().find(|flags| pattern.starts_with(**flags));
        let any_case = flags.is_some_and(|flags| flags.contains('i'));
        let mut reader = Reader { rest: pattern[flags.map_or(0, |flags| flags.len())..].chars().peekable() };
        let words = reader.choice()?;
        if reader.rest.next().is_some() {
            return None;
        }
        let mut words = words?;
        if any_case {
            words.iter_mut().for_each(|word| word.make_ascii_lowercase());
        }
        Some(Needles { words, any_case })
    }

    /// Claims that `text` holds one of them. Whether letters beyond ASCII are the same in another case is not looked at.
    pub(super) fn are_in(&self, text: &str) -> bool {
        if !self.any_case {
            return self.words.iter().any(|word| text.contains(word.as_str()));
        }
        if !text.is_ascii() {
            return true;
        }
        let text = text.to_ascii_lowercase();
        self.words.iter().any(|word| text.contains(word.as_str()))
    }
}

/// The words of one part of an expression: none where it may match without.
type Words = Option<Vec<String>>;

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

/// One step of an expression.
enum Atom {
    Letter(char),
    Group(Words),
    /// Something that takes no character or one that is not known.
    Other,
}

impl Reader<'_> {
    /// Reads alternatives up to a `)` or the end; the outer `None`: this is not understood.
    fn choice(&mut self) -> Option<Words> {
        let mut all = Some(Vec::new());
        loop {
            let words = self.row()?;
            all = all.zip(words).map(|(mut all, words)| {
                all.extend(words);
                all
            });
            if self.rest.next_if_eq(&'|').is_none() {
                return Some(all);
            }
        }
    }

    /// Reads steps one behind the other, and returns the words of the one that says most.
    fn row(&mut self) -> Option<Words> {
        let (mut best, mut run) = (None, String::new());
        while self.rest.peek().is_some_and(|next| !matches!(next, '|' | ')')) {
            let atom = self.atom()?;
            let is_there = self.is_there()?;
            match (atom, is_there) {
                (Atom::Letter(letter), Some(true)) => run.push(letter),
                (Atom::Letter(letter), None) => {
                    run.push(letter);
                    better(&mut best, Some(vec![std::mem::take(&mut run)]));
                }
                (Atom::Group(words), Some(true) | None) => {
                    better(&mut best, Some(vec![std::mem::take(&mut run)]));
                    better(&mut best, words);
                }
                (Atom::Letter(_) | Atom::Group(_), Some(false)) | (Atom::Other, _) => {
                    better(&mut best, Some(vec![std::mem::take(&mut run)]));
                }
            }
        }
        better(&mut best, Some(vec![run]));
        Some(best)
    }

    /// Reads what says how often: once for certain, maybe not at all (`Some(false)`), or at least once (`None`).
    fn is_there(&mut self) -> Option<Option<bool>> {
        let often = match self.rest.peek() {
            Some('?' | '*') => Some(false),
            Some('+') => None,
            Some('{') => {
                let counts: String = self.rest.by_ref().skip(1).take_while(|next| *next != '}').collect();
                let least: usize = counts.split(',').next()?.parse().ok()?;
                return Some(if least == 0 { Some(false) } else { None });
            }
            Some(_) | None => return Some(Some(true)),
        };
        self.rest.next();
        // `+?` and its like take as little as they can.
        self.rest.next_if_eq(&'?');
        Some(often)
    }

    fn atom(&mut self) -> Option<Atom> {
        Some(match self.rest.next()? {
            '(' => {
                if self.rest.next_if_eq(&'?').is_some() {
                    self.rest.next_if_eq(&':')?;
                }
                let words = self.choice()?;
                self.rest.next_if_eq(&')')?;
                Atom::Group(words)
            }
            '[' => {
                self.class()?;
                Atom::Other
            }
            '\\' => match self.rest.next()? {
                '<' | '>' => return None,
                sign if sign.is_ascii_punctuation() => Atom::Letter(sign),
                'b' | 'B' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 't' => Atom::Other,
                'x' => {
                    let digits = [self.rest.next()?, self.rest.next()?];
                    digits.iter().all(char::is_ascii_hexdigit).then_some(Atom::Other)?
                }
                _ => return None,
            },
            '.' | '^' | '$' => Atom::Other,
            '*' | '+' | '?' | '{' | '}' | ']' => return None,
            letter => Atom::Letter(letter),
        })
    }

    /// Steps over a class; one within one is not understood.
    fn class(&mut self) -> Option<()> {
        self.rest.next_if_eq(&'^');
        self.rest.next_if_eq(&']');
        loop {
            match self.rest.next()? {
                ']' => return Some(()),
                '\\' => {
                    self.rest.next()?;
                }
                '[' => return None,
                _ => {}
            }
        }
    }
}

/// Puts `words` in place of `best` where they say more: the shortest of them is longer, or as long and they are fewer.
fn better(best: &mut Words, words: Words) {
    let weight = |words: &Vec<String>| {
        let shortest = words.iter().map(String::len).min().unwrap_or(0);
        (shortest, usize::MAX - words.len())
    };
    if let Some(words) = words.filter(|words| weight(words).0 > 0)
        && best.as_ref().is_none_or(|best| weight(best) < weight(&words))
    {
        *best = Some(words);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Needles;

    #[track_caller]
    fn case(pattern: &str, words: &[&str]) {
        let found = Needles::of(pattern).map(|needles| needles.words);
        let expected = (!words.is_empty()).then(|| words.iter().map(|word| word.to_string()).collect());
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn an_expression_asks_for_the_words_that_say_most() {
        case("^grep -O$", &["grep -O"]);
        case("(AKIA|BEGIN [A-Z ]*KEY|ghp_)", &["AKIA", "BEGIN ", "ghp_"]);
        case("(?i)(^| )--(Ext-diff|x)", &["--"]);
        case("a[.]bc?dd+e", &["dd"]);
        case("ab{2}c*(de|f)?", &["ab"]);
        case("\\.claude/(hooks|x)", &[".claude/"]);
        case("\\bab\\b", &["ab"]);
        case("(a|[bc])", &[]);
        case("a|", &[]);
        case("(?P<x>a)", &[]);
        case("[[:alpha:]]a", &[]);
        case("", &[]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// MUST: what an expression matches holds one of its words.
        #[test]
        fn no_match_lacks_every_word(
            pattern in "(\\(\\?i\\))?([abB.^$]|\\\\b|\\[\\^?[ab\\]]\\]|\\([ab]{0,2}\\|?[ab]{0,2}\\)|[ab]{2}|\\|)([?*+]|\\{[012],?\\})?([ab]{1,2}[?*+]?|\\|[ab]|\\([ab]\\|[aB]{2}\\)[?+]?)",
            text in "[abAB\u{e4} ]{0,6}",
        ) {
            let Ok(regex) = regex_lite::Regex::new(&pattern) else { return Ok(()) };
            if let (true, Some(needles)) = (regex.is_match(&text), Needles::of(&pattern)) {
                prop_assert!(needles.are_in(&text), "{} on {:?}: {:?}", pattern, text, needles);
            }
        }
    }
}
