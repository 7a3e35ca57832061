//! What a command that is asked about gets on standard input: an approval covers it.

use super::{Ending, Ends, Gate, Judged, Wish};
use crate::approval::Content;
use crate::error::Exit;
use crate::exec::{Input, LARGEST_INPUT, Unread};
use crate::gate::message::say_not_run;
use crate::moment::in_words;
use crate::report::{Next, Report};
use crate::ui;

/// The longest text that is shown, as with scripts.
const LONGEST_SHOWN: usize = 64 << 10;

/// Why an approval cannot cover what comes in.
pub(super) enum Unbound {
    Unread(Unread),
    /// It is code that no card can show.
    Unshowable,
}

impl From<Unread> for Unbound {
    fn from(unread: Unread) -> Unbound {
        Unbound::Unread(unread)
    }
}

impl Gate {
    /// Finds out what the command gets, and reads it where an approval is to cover it; says why that cannot be, if so.
    pub(super) fn take_input(&mut self, wish: &Wish, judged: &Judged) -> Option<Ending> {
        match self.input_to_ask_about(judged) {
            Ok(input) => {
                self.input = Some(input);
                None
            }
            Err(unbound) => Some(self.refuse_input(wish, judged, &unbound)),
        }
    }

    fn input_to_ask_about(&self, judged: &Judged) -> Result<Input, Unbound> {
        let own = Input::own();
        if !self.starts_it_itself() || judged.leaves_input_open() {
            return Ok(own);
        }
        let is_code = judged.reads_code();
        if own.is_stream() && !judged.reads_input() {
            return Ok(none()?);
        }
        // A file is bound as it is, whatever its length; but who decides reads what tells the command what to do.
        let is_told = is_code || own.is_short_file() && judged.is_instructed_by_input(&self.policy);
        if !(own.is_stream() || own.is_file() && is_told) {
            return Ok(own);
        }
        let input = self.read_input()?;
        let is_hidden = is_code && shown(&input).is_none() && !input.bytes().is_empty();
        if is_hidden { Err(Unbound::Unshowable) } else { Ok(input) }
    }

    /// Returns what was read, where it tells the command what to do: the approver reads it. What a program takes as its data is not
    /// shown: it may be a password.
    pub(super) fn told_on_input(&self, judged: &Judged) -> Option<String> {
        let is_told = || judged.reads_code() || judged.is_instructed_by_input(&self.policy);
        self.input.as_ref().filter(|_| is_told()).and_then(shown)
    }

    /// Takes what the request was made with, as far as this process has it: nothing can be had anywhere.
    pub(super) fn take_input_of(&mut self, content: &Content) -> Result<(), Unbound> {
        if self.input.is_none() && self.starts_it_itself() {
            let own = Input::own();
            self.input = Some(match content.input().kind.as_str() {
                "empty" => none()?,
                "bytes" if own.is_stream() || own.is_file() => self.read_input()?,
                _ => own,
            });
        }
        Ok(())
    }

    fn read_input(&self) -> Result<Input, Unread> {
        let slow = || {
            ui::say("reading standard input to its end: an approval covers it");
            ui::hint("a command that needs none can be given `< /dev/null`");
        };
        Input::read(self.patience(), |bytes| self.store.hmac(bytes), slow)
    }

    fn refuse_input(&self, wish: &Wish, judged: &Judged, unbound: &Unbound) -> Ending {
        ui::say(&format!("{}; nobody was asked, nothing was run", self.why_unbound(unbound)));
        say_not_run(&judged.shown(&wish.command));
        ui::hint(
            "put it into a file that the command names, or give it `< /dev/null`; \
             a rule with `unbound_input = true` leaves it open",
        );
        let report = Report { state: "BLOCKED".to_owned(), next: Some(Next::Input), ..judged.report() };
        Ending { report, ends: Ends::Gate(Exit::Refused) }
    }

    /// Returns why an approval cannot cover what comes in, in words.
    pub(super) fn why_unbound(&self, unbound: &Unbound) -> String {
        match unbound {
            Unbound::Unread(Unread::TooLong) => {
                format!(
                    "standard input holds more than {} MiB, which no approval covers",
                    LARGEST_INPUT >> 20
                )
            }
            Unbound::Unshowable => {
                let most = LONGEST_SHOWN >> 10;
                format!("standard input is code that no card can show (no text, or more than {most} KiB)")
            }
            Unbound::Unread(Unread::Endless) => {
                format!("standard input did not end within {}", in_words(self.patience()))
            }
            Unbound::Unread(Unread::System(errno)) => {
                format!("standard input cannot be read: {}", std::io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

/// Returns what was read as a text for a card; `None` where nothing was, or where it is none, or too long.
fn shown(input: &Input) -> Option<String> {
    let bytes = Some(input.bytes()).filter(|bytes| !bytes.is_empty() && bytes.len() <= LONGEST_SHOWN)?;
    String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'))
}

fn none() -> Result<Input, Unread> {
    Input::none().map_err(|error| Unread::System(error.raw_os_error().unwrap_or(libc::EIO)))
}
