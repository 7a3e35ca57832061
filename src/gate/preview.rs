//! Previews: what read-only commands show of what a command would do, run by the requester's own gate when somebody is asked.
//!
//! MUST rules:
//! 1. A preview is judged like any other command, and run only where the policy allows it.
//! 2. One that is not run, fails or is cut short is said to be, and keeps nothing from being asked.
//! 3. What is kept of it is without secrets; the commitment to it is to every byte.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Gate, Judged};
use crate::approval::{Approved, Ask, Content, Preview, PreviewEnd, Printed, Reach, Request};
use crate::audit::redact::{self, Depth};
use crate::command::{Command, Source, quoted, visible};
use crate::exec::{self, Host, Limits};
use crate::policy::{self, Circumstances, Made, Show, Verdict, Wanted, duration};
use crate::store::clock;
use crate::world::World as _;

/// The most previews of one request: each makes its requester wait.
const MOST: usize = 4;

/// How long one may take, where the policy does not say.
const USUAL_TIME: Duration = Duration::from_secs(5);

const SEAL: &[u8] = b"gate-preview-v1\n";

/// What running a preview came to.
enum Came {
    Printed(Vec<u8>, PreviewEnd),
    NotRun(String),
}

impl Gate {
    /// Returns what is to be shown of what `judged` asks about.
    pub(super) fn wanted<'a>(&self, judged: &'a Judged, start: &Path) -> Vec<(Wanted, &'a Judged)> {
        let host = judged.meaning.host(&self.config.host);
        let mut all =
            policy::previews(&judged.meaning.analysis, &judged.judgement, &self.policy, host, start);
        // What the start will depend on comes first: the others may be too many.
        all.sort_by_key(|wanted| !wanted.show.stable);
        all.into_iter().map(|wanted| (wanted, judged)).collect()
    }

    /// Adds to `ask` what the previews show that are `wanted`. They are only run where somebody will read them: not where the same
    /// requester asks for the same already, or a grant covers it.
    pub(super) fn look_ahead(
        &self,
        wanted: &[(Wanted, &Judged)],
        start: &Path,
        content: &Content,
        ask: &mut Ask,
    ) -> anyhow::Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        if wanted.iter().any(|(one, _)| one.show.stable) {
            ask.reach = Reach::Once;
        }
        let is_read = self.store.is_new(clock::now(), content, ask)?;
        ask.previews = self.previews(wanted, start, is_read);
        Ok(())
    }

    /// Runs what is `wanted` of what was judged, and returns what it showed; where nobody will read it, it is not run.
    pub(super) fn previews(&self, wanted: &[(Wanted, &Judged)], start: &Path, is_read: bool) -> Vec<Preview> {
        let mut all = Vec::new();
        let mut left_out = 0;
        for (at, (wanted, judged)) in wanted.iter().enumerate() {
            let came = match (is_read, at < MOST) {
                (true, true) => self.shown(wanted, judged, start),
                // It cannot be held to what nobody has seen.
                (true, false) if wanted.show.stable => Came::NotRun(too_many()),
                (true, false) => {
                    left_out += 1;
                    continue;
                }
                (false, _) => {
                    Came::NotRun("a request for the same was there when it was asked for".to_owned())
                }
            };
            all.push(self.preview(wanted, came));
        }
        if left_out > 0 {
            let show = Rc::new(Show { what: format!("{left_out} more"), ..Show::default() });
            let made = Err(too_many());
            all.push(self.preview(&Wanted { show, made }, Came::NotRun(too_many())));
        }
        all
    }

    /// Returns why `request`, which is judged anew, may not start by what its previews show now.
    pub(super) fn unlike_shown(&self, request: &Request, judged: &Judged) -> Option<String> {
        let shown = &request.ask.previews;
        if !shown.iter().any(|preview| preview.stable) {
            return None;
        }
        let start = &request.command().cwd;
        for ((wanted, _), before) in self.wanted(judged, start).iter().zip(shown) {
            if !before.stable {
                continue;
            }
            let now = self.preview(wanted, self.shown(wanted, judged, start));
            if now.seal != before.seal {
                return Some(differs(before, &now));
            }
        }
        None
    }

    fn shown(&self, wanted: &Wanted, judged: &Judged, start: &Path) -> Came {
        let made = match &wanted.made {
            Ok(made) => made,
            Err(why) => return Came::NotRun(why.clone()),
        };
        let host = judged.meaning.host(&self.config.host);
        let approved = match self.permitted(made, host, start) {
            Ok(approved) => approved,
            Err(why) => return Came::NotRun(why),
        };
        match exec::preview(approved, host, variables(&wanted.show, made, host), limits(&wanted.show)) {
            Ok((bytes, end)) => Came::Printed(bytes, end),
            Err(problem) => Came::NotRun(problem.to_string()),
        }
    }

    /// Rule 1.
    fn permitted(&self, made: &Made, host: &Host, start: &Path) -> Result<Approved, String> {
        let label = self.requester.label();
        let around = Circumstances {
            requester: &label,
            is_proven: self.requester.asserted.is_empty(),
            start,
            now: Timestamp::now(),
        };
        let analysis = made.analysis(host, &self.policy);
        let judgement = policy::judge(&analysis, &self.policy, host, &around);
        let may = judgement.verdict == Verdict::Allow && analysis.files.is_empty();
        let approved = may.then(|| Approved::by_judgement(made.command.clone(), &judgement)).flatten();
        approved.ok_or_else(|| match judgement.decisive() {
            Some(hit) => format!("the policy does not allow it: rule `{}`: {}", hit.rule, hit.reason),
            None => format!("the policy does not allow it: {}", judgement.reason()),
        })
    }

    fn preview(&self, wanted: &Wanted, came: Came) -> Preview {
        let show = &wanted.show;
        let command = wanted.made.as_ref().ok().map(|made| line(&made.command));
        let mut sealed = SEAL.to_vec();
        let (not_run, printed) = match came {
            Came::NotRun(why) => {
                sealed.extend(why.as_bytes());
                (Some(visible(why.as_bytes())), None)
            }
            Came::Printed(bytes, end) => {
                sealed.extend(format!("{end:?}\n").as_bytes());
                sealed.extend(&bytes);
                let failed = !matches!(end, PreviewEnd::Exited(code) if code == 0 || show.codes.contains(&code.into()));
                (None, Some(Printed { lines: lines(&bytes), end, failed }))
            }
        };
        let seal = self.store.hmac(&sealed);
        Preview { what: visible(show.what.as_bytes()), command, not_run, printed, stable: show.stable, seal }
    }
}

/// Returns what a plan wants to show of one of its lines, under the number of that line.
pub(super) fn of_line(line: u32, one: Wanted) -> Wanted {
    let what = format!("line {line}: {}", one.show.what);
    Wanted { show: Rc::new(Show { what, ..(*one.show).clone() }), ..one }
}

fn too_many() -> String {
    format!("at most {MOST} are run for one request")
}

/// Returns the command in one line, without secrets.
fn line(command: &Command) -> String {
    let words = match &command.source {
        Source::Argv(words) => redact::words(words, Depth::Record).words,
        Source::Script { text, .. } => vec![redact::text(text, Depth::Record).0],
    };
    visible(&words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(&b' '))
}

/// Rule 3.
fn lines(bytes: &[u8]) -> Vec<String> {
    let clean = redact::printed(bytes);
    if clean.is_empty() {
        return Vec::new();
    }
    let whole = clean.strip_suffix(b"\n").unwrap_or(&clean);
    whole.split(|byte| *byte == b'\n').map(|line| visible(line.strip_suffix(b"\r").unwrap_or(line))).collect()
}

fn limits(show: &Show) -> Limits {
    let time = show.timeout.as_deref().and_then(duration).unwrap_or(USUAL_TIME);
    Limits { time, bytes: show.bytes.unwrap_or(Show::USUAL_BYTES) }
}

/// Returns the variables that the preview gets: of those that gate has, then of those that the command is given, then what its
/// definition sets.
fn variables(show: &Show, made: &Made, host: &Host) -> Vec<(Vec<u8>, Vec<u8>)> {
    let takes = |name: &String| show.takes_variable(name);
    let inherited = host.var_names().into_iter().filter(takes);
    // One that is there twice has no value that every program agrees on.
    let inherited = inherited.filter_map(|name| Some((name.clone().into_bytes(), host.var(&name)?)));
    let mut all: Vec<(Vec<u8>, Vec<u8>)> = inherited.filter(|(_, value)| !value.contains(&0)).collect();
    all.extend(made.set.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone())));
    let fixed =
        [("TERM", "dumb"), ("PAGER", "cat")].into_iter().map(|(name, value)| (name.into(), value.into()));
    all.extend(fixed.map(|(name, value): (String, String)| (name.into_bytes(), value.into_bytes())));
    all.extend(show.set.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes())));
    all
}

/// Returns that a preview shows something else now, with the first lines that tell the two apart.
fn differs(before: &Preview, now: &Preview) -> String {
    let lines =
        |preview: &Preview| preview.printed.as_ref().map(|printed| printed.lines.clone()).unwrap_or_default();
    let (old, new) = (lines(before), lines(now));
    let only = |these: &[String], those: &[String]| {
        these.iter().find(|line| !those.contains(line)).map(|line| line.chars().take(200).collect::<String>())
    };
    let told = match (only(&old, &new), only(&new, &old)) {
        (None, None) => match &now.not_run {
            Some(why) => format!("it is not run now: {why}"),
            None => "in its end, or in the order or number of its lines".to_owned(),
        },
        (gone, come) => {
            let gone = gone.map(|line| format!("gone: `{}`", line.trim()));
            let come = come.map(|line| format!("new: `{}`", line.trim()));
            gone.into_iter().chain(come).collect::<Vec<_>>().join(", ")
        }
    };
    format!("the preview of {} shows something else than when it was asked for ({told})", before.what)
}
