//! Values that are secrets by their looks or by the name beside them.

use super::{Secret, is_variable, name};

/// Beginnings of the tokens of well-known services, and how many characters must follow at least.
///
/// Sources: the services' own documentation of their token formats (GitHub, GitLab, Slack, Stripe, AWS, Google, npm, PyPI, Anthropic,
/// OpenAI, DigitalOcean, Hugging Face, SendGrid, Shopify, age, HashiCorp Vault, Databricks, Doppler, Linear, Atlassian).
const TOKENS: &[(&str, usize)] = &[
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("gldt-", 16),
    ("glrt-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxs-", 10),
    ("xoxr-", 10),
    ("xapp-", 10),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("whsec_", 10),
    ("sk-ant-", 16),
    ("sk-proj-", 16),
    ("sk-or-", 16),
    ("sk-", 32),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("GOCSPX-", 16),
    ("npm_", 30),
    ("pypi-", 16),
    ("dop_v1_", 20),
    ("hf_", 20),
    ("SG.", 30),
    ("shpat_", 20),
    ("AGE-SECRET-KEY-", 20),
    ("hvs.", 20),
    ("hvb.", 20),
    ("dapi", 30),
    ("dp.pt.", 20),
    ("lin_api_", 20),
    ("ATATT3", 20),
];

/// A run of characters shorter than this is not judged by its randomness.
const RANDOM_LENGTH: usize = 24;
/// Bits of entropy a character: random base64 of 24 characters has about 4.3, words and identifiers stay below 3.9.
const RANDOM_BITS: f64 = 3.9;

/// Returns `word` without the secrets in it.
pub(super) fn without_secrets(word: &[u8], found: &mut Vec<Secret>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(word) else { return each_chunk(word, found) };
    if let Some(header) = without_header(text, found) {
        return header.into_bytes();
    }
    let text = without_user_info(text, found);
    let text = without_named(&text, found);
    without_tokens(&text, found).into_bytes()
}

/// Bytes that are not UTF-8 part the text; what lies between is looked at by itself.
fn each_chunk(word: &[u8], found: &mut Vec<Secret>) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    for chunk in word.utf8_chunks() {
        out.extend(without_secrets(chunk.valid().as_bytes(), found));
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// `Authorization: Bearer x` in a word of its own: all after the colon goes.
fn without_header(text: &str, found: &mut Vec<Secret>) -> Option<String> {
    let (open, bare) = match text.as_bytes().first() {
        Some(b'"' | b'\'') => text.split_at(1),
        _ => ("", text),
    };
    let (header, value) = bare.split_once(':')?;
    let is_header =
        !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let value = value.trim_matches([' ', '"', '\'']);
    let scheme = value.split(' ').next().unwrap_or_default();
    let rest = value.strip_prefix(scheme).unwrap_or_default().trim();
    let secret = if rest.is_empty() { value } else { rest };
    if !is_header || !name::is_secret(header) || secret.is_empty() || is_variable(&bare_variable(secret)) {
        return None;
    }
    found.push(Secret::Named);
    let scheme = if rest.is_empty() { String::new() } else { format!("{scheme} ") };
    let close = if open.is_empty() { "" } else { open };
    Some(format!("{open}{header}: {scheme}{}{close}", Secret::Named.stand_in()))
}

fn bare_variable(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| !b"\"'{}".contains(byte)).collect()
}

/// `scheme://user:password@host`: the password goes.
fn without_user_info(text: &str, found: &mut Vec<Secret>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(after.len());
        let info = after[..end].rfind('@').map(|at| &after[..at]);
        match info.and_then(|info| info.split_once(':').map(|(user, password)| (user, password, info.len())))
        {
            Some((user, password, length))
                if !password.is_empty() && !is_variable(&bare_variable(password)) =>
            {
                found.push(Secret::Url);
                out.push_str(&format!("{user}:{}", Secret::Url.stand_in()));
                rest = &after[length..];
            }
            _ => rest = after,
        }
    }
    out.push_str(rest);
    out
}

/// `NAME=value`, `"name": "value"`, `name: value`, `?name=value&`: the value goes where the name is a secret's.
fn without_named(text: &str, found: &mut Vec<Secret>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(&after[..1]);
        rest = &after[1..];
        if !name::is_secret(trailing_name(before)) {
            continue;
        }
        let (gap, value, end) = leading_value(rest, &after[..1]);
        if !value.is_empty() && !is_variable(&bare_variable(value)) && !value.contains("[redacted") {
            found.push(Secret::Named);
            out.push_str(gap);
            out.push_str(Secret::Named.stand_in());
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

/// Returns the name that `text` ends with, quotes taken off.
fn trailing_name(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '"', '\'', '\\']);
    let start = text
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    text[start..].trim_start_matches('-')
}

/// Returns what stands before the value at the start of `text`, the value, and where it ends.
fn leading_value<'a>(text: &'a str, separator: &str) -> (&'a str, &'a str, usize) {
    let gap = text.len() - text.trim_start_matches([' ', '\\']).len();
    // `::` and `://` name no value.
    if separator == ":" && (text.starts_with(':') || text.starts_with("//")) {
        return ("", "", 0);
    }
    let inner = &text[gap..];
    let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (open, end) = match quote {
        Some(quote) => (1, inner[1..].find(quote).map_or(inner.len(), |end| end + 1)),
        None => (0, inner.find(['&', ',', ' ', '"', '\'', '}', ';', '\n', '\\']).unwrap_or(inner.len())),
    };
    (&text[..gap + open], &inner[open..end], gap + end)
}

/// Known tokens and random-looking runs go wherever they stand.
fn without_tokens(text: &str, found: &mut Vec<Secret>) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.+=/~".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let gap = rest.find(is_part).unwrap_or(rest.len());
        out.push_str(&rest[..gap]);
        rest = &rest[gap..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        out.push_str(&run(&rest[..end], found));
        rest = &rest[end..];
    }
    out
}

/// Looks at one unbroken run of characters, and at the pieces between its slashes and equals signs.
fn run(text: &str, found: &mut Vec<Secret>) -> String {
    if is_web_token(text) {
        found.push(Secret::Token);
        return Secret::Token.stand_in().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(['/', '=', '+']) {
        let body = piece.trim_end_matches(['/', '=', '+']);
        match (token_start(body), is_random(body)) {
            (Some(start), _) => {
                found.push(Secret::Token);
                out.push_str(&body[..start]);
                out.push_str(Secret::Token.stand_in());
            }
            (None, true) => {
                found.push(Secret::Random);
                out.push_str(Secret::Random.stand_in());
            }
            (None, false) => out.push_str(body),
        }
        out.push_str(&piece[body.len()..]);
    }
    // A key in base64 with slashes in it: the pieces are short, the whole is random.
    let looks_like_path = text.starts_with(['/', '.', '~']) || text.contains("//") || text.contains('.');
    if out == text
        && text.len() >= 40
        && !looks_like_path
        && text.contains(['/', '+'])
        && is_random(&text.replace(['/', '+', '='], ""))
    {
        found.push(Secret::Random);
        return Secret::Random.stand_in().to_owned();
    }
    out
}

/// A JSON web token: three runs of base64url, the first a JSON object.
fn is_web_token(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts[0].starts_with("eyJ") && parts[0].len() >= 10 && parts[1].len() >= 10
}

fn token_start(text: &str) -> Option<usize> {
    let starts = TOKENS.iter().filter_map(|(prefix, least)| {
        let at = text.find(prefix)?;
        let bounded = at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
        let body = &text[at + prefix.len()..];
        let long =
            body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)).count()
                >= *least;
        let upper = !matches!(*prefix, "AKIA" | "ASIA")
            || body.bytes().take(*least).all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let mixed = !matches!(*prefix, "sk-" | "dapi") || body.bytes().any(|b| b.is_ascii_digit());
        (bounded && long && upper && mixed).then_some(at)
    });
    starts.min()
}

/// Claims that `text` has the look of a random value: long, of all three kinds of characters, and with no pattern.
/// Digests and ids in hexadecimal are of two kinds only and stay.
fn is_random(text: &str) -> bool {
    let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
    text.len() >= RANDOM_LENGTH
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
        && count(u8::is_ascii_digit) >= if text.len() < 36 { 2 } else { 1 }
        && bits(text) >= RANDOM_BITS
}

/// Returns Shannon's entropy of the characters, in bits a character.
fn bits(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|p| -p * p.log2())
        .sum()
}

/// `-----BEGIN … PRIVATE KEY-----` and all up to its end goes, across lines.
pub(super) fn without_private_keys(text: Vec<u8>, found: &mut Vec<Secret>) -> Vec<u8> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"PRIVATE KEY-----";
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|window| window == what);
    let Some(start) = find(&text, BEGIN) else { return text };
    let Some(head) = find(&text[start..], END) else { return text };
    let body = start + head + END.len();
    let end = find(&text[body..], END).map_or(text.len(), |at| body + at + END.len());
    found.push(Secret::Token);
    let rest = without_private_keys(text[end..].to_vec(), found);
    [&text[..start], Secret::Token.stand_in().as_bytes(), &rest].concat()
}
