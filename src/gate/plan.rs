//! A plan: the commands of a file, judged line by line, asked about in one request, and run one by one when it is approved.
//!
//! MUST rules:
//! 1. A line that the policy refuses, or that only the floor speaks of, refuses the whole plan.
//! 2. Nothing runs by a plan: a line runs by a call of its own, which is judged, bound and recorded as ever.
//! 3. What is asked for is what the strictest of the lines needs.

use super::ask::{Bound, lacking};
use super::message::{say_after_refusal, say_not_run};
use super::preview::of_line;
use super::waiting::Decided;
use super::{Ending, Ends, Gate, Judged, Wish};
use crate::approval::{Ask, AskedBy, Content, PlanLine, Reach, Request};
use crate::audit::Kind;
use crate::command::{Command, Dialect, Source};
use crate::error::Exit;
use crate::exec::{self, Input};
use crate::policy::Verdict;
use crate::report::{Next, Report};
use crate::store::{Durability, MOST_PENDING, Submitted, clock};
use crate::ui;

/// The most lines of a plan: more than that nobody reads.
pub const MOST_LINES: usize = 100;

/// One line of a plan that is asked about.
struct Asked {
    line: u32,
    /// Where it begins in the whole text.
    start: usize,
    judged: Judged,
    contents: Vec<Content>,
    uncovered: Vec<String>,
}

impl Gate {
    /// Asks for all commands of `wish`, whose command is the plan's text, and waits for the decision.
    ///
    /// # Errors
    /// Whatever kept gate from its work: nothing is approved.
    pub fn plan(&mut self, wish: &Wish) -> anyhow::Result<Ending> {
        // What comes in is for one command to read: the lines of a plan get nothing.
        let own = Input::own();
        self.input = Some(if own.is_stream() { Input::none()? } else { own });
        let text = wish.command.text();
        let mut asked = Vec::new();
        for (line, start, words) in lines(&text) {
            match self.judge_line(wish, line, words)? {
                Ok(None) => {}
                Ok(Some(found)) => asked.push(Asked { start, ..found }),
                Err(ending) => return Ok(*ending),
            }
        }
        let Some(strictest) = asked.iter().max_by_key(|one| one.judged.judgement.risk) else {
            ui::say("no command of the plan needs an approval");
            return Ok(Ending { report: Report::default(), ends: Ends::Gate(Exit::Done) });
        };
        if let Some(ending) = lacking(wish, &strictest.judged) {
            return Ok(ending);
        }
        let (content, mut ask) = (planned(wish, &asked), self.ask_for(wish, &asked, &strictest.judged));
        let start = &wish.command.cwd;
        let wanted = asked.iter().flat_map(|one| {
            let of_one = self.wanted(&one.judged, start).into_iter();
            of_one.map(|(wanted, judged)| (of_line(one.line, wanted), judged))
        });
        self.look_ahead(&wanted.collect::<Vec<_>>(), start, &content, &mut ask)?;
        let request = match self.store.submit(clock::now(), content, ask)? {
            Submitted::Created(request) | Submitted::Joined(request) => *request,
            Submitted::TooMany { pending } => {
                ui::say(&format!("{pending} requests of yours wait already, at most {MOST_PENDING} may"));
                let report = Report { next: Some(Next::Cancel), ..Report::default() };
                return Ok(Ending { report, ends: Ends::Gate(Exit::Refused) });
            }
        };
        match self.wait(request, wish.wait.unwrap_or_else(|| self.patience()))? {
            Decided::Approved(request) => Ok(self.approved_plan(&request)),
            Decided::Otherwise(ending) => Ok(*ending),
        }
    }

    /// Says which lines of a plan are approved, and how they are run. Nothing ran: the exit code says whether all of it may.
    pub(super) fn approved_plan(&self, request: &Request) -> Ending {
        let lines = request.approved_lines();
        let all = request.plan().map_or(0, |lines| lines.len());
        let numbers = lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        super::waiting::say_approved(request);
        ui::say(&format!("{}: {} of {all} commands may run, on lines {numbers}", request.id, lines.len()));
        let gate = self.config.places.gate();
        ui::hint(&format!(
            "run each with `{gate} -- …` or `{gate} -c '…'` as it stands there, once and in this order"
        ));
        let exit = if lines.len() == all { Exit::Done } else { Exit::No };
        Ending { report: Ending::of_request(request), ends: Ends::Gate(exit) }
    }

    /// Judges one line in the forms in which it may be run; `None` if it needs no approval.
    fn judge_line(
        &mut self,
        wish: &Wish,
        line: u32,
        text: &[u8],
    ) -> anyhow::Result<Result<Option<Asked>, Box<Ending>>> {
        let mut found: Option<Asked> = None;
        for source in forms(text) {
            let command = Command { source, cwd: wish.command.cwd.clone() };
            let judged = self.judge_for(&command, &self.requester.clone());
            let reach = self.reach(&judged, &command.cwd);
            if judged.verdict() == Verdict::Ask
                && self.wanted(&judged, &command.cwd).iter().any(|(one, _)| one.show.stable)
            {
                ui::say(&format!("line {line} is held to its preview until it starts; ask for it by itself"));
                return self.refuse_line(&command, &judged, line).map(|ending| Err(Box::new(ending)));
            }
            match judged.verdict() {
                Verdict::Allow => return Ok(Ok(None)),
                Verdict::Ask if reach != Reach::Once => {}
                Verdict::Ask | Verdict::Deny => {
                    return self.refuse_line(&command, &judged, line).map(|ending| Err(Box::new(ending)));
                }
            }
            let Bound { content, uncovered, .. } = self.content(&command, &judged)?;
            match &mut found {
                Some(found) => found.contents.push(content),
                None => found = Some(Asked { line, start: 0, judged, contents: vec![content], uncovered }),
            }
        }
        Ok(Ok(found))
    }

    fn refuse_line(&mut self, command: &Command, judged: &Judged, line: u32) -> anyhow::Result<Ending> {
        let mut draft = self.judged_draft(judged);
        debug_assert_eq!(draft.kind, Kind::Judged);
        draft.command = Some(command.clone());
        draft.set("plan_line", line);
        self.store.record(clock::now(), &[draft], Durability::Full)?;
        ui::say(&format!("line {line} of the plan is refused by {}; nobody was asked", judged.because()));
        say_not_run(&judged.shown(command));
        let next = Some(say_after_refusal(judged));
        let report = Report { state: "BLOCKED".to_owned(), next, ..judged.report() };
        Ok(Ending { report, ends: Ends::Gate(Exit::Refused) })
    }

    fn ask_for(&self, wish: &Wish, asked: &[Asked], strictest: &Judged) -> Ask {
        let labels: std::collections::BTreeSet<_> =
            asked.iter().flat_map(|one| one.judged.labels()).collect();
        let said = asked
            .iter()
            .flat_map(|one| one.uncovered.iter().map(move |text| format!("line {}: {text}", one.line)));
        Ask {
            requester: self.requester.clone(),
            origin: exec::origin_with_ancestors(&self.config.host),
            reason: wish.why.reason.clone(),
            ticket: wish.why.ticket.clone(),
            rules: rules(asked),
            risk: strictest.judgement.risk,
            actions: asked.iter().flat_map(|one| one.judged.asked_actions()).collect(),
            labels: labels.into_iter().collect(),
            policy: strictest.policy,
            requirement: strictest.requirement.clone(),
            uncovered: said.collect(),
            input: None,
            previews: Vec::new(),
            per_call: None,
            reach: Reach::Exact,
        }
    }
}

/// Returns the commands of a plan's text with the number of their line, 1 first, and where they begin.
fn lines(text: &[u8]) -> Vec<(u32, usize, &[u8])> {
    let mut found = Vec::new();
    let mut start = 0;
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let words = line.trim_ascii();
        if !words.is_empty() && !words.starts_with(b"#") {
            found.push((number, start + line.len() - line.trim_ascii_start().len(), words));
        }
        start += line.len() + 1;
    }
    found
}

/// Returns the numbers of the lines with a command.
pub fn commands_of(text: &[u8]) -> usize {
    lines(text).len()
}

/// Returns the forms in which a line may be run: as text for a shell, and as an argument vector where no shell would change it.
fn forms(line: &[u8]) -> Vec<Source> {
    let script =
        Source::Script { dialect: Dialect::Bash, options: Vec::new(), text: line.to_vec(), args: Vec::new() };
    std::iter::once(script).chain(words(line).map(Source::Argv)).collect()
}

/// Returns the words of a line in which nothing means anything to a shell but blanks and plain quotes.
fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<Vec<u8>>, None::<u8>);
    for byte in line.iter().copied() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(b'"'), b'$' | b'`' | b'\\' | b'!') => return None,
            (Some(_), _) => word.get_or_insert_default().push(byte),
            (None, b'\'' | b'"') => {
                word.get_or_insert_default();
                quote = Some(byte);
            }
            (None, b' ' | b'\t') => words.extend(word.take()),
            (
                None,
                b'a'..=b'z'
                | b'A'..=b'Z'
                | b'0'..=b'9'
                | b'_'
                | b'-'
                | b'.'
                | b'/'
                | b':'
                | b'@'
                | b'%'
                | b'+'
                | b',',
            ) => {
                word.get_or_insert_default().push(byte);
            }
            // What sets a variable in front of a command is no word of it.
            (None, b'=') if !words.is_empty() => word.get_or_insert_default().push(byte),
            (None, _) => return None,
        }
    }
    words.extend(word);
    (quote.is_none() && !words.is_empty()).then_some(words)
}

/// Returns the rules that ask, the riskiest first, each once with every place in the plan's text that it speaks of.
fn rules(asked: &[Asked]) -> Vec<AskedBy> {
    let mut rules: Vec<AskedBy> = Vec::new();
    for one in asked {
        for mut rule in one.judged.asked_by() {
            for span in &mut rule.spans {
                (span.start, span.end) = (span.start + one.start, span.end + one.start);
            }
            match rules.iter_mut().find(|known| known.rule == rule.rule) {
                Some(known) => {
                    known.risk = known.risk.max(rule.risk);
                    known.spans.append(&mut rule.spans);
                }
                None => rules.push(rule),
            }
        }
    }
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.risk));
    rules
}

fn planned(wish: &Wish, asked: &[Asked]) -> Content {
    let line = |one: &Asked| PlanLine {
        line: one.line,
        contents: one.contents.iter().map(Content::digest).collect(),
    };
    let lines: Vec<PlanLine> = asked.iter().map(line).collect();
    let first = asked.first().and_then(|one| one.contents.first());
    Content::planned(&wish.command, &lines, first.expect("a plan is only asked for with a line that asks"))
}

#[cfg(test)]
mod tests {
    use super::{lines, words};

    #[test]
    fn a_plan_is_one_command_a_line_with_comments_and_blank_lines() {
        let text = b"# first\n\n  touch a\ngit push origin main  \n#\nrm b";
        let found = lines(text);
        assert_eq!(found, [(3, 11, &b"touch a"[..]), (4, 19, b"git push origin main"), (6, 44, b"rm b")]);
        assert_eq!(&text[44..], b"rm b");
    }

    #[track_caller]
    fn case(line: &str, expected: Option<&[&str]>) {
        let found = words(line.as_bytes());
        let expected = expected.map(|words| words.iter().map(|word| word.as_bytes().to_vec()).collect());
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn a_line_that_no_shell_would_change_has_words() {
        case("touch a-b_c.d", Some(&["touch", "a-b_c.d"]));
        case("touch  'a b' \"c d\" e'f'", Some(&["touch", "a b", "c d", "ef"]));
        case("dd if=a of=b", Some(&["dd", "if=a", "of=b"]));
        case("touch ''", Some(&["touch", ""]));
        for other in [
            "a=b touch",
            "touch $x",
            "touch \"$x\"",
            "a && b",
            "touch *",
            "cd ~",
            "a > b",
            "touch 'a",
            "a\\b",
            "",
        ] {
            case(other, None);
        }
    }
}
