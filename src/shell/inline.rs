//! Whether a sed or awk program given on the command line only transforms text, and what the code of an interpreter reads.
//!
//! It owns the answer "this code runs nothing, writes nothing and reads no other file than these" for the languages in which agents
//! write one-liners all day. It never says so of what it does not know: an unknown command, an unfinished
//! construct or two possible readings are not pure.

mod awk;
mod brackets;
mod lines;
mod python;
mod sed;

use lines::Tongue;

/// The language of inline code that is read, not only passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Sed,
    Awk,
    Python,
    Lines(Tongue),
}

/// What pure code of an interpreter asks the machine for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// The files that it reads, by name; nothing for a name that is known only when it runs.
    pub(super) reads: Vec<Option<String>>,
    /// The variables of the environment that it looks at.
    pub(super) variables: Vec<String>,
    /// What it calls, or calls something of, though nothing defines it: the code ends there.
    pub(super) undefined: Vec<String>,
    /// Claims that it may run `uname -p`.
    pub(super) asks_uname: bool,
}

impl Language {
    /// Returns the language a `[[program]]` entry names.
    pub(super) fn of(name: &str) -> Option<Language> {
        match name {
            "sed" => Some(Language::Sed),
            "awk" => Some(Language::Awk),
            "python" => Some(Language::Python),
            "javascript" => Some(Language::Lines(Tongue::JavaScript)),
            "ruby" => Some(Language::Lines(Tongue::Ruby)),
            "perl" => Some(Language::Lines(Tongue::Perl)),
            "php" => Some(Language::Lines(Tongue::Php)),
            _ => None,
        }
    }
}

impl Language {
    /// Claims that it is given in options alone, and that an operand is a script file: what an interpreter does.
    pub(super) fn is_of_an_interpreter(self) -> bool {
        match self {
            Language::Sed | Language::Awk => false,
            Language::Python | Language::Lines(_) => true,
        }
    }

    /// Claims that an interpreter which is given `options` in front of a word takes that word for code, and nothing else.
    ///
    /// From node(1), ruby(1), perlrun(1) and php(1). Python has more that do no harm, so that its options are read elsewhere.
    pub(super) fn opens_code(self, name: &str, option: &[u8]) -> bool {
        let bundles = |letters: &[u8], last: &[u8]| match option {
            [b'-', before @ .., end] => {
                last.contains(end) && before.iter().all(|letter| letters.contains(letter))
            }
            _ => false,
        };
        match self {
            Language::Sed | Language::Awk | Language::Python => false,
            Language::Lines(Tongue::JavaScript) => {
                matches!(option, b"-e" | b"-p" | b"-pe" | b"--eval" | b"--print")
            }
            Language::Lines(Tongue::Ruby) => name == "ruby" && bundles(b"w", b"e"),
            Language::Lines(Tongue::Perl) => bundles(b"lwWtTX", b"eE"),
            Language::Lines(Tongue::Php) => option == b"-r",
        }
    }
}

/// Claims that `code` runs no program, and reads and writes no file of its own.
pub(super) fn is_pure(language: Language, code: &[u8]) -> bool {
    uses(language, "", code).is_some_and(|uses| uses == Uses::default())
}

/// Returns what `code` reads and looks at, if it runs no program and writes no file; `name` is what its interpreter is called.
pub(super) fn uses(language: Language, name: &str, code: &[u8]) -> Option<Uses> {
    let pure = |pure: bool| pure.then(Uses::default);
    match language {
        Language::Sed => pure(sed::only_transforms(code)),
        Language::Awk => pure(awk::only_transforms(code)),
        Language::Lines(tongue) => lines::uses(tongue, code),
        Language::Python => python::uses(code, name.starts_with("python3") || name == "pypy3"),
    }
}
