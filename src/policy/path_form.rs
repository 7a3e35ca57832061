//! How a path pattern reads: each of its forms is a directory as it is, then a glob.
//!
//! A pattern is looked at as it is written. Nothing is compiled for a path that is certain: most patterns are settled by
//! their first or last byte, and a policy has hundreds of them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::glob::Glob;
use super::glob_text;
use super::subject::Lean;

/// The directories that `~`, `~gate`, `~agent` and `./` stand for in a pattern, as given and as they really are.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) homes: Vec<PathBuf>,
    pub(super) own: Vec<PathBuf>,
    pub(super) agents: Vec<PathBuf>,
    pub(super) starts: Vec<PathBuf>,
}

/// One way to read a path pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form<'a> {
    /// What the path begins with, as it is.
    dir: &'a [u8],
    /// Claims that the glob is for whole last parts of the path.
    is_end: bool,
    glob: Cow<'a, str>,
}

/// Claims that an operand pattern speaks of a path, not of text.
pub(super) fn is_path_pattern(pattern: &str) -> bool {
    if !pattern.starts_with(['/', '.', '~']) {
        return false;
    }
    let is_named = ["~gate", "~above-gate", "~agent"].iter().any(|name| behind(name, pattern).is_some());
    pattern.starts_with('/') || pattern.starts_with("./") || pattern == "." || is_home(pattern) || is_named
}

fn is_home(pattern: &str) -> bool {
    pattern == "~" || pattern.starts_with("~/")
}

/// Returns what stands behind the name of a directory.
fn behind<'a>(name: &str, pattern: &'a str) -> Option<&'a str> {
    pattern.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Claims that no path that ends in `last` can match, by the pattern's last byte alone.
pub(super) fn ends_otherwise(pattern: &str, last: Option<&u8>) -> bool {
    let is_a_name = matches!(pattern, "~" | "~gate" | "~above-gate" | "~agent" | ".");
    let own = pattern.as_bytes().last();
    !is_a_name && !matches!(own, None | Some(b'*' | b'?' | b']')) && own != last
}

/// Claims that some form of `pattern` is as `claims` says: `X/**` is X and everything in it, `X/**/y` also `X/y`.
pub(super) fn any_form(
    pattern: &str,
    named: &Named,
    lean: Lean,
    claims: &mut dyn FnMut(Form<'_>) -> bool,
) -> bool {
    let mut both = |pattern: &str| {
        let itself = pattern.strip_suffix("/**").map(|itself| if itself.is_empty() { "/" } else { itself });
        one_form(pattern, named, lean, claims)
            || itself.is_some_and(|itself| one_form(itself, named, lean, claims))
    };
    both(pattern) || pattern.contains("/**/") && both(&pattern.replacen("/**/", "/", 1))
}

fn one_form(pattern: &str, named: &Named, lean: Lean, claims: &mut dyn FnMut(Form<'_>) -> bool) -> bool {
    let Named { homes, own, agents, starts } = named;
    let mut under =
        |dirs: &[PathBuf], rest: &str| dirs.iter().any(|dir| claims(Form::under(dir, rest.into())));
    if let Some(rest) = behind("~gate", pattern) {
        under(own, rest)
    } else if let Some(rest) = behind("~above-gate", pattern) {
        own.iter().any(|dir| dir.ancestors().skip(1).any(|above| claims(Form::under(above, rest.into()))))
    } else if let Some(rest) = behind("~agent", pattern) {
        under(agents, rest)
    } else if is_home(pattern) {
        let rest = &pattern[1..];
        under(homes, rest) || lean == Lean::Restrict && claims(Form::under(Path::new("/root"), rest.into()))
    } else if pattern == "." || pattern.starts_with("./") {
        starts.iter().any(|start| in_start(start, &pattern[1..], homes, lean).is_some_and(&mut *claims))
    } else {
        let is_end = !pattern.starts_with(['/', '*']);
        claims(Form { dir: b"", is_end, glob: pattern.into() })
    }
}

/// A home is no project: what begins with a dot in it is not let through, nor is what lies above it.
fn in_start<'a>(start: &'a Path, rest: &'a str, homes: &[PathBuf], lean: Lean) -> Option<Form<'a>> {
    match (lean, homes.iter().find(|home| home.starts_with(start))) {
        (Lean::Restrict, _) | (Lean::Permit, None) => Some(Form::under(start, rest.into())),
        (Lean::Permit, Some(home)) if home == start => {
            Some(Form::under(start, rest.replacen("/*", "/[!.]*", 1).into()))
        }
        (Lean::Permit, Some(_)) => None,
    }
}

impl<'a> Form<'a> {
    fn under(dir: &'a Path, glob: Cow<'a, str>) -> Form<'a> {
        let dir = dir.as_os_str().as_encoded_bytes();
        Form { dir: if dir == b"/" && !glob.is_empty() { b"" } else { dir }, is_end: false, glob }
    }

    /// Claims that a path which is certain matches.
    pub(super) fn takes(&self, path: &[u8]) -> bool {
        let glob = self.glob.as_bytes();
        let Some(rest) = path.strip_prefix(self.dir) else { return false };
        if !self.is_end {
            return glob_text::matches(glob, rest);
        }
        let slashes = rest.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.map(|(at, _)| &rest[at + 1..]).any(|last| glob_text::matches(glob, last))
    }

    /// Claims that it matches whatever the path is.
    pub(super) fn takes_anything(&self) -> bool {
        let is_free = self.dir.is_empty() && !self.is_end && !self.glob.is_empty();
        is_free && self.glob.bytes().all(|byte| byte == b'*')
    }

    /// Claims that nothing that begins with `head` matches.
    pub(super) fn clashes(&self, head: &[u8]) -> bool {
        if self.is_end {
            return false;
        }
        let literal = self.glob.bytes().position(|byte| b"*?[\\".contains(&byte)).unwrap_or(self.glob.len());
        let own = self.dir.iter().chain(&self.glob.as_bytes()[..literal]);
        head.iter().zip(own).any(|(one, other)| one != other)
    }

    /// Returns it for values that are not certain.
    pub(super) fn compiled(&self) -> Glob {
        let begin = if self.is_end { Glob::new("*/") } else { Glob::exactly(self.dir) };
        begin.then(Glob::new(&self.glob))
    }
}
