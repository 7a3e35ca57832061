//! Makes the blob out of the packs.

use serde::Serialize;

use crate::blob::{Hint, Index, Numbers, Origin, PlacedTest, Proof, Reach, RuleBody, Table, Texts};
use crate::file::{File, Matcher};
use crate::glob_text::is_glob;

/// A row of numbers under construction.
#[derive(Default)]
struct Row(Vec<u8>);

impl Row {
    fn push(&mut self, number: u32) {
        self.0.extend(number.to_le_bytes());
    }

    fn len(&self) -> u32 {
        (self.0.len() / 4) as u32
    }

    fn made(&self) -> Numbers<'_> {
        Numbers(&self.0)
    }
}

/// A row of texts under construction.
#[derive(Default)]
struct Column {
    ends: Row,
    bytes: Vec<u8>,
}

impl Column {
    fn of<'a>(texts: impl IntoIterator<Item = &'a String>) -> Column {
        let mut column = Column::default();
        texts.into_iter().for_each(|text| column.push(text.as_bytes()));
        column
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.extend(text);
        self.ends.push(self.bytes.len() as u32);
    }

    fn made(&self) -> Texts<'_> {
        Texts { ends: self.ends.made(), bytes: &self.bytes }
    }
}

/// A table under construction.
#[derive(Default)]
struct Making {
    spoken_of: Vec<(String, u16)>,
    names: Column,
    stretches: Row,
    entries: Row,
    hints: Row,
    patterns: Column,
    opaque: Row,
    bodies: Column,
}

impl Making {
    fn add(&mut self, reach: Reach, body: &impl Serialize) -> Result<(), String> {
        let entry = u16::try_from(self.bodies.ends.len()).map_err(|_| "too many entries".to_owned())?;
        self.bodies.push(&postcard::to_stdvec(body).map_err(|error| error.to_string())?);
        u32::try_from(self.bodies.bytes.len()).map_err(|_| "the packs are too large".to_owned())?;
        for (programs, needs) in reach.hints.into_iter().filter(|_| reach.any) {
            let from = self.patterns.ends.len();
            programs.iter().for_each(|program| self.patterns.push(program.as_bytes()));
            let Hint { entry, needs, from, to } = Hint { entry, needs, from, to: self.patterns.ends.len() };
            [entry.into(), needs.into(), from, to].into_iter().for_each(|number| self.hints.push(number));
        }
        if reach.opaque {
            self.opaque.push(entry.into());
        }
        self.spoken_of.extend(reach.names.into_iter().map(|name| (name, entry)));
        Ok(())
    }

    fn table(&mut self) -> Table<'_> {
        self.spoken_of.sort_unstable();
        for (at, (name, entry)) in self.spoken_of.iter().enumerate() {
            self.entries.push((*entry).into());
            if self.spoken_of.get(at + 1).is_none_or(|(next, _)| next != name) {
                self.names.push(name.as_bytes());
                self.stretches.push(self.entries.len());
            }
        }
        Table {
            names: self.names.made(),
            stretches: self.stretches.made(),
            entries: self.entries.made(),
            hints: self.hints.made(),
            patterns: self.patterns.made(),
            opaque: self.opaque.made(),
            bodies: self.bodies.made(),
        }
    }
}

/// Returns the reach of rules and labels: one that speaks of any program is looked at anyway, whatever else it names.
fn reach_of_matchers(matchers: &[Matcher]) -> Reach {
    let mut reach = Reach::of(matchers);
    reach.names.retain(|_| !reach.any);
    reach
}

/// Returns the reach of what speaks of these names, which may be patterns. Plain ones are looked up, so that each variable of
/// an environment is held against the patterns alone.
fn reach_of_names(names: &[String]) -> Reach {
    let (patterns, names): (Vec<String>, Vec<String>) = names.iter().cloned().partition(|name| is_glob(name));
    let any = !patterns.is_empty();
    let hints = if any { vec![(patterns, 0)] } else { Vec::new() };
    Reach { names, any, opaque: false, hints }
}

/// One pack as `build.rs` read it.
pub(crate) struct Source {
    /// `policies/git.toml`
    pub(crate) name: String,
    pub(crate) file: File,
    /// The line of each rule.
    pub(crate) lines: Vec<usize>,
    /// The line of each test.
    pub(crate) test_lines: Vec<usize>,
}

/// Returns the compiled form of `packs`.
///
/// # Errors
/// There are more than 65,535 entries of a kind.
pub(crate) fn build(mut packs: Vec<Source>, digest: [u8; 32]) -> Result<Vec<u8>, String> {
    let (mut rules, mut labels, mut programs) = (Making::default(), Making::default(), Making::default());
    let (mut variables, mut proofs, mut tests) = (Making::default(), Making::default(), Making::default());
    let mut previews = Making::default();
    let mut ids = Vec::new();
    for (file, pack) in packs.iter_mut().enumerate() {
        let lines = &pack.lines;
        for (at, rule) in pack.file.rule.iter_mut().enumerate() {
            let proof = Proof {
                examples: std::mem::take(&mut rule.examples),
                counterexamples: std::mem::take(&mut rule.counterexamples),
            };
            proofs.add(Reach::default(), &proof)?;
            let origin = Origin { file: file as u16, line: lines.get(at).copied().unwrap_or(1) as u32 };
            rules.add(reach_of_matchers(&rule.matches), &RuleBody { origin, rule: rule.clone() })?;
            ids.push(rule.id.clone());
        }
        for (at, test) in pack.file.test.iter().enumerate() {
            let line = pack.test_lines.get(at).copied().unwrap_or(1) as u32;
            let origin = Origin { file: file as u16, line };
            tests.add(Reach::default(), &PlacedTest { origin, test: test.clone() })?;
        }
        for label in &pack.file.label {
            labels.add(reach_of_matchers(&label.matches), label)?;
        }
        for preview in &pack.file.preview {
            previews.add(reach_of_matchers(&preview.matches), preview)?;
        }
        for program in &pack.file.program {
            programs.add(Reach { names: program.name.clone(), ..Reach::default() }, program)?;
        }
        for variable in &pack.file.variable {
            variables.add(reach_of_names(&variable.name), variable)?;
        }
    }
    let (files, ids) = (Column::of(packs.iter().map(|pack| &pack.name)), Column::of(&ids));
    let index = Index {
        digest,
        files: files.made(),
        rules: rules.table(),
        labels: labels.table(),
        previews: previews.table(),
        programs: programs.table(),
        variables: variables.table(),
        proofs: proofs.table(),
        tests: tests.table(),
        ids: ids.made(),
    };
    postcard::to_stdvec(&index).map_err(|error| error.to_string())
}
