//! What one judgement knows of the machine and of the whole script: each path, pattern and expression is looked at once.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::glob::Glob;
use super::needles::Needles;
use super::pairs::{ExactPairs, Pairs};
use super::path_form::{Named, any_form, ends_otherwise};
use super::paths::{Known, Spelled};
use super::patterns::Patterns;
use super::subject::{Lean, Way};
use super::texts::Texts;
use crate::shell::{Analysis, Asking, Links, Listing, Truth};
use crate::world::{Aim, Fact, Findings, World};

/// For names of programs, what holds at each place of a pipe.
type Along = BTreeMap<Vec<String>, BTreeMap<usize, Truth>>;

/// The file system as one judgement sees it: looked at when first needed, and at each path once.
pub(super) struct Ground<'a> {
    pub(super) world: &'a dyn World,
    start: &'a Path,
    pub(super) texts: &'a Texts,
    /// The whole script as it is written, that as a text with its pairs of letters, and the names that it gives to what lies elsewhere.
    written: &'a [u8],
    script: OnceCell<(String, ExactPairs)>,
    pub(super) links: &'a Links,
    /// Whether programs of some names stand at a place of a pipe or further on, up and down.
    along: [RefCell<Along>; 2],
    /// What globs stand for.
    pub(super) listing: Listing<'a>,
    /// Which expressions match it.
    in_script: RefCell<BTreeMap<String, Truth>>,
    /// Whether an expression matches the arguments of an action, by both.
    in_texts: RefCell<BTreeMap<String, BTreeMap<String, Option<bool>>>>,
    named: OnceCell<Named>,
    real: RefCell<BTreeMap<OsString, Option<PathBuf>>>,
    /// The paths that are certain, by how the script writes them, made absolute.
    paths: RefCell<BTreeMap<Vec<u8>, Rc<Known>>>,
    /// A path of which nothing is known.
    nothing: OnceCell<Rc<Known>>,
    /// Where a path is put together.
    absolute: RefCell<Vec<u8>>,
    /// The compiled patterns, to permit and to restrict.
    patterns: [RefCell<BTreeMap<String, Rc<[Glob]>>>; 2],
    /// The facts that were looked up, by all that they were looked up with.
    facts: RefCell<BTreeMap<LookedUp, Findings>>,
}

/// What a fact was looked up with: an [`Aim`] of its own.
type LookedUp = (Fact, String, PathBuf, Option<String>, Vec<(String, Option<Vec<u8>>)>);

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
            written: &analysis.text,
            script: OnceCell::new(),
            links: &analysis.links,
            along: Default::default(),
            listing: Listing::new(world, analysis.globbing),
            in_script: RefCell::default(),
            in_texts: RefCell::default(),
            named: OnceCell::new(),
            real: RefCell::default(),
            paths: RefCell::default(),
            nothing: OnceCell::new(),
            absolute: RefCell::default(),
            patterns: Default::default(),
            facts: RefCell::default(),
        }
    }

    /// Returns what the machine says of a fact: many actions look for the same, and each file is read once.
    pub(super) fn fact(&self, fact: Fact, aim: &Aim<'_>) -> Findings {
        let chosen = aim.chosen.map(str::to_owned);
        let key = (fact, aim.program.to_owned(), aim.cwd.to_owned(), chosen, aim.set.to_vec());
        let mut known = self.facts.borrow_mut();
        known.entry(key).or_insert_with(|| self.world.fact(fact, aim)).clone()
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
    pub(super) fn script_matches(&self, pattern: &str, needles: Option<&Needles>) -> Truth {
        if let Some(known) = self.in_script.borrow().get(pattern) {
            return *known;
        }
        let (script, pairs) = self.script.get_or_init(|| {
            let script = String::from_utf8_lossy(self.written).into_owned();
            let pairs = ExactPairs::of(script.as_bytes());
            (script, pairs)
        });
        let holds =
            |needles: &Needles| needles.could_be_in(script, pairs) && needles.are_in(script, Pairs::ALL);
        let lacks_words = needles.is_some_and(|needles| !holds(needles));
        let found = if lacks_words { Some(false) } else { self.texts.is_match(pattern, script) };
        let truth = found.map_or(Truth::Maybe, |found| Truth::of(found) & Truth::Maybe);
        self.in_script.borrow_mut().insert(pattern.to_owned(), truth);
        truth
    }

    /// Returns whether the arguments `text` match the regular expression: commands of a script are often the same.
    pub(super) fn text_matches(&self, pattern: &str, text: &str) -> Option<bool> {
        if let Some(known) = self.in_texts.borrow().get(pattern).and_then(|texts| texts.get(text)) {
            return *known;
        }
        let found = self.texts.is_match(pattern, text);
        let mut known = self.in_texts.borrow_mut();
        known.entry(pattern.to_owned()).or_default().insert(text.to_owned(), found);
        found
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

    /// Returns what is known of the certain path `path` as it reads in the directory `dir`.
    pub(super) fn known(&self, dir: Option<&[u8]>, path: &[u8]) -> Rc<Known> {
        let mut absolute = self.absolute.borrow_mut();
        absolute.clear();
        for part in dir.into_iter().flat_map(|dir| [dir, b"/"]).chain([path]) {
            absolute.extend_from_slice(part);
        }
        if let Some(known) = self.paths.borrow().get(&absolute[..]) {
            return Rc::clone(known);
        }
        let known = Rc::new(Known::of_bytes(&absolute));
        self.paths.borrow_mut().insert(absolute.clone(), Rc::clone(&known));
        known
    }

    /// Returns a path of which nothing is known.
    pub(super) fn nothing(&self) -> Rc<Known> {
        Rc::clone(self.nothing.get_or_init(|| Rc::new(Known::nothing())))
    }

    /// Returns whether `path` matches the path pattern.
    pub(super) fn matches(&self, pattern: &str, path: &Spelled, lean: Lean) -> Truth {
        if let Some(certain) = path.value.certain() {
            return Truth::of(!ends_otherwise(pattern, certain.last()) && self.takes(pattern, certain, lean));
        }
        if path.value.is_anything() {
            return self.anything_matches(pattern, lean);
        }
        if !any_form(pattern, self.named(), lean, &mut |form| !form.clashes(path.value.head())) {
            return Truth::No;
        }
        let tokens = path.value.tokens();
        Truth::any(self.globs(pattern, lean).iter().map(|glob| glob.matches(&tokens)))
    }

    fn takes(&self, pattern: &str, path: &[u8], lean: Lean) -> bool {
        any_form(pattern, self.named(), lean, &mut |form| form.takes(path))
    }

    /// Returns whether `path` matches any of the path patterns, as [`Ground::matches`] says of each.
    pub(super) fn matches_any(&self, patterns: &Patterns, path: &Spelled, lean: Lean) -> Truth {
        if path.value.is_anything() {
            return self.anything_matches_any(patterns, lean);
        }
        let mut could = patterns.for_marks(path.marks);
        if let Some(certain) = path.value.certain() {
            return Truth::of(could.any(|pattern| self.takes(pattern, certain, lean)));
        }
        let (mut truth, tokens) = (Truth::No, path.value.tokens());
        for pattern in could {
            if !any_form(pattern, self.named(), lean, &mut |form| !form.clashes(path.value.head())) {
                continue;
            }
            for glob in self.globs(pattern, lean).iter() {
                if glob.covers(&tokens) {
                    return Truth::Yes;
                }
                // One that might is enough; whether another might as well makes no difference.
                if truth == Truth::No && glob.meets(&tokens) {
                    truth = Truth::Maybe;
                }
            }
        }
        truth
    }

    /// Returns whether a path of which nothing is known matches any of them.
    pub(super) fn anything_matches_any(&self, patterns: &Patterns, lean: Lean) -> Truth {
        match patterns.of_anything() {
            (true, _) => Truth::Yes,
            (false, true) => Truth::Maybe,
            (false, false) => Truth::any(patterns.iter().map(|pattern| self.anything_matches(pattern, lean))),
        }
    }

    /// Returns whether a path of which nothing is known matches.
    pub(super) fn anything_matches(&self, pattern: &str, lean: Lean) -> Truth {
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
    pub(super) fn real_path(&self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.real.borrow().get(path.as_os_str()) {
            return known.clone();
        }
        let real = self.world.shared_path(path);
        self.real.borrow_mut().insert(path.as_os_str().to_owned(), real.clone());
        real
    }
}
