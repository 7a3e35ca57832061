//! The paths an action reads and writes: by the selectors of the program's entry, and by redirects.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::derived;
use super::glob::{Token, certain, literal, tokens};
use super::paths::PathValue;
use super::subject::Subject;
use crate::shell::{Certainty, Operand, Program, RedirectKind, Selector, Word};

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Reads,
    Writes,
}

/// Returns the paths that the action uses, `operands` being those after the subcommand.
pub(super) fn paths(subject: &Subject<'_>, operands: &[Operand], what: Use) -> Vec<PathValue> {
    let found = all(subject, operands, what);
    match what {
        Use::Reads => found,
        Use::Writes => found.into_iter().map(PathValue::written).collect(),
    }
}

fn all(subject: &Subject<'_>, operands: &[Operand], what: Use) -> Vec<PathValue> {
    let mut found = Vec::new();
    for redirect in &subject.action.redirects {
        let is_such =
            match (redirect.kind, what) {
                (RedirectKind::Read, Use::Reads)
                | (RedirectKind::Write | RedirectKind::Append, Use::Writes) => true,
                (RedirectKind::ReadWrite, _) => true,
                (RedirectKind::Read, Use::Writes)
                | (RedirectKind::Write | RedirectKind::Append, Use::Reads) => false,
            };
        if is_such {
            found.push(PathValue::of(subject.ground, &tokens(&redirect.target), redirect_cwd(subject), true));
        }
    }
    let Some(program) = &subject.program else { return found };
    let selectors = match what {
        Use::Reads => &program.reads,
        Use::Writes => &program.writes,
    };
    let edited = if what == Use::Writes && edits(subject, program) { &program.reads[..] } else { &[] };
    for selector in selectors.iter().chain(edited) {
        selected(subject, operands, selector, &mut found);
    }
    let is_open = subject.arguments.unknown.iter().any(|unknown| !unknown.glob);
    if is_open && !(selectors.is_empty() && edited.is_empty()) {
        found.push(PathValue::of(subject.ground, &[Token::Anything], None, false));
    }
    found
}

/// Claims that the action might change in place what it reads.
fn edits(subject: &Subject<'_>, program: &Program) -> bool {
    let is_listed = |name: &str| program.in_place.iter().any(|listed| listed == name);
    let could_be =
        |name: &str| name.starts_with("--") && program.in_place.iter().any(|listed| listed.starts_with(name));
    let read = &subject.arguments;
    !program.in_place.is_empty()
        && (read.options.iter().any(|given| is_listed(&given.name) || could_be(&given.name))
            || read.unknown.iter().any(|unknown| !unknown.glob))
}

/// A redirect is opened by the shell that reads it: here, whatever machine the command is for.
fn redirect_cwd<'a>(subject: &Subject<'a>) -> Option<&'a Path> {
    match &subject.action.cwd {
        crate::shell::Place::Known(path) => Some(path),
        crate::shell::Place::Unknown => None,
    }
}

fn selected(subject: &Subject<'_>, operands: &[Operand], selector: &Selector, found: &mut Vec<PathValue>) {
    let cwd = subject.cwd();
    let is_certain = operands.iter().all(|operand| operand.certainty == Certainty::Sure);
    let (chosen, others): (&[Operand], &[Operand]) = match selector {
        Selector::Operands => (operands, &[]),
        Selector::First => operands.split_at(operands.len().min(1)),
        Selector::Rest => {
            let (first, rest) = operands.split_at(operands.len().min(1));
            (rest, first)
        }
        Selector::Last => {
            let (init, last) = operands.split_at(operands.len().saturating_sub(1));
            (last, init)
        }
        Selector::Init => operands.split_at(operands.len().saturating_sub(1)),
        Selector::Into => {
            into(subject, operands, found);
            return;
        }
        Selector::Value(option) => {
            option_values(subject, option, found);
            return;
        }
        Selector::After(subcommand) => {
            derived::after(subject, subcommand, found);
            return;
        }
        Selector::Backup => {
            derived::backup(subject, operands, found);
            return;
        }
        Selector::Unpacked => {
            derived::unpacked(subject, operands, found);
            return;
        }
        Selector::Up(name) | Selector::File(name) => {
            found.push(PathValue::of(subject.ground, &literal(name.as_bytes()), cwd, true));
            return;
        }
    };
    for operand in chosen {
        add(subject, subject.word(operand.index), operand.certainty > Certainty::Possible, found);
    }
    // Where places are not certain, each operand might be the one.
    for operand in others.iter().filter(|_| !is_certain) {
        add(subject, subject.word(operand.index), false, found);
    }
}

/// Adds what the operands are called in the directory they are put into, where one is there: `cp x/.envrc .` writes `./.envrc`.
pub(super) fn into(subject: &Subject<'_>, operands: &[Operand], found: &mut Vec<PathValue>) {
    let is_target = |name: &str| matches!(name, "-t" | "--target-directory");
    let options = subject.arguments.options.iter();
    let target = options
        .filter(|given| is_target(&given.name) || is_target(&given.canonical))
        .find_map(|given| given.value.as_ref());
    let (sources, dir) = match (target, operands.split_last()) {
        (Some(dir), _) => (operands, dir),
        (None, Some((last, init))) => (init, subject.word(last.index)),
        (None, None) => return,
    };
    let mut dir = tokens(dir);
    let is_dir = target.is_some() || sources.len() > 1 || is_directory(subject, &dir);
    dir.push(Token::Byte(b'/'));
    for source in sources.iter().filter(|_| is_dir) {
        let value = [&dir[..], name(&tokens(subject.word(source.index)))].concat();
        found.push(PathValue::of(
            subject.ground,
            &value,
            subject.cwd(),
            source.certainty > Certainty::Possible,
        ));
    }
}

/// Returns the last part of a path.
fn name(path: &[Token]) -> &[Token] {
    let is_slash = |token: &Token| *token == Token::Byte(b'/');
    let end = path.iter().rposition(|token| !is_slash(token)).map_or(0, |at| at + 1);
    let start = path[..end].iter().rposition(is_slash).map_or(0, |at| at + 1);
    &path[start..end]
}

fn is_directory(subject: &Subject<'_>, dir: &[Token]) -> bool {
    let Some(bytes) = certain(dir) else { return false };
    let path = Path::new(OsStr::from_bytes(&bytes));
    let is_written_so = bytes.ends_with(b"/")
        || matches!(name(dir), [Token::Byte(b'.')] | [Token::Byte(b'.'), Token::Byte(b'.')]);
    let is_there = |path: PathBuf| {
        let led = subject.ground.led(&path, subject.asking(true));
        subject.world.is_directory(&path)
            || led.is_none_or(|all| all.iter().any(|path| subject.world.is_directory(path)))
    };
    is_written_so || subject.cwd().is_some_and(|cwd| is_there(cwd.join(path)))
}

fn option_values(subject: &Subject<'_>, option: &str, found: &mut Vec<PathValue>) {
    let same = |given: &&crate::shell::Given| given.name == option || given.canonical == option;
    for given in subject.arguments.options.iter().filter(same) {
        if let Some(value) = &given.value {
            add(subject, value, given.certainty > Certainty::Possible, found);
        }
        if let Some(at) = given.perhaps {
            add(subject, subject.word(at), false, found);
        }
    }
    glued(subject, option, found);
}

/// Adds what stands right behind the letter of an option of a program whose options are words: `gcc -ofile` writes `file`.
fn glued(subject: &Subject<'_>, option: &str, found: &mut Vec<PathValue>) {
    let is_single_dash = subject.program.as_ref().is_some_and(|program| program.single_dash);
    if !is_single_dash || option.starts_with("--") {
        return;
    }
    let behind =
        |given: &&crate::shell::Given| given.name.len() > option.len() && given.name.starts_with(option);
    for given in subject.arguments.options.iter().filter(behind) {
        let value = &tokens(subject.word(given.index))[option.len()..];
        found.push(PathValue::of(subject.ground, value, subject.cwd(), is_unlisted(subject, &given.name)));
    }
}

/// Claims that no option of the program is called so, up to a `=`.
fn is_unlisted(subject: &Subject<'_>, name: &str) -> bool {
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    let Some(program) = &subject.program else { return true };
    !program.values.iter().chain(&program.flags).chain(&program.attached).any(|listed| listed == name)
}

/// Adds the path that `word` means, and those it means to programs that write `@path` or `name=path`.
fn add(subject: &Subject<'_>, word: &Word, is_sure: bool, found: &mut Vec<PathValue>) {
    let cwd = subject.cwd();
    let value = tokens(word);
    if certain(&value).is_some_and(|bytes| bytes == b"-") {
        return;
    }
    let head = value.iter().position(|token| *token == Token::Byte(b'/')).unwrap_or(value.len());
    if let Some(at) = value[..head].iter().position(|token| *token == Token::Byte(b'=')) {
        found.push(PathValue::of(subject.ground, without_at(&value[at + 1..]), cwd, is_sure));
    } else if value.first() == Some(&Token::Byte(b'@')) {
        found.push(PathValue::of(subject.ground, &value[1..], cwd, is_sure));
    }
    let is_elsewhere =
        value[..head].contains(&Token::Byte(b':')) && value.first() != Some(&Token::Byte(b'/'));
    let path = PathValue::of(subject.ground, &value, cwd, is_sure);
    // `host:path` or a URL: not a path of this machine, so nothing that allows may take it for one.
    found.push(if is_elsewhere { path.elsewhere() } else { path });
}

fn without_at(value: &[Token]) -> &[Token] {
    value.strip_prefix(&[Token::Byte(b'@')]).unwrap_or(value)
}
