//! `gate audit report`: what was asked, decided and done, as a page that nobody can write into.

use crate::stage::Stage;

const ASK: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n[[rule]]\nid = \"test.touch\"\nverdict = \"ask\"\n\
                   risk = \"high\"\nreason = \"a test asks\"\nmatch = { program = \"touch\" }\n";

/// Every construct of Markdown and HTML that could do anything in a table or a heading, and what hides or turns text round.
const HOSTILE: &str = "a|b `c` <img src=x> <script>d</script> [e](https://f.example) ![g](h) **i** _j_ ~~k~~ @l #1 \
                       https://m.example www.n.example o@p.example &lt; \\| </code> <!-- q --> \u{202e}r\u{200b}s\x1b[2K\n\n# t\n| u |\n|:--|";

fn page(stage: &Stage, args: &[&str]) -> String {
    let output = stage.gate(["audit", "report", "--markdown"]).env("CLAUDECODE", "1");
    let output = args.iter().fold(output, |run, arg| run.arg(arg)).output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the page as GitHub's own renderer makes it.
fn rendered(stage: &Stage, page: &str) -> String {
    let args = ["--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist"];
    let output = stage.program("cmark-gfm", args).stdin(page).output();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_page_tells_of_requests_decisions_and_outcomes() {
    let stage = Stage::new().policy(ASK);
    stage.gate(["--", "true"]).check();
    let waiting = stage.gate(["--reason", "to see it", "--ticket", "OPS-1", "--", "touch", "made"]).start();
    let id = waiting.id().to_owned();
    let said = stage.gate(["approve", "--yes", "-m", "go", &id]).on_terminal().output();
    assert!(said.status.success());
    assert!(waiting.output().status.success());
    stage.gate(["--wait", "0s", "--", "touch", "other"]).output();
    let text = page(&stage, &[]);
    for part in [
        "3 in all, 2 ran, 2 needed an approval.\n",
        &format!("### Request {id}: ran&#58; exit code 0 after "),
        "| command | <code>touch made</code> |\n",
        "| reason | <code>to see it</code> |\n| ticket | <code>OPS-1</code> |\n",
        "| decision | <code>approve by ",
        "| decision | none |\n| outcome | <code>not run&#58; no decision yet, parked</code> |\n",
        "### Without a request\n\n| command | verdict | rules | outcome |\n|:--|:--|:--|:--|\n| <code>true</code> | allow |",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let one = page(&stage, &["--request", &id[..4]]);
    assert!(one.contains("1 in all, 1 ran, 1 needed") && !one.contains("Without a request"), "{one}");
    assert!(page(&stage, &["--since", "2100-01-01"]).contains("\nNone.\n"));
    let json = stage.gate(["audit", "report", "--json", "--request", &id]).output();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["commands"][0]["ticket"], "OPS-1");
}

#[test]
fn nothing_a_requester_writes_is_markup() {
    let stage = Stage::new().policy(ASK);
    let run = stage.gate(["--wait", "0s", "--reason", HOSTILE, "--ticket", HOSTILE, "--", "touch", HOSTILE]);
    run.env("GITHUB_ACTIONS", "1").env("GITHUB_ACTOR", HOSTILE).output();
    assert!(stage.gate(["--", "true", HOSTILE]).output().status.success());
    let page = page(&stage, &[]);
    let html = rendered(&stage, &page);
    for made in
        ["<a ", "<img", "<script", "<!--", "<strong", "<em", "<del", "<h1", "<input", "\u{202e}", "\x1b"]
    {
        assert!(!html.contains(made), "{made}\n{html}");
    }
    // The headings and the tables are those of the page itself.
    assert_eq!((html.matches("<h2").count(), html.matches("<h3").count()), (1, 2), "{html}");
    assert_eq!((html.matches("<table>").count(), html.matches("<tr>").count()), (2, 11), "{html}");
    assert!(
        html.contains("&lt;img src=x&gt;") && html.contains("**i**") && html.contains("\\u{202e}r"),
        "{html}"
    );
}

#[test]
fn where_nothing_was_gated_there_is_a_page_too() {
    let stage = Stage::new();
    let none = "## Commands that went through gate\n\nNone.\n";
    stage.gate(["audit", "report", "--markdown"]).stdout(none).check();
    assert!(!stage.home().join("gate.db").exists());
}

#[test]
fn secrets_are_not_on_a_page() {
    let stage = Stage::new().policy(ASK);
    stage.gate(["--", "true", "--password", "hunter2"]).check();
    assert!(!page(&stage, &[]).contains("hunter2"));
}
