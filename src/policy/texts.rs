//! Regular expressions of `text` and `script` conditions: each is compiled once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use regex_lite::Regex;

/// The expressions asked about so far.
#[derive(Default)]
pub(super) struct Texts {
    /// `None` for what is none.
    known: RefCell<BTreeMap<String, Option<Rc<Regex>>>>,
}

impl Texts {
    /// Returns whether `pattern` matches `text`, or `None` if it turns out to be no regular expression.
    pub(super) fn is_match(&self, pattern: &str, text: &str) -> Option<bool> {
        self.compiled(pattern).map(|regex| regex.is_match(text))
    }

    fn compiled(&self, pattern: &str) -> Option<Rc<Regex>> {
        if let Some(known) = self.known.borrow().get(pattern) {
            return known.clone();
        }
        let fresh = Regex::new(pattern).ok().map(Rc::new);
        self.known.borrow_mut().insert(pattern.to_owned(), fresh.clone());
        fresh
    }
}
