//! Proposals as a person pastes them, and as a program reads them.

use serde_json::{Value, json};

use super::LeftOut;
use super::proposal::{Proposal, comments};
use crate::ui;

/// Prints the proposals on standard output, and what was left out beside them.
pub(super) fn print(proposals: &[Proposal], left_out: &LeftOut, whole: bool, at_least: u64) {
    let mut parts = Vec::new();
    if whole && !proposals.is_empty() {
        parts.push("[policy]\nversion = 1".to_owned());
    }
    let one =
        |proposal: &Proposal| format!("{}\n{}", comments(proposal).join("\n"), proposal.toml.trim_end());
    parts.extend(proposals.iter().map(one));
    if !parts.is_empty() {
        ui::answer(&parts.join("\n\n"));
    }
    ui::say(&match proposals.len() {
        0 => format!(
            "nothing to propose: no command that a rule could hold fast was approved {at_least} times"
        ),
        1 => "1 proposal; read it, paste it into your policy, and run `gate policy check`".to_owned(),
        many => {
            format!("{many} proposals; read them, paste them into your policy, and run `gate policy check`")
        }
    });
    for (why, count) in left_out {
        let commands = if *count == 1 { "1 command".to_owned() } else { format!("{count} commands") };
        ui::say(&format!("left out: {commands} {}", why.words()));
    }
}

/// Returns everything as one JSON object.
pub(super) fn in_json(proposals: &[Proposal], left_out: &LeftOut) -> Value {
    let one = |proposal: &Proposal| {
        let Proposal { command, approvals, toml } = proposal;
        json!({
            "command": command.words,
            "cwd": command.cwd.display().to_string(),
            "facts": command.facts,
            "rules": command.rules,
            "times": approvals.count(),
            "approvers": approvals.approvers,
            "requesters": approvals.requesters,
            "first": approvals.first.map(|time| time.to_string()),
            "last": approvals.last.map(|time| time.to_string()),
            "requests": approvals.ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "toml": toml,
        })
    };
    let left_out: Vec<Value> =
        left_out.iter().map(|(why, count)| json!({ "why": why.words(), "commands": count })).collect();
    json!({ "proposals": proposals.iter().map(one).collect::<Vec<_>>(), "left_out": left_out })
}
