//! The answer to a question about a command: no, maybe, or yes.

use std::ops::{BitAnd, BitOr, Not};

/// A claim about something that is only partly known before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Certainly not.
    No,
    /// It depends on what nobody knows yet.
    Maybe,
    /// Certainly.
    Yes,
}

impl Truth {
    /// Returns yes for `true`, no for `false`.
    pub fn of(claim: bool) -> Truth {
        if claim { Truth::Yes } else { Truth::No }
    }

    /// Returns the strongest answer of `all`: yes if any is; no for none.
    pub fn any(all: impl IntoIterator<Item = Truth>) -> Truth {
        let mut best = Truth::No;
        for truth in all {
            best = best | truth;
            if best == Truth::Yes {
                break;
            }
        }
        best
    }

    /// Returns the weakest answer of `all`: no if any is; yes for none.
    pub fn all(all: impl IntoIterator<Item = Truth>) -> Truth {
        let mut worst = Truth::Yes;
        for truth in all {
            worst = worst & truth;
            if worst == Truth::No {
                break;
            }
        }
        worst
    }
}

impl BitAnd for Truth {
    type Output = Truth;
    fn bitand(self, other: Truth) -> Truth {
        self.min(other)
    }
}

impl BitOr for Truth {
    type Output = Truth;
    fn bitor(self, other: Truth) -> Truth {
        self.max(other)
    }
}

impl Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Maybe => Truth::Maybe,
            Truth::Yes => Truth::No,
        }
    }
}
