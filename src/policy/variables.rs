//! Variables that change what runs: a value that the policy does not trust takes the proof from every name it speaks to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::file::Variable;
use super::glob::{Glob, Token, certain, literal, tokens};
use super::glob_text::is_glob;
use super::layer::Policy;
use super::matcher::text_matches;
use super::packs::Packs;
use super::subject::Subject;
use crate::shell::{Assignment, Assignments, Piece, Truth, Word};
use crate::world::World;

/// The directories of a `PATH` that need no naming in a policy: root's on every system.
const SYSTEM_PATH: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The builtins that set variables by their operands.
const SETTERS: [&str; 5] = ["export", "declare", "typeset", "readonly", "local"];

/// The variables that change what runs, and those of them that gate inherited with an untrusted value.
pub(super) struct Variables<'a> {
    packs: &'a Packs,
    layered: Vec<&'a Variable>,
    trusted_path: Vec<String>,
    inherited: Vec<(String, Rc<Variable>)>,
    /// The entries about the names that were asked about so far.
    known: RefCell<BTreeMap<String, Named>>,
    /// The places in a stretch of assignments that may change what runs, by where the stretch lies; the actions hold it as long.
    telling: RefCell<BTreeMap<*const Assignment, Rc<[usize]>>>,
}

/// The entries about a variable, and their places among all.
type Named = Rc<[(usize, Rc<Variable>)]>;

/// An untrusted variable in force for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Untrusted {
    pub(super) name: String,
    pub(super) reason: String,
}

impl<'a> Variables<'a> {
    pub(super) fn new(policy: &'a Policy, world: &dyn World) -> Variables<'a> {
        let home = world.homes().into_iter().next();
        let absolute = |dir: &String| match (dir.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => home.join(rest).display().to_string(),
            (Some(_) | None, _) => dir.clone(),
        };
        let trusted_path = policy.trusted_path().iter().map(absolute).collect();
        let layered = policy.variables().collect();
        let (inherited, known, telling) = (Vec::new(), RefCell::default(), RefCell::default());
        let mut variables =
            Variables { packs: policy.packs(), layered, trusted_path, inherited, known, telling };
        variables.inherited = variables.inherited(world);
        variables
    }

    /// Returns the entries about a variable of this name, and their places among all.
    fn named(&self, name: &str) -> Named {
        if let Some(known) = self.known.borrow().get(name) {
            return Rc::clone(known);
        }
        let found: Named = self.find(name).into();
        self.known.borrow_mut().insert(name.to_owned(), Rc::clone(&found));
        found
    }

    fn find(&self, name: &str) -> Vec<(usize, Rc<Variable>)> {
        let mut found = self.packs.variables_named(name);
        let layered = self.layered.iter().enumerate().filter(|(_, entry)| names(entry, name));
        found.extend(layered.map(|(at, entry)| (usize::from(u16::MAX) + at, Rc::new((*entry).clone()))));
        found
    }

    /// Returns what gate inherited with an untrusted value, in the order of the entries and of their patterns.
    fn inherited(&self, world: &dyn World) -> Vec<(String, Rc<Variable>)> {
        let (all, mut found) = (world.var_names(), Vec::new());
        // The inherited PATH is judged by where programs are found.
        for (order, name) in all.iter().enumerate().filter(|(_, name)| *name != "PATH") {
            let is_first = !all[..order].contains(name);
            for (place, entry) in self.named(name).iter().filter(|(_, entry)| entry.inherited) {
                if is_trusted(entry, &literal(&world.var(name).unwrap_or_default())) {
                    continue;
                }
                for (at, pattern) in entry.name.iter().enumerate() {
                    if text_matches(pattern, name) && (is_first || is_glob(pattern)) {
                        found.push(((*place, at, order), name.clone(), Rc::clone(entry)));
                    }
                }
            }
        }
        found.sort_by_key(|(order, _, _)| *order);
        found.into_iter().map(|(_, name, entry)| (name, entry)).collect()
    }

    /// Returns the untrusted variables that speak to the program of `subject`.
    pub(super) fn of(&self, subject: &Subject<'_>) -> Vec<Untrusted> {
        let mut found = Vec::new();
        let assignments = &subject.action.assignments;
        for set in self.telling(assignments) {
            let mut all = assignments.iter().filter(|other| other.name == "PATH");
            if set.name == "PATH" && !all.all(|other| self.is_trusted_path(&other.value)) {
                found.push(untrusted("PATH", "set to directories that the policy does not trust"));
            }
            for (_, entry) in self.named(&set.name).iter().filter(|_| set.name != "PATH") {
                if speaks_to(entry, &subject.name) && !is_trusted(entry, &tokens(&set.value)) {
                    found.push(untrusted(&set.name, why(entry)));
                }
            }
        }
        found.extend(self.exported(subject));
        for (name, entry) in &self.inherited {
            let is_set_again = assignments.iter().any(|set| set.name == *name);
            if !is_set_again && speaks_to(entry, &subject.name) {
                found.push(untrusted(name, why(entry)));
            }
        }
        found
    }

    /// Returns the last assignment to each variable that may change what runs, in their order.
    fn telling<'s>(&self, assignments: &'s Assignments) -> Vec<&'s Assignment> {
        let tells = |set: &Assignment| set.name == "PATH" || !self.named(&set.name).is_empty();
        let places = |stretch: &Rc<[Assignment]>| -> Rc<[usize]> {
            // Actions share stretches: each is looked through once.
            let mut known = self.telling.borrow_mut();
            let find = || (0..stretch.len()).filter(|at| tells(&stretch[*at])).collect();
            Rc::clone(known.entry(Rc::as_ptr(stretch).cast()).or_insert_with(find))
        };
        let mut all: Vec<&Assignment> = Vec::new();
        for stretch in assignments.stretches() {
            for at in places(stretch).iter() {
                all.retain(|earlier| earlier.name != stretch[*at].name);
                all.push(&stretch[*at]);
            }
        }
        all
    }

    /// Returns the untrusted variables that a builtin of the shell sets for whatever comes later (`export LD_PRELOAD=…`).
    fn exported(&self, subject: &Subject<'_>) -> Vec<Untrusted> {
        if !subject.action.builtin || !SETTERS.contains(&subject.name.as_str()) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for operand in &subject.arguments.operands {
            let value = tokens(subject.word(operand.index));
            let Some(at) = value.iter().position(|token| *token == Token::Byte(b'=')) else { continue };
            let Some(name) = certain(&value[..at]).and_then(|name| String::from_utf8(name).ok()) else {
                continue;
            };
            for (_, entry) in self.named(&name).iter().filter(|_| name != "PATH") {
                if !is_trusted(entry, &value[at + 1..]) {
                    found.push(untrusted(&name, why(entry)));
                }
            }
        }
        found
    }

    /// Claims that an assigned `PATH` names trusted directories only; `$PATH` inside it stands for the one before.
    fn is_trusted_path(&self, value: &Word) -> bool {
        let mut text = Vec::new();
        for piece in &value.pieces {
            match piece {
                Piece::Literal(bytes) => text.extend_from_slice(bytes),
                // Alone it stands for a value that the shell layer does not know.
                Piece::Dynamic { text: name, .. }
                    if value.pieces.len() > 1 && matches!(name.trim_matches('"'), "$PATH" | "${PATH}") =>
                {
                    text.extend_from_slice(b"/usr/bin");
                }
                Piece::Dynamic { .. } | Piece::Glob(_) => return false,
            }
        }
        let is_known = |dir: &[u8]| {
            SYSTEM_PATH.iter().any(|known| known.as_bytes() == dir)
                || self.trusted_path.iter().any(|known| known.as_bytes() == dir)
        };
        text.split(|byte| *byte == b':').all(is_known)
    }
}

fn untrusted(name: &str, reason: &str) -> Untrusted {
    Untrusted { name: name.to_owned(), reason: reason.to_owned() }
}

fn why(entry: &Variable) -> &str {
    entry.reason.as_deref().unwrap_or("changes what runs")
}

fn names(entry: &Variable, name: &str) -> bool {
    entry.name.iter().any(|pattern| text_matches(pattern, name))
}

fn speaks_to(entry: &Variable, program: &str) -> bool {
    entry.programs.is_empty() || entry.programs.iter().any(|pattern| text_matches(pattern, program))
}

fn is_trusted(entry: &Variable, value: &[Token]) -> bool {
    entry.trusted.iter().any(|pattern| Glob::new(pattern).matches(value) == Truth::Yes)
}
