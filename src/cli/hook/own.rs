//! Commands that go through gate already, by their own words: judging them twice would ask twice.
//!
//! Only the running gate itself counts, whatever its name or path: another file called `gate` is a command like any other.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::cli::hot;
use crate::config::Config;
use crate::gate::Judged;
use crate::policy::Verdict;
use crate::shell::{Action, Place, Scope};

/// The rules that speak of a gate within a gate, or of its own home as a word; here nothing is within anything yet, and which home it is
/// given is looked at.
const OF_A_NESTED_GATE: [&str; 3] = ["gate.nested", "gate.change", "gate.named"];

/// Subcommands that an agent is told to use; the built-in policy allows them to a gate it trusts.
const FOR_REQUESTERS: [&[u8]; 5] = [b"resume", b"requests", b"show", b"cancel", b"explain"];

/// Claims that everything the policy holds against the command is in gate's own hands.
pub(super) fn goes_through_gate(judged: &Judged, config: &Config) -> bool {
    let verdicts = judged.meaning.analysis.actions.iter().zip(&judged.judgement.actions);
    let mut is_any = false;
    let is_settled = verdicts.into_iter().all(|(action, verdict)| {
        let restricting = || verdict.hits.iter().filter(|hit| hit.verdict > Verdict::Allow);
        if verdict.verdict == Verdict::Allow {
            return true;
        }
        is_any = true;
        let Some(words) = own_words(action, config) else { return false };
        let is_nested = restricting().all(|hit| OF_A_NESTED_GATE.contains(&hit.rule.as_str()));
        is_nested && (judges(&words, config) || (restricting().next().is_none() && is_for_requesters(&words)))
    });
    is_any && is_settled
}

/// Claims that the command is nothing but calls of the running gate by its absolute path, wherever they run.
pub(super) fn is_alone(judged: &Judged, config: &Config) -> bool {
    let is_call = |action: &Action| {
        let words = own_words(action, config).filter(|_| action.redirects.is_empty());
        words.is_some_and(|words| {
            Path::new(&words[0]).is_absolute() && (judges(&words, config) || is_for_requesters(&words))
        })
    };
    judged.meaning.analysis.actions.iter().all(is_call)
}

/// Returns the words of a plain call of the running gate.
fn own_words(action: &Action, config: &Config) -> Option<Vec<OsString>> {
    let is_plain = !action.builtin
        && !action.function
        && !action.as_root
        && action.scope == Scope::Local
        && action.inside.is_empty()
        && action.opaque.is_none()
        && action.shadowed.is_none()
        && action.assignments.iter().all(|set| matches!(set.name.as_str(), "GATE_REASON" | "GATE_TICKET"));
    let Place::Known(cwd) = &action.cwd else { return None };
    let program = action.program.as_literal().filter(|_| is_plain)?;
    let found = config.host.find(&program, cwd)?;
    if !config.host.is_gate(&found) {
        return None;
    }
    let words = std::iter::once(Some(program)).chain(action.args.iter().map(|word| word.as_literal()));
    words.map(|word| word.map(OsString::from_vec)).collect()
}

/// Claims that this gate will judge what it is given, by the same policy as here.
fn judges(words: &[OsString], config: &Config) -> bool {
    let Ok(Some(call)) = hot::parse(words) else { return false };
    let home = call.home.as_deref().map(absolute);
    call.result.is_none() && home == config.places.given()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn is_for_requesters(words: &[OsString]) -> bool {
    words.get(1).is_some_and(|word| FOR_REQUESTERS.contains(&word.as_encoded_bytes()))
}
