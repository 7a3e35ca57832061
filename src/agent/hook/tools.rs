//! Which tools are judged, and what their input says they would do.
//!
//! One table for all agents: their names don't contradict each other, and an agent that borrows another's tool is judged too.
//! A tool that is not known but takes a command is taken for a shell, one that takes a path and a content for an editor. Of any
//! other that does not only read, and of those of MCP servers, the files count that it might write and that nobody may.

use serde_json::{Map, Value};

use super::edits::{edited, is_editor_by_members};
use super::server::{is_of_server, of_files, only_looks, only_reads, texts};
use super::shells::{beside, may_take_command, shell, strings, takes_command};
use super::{Shell, Unreadable, json, patch};

/// Tools that run a command (Claude Code, Codex, Gemini CLI, Cursor, Copilot, VS Code).
const SHELLS: [&str; 12] = [
    "bash",
    "monitor",
    "shell",
    "local_shell",
    "shell_command",
    "container.exec",
    "exec_command",
    "unified_exec",
    "run_shell_command",
    "run_terminal_cmd",
    "run_terminal_command",
    "run_in_terminal",
];

/// Tools that write, change, move or delete the files that their input names.
const EDITORS: [&str; 25] = [
    "write",
    "edit",
    "multiedit",
    "notebookedit",
    "write_file",
    "replace",
    "create",
    "str_replace",
    "strreplace",
    "str_replace_editor",
    "str_replace_based_edit_tool",
    "edit_file",
    "editnotebook",
    "search_replace",
    "delete",
    "delete_file",
    "create_file",
    "insert_edit_into_file",
    "replace_string_in_file",
    "tabwrite",
    "insert",
    "multi_replace_string_in_file",
    "edit_notebook_file",
    "rename_file",
    "edit_files",
];

/// Editors whose `command` may be `view`, by their documentation (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/text-editor-tool>).
const VIEWERS: [&str; 2] = ["str_replace_editor", "str_replace_based_edit_tool"];

/// Tools that take a patch.
const PATCHERS: [&str; 2] = ["apply_patch", "applypatch"];

/// Tools that type into a shell that runs already.
const TYPISTS: [&str; 3] = ["write_bash", "write_powershell", "write_stdin"];

/// Why what is typed is refused.
const REFUSED: &str = "what is typed into a shell that runs already cannot be judged";

/// Where the patch stands.
const PATCHES: [&str; 3] = ["command", "patch", "input"];

/// What a tool would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Run a command.
    Shell(Shell),
    /// Write files.
    Edit(Edit),
    /// Whatever a tool that gate does not know does with these texts, each of which may be a path, on this machine or another.
    Foreign(Vec<String>),
    /// Something that gate cannot read, and says why.
    Unread(&'static str),
    /// Something that is not judged.
    Other,
}

/// Files that are written, moved or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Their paths, as the call names them.
    pub paths: Vec<String>,
}

/// A tool's input.
pub(super) enum Input {
    Object(Map<String, Value>),
    Text(String),
}

impl Input {
    /// Returns what `value` is: an object, a text, or a text that is an object in JSON.
    ///
    /// # Errors
    /// Anything else, and a text that begins like an object but is none that can be read.
    pub(super) fn of(value: &Value, name: &str) -> Result<Input, Unreadable> {
        match value {
            Value::Object(map) => Ok(Input::Object(map.clone())),
            Value::String(text) if text.trim_start().starts_with('{') => {
                json::object(text.as_bytes()).map(Input::Object)
            }
            Value::String(text) => Ok(Input::Text(text.clone())),
            _ => Err(Unreadable::Wrong { name: name.to_owned(), expected: "object" }),
        }
    }

    /// Returns the object; a text has no members.
    pub(super) fn members(&self) -> Map<String, Value> {
        match self {
            Input::Object(map) => map.clone(),
            Input::Text(_) => Map::new(),
        }
    }
}

/// Returns what the tool `name` would do with `input`.
///
/// # Errors
/// A judged tool whose input does not say what it would do.
pub(super) fn tool(name: &str, input: Option<&Input>) -> Result<Tool, Unreadable> {
    let lower = name.to_ascii_lowercase();
    let is = |names: &[&str]| names.contains(&lower.as_str());
    let Some(input) = input else {
        let is_judged = is(&SHELLS) || is(&EDITORS) || is(&PATCHERS) || is(&TYPISTS);
        return if is_judged { Err(Unreadable::Missing("tool_input")) } else { Ok(Tool::Other) };
    };
    let map = input.members();
    match () {
        () if is_of_server(name) => Ok(unknown(name, input)),
        () if is(&PATCHERS) => patched(input),
        () if is(&VIEWERS) && map.get("command").and_then(Value::as_str) == Some("view") => Ok(Tool::Other),
        () if is(&EDITORS) => edited(map),
        () if is(&TYPISTS) => Ok(typed(&map)),
        () if lower == "memory" && is_in_memories(&map) => Ok(Tool::Other),
        () if lower == "run_vscode_command" && speaks_of_terminals(&map) => Ok(Tool::Unread(REFUSED)),
        () if lower == "powershell" || lower == "pwsh" => Ok(Tool::Unread("PowerShell cannot be judged")),
        () if is(&SHELLS) => shelled(&map),
        () if is_editor_by_members(&map) && takes_command(&map) => {
            Ok(Tool::Unread("it takes a command and a file"))
        }
        () if is_editor_by_members(&map) => edited(map),
        () if takes_command(&map) => shelled(&map),
        () if may_take_command(&map) => {
            Ok(Tool::Unread("it takes a command in a way that gate does not know"))
        }
        () => Ok(unknown(name, input)),
    }
}

/// Claims that a memory tool names nothing but what is in the directory of its own, which its `/memories` stands for
/// (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/memory-tool>; VS Code has one of the same form).
fn is_in_memories(map: &Map<String, Value>) -> bool {
    let paths = || map.iter().filter(|(name, _)| name.contains("path")).map(|(_, path)| path.as_str());
    let is_in = |path: &str| path.starts_with("/memories") && !path.contains("..");
    paths().next().is_some() && paths().all(|path| path.is_some_and(is_in))
}

/// Claims that a command of VS Code may be one that types into a terminal, such as `workbench.action.terminal.sendSequence`
/// (microsoft/vscode pull request 56962).
fn speaks_of_terminals(map: &Map<String, Value>) -> bool {
    Value::Object(map.clone()).to_string().to_ascii_lowercase().contains("terminal")
}

fn shelled(map: &Map<String, Value>) -> Result<Tool, Unreadable> {
    match beside(map) {
        Some(_) => Ok(Tool::Unread("it takes more beside the command, which gate cannot judge")),
        None => shell(map).map(Tool::Shell),
    }
}

/// Returns what may be paths in the input of a tool that nobody knows.
fn unknown(name: &str, input: &Input) -> Tool {
    match input {
        _ if only_reads(name) && only_looks(name) => Tool::Other,
        Input::Object(map) if only_reads(name) => texts(of_files(map.clone())),
        Input::Text(_) if only_reads(name) => Tool::Other,
        Input::Object(map) => texts(map.clone()),
        Input::Text(text) => texts(Map::from_iter([("text".to_owned(), Value::from(text.as_str()))])),
    }
}

fn patched(input: &Input) -> Result<Tool, Unreadable> {
    let map = match input {
        Input::Text(text) => return patch::paths(text).map(|paths| Tool::Edit(Edit { paths })),
        Input::Object(map) => map,
    };
    let mut paths = Vec::new();
    let mut rest = map.clone();
    for name in PATCHES {
        let text = match rest.remove(name) {
            None => continue,
            Some(Value::String(text)) => text,
            Some(Value::Array(words)) => strings(&words, name)?.join("\n"),
            Some(_) => return Err(Unreadable::Wrong { name: name.to_owned(), expected: "patch" }),
        };
        paths.extend(patch::paths(&text)?);
    }
    if rest.len() == map.len() {
        return Err(Unreadable::Missing("command"));
    }
    // No agent documents a file or a second patch beside it, and who takes one would not say so.
    for text in rest.values().filter_map(Value::as_str).filter(|text| text.contains("*** ")) {
        paths.extend(patch::paths(text)?);
    }
    match edited(rest) {
        Ok(Tool::Edit(edit)) => paths.extend(edit.paths),
        Ok(_) | Err(Unreadable::Missing(_)) => {}
        Err(error) => return Err(error),
    }
    if paths.iter().any(|path| path.contains('\0')) {
        return Err(Unreadable::Nul("command"));
    }
    Ok(Tool::Edit(Edit { paths }))
}

/// Returns what typing into a shell that runs already comes to: a key or a short answer is nothing, a command cannot be read.
fn typed(map: &Map<String, Value>) -> Tool {
    let given: Vec<&Value> = ["input", "chars"].iter().filter_map(|name| map.get(*name)).collect();
    let ([Value::String(text)], false) = (&given[..], may_take_command(map)) else {
        return Tool::Unread(REFUSED);
    };
    let mut rest = text.as_str();
    let mut letters = 0;
    while let Some(c) = rest.chars().next() {
        if let (true, Some(end)) = (c == '{', rest.find('}')) {
            let name = &rest[1..end];
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Tool::Unread(REFUSED);
            }
            rest = &rest[end + 1..];
            continue;
        }
        letters += usize::from(c != '\n');
        if !(c.is_ascii_alphanumeric() || c == '\n') || letters > 1 {
            return Tool::Unread(REFUSED);
        }
        rest = &rest[c.len_utf8()..];
    }
    Tool::Other
}

#[cfg(test)]
mod tests {
    use super::{Edit, Input, Tool, tool};
    use crate::agent::hook::{Words, json};

    fn read(name: &str, input: &str) -> Result<Tool, String> {
        let input = Input::of(&json::value(input.as_bytes()).unwrap(), "tool_input").unwrap();
        tool(name, Some(&input)).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn shell(name: &str, input: &str, expected: &[&str]) {
        let Ok(Tool::Shell(shell)) = read(name, input) else { panic!("{name} {input} is no shell") };
        let words = match shell.command {
            Words::Script(text) => vec![text],
            Words::Argv(words) => words,
        };
        assert_eq!(words, expected);
    }

    #[track_caller]
    fn edit(name: &str, input: &str, expected: &[&str]) {
        let paths = expected.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(read(name, input), Ok(Tool::Edit(Edit { paths })), "{name}");
    }

    #[track_caller]
    fn wrong(name: &str, input: &str, expected: &str) {
        assert_eq!(read(name, input), Err(expected.to_owned()), "{name}");
    }

    #[test]
    fn shells_are_known_by_name_or_by_taking_a_command() {
        shell("Bash", r#"{"command":"ls"}"#, &["ls"]);
        shell("run_shell_command", r#"{"command":"ls"}"#, &["ls"]);
        shell("exec_command", r#"{"cmd":"ls"}"#, &["ls"]);
        shell("local_shell", r#"{"command":["bash","-lc","ls -l"]}"#, &["bash", "-lc", "ls -l"]);
        shell("new_runner", r#"{"command":"ls"}"#, &["ls"]);
        shell("Bash", r#"{"command":"ls","cmd":"ls"}"#, &["ls"]);
    }

    #[test]
    fn rule_1_a_shell_without_one_certain_command_is_an_error() {
        wrong("Bash", "{}", "no `command`");
        wrong("Bash", r#"{"command":"ls","cmd":"rm x"}"#, "`command` and `cmd` say different things");
        wrong("Bash", r#"{"command":7}"#, "`command` is no command");
        wrong("Bash", r#"{"command":[]}"#, "`command` is no command");
        wrong("Bash", r#"{"command":["ls",1]}"#, "`command` is no list of texts");
        wrong("Bash", r#"{"command":"ls\u0000"}"#, "a NUL byte in `command`");
        wrong(
            "Bash",
            r#"{"command":"ls","directory":"/a","dir_path":"/b"}"#,
            "`dir_path` and `directory` say different things",
        );
        wrong("Bash", r#"{"command":"ls","workdir":1}"#, "`workdir` is no path");
        wrong("Bash", r#"{"command":"ls","shell":["fish"]}"#, "`shell` is no name of a shell");
        wrong("Bash", r#"{"command":"ls","Command":"rm x"}"#, "`Command` is no member of its own");
        assert_eq!(tool("Bash", None), Err(super::Unreadable::Missing("tool_input")));
    }

    #[test]
    fn editors_name_every_file_they_touch() {
        edit("Write", r#"{"file_path":"/a","content":"x"}"#, &["/a"]);
        edit("NotebookEdit", r#"{"notebook_path":"/n.ipynb"}"#, &["/n.ipynb"]);
        edit("replace", r#"{"file_path":"a","old_string":"x"}"#, &["a"]);
        edit("create", r#"{"path":"/a","file_text":""}"#, &["/a"]);
        edit("str_replace_editor", r#"{"command":"create","path":"/a"}"#, &["/a"]);
        edit("Write", r#"{"file_path":"/a","path":"/b"}"#, &["/a", "/b"]);
        edit("apply_patch", r#"{"command":"*** Begin Patch\n*** Delete File: x\n*** End Patch"}"#, &["x"]);
        edit("Write", r#"{"file_path":"/a","destination":"/b"}"#, &["/a", "/b"]);
        edit("Write", r#"{"file_path":"/a","FILE_PATH":"/b"}"#, &["/a", "/b"]);
        edit("edit_files", r#"{"path":"/a","files":{"b/c":{"content":"x"}}}"#, &["/a", "b/c"]);
        edit("apply_patch", r#"{"command":"*** Add File: x","path":"y"}"#, &["x", "y"]);
        edit("apply_patch", r#"{"command":"*** Add File: x","diff":"*** Add File: y"}"#, &["x", "y"]);
        edit("apply_patch", r#""*** Begin Patch\n*** Add File: y\n+\n*** End Patch""#, &["y"]);
        edit("Write", r#"{"file_path":"/a","command":"view"}"#, &["/a"]);
        edit("Delete", r#"{"path":"/a","command":"view"}"#, &["/a"]);
        edit("MultiEdit", r#"{"file_path":"/a","command":"view","edits":[{"new_string":"x"}]}"#, &["/a"]);
        edit(
            "multi_replace_string_in_file",
            r#"{"replacements":[{"filePath":"/a","newString":"x"}]}"#,
            &["/a"],
        );
        edit("edit_notebook_file", r#"{"filePath":"/a.ipynb","newCode":"x"}"#, &["/a.ipynb"]);
        edit("rename_file", r#"{"oldPath":"/a","newPath":"/b"}"#, &["/b", "/a"]);
        edit("edit_files", r#"{"files":["/a"]}"#, &["/a"]);
        edit("new_editor", r#"{"changes":{"file_path":"/a","content":"x"}}"#, &["/a"]);
        wrong("rename_file", "{}", "no `file_path`");
        wrong("Write", r#"{"content":"x"}"#, "no `file_path`");
        wrong("Write", r#"{"file_path":""}"#, "`file_path` is no path");
        wrong("Write", r#"{"file_path":["/a"]}"#, "`file_path` is no path");
        wrong("Write", r#"{"file_path":"/a\u0000"}"#, "a NUL byte in `file_path`");
        wrong("apply_patch", "{}", "no `command`");
        wrong("apply_patch", r#"{"command":"x"}"#, "the patch cannot be read: it names no file");
    }

    #[test]
    fn other_tools_are_not_judged() {
        for (name, input) in [
            ("Read", r#"{"file_path":"/etc/passwd"}"#),
            ("WebFetch", r#"{"url":"https://example.com"}"#),
            ("mcp__shell__read", r#"{"path":"/etc/passwd"}"#),
            ("MCP:get_file", r#"{"path":"/etc/passwd"}"#),
            ("str_replace_editor", r#"{"command":"view","path":"/a"}"#),
            ("write_bash", r#"{"sessionId":"1","input":"{up}{enter}"}"#),
            ("write_bash", r#"{"sessionId":"1","input":"y{enter}"}"#),
            ("write_stdin", r#"{"session_id":1,"chars":""}"#),
            ("memory", r#"{"command":"create","path":"/memories/x.md","file_text":"x"}"#),
            ("memory", r#"{"command":"rename","old_path":"/memories/x","new_path":"/memories/y"}"#),
        ] {
            assert_eq!(read(name, input), Ok(Tool::Other), "{name}");
        }
    }

    #[test]
    fn texts_of_a_tool_that_nobody_knows_may_all_be_paths() {
        for (name, input, expected) in [
            ("mcp__shell__run", r#"{"command":"rm -rf /"}"#, "rm -rf /"),
            ("MCP:run", r#"{"command":"x"}"#, "x"),
            ("filesystem-move_file", r#"{"source":"x"}"#, "x"),
            ("new_tool", r#""x""#, "x"),
        ] {
            assert_eq!(read(name, input), Ok(Tool::Foreign(vec![expected.to_owned()])), "{name}");
        }
    }

    #[test]
    fn what_gate_cannot_read_is_said_to_be_unread() {
        for (name, input) in [
            ("powershell", r#"{"command":"Remove-Item x"}"#),
            ("write_bash", r#"{"input":"rm -rf x{enter}"}"#),
            ("new_editor", r#"{"command":"ls","path":"/a","content":"x"}"#),
            ("write_bash", r#"{"input":"{rm -rf x}"}"#),
            ("write_bash", r#"{"input":"ls{enter}"}"#),
            ("write_bash", r#"{"input":"y","command":"rm -rf x"}"#),
            ("write_bash", r#"{"input":"y","chars":"rm -rf x"}"#),
            ("write_stdin", r#"{"session_id":1,"chars":"rm -rf x\n"}"#),
            ("write_bash", "{}"),
            ("Bash", r#"{"command":"git","args":["push","--force"]}"#),
            ("new_runner", r#"{"command":"ls","env":{"LD_PRELOAD":"./x.so"}}"#),
            ("create_and_run_task", r#"{"task":{"type":"shell","command":"rm -rf x"}}"#),
            ("new_runner", r#"{"CommandLine":"rm -rf x"}"#),
            ("memory", r#"{"command":"create","path":"/memories/../x.md","file_text":"x"}"#),
            ("run_vscode_command", r#"{"commandId":"workbench.action.terminal.sendSequence","args":["x"]}"#),
        ] {
            assert!(matches!(read(name, input), Ok(Tool::Unread(_))), "{name} {input}");
        }
    }
}
