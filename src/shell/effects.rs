//! What a list may change in the shell that runs it, read off the tree before it is followed.
//!
//! A loop's body runs again after its own changes, so that they must be known before it is followed. What is not certain
//! changes everything.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Place;
use super::state::{State, Value};
use super::syntax::{
    Arith, Assign, AssignValue, Command, Compound, Item, List, Name, Operation, Parameter, Part, Pipeline,
    Redirect, Simple, Target, Test, Word,
};

/// Builtins that may change more than their plain arguments say.
const ANYTHING: [&str; 17] = [
    "eval", "source", ".", "command", "builtin", "trap", "enable", "shopt", "exec", "unset", "hash", "let",
    "unalias", "set", "shift", "alias", "coproc",
];

/// Builtins that set the variables they name.
const SETTING: [&str; 12] = [
    "read",
    "export",
    "readonly",
    "declare",
    "typeset",
    "local",
    "printf",
    "mapfile",
    "readarray",
    "getopts",
    "wait",
    "test",
];

#[derive(Default)]
pub(super) struct Effects {
    anything: bool,
    directory: bool,
    /// The variables that are set, and whether to numbers only.
    variables: BTreeMap<String, bool>,
}

impl Effects {
    /// Makes unknown in `state` what may have changed.
    pub(super) fn apply(self, state: &mut State) {
        if self.anything {
            let functions = state.functions.clone();
            state.forget();
            state.functions = functions;
            return;
        }
        if self.directory {
            state.cwd = Place::Unknown;
        }
        for (name, number) in self.variables {
            let was_number = state.variables.get(&name).is_some_and(|old| old.value.is_number());
            let value = if number && was_number { Value::Number } else { Value::Dynamic };
            let span = state.variables.get(&name).map(|old| old.span).unwrap_or_default();
            state.assign(&name, value, span);
        }
    }

    fn sets(&mut self, name: &str, number: bool) {
        *self.variables.entry(name.to_owned()).or_insert(true) &= number;
    }
}

/// Adds what `list` may change; `functions` are the names of functions that may be called.
pub(super) fn of_list(list: &List, functions: &BTreeSet<String>, effects: &mut Effects) {
    for Item { first, rest, .. } in list {
        of_pipeline(first, functions, effects);
        rest.iter().for_each(|(_, pipeline)| of_pipeline(pipeline, functions, effects));
    }
}

fn of_pipeline(pipeline: &Pipeline, functions: &BTreeSet<String>, effects: &mut Effects) {
    pipeline.commands.iter().for_each(|command| of_command(command, functions, effects));
}

fn of_command(command: &Command, functions: &BTreeSet<String>, effects: &mut Effects) {
    match command {
        Command::Simple(simple) => of_simple(simple, functions, effects),
        Command::Function { .. } => effects.anything = true,
        Command::Compound { body, redirects, .. } => {
            redirects.iter().for_each(|redirect| of_redirect(redirect, effects));
            of_compound(body, functions, effects);
        }
    }
}

fn of_compound(body: &Compound, functions: &BTreeSet<String>, effects: &mut Effects) {
    match body {
        Compound::Group(list) | Compound::Subshell(list) => of_list(list, functions, effects),
        Compound::If { branches, otherwise } => {
            for (condition, list) in branches {
                of_list(condition, functions, effects);
                of_list(list, functions, effects);
            }
            otherwise.iter().for_each(|list| of_list(list, functions, effects));
        }
        Compound::While { condition, body } => {
            of_list(condition, functions, effects);
            of_list(body, functions, effects);
        }
        Compound::For { name, words, body } => {
            effects.sets(name, false);
            words.iter().flatten().for_each(|word| of_word(word, effects));
            of_list(body, functions, effects);
        }
        Compound::ArithFor { parts, body } => {
            parts.iter().for_each(|part| of_arithmetic(part, effects));
            of_list(body, functions, effects);
        }
        Compound::Case { word, arms } => {
            of_word(word, effects);
            for arm in arms {
                arm.patterns.iter().for_each(|pattern| of_word(pattern, effects));
                of_list(&arm.body, functions, effects);
            }
        }
        Compound::Test(tests) => tests.iter().for_each(|test| of_test(test, effects)),
        Compound::Arith(expression) => of_arithmetic(expression, effects),
    }
}

fn of_test(test: &Test, effects: &mut Effects) {
    match test {
        Test::Unary { word, .. } | Test::Word(word) => of_word(word, effects),
        Test::Binary { left, right, operator } => {
            of_word(left, effects);
            of_word(right, effects);
            if operator == "=~" {
                effects.sets("BASH_REMATCH", false);
            }
        }
    }
}

/// Builtins in front of which an assignment may stay for good: the special ones of POSIX, 2.14.
const SPECIAL: [&str; 17] = [
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "local", "readonly", "return", "set",
    "shift", "source", "times", "trap", "unset",
];

/// Claims that what is assigned in front of the command lasts only as long as that.
fn assigns_for_itself(simple: &Simple, functions: &BTreeSet<String>) -> bool {
    let name = simple.words.first().and_then(plain);
    name.is_some_and(|name| {
        !SPECIAL.contains(&name) && !ANYTHING.contains(&name) && !functions.contains(name)
    })
}

fn of_simple(simple: &Simple, functions: &BTreeSet<String>, effects: &mut Effects) {
    let lasts = !assigns_for_itself(simple, functions);
    simple.assignments.iter().for_each(|assign| of_assignment(assign, lasts, effects));
    simple.words.iter().for_each(|word| of_word(word, effects));
    simple.redirects.iter().for_each(|redirect| of_redirect(redirect, effects));
    let Some(first) = simple.words.first() else { return };
    let name = match plain(first) {
        Some(name) => name,
        None => {
            effects.anything = true;
            return;
        }
    };
    if ANYTHING.contains(&name) || functions.contains(name) || name.contains(['{', '~']) {
        effects.anything = true;
    } else if matches!(name, "cd" | "pushd" | "popd" | "chdir" | "dirs") {
        effects.directory = true;
        ["PWD", "OLDPWD", "DIRSTACK"].iter().for_each(|name| effects.sets(name, false));
    } else if SETTING.contains(&name) {
        ["REPLY", "MAPFILE", "OPTARG", "OPTIND"].iter().for_each(|name| effects.sets(name, false));
        for word in &simple.words[1..] {
            match plain(word) {
                Some(text) => {
                    // `-vname`: the name may be glued to any of the letters.
                    if let Some(letters) = text.strip_prefix('-') {
                        (0..letters.len())
                            .filter_map(|at| letters.get(at..))
                            .for_each(|rest| effects.sets(rest, false));
                    }
                    let name = text.split(['=', '+']).next().unwrap_or(text);
                    effects.sets(name, false);
                }
                // `export name="$value"`
                None => match word.parts.first() {
                    Some(Part::Plain(bytes)) if bytes.contains(&b'=') => {
                        let text = String::from_utf8_lossy(bytes).into_owned();
                        effects.sets(text.split(['=', '+']).next().unwrap_or_default(), false);
                    }
                    Some(_) | None => effects.anything |= name != "printf" && name != "test",
                },
            }
        }
    }
}

fn plain(word: &Word) -> Option<&str> {
    match word.parts.as_slice() {
        [Part::Plain(bytes)] => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn of_assignment(assign: &Assign, lasts: bool, effects: &mut Effects) {
    let number = match &assign.value {
        AssignValue::Word(word) => {
            of_word(word, effects);
            let computed = matches!(word.parts.as_slice(), [Part::Arith { .. }])
                || matches!(word.parts.as_slice(), [Part::Quoted(empty), Part::Arith { .. }] if empty.is_empty());
            let digits = plain(word)
                .is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
            (computed || digits) && !assign.append && !assign.element
        }
        AssignValue::Array(words) => {
            words.iter().for_each(|word| of_word(word, effects));
            false
        }
    };
    if lasts {
        effects.sets(&assign.name, number);
    }
}

fn of_redirect(redirect: &Redirect, effects: &mut Effects) {
    match &redirect.target {
        Target::File { word, .. } | Target::HereString(word) => of_word(word, effects),
        // Its body may hold `${x:=…}` or `$((x++))`: seldom, so that what is set there is not followed.
        Target::HereDoc(_) => effects.anything = true,
        Target::Descriptor { .. } => {}
    }
}

fn of_word(word: &Word, effects: &mut Effects) {
    word.parts.iter().for_each(|part| of_part(part, effects));
}

fn of_part(part: &Part, effects: &mut Effects) {
    match part {
        // A substitution is a shell of its own.
        Part::Plain(_) | Part::Quoted(_) | Part::Command { .. } | Part::Process { .. } | Part::Unknown => {}
        Part::Parameter(parameter) => of_parameter(parameter, effects),
        Part::Arith { expression, .. } => of_arithmetic(expression, effects),
    }
}

fn of_parameter(parameter: &Parameter, effects: &mut Effects) {
    match (&parameter.operation, &parameter.name) {
        (Operation::Assign(_), Name::Variable(name)) => effects.sets(name, false),
        (Operation::Assign(_), _) => effects.anything = true,
        (
            Operation::None
            | Operation::Length
            | Operation::Default(_)
            | Operation::Error(_)
            | Operation::Alternative(_)
            | Operation::Change(_),
            _,
        ) => {}
    }
}

fn of_arithmetic(expression: &Arith, effects: &mut Effects) {
    if expression.assigns {
        expression.names.iter().chain(&expression.sets).for_each(|name| effects.sets(name, true));
    }
}
