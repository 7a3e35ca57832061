//! How a program would read its arguments: options, their values, and operands.
//!
//! The reading follows getopt's conventions and the program's `[[program]]` entry. Three levels say how far it can be
//! relied on ([`Certainty`]): an option that the entry does not list could swallow the word after it, and a
//! word that nobody knows yet could be anything. Reading never drops a word.

use std::borrow::Cow;
use std::ops::Range;

use super::{Piece, Program, Truth, Word};

/// How far the reading of a word can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The word could also be read so, but more likely is not.
    Possible,
    /// The word reads so as written, unless an option or a value before it that nobody knows says otherwise.
    Likely,
    /// The word reads so.
    Sure,
}

/// An option that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The index of its word among the arguments.
    pub index: usize,
    /// The option as written, without its value: `--name`, or `-x` where it stood in a bundle.
    pub name: String,
    /// The option that `name` abbreviates, if the program's entry lists exactly one such; else `name`.
    pub canonical: String,
    /// Its value, attached or the next word, if it certainly has one.
    pub value: Option<Word>,
    /// The index of the word that is its value, where the value stands apart.
    pub value_index: Option<usize>,
    /// The index of the next word, where nobody knows whether it is this option's value.
    pub perhaps: Option<usize>,
    /// How far it can be relied on that this is an option.
    pub certainty: Certainty,
}

/// A word that is no option and no option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The index of its word among the arguments.
    pub index: usize,
    /// How far it can be relied on that this is an operand. Its place among the operands is certain only if
    /// all operands before it are [`Certainty::Sure`] too.
    pub certainty: Certainty,
}

/// A word that may turn out to be any option that begins with `prefix`; with an empty prefix, anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub index: usize,
    pub prefix: String,
    /// Claims that it is only a leading glob: file names seldom begin with `-`.
    pub glob: bool,
}

/// The arguments of one action as its program would read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    pub options: Vec<Given>,
    pub operands: Vec<Operand>,
    pub unknown: Vec<Unknown>,
    /// The index of the `--` that ends the options.
    pub dashes: Option<usize>,
    /// Words of inner commands between markers (`find -exec … ;`), the closing marker included.
    pub inner: Vec<Range<usize>>,
}

impl Arguments {
    /// Returns how `program` would read `args`; without an entry, no option is known to take a value or to take none.
    pub fn read(args: &[Word], program: Option<&Program>) -> Arguments {
        let nothing = Program::default();
        let mut reader = Reader {
            args,
            program: program.unwrap_or(&nothing),
            read: Arguments::default(),
            at: 0,
            pending: false,
            ended: false,
            shaky_options: false,
            shaky_operands: false,
            shaky_end: false,
        };
        while reader.at < args.len() {
            reader.word();
        }
        reader.read
    }

    /// Returns the options that are one of `names`, by their written or canonical name.
    pub fn given<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a Given> {
        self.options
            .iter()
            .filter(|given| names.iter().any(|name| *name == given.name || *name == given.canonical))
    }

    /// Returns the index among the arguments of the operand at `place`, if both are certain.
    pub fn operand_at(&self, place: usize) -> Option<usize> {
        let up_to = self.operands.get(..=place)?;
        up_to.iter().all(|operand| operand.certainty == Certainty::Sure).then(|| up_to[place].index)
    }

    /// Returns whether the operands begin with the words of `name` (`remote remove`).
    pub fn has_subcommand(&self, args: &[Word], name: &str) -> Truth {
        let words: Vec<&str> = name.split_ascii_whitespace().collect();
        self.subcommand(args, words.len(), |at, word| compare(word, words[at].as_bytes())).0
    }

    /// Returns whether the operands begin with `count` words that `matches` (given the place in the pattern), and where
    /// among the operands those after the subcommand begin.
    ///
    /// An option before or among them that the entry does not list makes the answer at most maybe, and so does a word
    /// that may be several.
    pub fn subcommand(
        &self,
        args: &[Word],
        count: usize,
        matches: impl Fn(usize, &Word) -> Truth,
    ) -> (Truth, usize) {
        let mut best = (Truth::No, self.operands.len());
        for start in 0..=self.operands.len() {
            let found = self.subcommand_from(args, start, count, &matches);
            if found.0 > best.0 {
                best = found;
            }
            let Some(first) = self.operands.get(start) else { break };
            if best.0 == Truth::Yes || first.certainty == Certainty::Sure {
                break;
            }
        }
        best
    }

    fn subcommand_from(
        &self,
        args: &[Word],
        start: usize,
        count: usize,
        matches: &impl Fn(usize, &Word) -> Truth,
    ) -> (Truth, usize) {
        let mut truth = if start == 0 { Truth::Yes } else { Truth::Maybe };
        let mut place = start;
        for at in 0..count {
            let answer = loop {
                let Some(operand) = self.operands.get(place) else {
                    let open = self.unknown.iter().any(|unknown| !unknown.glob && unknown.prefix.is_empty());
                    break if open { Truth::Maybe } else { Truth::No };
                };
                let word = &args[operand.index];
                let answer = matches(at, word);
                if answer == Truth::Maybe && word.may_split() {
                    // It may be all the missing words at once: stay here.
                    return (Truth::Maybe, place);
                }
                place += 1;
                match (answer, operand.certainty) {
                    (answer, Certainty::Sure) => break answer,
                    (Truth::No, Certainty::Likely | Certainty::Possible) if at > 0 => truth = Truth::Maybe,
                    (answer, Certainty::Likely | Certainty::Possible) => break answer & Truth::Maybe,
                }
            };
            truth = truth & answer;
            if truth == Truth::No {
                return (Truth::No, self.operands.len());
            }
        }
        (truth, place)
    }
}

/// Returns whether `word` will be exactly `text`.
fn compare(word: &Word, text: &[u8]) -> Truth {
    match word.certain() {
        Some(bytes) => Truth::of(*bytes == *text),
        None if text.starts_with(&leading(word).0) => Truth::Maybe,
        None => Truth::No,
    }
}

/// Whether an option takes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Value,
    /// A value only where it is attached.
    Attached,
    Nothing,
    Perhaps,
}

struct Reader<'a> {
    args: &'a [Word],
    program: &'a Program,
    read: Arguments,
    at: usize,
    /// The word before is an option that may take this word as its value.
    pending: bool,
    /// No option can follow: `--`, or an operand where options come first.
    ended: bool,
    /// An unknown word came before, which could be `--` or an option with a value.
    shaky_options: bool,
    /// A word came before that may be none or several operands.
    shaky_operands: bool,
    /// The `--` may itself be the value of an option.
    shaky_end: bool,
}

impl Reader<'_> {
    fn word(&mut self) {
        let args = self.args;
        let word = &args[self.at];
        let (prefix, whole) = leading(word);
        let pending = std::mem::take(&mut self.pending);
        if self.ended {
            self.after_the_end(word, pending);
        } else if whole && *prefix == *b"--" && self.goes_on_behind_dashes() {
            // Stepped over.
        } else if whole && *prefix == *b"--" {
            self.read.dashes = Some(self.at);
            self.ended = true;
            self.shaky_end = pending || self.shaky_options;
            self.shaky_operands |= pending;
        } else if (whole && (prefix.is_empty() || *prefix == *b"-"))
            || prefix.first().is_some_and(|byte| *byte != b'-')
        {
            self.operand(pending);
        } else if prefix.is_empty() {
            self.anything(word);
        } else {
            self.option(word, &prefix, whole, pending);
        }
        self.at += 1;
    }

    /// Claims that options follow a `--` as they do without it: find's expression does (find(1), "EXPRESSION").
    fn goes_on_behind_dashes(&self) -> bool {
        self.program.single_dash && self.program.runs.as_ref().is_some_and(|runs| !runs.between.is_empty())
    }

    fn after_the_end(&mut self, word: &Word, pending: bool) {
        let (prefix, whole) = leading(word);
        if self.shaky_end && prefix.starts_with(b"-") {
            let before = self.read.options.len();
            let at = self.at;
            self.option(word, &prefix, whole, pending);
            self.at = at;
            self.pending = false;
            for given in &mut self.read.options[before..] {
                given.certainty = Certainty::Possible;
            }
        }
        self.operand(pending);
    }

    fn operand(&mut self, pending: bool) {
        let certainty = if pending || self.shaky_operands { Certainty::Likely } else { Certainty::Sure };
        self.read.operands.push(Operand { index: self.at, certainty });
        if self.program.options_first && certainty == Certainty::Sure {
            self.ended = true;
        }
        self.splits();
    }

    /// Notes what the word at hand does to the certainty of those after it, if it may become several.
    fn splits(&mut self) {
        let word = &self.args[self.at];
        if !word.may_split() {
            return;
        }
        self.shaky_operands = true;
        let dynamic = word.pieces.iter().any(|piece| matches!(piece, Piece::Dynamic { splits: true, .. }));
        if dynamic && (!self.ended || self.shaky_end) {
            self.unknown("", false);
            self.shaky_options = true;
        }
    }

    fn unknown(&mut self, prefix: &str, glob: bool) {
        self.read.unknown.push(Unknown { index: self.at, prefix: prefix.to_owned(), glob });
    }

    /// A word that begins with something unknown.
    fn anything(&mut self, word: &Word) {
        let only_glob = matches!(word.pieces.first(), Some(Piece::Glob(_))) && !word.is_dynamic();
        let certainty = if only_glob && !self.shaky_operands { Certainty::Sure } else { Certainty::Possible };
        self.read.operands.push(Operand { index: self.at, certainty });
        self.unknown("", only_glob);
        self.shaky_operands = true;
        self.shaky_options |= !only_glob;
    }

    fn option(&mut self, word: &Word, prefix: &[u8], whole: bool, pending: bool) {
        let certainty = if pending || self.shaky_options { Certainty::Likely } else { Certainty::Sure };
        let Ok(name) = std::str::from_utf8(prefix) else {
            self.open("-");
            return;
        };
        let is_one = name.starts_with("--") || self.program.single_dash || self.opens_inner(name);
        if is_one || self.lists_beginning_of(name) {
            self.long(word, name, whole, certainty);
        } else {
            self.bundle(word, name, whole, certainty);
        }
    }

    /// Claims that the entry lists `name`, up to a `=`, as an option of several letters (`-rc`).
    fn lists_beginning_of(&self, name: &str) -> bool {
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        name.len() > 2 && self.takes(name) != Takes::Perhaps
    }

    fn long(&mut self, word: &Word, prefix: &str, whole: bool, certainty: Certainty) {
        if let Some((name, _)) = prefix.split_once('=') {
            let (canonical, _) = self.resolve(name);
            let value = Some(word_after(word, name.len() + 1));
            let given = self.plain(name, canonical, certainty);
            self.read.options.push(Given { value, ..given });
            self.splits();
        } else if !whole {
            self.open(prefix);
        } else if self.opens_inner(prefix) {
            let given = self.plain(prefix, prefix.to_owned(), certainty);
            self.read.options.push(given);
            self.step_over_inner();
        } else {
            let (canonical, takes) = self.resolve(prefix);
            self.flag_or_value(prefix, canonical, takes, certainty);
        }
    }

    /// An option of which only the beginning is known.
    fn open(&mut self, prefix: &str) {
        self.unknown(prefix, false);
        self.splits();
        self.pending = true;
    }

    fn opens_inner(&self, name: &str) -> bool {
        self.program.runs.as_ref().is_some_and(|runs| runs.between.iter().any(|open| open == name))
    }

    /// Steps over an inner command, its closing marker included.
    fn step_over_inner(&mut self) {
        let until = self.program.runs.as_ref().map_or(&[][..], |runs| &runs.until[..]);
        let is_marker = |word: &Word| {
            word.as_literal().is_some_and(|bytes| until.iter().any(|marker| marker.as_bytes() == bytes))
        };
        let begin = self.at + 1;
        let end = (begin..self.args.len()).find(|at| is_marker(&self.args[*at]));
        let end = end.map_or(self.args.len(), |at| at + 1);
        self.read.inner.push(begin..end);
        self.at = end - 1;
    }

    /// `-abc`, `-ofile`, `-o file`.
    fn bundle(&mut self, word: &Word, prefix: &str, whole: bool, mut certainty: Certainty) {
        for (offset, letter) in prefix.char_indices().skip(1) {
            let name = String::from_iter(['-', letter]);
            let takes = self.takes(&name);
            let after = offset + letter.len_utf8();
            let is_last = whole && after == prefix.len();
            if is_last {
                self.flag_or_value(&name, name.clone(), takes, certainty);
                return;
            }
            let given = self.plain(&name, name.clone(), certainty);
            if matches!(takes, Takes::Value | Takes::Attached) {
                self.read.options.push(Given { value: Some(word_after(word, after)), ..given });
                self.splits();
                return;
            }
            self.read.options.push(given);
            if takes == Takes::Perhaps {
                certainty = certainty.min(Certainty::Likely);
            }
        }
        // What follows the certain letters is unknown: more letters, or a value.
        self.open("-");
    }

    /// An option without an attached value: the next word may be its value.
    fn flag_or_value(&mut self, name: &str, canonical: String, takes: Takes, certainty: Certainty) {
        let next = (self.at + 1 < self.args.len()).then_some(self.at + 1);
        let given = self.plain(name, canonical, certainty);
        match takes {
            Takes::Nothing | Takes::Attached => self.read.options.push(given),
            Takes::Perhaps => {
                self.read.options.push(Given { perhaps: next, ..given });
                self.pending = true;
            }
            Takes::Value => {
                let value = next.map(|at| self.args[at].clone());
                self.read.options.push(Given { value, value_index: next, ..given });
                if next.is_some() {
                    self.at += 1;
                    self.splits();
                }
            }
        }
    }

    fn plain(&self, name: &str, canonical: String, certainty: Certainty) -> Given {
        let (index, name) = (self.at, name.to_owned());
        Given { index, name, canonical, value: None, value_index: None, perhaps: None, certainty }
    }

    fn takes(&self, name: &str) -> Takes {
        let listed_after = |(subcommand, options): (&String, &Vec<String>)| {
            options.iter().any(|listed| listed == name) && self.follows(subcommand)
        };
        if self.program.values_of.iter().any(listed_after) || self.program.values.iter().any(|it| it == name)
        {
            Takes::Value
        } else if self.program.attached.iter().any(|listed| listed == name) {
            Takes::Attached
        } else if self.program.flags.iter().any(|listed| listed == name) {
            Takes::Nothing
        } else {
            Takes::Perhaps
        }
    }

    /// Claims that the operands so far certainly begin with the words of `subcommand`.
    fn follows(&self, subcommand: &str) -> bool {
        let mut so_far = self.read.operands.iter();
        subcommand.split_ascii_whitespace().all(|word| {
            so_far.next().is_some_and(|operand| {
                operand.certainty == Certainty::Sure
                    && self.args[operand.index].certain().as_deref() == Some(word.as_bytes())
            })
        })
    }

    /// Returns the option that `name` means, and whether it takes a value; an abbreviation leaves that open.
    fn resolve(&self, name: &str) -> (String, Takes) {
        let takes = self.takes(name);
        if takes != Takes::Perhaps || !name.starts_with("--") {
            return (name.to_owned(), takes);
        }
        if self.program.single_dash && self.takes(&name[1..]) != Takes::Perhaps {
            return (name[1..].to_owned(), self.takes(&name[1..]));
        }
        let listed = self.program.values.iter().chain(&self.program.flags).chain(&self.program.attached);
        let mut longer = listed.filter(|option| option.starts_with(name));
        match (longer.next(), longer.next()) {
            (Some(only), None) => (only.clone(), Takes::Perhaps),
            (Some(_), Some(_)) | (None, _) => (name.to_owned(), Takes::Perhaps),
        }
    }
}

/// Returns the certain bytes that `word` begins with, and whether they are all of it.
fn leading(word: &Word) -> (Cow<'_, [u8]>, bool) {
    if let [Piece::Literal(bytes)] = &word.pieces[..] {
        return (bytes.into(), true);
    }
    let mut bytes = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(part) => bytes.extend_from_slice(part),
            Piece::Glob(_) | Piece::Dynamic { .. } => return (bytes.into(), false),
        }
    }
    (bytes.into(), true)
}

/// Returns what follows the first `skip` bytes of the word's certain beginning.
fn word_after(word: &Word, mut skip: usize) -> Word {
    let mut pieces = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(bytes) if skip >= bytes.len() => skip -= bytes.len(),
            Piece::Literal(bytes) => {
                pieces.push(Piece::Literal(bytes[skip..].to_vec()));
                skip = 0;
            }
            Piece::Glob(_) | Piece::Dynamic { .. } => pieces.push(piece.clone()),
        }
    }
    Word { pieces, span: word.span }
}

#[cfg(test)]
mod tests;
