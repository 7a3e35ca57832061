//! JSON text that is changed where it must be and left byte for byte elsewhere: the order of keys, the indentation and
//! the way a number is written are the user's.
//!
//! MUST rules:
//! 1. What is not strict JSON (RFC 8259) is refused: a comment would be lost, a trailing comma would move.
//! 2. A key that stands twice in one object is refused: readers differ in which of the two they take.
//! 3. No panic on any input: nesting is limited, and every edit is parsed again.

use std::ops::Range;

use super::Refusal;

/// The deepest nesting that is read; no agent's settings come near it.
const DEEPEST: usize = 64;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Text(String),
    /// A number, `true`, `false` or `null`.
    Other,
}

/// A key and its value; the key begins at `start`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: String,
    start: usize,
    pub(super) value: Node,
}

impl Node {
    /// Returns the value of a key, or `None` where this is no object or has no such key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Returns the members of an object; none of anything else.
    pub(super) fn members(&self) -> &[Member] {
        if let Kind::Object(members) = &self.kind { members } else { &[] }
    }

    /// Returns the items of an array; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        if let Kind::Array(items) = &self.kind { items } else { &[] }
    }

    /// Returns the characters of a string.
    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// Returns what this is, for a message.
    pub(super) fn name(&self) -> &'static str {
        match &self.kind {
            Kind::Object(_) => "an object",
            Kind::Array(_) => "a list",
            Kind::Text(_) => "a string",
            Kind::Other => "a number, a truth value or null",
        }
    }

    /// Returns where each child begins and ends.
    fn children(&self) -> Vec<Range<usize>> {
        match &self.kind {
            Kind::Object(members) => {
                members.iter().map(|member| member.start..member.value.span.end).collect()
            }
            Kind::Array(items) => items.iter().map(|item| item.span.clone()).collect(),
            Kind::Text(_) | Kind::Other => Vec::new(),
        }
    }
}

/// A value that gate writes, its keys in the order in which a person would write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Text(String),
    Number(u32),
    True,
    List(Vec<Json>),
    Map(Vec<(&'static str, Json)>),
}

impl Json {
    /// Returns the value as other parts of gate know it, for comparing.
    pub(super) fn value(&self) -> serde_json::Value {
        match self {
            Json::Text(text) => text.as_str().into(),
            Json::Number(number) => (*number).into(),
            Json::True => true.into(),
            Json::List(items) => items.iter().map(Json::value).collect(),
            Json::Map(members) => {
                members.iter().map(|(key, value)| ((*key).to_owned(), value.value())).collect()
            }
        }
    }

    /// Writes it with `style`, the following lines indented by `indent` and more.
    pub(super) fn written(&self, style: &Style, indent: &str) -> String {
        let deeper = format!("{indent}{}", style.unit);
        let (open, close, parts): (_, _, Vec<String>) = match self {
            Json::Text(text) => return quoted(text),
            Json::Number(number) => return number.to_string(),
            Json::True => return "true".to_owned(),
            Json::List(items) => ('[', ']', items.iter().map(|item| item.written(style, &deeper)).collect()),
            Json::Map(members) => {
                let part = |(key, value): &(&str, Json)| {
                    format!("{}: {}", quoted(key), value.written(style, &deeper))
                };
                ('{', '}', members.iter().map(part).collect())
            }
        };
        if parts.is_empty() || style.is_flat {
            return format!("{open}{}{close}", parts.join(", "));
        }
        let newline = style.newline;
        format!(
            "{open}{newline}{deeper}{}{newline}{indent}{close}",
            parts.join(&format!(",{newline}{deeper}"))
        )
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How a text is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    unit: String,
    newline: &'static str,
    /// Claims that everything stands on one line.
    is_flat: bool,
}

impl Style {
    /// Returns the layout of `text`; two blanks where it shows none.
    pub(super) fn of(text: &str, root: &Node) -> Style {
        let first = root.children().first().map(|child| indentation(text, child.start));
        let unit = first.filter(|unit| !unit.is_empty()).unwrap_or("  ").to_owned();
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let is_flat = !root.children().is_empty() && !text[root.span.clone()].contains('\n');
        Style { unit, newline, is_flat }
    }
}

/// Returns the blanks at the beginning of the line of `at`.
fn indentation(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Returns `text` with a child added at the end of `container`: a member if there is a key.
pub(super) fn appended(
    text: &str,
    container: &Node,
    key: Option<&str>,
    value: &Json,
    style: &Style,
) -> String {
    let base = indentation(text, container.span.start);
    let children = container.children();
    let label = key.map(|key| format!("{}: ", quoted(key))).unwrap_or_default();
    let Some(last) = children.last() else {
        let (open, close) = if key.is_some() { ('{', '}') } else { ('[', ']') };
        let inner = if style.is_flat {
            format!("{label}{}", value.written(style, ""))
        } else {
            let deeper = format!("{base}{}", style.unit);
            let written = value.written(style, &deeper);
            format!("{0}{deeper}{label}{written}{0}{base}", style.newline)
        };
        return spliced(text, container.span.clone(), &format!("{open}{inner}{close}"));
    };
    let before = &text[container.span.start..children[0].start];
    let added = if before.contains('\n') {
        let indent = indentation(text, last.start);
        format!(",{}{indent}{label}{}", style.newline, value.written(style, indent))
    } else {
        let flat = Style { is_flat: true, ..style.clone() };
        format!(", {label}{}", value.written(&flat, ""))
    };
    spliced(text, last.end..last.end, &added)
}

/// Returns `text` without the child `index` of `container`.
pub(super) fn removed(text: &str, container: &Node, index: usize) -> String {
    let children = container.children();
    let child = &children[index];
    let span = match (index.checked_sub(1).map(|before| &children[before]), children.get(index + 1)) {
        (Some(before), _) => before.end..child.end,
        (None, Some(after)) => child.start..after.start,
        (None, None) => container.span.start + 1..container.span.end - 1,
    };
    spliced(text, span, "")
}

/// Returns `text` with another value in the place of `node`.
pub(super) fn replaced(text: &str, node: &Node, value: &Json, style: &Style) -> String {
    spliced(text, node.span.clone(), &value.written(style, indentation(text, node.span.start)))
}

/// Returns `text` with other characters in the place of `span`.
pub(super) fn spliced(text: &str, span: Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..span.start], &text[span.end..])
}

/// Returns the value that `text` is.
///
/// # Errors
/// Text that breaks MUST rule 1 or 2, with its place.
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let mut parser = Parser { text, at: 0 };
    let root = parser.value(0)?;
    parser.blanks();
    if parser.at < text.len() { Err(parser.problem("nothing more")) } else { Ok(root) }
}

struct Parser<'text> {
    text: &'text str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn takes(&mut self, token: char) -> bool {
        self.blanks();
        let is_there = self.rest().starts_with(token);
        self.at += if is_there { token.len_utf8() } else { 0 };
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Node, Refusal> {
        self.blanks();
        let start = self.at;
        if depth > DEEPEST {
            return Err(self.problem("less nesting"));
        }
        let kind = match self.rest().bytes().next() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::Text(self.string()?),
            _ => self.other()?,
        };
        Ok(Node { span: start..self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Refusal> {
        let mut members: Vec<Member> = Vec::new();
        self.at += 1;
        if self.takes('}') {
            return Ok(Kind::Object(members));
        }
        loop {
            self.blanks();
            let start = self.at;
            let key = self.string()?;
            if members.iter().any(|member| member.key == key) {
                self.at = start;
                return Err(self.problem(&format!("`{key}` only once")));
            }
            if !self.takes(':') {
                return Err(self.problem("`:`"));
            }
            let value = self.value(depth + 1)?;
            members.push(Member { key, start, value });
            if self.takes('}') {
                return Ok(Kind::Object(members));
            }
            if !self.takes(',') {
                return Err(self.problem("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Refusal> {
        let mut items = Vec::new();
        self.at += 1;
        if self.takes(']') {
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes(']') {
                return Ok(Kind::Array(items));
            }
            if !self.takes(',') {
                return Err(self.problem("`,` or `]`"));
            }
        }
    }

    /// The end is found by hand; what stands between is left to serde_json.
    fn string(&mut self) -> Result<String, Refusal> {
        let mut is_escaped = true;
        let end = self.rest().bytes().enumerate().find_map(|(at, byte)| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end.then_some(at + 1)
        });
        let end = end.filter(|_| self.rest().starts_with('"'));
        let text = end.and_then(|end| serde_json::from_str(&self.rest()[..end]).ok());
        match (end, text) {
            (Some(end), Some(text)) => {
                self.at += end;
                Ok(text)
            }
            _ => Err(self.problem("a string")),
        }
    }

    fn other(&mut self) -> Result<Kind, Refusal> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        let read = serde_json::from_str::<serde_json::Value>(&self.rest()[..end]);
        match read {
            Ok(_) => {
                self.at += end;
                Ok(Kind::Other)
            }
            Err(_) => Err(self.problem("a value")),
        }
    }

    fn problem(&self, expected: &str) -> Refusal {
        let before = &self.text[..self.at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let what = if self.rest().starts_with("//") || self.rest().starts_with("/*") {
            "it has comments, which gate would have to take apart".to_owned()
        } else if self.rest().starts_with(['}', ']']) && before.trim_end().ends_with(',') {
            "it has a trailing comma, which strict JSON does not know".to_owned()
        } else if self.rest().is_empty() {
            format!("it ends where {expected} is expected")
        } else {
            format!("expected {expected}")
        };
        Refusal::new(format!("line {line}, column {column}: {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(parse(text).map_err(|refusal| refusal.what), Err(expected.to_owned()));
    }

    #[test]
    fn what_is_not_strict_json_is_refused_with_its_place() {
        refused("", "line 1, column 1: it ends where a value is expected");
        refused("{\n  // note\n}", "line 2, column 3: it has comments, which gate would have to take apart");
        refused("[1, /* x */ 2]", "line 1, column 5: it has comments, which gate would have to take apart");
        refused(
            "{\"a\": 1,\n}",
            "line 2, column 1: it has a trailing comma, which strict JSON does not know",
        );
        refused("[1,]", "line 1, column 4: it has a trailing comma, which strict JSON does not know");
        refused("{\"a\": 1, \"a\": 2}", "line 1, column 10: expected `a` only once");
        refused("{'a': 1}", "line 1, column 2: expected a string");
        refused("{\"a\" 1}", "line 1, column 6: expected `:`");
        refused("{\"a\": 1} x", "line 1, column 10: expected nothing more");
        refused("{\"a\": nope}", "line 1, column 7: expected a value");
        refused("\"\\ud800\"", "line 1, column 1: expected a string");
        refused("\u{feff}{}", "line 1, column 1: expected a value");
        let deep = "[".repeat(100);
        assert!(parse(&deep).is_err());
    }

    #[track_caller]
    fn adds(before: &str, expected: &str) {
        let root = parse(before).unwrap();
        let value = Json::List(vec![Json::Map(vec![("x", Json::Number(1))])]);
        let after = appended(before, &root, Some("new"), &value, &Style::of(before, &root));
        assert_eq!(after, expected);
        let root = parse(&after).unwrap();
        let last = root.members().len() - 1;
        assert_eq!(parse(&removed(&after, &root, last)), parse(&before.replace("{ }", "{}")));
    }

    #[test]
    fn added_member_looks_like_the_text_around_it() {
        adds("{}", "{\n  \"new\": [\n    {\n      \"x\": 1\n    }\n  ]\n}");
        adds("{ }\n", "{\n  \"new\": [\n    {\n      \"x\": 1\n    }\n  ]\n}\n");
        adds("{\"a\":1}", "{\"a\":1, \"new\": [{\"x\": 1}]}");
        adds("{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"new\": [\n\t\t{\n\t\t\t\"x\": 1\n\t\t}\n\t]\n}\n");
        adds("{\r\n \"a\": 1\r\n}", "{\r\n \"a\": 1,\r\n \"new\": [\r\n  {\r\n   \"x\": 1\r\n  }\r\n ]\r\n}");
    }

    #[test]
    fn removed_child_takes_one_comma_along() {
        let case = |text: &str, index: usize, expected: &str| {
            assert_eq!(removed(text, &parse(text).unwrap(), index), expected);
        };
        case("[1, 2, 3]", 0, "[2, 3]");
        case("[1, 2, 3]", 1, "[1, 3]");
        case("[1, 2, 3]", 2, "[1, 2]");
        case("[ 1 ]", 0, "[]");
        case("{\n  \"a\": 1,\n  \"b\": 2\n}", 1, "{\n  \"a\": 1\n}");
    }

    proptest! {
        #[test]
        fn parser_agrees_with_serde_json(text in r#"[\[\]{}:,"\\ a1-9eE+.ntruf\n-]{0,24}"#) {
            let ours = parse(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            // A key that stands twice is the one thing in which gate is the stricter of the two.
            let twice = parse(&text).is_err_and(|refusal| refusal.what.contains("only once"));
            prop_assert!(ours == theirs || (theirs && twice), "{text:?}: {ours} {theirs}");
        }
    }
}
