//! What is known to get past hooks is answered by every agent's.

use std::fmt::Write as _;

use super::{Stage, Value, hook, stage, vectors, word};

/// A stage with what an attack goes by: links to an agent's settings and to git's hooks.
fn attacked() -> Stage {
    let stage = stage().file(".claude/settings.json", "{}").file(".git/hooks/x.sample", "").file("src/x", "");
    std::fs::create_dir_all(stage.root().join("deep/a")).unwrap();
    for (link, target) in [
        ("docs", ".claude"),
        ("notes.json", ".claude/settings.json"),
        ("link", ".git/hooks"),
        ("src/far", "../../deep"),
    ] {
        std::os::unix::fs::symlink(target, stage.cwd().join(link)).unwrap();
    }
    stage
}

/// Each line of `tests/vectors/hooks/attacks/AGENT.jsonl` is what an agent sent that wanted past the hook, and what it was told.
#[track_caller]
fn every_attack_is_answered(agent: &str) {
    let stage = attacked();
    let lines = std::fs::read_to_string(vectors().join(format!("attacks/{agent}.jsonl"))).unwrap();
    let root = stage.root().to_str().unwrap();
    let mut wrong = String::new();
    for line in lines.lines() {
        let attack: Value = serde_json::from_str(line).unwrap();
        let input = attack["raw"].as_str().map_or_else(|| attack["input"].to_string(), str::to_owned);
        let came = word(agent, &hook(&stage, agent, input.replace("[ROOT]", root)));
        if attack["says"] != came {
            writeln!(wrong, "{}: {came}, not {}", attack["what"], attack["says"]).unwrap();
        }
    }
    assert!(lines.lines().count() >= 60, "only {} attacks", lines.lines().count());
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn claude_gets_past_by_no_known_attack() {
    every_attack_is_answered("claude");
}

#[test]
fn codex_gets_past_by_no_known_attack() {
    every_attack_is_answered("codex");
}

#[test]
fn gemini_gets_past_by_no_known_attack() {
    every_attack_is_answered("gemini");
}

#[test]
fn cursor_gets_past_by_no_known_attack() {
    every_attack_is_answered("cursor");
}

#[test]
fn copilot_gets_past_by_no_known_attack() {
    every_attack_is_answered("copilot");
}
