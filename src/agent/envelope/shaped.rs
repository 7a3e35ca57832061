//! Texts in the shape of an envelope, whatever keeps them from being one: the file that they source.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::template::{Hole, Kind, Shape};
use super::{BEGINNINGS, SHAPES, codex};
use crate::command::{Command, Named, Source};

/// Returns the file that a text in the shape of an envelope sources, and where it names it. Such a text may be judged as a whole; what is
/// judged of that file is what the shell has to source all the same.
pub fn sourced_by(command: &Command) -> Option<(PathBuf, Named)> {
    let Source::Script { text, args, .. } = &command.source else { return None };
    if !BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return None;
    }
    let (path, named) = SHAPES.iter().find_map(|shape| named(shape, text, args))?;
    Some((PathBuf::from(OsStr::from_bytes(&path)), named))
}

fn named(shape: &Shape, text: &[u8], args: &[Vec<u8>]) -> Option<(Vec<u8>, Named)> {
    let found = shape.holes(text)?;
    match (shape.agent, shape.name) {
        ("codex", "trial") => {
            let place = codex::tried(text)?;
            Some((text[place.clone()].to_vec(), Named::Text(place.start, place.end)))
        }
        ("codex", "first") => {
            let first = first_argument(text);
            Some((args.get(first)?.clone(), Named::Argument(first)))
        }
        (_, _) => {
            let hole = found.into_iter().find(|found| found.hole == Hole::Path(Kind::Snapshot))?;
            Some((hole.value, Named::Text(hole.start, hole.end)))
        }
    }
}

/// Returns which argument the first form of Codex sources.
pub(super) fn first_argument(text: &[u8]) -> usize {
    if text.starts_with(b". \"$0\"") { 0 } else { 1 }
}
