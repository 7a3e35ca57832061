//! Makes the blob out of the packs.

use serde::Serialize;

use crate::blob::{Hint, Index, Origin, PlacedTest, Proof, Reach, RuleBody, Table};
use crate::file::File;

/// A table under construction.
#[derive(Default)]
struct Making {
    names: Vec<(String, u16)>,
    hints: Vec<Hint>,
    patterns: Vec<String>,
    opaque: Vec<u16>,
    ends: Vec<u32>,
    bodies: Vec<u8>,
}

impl Making {
    fn add(&mut self, reach: Reach, body: &impl Serialize) -> Result<(), String> {
        let entry = u16::try_from(self.ends.len()).map_err(|_| "too many entries".to_owned())?;
        self.bodies.extend(postcard::to_stdvec(body).map_err(|error| error.to_string())?);
        self.ends.push(u32::try_from(self.bodies.len()).map_err(|_| "the packs are too large".to_owned())?);
        for (programs, needs) in reach.hints.into_iter().filter(|_| reach.any) {
            let from = self.patterns.len() as u32;
            self.patterns.extend(programs);
            self.hints.push(Hint { entry, needs, from, to: self.patterns.len() as u32 });
        }
        self.opaque.extend(reach.opaque.then_some(entry));
        // A rule about any program is looked at anyway.
        let names = reach.names.into_iter().filter(|_| !reach.any);
        self.names.extend(names.map(|name| (name, entry)));
        Ok(())
    }

    fn table(&mut self) -> Table<'_> {
        self.names.sort_unstable();
        let mut names: Vec<(&str, u32, u32)> = Vec::new();
        let mut entries = Vec::new();
        for (name, entry) in &self.names {
            let at = entries.len() as u32;
            match names.last_mut() {
                Some(last) if last.0 == name => last.2 = at + 1,
                Some(_) | None => names.push((name, at, at + 1)),
            }
            entries.push(*entry);
        }
        Table {
            names,
            entries,
            hints: self.hints.clone(),
            patterns: self.patterns.iter().map(String::as_str).collect(),
            opaque: self.opaque.clone(),
            ends: self.ends.clone(),
            bodies: &self.bodies,
        }
    }
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
            rules.add(Reach::of(&rule.matches), &RuleBody { origin, rule: rule.clone() })?;
            ids.push(rule.id.clone());
        }
        for (at, test) in pack.file.test.iter().enumerate() {
            let line = pack.test_lines.get(at).copied().unwrap_or(1) as u32;
            let origin = Origin { file: file as u16, line };
            tests.add(Reach::default(), &PlacedTest { origin, test: test.clone() })?;
        }
        for label in &pack.file.label {
            labels.add(Reach::of(&label.matches), label)?;
        }
        for program in &pack.file.program {
            programs.add(Reach { names: program.name.clone(), ..Reach::default() }, program)?;
        }
        for variable in &pack.file.variable {
            variables.add(Reach::default(), variable)?;
        }
    }
    let files: Vec<String> = packs.iter().map(|pack| pack.name.clone()).collect();
    let index = Index {
        digest,
        files: files.iter().map(String::as_str).collect(),
        rules: rules.table(),
        labels: labels.table(),
        programs: programs.table(),
        variables: variables.table(),
        proofs: proofs.table(),
        tests: tests.table(),
        ids: ids.iter().map(String::as_str).collect(),
    };
    postcard::to_stdvec(&index).map_err(|error| error.to_string())
}
