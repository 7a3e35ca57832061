//! The way in: a command, the machine and the table of programs give the list of actions.

use std::path::PathBuf;

use super::action::{Action, Opaque, Place, Scope, Span, Stdin, Word};
use super::program::Programs;
use crate::command::Command;
use crate::digest::Digest;
use crate::world::World;

/// What a command would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// The text that spans point into: the script's bytes, or the arguments joined by one space, shell-quoted where needed.
    pub text: Vec<u8>,
    /// What would run, in the order of the text.
    pub actions: Vec<Action>,
    /// Files whose text was read as a script, with the digest of what was read: they decide what runs.
    pub files: Vec<(PathBuf, Digest)>,
}

/// Returns what `command` would run. Whatever is not certain is in the list as an opaque action.
pub fn analyse(command: &Command, _world: &dyn World, _programs: &dyn Programs) -> Analysis {
    let text = command.text();
    let span = Span { start: 0, end: text.len() };
    let action = Action {
        program: Word::default(),
        args: Vec::new(),
        assignments: Vec::new(),
        redirects: Vec::new(),
        cwd: Place::Known(command.cwd.clone()),
        inside: Vec::new(),
        scope: Scope::Local,
        as_root: false,
        upstream: None,
        downstream: None,
        stdin: Stdin::Inherited,
        builtin: false,
        function: false,
        shadowed: None,
        span,
        opaque: Some(Opaque { reason: "nothing of it has been read".to_owned(), span }),
    };
    Analysis { text, actions: vec![action], files: Vec::new() }
}
