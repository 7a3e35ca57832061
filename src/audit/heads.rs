//! The heads that approvers have signed: a log that was rolled back or written anew since has another one at that size.

use super::tree::{Frontier, leaf};
use super::verify::Tampered;
use crate::digest::Digest;

/// The head that a decision names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidHead {
    /// The decision's entry.
    pub seq: u64,
    /// How many entries the log had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// Goes through a log once more and holds the heads that its decisions name against the roots it had.
#[derive(Debug)]
pub struct HeadCheck {
    /// The largest size last, where the next one is taken.
    left: Vec<SaidHead>,
    tree: Frontier,
}

impl HeadCheck {
    /// Returns one for these heads.
    pub fn of(heads: &[SaidHead]) -> HeadCheck {
        let mut left = heads.to_vec();
        left.sort_by_key(|head| std::cmp::Reverse(head.size));
        HeadCheck { left, tree: Frontier::default() }
    }

    /// Takes the next entry's bytes; claims that more are needed.
    pub fn take(&mut self, bytes: &[u8]) -> Result<bool, Tampered> {
        self.tree.push(leaf(bytes));
        let size = self.tree.size();
        while let Some(head) = self.left.pop_if(|head| head.size <= size) {
            let root = self.tree.root();
            if head.size != size || head.root != root {
                let expected = format!(
                    "{} as the root of the first {} entries, which a decision names",
                    head.root, head.size
                );
                return Err(Tampered { seq: head.seq, what: "head", expected, found: root.to_string() });
            }
        }
        Ok(!self.left.is_empty())
    }

    /// Claims that nothing is left to check.
    pub fn is_done(&self) -> bool {
        self.left.is_empty()
    }
}
