//! The tree of the certain language: what the parser accepts, and nothing else.

use super::action::{RedirectKind, Span};

/// A list of commands, one after the other.
pub(super) type List = Vec<Item>;

/// Commands up to a `;`, `&` or newline.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Link, Pipeline)>,
    pub(super) background: bool,
}

/// What stands between two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    And,
    Or,
}

#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) negated: bool,
    pub(super) commands: Vec<Command>,
}

#[derive(Debug)]
pub(super) enum Command {
    Simple(Simple),
    Compound { body: Compound, redirects: Vec<Redirect>, span: Span },
    Function { name: String, body: Box<Command>, span: Span },
}

#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Assign>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct Assign {
    pub(super) name: String,
    /// `name[3]=`
    pub(super) element: bool,
    /// The variable that the element's subscript names.
    pub(super) subscript: Option<String>,
    /// `name+=`
    pub(super) append: bool,
    pub(super) value: AssignValue,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum AssignValue {
    Word(Word),
    Array(Vec<Word>),
}

#[derive(Debug)]
pub(super) enum Compound {
    Group(List),
    Subshell(List),
    If {
        branches: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    /// `while` and `until`
    While {
        condition: List,
        body: List,
    },
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    ArithFor {
        parts: Vec<Arith>,
        body: List,
    },
    Case {
        word: Word,
        arms: Vec<Arm>,
    },
    Test(Vec<Test>),
    Arith(Arith),
}

#[derive(Debug)]
pub(super) struct Arm {
    pub(super) patterns: Vec<Word>,
    pub(super) body: List,
    /// `;&` and `;;&`: the next arm may run too.
    pub(super) falls: bool,
}

/// One test inside `[[ ]]`; how they are joined makes no difference to what runs.
#[derive(Debug)]
pub(super) enum Test {
    Unary { operator: String, word: Word },
    Binary { left: Word, operator: String, right: Word },
    Word(Word),
}

#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) descriptor: Option<u32>,
    pub(super) target: Target,
}

#[derive(Debug)]
pub(super) enum Target {
    File {
        kind: RedirectKind,
        word: Word,
    },
    /// `2>&1`, `>&-`
    Descriptor {
        input: bool,
        /// Whoever started the shell has opened the descriptor that is copied: one of the first three.
        is_open: bool,
    },
    /// The index of the body among the parser's here-documents.
    HereDoc(usize),
    HereString(Word),
}

/// A here-document's text in parts; without an expansion it is one quoted part.
pub(super) type HereBody = Vec<Part>;

#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Unquoted source bytes: globs, braces and tildes mean something in them.
    Plain(Vec<u8>),
    /// Quoted bytes, an empty pair of quotes included.
    Quoted(Vec<u8>),
    Parameter(Parameter),
    /// `$( )` or backquotes.
    Command {
        body: std::rc::Rc<List>,
        quoted: bool,
        span: Span,
    },
    /// `<( )` and `>( )`
    Process {
        body: std::rc::Rc<List>,
        reads: bool,
        span: Span,
    },
    Arith {
        expression: Arith,
        quoted: bool,
        span: Span,
    },
    /// A value that is not computed: an array's.
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: Name,
    pub(super) operation: Operation,
    pub(super) quoted: bool,
    /// Claims that it is written without braces.
    pub(super) bare: bool,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Variable(String),
    /// `${name[…]}` with a subscript that is a number, `@`, `*`, or a variable's name.
    Element {
        name: String,
        index: Option<String>,
    },
    /// `$1`
    Positional(usize),
    /// `$@`, `$*`
    All(u8),
    /// `$?`, `$#`, `$$`, `$!`: a number; `$-`
    Special(u8),
}

#[derive(Clone, Debug)]
pub(super) enum Operation {
    None,
    /// `${#name}`
    Length,
    /// `${name:-word}`, `${name-word}`
    Default(Vec<Part>),
    /// `${name:=word}`
    Assign(Vec<Part>),
    /// `${name:?word}`
    Error(Vec<Part>),
    /// `${name:+word}`
    Alternative(Vec<Part>),
    /// Patterns, replacements, slices, case: the result is not computed.
    Change(Vec<Part>),
}

/// An arithmetic expression: the names it uses; the numbers and operators do not matter to what runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Arith {
    /// Names whose values are read, and with them evaluated.
    pub(super) names: Vec<String>,
    /// Names that are set by a plain `=`, without being read.
    pub(super) sets: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
    /// Claims that something is assigned.
    pub(super) assigns: bool,
    /// Claims that parts of it may not be evaluated.
    pub(super) branches: bool,
}
