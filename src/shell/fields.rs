//! Fields: where a word is split, what `~` stands for, and which of its bytes are globs.

use super::action::Piece;
use super::expand::Atom;
use super::parser::is_name;
use super::state::{State, Value};
use super::walk::{Context, Walker};
use crate::command::Dialect;

impl Walker<'_> {
    /// Expands a `~` at the start of the atom at `index`, and after each `:` of an assignment's value.
    pub(super) fn tilde(&mut self, state: &State, atoms: &mut Vec<Atom>, index: usize, assigned: bool) {
        let Some(Atom::Source(bytes)) = atoms.get(index) else { return };
        let last = index + 1 == atoms.len();
        let mut out = Vec::new();
        let mut rest = bytes.as_slice();
        loop {
            let end = if assigned { rest.iter().position(|byte| *byte == b':') } else { None };
            let part = &rest[..end.unwrap_or(rest.len())];
            self.tilde_prefix(state, part, last || end.is_some(), &mut out);
            let Some(end) = end else { break };
            out.push(Atom::Source(b":".to_vec()));
            rest = &rest[end + 1..];
        }
        atoms.splice(index..=index, out);
        if assigned {
            self.late_tildes(atoms);
        }
    }

    /// A `:~` behind an expansion in an assignment's value is not followed.
    fn late_tildes(&self, atoms: &mut [Atom]) {
        for atom in atoms.iter_mut() {
            if let Atom::Source(bytes) = atom
                && bytes.windows(2).any(|pair| pair == b":~")
            {
                *atom = Atom::unknown(String::from_utf8_lossy(bytes).into_owned(), false);
            }
        }
    }

    fn tilde_prefix(&self, state: &State, part: &[u8], whole: bool, out: &mut Vec<Atom>) {
        let slash = part.iter().position(|byte| *byte == b'/');
        let length = slash.unwrap_or(part.len());
        if !part.starts_with(b"~") || !(whole || slash.is_some()) {
            out.push(Atom::Source(part.to_vec()));
            return;
        }
        if length == 1 {
            match self.lookup(state, "HOME") {
                Value::Literal(home) => out.push(Atom::Quoted(home)),
                Value::Number | Value::Name(_) | Value::Dynamic => {
                    out.push(Atom::unknown("~".to_owned(), false))
                }
            }
        } else {
            // Nobody's home, it is a glob like any other, and there may be no file of that name.
            let is_glob = part[..length].iter().any(|byte| b"*?[".contains(byte));
            out.push(Atom::unknown(String::from_utf8_lossy(&part[..length]).into_owned(), is_glob));
        }
        out.push(Atom::Source(part[length..].to_vec()));
    }

    /// Splits a word into fields and finds the globs in each; `braced`: it is one of the words that braces made.
    pub(super) fn fields_of(
        &mut self,
        context: &Context,
        state: &State,
        mut atoms: Vec<Atom>,
        splits: bool,
        braced: bool,
    ) -> Vec<Vec<Piece>> {
        let assigned = assigned_length(&atoms);
        match assigned {
            // `name=~/x` as an argument: bash expands it, unless braces made the word; dash does not.
            Some(length) if has_tilde(&atoms) => {
                let Atom::Source(bytes) = atoms.remove(0) else { return Vec::new() };
                let (name, value) = bytes.split_at(length);
                if context.dialect == Dialect::Bash && !braced {
                    atoms.insert(0, Atom::Source(value.to_vec()));
                    self.tilde(state, &mut atoms, 0, true);
                } else {
                    atoms.insert(0, Atom::unknown(String::from_utf8_lossy(value).into_owned(), false));
                }
                atoms.insert(0, Atom::Source(name.to_vec()));
            }
            Some(_) => {}
            None => self.tilde(state, &mut atoms, 0, false),
        }
        // bash splits none of a word in which a `$` stands that begins nothing; dash does.
        let is_whole = atoms.iter().any(|atom| matches!(atom, Atom::Source(bytes) if bytes.contains(&b'$')));
        let mut fields = vec![Field::default()];
        for atom in atoms {
            match atom {
                Atom::Value { bytes, .. }
                    if is_whole && splits && bytes.iter().any(u8::is_ascii_whitespace) =>
                {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.add(state, Atom::unknown(text, true), splits, &mut fields);
                }
                atom => self.add(state, atom, splits, &mut fields),
            }
        }
        fields.into_iter().filter(|field| !field.is_nothing()).map(Field::into_pieces).collect()
    }

    fn add(&self, state: &State, atom: Atom, splits: bool, fields: &mut Vec<Field>) {
        let Some(field) = fields.last_mut() else { return };
        match atom {
            Atom::Source(bytes) => field.units.extend(bytes.into_iter().map(Unit::Active)),
            Atom::Quoted(bytes) => {
                field.quoted = true;
                field.units.extend(bytes.into_iter().map(Unit::Quoted));
            }
            Atom::Value { bytes, .. } if !splits => {
                // zsh: no fields, no globs; an empty value is no word.
                field.units.extend(bytes.into_iter().map(Unit::Quoted));
            }
            Atom::Value { bytes, .. } if state.fields || bytes.contains(&b'\\') => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                field.units.push(Unit::Unknown { text, splits: true });
            }
            Atom::Value { bytes, .. } => {
                let mut fresh = false;
                for byte in bytes {
                    if matches!(byte, b' ' | b'\t' | b'\n') {
                        fresh = true;
                        continue;
                    }
                    if std::mem::take(&mut fresh) {
                        fields.push(Field::default());
                    }
                    if let Some(field) = fields.last_mut() {
                        field.units.push(Unit::Active(byte));
                    }
                }
                if fresh {
                    fields.push(Field::default());
                }
            }
            // Whatever the shell makes of globs: a name that matches, or the glob as it stands.
            Atom::Name { glob, .. } => field.units.extend(glob.into_iter().map(Unit::Active)),
            Atom::Unknown { text, splits: unquoted, .. } => {
                field.units.push(Unit::Unknown { text, splits: unquoted });
            }
            Atom::Break => fields.push(Field::default()),
        }
    }
}

/// Returns the length of `name=` at the start of a word.
fn assigned_length(atoms: &[Atom]) -> Option<usize> {
    let Some(Atom::Source(bytes)) = atoms.first() else { return None };
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let name = bytes[..at].strip_suffix(b"+").unwrap_or(&bytes[..at]);
    is_name(name).then_some(at + 1)
}

fn has_tilde(atoms: &[Atom]) -> bool {
    atoms.iter().any(|atom| matches!(atom, Atom::Source(bytes) if bytes.contains(&b'~')))
}

pub(super) fn push_literal(pieces: &mut Vec<Piece>, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Literal(old)) => old.extend_from_slice(bytes),
        Some(_) | None => pieces.push(Piece::Literal(bytes.to_vec())),
    }
}

enum Unit {
    /// A byte in which a glob character is one.
    Active(u8),
    Quoted(u8),
    Unknown {
        text: String,
        splits: bool,
    },
}

/// A word in the making.
#[derive(Default)]
struct Field {
    units: Vec<Unit>,
    quoted: bool,
}

impl Field {
    /// Claims that no word comes of it.
    fn is_nothing(&self) -> bool {
        self.units.is_empty() && !self.quoted
    }

    fn into_pieces(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let closes = self.units.iter().rposition(|unit| matches!(unit, Unit::Active(b']')));
        let mut at = 0;
        while at < self.units.len() {
            match &self.units[at] {
                Unit::Active(byte @ (b'*' | b'?')) => pieces.push(Piece::Glob(vec![*byte])),
                Unit::Active(b'[') if closes.is_some_and(|close| close > at + 1) => {
                    at = bracket(&self.units, at, &mut pieces);
                    continue;
                }
                Unit::Active(byte) | Unit::Quoted(byte) => push_literal(&mut pieces, &[*byte]),
                Unit::Unknown { text, splits } => {
                    pieces.push(Piece::Dynamic { text: text.clone(), splits: *splits });
                }
            }
            at += 1;
        }
        if pieces.is_empty() {
            pieces.push(Piece::Literal(Vec::new()));
        }
        pieces
    }
}

/// Claims that the last `]` of a bracket expression ends the `[:alpha:]`, `[=a=]` or `[.a.]` in it.
fn ends_named_class(text: &[u8]) -> bool {
    let [.., sign @ (b':' | b'=' | b'.'), b']'] = text else { return false };
    let count = |pair: [u8; 2]| text[1..].windows(2).filter(|two| **two == pair).count();
    count([*sign, b']']) <= count([b'[', *sign])
}

/// Reads a bracket expression from `open` on and returns where it ends.
fn bracket(units: &[Unit], open: usize, pieces: &mut Vec<Piece>) -> usize {
    let mut text = Vec::new();
    let mut end = units.len();
    for (at, unit) in units.iter().enumerate().skip(open) {
        match unit {
            // It stands for itself, whatever it means in a class.
            Unit::Quoted(byte) if byte.is_ascii_punctuation() => text.extend([b'\\', *byte]),
            Unit::Active(byte) | Unit::Quoted(byte) => text.push(*byte),
            Unit::Unknown { text: written, .. } => {
                let written = format!("{}{written}", String::from_utf8_lossy(&text));
                pieces.push(Piece::Dynamic { text: written, splits: true });
                return at + 1;
            }
        }
        let closes = at > open + 1 && matches!(unit, Unit::Active(b']')) && !ends_named_class(&text);
        let negated = at == open + 2 && matches!(units[open + 1], Unit::Active(b'!' | b'^'));
        if closes && !negated {
            end = at + 1;
            break;
        }
    }
    pieces.push(Piece::Glob(text));
    end
}
