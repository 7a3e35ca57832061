//! A map from names whose copies share what is the same in them.
//!
//! The walk keeps many states of one script, each a little different from the one before; what it costs to change one must not
//! grow with all that the script has set. So the map is a row of short leaves in order, and a change copies one of them.

use std::rc::Rc;

/// The most names in a leaf.
const MOST: usize = 32;

/// A stretch of a map, in the order of the names; never empty.
pub(super) type Leaf<V> = Vec<(Rc<str>, V)>;

/// A map from names to values.
#[derive(Clone, Debug)]
pub(super) struct Shared<V> {
    leaves: Rc<Vec<Rc<Leaf<V>>>>,
    len: usize,
}

impl<V> Default for Shared<V> {
    fn default() -> Shared<V> {
        Shared { leaves: Rc::default(), len: 0 }
    }
}

impl<V: Clone + PartialEq> PartialEq for Shared<V> {
    fn eq(&self, other: &Shared<V>) -> bool {
        self.is_same(other) || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl<V: Clone + PartialEq> Shared<V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Claims that the other is a copy in which nothing was changed.
    pub(super) fn is_same(&self, other: &Shared<V>) -> bool {
        Rc::ptr_eq(&self.leaves, &other.leaves)
    }

    /// Returns all names and values in the order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.leaves.iter().flat_map(|leaf| leaf.iter().map(|(name, value)| (&**name, value)))
    }

    /// Returns the stretches that copies share.
    pub(super) fn leaves(&self) -> &[Rc<Leaf<V>>] {
        &self.leaves
    }

    pub(super) fn get(&self, name: &str) -> Option<&V> {
        let leaf = self.leaves.get(self.leaf_of(name))?;
        place(leaf, name).ok().map(|at| &leaf[at].1)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn set(&mut self, name: &str, value: V) {
        let at = self.leaf_of(name);
        let leaves = Rc::make_mut(&mut self.leaves);
        if leaves.is_empty() {
            leaves.push(Rc::default());
        }
        let leaf = Rc::make_mut(&mut leaves[at]);
        match place(leaf, name) {
            Ok(known) => leaf[known].1 = value,
            Err(between) => {
                leaf.insert(between, (name.into(), value));
                self.len += 1;
                if leaf.len() > MOST {
                    let rest = leaf.split_off(MOST / 2);
                    leaves.insert(at + 1, Rc::new(rest));
                }
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        if !self.contains(name) {
            return;
        }
        let at = self.leaf_of(name);
        let leaves = Rc::make_mut(&mut self.leaves);
        let leaf = Rc::make_mut(&mut leaves[at]);
        leaf.retain(|(known, _)| **known != *name);
        if leaf.is_empty() {
            leaves.remove(at);
        }
        self.len -= 1;
    }

    /// Puts `change` of each value in its place, where it makes another of it.
    pub(super) fn change(&mut self, change: impl Fn(&V) -> Option<V>) {
        if !self.iter().any(|(_, value)| change(value).is_some()) {
            return;
        }
        for leaf in Rc::make_mut(&mut self.leaves) {
            if leaf.iter().any(|(_, value)| change(value).is_some()) {
                for (_, value) in Rc::make_mut(leaf) {
                    *value = change(value).unwrap_or_else(|| value.clone());
                }
            }
        }
    }

    /// Takes in the other: `both` of the values that the two have, and `one` of what only one has, which is gone where that is `None`.
    pub(super) fn join(
        &mut self,
        other: &Shared<V>,
        both: impl Fn(&V, &V) -> V,
        one: impl Fn(&V) -> Option<V>,
    ) {
        if self.is_same(other) {
            return;
        }
        // Names and values of a leaf that both have are the same in both.
        let (before, mine, theirs) = (self.clone(), self.unlike(other), other.unlike(self));
        for (name, value) in mine.iter().flat_map(|leaf| leaf.iter()) {
            let joined = match other.get(name) {
                Some(other) => Some(both(value, other)),
                None => one(value),
            };
            match joined {
                Some(joined) if joined != *value => self.set(name, joined),
                Some(_) => {}
                None => self.remove(name),
            }
        }
        for (name, value) in theirs.iter().flat_map(|leaf| leaf.iter()) {
            if let Some(joined) = one(value).filter(|_| !before.contains(name)) {
                self.set(name, joined);
            }
        }
    }

    /// Returns the leaves that the other does not have.
    fn unlike(&self, other: &Shared<V>) -> Vec<Rc<Leaf<V>>> {
        let mut known: Vec<*const Leaf<V>> = other.leaves.iter().map(Rc::as_ptr).collect();
        known.sort_unstable();
        let is_other = |leaf: &&Rc<Leaf<V>>| known.binary_search(&Rc::as_ptr(leaf)).is_err();
        self.leaves.iter().filter(is_other).cloned().collect()
    }

    /// Returns the place of the leaf that has the name, or would.
    fn leaf_of(&self, name: &str) -> usize {
        self.leaves
            .partition_point(|leaf| leaf.first().is_some_and(|(first, _)| **first <= *name))
            .saturating_sub(1)
    }
}

fn place<V>(leaf: &Leaf<V>, name: &str) -> Result<usize, usize> {
    leaf.binary_search_by(|(known, _)| (**known).cmp(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Shared;

    fn all(map: &Shared<u8>) -> Vec<(String, u8)> {
        map.iter().map(|(name, value)| (name.to_owned(), *value)).collect()
    }

    fn plain(map: &BTreeMap<String, u8>) -> Vec<(String, u8)> {
        map.iter().map(|(name, value)| (name.clone(), *value)).collect()
    }

    proptest! {
        /// What is set, removed, changed and joined is what a plain map would have; a copy stays as it was.
        #[test]
        fn it_is_a_map(
            steps in proptest::collection::vec(("[a-d]{1,3}", 0u8..4, any::<bool>()), 0..200),
            more in proptest::collection::vec(("[a-d]{1,3}", 0u8..4), 0..40),
        ) {
            let (mut map, mut model) = (Shared::default(), BTreeMap::new());
            for (name, value, is_set) in steps {
                if is_set || value > 0 {
                    map.set(&name, value);
                    model.insert(name, value);
                } else {
                    map.remove(&name);
                    model.remove(&name);
                }
            }
            prop_assert_eq!((all(&map), map.len()), (plain(&model), model.len()));
            let (mut other, mut theirs) = (map.clone(), model.clone());
            for (name, value) in more {
                other.set(&name, value);
                theirs.insert(name, value);
            }
            prop_assert_eq!(all(&map), plain(&model));
            let mut joined = map.clone();
            joined.join(&other, |one, other| *one.max(other), |one| (*one > 1).then_some(9));
            let mut expected = BTreeMap::new();
            for name in model.keys().chain(theirs.keys()) {
                let value = match (model.get(name), theirs.get(name)) {
                    (Some(one), Some(other)) => Some(*one.max(other)),
                    (one, other) => one.or(other).and_then(|one| (*one > 1).then_some(9)),
                };
                value.map(|value| expected.insert(name.clone(), value));
            }
            prop_assert_eq!(all(&joined), plain(&expected));
            other.change(|value| (*value == 1).then_some(7));
            theirs.values_mut().filter(|value| **value == 1).for_each(|value| *value = 7);
            prop_assert_eq!((all(&other), other == map), (plain(&theirs), theirs == model));
        }
    }
}
