//! Which parts of a command a rule speaks of: the words without which it would not match.
//!
//! The rules are asked again about the same command with words left out, so that whatever a rule looks at is found: options, operands,
//! paths, values, expressions. Only people's explanations are made of it; a judgement never is.

use super::judge::{Hit, Judgement};
use super::verdict::Verdict;
use crate::shell::{Action, Analysis, Span, Word};

/// How many words are judged again at most, all actions of the command counted: behind that, whole commands are marked.
const MOST: usize = 4_000;

/// A part of an action that a rule may speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Program,
    Argument(usize),
    Redirect(usize),
}

/// Returns, for each hit of each action in order, the parts of the text it speaks of; of an `allow` the whole action.
///
/// `judge` answers for the same command with other actions; where the parts cannot be told, it is the whole action.
pub fn spoken(
    analysis: &Analysis,
    judgement: &Judgement,
    judge: impl Fn(&Analysis) -> Judgement,
) -> Vec<Vec<Vec<Span>>> {
    let mut asker = Asker { analysis, judge, left: MOST };
    let actions = judgement.actions.iter().enumerate();
    actions.map(|(at, judged)| judged.hits.iter().map(|hit| asker.spans(at, hit)).collect()).collect()
}

struct Asker<'a, F> {
    analysis: &'a Analysis,
    judge: F,
    left: usize,
}

impl<F: Fn(&Analysis) -> Judgement> Asker<'_, F> {
    fn spans(&mut self, at: usize, hit: &Hit) -> Vec<Span> {
        let action = &self.analysis.actions[at];
        if hit.verdict == Verdict::Allow {
            return vec![hit.span];
        }
        if let Some(opaque) = &action.opaque {
            let is_told = opaque.span.start < opaque.span.end;
            return vec![if is_told { opaque.span } else { hit.span }];
        }
        if let Some(span) = hit.rule.strip_prefix("env.").and_then(|name| self.assignment(action, name)) {
            return vec![span];
        }
        let parts = self.parts(at, hit).unwrap_or_default();
        let spans: Option<Vec<Span>> = parts.iter().map(|part| self.span(action, *part)).collect();
        match spans {
            Some(spans) if !spans.is_empty() => spans,
            Some(_) | None => vec![hit.span],
        }
    }

    /// Returns the words without which the rule would not match, and those of which any would do; `None` where that is too much to ask.
    fn parts(&mut self, at: usize, hit: &Hit) -> Option<Vec<Part>> {
        let action = &self.analysis.actions[at];
        let arguments = (0..action.args.len()).map(Part::Argument);
        let mut all: Vec<Part> = arguments.chain((0..action.redirects.len()).map(Part::Redirect)).collect();
        let program = self.matters_by_name(at, hit)?;
        let mut needed = Vec::new();
        for part in all.clone() {
            let others: Vec<Part> = all.iter().copied().filter(|other| *other != part).collect();
            if !self.holds(at, hit, &others)? {
                needed.push(part);
            }
        }
        if !self.holds(at, hit, &needed)? {
            let mut more = Vec::new();
            for part in all.clone() {
                let with: Vec<Part> =
                    all.iter().copied().filter(|one| needed.contains(one) || *one == part).collect();
                if !needed.contains(&part) && self.holds(at, hit, &with)? {
                    more.push(part);
                }
            }
            // Where only several together would do, all of them speak.
            if !more.is_empty() {
                all.retain(|part| needed.contains(part) || more.contains(part));
            }
            needed = all;
        }
        Some(program.then_some(Part::Program).into_iter().chain(needed).collect())
    }

    /// Claims that the rule would not match a program of another name.
    fn matters_by_name(&mut self, at: usize, hit: &Hit) -> Option<bool> {
        let action = &self.analysis.actions[at];
        let name = Word::literal("a-program-of-another-name", action.program.span);
        let all = (0..action.args.len()).map(Part::Argument);
        let all: Vec<Part> = all.chain((0..action.redirects.len()).map(Part::Redirect)).collect();
        let mut other = with_only(action, &all);
        other.program = name;
        self.matches(at, hit, other).map(|matches| !matches)
    }

    /// Claims that the rule matches with only these parts of the action.
    fn holds(&mut self, at: usize, hit: &Hit, parts: &[Part]) -> Option<bool> {
        let action = with_only(&self.analysis.actions[at], parts);
        self.matches(at, hit, action)
    }

    fn matches(&mut self, at: usize, hit: &Hit, action: Action) -> Option<bool> {
        self.left = self.left.checked_sub(self.analysis.actions.len())?;
        let mut analysis = self.analysis.clone();
        analysis.actions[at] = action;
        let judgement = (self.judge)(&analysis);
        let hits = &judgement.actions.get(at)?.hits;
        Some(hits.iter().any(|other| other.rule == hit.rule && other.verdict == hit.verdict))
    }

    /// Returns where a part stands, if it stands within its action.
    fn span(&self, action: &Action, part: Part) -> Option<Span> {
        let span = match part {
            Part::Program => action.program.span,
            Part::Argument(at) => action.args.get(at)?.span,
            Part::Redirect(at) => action.redirects.get(at)?.target.span,
        };
        let is_inside = action.span.start <= span.start && span.end <= action.span.end;
        (span.start < span.end && is_inside).then_some(span)
    }

    /// Returns where the variable is set, name and all.
    fn assignment(&self, action: &Action, name: &str) -> Option<Span> {
        let set = action.assignments.iter().rev().find(|set| set.name == name)?;
        let Span { start, end } = set.value.span;
        let start = start.checked_sub(name.len() + 1)?;
        let text = self.analysis.text.get(start..end)?;
        let rest = text.strip_prefix(name.as_bytes())?;
        rest.starts_with(b"=").then_some(Span { start, end })
    }
}

fn with_only(action: &Action, parts: &[Part]) -> Action {
    let keep = |part: Part| parts.contains(&part);
    let args = action.args.iter().enumerate().filter(|(at, _)| keep(Part::Argument(*at)));
    let args = args.map(|(_, word)| word.clone()).collect();
    let redirects = action.redirects.iter().enumerate().filter(|(at, _)| keep(Part::Redirect(*at)));
    let redirects = redirects.map(|(_, redirect)| redirect.clone()).collect();
    Action { args, redirects, ..action.clone() }
}
