//! Words of the tree in, words of an action out: what is literal is resolved, what is not is marked.

use super::action::{Piece, Word};
use super::braces::{self, Braced, Token};
use super::parser::is_name;
use super::state::{State, Value};
use super::syntax::{self, Name, Operation, Parameter, Part};
use super::walk::{Context, Walker};
use crate::command::Dialect;

/// The most bytes that expansion may add to a script; what would be more is dynamic.
pub(super) const GROWTH: usize = 1 << 20;

/// A piece of a word after its expansions, before braces, fields and globs.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    /// Unquoted bytes of the source.
    Source(Vec<u8>),
    Quoted(Vec<u8>),
    /// The value of an unquoted parameter: split and globbed, but no source.
    Value {
        bytes: Vec<u8>,
        bare: bool,
    },
    Unknown {
        text: String,
        splits: bool,
        number: bool,
        bare: bool,
        command: bool,
    },
    /// A file name that matches this glob; `text` is how the source says it.
    Name {
        glob: Vec<u8>,
        text: String,
    },
    /// Another word begins here (`"$@"`).
    Break,
}

impl Atom {
    fn unknown(text: String, splits: bool) -> Atom {
        Atom::Unknown { text, splits, number: false, bare: false, command: false }
    }
}

impl Walker<'_> {
    /// Expands words as arguments: braces, tilde, fields and globs.
    pub(super) fn arguments(
        &mut self,
        context: &Context,
        state: &mut State,
        words: &[syntax::Word],
    ) -> Vec<Word> {
        let mut out = Vec::new();
        for word in words {
            self.argument(context, state, word, &mut out);
        }
        out
    }

    fn argument(&mut self, context: &Context, state: &mut State, word: &syntax::Word, out: &mut Vec<Word>) {
        let span = context.span(word.span);
        let atoms = self.atoms(context, state, &word.parts);
        if context.dialect == Dialect::Zsh {
            self.globbing.note(b"globstar");
            let pieces = self.fields_of(context, state, atoms, false);
            out.extend(pieces.into_iter().map(|pieces| Word { pieces, span }));
            return;
        }
        let tokens = braces::tokens(atoms);
        let fields = match braces::expand(&tokens) {
            Braced::Nothing => vec![tokens],
            Braced::Words(_) | Braced::Uncertain if context.dialect == Dialect::Posix => {
                self.doubt(span, "braces are read differently by other shells");
                vec![tokens]
            }
            Braced::Words(words) => words,
            Braced::Uncertain => {
                if tokens
                    .iter()
                    .any(|token| matches!(token, Token::Other(Atom::Unknown { command: true, .. })))
                {
                    self.doubt(span, "braces stand around a substitution");
                }
                vec![vec![Token::Other(Atom::unknown(context.source(word.span), true))]]
            }
        };
        for field in fields {
            let pieces = self.fields_of(context, state, atoms_of(field), true);
            out.extend(pieces.into_iter().map(|pieces| Word { pieces, span }));
        }
    }

    /// Expands a word that stays one: an assignment's value, a here-string, a word of `case` or `[[`.
    pub(super) fn single(
        &mut self,
        context: &Context,
        state: &mut State,
        word: &syntax::Word,
    ) -> (Word, Value) {
        let span = context.span(word.span);
        let mut atoms = self.atoms(context, state, &word.parts);
        self.tilde(context, state, &mut atoms, 0, true);
        let mut pieces = Vec::new();
        let mut numbers = 0;
        let mut others = 0;
        for atom in atoms {
            match atom {
                Atom::Source(bytes) | Atom::Quoted(bytes) | Atom::Value { bytes, .. } => {
                    others += bytes.len();
                    push_literal(&mut pieces, &bytes);
                }
                Atom::Unknown { text, number, .. } => {
                    numbers += usize::from(number);
                    others += usize::from(!number);
                    pieces.push(Piece::Dynamic { text, splits: false });
                }
                Atom::Name { text, .. } => {
                    others += 1;
                    pieces.push(Piece::Dynamic { text, splits: false });
                }
                Atom::Break => {
                    others += 1;
                    pieces.push(Piece::Dynamic { text: " ".to_owned(), splits: false });
                }
            }
        }
        let word = Word { pieces, span };
        let value = match word.as_literal() {
            Some(bytes) => Value::literal(bytes),
            None if numbers == 1 && others == 0 => Value::Number,
            None => Value::Dynamic,
        };
        (word, value)
    }

    fn atoms(&mut self, context: &Context, state: &mut State, parts: &[Part]) -> Vec<Atom> {
        let mut atoms = Vec::new();
        for part in parts {
            match part {
                Part::Plain(bytes) => atoms.push(Atom::Source(bytes.clone())),
                Part::Quoted(bytes) => atoms.push(Atom::Quoted(bytes.clone())),
                Part::Parameter(parameter) => self.parameter(context, state, parameter, &mut atoms),
                Part::Command { body, quoted, span } => {
                    self.substitution(context, state, body);
                    let text = context.source(*span);
                    atoms.push(Atom::Unknown {
                        text,
                        splits: !quoted,
                        number: false,
                        bare: false,
                        command: true,
                    });
                }
                Part::Process { body, reads, span } => {
                    self.process(context, state, body, *reads);
                    let text = context.source(*span);
                    atoms.push(Atom::Unknown {
                        text,
                        splits: false,
                        number: false,
                        bare: false,
                        command: true,
                    });
                }
                Part::Arith { expression, quoted, span } => {
                    self.arithmetic(context, state, expression, *span);
                    let text = context.source(*span);
                    let splits = !quoted && state.fields;
                    atoms.push(Atom::Unknown { text, splits, number: true, bare: false, command: true });
                }
                Part::Unknown => atoms.push(Atom::unknown("(…)".to_owned(), false)),
            }
        }
        atoms
    }

    fn parameter(
        &mut self,
        context: &Context,
        state: &mut State,
        parameter: &Parameter,
        atoms: &mut Vec<Atom>,
    ) {
        let Parameter { name, operation, quoted, bare, span } = parameter;
        let text = context.source(*span);
        if let Name::Element { index: Some(index), .. } = name
            && !self.numeric(state, index)
        {
            self.doubt(context.span(*span), "an array's subscript is evaluated");
        }
        let unknown = |splits: bool| Atom::Unknown {
            text: text.clone(),
            splits,
            number: false,
            bare: *bare,
            command: false,
        };
        let several = matches!(name, Name::All(b'@')) || matches!(name, Name::Element { .. });
        match operation {
            Operation::None => {}
            Operation::Length => {
                let splits = !quoted && state.fields;
                atoms.push(Atom::Unknown { text, splits, number: true, bare: *bare, command: false });
                return;
            }
            Operation::Assign(parts) => {
                let _value = self.atoms(context, state, parts);
                if let Name::Variable(name) = name {
                    self.assign(context, state, name, Value::Dynamic, *span);
                }
                atoms.push(unknown(!quoted));
                return;
            }
            Operation::Default(parts)
            | Operation::Error(parts)
            | Operation::Alternative(parts)
            | Operation::Change(parts) => {
                let _value = self.atoms(context, state, parts);
                atoms.push(unknown(!quoted || several));
                return;
            }
        }
        match name {
            Name::Variable(name) => match self.lookup(state, name) {
                Value::Literal(bytes) if *quoted => atoms.push(self.grown(Atom::Quoted(bytes), &text)),
                Value::Literal(bytes) => atoms.push(self.grown(Atom::Value { bytes, bare: *bare }, &text)),
                Value::Number => {
                    let splits = !quoted && state.fields;
                    atoms.push(Atom::Unknown { text, splits, number: true, bare: *bare, command: false });
                }
                Value::Name(glob) if *quoted => atoms.push(Atom::Name { glob, text }),
                Value::Name(_) | Value::Dynamic => atoms.push(unknown(!quoted)),
            },
            Name::Element { .. } => atoms.push(unknown(true)),
            // The shell's own path, or whatever it was given as its name.
            Name::Positional(0) => atoms.push(unknown(!quoted)),
            Name::Positional(number) => match state.args.as_ref().map(|args| args.get(*number).cloned()) {
                Some(Some(bytes)) if *quoted => atoms.push(self.grown(Atom::Quoted(bytes), &text)),
                Some(Some(bytes)) => atoms.push(self.grown(Atom::Value { bytes, bare: *bare }, &text)),
                Some(None) if *quoted => atoms.push(Atom::Quoted(Vec::new())),
                Some(None) => atoms.push(Atom::Value { bytes: Vec::new(), bare: *bare }),
                None => atoms.push(unknown(!quoted)),
            },
            Name::All(kind) => self.all(state, *kind, *quoted, text, atoms),
            Name::Special(kind) => {
                let splits = !quoted && (state.fields || *kind == b'-');
                atoms.push(Atom::Unknown {
                    text,
                    splits,
                    number: *kind != b'-',
                    bare: *bare,
                    command: false,
                });
            }
        }
    }

    /// `"$@"` of known parameters is one word each; all else is unknown.
    fn all(&mut self, state: &State, kind: u8, quoted: bool, text: String, atoms: &mut Vec<Atom>) {
        match &state.args {
            Some(args) if kind == b'@' && quoted => {
                // Without parameters, `"$@"` is no word at all: the empty quotes around it must go too.
                if args.len() <= 1 {
                    atoms.push(Atom::unknown(text, true));
                    return;
                }
                for (index, arg) in args.iter().skip(1).enumerate() {
                    if index > 0 {
                        atoms.push(Atom::Break);
                    }
                    let atom = self.grown(Atom::Quoted(arg.clone()), &text);
                    atoms.push(atom);
                }
            }
            Some(_) | None => atoms.push(Atom::unknown(text, kind == b'@' || !quoted)),
        }
    }

    /// Counts what an expansion adds; what goes beyond the limit is unknown.
    fn grown(&mut self, atom: Atom, text: &str) -> Atom {
        let length = match &atom {
            Atom::Source(bytes) | Atom::Quoted(bytes) | Atom::Value { bytes, .. } => bytes.len(),
            Atom::Name { glob, .. } => glob.len(),
            Atom::Unknown { .. } | Atom::Break => 0,
        };
        self.growth += length;
        if self.growth > GROWTH { Atom::unknown(text.to_owned(), true) } else { atom }
    }

    /// Returns what is known of a variable.
    pub(super) fn lookup(&self, state: &State, name: &str) -> Value {
        if let Some(value) = kept_by_the_shell(name) {
            let is_kept = !INHERITED.contains(&name) || self.inherits_number(state, name);
            return if is_kept { value } else { Value::Dynamic };
        }
        if let Some(variable) = state.variables.get(name) {
            return variable.value.clone();
        }
        if state.anything {
            return Value::Dynamic;
        }
        match name {
            "HOME" => self.home().map_or(Value::Dynamic, Value::Literal),
            "PWD" => match &state.cwd {
                super::action::Place::Known(path) => Value::literal(bytes_of(path)),
                super::action::Place::Unknown => Value::Dynamic,
            },
            "USER" => self.world.var("USER").map_or(Value::Dynamic, Value::literal),
            "RANDOM" | "SECONDS" | "LINENO" | "UID" | "EUID" | "PPID" | "BASHPID" | "SHLVL"
            | "EPOCHSECONDS" | "OPTIND" => Value::Number,
            _ => Value::Dynamic,
        }
    }

    fn inherits_number(&self, state: &State, name: &str) -> bool {
        match state.variables.get(name) {
            Some(variable) => variable.value.is_number(),
            None => self.world.var(name).is_none_or(|value| Value::literal(value).is_number()),
        }
    }

    fn home(&self) -> Option<Vec<u8>> {
        self.world.var("HOME").or_else(|| self.world.homes().first().map(|home| bytes_of(home)))
    }

    /// Expands a `~` at the start of the atom at `index`, and after each `:` of an assignment's value.
    fn tilde(
        &mut self,
        context: &Context,
        state: &State,
        atoms: &mut Vec<Atom>,
        index: usize,
        assigned: bool,
    ) {
        let Some(Atom::Source(bytes)) = atoms.get(index) else { return };
        let last = index + 1 == atoms.len();
        let mut out = Vec::new();
        let mut rest = bytes.as_slice();
        loop {
            let end = if assigned { rest.iter().position(|byte| *byte == b':') } else { None };
            let part = &rest[..end.unwrap_or(rest.len())];
            self.tilde_prefix(context, state, part, last || end.is_some(), &mut out);
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

    fn tilde_prefix(&self, context: &Context, state: &State, part: &[u8], whole: bool, out: &mut Vec<Atom>) {
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
            let _ = context;
            out.push(Atom::unknown(String::from_utf8_lossy(&part[..length]).into_owned(), false));
        }
        out.push(Atom::Source(part[length..].to_vec()));
    }

    /// Splits a word into fields and finds the globs in each.
    fn fields_of(
        &mut self,
        context: &Context,
        state: &State,
        mut atoms: Vec<Atom>,
        splits: bool,
    ) -> Vec<Vec<Piece>> {
        let assigned = assigned_length(&atoms);
        match assigned {
            // `name=~/x` as an argument: bash expands it, dash does not.
            Some(length) if has_tilde(&atoms) => {
                let Atom::Source(bytes) = atoms.remove(0) else { return Vec::new() };
                let (name, value) = bytes.split_at(length);
                if context.dialect == Dialect::Bash {
                    atoms.insert(0, Atom::Source(value.to_vec()));
                    self.tilde(context, state, &mut atoms, 0, true);
                } else {
                    atoms.insert(0, Atom::unknown(String::from_utf8_lossy(value).into_owned(), false));
                }
                atoms.insert(0, Atom::Source(name.to_vec()));
            }
            Some(_) => {}
            None => self.tilde(context, state, &mut atoms, 0, false),
        }
        let mut fields = vec![Field::default()];
        for atom in atoms {
            self.add(state, atom, splits, &mut fields);
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

    /// Claims that a variable is a number: the script set it to one, or the shell always does.
    pub(super) fn numeric(&self, state: &State, name: &str) -> bool {
        self.lookup(state, name).is_number()
    }
}

fn bytes_of(path: &std::path::Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

fn atoms_of(tokens: Vec<Token>) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for token in tokens {
        match token {
            Token::Byte(byte) => match atoms.last_mut() {
                Some(Atom::Source(bytes)) => bytes.push(byte),
                Some(_) | None => atoms.push(Atom::Source(vec![byte])),
            },
            Token::Other(atom) => atoms.push(atom),
        }
    }
    atoms
}

/// Numbers that a shell leaves as they are if its environment has them: bash the users', zsh those that only bash knows.
const INHERITED: [&str; 5] = ["UID", "EUID", "SRANDOM", "BASHPID", "EPOCHSECONDS"];

/// Returns what is known of a variable that the shell itself sets, whatever a script assigns to it.
fn kept_by_the_shell(name: &str) -> Option<Value> {
    match name {
        "RANDOM" | "SRANDOM" | "SECONDS" | "LINENO" | "UID" | "EUID" | "PPID" | "BASHPID" | "SHLVL"
        | "EPOCHSECONDS" | "OPTIND" | "HISTCMD" => Some(Value::Number),
        "_" | "FUNCNAME" | "DIRSTACK" | "PIPESTATUS" | "GROUPS" | "EPOCHREALTIME" | "OPTARG" | "REPLY"
        | "MAPFILE" | "COPROC" => Some(Value::Dynamic),
        name if ["BASH", "COMP_", "READLINE_"].iter().any(|prefix| name.starts_with(prefix)) => {
            Some(Value::Dynamic)
        }
        _ => None,
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

fn push_literal(pieces: &mut Vec<Piece>, bytes: &[u8]) {
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
