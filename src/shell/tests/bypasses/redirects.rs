//! Redirects and here-documents.

use super::super::{analysed, case, clear, opaque, tell_word};
use crate::command::Dialect;

#[test]
fn redirects_and_here_documents_are_read_as_bash_reads_them() {
    let targets = |text: &str| {
        let found = analysed(Dialect::Bash, text.as_bytes());
        let redirects = found.actions.iter().flat_map(|action| action.redirects.clone());
        redirects.map(|redirect| tell_word(&redirect.target)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(targets("a >b"), "b");
    assert_eq!(targets("a>b 2>>c"), "b c");
    assert_eq!(targets(">b"), "b");
    assert_eq!(targets("a >|b <>c &>d &>>e"), "b c d e");
    assert_eq!(targets("{ a; } > b"), "b");
    assert_eq!(targets("while a; do b; done < c > d"), "c d");
    assert_eq!(targets("a 2>&1 >&2 <&-"), "");
    assert_eq!(targets("a > $x"), "‹$x…›");
    assert_eq!(targets("a <<'E' > b\nrm\nE"), "b");
    case("cat <<E | sh -c 'rm x'\ny\nE", "cat ; sh -c rm x ; rm x");
    case("cat <<E; rm x\ny\nE", "cat ; rm x");
    case("cat <<E >f && rm x\ny\nE", "cat ; rm x");
    case("cat > >(rm x)", "rm x ; cat");
    case("cat < <(rm x)", "rm x ; cat");
    opaque(Dialect::Bash, "cat <<E\n\\\nE\nrm x");
    opaque(Dialect::Bash, "a $(cat <<E\n)\nE) ; rm x\nE\n)");
    opaque(Dialect::Bash, "a $(cat <<-'E'\n\tE ; rm x)\nE\n)");
    opaque(Dialect::Bash, "a >& \"$x\"");
}

/// bash 5.2 prints what stands within `$( )` anew before it runs it, and loses a part of it.
#[test]
fn what_bash_prints_otherwise_than_it_was_written_is_opaque() {
    for text in [
        "a $(cat <<E; rm x; echo y\nE\n)",
        "a $(cat <<'E'\nx\nE\nrm x; echo /\n)",
        "a \"$(cat <<'E'\nx\nE\n(b); c)\"",
        "a <(cat <<E; c=rm; $c x\nE\n)",
        "a $(b $(c); cat <<E | { d; e; }\nE\n)",
        "a $(time { b; })",
        "a $(time -p (b))",
        "a $(x=(\\( b); c)",
        "a $(x=($'a\\'b'); c)",
        "a <((b) > c)",
        "a > 2>b",
        "a <<<3<b",
        "echo \"`a \"b{c,d}\"`\"",
    ] {
        opaque(Dialect::Bash, text);
    }
    for text in [
        "a $(cat <<'E'\nx; y\nE\n); b; c",
        "a $(b; c; cat <<E | d && e\nE\nf\ng)",
        "a $(time b)",
        "a $({ time b; } 2>&1)",
        "a $(x=(b 'c d'); e)",
        "a > 2; b 2> c",
    ] {
        clear(Dialect::Bash, text);
    }
}

#[test]
fn targets_and_values_are_those_that_bash_reaches() {
    let found = analysed(Dialect::Bash, b"c=a\nc=b > x$c");
    let target = &found.actions[0].redirects[0].target;
    assert!(target.is_dynamic(), "{target:?}");
    opaque(Dialect::Bash, "readonly x={a,b}; $x");
    opaque(Dialect::Bash, "readonly x=a x=b; $x");
    case("export x={a,b}; $x", "export x=a x=b ; b");
    case("a {b,c}d=~/e", "a bd=‹~/e› cd=‹~/e›");
}
