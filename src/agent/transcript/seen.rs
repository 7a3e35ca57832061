//! Which calls were there already: a set that stays small however much is put in.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// The most ids that are remembered: 16 MB or so. Beyond that a repeated call counts again.
const MOST: usize = 1 << 20;

/// The ids seen so far, by their hash under a key of this process: nobody can prepare two that collide.
#[derive(Debug, Default)]
pub(super) struct Seen {
    key: RandomState,
    ids: HashSet<u64>,
}

impl Seen {
    /// Adds `id` and claims that it is new.
    pub(super) fn add(&mut self, id: &str) -> bool {
        let hash = self.key.hash_one(id);
        if self.ids.len() >= MOST { !self.ids.contains(&hash) } else { self.ids.insert(hash) }
    }

    /// Claims that `id` was added.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.ids.contains(&self.key.hash_one(id))
    }
}
