//! `gate completions`: each shell can read its own.

use crate::stage::Stage;

#[test]
fn each_shell_accepts_its_completions_and_they_know_the_subcommands() {
    for (shell, check) in [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish --no-execute")] {
        let stage = Stage::new();
        let script = stage.gate(["completions", shell]).output();
        let text = String::from_utf8(script.stdout).unwrap();
        for subcommand in [
            "approve", "inbox", "explain", "doctor", "agent", "setup", "suggest", "diff", "schema", "stats",
            "review",
        ] {
            assert!(text.contains(subcommand), "{shell} has no `{subcommand}`");
        }
        let stage = stage.file("completions", &text);
        stage
            .program("sh", ["-c", &format!("command -v {shell} >/dev/null || exit 0; {check} completions")])
            .check();
    }
}
