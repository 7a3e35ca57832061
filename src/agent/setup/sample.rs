//! Samples by which a set-up is tried: tool calls as the agent would send them, and what its hook answered.
//!
//! For a hook they are data to judge; nobody runs them. A shell runs what it is given: [`REFUSED_BY_A_SHELL`].

use serde_json::{Value, json};

use super::Agent;

/// A command that the floor refuses, and that only ends with a usage error where nothing keeps it from running: there is
/// no agent `nobody`.
pub const REFUSED_BY_A_SHELL: &str = "gate agent setup nobody --undo";

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A command that every policy lets through.
    Harmless,
    /// A command that no policy can allow.
    Harmful,
    /// An edit of gate's own policy.
    OwnPolicy,
}

impl Sample {
    /// Every sample, in the order in which they are tried.
    pub const ALL: [Sample; 3] = [Sample::Harmless, Sample::Harmful, Sample::OwnPolicy];

    /// Returns the command, where it is one.
    pub fn command(self) -> Option<&'static str> {
        match self {
            Sample::Harmless => Some("pwd"),
            Sample::Harmful => Some("rm -rf /"),
            Sample::OwnPolicy => None,
        }
    }

    /// Returns what it is, for a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Sample::Harmless => "a harmless command",
            Sample::Harmful => "a harmful command",
            Sample::OwnPolicy => "an edit of gate's policy",
        }
    }

    /// Claims that `answer` is right: a rewritten call runs through gate, which judges it again.
    pub fn is_answered_by(self, answer: &Answer) -> bool {
        match (self, answer) {
            (Sample::Harmless, Answer::Passed | Answer::Rewritten) => true,
            (Sample::Harmful, Answer::Denied | Answer::Rewritten) => true,
            (Sample::OwnPolicy, Answer::Denied) => true,
            (_, Answer::Passed | Answer::Rewritten | Answer::Denied | Answer::Failed(_)) => false,
        }
    }
}

/// Returns what the agent would write to its hook's standard input (sources: [`super::Agent`]'s table).
pub fn input(agent: Agent, sample: Sample, cwd: &str, policy: &str) -> String {
    let (tool, args) = call(agent, sample, policy);
    let event = agent.event();
    let value = match agent {
        Agent::Claude | Agent::Codex | Agent::Aider => json!({
            "session_id": "gate-doctor", "turn_id": "1", "transcript_path": null, "cwd": cwd, "permission_mode": "default",
            "model": "none", "hook_event_name": event, "tool_name": tool, "tool_input": args, "tool_use_id": "1",
        }),
        Agent::Gemini => json!({
            "session_id": "gate-doctor", "transcript_path": "", "cwd": cwd, "hook_event_name": event,
            "timestamp": "2026-01-01T00:00:00Z", "tool_name": tool, "tool_input": args,
        }),
        Agent::Cursor => json!({
            "conversation_id": "gate-doctor", "generation_id": "1", "model": "none", "hook_event_name": event,
            "cursor_version": "1", "workspace_roots": [cwd], "cwd": cwd, "tool_name": tool, "tool_input": args,
            "tool_use_id": "1",
        }),
        Agent::Copilot => json!({
            "sessionId": "gate-doctor", "timestamp": 1_767_225_600_000_u64, "cwd": cwd, "toolName": tool, "toolArgs": args,
        }),
    };
    value.to_string()
}

/// Returns how the agent calls its shell: the arguments before the command.
///
/// Neither is documented: Claude Code was seen to call `-c -l`, and Aider's code calls `-i -c` (`aider/run_cmd.py`).
pub fn shape(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Claude => &["-c", "-l"],
        Agent::Aider => &["-i", "-c"],
        Agent::Codex | Agent::Gemini | Agent::Cursor | Agent::Copilot => &["-c"],
    }
}

/// Returns the tool and its input.
fn call(agent: Agent, sample: Sample, policy: &str) -> (&'static str, Value) {
    let text = "[policy]\nversion = 1\n";
    match (agent, sample.command()) {
        (Agent::Claude | Agent::Aider, Some(command)) => {
            ("Bash", json!({ "command": command, "description": "a sample of gate doctor" }))
        }
        (Agent::Codex, Some(command)) => ("Bash", json!({ "command": command })),
        (Agent::Gemini, Some(command)) => ("run_shell_command", json!({ "command": command })),
        (Agent::Cursor, Some(command)) => ("Shell", json!({ "command": command })),
        (Agent::Copilot, Some(command)) => ("bash", json!({ "command": command, "description": "a sample" })),
        (Agent::Claude | Agent::Aider, None) => ("Write", json!({ "file_path": policy, "content": text })),
        (Agent::Codex, None) => {
            let patch =
                format!("*** Begin Patch\n*** Add File: {policy}\n+[policy]\n+version = 1\n*** End Patch\n");
            ("apply_patch", json!({ "command": patch }))
        }
        (Agent::Gemini, None) => ("write_file", json!({ "file_path": policy, "content": text })),
        (Agent::Cursor, None) => ("Write", json!({ "file_path": policy, "content": text })),
        (Agent::Copilot, None) => ("create", json!({ "path": policy, "file_text": text })),
    }
}

/// What a hook answered, as the agent would understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing was said against the call.
    Passed,
    /// The call was changed into another.
    Rewritten,
    /// The call was blocked.
    Denied,
    /// The hook failed; most agents let the call through then.
    Failed(String),
}

/// Returns what the agent would make of an exit code and standard output.
pub fn answer(agent: Agent, code: Option<i32>, stdout: &[u8]) -> Answer {
    match code {
        Some(0) => {}
        Some(2) => return Answer::Denied,
        Some(_) if agent == Agent::Copilot => return Answer::Denied,
        Some(code) => return Answer::Failed(format!("it ended with exit code {code}")),
        None => return Answer::Failed("it was ended by a signal".to_owned()),
    }
    if stdout.trim_ascii().is_empty() {
        return Answer::Passed;
    }
    let Ok(said) = serde_json::from_slice::<Value>(stdout) else {
        return Answer::Failed("its answer is no JSON".to_owned());
    };
    let special = &said["hookSpecificOutput"];
    let decisions = match agent {
        Agent::Claude | Agent::Codex | Agent::Aider => [&special["permissionDecision"], &said["decision"]],
        Agent::Gemini => [&said["decision"], &special["decision"]],
        Agent::Cursor => [&said["permission"], &Value::Null],
        Agent::Copilot => [&said["permissionDecision"], &Value::Null],
    };
    if decisions.iter().any(|decision| matches!(decision.as_str(), Some("deny" | "block"))) {
        return Answer::Denied;
    }
    let other = match agent {
        Agent::Claude | Agent::Codex | Agent::Aider => &special["updatedInput"],
        Agent::Gemini => &special["tool_input"],
        Agent::Cursor => &said["updated_input"],
        Agent::Copilot => &said["modifiedArgs"],
    };
    if other.is_object() { Answer::Rewritten } else { Answer::Passed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(agent: Agent, code: i32, stdout: &str, expected: Answer) {
        assert_eq!(answer(agent, Some(code), stdout.as_bytes()), expected, "{stdout}");
    }

    #[test]
    fn answers_are_understood_as_each_agent_understands_them() {
        let claude = |inner: &str| format!("{{\"hookSpecificOutput\":{inner}}}");
        case(Agent::Claude, 0, "", Answer::Passed);
        case(Agent::Claude, 0, &claude("{\"permissionDecision\":\"deny\"}"), Answer::Denied);
        case(Agent::Claude, 0, &claude("{\"updatedInput\":{\"command\":\"x\"}}"), Answer::Rewritten);
        case(Agent::Claude, 2, "", Answer::Denied);
        case(Agent::Claude, 1, "", Answer::Failed("it ended with exit code 1".into()));
        case(Agent::Claude, 0, "allowed", Answer::Failed("its answer is no JSON".into()));
        case(Agent::Gemini, 0, "{\"decision\":\"deny\"}", Answer::Denied);
        case(Agent::Gemini, 0, &claude("{\"tool_input\":{\"command\":\"x\"}}"), Answer::Rewritten);
        case(Agent::Gemini, 0, "{}", Answer::Passed);
        case(Agent::Cursor, 0, "{\"permission\":\"deny\"}", Answer::Denied);
        case(Agent::Cursor, 0, "{\"permission\":\"allow\",\"updated_input\":{}}", Answer::Rewritten);
        case(Agent::Cursor, 127, "", Answer::Failed("it ended with exit code 127".into()));
        case(Agent::Copilot, 0, "{\"permissionDecision\":\"deny\"}", Answer::Denied);
        case(Agent::Copilot, 1, "", Answer::Denied);
        assert_eq!(answer(Agent::Codex, None, b""), Answer::Failed("it was ended by a signal".to_owned()));
    }

    #[test]
    fn every_sample_is_json_for_every_agent() {
        for agent in Agent::ALL {
            for sample in Sample::ALL {
                let text = input(agent, sample, "/work", "/home/x/.config/gate/policy.toml");
                let value: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(value["cwd"], "/work");
            }
        }
    }
}
