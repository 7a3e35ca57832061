//! What a person signs beside decisions: that they break the glass for a command, and that they have reviewed an incident.
//!
//! MUST rules:
//! 1. Each purpose has a namespace and a type of its own, so that no signature for one counts for another, or for a decision.
//! 2. One is bound to the log, and by a nonce to one command: it counts nowhere else and never again.
//! 3. Names are what the policy calls people, and texts enter as commitments: both can be erased without breaking a signature.

use serde_json::{Map, Value, json};

use super::incident::{Incident, IncidentText};
use crate::canonical;
use crate::digest::Digest;
use crate::moment::Moment;

const TEXT: &[u8] = b"gate-incident-v1\n";
const COMMENT: &[u8] = b"gate-comment-v1\n";

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To run a command without a decision.
    Break,
    /// To say that an incident was looked at.
    Review,
}

/// Who signs, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swearing {
    /// The log that it counts in.
    pub log: String,
    /// As the policy calls them.
    pub person: String,
    pub uid: u32,
    /// The fingerprint of the key (`SHA256:…`).
    pub key: String,
    /// Used once.
    pub nonce: Digest,
    /// What makes the commitment to a text unguessable.
    pub salt: Digest,
    /// The digest of what was displayed.
    pub displayed: Digest,
    pub at: Moment,
}

/// What was signed, as it stands in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sworn {
    pub purpose: Purpose,
    /// What is signed, without its version and type.
    pub members: Map<String, Value>,
    /// The armored SSHSIG, once there is one.
    pub signature: Option<String>,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Purpose; 2] = [Purpose::Break, Purpose::Review];

    /// Returns what `ssh-keygen -n` is given.
    pub fn namespace(self) -> &'static str {
        match self {
            Purpose::Break => "gate-break-glass@v1",
            Purpose::Review => "gate-review@v1",
        }
    }

    /// Returns the type that stands in what is signed.
    fn kind(self) -> &'static str {
        match self {
            Purpose::Break => "gate-break-glass",
            Purpose::Review => "gate-review",
        }
    }

    /// Returns the names of what is signed.
    fn signed(self) -> &'static [&'static str] {
        match self {
            Purpose::Break => &[
                "auth",
                "content",
                "displayed",
                "incident",
                "log",
                "made",
                "nonce",
                "person",
                "policy",
                "text_commitment",
                "uid",
            ],
            Purpose::Review => &[
                "auth",
                "commands",
                "comment_commitment",
                "displayed",
                "incident",
                "log",
                "made",
                "nonce",
                "opening",
                "person",
                "uid",
            ],
        }
    }

    /// Returns the purpose of an entry's `change`, if it is one that somebody signs.
    pub fn of_change(change: &str) -> Option<Purpose> {
        match change {
            "opened" | "used" => Some(Purpose::Break),
            "reviewed" => Some(Purpose::Review),
            _ => None,
        }
    }
}

impl Sworn {
    /// Returns what a person signs who breaks the glass in the incident `text` for the command C, under this policy.
    pub fn breaking(by: &Swearing, text: &IncidentText, content: Digest, policy: Digest) -> Sworn {
        let mut sworn = Sworn::of(Purpose::Break, by);
        let whole = format!("{}: {}", text.name, text.what);
        sworn.put("incident", json!(text.name));
        sworn.put("text_commitment", json!(commitment(TEXT, by.salt, &whole)));
        sworn.put("content", json!(content.to_string()));
        sworn.put("policy", json!(policy.to_string()));
        sworn
    }

    /// Returns what a person signs who has looked at `incident` as it is.
    pub fn review(by: &Swearing, incident: &Incident, comment: Option<&str>) -> Sworn {
        let mut sworn = Sworn::of(Purpose::Review, by);
        sworn.put("incident", json!(incident.text.name));
        sworn.put("opening", json!(incident.opening.to_string()));
        sworn.put("commands", json!(incident.commands));
        if let Some(comment) = comment {
            sworn.put("comment_commitment", json!(commitment(COMMENT, by.salt, comment)));
        }
        sworn
    }

    fn of(purpose: Purpose, by: &Swearing) -> Sworn {
        let mut sworn = Sworn { purpose, members: Map::new(), signature: None };
        sworn.put("log", json!(by.log));
        sworn.put("person", json!(by.person));
        sworn.put("uid", json!(by.uid));
        sworn.put("auth", json!({ "method": "sshsig", "key": by.key }));
        sworn.put("nonce", json!(by.nonce.to_string()));
        sworn.put("displayed", json!(by.displayed.to_string()));
        sworn.put("made", json!(by.at.rfc3339()));
        sworn
    }

    fn put(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    /// Returns a member that is a text.
    pub fn text(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a member that is a digest.
    pub fn digest(&self, name: &str) -> Option<Digest> {
        Digest::from_hex(self.text(name))
    }

    /// Returns the user id of whoever signed.
    pub fn uid(&self) -> Option<u32> {
        self.members.get("uid").and_then(Value::as_u64).and_then(|uid| u32::try_from(uid).ok())
    }

    /// Returns the number of commands that were looked at.
    pub fn commands(&self) -> Option<u32> {
        self.members.get("commands").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok())
    }

    /// Returns the bytes that are signed.
    pub fn statement(&self) -> Vec<u8> {
        sworn_statement(self.purpose, &Value::Object(self.members.clone()))
    }
}

/// Returns the bytes that were signed for `purpose`, of what stands in an entry.
///
/// A value that has no canonical form was never signed: then they are empty.
pub fn sworn_statement(purpose: Purpose, entry: &Value) -> Vec<u8> {
    let mut signed = Map::new();
    signed.insert("v".to_owned(), json!(1));
    signed.insert("type".to_owned(), json!(purpose.kind()));
    for name in purpose.signed() {
        if let Some(value) = entry.get(name).filter(|value| !value.is_null()) {
            signed.insert((*name).to_owned(), value.clone());
        }
    }
    canonical::if_any(&Value::Object(signed)).unwrap_or_default()
}

fn commitment(domain: &[u8], salt: Digest, text: &str) -> String {
    Digest::of_parts(&[domain, salt.as_bytes(), text.as_bytes()]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::at;

    fn swearing() -> Swearing {
        Swearing {
            log: "00ff".to_owned(),
            person: "mara".to_owned(),
            uid: 1000,
            key: "SHA256:x".to_owned(),
            nonce: Digest::of(b"nonce"),
            salt: Digest::of(b"salt"),
            displayed: Digest::of(b"card"),
            at: at(0),
        }
    }

    fn text() -> IncidentText {
        IncidentText { name: "INC-42".to_owned(), what: "the shop is down".to_owned() }
    }

    fn breaking() -> Sworn {
        Sworn::breaking(&swearing(), &text(), Digest::of(b"C"), Digest::of(b"policy"))
    }

    #[test]
    fn statement_is_canonical_and_says_what_for() {
        let commitment = Digest::of_parts(&[
            b"gate-incident-v1\n",
            Digest::of(b"salt").as_bytes(),
            b"INC-42: the shop is down",
        ]);
        let expected = format!(
            concat!(
                r#"{{"auth":{{"key":"SHA256:x","method":"sshsig"}},"content":"{}","displayed":"{}","incident":"INC-42","#,
                r#""log":"00ff","made":"2026-11-21T09:00:00.000000Z","nonce":"{}","person":"mara","policy":"{}","#,
                r#""text_commitment":"{}","type":"gate-break-glass","uid":1000,"v":1}}"#
            ),
            Digest::of(b"C"),
            Digest::of(b"card"),
            Digest::of(b"nonce"),
            Digest::of(b"policy"),
            commitment
        );
        assert_eq!(String::from_utf8(breaking().statement()).unwrap(), expected);
    }

    #[test]
    fn rule_1_no_two_purposes_share_a_namespace_or_a_statement() {
        let incident = crate::approval::Incident {
            text: text(),
            by: "mara".to_owned(),
            uid: 1000,
            opened: at(0),
            opening: Digest::of(b"nonce"),
            commands: 2,
            risk: crate::policy::Risk::High,
            reviewed: None,
        };
        let review = Sworn::review(&swearing(), &incident, Some("fine"));
        assert_ne!(review.statement(), breaking().statement());
        let as_break = Value::Object(review.members.clone());
        assert_ne!(sworn_statement(Purpose::Break, &as_break), review.statement());
        let spaces: std::collections::HashSet<&str> = Purpose::ALL
            .iter()
            .map(|purpose| purpose.namespace())
            .chain([crate::approval::NAMESPACE])
            .collect();
        assert_eq!(spaces.len(), 3);
    }

    #[test]
    fn rule_2_each_member_changes_what_is_signed() {
        let base = breaking();
        for name in Purpose::Break.signed() {
            let mut other = base.clone();
            assert!(
                other.members.insert((*name).to_owned(), json!("other")).is_some(),
                "{name} is not there"
            );
            assert_ne!(other.statement(), base.statement(), "{name}");
        }
    }

    #[test]
    fn rule_3_the_text_itself_is_not_in_it() {
        assert!(!String::from_utf8(breaking().statement()).unwrap().contains("shop"));
    }
}
