//! Redirects and here-documents.

use super::super::{analysed, case, opaque, tell_word};
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
