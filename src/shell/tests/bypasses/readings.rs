//! Texts that another parser would read differently.

use std::path::PathBuf;

use super::super::{Machine, analysed, opaque, script, table, told};
use crate::command::{Command, Dialect, Source};
use crate::shell::analyse;

#[test]
fn other_readings_of_a_text_are_opaque() {
    for text in [
        "a\rb",
        "a\u{0}b",
        "a\u{a0}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{feff}b",
        "a $'b",
        "a \\",
        "a \u{b}b",
        "a \u{c}b",
        "cat <<'E",
        "cat <<E\nx",
        "a <<E <<F\nE\n",
        "echo (a)",
        "echo a)b",
        "echo \"$$(' \" ')\"; rm x #'",
        "a | | b",
        "a ;; b",
        "if a; fi",
        "done",
        "a &&",
        "case a in",
        "\u{1b}a",
    ] {
        opaque(Dialect::Bash, text);
    }
    let found = analyse(&script(Dialect::Bash, b"a \xff b"), &Machine::default(), &table());
    assert!(found.actions[0].opaque.is_some());
}

#[test]
fn an_argument_vector_is_never_read_as_text() {
    let told_of = |argv: &[&str]| {
        let source = Source::Argv(argv.iter().map(|word| word.as_bytes().to_vec()).collect());
        told(
            &analyse(&Command { source, cwd: PathBuf::from("/project") }, &Machine::default(), &table())
                .actions,
        )
    };
    assert_eq!(told_of(&["echo", "a; rm x", "$(b)", "*", "~"]), "echo a; rm x $(b) * ~");
    assert_eq!(told_of(&["cd", "x"]), "cd x");
    assert_eq!(told_of(&["if", "x"]), "if x");
    assert_eq!(told_of(&["sudo", "bash", "-c", "rm $x"]), "sudo bash -c rm $x ; bash -c rm $x ; rm ‹$x…›");
    assert_eq!(told_of(&["$x"]), "$x");
    assert_eq!(told_of(&["bash"]), "bash ; ?");
}

#[test]
fn deep_nesting_ends_in_an_opaque_action_not_in_a_crash() {
    let braces = format!("{}x{}", "{a,".repeat(15_000), "}".repeat(15_000));
    let groups = |inner: &str| format!("{}{inner};{}", "{ ".repeat(20), " }".repeat(20));
    let mut text = "a".to_owned();
    for depth in 0..40 {
        text = groups(&format!("f{depth}() {{ {text}; }}; eval {}", crate::command::visible(b"b")));
        if text.len() > 60_000 {
            break;
        }
    }
    for text in [format!("a {braces}"), braces, text] {
        analysed(Dialect::Bash, text.as_bytes());
    }
    let mut nested = "rm x".to_owned();
    for _ in 0..12 {
        let quoted =
            String::from_utf8(crate::command::quoted(groups(&nested).as_bytes())).expect("it is text");
        nested = format!("eval {quoted}");
        if nested.len() > 50_000 {
            break;
        }
        analysed(Dialect::Bash, nested.as_bytes());
    }
}
