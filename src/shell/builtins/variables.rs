//! Builtins that set variables: `declare` and its like, `read`, `getopts`, `printf -v`, `unset`.

use super::super::action::{Piece, Span, Word};
use super::super::names;
use super::super::parser::is_name;
use super::super::state::{State, Value};
use super::super::walk::{Context, Walker};
use crate::command::Dialect;

impl Walker<'_> {
    pub(super) fn declare(
        &mut self,
        context: &Context,
        state: &mut State,
        name: &str,
        args: &[Word],
        span: Span,
    ) -> Option<String> {
        let mut exports = name == "export";
        let mut fixes = name == "readonly";
        let mut functions = false;
        let mut arrays = false;
        // Outside of a function `local` fails, and so may other forms: the variable keeps what it has.
        let mut fails = name == "local" && !context.in_function;
        let mut options = true;
        for word in args {
            let prefix = word.prefix().to_vec();
            let literal = word.as_literal();
            if options && literal.as_deref() == Some(b"--") {
                options = false;
                continue;
            }
            if options && (prefix.starts_with(b"-") || prefix.starts_with(b"+")) {
                let Some(option) = literal else {
                    return Some(format!("an option of `{name}` is known only when it runs"));
                };
                let letters: &[u8] = &option[1..];
                let other = |letter: &&u8| matches!(letter, b'i' | b'n');
                let meaning =
                    letters.iter().find(other).copied().filter(|_| name != "export" && name != "readonly");
                if let Some(meaning) = meaning {
                    let is_sure = option.len() == 2 && option[0] == b'-' && args.len() > 1;
                    let names = args.get(1..).unwrap_or_default();
                    return match meaning {
                        b'i' if is_sure => self.declare_integers(context, state, (name, span), names),
                        b'n' if is_sure => self.declare_references(context, state, (name, span), names),
                        _ => Some(format!("`{name}` gives a variable a meaning of its own")),
                    };
                }
                let is_float = context.dialect == Dialect::Zsh && letters.contains(&b'F');
                if is_float
                    || !letters
                        .iter()
                        .all(|letter| b"aAxrgpfF".contains(letter) || (name == "export" && *letter == b'n'))
                {
                    return Some(format!("`{name}` gives a variable a meaning of its own"));
                }
                exports |= letters.contains(&b'x');
                functions |= letters.contains(&b'f') || letters.contains(&b'F');
                fixes |= letters.contains(&b'r');
                arrays |= letters.contains(&b'a') || letters.contains(&b'A');
                fails |= letters.contains(&b'p');
                continue;
            }
            options = false;
            if functions {
                if literal.is_none() {
                    return Some(format!("`{name}` may be given anything"));
                }
                continue;
            }
            let at = prefix.iter().position(|byte| *byte == b'=');
            let bare = at.map_or(&prefix[..], |at| &prefix[..at]);
            let bare = bare.strip_suffix(b"+").unwrap_or(bare);
            if !is_name(bare) || (at.is_none() && literal.is_none()) {
                return Some(format!("`{name}` is given what is no plain name"));
            }
            let bare = String::from_utf8_lossy(bare).into_owned();
            if self.references.contains(&bare) {
                return Some(format!("`{name}` is given what stands for another variable"));
            }
            let appends = at.is_some_and(|at| prefix[..at].ends_with(b"+"));
            let opens = at.is_some_and(|at| match &literal {
                Some(whole) => whole[at + 1..].starts_with(b"("),
                None => {
                    let written = word.pieces.len() == 2
                        && matches!(word.pieces.last(), Some(Piece::Dynamic { text, .. }) if text == "(…)");
                    !written && prefix.len() == at + 1 && (arrays || self.arrays.contains(&bare))
                }
            });
            if opens {
                return Some(format!("`{name}` may evaluate a list of values"));
            }
            if arrays {
                self.arrays.insert(bare.clone());
            }
            match (at, literal) {
                (Some(_), _) if fails => self.assign(context, state, &bare, Value::Dynamic, span),
                (Some(at), Some(whole)) if !appends => {
                    self.assign(context, state, &bare, Value::literal(whole[at + 1..].to_vec()), span);
                }
                (Some(_), _) => self.assign(context, state, &bare, Value::Dynamic, span),
                (None, _) if name == "export" || name == "readonly" || exports => {}
                (None, _) => self.assign(context, state, &bare, unset(&bare), span),
            }
            if exports {
                state.export(&bare, span);
            }
            if fixes {
                state.fix(&bare, span);
            }
        }
        None
    }

    /// `read` and its like: options with values, then names.
    pub(super) fn set_names(
        &mut self,
        context: &Context,
        state: &mut State,
        args: &[Word],
        values: &[&str],
        names: &[&str],
        default: &str,
    ) -> Option<String> {
        let mut found = Vec::new();
        let mut words = args.iter();
        let mut options = true;
        while let Some(word) = words.next() {
            let Some(text) = word.as_literal().and_then(|bytes| String::from_utf8(bytes).ok()) else {
                return Some("a variable's name is known only when it runs".to_owned());
            };
            if !(options && text.starts_with('-') && text.len() > 1) {
                options = false;
                found.push(text);
                continue;
            }
            if text == "--" {
                options = false;
                continue;
            }
            // A bundle: the first letter with a value takes the rest, or the next word.
            for (at, letter) in text.char_indices().skip(1) {
                let option = format!("-{letter}");
                let rest = &text[at + letter.len_utf8()..];
                if values.contains(&option.as_str()) || names.contains(&option.as_str()) {
                    let value = if rest.is_empty() {
                        words.next().cloned()
                    } else {
                        Some(Word::literal(rest, word.span))
                    };
                    if letter == 'u' && !value.as_ref().is_some_and(is_plain_descriptor) {
                        return Some(
                            "it may read from a descriptor that the shell keeps for itself".to_owned(),
                        );
                    }
                    if names.contains(&option.as_str()) {
                        match value
                            .and_then(|value| value.as_literal())
                            .and_then(|bytes| String::from_utf8(bytes).ok())
                        {
                            Some(name) => found.push(name),
                            None => return Some("a variable's name is known only when it runs".to_owned()),
                        }
                    } else if value.is_some_and(|value| {
                        value.pieces.iter().any(|piece| {
                            matches!(piece, Piece::Dynamic { splits: true, .. } | Piece::Glob(_))
                        })
                    }) {
                        return Some("an option's value may be several words".to_owned());
                    }
                    break;
                }
            }
        }
        if found.iter().any(|name| !is_name(name.as_bytes())) {
            return Some("a variable is set by what is no plain name".to_owned());
        }
        found.push(default.to_owned());
        for name in found {
            self.assign(context, state, &name, Value::Dynamic, Span::default());
        }
        self.take_doubt().map(|doubt| doubt.reason)
    }

    pub(super) fn getopts(&mut self, context: &Context, state: &mut State, args: &[Word]) -> Option<String> {
        let name = args.get(1).and_then(Word::as_literal).filter(|name| is_name(name));
        let Some(name) = name.and_then(|name| String::from_utf8(name).ok()).filter(|_| !args[0].may_split())
        else {
            return Some("`getopts` is given what is no plain name".to_owned());
        };
        self.assign(context, state, &name, Value::Dynamic, Span::default());
        self.assign(context, state, "OPTARG", Value::Dynamic, Span::default());
        self.assign(context, state, "OPTIND", Value::Number, Span::default());
        None
    }

    pub(super) fn printf(&mut self, context: &Context, state: &mut State, args: &[Word]) -> Option<String> {
        let first = args.first()?;
        let (prefix, literal) = (first.prefix(), first.as_literal());
        if prefix.is_empty() && literal.is_none() && (args.len() > 1 || first.may_split()) {
            return Some("`printf` may be given `-v`".to_owned());
        }
        if literal.is_none() && prefix.starts_with(b"-") {
            return Some("`printf` may be given `-v`".to_owned());
        }
        let literal = literal?;
        if !literal.starts_with(b"-v") {
            return None;
        }
        let (name, rest) = if literal.len() > 2 {
            (Some(literal[2..].to_vec()), &args[1..])
        } else {
            (args.get(1).and_then(Word::as_literal), args.get(2..).unwrap_or_default())
        };
        // The last one counts.
        if rest.first().is_some_and(|word| word.prefix().starts_with(b"-") || word.as_literal().is_none()) {
            return Some("`printf` may be given `-v` again".to_owned());
        }
        match name.filter(|name| is_name(name)).and_then(|name| String::from_utf8(name).ok()) {
            Some(name) => {
                self.assign(context, state, &name, Value::Dynamic, first.span);
                None
            }
            None => Some("`printf -v` is given what is no plain name".to_owned()),
        }
    }

    pub(super) fn unset(
        &mut self,
        context: &Context,
        state: &mut State,
        literals: &[Option<Vec<u8>>],
    ) -> Option<String> {
        for literal in literals {
            let Some(text) = literal.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
                return Some("`unset` is given what is no plain name".to_owned());
            };
            match text {
                "-f" | "-v" | "--" => continue,
                text if text.starts_with('-') => {
                    return Some("`unset` is given an option that is not known".to_owned());
                }
                _ => {}
            }
            if self.references.contains(text) {
                return Some("`unset` is given what stands for another variable".to_owned());
            }
            if self.names.contains(text) {
                self.undefines = true;
                state.undefine(text);
            }
            if is_name(text.as_bytes()) {
                self.assign(context, state, text, unset(text), Span::default());
            } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)) {
                return Some("`unset` is given what is no plain name".to_owned());
            }
        }
        None
    }
}

/// Returns what a variable is after `unset`, or `local` without a value; nothing is evaluated for it.
fn unset(name: &str) -> Value {
    if names::is_integer(name, Dialect::Bash) { Value::Number } else { Value::Dynamic }
}

/// Claims that `declare -f "$name"` is all that there is: one word, whatever it holds, is a name to list or an option without a name.
pub(super) fn lists_functions(args: &[Word]) -> bool {
    let is_one = |word: &Word| {
        word.pieces
            .iter()
            .all(|piece| matches!(piece, Piece::Literal(_) | Piece::Dynamic { splits: false, .. }))
    };
    matches!(args, [option, word] if is_one(word) && matches!(option.as_literal().as_deref(), Some(b"-f" | b"-F")))
}

/// Claims that a descriptor is one that a script opens itself: the shell keeps what it reads its script from at 10 and above.
fn is_plain_descriptor(word: &Word) -> bool {
    word.as_literal().is_some_and(|number| number.len() == 1 && number[0].is_ascii_digit())
}
