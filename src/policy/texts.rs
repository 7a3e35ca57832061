//! Regular expressions of `text` and `script` conditions: each is compiled once, when a text holds what its matches hold.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use regex_lite::Regex;

use super::needles::Needles;

/// An expression; `None` inside for what is none.
struct Expression {
    needles: Option<Needles>,
    compiled: OnceCell<Option<Regex>>,
}

/// The expressions asked about so far.
#[derive(Default)]
pub(super) struct Texts {
    known: RefCell<BTreeMap<String, Rc<Expression>>>,
}

impl Texts {
    /// Returns whether `pattern` matches `text`, or `None` if it turns out to be no regular expression.
    pub(super) fn is_match(&self, pattern: &str, text: &str) -> Option<bool> {
        let expression = self.expression(pattern);
        if expression.needles.as_ref().is_some_and(|needles| !needles.are_in(text)) {
            return Some(false);
        }
        let compiled = expression.compiled.get_or_init(|| Regex::new(pattern).ok());
        compiled.as_ref().map(|regex| regex.is_match(text))
    }

    fn expression(&self, pattern: &str) -> Rc<Expression> {
        if let Some(known) = self.known.borrow().get(pattern) {
            return Rc::clone(known);
        }
        let fresh = Rc::new(Expression { needles: Needles::of(pattern), compiled: OnceCell::new() });
        self.known.borrow_mut().insert(pattern.to_owned(), Rc::clone(&fresh));
        fresh
    }
}
