//! The people of the policy, as signatures know them: names, login names, keys and how long each key is good.

use jiff::Timestamp;

use super::key::{BadKey, PublicKey};
use crate::moment::Moment;
use crate::policy::Policy;
use crate::policy::{file, folded};

/// Everybody whom the policy in force names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    people: Vec<Person>,
    unusable: Vec<Unusable>,
}

/// One approver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// The login name on this machine.
    pub user: String,
    /// What they are called elsewhere: an address, login names.
    pub elsewhere: Vec<String>,
    pub keys: Vec<NamedKey>,
}

/// A key that the policy names for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    pub key: PublicKey,
    /// When it begins to count (µs since 1970).
    pub from: Option<i64>,
    /// When it no longer counts (µs since 1970).
    pub until: Option<i64>,
    /// When it was revoked (µs since 1970).
    pub revoked: Option<i64>,
    /// It lies where no requester's user can use it.
    pub apart: bool,
    /// A security key has to make sure who touches it.
    pub verify: bool,
}

/// A key of the policy that no signature can be verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    pub name: String,
    pub why: BadKey,
}

/// Why a key does not count at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    NotYet(i64),
    Expired(i64),
    Revoked(i64),
}

impl People {
    /// Returns the people whom `policy` names.
    pub fn of(policy: &Policy) -> People {
        let mut all = People::default();
        for approver in policy.approvers() {
            let mut keys = Vec::new();
            for written in &approver.keys {
                match NamedKey::of(written) {
                    Ok(key) => keys.push(key),
                    Err(why) => all.unusable.push(Unusable { name: approver.name.clone(), why }),
                }
            }
            let user = approver.user.clone().unwrap_or_else(|| approver.name.clone());
            let elsewhere = approver.elsewhere().collect();
            all.people.push(Person { name: approver.name.clone(), user, elsewhere, keys });
        }
        all
    }

    /// Returns everybody, in the order of the policy.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.people.iter()
    }

    /// Returns the keys that no signature can be verified with.
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    /// Returns the person whom the policy calls `name`.
    pub fn named(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name)
    }

    /// Returns whose key this is, and what the policy says of it.
    pub fn holder(&self, key: &PublicKey) -> Option<(&Person, &NamedKey)> {
        self.people.iter().find_map(|person| Some((person, person.key(key)?)))
    }

    /// Returns the name by which the policy knows the person with this login name; one whom it doesn't know has that name itself.
    pub fn name_of_user<'a>(&'a self, user: &'a str) -> &'a str {
        self.people.iter().find(|person| person.user == user).map_or(user, |person| &person.name)
    }
}

impl Person {
    /// Claims that `name`, which a requester gives somebody, is one of this person's.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.user == name || self.elsewhere.contains(&folded(name))
    }

    /// Returns what the policy says of this key of the person's.
    pub fn key(&self, key: &PublicKey) -> Option<&NamedKey> {
        self.keys.iter().find(|known| known.key == *key)
    }
}

impl NamedKey {
    fn of(written: &file::Key) -> Result<NamedKey, BadKey> {
        let time = |text: &Option<String>| text.as_deref().and_then(instant);
        Ok(NamedKey {
            key: PublicKey::parse(&written.key)?,
            from: time(&written.from),
            until: time(&written.until),
            revoked: time(&written.revoked),
            apart: written.apart,
            verify: written.verify,
        })
    }

    /// Claims that it counts at `at`, or returns why not.
    pub fn check(&self, at: Moment) -> Result<(), Invalid> {
        let now = at.utc_us;
        match (self.revoked, self.until, self.from) {
            (Some(then), _, _) if now >= then => Err(Invalid::Revoked(then)),
            (_, Some(then), _) if now >= then => Err(Invalid::Expired(then)),
            (_, _, Some(then)) if now < then => Err(Invalid::NotYet(then)),
            _ => Ok(()),
        }
    }
}

/// Returns the time that a policy writes as a date (its beginning, in UTC) or as RFC 3339.
fn instant(text: &str) -> Option<i64> {
    crate::policy::instant(text)
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (words, then) = match self {
            Invalid::NotYet(then) => ("does not count before", then),
            Invalid::Expired(then) => ("has not counted since", then),
            Invalid::Revoked(then) => ("was revoked on", then),
        };
        write!(f, "{words} {}", day(*then))
    }
}

/// Returns a time as the policy would write it: the date alone where it is the beginning of one.
pub fn day(us: i64) -> String {
    let Ok(time) = Timestamp::from_microsecond(us) else { return "the end of time".to_owned() };
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").map_or(text.clone(), str::to_owned)
}
