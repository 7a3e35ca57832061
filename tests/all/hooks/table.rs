//! The table of docs/agents.md, made cell by cell.

use std::fmt::Write as _;
use std::path::Path;

use super::{AGENTS, Doing, GATE, Stage, event, hook, in_home, stage, word};

/// Returns the rows of the table: what is about to be done, with a stage for it.
fn rows(agent: &str, stage: &Stage) -> Vec<(&'static str, Doing)> {
    use Doing::{After, Argv, Command, Patch, Reads, Server, Write};
    let own: String = [GATE, "--home", stage.home().to_str().unwrap(), "-c 'git push --force'"].join(" ");
    let notes = match agent {
        "claude" => ".claude/plans/next.md",
        "codex" => ".codex/memories/next.md",
        "gemini" => ".gemini/tmp/next.md",
        "cursor" => ".cursor/plans/next.md",
        _ => ".copilot/session-state/next.md",
    };
    vec![
        ("a command that the policy allows", Command("ls -la")),
        ("a command that it asks about", Command("git push --force")),
        ("a command that it denies", Command("gate approve 7KQ2-M9XD-4T1B")),
        ("the same as an argument vector, allowed", Argv(&["bash", "-lc", "ls"])),
        ("the same as an argument vector, asked about", Argv(&["bash", "-lc", "git push --force"])),
        ("what goes through this gate by its own words", Command(own.leak())),
        ("the same through another file called `gate`", Command("./gate -c 'git push --force'")),
        ("a command that is allowed in its directory only", Command("cat notes.txt")),
        ("an allowed command that leaves the project", Command("cd / && ls")),
        ("an allowed command that begins with `bash -c`", Command("bash -c 'ls'")),
        ("a file of the project", Write("src/a.rs".to_owned())),
        ("a `Dockerfile`, a lock file, `.env` of the project", Write("Dockerfile".to_owned())),
        ("a file in `/tmp`", Write("/tmp/gate-test-scratch/x".to_owned())),
        ("the agent's own plans and notes", Write(in_home(notes))),
        ("a file elsewhere", Write("/srv/x.txt".to_owned())),
        ("a CI workflow", Write(".github/workflows/ci.yml".to_owned())),
        ("a git hook", Write(".git/hooks/pre-commit".to_owned())),
        ("an agent's instructions (`CLAUDE.md`, `AGENTS.md`)", Write("AGENTS.md".to_owned())),
        ("a shell's start-up file", Write(in_home(".bashrc"))),
        ("an agent's hook settings", Write(in_home(".claude/settings.json"))),
        ("gate's own policy", Write(in_home(".config/gate/policy.toml"))),
        ("one of these by way of a link in the project", Write("link/pre-commit".to_owned())),
        ("one of these by way of `..`", Write("src/../.git/hooks/pre-commit".to_owned())),
        (
            "a patch that touches one of these",
            Patch(
                "*** Begin Patch\n*** Update File: a\n*** Move to: .git/hooks/x\n@@\n-a\n+b\n*** End Patch",
            ),
        ),
        ("a patch of the project", Patch("*** Begin Patch\n*** Delete File: notes.txt\n*** End Patch")),
        ("a tool that reads or searches", Reads),
        ("a tool of an MCP server", Server),
        ("an event after a tool, or of another kind", After),
    ]
}

#[test]
fn the_table_of_the_documentation_is_what_happens() {
    let mut table =
        String::from("| input | claude | codex | gemini | cursor | copilot |\n|---|---|---|---|---|---|\n");
    let stage = stage().script("gate", "#!/bin/sh\n");
    std::fs::create_dir_all(stage.cwd().join(".git/hooks")).unwrap();
    std::os::unix::fs::symlink(".git/hooks", stage.cwd().join("link")).unwrap();
    let columns: Vec<Vec<(&str, Doing)>> = AGENTS.iter().map(|agent| rows(agent, &stage)).collect();
    for at in 0..columns[0].len() {
        write!(table, "| {} |", columns[0][at].0).unwrap();
        for (agent, column) in AGENTS.iter().zip(&columns) {
            let output = hook(&stage, agent, event(agent, &stage, &column[at].1).to_string());
            write!(table, " {} |", word(agent, &output)).unwrap();
        }
        table.push('\n');
    }
    for (name, words) in failures() {
        writeln!(table, "| {name} | {} |", words.join(" | ")).unwrap();
    }
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agents.md")).unwrap();
    assert!(docs.contains(&table), "docs/agents.md must hold this table:\n{table}");
}

/// Returns what comes of each failure, agent by agent.
fn failures() -> Vec<(&'static str, Vec<&'static str>)> {
    let asked = Doing::Command("git push --force");
    let each = |input: &dyn Fn(&str) -> (Stage, Vec<u8>)| -> Vec<&'static str> {
        let one = |agent: &&'static str| {
            let (stage, input) = input(agent);
            word(agent, &hook(&stage, agent, input))
        };
        AGENTS.iter().map(one).collect()
    };
    let allowed = |agent: &str, stage: &Stage| event(agent, stage, &Doing::Command("ls")).to_string();
    let without = |agent: &str, name: &str| {
        let stage = stage();
        let mut event = event(agent, &stage, &asked);
        event.as_object_mut().unwrap().remove(name);
        (stage, event.to_string().into_bytes())
    };
    vec![
        ("no JSON", each(&|_| (stage(), b"git push".to_vec()))),
        ("nothing at all", each(&|_| (stage(), Vec::new()))),
        ("not UTF-8", each(&|_| (stage(), b"{\"a\":\"\xff\"}".to_vec()))),
        (
            "a name that stands twice",
            each(&|agent| {
                let stage = stage();
                let text =
                    allowed(agent, &stage).replace("\"ls\"", "\"ls\",\"command\":\"git push --force\"");
                (stage, text.into_bytes())
            }),
        ),
        ("a tool call without its directory", each(&|agent| without(agent, "cwd"))),
        (
            "a command that is no text",
            each(&|agent| {
                let stage = stage();
                let text = allowed(agent, &stage).replace("\"ls\"", "7");
                (stage, text.into_bytes())
            }),
        ),
        (
            "a call larger than 16 MiB",
            each(&|agent| {
                let stage = stage();
                let text = allowed(agent, &stage).replace("ls", &"x".repeat(17 << 20));
                (stage, text.into_bytes())
            }),
        ),
        (
            "a policy with an error",
            each(&|agent| {
                let stage = stage().policy("[policy]\nversion = 1\ndefault = \"block\"\n");
                let text = allowed(agent, &stage);
                (stage, text.into_bytes())
            }),
        ),
        (
            "a store that cannot be written",
            each(&|agent| {
                let stage = stage();
                std::fs::create_dir(stage.home().join("gate.db")).unwrap();
                let text = allowed(agent, &stage);
                (stage, text.into_bytes())
            }),
        ),
    ]
}
