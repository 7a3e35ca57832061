//! The settings of the agents that keep them as JSON: gate's hook, or gate as the shell.

use serde_json::Value;

use super::hooks::{self, Kept};
use super::json::{self, Json, Node, Style};
use super::{Agent, Mode, Own, Refusal, Was};

/// The variable by which Claude Code takes another shell (<https://code.claude.com/docs/en/env-vars>).
pub(super) const SHELL: &str = "CLAUDE_CODE_SHELL";

/// See [`super::set_up`].
pub(super) fn set_up(before: Option<&str>, agent: Agent, mode: Mode, own: &Own) -> Result<String, Refusal> {
    let text = or_empty(before.unwrap_or_default());
    let after = match mode {
        Mode::Hook => hooks::put(&without_shell(text, Was::Unknown)?, agent, &agent.hook(own)?)?,
        Mode::Shell => {
            let link = own.shell()?;
            with_shell(&hooks::taken(text, agent, Kept::default())?, link)?
        }
    };
    only_gates_part_changed(text, &after, agent)?;
    Ok(after)
}

/// See [`super::undone`].
pub(super) fn undone(now: &str, agent: Agent, was: Was<'_>) -> Result<Option<String>, Refusal> {
    let kept = match was {
        Was::Unknown => Kept { version: true, ..Kept::default() },
        Was::Absent => Kept::default(),
        Was::Text(text) => Kept::of(text, agent),
    };
    let mut text = hooks::taken(&without_shell(now, was)?, agent, kept)?;
    if text == now {
        return Ok(Some(text));
    }
    only_gates_part_changed(now, &text, agent)?;
    let root = json::parse(&text)?;
    let is_bare = root.members().iter().all(|member| member.key == "version");
    if is_bare && !matches!(was, Was::Text(_)) {
        return Ok(None);
    }
    // Hooks that came meanwhile need the version, whoever wrote it.
    let hooks_were =
        if let Was::Text(before) = was { value(or_empty(before))?["hooks"].take() } else { Value::Null };
    if agent.has_version() && !kept.version && value(&text)?["hooks"] == hooks_were {
        text = removed_key(&text, &root, "version");
    }
    // Where nothing else changed meanwhile, the file comes back byte for byte.
    match was {
        Was::Text(before) if value(or_empty(before))? == value(&text)? => Ok(Some(before.to_owned())),
        _ => Ok(Some(text)),
    }
}

/// Returns the shell that Claude Code is told to take.
pub(super) fn shell(root: &Node) -> Option<&str> {
    root.get("env")?.get(SHELL)?.text()
}

/// Claims that this shell is one of gate's links, by where it lies: `…/gate/shells/bash`.
pub(super) fn is_link(shell: &str) -> bool {
    matches!(shell.rsplit('/').collect::<Vec<_>>()[..], ["bash" | "sh" | "zsh", "shells", "gate", ..])
}

fn with_shell(text: &str, link: &str) -> Result<String, Refusal> {
    let root = json::parse(text)?;
    let style = Style::of(text, &root);
    let value = Json::Text(link.to_owned());
    if root.name() != "an object" {
        return Err(Refusal::new(format!("the whole is {}, expected an object", root.name())));
    }
    Ok(match root.get("env") {
        None => json::appended(text, &root, Some("env"), &Json::Map(vec![(SHELL, value)]), &style),
        Some(env) if env.name() != "an object" => {
            return Err(Refusal::new(format!("`env` is {}, expected an object", env.name())));
        }
        Some(env) => match env.get(SHELL) {
            Some(shell) if shell.text() == Some(link) => text.to_owned(),
            Some(shell) => json::replaced(text, shell, &value, &style),
            None => json::appended(text, env, Some(SHELL), &value, &style),
        },
    })
}

/// Takes gate's link out, and puts back what was there before it.
fn without_shell(text: &str, was: Was<'_>) -> Result<String, Refusal> {
    let root = json::parse(text)?;
    let (Some(env), Some(shell)) = (root.get("env"), shell(&root)) else { return Ok(text.to_owned()) };
    if !is_link(shell) {
        return Ok(text.to_owned());
    }
    let before = if let Was::Text(before) = was { Some(json::parse(or_empty(before))?) } else { None };
    let own = before.as_ref().and_then(|root| self::shell(root)).filter(|shell| !is_link(shell));
    if let (Some(own), Some(node)) = (own, env.get(SHELL)) {
        return Ok(json::replaced(text, node, &Json::Text(own.to_owned()), &Style::of(text, &root)));
    }
    let had_env = before.is_some_and(|root| root.get("env").is_some());
    Ok(if env.members().len() > 1 || had_env {
        removed_key(text, env, SHELL)
    } else {
        removed_key(text, &root, "env")
    })
}

/// Returns an object where a file holds nothing.
fn or_empty(text: &str) -> &str {
    if text.trim().is_empty() { "{}\n" } else { text }
}

fn removed_key(text: &str, object: &Node, key: &str) -> String {
    match object.members().iter().position(|member| member.key == key) {
        Some(index) => json::removed(text, object, index),
        None => text.to_owned(),
    }
}

fn value(text: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text).map_err(|error| Refusal::new(error.to_string()))
}

/// Looks at both texts with other eyes than those that made the change: without gate's part they must be the same.
fn only_gates_part_changed(before: &str, after: &str, agent: Agent) -> Result<(), Refusal> {
    let rest = |text: &str| -> Result<Value, Refusal> {
        let bare = hooks::taken(text, agent, Kept::default())?;
        let mut value = value(&bare)?;
        let Some(root) = value.as_object_mut() else { return Ok(value) };
        if let Some(env) = root.get_mut("env").and_then(Value::as_object_mut) {
            env.remove(SHELL);
        }
        root.retain(|key, value| !(key == "env" && value.as_object().is_some_and(|env| env.is_empty())));
        if let Some(hooks) = root.get_mut("hooks").and_then(Value::as_object_mut) {
            hooks.retain(|_, event| event.as_array().is_none_or(|items| !items.is_empty()));
        }
        root.retain(|key, value| !(key == "hooks" && value.as_object().is_some_and(|all| all.is_empty())));
        if agent.has_version() {
            root.remove("version");
        }
        Ok(value)
    };
    if rest(before)? == rest(after)? {
        Ok(())
    } else {
        Err(Refusal::new("the change would touch more than gate's own part; please report this"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Agent, Mode, Own, Was, set_up, status::has_gate, undone};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    const AGENTS: [Agent; 5] = [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor, Agent::Copilot];

    fn own() -> Own {
        Own { gate: "/opt/bin/gate".into(), home: None, link: Some("/opt/lib/gate/shells/bash".into()) }
    }

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[track_caller]
    fn refused(agent: Agent, before: &str, expected: &str) {
        let refusal = set_up(Some(before), agent, Mode::Hook, &own()).unwrap_err();
        assert_eq!(refusal.what, expected);
        assert!(refusal.by_hand.unwrap().contains("/opt/bin/gate"), "it says what to write by hand");
    }

    #[test]
    fn settings_of_another_form_are_refused_with_what_to_write_by_hand() {
        refused(Agent::Claude, "[]", "the whole is a list, expected an object");
        refused(Agent::Claude, "{\"hooks\": \"x\"}", "`hooks` is a string, expected an object");
        refused(
            Agent::Codex,
            "{\"hooks\": {\"PreToolUse\": {}}}",
            "`hooks.PreToolUse` is an object, expected a list",
        );
        refused(
            Agent::Gemini,
            "{\n  \"a\": 1, // note\n}",
            "line 2, column 11: it has comments, which gate would have to take apart",
        );
        refused(Agent::Cursor, "{", "line 1, column 2: it ends where a string is expected");
        let shell = set_up(Some("{\"env\": []}"), Agent::Claude, Mode::Shell, &own()).unwrap_err();
        assert_eq!(shell.what, "`env` is a list, expected an object");
        let none = set_up(None, Agent::Codex, Mode::Shell, &own()).unwrap_err();
        assert!(none.what.starts_with("Codex takes its shell from the password database"));
    }

    #[test]
    fn old_path_is_mended_in_its_place_and_doubles_go() {
        let old = Own { gate: "/old/gate".into(), ..own() };
        for agent in AGENTS {
            let before = set_up(Some("{\"z\": [1,2]}"), agent, Mode::Hook, &old).unwrap();
            let after = set_up(Some(&before), agent, Mode::Hook, &own()).unwrap();
            assert_eq!(after, before.replace("/old/gate", "/opt/bin/gate"));
            assert_eq!(set_up(Some(&after), agent, Mode::Hook, &own()).unwrap(), after);
            let entry = agent.hook(&old).unwrap().value();
            let mut doubled = value(&after);
            doubled["hooks"][agent.event()].as_array_mut().unwrap().push(entry);
            let single = set_up(Some(&doubled.to_string()), agent, Mode::Hook, &own()).unwrap();
            assert_eq!(value(&single), value(&after));
        }
    }

    #[test]
    fn hook_that_a_person_moved_into_another_group_is_found_and_taken_out() {
        let before = json!({ "hooks": { "PreToolUse": [{ "matcher": "Bash", "hooks": [
            { "type": "command", "command": "lint" },
            { "type": "command", "command": "gate hook claude" },
        ]}]}});
        let left = undone(&before.to_string(), Agent::Claude, Was::Unknown).unwrap().unwrap();
        let expected = json!({ "hooks": { "PreToolUse": [{ "matcher": "Bash", "hooks": [
            { "type": "command", "command": "lint" },
        ]}]}});
        assert_eq!(value(&left), expected);
        let after = set_up(Some(&before.to_string()), Agent::Claude, Mode::Hook, &own()).unwrap();
        assert_eq!(value(&after)["hooks"]["PreToolUse"][0], expected["hooks"]["PreToolUse"][0]);
        assert_eq!(value(&after)["hooks"]["PreToolUse"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn shell_of_a_persons_own_comes_back() {
        let before = "{\n  \"env\": {\n    \"CLAUDE_CODE_SHELL\": \"/bin/zsh\",\n    \"A\": \"1\"\n  }\n}\n";
        let after = set_up(Some(before), Agent::Claude, Mode::Shell, &own()).unwrap();
        assert_eq!(after, before.replace("/bin/zsh", "/opt/lib/gate/shells/bash"));
        let changed = after.replace("\"1\"", "\"2\"");
        let undone = |text: &str| undone(text, Agent::Claude, Was::Text(before)).unwrap().unwrap();
        assert_eq!(undone(&after), before);
        assert_eq!(undone(&changed), before.replace("\"1\"", "\"2\""));
    }

    #[test]
    fn other_way_takes_the_place_of_the_first() {
        let shell = set_up(None, Agent::Claude, Mode::Shell, &own()).unwrap();
        assert_eq!(value(&shell), json!({ "env": { "CLAUDE_CODE_SHELL": "/opt/lib/gate/shells/bash" } }));
        let hook = set_up(Some(&shell), Agent::Claude, Mode::Hook, &own()).unwrap();
        assert_eq!(value(&hook), value(&set_up(None, Agent::Claude, Mode::Hook, &own()).unwrap()));
        let back = set_up(Some(&hook), Agent::Claude, Mode::Shell, &own()).unwrap();
        assert_eq!(value(&back), value(&shell));
    }

    const NAMES: [&str; 8] =
        ["hooks", "PreToolUse", "preToolUse", "BeforeTool", "env", "version", "matcher", "command"];

    /// Any JSON, with the names that matter among its keys.
    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
            Just(Value::from("lint '{}' || true")),
        ];
        let key = prop_oneof![proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), ".{0,4}"];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((key.clone(), inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Settings as an agent might have them: an object, in which the lists of hooks are often what they should be.
    fn settings() -> impl Strategy<Value = String> {
        let event = proptest::collection::vec(anything(), 0..4).prop_map(Value::from);
        let hooks = proptest::collection::vec(
            (proptest::sample::select(&["PreToolUse", "preToolUse", "BeforeTool", "Stop"][..]), event),
            0..3,
        );
        let hooks = hooks.prop_map(|events| {
            Value::Object(events.into_iter().map(|(name, event)| (name.to_owned(), event)).collect())
        });
        let env = prop_oneof![Just(json!({})), Just(json!({ "CLAUDE_CODE_SHELL": "/bin/zsh", "A": "1" }))];
        let parts = (anything(), proptest::option::of(hooks), proptest::option::of(env), 0..3_u8);
        parts.prop_map(|(rest, hooks, env, form)| {
            let mut all = match rest {
                Value::Object(members) => members,
                other => Map::from_iter([("rest".to_owned(), other)]),
            };
            all.extend(hooks.map(|hooks| ("hooks".to_owned(), hooks)));
            all.extend(env.map(|env| ("env".to_owned(), env)));
            let value = Value::Object(all);
            match form {
                0 => value.to_string(),
                1 => serde_json::to_string_pretty(&value).unwrap() + "\n",
                _ => serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n"),
            }
        })
    }

    proptest! {
        #[test]
        fn undo_gives_back_what_was_there_and_nothing_else_is_touched(
            before in settings(),
            agent in proptest::sample::select(&AGENTS[..]),
            shell in any::<bool>(),
        ) {
            let mode = if shell && agent == Agent::Claude { Mode::Shell } else { Mode::Hook };
            let Ok(after) = set_up(Some(&before), agent, mode, &own()) else { return Ok(()) };
            prop_assert!(has_gate(&after, agent));
            prop_assert_eq!(&set_up(Some(&after), agent, mode, &own()).unwrap(), &after);
            // Byte for byte, where nothing else changed.
            let back = undone(&after, agent, Was::Text(&before)).unwrap();
            prop_assert_eq!(back.as_deref(), Some(before.as_str()));
            // Everything that was there is there.
            let (old, new) = (value(&before), value(&after));
            for (key, value) in old.as_object().unwrap() {
                match key.as_str() {
                    "hooks" if value.is_object() => for (event, items) in value.as_object().unwrap() {
                        let kept = &new["hooks"][event].as_array().map(|new| &new[..items.as_array().map_or(0, Vec::len)]);
                        prop_assert_eq!(kept, &items.as_array().map(|items| &items[..]));
                    },
                    "env" if mode == Mode::Shell => {}
                    _ => prop_assert_eq!(&new[key], value),
                }
            }
            // What the person changed meanwhile stays.
            let mut changed = new;
            changed["changed meanwhile"] = json!([1]);
            let back = undone(&changed.to_string(), agent, Was::Text(&before)).unwrap().unwrap();
            let mut expected = old;
            expected["changed meanwhile"] = json!([1]);
            prop_assert_eq!(value(&back), expected);
            // Without a copy, nothing of gate's is left.
            let bare = undone(&after, agent, Was::Unknown).unwrap();
            prop_assert!(bare.is_none_or(|text| !has_gate(&text, agent)));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}", agent in proptest::sample::select(&Agent::ALL[..])) {
            for mode in [Mode::Hook, Mode::Shell] {
                let _refused = set_up(Some(&text), agent, mode, &own());
            }
            let _refused = undone(&text, agent, Was::Text(&text));
        }
    }
}
