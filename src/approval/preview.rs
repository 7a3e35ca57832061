//! What a read-only command showed of what the command that is asked about would do: a part of the request, and so of D and of the card.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// One preview, as it was when the request was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// What it shows, in the policy's words.
    pub what: String,
    /// Its command, without secrets; none where none could be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Why it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
    /// What it printed, where it was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<Printed>,
    /// Claims that it is run again before the start, and that another answer stops that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stable: bool,
    /// The commitment to all of it, byte for byte.
    #[serde(with = "super::hex")]
    pub seal: Digest,
}

/// What a preview printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    /// Its lines, without secrets, and with whatever is invisible made visible.
    pub lines: Vec<String>,
    pub end: PreviewEnd,
    /// Claims that it did not do what it was meant to.
    pub failed: bool,
}

/// How a preview ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreviewEnd {
    /// By itself, with this exit code.
    Exited(u8),
    /// By this signal.
    Signalled(u8),
    /// It was ended after this many milliseconds: the most it may take.
    Late(u64),
    /// It was ended after this many bytes: the most it may print.
    Full(u32),
}

impl PreviewEnd {
    /// Claims that it was ended before its time, so that what it would still have printed is not known.
    pub fn is_cut(self) -> bool {
        matches!(self, PreviewEnd::Late(_) | PreviewEnd::Full(_))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{ask, at, content, request};
    use super::super::{Request, RequestId};
    use super::*;

    #[test]
    fn a_request_without_previews_is_written_as_it_always_was_and_one_with_them_has_another_digest() {
        let plain = request(ask("claude"));
        assert!(!String::from_utf8(plain.statement.clone()).unwrap().contains("preview"));
        let seen = |line: &str| {
            let printed = Printed { lines: vec![line.to_owned()], end: PreviewEnd::Exited(0), failed: false };
            let preview = Preview {
                what: "what changes".to_owned(),
                command: Some("kubectl diff".to_owned()),
                not_run: None,
                printed: Some(printed),
                stable: false,
                seal: Digest::of(line.as_bytes()),
            };
            let asked = super::super::Ask { previews: vec![preview], ..ask("claude") };
            Request::new(RequestId::from_random(7), content(&["git", "push"]), asked, at(0))
        };
        let (one, other) = (seen("+a"), seen("+b"));
        assert_ne!(one.digest(), other.digest());
        let Request { content, statement, progress, .. } = one.clone();
        let read = Request::from_stored(content.json().to_vec(), statement, progress).unwrap();
        assert_eq!(read, one);
    }
}
