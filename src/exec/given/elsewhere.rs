//! Elsewhere no memory has a name: a file that a shell sources is looked at again right before the start.

/// There is none.
#[derive(Debug)]
pub(super) enum Given {}

impl Given {
    /// Is never asked.
    pub(super) fn is_found(&self) -> Result<(), i32> {
        match *self {}
    }
}
