//! A judgement as a person and as a program reads it.

use serde_json::{Value, json};

use crate::approval::{AskedAction, AskedBy};
use crate::channel::marked_apart;
use crate::command::visible;
use crate::gate::Meaning;
use crate::moment::in_words;
use crate::policy::{Hit, Judged, Judgement, Mode, Requirement, Shown, Verdict};
use crate::shell::{Span, Truth};

/// The parts of the text that each hit of each action speaks of, in order.
pub(super) type Spoken<'a> = &'a [Vec<Vec<Span>>];

/// Returns the judgement as one JSON object.
pub(super) fn json(meaning: &Meaning, judgement: &Judgement, spoken: Spoken<'_>) -> Value {
    let analysis = &meaning.analysis;
    let actions = analysis.actions.iter().zip(&judgement.actions).zip(spoken);
    let actions: Vec<Value> = actions
        .map(|((action, judged), spoken)| {
            let asked = AskedAction::of(action, &analysis.text);
            json!({
                "text": asked.text,
                "inside": asked.inside,
                "as_root": asked.as_root,
                "remote": asked.remote,
                "cwd": asked.cwd,
                "opaque": asked.opaque,
                "verdict": judged.verdict.word(),
                "risk": judged.risk.word(),
                "because": judged.because,
                "rules": judged.hits.iter().zip(spoken).map(|(one, spans)| hit(one, spans)).collect::<Vec<_>>(),
                "span": [action.span.start, action.span.end],
            })
        })
        .collect();
    let mut value = json!({
        "verdict": judgement.verdict.word(),
        "risk": judgement.risk.word(),
        "mode": judgement.mode.word(),
        "reason": judgement.reason(),
        "rules": rule_ids(judgement),
        "instead": judgement.instead,
        "labels": labels(judgement),
        "requirement": judgement.requirement.as_ref().map(requirement),
        "actions": actions,
    });
    if let Some(found) = &meaning.wrapping {
        value["envelope"] = json!({ "agent": found.agent, "shape": found.shape });
    }
    value
}

fn hit(hit: &Hit, spans: &[Span]) -> Value {
    json!({
        "spans": spans.iter().map(|span| [span.start, span.end]).collect::<Vec<_>>(),
        "rule": hit.rule,
        "verdict": hit.verdict.word(),
        "risk": hit.risk.word(),
        "reason": hit.reason,
        "certain": hit.is_certain,
        "floor": hit.floor,
        "layer": hit.authority.word(),
        "overridden": hit.overridden.as_ref().map(|change| json!({
            "was": change.was.word(),
            "by": change.place,
            "reason": change.reason,
        })),
    })
}

/// Returns the ids of all rules that matched, the strictest first, each once.
fn rule_ids(judgement: &Judgement) -> Vec<&str> {
    let mut hits: Vec<&Hit> = judgement.hits().collect();
    hits.sort_by_key(|hit| std::cmp::Reverse((hit.verdict, hit.risk)));
    let mut ids = Vec::new();
    for hit in hits {
        if !ids.contains(&hit.rule.as_str()) {
            ids.push(&hit.rule);
        }
    }
    ids
}

fn labels(judgement: &Judgement) -> Vec<Value> {
    let one = |label: Shown<'_>| {
        json!({
            "name": label.name.word(),
            "value": label.value,
            "certain": label.how.apparent == Truth::Yes,
            "from": label.from,
        })
    };
    judgement.labels.iter().map(one).collect()
}

fn requirement(needs: &Requirement) -> Value {
    json!({
        "approvers": needs.approvers,
        "quorum": needs.quorum,
        "deadline_s": needs.deadline.as_secs(),
        "assurance": needs.assurance.word(),
        "four_eyes": needs.four_eyes,
        "reason": needs.reason,
        "ticket": needs.ticket,
        "grant": needs.grant.word(),
    })
}

/// Returns the judgement for a person, at most `width` columns wide where it can be.
pub(super) fn text(meaning: &Meaning, judgement: &Judgement, spoken: Spoken<'_>, width: usize) -> String {
    let analysis = &meaning.analysis;
    let mut out = marked_apart(&analysis.text, &speakers(judgement, spoken), width);
    if let Some(found) = &meaning.wrapping {
        out.push(format!("taken out of what {} puts around it ({})", found.agent, found.shape));
    }
    out.push(String::new());
    if analysis.actions.is_empty() {
        out.push("nothing would run".to_owned());
    }
    for (at, (action, judged)) in analysis.actions.iter().zip(&judgement.actions).enumerate() {
        let asked = AskedAction::of(action, &analysis.text);
        out.push(format!("action {}: {}", at + 1, asked.text));
        out.extend(circumstances(&asked).map(|line| format!("  {line}")));
        out.extend(why(judged).into_iter().map(|line| format!("  {line}")));
    }
    out.push(String::new());
    out.extend(conclusion(judgement));
    out.join("\n")
}

/// Returns the rules that restrict, each once, with all the parts of the text they speak of.
fn speakers(judgement: &Judgement, spoken: Spoken<'_>) -> Vec<AskedBy> {
    let mut all: Vec<AskedBy> = Vec::new();
    let hits = judgement.hits().zip(spoken.iter().flatten());
    for (hit, spans) in hits.filter(|(hit, _)| hit.verdict > Verdict::Allow) {
        match all.iter_mut().find(|known| known.rule == hit.rule) {
            Some(known) => known.spans.extend(spans),
            None => all.push(AskedBy {
                rule: hit.rule.clone(),
                risk: hit.risk,
                reason: hit.reason.clone(),
                instead: hit.instead.clone(),
                spans: spans.clone(),
            }),
        }
    }
    all
}

fn circumstances(asked: &AskedAction) -> impl Iterator<Item = String> {
    let inside = (!asked.inside.is_empty()).then(|| format!("through {}", asked.inside.join(", ")));
    let root = asked.as_root.then(|| "as another user".to_owned());
    let remote = asked.remote.then(|| "on another machine or in a container".to_owned());
    let nowhere = asked.cwd.is_none().then(|| "in a directory that is not known".to_owned());
    [inside, root, remote, nowhere].into_iter().flatten()
}

fn why(judged: &Judged) -> Vec<String> {
    let mut lines: Vec<String> = judged.hits.iter().map(rule_line).collect();
    if judged.hits.is_empty() && judged.verdict > Verdict::Allow {
        let because = judged.because.as_deref().unwrap_or("no rule speaks of it");
        lines.push(format!("{}: by default, {}", judged.verdict, visible(because.as_bytes())));
    }
    lines
}

fn rule_line(hit: &Hit) -> String {
    let risk = if hit.verdict > Verdict::Allow { format!(" ({})", hit.risk) } else { String::new() };
    let floor = if hit.floor { ", which nothing overrides" } else { "" };
    let perhaps = if hit.is_certain { "" } else { ", which might match" };
    let line = format!(
        "{}{risk}: rule `{}`{floor}{perhaps}: {}",
        hit.verdict,
        visible(hit.rule.as_bytes()),
        visible(hit.reason.as_bytes())
    );
    match &hit.overridden {
        Some(change) => {
            let by = visible(format!("{}: {}", change.place, change.reason).as_bytes());
            format!("{line}; was `{}`, overridden by {by}", change.was)
        }
        None => line,
    }
}

fn conclusion(judgement: &Judgement) -> Vec<String> {
    let mut lines: Vec<String> = judgement.labels.iter().map(label_line).collect();
    let risk =
        if judgement.verdict > Verdict::Allow { format!(" ({})", judgement.risk) } else { String::new() };
    lines.push(format!("verdict: {}{risk}", judgement.verdict));
    if judgement.mode == Mode::Observe {
        lines.push(format!("mode: observe; enforced: {}", judgement.enforced()));
    }
    lines.extend(judgement.requirement.as_ref().map(needs));
    if let Some(instead) = judgement.instead.as_ref().filter(|_| judgement.verdict > Verdict::Allow) {
        lines.push(format!("instead: {}", visible(instead.as_bytes())));
    }
    lines
}

/// Returns `label: environment production, by kube-context `prod` by `~/.kube/config``.
fn label_line(label: Shown<'_>) -> String {
    let perhaps = if label.how.apparent == Truth::Yes { "" } else { " (perhaps)" };
    let from = label.from.join("; ");
    visible(format!("label: {} {}{perhaps}, from {from}", label.name.word(), label.value).as_bytes())
}

fn needs(needs: &Requirement) -> String {
    let who = match needs.approvers.is_empty() {
        true => "the person at the machine".to_owned(),
        false => needs.approvers.join(", "),
    };
    let mut all = vec![format!("{} of {who}", needs.quorum), format!("{} or more", needs.assurance)];
    all.extend(needs.four_eyes.then(|| "not the person it is for".to_owned()));
    all.extend(needs.reason.then(|| "a reason".to_owned()));
    all.extend(needs.ticket.then(|| "a ticket".to_owned()));
    all.push(format!("within {}", in_words(needs.deadline)));
    format!("needs: {}", all.join("; "))
}
