//! `gate approve ID`, `gate reject ID` and `gate escalate ID`: one answer to one request, after its card has been shown.

use std::path::PathBuf;
use std::time::Duration;

use super::desk::{Desk, Named};
use super::signer::Signer;
use super::{Place, elsewhere};
use crate::approval::{Answer, Decision, GrantScope, Request, Terms, USUAL};
use crate::channel::QUOTE;
use crate::error::Exit;
use crate::policy::duration;
use crate::store::clock;
use crate::ui;

/// The arguments both have.
#[derive(clap::Args)]
pub(super) struct Given {
    /// The request's id, or its beginning
    id: String,
    /// Why; it is recorded, and the requester sees it
    #[arg(short = 'm', long, value_name = "TEXT")]
    comment: Option<String>,
    /// Don't ask again after showing the request
    #[arg(short, long)]
    yes: bool,
    /// Sign the decision with this key (a private key's file, or the `.pub` file of one in `ssh-agent`); `ssh-keygen` asks for passphrase and touch
    #[arg(short = 'k', long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print the text that this approver (a name, or a key's fingerprint) signs on another machine instead; nothing is decided
    #[arg(long, value_name = "NAME", conflicts_with_all = ["key", "comment", "yes", "signature"])]
    to_sign: Option<String>,
    /// Hand in what was signed elsewhere: FILE.sig, with the text in FILE beside it
    #[arg(long, value_name = "FILE.sig", conflicts_with_all = ["key", "comment", "yes"])]
    signature: Option<PathBuf>,
}

/// How far an approval reaches.
#[derive(clap::Args, Default)]
pub(super) struct Reach {
    /// Approve this many runs, the one that waits included
    #[arg(long, value_name = "N", conflicts_with = "signature")]
    uses: Option<u32>,
    /// Approve further runs for this long (2h, 30m, 7d); with --uses alone it is a day
    #[arg(long = "for", value_name = "DURATION", value_parser = lasting, conflicts_with = "signature")]
    lasts: Option<Duration>,
    /// What further runs may be: exactly this command, or any that only the same rules ask about, here
    #[arg(long, value_enum, value_name = "SCOPE", conflicts_with = "signature")]
    scope: Option<Scope>,
    /// Approve these lines of a plan, and no others (1,3-5)
    #[arg(long, value_name = "LINES", value_parser = lines, conflicts_with_all = ["uses", "lasts", "scope", "signature"])]
    only: Option<Lines>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Scope {
    Exact,
    Rule,
}

/// Lines of a plan, in order.
#[derive(Clone)]
struct Lines(Vec<u32>);

impl Reach {
    /// Returns the terms of the grant, if one is meant.
    pub(super) fn terms(&self) -> Option<Terms> {
        if self.is_unbounded() || (self.uses.is_none() && self.lasts.is_none()) {
            return None;
        }
        let scope = match self.scope {
            Some(Scope::Rule) => GrantScope::Rule,
            Some(Scope::Exact) | None => GrantScope::Exact,
        };
        Some(Terms { scope, uses: self.uses, lasts: self.lasts.unwrap_or(USUAL) })
    }

    /// Claims that a scope is named, and neither how often nor how long.
    fn is_unbounded(&self) -> bool {
        self.scope.is_some() && self.uses.is_none() && self.lasts.is_none()
    }

    /// Returns the lines of a plan that are named.
    pub(super) fn lines(&self) -> Vec<u32> {
        self.only.as_ref().map(|lines| lines.0.clone()).unwrap_or_default()
    }
}

fn lasting(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "expected a duration like `30m`, `2h` or `7d`".to_owned())
}

/// Reads `1,3-5`.
fn lines(text: &str) -> Result<Lines, String> {
    let wrong = || format!("`{text}` is no list of lines, expected one like `1,3-5`");
    let mut lines = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        let (first, last) = (number(first)?, number(last)?);
        if first == 0 || first > last || last > MOST_LINES {
            return Err(wrong());
        }
        lines.extend(first..=last);
    }
    lines.sort_unstable();
    lines.dedup();
    Ok(Lines(lines))
}

/// The longest plan that lines are named of.
const MOST_LINES: u32 = 10_000;

/// `gate approve`
pub(super) mod approve {
    use super::{Answer, Exit, Given, Place, Reach};

    /// Approve a request: its command runs, once, exactly as shown
    #[derive(clap::Args)]
    #[command(after_help = "Examples:
  gate approve 7KQ2                  show it, ask, approve
  gate approve 7KQ2 -m 'go ahead'    with a comment
  gate approve 7KQ2 --for 1h         and the same command again for an hour, without asking
  gate approve 7KQ2 --uses 5 --scope rule   and 4 more that only the same rules ask about
  gate approve 7KQ2 --only 1,3-5     these lines of a plan
  gate approve 7KQ2 --key ~/.ssh/id_ed25519_sk    signed with a security key: touch it when it blinks
  gate approve 7KQ2 --to-sign mara > 7KQ2.json    what mara signs on her own machine
  gate approve 7KQ2 --signature 7KQ2.json.sig     hand in what she has signed
You must sit at a terminal in another session than the one that asked.")]
    pub(crate) struct Args {
        #[command(flatten)]
        given: Given,
        #[command(flatten)]
        reach: Reach,
    }

    /// Shows the request and approves it.
    pub(crate) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
        super::run(Answer::Approve, &args.given, &args.reach, place)
    }
}

/// `gate reject`
pub(super) mod reject {
    use super::{Answer, Exit, Given, Place, Reach};

    /// Reject a request: its command does not run
    #[derive(clap::Args)]
    #[command(after_help = "Examples:
  gate reject 7KQ2 -m 'not during the release'
An approval that was not used yet is taken back the same way.")]
    pub(crate) struct Args {
        #[command(flatten)]
        given: Given,
    }

    /// Shows the request and rejects it.
    pub(crate) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
        super::run(Answer::Reject, &args.given, &Reach::default(), place)
    }
}

/// `gate escalate`
pub(super) mod escalate {
    use super::{Answer, Exit, Given, Place, Reach};

    /// Hand a request on to the approvers of its next step
    #[derive(clap::Args)]
    #[command(after_help = "Example:
  gate escalate 7KQ2 -m 'not mine to decide'")]
    pub(crate) struct Args {
        #[command(flatten)]
        given: Given,
    }

    /// Shows the request and hands it on.
    pub(crate) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
        super::run(Answer::Escalate, &args.given, &Reach::default(), place)
    }
}

fn run(answer: Answer, given: &Given, reach: &Reach, place: &Place) -> anyhow::Result<Exit> {
    if reach.is_unbounded() {
        ui::say(
            "`--scope` says what a grant covers; say how often or how long too, with `--uses` or `--for`",
        );
        return Ok(Exit::Usage);
    }
    if let Some(whose) = &given.to_sign {
        return elsewhere::to_sign(answer, (&given.id, whose), reach, place);
    }
    if let Some(file) = &given.signature {
        return elsewhere::hand_in(answer, &given.id, file, place);
    }
    // Reading first: a mistyped id makes no store.
    let Named::One(request) = Desk::reading(place)?.find(&given.id)? else { return Ok(Exit::No) };
    let mut desk = Desk::writing(place)?;
    let mut card = desk.card(&request, clock::now())?;
    if let Some(terms) = reach.terms() {
        card.grants(&request, terms);
    }
    let is_shown = ui::show_card(&card.text(), QUOTE);
    let key = given.key.as_deref();
    // A rejection needs no key: it waits for none that nobody asked for.
    let signer = match answer {
        Answer::Reject if key.is_none() => None,
        _ => Signer::choose(key, &desk.config, &desk.people)?,
    };
    let made = || -> anyhow::Result<Decision> {
        let decision = desk.decision(&request, answer, given.comment.clone(), card.digest());
        let mut decision = Decision { grant: reach.terms(), only: reach.lines(), ..decision };
        decision.left_out = (!is_shown).then(|| "the request".to_owned());
        signer.as_ref().map_or(Ok(()), |signer| signer.prepare(&mut decision, &request))?;
        Ok(decision)
    };
    // Who may not decide is told at once, and the attempt is recorded.
    let first = made()?;
    let is_linked = desk.people.linked(&first.approver.name, &request).is_some();
    let may = first.check(&request, clock::now()).is_ok() && !is_linked && request.state().is_open();
    if may && !given.yes && !sure(answer, &request)? {
        ui::say(&format!("left {} as it is", request.id));
        return Ok(Exit::No);
    }
    let mut decision = made()?;
    if may {
        desk.sign(&mut decision, signer.as_ref())?;
    }
    desk.decide(&request, &decision)
}

fn sure(answer: Answer, request: &Request) -> anyhow::Result<bool> {
    let typed = ui::ask(&format!("\n{} {}? [y/N] ", answer.name(), request.id))?;
    Ok(matches!(typed.trim(), "y" | "Y" | "yes"))
}
