//! Conditions on the circumstances of a command: `when = { … }`.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::facts;
use super::file::When;
use super::hours::Hours;
use super::labels::{LabelName, Labels};
use super::matcher::text_matches;
use super::subject::{Lean, Subject};
use crate::shell::Truth;
use crate::world::{Fact, World};

/// Who asks, where and when: what a judgement depends on beside command, policy and machine.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// `agent:claude-code`, `ci:github-actions`, `human:mara`.
    pub requester: &'a str,
    /// Claims that something the requester cannot change proves who asks.
    pub is_proven: bool,
    /// The directory gate was started in.
    pub start: &'a Path,
    /// The time.
    pub now: Timestamp,
}

/// Returns whether the conditions hold.
pub(super) fn holds(
    when: &When,
    subject: &Subject<'_>,
    labels: &Labels,
    circumstances: &Circumstances<'_>,
    lean: Lean,
) -> Truth {
    let mut truth = Truth::Yes;
    let named = [
        (LabelName::Environment, &when.environment),
        (LabelName::Region, &when.region),
        (LabelName::Data, &when.data),
    ];
    for (name, patterns) in named {
        if !patterns.is_empty() {
            truth = truth & labels.matches(name, patterns, lean);
        }
    }
    if let Some(wanted) = when.leaves_region {
        let leaves = labels.regions.crossing().map_or(Truth::No, |(_, _, truth)| truth);
        truth = truth & if wanted { leaves } else { !leaves };
    }
    if !when.requester.is_empty() {
        truth = truth & requester(&when.requester, circumstances, lean);
    }
    if !when.host.is_empty() {
        let host = subject.world.host();
        truth = truth & Truth::of(when.host.iter().any(|pattern| text_matches(pattern, &host)));
    }
    if !when.branch.is_empty() && truth != Truth::No {
        truth = truth & branch(&when.branch, subject, lean);
    }
    if !when.hours.is_empty() {
        let each = when.hours.iter().map(|hours| in_hours(hours, circumstances.now, subject.world));
        truth = truth & Truth::any(each);
    }
    truth
}

/// A person whom nothing proves may be an agent or a job that hides: unsetting a variable makes no agent a person.
fn requester(patterns: &[String], circumstances: &Circumstances<'_>, lean: Lean) -> Truth {
    let is_match = patterns.iter().any(|pattern| text_matches(pattern, circumstances.requester));
    match (is_match, circumstances.is_proven, lean) {
        (true, false, Lean::Permit) => Truth::Maybe,
        (false, false, Lean::Restrict) if circumstances.requester.starts_with("human:") => Truth::Maybe,
        (is_match, _, _) => Truth::of(is_match),
    }
}

fn branch(patterns: &[String], subject: &Subject<'_>, lean: Lean) -> Truth {
    facts::matches(&subject.fact(Fact::GitBranch), patterns, lean)
}

/// Returns whether `now` lies in the hours that `text` writes; a zone that the machine does not know leaves it open.
fn in_hours(text: &str, now: Timestamp, world: &dyn World) -> Truth {
    let Ok(hours) = Hours::parse(text) else { return Truth::Maybe };
    let Some(zone) = zone(&hours.zone, world) else { return Truth::Maybe };
    let local = zone.to_datetime(now);
    let minute = u16::try_from(local.hour()).unwrap_or(0) * 60 + u16::try_from(local.minute()).unwrap_or(0);
    let weekday = usize::try_from(local.date().weekday().to_monday_zero_offset()).unwrap_or(0);
    Truth::of(hours.contain(weekday, minute))
}

fn zone(name: &str, world: &dyn World) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let path = Path::new("/usr/share/zoneinfo").join(name);
    TimeZone::tzif(name, &world.read(&path, 1 << 20)?).ok()
}
