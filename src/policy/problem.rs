//! What is wrong with a policy file, and where: `file:line:col: what was found, what was expected`.

use std::fmt;
use std::ops::Range;

use super::nearest::sharpened;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A policy file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The file, as it was named.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)
    }
}

impl std::error::Error for PolicyError {}

/// One step down in a TOML document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Index(usize),
    /// The key itself, not what it is set to; always the last step.
    Name(&'a str),
}

/// Something wrong with the value at a place in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem<'a> {
    pub(crate) at: Vec<Step<'a>>,
    pub message: String,
}

impl Problem<'_> {
    /// Returns the error for the file `path` with this `text`.
    pub(crate) fn in_file(&self, path: &str, text: &str) -> PolicyError {
        let start = find(text, &self.at).map_or(0, |span| span.start);
        at_offset(path, text, start, sharpened(&self.message))
    }
}

/// Returns the error for text that is no TOML, or no policy file.
pub(crate) fn unreadable(path: &str, text: &str, error: &toml::de::Error) -> PolicyError {
    let start = error.span().map_or(0, |span| span.start);
    at_offset(path, text, start, sharpened(&error.message().trim_end().replace('\n', ", ")))
}

fn at_offset(path: &str, text: &str, offset: usize, message: String) -> PolicyError {
    let (line, column) = position(text, offset);
    PolicyError { path: path.to_owned(), line, column, message }
}

/// Returns line and column of a byte offset, both from 1.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Returns where the value at `path` stands, or the nearest one above it that exists.
fn find(text: &str, path: &[Step<'_>]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = table.span();
    let mut here: Option<&Spanned<DeValue<'_>>> = None;
    for (depth, step) in path.iter().enumerate() {
        if let (Step::Name(key), Some(DeValue::Table(inner))) = (step, here.map(Spanned::get_ref)) {
            return inner.get_key_value(*key).map(|(key, _)| key.span());
        }
        let next = match (step, here.map(Spanned::get_ref)) {
            (Step::Key(key), None) if depth == 0 => table.get_ref().get(*key),
            (Step::Key(key), Some(DeValue::Table(inner))) => inner.get(*key),
            (Step::Index(index), Some(DeValue::Array(inner))) => inner.get(*index),
            // One value stands for a list of one.
            (Step::Index(0), Some(_)) => here,
            (_, _) => None,
        };
        let Some(value) = next else { break };
        span = value.span();
        here = next;
    }
    Some(span)
}

/// Returns the line of each `[[name]]` in `text`, from 1.
pub(crate) fn lines_of(text: &str, name: &str) -> Vec<usize> {
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let Some(DeValue::Array(all)) = table.get_ref().get(name).map(Spanned::get_ref) else {
        return Vec::new();
    };
    all.iter().map(|value| position(text, value.span().start).0).collect()
}
