//! `gate inbox`: the approver's live list. Read a request, answer it, on to the next.

use super::desk::Desk;
use super::{Place, requests};
use crate::approval::{Answer, Request, RequestId, State, is_expired};
use crate::channel;
use crate::error::Exit;
use crate::store::{Which, clock};
use crate::ui::{self, Heard};

/// Read and answer what waits for a decision
#[derive(clap::Args)]
#[command(
    after_help = "The list keeps itself up to date. Type a number to read a request, then approve it, reject it, or leave it.
You must sit at a terminal in another session than the one that asked."
)]
pub(super) struct Args {}

/// What a person does with one request.
enum Choice {
    Leave,
    Answer(Answer),
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
    let mut known: Option<Vec<RequestId>> = None;
    loop {
        desk.store.sweep(clock::now())?;
        let waiting = waiting(&desk)?;
        show(&waiting, known.as_deref());
        known = Some(ids(&waiting));
        let mut stamp = desk.store.stamp()?;
        match ui::hear(question(&waiting), || is_changed(&desk, &waiting, &mut stamp))? {
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
fn is_changed(desk: &Desk, shown: &[Request], stamp: &mut i64) -> anyhow::Result<bool> {
    let now = clock::now();
    let before = std::mem::replace(stamp, desk.store.stamp()?);
    if *stamp == before {
        return Ok(shown.iter().any(|request| is_expired(request, now)));
    }
    Ok(ids(&waiting(desk)?) != ids(shown))
}

fn ids(requests: &[Request]) -> Vec<RequestId> {
    requests.iter().map(|request| request.id).collect()
}

/// Prints the list, and rings for what was not there before.
fn show(waiting: &[Request], known: Option<&[RequestId]>) {
    let is_new = |request: &Request| known.is_some_and(|known| !known.contains(&request.id));
    if waiting.iter().any(is_new) {
        ui::ring();
    }
    let (now, width) = (clock::now(), channel::width());
    let line =
        |(n, request)| format!("{:>3}  {}", n + 1, requests::line(request, now, width.saturating_sub(5)));
    let lines: Vec<String> = waiting.iter().enumerate().map(line).collect();
    if lines.is_empty() {
        ui::answer("nothing waits for a decision");
    } else {
        ui::answer(&lines.join("\n"));
    }
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
    let card = desk.card(request, now)?;
    ui::answer(&format!("\n{}\n", card.text()));
    let answer = match choose(request, now)? {
        Choice::Leave => return Ok(false),
        Choice::Quit => return Ok(true),
        Choice::Answer(answer) => answer,
    };
    let prompt = match answer {
        Answer::Reject => "why not (the requester sees it; may be empty): ",
        Answer::Approve | Answer::Escalate => "comment (recorded; may be empty): ",
    };
    let comment = Some(ui::ask(prompt)?.trim().to_owned()).filter(|text| !text.is_empty());
    let decision = desk.decision(request, answer, comment, card.digest());
    desk.decide(request, &decision)?;
    Ok(false)
}

fn choose(request: &Request, now: crate::moment::Moment) -> anyhow::Result<Choice> {
    let mut items = vec![
        ("leave it for now", Choice::Leave),
        ("approve: it runs, once, exactly as shown", Choice::Answer(Answer::Approve)),
        ("reject: it does not run", Choice::Answer(Answer::Reject)),
    ];
    if (request.step(now) as usize) < request.ask.requirement.escalate.len() {
        items.push(("escalate: hand it on to the next approvers", Choice::Answer(Answer::Escalate)));
    }
    items.push(("leave the inbox", Choice::Quit));
    let (names, mut choices): (Vec<&str>, Vec<Choice>) = items.into_iter().unzip();
    let picked = ui::choose(&request.id.to_string(), &names)?;
    Ok(picked.map_or(Choice::Leave, |n| choices.swap_remove(n)))
}
