//! Which texts of a tool that gate does not know may be paths: any of them, the names of members as well.
//!
//! MUST rules:
//! 1. Only a tool whose name says that it looks at files, and nothing else, is not looked at. Of one that reads something else, the
//!    members count that say they name a file: it may keep there what it read.
//! 2. Every text is looked at, wherever it stands; a call with more texts than that is in doubt, never cut.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Tool, json};

/// The most texts of a call that are looked at.
const MOST: usize = 1000;

/// The deepest nesting of JSON within texts of JSON.
const DEEPEST: usize = 4;

/// Words in the name of a tool that reads.
const READING: [&str; 33] = [
    "read",
    "get",
    "list",
    "ls",
    "search",
    "find",
    "grep",
    "rg",
    "glob",
    "view",
    "show",
    "fetch",
    "query",
    "lookup",
    "describe",
    "stat",
    "status",
    "tree",
    "info",
    "count",
    "check",
    "diff",
    "log",
    "lint",
    "lints",
    "errors",
    "usages",
    "references",
    "symbols",
    "hover",
    "definition",
    "screenshot",
    "wait",
];

/// Beginnings of words in the name of a tool that does not only read.
const CHANGING: [&str; 56] = [
    "write", "edit", "create", "creat", "move", "mov", "mv", "delet", "del", "remov", "rm", "renam", "cop",
    "cp", "append", "add", "apply", "patch", "insert", "replac", "put", "post", "push", "save", "sav", "set",
    "unset", "store", "stor", "stash", "modif", "mutat", "chang", "updat", "upsert", "upload", "download",
    "link", "symlink", "ln", "mk", "make", "touch", "trunc", "export", "import", "extract", "unzip", "sync",
    "install", "init", "exec", "run", "restor", "revert", "format",
];

/// Tools of the agents themselves that write no file which their input names: plans, questions, other agents, running shells.
const HARMLESS: [&str; 26] = [
    "task",
    "agent",
    "todowrite",
    "todo_write",
    "write_todos",
    "update_plan",
    "askuserquestion",
    "ask_user",
    "exitplanmode",
    "enterplanmode",
    "exit_plan_mode",
    "skill",
    "slashcommand",
    "taskcreate",
    "taskupdate",
    "taskoutput",
    "taskstop",
    "killshell",
    "killbash",
    "bashoutput",
    "read_bash",
    "stop_bash",
    "list_bash",
    "report_intent",
    "webfetch",
    "websearch",
];

/// Words in the name of a tool that reads and has nothing to write: what it looks at.
const LOOKED_AT: [&str; 21] = [
    "file",
    "files",
    "text",
    "media",
    "multiple",
    "many",
    "directory",
    "directories",
    "dir",
    "folder",
    "content",
    "contents",
    "code",
    "codebase",
    "notebook",
    "image",
    "lines",
    "semantic",
    "workspace",
    "path",
    "with",
];

/// Reading words in the names of tools that also keep what they found in a file (Playwright's `browser_take_screenshot`, chrome-devtools'
/// `get_network_request`).
const KEEPING: [&str; 4] = ["screenshot", "fetch", "log", "query"];

/// What the name of a member has that names a file.
const OF_FILES: [&str; 12] =
    ["file", "path", "output", "dest", "target", "save", "dir", "folder", "location", "where", "out", "into"];

/// Claims that `name`, in small letters, is a tool of a server: each agent puts something before it.
///
/// Claude Code and Codex `mcp__SERVER__TOOL`, Cursor `MCP:TOOL`, Gemini CLI `mcp_SERVER_TOOL`. Copilot CLI's `SERVER-TOOL` cannot be
/// told from a tool of its own, and so is held to be one that nobody knows.
pub(super) fn is_of_server(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["mcp__", "mcp:", "mcp_"].iter().any(|prefix| lower.starts_with(prefix))
}

/// Claims that `name` says of a tool that it only reads, or that it writes nothing that its input names.
pub(super) fn only_reads(name: &str) -> bool {
    let is_harmless = HARMLESS.contains(&name.to_ascii_lowercase().as_str());
    let words = words(tool_part(name));
    let changes = |word: &String| CHANGING.iter().any(|start| word.starts_with(start));
    let reads = |word: &String| READING.contains(&word.as_str());
    is_harmless || (words.iter().any(reads) && !words.iter().any(changes))
}

/// Claims that nothing in the name of a tool that [`only_reads`] speaks of more than looking at files.
pub(super) fn only_looks(name: &str) -> bool {
    let is_known = |word: &String| {
        let word = word.as_str();
        LOOKED_AT.contains(&word) || (READING.contains(&word) && !KEEPING.contains(&word))
    };
    HARMLESS.contains(&name.to_ascii_lowercase().as_str()) || words(tool_part(name)).iter().all(is_known)
}

/// Returns the members that say by their names, on any level, that they name a file.
pub(super) fn of_files(map: Map<String, Value>) -> Map<String, Value> {
    let says_so = |name: &str| {
        let name = name.to_ascii_lowercase();
        OF_FILES.iter().any(|word| name.contains(word))
    };
    let mut found = Map::new();
    let mut rest: Vec<Value> = vec![Value::Object(map)];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if says_so(&name) {
                        found.insert(found.len().to_string(), value);
                    } else {
                        rest.push(value);
                    }
                }
            }
            Value::Array(items) => rest.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

/// Returns the tool's own name, without that of its server where that can be told.
fn tool_part(name: &str) -> &str {
    match name.rsplit_once("__").or_else(|| name.rsplit_once(':')) {
        Some((_, tool)) => tool,
        None => name,
    }
}

/// Returns the words of `snake_case`, `kebab-case` and `camelCase`, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = c.is_lowercase();
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns every text of a call that may be a path.
pub(super) fn texts(map: Map<String, Value>) -> Tool {
    let mut texts = BTreeSet::new();
    let mut rest = vec![(Value::Object(map), 0)];
    while let Some((value, depth)) = rest.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    // A name that no member of an interface has: `{"a/b.txt": "content"}`.
                    if name.contains(['/', '.', '~']) {
                        texts.insert(name);
                    }
                    rest.push((value, depth));
                }
            }
            Value::Array(items) => rest.extend(items.into_iter().map(|item| (item, depth))),
            Value::String(text) => {
                let is_json = depth < DEEPEST && text.trim_start().starts_with(['{', '[', '"']);
                if let (true, Ok(inner)) = (is_json, json::value(text.as_bytes())) {
                    rest.push((inner, depth + 1));
                }
                texts.insert(text);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        if texts.len() > MOST {
            return Tool::Unread("it has more texts than gate looks at, and any of them may be a path");
        }
    }
    texts.remove("");
    if texts.is_empty() { Tool::Other } else { Tool::Foreign(texts.into_iter().collect()) }
}

#[cfg(test)]
mod tests {
    use super::{MOST, of_files, only_looks, only_reads, texts};
    use crate::agent::hook::Tool;
    use serde_json::{Value, json};

    #[test]
    fn rule_1_a_tool_reads_only_if_its_name_says_nothing_else() {
        for name in [
            "Read",
            "Grep",
            "LS",
            "NotebookRead",
            "read_file",
            "mcp__filesystem__read_text_file",
            "mcp__filesystem__list_directory",
            "mcp__filesystem__directory_tree",
            "MCP:get_file_contents",
            "mcp_fs_read_file",
            "github-mcp-server-list_issues",
            "codebase_search",
            "getErrors",
            "TodoWrite",
            "Task",
        ] {
            assert!(only_reads(name), "{name}");
        }
        for name in [
            "mcp__filesystem__set_file",
            "mcp__filesystem__modify",
            "mcp__filesystem__store",
            "mcp__filesystem__apply",
            "mcp__filesystem__mv",
            "mcp__filesystem__truncate",
            "mcp__filesystem__mkdir",
            "mcp__filesystem__WRITE_FILE",
            "mcp__filesystem__frobnicate",
            "mcp__read__frobnicate",
            "mcp__fs__get_or_create",
            "mcp__fs__search_and_replace",
            "mcp__fs__findAndReplace",
            "mcp__fs__readWriteFile",
            "mcp_fs_write_file",
            "MCP:putObject",
            "filesystem-move_file",
            "ln",
            "",
        ] {
            assert!(!only_reads(name), "{name}");
        }
    }

    #[test]
    fn rule_1_a_tool_that_reads_may_keep_what_it_read_in_a_file_that_a_member_names() {
        for name in [
            "Read",
            "Grep",
            "LS",
            "NotebookRead",
            "mcp__fs__read_multiple_files",
            "MCP:get_file_contents",
            "Task",
        ] {
            assert!(only_looks(name), "{name}");
        }
        for name in [
            "mcp__playwright__browser_take_screenshot",
            "get_network_request",
            "mcp__fs__fetch_to_file",
            "find_and_overwrite",
            "log_dump",
        ] {
            assert!(!only_looks(name), "{name}");
        }
        let Value::Object(map) = json!({ "fileName": "x", "query": "y", "a": [{ "outputs": ["z"] }] }) else {
            panic!("no object")
        };
        assert_eq!(texts(of_files(map)), Tool::Foreign(vec!["x".to_owned(), "z".to_owned()]));
    }

    fn of(value: Value) -> Tool {
        let Value::Object(map) = value else { panic!("no object") };
        texts(map)
    }

    #[test]
    fn rule_2_every_text_is_looked_at_wherever_it_stands() {
        let found = of(json!({ "a": ["x", { "b": "y" }], "c/d": 1, "e": "{\"f\":\"z\"}", "g": "" }));
        let expected = ["c/d", "x", "y", "z", "{\"f\":\"z\"}"].map(str::to_owned);
        assert_eq!(found, Tool::Foreign(expected.to_vec()));
        assert_eq!(of(json!({ "a": 1, "b": null })), Tool::Other);
        let many: Vec<String> = (0..MOST).map(|at| at.to_string()).collect();
        assert!(matches!(of(json!({ "a": many })), Tool::Foreign(found) if found.len() == MOST));
        let more: Vec<String> = (0..=MOST).map(|at| at.to_string()).collect();
        assert!(matches!(of(json!({ "a": more })), Tool::Unread(_)));
    }
}
