//! One entry in one line, for people.

use serde_json::Value;

use crate::command::visible;

/// Returns `SEQ TIME TYPE WHO WHAT`: what matters of an entry. Everything in it is made visible.
pub(super) fn line(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let seq = entry["seq"].as_u64().unwrap_or(0);
    let time = text(&entry["ts"]).replace('T', " ");
    let who = format!("{}:{}", text(&entry["actor"]["kind"]), text(&entry["actor"]["id"]));
    let parts = [command(entry).map(shortened), said(entry), request(entry)];
    let what = parts.into_iter().flatten().collect::<Vec<_>>().join("  ");
    let line = format!(
        "{seq:>6}  {}  {:<20}  {who:<18}  {what}",
        time.get(..19).unwrap_or(&time),
        text(&entry["type"])
    );
    visible(line.trim_end().as_bytes())
}

/// A line is for finding an entry; `gate audit show SEQ` has the whole command.
fn shortened(command: String) -> String {
    const SHOWN: usize = 120;
    match command.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &command[..end]),
        None => command,
    }
}

fn command(entry: &Value) -> Option<String> {
    let action = &entry["action"];
    if let Some(script) = action["script"].as_str() {
        let mut lines = script.lines();
        let first = lines.next().unwrap_or_default();
        return Some(if lines.next().is_some() { format!("{first} …") } else { first.to_owned() });
    }
    let words = action["argv"].as_array()?.iter().map(|word| match word {
        Value::String(text) if text.is_empty() || text.contains(' ') => format!("'{text}'"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    Some(words.collect::<Vec<_>>().join(" "))
}

/// Returns what the entry adds: a verdict with its rules, an answer, an outcome.
fn said(entry: &Value) -> Option<String> {
    let data = &entry["data"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let observed = if entry["mode"] == "observed" { " (not enforced)" } else { "" };
    let said = match entry["type"].as_str()? {
        "judged" => {
            let rules = entry["policy"]["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
            let rules: Vec<&str> = rules.iter().filter_map(Value::as_str).collect();
            let inside = text(&data["inside"]).map(|id| format!(" (inside {id})")).unwrap_or_default();
            let glass = text(&data["break_glass"]).map(|name| format!(" (break-glass {name})"));
            let glass = glass.unwrap_or_default();
            format!("{}{observed}{inside}{glass} {}", text(&data["verdict"])?, rules.join(" "))
        }
        "request" => text(&data["change"])?,
        "decision" | "decision.refused" => {
            let decision = &entry["decision"];
            let comment =
                text(&decision["comment"]).map(|comment| format!(": {comment}")).unwrap_or_default();
            let why = text(&data["why"]).map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{} by {}{comment}{why}", text(&decision["answer"])?, text(&decision["approver"])?)
        }
        "break_glass" => glass(data)?,
        "exec.end" => outcome(&entry["outcome"])?,
        _ => text(&data["why"])?,
    };
    Some(said.trim_end().to_owned())
}

/// Returns what happened to an incident: `opened INC-42 by mara: the shop is down`.
fn glass(data: &Value) -> Option<String> {
    let text = |name: &str| data[name].as_str();
    let more = ["what", "why", "comment"].iter().filter_map(|name| text(name)).collect::<Vec<_>>();
    let by = text("by").map(|by| format!(" {} {by}", if data["change"] == "reviewed" { "of" } else { "by" }));
    let more = if more.is_empty() { String::new() } else { format!(": {}", more.join(": ")) };
    Some(format!("{} {}{}{more}", text("change")?, text("incident")?, by.unwrap_or_default()))
}

/// Returns how a command ended, if that is what this says.
pub(super) fn outcome(outcome: &Value) -> Option<String> {
    if outcome["handed"] == true {
        return Some("handed to a shell that ran on".to_owned());
    }
    let seconds = outcome["duration_us"].as_u64()? as f64 / 1e6;
    let how = match (&outcome["exit"], &outcome["signal"], &outcome["error"]) {
        (Value::Number(code), _, _) => format!("exit {code}"),
        (_, Value::Number(signal), _) => format!("signal {signal}"),
        (_, _, Value::String(error)) => format!("not started: {error}"),
        _ => return None,
    };
    Some(format!("{how} after {seconds:.1} s"))
}

fn request(entry: &Value) -> Option<String> {
    entry["request"].as_str().map(|id| format!("[{id}]"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn entry_is_told_in_one_line_with_nothing_hidden() {
        let entry = json!({
            "seq": 7, "ts": "2026-11-21T09:00:00.000001Z", "type": "judged", "mode": "enforced",
            "actor": { "kind": "agent", "id": "claude" }, "action": { "argv": ["rm", "a b", "\u{202e}x"] },
            "data": { "verdict": "deny" }, "policy": { "rules": ["files.rm"] },
        });
        let expected = "     7  2026-11-21 09:00:00  judged                agent:claude        rm 'a b' \\u{202e}x  deny files.rm";
        assert_eq!(line(&entry), expected);
        let long = json!({ "type": "exec.start", "action": { "argv": ["x".repeat(500)] } });
        assert!(line(&long).ends_with("xx …") && line(&long).len() < 220, "{}", line(&long));
        let ended = json!({
            "seq": 9, "ts": "2026-11-21T09:00:00.000001Z", "type": "exec.end", "request": "7KQ2-M9XD-4T1B",
            "actor": { "kind": "agent", "id": "claude" }, "outcome": { "exit": 3, "duration_us": 1_250_000 },
        });
        assert!(line(&ended).ends_with("exit 3 after 1.2 s  [7KQ2-M9XD-4T1B]"), "{}", line(&ended));
    }
}
