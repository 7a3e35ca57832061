//! Claude Code's transcripts: `~/.claude/projects/<project>/<session>.jsonl`, one JSON object a line.
//!
//! An `assistant` line's `message.content` holds `tool_use` blocks, of which the tool `Bash` has `input.command`; the `user` line
//! that answers holds a `tool_result` with `tool_use_id` and `is_error`. Each line says `cwd`, `timestamp` and `isSidechain`: a
//! subagent's line, which stands in the same file, beside it (`agent-*.jsonl`), or in `<session>/subagents/`. A resumed session's
//! file begins with a copy of the one before.
//!
//! Sources: <https://claude-dev.tools/docs/jsonl-format>, <https://github.com/daaain/claude-code-log> (its models and its test
//! data, pull request 80 for the directory of the subagents). Anthropic documents the place
//! (<https://code.claude.com/docs/en/settings>, `cleanupPeriodDays`) and not the format. Which shell ran a command is not
//! written down: bash is assumed.

use serde::Deserialize;

use super::loose::{Flag, List, Part, Text};
use super::{Call, Finds, place, script};
use crate::command::{Command, Dialect};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    cwd: Text,
    timestamp: Text,
    #[serde(rename = "isSidechain")]
    is_sidechain: Flag,
    message: Part<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    content: List<Part<Block>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Block {
    #[serde(rename = "type")]
    kind: Text,
    id: Text,
    name: Text,
    input: Part<Input>,
    tool_use_id: Text,
    is_error: Flag,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    command: Text,
}

/// Finds the commands, and the failures of earlier ones, in one line.
pub(super) fn line(text: &[u8], found: &mut Finds<'_>) {
    let Ok(Part(entry)) = serde_json::from_slice::<Part<Entry>>(text) else {
        found.skipped.broken += 1;
        return;
    };
    for Part(block) in &entry.message.0.content.0 {
        if block.kind.is("tool_use") && block.name.is("Bash") {
            match block.input.0.command.as_str() {
                Some(command) => found.call(block.id.as_str(), call(&entry, command)),
                None => found.skipped.empty += 1,
            }
        }
        if let (true, true, Some(id)) =
            (block.kind.is("tool_result"), block.is_error.0, block.tool_use_id.as_str())
        {
            found.failed(id);
        }
    }
}

fn call(entry: &Entry, command: &str) -> Call {
    let (cwd, nowhere) = place(entry.cwd.as_str());
    Call {
        command: Command { source: script(command, Dialect::Bash), cwd },
        time: entry.timestamp.as_str().and_then(|time| time.parse().ok()),
        subagent: entry.is_sidechain.0,
        nowhere,
    }
}
