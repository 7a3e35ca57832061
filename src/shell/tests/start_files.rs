//! Shells that read files at their start where the inherited `HOME` says.

use super::{Command, Dialect, Machine, Source, analyse, script, table};

/// Claims that gate can tell what `text` runs where `HOME` is `home`, and that directory holds `names`.
fn is_clear(home: &str, names: Option<Vec<&'static str>>, text: &str) -> bool {
    let mut machine = Machine::default();
    machine.variables.insert("HOME".to_owned(), home.to_owned());
    if let Some(names) = names {
        machine.listed.insert(home.into(), names);
    }
    machine.variables.insert("SHLVL".to_owned(), "1".to_owned());
    let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table());
    found.actions.iter().all(|action| action.opaque.is_none())
}

#[test]
fn shell_reads_nothing_where_no_file_is() {
    for text in ["bash -lc ls", "env bash -c 'git status'", "zsh -c pwd", "sh -lc 'cat a'", "sudo bash -c ls"]
    {
        assert!(is_clear("/scratch", Some(vec![".config", "notes"]), text), "{text}");
    }
}

#[test]
fn shell_may_read_a_file_that_is_there() {
    for file in [".bash_profile", ".bash_login", ".profile", ".bash_logout", ".PROFILE"] {
        assert!(!is_clear("/scratch", Some(vec![file]), "bash -lc ls"), "{file}");
    }
    assert!(!is_clear("/scratch", Some(vec![".zshenv"]), "zsh -c pwd"));
    assert!(!is_clear("/scratch", Some(vec![".zshenv.zwc"]), "zsh -c pwd"));
    assert!(!is_clear("/scratch", Some(vec![".bashrc"]), "env bash -c ls"));
}

#[test]
fn directory_that_cannot_be_listed_may_hold_anything() {
    assert!(!is_clear("/scratch", None, "bash -lc ls"));
}

#[test]
fn home_that_names_no_place_of_its_own_may_hold_anything() {
    for home in ["", "scratch", ".", "/scratch/../other"] {
        assert!(!is_clear(home, Some(Vec::new()), "bash -lc ls"), "{home:?}");
    }
}

#[test]
fn home_that_the_script_sets_may_hold_anything() {
    for text in
        ["HOME=/scratch bash -lc ls", "export HOME=/scratch; bash -lc ls", "env HOME=/scratch bash -lc ls"]
    {
        assert!(!is_clear("/scratch", Some(Vec::new()), text), "{text}");
    }
}

#[test]
fn file_that_the_script_itself_makes_is_read() {
    for text in [
        "echo x > /scratch/.profile; bash -lc ls",
        "cp a /scratch/.bash_profile && bash -lc ls",
        "cd /scratch; echo x > .bashrc; env bash -c ls",
        "echo x > /scratch/.zshenv; zsh -c ls",
    ] {
        assert!(!is_clear("/scratch", Some(Vec::new()), text), "{text}");
    }
    assert!(is_clear("/scratch", Some(Vec::new()), "echo x > /scratch/notes; bash -lc ls"));
}

#[test]
fn outermost_shell_reads_nothing_either() {
    let mut machine = Machine::default();
    machine.variables.insert("HOME".to_owned(), "/scratch".to_owned());
    let options = vec![b"-l".to_vec()];
    let source = Source::Script { dialect: Dialect::Bash, options, text: b"ls".to_vec(), args: Vec::new() };
    let login = Command { source, cwd: "/project".into() };
    let is_clear = |machine: &Machine| {
        analyse(&login, machine, &table()).actions.iter().all(|action| action.opaque.is_none())
    };
    assert!(!is_clear(&machine));
    machine.listed.insert("/scratch".into(), vec![".profile"]);
    assert!(!is_clear(&machine));
    machine.listed.insert("/scratch".into(), vec!["notes"]);
    assert!(is_clear(&machine));
}

#[test]
fn own_home_is_as_it_was() {
    assert!(is_clear("/home/mara", None, "bash -lc ls"));
}
