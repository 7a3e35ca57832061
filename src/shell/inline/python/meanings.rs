//! What the names of Python code stand for: its own, builtins, modules, and what they ask the machine for.

use super::names;
use super::{Bound, Last, Reader, Text, Token};

impl<'a> Reader<'a> {
    /// What the name that was just read stands for.
    pub(super) fn named(&mut self, name: &'a str) -> Option<Last> {
        if name == "__name__" {
            return Some(Last::Value);
        }
        if name.starts_with('_') && name != "_" {
            return None;
        }
        let Some(known) = &self.known else { return Some(Last::Name) };
        match known.get(name).cloned() {
            Some(Bound::Path(path)) => self.path(path),
            Some(Bound::Function) => Some(Last::Callable),
            Some(Bound::Value) => Some(Last::Name),
            None if name == "open" => self.open(),
            None if names::is_pure_builtin(name, self.is_three) => Some(Last::Callable),
            None if names::does_more(name, self.is_three) => None,
            // Nothing defines it: to ask for its value ends the program, and so nothing of it is called.
            None if names::is_certainly_no_builtin(name) => {
                self.nobody = name;
                Some(Last::Never)
            }
            None => Some(Last::Value),
        }
    }

    /// Follows a module to what is listed of it.
    fn path(&mut self, mut path: String) -> Option<Last> {
        loop {
            match path.as_str() {
                "os.environ" => return self.environ(),
                "os.getenv" => return self.getenv(),
                _ => {}
            }
            let next = match self.tokens.get(self.at..self.at + 2) {
                Some([Token::Sign("."), Token::Name(name)]) => Some(format!("{path}.{name}")),
                _ => None,
            };
            let goes_on = |next: &String| {
                names::is_module(next, self.is_three)
                    || names::is_listed(next, self.is_three)
                    || matches!(next.as_str(), "os.environ" | "os.getenv")
            };
            match next.filter(goes_on) {
                Some(next) => {
                    self.at += 2;
                    path = next;
                }
                None => return names::is_listed(&path, self.is_three).then_some(Last::Callable),
            }
        }
    }

    /// `os.environ['NAME']`, `os.environ.get('NAME', …)`.
    fn environ(&mut self) -> Option<Last> {
        if self.takes_sign("[") {
            let name = self.plain_text()?;
            self.expect("]")?;
            self.uses.variables.push(name.to_owned());
            return Some(Last::Value);
        }
        self.expect(".")?;
        self.takes_word("get").then_some(())?;
        self.getenv()
    }

    fn getenv(&mut self) -> Option<Last> {
        self.expect("(")?;
        let name = self.plain_text()?;
        if self.takes_sign(",") && !self.is_sign(")") {
            self.expression()?;
        }
        self.expect(")")?;
        self.uses.variables.push(name.to_owned());
        Some(Last::Value)
    }

    /// `open(…)`, only to read.
    fn open(&mut self) -> Option<Last> {
        const MODES: [&str; 7] = ["r", "rb", "rt", "br", "tr", "U", "rU"];
        self.expect("(")?;
        let is_input = matches!(
            self.tokens.get(self.at..self.at + 2),
            Some([Token::Number(true), Token::Sign("," | ")")])
        );
        let plain = match self.tokens.get(self.at..self.at + 2) {
            Some([Token::Text(Text { plain, .. }), Token::Sign("," | ")")]) => *plain,
            _ => None,
        };
        if matches!(self.peek(), Some(Token::Sign("*" | "**"))) {
            return None;
        }
        self.expression()?;
        if !is_input {
            self.uses.reads.push(plain.map(str::to_owned));
        }
        if self.takes_sign(",") && !self.is_sign(")") && !self.is_option() {
            self.plain_text().filter(|mode| MODES.contains(mode))?;
            self.takes_sign(",");
        }
        while !self.takes_sign(")") {
            let option = self.name()?;
            self.expect("=")?;
            match option {
                "mode" => self.plain_text().filter(|mode| MODES.contains(mode)).map(|_| ())?,
                "encoding" | "errors" | "newline" | "buffering" => self.expression().map(|_| ())?,
                _ => return None,
            }
            if !self.is_sign(")") {
                self.expect(",")?;
            }
        }
        Some(Last::Value)
    }

    fn is_option(&self) -> bool {
        matches!(self.tokens.get(self.at..self.at + 2), Some([Token::Name(_), Token::Sign("=")]))
    }
}
