//! Redirects: which files a command opens, and what it finds on standard input.

use std::rc::Rc;

use super::action::{Redirect, Span, Stdin};
use super::state::State;
use super::syntax::{self, Target};
use super::walk::{Context, Walker, unknown_word};

impl Walker<'_> {
    /// Expands redirects: the files, and what standard input becomes.
    pub(super) fn redirects(
        &mut self,
        context: &Context,
        state: &mut State,
        redirects: &[syntax::Redirect],
    ) -> (Vec<Redirect>, Option<Stdin>) {
        let mut files = Vec::new();
        let mut stdin = None;
        for redirect in redirects {
            let is_input = redirect.descriptor.unwrap_or(0) == 0;
            if self.is_fed && puts_input_in_place_of_the_shells(redirect) {
                self.doubt(context.span(Span::default()), "the shell may keep a descriptor of its own there");
            }
            match &redirect.target {
                Target::File { kind, word } => {
                    let mut words = self.arguments(context, state, std::slice::from_ref(word));
                    let span = context.span(word.span);
                    let target = if words.len() == 1 {
                        words.remove(0)
                    } else {
                        unknown_word(context.source(word.span), span)
                    };
                    let reads = matches!(kind, super::RedirectKind::Read | super::RedirectKind::ReadWrite);
                    if reads && target.as_literal().is_some_and(|path| is_of_the_shell(&path)) {
                        self.doubt(span, "the shell may keep a descriptor of its own there");
                    }
                    if reads && is_input {
                        stdin = Some(Stdin::File(target.clone()));
                    }
                    files.push(Redirect { kind: *kind, target });
                }
                Target::Descriptor { input, is_open } => {
                    self.may_not_open |= !is_open;
                    if *input && is_input {
                        stdin = Some(Stdin::Dynamic);
                    }
                }
                Target::HereString(word) => {
                    let (word, _) = self.single(context, state, word);
                    if is_input {
                        stdin = Some(match word.as_literal() {
                            Some(mut text) => {
                                text.push(b'\n');
                                Stdin::Text(text)
                            }
                            None => Stdin::Dynamic,
                        });
                    }
                }
                Target::HereDoc(index) => {
                    let text = self.here_document(context, state, *index);
                    if is_input {
                        stdin = Some(text.map_or(Stdin::Dynamic, Stdin::Text));
                    }
                }
            }
        }
        (files, stdin)
    }

    fn here_document(&mut self, context: &Context, state: &mut State, index: usize) -> Option<Vec<u8>> {
        let bodies = Rc::clone(&context.bodies);
        let parts = bodies.get(index)?;
        let word = syntax::Word { parts: parts.clone(), span: Span::default() };
        self.single(context, state, &word).0.as_literal()
    }
}

/// Claims that after this redirect the shell may read its script from elsewhere: it keeps where it reads it from at 10 or above.
fn puts_input_in_place_of_the_shells(redirect: &syntax::Redirect) -> bool {
    let only_writes = match &redirect.target {
        Target::File { kind, .. } => {
            !matches!(kind, super::RedirectKind::Read | super::RedirectKind::ReadWrite)
        }
        Target::Descriptor { .. } | Target::HereDoc(_) | Target::HereString(_) => false,
    };
    redirect.descriptor.is_some_and(|number| number > 9) && !only_writes
}

/// Claims that reading from `path` may take what the shell reads its script from: a descriptor from 10 on, or of any process.
fn is_of_the_shell(path: &[u8]) -> bool {
    let number = path.strip_prefix(b"/dev/fd/").or_else(|| path.strip_prefix(b"/proc/self/fd/"));
    match number {
        Some(number) => !(number.len() == 1 && number[0].is_ascii_digit()),
        None => path.starts_with(b"/proc/") && path.windows(4).any(|part| part == b"/fd/"),
    }
}
