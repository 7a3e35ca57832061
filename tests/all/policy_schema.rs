//! The JSON schema of a policy file: what is shipped is what gate reads. Debian's `python3-jsonschema` is the judge.

use std::path::Path;

use serde_json::Value;

use crate::stage::Stage;

/// Validates each TOML text that stands on a line of its own, as a JSON string, and says `ok` or what is wrong first, a line each.
const VALIDATE: &str = r#"
import json, sys, tomllib
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
for line in sys.stdin:
    errors = sorted(validator.iter_errors(tomllib.loads(json.loads(line))), key=lambda error: list(map(str, error.path)))
    print('ok' if not errors else errors[0].message.splitlines()[0])
"#;

/// Returns what the validator says about each text.
fn validate(stage: &Stage, schema: &Path, texts: &[String]) -> Vec<String> {
    let lines: Vec<String> = texts.iter().map(|text| Value::from(text.as_str()).to_string()).collect();
    let run = stage
        .program("/usr/bin/python3", ["-c", VALIDATE])
        .arg(schema)
        .stdin((lines.join("\n") + "\n").into_bytes());
    let output = run.output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn root(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_shipped_schema_is_the_one_that_gate_prints() {
    let printed = Stage::new().gate(["policy", "schema"]).output().stdout;
    let shipped = std::fs::read(root("docs/policy.schema.json")).unwrap();
    assert!(printed == shipped, "run `gate policy schema > docs/policy.schema.json`");
}

#[test]
fn every_key_is_explained() {
    let schema = gate::policy::schema(true);
    for (name, body) in schema["definitions"].as_object().unwrap() {
        for (key, value) in body["properties"].as_object().unwrap() {
            assert!(value["description"].is_string(), "{name}.{key} has no comment");
        }
    }
}

#[test]
fn packs_and_documented_policies_are_valid() {
    let stage = Stage::new();
    let schema = |built_in| gate::policy::schema(built_in).to_string();
    let stage = stage.file("packs.json", schema(true)).file("user.json", schema(false));
    let entries = std::fs::read_dir(root("policies")).unwrap().map(|entry| entry.unwrap().path());
    let paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    let packs: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(packs.len() > 20);
    let found = validate(&stage, &stage.cwd().join("packs.json"), &packs);
    assert!(found.iter().all(|said| said == "ok"), "{found:#?}");
    let docs = std::fs::read_to_string(root("docs/policy.md")).unwrap();
    let head = "[policy]\nversion = 1\n";
    let blocks = docs.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole =
        |block: &str| if block.contains("[policy]") { block.to_owned() } else { format!("{head}{block}") };
    let blocks: Vec<String> = blocks.map(whole).collect();
    assert!(blocks.len() >= 8);
    let found = validate(&stage, &stage.cwd().join("user.json"), &blocks);
    assert!(found.iter().all(|said| said == "ok"), "{found:#?}");
}

/// What gate refuses, an editor marks; what it takes, an editor does not.
#[test]
fn the_schema_refuses_what_gate_refuses() {
    let head = "[policy]\nversion = 1\n";
    let rule = |rest: &str| format!("{head}[[rule]]\nid = 'a.b'\nverdict = 'ask'\nreason = 'x'\n{rest}");
    let bad = [
        "[policy]\nversion = 2\n".to_owned(),
        "[[rule]]\nid = 'a.b'\nverdict = 'ask'\nreason = 'x'\nmatch = {}\n".to_owned(),
        format!("{head}mode = 'observed'\n"),
        format!("{head}colour = 1\n"),
        format!("{head}[[rules]]\nid = 'a.b'\n"),
        rule("match = { operands = 'x' }"),
        rule("match = [{ program = 'x' }, { progam = 'x' }]"),
        rule("match = []"),
        rule("match = { scope = 'here' }"),
        rule("match = { option = 'force' }"),
        rule("match = { fact = { moon = 'full' } }"),
        rule("match = {}\nrisk = 'huge'"),
        rule("match = {}\nfloor = true"),
        rule("match = {}\nwhen = { enviroment = 'x' }"),
        rule(""),
        format!("{head}[[rule]]\nid = 'push'\nverdict = 'ask'\nreason = 'x'\nmatch = {{}}"),
        format!("{head}[[rule]]\nid = 'a.b'\nverdict = 'ask'\nmatch = {{}}"),
        format!("{head}[approval]\nquorum = 0"),
        format!("{head}[approval]\ndeadline = '8'"),
        format!("{head}[approval.high.low]\nquorum = 1"),
        format!("{head}[[program]]\nvalues = ['-x']"),
        format!("{head}[[program]]\nname = 'x'\nruns = {{ after_operand = 1 }}"),
        format!("{head}[[override]]\nrule = 'git.push'\nverdict = 'ask'"),
    ];
    let good = [
        rule("match = {}"),
        rule(
            "match = [{ program = ['a', 'b'], value = { '-n' = 'x' } }, { exactly = 'a b', input = false }]",
        ),
        rule("match = { fact = { git-branch = 'x' } }\nwhen = { hours = 'mon-fri 09:00-17:00 UTC' }"),
        format!("{head}[approval.high]\nquorum = 2\nescalate = [{{ after = '1h30m', to = [] }}]"),
        format!(
            "{head}[[override]]\nrule = 'git.push'\nverdict = 'allow'\nreason = 'x'\nmatch = {{ cwd = '/x' }}"
        ),
        format!(
            "{head}[[program]]\nname = 'x'\nruns = {{ after_operands = 1 }}\nvalues_of = {{ push = ['-x'] }}"
        ),
    ];
    let stage = Stage::new().file("user.json", gate::policy::schema(false).to_string());
    let schema = stage.cwd().join("user.json");
    let reads = |text: &String| {
        let authority = gate::policy::Authority::User;
        let file = gate::policy::LayerText { authority, path: "x.toml".to_owned(), text: text.clone() };
        gate::policy::Policy::from_layers(vec![file]).is_ok()
    };
    for (text, said) in bad.iter().zip(validate(&stage, &schema, &bad)) {
        assert!(said != "ok" && !reads(text), "{text}: {said}");
    }
    for (text, said) in good.iter().zip(validate(&stage, &schema, &good)) {
        assert!(said == "ok" && reads(text), "{text}: {said}");
    }
}
