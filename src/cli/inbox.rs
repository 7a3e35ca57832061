//! `gate inbox`: the approver's live list. Read a request, answer it, on to the next.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use super::desk::{Desk, about_incident};
use super::signer::Signer;
use super::{Place, requests};
use crate::approval::{
    Answer, Assurance, GrantLimit, GrantScope, Incident, Listed, Reach, Request, RequestId, State, Terms,
    is_expired,
};
use crate::channel::{self, granted};
use crate::error::Exit;
use crate::moment::Moment;
use crate::policy::duration;
use crate::store::{Which, clock};
use crate::ui::{self, Heard};

/// Read and answer what waits for a decision
#[derive(clap::Args)]
#[command(
    after_help = "The list keeps itself up to date. Type a number to read a request, then approve it, reject it, or leave it.
You must sit at a terminal in another session than the one that asked."
)]
pub(super) struct Args {}

/// How many requests are listed at most: a person reads the riskiest first.
const MOST_SHOWN: usize = 50;

/// What a person does with one request.
enum Choice {
    Leave,
    Answer(Answer),
    /// Approve it, and more of the same for a while.
    Grant,
    Quit,
}

/// Shows the list until the person leaves.
pub(super) fn run(_args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let mut desk = Desk::writing(place)?;
    if desk.origin().tty.is_none() {
        ui::say("the inbox needs a person at a terminal, and there is none here");
        ui::hint("`gate requests` lists what waits");
        return Ok(Exit::No);
    }
    let mut known: Option<HashSet<RequestId>> = None;
    loop {
        desk.store.sweep(clock::now())?;
        let waiting = waiting(&desk)?;
        let incident = desk.store.incident()?;
        if let Some(incident) = &incident {
            ui::answer(&about_incident(incident, clock::now()));
        }
        show(&waiting, known.as_ref());
        known = Some(ids(&waiting).collect());
        let mut stamp = desk.store.stamp()?;
        match ui::hear(question(&waiting), || is_changed(&desk, (&waiting, incident.as_ref()), &mut stamp))? {
            Heard::Change => ui::answer(""),
            Heard::End => return Ok(Exit::Done),
            Heard::Line(line) if matches!(line.trim(), "q" | "quit" | "exit") => return Ok(Exit::Done),
            Heard::Line(line) => {
                let Some(request) = chosen(&waiting, line.trim()) else { continue };
                if deal(&mut desk, request)? {
                    return Ok(Exit::Done);
                }
            }
        }
    }
}

/// Returns what waits for a decision: the riskiest first, then the oldest.
fn waiting(desk: &Desk) -> anyhow::Result<Vec<Request>> {
    let now = clock::now();
    let mut waiting = desk.store.requests(Which::Open)?;
    waiting.retain(|request| request.state() == State::Pending && !is_expired(request, now));
    waiting.sort_by_key(|request| std::cmp::Reverse(request.ask.risk));
    Ok(waiting)
}

/// Claims that the list is no longer `shown`. It is only read again where somebody has written since `stamp`.
fn is_changed(
    desk: &Desk,
    (shown, incident): (&[Request], Option<&Incident>),
    stamp: &mut i64,
) -> anyhow::Result<bool> {
    let now = clock::now();
    let before = std::mem::replace(stamp, desk.store.stamp()?);
    if *stamp == before {
        return Ok(shown.iter().any(|request| is_expired(request, now)));
    }
    Ok(!ids(&waiting(desk)?).eq(ids(shown)) || desk.store.incident()?.as_ref() != incident)
}

fn ids(requests: &[Request]) -> impl Iterator<Item = RequestId> {
    requests.iter().map(|request| request.id)
}

/// Prints the head of the list, and rings for what was not there before.
fn show(waiting: &[Request], known: Option<&HashSet<RequestId>>) {
    let is_new = |request: &Request| known.is_some_and(|known| !known.contains(&request.id));
    if waiting.iter().any(is_new) {
        ui::ring("a new request waits for a decision");
    }
    ui::answer(&listed(waiting, clock::now(), channel::width()));
}

/// Returns the head of the list, a numbered line of at most `width` columns for each request.
fn listed(waiting: &[Request], now: Moment, width: usize) -> String {
    let line = |(n, request): (usize, &Request)| {
        let line = requests::line(&Listed::of(request), now, width.saturating_sub(5));
        let step = channel::steps(request, now).map_or(String::new(), |step| format!("\n     step {step}"));
        format!("{:>3}  {line}{step}", n + 1)
    };
    let mut lines: Vec<String> = waiting.iter().enumerate().take(MOST_SHOWN).map(line).collect();
    match waiting.len() {
        0 => lines.push("nothing waits for a decision".to_owned()),
        all if all > MOST_SHOWN => {
            lines.push(format!("and {} more, which `gate requests` lists", all - MOST_SHOWN));
        }
        _ => {}
    }
    lines.join("\n")
}

fn question(waiting: &[Request]) -> &'static str {
    match waiting.len() {
        0 => "new requests appear here by themselves; q leaves: ",
        1 => "Enter reads it, q leaves: ",
        _ => "a number reads that request (Enter: the first), q leaves: ",
    }
}

fn chosen<'a>(waiting: &'a [Request], typed: &str) -> Option<&'a Request> {
    if typed.is_empty() {
        return waiting.first();
    }
    let number = typed.parse::<usize>().ok().and_then(|number| waiting.get(number.checked_sub(1)?));
    if number.is_none() {
        ui::say(&format!("`{}` is no number of the list", crate::command::visible(typed.as_bytes())));
    }
    number
}

/// Shows one request and takes an answer to it; claims that the person wants to leave.
fn deal(desk: &mut Desk, request: &Request) -> anyhow::Result<bool> {
    let now = clock::now();
    let mut card = desk.card(request, now)?;
    let mut is_shown = ui::show_card(&format!("\n{}\n", card.text()), channel::QUOTE);
    let mut terms = None;
    let answer = match choose(request, now)? {
        Choice::Leave => return Ok(false),
        Choice::Quit => return Ok(true),
        Choice::Answer(answer) => answer,
        Choice::Grant => {
            let Some((asked, is_told)) = terms_for(request)? else { return Ok(false) };
            is_shown &= is_told;
            card.grants(request, asked);
            terms = Some(asked);
            Answer::Approve
        }
    };
    let prompt = match answer {
        Answer::Reject => "why not (the requester sees it; may be empty): ",
        Answer::Approve | Answer::Escalate => "comment (recorded; may be empty): ",
    };
    let comment = Some(ui::ask(prompt)?.trim().to_owned()).filter(|text| !text.is_empty());
    let signer = match answer {
        Answer::Reject => None,
        Answer::Approve | Answer::Escalate => signer(desk, request)?,
    };
    let mut decision = desk.decision(request, answer, comment, card.digest());
    decision.left_out = (!is_shown).then(|| "the request".to_owned());
    decision.grant = terms;
    signer.as_ref().map_or(Ok(()), |signer| signer.prepare(&mut decision, request))?;
    match desk.sign(&mut decision, signer.as_ref()) {
        Ok(()) => drop(desk.decide(request, &decision)?),
        Err(error) => ui::error(&error.context("nothing is decided")),
    }
    Ok(false)
}

/// Returns the key to sign with: the configured one, or one that the person names where the request needs more than a terminal gives.
fn signer(desk: &Desk, request: &Request) -> anyhow::Result<Option<Signer>> {
    let needed = request.ask.requirement.assurance;
    if needed <= Assurance::Tty || desk.config.settings.local.key.is_some() {
        return Signer::choose(None, &desk.config, &desk.people);
    }
    let typed = ui::ask(&format!("it needs `{needed}`; the file of your key (empty: none): "))?;
    let path = Some(typed.trim()).filter(|path| !path.is_empty()).map(PathBuf::from);
    match path.map(|path| Signer::choose(Some(&path), &desk.config, &desk.people)) {
        Some(Err(error)) => {
            ui::error(&error);
            Ok(None)
        }
        chosen => chosen.unwrap_or(Ok(None)),
    }
}

fn choose(request: &Request, now: crate::moment::Moment) -> anyhow::Result<Choice> {
    let mut items = vec![
        ("leave it for now", Choice::Leave),
        ("approve: it runs, once, exactly as shown", Choice::Answer(Answer::Approve)),
        ("reject: it does not run", Choice::Answer(Answer::Reject)),
    ];
    if request.ask.requirement.grant > GrantLimit::Once
        && request.ask.reach > Reach::Once
        && !request.is_plan()
    {
        items.push((
            "approve it, and the same again for a while: you say how often and how long",
            Choice::Grant,
        ));
    }
    if (request.step(now) as usize) < request.ask.requirement.escalate.len() {
        items.push(("escalate: hand it on to the next approvers", Choice::Answer(Answer::Escalate)));
    }
    items.push(("leave the inbox", Choice::Quit));
    let (names, mut choices): (Vec<&str>, Vec<Choice>) = items.into_iter().unzip();
    let picked = ui::choose(&request.id.to_string(), &names)?;
    Ok(picked.map_or(Choice::Leave, |n| choices.swap_remove(n)))
}

/// Asks what an approval is to cover beyond this run, and shows it; `None` if the person would rather not. Claims that it was shown.
fn terms_for(request: &Request) -> anyhow::Result<Option<(Terms, bool)>> {
    let typed = ui::ask("for how long (30m, 2h, 7d; empty: 1h): ")?;
    let lasts = if typed.trim().is_empty() { Some(HOUR) } else { duration(typed.trim()) };
    let typed = ui::ask("how many runs, this one included (empty: any number): ")?;
    let uses = if typed.trim().is_empty() { Ok(None) } else { typed.trim().parse::<u32>().map(Some) };
    let typed = match request.ask.reach {
        Reach::Rule => {
            ui::ask("of exactly this command (Enter), or of any that only the same rules ask about (rule): ")?
        }
        Reach::Exact | Reach::Once => String::new(),
    };
    let scope = match typed.trim() {
        "" | "exact" => Some(GrantScope::Exact),
        "rule" => Some(GrantScope::Rule),
        _ => None,
    };
    let (Some(lasts), Ok(uses), Some(scope)) = (lasts, uses, scope) else {
        ui::say("that is no length of time, number or scope; nothing is decided");
        return Ok(None);
    };
    let terms = Terms { scope, uses, lasts };
    if let Err(why) = terms.check(request.ask.requirement.grant, request.ask.reach) {
        ui::say(&why.to_string());
        return Ok(None);
    }
    let is_told = ui::show(&format!("this would grant\n  {}", granted(request, terms).join("\n  ")));
    let sure = ui::ask("grant it? [y/N] ")?;
    Ok(matches!(sure.trim(), "y" | "Y" | "yes").then_some((terms, is_told)))
}

/// How long a grant lasts where a person says nothing.
const HOUR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{ask, at, request};

    #[test]
    fn the_head_of_a_long_list_is_shown() {
        let waiting = vec![request(ask("git.force-push")); MOST_SHOWN + 3];
        let listed = |count: usize| {
            let text = listed(&waiting[..count], at(0), 100);
            (text.lines().count(), text.lines().next_back().unwrap().to_owned())
        };
        assert_eq!(listed(0), (1, "nothing waits for a decision".to_owned()));
        let (lines, last) = listed(MOST_SHOWN);
        assert!(lines == MOST_SHOWN && last.starts_with(" 50  "), "{lines}: {last}");
        assert_eq!(listed(MOST_SHOWN + 3), (51, "and 3 more, which `gate requests` lists".to_owned()));
    }
}
