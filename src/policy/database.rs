//! Connection strings of databases: what they name, and never what signs in.
//!
//! Sources: postgresql.org/docs/current/libpq-connect.html; mongodb.com/docs/manual/reference/connection-string.

/// The database that a connection string names, without what signs in.
#[derive(Debug, PartialEq, Eq)]
pub struct Database {
    pub hosts: Vec<String>,
    /// Empty where none is named.
    pub name: String,
}

/// Returns the database that a URL (`postgres://u:p@h:5432/name?x`) or libpq's settings (`host=h dbname=name`) name; `None` where
/// `text` is neither, or a form that could be read otherwise.
pub fn database_of(text: &str) -> Option<Database> {
    let text = text.strip_prefix("jdbc:").unwrap_or(text);
    let Some((_, rest)) = text.split_once("://") else { return settings(text) };
    // Parameters may name another host, and an escape may stand for anything.
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    let is_clear =
        ![hosts, path].iter().any(|part| part.contains(['%', '@', '\\'])) && !query.contains("host");
    is_clear.then(|| Database {
        hosts: hosts.split(',').map(without_port).filter(|host| !host.is_empty()).collect(),
        name: path.split(['/', '#']).next().unwrap_or_default().to_owned(),
    })
}

fn without_port(host: &str) -> String {
    match (host.strip_prefix('[').and_then(|rest| rest.split_once(']')), host.rsplit_once(':')) {
        (Some((address, _)), _) => address.to_owned(),
        (None, Some((host, _))) => host.to_owned(),
        (None, None) => host.to_owned(),
    }
}

fn settings(text: &str) -> Option<Database> {
    if text.contains(['\'', '\\']) {
        return None;
    }
    let value = |key: &str| {
        let mut parts = text.split_ascii_whitespace().filter_map(|part| part.split_once('='));
        parts.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    };
    let hosts = value("host").or_else(|| value("hostaddr"));
    let name = value("dbname");
    (hosts.is_some() || name.is_some()).then(|| Database {
        hosts: hosts.iter().flat_map(|hosts| hosts.split(',')).map(str::to_owned).collect(),
        name: name.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::database_of;

    #[track_caller]
    fn case(text: &str, hosts: &[&str], name: &str) {
        let found = database_of(text).map(|found| (found.hosts, found.name));
        let expected = (hosts.iter().map(|host| (*host).to_owned()).collect(), name.to_owned());
        assert_eq!(found, Some(expected), "{text}");
    }

    #[test]
    fn a_connection_names_its_hosts_and_never_what_signs_in() {
        case("postgres://bob:hunter2@db.prod:5432/shop?sslmode=require", &["db.prod"], "shop");
        case("postgresql://h1:1,h2/db", &["h1", "h2"], "db");
        case("mysql://h", &["h"], "");
        case("mongodb+srv://u:p@ss@c.mongodb.net/x", &["c.mongodb.net"], "x");
        case("jdbc:postgresql://[::1]:5432/x", &["::1"], "x");
        case("postgres:///x", &[], "x");
        case("host=db.prod dbname=shop password=hunter2", &["db.prod"], "shop");
        for text in ["shop", "postgres://h%31/x", "postgres://a/b?host=c", "host='a b'", ""] {
            assert_eq!(database_of(text), None, "{text}");
        }
    }
}
