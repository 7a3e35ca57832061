//! A plan: several commands in one request, approved together and run one after the other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::content::{Content, command_value};
use super::grant::approved_lines;
use super::request::Request;
use crate::canonical;
use crate::command::Command;
use crate::digest::Digest;

/// One command of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanLine {
    /// The line of the file it stands on, 1 first.
    pub line: u32,
    /// The digests C of the forms in which it may be run: as an argument vector, as text for a shell.
    #[serde(with = "digests")]
    pub contents: Vec<Digest>,
}

impl PlanLine {
    /// Returns the form in which it is part of a content.
    fn value(&self) -> Value {
        json!(self)
    }
}

impl Request {
    /// Returns the commands of a plan, or `None` where the request is for one command.
    pub fn plan(&self) -> Option<Vec<PlanLine>> {
        self.content.plan()
    }

    /// Returns the lines of a plan that its approvals so far have in common.
    pub fn approved_lines(&self) -> Vec<u32> {
        let lines = self.plan().map(|lines| approved_lines(self, lines)).unwrap_or_default();
        lines.into_iter().map(|line| line.line).collect()
    }
}

impl Content {
    /// Returns the content of a plan: `command` is its text, which is never run as a whole, and `lines` are its commands. What is
    /// bound to them stands behind their digests; of `one` of them the directory is taken, which they share.
    pub fn planned(command: &Command, lines: &[PlanLine], one: &Content) -> Content {
        let mut value: Value = serde_json::from_slice(one.json()).expect("a content is JSON");
        value["command"] = command_value(command);
        value["plan"] = lines.iter().map(PlanLine::value).collect();
        for name in ["programs", "files", "env", "facts"] {
            value[name] = Value::Array(Vec::new());
        }
        value["stdin"] = json!({ "kind": "empty" });
        Content::from_stored(canonical::to_bytes(&value))
    }

    /// Returns the commands of a plan.
    pub fn plan(&self) -> Option<Vec<PlanLine>> {
        #[derive(Deserialize)]
        struct Part {
            plan: Option<Vec<PlanLine>>,
        }
        serde_json::from_slice::<Part>(self.json()).ok()?.plan
    }
}

/// Claims that the stored content `json` is a plan's.
pub(super) fn is_plan(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Part {
        plan: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Part>(json).is_ok_and(|part| part.plan.is_some())
}

/// Serde form of a list of digests.
mod digests {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::digest::Digest;

    #[derive(Serialize, Deserialize)]
    struct Written(#[serde(with = "super::super::hex")] Digest);

    pub(super) fn serialize<S: Serializer>(digests: &[Digest], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(digests.iter().map(|digest| Written(*digest)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Digest>, D::Error> {
        let written = Vec::<Written>::deserialize(from)?;
        Ok(written.into_iter().map(|one| one.0).collect())
    }
}
