//! What the shell layer found: one [`Action`] for each simple command, with its words resolved as far as they are certain.

use std::borrow::Cow;
use std::path::PathBuf;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// A stretch of the analysed text, in bytes: `start..end`.
///
/// For an argument vector the text is the arguments joined by one space, each shell-quoted where it needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// One word of a command after expansion, in pieces of differing certainty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub pieces: Vec<Piece>,
    pub span: Span,
}

/// A part of a [`Word`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes that are exactly this.
    Literal(Vec<u8>),
    /// An unquoted glob (`*`, `?`, `[a-z]`) as written; it stands for file names and may become several words.
    Glob(Vec<u8>),
    /// A value nobody knows before it runs.
    Dynamic {
        /// The expansion as written, for people: `$x`, `$(date)`.
        text: String,
        /// Claims that it is unquoted, so that it may become no word, one, or several.
        splits: bool,
    },
}

impl Word {
    /// Returns a word that is exactly `bytes`.
    pub fn literal(bytes: impl Into<Vec<u8>>, span: Span) -> Word {
        Word { pieces: vec![Piece::Literal(bytes.into())], span }
    }

    /// Returns the word's bytes if all of them are certain.
    pub fn as_literal(&self) -> Option<Vec<u8>> {
        self.certain().map(Cow::into_owned)
    }

    /// Returns the word's bytes if all of them are certain, as they lie where they are one piece.
    pub fn certain(&self) -> Option<Cow<'_, [u8]>> {
        if let [Piece::Literal(bytes)] = &self.pieces[..] {
            return Some(bytes.into());
        }
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(part) => bytes.extend_from_slice(part),
                Piece::Glob(_) | Piece::Dynamic { .. } => return None,
            }
        }
        Some(bytes.into())
    }

    /// Returns the certain bytes the word begins with; empty if it begins with something unknown.
    pub fn prefix(&self) -> &[u8] {
        match self.pieces.first() {
            Some(Piece::Literal(bytes)) => bytes,
            Some(Piece::Glob(_) | Piece::Dynamic { .. }) | None => &[],
        }
    }

    /// Claims that a part of the word is unknown before it runs (a glob is not: it stands for file names).
    pub fn is_dynamic(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Dynamic { .. }))
    }

    /// Claims that the word may become no word, or more than one.
    pub fn may_split(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Glob(_) | Piece::Dynamic { splits: true, .. }))
    }
}

/// A variable set for a command: by a leading assignment, by `env`, or earlier in the script and still in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub value: Word,
}

/// The variables that are set for an action: the later one of a name wins.
///
/// Actions of a script see much the same, so what they see is in stretches that they share.
#[derive(Clone, Debug, Default)]
pub struct Assignments(Vec<Rc<[Assignment]>>);

impl Assignments {
    /// Returns the assignments of `stretches`, one behind the other.
    pub fn of(mut stretches: Vec<Rc<[Assignment]>>) -> Assignments {
        stretches.retain(|stretch| !stretch.is_empty());
        Assignments(stretches)
    }

    /// Returns them in stretches, none of them empty.
    pub fn stretches(&self) -> &[Rc<[Assignment]>] {
        &self.0
    }

    /// Returns them in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Assignment> {
        self.0.iter().flat_map(|stretch| stretch.iter())
    }

    /// Claims that nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Assignments {
    fn eq(&self, other: &Assignments) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Assignments {}

/// What a redirect does with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `<`
    Read,
    /// `>`, `>|`, `&>`
    Write,
    /// `>>`, `&>>`
    Append,
    /// `<>`
    ReadWrite,
}

/// A redirect of a command from or to a file. Duplications of descriptors (`2>&1`) and here-documents are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub kind: RedirectKind,
    pub target: Word,
}

/// Where a directory is known, and where it is not (`cd "$x"`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Known(PathBuf),
    Unknown,
}

/// On which machine an action takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Here.
    Local,
    /// In a container, a pod or on another host: paths and program names are that machine's.
    Remote,
}

/// What an action finds on standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// Whatever gate itself has.
    Inherited,
    /// The output of the action with this index in the list; where a group or loop feeds it, its last action.
    Pipe(usize),
    /// A file, by redirect.
    File(Word),
    /// A here-document or here-string with a text that is certain.
    Text(Vec<u8>),
    /// A here-document or here-string with unknown parts, or a process substitution.
    Dynamic,
}

/// Why gate cannot say what would run, in words a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    pub reason: String,
    pub span: Span,
}

/// One thing that would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The program's name as the script gives it; dynamic names come with `opaque`. No piece for a bare redirect (`> file`)
    /// and for an opaque stretch that has no name.
    pub program: Word,
    /// The arguments after the program's name.
    pub args: Vec<Word>,
    /// Variables that are set for this action on top of the inherited environment.
    pub assignments: Assignments,
    pub redirects: Vec<Redirect>,
    /// The directory it runs in.
    pub cwd: Place,
    /// Names of the wrappers and interpreters it came through, outermost first (`sudo`, `xargs`, `bash`).
    pub inside: Vec<String>,
    pub scope: Scope,
    /// Claims that a wrapper runs it as another user.
    pub as_root: bool,
    /// The index of the action whose output it reads.
    pub upstream: Option<usize>,
    /// The index of the action that reads its output.
    pub downstream: Option<usize>,
    pub stdin: Stdin,
    /// Claims that the shell itself carries it out: a builtin or a function of the script, not a file.
    pub builtin: bool,
    /// Claims that this calls a function which the script certainly defined before. The actions of the function's body are
    /// in the list on their own, so that the call as such adds nothing to be judged but its redirects.
    pub function: bool,
    /// Names that a function or an alias shadows here, or that a file written earlier in the script could be: why the name is no proof.
    pub shadowed: Option<String>,
    pub span: Span,
    /// Set where gate cannot say what this runs; judged as an action no rule allows.
    pub opaque: Option<Opaque>,
}

impl Action {
    /// Returns the last part of the program's name, without its directory; empty where the name is not known before it runs.
    pub fn plain_name(&self) -> String {
        let name = self.program.as_literal().unwrap_or_default();
        let plain = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        String::from_utf8_lossy(plain).into_owned()
    }
}
