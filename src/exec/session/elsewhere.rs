//! Sessions need pipes and watches that only Linux has: elsewhere there are none, and gate says so.

use std::path::PathBuf;

use super::child::Ended;
use super::run::{NotStarted, Ready};
use super::{Host, shell_name};
use crate::command::Dialect;

/// A shell that is handed one command after the other.
#[derive(Debug)]
pub struct Session {
    never: std::convert::Infallible,
}

/// What came of listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// More text.
    More,
    /// The end of the text.
    End,
    /// The end of the shell.
    Over,
}

impl Session {
    /// Refuses: this system has no sessions.
    ///
    /// # Errors
    /// Always.
    pub fn new(_: &Host, dialect: Dialect, _: &[Vec<u8>], _: &[Vec<u8>]) -> Result<Session, NotStarted> {
        let _name = shell_name(dialect);
        Err(NotStarted::System { path: PathBuf::from("a shell's session"), errno: libc::ENOSYS })
    }

    /// Never called.
    pub fn listen(&mut self, _: &mut Vec<u8>) -> std::io::Result<Heard> {
        match self.never {}
    }

    /// Never called.
    pub fn look(&mut self, _: &mut Vec<u8>) -> std::io::Result<Heard> {
        match self.never {}
    }

    /// Never called.
    pub fn hand_over(
        &mut self,
        _: Ready,
        _: Option<crate::shell::Closing>,
        _: usize,
        _: bool,
    ) -> Result<Ended, NotStarted> {
        match self.never {}
    }

    /// Never called.
    pub fn is_astray(&self) -> bool {
        match self.never {}
    }

    /// Never called.
    pub fn set_status(&mut self, _: u8) {
        match self.never {}
    }

    /// Never called.
    pub fn ended(&self) -> Option<Ended> {
        match self.never {}
    }

    /// Never called.
    pub fn pid(&self) -> Option<u32> {
        match self.never {}
    }

    /// Never called.
    pub fn cwd(&self) -> Option<PathBuf> {
        match self.never {}
    }

    /// Never called.
    pub fn end(&mut self, _: Option<u8>) -> Option<Ended> {
        match self.never {}
    }
}
