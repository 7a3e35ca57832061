//! What an approver signs: the decision as one canonical JSON text, the same whoever writes it down.
//!
//! It is made of members that stand in the decision's entry, too, so that an auditor finds it there. The comment enters as a
//! commitment, and a name is what the policy calls a person: both can be erased without breaking a signature.

use serde_json::{Map, Value, json};

use super::decision::Decision;
use super::elsewhere::SIGNATURE;
use crate::canonical;
use crate::digest::Digest;

/// What the signature is for, so that none made for anything else counts (`ssh-keygen -n`).
pub const NAMESPACE: &str = "gate-decision@v1";

const COMMENT: &[u8] = b"gate-comment-v1\n";

/// The members of a decision's entry that are signed.
const SIGNED: [&str; 14] = [
    "about",
    "answer",
    "approver",
    "auth",
    "channel",
    "comment_commitment",
    "decided",
    "displayed",
    "grant",
    "head",
    "left_out",
    "only",
    "step",
    "uid",
];

impl Decision {
    /// Returns the members that are signed; what is usual is not written down.
    pub fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        put("about", json!(self.about.to_string()));
        put("answer", json!(self.answer.name()));
        put("approver", json!(self.approver.name));
        if self.channel != SIGNATURE {
            put("uid", json!(self.approver.uid));
        }
        put("channel", json!(self.channel));
        put("displayed", json!(self.displayed.to_string()));
        put("decided", json!(self.decided.rfc3339()));
        if self.step > 0 {
            put("step", json!(self.step));
        }
        if let Some(missing) = &self.left_out {
            put("left_out", json!(missing));
        }
        if let Some(terms) = &self.grant {
            put("grant", json!(terms));
        }
        if let Some(head) = &self.head {
            put("head", json!(head));
        }
        if !self.only.is_empty() {
            put("only", json!(self.only));
        }
        if let Some(key) = &self.key {
            put("auth", json!({ "method": "sshsig", "key": key }));
        }
        if let Some(commitment) = self.commitment() {
            put("comment_commitment", json!(commitment.to_string()));
        }
        members
    }

    /// Returns the bytes that the approver signs.
    pub fn statement(&self) -> Vec<u8> {
        statement_of(&Value::Object(self.members()))
    }

    /// Returns the commitment to the comment: `H("gate-comment-v1\n", salt, comment)`.
    fn commitment(&self) -> Option<Digest> {
        let (salt, comment) = (self.salt?, self.comment.as_ref()?);
        Some(Digest::of_parts(&[COMMENT, salt.as_bytes(), comment.as_bytes()]))
    }
}

/// Returns the bytes that were signed of a decision as it stands in its entry (`.decision`).
///
/// A value that has no canonical form was never signed: then they are empty.
pub fn statement_of(entry: &Value) -> Vec<u8> {
    let mut signed = Map::new();
    signed.insert("v".to_owned(), json!(1));
    signed.insert("type".to_owned(), json!("gate-decision"));
    for name in SIGNED {
        if let Some(value) = entry.get(name).filter(|value| !value.is_null()) {
            signed.insert(name.to_owned(), value.clone());
        }
    }
    canonical::if_any(&Value::Object(signed)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{ask, decision, request};
    use super::super::{Answer, Decision, Head};
    use super::statement_of;
    use crate::digest::Digest;
    use serde_json::{Value, json};

    fn signed() -> Decision {
        let mut given = decision(&request(ask("claude")), "mara", Answer::Approve);
        given.comment = Some("go".to_owned());
        given.salt = Some(Digest::of(b"salt"));
        given.key = Some("SHA256:x".to_owned());
        given
    }

    #[test]
    fn statement_is_canonical_and_holds_what_was_decided() {
        let given = signed();
        let commitment = Digest::of_parts(&[b"gate-comment-v1\n", Digest::of(b"salt").as_bytes(), b"go"]);
        let expected = format!(
            concat!(
                r#"{{"about":"{}","answer":"approve","approver":"mara","auth":{{"key":"SHA256:x","method":"sshsig"}},"#,
                r#""channel":"tty","comment_commitment":"{}","decided":"2026-11-21T09:00:00.000000Z","#,
                r#""displayed":"{}","type":"gate-decision","uid":{},"v":1}}"#
            ),
            given.about, commitment, given.displayed, given.approver.uid
        );
        assert_eq!(String::from_utf8(given.statement()).unwrap(), expected);
    }

    #[test]
    fn each_part_of_a_decision_changes_the_statement() {
        let base = signed();
        let changes: [fn(&mut Decision); 13] = [
            |given| given.about = Digest::of(b"other"),
            |given| given.answer = Answer::Reject,
            |given| given.approver.name = "jo".to_owned(),
            |given| given.approver.uid += 1,
            |given| given.channel = "hub".to_owned(),
            |given| given.comment = Some("stop".to_owned()),
            |given| given.salt = Some(Digest::of(b"other")),
            |given| given.displayed = Digest::of(b"other"),
            |given| given.left_out = Some("a preview".to_owned()),
            |given| given.step = 1,
            |given| given.key = None,
            |given| given.only = vec![2],
            |given| given.head = Some(Head { size: 3, root: Digest::of(b"root") }),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(other.statement(), base.statement(), "change {at}");
        }
    }

    #[test]
    fn what_is_not_signed_leaves_it_as_it_is_and_what_was_never_signed_is_empty() {
        let given = signed();
        let mut entry = Value::Object(given.members());
        entry["comment"] = json!("go");
        entry["signature"] = json!("x");
        entry["tty"] = Value::Null;
        assert_eq!(statement_of(&entry), given.statement());
        entry["step"] = json!(1.5);
        assert_eq!(statement_of(&entry), b"");
    }
}
