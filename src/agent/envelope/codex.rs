//! What Codex puts around a snapshot so that variables of its own survive it: made again from its keys, byte for byte.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex_lite::Regex;

const OVERRIDE: &str = "__CODEX_SNAPSHOT_OVERRIDE";
const PROXY: &str = "__CODEX_SNAPSHOT_PROXY_OVERRIDE";
const PROXY_SET: &str = "__CODEX_SNAPSHOT_PROXY_ENV_SET";

/// Variables of Codex, of proxies and of certificates: none of them changes which program runs.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(CODEX_[A-Z0-9_]+|[A-Za-z0-9_]*(PROXY|proxy)[A-Za-z0-9_]*|[A-Z0-9_]*(CA_BUNDLE|CA_CERTS|CA_CERT|CAINFO|CAFILE|CERT_FILE|CERT|CA_FILE))$",
    )
});
static SET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"^__CODEX_SNAPSHOT_(PROXY_)?OVERRIDE_SET_[0-9]+="\$\{([A-Za-z0-9_]+)\+x\}"$"#)
});
static ENV_SET: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^__CODEX_SNAPSHOT_PROXY_ENV_SET="\$\{([A-Za-z0-9_]+)\+x\}"$"#));
static VALUE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^__CODEX_SNAPSHOT_(PROXY_)?OVERRIDE_[0-9]+="\$\{[A-Za-z0-9_]+-\}"$"#));
static RESTORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^(fi|if \[ -n "\$\{?__CODEX_SNAPSHOT_[A-Z_0-9]+\}?" \][^;`]*; then.*|if \[ -n "\$\{PATH:-\}" \]; then export PATH='[^'`]*':"\$PATH"; else export PATH='[^'`]*'; fi)$"#,
    )
});
static PREPEND: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^if \[ -n "\$\{PATH:-\}" \]; then export PATH='([^':]+)':"#));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of gate's own")
}

/// Returns where the path stands in the script with which Codex tries a new snapshot.
pub(super) fn tried(text: &[u8]) -> Option<Range<usize>> {
    const BEFORE: &[u8] = b"set -e; . \"";
    let path = text.strip_prefix(BEFORE)?.strip_suffix(b"\"")?;
    Some(BEFORE.len()..BEFORE.len() + path.len())
}

/// Claims that a line could keep a variable.
pub(super) fn is_capture(line: &[u8]) -> bool {
    let is_one = |line| SET.is_match(line) || VALUE.is_match(line) || ENV_SET.is_match(line);
    std::str::from_utf8(line).is_ok_and(is_one)
}

/// Claims that a line could put one back.
pub(super) fn is_restore(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| RESTORE.is_match(line))
}

/// What the lines around the snapshot come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Variables that have their inherited values again, whatever the snapshot says.
    pub(super) variables: BTreeSet<String>,
    /// Directories that are put before `PATH`, the last one first.
    pub(super) before_path: Vec<Vec<u8>>,
}

/// Returns what `captures` and `restores` come to, if Codex writes them exactly so for the keys in them.
pub(super) fn kept(captures: &[u8], restores: &[u8]) -> Option<Kept> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let (captures, restores) = (text(captures)?, text(restores)?);
    let keys = |proxy: bool| -> Vec<&str> {
        let found = captures.lines().filter_map(|line| SET.captures(line));
        let found = found.filter(|found| found.get(1).is_some() == proxy);
        found.filter_map(|found| Some(found.get(2)?.as_str())).collect()
    };
    let env_set = captures.lines().find_map(|line| ENV_SET.captures(line));
    let env_set = env_set.and_then(|found| Some(found.get(1)?.as_str()));
    let (own, proxy) = (keys(false), keys(true));
    let (mut keeps, mut puts) = (Vec::new(), Vec::new());
    for (at, key) in own.iter().enumerate() {
        keeps.extend(keep(OVERRIDE, at, key));
        puts.push(put(OVERRIDE, at, key, true));
    }
    for (at, key) in proxy.iter().enumerate() {
        keeps.extend(keep(PROXY, at, key));
    }
    let back = |unset: bool| proxy.iter().enumerate().map(move |(at, key)| put(PROXY, at, key, unset));
    match env_set {
        Some(key) => {
            keeps.push(format!("{PROXY_SET}=\"${{{key}+x}}\""));
            puts.push(format!("if [ -n \"${PROXY_SET}\" ] || [ -n \"${{{key}+x}}\" ]; then"));
            puts.extend(back(true));
            puts.push("fi".to_owned());
        }
        None => puts.extend(back(false)),
    }
    let mut before_path = Vec::new();
    for line in restores.lines().filter(|line| line.starts_with("if [ -n \"${PATH:-}\" ]")) {
        let dir = PREPEND.captures(line)?.get(1)?.as_str();
        puts.push(format!(
            "if [ -n \"${{PATH:-}}\" ]; then export PATH='{dir}':\"$PATH\"; else export PATH='{dir}'; fi"
        ));
        before_path.push(dir.as_bytes().to_vec());
    }
    let all_plain = own.iter().chain(&proxy).chain(&env_set).all(|key| KEY.is_match(key));
    let is_exact = keeps.join("\n") == captures && puts.join("\n") == restores;
    let variables = own.iter().chain(&proxy).map(|key| (*key).to_owned()).collect();
    (all_plain && is_exact).then_some(Kept { variables, before_path })
}

fn keep(prefix: &str, at: usize, key: &str) -> [String; 2] {
    [format!("{prefix}_SET_{at}=\"${{{key}+x}}\""), format!("{prefix}_{at}=\"${{{key}-}}\"")]
}

fn put(prefix: &str, at: usize, key: &str, unset: bool) -> String {
    let otherwise = if unset { format!("else unset {key}; ") } else { String::new() };
    format!("if [ -n \"${{{prefix}_SET_{at}}}\" ]; then export {key}=\"${{{prefix}_{at}}}\"; {otherwise}fi")
}

#[cfg(test)]
mod tests {
    use super::{kept, tried};

    #[test]
    fn the_script_that_tries_a_snapshot_names_it() {
        assert_eq!(tried(b"set -e; . \"/x\""), Some(11..13));
        for other in ["set -e; . /x", "set -e; . \"/x\"; id", "set -e;  . \"/x\"", "set +e; . \"/x\""] {
            assert_eq!(tried(other.as_bytes()), None, "{other}");
        }
    }

    const CAPTURES: &str = "\
__CODEX_SNAPSHOT_OVERRIDE_SET_0=\"${CODEX_THREAD_ID+x}\"
__CODEX_SNAPSHOT_OVERRIDE_0=\"${CODEX_THREAD_ID-}\"
__CODEX_SNAPSHOT_PROXY_OVERRIDE_SET_0=\"${HTTPS_PROXY+x}\"
__CODEX_SNAPSHOT_PROXY_OVERRIDE_0=\"${HTTPS_PROXY-}\"
__CODEX_SNAPSHOT_PROXY_ENV_SET=\"${CODEX_NETWORK_PROXY_ACTIVE+x}\"";
    const RESTORES: &str = "\
if [ -n \"${__CODEX_SNAPSHOT_OVERRIDE_SET_0}\" ]; then export CODEX_THREAD_ID=\"${__CODEX_SNAPSHOT_OVERRIDE_0}\"; else unset CODEX_THREAD_ID; fi
if [ -n \"$__CODEX_SNAPSHOT_PROXY_ENV_SET\" ] || [ -n \"${CODEX_NETWORK_PROXY_ACTIVE+x}\" ]; then
if [ -n \"${__CODEX_SNAPSHOT_PROXY_OVERRIDE_SET_0}\" ]; then export HTTPS_PROXY=\"${__CODEX_SNAPSHOT_PROXY_OVERRIDE_0}\"; else unset HTTPS_PROXY; fi
fi
if [ -n \"${PATH:-}\" ]; then export PATH='/opt/codex/bin':\"$PATH\"; else export PATH='/opt/codex/bin'; fi";

    #[test]
    fn lines_that_codex_writes_are_read() {
        let kept = kept(CAPTURES.as_bytes(), RESTORES.as_bytes()).unwrap();
        assert_eq!(kept.variables.into_iter().collect::<Vec<_>>(), ["CODEX_THREAD_ID", "HTTPS_PROXY"]);
        assert_eq!(kept.before_path, [b"/opt/codex/bin"]);
    }

    #[test]
    fn any_other_line_is_none() {
        for (from, to) in [
            ("CODEX_THREAD_ID", "PATH"),
            ("HTTPS_PROXY", "LD_PRELOAD"),
            ("else unset CODEX_THREAD_ID; ", ""),
            ("_OVERRIDE_0}", "_OVERRIDE_1}"),
            ("'/opt/codex/bin'; fi", "'/tmp'; fi"),
            ("export HTTPS_PROXY=", "export BASH_ENV="),
        ] {
            assert!(kept(CAPTURES.as_bytes(), RESTORES.replace(from, to).as_bytes()).is_none(), "{from}");
        }
    }
}
