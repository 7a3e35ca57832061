//! Measured transparency: each script of `tests/transparency/` does under gate, with a policy that allows everything, what it
//! does under bash: the same standard output, standard error and exit code or signal, byte for byte. Nothing is normalised.
//!
//! Both runs begin in the same directory with the same files and the same environment. What can never be the same (there is
//! one process more) is written down with the script, and asserted as exactly that. The outcome is a table in
//! `docs/transparency.md`, and that table is held to it here.

mod script;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use crate::stage::{Run, Stage, set_mode};
use script::{Form, Script, scripts};

/// Allows everything but the floor.
pub(crate) const ALL: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n\
                   [[override]]\nrule = \"*\"\nverdict = \"allow\"\nreason = \"nothing is held back\"\n";

/// Which of the two runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Real,
    Gate,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// The exit code; a fatal signal N counts as -N.
    code: i32,
}

fn os(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}

/// Returns the arguments that give the script to a shell.
fn arguments(script: &Script, form: Form) -> Vec<OsString> {
    let mut all: Vec<OsString> = script.options.iter().map(|option| os(option)).collect();
    let tail = script.args.iter().skip(usize::from(matches!(form, Form::File | Form::Stdin)));
    match form {
        Form::Text | Form::Terminal => all.extend(["-c".into(), os(script.text.as_bytes())]),
        Form::File => all.push("./script.sh".into()),
        Form::Stdin => all.push("-s".into()),
    }
    // Behind `-s` an argument that looks like an option is one.
    all.extend((form == Form::Stdin && tail.len() > 0).then(|| "--".into()));
    all.extend(tail.map(|arg| os(arg)));
    all
}

/// Makes working directory and home new, with the files of the script.
fn furnish(stage: &Stage, script: &Script, form: Form) {
    for dir in [stage.cwd(), stage.root().join("me")] {
        if dir.exists() {
            std::fs::remove_dir_all(&dir).unwrap();
        }
        std::fs::create_dir(&dir).unwrap();
    }
    for (name, text) in &script.files {
        std::fs::write(stage.cwd().join(name), text).unwrap();
    }
    if form == Form::File {
        let path = stage.cwd().join("script.sh");
        std::fs::write(&path, &script.text).unwrap();
        set_mode(&path, 0o644);
    }
}

fn described<'a>(stage: &'a Stage, script: &Script, form: Form, shell: Shell) -> Run<'a> {
    let args = arguments(script, form);
    let mut run = match shell {
        Shell::Real => stage.program(&script.shell, args),
        Shell::Gate if script.shell == "bash" => stage.gate(args),
        Shell::Gate => stage.gate(["--as".into(), script.shell.clone().into()].into_iter().chain(args)),
    };
    run = run.env("HOME", stage.root().join("me"));
    for (name, value) in &script.env {
        run = match value {
            Some(value) => run.env(name, os(value)),
            None => run.without_env(name),
        };
    }
    let stdin = if form == Form::Stdin { script.text.as_bytes() } else { &script.stdin };
    run.stdin(stdin)
}

fn run(stage: &Stage, script: &Script, form: Form, shell: Shell) -> Outcome {
    furnish(stage, script, form);
    let run = described(stage, script, form, shell);
    if form != Form::Terminal {
        let output = run.output();
        let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
        return Outcome { stdout: output.stdout, stderr: output.stderr, code };
    }
    let mut terminal = run.interactive();
    if !script.types.is_empty() {
        terminal.shows("ready");
        terminal.send(&script.types);
    }
    let code = terminal.code();
    Outcome { stdout: terminal.text().into_bytes(), stderr: Vec::new(), code }
}

fn shown(outcome: &Outcome) -> String {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.chars().take(1500).collect::<String>()
    };
    format!("{}--- stderr\n{}--- code {}\n", text(&outcome.stdout), text(&outcome.stderr), outcome.code)
}

/// Runs a script both ways and says what is not as it should be.
fn difference(stage: &Stage, script: &Script, form: Form) -> Option<String> {
    let bash = run(stage, script, form, Shell::Real);
    let gate = run(stage, script, form, Shell::Gate);
    let is_as_said = match &script.differs {
        None => gate == bash,
        Some(known) => {
            bash.stdout == known.bash
                && gate == Outcome { stdout: known.gate.clone(), ..bash.clone() }
                && !known.because.is_empty()
        }
    };
    let (bash, gate) = (shown(&bash), shown(&gate));
    let title = &script.title;
    (!is_as_said).then(|| format!("== {title} ({form:?})\n--- bash\n{bash}--- gate\n{gate}"))
}

/// Runs all scripts of a subject, and holds its row of the table to what came out.
#[track_caller]
fn subject(name: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transparency");
    let scripts = scripts(&std::fs::read_to_string(directory.join(format!("{name}.sh"))).unwrap());
    let stage = Stage::new().policy(ALL);
    let runs = scripts.iter().flat_map(|script| script.forms.iter().map(move |form| (script, *form)));
    let found: Vec<String> =
        runs.clone().filter_map(|(script, form)| difference(&stage, script, form)).collect();
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.concat());
    let other = runs.clone().filter(|(script, _)| script.differs.is_some()).count();
    let row = row(name, scripts.len(), runs.clone().count(), other);
    assert!(table().contains(&row), "docs/transparency.md needs this row:\n{row}");
}

fn row(name: &str, scripts: usize, runs: usize, other: usize) -> String {
    format!("| {} | {scripts} | {runs} | {} | {other} |", name.replace('-', " "), runs - other)
}

fn table() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transparency.md");
    std::fs::read_to_string(path).unwrap()
}

macro_rules! subjects {
    ($($test:ident = $name:literal,)*) => {
        $(#[test] fn $test() { subject($name); })*
        const SUBJECTS: &[&str] = &[$($name),*];
    };
}

subjects! {
    here_documents = "here-documents",
    quoting = "quoting",
    expansions = "expansions",
    arrays = "arrays",
    associative_arrays = "associative-arrays",
    functions = "functions",
    traps = "traps",
    jobs_and_wait = "jobs-and-wait",
    process_substitution = "process-substitution",
    positional_parameters = "positional-parameters",
    shell_variables = "shell-variables",
    set_e = "set-e",
    set_u_and_pipefail = "set-u-and-pipefail",
    start_up = "start-up",
    coproc = "coproc",
    terminal = "terminal",
    standard_input = "standard-input",
    script_on_standard_input = "script-on-standard-input",
    redirections = "redirections",
    exec_and_subshells = "exec-and-subshells",
    exit_codes = "exit-codes",
    printf_and_echo = "printf-and-echo",
    read_and_mapfile = "read-and-mapfile",
    getopts_select_case = "getopts-select-case",
    arithmetic = "arithmetic",
    conditions_and_loops = "conditions-and-loops",
    globs_and_shopt = "globs-and-shopt",
    locale_limits_umask = "locale-limits-umask",
    output = "output",
    options = "options",
    aliases_eval_source = "aliases-eval-source",
    finding_commands = "finding-commands",
    error_messages = "error-messages",
    other_shells = "other-shells",
}

#[test]
fn the_table_has_every_subject_and_their_sums() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transparency");
    let files = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    files.sort_unstable();
    let mut subjects: Vec<String> = SUBJECTS.iter().map(|name| format!("{name}.sh")).collect();
    subjects.sort_unstable();
    assert_eq!(files, subjects);
    let all: Vec<Script> = files
        .iter()
        .flat_map(|file| scripts(&std::fs::read_to_string(directory.join(file)).unwrap()))
        .collect();
    let runs = all.iter().map(|script| script.forms.len()).sum();
    let other = all.iter().filter(|script| script.differs.is_some()).map(|script| script.forms.len()).sum();
    let row = row("all", all.len(), runs, other);
    assert!(table().contains(&row), "docs/transparency.md needs this row:\n{row}");
    for script in all.iter().filter_map(|script| script.differs.as_ref()) {
        assert!(
            table().contains(&script.because),
            "docs/transparency.md needs the reason: {}",
            script.because
        );
    }
}
