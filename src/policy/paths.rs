//! Patterns on paths.
//!
//! A pattern that begins with `~` means any home, with `~gate` the directory that `--home` names, with `~above-gate` each one above it, with `~agent` one that a
//! variable names to an agent as its own, with `./` the directory gate was started in, with `/` an absolute path; any other
//! matches whole last parts of the path (`.env`, `*.pem`, `*/.git/config`). `X/**` is X and everything in it, `X/**/y` is `X/y` and any
//! `y` below; `*` crosses `/` too.
//!
//! A path is judged as written and as it really is: to restrict, either may match; to allow, both must.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::glob::{Glob, Token, Value, certain, literal};
use super::path_form::{Named, any_form, ends_otherwise};
use super::patterns::{Marks, Patterns};
use super::subject::{Lean, Subject, Way};
use super::texts::Texts;
use crate::shell::{Analysis, Asking, Links, Listing, Scope, Truth};
use crate::world::World;

/// For names of programs, what holds at each place of a pipe.
type Along = BTreeMap<Vec<String>, BTreeMap<usize, Truth>>;

/// The file system as one judgement sees it: looked at when first needed, and at each path once.
pub(super) struct Ground<'a> {
    world: &'a dyn World,
    start: &'a Path,
    pub(super) texts: &'a Texts,
    /// The whole script as it is written, and the names that it gives to what lies elsewhere.
    script: &'a [u8],
    links: &'a Links,
    /// Whether programs of some names stand at a place of a pipe or further on, up and down.
    along: [RefCell<Along>; 2],
    /// What globs stand for.
    pub(super) listing: Listing<'a>,
    /// Which expressions match it.
    in_script: RefCell<BTreeMap<String, Truth>>,
    named: OnceCell<Named>,
    real: RefCell<BTreeMap<PathBuf, Option<PathBuf>>>,
    /// The compiled patterns, to permit and to restrict.
    patterns: [RefCell<BTreeMap<String, Rc<[Glob]>>>; 2],
}

/// The variables by which agents are told where their settings are, and what lies below (documented by each: `agent/setup/known.rs`).
const OF_AGENTS: [(&str, &str); 4] =
    [("CLAUDE_CONFIG_DIR", ""), ("CODEX_HOME", ""), ("COPILOT_HOME", ""), ("GEMINI_CLI_HOME", ".gemini")];

impl<'a> Ground<'a> {
    /// Returns the ground of a judgement of what `analysis` found by a gate that was started in `start`.
    pub(super) fn of(
        world: &'a dyn World,
        start: &'a Path,
        texts: &'a Texts,
        analysis: &'a Analysis,
    ) -> Ground<'a> {
        Ground {
            world,
            start,
            texts,
            script: &analysis.text,
            links: &analysis.links,
            along: Default::default(),
            listing: Listing::new(world, analysis.globbing),
            in_script: RefCell::default(),
            named: OnceCell::new(),
            real: RefCell::default(),
            patterns: Default::default(),
        }
    }

    /// Returns what was noted of the action at `index` and those that follow it that way.
    pub(super) fn along(&self, names: &[String], way: Way, index: usize) -> Option<Truth> {
        self.along[way as usize].borrow().get(names)?.get(&index).copied()
    }

    /// Notes it.
    pub(super) fn notes_along(&self, names: &[String], way: Way, index: usize, truth: Truth) {
        let mut known = self.along[way as usize].borrow_mut();
        if let Some(places) = known.get_mut(names) {
            places.insert(index, truth);
        } else {
            known.insert(names.to_vec(), BTreeMap::from([(index, truth)]));
        }
    }

    /// Returns whether the script as it is written speaks of what the regular expression `pattern` describes: maybe or no,
    /// because a word in a text is no proof of what runs.
    pub(super) fn script_matches(&self, pattern: &str) -> Truth {
        if let Some(known) = self.in_script.borrow().get(pattern) {
            return *known;
        }
        let script = String::from_utf8_lossy(self.script);
        let found = self.texts.regex(pattern).map(|regex| Truth::of(regex.is_match(&script)) & Truth::Maybe);
        let truth = found.unwrap_or(Truth::Maybe);
        self.in_script.borrow_mut().insert(pattern.to_owned(), truth);
        truth
    }

    fn named(&self) -> &Named {
        self.named.get_or_init(|| Named {
            homes: self.as_they_are(self.world.homes()),
            own: self.as_they_are(self.world.own_directories()),
            agents: self.as_they_are(self.of_agents()),
            starts: self.as_they_are(vec![self.start.to_owned()]),
        })
    }

    fn of_agents(&self) -> Vec<PathBuf> {
        let named = OF_AGENTS.iter().filter_map(|(name, below)| {
            // Built anew from its parts: no slash at the end, where the pattern goes on.
            let dir: PathBuf =
                Path::new(OsStr::from_bytes(&self.world.var(name)?)).join(below).components().collect();
            dir.is_absolute().then_some(dir)
        });
        named.collect()
    }

    fn as_they_are(&self, mut all: Vec<PathBuf>) -> Vec<PathBuf> {
        for at in 0..all.len() {
            let Some(real) = self.real_path(&all[at]) else { continue };
            if !all.contains(&real) {
                all.push(real);
            }
        }
        all
    }

    /// Returns whether `value` matches the path pattern.
    fn matches(&self, pattern: &str, value: &Value, lean: Lean) -> Truth {
        if let Some(path) = value.certain() {
            return Truth::of(
                !ends_otherwise(pattern, path.last())
                    && any_form(pattern, self.named(), lean, &mut |form| form.takes(path)),
            );
        }
        if value.is_anything() {
            return self.anything_matches(pattern, lean);
        }
        if !any_form(pattern, self.named(), lean, &mut |form| !form.clashes(value.head())) {
            return Truth::No;
        }
        Truth::any(self.globs(pattern, lean).iter().map(|glob| glob.matches(&value.tokens)))
    }

    /// Returns whether `value` matches any of the path patterns, as [`Ground::matches`] says of each.
    fn matches_any(&self, patterns: &Patterns, value: &Value, lean: Lean) -> Truth {
        if let Some(path) = value.certain() {
            let mut could = patterns.for_marks(Marks::of_path(path));
            return Truth::of(could.any(|pattern| self.matches(pattern, value, lean) == Truth::Yes));
        }
        if value.is_anything() {
            return self.anything_matches_any(patterns, lean);
        }
        let mut truth = Truth::No;
        for pattern in patterns.iter() {
            let could = any_form(pattern, self.named(), lean, &mut |form| !form.clashes(value.head()));
            for glob in if could { self.globs(pattern, lean) } else { Rc::new([]) }.iter() {
                if glob.covers(&value.tokens) {
                    return Truth::Yes;
                }
                // One that might is enough; whether another might as well makes no difference.
                if truth == Truth::No && glob.meets(&value.tokens) {
                    truth = Truth::Maybe;
                }
            }
        }
        truth
    }

    /// Returns whether a path of which nothing is known matches any of them.
    fn anything_matches_any(&self, patterns: &Patterns, lean: Lean) -> Truth {
        match patterns.of_anything() {
            (true, _) => Truth::Yes,
            (false, true) => Truth::Maybe,
            (false, false) => Truth::any(patterns.iter().map(|pattern| self.anything_matches(pattern, lean))),
        }
    }

    /// Returns whether a path of which nothing is known matches.
    fn anything_matches(&self, pattern: &str, lean: Lean) -> Truth {
        let mut has_form = false;
        let takes_anything = any_form(pattern, self.named(), lean, &mut |form| {
            has_form = true;
            form.takes_anything()
        });
        match (takes_anything, has_form) {
            (true, _) => Truth::Yes,
            (false, true) => Truth::Maybe,
            (false, false) => Truth::No,
        }
    }

    /// Returns the globs that a path pattern stands for; each pattern is compiled once.
    fn globs(&self, pattern: &str, lean: Lean) -> Rc<[Glob]> {
        let known = &self.patterns[usize::from(lean == Lean::Restrict)];
        if let Some(globs) = known.borrow().get(pattern) {
            return Rc::clone(globs);
        }
        let mut globs = Vec::new();
        any_form(pattern, self.named(), lean, &mut |form| {
            globs.push(form.compiled());
            false
        });
        let globs: Rc<[Glob]> = globs.into();
        known.borrow_mut().insert(pattern.to_owned(), Rc::clone(&globs));
        globs
    }

    /// Returns where `path` may lead by the names that the script gives; `None`: anywhere.
    pub(super) fn led(&self, path: &Path, asking: Asking) -> Option<Vec<PathBuf>> {
        if self.links.is_empty() {
            return Some(Vec::new());
        }
        self.links.lead(path, asking, self.world)
    }

    /// Returns where `path` leads; `None` where it leads to another place for each process that asks.
    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.real.borrow().get(path) {
            return known.clone();
        }
        let real = self.world.shared_path(path);
        self.real.borrow_mut().insert(path.to_owned(), real.clone());
        real
    }
}

/// A path that an action uses.
#[derive(Clone, Debug)]
pub(super) struct PathValue {
    /// Absolute and without `.` and `..` as far as that can be said.
    lexical: Value,
    /// Claims that an unknown part could lead anywhere, by `..`.
    may_leave: bool,
    /// The certain beginning, before `..` was taken out, and the rest of the tokens: for the real path.
    base: Option<(PathBuf, Vec<Token>)>,
    /// Claims that it is used as written; else it only might be.
    pub(super) is_sure: bool,
    /// Claims that it is written, not only read.
    is_written: bool,
    /// With links resolved, if that was asked before: each path that it may be; `None` inside where there is no telling.
    real: OnceCell<Option<Vec<Value>>>,
}

impl PathValue {
    /// Returns the path that `word` means in `cwd`.
    pub(super) fn of(value: &[Token], cwd: Option<&Path>, is_sure: bool) -> PathValue {
        let with = |lexical: Vec<Token>, base| {
            let (may_leave, lexical) = (may_leave(&lexical), Value::new(lexical));
            PathValue { lexical, may_leave, base, is_sure, is_written: false, real: OnceCell::new() }
        };
        let unknown = || with(vec![Token::Anything], None);
        let absolute = match (value.first(), cwd) {
            (Some(Token::Anything), _) => value.to_vec(),
            (Some(Token::Byte(b'/')), _) => value.to_vec(),
            (_, Some(cwd)) => {
                let mut all = literal(cwd.as_os_str().as_bytes());
                all.push(Token::Byte(b'/'));
                all.extend_from_slice(value);
                all
            }
            (_, None) => return unknown(),
        };
        let Some(lexical) = normal(&absolute) else { return unknown() };
        with(lexical, split_base(&absolute))
    }

    /// Returns the path as one that is written.
    pub(super) fn written(mut self) -> PathValue {
        self.is_written = true;
        self
    }

    /// Claims that it was found to lead elsewhere by a name that the script gives, or nobody knows where.
    pub(super) fn is_led(&self) -> bool {
        let is_open = |real: &[Value]| real.len() > 1 || real.iter().any(Value::is_anything);
        self.base.is_some() && self.real.get().and_then(Option::as_deref).is_some_and(is_open)
    }

    /// Returns the path as one of another machine, of which nothing is certain.
    pub(super) fn elsewhere(mut self) -> PathValue {
        let mut lexical = self.lexical.tokens;
        lexical.push(Token::Anything);
        self.may_leave = may_leave(&lexical);
        (self.lexical, self.base) = (Value::new(lexical), None);
        self
    }

    /// Returns whether the path matches any of `patterns` as it is written, wherever links lead.
    pub(super) fn reads_like(&self, patterns: &Patterns, subject: &Subject<'_>, lean: Lean) -> Truth {
        subject.ground.matches_any(patterns, &self.lexical, lean)
    }

    /// Returns whether the path matches any of `patterns`.
    pub(super) fn matches_any(&self, patterns: &Patterns, subject: &Subject<'_>, lean: Lean) -> Truth {
        let ground = subject.ground;
        if lean == Lean::Permit && self.may_leave {
            return ground.anything_matches_any(patterns, lean);
        }
        let lexical = ground.matches_any(patterns, &self.lexical, lean);
        let decided = if lean == Lean::Permit { Truth::No } else { Truth::Yes };
        if lexical == decided {
            return decided;
        }
        let real = self.real(subject);
        let others = || real.into_iter().flatten().filter(|real| **real != self.lexical);
        match lean {
            Lean::Restrict => {
                others().fold(lexical, |all, real| all | ground.matches_any(patterns, real, lean))
            }
            Lean::Permit if real.is_some() && others().next().is_none() => lexical,
            // The very pattern that lets the one through must let the others through.
            Lean::Permit => Truth::any(patterns.iter().map(|pattern| self.matches(pattern, subject, lean))),
        }
    }

    /// Returns whether the path matches `pattern`.
    pub(super) fn matches(&self, pattern: &str, subject: &Subject<'_>, lean: Lean) -> Truth {
        let ground = subject.ground;
        if lean == Lean::Permit && self.may_leave {
            return ground.anything_matches(pattern, lean);
        }
        let lexical = ground.matches(pattern, &self.lexical, lean);
        let decided = if lean == Lean::Permit { Truth::No } else { Truth::Yes };
        if lexical == decided {
            return decided;
        }
        let Some(real) = self.real(subject) else {
            let real = if lean == Lean::Permit { Truth::Maybe } else { Truth::No };
            return if lean == Lean::Permit { lexical & real } else { lexical | real };
        };
        let others = real.iter().filter(|real| **real != self.lexical);
        let others = others.map(|real| ground.matches(pattern, real, lean));
        match lean {
            Lean::Permit => others.fold(lexical, |all, real| all & real),
            Lean::Restrict => others.fold(lexical, |all, real| all | real),
        }
    }

    /// Returns the paths that it may be with links resolved, as far as its beginning is certain; `None` where there is no telling.
    fn real(&self, subject: &Subject<'_>) -> Option<&[Value]> {
        let find = || Some(self.find_real(subject)?.into_iter().map(Value::new).collect());
        self.real.get_or_init(find).as_deref()
    }

    fn find_real(&self, subject: &Subject<'_>) -> Option<Vec<Vec<Token>>> {
        let (base, rest) = self.base.as_ref()?;
        if subject.action.scope == Scope::Remote || is_own_stream(base) {
            return Some(vec![self.lexical.tokens.clone()]);
        }
        let anywhere = || Some(vec![vec![Token::Anything]]);
        let ground = subject.ground;
        if !ground.links.is_empty() {
            return self.led(base, rest, subject).or_else(anywhere);
        }
        let Some(base) = ground.real_path(base) else { return anywhere() };
        Some(vec![normal(&behind_base(&base, rest))?])
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
