//! The signatures in a log: each decision that was signed, and each that had to be.

use jiff::Timestamp;
use serde_json::Value;

use super::people::People;
use super::sshsig::Signature;
use crate::approval::{Assurance, Decision, NAMESPACE, Purpose, statement_of, sworn_statement};
use crate::moment::{BootId, Moment};

/// Goes through a log's decisions, entry by entry.
#[derive(Debug)]
pub struct Signatures<'a> {
    people: &'a People,
    held: u64,
    unnamed: Vec<u64>,
}

/// What is wrong with a decision's signature: what was expected, and what was found.
pub type Wrong = (String, String);

impl<'a> Signatures<'a> {
    /// Returns one that knows these people's keys.
    pub fn of(people: &'a People) -> Signatures<'a> {
        Signatures { people, held: 0, unnamed: Vec::new() }
    }

    /// Takes the bytes of the entry `seq`; one that is no decision says nothing here.
    pub fn take(&mut self, seq: u64, bytes: &[u8]) -> Result<(), Wrong> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        // Only what cannot be a decision, however it is written, is passed over unread.
        if !text.contains("\"decision\"") && !text.contains("\\u00") {
            return Ok(());
        }
        let entry: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let change = entry["data"]["change"].as_str().unwrap_or_default();
        let purpose = Purpose::of_change(change).filter(|_| entry["type"] == "break_glass");
        if let Some(purpose) = purpose {
            return self.sworn(seq, &entry, purpose);
        }
        if entry["type"] != "decision" && (entry["type"] != "grant.revoked" || entry["decision"].is_null()) {
            return Ok(());
        }
        let decision = &entry["decision"];
        let claimed = decision["assurance"].as_str().and_then(Assurance::parse).unwrap_or(Assurance::Tty);
        let Some(signature) = decision["signature"].as_str() else {
            let found =
                (format!("a signature, without which nothing is worth `{claimed}`"), "none".to_owned());
            return if claimed > Assurance::Tty { Err(found) } else { Ok(()) };
        };
        let holds = "a signature over the decision".to_owned();
        let read = Signature::parse(signature).map_err(|why| (holds.clone(), why.to_string()))?;
        let presence =
            read.verify(NAMESPACE, &statement_of(decision)).map_err(|why| (holds, why.to_string()))?;
        if claimed == Assurance::Hardware && !(presence.touched && read.key().kind().is_hardware()) {
            let found = format!("one by {} that was not touched", read.key().kind().name());
            return Err(("a signature by a security key that was touched".to_owned(), found));
        }
        self.hold(seq, &entry, decision["approver"].as_str().unwrap_or_default(), &read);
        Ok(())
    }

    /// A glass is broken, and a review given, with a signature worth `key` at least, over the log and the entry that it stands in.
    fn sworn(&mut self, seq: u64, entry: &Value, purpose: Purpose) -> Result<(), Wrong> {
        let sworn = &entry["decision"];
        let holds = "a signature over what was sworn".to_owned();
        let signature = sworn["signature"].as_str().ok_or((holds.clone(), "none".to_owned()))?;
        let read = Signature::parse(signature).map_err(|why| (holds.clone(), why.to_string()))?;
        let statement = sworn_statement(purpose, sworn);
        let presence =
            read.verify(purpose.namespace(), &statement).map_err(|why| (holds, why.to_string()))?;
        if sworn["log"] != entry["log"] {
            return Err(("one for this log".to_owned(), format!("one for {}", sworn["log"])));
        }
        let is_touched = presence.touched && read.key().kind().is_hardware();
        let is_elsewhere = purpose == Purpose::Review && sworn["assurance"] == "key";
        if !is_touched && !is_elsewhere {
            let found = format!("one by {} that was not touched", read.key().kind().name());
            return Err(("a signature by a security key that was touched".to_owned(), found));
        }
        self.hold(seq, entry, sworn["person"].as_str().unwrap_or_default(), &read);
        Ok(())
    }

    /// Counts a signature that holds, and notes where the policy does not name its key for `name` at that time.
    fn hold(&mut self, seq: u64, entry: &Value, name: &str, read: &Signature) {
        self.held += 1;
        let at = Moment { utc_us: time(entry), boot_ns: 0, boot: BootId(0) };
        let named = self.people.named(name).and_then(|person| person.key(read.key()));
        if named.is_none_or(|key| key.check(at).is_err()) {
            self.unnamed.push(seq);
        }
    }

    /// Returns how many decisions are signed, each so that it holds.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Returns the entries of those that are signed by a key that the policy does not name for that person at that time.
    pub fn unnamed(&self) -> &[u64] {
        &self.unnamed
    }
}

/// Returns the most that a decision can be worth by its signature alone, whoever's key it is by.
pub fn at_most(decision: &Decision) -> Assurance {
    let Some(signature) = &decision.signature else { return decision.assurance.min(Assurance::Tty) };
    let Ok(read) = Signature::parse(signature) else { return Assurance::Asserted };
    match read.verify(NAMESPACE, &decision.statement()) {
        Ok(presence) if presence.touched && read.key().kind().is_hardware() => Assurance::Hardware,
        Ok(_) => Assurance::Key,
        Err(_) => Assurance::Asserted,
    }
}

fn time(entry: &Value) -> i64 {
    let time = entry["ts"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    time.map_or(0, Timestamp::as_microsecond)
}
