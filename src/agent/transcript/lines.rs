//! Reading lines without trusting their length.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};

/// A longer line is read over: a picture in a tool's answer is some megabytes long, a command never is.
pub(super) const LONGEST: u64 = 16 << 20;

/// What is kept of the buffer between lines.
const KEPT: usize = 1 << 20;

/// One line of a file.
pub(super) enum Line<'a> {
    /// All of it, without its newline; the last one of a file may have been cut off.
    Whole(&'a [u8]),
    TooLong,
}

/// Calls `each` with every line of `file` and the bytes read so far.
///
/// # Errors
/// Whatever the file system says; the lines before it were handed out.
pub(super) fn each_line(file: File, mut each: impl FnMut(Line<'_>, u64)) -> std::io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    let mut at = 0;
    loop {
        line.clear();
        line.shrink_to(KEPT);
        let read = (&mut input).take(LONGEST + 1).read_until(b'\n', &mut line)? as u64;
        at += read;
        match (read, line.strip_suffix(b"\n")) {
            (0, _) => return Ok(()),
            (_, Some(whole)) => each(Line::Whole(whole), at),
            (read, None) if read <= LONGEST => each(Line::Whole(&line), at),
            (_, None) => {
                at += read_over(&mut input)?;
                each(Line::TooLong, at);
            }
        }
    }
}

/// Reads up to the next newline and returns how much that was.
fn read_over(input: &mut impl BufRead) -> std::io::Result<u64> {
    let mut over = 0;
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        let is_over = end.is_some() || buffer.is_empty();
        input.consume(used);
        over += used as u64;
        if is_over {
            return Ok(over);
        }
    }
}
