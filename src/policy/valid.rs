//! Whether the strings of a policy file make sense: what the schema alone cannot say.

use super::file::{Approval, Approver, File, Label, Matcher, Rule, When};
use super::hours::Hours;
use super::keys::is_key;
use super::preview::{Part, Preview, Show};
use super::problem::{Problem, Step};
use super::time::{duration, instant};
use super::verdict::Verdict;

/// The names of facts in `fact = { … }`.
pub(crate) const FACTS: [&str; 15] = [
    "git-branch",
    "git-remote",
    "kube-context",
    "kube-server",
    "terraform-workspace",
    "aws-profile",
    "aws-region",
    "gcloud-project",
    "gcloud-region",
    "azure-subscription",
    "database-host",
    "database-name",
    "ci-environment",
    "ci-branch",
    "ci-repository",
];

type Found<'a> = Result<(), Problem<'a>>;

/// Checks everything in `file`; `built_in` for a pack, which may set the floor and needs no `[policy]`.
pub(crate) fn check(file: &File, built_in: bool) -> Found<'_> {
    head(file, built_in)?;
    for (index, rule) in file.rule.iter().enumerate() {
        let at = vec![Step::Key("rule"), Step::Index(index)];
        one_rule(rule, built_in, &at)?;
    }
    for (index, label) in file.label.iter().enumerate() {
        one_label(label, &[Step::Key("label"), Step::Index(index)])?;
    }
    for (index, preview) in file.preview.iter().enumerate() {
        one_preview(preview, &[Step::Key("preview"), Step::Index(index)])?;
    }
    for (index, change) in file.overrides.iter().enumerate() {
        let at = [Step::Key("override"), Step::Index(index)];
        filled(&change.reason, "reason", &at)?;
        for (place, table) in change.matches.iter().enumerate() {
            let at = [&at[..], &[Step::Key("match"), Step::Index(place)]].concat();
            matcher(table, &at)?;
            never_opaque(change.verdict, table, &at, "override")?;
        }
    }
    for (index, variable) in file.variable.iter().enumerate() {
        let at = [Step::Key("variable"), Step::Index(index)];
        some(&variable.name, "name", &at)?;
    }
    for (index, program) in file.program.iter().enumerate() {
        let at = [Step::Key("program"), Step::Index(index)];
        some(&program.name, "name", &at)?;
    }
    for (index, approver) in file.approver.iter().enumerate() {
        keys(approver, &[Step::Key("approver"), Step::Index(index), Step::Key("keys")])?;
    }
    approval(&file.approval, &[Step::Key("approval")])
}

fn problem<'a, T>(at: &[Step<'a>], key: Option<&'a str>, message: String) -> Result<T, Problem<'a>> {
    let mut at = at.to_vec();
    at.extend(key.map(Step::Key));
    Err(Problem { at, message })
}

fn head(file: &File, built_in: bool) -> Found<'_> {
    let at = [Step::Key("policy")];
    match &file.policy {
        None if built_in => Ok(()),
        None => problem(&at, None, "missing `[policy]`, expected `[policy]` with `version = 1`".to_owned()),
        Some(head) if head.version != 1 => {
            problem(&at, Some("version"), format!("unknown version `{}`, expected `1`", head.version))
        }
        Some(head) => {
            let relative = head
                .trusted_path
                .iter()
                .flatten()
                .find(|dir| !dir.starts_with('/') && !dir.starts_with("~/"));
            match relative {
                Some(dir) => problem(
                    &at,
                    Some("trusted_path"),
                    format!("`{dir}` is a relative path, expected absolute paths"),
                ),
                None => Ok(()),
            }
        }
    }
}

fn one_rule<'a>(rule: &'a Rule, built_in: bool, at: &[Step<'a>]) -> Found<'a> {
    let is_id = rule.id.split_once('.').is_some_and(|(pack, name)| !pack.is_empty() && !name.is_empty());
    if !is_id || rule.id.contains(char::is_whitespace) {
        return problem(
            at,
            Some("id"),
            format!("rule id `{}`, expected `pack.name`, like `git.push`", rule.id),
        );
    }
    match &rule.reason {
        Some(reason) => filled(reason, "reason", at)?,
        None => return problem(at, None, format!("rule `{}` has no reason, expected `reason`", rule.id)),
    }
    if rule.matches.is_empty() {
        return problem(at, Some("match"), "empty list, expected at least one table".to_owned());
    }
    if rule.floor && !built_in {
        return problem(at, Some("floor"), "`floor` outside the built-in packs".to_owned());
    }
    if rule.floor && rule.verdict != Verdict::Deny {
        return problem(
            at,
            Some("floor"),
            format!("`floor` on a rule with verdict `{}`, expected `deny`", rule.verdict),
        );
    }
    for (key, tables) in [("match", &rule.matches), ("except", &rule.except)] {
        for (index, table) in tables.iter().enumerate() {
            let at = [at, &[Step::Key(key), Step::Index(index)]].concat();
            matcher(table, &at)?;
            if key == "match" {
                never_opaque(rule.verdict, table, &at, "rule")?;
            }
        }
    }
    if let Some(preview) = &rule.preview {
        if rule.verdict != Verdict::Ask {
            let message = format!("`preview` on a rule with verdict `{}`, expected `ask`", rule.verdict);
            return problem(at, Some("preview"), message);
        }
        show(preview, &[at, &[Step::Key("preview")]].concat())?;
    }
    if let Some(circumstances) = &rule.when {
        if rule.verdict == Verdict::Allow && circumstances.leaves_region.is_some() {
            let at = [at, &[Step::Key("when")]].concat();
            let message =
                "`leaves_region` in an `allow` rule: what no label speaks of may leave all the same";
            return problem(&at, Some("leaves_region"), message.to_owned());
        }
        when(circumstances, &[at, &[Step::Key("when")]].concat())?;
    }
    for (index, raise) in rule.raise.iter().enumerate() {
        when(&raise.when, &[at, &[Step::Key("raise"), Step::Index(index), Step::Key("when")]].concat())?;
    }
    Ok(())
}

fn one_preview<'a>(preview: &'a Preview, at: &[Step<'a>]) -> Found<'a> {
    for (key, tables) in [("match", &preview.matches), ("except", &preview.except)] {
        for (index, table) in tables.iter().enumerate() {
            matcher(table, &[at, &[Step::Key(key), Step::Index(index)]].concat())?;
        }
    }
    some(&preview.matches, "match", at)?;
    show(&preview.show, &[at, &[Step::Key("show")]].concat())
}

fn show<'a>(show: &'a Show, at: &[Step<'a>]) -> Found<'a> {
    filled(&show.what, "what", at)?;
    some(&show.run, "run", at)?;
    for (index, word) in show.run.iter().enumerate() {
        let at = [at, &[Step::Key("run"), Step::Index(index)]].concat();
        Part::parse(word).or_else(|message| problem(&at, None, message))?;
    }
    if let Some(place) = show.leaves_out.iter().position(|name| !name.starts_with('-')) {
        let at = [at, &[Step::Key("leaves_out"), Step::Index(place)]].concat();
        let message = format!("`{}` is no option, expected one like `-f`", show.leaves_out[place]);
        return problem(&at, None, message);
    }
    if let Some(time) = &show.timeout
        && duration(time).is_none_or(|time| time.is_zero() || time.as_secs() > Show::LONGEST)
    {
        let message = format!("`{time}` is no time for a preview, expected one like `10s`, at most `2m`");
        return problem(at, Some("timeout"), message);
    }
    if let Some(bytes) = show.bytes.filter(|bytes| *bytes == 0 || *bytes > Show::MOST_BYTES) {
        let message = format!("`{bytes}`, expected a number of bytes from 1 to {}", Show::MOST_BYTES);
        return problem(at, Some("bytes"), message);
    }
    Ok(())
}

fn never_opaque<'a>(verdict: Verdict, table: &Matcher, at: &[Step<'a>], what: &str) -> Found<'a> {
    if verdict == Verdict::Allow && table.opaque == Some(true) {
        let message = format!("`opaque = true` in an `allow` {what}: what is opaque is never allowed");
        return problem(at, Some("opaque"), message);
    }
    Ok(())
}

fn one_label<'a>(label: &'a Label, at: &[Step<'a>]) -> Found<'a> {
    for (key, tables) in [("match", &label.matches), ("except", &label.except)] {
        for (index, table) in tables.iter().enumerate() {
            matcher(table, &[at, &[Step::Key(key), Step::Index(index)]].concat())?;
        }
    }
    some(&label.matches, "match", at)
}

fn matcher<'a>(table: &'a Matcher, at: &[Step<'a>]) -> Found<'a> {
    let options =
        [("option", &table.option), ("option_all", &table.option_all), ("option_none", &table.option_none)];
    for (key, names) in options {
        if let Some(place) = names.iter().position(|name| !name.starts_with(['-', '+'])) {
            let at = [at, &[Step::Key(key), Step::Index(place)]].concat();
            let message = format!("`{}` is no option, expected one like `-f`", names[place]);
            return problem(&at, None, message);
        }
    }
    if let Some(name) = table.value.keys().find(|name| !name.starts_with(['-', '+'])) {
        let at = [at, &[Step::Key("value"), Step::Name(name)]].concat();
        return problem(&at, None, format!("`{name}` is no option, expected one like `--context`"));
    }
    if let Some(name) = table.fact.keys().find(|name| !FACTS.contains(&name.as_str())) {
        let known = FACTS.map(|fact| format!("`{fact}`")).join(", ");
        let at = [at, &[Step::Key("fact"), Step::Name(name)]].concat();
        return problem(&at, None, format!("unknown fact `{name}`, expected one of {known}"));
    }
    let is_spaced =
        |command: &&String| command.split(' ').any(str::is_empty) || command.contains(['\t', '\n']);
    if let Some(place) = table.exactly.iter().position(|command| is_spaced(&command)) {
        let at = [at, &[Step::Key("exactly"), Step::Index(place)]].concat();
        let message =
            format!("`{}`, expected words with one blank between two of them", table.exactly[place]);
        return problem(&at, None, message);
    }
    if table.subcommand.iter().any(|words| words.trim().is_empty()) {
        return problem(at, Some("subcommand"), "empty subcommand, expected its words".to_owned());
    }
    Ok(())
}

fn when<'a>(when: &'a When, at: &[Step<'a>]) -> Found<'a> {
    for hours in &when.hours {
        if let Err(message) = Hours::parse(hours) {
            return problem(at, Some("hours"), message);
        }
    }
    Ok(())
}

fn approval<'a>(part: &'a Approval, at: &[Step<'a>]) -> Found<'a> {
    if part.quorum == Some(0) {
        return problem(at, Some("quorum"), "quorum `0`, expected at least `1`".to_owned());
    }
    let times = part.deadline.iter().map(|time| (vec![Step::Key("deadline")], time)).chain(
        part.escalate.iter().flatten().enumerate().map(|(index, step)| {
            (vec![Step::Key("escalate"), Step::Index(index), Step::Key("after")], &step.after)
        }),
    );
    for (key, time) in times {
        if duration(time).is_none_or(|time| time.is_zero()) {
            let message = format!("`{time}` is no time, expected one like `90s`, `5m`, `8h` or `2d`");
            return problem(&[at, &key].concat(), None, message);
        }
    }
    let risks =
        [("low", &part.low), ("medium", &part.medium), ("high", &part.high), ("critical", &part.critical)];
    for (key, inner) in risks {
        let Some(inner) = inner else { continue };
        let here = [at, &[Step::Key(key)]].concat();
        if at.len() > 1 {
            return problem(&here, None, format!("`{key}` inside another risk"));
        }
        approval(inner, &here)?;
    }
    Ok(())
}

fn keys<'a>(approver: &'a Approver, at: &[Step<'a>]) -> Found<'a> {
    for (index, key) in approver.keys.iter().enumerate() {
        let at = [at, &[Step::Index(index)]].concat();
        if !is_key(&key.key) {
            let message = "no public key, expected the line of a `.pub` file, like `ssh-ed25519 AAAA…`";
            return problem(&at, None, message.to_owned());
        }
        for (name, time) in [("from", &key.from), ("until", &key.until), ("revoked", &key.revoked)] {
            if let Some(time) = time.as_ref().filter(|time| instant(time).is_none()) {
                let message = format!("`{time}` is no time, expected one like `2027-01-01`");
                return problem(&at, Some(name), message);
            }
        }
    }
    Ok(())
}

fn filled<'a>(text: &str, key: &'a str, at: &[Step<'a>]) -> Found<'a> {
    if text.trim().is_empty() {
        return problem(at, Some(key), format!("empty `{key}`"));
    }
    Ok(())
}

fn some<'a, T>(list: &[T], key: &'a str, at: &[Step<'a>]) -> Found<'a> {
    if list.is_empty() {
        return problem(at, Some(key), format!("`{key}` is empty or missing, expected at least one"));
    }
    Ok(())
}
