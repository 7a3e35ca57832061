//! The card: one request as a person reads it before deciding. `show`, `approve`, `reject` and `inbox` print the same one.
//!
//! MUST rules:
//! 1. The card shows everything the approval covers; nothing is cut off.
//! 2. Whatever comes from a requester passes through [`visible`].
//! 3. What was displayed is exactly this text: its digest goes into the decision.

use std::collections::BTreeMap;
use std::time::Duration;

use super::earlier::Earlier;
use super::marked::{marked, most_columns};
use crate::approval::{
    Ask, AskedAction, Decision, GrantScope, GrantUse, Outcome, Preview, PreviewEnd, Request, Requester,
    State, StoredInput, Terms, dialect_name, is_expired,
};
use crate::command::{Source, quoted, visible};
use crate::digest::Digest;
use crate::moment::{Moment, in_words};

/// The width of the column of names.
const NAMES: usize = 13;

/// What stands before a line of a preview, and before what it is continued with.
pub const QUOTE: &str = "  | ";
const QUOTE_GOES_ON: &str = "  : ";

/// One request, laid out for a terminal.
pub struct Card {
    lines: Vec<String>,
    width: usize,
}

impl Card {
    /// Lays `request` out in `width` columns, as it stands `now`.
    pub fn of(request: &Request, earlier: &Earlier, now: Moment, width: usize) -> Card {
        let mut card = Card { lines: Vec::new(), width: width.clamp(60, 120) };
        card.field("request", &request.id.to_string());
        card.field("state", &state(request, now));
        card.field("risk", request.ask.risk.word());
        card.who(request);
        card.command(request);
        card.rules(request);
        card.why(request);
        card.field("needs", &needs(request, now));
        card.list("step", steps(request, now));
        card.previews(request);
        card.list("not covered", request.ask.uncovered.iter().map(|text| visible(text.as_bytes())));
        card.list("before", earlier.lines(now));
        card.list("answers", answers(request));
        card.list("approved by", request.progress.granted.iter().map(by_grant));
        card
    }

    /// Lays out what runs behind the glass, in an incident that `about` says more of: `asked` is what a request for it would be.
    pub fn behind_glass(asked: &Request, about: &[String], width: usize) -> Card {
        let mut card = Card { lines: Vec::new(), width: width.clamp(60, 120) };
        card.list("break-glass", about.iter().cloned());
        card.field("risk", asked.ask.risk.word());
        card.who(asked);
        card.command(asked);
        card.rules(asked);
        card.why(asked);
        card.list("not covered", asked.ask.uncovered.iter().map(|text| visible(text.as_bytes())));
        card
    }

    /// Adds what an approval with these terms would cover.
    pub fn grants(&mut self, request: &Request, terms: Terms) {
        self.list("would grant", granted(request, terms));
    }

    /// Returns the card as it is printed, without the last line end.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Returns the digest of what is displayed.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }

    fn who(&mut self, request: &Request) {
        let (ask, origin) = (&request.ask, &request.ask.origin);
        self.field("asked by", &requester(&ask.requester));
        for asserted in &ask.requester.asserted {
            self.field("", &format!("asserted, not proven: {}", visible(asserted.as_bytes())));
        }
        let tty = origin.tty.as_deref().unwrap_or("no terminal");
        let from = format!(
            "user {} (uid {}) on {}, process {}, {tty}",
            ask.requester.user, ask.requester.uid, origin.host, origin.pid
        );
        self.field("from", &visible(from.as_bytes()));
        self.field("directory", &visible(request.command().cwd.as_os_str().as_encoded_bytes()));
    }

    fn command(&mut self, request: &Request) {
        let command = request.command();
        let text = request.text();
        let wrapping = request.wrapping();
        let kind = match &command.source {
            Source::Argv(_) => "run as it is, no shell".to_owned(),
            Source::Script { .. } if request.is_plan() => plan_of(request),
            Source::Script { dialect, options, args, .. } => {
                let mut kind = format!("a script for {}", dialect_name(*dialect));
                for (name, words) in [("options", options), ("arguments", args)] {
                    if !words.is_empty() {
                        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
                        kind.push_str(&format!(", {name} {}", visible(&words.join(&b' '))));
                    }
                }
                kind
            }
        };
        let kind = match &wrapping {
            Some(found) => {
                format!("{kind}, taken out of what {} puts around it", visible(found.agent.as_bytes()))
            }
            None => kind,
        };
        self.field("command", &kind);
        let width = self.width;
        self.lines
            .extend(marked(&text, &request.ask.rules, width).into_iter().map(|line| format!("  {line}")));
        self.input(request);
        let plain = visible(&text);
        let cwd = visible(command.cwd.as_os_str().as_encoded_bytes());
        let is_plain = |action: &AskedAction| {
            action.text == plain && action.opaque.is_none() && place(action, &cwd).is_empty()
        };
        if !matches!(request.ask.actions.as_slice(), [one] if is_plain(one)) {
            self.list("would run", request.ask.actions.iter().map(|action| would_run(action, &cwd)));
        }
    }

    /// Adds what the command gets on standard input: instructions as they are written, of anything else how much it is.
    fn input(&mut self, request: &Request) {
        let StoredInput { kind, size: Some(size) } = request.content.input() else { return };
        let from = match (&request.ask.input, kind.as_str()) {
            (Some(_), _) => "which tell it what to do",
            (None, "file") => "from a file; not shown here",
            (None, _) => "from a pipe, held as they are; not shown here",
        };
        self.field("input", &format!("{size} bytes, {from}"));
        if let Some(told) = &request.ask.input {
            let lines = marked(told.as_bytes(), &[], self.width);
            self.lines.extend(lines.into_iter().map(|line| format!("  {line}")));
        }
    }

    fn rules(&mut self, request: &Request) {
        let mut name = "because";
        for rule in &request.ask.rules {
            let text = format!("{} ({}): {}", rule.rule, rule.risk.word(), rule.reason);
            self.field(name, &visible(text.as_bytes()));
            if let Some(instead) = &rule.instead {
                self.field("", &format!("instead: {}", visible(instead.as_bytes())));
            }
            name = "";
        }
    }

    fn why(&mut self, request: &Request) {
        let ask = &request.ask;
        self.field(
            "reason",
            &ask.reason.as_deref().map_or("(none given)".to_owned(), |text| visible(text.as_bytes())),
        );
        if let Some(ticket) = &ask.ticket {
            self.field("ticket", &visible(ticket.as_bytes()));
        }
        self.list("labels", labels(ask));
    }

    /// Adds what read-only commands showed of it: each of their lines behind `|`, so that none can pass for the card's own words.
    fn previews(&mut self, request: &Request) {
        for preview in &request.ask.previews {
            self.field("preview", &preview.what);
            if let Some(command) = &preview.command {
                let user = visible(request.ask.requester.user.as_bytes());
                let by = if preview.printed.is_some() {
                    format!(", run by {user} before it was asked")
                } else {
                    String::new()
                };
                self.field("", &format!("by `{command}`{by}"));
            }
            for line in preview.printed.iter().flat_map(|printed| &printed.lines) {
                self.quote(line);
            }
            self.list("", ended(preview));
        }
    }

    /// Adds a line that somebody else wrote, broken where it is too long.
    fn quote(&mut self, line: &str) {
        let lines = wrapped(line, self.width - QUOTE.len());
        // Blanks at its beginning say how it hangs together.
        self.lines.extend(lines.iter().enumerate().map(|(at, part)| match at {
            0 => format!("{QUOTE}{part}"),
            _ => format!("{QUOTE_GOES_ON}{part}"),
        }));
    }

    fn list(&mut self, name: &str, items: impl IntoIterator<Item = String>) {
        let mut name = name;
        for item in items {
            self.field(name, &item);
            name = "";
        }
    }

    /// Adds a named line, wrapped with a hanging indent.
    fn field(&mut self, name: &str, value: &str) {
        let mut name = name;
        for line in wrapped(value, self.width - NAMES) {
            self.lines.push(format!("{name:NAMES$}{line}"));
            name = "";
        }
    }
}

/// Returns what has to be said of what a preview showed.
fn ended(preview: &Preview) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(why) = &preview.not_run {
        said.push(format!("not run: {why}"));
    }
    if let Some(printed) = &preview.printed {
        let nothing = if printed.lines.is_empty() { "it printed nothing; " } else { "" };
        match printed.end {
            PreviewEnd::Late(ms) => {
                let time = Duration::from_millis(ms);
                said.push(format!(
                    "{nothing}CUT SHORT: ended after {}, what would have come then is not shown",
                    in_words(time)
                ));
            }
            PreviewEnd::Full(bytes) => {
                said.push(format!("CUT SHORT: ended after {bytes} bytes, the rest is not shown"))
            }
            PreviewEnd::Exited(code) if printed.failed => {
                said.push(format!(
                    "{nothing}FAILED with exit code {code}: it may show less than what would happen"
                ));
            }
            PreviewEnd::Signalled(signal) => {
                said.push(format!(
                    "{nothing}FAILED by signal {signal}: it may show less than what would happen"
                ));
            }
            PreviewEnd::Exited(_) if printed.lines.is_empty() => said.push("it printed nothing".to_owned()),
            PreviewEnd::Exited(_) => {}
        }
    }
    match (preview.stable, &preview.printed) {
        (true, Some(_)) => {
            said.push("run again right before the start, which another answer stops".to_owned())
        }
        (true, None) => said.push("so the start is not held to it".to_owned()),
        (false, _) => {}
    }
    said
}

/// Returns which lines of a plan an approval covers.
fn plan_of(request: &Request) -> String {
    let lines: Vec<String> =
        request.plan().unwrap_or_default().iter().map(|line| line.line.to_string()).collect();
    format!(
        "a plan: each of the lines {} runs by itself, once, in this order; the others need no approval",
        lines.join(", ")
    )
}

/// Returns each label with who says so; those of a name that nobody is named for, on one line.
fn labels(ask: &Ask) -> Vec<String> {
    let mut by_name = BTreeMap::<&str, Vec<&str>>::new();
    for label in ask.labels.iter().filter(|label| label.from.is_empty()) {
        by_name.entry(&label.name).or_default().push(&label.value);
    }
    let plain = by_name.into_iter().map(|(name, values)| format!("{name} = {}", values.join(", ")));
    let told = ask.labels.iter().filter(|label| !label.from.is_empty());
    let told = told.map(|label| format!("{} = {}, from {}", label.name, label.value, label.from.join("; ")));
    plain.chain(told).map(|line| visible(line.as_bytes())).collect()
}

/// Returns `agent claude-code on behalf of mara`.
pub fn requester(requester: &Requester) -> String {
    let text = match &requester.on_behalf_of {
        Some(person) => format!("{} {} on behalf of {person}", requester.kind.name(), requester.name),
        None => format!("{} {}", requester.kind.name(), requester.name),
    };
    visible(text.as_bytes())
}

/// Returns where a request stands, in words, with the time that is left.
pub fn state(request: &Request, now: Moment) -> String {
    let progress = &request.progress;
    let ago = |then: Option<Moment>| {
        then.map_or(String::new(), |then| format!(", {} ago", in_words(now.since(then))))
    };
    let left = in_words(request.remaining(now));
    let nobody = if progress.parked { "; nobody waits for it at the moment" } else { "" };
    match request.state() {
        state if state.is_open() && is_expired(request, now) => "expired, nothing was run".to_owned(),
        State::Pending => format!("waits for a decision, {left} left{nobody}"),
        State::Approved if request.is_plan() => {
            format!("approved, its lines are run one by one, {left} left")
        }
        State::Approved => format!("approved, not started yet, {left} left{nobody}"),
        State::Executing => "is running".to_owned(),
        State::Succeeded if request.is_plan() => {
            format!("all its lines were taken up{}", ago(progress.ended))
        }
        State::Succeeded => format!("ran and succeeded{}", ago(progress.ended)),
        State::Failed => format!("ran and failed{}{}", outcome(request), ago(progress.ended)),
        State::NotStarted => format!("could not be started{}{}", outcome(request), ago(progress.ended)),
        State::Unknown => "was started, how it ended is unknown; it is never run again".to_owned(),
        State::Rejected => format!("rejected{}", ago(progress.ended)),
        State::Revoked => format!("approval taken back{}", ago(progress.ended)),
        State::Expired => format!("expired{}, nothing was run", ago(progress.ended)),
        State::Cancelled | State::Invalidated => {
            let why =
                progress.why.as_deref().map_or(String::new(), |why| format!(": {}", visible(why.as_bytes())));
            format!("{}{}{why}", request.state().name().to_lowercase(), ago(progress.ended))
        }
    }
}

fn outcome(request: &Request) -> String {
    match &request.progress.outcome {
        Some(Outcome::Exited(code)) => format!(" with exit code {code}"),
        Some(Outcome::Signalled(signal)) => format!(" by signal {signal}"),
        Some(Outcome::Handed) => " in a shell that ran on".to_owned(),
        Some(Outcome::NotStarted(why)) => format!(" ({})", visible(why.as_bytes())),
        None => String::new(),
    }
}

fn needs(request: &Request, now: Moment) -> String {
    let requirement = &request.ask.requirement;
    let people = if request.quorum() > 1 { "different people" } else { "person" };
    let whom = match request.approvers(now).as_slice() {
        [] => "at another terminal of this machine".to_owned(),
        names => format!("of {}", visible(names.join(", ").as_bytes())),
    };
    let mut text =
        format!("{} {people} {whom}, at `{}` or stronger", request.quorum(), requirement.assurance);
    if requirement.four_eyes {
        text.push_str(", not the one it is asked for");
    }
    if request.step(now) > 0 {
        text.push_str(&format!("; escalated to step {}", request.step(now) + 1));
    }
    if request.approvals() > 0 {
        text.push_str(&format!("; {} so far", request.approvals()));
    }
    text
}

/// Returns what a grant covers, in words that leave nothing of it out.
pub fn granted(request: &Request, terms: Terms) -> Vec<String> {
    let ask = &request.ask;
    let runs = match terms.uses {
        Some(1) => "1 run, this one,".to_owned(),
        Some(uses) => format!("{uses} runs, this one included,"),
        None => "any number of runs".to_owned(),
    };
    let who = requester(&ask.requester);
    let mut lines = vec![format!("{runs} within {} of the approval, to {who}", in_words(terms.lasts))];
    match terms.scope {
        GrantScope::Exact => lines.push("of exactly this command, with all that is bound to it".to_owned()),
        GrantScope::Rule => {
            let rules: Vec<&str> = ask.rules.iter().map(|asked| asked.rule.as_str()).collect();
            let labels: Vec<String> =
                ask.labels.iter().map(|label| format!("{} = {}", label.name, label.value)).collect();
            let labels = if labels.is_empty() {
                "without labels".to_owned()
            } else {
                format!("labelled {}", labels.join(", "))
            };
            lines.push(format!(
                "of ANY command in {} for which {} ask and nothing else does,",
                request.command().cwd.display(),
                rules.join(" and ")
            ));
            lines.push(format!("{labels}, at {} risk or lower: other words and other operands,", ask.risk));
            lines.push("by the same programs, with the same instruction files, variables, kind of standard input and target".to_owned());
        }
    }
    lines.into_iter().map(|line| visible(line.as_bytes())).collect()
}

/// Returns the grant that approved a request.
fn by_grant(taken: &GrantUse) -> String {
    let of = taken.of.map_or(String::new(), |of| format!(" of {of}"));
    let line = taken.line.map_or(String::new(), |line| format!(", line {line} of a plan"));
    visible(
        format!("the grant of {} with {}, use {}{of}{line}", taken.by.join(", "), taken.grant, taken.number)
            .as_bytes(),
    )
}

/// Returns which step of several is asked, and when and to whom it passes on.
pub fn steps(request: &Request, now: Moment) -> Option<String> {
    if request.steps() == 1 || request.state() != State::Pending {
        return None;
    }
    let at = format!("{} of {}", request.step(now) + 1, request.steps());
    Some(match request.next_step(now) {
        Some((to, left)) => {
            format!("{at}; in {} it passes on to {}", in_words(left), visible(to.join(", ").as_bytes()))
        }
        None => format!("{at}, the last"),
    })
}

fn would_run(action: &AskedAction, cwd: &str) -> String {
    let place = place(action, cwd);
    match &action.opaque {
        Some(why) => format!("unknown: {}{place} — {}", action.text, visible(why.as_bytes())),
        None => format!("{}{place}", action.text),
    }
}

fn place(action: &AskedAction, cwd: &str) -> String {
    let mut parts = Vec::new();
    if !action.inside.is_empty() {
        parts.push(format!("inside {}", visible(action.inside.join(", ").as_bytes())));
    }
    if action.as_root {
        parts.push("as another user".to_owned());
    }
    if action.remote {
        parts.push("on another machine or in a container".to_owned());
    }
    match &action.cwd {
        Some(dir) if dir == cwd => {}
        Some(dir) => parts.push(format!("in {dir}")),
        None => parts.push("in a directory that is not known yet".to_owned()),
    }
    if parts.is_empty() { String::new() } else { format!("  ({})", parts.join("; ")) }
}

/// Returns how far an approval reaches beyond one run of all that was asked.
fn reaching(decision: &Decision) -> String {
    let lines = decision.only.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let only = if lines.is_empty() { String::new() } else { format!(", lines {lines} only") };
    let Some(terms) = decision.grant else { return only };
    let uses = terms.uses.map_or("any number of".to_owned(), |uses| uses.to_string());
    format!("{only}, granting {uses} runs within {} ({})", in_words(terms.lasts), terms.scope.name())
}

fn answers(request: &Request) -> Vec<String> {
    let answer = |decision: &Decision| {
        let at = decision.approver.tty.as_deref().unwrap_or("no terminal");
        let comment = decision.comment.as_deref().map_or(String::new(), |comment| format!(": {comment}"));
        let text = format!(
            "{} by {} ({}, {at}) at {}{}{comment}",
            decision.answer.name(),
            decision.approver.name,
            decision.assurance,
            decision.decided.rfc3339(),
            reaching(decision),
        );
        visible(text.as_bytes())
    };
    request.progress.decisions.iter().map(answer).collect()
}

/// Returns `text` in lines of at most `width` columns, broken at blanks where there are any: a longer one the terminal would break,
/// and what a requester wrote could stand where the card's own words do.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let columns: usize = word.trim_end().chars().map(most_columns).sum();
        if used > 0 && columns > 0 && used + columns > width {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            if used > 0 && used + most_columns(c) > width && c != ' ' {
                lines.push(String::new());
                used = 0;
            }
            used += most_columns(c);
            lines.last_mut().expect("there is always a line").push(c);
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Returns the width of the terminal that `size` was asked of, or 100 where there is none.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{ask, at, decision, request};
    use crate::approval::{Answer, RequestLabel, State};
    use crate::shell::Span;

    #[test]
    fn card_shows_everything_the_approval_covers() {
        let mut asked = ask("claude-code");
        asked.rules[0].spans = vec![Span { start: 0, end: 8 }, Span { start: 9, end: 16 }];
        asked.rules[0].instead = Some("git push --force-with-lease to your own branch".to_owned());
        asked.ticket = Some("INC-42\u{202e}".to_owned());
        asked.labels = vec![RequestLabel {
            name: "environment".to_owned(),
            value: "production".to_owned(),
            from: vec!["kube-context `prod` by `~/.kube/config`".to_owned()],
        }];
        asked.uncovered = vec!["the remote `origin` may change".to_owned()];
        asked.actions = vec![AskedAction {
            text: "git push --force".to_owned(),
            inside: vec!["sudo".to_owned()],
            as_root: true,
            remote: false,
            cwd: Some("/work".to_owned()),
            opaque: None,
        }];
        let request = request(asked);
        let card = Card::of(&request, &Earlier::default(), at(60), 100);
        let expected = "\
request      7000-0000-0000
state        waits for a decision, 59 min left
risk         high
asked by     agent claude-code on behalf of bob
             asserted, not proven: agent: CLAUDECODE is set
from         user bob (uid 1000) on box, process 42, no terminal
directory    /work
command      run as it is, no shell
    1  git push --force
       ^^^^^^^^ ^^^^^^^  git.force-push
would run    git push --force  (inside sudo; as another user)
because      git.force-push (high): rewrites history that others may have pulled
             instead: git push --force-with-lease to your own branch
reason       tidy up
ticket       INC-42\\u{202e}
labels       environment = production, from kube-context `prod` by `~/.kube/config`
needs        1 person at another terminal of this machine, at `tty` or stronger
not covered  the remote `origin` may change
before       never asked before by this requester";
        assert_eq!(card.text(), expected);
        assert_eq!(card.digest(), Digest::of(expected.as_bytes()));
    }

    #[test]
    fn answers_and_what_was_rejected_before_are_on_the_card() {
        let mut first = request(ask("claude-code"));
        let mut no = decision(&first, "mara", Answer::Reject);
        no.comment = Some("not during the release".to_owned());
        first.progress.decisions.push(no);
        first.progress.state = State::Rejected;
        first.progress.ended = Some(at(60));
        let text = Card::of(&first, &Earlier::default(), at(120), 100).text();
        assert!(text.contains("state        rejected, 1 min ago"), "{text}");
        assert!(text.contains("answers      reject by mara (tty, /dev/pts/9) at 2026-"), "{text}");
        assert!(text.ends_with(": not during the release"), "{text}");
        let again = Request::new(
            crate::approval::RequestId::from_random(8),
            crate::approval::sample::content(&["git", "push", "-f"]),
            ask("claude-code"),
            at(90),
        );
        let earlier = Earlier::of(&again, &[first, again.clone()], at(120));
        let lines = earlier.lines(at(120)).join("\n");
        assert!(lines.ends_with(
            "mara rejected another form of it, 7000-0000-0000, 1 min ago: not during the release"
        ));
    }

    #[test]
    fn long_values_are_wrapped_never_cut() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("0123456789", 4), ["0123", "4567", "89"]);
        assert_eq!(wrapped("a 0123456789", 4), ["a", "0123", "4567", "89"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("日本語✅x y", 4), ["日本", "語✅", "x y"]);
        assert_eq!(wrapped("a      b", 4), ["a", "b"]);
    }
}
