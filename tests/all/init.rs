//! `gate init`: writes what is missing, never overwrites.

use crate::stage::Stage;

#[test]
fn init_writes_a_policy_and_a_configuration_that_gate_can_read() {
    let stage = Stage::new();
    stage
        .gate(["init"])
        .stderr(
            "
            gate: wrote `[ROOT]/home/policy.toml`
            gate: wrote `[ROOT]/home/config.toml`
            gate: hint: `gate doctor` looks whether all is well; `gate agent setup claude` puts gate in front of an agent
            ",
        )
        .check();
    stage
        .program("stat", ["-c", "%a %n", "../home/policy.toml", "../home/config.toml"])
        .stdout("600 ../home/policy.toml\n600 ../home/config.toml\n")
        .check();
}

#[test]
fn init_leaves_what_is_there_as_it_is() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n").config("# mine\n");
    stage
        .gate(["init"])
        .stderr(
            "
            gate: `[ROOT]/home/policy.toml` is there already; left as it is
            gate: `[ROOT]/home/config.toml` is there already; left as it is
            gate: hint: `gate doctor` looks whether all is well; `gate agent setup claude` puts gate in front of an agent
            ",
        )
        .check();
    stage
        .program("cat", ["../home/policy.toml", "../home/config.toml"])
        .stdout("[policy]\nversion = 1\n# mine\n")
        .check();
}

#[test]
fn init_records_the_directories_it_was_told_to_trust() {
    let stage = Stage::new();
    let said = stage.gate(["init", "--trust", "/opt/a", "--trust", "/opt/b"]).output();
    assert!(said.status.success());
    stage
        .program("grep", ["trusted_path", "../home/config.toml"])
        .stdout("trusted_path = [\"/opt/a\", \"/opt/b\"]\n")
        .check();
    stage.gate(["init", "--trust", "bin"]).stderr("gate: `bin` is not an absolute path\n").code(2).check();
}

#[test]
fn init_asks_a_person_about_directories_of_their_own() {
    let stage = Stage::new().script("bin/tool", "#!/bin/sh\n");
    let path = format!("{}/bin:/usr/bin:/bin", stage.cwd().display());
    let mut terminal = stage.gate(["init"]).env("PATH", path).interactive();
    terminal.shows("trust the names of the programs in `");
    terminal.send("y\r");
    assert_eq!(terminal.code(), 0);
    let expected = "trusted_path = [\"[ROOT]/work/bin\"]\n";
    stage.program("grep", ["trusted_path", "../home/config.toml"]).stdout(expected).check();
}
