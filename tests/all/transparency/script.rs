//! A script of `tests/transparency/`: its text, and what its `#=` lines say about how it is run.
//!
//! ```text
//! #: the title
//! #= shell: sh                        another shell than bash
//! #= options: -eu -o pipefail         the shell's options
//! #= args: zero one "two words"       `$0` (where the form has one) and the arguments
//! #= env: NAME=VALUE                  a variable more, or without `=` one less
//! #= file: NAME "text\n"              a file in the working directory
//! #= stdin: one\ntwo\n                standard input
//! #= stdin-zeros: 1000                the same, so many zeros
//! #= types: yes\n                     what a person types once `ready` stands on the terminal
//! #= forms: c file stdin tty          how it is given to the shell; the first three if not said, without a `stdin` of its own
//! #= bash: text\n                     standard output, where it is not the same under gate,
//! #= gate: text\n                     … and what it is there,
//! #= because: the reason              … and why
//! ```

/// How a script is given to the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `-c TEXT [ZERO ARG…]`.
    Text,
    /// `./script.sh [ARG…]`.
    File,
    /// `-s [ARG…]`, the text on standard input.
    Stdin,
    /// As text, with a terminal for all three streams.
    Terminal,
}

/// A difference that cannot be mended.
#[derive(Clone, Debug, Default)]
pub(super) struct Difference {
    pub(super) bash: Vec<u8>,
    pub(super) gate: Vec<u8>,
    pub(super) because: String,
}

#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) shell: String,
    pub(super) options: Vec<Vec<u8>>,
    pub(super) args: Vec<Vec<u8>>,
    pub(super) env: Vec<(String, Option<Vec<u8>>)>,
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) stdin: Vec<u8>,
    pub(super) types: Vec<u8>,
    pub(super) forms: Vec<Form>,
    pub(super) differs: Option<Difference>,
}

/// Returns the scripts of a file.
pub(super) fn scripts(file: &str) -> Vec<Script> {
    let mut all: Vec<Script> = Vec::new();
    for line in file.split_inclusive('\n') {
        if let Some(title) = line.strip_prefix("#: ") {
            all.push(Script::titled(title.trim_end()));
            continue;
        }
        let script = all.last_mut().expect("a title before the first line");
        match line.strip_prefix("#= ").and_then(|line| line.trim_end_matches('\n').split_once(": ")) {
            Some((key, value)) => script.told(key, value),
            None => script.text.push_str(line),
        }
    }
    all
}

impl Script {
    fn titled(title: &str) -> Script {
        Script {
            title: title.to_owned(),
            text: String::new(),
            shell: "bash".to_owned(),
            options: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            files: Vec::new(),
            stdin: Vec::new(),
            types: Vec::new(),
            forms: vec![Form::Text, Form::File, Form::Stdin],
            differs: None,
        }
    }

    fn told(&mut self, key: &str, value: &str) {
        match key {
            "shell" => value.clone_into(&mut self.shell),
            "options" => self.options = words(value),
            "args" => self.args = words(value),
            "env" => self.env.push(match value.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(unescaped(value))),
                None => (value.to_owned(), None),
            }),
            "file" => {
                let (name, text) = value.split_once(' ').expect("a name and a text");
                self.files.push((name.to_owned(), words(text).concat()));
            }
            "stdin" => self.given(unescaped(value)),
            "stdin-zeros" => self.given(vec![0; value.parse().expect("a number of zeros")]),
            "types" => self.types = unescaped(value),
            "forms" => self.forms = value.split(' ').map(form).collect(),
            "bash" => self.differs.get_or_insert_default().bash = unescaped(value),
            "gate" => self.differs.get_or_insert_default().gate = unescaped(value),
            "because" => self.differs.get_or_insert_default().because = value.to_owned(),
            _ => panic!("`{key}` says nothing about a script"),
        }
    }

    /// Takes standard input for the script to read, so that the script does not come that way.
    fn given(&mut self, stdin: Vec<u8>) {
        self.stdin = stdin;
        self.forms.retain(|form| *form != Form::Stdin);
    }
}

fn form(word: &str) -> Form {
    match word {
        "c" => Form::Text,
        "file" => Form::File,
        "stdin" => Form::Stdin,
        "tty" => Form::Terminal,
        _ => panic!("`{word}` is no form"),
    }
}

/// Splits at blanks outside of double quotes.
fn words(text: &str) -> Vec<Vec<u8>> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut is_quoted) = (None::<String>, false);
    for letter in text.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words.iter().map(|word| unescaped(word)).collect()
}

/// Returns the bytes that `\n`, `\t`, `\\` and `\xHH` stand for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).expect("two hexadecimal digits")
            }
            Some(other) => other,
            None => b'\\',
        });
    }
    bytes
}

#[test]
fn a_script_is_read_with_what_is_said_about_it() {
    let all =
        scripts("#: one\n#= args: a \"b c\" \"\" \\x41\necho 1\n\n#: two\n#= forms: tty\n#: three\nx\n");
    let [one, two, three] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(one.args, [b"a".to_vec(), b"b c".to_vec(), Vec::new(), b"A".to_vec()]);
    assert_eq!((one.text.as_str(), two.forms.as_slice()), ("echo 1\n\n", [Form::Terminal].as_slice()));
    assert_eq!((three.title.as_str(), three.text.as_str()), ("three", "x\n"));
}
