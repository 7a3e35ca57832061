use proptest::prelude::*;

use super::{TOOLS, policy, rule, verdict};
use crate::policy::{Authority, Policy, Verdict};

const MATCHES: [(&str, &str); 9] = [
    ("allow", "match = { program = ['tool', 'ls', 'echo'], option_none = '-f' }"),
    ("allow", "match = { program = ['tool', 'cat'], reads_all = './**' }"),
    ("ask", "risk = 'high'\nmatch = { program = 'tool', option = ['-f', '--force'] }"),
    ("ask", "match = { writes = ['*'] }\nexcept = { writes_all = './**' }"),
    ("deny", "match = { program = 'tool', subcommand = 'drop' }"),
    ("deny", "risk = 'critical'\nmatch = { reads = '~/.ssh/**' }"),
    ("ask", "match = { opaque = true }"),
    ("ask", "match = { program = ['tool', 'ls'], stdin_from = 'curl' }"),
    ("deny", "match = { program = '*', inside = 'sudo', operand = '/etc/**' }"),
];

fn of_order(order: &[usize]) -> Policy {
    let rules: String =
        order.iter().map(|at| rule(&format!("r{at}"), MATCHES[*at].0, MATCHES[*at].1)).collect();
    policy(&[(Authority::User, &format!("{TOOLS}\n{rules}"))])
}

fn script() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "tool",
        "ls",
        "echo",
        "cat",
        "curl",
        "sudo",
        "bash",
        "-f",
        "--force",
        "-rf",
        "-c",
        "drop",
        "x",
        "'a b'",
        "*.txt",
        "$x",
        "\"$x\"",
        "~/.ssh/id",
        "/etc/passwd",
        "../..",
        ">",
        "out",
        "'ls; tool drop'",
        "cd",
        "-o",
        "--",
        "coproc",
    ]);
    let command = prop::collection::vec(part, 1..6).prop_map(|words| words.join(" "));
    let glue = prop::sample::select(vec!["; ", " && ", " | ", " || ", "\n"]);
    prop::collection::vec((command, glue), 1..4)
        .prop_map(|parts| parts.into_iter().map(|(command, glue)| command + glue).collect::<String>() + "ls")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rules_never_matters(order in Just((0..MATCHES.len()).collect::<Vec<_>>()).prop_shuffle(), script in script()) {
        let straight = of_order(&(0..MATCHES.len()).collect::<Vec<_>>());
        let (one, other) = (verdict(&straight, &script), verdict(&of_order(&order), &script));
        prop_assert_eq!((one.verdict, one.risk), (other.verdict, other.risk));
    }

    #[test]
    fn a_script_is_judged_no_weaker_than_its_parts(first in script(), second in script()) {
        let policy = of_order(&(0..MATCHES.len()).collect::<Vec<_>>());
        let both = verdict(&policy, &format!("{first}; {second}"));
        let judged = |script: &str| verdict(&policy, script);
        prop_assert!(both.verdict >= judged(&first).verdict);
        // What follows a part that is no shell is not read: that asks, whatever the other part would be.
        let is_opaque = both.hits().any(|hit| hit.rule == "test.r6");
        let at_least = |part: Verdict| if is_opaque { part.min(Verdict::Ask) } else { part };
        // Only the first is judged in the directory gate was started in.
        if !first.contains("cd") {
            prop_assert!(both.verdict >= at_least(judged(&second).verdict));
        }
    }

    #[test]
    fn more_rules_that_restrict_never_weaken_a_verdict(script in script(), taken in 0..MATCHES.len()) {
        let all: Vec<usize> = (0..MATCHES.len()).collect();
        let fewer: Vec<usize> = all.iter().copied().filter(|at| *at != taken).collect();
        let (with, without) = (verdict(&of_order(&all), &script).verdict, verdict(&of_order(&fewer), &script).verdict);
        // Without any rule the default asks, so that only an added `allow` can make it milder.
        if MATCHES[taken].0 != "allow" {
            prop_assert!(with >= without || without == Verdict::Ask);
        }
    }
}
