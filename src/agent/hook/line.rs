//! The command line that stands for a command and runs it through gate.

use std::path::Path;

use crate::command::visible;

/// A reason longer than this is cut: it is for a card, not for a page.
const LONGEST_REASON: usize = 300;

/// A command longer than this is not repeated in a message.
const LONGEST_SHOWN: usize = 4000;

/// Returns the command line that runs `text` through the gate at `gate`; `None` where a path is not UTF-8 and so cannot stand in JSON.
///
/// `reason` is the agent's description of the call, which nothing invisible in it survives.
pub fn rewritten(gate: &Path, home: Option<&Path>, reason: Option<&str>, text: &str) -> Option<String> {
    let mut words = vec![gate.to_str()?.to_owned()];
    if let Some(home) = home {
        words.extend(["--home".to_owned(), home.to_str()?.to_owned()]);
    }
    if let Some(reason) = reason.map(shortened).filter(|reason| !reason.is_empty()) {
        words.extend(["--reason".to_owned(), reason]);
    }
    words.push("-c".to_owned());
    if text.starts_with(['-', '+']) {
        words.push("--".to_owned());
    }
    words.push(text.to_owned());
    Some(words.iter().map(|word| in_quotes(word)).collect::<Vec<_>>().join(" "))
}

/// Returns `word` as any of bash, sh and zsh takes it as one word (zsh looks a leading `=` up in `PATH`).
fn in_quotes(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns what a model is told to run, where its agent cannot be given the command line by a hook.
pub fn instruction(line: &str) -> String {
    if line.len() <= LONGEST_SHOWN {
        return format!("run exactly this instead: {line}");
    }
    "run the same command as one quoted string after `gate -c`".to_owned()
}

fn shortened(reason: &str) -> String {
    let reason = visible(reason.trim().as_bytes());
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((at, _)) => format!("{}…", &reason[..at]),
        None => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::{instruction, rewritten};
    use std::path::Path;

    #[track_caller]
    fn case(home: Option<&str>, reason: Option<&str>, text: &str, expected: &str) {
        let line = rewritten(Path::new("/opt/my gate/gate"), home.map(Path::new), reason, text);
        assert_eq!(line.as_deref(), Some(expected));
    }

    #[test]
    fn nothing_in_a_command_or_a_reason_can_end_its_quotes() {
        case(None, None, "git push", "'/opt/my gate/gate' -c 'git push'");
        case(Some("/h x"), None, "ls", "'/opt/my gate/gate' --home '/h x' -c ls");
        case(
            None,
            Some("it's\nlate\u{202e}"),
            "x",
            r"'/opt/my gate/gate' --reason 'it'\''s\nlate\u{202e}' -c x",
        );
        case(
            None,
            Some("  "),
            "echo 'a'; rm b\n$(id)`id`",
            "'/opt/my gate/gate' -c 'echo '\\''a'\\''; rm b\n$(id)`id`'",
        );
        case(None, Some("--home"), "-rf x", "'/opt/my gate/gate' --reason --home -c -- '-rf x'");
        case(None, Some("=x"), "", "'/opt/my gate/gate' --reason '=x' -c ''");
    }

    #[test]
    fn a_long_reason_is_cut_and_a_long_command_not_repeated() {
        let line = rewritten(Path::new("/gate"), None, Some(&"ä".repeat(400)), "x").unwrap();
        assert_eq!(line, format!("/gate --reason '{}…' -c x", "ä".repeat(300)));
        assert_eq!(instruction("gate -c x"), "run exactly this instead: gate -c x");
        assert!(instruction(&"x".repeat(5000)).len() < 100);
    }
}
