//! Names that say that a secret follows.

/// Programs that run another one: the name that counts comes after them.
pub(super) const WRAPPERS: &[&str] = &[
    "sudo", "doas", "env", "nohup", "nice", "time", "timeout", "command", "exec", "xargs", "watch", "sshpass",
];

/// Which part of an option's value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    All,
    /// What follows the first colon (`user:password`).
    AfterColon,
}

/// Short options whose value is secret, by program (`login` stands for `docker login`, `helm registry login`, …): programs, option, which part, and whether the value may follow without a blank.
const SHORT: &[(&[&str], &str, Hidden, bool)] = &[
    (
        &["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mariadb", "mariadb-dump"],
        "-p",
        Hidden::All,
        true,
    ),
    (&["curl", "http", "https"], "-u", Hidden::AfterColon, true),
    (&["curl"], "--user", Hidden::AfterColon, false),
    (&["curl"], "-U", Hidden::AfterColon, true),
    (&["curl"], "--proxy-user", Hidden::AfterColon, false),
    (&["curl"], "-b", Hidden::All, false),
    (&["curl"], "--cookie", Hidden::All, false),
    (&["curl"], "--pass", Hidden::All, false),
    (&["http", "https"], "-a", Hidden::AfterColon, false),
    (&["sshpass"], "-p", Hidden::All, true),
    (&["redis-cli"], "-a", Hidden::All, false),
    (&["login"], "-p", Hidden::All, false),
    (&["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd"], "-w", Hidden::All, true),
    (
        &["sqlcmd", "bcp", "mongo", "mongosh", "mongodump", "cqlsh", "clickhouse-client"],
        "-p",
        Hidden::All,
        false,
    ),
    (&["sqlcmd", "bcp"], "-P", Hidden::All, true),
    (&["openssl"], "-pass", Hidden::All, false),
    (&["openssl"], "-passin", Hidden::All, false),
    (&["openssl"], "-passout", Hidden::All, false),
    (&["openssl"], "-k", Hidden::All, false),
    (&["openssl"], "-K", Hidden::All, false),
    (&["zip", "unzip"], "-P", Hidden::All, false),
    (&["7z", "7za"], "-p", Hidden::All, true),
    (&["smbclient"], "-U", Hidden::AfterColon, false),
    (&["xfreerdp"], "/p", Hidden::All, false),
];

/// Returns which part of the value of `option` is secret, if any.
pub(super) fn option(program: Option<&str>, option: &str) -> Option<Hidden> {
    let short = SHORT
        .iter()
        .find(|(programs, name, ..)| *name == option && program.is_some_and(|p| programs.contains(&p)));
    if let Some((_, _, hidden, _)) = short {
        // `mysql -p` alone asks for the password; the word after it is a database.
        return (!(*option == *"-p"
            && program.is_some_and(|p| p.starts_with("my") || p.starts_with("maria"))))
        .then_some(*hidden);
    }
    is_secret(option.trim_start_matches('-')).then_some(Hidden::All).filter(|_| option.len() > 2)
}

/// Returns the option that `word` begins with, if its value follows without a blank and is secret (`-psecret`).
pub(super) fn joined<'a>(program: Option<&str>, word: &'a str) -> Option<(&'a str, Hidden)> {
    let program = program?;
    let (_, name, hidden, _) = SHORT.iter().find(|(programs, name, _, joined)| {
        *joined && programs.contains(&program) && word.len() > name.len() && word.starts_with(name)
    })?;
    Some((&word[..name.len()], *hidden))
}

/// Parts of names that say that the value is secret.
const SECRET: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "authkey",
    "credential",
    "sessionid",
    "cookie",
    "bearer",
    "sastoken",
];

/// Ends of names that say where a secret is, how it is called or how long it lasts: no secret themselves.
const HARMLESS: &[&str] = &[
    "file", "path", "dir", "name", "id", "arn", "stdin", "type", "length", "ttl", "expiry", "expires",
    "lifetime", "duration", "url", "uri", "endpoint", "env", "ref", "key-ref", "policy", "prompt", "store",
    "helper", "only", "count", "version", "days",
];

/// Whole names that only sound like secrets.
const NOT_SECRET: &[&str] = &[
    "pwd",
    "oldpwd",
    "accesskeyid",
    "awsaccesskeyid",
    "tokenize",
    "tokens",
    "maxtokens",
    "secrets",
    "passwordless",
    "notoken",
    "nopassword",
];

/// Claims that what `name` names is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    if plain == "auth" || plain == "authorization" || plain == "proxyauthorization" {
        return true;
    }
    if NOT_SECRET.contains(&plain.as_str()) || !SECRET.iter().any(|part| plain.contains(part)) {
        return false;
    }
    let last = lower.rsplit(['-', '_', '.']).next().unwrap_or(&lower);
    !(HARMLESS.contains(&last) && plain != "sessionid")
}
