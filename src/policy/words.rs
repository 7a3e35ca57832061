//! Globs that words are held against: as paths where a glob speaks of one, else as text.
//!
//! A policy has many lists of such globs, and most words match none: a word that lacks a pair of letters of a glob is told by
//! that, and a glob is compiled once, for words of which a part is not known.

use std::cell::OnceCell;

use super::glob::Glob;
use super::glob_text;
use super::pairs::Pairs;
use super::path_form::is_path_pattern;
use super::patterns::Patterns;
use super::subject::{Lean, Seen, Subject};
use crate::shell::Truth;

/// A list of globs, any of which may match.
#[derive(Debug, Default)]
pub(super) struct Words {
    texts: Vec<Text>,
    paths: Patterns,
}

/// A glob on text.
#[derive(Debug)]
struct Text {
    glob: String,
    pairs: Pairs,
    compiled: OnceCell<Glob>,
}

impl Words {
    pub(super) fn of(globs: &[String]) -> Words {
        let (mut paths, texts): (Vec<&String>, Vec<&String>) =
            globs.iter().partition(|glob| is_path_pattern(glob));
        // No path holds one.
        paths.retain(|pattern| !pattern.contains('\0'));
        let text = |glob: &String| Text {
            glob: glob.clone(),
            pairs: Pairs::of_glob(glob),
            compiled: OnceCell::new(),
        };
        Words { texts: texts.into_iter().map(text).collect(), paths: Patterns::of(&paths) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.paths.is_empty()
    }

    /// Claims that one of them takes every text.
    pub(super) fn takes_all(&self) -> bool {
        self.texts.iter().any(|text| text.glob.bytes().all(|sign| sign == b'*'))
    }

    /// Returns whether the word matches any of them.
    pub(super) fn matches(&self, word: &Seen, subject: &Subject<'_>, lean: Lean) -> Truth {
        let truth = match word.value.certain() {
            Some(text) => Truth::of(self.takes(text, word.pairs())),
            None => Truth::any(self.texts.iter().map(|own| own.compiled().matches(&word.value.tokens()))),
        };
        if truth == Truth::Yes || self.paths.is_empty() {
            return truth;
        }
        truth | word.path(subject).matches_any(&self.paths, subject, lean)
    }

    fn takes(&self, text: &[u8], pairs: Pairs) -> bool {
        let takes = |own: &Text| pairs.hold(&own.pairs) && glob_text::matches(own.glob.as_bytes(), text);
        self.texts.iter().any(takes)
    }
}

impl Text {
    fn compiled(&self) -> &Glob {
        self.compiled.get_or_init(|| Glob::new(&self.glob))
    }
}
