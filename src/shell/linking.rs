//! Which actions give names to what lies elsewhere: `ln`, `cp`, `mv` and what unpacks.
//!
//! Too many names are given rather than too few: where a target may be a directory, the name in it counts as well as the target itself.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::action::{Action, Piece, Place, Scope, Word};
use super::arguments::Arguments;
use super::links::{Links, Name, To};
use super::program::{Program, Programs};
use crate::world::World;

/// What an action does that gives names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Symbolic links, with a text that says where they lead; `true`: made relative by the program itself.
    Links {
        is_computed: bool,
    },
    /// Other names of the same files.
    Joins,
    Copies,
    Moves,
}

/// Returns the names that `actions` give; `loose` says of each whether it may run at another time than its place says.
pub(super) fn links_of(
    actions: &[Action],
    loose: &[bool],
    world: &dyn World,
    programs: &dyn Programs,
) -> Links {
    let named = actions.iter().enumerate();
    let given: Vec<(usize, Name, To)> = named
        .flat_map(|(by, action)| given_by(action, programs).into_iter().map(move |(name, to)| (by, name, to)))
        .collect();
    let mut links = Links::new(loose.to_vec());
    if given.is_empty() {
        return links;
    }
    for (by, name, to) in &given {
        links.add(*by, name, to.clone(), world);
    }
    // In a loop, a name may lie behind one that is given after it.
    for (by, name, to) in given {
        if loose.get(by).is_none_or(|loose| *loose) {
            links.add(by, &name, to, world);
        }
    }
    links
}

/// Claims that the action may give names to what lies elsewhere.
pub(super) fn may_link(action: &Action) -> bool {
    !action.builtin
        && matches!(
            last_part(&program_of(action)),
            b"ln"
                | b"gln"
                | b"link"
                | b"cp"
                | b"gcp"
                | b"mv"
                | b"gmv"
                | b"rsync"
                | b"tar"
                | b"gtar"
                | b"bsdtar"
                | b"unzip"
        )
}

fn program_of(action: &Action) -> Vec<u8> {
    action.program.as_literal().unwrap_or_default()
}

/// Returns the last part of a path, without the slashes behind it.
fn last_part(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    path[..end].rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

fn given_by(action: &Action, programs: &dyn Programs) -> Vec<(Name, To)> {
    if action.scope == Scope::Remote || !may_link(action) {
        return Vec::new();
    }
    let name = program_of(action);
    let name = last_part(&name);
    let program: Option<Rc<Program>> = std::str::from_utf8(name).ok().and_then(|name| programs.program(name));
    let read = Arguments::read(&action.args, program.as_deref());
    if matches!(name, b"tar" | b"gtar" | b"bsdtar" | b"unzip") {
        return unpacked(action, name, &read);
    }
    let has = |names: &[&str]| {
        read.options
            .iter()
            .any(|given| names.contains(&given.name.as_str()) || names.contains(&given.canonical.as_str()))
    };
    let is_copy =
        has(&["-a", "-d", "-P", "-R", "-r", "-l", "--archive", "--no-dereference", "--recursive", "--links"]);
    let how = match name {
        b"ln" | b"gln" if has(&["-s", "--symbolic"]) => {
            Some(How::Links { is_computed: has(&["-r", "--relative"]) })
        }
        b"ln" | b"gln" | b"link" => Some(How::Joins),
        b"mv" | b"gmv" => Some(How::Moves),
        b"cp" | b"gcp" if has(&["-s", "--symbolic-link"]) => Some(How::Links { is_computed: false }),
        b"cp" | b"gcp" if has(&["-l", "--link"]) => Some(How::Joins),
        _ if is_copy => Some(How::Copies),
        _ => None,
    };
    if read.unknown.iter().any(|unknown| !unknown.glob) {
        // Which word is what is not known either.
        return vec![(Name::Below(PathBuf::from("/")), To::Anywhere)];
    }
    how.map_or_else(Vec::new, |how| named(action, how, &read, name))
}

/// Returns the names by the operands of `ln` and its like.
fn named(action: &Action, how: How, read: &Arguments, program: &[u8]) -> Vec<(Name, To)> {
    let is = |names: [&str; 2], given: &super::Given| {
        names.contains(&given.name.as_str()) || names.contains(&given.canonical.as_str())
    };
    let into = read.options.iter().find(|given| is(["-t", "--target-directory"], given));
    let stays = read.options.iter().any(|given| is(["-T", "--no-target-directory"], given));
    let operands: Vec<&Word> = read.operands.iter().map(|operand| &action.args[operand.index]).collect();
    let here = Word::literal(b".".to_vec(), action.span);
    let is_link = matches!(how, How::Links { .. } | How::Joins);
    let (sources, target, is_directory) = match (into.filter(|_| program != b"rsync"), operands.split_last())
    {
        (Some(given), _) => (&operands[..], given.value.as_ref().unwrap_or(&here), true),
        (None, Some((target, sources))) if !sources.is_empty() => {
            let ends = target.as_literal().is_some_and(|path| path.ends_with(b"/"));
            (sources, *target, sources.len() > 1 || (ends && is_link))
        }
        (None, Some(_)) if is_link => (&operands[..], &here, true),
        (None, Some(_) | None) => return Vec::new(),
    };
    let mut all = Vec::new();
    for source in sources {
        for to in leads(action, how, source, target) {
            let (is_whole, inside) = place_in(action, source, target);
            if is_whole || !is_directory {
                all.push((place(action, target), to.clone()));
            }
            all.extend(inside.filter(|_| !stays).map(|inside| (inside, to)));
        }
    }
    all
}

/// Returns whether the target itself stands for the source's directory, and the name in the target.
fn place_in(action: &Action, source: &Word, target: &Word) -> (bool, Option<Name>) {
    let dir = place(action, target);
    match (source.as_literal(), &dir) {
        (Some(source), _) if matches!(last_part(&source), b"." | b".." | b"") => (true, None),
        (Some(source), Name::At(dir)) => {
            (false, Some(Name::At(dir.join(OsStr::from_bytes(last_part(&source))))))
        }
        (None, Name::At(_)) if pattern_in(source).is_some() => (true, None),
        (None, Name::At(dir)) => (true, Some(Name::Below(dir.clone()))),
        (_, Name::Below(_)) => (true, None),
    }
}

/// Returns where a name of `source` in or at `target` leads.
fn leads(action: &Action, how: How, source: &Word, target: &Word) -> Vec<To> {
    let absolute = |path: &[u8]| path_of(action, path);
    let literal = source.as_literal();
    // All that a pattern stands for keeps its name.
    let path = literal.clone().or_else(|| pattern_in(source));
    let Some(path) = path else { return vec![if how == How::Copies { To::Unpacked } else { To::Anywhere }] };
    let from = absolute(&path);
    let or_anywhere = |to: Option<To>| vec![to.unwrap_or(To::Anywhere)];
    match how {
        How::Links { is_computed: false } if literal.is_some() => {
            vec![To::Text(PathBuf::from(OsStr::from_bytes(&path)))]
        }
        How::Links { is_computed: false } => match place(action, target) {
            Name::At(dir) => vec![To::Same(dir.join(OsStr::from_bytes(&path)))],
            Name::Below(_) => vec![To::Anywhere],
        },
        How::Links { is_computed: true } | How::Joins => or_anywhere(from.map(To::Same)),
        How::Copies if is_remote(&path) => vec![To::Unpacked],
        How::Copies => vec![from.map_or(To::Unpacked, To::Copy)],
        How::Moves => match from {
            Some(from) => vec![To::Same(from.clone()), To::Copy(from)],
            None => vec![To::Anywhere],
        },
    }
}

/// Claims that rsync would take `path` for one of another host.
fn is_remote(path: &[u8]) -> bool {
    let head = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    head.contains(&b':')
}

/// Returns the directory of a word whose last part only is a pattern: `src/*`.
fn pattern_in(word: &Word) -> Option<Vec<u8>> {
    let mut known = Vec::new();
    let mut is_open = false;
    for piece in &word.pieces {
        match piece {
            Piece::Literal(part) if !is_open => known.extend_from_slice(part),
            Piece::Literal(part) if part.contains(&b'/') => return None,
            Piece::Literal(_) => {}
            Piece::Glob(_) => is_open = true,
            Piece::Dynamic { .. } => return None,
        }
    }
    let end = known.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    known.truncate(end);
    Some(if known.is_empty() { b".".to_vec() } else { known })
}

fn place(action: &Action, word: &Word) -> Name {
    let everywhere = || Name::Below(PathBuf::from("/"));
    match word.as_literal() {
        Some(path) => path_of(action, &path).map_or_else(everywhere, Name::At),
        None => match pattern_in(word) {
            Some(dir) => path_of(action, &dir).map_or_else(everywhere, Name::Below),
            None => everywhere(),
        },
    }
}

/// Returns `path` as the kernel takes it, made absolute.
pub(super) fn path_of(action: &Action, path: &[u8]) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(path));
    match &action.cwd {
        Place::Known(cwd) => Some(cwd.join(path)),
        Place::Unknown => path.is_absolute().then(|| path.to_owned()),
    }
}

/// What an archive holds is not known; it may be links.
fn unpacked(action: &Action, program: &[u8], read: &Arguments) -> Vec<(Name, To)> {
    let is_directory = |name: &str| match program {
        b"unzip" => name == "-d",
        _ => matches!(name, "-C" | "--directory"),
    };
    let first = action.args.first().and_then(Word::as_literal).unwrap_or_default();
    let is_given = |given: &super::Given| matches!(given.canonical.as_str(), "-x" | "--extract" | "--get");
    let unpacks = program == b"unzip"
        || (!first.starts_with(b"--") && first.contains(&b'x'))
        || read.options.iter().any(is_given)
        || !read.unknown.is_empty();
    if !unpacks {
        return Vec::new();
    }
    let here = [Word::literal(b".".to_vec(), action.span)];
    let given = read.options.iter().filter(|given| is_directory(&given.canonical));
    let value =
        |given: &'_ super::Given| given.value.clone().or_else(|| action.args.get(given.perhaps?).cloned());
    let given: Vec<Word> = given.filter_map(value).collect();
    let dirs = if given.is_empty() { &here[..] } else { &given[..] };
    let below = |word: &Word| match place(action, word) {
        Name::At(dir) | Name::Below(dir) => (Name::Below(dir), To::Unpacked),
    };
    dirs.iter().map(below).collect()
}
