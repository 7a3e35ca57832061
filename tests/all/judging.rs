//! `gate explain` and `gate policy`: they say what would happen, and run nothing.

use crate::stage::Stage;

const POLICY: &str = "\
[policy]
version = 1
[[program]]
name  = 'frob'
flags = ['-v', '--hard']
[[rule]]
id       = 'own.frob'
verdict  = 'allow'
reason   = 'frobs'
match    = { program = 'frob', option_none = '--hard' }
examples = ['frob x', 'frob -v x']
counterexamples = ['frob --hard x', 'frob $x']
[[rule]]
id       = 'own.frob-hard'
verdict  = 'ask'
risk     = 'high'
category = 'frobbing'
reason   = 'frobs what nobody can frob back'
instead  = 'frob without --hard'
match    = { program = 'frob', option = '--hard' }
examples = ['frob --hard x']
counterexamples = ['frob x']
";

#[test]
fn explain_marks_what_the_rules_speak_of_and_says_the_verdict() {
    Stage::new()
        .policy(POLICY)
        .gate(["explain", "-c", "frob x\nfrob -v --hard y"])
        .stdout(
            "
              1  frob x
              2  frob -v --hard y
                 ^^^^    ^^^^^^  own.frob-hard

            action 1: frob x
              allow: rule `own.frob`: frobs
            action 2: frob -v --hard y
              ask (high): rule `own.frob-hard`: frobs what nobody can frob back

            label: category frobbing, from rule `own.frob-hard`
            verdict: ask (high)
            needs: 1 of the person at the machine; tty or more; within [SPAN]
            instead: frob without --hard
            ",
        )
        .check();
}

/// Returns the text that `gate explain` shows, with what it marks, up to the first action.
fn marked(script: &str) -> String {
    let rules = "[[rule]]
id = 'own.secret'
verdict = 'deny'
reason = 'x'
match = { writes = '*.secret' }
[[rule]]
id = 'own.expression'
verdict = 'ask'
reason = 'x'
match = { program = 'frob', text = 'moon' }
";
    let output = Stage::new().policy(&format!("{POLICY}{rules}")).gate(["explain", "-c", script]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    let (shown, _) = text.split_once("\n\n").unwrap();
    shown.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn each_rule_marks_the_words_it_speaks_of() {
    let case = |script: &str, expected: &str| assert_eq!(marked(script), expected, "{script}");
    case(
        "frob --hard a moon > b.secret",
        "  1  frob --hard a moon > b.secret\n                          ^^^^^^^^  own.secret\n     ^^^^ ^^^^^^  own.frob-hard\n     ^^^^          ^^^^  own.expression\n",
    );
    // Wide signs and many lines; a here-document holds no command.
    case(
        "true '\u{65e5}' && frob --hard\nfrob <<E --hard\nfrob --hard\nE\n",
        "  1  true '\u{65e5}' && frob --hard\n                  ^^^^ ^^^^^^  own.frob-hard\n  2  frob <<E --hard\n     ^^^^     ^^^^^^  own.frob-hard\n  3  frob --hard\n  4  E\n",
    );
    case("true '\u{65e5}\u{1b}' x", "  1  true '\u{65e5}\\x1b' x\n             ^^^^  shell.opaque\n");
    // Of two words either of which would do, both are marked; where nothing can be told, the whole command.
    case("frob --hard --hard", "  1  frob --hard --hard\n     ^^^^ ^^^^^^ ^^^^^^  own.frob-hard\n");
    case("x=--hard; frob $x", "  1  x=--hard; frob $x\n               ^^^^ ^^  own.frob-hard\n");
}

#[test]
fn spans_are_told_to_programs_too() {
    let output =
        Stage::new().policy(POLICY).gate(["explain", "--json", "--", "frob", "-v", "--hard"]).output();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["actions"][0]["rules"][0]["spans"], serde_json::json!([[0, 4], [8, 14]]));
}

#[test]
fn explain_says_why_the_default_decides() {
    let stage = Stage::new().policy(POLICY).script("frob", "#!/bin/sh\n");
    stage
        .gate(["explain", "--", "./frob", "x"])
        .stdout(
            "
              1  ./frob x

            action 1: ./frob x
              ask: by default, `[ROOT]/work/frob` is not in a trusted directory

            verdict: ask (medium)
            needs: 1 of the person at the machine; tty or more; within [SPAN]
            ",
        )
        .check();
}

#[test]
fn a_batch_answers_every_line_in_order() {
    let stage = Stage::new().policy(POLICY);
    let lines = [
        r#"{"command": "frob x"}"#,
        "not json",
        "",
        r#"{"command": 7}"#,
        r#"{"command": "frob x", "cwd": "sub"}"#,
        r#"{"command": "frob --hard x", "cwd": "/tmp"}"#,
        r#"{"command": ""}"#,
    ];
    let out = stage.gate(["explain", "--batch", "--json"]).stdin(lines.join("\n")).output();
    assert_eq!(out.status.code(), Some(1));
    let answers: Vec<serde_json::Value> = out
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let said: Vec<(&str, bool)> = answers
        .iter()
        .map(|answer| (answer["verdict"].as_str().unwrap(), answer.get("error").is_some()))
        .collect();
    assert_eq!(
        said,
        [
            ("allow", false),
            ("ask", true),
            ("ask", true),
            ("ask", true),
            ("ask", true),
            ("ask", false),
            ("allow", false)
        ]
    );
    assert_eq!(answers[0]["rules"], serde_json::json!(["own.frob"]));
    assert_eq!(answers[5]["risk"], "high");
    assert_eq!(answers[5]["actions"][0]["cwd"], "/tmp");
}

#[test]
fn nothing_to_explain_is_said() {
    Stage::new()
        .gate(["explain"])
        .stderr("gate: error: nothing to explain; use `gate explain -- CMD` or `gate explain -c STRING`\n")
        .code(125)
        .check();
}

#[test]
fn policy_check_holds_rules_to_their_examples() {
    let stage =
        Stage::new().file("good.toml", POLICY).file("bad.toml", POLICY.replace("frob x'", "frob --hard z'"));
    stage.gate(["policy", "check", "good.toml"]).stderr("gate: 6 examples hold\n").check();
    stage
        .gate(["policy", "check", "bad.toml"])
        .stdout(
            "
            bad.toml:11:13: rule `own.frob`: example `frob --hard z` is not matched; what spoke: `own.frob-hard`
            bad.toml:22:20: rule `own.frob-hard`: counterexample `frob --hard z` is matched
            ",
        )
        .stderr("gate: 2 findings in 6 examples\n")
        .code(1)
        .check();
    stage
        .gate(["policy", "check", "none.toml"])
        .stderr("gate: error: failed to read policy `none.toml`: No such file or directory (os error 2)\n")
        .code(125)
        .check();
}

#[test]
fn policy_check_finds_rules_that_can_never_match() {
    let text = "[policy]\nversion = 1\n[[rule]]\nid = 'a.b'\nverdict = 'ask'\nreason = 'x'\nmatch = { program = 'x', bare = true, option = '-f' }\n[[test]]\ncommand = 'frobnicate'\nverdict = 'deny'\n";
    Stage::new()
        .file("p.toml", text)
        .gate(["policy", "check", "p.toml"])
        .stdout(
            "
            p.toml:3:1: rule `a.b`: can never match: `bare` refuses the arguments that are asked for
            p.toml:10:11: test `frobnicate` comes to `ask`, expected `deny`; no rule spoke
            ",
        )
        .stderr("gate: 2 findings in 1 examples\n")
        .code(1)
        .check();
}

#[test]
fn a_broken_policy_says_where_and_what_was_expected() {
    Stage::new()
        .file("p.toml", "[policy]\nversion = 1\ndefault = 'block'\n")
        .gate(["policy", "check", "p.toml"])
        .stdout("p.toml:3:11: unknown verdict `block`, expected `allow`, `ask` or `deny`\n")
        .code(1)
        .check();
    Stage::new()
        .policy("[policy]\nversion = 1\ndefault = 'block'\n")
        .gate(["explain", "--", "true"])
        .stderr("gate: error: [ROOT]/home/policy.toml:3:11: unknown verdict `block`, expected `allow`, `ask` or `deny`\n")
        .code(125)
        .check();
}

#[test]
fn policy_show_says_what_is_in_force() {
    let changed =
        format!("{POLICY}[[override]]\nrule = 'own.frob-hard'\nverdict = 'deny'\nreason = 'never'\n");
    let stage = Stage::new().policy(&changed);
    stage
        .gate(["policy", "show", "own.frob-hard"])
        .stdout(
            "
            rule:     own.frob-hard
            verdict:  deny
            reason:   frobs what nobody can frob back
            layer:    user
            place:    [ROOT]/home/policy.toml:13
            risk:     high
            instead:  frob without --hard
            programs: frob
            override: was `ask`; [ROOT]/home/policy.toml:23: never
            matches:  frob --hard x
            not:      frob x
            ",
        )
        .check();
    stage
        .gate(["policy", "show", "frob"])
        .stdout(
            "
            allow            user      own.frob                              frobs
            deny   high      user      own.frob-hard                         frobs what nobody can frob back (overridden)
            ",
        )
        .check();
    stage.gate(["policy", "show", "nobody"]).stderr("gate: no rule speaks of `nobody`\n").code(1).check();
}
