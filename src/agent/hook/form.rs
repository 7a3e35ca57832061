//! How each agent is answered, byte for byte.

use serde_json::{Map, Value, json};

use super::tools::Tool;
use super::{Answer, Call};

/// The exit code that blocks in all of the formats; standard error then says why.
const BLOCKS: u8 = 2;

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Claude Code's `PreToolUse`: `updatedInput` replaces the whole input.
    Claude,
    /// Codex's `PreToolUse`: an unknown member or a bare `allow` would make the answer invalid, and the call would go on.
    Codex,
    /// Gemini CLI's `BeforeTool`: `tool_input` is merged into the input.
    Gemini,
    /// Cursor's `preToolUse`.
    CursorTool,
    /// Cursor's `beforeShellExecution`, which cannot change the command.
    CursorShell,
    /// Any other event of Cursor.
    CursorOther,
    /// Copilot's `preToolUse`. Not all of its runtimes take `modifiedArgs`.
    Copilot,
    /// Copilot's `PreToolUse` in the format of VS Code.
    CopilotCompatible,
    /// An agent that runs Claude Code's hooks: exit code 2 is what all of them take.
    Foreign,
}

/// What the process writes, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// For standard output, without a newline; empty where the format wants nothing.
    pub stdout: String,
    /// For standard error; empty where there is nothing to say.
    pub stderr: String,
    pub code: u8,
}

impl Reply {
    /// Returns the answer to what could not be judged, which every one of the formats takes for a refusal.
    pub fn blocked(why: &str) -> Reply {
        Reply { stdout: String::new(), stderr: why.to_owned(), code: BLOCKS }
    }

    fn json(value: &Value) -> Reply {
        Reply { stdout: value.to_string(), stderr: String::new(), code: 0 }
    }
}

impl Form {
    /// Claims that a call can be given another command by the answer.
    pub fn takes_another_input(self) -> bool {
        match self {
            Form::Claude | Form::Codex | Form::Gemini | Form::CursorTool => true,
            Form::CursorShell
            | Form::CursorOther
            | Form::Copilot
            | Form::CopilotCompatible
            | Form::Foreign => false,
        }
    }

    /// Returns the answer to an event that is no call to be judged.
    pub fn pass(self) -> Reply {
        match self {
            Form::Claude | Form::Codex | Form::Copilot | Form::CopilotCompatible | Form::Foreign => {
                Reply { stdout: String::new(), stderr: String::new(), code: 0 }
            }
            Form::Gemini | Form::CursorTool | Form::CursorShell | Form::CursorOther => {
                Reply::json(&json!({}))
            }
        }
    }

    /// Returns `answer` to `call` in this format.
    pub fn reply(self, call: &Call, answer: &Answer) -> Reply {
        match answer {
            Answer::Pass => self.pass(),
            Answer::Instead { command, because } => self.instead(call, command, because),
            Answer::Blocked { said, because } => self.refusal(said, because),
        }
    }

    fn instead(self, call: &Call, command: &str, because: &str) -> Reply {
        let Tool::Shell(shell) = &call.tool else { return Reply::blocked(because) };
        let changed = (shell.member.to_owned(), Value::from(command));
        let mut whole = call.input.clone();
        whole.extend([changed.clone()]);
        let only = Map::from_iter([changed]);
        match self {
            Form::Claude => Reply::json(&json!({ "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "allow",
                "permissionDecisionReason": because,
                "updatedInput": whole,
            }})),
            Form::Codex => Reply::json(&json!({ "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "allow",
                "updatedInput": whole,
            }})),
            Form::Gemini => Reply::json(&json!({ "hookSpecificOutput": {
                "hookEventName": "BeforeTool",
                "tool_input": only,
            }})),
            Form::CursorTool => Reply::json(&json!({ "permission": "allow", "updated_input": whole })),
            Form::CursorShell
            | Form::CursorOther
            | Form::Copilot
            | Form::CopilotCompatible
            | Form::Foreign => self.refusal(because, because),
        }
    }

    fn refusal(self, said: &str, because: &str) -> Reply {
        match self {
            Form::Claude | Form::Codex => Reply::json(&json!({ "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": said,
            }})),
            Form::Gemini => Reply::json(&json!({ "decision": "deny", "reason": said })),
            Form::CursorTool | Form::CursorShell | Form::CursorOther => {
                Reply::json(&json!({ "permission": "deny", "user_message": because, "agent_message": said }))
            }
            Form::Copilot => {
                Reply::json(&json!({ "permissionDecision": "deny", "permissionDecisionReason": said }))
            }
            // Two readers with two formats; exit code 2 refuses in both, whatever each makes of the object.
            Form::CopilotCompatible => {
                let deny = json!({
                    "permissionDecision": "deny",
                    "permissionDecisionReason": said,
                    "hookSpecificOutput": {
                        "hookEventName": "PreToolUse",
                        "permissionDecision": "deny",
                        "permissionDecisionReason": said,
                    },
                });
                Reply { stdout: deny.to_string(), ..Reply::blocked(said) }
            }
            Form::Foreign => Reply::blocked(said),
        }
    }
}
