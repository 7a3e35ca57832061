//! What ran against what was listed: names, arguments, and paths.

use std::collections::BTreeSet;

use gate::shell::{Action, Analysis, Piece, Word};

use super::sandbox::Ran;

/// Returns the names and calls that the shell ran and gate did not list.
pub(crate) fn missed(analysis: &Analysis, ran: &Ran) -> Vec<String> {
    let listed: BTreeSet<Vec<u8>> =
        analysis.actions.iter().filter_map(|a| a.program.as_literal()).map(logged).collect();
    let names = ran.names.iter().filter(|name| !listed.contains(*name)).cloned();
    // The log takes these two bytes for its own.
    let is_told = !analysis.actions.iter().flat_map(|action| &action.args).any(holds_a_separator);
    let calls = ran.calls.iter().filter(|call| {
        is_told
            && listed.contains(&call[0])
            && !analysis.actions.iter().any(|action| is_call_of(action, call))
    });
    let calls = calls.map(|call| call.join(&b"' '"[..]));
    let all = names.chain(calls).chain(missed_paths(analysis, ran, listed.clone()));
    all.map(|name| String::from_utf8_lossy(&name).into_owned()).collect()
}

/// Returns a name as the log has it: a newline and the byte that stands for one are the same there.
fn logged(name: Vec<u8>) -> Vec<u8> {
    name.into_iter().map(|byte| if byte == 1 { b'\n' } else { byte }).collect()
}

fn holds_a_separator(word: &Word) -> bool {
    word.pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Literal(bytes) if bytes.iter().any(|byte| *byte <= 2)))
}

fn missed_paths(analysis: &Analysis, ran: &Ran, mut mentioned: BTreeSet<Vec<u8>>) -> Vec<Vec<u8>> {
    for action in &analysis.actions {
        mentioned.extend(action.redirects.iter().filter_map(|redirect| redirect.target.as_literal()));
        // Directories and files that builtins name (`cd /x`, `. /x`).
        mentioned.extend(action.args.iter().filter(|_| action.builtin).filter_map(Word::as_literal));
    }
    // `exec` names a relative path (`a/b`) by where it leads.
    let leads_to = |path: &[u8], name: &[u8]| {
        name.contains(&b'/') && path.strip_suffix(name).is_some_and(|directory| directory.ends_with(b"/"))
    };
    let is_mentioned =
        |path: &Vec<u8>| mentioned.contains(path) || mentioned.iter().any(|name| leads_to(path, name));
    let is_certain = dynamic_paths(analysis) == 0;
    ran.paths.iter().filter(|path| is_certain && !is_mentioned(path)).cloned().collect()
}

/// Returns how many redirects and builtins name a path that nobody knows before: an error about one says nothing.
fn dynamic_paths(analysis: &Analysis) -> usize {
    let redirects = analysis.actions.iter().flat_map(|action| &action.redirects);
    let args = analysis.actions.iter().filter(|action| action.builtin).flat_map(|action| &action.args);
    redirects.map(|redirect| &redirect.target).chain(args).filter(|word| word.as_literal().is_none()).count()
}

/// Claims that what was listed may run with these arguments.
fn is_call_of(action: &Action, call: &[Vec<u8>]) -> bool {
    action.program.as_literal().is_some_and(|name| logged(name) == call[0])
        && may_become(&action.args, &call[1..])
}

/// Claims that the words may become these arguments: a certain word is one argument, one that may split is any number.
fn may_become(words: &[Word], args: &[Vec<u8>]) -> bool {
    let mut reached: Vec<bool> = (0..=args.len()).map(|at| at == 0).collect();
    for word in words {
        let mut next = vec![false; args.len() + 1];
        let mut any = false;
        for at in 0..=args.len() {
            any |= reached[at];
            next[at] |= word.may_split() && any;
            if at < args.len() && reached[at] && is_of(&word.pieces, &args[at]) {
                next[at + 1] = true;
            }
        }
        reached = next;
    }
    reached[args.len()]
}

/// Claims that a word of these pieces may be this argument.
fn is_of(pieces: &[Piece], arg: &[u8]) -> bool {
    match pieces.split_first() {
        None => arg.is_empty(),
        Some((Piece::Literal(bytes), rest)) => {
            arg.strip_prefix(bytes.as_slice()).is_some_and(|arg| is_of(rest, arg))
        }
        Some((Piece::Glob(_) | Piece::Dynamic { .. }, rest)) => {
            (0..=arg.len()).any(|from| is_of(rest, &arg[from..]))
        }
    }
}
