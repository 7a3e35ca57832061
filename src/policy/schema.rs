//! The JSON schema of a policy file, for editors that complete and check it.
//!
//! It is asked of the code that reads the file, so that the two cannot drift apart: a reader that reads nothing goes
//! through the types of [`File`] and notes which keys each of them asks for, what they hold, and which words it takes. What a
//! key is for stands in the comments of those types. What the types do not say, [`super::valid`] checks; the few of its rules that a
//! schema can express are in [`SAID`].
//!
//! Draft 7, which taplo and the editors that use it read: <https://json-schema.org/draft-07>, <https://taplo.tamasfe.dev>.

mod comments;
mod reader;

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::file::File;
use super::valid::FACTS;
use comments::Comments;
use reader::{Reader, Seen};

/// How often the types are gone through at most: once for each list of words, and once for each key.
const MOST: usize = 1_000;

/// What only [`super::valid`] knows: a key of a type, and what has to hold for it.
const SAID: [(&str, &str, &str); 18] = [
    ("Head", "version", r#"{"const": 1}"#),
    ("Rule", "id", r#"{"pattern": "^[^.\\s]+\\.\\S+$"}"#),
    ("Rule", "reason", r#"{"pattern": "\\S"}"#),
    ("Rule", "match", r#"{"minItems": 1}"#),
    ("Label", "match", r#"{"minItems": 1}"#),
    ("Preview", "match", r#"{"minItems": 1}"#),
    ("Show", "what", r#"{"pattern": "\\S"}"#),
    ("Show", "run", r#"{"minItems": 1}"#),
    ("Show", "leaves_out", r#"{"pattern": "^-", "items": {"pattern": "^-"}}"#),
    ("Show", "timeout", r#"{"pattern": "^([0-9]+[smhd])+$"}"#),
    ("Override", "reason", r#"{"pattern": "\\S"}"#),
    ("Matcher", "option", OPTION),
    ("Matcher", "option_all", OPTION),
    ("Matcher", "option_none", OPTION),
    ("Matcher", "value", r#"{"propertyNames": {"pattern": "^[-+]"}}"#),
    ("Approval", "quorum", r#"{"minimum": 1}"#),
    ("Approval", "deadline", r#"{"pattern": "^([0-9]+[smhd])+$"}"#),
    ("Escalation", "after", r#"{"pattern": "^([0-9]+[smhd])+$"}"#),
];

const OPTION: &str = r#"{"pattern": "^[-+]", "items": {"pattern": "^[-+]"}}"#;

/// Returns the schema of a policy file; `built_in` of a pack, which needs no `[policy]` and may set the floor.
pub fn schema(built_in: bool) -> Value {
    let seen = gone_through();
    let comments = Comments::of(&[
        include_str!("file.rs"),
        include_str!("preview.rs"),
        include_str!("../shell/program.rs"),
    ]);
    let mut types: BTreeMap<String, Value> = seen.types.clone();
    for (name, body) in &mut types {
        explain(name, body, &comments);
        require(name, body, &seen);
    }
    for (name, key, more) in SAID {
        say(&mut types, name, key, &serde_json::from_str(more).unwrap_or_default());
    }
    say(&mut types, "Matcher", "fact", &json!({ "propertyNames": { "enum": FACTS } }));
    let key = json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/definitions/Key" }] });
    say_instead(&mut types, "Approver", "keys", json!({ "type": "array", "items": key }));
    only_once(&mut types);
    let mut whole = types.remove("File").unwrap_or_default();
    if !built_in {
        take_out(&mut types, "Rule", "floor");
        whole["required"] = json!(["policy"]);
    }
    whole["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    whole["title"] = json!("a policy of gate");
    whole["definitions"] = Value::Object(types.into_iter().collect());
    whole
}

/// Goes through the types until every word they take and every key they need is known.
fn gone_through() -> Seen {
    let mut seen = Seen::default();
    for _ in 0..MOST {
        let read = File::deserialize(Reader::of(&seen, "File", None));
        match read {
            Ok(_) => break,
            // It says which words it takes instead of the one it was given.
            Err(error) => seen.learn_words(&error.to_string()),
        }
    }
    let keys: Vec<(String, String)> = seen.keys();
    for (name, key) in keys {
        let read = File::deserialize(Reader::of(&seen, "File", Some((&name, &key))));
        if read.is_err_and(|error| error.to_string().starts_with("missing field")) {
            seen.needs(&name, &key);
        }
    }
    seen
}

fn explain(name: &str, body: &mut Value, comments: &Comments) {
    if let Some(text) = comments.of_type(name) {
        body["description"] = json!(text);
    }
    let Some(keys) = body["properties"].as_object_mut() else { return };
    for (key, value) in keys {
        // Nothing may stand beside a reference in draft 7.
        if value.get("$ref").is_some() {
            *value = json!({ "allOf": [value.take()] });
        }
        if let Some(text) = comments.of_key(name, key) {
            value["description"] = json!(text);
        }
    }
}

fn require(name: &str, body: &mut Value, seen: &Seen) {
    let mut needed: Vec<&str> = seen.needed(name);
    // A rule without a reason is refused later.
    needed.extend((name == "Rule").then_some("reason"));
    needed.extend((["Program", "Variable"].contains(&name) && !needed.contains(&"name")).then_some("name"));
    if !needed.is_empty() {
        body["required"] = json!(needed);
    }
}

/// Adds to what a key holds, in each of its forms that the addition speaks of.
fn say(types: &mut BTreeMap<String, Value>, name: &str, key: &str, more: &Value) {
    let Some(value) = types.get_mut(name).and_then(|body| body["properties"].get_mut(key)) else { return };
    let forms: Vec<&mut Value> = match value.get("anyOf").is_some() {
        true => value["anyOf"].as_array_mut().into_iter().flatten().collect(),
        false => vec![value],
    };
    for form in forms {
        let is_list = form["type"] == "array";
        for (word, wanted) in more.as_object().into_iter().flatten() {
            let fits = ["items", "minItems"].contains(&word.as_str()) == is_list;
            if fits && word == "items" {
                merge(&mut form["items"], wanted);
            } else if fits {
                form[word] = wanted.clone();
            }
        }
    }
}

fn merge(into: &mut Value, more: &Value) {
    for (word, wanted) in more.as_object().into_iter().flatten() {
        into[word] = wanted.clone();
    }
}

/// `[approval.high]` holds no further risks.
fn only_once(types: &mut BTreeMap<String, Value>) {
    let risks = ["low", "medium", "high", "critical"];
    let Some(mut inner) = types.get("Approval").cloned() else { return };
    inner["properties"]
        .as_object_mut()
        .into_iter()
        .for_each(|keys| keys.retain(|key, _| !risks.contains(&key.as_str())));
    for risk in risks {
        say_instead(types, "Approval", risk, json!({ "$ref": "#/definitions/ApprovalOfRisk" }));
    }
    types.insert("ApprovalOfRisk".to_owned(), inner);
}

fn say_instead(types: &mut BTreeMap<String, Value>, name: &str, key: &str, body: Value) {
    let Some(value) = types.get_mut(name).and_then(|body| body["properties"].get_mut(key)) else { return };
    let mut new = Map::new();
    new.insert("allOf".to_owned(), json!([body]));
    new.extend(value.get("description").map(|text| ("description".to_owned(), text.clone())));
    *value = Value::Object(new);
}

fn take_out(types: &mut BTreeMap<String, Value>, name: &str, key: &str) {
    if let Some(keys) = types.get_mut(name).and_then(|body| body["properties"].as_object_mut()) {
        keys.remove(key);
    }
}
