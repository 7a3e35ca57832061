//! Here-documents: announced on a line, their bodies follow its newline.

use super::super::syntax::Part;
use super::{Parser, Result};

/// A here-document whose body is still to come.
pub(super) struct Announced {
    delimiter: Vec<u8>,
    /// `<<'EOF'`: nothing in the body is expanded.
    verbatim: bool,
    /// `<<-`: leading tabs are removed.
    strips: bool,
    index: usize,
}

impl Parser<'_> {
    /// Reads the delimiter after `<<` or `<<-` and returns the index that the body will have.
    pub(super) fn announce(&mut self, strips: bool) -> Result<usize> {
        self.blanks()?;
        let word = self.word()?;
        let mut delimiter = Vec::new();
        let mut verbatim = false;
        for part in &word.parts {
            match part {
                Part::Plain(bytes) => delimiter.extend_from_slice(bytes),
                Part::Quoted(bytes) => {
                    verbatim = true;
                    delimiter.extend_from_slice(bytes);
                }
                Part::Parameter(_)
                | Part::Command { .. }
                | Part::Process { .. }
                | Part::Arith { .. }
                | Part::Unknown => {
                    return self.refuse("a here-document's delimiter is not plain");
                }
            }
        }
        let source = &self.text[word.span.start..word.span.end];
        if word.parts.is_empty()
            || delimiter.is_empty()
            || source.iter().any(|b| matches!(b, b'\n' | b'$' | b'`'))
        {
            return self.refuse("a here-document's delimiter is not plain");
        }
        if delimiter.iter().any(|byte| !byte.is_ascii_graphic()) {
            return self.refuse("a here-document's delimiter is not plain");
        }
        self.has_document = self.printed_anew > 0;
        let index = self.bodies.len();
        self.bodies.push(Vec::new());
        self.pending.push(Announced { delimiter, verbatim, strips, index });
        Ok(index)
    }

    /// Reads the bodies of the here-documents announced on the line that just ended.
    pub(super) fn read_bodies(&mut self) -> Result<()> {
        for announced in std::mem::take(&mut self.pending) {
            let body = self.read_body(&announced)?;
            self.bodies[announced.index] = body;
        }
        Ok(())
    }

    fn read_body(&mut self, announced: &Announced) -> Result<Vec<Part>> {
        let start = self.at;
        let mut line = start;
        let (end, next) = loop {
            if line >= self.end {
                return self.refuse("a here-document has no end");
            }
            let rest = &self.text[line..self.end];
            let length = rest.iter().position(|byte| *byte == b'\n');
            let content = &rest[..length.unwrap_or(rest.len())];
            let tabs = if announced.strips { content.iter().take_while(|b| **b == b'\t').count() } else { 0 };
            if content[tabs..] == announced.delimiter {
                break (line, line + length.map_or(rest.len(), |length| length + 1));
            }
            // In `$( )` bash ends the document there, and goes on with what follows the word (parse.y, `PST_EOFTOKEN`).
            if content[tabs..].starts_with(&announced.delimiter) && content.contains(&b')') {
                return self.refuse("a line of a here-document could end it early");
            }
            match length {
                Some(length) => line += length + 1,
                None => return self.refuse("a here-document has no end"),
            }
        };
        let parts = if announced.verbatim {
            let bytes = self.verbatim(start, end, announced.strips);
            self.step(end - start);
            vec![Part::Quoted(bytes)]
        } else {
            self.expanded(end, announced.strips)?
        };
        self.step(next - end);
        Ok(parts)
    }

    fn verbatim(&self, start: usize, end: usize, strips: bool) -> Vec<u8> {
        let body = &self.text[start..end];
        if !strips {
            return body.to_vec();
        }
        let mut out = Vec::with_capacity(body.len());
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
            out.extend_from_slice(&line[tabs..]);
        }
        out
    }

    /// Reads the body up to `end`, in which `$`, backquotes and `\` are active.
    fn expanded(&mut self, end: usize, strips: bool) -> Result<Vec<Part>> {
        let outer = std::mem::replace(&mut self.end, end);
        let parts = self.nested(|parser| {
            let mut parts = vec![Part::Quoted(Vec::new())];
            let mut line_start = true;
            while let Some(byte) = parser.peek() {
                if line_start && strips && byte == b'\t' {
                    parser.step(1);
                    continue;
                }
                line_start = byte == b'\n';
                match byte {
                    b'\\' => parser.body_backslash(&mut parts)?,
                    b'$' | b'`' => {
                        let from = parser.at;
                        let part =
                            if byte == b'$' { parser.dollar(true)? } else { parser.backquote(true)? };
                        if strips && parser.text[from..parser.at].contains(&b'\n') {
                            return parser.refuse("an expansion of several lines stands in a `<<-` document");
                        }
                        match part {
                            Part::Plain(_) => push_quoted(&mut parts, b"$"),
                            part => parts.push(part),
                        }
                    }
                    byte => {
                        parser.step(1);
                        push_quoted(&mut parts, &[byte]);
                    }
                }
            }
            Ok(parts)
        })?;
        self.end = outer;
        Ok(parts)
    }

    fn body_backslash(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        match self.peek_at(1) {
            Some(b'\n') | None => self.refuse("a line of a here-document is continued"),
            Some(byte @ (b'$' | b'`' | b'\\')) => {
                self.step(2);
                push_quoted(parts, &[byte]);
                Ok(())
            }
            Some(_) => {
                self.step(1);
                push_quoted(parts, b"\\");
                Ok(())
            }
        }
    }
}

/// Appends quoted bytes.
pub(super) fn push_quoted(parts: &mut Vec<Part>, quoted: &[u8]) {
    match parts.last_mut() {
        Some(Part::Quoted(bytes)) => bytes.extend_from_slice(quoted),
        Some(_) | None => parts.push(Part::Quoted(quoted.to_vec())),
    }
}
