//! What the comments of the types say about them and their keys.

use std::collections::BTreeMap;

/// Comments by type, and by type and key.
pub(super) struct Comments {
    all: BTreeMap<(String, String), String>,
}

impl Comments {
    /// Reads them out of Rust sources: `///` before `pub struct Name {` and before `pub key: …`.
    pub(super) fn of(sources: &[&str]) -> Comments {
        let mut all = BTreeMap::new();
        for source in sources {
            let (mut text, mut name, mut renamed) = (String::new(), String::new(), None);
            for line in source.lines().map(str::trim) {
                if let Some(comment) = line.strip_prefix("///") {
                    text = format!("{text} {}", comment.trim()).trim().to_owned();
                } else if let Some(found) = line.strip_prefix("pub struct ").and_then(word) {
                    name = found.to_owned();
                    all.insert((name.clone(), String::new()), std::mem::take(&mut text));
                } else if let Some(found) = line.strip_prefix("pub ").and_then(key) {
                    let key = renamed.take().unwrap_or(found).to_owned();
                    all.insert((name.clone(), key), std::mem::take(&mut text));
                } else if line.starts_with("#[") {
                    renamed = line
                        .split_once("rename = \"")
                        .and_then(|(_, rest)| rest.split('"').next())
                        .or(renamed);
                } else {
                    text.clear();
                    renamed = None;
                }
            }
        }
        Comments { all }
    }

    /// Returns what is said about a type.
    pub(super) fn of_type(&self, name: &str) -> Option<&str> {
        self.of_key(name, "")
    }

    /// Returns what is said about a key of a type.
    pub(super) fn of_key(&self, name: &str, key: &str) -> Option<&str> {
        let found = self.all.get(&(name.to_owned(), key.to_owned()))?;
        (!found.is_empty()).then_some(found)
    }
}

fn word(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_alphanumeric()).next().filter(|word| !word.is_empty())
}

fn key(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(": ")?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(name)
}
