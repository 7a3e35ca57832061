//! What a text must hold for a regular expression to match it: one of a few words, and one of some others as well where its parts
//! follow each other. Most expressions are settled by that, without being compiled or run.
//!
//! MUST: no text that the expression matches lacks all words of a list. What is not understood asks for none.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

use super::pairs::{ExactPairs, Pairs};

/// Lists of words: of each, every match holds one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needles {
    /// The one that says most comes first; all in small letters if the case makes no difference.
    lists: Vec<Vec<Needle>>,
    any_case: bool,
}

/// A word with its pairs of letters.
#[derive(Debug, PartialEq, Eq)]
struct Needle {
    word: String,
    pairs: Pairs,
}

impl Needle {
    fn of(mut word: String, any_case: bool) -> Needle {
        if any_case {
            word.make_ascii_lowercase();
        }
        let pairs = Pairs::of(word.as_bytes());
        Needle { word, pairs }
    }
}

impl Needles {
    /// Returns the words for an expression; `None` where it may match without any that are known.
    pub(super) fn of(pattern: &str) -> Option<Needles> {
        let flags = ["(?i)", "(?is)", "(?s)"].iter().find(|flags| pattern.starts_with(**flags));
        let any_case = flags.is_some_and(|flags| flags.contains('i'));
        let mut reader = Reader { rest: pattern[flags.map_or(0, |flags| flags.len())..].chars().peekable() };
        let choice = reader.choice()?;
        if reader.rest.next().is_some() {
            return None;
        }
        let words = choice.words?;
        let mut others = choice.every;
        others.retain(|other| *other != words);
        let list = |words: Vec<String>| words.into_iter().map(|word| Needle::of(word, any_case)).collect();
        let lists = std::iter::once(words).chain(others).map(list).collect();
        Some(Needles { lists, any_case })
    }

    /// Claims that a long text, which has these pairs of letters, could hold one of each list; of another than ASCII it says so always
    /// where the case makes no difference.
    pub(super) fn could_be_in(&self, text: &str, pairs: &ExactPairs) -> bool {
        let could = |words: &Vec<Needle>| words.iter().any(|needle| pairs.hold(&needle.word));
        (self.any_case && !text.is_ascii()) || self.lists.iter().all(could)
    }

    /// Claims that `text`, which has these pairs of letters, holds one of each list. Whether letters beyond ASCII are the same in
    /// another case is not looked at.
    pub(super) fn are_in(&self, text: &str, pairs: Pairs) -> bool {
        if self.any_case && !text.is_ascii() {
            return true;
        }
        let could = |words: &Vec<Needle>| words.iter().any(|needle| pairs.hold(&needle.pairs));
        if !self.lists.iter().all(could) {
            return false;
        }
        let text = if self.any_case { Cow::from(text.to_ascii_lowercase()) } else { text.into() };
        let is_in = |needle: &Needle| pairs.hold(&needle.pairs) && text.contains(needle.word.as_str());
        self.lists.iter().all(|words| words.iter().any(is_in))
    }
}

/// Words, one of which is held: none where a match may be without.
type Words = Option<Vec<String>>;

/// The most words that are kept side by side.
const MOST: usize = 64;

/// What is known of a part of an expression.
struct Part {
    words: Words,
    /// Those and all others that are held as well.
    every: Vec<Vec<String>>,
    /// One of these stands at the beginning of it; the empty word may be among them.
    begins: Vec<String>,
    /// Claims that there is nothing behind those.
    is_whole: bool,
}

impl Part {
    /// One of these characters.
    fn of(letters: &[char]) -> Part {
        let begins = letters.iter().map(char::to_string).collect();
        Part { words: None, every: Vec::new(), begins, is_whole: true }
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

/// One step of an expression.
enum Atom {
    Letter(char),
    Group(Part),
    /// Something that takes no character or one that is not known.
    Other,
}

/// What `\s` stands for (docs.rs/regex-lite: "whitespace ([\t\n\v\f\r ])").
const BLANKS: [char; 6] = ['\t', '\n', '\u{b}', '\u{c}', '\r', ' '];

/// How often a step is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    AtMostOnce,
    AtLeastOnce,
    Any,
}

/// The words that the steps of a row make up so far.
struct Row {
    best: Words,
    every: Vec<Vec<String>>,
    /// What the steps up to here may be, from the last one on that is not known.
    runs: Vec<String>,
    begins: Option<Vec<String>>,
}

impl Row {
    /// Adds one of `words` behind what stands there; claims that it did not become too many.
    fn add(&mut self, words: &[String]) -> bool {
        let could = self.runs.len() * words.len() <= MOST;
        if could {
            let joined =
                |run: &String| words.iter().map(move |word| format!("{run}{word}")).collect::<Vec<_>>();
            self.runs = self.runs.iter().flat_map(joined).collect();
        }
        could
    }

    /// Something that is not known follows.
    fn end(&mut self) {
        let runs = std::mem::replace(&mut self.runs, vec![String::new()]);
        better(&mut self.best, Some(runs.clone()));
        if runs.iter().all(|run| !run.is_empty()) {
            self.every.push(runs.clone());
        }
        self.begins.get_or_insert(runs);
    }

    fn step(&mut self, atom: Atom, often: Often) {
        let part = match atom {
            Atom::Letter(letter) => Part::of(&[letter]),
            Atom::Group(part) => part,
            Atom::Other => return self.end(),
        };
        let is_there = matches!(often, Often::Once | Often::AtLeastOnce);
        let mut begins = part.begins;
        if often == Often::AtMostOnce {
            begins.push(String::new());
        }
        let is_added = often != Often::Any && (part.is_whole || is_there) && self.add(&begins);
        if !is_added || often == Often::AtLeastOnce || !part.is_whole {
            self.end();
        }
        better(&mut self.best, part.words.filter(|_| is_there));
        self.every.extend(part.every.into_iter().filter(|_| is_there));
    }
}

impl Reader<'_> {
    /// Reads alternatives up to a `)` or the end; `None`: this is not understood.
    fn choice(&mut self) -> Option<Part> {
        let mut all = self.row()?;
        while self.rest.next_if_eq(&'|').is_some() {
            let row = self.row()?;
            all.words = all.words.zip(row.words).map(|(one, other)| [one, other].concat());
            all.every = all.words.iter().cloned().collect();
            all.begins.extend(row.begins);
            all.is_whole &= row.is_whole;
        }
        Some(all)
    }

    /// Reads steps one behind the other.
    fn row(&mut self) -> Option<Part> {
        let mut row = Row { best: None, every: Vec::new(), runs: vec![String::new()], begins: None };
        while self.rest.peek().is_some_and(|next| !matches!(next, '|' | ')')) {
            let atom = self.atom()?;
            let often = self.often()?;
            row.step(atom, often);
        }
        let is_whole = row.begins.is_none();
        row.end();
        Some(Part { words: row.best, every: row.every, begins: row.begins.unwrap_or_default(), is_whole })
    }

    /// Reads how often a step is taken.
    fn often(&mut self) -> Option<Often> {
        let often = match self.rest.peek() {
            Some('?') => Often::AtMostOnce,
            Some('*') => Often::Any,
            Some('+') => Often::AtLeastOnce,
            Some('{') => {
                let counts: String = self.rest.by_ref().skip(1).take_while(|next| *next != '}').collect();
                let least: usize = counts.split(',').next()?.parse().ok()?;
                return Some(if least == 0 { Often::Any } else { Often::AtLeastOnce });
            }
            Some(_) | None => return Some(Often::Once),
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
                let part = self.choice()?;
                self.rest.next_if_eq(&')')?;
                Atom::Group(part)
            }
            '[' => {
                self.class()?;
                Atom::Other
            }
            '\\' => match self.rest.next()? {
                '<' | '>' => return None,
                sign if sign.is_ascii_punctuation() => Atom::Letter(sign),
                's' => Atom::Group(Part::of(&BLANKS)),
                'b' | 'B' | 'd' | 'D' | 'S' | 'w' | 'W' | 'n' | 't' => Atom::Other,
                'x' => {
                    let digits = [self.rest.next()?.to_digit(16)?, self.rest.next()?.to_digit(16)?];
                    match char::from_u32(16 * digits[0] + digits[1]).filter(char::is_ascii) {
                        Some(letter) => Atom::Letter(letter),
                        None => Atom::Other,
                    }
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

    use super::{ExactPairs, Needles, Pairs};

    #[track_caller]
    fn case(pattern: &str, words: &[&str]) {
        let found = Needles::of(pattern).map(|needles| {
            let words = needles.lists.into_iter().next().unwrap();
            words.into_iter().map(|needle| needle.word).collect::<Vec<String>>()
        });
        let expected = (!words.is_empty()).then(|| words.iter().map(|word| word.to_string()).collect());
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn an_expression_asks_for_the_words_that_say_most() {
        case("^grep -O$", &["grep -O"]);
        case("(AKIA|BEGIN [A-Z ]*KEY|ghp_)", &["AKIA", "BEGIN ", "ghp_"]);
        case("(?i)(^| )--(Ext-diff|x)", &["--ext-diff", "--x"]);
        case("/d/(s[a-z]|r?disk[0-9]|m/)", &["/d/s", "/d/rdisk", "/d/disk", "/d/m/"]);
        case("a(b|c)?d", &["abd", "acd", "ad"]);
        case("a[.]bc?dd+e", &["bcdd", "bdd"]);
        case("ab{2}c*(de|f)?", &["ab"]);
        case("\\.claude/(hooks|x)", &[".claude/hooks", ".claude/x"]);
        case("\\bab\\b", &["ab"]);
        case("a\\x27b", &["a'b"]);
        case("ab\\s+c", &["ab\t", "ab\n", "ab\u{b}", "ab\u{c}", "ab\r", "ab "]);
        case("(a|[bc])", &[]);
        case("a|", &[]);
        case("(?P<x>a)", &[]);
        case("[[:alpha:]]a", &[]);
        case("", &[]);
    }

    #[test]
    fn words_of_parts_that_follow_each_other_are_all_asked_for() {
        let is_in = |pattern: &str, text: &str| {
            Needles::of(pattern).unwrap().are_in(text, Pairs::of(text.as_bytes()))
        };
        let pattern = "(?s)(^|[;&|( ])(tar|unzip)\\s.*\\bgit\\b";
        assert!(is_in(pattern, "tar xf a; git status") && !is_in(pattern, "ls target; git status"));
        assert!(!is_in(pattern, "tar xf a"));
        // Of what may be left out, or is one of two ways, nothing is asked for on its own.
        assert!(is_in("ab(cd)?.e?", "ab ") && is_in("ab.(cd|ef).gh", "ab ef gh"));
        assert!(!is_in("ab.(cd|ef).gh", "ab gh"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// MUST: what an expression matches holds one of its words.
        #[test]
        fn no_match_lacks_every_word(
            pattern in "(\\(\\?i\\))?([abB.^$]|\\\\b|\\\\s|\\\\x6[12]|\\[\\^?[ab\\]]\\]|\\([ab]{0,2}\\|?[ab]{0,2}\\)|[ab]{2}|\\|)([?*+]|\\{[012],?\\})?([ab]{1,2}[?*+]?|\\\\s[ab]|\\.[ab]{1,2}|\\|[ab]|\\([ab]\\|[aB]{2}\\)[?+]?)",
            text in "[abAB\u{e4} \n]{0,6}",
        ) {
            let Ok(regex) = regex_lite::Regex::new(&pattern) else { return Ok(()) };
            if let (true, Some(needles)) = (regex.is_match(&text), Needles::of(&pattern)) {
                let pairs = Pairs::of(text.as_bytes());
                prop_assert!(needles.are_in(&text, pairs), "{} on {:?}: {:?}", pattern, text, needles);
                let exact = ExactPairs::of(text.as_bytes());
                prop_assert!(needles.could_be_in(&text, &exact), "{} on {:?}: {:?}", pattern, text, needles);
            }
        }
    }
}
