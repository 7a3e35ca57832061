//! Takes secrets out of text before it is hashed, stored or shown, and says where.
//!
//! It errs on the side of the secret: a commit id or a path stays, a value that may be a password goes. What was really
//! executed stays bound by `argv_hmac`, so nothing is lost for a proof.
//!
//! 1. Named options: `--password x`, `--token=x`, and the short ones of known programs (`mysql -px`, `curl -u name:x`).
//! 2. Names beside values: `API_TOKEN=x`, `"password": "x"`, `?token=x`, `Authorization: Bearer x`.
//! 3. Values of a known form: tokens of well-known services, JSON web tokens, private keys.
//! 4. The password in a URL's user info.
//! 5. Values that look random.

mod name;
mod value;

/// Why something was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// The value of an option that is named like a secret.
    Option,
    /// The value beside a name that is named like a secret.
    Named,
    /// A value of the form of a known service's token.
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

    /// Returns what stands in the place of the secret.
    pub fn stand_in(self) -> &'static str {
        match self {
            Secret::Option => "[redacted option]",
            Secret::Named => "[redacted named]",
            Secret::Token => "[redacted token]",
            Secret::Url => "[redacted url]",
            Secret::Random => "[redacted random]",
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
pub fn words(words: &[Vec<u8>], depth: Depth) -> Redacted {
    let mut scan = Scan::new(depth);
    let mut redacted = Redacted { words: Vec::with_capacity(words.len()), marks: Vec::new() };
    for (index, word) in words.iter().enumerate() {
        let before = scan.found.len();
        redacted.words.push(scan.word(word));
        redacted.marks.extend(scan.found[before..].iter().map(|kind| Mark { word: index, kind: *kind }));
    }
    redacted
}

/// Returns `text`, a script or prose, without secrets, and what was taken out in order.
///
/// Words are told apart by blanks and the shell's operators, quoted stretches kept whole: enough to find
/// `--password 'x y'`, and wrong splits only mean that a secret is found by another rule.
pub fn text(text: &[u8], depth: Depth) -> (Vec<u8>, Vec<Secret>) {
    let mut scan = Scan::new(depth);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let gap = rest.iter().position(|byte| !is_gap(*byte)).unwrap_or(rest.len());
        if rest[..gap].iter().any(|byte| b";|&\n(".contains(byte)) {
            scan.begin_command();
        }
        out.extend_from_slice(&rest[..gap]);
        let (word, after) = rest[gap..].split_at(word_end(&rest[gap..]));
        out.extend_from_slice(&scan.word(word));
        rest = after;
    }
    if depth == Depth::Record {
        out = value::without_private_keys(out, &mut scan.found);
    }
    (out, scan.found)
}

/// Returns `text`, which a program printed, without secrets: as [`text`] has it, and line by line what stands behind a name and `:` or `=`,
/// with blanks between them (`password: x` of YAML, `password = "x"` of Terraform), as if they were one word.
pub fn printed(printed: &[u8]) -> Vec<u8> {
    let (clean, _) = text(printed, Depth::Record);
    clean.split(|byte| *byte == b'\n').map(without_value).collect::<Vec<_>>().join(&b'\n')
}

fn without_value(line: &[u8]) -> Vec<u8> {
    let behind_a_name =
        |at: &usize| matches!(line[*at], b':' | b'=') && line.get(at + 1).is_none_or(|next| *next == b' ');
    for at in (0..line.len()).filter(behind_a_name) {
        let (before, after) = (line[..at].trim_ascii_end(), line[at + 1..].trim_ascii());
        let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before);
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        let name = &before[before.iter().rposition(|byte| !is_part(byte)).map_or(0, |place| place + 1)..];
        if name.is_empty() || after.is_empty() || after.starts_with(b"[redacted ") {
            continue;
        }
        let bare: Vec<u8> = after.iter().copied().filter(|byte| !b"\"', ".contains(byte)).collect();
        let word = [name.trim_ascii_start(), b"=", &bare].concat();
        if Scan::new(Depth::Record).word(&word) != word {
            return [&line[..=at], b" ", Secret::Named.stand_in().as_bytes()].concat();
        }
    }
    line.to_vec()
}

fn is_gap(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b";|&()<>".contains(&byte)
}

/// Returns where the word at the start of `text` ends: at a gap outside of quotes, or at the end of an unclosed quote's line.
fn word_end(text: &[u8]) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in text.iter().copied().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (None | Some(b'"'), b'\\') => escaped = true,
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), byte) if byte == open => quote = None,
            (None, byte) if is_gap(byte) => return at,
            _ => {}
        }
    }
    // An apostrophe in prose opens nothing: fall back to the next gap.
    if quote.is_some() {
        text.iter().position(|byte| is_gap(*byte)).unwrap_or(text.len())
    } else {
        text.len()
    }
}

/// Goes through the words of one command after the other.
struct Scan {
    depth: Depth,
    found: Vec<Secret>,
    /// The plain name of the program, once it is known.
    program: Option<String>,
    /// Claims that the word before was an option whose value is secret.
    awaited: Option<name::Hidden>,
}

impl Scan {
    fn new(depth: Depth) -> Scan {
        Scan { depth, found: Vec::new(), program: None, awaited: None }
    }

    fn begin_command(&mut self) {
        self.program = None;
        self.awaited = None;
    }

    fn word(&mut self, word: &[u8]) -> Vec<u8> {
        if word.is_empty() {
            return Vec::new();
        }
        if let Some(hidden) = self.awaited.take()
            && !is_option(word)
        {
            return self.hide(word, hidden);
        }
        if let Some(known) = self.option(word) {
            return known;
        }
        self.learn_program(word);
        match self.depth {
            Depth::Display => word.to_vec(),
            Depth::Record => value::without_secrets(word, &mut self.found),
        }
    }

    /// Takes the first word that is no option or assignment for the program, and the next one after a wrapper.
    fn learn_program(&mut self, word: &[u8]) {
        let is_name = !is_option(word) && !word.contains(&b'=');
        let is_open = self.program.as_deref().is_none_or(|name| name::WRAPPERS.contains(&name));
        if word == b"login" || (is_name && is_open) {
            self.program = Some(plain_name(word));
        }
    }

    /// Returns the option `word` without its value if that is secret; notes if the next word is.
    fn option(&mut self, word: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(word).ok()?;
        if let Some((option, value)) = text.split_once('=').filter(|(option, _)| option.starts_with('-')) {
            let hidden = name::option(self.program.as_deref(), option)?;
            let kept = [option.as_bytes(), b"="].concat();
            return Some([kept, self.hide(value.as_bytes(), hidden)].concat());
        }
        if let Some((option, hidden)) = name::joined(self.program.as_deref(), text) {
            return Some([option.as_bytes().to_vec(), self.hide(&word[option.len()..], hidden)].concat());
        }
        self.awaited = text.starts_with('-').then(|| name::option(self.program.as_deref(), text)).flatten();
        None
    }

    fn hide(&mut self, value: &[u8], hidden: name::Hidden) -> Vec<u8> {
        let kept = match hidden {
            name::Hidden::All => 0,
            name::Hidden::AfterColon => match value.iter().position(|byte| *byte == b':') {
                Some(colon) => colon + 1,
                None => return value.to_vec(),
            },
        };
        // An expansion (`"$TOKEN"`) is no secret, and says more than a mark.
        let plain: &[u8] = &value[kept..];
        let bare: Vec<u8> = plain.iter().copied().filter(|byte| !b"\"{}".contains(byte)).collect();
        if plain.is_empty() || is_variable(&bare) {
            return value.to_vec();
        }
        self.found.push(Secret::Option);
        [&value[..kept], Secret::Option.stand_in().as_bytes()].concat()
    }
}

fn is_option(word: &[u8]) -> bool {
    word.len() > 1 && word[0] == b'-'
}

fn is_variable(word: &[u8]) -> bool {
    word.len() > 1
        && word[0] == b'$'
        && word[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn plain_name(word: &[u8]) -> String {
    let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or(word);
    String::from_utf8_lossy(name).trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests;
