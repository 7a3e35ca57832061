//! The stories as a page of Markdown (GitHub's dialect, which GitLab reads too).
//!
//! MUST rule: nothing that a requester or an approver wrote is markup. Each such text stands inside `<code>` with every character
//! that could mean something as a numeric reference: no table cell, link, image, tag or mention can be made of it.
//! Source: <https://github.github.com/gfm/>, sections 6.2 (references are no markup) and 6.10 (raw HTML).

use super::story::{Stories, Story};

/// How many commands without a request are listed; the others are counted.
const LISTED: usize = 100;

/// How many characters of a command are shown. A page of GitHub's holds 1 MiB.
const SHOWN: usize = 2000;

/// Returns the page, without a last line end.
pub(super) fn page(stories: &Stories) -> String {
    let (asked, others): (Vec<&Story>, Vec<&Story>) =
        stories.all.iter().partition(|story| story.request.is_some());
    let mut lines = vec!["## Commands that went through gate".to_owned(), String::new()];
    if stories.all.is_empty() {
        lines.push("None.".to_owned());
    } else {
        lines.push(counted(&asked, &others));
    }
    asked.iter().rev().take(LISTED).rev().for_each(|story| request(&mut lines, story));
    if !others.is_empty() {
        table(&mut lines, &others);
    }
    if let Some((entries, head)) = &stories.head {
        lines.push(String::new());
        lines.push(format!(
            "Recorded in a log of {entries} entries, head `{head}`; `gate audit verify` checks it."
        ));
    }
    lines.join("\n")
}

fn counted(asked: &[&Story], others: &[&Story]) -> String {
    let is = |story: &&&Story, word: &str| story.outcome.starts_with(word);
    let ran = asked.iter().chain(others).filter(|story| is(story, "ran")).count();
    let all = asked.len() + others.len();
    let listed =
        if asked.len() > LISTED { format!(" (the last {LISTED} are listed)") } else { String::new() };
    format!("{all} in all, {ran} ran, {} needed an approval{listed}.", asked.len())
}

fn request(lines: &mut Vec<String>, story: &Story) {
    lines.push(String::new());
    lines.push(format!(
        "### Request {}: {}",
        story.request.as_deref().unwrap_or_default(),
        plain(&story.outcome)
    ));
    lines.push(String::new());
    lines.push("| | |\n|:--|:--|".to_owned());
    let mut row = |name: &str, value: String| lines.push(format!("| {name} | {value} |"));
    row("command", code(&cut(&story.command)));
    row("asked by", who(story));
    row("at", code(&story.at));
    row("rules", format!("{} ({})", list(&story.rules), plain(&story.risk)));
    for (name, text) in [("reason", &story.reason), ("ticket", &story.ticket)] {
        if let Some(text) = text {
            row(name, code(text));
        }
    }
    if story.decisions.is_empty() {
        row("decision", "none".to_owned());
    }
    story.decisions.iter().for_each(|decision| row("decision", code(decision)));
    row("outcome", code(&story.outcome));
}

fn table(lines: &mut Vec<String>, stories: &[&Story]) {
    lines.push(String::new());
    lines.push("### Without a request".to_owned());
    lines.push(String::new());
    lines.push("| command | verdict | rules | outcome |\n|:--|:--|:--|:--|".to_owned());
    for story in stories.iter().rev().take(LISTED).rev() {
        let (command, verdict) = (code(&cut(&story.command)), plain(&story.verdict));
        lines.push(format!("| {command} | {verdict} | {} | {} |", list(&story.rules), code(&story.outcome)));
    }
    if stories.len() > LISTED {
        lines.push(String::new());
        lines.push(format!("… and {} earlier ones.", stories.len() - LISTED));
    }
}

fn who(story: &Story) -> String {
    let person = story.on_behalf_of.as_deref().map(|person| format!(" for {}", code(person)));
    format!("{}{}", code(&story.requester), person.unwrap_or_default())
}

fn list(rules: &[String]) -> String {
    if rules.is_empty() {
        return "none".to_owned();
    }
    rules.iter().map(|rule| code(rule)).collect::<Vec<_>>().join(", ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

/// Returns a text that is nothing but text, set as code; its lines stay lines.
fn code(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| format!("<code>{}</code>", plain(line))).collect();
    lines.join("<br>")
}

/// Returns a text with everything that could be markup as numeric references.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | ',' | '/' | '=') => out.push(c),
            // Apart from its neighbours: renderers look for addresses in the text that references have become.
            '@' => out.push_str("<span>&#64;</span>"),
            c if c.is_ascii() => out.push_str(&format!("&#{};", c as u32)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{code, cut, plain};

    #[test]
    fn nothing_is_left_that_could_be_markup() {
        assert_eq!(
            plain("a|b`c<d>[e](f)*g*_h_ @i #1 https://j.k\\l"),
            "a&#124;b&#96;c&#60;d&#62;&#91;e&#93;&#40;f&#41;&#42;g&#42;&#95;h&#95; <span>&#64;</span>i &#35;1 https&#58;//j&#46;k&#92;l"
        );
        assert_eq!(code("a\nb"), "<code>a</code><br><code>b</code>");
        assert_eq!(plain("grün ✓"), "grün ✓");
    }

    #[test]
    fn a_long_command_is_cut_and_its_length_is_said() {
        assert!(cut(&"x".repeat(3000)).ends_with("xx… (3000 characters)"));
        assert_eq!(cut("short"), "short");
    }
}
