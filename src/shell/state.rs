//! What is known of the shell at one point of a script: variables, directory, functions, positional parameters.
//!
//! States are cheap to copy: what they hold is shared until it is changed.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::action::{Place, Span};
use super::shared::Shared;

/// The longest value that is followed; a longer one is dynamic.
const LONGEST: usize = 4096;

/// What is known of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Literal(Vec<u8>),
    /// Some whole number.
    Number,
    /// A file name that this glob of plain characters matches, or the glob itself.
    Name(Vec<u8>),
    Dynamic,
}

impl Value {
    pub(super) fn literal(bytes: Vec<u8>) -> Value {
        if bytes.len() > LONGEST { Value::Dynamic } else { Value::Literal(bytes) }
    }

    /// Claims that the value is a plain whole number.
    pub(super) fn is_number(&self) -> bool {
        match self {
            Value::Literal(bytes) => is_whole_number(bytes),
            Value::Number => true,
            Value::Name(_) | Value::Dynamic => false,
        }
    }

    fn join(&self, other: &Value) -> Value {
        if self == other {
            self.clone()
        } else if self.is_number() && other.is_number() {
            Value::Number
        } else {
            Value::Dynamic
        }
    }
}

fn is_whole_number(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit)
}

/// A variable that the script has touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) value: Value,
    pub(super) exported: bool,
    /// Claims that it may be read-only, so that an assignment may fail.
    pub(super) fixed: bool,
    pub(super) span: Span,
}

impl Variable {
    fn with(&self, value: Value) -> Variable {
        Variable { value, ..self.clone() }
    }

    fn join(&self, other: &Variable) -> Variable {
        Variable {
            value: self.value.join(&other.value),
            exported: self.exported || other.exported,
            fixed: self.fixed || other.fixed,
            span: self.span,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) variables: Shared<Rc<Variable>>,
    /// Claims that any variable may have any value.
    pub(super) anything: bool,
    /// Claims that what is not listed here is as the environment has it, and nothing where it has none.
    pub(super) is_whole: bool,
    /// Claims that `IFS` may not be the default.
    pub(super) fields: bool,
    /// Claims that every assignment exports (`set -a`).
    pub(super) exports: bool,
    pub(super) cwd: Place,
    /// Functions that are certainly defined.
    pub(super) functions: Shared<()>,
    /// Positional parameters, if they are known.
    pub(super) args: Option<Rc<Vec<Vec<u8>>>>,
}

impl State {
    pub(super) fn new(cwd: Place, args: Option<Vec<Vec<u8>>>) -> State {
        State {
            variables: Shared::default(),
            anything: false,
            is_whole: false,
            fields: false,
            exports: false,
            cwd,
            functions: Shared::default(),
            args: args.map(Rc::new),
        }
    }

    /// Sets a variable.
    pub(super) fn assign(&mut self, name: &str, value: Value, span: Span) {
        self.fields |= name == "IFS";
        let old = self.variables.get(name);
        let exported = self.exports || old.is_some_and(|old| old.exported);
        let fixed = old.is_some_and(|old| old.fixed);
        let value = if fixed { Value::Dynamic } else { value };
        let variable = Variable { value, exported, fixed, span };
        if old.is_none_or(|old| **old != variable) {
            self.variables.set(name, Rc::new(variable));
        }
    }

    /// Marks a variable as exported; one that the script has not set keeps the value nobody knows.
    pub(super) fn export(&mut self, name: &str, span: Span) {
        let variable = self.variable(name, span);
        if !variable.exported {
            self.variables.set(name, Rc::new(Variable { exported: true, ..variable }));
        }
    }

    /// Marks a variable as read-only.
    pub(super) fn fix(&mut self, name: &str, span: Span) {
        let variable = self.variable(name, span);
        self.variables.set(name, Rc::new(Variable { fixed: true, ..variable }));
    }

    /// Returns the variable of this name; one that the script has not touched has a value that nobody knows.
    fn variable(&self, name: &str, span: Span) -> Variable {
        let fresh = || Variable { value: Value::Dynamic, exported: false, fixed: false, span };
        self.variables.get(name).map_or_else(fresh, |known| (**known).clone())
    }

    pub(super) fn forget(&mut self) {
        self.anything = true;
        self.is_whole = false;
        self.fields = true;
        self.args = None;
        self.cwd = Place::Unknown;
        self.variables.change(|variable| {
            (variable.value != Value::Dynamic).then(|| Rc::new(variable.with(Value::Dynamic)))
        });
        self.functions = Shared::default();
    }

    pub(super) fn define(&mut self, name: &str) {
        if !self.functions.contains(name) {
            self.functions.set(name, ());
        }
    }

    pub(super) fn undefine(&mut self, name: &str) {
        self.functions.remove(name);
    }

    /// Returns the directory that `path` leads to from the one at hand, as text: `..` goes back one name, as only `cd` has it.
    pub(super) fn directory(&self, path: &[u8]) -> Place {
        directory(&self.cwd, path)
    }

    /// Returns `path` behind the directory at hand, as it is written.
    pub(super) fn raw(&self, path: &[u8]) -> Option<PathBuf> {
        raw(&self.cwd, path)
    }

    /// Returns what is certain if one of two states holds.
    pub(super) fn join(mut self, other: State) -> State {
        self.anything |= other.anything;
        self.is_whole &= other.is_whole;
        self.fields |= other.fields;
        self.exports |= other.exports;
        if self.cwd != other.cwd {
            self.cwd = Place::Unknown;
        }
        if self.args != other.args {
            self.args = None;
        }
        self.functions.join(&other.functions, |_, _| (), |_| None);
        let both = |one: &Rc<Variable>, other: &Rc<Variable>| Rc::new(one.join(other));
        self.variables.join(&other.variables, both, |one| Some(Rc::new(one.with(Value::Dynamic))));
        self
    }
}

/// Returns the directory that `path` leads to from `cwd`, as [`State::directory`] does.
pub(super) fn directory(cwd: &Place, path: &[u8]) -> Place {
    raw(cwd, path).map_or(Place::Unknown, |path| Place::Known(normal(&path)))
}

fn raw(cwd: &Place, path: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    match cwd {
        Place::Known(cwd) => Some(cwd.join(path)),
        Place::Unknown => path.is_absolute().then(|| path.to_path_buf()),
    }
}

/// Claims that `path` has a `..` in it.
pub(super) fn climbs(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|name| name == b"..")
}

/// Returns `path` without `.` and with each `..` taken back.
pub(super) fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            Component::RootDir | Component::Normal(_) | Component::Prefix(_) => out.push(component),
        }
    }
    out
}

/// How the shell goes on after a command: what holds if it succeeded, and if it failed. `None`: it does not go on so.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) ok: Option<State>,
    pub(super) fail: Option<State>,
}

impl Flow {
    /// The same, whether it succeeds or not.
    pub(super) fn either(state: State) -> Flow {
        Flow { ok: Some(state.clone()), fail: Some(state) }
    }

    /// The shell ends here.
    pub(super) fn ends() -> Flow {
        Flow { ok: None, fail: None }
    }

    /// Returns what holds afterwards; `before`, where the shell certainly does not go on: what follows is still read.
    pub(super) fn after(self, before: &State) -> State {
        join_both(self.ok, self.fail).unwrap_or_else(|| before.clone())
    }
}

/// Joins two states of which either may not be.
pub(super) fn join_both(one: Option<State>, other: Option<State>) -> Option<State> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.join(other)),
        (one, other) => one.or(other),
    }
}
