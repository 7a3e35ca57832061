//! Which files an editor's input names.
//!
//! Sources of the members' names: <https://code.claude.com/docs/en/hooks> (`file_path`, `notebook_path`),
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/text-editor-tool> (`path`, `file_text`, `new_str`, `insert_text`; Copilot CLI's
//! `create` and `edit` were seen to take the same), google-gemini/gemini-cli `packages/core/src/tools/` (`file_path`, `content`, `new_string`), and
//! for VS Code microsoft/vscode-copilot-chat `src/extension/tools/common/toolNames.ts` and the `*Params` of `src/extension/tools/node/`
//! (`filePath`, `newString`, `newCode`, `replacements`). Those of Cursor are not documented.

use serde_json::{Map, Value};

use super::{Edit, Tool, Unreadable};

/// Where the file's path stands.
const PATHS: [&str; 10] = [
    "file_path",
    "path",
    "notebook_path",
    "filePath",
    "target_file",
    "target_notebook",
    "new_path",
    "old_path",
    "newPath",
    "oldPath",
];

/// Where no agent documents a path, and another tool may take one.
const OTHERS: [&str; 14] = [
    "destination",
    "dest",
    "target",
    "target_path",
    "targetPath",
    "output_path",
    "outputPath",
    "output_file",
    "filename",
    "fileName",
    "file",
    "uri",
    "relative_path",
    "absolute_path",
];

/// Where several paths stand, or objects that have them.
const LISTS: [&str; 3] = ["files", "paths", "filePaths"];

/// Where what is written stands: a tool that nobody knows is an editor if it takes this and a path.
const CONTENTS: [&str; 14] = [
    "content",
    "contents",
    "file_text",
    "new_string",
    "newString",
    "new_str",
    "new_text",
    "newText",
    "new_source",
    "newCode",
    "code_edit",
    "insert_text",
    "edits",
    "replacements",
];

/// Returns every file that the input names, however deep it stands.
pub(super) fn edited(map: Map<String, Value>) -> Result<Tool, Unreadable> {
    let mut paths = Vec::new();
    let mut rest = vec![map];
    while let Some(mut map) = rest.pop() {
        for name in PATHS {
            match map.remove(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(path)) if path.contains('\0') => return Err(Unreadable::Nul(name)),
                Some(Value::String(path)) if !path.is_empty() => paths.push(path),
                Some(_) => return Err(Unreadable::Wrong { name: name.to_owned(), expected: "path" }),
            }
        }
        for (name, value) in map {
            // A name that no member of an interface has: `{"files": {"a/b.txt": "content"}}`.
            if name.contains(['/', '.', '~']) && !name.contains('\0') {
                paths.push(name.clone());
            }
            for item in items(value) {
                match item {
                    Value::Object(map) => rest.push(map),
                    Value::String(path) if is_other(&name) && !path.is_empty() => {
                        paths.push(path);
                    }
                    Value::String(path) if LISTS.contains(&name.as_str()) => {
                        rest.push(Map::from_iter([("path".to_owned(), Value::String(path))]));
                    }
                    _ => {}
                }
            }
        }
    }
    if paths.is_empty() { Err(Unreadable::Missing("file_path")) } else { Ok(Tool::Edit(Edit { paths })) }
}

/// Claims that a member may be a path, to a reader that knows other names or takes any case for them.
fn is_other(name: &str) -> bool {
    OTHERS.contains(&name) || PATHS.iter().any(|path| path.eq_ignore_ascii_case(name))
}

/// Claims that the input names a file and what to write, at any depth.
pub(super) fn is_editor_by_members(map: &Map<String, Value>) -> bool {
    let (mut has_path, mut has_content) = (false, false);
    let mut rest = vec![map];
    while let Some(map) = rest.pop() {
        for (name, value) in map {
            has_path |= PATHS.contains(&name.as_str()) || LISTS.contains(&name.as_str());
            has_content |= CONTENTS.contains(&name.as_str());
            match value {
                Value::Object(map) => rest.push(map),
                Value::Array(items) => rest.extend(items.iter().filter_map(Value::as_object)),
                _ => {}
            }
        }
    }
    has_path && has_content
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}
