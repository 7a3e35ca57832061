//! From the bytes that an agent sends to the tool call in them.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::form::Form;
use super::tools::{Input, Tool, tool};
use super::{Agent, Call, Directory, Event, Unreadable, json};

/// Members that a Copilot event of another kind has (its own format does not name the event).
const COPILOT_OTHERS: [&str; 12] = [
    "source",
    "reason",
    "prompt",
    "transformedPrompt",
    "toolResult",
    "error",
    "transcriptPath",
    "agentName",
    "stopReason",
    "trigger",
    "notification_type",
    "toolInput",
];

/// Returns what `bytes`, from the hook of `agent`, say.
///
/// # Errors
/// What is not certainly one event of that agent.
pub fn read(agent: Agent, bytes: &[u8]) -> Result<Event, Unreadable> {
    let members = json::object(bytes)?;
    match agent {
        Agent::Claude => named(agent, &members, claude_form(&members), "PreToolUse", Directory::Certain),
        Agent::Codex => named(agent, &members, Form::Codex, "PreToolUse", Directory::Untold),
        Agent::Gemini => named(agent, &members, Form::Gemini, "BeforeTool", Directory::Certain),
        Agent::Cursor => cursor(&members),
        Agent::Copilot => copilot(&members),
    }
}

/// Other agents run Claude Code's hooks as well, and don't all take its answers: they are told by what Claude Code always sends.
fn claude_form(members: &Map<String, Value>) -> Form {
    let is_own = members.contains_key("transcript_path") && !members.contains_key("cursor_version");
    if is_own { Form::Claude } else { Form::Foreign }
}

/// Reads an event that names itself, whose tool call stands in `tool_name` and `tool_input`.
fn named(
    agent: Agent,
    members: &Map<String, Value>,
    form: Form,
    before: &str,
    directory: Directory,
) -> Result<Event, Unreadable> {
    if !text(members, "hook_event_name")?.eq_ignore_ascii_case(before) {
        return Ok(Event { form, call: None });
    }
    let call = call(agent, members, ("tool_name", "tool_input"), directory)?;
    Ok(Event { form, call })
}

fn cursor(members: &Map<String, Value>) -> Result<Event, Unreadable> {
    let event = text(members, "hook_event_name")?;
    if event.eq_ignore_ascii_case("preToolUse") {
        return named(Agent::Cursor, members, Form::CursorTool, "preToolUse", Directory::Certain);
    }
    if !event.eq_ignore_ascii_case("beforeShellExecution") {
        return Ok(Event { form: Form::CursorOther, call: None });
    }
    let command = members.get("command").ok_or(Unreadable::Missing("command"))?;
    let input = Map::from_iter([("command".to_owned(), command.clone())]);
    let tool = tool("Shell", Some(&Input::Object(input.clone())))?;
    let call = placed(Agent::Cursor, ("Shell", tool, input), members, Directory::Certain)?;
    Ok(Event { form: Form::CursorShell, call: Some(call) })
}

fn copilot(members: &Map<String, Value>) -> Result<Event, Unreadable> {
    if members.contains_key("hook_event_name") {
        return named(Agent::Copilot, members, Form::CopilotCompatible, "PreToolUse", Directory::Kept);
    }
    let is_other = COPILOT_OTHERS.iter().any(|name| members.contains_key(*name));
    if is_other && !members.contains_key("toolArgs") || members.contains_key("toolResult") {
        return Ok(Event { form: Form::Copilot, call: None });
    }
    if members.contains_key("error") && members.contains_key("toolName") {
        return Ok(Event { form: Form::Copilot, call: None });
    }
    let call = call(Agent::Copilot, members, ("toolName", "toolArgs"), Directory::Kept)?;
    Ok(Event { form: Form::Copilot, call })
}

/// Reads the tool call in the members `name` and `input`; `None` where the tool is not judged.
fn call(
    agent: Agent,
    members: &Map<String, Value>,
    (name, input): (&'static str, &'static str),
    directory: Directory,
) -> Result<Option<Call>, Unreadable> {
    let name = text(members, name)?;
    // A server's tool may have any name: Gemini CLI says by another member whose it is.
    let is_of_server = members.get("mcp_context").is_some_and(|context| !context.is_null());
    let name = if is_of_server { &format!("mcp__{name}") } else { name };
    let given = match members.get(input) {
        None | Some(Value::Null) => None,
        Some(value) => match Input::of(value, input) {
            Ok(read) => Some(read),
            Err(error) => return if is_judged(name) { Err(error) } else { Ok(None) },
        },
    };
    let input = given.as_ref().map(Input::members).unwrap_or_default();
    match tool(name, given.as_ref())? {
        Tool::Other => Ok(None),
        tool => placed(agent, (name, tool, input), members, directory).map(Some),
    }
}

/// Claims that the tool `name` is judged whatever its input is.
fn is_judged(name: &str) -> bool {
    tool(name, None).is_err()
}

fn placed(
    agent: Agent,
    (name, tool, input): (&str, Tool, Map<String, Value>),
    members: &Map<String, Value>,
    directory: Directory,
) -> Result<Call, Unreadable> {
    let roots = roots(members)?;
    let (given, is_given) = match members.get("cwd") {
        Some(Value::String(dir)) if !dir.is_empty() => (Some(PathBuf::from(dir)), true),
        None | Some(Value::Null | Value::String(_)) => (roots.first().cloned(), false),
        Some(_) => return Err(Unreadable::Wrong { name: "cwd".to_owned(), expected: "path" }),
    };
    let cwd = given.ok_or(Unreadable::Missing("cwd"))?;
    let named = match &tool {
        Tool::Shell(shell) => shell.directories.as_slice(),
        Tool::Edit(_) | Tool::Foreign(_) | Tool::Unread(_) | Tool::Other => &[],
    };
    let is_documented = |(member, _): &&(&'static str, PathBuf)| agent.directory_member() == Some(*member);
    let said = named.iter().find(is_documented).map(|(_, dir)| dir);
    let elsewhere = said.is_none() && named.iter().any(|(_, dir)| cwd.join(dir) != cwd);
    let directory =
        if is_given || said.is_some_and(|dir| dir.is_absolute()) { directory } else { Directory::Untold };
    let cwd = said.map_or(cwd.clone(), |dir| cwd.join(dir));
    let shown = cwd.to_string_lossy();
    if shown.contains('\0') {
        return Err(Unreadable::Nul("cwd"));
    }
    if !cwd.is_absolute() {
        return Err(Unreadable::Relative(shown.into_owned()));
    }
    Ok(Call { name: name.to_owned(), tool, cwd, roots, directory, elsewhere, input })
}

fn roots(members: &Map<String, Value>) -> Result<Vec<PathBuf>, Unreadable> {
    let wrong = || Unreadable::Wrong { name: "workspace_roots".to_owned(), expected: "list of paths" };
    match members.get("workspace_roots") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(roots)) => {
            let all = roots.iter().map(|root| root.as_str().map(PathBuf::from).ok_or_else(wrong));
            let all: Vec<PathBuf> = all.collect::<Result<_, _>>()?;
            Ok(all.into_iter().filter(|root| root.is_absolute()).collect())
        }
        Some(_) => Err(wrong()),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Unreadable> {
    let value = members.get(name).ok_or(Unreadable::Missing(name))?;
    value.as_str().ok_or(Unreadable::Wrong { name: name.to_owned(), expected: "text" })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::agent::hook::{Agent, Directory, Form};

    #[track_caller]
    fn nothing(agent: Agent, input: &str, form: Form) {
        let event = read(agent, input.as_bytes()).unwrap();
        assert_eq!((event.form, event.call), (form, None), "{input}");
    }

    #[track_caller]
    fn wrong(agent: Agent, input: &str, expected: &str) {
        assert_eq!(read(agent, input.as_bytes()).unwrap_err().to_string(), expected, "{input}");
    }

    #[track_caller]
    fn placed(agent: Agent, input: &str, cwd: &str, directory: Directory) {
        let call = read(agent, input.as_bytes()).unwrap().call.unwrap();
        assert_eq!((call.cwd.to_str(), call.directory), (Some(cwd), directory), "{input}");
    }

    #[test]
    fn events_other_than_a_tool_call_that_waits_need_no_judgement() {
        nothing(
            Agent::Claude,
            r#"{"hook_event_name":"PostToolUse","transcript_path":"/t","tool_name":"Bash"}"#,
            Form::Claude,
        );
        nothing(Agent::Codex, r#"{"hook_event_name":"Stop"}"#, Form::Codex);
        nothing(Agent::Gemini, r#"{"hook_event_name":"AfterTool"}"#, Form::Gemini);
        nothing(Agent::Cursor, r#"{"hook_event_name":"afterFileEdit"}"#, Form::CursorOther);
        nothing(Agent::Copilot, r#"{"hook_event_name":"PostToolUse"}"#, Form::CopilotCompatible);
        nothing(
            Agent::Copilot,
            r#"{"toolName":"bash","toolArgs":{"command":"x"},"toolResult":{}}"#,
            Form::Copilot,
        );
        nothing(
            Agent::Copilot,
            r#"{"toolName":"bash","toolArgs":{"command":"x"},"error":"x"}"#,
            Form::Copilot,
        );
        nothing(Agent::Copilot, r#"{"sessionId":"s","source":"new"}"#, Form::Copilot);
        nothing(
            Agent::Gemini,
            r#"{"hook_event_name":"BeforeTool","tool_name":"read_x","tool_input":{"command":"x"},"mcp_context":{}}"#,
            Form::Gemini,
        );
    }

    #[test]
    fn rule_1_an_event_that_is_none_for_certain_is_an_error() {
        for agent in Agent::ALL.into_iter().filter(|agent| *agent != Agent::Copilot) {
            wrong(agent, "{}", "no `hook_event_name`");
            wrong(agent, r#"{"hook_event_name":1}"#, "`hook_event_name` is no text");
        }
        wrong(Agent::Copilot, "{}", "no `toolName`");
        wrong(Agent::Copilot, r#"{"toolName":"bash"}"#, "no `tool_input`");
        wrong(
            Agent::Copilot,
            r#"{"toolName":"bash","toolArgs":"{\"command\":\"a\",\"command\":\"b\"}"}"#,
            "not a JSON object: `command` stands twice at line 1 column 29",
        );
        let bash = r#""hook_event_name":"PreToolUse","tool_name":"Bash""#;
        wrong(Agent::Claude, &format!("{{{bash}}}"), "no `tool_input`");
        wrong(Agent::Claude, &format!(r#"{{{bash},"tool_input":[]}}"#), "`tool_input` is no object");
        wrong(Agent::Claude, &format!(r#"{{{bash},"tool_input":{{"command":"ls"}}}}"#), "no `cwd`");
        wrong(
            Agent::Claude,
            &format!(r#"{{{bash},"tool_input":{{"command":"ls"}},"cwd":7}}"#),
            "`cwd` is no path",
        );
        wrong(
            Agent::Claude,
            &format!(r#"{{{bash},"tool_input":{{"command":"ls"}},"cwd":"src"}}"#),
            "`cwd` is not absolute: `src`",
        );
        wrong(Agent::Claude, r#"{"hook_event_name":"PreToolUse"}"#, "no `tool_name`");
        wrong(Agent::Cursor, r#"{"hook_event_name":"beforeShellExecution","cwd":"/w"}"#, "no `command`");
    }

    #[test]
    fn a_directory_that_nobody_told_is_not_certain() {
        let bash = |rest: &str| {
            format!(
                r#"{{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{{"command":"ls"}},{rest}}}"#
            )
        };
        placed(Agent::Claude, &bash(r#""cwd":"/w""#), "/w", Directory::Certain);
        placed(Agent::Codex, &bash(r#""cwd":"/w""#), "/w", Directory::Untold);
        placed(
            Agent::Copilot,
            r#"{"toolName":"bash","toolArgs":{"command":"ls"},"cwd":"/w"}"#,
            "/w",
            Directory::Kept,
        );
        let gemini = |dir: &str| {
            format!(
                r#"{{"hook_event_name":"BeforeTool","tool_name":"run_shell_command","tool_input":{{"command":"ls","dir_path":"{dir}"}},"cwd":"/w"}}"#
            )
        };
        placed(Agent::Gemini, &gemini("sub"), "/w/sub", Directory::Certain);
        placed(Agent::Gemini, &gemini("/x"), "/x", Directory::Certain);
        let cursor = |cwd: &str| {
            format!(
                r#"{{"hook_event_name":"beforeShellExecution","command":"ls","cwd":"{cwd}","workspace_roots":["/r"]}}"#
            )
        };
        placed(Agent::Cursor, &cursor("/w"), "/w", Directory::Certain);
        placed(Agent::Cursor, &cursor(""), "/r", Directory::Untold);
    }

    #[test]
    fn who_runs_claudes_hooks_without_being_claude_is_not_taken_for_it() {
        nothing(Agent::Claude, r#"{"hook_event_name":"Stop"}"#, Form::Foreign);
        nothing(
            Agent::Claude,
            r#"{"hook_event_name":"stop","transcript_path":"/t","cursor_version":"3"}"#,
            Form::Foreign,
        );
    }
}
