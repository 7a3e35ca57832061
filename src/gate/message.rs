//! What a requester is told when its command was not run: one fact a line, in the same words every time.
//!
//! First who or what held it back, then which command, then what to do next. docs/agents.md has the table of all of them,
//! and `tests/all/messages.rs` holds it to these words.
//!
//! MUST rule: the command is shown without its secrets and cut to one short line, because these lines end up in logs.

use super::Judged;
use crate::audit::redact::{self, Depth};
use crate::command::{Source, quoted, visible};
use crate::config::Places;
use crate::report::Next;
use crate::ui;

/// How many characters of a command are shown; its length in bytes is said where that is not all of it.
const SHOWN: usize = 160;

/// How many bytes of a command are read for that: enough that a secret is seen whole before the cut.
const READ: usize = 4096;

/// Says which command was not run.
pub fn say_not_run(command: &Source) {
    ui::say(&format!("not run: {}", shown(command)));
}

/// Says what the rules would rather see; claims that they know something.
pub(super) fn say_instead<'a>(instead: impl IntoIterator<Item = &'a str>) -> bool {
    let mut is_said = false;
    for instead in instead {
        ui::hint(&visible(format!("instead: {instead}").as_bytes()));
        is_said = true;
    }
    is_said
}

/// Says what to do after a refusal by the policy.
pub(super) fn say_after_refusal(judged: &Judged) -> Next {
    if say_instead(judged.instead()) {
        return Next::Instead;
    }
    ui::hint(match judged.judgement.decisive() {
        Some(hit) if hit.floor => "leave it; no rule can allow this",
        Some(_) => "leave it, or let a person change the rule",
        None => "leave it, or let a person write a rule that allows it",
    });
    Next::Leave
}

/// Says what to do where a request is over and the wish may not be.
pub(super) fn say_ask_anew() -> Next {
    ui::hint("run the command again to ask anew");
    Next::AskAgain
}

/// Says where a job's requests can be answered.
pub(super) fn say_set_up(places: &Places) {
    let config = visible(places.config.as_os_str().as_encoded_bytes());
    ui::hint(&format!(
        "on a runner where people answer: put `attended = true` under `[local]` into `{config}`, and keep `{} inbox` open",
        places.gate()
    ));
    ui::hint("on any other runner: allow it beforehand with a rule of the policy, or let a person run it");
}

/// Returns the command in one short line, without secrets and with its length where that is not all of it.
pub fn shown(command: &Source) -> String {
    let (bytes, is_whole, length) = beginning(command);
    let text = visible(&bytes);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({length} bytes)", &text[..end]),
        None if is_whole => text,
        None => format!("{text}… ({length} bytes)"),
    }
}

/// Returns what the command begins with, without secrets, whether that is all of it, and how long all of it is.
fn beginning(command: &Source) -> (Vec<u8>, bool, usize) {
    match command {
        Source::Argv(words) => {
            let mut left = READ;
            let first = words.iter().map_while(|word| {
                let part = (left > 0).then(|| word[..word.len().min(left)].to_vec());
                left = left.saturating_sub(word.len() + 1);
                part
            });
            let clean = redact::words(&first.collect::<Vec<_>>(), Depth::Record).words;
            let length = words.iter().map(|word| word.len() + 1).sum::<usize>().saturating_sub(1);
            (clean.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(&b' '), left > 0, length)
        }
        Source::Script { text, .. } => {
            let (first, is_whole) = (&text[..text.len().min(READ)], text.len() <= READ);
            (redact::text(first, Depth::Record).0, is_whole, text.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;
    use crate::command::{Dialect, Source};

    #[track_caller]
    fn argv(words: &[&str], expected: &str) {
        assert_eq!(
            shown(&Source::Argv(words.iter().map(|word| word.as_bytes().to_vec()).collect())),
            expected
        );
    }

    #[track_caller]
    fn script(text: &[u8], expected: &str) {
        let (options, args) = (Vec::new(), Vec::new());
        assert_eq!(
            shown(&Source::Script { dialect: Dialect::Bash, options, text: text.to_vec(), args }),
            expected
        );
    }

    #[test]
    fn a_command_is_one_line_with_nothing_invisible() {
        argv(&["git", "push", "a b"], "git push 'a b'");
        script(b"cd x\ngit push\t\x1b[2K", "cd x\\ngit push\\t\\x1b[2K");
        script("ls \u{202e}x".as_bytes(), "ls \\u{202e}x");
        argv(&[""], "''");
    }

    #[test]
    fn a_long_one_is_cut_and_its_length_is_said() {
        script(&[b'x'; 160], &"x".repeat(160));
        script(&[b'x'; 161], &format!("{}… (161 bytes)", "x".repeat(160)));
        script(&vec![b'y'; 1 << 20], &format!("{}… (1048576 bytes)", "y".repeat(160)));
        argv(&["ls", &"ü".repeat(4000)], &format!("ls '{}… (8003 bytes)", "ü".repeat(156)));
        let many: Vec<&str> = std::iter::repeat_n("aa", 50_000).collect();
        argv(&many, &format!("{}a… (149999 bytes)", "aa ".repeat(53)));
    }

    #[test]
    fn secrets_are_not_shown() {
        argv(&["deploy", "--password", "hunter2"], "deploy --password '[redacted option]'");
        script(b"API_TOKEN=hunter2 deploy", "API_TOKEN=[redacted named] deploy");
    }
}
