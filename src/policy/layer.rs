//! Layers of authority: who may say what, and what is in force when all have spoken.
//!
//! `/etc/gate/policy.d` > the user's file > the built-in packs; a project's file stands apart and only restricts.

mod overrides;
mod people;

pub use overrides::Overridden;
use overrides::Overrides;
pub(super) use overrides::{Limited, OF_VARIABLES, Said, stronger};

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::blob::Reach;
use super::considered::Kinds;
use super::file::{Approver, File, Group, Label, Rule, Test, Variable};
use super::matcher::text_matches;
use super::packs::Packs;
use super::preview::Preview;
use super::problem::{PolicyError, Problem, Step, lines_of, unreadable};
use super::requirement::{Demand, Requirement};
use super::texts::Texts;
use super::valid;
use super::verdict::{Mode, Risk, Verdict};
use crate::digest::Digest;
use crate::shell::{Program, Programs};

/// Whose word a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authority {
    /// A project's `.gate/policy.toml`: whoever writes the repository. Only asks and denies; changes nothing.
    Project,
    /// The packs in the binary.
    BuiltIn,
    /// The user's own file.
    User,
    /// `/etc/gate/policy.d`.
    System,
}

impl Authority {
    /// Returns its name on screens and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Authority::Project => "project",
            Authority::BuiltIn => "built-in",
            Authority::User => "user",
            Authority::System => "system",
        }
    }
}

/// One policy file as it was read from disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerText {
    pub authority: Authority,
    /// The file, as messages name it.
    pub path: String,
    pub text: String,
}

/// A rule from a file, with its place.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) authority: Authority,
    /// `/etc/gate/policy.d/50.toml:12`
    pub(super) place: String,
    pub(super) reach: Reach,
    pub(super) body: Rc<T>,
}

/// The policy in force.
pub struct Policy {
    packs: Packs,
    rules: Vec<Placed<Rule>>,
    labels: Vec<Placed<Label>>,
    previews: Vec<Rc<Preview>>,
    programs: BTreeMap<String, Rc<Program>>,
    variables: Vec<(Authority, Variable)>,
    tests: Vec<(String, Test)>,
    /// The files it was read from, for saying where in them something stands.
    sources: Vec<LayerText>,
    overrides: Overrides,
    default: Verdict,
    said_default: Option<Verdict>,
    mode: Mode,
    trusted_path: Vec<String>,
    requirements: [Requirement; 4],
    break_glass: Vec<String>,
    approvers: Vec<Approver>,
    groups: Vec<Group>,
    digest: Digest,
    texts: Texts,
    kinds: Kinds,
}

impl Policy {
    /// Returns the policy made of the built-in packs alone.
    pub fn built_in() -> Policy {
        Policy::from_layers(Vec::new()).expect("the packs were checked when they were compiled")
    }

    /// Returns the policy made of the built-in packs and `layers`.
    ///
    /// # Errors
    /// The first file, highest authority first, that is no policy file, or says what its layer may not.
    pub fn from_layers(layers: Vec<LayerText>) -> Result<Policy, PolicyError> {
        Policy::over(Packs::built_in(), layers)
    }

    /// Returns the policy made of `packs` and `layers`.
    ///
    /// # Errors
    /// As [`Policy::from_layers`].
    pub fn over(packs: Packs, mut layers: Vec<LayerText>) -> Result<Policy, PolicyError> {
        layers.sort_by(|one, other| {
            other.authority.cmp(&one.authority).then_with(|| one.path.cmp(&other.path))
        });
        let files = layers.iter().map(read).collect::<Result<Vec<File>, PolicyError>>()?;
        let digest = digest(&packs, &layers);
        let mut policy = Policy {
            packs,
            rules: Vec::new(),
            labels: Vec::new(),
            previews: Vec::new(),
            programs: BTreeMap::new(),
            variables: Vec::new(),
            tests: Vec::new(),
            sources: Vec::new(),
            overrides: Overrides::default(),
            default: Verdict::Ask,
            said_default: None,
            mode: Mode::Enforce,
            trusted_path: Vec::new(),
            requirements: Default::default(),
            break_glass: Vec::new(),
            approvers: Vec::new(),
            groups: Vec::new(),
            digest,
            texts: Texts::default(),
            kinds: Kinds::default(),
        };
        let highest = layers.first().map_or(Authority::BuiltIn, |layer| layer.authority);
        for (layer, file) in layers.iter().zip(&files) {
            policy.add(layer, file, highest).map_err(|problem| problem.in_file(&layer.path, &layer.text))?;
        }
        // Overrides come last: they may speak of any rule.
        for (layer, file) in layers.iter().zip(&files) {
            policy.add_overrides(layer, file).map_err(|problem| problem.in_file(&layer.path, &layer.text))?;
        }
        policy.mode = mode(&files);
        let demanding = layers.iter().zip(&files).filter(|(layer, _)| layer.authority >= Authority::User);
        let approvals: Vec<_> = demanding.map(|(_, file)| &file.approval).collect();
        for (at, risk) in Risk::ALL.iter().enumerate() {
            let demands: Vec<Demand> = approvals.iter().map(|part| Demand::of(part, *risk)).collect();
            policy.requirements[at] = policy.resolved(Demand::strictest(&demands));
        }
        policy.break_glass = policy.members(&people::may_break_glass(&layers, &files));
        policy.sources = layers;
        Ok(policy)
    }

    /// Returns the verdict where no rule matches.
    pub fn default_verdict(&self) -> Verdict {
        self.default
    }

    /// Returns whether what is not allowed is held back.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the directories that the policy trusts for program names, beside root's own.
    pub fn trusted_path(&self) -> &[String] {
        &self.trusted_path
    }

    /// Returns what an `ask` of this risk needs.
    pub fn requirement(&self, risk: Risk) -> &Requirement {
        &self.requirements[risk as usize]
    }

    /// Returns the names of the people who may break the glass, groups resolved.
    pub fn may_break_glass(&self) -> &[String] {
        &self.break_glass
    }

    /// Returns the people entitled to decide.
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// Returns the named sets of approvers.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Returns the digest over every file in force, the packs included: what an approval is bound to.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the built-in packs.
    pub fn packs(&self) -> &Packs {
        &self.packs
    }

    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    pub(super) fn rules(&self) -> &[Placed<Rule>] {
        &self.rules
    }

    pub(super) fn labels(&self) -> &[Placed<Label>] {
        &self.labels
    }

    /// Returns the previews that files add to those of the packs.
    pub(super) fn previews(&self) -> &[Rc<Preview>] {
        &self.previews
    }

    /// Returns what is shown where the rule with this id asks, with the tables of that rule.
    pub(super) fn preview_of(&self, id: &str) -> Option<Preview> {
        let of = |rule: &Rule| {
            let show = rule.preview.clone()?;
            Some(Preview { matches: rule.matches.clone(), except: Vec::new(), show })
        };
        match self.rules.iter().find(|rule| rule.body.id == id) {
            Some(rule) => of(&rule.body),
            None => of(&self.packs.rule_by_id(id)?.rule),
        }
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().map(|(_, variable)| variable)
    }

    /// Returns the highest layer that says that this variable changes what runs; what no other layer names is the packs'.
    pub(super) fn authority_over_variable(&self, name: &str) -> Authority {
        let names = |variable: &Variable| variable.name.iter().any(|pattern| text_matches(pattern, name));
        let layered = self.variables.iter().filter(|(_, variable)| names(variable));
        let layered = layered.map(|(authority, _)| *authority).max();
        if layered.is_none() || !self.packs.variables_named(name).is_empty() {
            return layered.unwrap_or(Authority::BuiltIn).max(Authority::BuiltIn);
        }
        layered.unwrap_or(Authority::BuiltIn)
    }

    /// Claims that an environment variable of this name changes what some program does.
    pub fn names_variable(&self, name: &str) -> bool {
        let mut patterns = self.variables().flat_map(|variable| &variable.name);
        !self.packs.variables_named(name).is_empty() || patterns.any(|pattern| text_matches(pattern, name))
    }

    /// Returns the tests of every file with their places.
    pub(super) fn tests(&self) -> Vec<(String, Test)> {
        let built_in = self.packs.tests().into_iter();
        built_in.chain(self.tests.iter().cloned()).collect()
    }

    fn add<'a>(&mut self, layer: &LayerText, file: &'a File, highest: Authority) -> Result<(), Problem<'a>> {
        if layer.authority == Authority::Project {
            only_restricts(file)?;
        }
        self.add_head(file, layer.authority, highest)?;
        self.add_people(file)?;
        let place = |lines: &[usize], at: usize| format!("{}:{}", layer.path, lines.get(at).unwrap_or(&1));
        let lines = lines_of(&layer.text, "rule");
        for (at, rule) in file.rule.iter().enumerate() {
            if let Some(taken) = self.place_of(&rule.id) {
                let message = format!("rule id `{}` is already taken in {taken}", rule.id);
                return problem(vec![Step::Key("rule"), Step::Index(at), Step::Key("id")], message);
            }
            let (reach, body) = (Reach::of(&rule.matches), Rc::new(rule.clone()));
            let place = place(&lines, at);
            self.rules.push(Placed { authority: layer.authority, place, reach, body });
        }
        let lines = lines_of(&layer.text, "label");
        for (at, label) in file.label.iter().enumerate() {
            let (reach, body) = (Reach::of(&label.matches), Rc::new(label.clone()));
            let place = place(&lines, at);
            self.labels.push(Placed { authority: layer.authority, place, reach, body });
        }
        self.previews.extend(file.preview.iter().cloned().map(Rc::new));
        self.add_programs(file)?;
        let lines = lines_of(&layer.text, "test");
        self.tests.extend(file.test.iter().enumerate().map(|(at, test)| (place(&lines, at), test.clone())));
        self.variables.extend(file.variable.iter().map(|variable| (layer.authority, variable.clone())));
        Ok(())
    }

    fn add_head<'a>(
        &mut self,
        file: &'a File,
        own: Authority,
        highest: Authority,
    ) -> Result<(), Problem<'a>> {
        let Some(head) = &file.policy else { return Ok(()) };
        if let Some(default) = head.default {
            if own != highest {
                let message =
                    format!("`default` in a {} file, but a {} file is in force", own.word(), highest.word());
                return problem(vec![Step::Key("policy"), Step::Key("default")], message);
            }
            // Several files of one layer: the strictest.
            self.default = self.said_default.map_or(default, |said| said.max(default));
            self.said_default = Some(self.default);
        }
        if let (Some(dirs), true) = (&head.trusted_path, self.trusted_path.is_empty()) {
            self.trusted_path = dirs.clone();
        }
        Ok(())
    }

    /// A layer may describe programs that nobody has described; what is known cannot be described anew, because a laxer reading of
    /// the arguments would defeat the rules about them.
    fn add_programs<'a>(&mut self, file: &'a File) -> Result<(), Problem<'a>> {
        for (at, program) in file.program.iter().enumerate() {
            let shared = Rc::new(program.clone());
            for name in &program.name {
                if self.program(name).is_some() {
                    let message = format!("program `{name}` is already described");
                    return problem(vec![Step::Key("program"), Step::Index(at), Step::Key("name")], message);
                }
                self.programs.insert(name.clone(), Rc::clone(&shared));
            }
        }
        Ok(())
    }

    /// Returns the values that some label or rule sets for the label `name`.
    pub(super) fn label_values(&self, name: &str) -> BTreeSet<String> {
        let packed = self.packs.all_labels();
        let labels = packed.iter().chain(self.labels.iter().map(|placed| &placed.body));
        let of_label = labels.flat_map(|label| match name {
            "environment" => &label.set.environment,
            "region" => &label.set.region,
            _ => &label.set.data,
        });
        let mut values: BTreeSet<String> = of_label.cloned().collect();
        if name == "data" {
            let packed = self.packs.rules();
            values.extend(packed.iter().flat_map(|body| body.rule.data.iter().cloned()));
            values.extend(self.rules.iter().flat_map(|placed| placed.body.data.iter().cloned()));
        }
        values
    }

    /// Returns a place with its column: that of what lies at `inner` in the `[[table]]` which begins at `place`, as far as it is
    /// there. The packs' sources are not at hand; their places are those of the tables.
    pub(super) fn place_within(&self, place: &str, table: &str, inner: &[Step<'_>]) -> String {
        let found = || {
            let (path, line) = place.rsplit_once(':')?;
            let source = self.sources.iter().find(|source| source.path == path)?;
            let line: usize = line.parse().ok()?;
            let index = lines_of(&source.text, table).iter().position(|known| *known == line)?;
            let at = [&[Step::Key(table), Step::Index(index)], inner].concat();
            Some(Problem { at, message: String::new() }.in_file(&source.path, &source.text))
        };
        found().map_or(format!("{place}:1"), |at| format!("{}:{}:{}", at.path, at.line, at.column))
    }

    fn place_of(&self, id: &str) -> Option<String> {
        let own = self.rules.iter().find(|rule| rule.body.id == id).map(|rule| rule.place.clone());
        own.or_else(|| self.packs.place_by_id(id))
    }
}

impl Programs for Policy {
    fn program(&self, name: &str) -> Option<Rc<Program>> {
        self.programs.get(name).cloned().or_else(|| self.packs.program(name))
    }
}

fn read(layer: &LayerText) -> Result<File, PolicyError> {
    let file: File =
        toml::from_str(&layer.text).map_err(|error| unreadable(&layer.path, &layer.text, &error))?;
    valid::check(&file, layer.authority == Authority::BuiltIn)
        .map_err(|problem| problem.in_file(&layer.path, &layer.text))?;
    Ok(file)
}

/// A project's file is written by whoever writes the repository, agents included.
fn only_restricts(file: &File) -> Result<(), Problem<'_>> {
    let foreign = [
        ("override", file.overrides.is_empty()),
        ("program", file.program.is_empty()),
        ("variable", file.variable.is_empty()),
        ("label", file.label.is_empty()),
        ("preview", file.preview.is_empty()),
        ("approver", file.approver.is_empty()),
        ("group", file.group.is_empty()),
        ("test", file.test.is_empty()),
        ("approval", file.approval.is_empty()),
        ("break_glass", file.break_glass.people.is_empty()),
    ];
    let expected = "a project's file holds only `ask` and `deny` rules; use `--home DIR` for another policy";
    if let Some((key, _)) = foreign.iter().find(|(_, is_empty)| !is_empty) {
        return problem(
            vec![Step::Key(key), Step::Index(0)],
            format!("`{key}` in a project's file: {expected}"),
        );
    }
    if let Some(head) = &file.policy {
        let settings = [
            ("default", head.default.is_some()),
            ("mode", head.mode.is_some()),
            ("trusted_path", head.trusted_path.is_some()),
        ];
        if let Some((key, _)) = settings.iter().find(|(_, is_set)| *is_set) {
            let message = format!("`{key}` in a project's file: {expected}");
            return problem(vec![Step::Key("policy"), Step::Key(key)], message);
        }
    }
    for (index, rule) in file.rule.iter().enumerate() {
        if rule.verdict == Verdict::Allow {
            let at = vec![Step::Key("rule"), Step::Index(index), Step::Key("verdict")];
            return problem(at, format!("verdict `allow` in a project's file: {expected}"));
        }
        if rule.preview.is_some() {
            let at = vec![Step::Key("rule"), Step::Index(index), Step::Key("preview")];
            return problem(at, format!("`preview` in a project's file: {expected}"));
        }
    }
    Ok(())
}

fn problem<T>(at: Vec<Step<'_>>, message: String) -> Result<T, Problem<'_>> {
    Err(Problem { at, message })
}

/// Observe only where some file says so and none says enforce.
fn mode(files: &[File]) -> Mode {
    let said: Vec<Mode> = files.iter().filter_map(|file| file.policy.as_ref()?.mode).collect();
    if !said.is_empty() && said.iter().all(|mode| *mode == Mode::Observe) {
        Mode::Observe
    } else {
        Mode::Enforce
    }
}

fn digest(packs: &Packs, layers: &[LayerText]) -> Digest {
    let mut bytes = packs.digest().as_bytes().to_vec();
    for layer in layers {
        for part in [layer.authority.word(), &layer.path, &layer.text] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    Digest::of(&bytes)
}
