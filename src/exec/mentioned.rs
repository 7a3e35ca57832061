//! The names in a command's text that could be variables: their values are part of what would run.
//!
//! Read off the bytes, without a grammar: a name too many is bound for nothing, a name too few could be changed after the approval.

use std::collections::BTreeSet;

use crate::command::{Command, Source};

/// Names in a command's text that could be variables.
pub(super) struct Mentioned<'a> {
    /// Every identifier.
    pub(super) words: BTreeSet<&'a [u8]>,
    /// Those right behind a `$` or `${`: bound even where they are not set now.
    pub(super) expanded: BTreeSet<&'a [u8]>,
}

/// Returns the names that `command` mentions.
pub(super) fn mentioned(command: &Command) -> Mentioned<'_> {
    let texts: Vec<&[u8]> = match &command.source {
        Source::Argv(words) => words.iter().map(Vec::as_slice).collect(),
        Source::Script { text, args, .. } => {
            std::iter::once(text.as_slice()).chain(args.iter().map(Vec::as_slice)).collect()
        }
    };
    let mut found = Mentioned { words: BTreeSet::new(), expanded: BTreeSet::new() };
    for text in texts {
        let mut rest = 0;
        while rest < text.len() {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let length = text[rest..].iter().take_while(|byte| is_part(byte)).count();
            let word = &text[rest..rest + length];
            if word.first().is_some_and(|first| !first.is_ascii_digit()) {
                found.words.insert(word);
                let before = text[..rest].strip_suffix(b"{").unwrap_or(&text[..rest]);
                let before =
                    before.strip_suffix(b"{#").or_else(|| before.strip_suffix(b"{!")).unwrap_or(before);
                if before.ends_with(b"$") {
                    found.expanded.insert(word);
                }
            }
            rest += length.max(1);
        }
    }
    found
}
