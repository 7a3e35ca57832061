//! Words of the tree in, words of an action out: what is literal is resolved, what is not is marked.

use super::action::{Piece, Word};
use super::braces::{self, Braced, Token};
use super::fields::push_literal;
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
    pub(super) fn unknown(text: String, splits: bool) -> Atom {
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
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            self.argument(context, state, word, &mut out);
        }
        out
    }

    fn argument(&mut self, context: &Context, state: &mut State, word: &syntax::Word, out: &mut Vec<Word>) {
        let span = context.span(word.span);
        if context.dialect != Dialect::Zsh
            && let Some(bytes) = as_written(word, b"{~*?[")
        {
            out.push(Word::literal(bytes, span));
            return;
        }
        let atoms = self.atoms(context, state, &word.parts);
        if context.dialect == Dialect::Zsh {
            self.globbing.note(b"globstar");
            let pieces = self.fields_of(context, state, atoms, false, false);
            out.extend(pieces.into_iter().map(|pieces| Word { pieces, span }));
            return;
        }
        let tokens = braces::tokens(atoms);
        let braces = braces::expand(&tokens);
        let braced = matches!(braces, Braced::Words(_));
        let fields = match braces {
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
            let pieces = self.fields_of(context, state, atoms_of(field), true, braced);
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
        if let Some(bytes) = as_written(word, b"~") {
            let word = Word::literal(bytes.clone(), span);
            return (word, Value::literal(bytes));
        }
        let mut atoms = self.atoms(context, state, &word.parts);
        self.tilde(state, &mut atoms, 0, true);
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
                    let printed = self.printed(context, state, body);
                    let number = printed.is_number();
                    let atom = match printed {
                        Value::Literal(bytes) if *quoted => self.grown(Atom::Quoted(bytes), &text),
                        Value::Literal(bytes) => self.grown(Atom::Value { bytes, bare: false }, &text),
                        Value::Number | Value::Name(_) | Value::Dynamic => {
                            Atom::Unknown { text, splits: !quoted, number, bare: false, command: true }
                        }
                    };
                    atoms.push(atom);
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
                // `$-` and `$!` may be empty.
                let is_number = !matches!(kind, b'-' | b'!');
                let splits = !quoted && (state.fields || !is_number);
                atoms.push(Atom::Unknown { text, splits, number: is_number, bare: *bare, command: false });
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
}

/// Returns the bytes of a word that is what is written: nothing expands in it, and no unquoted byte is one of `active`.
///
/// Most words are such; one without a byte is left to the long way.
fn as_written(word: &syntax::Word, active: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if let [Part::Plain(bytes) | Part::Quoted(bytes)] = &word.parts[..] {
        out.reserve_exact(bytes.len());
    }
    for part in &word.parts {
        match part {
            Part::Plain(bytes) if bytes.iter().any(|byte| active.contains(byte)) => return None,
            Part::Plain(bytes) | Part::Quoted(bytes) => out.extend_from_slice(bytes),
            Part::Parameter(_)
            | Part::Command { .. }
            | Part::Process { .. }
            | Part::Arith { .. }
            | Part::Unknown => return None,
        }
    }
    (!out.is_empty()).then_some(out)
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
