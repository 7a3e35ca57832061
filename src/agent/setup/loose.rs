//! JSON as editors write it, with comments and trailing commas, made strict. Only for looking: what gate changes must be strict.

/// Returns `text` with blanks in the place of comments and of commas before a closing bracket; what stands in strings stays.
pub(super) fn strict(text: &str) -> String {
    let mut strict = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let part = match c {
            '"' => string(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            c => c.len_utf8(),
        };
        match c {
            '/' if part > 1 => strict.push(' '),
            ']' | '}' => {
                let end = strict.trim_end().len();
                if strict[..end].ends_with(',') {
                    strict.truncate(end - 1);
                }
                strict.push(c);
            }
            _ => strict.push_str(&rest[..part]),
        }
        rest = &rest[part..];
    }
    strict
}

/// Returns the length of the string that `text` begins with.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::strict;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn comments_and_trailing_commas_go_and_strings_stay() {
        let text = "{ // a \"b\"\n /* , } */ \"url\": \"http://x/*y*/\\\"//\", \"list\": [1, 2, /* 3 */ ], }";
        let value: Value = serde_json::from_str(&strict(text)).unwrap();
        assert_eq!(value, json!({ "url": "http://x/*y*/\"//", "list": [1, 2] }));
        assert_eq!(strict("/*"), " ");
        assert_eq!(strict("\"open"), "\"open");
    }

    proptest! {
        #[test]
        fn what_is_strict_stays_and_nothing_panics(text in r#"[\[\]{}:,"\\/* a1\n]{0,24}"#) {
            let made = strict(&text);
            if serde_json::from_str::<Value>(&text).is_ok() {
                prop_assert_eq!(made, text);
            }
        }
    }
}
