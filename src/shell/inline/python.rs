//! Whether Python code only computes, prints and reads files that it names.
//!
//! MUST rules:
//! 1. Whatever is not known by name is not pure: a builtin, a module, a function of one, a method, an attribute.
//! 2. What can be called is a listed name where it stands, a method of a listed name, or a function of the code itself: never a value.
//! 3. A name that the code binds stands for one thing in all of it, and for no builtin that does more: the order in which things
//!    happen does not count.
//! 4. What a file is read or a variable is asked for comes out as a use, for the rules about secrets to see.
//!
//! It may take for Python what is none: then nothing runs at all, because Python reads the whole text before it begins. What
//! imports load is not its matter: the working directory comes first there, so a rule allows the code as it would a script of the project.

mod meanings;
mod names;
mod statements;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;

use super::Uses;
use tokens::{Text, Token, tokens};

/// How deep expressions may be nested.
const DEPTH: usize = 40;

/// What a name of the code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bound {
    Value,
    /// A function that the code defines.
    Function,
    /// A module, or something of one, by its whole name.
    Path(String),
}

/// What can be done with what was just read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A bare name: it may be assigned to.
    Name,
    /// An item: it may be assigned to.
    Item,
    /// Something that may be called.
    Callable,
    /// A text on whose fields `format` may be called.
    Template,
    /// What never comes to be: to ask for it, or for anything of it, ends the program.
    Never,
    Value,
}

/// Returns what `code` uses if it is pure; `is_three` says that Python 3 runs it for certain.
pub(super) fn uses(code: &[u8], is_three: bool) -> Option<Uses> {
    let code = std::str::from_utf8(code).ok()?;
    let tokens = tokens(code)?;
    let reader = |known: Option<BTreeMap<String, Bound>>| Reader {
        tokens: &tokens,
        at: 0,
        depth: 0,
        known,
        bound: BTreeMap::new(),
        is_three,
        nobody: "",
        uses: Uses::default(),
    };
    // Once for the names that it binds, wherever it does so; then for what it does with them.
    let mut first = reader(None);
    first.program()?;
    let mut second = reader(Some(first.bound));
    second.program()?;
    Some(second.uses)
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
    /// What names stand for; nothing the first time, when only that is looked for.
    known: Option<BTreeMap<String, Bound>>,
    bound: BTreeMap<String, Bound>,
    is_three: bool,
    /// The name that was read last of those that nothing defines.
    nobody: &'a str,
    uses: Uses,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if found == word)
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.takes_sign(sign).then_some(())
    }

    /// Reads a name that is no keyword.
    fn name(&mut self) -> Option<&'a str> {
        let Some(Token::Name(name)) = self.peek() else { return None };
        self.at += 1;
        (!is_keyword(name)).then_some(name)
    }

    fn plain_text(&mut self) -> Option<&'a str> {
        let Some(Token::Text(Text { plain: Some(plain), .. })) = self.peek() else { return None };
        self.at += 1;
        Some(plain)
    }

    /// Notes that the code binds `name`.
    fn bind(&mut self, name: &str, to: Bound) -> Option<()> {
        let is_hidden = name.starts_with('_') && name != "_";
        if is_hidden || is_keyword(name) || names::does_more(name, self.is_three) {
            return None;
        }
        let before = self.bound.insert(name.to_owned(), to.clone());
        before.is_none_or(|before| before == to).then_some(())
    }

    /// Expressions with commas between.
    fn expressions(&mut self) -> Option<Last> {
        let mut last = self.starred()?;
        while self.takes_sign(",") {
            if self.ends_list() {
                return Some(Last::Value);
            }
            self.starred()?;
            last = Last::Value;
        }
        Some(last)
    }

    fn ends_list(&self) -> bool {
        match self.peek() {
            None | Some(Token::Newline | Token::FieldEnd) => true,
            Some(Token::Sign(sign)) => matches!(sign, ")" | "]" | "}" | "=" | ":" | ";"),
            Some(_) => false,
        }
    }

    fn starred(&mut self) -> Option<Last> {
        self.takes_sign("*");
        self.expression()
    }

    /// Operands with operators between, whatever their order: what counts is what is called.
    fn expression(&mut self) -> Option<Last> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let mut last = self.operand()?;
        if last == Last::Name && self.takes_sign(":=") {
            let Some(Token::Name(name)) = self.tokens.get(self.at.checked_sub(2)?).copied() else {
                return None;
            };
            self.bind(name, Bound::Value)?;
            self.expression()?;
            last = Last::Value;
        }
        while self.operator() {
            self.operand()?;
            last = Last::Value;
        }
        self.depth -= 1;
        Some(last)
    }

    /// Steps over an operator between two operands.
    fn operator(&mut self) -> bool {
        const SIGNS: [&str; 18] = [
            "+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=",
        ];
        const WORDS: [&str; 6] = ["and", "or", "in", "is", "if", "else"];
        let found = match self.peek() {
            Some(Token::Sign(sign)) => SIGNS.contains(&sign),
            Some(Token::Name("not")) => matches!(self.tokens.get(self.at + 1), Some(Token::Name("in"))),
            Some(Token::Name(word)) => WORDS.contains(&word),
            Some(_) | None => false,
        };
        let steps = if self.is_word("not") { 2 } else { 1 };
        self.at += if found { steps } else { 0 };
        found
    }

    fn operand(&mut self) -> Option<Last> {
        let mut is_signed = false;
        while self.takes_sign("-") || self.takes_sign("+") || self.takes_sign("~") || self.takes_word("not") {
            is_signed = true;
        }
        if self.takes_word("lambda") {
            self.parameters(":")?;
            self.expression()?;
            return Some(Last::Value);
        }
        let mut last = self.atom()?;
        while let Some(next) = self.behind(last)? {
            last = next;
        }
        Some(if is_signed { Last::Value } else { last })
    }

    /// Reads what stands behind a value: a call, an item, an attribute. `Some(None)`: nothing.
    fn behind(&mut self, last: Last) -> Option<Option<Last>> {
        let is_first = self.known.is_none();
        if self.is_sign("(") {
            if !matches!(last, Last::Callable | Last::Never) && !is_first {
                return None;
            }
            if last == Last::Never {
                self.note_undefined()?;
            }
            self.arguments()?;
            return Some(Some(if last == Last::Never { last } else { Last::Value }));
        }
        if self.takes_sign("[") {
            self.item()?;
            return Some(Some(if last == Last::Never { last } else { Last::Item }));
        }
        if !self.takes_sign(".") {
            return Some(None);
        }
        let name = self.name()?;
        Some(Some(match name {
            _ if is_first => Last::Value,
            _ if last == Last::Never && !(names::is_method(name) || names::is_attribute(name)) => {
                self.note_undefined()?;
                Last::Never
            }
            "format" if last == Last::Template && self.is_sign("(") => Last::Callable,
            _ if names::is_method(name) => Last::Callable,
            _ if names::is_attribute(name) => Last::Value,
            _ => return None,
        }))
    }

    /// Notes the name; `None` for that of a module which does more than compute: whoever writes it means to have it.
    fn note_undefined(&mut self) -> Option<()> {
        let name = self.nobody.to_owned();
        if names::is_acting_module(&name) {
            return None;
        }
        if !self.uses.undefined.contains(&name) {
            self.uses.undefined.push(name);
        }
        Some(())
    }

    fn item(&mut self) -> Option<()> {
        while !self.takes_sign("]") {
            if !(self.takes_sign(":") || self.takes_sign(",")) {
                self.expression()?;
            }
        }
        Some(())
    }

    fn arguments(&mut self) -> Option<()> {
        self.expect("(")?;
        while !self.takes_sign(")") {
            let is_named =
                matches!(self.tokens.get(self.at..self.at + 2), Some([Token::Name(_), Token::Sign("=")]));
            if is_named {
                self.name().filter(|name| !name.starts_with('_'))?;
                self.expect("=")?;
            } else if !self.takes_sign("**") {
                self.takes_sign("*");
            }
            self.expression()?;
            self.comprehension()?;
            if !self.is_sign(")") {
                self.expect(",")?;
            }
        }
        Some(())
    }

    /// `for x in y if z`, as often as it comes.
    fn comprehension(&mut self) -> Option<()> {
        while self.takes_word("for") {
            self.targets()?;
            self.takes_word("in").then_some(())?;
            self.expression()?;
        }
        Some(())
    }

    /// A display: `(…)`, `[…]`, `{…}`.
    fn display(&mut self, close: &str) -> Option<()> {
        while !self.takes_sign(close) {
            if !self.takes_sign("**") {
                self.takes_sign("*");
            }
            self.expression()?;
            if close == "}" && self.takes_sign(":") {
                self.expression()?;
            }
            self.comprehension()?;
            if !self.is_sign(close) {
                self.expect(",")?;
            }
        }
        Some(())
    }

    fn atom(&mut self) -> Option<Last> {
        let token = self.peek()?;
        self.at += 1;
        match token {
            Token::Number(_) | Token::Sign("...") => Some(Last::Value),
            Token::Text(text) => self.texts(text),
            Token::Sign("(") => self.display(")").map(|()| Last::Value),
            Token::Sign("[") => self.display("]").map(|()| Last::Value),
            Token::Sign("{") => self.display("}").map(|()| Last::Value),
            Token::Name("True" | "False" | "None") => Some(Last::Value),
            Token::Name(name) if is_keyword(name) => None,
            Token::Name(name) => self.named(name),
            Token::Sign(_) | Token::Field | Token::FieldEnd | Token::Newline => None,
        }
    }

    /// A text with the fields in it, and those that follow it at once.
    fn texts(&mut self, first: Text<'_>) -> Option<Last> {
        let mut is_template = first.is_template;
        loop {
            match self.peek() {
                Some(Token::Field) => {
                    self.at += 1;
                    self.expressions()?;
                    (self.peek() == Some(Token::FieldEnd)).then(|| self.at += 1)?;
                }
                Some(Token::Text(text)) => {
                    self.at += 1;
                    is_template &= text.is_template;
                }
                _ => return Some(if is_template { Last::Template } else { Last::Value }),
            }
        }
    }
}

/// Claims that no name can be written so.
fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}
