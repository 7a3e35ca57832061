//! Variables that change what runs: a value that the policy does not trust takes the proof from every name it speaks to.

use super::file::Variable;
use super::glob::{Glob, Token, certain, literal, tokens};
use super::glob_text::is_glob;
use super::matcher::text_matches;
use super::subject::Subject;
use crate::shell::{Piece, Truth, Word};
use crate::world::World;

/// The directories of a `PATH` that need no naming in a policy: root's on every system.
const SYSTEM_PATH: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The builtins that set variables by their operands.
const SETTERS: [&str; 5] = ["export", "declare", "typeset", "readonly", "local"];

/// Every variable that changes what runs, and those of them that gate inherited with an untrusted value.
pub(super) struct Variables<'a> {
    entries: Vec<&'a Variable>,
    trusted_path: Vec<String>,
    inherited: Vec<(String, &'a Variable)>,
}

/// An untrusted variable in force for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Untrusted {
    pub(super) name: String,
    pub(super) reason: String,
}

impl<'a> Variables<'a> {
    pub(super) fn new(
        entries: Vec<&'a Variable>,
        trusted_path: &'a [String],
        world: &dyn World,
    ) -> Variables<'a> {
        let mut inherited = Vec::new();
        let names = world.var_names();
        for entry in entries.iter().filter(|entry| entry.inherited) {
            for pattern in &entry.name {
                inherited.extend(set_by(pattern, &names, world).into_iter().filter_map(|name| {
                    let value = literal(&world.var(&name).unwrap_or_default());
                    // The inherited PATH is judged by where programs are found.
                    (name != "PATH" && !is_trusted(entry, &value)).then_some((name, *entry))
                }));
            }
        }
        let home = world.homes().into_iter().next();
        let absolute = |dir: &String| match (dir.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => home.join(rest).display().to_string(),
            (Some(_) | None, _) => dir.clone(),
        };
        let trusted_path = trusted_path.iter().map(absolute).collect();
        Variables { entries, trusted_path, inherited }
    }

    /// Returns the untrusted variables that speak to the program of `subject`.
    pub(super) fn of(&self, subject: &Subject<'_>) -> Vec<Untrusted> {
        let mut found = Vec::new();
        let assignments = &subject.action.assignments;
        for (at, set) in assignments.iter().enumerate() {
            if assignments[at + 1..].iter().any(|later| later.name == set.name) {
                continue;
            }
            let mut so_far = assignments[..=at].iter().filter(|other| other.name == "PATH");
            if set.name == "PATH" && !so_far.all(|other| self.is_trusted_path(&other.value)) {
                found.push(untrusted("PATH", "set to directories that the policy does not trust"));
            }
            for entry in self.entries.iter().filter(|entry| set.name != "PATH" && names(entry, &set.name)) {
                if speaks_to(entry, &subject.name) && !is_trusted(entry, &tokens(&set.value)) {
                    found.push(untrusted(&set.name, why(entry)));
                }
            }
        }
        found.extend(self.exported(subject));
        for (name, entry) in &self.inherited {
            let is_set_again = assignments.iter().any(|set| set.name == *name);
            if !is_set_again && speaks_to(entry, &subject.name) {
                found.push(untrusted(name, why(entry)));
            }
        }
        found
    }

    /// Returns the untrusted variables that a builtin of the shell sets for whatever comes later (`export LD_PRELOAD=…`).
    fn exported(&self, subject: &Subject<'_>) -> Vec<Untrusted> {
        if !subject.action.builtin || !SETTERS.contains(&subject.name.as_str()) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for operand in &subject.arguments.operands {
            let value = tokens(subject.word(operand.index));
            let Some(at) = value.iter().position(|token| *token == Token::Byte(b'=')) else { continue };
            let Some(name) = certain(&value[..at]).and_then(|name| String::from_utf8(name).ok()) else {
                continue;
            };
            for entry in self.entries.iter().filter(|entry| name != "PATH" && names(entry, &name)) {
                if !is_trusted(entry, &value[at + 1..]) {
                    found.push(untrusted(&name, why(entry)));
                }
            }
        }
        found
    }

    /// Claims that an assigned `PATH` names trusted directories only; `$PATH` inside it stands for the one before.
    fn is_trusted_path(&self, value: &Word) -> bool {
        let mut text = Vec::new();
        for piece in &value.pieces {
            match piece {
                Piece::Literal(bytes) => text.extend_from_slice(bytes),
                // Alone it stands for a value that the shell layer does not know.
                Piece::Dynamic { text: name, .. }
                    if value.pieces.len() > 1 && matches!(name.trim_matches('"'), "$PATH" | "${PATH}") =>
                {
                    text.extend_from_slice(b"/usr/bin");
                }
                Piece::Dynamic { .. } | Piece::Glob(_) => return false,
            }
        }
        let is_known = |dir: &[u8]| {
            SYSTEM_PATH.iter().any(|known| known.as_bytes() == dir)
                || self.trusted_path.iter().any(|known| known.as_bytes() == dir)
        };
        text.split(|byte| *byte == b':').all(is_known)
    }
}

/// Returns which of the inherited variables `pattern` names.
fn set_by(pattern: &str, names: &[String], world: &dyn World) -> Vec<String> {
    if !is_glob(pattern) {
        return world.var(pattern).map(|_| pattern.to_owned()).into_iter().collect();
    }
    names.iter().filter(|name| text_matches(pattern, name)).cloned().collect()
}

fn untrusted(name: &str, reason: &str) -> Untrusted {
    Untrusted { name: name.to_owned(), reason: reason.to_owned() }
}

fn why(entry: &Variable) -> &str {
    entry.reason.as_deref().unwrap_or("changes what runs")
}

fn names(entry: &Variable, name: &str) -> bool {
    entry.name.iter().any(|pattern| text_matches(pattern, name))
}

fn speaks_to(entry: &Variable, program: &str) -> bool {
    entry.programs.is_empty() || entry.programs.iter().any(|pattern| text_matches(pattern, program))
}

fn is_trusted(entry: &Variable, value: &[Token]) -> bool {
    entry.trusted.iter().any(|pattern| Glob::new(pattern).matches(value) == Truth::Yes)
}
