//! Patterns on paths.
//!
//! A pattern that begins with `~` means any home, with `~gate` the directory that `--home` names, with `~above-gate` each one above it, with `~agent` one that a
//! variable names to an agent as its own, with `./` the directory gate was started in, with `/` an absolute path; any other
//! matches whole last parts of the path (`.env`, `*.pem`, `*/.git/config`). `X/**` is X and everything in it, `X/**/y` is `X/y` and any
//! `y` below; `*` crosses `/` too.
//!
//! A path is judged as written and as it really is: to restrict, either may match; to allow, both must.

use std::cell::{Cell, OnceCell};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::glob::{Glob, Token, Value, certain, literal};
use super::ground::Ground;
use super::patterns::{Marks, Patterns};
use super::subject::{Lean, Subject};
use crate::shell::{Asking, Scope, Truth};

/// A path as it may be spelled, and what is cheap to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    pub(super) value: Value,
    pub(super) marks: Marks,
}

impl Spelled {
    fn new(value: Value) -> Spelled {
        let marks = match (value.certain(), value.tokens().last()) {
            (Some(path), _) => Marks::of_path(path),
            (None, Some(Token::Byte(last))) => Marks::of_end(Some(*last)),
            (None, Some(Token::Name | Token::Anything) | None) => Marks::of_end(None),
        };
        Spelled { value, marks }
    }
}

/// What is the same for each use of a path.
#[derive(Debug)]
pub(super) struct Known {
    /// Absolute and without `.` and `..` as far as that can be said.
    lexical: Spelled,
    /// Claims that an unknown part could lead anywhere, by `..`.
    may_leave: bool,
    /// The certain beginning, before `..` was taken out, and the rest of the tokens: for the real path.
    base: Option<(PathBuf, Vec<Token>)>,
    /// Where it leads while the script gives no names; `None` inside where there is no telling.
    real: OnceCell<Option<Real>>,
}

/// A path with links resolved.
#[derive(Clone, Debug)]
struct Real {
    /// Claims that it leads elsewhere by a name that the script gives, or nobody knows where.
    is_open: bool,
    /// What it may be, but for what it is as it is written.
    others: Vec<Spelled>,
}

/// A path that leads nowhere else.
static AS_WRITTEN: Real = Real { is_open: false, others: Vec::new() };

impl Known {
    /// Returns what is known of a path of which all is certain.
    pub(super) fn of_bytes(absolute: &[u8]) -> Known {
        let base =
            absolute.starts_with(b"/").then(|| (PathBuf::from(OsStr::from_bytes(absolute)), Vec::new()));
        Known::new(Value::of_bytes(normal_bytes(absolute)), false, base)
    }

    fn of_tokens(absolute: &[Token]) -> Known {
        match normal(absolute) {
            Some(lexical) => {
                Known::new(Value::new(lexical.clone()), may_leave(&lexical), split_base(absolute))
            }
            None => Known::nothing(),
        }
    }

    /// Returns a path of which nothing is known.
    pub(super) fn nothing() -> Known {
        let anything = vec![Token::Anything];
        Known::new(Value::new(anything.clone()), may_leave(&anything), None)
    }

    fn new(lexical: Value, may_leave: bool, base: Option<(PathBuf, Vec<Token>)>) -> Known {
        Known { lexical: Spelled::new(lexical), may_leave, base, real: OnceCell::new() }
    }

    fn with_real(&self, all: Vec<Vec<Token>>) -> Real {
        let all: Vec<Value> = all.into_iter().map(Value::new).collect();
        let is_open = all.len() > 1 || all.iter().any(Value::is_anything);
        let others = all.into_iter().filter(|real| *real != self.lexical.value).map(Spelled::new).collect();
        Real { is_open, others }
    }
}

/// A path that an action uses.
#[derive(Clone, Debug)]
pub(super) struct PathValue {
    known: Rc<Known>,
    /// Claims that it is used as written; else it only might be.
    pub(super) is_sure: bool,
    /// Claims that it is written, not only read.
    is_written: bool,
    /// Claims that it was asked where it leads.
    is_asked: Cell<bool>,
    /// Where it leads by the names that the script gives.
    led: OnceCell<Option<Real>>,
}

impl PathValue {
    /// Returns the path that `word` means in `cwd`.
    pub(super) fn of(ground: &Ground<'_>, value: &[Token], cwd: Option<&Path>, is_sure: bool) -> PathValue {
        if let Some(bytes) = certain(value) {
            return PathValue::of_bytes(ground, &bytes, cwd, is_sure);
        }
        let known = match (value.first(), cwd) {
            (Some(Token::Anything | Token::Byte(b'/')), _) => Known::of_tokens(value),
            (_, Some(cwd)) => {
                let behind = [cwd.as_os_str().as_bytes(), b"/"].concat();
                Known::of_tokens(&[&literal(&behind), value].concat())
            }
            (_, None) => return PathValue::new(ground.nothing(), is_sure),
        };
        PathValue::new(Rc::new(known), is_sure)
    }

    /// Returns the path that a word of which all is certain means in `cwd`.
    pub(super) fn of_bytes(
        ground: &Ground<'_>,
        value: &[u8],
        cwd: Option<&Path>,
        is_sure: bool,
    ) -> PathValue {
        let known = match (value.first(), cwd) {
            (Some(b'/'), _) => ground.known(None, value),
            (_, Some(cwd)) => ground.known(Some(cwd.as_os_str().as_bytes()), value),
            (_, None) => ground.nothing(),
        };
        PathValue::new(known, is_sure)
    }

    fn new(known: Rc<Known>, is_sure: bool) -> PathValue {
        PathValue { known, is_sure, is_written: false, is_asked: Cell::new(false), led: OnceCell::new() }
    }

    /// Returns the path as one that is written.
    pub(super) fn written(mut self) -> PathValue {
        self.is_written = true;
        self
    }

    /// Claims that it was found to lead elsewhere by a name that the script gives, or nobody knows where.
    pub(super) fn is_led(&self) -> bool {
        let real = self.led.get().or_else(|| self.known.real.get());
        self.is_asked.get() && real.is_some_and(|real| real.as_ref().is_some_and(|real| real.is_open))
    }

    /// Returns the path as one of another machine, of which nothing is certain.
    pub(super) fn elsewhere(self) -> PathValue {
        let mut lexical = self.known.lexical.value.tokens().into_owned();
        lexical.push(Token::Anything);
        let may_leave = may_leave(&lexical);
        let known = Known::new(Value::new(lexical), may_leave, None);
        PathValue { known: Rc::new(known), ..self }
    }

    /// Returns whether the path matches any of `patterns` as it is written, wherever links lead.
    pub(super) fn reads_like(&self, patterns: &Patterns, subject: &Subject<'_>, lean: Lean) -> Truth {
        subject.ground.matches_any(patterns, &self.known.lexical, lean)
    }

    /// Returns whether the path matches any of `patterns`.
    pub(super) fn matches_any(&self, patterns: &Patterns, subject: &Subject<'_>, lean: Lean) -> Truth {
        let ground = subject.ground;
        if lean == Lean::Permit && self.known.may_leave {
            return ground.anything_matches_any(patterns, lean);
        }
        let lexical = ground.matches_any(patterns, &self.known.lexical, lean);
        let decided = if lean == Lean::Permit { Truth::No } else { Truth::Yes };
        if lexical == decided {
            return decided;
        }
        let real = self.real(subject);
        let others = real.map_or(&[][..], |real| &real.others);
        match lean {
            Lean::Restrict => {
                others.iter().fold(lexical, |all, real| all | ground.matches_any(patterns, real, lean))
            }
            Lean::Permit if real.is_some() && others.is_empty() => lexical,
            // The very pattern that lets the one through must let the others through.
            Lean::Permit => Truth::any(patterns.iter().map(|pattern| self.matches(pattern, subject, lean))),
        }
    }

    /// Returns whether the path matches `pattern`.
    pub(super) fn matches(&self, pattern: &str, subject: &Subject<'_>, lean: Lean) -> Truth {
        let ground = subject.ground;
        if lean == Lean::Permit && self.known.may_leave {
            return ground.anything_matches(pattern, lean);
        }
        let lexical = ground.matches(pattern, &self.known.lexical, lean);
        let decided = if lean == Lean::Permit { Truth::No } else { Truth::Yes };
        if lexical == decided {
            return decided;
        }
        let Some(real) = self.real(subject) else {
            let real = if lean == Lean::Permit { Truth::Maybe } else { Truth::No };
            return if lean == Lean::Permit { lexical & real } else { lexical | real };
        };
        let others = real.others.iter().map(|real| ground.matches(pattern, real, lean));
        match lean {
            Lean::Permit => others.fold(lexical, |all, real| all & real),
            Lean::Restrict => others.fold(lexical, |all, real| all | real),
        }
    }

    /// Returns the paths that it may be with links resolved, as far as its beginning is certain; `None` where there is no telling.
    fn real(&self, subject: &Subject<'_>) -> Option<&Real> {
        let (base, rest) = self.known.base.as_ref()?;
        if subject.action.scope == Scope::Remote || is_own_stream(base) {
            return Some(&AS_WRITTEN);
        }
        self.is_asked.set(true);
        let anywhere = || Some(vec![vec![Token::Anything]]);
        let with = |all: Vec<Vec<Token>>| self.known.with_real(all);
        if !subject.ground.links.is_empty() {
            let find = || self.led(base, rest, subject).or_else(anywhere).map(with);
            return self.led.get_or_init(find).as_ref();
        }
        let find = || match subject.ground.real_path(base) {
            Some(real) if rest.is_empty() => Some(vec![literal(&normal_bytes(real.as_os_str().as_bytes()))]),
            Some(real) => Some(vec![normal(&behind_base(&real, rest))?]),
            None => anywhere(),
        };
        self.known.real.get_or_init(|| find().map(with)).as_ref()
    }

    /// Returns the paths that it may be where the script gives names to what lies elsewhere; `None`: any.
    fn led(&self, base: &Path, rest: &[Token], subject: &Subject<'_>) -> Option<Vec<Vec<Token>>> {
        let (links, world) = (subject.ground.links, subject.world);
        let mut asking = subject.asking(self.is_written);
        asking.keeps_last &= rest.is_empty() && !base.as_os_str().as_bytes().ends_with(b"/");
        let bases = links.lead(base, asking, world)?;
        let mut all: Vec<Vec<Token>> =
            bases.iter().map(|base| normal(&behind_base(base, rest))).collect::<Option<_>>()?;
        if rest.is_empty() {
            return Some(all);
        }
        // What is not known of it may be one of the names, or lead through it.
        asking.writes &= rest.contains(&Token::Byte(b'/'));
        let mut beyond = Vec::new();
        for (name, is_below) in links.names(asking) {
            if !links.takes_step() {
                return None;
            }
            let mut ways = bases.iter().zip(&all).filter(|(base, _)| is_below || !base.starts_with(name));
            if !ways.any(|(_, path)| may_go_through(path, name)) {
                continue;
            }
            if is_below || climbs(rest) {
                return None;
            }
            for to in links.lead(name, Asking { keeps_last: false, ..asking }, world)? {
                let mut path = literal(to.as_os_str().as_bytes());
                path.push(Token::Anything);
                beyond.push(path);
            }
        }
        all.extend(beyond);
        Some(all)
    }
}

/// Claims that `path` may be the file `name` or lie below it.
fn may_go_through(path: &[Token], name: &Path) -> bool {
    let name = Glob::exactly(name.as_os_str().as_bytes());
    let below = name.clone().then(Glob::new(if name == Glob::exactly(b"/") { "*" } else { "/*" }));
    [name, below].iter().any(|glob| glob.matches(path) != Truth::No)
}

fn climbs(path: &[Token]) -> bool {
    path.split(|token| *token == Token::Byte(b'/')).any(|part| part == [Token::Byte(b'.'); 2])
}

/// Returns the path `rest` behind `base`.
fn behind_base(base: &Path, rest: &[Token]) -> Vec<Token> {
    let mut all = literal(base.as_os_str().as_bytes());
    if !rest.is_empty() {
        all.push(Token::Byte(b'/'));
        all.extend_from_slice(rest);
    }
    all
}

fn may_leave(path: &[Token]) -> bool {
    let mut parts = path.split(|token| *token == Token::Byte(b'/')).peekable();
    let mut leaves = false;
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let is_dots = part.first() == Some(&Token::Byte(b'.')) && part.contains(&Token::Name);
        leaves |= part.contains(&Token::Anything) || (is_dots && !is_last);
    }
    leaves
}

/// Claims that `path` is one of the process's own open files: what it leads to from here says nothing.
fn is_own_stream(path: &Path) -> bool {
    let name = path.as_os_str().as_bytes();
    matches!(name, b"/dev/stdin" | b"/dev/stdout" | b"/dev/stderr")
        || name.strip_prefix(b"/dev/fd/").is_some_and(|number| number.iter().all(u8::is_ascii_digit))
}

/// Takes `.`, `..` and doubled slashes out; `None` where `..` follows a part that may hold slashes.
fn normal(path: &[Token]) -> Option<Vec<Token>> {
    let mut parts: Vec<&[Token]> = Vec::new();
    for part in path.split(|token| *token == Token::Byte(b'/')) {
        match certain(part).as_deref() {
            Some(b"" | b".") => {}
            Some(b"..") => match parts.pop() {
                Some(before) if before.contains(&Token::Anything) => return None,
                Some(_) | None => {}
            },
            Some(_) | None => parts.push(part),
        }
    }
    let is_absolute = path.first() == Some(&Token::Byte(b'/'));
    let mut out = Vec::with_capacity(path.len());
    for (at, part) in parts.iter().enumerate() {
        if at > 0 || is_absolute {
            out.push(Token::Byte(b'/'));
        }
        out.extend_from_slice(part);
    }
    if out.is_empty() {
        out.push(Token::Byte(b'/'));
    }
    Some(out)
}

/// Takes the same out of a path of which all is certain.
fn normal_bytes(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for (at, part) in parts.iter().enumerate() {
        if at > 0 || path.starts_with(b"/") {
            out.push(b'/');
        }
        out.extend_from_slice(part);
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// Splits an absolute path after the last slash before anything unknown.
fn split_base(path: &[Token]) -> Option<(PathBuf, Vec<Token>)> {
    let known = path.iter().take_while(|token| matches!(token, Token::Byte(_))).count();
    let bytes = certain(&path[..known])?;
    if bytes.first() != Some(&b'/') {
        return None;
    }
    if known == path.len() {
        return Some((PathBuf::from(OsStr::from_bytes(&bytes)), Vec::new()));
    }
    let slash = bytes.iter().rposition(|byte| *byte == b'/')?;
    let base = PathBuf::from(OsStr::from_bytes(&bytes[..=slash]));
    Some((base, path[slash + 1..].to_vec()))
}
