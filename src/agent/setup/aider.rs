//! Aider: a block of lines in its YAML settings that sets `SHELL`, by which Aider runs commands
//! (<https://aider.chat/docs/config/aider_conf.html>; that it takes `SHELL` is not documented: `aider/run_cmd.py`).
//!
//! gate does not parse YAML. It adds whole lines at the end, where a key at the beginning of a line always starts a new
//! entry, and refuses files in which that is not so.

use super::{Own, Refusal, Was};

const BEGIN: &str = "# gate: commands go through gate; `gate agent setup aider --undo` takes these lines out";
const END: &str = "# gate: end";

/// See [`super::set_up`].
pub(super) fn set_up(before: Option<&str>, own: &Own) -> Result<String, Refusal> {
    let link = own.shell()?;
    let block = format!("{BEGIN}\nset-env:\n  - {}\n{END}\n", quoted(&format!("SHELL={link}")));
    let before = before.unwrap_or_default();
    let rest = without_block(before)?;
    takes_a_key_at_its_end(&rest)?;
    if let Some((start, old)) = block_of(before) {
        return Ok(format!("{}{block}{}", &before[..start], &before[start + old.len()..]));
    }
    let newline = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{before}{newline}{block}"))
}

/// See [`super::undone`].
pub(super) fn undone(now: &str, was: Was<'_>) -> Result<Option<String>, Refusal> {
    let rest = without_block(now)?;
    Ok(match was {
        Was::Text(before) if before.trim_end() == rest.trim_end() => Some(before.to_owned()),
        Was::Unknown | Was::Absent if rest.trim().is_empty() && rest != now => None,
        _ => Some(rest),
    })
}

/// Returns the shell that gate's lines set.
pub(super) fn shell(text: &str) -> Option<&str> {
    let (_, block) = block_of(text)?;
    let line = block.lines().find_map(|line| line.trim().strip_prefix("- "))?;
    line.trim_matches('\'').strip_prefix("SHELL=")
}

/// Claims that these settings set variables of their own, which would take the place of gate's.
pub(super) fn sets_variables(text: &str) -> bool {
    let rest = without_block(text).unwrap_or_default();
    rest.lines().any(|line| matches!(line.split(':').next(), Some("set-env" | "'set-env'" | "\"set-env\"")))
}

/// Returns where gate's lines begin, and the lines.
fn block_of(text: &str) -> Option<(usize, &str)> {
    let start = text.find(BEGIN)?;
    let end = start + text[start..].find(END)? + END.len();
    let end = if text[end..].starts_with('\n') { end + 1 } else { end };
    Some((start, &text[start..end]))
}

fn without_block(text: &str) -> Result<String, Refusal> {
    let Some((start, block)) = block_of(text) else { return Ok(text.to_owned()) };
    let inner: Vec<&str> = block.lines().filter(|line| !line.starts_with('#')).collect();
    let [head, item] = &inner[..] else {
        return Err(Refusal::new("gate's lines were changed by hand; take them out by hand"));
    };
    if *head != "set-env:" || !item.trim().starts_with("- ") {
        return Err(Refusal::new("gate's lines were changed by hand; take them out by hand"));
    }
    Ok(format!("{}{}", &text[..start], &text[start + block.len()..]))
}

fn takes_a_key_at_its_end(text: &str) -> Result<(), Refusal> {
    if sets_variables(text) {
        return Err(Refusal::new("it has a `set-env` of its own, and YAML knows a key only once"));
    }
    let mut lines = text.lines().enumerate().filter(|(_, line)| {
        let line = line.trim_end();
        !line.is_empty() && !line.starts_with('#')
    });
    let is_key = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        line.contains(':') && !name.is_empty() && name.chars().all(is_plain)
    };
    // A list may stand under its key without being indented.
    let belongs = |line: &str| line.starts_with([' ', '\t']) || line.starts_with("- ");
    let strange = lines.find(|(at, line)| !is_key(line) && (*at == 0 || !belongs(line)));
    match strange {
        None => Ok(()),
        Some((at, _)) => Err(Refusal::new(format!(
            "line {}: it is no plain `key: value`, so nothing can be added safely",
            at + 1
        ))),
    }
}

/// Returns a YAML scalar between single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str =
        "# gate: commands go through gate; `gate agent setup aider --undo` takes these lines out
set-env:
  - 'SHELL=/opt/lib/gate/shells/bash'
# gate: end
";

    fn own() -> Own {
        Own { gate: "/opt/bin/gate".into(), home: None, link: Some("/opt/lib/gate/shells/bash".into()) }
    }

    #[track_caller]
    fn there_and_back(before: Option<&str>, expected: &str) {
        let after = set_up(before, &own()).unwrap();
        assert_eq!(after, expected);
        assert_eq!(set_up(Some(&after), &own()).unwrap(), after, "the second time changes nothing");
        assert_eq!(shell(&after), Some("/opt/lib/gate/shells/bash"));
        let was = before.map_or(Was::Absent, Was::Text);
        assert_eq!(undone(&after, was).unwrap().as_deref(), before);
    }

    #[test]
    fn lines_are_added_at_the_end_and_taken_out_again() {
        there_and_back(None, BLOCK);
        there_and_back(Some(""), BLOCK);
        there_and_back(
            Some("model: x\nread:\n- a.md\n  \n# note"),
            &format!("model: x\nread:\n- a.md\n  \n# note\n{BLOCK}"),
        );
        let old = BLOCK.replace("/opt/", "/old/");
        let moved = set_up(Some(&format!("a: 1\n{old}b: 2\n")), &own()).unwrap();
        assert_eq!(moved, format!("a: 1\n{BLOCK}b: 2\n"), "an old path is mended in its place");
        assert_eq!(undone(&moved, Was::Unknown).unwrap().as_deref(), Some("a: 1\nb: 2\n"));
    }

    #[test]
    fn what_lines_cannot_be_added_to_is_refused() {
        let refused = |text: &str| set_up(Some(text), &own()).unwrap_err().what;
        assert_eq!(
            refused("set-env:\n  - A=1\n"),
            "it has a `set-env` of its own, and YAML knows a key only once"
        );
        let strange = "it is no plain `key: value`, so nothing can be added safely";
        assert_eq!(refused("{a: 1}\n"), format!("line 1: {strange}"));
        assert_eq!(refused("a: 1\n---\nb: 2\n"), format!("line 2: {strange}"));
        assert_eq!(refused("just text\n"), format!("line 1: {strange}"));
        let changed = BLOCK.replace("  - ", "  - A=1\n  - ");
        assert_eq!(refused(&changed), "gate's lines were changed by hand; take them out by hand");
    }
}
