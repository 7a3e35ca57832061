//! `gate policy`: whether the rules do what they say, and which are in force.

mod replay;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Place;
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::policy::{Authority, InForce, LayerText, Mode, Policy, count, prove};
use crate::ui;

/// Check rules against their examples, show which are in force, or judge past commands with them
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate policy check
  gate policy check ./policy.toml
  gate policy show git.force-push
  gate policy show kubectl --json
  gate policy replay --since 7d
  gate policy replay --from claude ~/.claude/projects")]
pub(super) struct Args {
    #[command(subcommand)]
    subcommand: Subcommand,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    /// Judge every example and counterexample, and find rules that can never match
    Check {
        /// Policy files to check as if they were the user's; without any, the built-in packs and all files in force
        files: Vec<PathBuf>,
    },
    /// Show the rules in force, those of one program, or one rule
    Show {
        /// A rule's id, the beginning of one (`git.`), or a program's name
        what: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Replay(replay::Args),
}

/// Checks, shows or replays.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    match &args.subcommand {
        Subcommand::Check { files } if files.is_empty() => {
            let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
            Ok(check(&policy, true))
        }
        Subcommand::Check { files } => {
            let layers = files.iter().map(layer).collect::<anyhow::Result<Vec<_>>>()?;
            match Policy::from_layers(layers) {
                Ok(policy) => Ok(check(&policy, false)),
                Err(error) => {
                    ui::answer(&error.to_string());
                    Ok(Exit::No)
                }
            }
        }
        Subcommand::Show { what, json } => {
            let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
            Ok(show(&policy, what.as_deref(), *json))
        }
        Subcommand::Replay(args) => replay::run(args, place),
    }
}

fn layer(path: &PathBuf) -> anyhow::Result<LayerText> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read policy `{}`", path.display()))?;
    Ok(LayerText { authority: Authority::User, path: path.display().to_string(), text })
}

fn check(policy: &Policy, packs: bool) -> Exit {
    let findings = prove(policy, packs);
    for finding in &findings {
        ui::answer(&format!("{}: {}", finding.place, finding.message));
    }
    let judged = count(policy, packs);
    if findings.is_empty() {
        ui::say(&format!("{judged} examples hold"));
        return Exit::Done;
    }
    ui::say(&format!("{} findings in {judged} examples", findings.len()));
    Exit::No
}

fn show(policy: &Policy, what: Option<&str>, json: bool) -> Exit {
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
