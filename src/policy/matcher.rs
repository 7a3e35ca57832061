//! Whether an action matches a table of conditions: no, maybe or yes.
//!
//! [`Lean`] says which way doubts go. All conditions of a table must hold, any pattern of a list.

use super::considered::Bearing;
use super::exactly;
use super::facts;
use super::file::{Globs, Matcher, ScopeWord};
use super::glance::Look;
use super::glob::{Glob, Token, literal, tokens};
use super::glob_text;
use super::named::{names, names_only};
use super::paths::PathValue;
use super::patterns::Patterns;
use super::subject::{Lean, Seen, Subject, Way};
use super::taken_back::is_taken_back;
use super::used::Use;
use super::words::Words;
use crate::shell::{Certainty, Given, Operand, Piece, Scope, Truth, Word};

/// Returns whether any of `tables` matches, out of those that the action's kind leaves open.
pub(super) fn any<'a>(
    tables: impl Iterator<Item = (&'a Matcher, Bearing)>,
    subject: &Subject<'_>,
    others: &[Subject<'_>],
    lean: Lean,
) -> Truth {
    let minds_globs = lean == Lean::Restrict;
    any_asked(tables, subject, others, lean, minds_globs)
}

/// Returns whether any of `tables`, exceptions to a rule, matches: a leading glob that could become an option takes no `allow` away.
pub(super) fn excepted<'a>(
    tables: impl Iterator<Item = (&'a Matcher, Bearing)>,
    subject: &Subject<'_>,
    others: &[Subject<'_>],
    lean: Lean,
) -> Truth {
    any_asked(tables, subject, others, lean, false)
}

fn any_asked<'a>(
    tables: impl Iterator<Item = (&'a Matcher, Bearing)>,
    subject: &Subject<'_>,
    others: &[Subject<'_>],
    lean: Lean,
    minds_globs: bool,
) -> Truth {
    let whole = |(table, bearing): (&'a Matcher, Bearing)| {
        let look = table.look();
        Asking { table, look, bearing, subject, others, lean, minds_globs }.whole()
    };
    Truth::any(tables.map(whole))
}

/// Claims that a table asks about paths or operands: what globs stand for matters to it.
pub(super) fn asks_about_paths(table: &Matcher) -> bool {
    let operands = [&table.operand, &table.operand_all, &table.operand_none];
    let paths = [
        &table.reads,
        &table.reads_all,
        &table.reads_none,
        &table.writes,
        &table.writes_all,
        &table.writes_none,
        &table.names_all,
    ];
    operands.iter().any(|list| !list.is_empty())
        || paths.iter().any(|list| !list.is_empty())
        || !table.value.is_empty()
        || table.text.is_some()
}

struct Asking<'a> {
    table: &'a Matcher,
    look: &'a Look,
    bearing: Bearing,
    subject: &'a Subject<'a>,
    /// All actions of the analysis, for what stands up or down the pipe.
    others: &'a [Subject<'a>],
    lean: Lean,
    /// Whether a leading glob may be an option: file names seldom begin with `-`, so it is minded where that restricts, not
    /// where it would only cost an allow.
    minds_globs: bool,
}

impl Asking<'_> {
    fn whole(&self) -> Truth {
        if self.lacks_words() || !(self.holds_at_sight() && self.is_about_the_program()) {
            return Truth::No;
        }
        match self.with_subcommand() {
            Truth::Maybe if self.table.certain && !self.subject.is_open => Truth::No,
            truth => truth,
        }
    }

    fn is_about_the_program(&self) -> bool {
        let patterns = &self.table.program;
        // MUST rule 3: what only bears a name is not allowed by it.
        let is_trusted = || self.lean == Lean::Restrict || self.subject.distrust().is_none();
        match self.bearing {
            Bearing::Anyone => true,
            Bearing::Name => is_trusted(),
            Bearing::File if patterns.iter().any(|pattern| self.names_the_file(pattern)) => true,
            Bearing::File => {
                let is_named = patterns.iter().any(|pattern| text_matches(pattern, &self.subject.name));
                is_named && (patterns.iter().any(|pattern| pattern == "*") || is_trusted())
            }
        }
    }

    /// Claims that the arguments lack the words that the table's `text` needs. One that asks about paths as well goes the whole way:
    /// where they lead is noted, for what is said of the action.
    fn lacks_words(&self) -> bool {
        self.table.text.is_some()
            && !(self.look.asks.reads || self.look.asks.writes)
            && !self.subject.is_dynamic()
            && self.needs_more_words()
    }

    fn needs_more_words(&self) -> bool {
        let (text, pairs) = self.subject.text();
        self.table.text_needles().is_some_and(|needles| !needles.are_in(text, pairs))
    }

    /// A pattern with a slash speaks of the file itself, so that its name needs no proof.
    fn names_the_file(&self, pattern: &str) -> bool {
        if !pattern.contains('/') || self.subject.action.shadowed.is_some() {
            return false;
        }
        let Some(path) = self.subject.given_path() else { return false };
        let value = literal(path.as_os_str().as_encoded_bytes());
        let path = PathValue::of(self.subject.ground, &value, None, true);
        path.matches(pattern, self.subject, self.lean) == Truth::Yes
    }

    /// Claims that the conditions hold that need no reading of the arguments.
    fn holds_at_sight(&self) -> bool {
        if !self.look.asks.around {
            return true;
        }
        let (table, action) = (self.table, self.subject.action);
        let equal = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        let is_scope = match table.scope {
            None => true,
            Some(ScopeWord::Local) => action.scope == Scope::Local,
            Some(ScopeWord::Remote) => action.scope == Scope::Remote,
        };
        let is_named = |name: &String| table.inside.iter().any(|pattern| text_matches(pattern, name));
        is_scope
            && equal(table.as_root, action.as_root)
            && equal(table.builtin, action.builtin)
            && equal(table.bare, action.args.is_empty())
            && (table.inside.is_empty() || action.inside.iter().any(is_named))
            && table.dynamic.is_none_or(|wanted| self.is_dynamic(wanted))
            && table.input.is_none_or(|wanted| wanted == self.subject.has_input())
    }

    /// A leading glob may become an option; only `dynamic = false` minds.
    fn is_dynamic(&self, wanted: bool) -> bool {
        let leads_with_glob = || self.subject.arguments.unknown.iter().any(|unknown| unknown.glob);
        wanted == self.subject.is_dynamic() && (wanted || !leads_with_glob())
    }

    fn with_subcommand(&self) -> Truth {
        let operands = &self.subject.arguments.operands;
        if self.table.subcommand.is_empty() {
            return self.arguments(operands);
        }
        let first = self.subject.sure_operand();
        let begins = |pattern: &&String| {
            let word = pattern.split_ascii_whitespace().next();
            first.zip(word).is_none_or(|(first, word)| glob_text::matches(word.as_bytes(), first))
        };
        Truth::any(self.table.subcommand.iter().filter(begins).map(|pattern| {
            let words: Vec<&str> = pattern.split_ascii_whitespace().collect();
            let matches = |at: usize, word: &Word| word_matches(words[at], word);
            let (truth, rest) =
                self.subject.arguments.subcommand(&self.subject.action.args, words.len(), matches);
            if truth == Truth::No { Truth::No } else { truth & self.arguments(&operands[rest..]) }
        }))
    }

    fn arguments(&self, operands: &[Operand]) -> Truth {
        let asks = self.look.asks;
        let mut truth = if asks.options { self.options() } else { Truth::Yes };
        if asks.operands && truth != Truth::No {
            truth = truth & self.operands(operands);
        }
        if asks.reads && truth != Truth::No {
            let lists = [&self.table.reads, &self.table.reads_all, &self.table.reads_none];
            truth = truth & self.used(operands, Use::Reads, lists);
        }
        if asks.writes && truth != Truth::No {
            let lists = [&self.table.writes, &self.table.writes_all, &self.table.writes_none];
            truth = truth & self.used(operands, Use::Writes, lists);
        }
        if asks.surroundings && truth != Truth::No {
            truth = truth & self.surroundings();
        }
        truth
    }

    fn options(&self) -> Truth {
        let table = self.table;
        let any = |names: &[String], lean| Truth::any(names.iter().map(|name| self.option(name, lean)));
        let mut truth = Truth::Yes;
        if !table.option.is_empty() {
            truth = truth & any(&table.option, self.lean) & self.holds_on(&table.option);
        }
        truth = truth & Truth::all(table.option_all.iter().map(|name| self.option(name, self.lean)));
        if !self.look.refuses_none(self.subject.sight()) {
            truth = truth & !any(&table.option_none, self.lean.flipped());
        }
        truth & Truth::all(table.value.iter().map(|(name, globs)| self.value(name, globs)))
    }

    /// Returns maybe where what is given is switched off again and would let something run.
    fn holds_on(&self, names: &[String]) -> Truth {
        let is_off = self.lean == Lean::Permit && is_taken_back(names, self.subject);
        if is_off { Truth::Maybe } else { Truth::Yes }
    }

    /// Returns whether the option `name` is given; `--opt=glob` asks for a value too.
    fn option(&self, name: &str, lean: Lean) -> Truth {
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        let given = self.subject.arguments.options.iter().map(|given| {
            let truth = self.is_option(given, name, lean);
            match value {
                Some(glob) if truth != Truth::No => {
                    truth & self.value_of(given, &Words::of(&[glob.to_owned()]), lean)
                }
                Some(_) | None => truth,
            }
        });
        let truth = Truth::any(given);
        if truth == Truth::Yes { truth } else { truth | self.could_be_given(name, lean) }
    }

    fn is_option(&self, given: &Given, name: &str, lean: Lean) -> Truth {
        let is_single_dash = self.subject.program.as_ref().is_some_and(|program| program.single_dash);
        // What the entry lists is not all there is: an abbreviation may mean an option of a subcommand.
        let is_abbreviated = given.name.starts_with("--") && given.canonical.len() > given.name.len();
        if is_abbreviated && given.canonical == name && lean == Lean::Permit {
            return Truth::Maybe;
        }
        let is_same = given.name == name
            || given.canonical == name
            || (name.contains('*') && text_matches(name, &given.name))
            || (is_single_dash && name.len() > 2 && bare(name) == bare(&given.name));
        if is_same {
            return match (given.certainty, lean) {
                (Certainty::Sure, _) | (Certainty::Likely, Lean::Restrict) => Truth::Yes,
                (Certainty::Possible, _) | (Certainty::Likely, Lean::Permit) => Truth::Maybe,
            };
        }
        let is_beginning =
            given.name.len() > 2 && given.name.starts_with("--") && name.starts_with(&given.name);
        let is_listed = || {
            self.subject.program.as_ref().is_some_and(|program| {
                let listed = program.values.iter().chain(&program.flags).chain(&program.attached);
                listed.into_iter().any(|listed| *listed == given.name)
            })
        };
        Truth::of(lean == Lean::Restrict && is_beginning && !is_listed())
    }

    /// Returns maybe where a word that nobody knows yet could be this option.
    fn could_be_given(&self, name: &str, lean: Lean) -> Truth {
        let could = self.subject.arguments.unknown.iter().any(|unknown| {
            let is_open = unknown.prefix.is_empty()
                || unknown.prefix == "-"
                || name.contains('*')
                || name.starts_with(&unknown.prefix);
            let counts = !unknown.glob || (self.minds_globs && lean == Lean::Restrict);
            is_open && counts
        });
        if could { Truth::Maybe } else { Truth::No }
    }

    fn value(&self, name: &str, globs: &Globs) -> Truth {
        let given: Vec<Truth> = (self.subject.arguments.options.iter())
            .map(|given| (given, self.is_option(given, name, self.lean)))
            .filter(|(_, truth)| *truth != Truth::No)
            .map(|(given, truth)| truth & self.value_of(given, &Words::of(&globs.0), self.lean))
            .collect();
        let found = match self.lean {
            Lean::Restrict => Truth::any(given),
            Lean::Permit if given.is_empty() => Truth::No,
            Lean::Permit => Truth::all(given),
        };
        if found == Truth::Yes { found } else { found | self.could_be_given(name, self.lean) }
    }

    fn value_of(&self, given: &Given, words: &Words, lean: Lean) -> Truth {
        if let Some(value) = &given.value {
            let truth = words.matches(&Seen::of(value), self.subject, lean);
            // `-n=x` is `x` to some programs and `=x` to others.
            let Some(rest) = without_equals(value).filter(|_| !given.name.starts_with("--")) else {
                return truth;
            };
            let other = words.matches(&Seen::of(&rest), self.subject, lean);
            return if lean == Lean::Restrict { truth | other } else { truth & other };
        }
        let perhaps = given.perhaps.map(|at| words.matches(self.subject.seen(at), self.subject, lean));
        perhaps.unwrap_or(Truth::No) & Truth::Maybe
    }

    fn operands(&self, operands: &[Operand]) -> Truth {
        let [any, all, none] = self.table.operands();
        let mut truth = Truth::Yes;
        if !any.is_empty() {
            truth = truth & self.any_operand(any, operands, self.lean);
        }
        if !all.is_empty() {
            let each = operands
                .iter()
                .map(|operand| all.matches(self.subject.seen(operand.index), self.subject, self.lean));
            truth = truth & Truth::all(each) & self.every_unknown(all);
        }
        if !none.is_empty() {
            truth = truth & !self.any_operand(none, operands, self.lean.flipped());
        }
        truth
    }

    fn any_operand(&self, words: &Words, operands: &[Operand], lean: Lean) -> Truth {
        let each = operands.iter().map(|operand| {
            let truth = words.matches(self.subject.seen(operand.index), self.subject, lean);
            match (operand.certainty, lean) {
                _ if may_vanish(self.subject.word(operand.index)) => truth & Truth::Maybe,
                (Certainty::Sure, _) | (Certainty::Likely, Lean::Restrict) => truth,
                (Certainty::Possible, _) | (Certainty::Likely, Lean::Permit) => truth & Truth::Maybe,
            }
        });
        let truth = Truth::any(each);
        if self.is_open() { truth | Truth::Maybe } else { truth }
    }

    /// A word that may become several: each of them must match as well.
    fn every_unknown(&self, words: &Words) -> Truth {
        if self.is_open() && !words.takes_all() { Truth::Maybe } else { Truth::Yes }
    }

    /// Claims that some word may become any others.
    fn is_open(&self) -> bool {
        self.subject.arguments.unknown.iter().any(|unknown| !unknown.glob)
    }

    fn used(&self, operands: &[Operand], what: Use, [any, all, none]: [&Patterns; 3]) -> Truth {
        let paths = self.subject.paths(operands, what);
        let some = |patterns: &Patterns, lean: Lean| {
            Truth::any(paths.iter().map(|path| {
                let truth = path.matches_any(patterns, self.subject, lean);
                if path.is_sure { truth } else { truth & Truth::Maybe }
            }))
        };
        let mut truth = Truth::Yes;
        if !any.is_empty() {
            truth = truth & some(any, self.lean);
        }
        if !all.is_empty() {
            let each = paths.iter().map(|path| path.matches_any(all, self.subject, self.lean));
            truth = truth & Truth::all(each);
        }
        if !none.is_empty() {
            truth = truth & !some(none, self.lean.flipped());
        }
        truth
    }

    fn surroundings(&self) -> Truth {
        let table = self.table;
        let mut truth = Truth::Yes;
        if !table.stdin_from.is_empty() {
            truth = truth & self.along(&table.stdin_from, Way::Up);
        }
        if !table.pipes_to.is_empty() {
            truth = truth & self.along(&table.pipes_to, Way::Down);
        }
        if !table.cwd.is_empty() {
            truth = truth & self.cwd();
        }
        if !table.exactly.is_empty() {
            truth = truth & exactly::is_any(&table.exactly, self.subject, self.lean);
        }
        if !table.names.is_empty() && truth != Truth::No {
            truth = truth & names(&table.names, self.subject);
        }
        if !table.names_all.is_empty() && truth != Truth::No {
            truth = truth & names_only(&table.names_all, self.subject, self.lean);
        }
        truth = truth & Truth::all(table.env.iter().map(|(name, globs)| self.variable(name, globs)));
        if let (Some(pattern), true) = (&table.text, truth != Truth::No) {
            truth = truth & self.text(pattern);
        }
        if let (Some(pattern), true) = (&table.script, truth != Truth::No) {
            truth = truth & self.subject.ground.script_matches(pattern, self.table.script_needles());
        }
        truth & Truth::all(table.fact.iter().map(|(name, globs)| self.fact(name, globs)))
    }

    /// Returns whether a program up or down the pipe has one of these names.
    fn along(&self, patterns: &[String], way: Way) -> Truth {
        let ground = self.subject.ground;
        let mut passed = Vec::new();
        let mut at = way.next(self.subject);
        let mut truth = Truth::No;
        while let Some(index) = at.filter(|_| passed.len() <= self.others.len()) {
            let Some(other) = self.others.get(index) else { break };
            if let Some(known) = ground.along(patterns, way, index) {
                truth = known;
                break;
            }
            passed.push(index);
            at = way.next(other);
        }
        // What holds further on holds for each before it: a long pipe is walked once.
        for index in passed.into_iter().rev() {
            let other = &self.others[index];
            let is_named = patterns.iter().any(|pattern| text_matches(pattern, &other.name));
            truth = truth
                | match (is_named, other.name.is_empty() && other.is_opaque()) {
                    (true, _) => Truth::Yes,
                    (false, true) => Truth::Maybe,
                    (false, false) => Truth::No,
                };
            ground.notes_along(patterns, way, index, truth);
        }
        truth
    }

    fn cwd(&self) -> Truth {
        let Some(cwd) = self.subject.cwd() else { return Truth::Maybe };
        let value = literal(cwd.as_os_str().as_encoded_bytes());
        PathValue::of(self.subject.ground, &value, None, true).matches_any(
            &self.table.cwd,
            self.subject,
            self.lean,
        )
    }

    /// What the environment says is only asserted: it never allows.
    fn variable(&self, name: &str, globs: &Globs) -> Truth {
        let set = self.subject.action.assignments.iter().rev().find(|set| set.name == name);
        let any = |value: &[Token]| Truth::any(globs.0.iter().map(|glob| Glob::new(glob).matches(value)));
        match (set, self.subject.world.var(name)) {
            (Some(set), _) => any(&tokens(&set.value)),
            (None, Some(value)) if self.lean == Lean::Permit => any(&literal(&value)) & Truth::Maybe,
            (None, Some(value)) => any(&literal(&value)),
            (None, None) => Truth::No,
        }
    }

    fn text(&self, pattern: &str) -> Truth {
        let found = if self.needs_more_words() {
            Some(false)
        } else {
            self.subject.ground.text_matches(pattern, self.subject.text().0)
        };
        let Some(found) = found else {
            // A pattern is checked when its file is read; if it fails here all the same, it restricts.
            return Truth::Maybe;
        };
        match (found, self.subject.is_dynamic()) {
            (true, true) if self.lean == Lean::Permit => Truth::Maybe,
            (false, true) => Truth::Maybe,
            (found, _) => Truth::of(found),
        }
    }

    fn fact(&self, name: &str, globs: &Globs) -> Truth {
        let Some(fact) = facts::named(name) else { return Truth::Maybe };
        facts::matches(&self.subject.fact(fact), &globs.0, self.lean)
    }
}

/// Returns an option's name without its dashes.
fn bare(name: &str) -> &str {
    name.trim_start_matches('-')
}

/// Returns whether `word` matches the glob `pattern` as text.
fn word_matches(pattern: &str, word: &Word) -> Truth {
    match &word.pieces[..] {
        [Piece::Literal(text)] => Truth::of(glob_text::matches(pattern.as_bytes(), text)),
        _ => Glob::new(pattern).matches(&tokens(word)),
    }
}

/// Returns whether `text` matches the glob `pattern`.
pub(super) fn text_matches(pattern: &str, text: &str) -> bool {
    glob_text::matches(pattern.as_bytes(), text.as_bytes())
}

/// Claims that the word may become no word at all.
fn may_vanish(word: &Word) -> bool {
    !word.pieces.is_empty()
        && word.pieces.iter().all(|piece| matches!(piece, Piece::Dynamic { splits: true, .. }))
}

/// Returns the word without its leading `=`.
fn without_equals(word: &Word) -> Option<Word> {
    let Some(Piece::Literal(bytes)) = word.pieces.first() else { return None };
    let rest = bytes.strip_prefix(b"=")?;
    let mut pieces = word.pieces.clone();
    pieces[0] = Piece::Literal(rest.to_vec());
    Some(Word { pieces, span: word.span })
}
