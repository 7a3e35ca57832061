//! Patterns that reach what is guarded, in directories as they are.

use std::os::unix::fs::symlink;

use crate::stage::Stage;

const PLAIN: &str = "[policy]\nversion = 1\n";

/// A project that holds gate's own home, and the other things that are guarded.
fn project() -> Stage {
    let stage = Stage::new()
        .file("state/g/policy.toml", PLAIN)
        .file(".git/hooks/pre-commit", "")
        .file(".env", "KEY=1")
        .file("README.md", "hello\n")
        .file("src/main.rs", "");
    symlink("state", stage.cwd().join("link")).unwrap();
    stage
}

/// Returns the exit code of `script` under a gate whose home lies in the project.
fn code(stage: &Stage, script: &str) -> Option<i32> {
    let home = stage.cwd().join("state/g").display().to_string();
    let run = stage.program(env!("CARGO_BIN_EXE_gate"), ["--home", &home, "--wait", "0s", "-c", script]);
    run.output().status.code()
}

#[test]
fn gates_own_home_in_the_project_is_out_of_reach_of_patterns() {
    let stage = project();
    for script in [
        "echo x > s*/g/policy.toml",
        "echo x >> */?/policy.toml",
        "echo x > l*/g/policy.toml",
        "rm -rf s*te",
        "mv s* other",
        "mv ../work ../elsewhere",
        "mv ../w* ../elsewhere",
        "rm -rf ../wor?",
    ] {
        assert_eq!(code(&stage, script), Some(126), "{script}");
    }
    assert_eq!(std::fs::read_to_string(stage.cwd().join("state/g/policy.toml")).unwrap(), PLAIN);
}

#[test]
fn what_a_pattern_stands_for_decides_whether_a_person_is_asked() {
    let stage = project();
    for (script, expected) in [
        ("echo x > .git/hook*/pre-commit", 124),
        ("cat .en*", 124),
        ("cat *.md", 0),
        ("cat * > /dev/null 2>&1 || true", 0),
        ("wc -l s*/*.rs", 0),
    ] {
        assert_eq!(code(&stage, script), Some(expected), "{script}");
    }
}

#[test]
fn a_directory_that_is_too_large_to_look_at_is_not_taken_for_empty() {
    let stage = project();
    let many = stage.cwd().join("many");
    std::fs::create_dir(&many).unwrap();
    for number in 0..4097 {
        std::fs::write(many.join(number.to_string()), "").unwrap();
    }
    assert_eq!(code(&stage, "cat many/.en*"), Some(124));
    assert_eq!(code(&stage, "cat many/1*.md 2> /dev/null || true"), Some(0));
}
