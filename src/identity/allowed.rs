//! The approvers' keys as an `allowed_signers` file, so that `ssh-keygen -Y verify` needs no gate. Format: ssh-keygen(1).

use jiff::Timestamp;

use super::people::{NamedKey, People};
use crate::approval::{NAMESPACE, Purpose};

/// Returns the lines of the file; a key that was revoked counts until then, so that what it signed before can be verified.
pub fn allowed_signers(people: &People) -> String {
    let mut lines = String::new();
    for person in people.iter() {
        for key in &person.keys {
            if is_plain(&person.name) {
                lines.push_str(&format!("{} {} {}\n", person.name, options(key), key.key));
            } else {
                let name = crate::command::visible(person.name.as_bytes());
                lines.push_str(&format!("# left out: `{name}` is no name that this format can hold\n"));
            }
        }
    }
    lines
}

/// A principal is a pattern: what would be more than itself, or end the field, cannot stand there.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+".contains(c))
}

fn options(key: &NamedKey) -> String {
    let others = Purpose::ALL.iter().map(|purpose| purpose.namespace());
    let namespaces: Vec<&str> = std::iter::once(NAMESPACE).chain(others).collect();
    let mut options = format!("namespaces=\"{}\"", namespaces.join(","));
    let mut put = |name: &str, us: Option<i64>| {
        if let Some(time) = us.and_then(|us| Timestamp::from_microsecond(us).ok()) {
            options.push_str(&format!(",{name}=\"{}\"", time.strftime("%Y%m%d%H%M%SZ")));
        }
    };
    put("valid-after", key.from);
    put("valid-before", key.until.into_iter().chain(key.revoked).min());
    options
}
