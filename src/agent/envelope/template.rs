//! Shapes of envelopes, read from one file an agent: literal text with holes, and what the holes of a text hold.

use super::quoting;

/// What may stand in a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// A quoted word: the agent's own command.
    Inner,
    /// A quoted word: a path, checked by its kind.
    Path(Kind),
    /// The agent's own command as it is, on lines of its own, on one line, or to the end.
    Block,
    Line,
    Rest,
    /// Lines that keep variables, and lines that put them back.
    Captures,
    Restores,
}

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file that is sourced.
    Snapshot,
    /// One that is made.
    NewSnapshot,
    /// One that is tried, before it has its name.
    TriedSnapshot,
    /// A file that is written at each call, under another name.
    Cwd,
    Pids,
    Pgrep,
    /// The shell that runs the rest.
    Shell,
}

enum Piece {
    Text(&'static [u8]),
    Hole(Hole),
}

/// One shape of an envelope.
pub(super) struct Shape {
    pub(super) agent: &'static str,
    pub(super) name: &'static str,
    join: &'static [u8],
    /// Each step is one of its alternatives; an empty one stands for nothing.
    steps: Vec<Vec<Vec<Piece>>>,
}

/// What stands in a hole, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) hole: Hole,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The word without its quotes; elsewhere the text as it stands.
    pub(super) value: Vec<u8>,
}

/// Returns the shapes that `file` describes.
pub(super) fn shapes(agent: &'static str, file: &'static str) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut text: Vec<&'static str> = Vec::new();
    for line in file.lines().chain(["%% end"]) {
        let Some(directive) = line.strip_prefix("%%") else {
            if !line.starts_with("%#") {
                text.push(line);
            }
            continue;
        };
        if let Some(step) = shapes.last_mut().and_then(|shape| shape.steps.last_mut()) {
            step.push(pieces(file, &std::mem::take(&mut text)));
        }
        match directive.trim().split_once(' ') {
            Some(("shape", name)) => shapes.push(Shape { agent, name, join: b"", steps: Vec::new() }),
            Some(("join", how)) => {
                if let Some(shape) = shapes.last_mut() {
                    shape.join = match how {
                        "\" && \"" => b" && ",
                        "\"\\n\\n\"" => b"\n\n",
                        _ => b"",
                    };
                }
            }
            _ => {
                if let ("step", Some(shape)) = (directive.trim(), shapes.last_mut()) {
                    shape.steps.push(Vec::new());
                }
            }
        }
    }
    // What may be left out is tried last.
    for step in shapes.iter_mut().flat_map(|shape| &mut shape.steps) {
        step.sort_by_key(Vec::is_empty);
    }
    shapes
}

/// Splits one alternative, lines next to each other in `file`, into text and holes.
fn pieces(file: &'static str, lines: &[&'static str]) -> Vec<Piece> {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Vec::new() };
    let start = first.as_ptr() as usize - file.as_ptr() as usize;
    let end = last.as_ptr() as usize - file.as_ptr() as usize + last.len();
    let mut out = Vec::new();
    let mut rest = &file[start..end];
    while let Some((text, after)) = rest.split_once('⟨') {
        let (name, after) = after.split_once('⟩').expect("a hole of a template is closed");
        if !text.is_empty() {
            out.push(Piece::Text(text.as_bytes()));
        }
        out.push(Piece::Hole(hole(name)));
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest.as_bytes()));
    }
    out
}

fn hole(name: &str) -> Hole {
    match name {
        "inner" => Hole::Inner,
        "snapshot" => Hole::Path(Kind::Snapshot),
        "new" => Hole::Path(Kind::NewSnapshot),
        "cwd" => Hole::Path(Kind::Cwd),
        "pids" => Hole::Path(Kind::Pids),
        "pgrep" => Hole::Path(Kind::Pgrep),
        "shell" => Hole::Path(Kind::Shell),
        "block" => Hole::Block,
        "line" => Hole::Line,
        "rest" => Hole::Rest,
        "captures" => Hole::Captures,
        "restores" => Hole::Restores,
        other => unreachable!("a template has a hole `{other}`"),
    }
}

impl Shape {
    /// Returns what stands in the holes, if `text` is of this shape from its first byte to its last.
    pub(super) fn holes(&self, text: &[u8]) -> Option<Vec<Found>> {
        let mut found: Vec<Found> = Vec::new();
        let mut at = 0;
        for step in &self.steps {
            let joined = if at == 0 {
                Some(0)
            } else {
                text[at..].starts_with(self.join).then(|| at + self.join.len())
            };
            let mut taken = None;
            for alternative in step {
                let before = found.len();
                taken = if alternative.is_empty() {
                    Some(at)
                } else {
                    joined.and_then(|at| fill(alternative, text, at, &mut found))
                };
                if taken.is_some() {
                    break;
                }
                found.truncate(before);
            }
            at = taken?;
        }
        (at == text.len()).then_some(found)
    }
}

/// Matches one alternative at `at`; returns where it ends.
fn fill(pieces: &[Piece], text: &[u8], mut at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        at = match piece {
            Piece::Text(literal) => text[at..].starts_with(literal).then(|| at + literal.len())?,
            Piece::Hole(hole) => {
                let next = pieces.peek().and_then(|piece| match piece {
                    Piece::Text(literal) => Some(*literal),
                    Piece::Hole(_) => None,
                });
                let (end, value) = content(*hole, text, at, next)?;
                found.push(Found { hole: *hole, start: at, end, value });
                end
            }
        };
    }
    Some(at)
}

/// Returns where the content of a hole at `at` ends, and what it is.
fn content(hole: Hole, text: &[u8], at: usize, next: Option<&[u8]>) -> Option<(usize, Vec<u8>)> {
    let rest = &text[at..];
    let len = match hole {
        Hole::Inner | Hole::Path(_) => {
            let quoted = quoting::word(rest)?;
            return Some((at + quoted.len, quoted.word));
        }
        // Where the text after it stands last: what comes before must be complete by itself.
        Hole::Block | Hole::Line => rposition(rest, next?)?,
        Hole::Rest => rest.len(),
        Hole::Captures => lines(rest, super::codex::is_capture),
        Hole::Restores => lines(rest, super::codex::is_restore),
    };
    (len > 0).then(|| (at + len, rest[..len].to_vec()))
}

fn rposition(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

/// Returns the length of the lines at the beginning that `is_one` knows, without the last newline.
fn lines(text: &[u8], is_one: impl Fn(&[u8]) -> bool) -> usize {
    let mut len = 0;
    for line in text.split(|byte| *byte == b'\n') {
        if !is_one(line) {
            break;
        }
        len += line.len() + 1;
    }
    len.saturating_sub(1)
}
