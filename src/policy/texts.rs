//! Regular expressions of `text` conditions: each is compiled once, when a rule that could match first needs it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use regex_lite::Regex;

/// The expressions compiled so far; `None` for what is none.
#[derive(Default)]
pub(super) struct Texts {
    known: RefCell<BTreeMap<String, Option<Rc<Regex>>>>,
}

impl Texts {
    /// Returns the compiled `pattern`, or `None` if it is no regular expression.
    pub(super) fn regex(&self, pattern: &str) -> Option<Rc<Regex>> {
        if let Some(known) = self.known.borrow().get(pattern) {
            return known.clone();
        }
        let compiled = Regex::new(pattern).ok().map(Rc::new);
        self.known.borrow_mut().insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}
