//! `gate policy show`: the rules in force, as a list, one in full, or as JSON.

use serde_json::{Value, json};

use crate::command::visible;
use crate::error::Exit;
use crate::policy::{InForce, Mode, Policy};
use crate::ui;

/// Prints the rules that `what` names, or all.
pub(super) fn show(policy: &Policy, what: Option<&str>, json: bool) -> Exit {
    if policy.mode() == Mode::Observe {
        ui::say("mode is `observe`: these rules are judged and recorded, NOT enforced; only the floor holds");
    }
    let rules = policy.in_force();
    let wanted: Vec<&InForce> =
        rules.iter().filter(|rule| what.is_none_or(|what| is_about(rule, what))).collect();
    if let (Some(what), true) = (what, wanted.is_empty()) {
        ui::say(&format!("no rule speaks of `{}`", visible(what.as_bytes())));
        return Exit::No;
    }
    if json {
        ui::answer(&Value::Array(wanted.iter().map(|rule| in_json(rule)).collect()).to_string());
        return Exit::Done;
    }
    match wanted[..] {
        [only] if what == Some(only.id.as_str()) => ui::answer(&in_full(only)),
        _ => ui::answer(&wanted.iter().map(|rule| in_line(rule)).collect::<Vec<_>>().join("\n")),
    }
    Exit::Done
}

fn is_about(rule: &InForce, what: &str) -> bool {
    rule.id == what
        || (what.ends_with('.') && rule.id.starts_with(what))
        || rule.programs.iter().any(|name| name == what)
}

fn in_line(rule: &InForce) -> String {
    let risk = rule.risk.map_or("", |risk| risk.word());
    let changed = if rule.overridden.is_some() { " (overridden)" } else { "" };
    let (verdict, layer) = (rule.verdict.word(), rule.authority.word());
    format!("{verdict:<5}  {risk:<8}  {layer:<8}  {:<36}  {}{changed}", rule.id, rule.reason)
}

fn in_full(rule: &InForce) -> String {
    let mut lines = vec![
        format!("rule:     {}", rule.id),
        format!("verdict:  {}", rule.verdict),
        format!("reason:   {}", rule.reason),
        format!("layer:    {}", rule.authority.word()),
        format!("place:    {}", rule.place),
    ];
    lines.extend(rule.risk.map(|risk| format!("risk:     {risk}")));
    lines.extend(rule.floor.then(|| "floor:    nothing overrides it".to_owned()));
    lines.extend(rule.instead.as_ref().map(|instead| format!("instead:  {instead}")));
    lines.extend((!rule.programs.is_empty()).then(|| format!("programs: {}", rule.programs.join(", "))));
    lines.extend(
        rule.overridden
            .as_ref()
            .map(|change| format!("override: was `{}`; {}: {}", change.was, change.place, change.reason)),
    );
    lines.extend(rule.examples.iter().map(|example| format!("matches:  {example}")));
    lines.extend(rule.counterexamples.iter().map(|example| format!("not:      {example}")));
    lines.join("\n")
}

fn in_json(rule: &InForce) -> Value {
    json!({
        "rule": rule.id,
        "verdict": rule.verdict.word(),
        "risk": rule.risk.map(|risk| risk.word()),
        "reason": rule.reason,
        "instead": rule.instead,
        "layer": rule.authority.word(),
        "place": rule.place,
        "floor": rule.floor,
        "programs": rule.programs,
        "overridden": rule.overridden.as_ref().map(|change| json!({
            "was": change.was.word(), "by": change.place, "reason": change.reason,
        })),
        "examples": rule.examples,
        "counterexamples": rule.counterexamples,
    })
}
