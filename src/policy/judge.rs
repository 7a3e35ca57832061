//! From what would run to a verdict, with its trace.

use std::borrow::Cow;

use super::considered::{Candidate, Labelling};
use super::file::{Matcher, Rule};
use super::ground::Ground;
use super::labels::{LabelName, Labels, Reliance};
use super::layer::{Authority, OF_VARIABLES, Overridden, Policy, stronger};
use super::matcher;
use super::requirement::Requirement;
use super::subject::{Lean, Subject, Way};
use super::told;
use super::variables::Variables;
use super::verdict::{Mode, Risk, Verdict};
use super::when::{self, Circumstances};
use crate::shell::{Action, Analysis, Piece, Span, Standing, Truth, Word};
use crate::world::World;

/// The answer about a whole command.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The strictest of the actions' verdicts; no action at all is allowed.
    pub verdict: Verdict,
    /// The highest risk of what asks or denies; low where nothing does.
    pub risk: Risk,
    /// Whether the verdict is to be enforced: [`Judgement::enforced`] says what then counts.
    pub mode: Mode,
    /// One for each action of the analysis, in its order.
    pub actions: Vec<Judged>,
    pub labels: Labels,
    /// What approval it needs, where the verdict is `ask`.
    pub requirement: Option<Requirement>,
    /// A better command, in the words of the rule that decided.
    pub instead: Option<String>,
}

/// The answer about one action.
#[derive(Clone, Debug)]
pub struct Judged {
    pub verdict: Verdict,
    pub risk: Risk,
    /// The rules that matched, strictest first. None: the default decided.
    pub hits: Vec<Hit>,
    pub labels: Labels,
    /// Where the default decided, why no rule allowed it, if more can be said than that none does.
    pub because: Option<String>,
}

/// A rule that matched.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The rule's id.
    pub rule: String,
    /// What it comes to here: a `deny` that only might match asks.
    pub verdict: Verdict,
    pub risk: Risk,
    pub reason: String,
    pub instead: Option<String>,
    /// Claims that it certainly matches.
    pub is_certain: bool,
    /// Claims that nothing overrides it, observe mode included.
    pub floor: bool,
    /// Claims that an approval may leave open what comes in on standard input.
    pub unbound_input: bool,
    pub overridden: Option<Overridden>,
    pub authority: Authority,
    /// The part of the text it speaks of.
    pub span: Span,
}

impl Judgement {
    /// Returns the verdict that counts: in observe mode only the floor's.
    pub fn enforced(&self) -> Verdict {
        let floor = || self.hits().filter(|hit| hit.floor).map(|hit| hit.verdict).max();
        match self.mode {
            Mode::Enforce => self.verdict,
            Mode::Observe => floor().unwrap_or(Verdict::Allow),
        }
    }

    /// Returns all hits, action by action.
    pub fn hits(&self) -> impl Iterator<Item = &Hit> {
        self.actions.iter().flat_map(|action| &action.hits)
    }

    /// Returns the hit that decided: the strictest, of these the one with the highest risk. None where the default did, and for an `allow`.
    pub fn decisive(&self) -> Option<&Hit> {
        let strict = self.hits().filter(|hit| hit.verdict > Verdict::Allow);
        strict.fold(None, |best: Option<&Hit>, hit| match best {
            Some(best) if (best.verdict, best.risk) >= (hit.verdict, hit.risk) => Some(best),
            Some(_) | None => Some(hit),
        })
    }

    /// Returns why, in words for a person: the reason of the rule that decided, or why the default did.
    pub fn reason(&self) -> String {
        if let Some(hit) = self.decisive().filter(|hit| hit.verdict == self.verdict) {
            return hit.reason.clone();
        }
        let by_default =
            self.actions.iter().find(|action| action.hits.is_empty() && action.verdict == self.verdict);
        match (by_default, self.hits().next()) {
            (Some(action), _) if self.verdict > Verdict::Allow => {
                action.because.clone().unwrap_or_else(|| "no rule speaks of it".to_owned())
            }
            (_, Some(hit)) => hit.reason.clone(),
            (Some(_) | None, None) => "nothing speaks against it".to_owned(),
        }
    }
}

/// Returns what `policy` says about what would run.
///
/// The strictest rule that matches decides. If no rule matches, the default does.
pub fn judge(
    analysis: &Analysis,
    policy: &Policy,
    world: &dyn World,
    around: &Circumstances<'_>,
) -> Judgement {
    let ground = Ground::of(world, around.start, policy.texts(), analysis);
    // A call of a function adds nothing but its redirects.
    let actions: Vec<Cow<'_, Action>> = analysis.actions.iter().map(effective).collect();
    let subjects: Vec<Subject<'_>> = actions
        .iter()
        .map(Cow::as_ref)
        .enumerate()
        .map(|action| Subject::new(action, world, &ground, policy))
        .collect();
    let variables = Variables::new(policy, world);
    let court = Court { policy, subjects: &subjects, around, variables: &variables };
    let judged: Vec<Judged> = analysis
        .actions
        .iter()
        .zip(&subjects)
        .map(|(action, subject)| {
            let has_nothing = (action.function || sets_only(action))
                && action.opaque.is_none()
                && action.redirects.is_empty();
            if has_nothing { court.judge_settings(subject) } else { court.judge(subject) }
        })
        .collect();
    sum_up(judged, policy)
}

fn sum_up(actions: Vec<Judged>, policy: &Policy) -> Judgement {
    let verdict = actions.iter().map(|action| action.verdict).max().unwrap_or(Verdict::Allow);
    let restrained = actions.iter().filter(|action| action.verdict > Verdict::Allow);
    let risk = restrained.map(|action| action.risk).max().unwrap_or(Risk::Low);
    let mut labels = Labels::default();
    for action in &actions {
        labels.extend(&action.labels);
    }
    let requirement = (verdict == Verdict::Ask).then(|| policy.requirement(risk).clone());
    let mode = policy.mode();
    let mut judgement = Judgement { verdict, risk, mode, actions, labels, requirement, instead: None };
    judgement.instead = judgement.decisive().and_then(|hit| hit.instead.clone());
    judgement
}

impl Judged {
    fn nothing() -> Judged {
        Judged {
            verdict: Verdict::Allow,
            risk: Risk::Low,
            hits: Vec::new(),
            labels: Labels::default(),
            because: None,
        }
    }
}

/// Claims that the action sets variables and does nothing else.
fn sets_only(action: &Action) -> bool {
    action.program.pieces.is_empty() && action.args.is_empty() && !action.assignments.is_empty()
}

/// Returns the action as it is judged.
fn effective(action: &Action) -> Cow<'_, Action> {
    if !action.function || action.opaque.is_some() {
        return Cow::Borrowed(action);
    }
    let (program, args, shadowed) = (Word::default(), Vec::new(), None);
    Cow::Owned(Action { program, args, shadowed, ..action.clone() })
}

/// An action as it is written, and with what its globs stand for now.
struct Forms<'a> {
    written: &'a Subject<'a>,
    now: Option<&'a Subject<'a>>,
}

impl<'a> Forms<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Subject<'a>> {
        std::iter::once(self.written).chain(self.now)
    }
}

fn has_globs(action: &Action) -> bool {
    let targets = action.redirects.iter().map(|redirect| &redirect.target);
    let is_glob = |word: &Word| word.pieces.iter().any(|piece| matches!(piece, Piece::Glob(_)));
    action.opaque.is_none() && action.args.iter().chain(targets).any(is_glob)
}

/// Returns the rule's reason; where it speaks of regions, with their names.
fn reason(rule: &Rule, labels: &Labels) -> String {
    let reason = rule.reason.clone().unwrap_or_default();
    let speaks_of_regions = rule.when.as_ref().is_some_and(|when| when.leaves_region == Some(true));
    match speaks_of_regions.then(|| labels.regions.crossing()).flatten() {
        Some((data, other, _)) => {
            format!("{reason}: its data is of region `{data}`, and it works in region `{other}`")
        }
        None => reason,
    }
}

/// The most places of a pipe that are gone back for where data comes from.
const MOST_STEPS: usize = 20;

struct Court<'a> {
    policy: &'a Policy,
    subjects: &'a [Subject<'a>],
    around: &'a Circumstances<'a>,
    variables: &'a Variables<'a>,
}

impl Court<'_> {
    /// What runs nothing is allowed, unless it sets what changes everything that runs later.
    fn judge_settings(&self, subject: &Subject<'_>) -> Judged {
        let hits = if sets_only(subject.action) && !subject.action.function {
            self.untrusted_variables(subject)
        } else {
            Vec::new()
        };
        if hits.is_empty() { Judged::nothing() } else { self.decide(subject, hits, Labels::default()) }
    }

    fn judge(&self, subject: &Subject<'_>) -> Judged {
        let considered = self.policy.considered(subject);
        let mut labels = self.labels(subject, &considered.labels);
        if considered.asks_about_regions {
            self.receive(subject, &mut labels);
        }
        let mut hits = self.untrusted_variables(subject);
        let standing = self.standing(subject, &considered.rules);
        let now = standing.as_ref().map(|now| subject.standing(now, self.policy));
        let forms = Forms { written: subject, now: now.as_ref() };
        for candidate in &considered.rules {
            let rule = candidate.rule();
            if let Some(hit) = self.hit(candidate, &forms, &labels) {
                let from = || [format!("rule `{}`", rule.id)];
                for value in &rule.data {
                    labels.add(LabelName::Data, value, Reliance::STATED, &from());
                }
                // What speaks for a command says nothing that its approver must weigh.
                if let Some(category) = rule.category.as_ref().filter(|_| rule.verdict > Verdict::Allow) {
                    labels.add(LabelName::Category, category, Reliance::STATED, &from());
                }
                hits.push(hit);
            }
        }
        hits.sort_by(|one, other| {
            (other.verdict, other.risk).cmp(&(one.verdict, one.risk)).then_with(|| one.rule.cmp(&other.rule))
        });
        self.decide(subject, hits, labels)
    }

    fn decide(&self, subject: &Subject<'_>, hits: Vec<Hit>, labels: Labels) -> Judged {
        let Some(first) = hits.first() else {
            let because = self.why_by_default(subject);
            let verdict = self.policy.default_verdict();
            return Judged { verdict, risk: Risk::Medium, hits, labels, because };
        };
        let verdict = first.verdict;
        let strict = hits.iter().filter(|hit| hit.verdict > Verdict::Allow);
        let risk = strict.map(|hit| hit.risk).max().unwrap_or(Risk::Low);
        Judged { verdict, risk, hits, labels, because: None }
    }

    fn why_by_default(&self, subject: &Subject<'_>) -> Option<String> {
        match &subject.action.opaque {
            Some(opaque) => Some(opaque.reason.clone()),
            None if subject.is_led() => {
                Some("a path in it may lead elsewhere by a name that the same script gives".to_owned())
            }
            None => subject.distrust().map(str::to_owned),
        }
    }

    /// Returns what the action's globs stand for now, if it has any and one of the rules could ask about them.
    fn standing(&self, subject: &Subject<'_>, rules: &[Candidate]) -> Option<Standing> {
        (has_globs(subject.action) && rules.iter().any(Candidate::asks_about_paths))
            .then(|| subject.ground.listing.standing_for(subject.action))
            .flatten()
    }

    /// Returns whether the rule matches: to restrict, by the pattern or by what it stands for; to permit, by both.
    fn matches(&self, rule: &Candidate, forms: &Forms<'_>, labels: &Labels, lean: Lean) -> Truth {
        let written = self.matches_form(rule, forms.written, labels, lean);
        let now = || forms.now.map(|now| self.matches_form(rule, now, labels, lean));
        match (lean, written) {
            (Lean::Restrict, Truth::Yes) | (Lean::Permit, Truth::No | Truth::Maybe) => written,
            (Lean::Restrict, _) => now().map_or(written, |now| written | now),
            (Lean::Permit, Truth::Yes) => now().map_or(written, |now| written & now),
        }
    }

    fn matches_form(
        &self,
        candidate: &Candidate,
        subject: &Subject<'_>,
        labels: &Labels,
        lean: Lean,
    ) -> Truth {
        let rule = candidate.rule();
        let mut truth = matcher::any(
            candidate.matches.tables(&rule.matches, subject.sight()),
            subject,
            self.subjects,
            lean,
        );
        if truth != Truth::No && !rule.except.is_empty() {
            truth = truth & self.not_excepted(candidate, subject, lean);
        }
        if let (Some(when), true) = (&rule.when, truth != Truth::No) {
            truth = truth & when::holds(when, subject, labels, self.around, lean);
        }
        truth
    }

    fn hit(&self, candidate: &Candidate, forms: &Forms<'_>, labels: &Labels) -> Option<Hit> {
        let (rule, subject) = (candidate.rule(), forms.written);
        if !forms.all().any(|form| candidate.could_match(form.sight())) {
            return None;
        }
        let overridden = self.overridden(candidate, forms);
        let said = overridden.as_ref().map_or(rule.verdict, |change| change.verdict);
        let lean = if said == Verdict::Allow { Lean::Permit } else { Lean::Restrict };
        let truth = self.matches(candidate, forms, labels, lean);
        let verdict = match (said, truth) {
            (_, Truth::No) | (Verdict::Allow, Truth::Maybe) => return None,
            // Unknown is not the same as forbidden.
            (Verdict::Deny, Truth::Maybe) => Verdict::Ask,
            (verdict, _) => verdict,
        };
        let changed = overridden.as_ref().and_then(|change| change.risk);
        let mut risk = changed.or(rule.risk).unwrap_or(Risk::Medium);
        for raise in &rule.raise {
            if when::holds(&raise.when, subject, labels, self.around, Lean::Restrict) != Truth::No {
                risk = risk.max(raise.risk);
            }
        }
        if verdict != said {
            risk = risk.max(Risk::High);
        }
        Some(Hit {
            rule: rule.id.clone(),
            verdict,
            risk,
            reason: reason(rule, labels),
            instead: rule.instead.clone(),
            is_certain: truth == Truth::Yes,
            floor: rule.floor,
            unbound_input: rule.unbound_input,
            overridden,
            authority: candidate.authority,
            span: subject.action.span,
        })
    }

    /// Returns what overrides make of the rule here: those that count everywhere, and those whose tables match. One that makes
    /// it more lenient has to match for certain, as an `allow` has to.
    fn overridden(&self, candidate: &Candidate, forms: &Forms<'_>) -> Option<Overridden> {
        if candidate.limited.is_empty() {
            return candidate.overridden.clone();
        }
        let was = candidate.rule().verdict;
        let matching = candidate.limited.iter().filter_map(|(limited, open)| {
            let lean = if limited.loosens(was) { Lean::Permit } else { Lean::Restrict };
            let ask = |form: &Subject<'_>| {
                matcher::any(open.tables(&limited.matches, form.sight()), form, self.subjects, lean)
            };
            let (written, now) = (ask(forms.written), forms.now.map(ask));
            let truth = match lean {
                Lean::Permit => written & now.unwrap_or(Truth::Yes),
                Lean::Restrict => written | now.unwrap_or(Truth::No),
            };
            match (lean, truth) {
                (_, Truth::No) | (Lean::Permit, Truth::Maybe) => None,
                (_, truth) => Some(limited.over(was, truth == Truth::Yes)),
            }
        });
        candidate.overridden.clone().into_iter().chain(matching).reduce(stronger)
    }

    /// An exception to an `allow` counts if it might hold; one to an `ask` or a `deny` only if it does.
    fn not_excepted(&self, candidate: &Candidate, subject: &Subject<'_>, lean: Lean) -> Truth {
        let excepted = matcher::excepted(candidate.except(subject), subject, self.subjects, lean.flipped());
        match (lean, excepted) {
            (Lean::Permit, excepted) => !excepted,
            (Lean::Restrict, Truth::Yes) => Truth::No,
            (Lean::Restrict, Truth::No) => Truth::Yes,
            (Lean::Restrict, Truth::Maybe) => Truth::Maybe,
        }
    }

    fn labels(&self, subject: &Subject<'_>, could: &[Labelling]) -> Labels {
        let (mut labels, sight) = (Labels::default(), subject.sight());
        for Labelling { label, matches, except } in could {
            let ask = |lean: Lean| {
                let found = matcher::any(matches.tables(&label.matches, sight), subject, self.subjects, lean);
                let excepted = || {
                    matcher::any(except.tables(&label.except, sight), subject, self.subjects, lean.flipped())
                };
                if found == Truth::No { found } else { found & !excepted() }
            };
            let apparent = ask(Lean::Restrict);
            if apparent == Truth::No {
                continue;
            }
            let telling: Vec<&Matcher> = (matches.tables(&label.matches, sight))
                .filter(|table| {
                    let one = std::iter::once(*table);
                    matcher::any(one, subject, self.subjects, Lean::Restrict) != Truth::No
                })
                .map(|(table, _)| table)
                .collect();
            let from: Vec<String> = telling.iter().map(|table| told::by(table, subject)).collect();
            labels.add_set(&label.set, Reliance { proven: ask(Lean::Permit), apparent }, &from);
            told::regions(&label.set, &telling, subject, apparent, &mut labels.regions);
        }
        labels
    }

    /// Takes over where the data belongs that comes to `subject` through a pipe.
    fn receive(&self, subject: &Subject<'_>, labels: &mut Labels) {
        let mut at = Way::Up.next(subject);
        let mut steps = 0;
        while let Some(upstream) = at.and_then(|at| self.subjects.get(at)).filter(|_| steps < MOST_STEPS) {
            let considered = self.policy.considered(upstream);
            if considered.labels.iter().any(|could| !could.label.set.region.is_empty()) {
                labels.regions.receive(&self.labels(upstream, &considered.labels).regions);
            }
            (at, steps) = (Way::Up.next(upstream), steps + 1);
        }
    }

    fn untrusted_variables(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let found = self.variables.of(subject);
        let hit = |variable: &super::variables::Untrusted| {
            let rule = format!("{OF_VARIABLES}{}", variable.name);
            let overridden = {
                let authority = self.policy.authority_over_variable(&variable.name);
                self.policy.overridden(&rule, authority, Verdict::Ask, false)
            };
            let verdict = overridden.as_ref().map_or(Verdict::Ask, |change| change.verdict);
            let risk = overridden.as_ref().and_then(|change| change.risk).unwrap_or(Risk::High);
            // A variable that does not matter is no reason to allow the command that has it.
            (verdict > Verdict::Allow).then(|| Hit {
                rule,
                verdict,
                risk,
                reason: format!("`{}` {}", variable.name, variable.reason),
                instead: None,
                is_certain: true,
                floor: false,
                unbound_input: false,
                overridden,
                authority: Authority::BuiltIn,
                span: subject.action.span,
            })
        };
        found.iter().filter_map(hit).collect()
    }
}
