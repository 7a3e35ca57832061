//! The tokens that JavaScript, Ruby, Perl and PHP have in common.

use super::listed::Tongue;

/// One token; a line end is a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    /// `$name`
    Variable(&'a str),
    Number,
    /// A text in which nothing is put in place, and what it says where it is written as it is.
    Text(Option<&'a str>),
    Sign(&'a str),
}

const SIGNS: [&str; 14] =
    ["===", "!==", "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "**", "::", "//", "/*"];

/// Returns the tokens of `code`, or `None` where they are not certain.
pub(super) fn tokens(tongue: Tongue, code: &str) -> Option<Vec<Token<'_>>> {
    let mut out = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b' ' => 1,
            b'0'..=b'9' => number(rest, &mut out)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => word(tongue, rest, &mut out)?,
            b'$' => variable(tongue, rest, &mut out)?,
            b'\'' | b'"' => text(tongue, rest, &mut out)?,
            b'`' if tongue == Tongue::JavaScript => text(tongue, rest, &mut out)?,
            _ => sign(tongue, rest, &mut out)?,
        };
        rest = rest.get(length..)?;
    }
    Some(out)
}

fn number<'a>(rest: &'a str, out: &mut Vec<Token<'a>>) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(rest);
    if rest[length..].starts_with('.') && digits(&rest[length + 1..]) > 0 {
        length += 1 + digits(&rest[length + 1..]);
    }
    let ends = !rest[length..].starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '.');
    out.push(Token::Number);
    ends.then_some(length)
}

fn length_of_word(rest: &str) -> usize {
    rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

fn word<'a>(tongue: Tongue, rest: &'a str, out: &mut Vec<Token<'a>>) -> Option<usize> {
    let length = length_of_word(rest);
    // `q(…)`, `x'…'` and the like begin a text or a command of their own.
    let is_glued = rest[length..].starts_with(['\'', '"', '`', '?', '!', '$']);
    out.push(Token::Name(&rest[..length]));
    (!is_glued || (tongue == Tongue::JavaScript && rest[length..].starts_with(['!', '?']))).then_some(length)
}

fn variable<'a>(tongue: Tongue, rest: &'a str, out: &mut Vec<Token<'a>>) -> Option<usize> {
    let length = length_of_word(&rest[1..]);
    let is_name = matches!(tongue, Tongue::Perl | Tongue::Php)
        && length > 0
        && !rest.as_bytes()[1].is_ascii_digit()
        && !rest[1 + length..].starts_with(['\'', ':']);
    out.push(Token::Variable(&rest[1..=length]));
    is_name.then_some(1 + length)
}

/// Reads a text in quotes; one in which the language puts something in place is none.
fn text<'a>(tongue: Tongue, rest: &'a str, out: &mut Vec<Token<'a>>) -> Option<usize> {
    let bytes = rest.as_bytes();
    let quote = bytes[0];
    let mut at = 1;
    while *bytes.get(at)? != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    let content = rest.get(1..at)?;
    let puts_in = match (tongue, quote) {
        (Tongue::JavaScript, b'`') => content.contains("${"),
        (Tongue::JavaScript, _) => content.contains('\n'),
        (_, b'\'') => false,
        (Tongue::Ruby, _) => content.contains('#'),
        (Tongue::Perl, _) => content.contains(['$', '@']),
        (Tongue::Php, _) => content.contains('$'),
    };
    let is_odd = content.contains(|sign: char| sign.is_control() && sign != '\n' && sign != '\t');
    out.push(Token::Text((!content.contains('\\')).then_some(content)));
    (!puts_in && !is_odd).then_some(at + 1)
}

fn sign<'a>(tongue: Tongue, rest: &'a str, out: &mut Vec<Token<'a>>) -> Option<usize> {
    if rest.starts_with("<!--") || rest.starts_with("-->") || rest.starts_with("++") || rest.starts_with("--")
    {
        return None;
    }
    let long = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    let length = match long {
        Some(&("//" | "/*")) => return None,
        Some(sign) => sign.len(),
        None if b"()[]{},;:.=<>+-*/%!?\n".contains(&rest.as_bytes()[0]) => 1,
        None => return None,
    };
    let sign = &rest[..length];
    let before = out.last();
    let is_behind_value = match before {
        Some(Token::Number | Token::Text(_) | Token::Variable(_) | Token::Sign(")" | "]")) => true,
        // Ruby and Perl may take what looks like an operator for the beginning of an argument.
        Some(Token::Name(_)) => matches!(tongue, Tongue::JavaScript | Tongue::Php),
        Some(Token::Sign(_)) | None => false,
    };
    if matches!(sign, "/" | "%" | "<" | "*" | "?" | "**" | "::")
        && !is_behind_value
        && !(sign == "::" && tongue == Tongue::Ruby)
    {
        return None;
    }
    // A line that JavaScript may read as going on ends nothing.
    if tongue == Tongue::JavaScript && sign == "\n" {
        let next = rest.trim_start().chars().next();
        let opens = matches!(before, Some(Token::Sign("(" | "[" | "{" | ",")));
        let ends = next.is_none_or(|next| next.is_ascii_alphabetic());
        let closes = matches!(next, Some(')' | ']' | '}'));
        if !(ends || opens || closes) {
            return None;
        }
    }
    out.push(Token::Sign(sign));
    Some(length)
}
