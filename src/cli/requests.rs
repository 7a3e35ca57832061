//! `gate requests`: what waits for a decision.

use super::desk::Desk;
use super::{Place, request_json};
use crate::approval::{Listed, is_expired};
use crate::channel::{self, cut};
use crate::command::visible;
use crate::error::Exit;
use crate::moment::Moment;
use crate::store::{Which, clock};
use crate::ui;

/// List the requests that wait for a decision or for their start
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate requests
  gate requests --all --json | jq -r '.[] | [.id, .state, .text] | @tsv'")]
pub(super) struct Args {
    /// List those too that are done, rejected or expired
    #[arg(long)]
    all: bool,
    /// Print a JSON array; each element has an `id`
    #[arg(long)]
    json: bool,
}

/// Prints one line a request, oldest first.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let now = clock::now();
    if args.json {
        ui::answer(&array(place, args.all, now)?);
        return Ok(Exit::Done);
    }
    let lines = lines(place, args.all, now)?;
    match lines.strip_suffix('\n') {
        None => ui::say("nothing waits for a decision"),
        Some(lines) => ui::answer(lines),
    }
    Ok(Exit::Done)
}

fn which(all: bool) -> Which {
    if all { Which::All } else { Which::Open }
}

/// Returns the array as text, of which each element is written at once: all of them as values would take much more room.
fn array(place: &Place, all: bool, now: Moment) -> anyhow::Result<String> {
    let mut array = String::from("[");
    if let Some(desk) = Desk::reading_if_there(place)? {
        desk.store.each_request(which(all), |request| {
            if all || !is_expired(&request, now) {
                array.push_str(if array.len() > 1 { "," } else { "" });
                array.push_str(&request_json::of(&request, now).to_string());
            }
        })?;
    }
    Ok(array + "]")
}

fn lines(place: &Place, all: bool, now: Moment) -> anyhow::Result<String> {
    let mut lines = String::new();
    let Some(desk) = Desk::reading_if_there(place)? else { return Ok(lines) };
    let width = channel::width();
    desk.store.each_listed(which(all), |request| {
        if all || !request.term.is_expired(now) {
            lines.push_str(&line(&request, now, width));
            lines.push('\n');
        }
    })?;
    Ok(lines)
}

/// Returns a request in one line of at most `width` columns; the card has the rest.
pub(super) fn line(request: &Listed, now: Moment, width: usize) -> String {
    let state = request.term.state(now);
    let name = state.name().to_ascii_lowercase();
    let when = match state.is_open() {
        true => crate::moment::in_words(request.term.remaining(now)) + " left",
        false => String::new(),
    };
    let (risk, who) = (request.risk.word(), visible(request.requester.as_bytes()));
    let mut line = request.id.to_string() + "  ";
    let cells = [(name.as_str(), 9), (risk, 8), (&when, 16), (&cut(&who, 24), 18)];
    for (cell, columns) in cells {
        push_padded(&mut line, cell, columns);
    }
    let room = width.saturating_sub(line.chars().count()).max(20);
    line.push_str(&cut(&visible(beginning(&request.text, room)), room));
    line
}

/// Appends `cell` with blanks behind it up to `columns`, and one more.
fn push_padded(line: &mut String, cell: &str, columns: usize) {
    line.push_str(cell);
    line.extend(std::iter::repeat_n(' ', columns.saturating_sub(cell.chars().count()) + 1));
}

/// Returns of `text` what certainly fills `room` columns, if it is that long: each four bytes show as two columns at least.
fn beginning(text: &[u8], room: usize) -> &[u8] {
    &text[..text.len().min(2 * room + 8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_where_the_line_is_full_however_much_of_it_is_looked_at() {
        for piece in ["a", "ü", "\u{4e00}", "\u{1f600}", "\u{202e}", "a\u{1f600}", "\n"] {
            let text = piece.repeat(300);
            for room in [20, 21, 22, 23, 81] {
                let whole = cut(&visible(text.as_bytes()), room);
                assert_eq!(cut(&visible(beginning(text.as_bytes(), room)), room), whole, "{piece} {room}");
            }
        }
        assert_eq!(beginning(b"short", 20), b"short");
    }
}
