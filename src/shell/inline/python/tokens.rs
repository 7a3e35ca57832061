//! Python's tokens, for the forms that every Python cuts in the same way.
//!
//! Nothing is guessed: a continuation line, a tab, a letter beyond ASCII outside of texts, a comment that could name another
//! encoding, and an f-string that Python 3.12 reads in another way than those before it end the reading.

/// One token. Newlines between brackets are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    /// A number; whether it is `0`.
    Number(bool),
    /// A text. The fields of an f-string follow, each between [`Token::Field`] and [`Token::FieldEnd`].
    Text(Text<'a>),
    Field,
    FieldEnd,
    Sign(&'a str),
    Newline,
}

/// A text as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// What it says, where it is written as it is.
    pub(super) plain: Option<&'a str>,
    /// Claims that `format` puts nothing but its arguments as they are into it.
    pub(super) is_template: bool,
}

/// Signs of several characters, longer ones first.
const SIGNS: [&str; 23] = [
    "**=", "//=", "<<=", ">>=", "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "->", ":=", "+=",
    "-=", "*=", "/=", "%=", "&=", "|=", "^=",
];

/// Returns the tokens of `code`, or `None` where they are not certain.
pub(super) fn tokens(code: &str) -> Option<Vec<Token<'_>>> {
    let mut lexer = Lexer { code, at: 0, depth: 0, in_field: false, out: Vec::new() };
    while lexer.at < code.len() {
        lexer.token()?;
    }
    Some(lexer.out)
}

struct Lexer<'a> {
    code: &'a str,
    at: usize,
    /// Open brackets.
    depth: usize,
    in_field: bool,
    out: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.code.as_bytes().get(self.at + ahead).copied()
    }

    fn token(&mut self) -> Option<()> {
        match self.peek(0)? {
            b' ' => self.at += 1,
            b'\n' if self.in_field => return None,
            b'\n' => {
                self.at += 1;
                if self.depth == 0 {
                    self.out.push(Token::Newline);
                }
            }
            b'#' => self.comment()?,
            b'0'..=b'9' => self.number()?,
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
            b'\'' | b'"' => self.text("")?,
            _ => self.sign()?,
        }
        Some(())
    }

    /// Steps over a comment; one that could be a cookie makes everything mean something else (PEP 263).
    fn comment(&mut self) -> Option<()> {
        if self.in_field {
            return None;
        }
        let rest = &self.code[self.at..];
        let comment = rest.split('\n').next().unwrap_or_default();
        self.at += comment.len();
        (!comment.contains("coding") && !comment.contains(is_odd)).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.code.as_bytes()[self.at..];
        let length = match rest {
            [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', digits @ ..] => {
                2 + digits.iter().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'_').count()
            }
            _ => decimal(rest),
        };
        if rest.get(length).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return None;
        }
        self.at += length;
        self.out.push(Token::Number(length == 1 && rest[0] == b'0'));
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let rest = &self.code[self.at..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let word = &rest[..length];
        self.at += length;
        if matches!(self.peek(0), Some(b'\'' | b'"')) {
            return self.text(word);
        }
        self.out.push(Token::Name(word));
        Some(())
    }

    fn sign(&mut self) -> Option<()> {
        let rest = &self.code[self.at..];
        let long = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let length = match long {
            Some(sign) => sign.len(),
            None if b"()[]{}:,.=+-*/%&|^~<>;".contains(&rest.as_bytes()[0]) => 1,
            None => return None,
        };
        match rest.as_bytes()[0] {
            b'(' | b'[' | b'{' => self.depth += 1,
            b')' | b']' | b'}' => self.depth = self.depth.checked_sub(1)?,
            _ => {}
        }
        self.out.push(Token::Sign(&rest[..length]));
        self.at += length;
        Some(())
    }

    /// Reads a text that begins here with its quote, behind `prefix`.
    fn text(&mut self, prefix: &str) -> Option<()> {
        let small = prefix.to_ascii_lowercase();
        let (is_raw, is_formatted) = match small.as_str() {
            "" | "u" | "b" => (false, false),
            "r" | "br" | "rb" => (true, false),
            "f" => (false, true),
            "fr" | "rf" => (true, true),
            _ => return None,
        };
        let content = self.quoted()?;
        let has_escapes = content.contains('\\');
        if is_formatted {
            if self.in_field {
                return None;
            }
            self.out.push(Token::Text(Text { plain: None, is_template: false }));
            return self.fields(content);
        }
        let plain = (is_raw || !has_escapes).then_some(content);
        self.out.push(Token::Text(Text { plain, is_template: is_template(content) }));
        Some(())
    }

    /// Steps behind the closing quote; returns what stands between.
    fn quoted(&mut self) -> Option<&'a str> {
        let rest = &self.code[self.at..];
        let quote = &rest[..1];
        let is_triple = rest.len() >= 3
            && rest.as_bytes()[1] == rest.as_bytes()[0]
            && rest.as_bytes()[2] == rest.as_bytes()[0];
        let delimiter = if is_triple { rest.get(..3)? } else { quote };
        let bytes = rest.as_bytes();
        let mut at = delimiter.len();
        while !rest.as_bytes()[at..].starts_with(delimiter.as_bytes()) {
            match *bytes.get(at)? {
                b'\\' if self.in_field => return None,
                b'\\' => at += 1 + usize::from(bytes.get(at + 1)?.is_ascii()),
                b'\n' if !is_triple => return None,
                _ => at += 1,
            }
            if at > bytes.len() {
                return None;
            }
        }
        let content = rest.get(delimiter.len()..at)?;
        self.at += at + delimiter.len();
        (!content.contains(is_odd)).then_some(content)
    }

    /// Reads the fields of an f-string.
    fn fields(&mut self, content: &'a str) -> Option<()> {
        let bytes = content.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match (bytes[at], bytes.get(at + 1)) {
                (b'{', Some(b'{')) | (b'}', Some(b'}')) => at += 2,
                (b'\\', Some(b'{' | b'}' | b'N') | None) | (b'}', _) => return None,
                (b'\\', Some(_)) => at += 2,
                (b'{', _) => at = self.field(content, at + 1)?,
                _ => at += 1,
            }
        }
        Some(())
    }

    /// Reads the field that begins at `from`; returns where the text goes on.
    fn field(&mut self, content: &'a str, from: usize) -> Option<usize> {
        let out = std::mem::take(&mut self.out);
        let mut inner = Lexer { code: content, at: from, depth: 0, in_field: true, out };
        inner.out.push(Token::Field);
        loop {
            match (inner.peek(0)?, inner.peek(1)) {
                (b'}', _) if inner.depth == 0 => break,
                (b':', _) if inner.depth == 0 => break,
                (b'!', Some(b'r' | b's' | b'a')) if inner.depth == 0 => {
                    inner.at += 2;
                    break;
                }
                (b'=', Some(b'}' | b'!' | b':')) if inner.depth == 0 => inner.at += 1,
                _ => inner.token()?,
            }
        }
        if inner.peek(0)? == b':' {
            inner.at += 1;
            while inner.peek(0)? != b'}' {
                let byte = inner.peek(0)?;
                if !(byte.is_ascii_alphanumeric() || b" <>=^+-#,._%:/".contains(&byte)) {
                    return None;
                }
                inner.at += 1;
            }
        }
        if inner.peek(0)? != b'}' {
            return None;
        }
        inner.out.push(Token::FieldEnd);
        let end = inner.at + 1;
        self.out = inner.out;
        Some(end)
    }
}

/// Returns how long the decimal number is that `rest` begins with.
fn decimal(rest: &[u8]) -> usize {
    let digits =
        |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    let mut length = digits(0);
    if rest.get(length) == Some(&b'.') {
        length += 1;
        length += digits(length);
    }
    if matches!(rest.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
        let power = rest.get(length + 1 + sign..).map_or(0, |_| digits(length + 1 + sign));
        if power > 0 {
            length += 1 + sign + power;
        }
    }
    length + usize::from(matches!(rest.get(length), Some(b'j' | b'J')))
}

/// Control characters other than the newline and the tab: no text of a line has them.
fn is_odd(sign: char) -> bool {
    sign.is_control() && sign != '\n' && sign != '\t'
}

/// Claims that each field of the template is empty, a number or a name: no attribute and no item is taken of anything.
fn is_template(content: &str) -> bool {
    let mut rest = content;
    while let Some(at) = rest.find(['{', '}', '\\']) {
        let behind = &rest[at + 1..];
        match (rest.as_bytes()[at], behind.as_bytes().first()) {
            (b'{', Some(b'{')) | (b'}', Some(b'}')) => rest = &behind[1..],
            (b'{', _) => {
                let Some(end) = behind.find('}') else { return false };
                let field = &behind[..end];
                if !field.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric()
                        || b" _:!<>^+-,%=".contains(&byte)
                        || is_precision(field, byte)
                }) {
                    return false;
                }
                rest = &behind[end + 1..];
            }
            (b'\\', Some(b'n' | b't')) => rest = &behind[1..],
            _ => return false,
        }
    }
    true
}

/// Claims that each point of the field stands behind its colon, where it begins a precision.
fn is_precision(field: &str, byte: u8) -> bool {
    let name = field.split(':').next().unwrap_or_default();
    byte == b'.' && !name.contains('.')
}
