//! `config.toml`: how gate behaves for this user. It holds no rule; rules are the policy's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Deserializer};

use super::places::read_own;
use crate::policy::duration;

/// What `config.toml` says; every part has a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Directories, besides root's, in which a program is what its name says; `gate init` records them.
    pub trusted_path: Vec<PathBuf>,
    /// The channel on this machine.
    pub local: Local,
    /// How long a requester waits for a decision before its request is parked.
    pub patience: Patience,
    /// Who asks, where the environment does not tell.
    pub requester: RequesterSettings,
}

/// `[local]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Local {
    /// Ask a person at their own prompt on `/dev/tty`; never offered to a detected agent.
    pub inline: bool,
    /// People answer on this machine while jobs run on it. A CI job waits for a decision only then: on a runner that is gone
    /// after the job nobody ever could.
    pub attended: bool,
    /// The key file that this user's decisions are signed with; `~/` is the home directory.
    pub key: Option<PathBuf>,
}

/// `[patience]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patience {
    /// Agents' tools are killed after one or two minutes.
    #[serde(deserialize_with = "duration_field")]
    pub agent: Duration,
    #[serde(deserialize_with = "duration_field")]
    pub human: Duration,
    #[serde(deserialize_with = "duration_field")]
    pub ci: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Patience { agent: Duration::from_secs(100), human: minutes(15), ci: minutes(60) }
    }
}

/// `[requester]`: says more about whoever runs gate here than the environment does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequesterSettings {
    /// An agent's or a job's name: whoever runs gate with this configuration is no person.
    pub agent: Option<String>,
    /// The person it acts for.
    pub on_behalf_of: Option<String>,
}

impl Settings {
    /// Reads `config.toml`; a missing file means the defaults.
    ///
    /// # Errors
    /// A file that is unreadable, not `uid`'s own, writable by others, or wrong; nothing in it is ever skipped.
    pub fn read(path: &Path, uid: u32) -> anyhow::Result<Settings> {
        let Some(text) = read_own(path, uid).with_context(|| super::places::failed("configuration", path))?
        else {
            return Ok(Settings::default());
        };
        let settings: Settings = toml::from_str(&text).map_err(|error| {
            let (line, column) = super::places::position(&text, error.span().map_or(0, |span| span.start));
            anyhow::anyhow!("{}:{line}:{column}: {}", path.display(), error.message())
        })?;
        if let Some(relative) = settings.trusted_path.iter().find(|dir| !dir.is_absolute()) {
            anyhow::bail!(
                "{}: `trusted_path`: `{}` is not an absolute path",
                path.display(),
                relative.display()
            );
        }
        Ok(settings)
    }
}

fn duration_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no duration, expected one like `100s`, `15m` or `8h`"))
    })
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use std::time::Duration;

    #[track_caller]
    fn case(text: &str, expected: Result<Settings, &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let uid = rustix::process::getuid().as_raw();
        let read = Settings::read(&path, uid)
            .map_err(|error| format!("{error:#}").replace(dir.path().to_str().unwrap(), "DIR"));
        assert_eq!(read, expected.map_err(str::to_owned));
    }

    #[test]
    fn an_empty_file_means_the_defaults_and_a_wrong_one_is_an_error_with_its_place() {
        case("", Ok(Settings::default()));
        let mut inline = Settings::default();
        inline.local.inline = true;
        inline.patience.agent = Duration::from_secs(5);
        case("[local]\ninline = true\n[patience]\nagent = \"5s\"\n", Ok(inline));
        case(
            "[local]\n inlin = true\n",
            Err("DIR/config.toml:2:2: unknown field `inlin`, expected one of `inline`, `attended`, `key`"),
        );
        case(
            "[patience]\nci = \"soon\"\n",
            Err("DIR/config.toml:2:6: `soon` is no duration, expected one like `100s`, `15m` or `8h`"),
        );
        case(
            "trusted_path = [\"bin\"]",
            Err("DIR/config.toml: `trusted_path`: `bin` is not an absolute path"),
        );
    }
}
