//! Why a command is wanted: the requester's reason and ticket, and how they are taken out of a script.

/// What the requester says about a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    pub reason: Option<String>,
    pub ticket: Option<String>,
}

impl Why {
    /// Returns `self`, with what it does not say taken from `other`.
    pub fn or(self, other: Why) -> Why {
        Why { reason: self.reason.or(other.reason), ticket: self.ticket.or(other.ticket) }
    }
}

/// Takes leading `GATE_REASON=…` and `GATE_TICKET=…` assignments off a script: they speak to gate, not to the command.
///
/// Only an assignment in front of a command on the same line counts, with a value that is certain: a plain word, or a string in
/// single or double quotes without an expansion. Anything else stays in the text and is the shell's.
pub fn take_from(script: &[u8]) -> (Why, &[u8]) {
    let mut why = Why::default();
    let mut rest = script;
    while let Some((name, value, after)) = assignment(rest) {
        match name {
            Name::Reason => why.reason = Some(value),
            Name::Ticket => why.ticket = Some(value),
        }
        rest = after;
    }
    (why, rest)
}

enum Name {
    Reason,
    Ticket,
}

/// Returns a leading assignment's name and value, and the text from the next word on.
fn assignment(text: &[u8]) -> Option<(Name, String, &[u8])> {
    let text = skip_blanks(text);
    let (name, text) = match (text.strip_prefix(b"GATE_REASON="), text.strip_prefix(b"GATE_TICKET=")) {
        (Some(text), _) => (Name::Reason, text),
        (None, Some(text)) => (Name::Ticket, text),
        (None, None) => return None,
    };
    let (value, text) = value(text)?;
    let after = skip_blanks(text);
    let is_apart = after.len() < text.len();
    let starts_word = after.first().is_some_and(|byte| !b";&|<>()\n#".contains(byte));
    (is_apart && starts_word).then_some((name, String::from_utf8(value).ok()?, after))
}

fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match text.first()? {
        b'\'' => {
            let end = text[1..].iter().position(|byte| *byte == b'\'')? + 1;
            Some((text[1..end].to_vec(), &text[end + 1..]))
        }
        b'"' => {
            let end = text[1..].iter().position(|byte| *byte == b'"')? + 1;
            let inside = &text[1..end];
            let is_certain = !inside.iter().any(|byte| b"$`\\!".contains(byte));
            is_certain.then(|| (inside.to_vec(), &text[end + 1..]))
        }
        _ => {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.,:/@%+#".contains(byte);
            let end = text.iter().position(|byte| !is_plain(byte))?;
            (end > 0 && text[0] != b'#').then(|| (text[..end].to_vec(), &text[end..]))
        }
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    &text[end..]
}

#[cfg(test)]
mod tests {
    use super::{Why, take_from};

    #[track_caller]
    fn case(script: &str, reason: Option<&str>, ticket: Option<&str>, rest: &str) {
        let why = Why { reason: reason.map(str::to_owned), ticket: ticket.map(str::to_owned) };
        assert_eq!(take_from(script.as_bytes()), (why, rest.as_bytes()));
    }

    #[test]
    fn a_leading_assignment_speaks_to_gate() {
        case("GATE_REASON='fix the build' git push", Some("fix the build"), None, "git push");
        case(
            "  GATE_REASON=\"it is late\" GATE_TICKET=OPS-7 make x",
            Some("it is late"),
            Some("OPS-7"),
            "make x",
        );
        case("GATE_TICKET=a GATE_TICKET=b x", None, Some("b"), "x");
        case("GATE_REASON='' x", Some(""), None, "x");
    }

    #[test]
    fn what_is_not_certain_stays_the_shells() {
        for script in [
            "git push",
            "GATE_REASON=x",
            "GATE_REASON=x; git push",
            "GATE_REASON=x && git push",
            "GATE_REASON=x\ngit push",
            "GATE_REASON=x > file",
            "GATE_REASON='x'y git push",
            "GATE_REASON=\"$(rm -rf .)\" git push",
            "GATE_REASON=`id` git push",
            "GATE_REASON=$HOME git push",
            "GATE_REASON='open git push",
            "GATE_REASON=a\\ b git push",
            "GATE_REASON= git push",
            "GATE_REASONS=x git push",
            "export GATE_REASON=x; git push",
            "",
        ] {
            case(script, None, None, script);
        }
    }
}
