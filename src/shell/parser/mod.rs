//! Script text in, tree out: the grammar of the certain language.
//!
//! One pass over the bytes, no backtracking. What it does not know by heart it refuses with a reason; the
//! caller turns that into an opaque stretch. Every byte is stepped over exactly once, by [`Parser::step`], or counted as part of a
//! here-document's body; [`parse`] checks that the sum is the whole text.

mod arith;
mod compound;
mod dollar;
mod heredoc;
mod pipeline;
mod salvage;
mod simple;
mod test;
mod word;

pub(super) use compound::is_reserved;

use super::action::Span;
use super::syntax::{Command, HereBody, Item, Link, List, Pipeline};
use crate::command::Dialect;

/// The deepest nesting of constructs that is read.
pub(super) const DEPTH: usize = 50;

/// Why a text is not in the certain language, and where that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) at: usize,
    /// The quote within which the text ends: a shell that finds no more behind it runs nothing of this line.
    pub(super) open: Option<u8>,
}

type Result<T> = std::result::Result<T, Refusal>;

/// What became of a text.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The complete commands that are certain.
    pub(super) list: List,
    pub(super) bodies: Vec<HereBody>,
    /// Where and why the rest is not: from the start of the refused command.
    pub(super) refusal: Option<(usize, Refusal)>,
    /// What was read within the refused command before that was seen: it may run, so that it is judged beside the refusal.
    pub(super) salvaged: List,
}

/// Parses a whole script.
pub(super) fn parse(text: &[u8], dialect: Dialect) -> Parsed {
    let mut parser = Parser::new(text, dialect);
    let mut list = List::new();
    let refusal = loop {
        let start = parser.at;
        match parser.line(&mut list) {
            Ok(true) => {}
            Ok(false) => break parser.untiled().map(|refusal| (0, refusal)),
            Err(refusal) => break Some((start, refusal)),
        }
    };
    if refusal.as_ref().is_some_and(|(start, _)| *start == 0) {
        list.clear();
    }
    // Bodies that a refused command announced are missing at the end: no accepted command refers to them.
    let salvaged = if refusal.is_some() { parser.salvaged } else { List::new() };
    Parsed { list, bodies: parser.bodies, refusal, salvaged }
}

/// Returns the length of the first line of `text` with everything that belongs to it, or `None` where that is not certain.
pub(super) fn first_line(text: &[u8], dialect: Dialect) -> Option<usize> {
    let mut parser = Parser::new(text, dialect);
    let is_read = matches!(parser.line(&mut List::new()), Ok(true));
    (is_read && parser.tiled == parser.at).then_some(parser.at)
}

struct Parser<'a> {
    text: &'a [u8],
    dialect: Dialect,
    at: usize,
    /// Where the text at hand ends: the whole, or what stands between backquotes or in a here-document.
    end: usize,
    /// How many bytes were stepped over.
    tiled: usize,
    depth: usize,
    /// Here-documents announced on this line: their bodies follow the next newline.
    pending: Vec<heredoc::Announced>,
    /// A here-document is announced outside of the construct at hand: no newline may come before its body.
    announced_outside: bool,
    bodies: Vec<HereBody>,
    /// Complete pieces of what was then refused.
    salvaged: List,
    /// How deep the text at hand lies in `$( )`, which bash prints anew from what it read before it runs it.
    printed_anew: usize,
    /// A here-document was announced in the innermost of them.
    has_document: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8], dialect: Dialect) -> Parser<'a> {
        Parser {
            text,
            dialect,
            at: 0,
            end: text.len(),
            tiled: 0,
            depth: 0,
            pending: Vec::new(),
            announced_outside: false,
            bodies: Vec::new(),
            salvaged: List::new(),
            printed_anew: 0,
            has_document: false,
        }
    }

    fn refuse<T>(&self, reason: impl Into<String>) -> Result<T> {
        Err(Refusal { reason: reason.into(), at: self.at, open: None })
    }

    /// Refuses a text that ends within a quote.
    ///
    /// bash and dash read a line to its end, with all that it opens, before they run anything of it. What stands within `$( )`, backquotes or a
    /// here-document they may read at another time.
    fn refuse_open<T>(&self, quote: u8, reason: &str) -> Result<T> {
        let is_plain = self.dialect != Dialect::Zsh
            && self.end == self.text.len()
            && self.printed_anew == 0
            && self.pending.is_empty()
            && !self.announced_outside
            && !self.has_document;
        Err(Refusal { reason: reason.to_owned(), at: self.at, open: is_plain.then_some(quote) })
    }

    fn untiled(&self) -> Option<Refusal> {
        (self.tiled != self.text.len() || self.at != self.text.len()).then(|| Refusal {
            reason: "parts of the text were left over".to_owned(),
            at: self.at,
            open: None,
        })
    }

    fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        (at < self.end).then(|| self.text[at])
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.text[self.at..self.end].starts_with(prefix)
    }

    /// Steps over `count` bytes that have been looked at.
    fn step(&mut self, count: usize) {
        self.at += count;
        self.tiled += count;
    }

    /// Steps over the bytes up to one that `ends` them.
    fn stretch(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..self.end];
        let length = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
        self.step(length);
        &rest[..length]
    }

    fn eat(&mut self, token: &[u8]) -> bool {
        let found = self.starts_with(token);
        if found {
            self.step(token.len());
        }
        found
    }

    fn span(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    fn is_bash(&self) -> bool {
        self.dialect == Dialect::Bash
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.refuse(format!("it is nested deeper than {DEPTH} levels"));
        }
        Ok(())
    }

    /// Reads what stands within a construct that has a line structure of its own, like `$( )`.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.deeper()?;
        let pending = std::mem::take(&mut self.pending);
        let outside = self.announced_outside;
        self.announced_outside |= !pending.is_empty();
        let result = read(self)?;
        if !self.pending.is_empty() {
            return self.refuse("a here-document has no body");
        }
        self.pending = pending;
        self.announced_outside = outside;
        self.depth -= 1;
        Ok(result)
    }

    /// Steps over blanks, line continuations and a comment.
    fn blanks(&mut self) -> Result<()> {
        let mut glued = self.at > 0 && !self.at_token_start();
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => {
                    self.step(1);
                    glued = false;
                }
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.continuation()?,
                Some(b'#') if !glued => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.step(1);
                    }
                    return Ok(());
                }
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Claims that a word could begin here: the byte before is no part of one.
    fn at_token_start(&self) -> bool {
        self.at.checked_sub(1).is_none_or(|before| {
            matches!(
                self.text[before],
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' | b'`'
            )
        })
    }

    /// Steps over a backslash and the newline after it.
    fn continuation(&mut self) -> Result<()> {
        if self.announced_outside {
            return self.refuse("a line continues within a construct before a here-document's body");
        }
        self.step(2);
        Ok(())
    }

    /// Steps over a newline and the bodies of the here-documents announced before it.
    fn newline(&mut self) -> Result<()> {
        if self.announced_outside {
            return self.refuse("a newline within a construct comes before a here-document's body");
        }
        self.step(1);
        self.read_bodies()
    }

    /// Steps over newlines, blanks and comments.
    fn newlines(&mut self) -> Result<()> {
        loop {
            self.blanks()?;
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// Reads one top-level line into `list`; `false` at the end of the text.
    fn line(&mut self, list: &mut List) -> Result<bool> {
        self.newlines()?;
        if self.peek().is_none() {
            return Ok(false);
        }
        let mut items = List::new();
        let read = self.rest_of_line(&mut items);
        if read.is_ok() {
            list.append(&mut items);
        } else {
            // Nothing was salvaged before this line.
            items.append(&mut self.salvaged);
            self.salvaged = items;
        }
        read.map(|()| true)
    }

    fn rest_of_line(&mut self, items: &mut List) -> Result<()> {
        loop {
            items.push(self.item()?);
            self.blanks()?;
            match self.peek() {
                None => break,
                Some(b'\n') => {
                    self.newline()?;
                    break;
                }
                Some(b')') => return self.refuse("a `)` closes nothing"),
                Some(_) => {}
            }
        }
        if !self.pending.is_empty() {
            return self.refuse("a here-document has no body");
        }
        Ok(())
    }

    /// Reads a list up to one of the reserved words `closers`, or up to a `)` or the end, neither of which it consumes.
    fn list(&mut self, closers: &[&str]) -> Result<List> {
        let mut list = List::new();
        let at = self.salvaged.len();
        if let Err(refusal) = self.items(&mut list, closers) {
            let inner = self.salvaged.split_off(at);
            self.salvaged.extend(list.into_iter().chain(inner));
            return Err(refusal);
        }
        Ok(list)
    }

    fn items(&mut self, list: &mut List, closers: &[&str]) -> Result<()> {
        loop {
            self.newlines()?;
            if self.list_ends(closers) {
                return Ok(());
            }
            list.push(self.item()?);
        }
    }

    fn list_ends(&self, closers: &[&str]) -> bool {
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => closers.contains(&";;"),
            Some(_) => closers.iter().any(|closer| self.sees_word(closer)),
        }
    }

    /// Reads pipelines joined by `&&` and `||`, and the separator after them.
    fn item(&mut self) -> Result<Item> {
        let mut item = Item { first: self.pipeline()?, rest: Vec::new(), background: false };
        match self.links(&mut item) {
            Ok(()) => Ok(item),
            Err(refusal) => {
                self.salvaged.push(item);
                Err(refusal)
            }
        }
    }

    fn links(&mut self, item: &mut Item) -> Result<()> {
        item.background = loop {
            self.blanks()?;
            let link = match (self.peek(), self.peek_at(1)) {
                (Some(b'&'), Some(b'&')) => Link::And,
                (Some(b'|'), Some(b'|')) => Link::Or,
                (Some(b'&'), _) => {
                    self.operator(1)?;
                    break true;
                }
                (Some(b';'), Some(b';' | b'&')) => break false,
                // bash 5.2 loses the `;` when it prints that: what follows becomes arguments.
                (Some(b';'), _) if self.has_document => {
                    return self.refuse("a `;` follows a here-document in `$( )`");
                }
                (Some(b';'), _) => {
                    self.operator(1)?;
                    break false;
                }
                (Some(b'\n' | b')') | None, _) => break false,
                (Some(byte), _) => return self.refuse(unexpected(byte)),
            };
            self.operator(2)?;
            self.newlines()?;
            let at = self.salvaged.len();
            let next = self.pipeline();
            let next = next.inspect_err(|_| {
                item.rest.extend(
                    self.partial(at).map(|group| (link, Pipeline { negated: false, commands: vec![group] })),
                )
            })?;
            item.rest.push((link, next));
        };
        Ok(())
    }

    /// Steps over an operator of `count` bytes, which must not be continued on the next line.
    fn operator(&mut self, count: usize) -> Result<()> {
        self.step(count);
        if self.starts_with(b"\\\n") {
            return self.refuse("an operator is followed by a line continuation");
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Command> {
        self.blanks()?;
        match self.peek() {
            None => self.refuse("a command is missing"),
            Some(b'(') => self.compound(),
            Some(byte @ (b'\n' | b')' | b';' | b'&' | b'|')) => self.refuse(unexpected(byte)),
            Some(_) if self.opens_compound() => self.compound(),
            Some(_) => self.simple(),
        }
    }

    /// Claims that the whole next word is `word`, unquoted.
    fn sees_word(&self, word: &str) -> bool {
        self.starts_with(word.as_bytes()) && self.peek_at(word.len()).is_none_or(ends_word)
    }
}

/// Claims that a word ends before this byte.
fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}

fn unexpected(byte: u8) -> String {
    match byte {
        b'\n' => "a newline stands where a command is expected".to_owned(),
        byte => format!("unexpected `{}`", byte as char),
    }
}

/// Claims that `name` can name a variable.
pub(super) fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}
