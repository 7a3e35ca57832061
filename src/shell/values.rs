//! What is known of a variable's value: by the script, or because the shell itself sets it.

use super::state::{State, Value};
use super::walk::Walker;

/// Numbers that a shell leaves as they are if its environment has them: bash the users', zsh those that only bash knows.
const INHERITED: [&str; 5] = ["UID", "EUID", "SRANDOM", "BASHPID", "EPOCHSECONDS"];

impl Walker<'_> {
    /// Returns what is known of a variable.
    pub(super) fn lookup(&self, state: &State, name: &str) -> Value {
        if let Some(value) = kept_by_the_shell(name) {
            let is_kept = !INHERITED.contains(&name) || self.inherits_number(state, name);
            return if is_kept { value } else { Value::Dynamic };
        }
        if self.references.contains(name) {
            return Value::Dynamic;
        }
        if let Some(variable) = state.variables.get(name) {
            return variable.value.clone();
        }
        if state.anything {
            return Value::Dynamic;
        }
        match name {
            "HOME" => self.home().map_or(Value::Dynamic, Value::Literal),
            "PWD" => match &state.cwd {
                super::action::Place::Known(path) => Value::literal(bytes_of(path)),
                super::action::Place::Unknown => Value::Dynamic,
            },
            "USER" => self.world.var("USER").map_or(Value::Dynamic, Value::literal),
            "RANDOM" | "SECONDS" | "LINENO" | "UID" | "EUID" | "PPID" | "BASHPID" | "SHLVL"
            | "EPOCHSECONDS" | "OPTIND" => Value::Number,
            _ => Value::Dynamic,
        }
    }

    fn inherits_number(&self, state: &State, name: &str) -> bool {
        match state.variables.get(name) {
            Some(variable) => variable.value.is_number(),
            None => self.world.var(name).is_none_or(|value| Value::literal(value).is_number()),
        }
    }

    fn home(&self) -> Option<Vec<u8>> {
        self.world.var("HOME").or_else(|| self.world.homes().first().map(|home| bytes_of(home)))
    }

    /// Claims that a variable is a number: the script set it to one, the shell always does, or nobody did, which counts as 0.
    pub(super) fn numeric(&self, state: &State, name: &str) -> bool {
        self.lookup(state, name).is_number() || self.is_unset(state, name)
    }

    /// Claims that nothing has given the variable a value: no script, no environment, and not the shell by itself.
    pub(super) fn is_unset(&self, state: &State, name: &str) -> bool {
        state.is_whole
            && !state.anything
            && is_plain(name)
            && !self.references.contains(name)
            && !state.variables.contains(name)
            && self.world.var(name).is_none()
    }
}

/// Claims that a name is none that a shell uses for itself: theirs have capitals, but for these of bash.
pub(super) fn is_plain(name: &str) -> bool {
    const OWN: [&str; 2] = ["histchars", "auto_resume"];
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !OWN.contains(&name)
}

fn bytes_of(path: &std::path::Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

/// Returns what is known of a variable that the shell itself sets, whatever a script assigns to it.
fn kept_by_the_shell(name: &str) -> Option<Value> {
    match name {
        "RANDOM" | "SRANDOM" | "SECONDS" | "LINENO" | "UID" | "EUID" | "PPID" | "BASHPID" | "SHLVL"
        | "EPOCHSECONDS" | "OPTIND" | "HISTCMD" => Some(Value::Number),
        "_" | "FUNCNAME" | "DIRSTACK" | "PIPESTATUS" | "GROUPS" | "EPOCHREALTIME" | "OPTARG" | "REPLY"
        | "MAPFILE" | "COPROC" => Some(Value::Dynamic),
        name if ["BASH", "COMP_", "READLINE_"].iter().any(|prefix| name.starts_with(prefix)) => {
            Some(Value::Dynamic)
        }
        _ => None,
    }
}
