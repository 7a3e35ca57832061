//! What a person is asked about, in the words of the shell layer and the policy: actions, and rules with the places they speak of.

use serde::{Deserialize, Serialize};

use crate::command::{quoted, visible};
use crate::policy::Risk;
use crate::shell::{Action, Piece, Place, Scope, Span, Word};

/// A rule that asked for this request, as it stood when it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedBy {
    /// The rule's id (`git.force-push`).
    pub rule: String,
    pub risk: Risk,
    pub reason: String,
    /// What to do instead, for a rejection.
    pub instead: Option<String>,
    /// The parts of the analysed text it speaks of ([`crate::shell::Analysis::text`]); marked on a card.
    pub spans: Vec<Span>,
}

/// One action, written for a person: what remains of it when the wrappers are taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedAction {
    /// Program and arguments, shell-quoted where they need it; expansions that nobody knows yet as they are written.
    pub text: String,
    /// The wrappers it came through, outermost first.
    pub inside: Vec<String>,
    pub as_root: bool,
    /// Claims that it happens in a container or on another host.
    pub remote: bool,
    /// The directory it runs in; `None` if that is unknown before it runs.
    pub cwd: Option<String>,
    /// Why gate cannot say what it runs, if it cannot.
    pub opaque: Option<String>,
}

impl AskedAction {
    /// Returns how `action` is shown; an action that was not understood is shown as it stands in `text`, the analysed one.
    pub fn of(action: &Action, text: &[u8]) -> AskedAction {
        let written = match &action.opaque {
            Some(opaque) => visible(text.get(opaque.span.start..opaque.span.end).unwrap_or_default()),
            None => words(action),
        };
        AskedAction {
            text: written,
            inside: action.inside.clone(),
            as_root: action.as_root,
            remote: action.scope == Scope::Remote,
            cwd: match &action.cwd {
                Place::Known(path) => Some(visible(path.as_os_str().as_encoded_bytes())),
                Place::Unknown => None,
            },
            opaque: action.opaque.as_ref().map(|opaque| opaque.reason.clone()),
        }
    }
}

fn words(action: &Action) -> String {
    // A redirect alone has no program.
    let program = std::iter::once(word(&action.program)).filter(|name| !name.is_empty());
    let args = action.args.iter().map(word).map(|arg| if arg.is_empty() { "''".to_owned() } else { arg });
    let assignments = action.assignments.iter().map(|set| format!("{}={}", set.name, word(&set.value)));
    assignments.chain(program).chain(args).collect::<Vec<_>>().join(" ")
}

fn word(word: &Word) -> String {
    word.pieces.iter().map(piece).collect()
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Literal(bytes) => visible(&quoted(bytes)),
        Piece::Glob(pattern) => visible(pattern),
        Piece::Dynamic { text, .. } => visible(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Stdin;

    fn word_of(pieces: &[Piece]) -> Word {
        Word { pieces: pieces.to_vec(), span: Span::default() }
    }

    fn action(words: &[Word], opaque: Option<&str>) -> Action {
        Action {
            program: words[0].clone(),
            args: words[1..].to_vec(),
            assignments: crate::shell::Assignments::default(),
            redirects: Vec::new(),
            cwd: Place::Unknown,
            inside: vec!["sudo".to_owned()],
            scope: Scope::Local,
            as_root: true,
            upstream: None,
            downstream: None,
            stdin: Stdin::Inherited,
            builtin: false,
            function: false,
            shadowed: None,
            span: Span { start: 0, end: 5 },
            opaque: opaque.map(|reason| crate::shell::Opaque {
                reason: reason.to_owned(),
                span: Span { start: 2, end: 5 },
            }),
        }
    }

    #[test]
    fn words_are_quoted_where_they_need_it_and_unknown_ones_stay_as_written() {
        let literal = |text: &str| Word::literal(text, Span::default());
        let dynamic =
            word_of(&[Piece::Literal(b"a".to_vec()), Piece::Dynamic { text: "$x".into(), splits: true }]);
        let asked = AskedAction::of(
            &action(&[literal("rm"), literal("a b"), dynamic, literal("it's\u{202e}")], None),
            b"",
        );
        assert_eq!(asked.text, r"rm 'a b' a$x 'it'\''s\u{202e}'");
        assert_eq!((asked.inside, asked.as_root, asked.cwd), (vec!["sudo".to_owned()], true, None));
    }

    #[test]
    fn what_was_not_understood_is_shown_as_it_stands() {
        let asked =
            AskedAction::of(&action(&[Word::default()], Some("a form gate does not know")), b"x $((y\n");
        assert_eq!(
            (asked.text.as_str(), asked.opaque.as_deref()),
            ("$((", Some("a form gate does not know"))
        );
    }
}
