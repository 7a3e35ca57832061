//! Flags, files and the password database, made into one [`Config`], once.
//!
//! Nothing here comes from an environment variable but what the project layer and `$HOME`'s policy add, and those can only make gate stricter.

mod places;
mod settings;

pub use places::{Places, project_files, read_layers};
pub use settings::{Patience, Settings};

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exec::{Host, User};
use crate::policy::{Authority, LayerText, Policy};
use crate::world::World as _;

/// Everything that gate was told about itself.
#[derive(Debug)]
pub struct Config {
    /// The user gate runs as.
    pub user: User,
    /// The machine, with the trusted directories that `config.toml` records.
    pub host: Host,
    /// Where gate's own files are.
    pub places: Places,
    /// What `config.toml` says.
    pub settings: Settings,
    /// The directory gate was started in.
    pub cwd: PathBuf,
}

impl Config {
    /// Returns the configuration of this process, with the user's files in `home` instead of the usual places if given.
    ///
    /// # Errors
    /// No home in the password database and none given, no working directory, a broken or unsafe `config.toml`.
    pub fn load(home: Option<&Path>) -> anyhow::Result<Config> {
        let cwd = std::env::current_dir().context("failed to find the working directory")?;
        Config::load_for(home, cwd)
    }

    /// Returns the configuration for a command that is meant for the directory `cwd`: its projects' policies count.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_for(home: Option<&Path>, cwd: PathBuf) -> anyhow::Result<Config> {
        let user = User::current();
        let places = Places::of(&user, home.map(std::path::absolute).transpose()?)?;
        let settings = Settings::read(&places.config, user.uid)?;
        let host = Host::of(&user).with_own_directory(places.given()).trusting(settings.trusted_path.clone());
        Ok(Config { user, host, places, settings, cwd })
    }

    /// Returns the configuration and the policy in force, with the policy's trusted directories known to the host.
    ///
    /// # Errors
    /// As [`Config::load`] and [`Config::policy`].
    pub fn load_with_policy(home: Option<&Path>) -> anyhow::Result<(Config, Policy)> {
        Config::load(home)?.with_policy()
    }

    /// Returns the configuration together with the policy in force.
    ///
    /// # Errors
    /// As [`Config::policy`].
    pub fn with_policy(mut self) -> anyhow::Result<(Config, Policy)> {
        let policy = self.policy()?;
        let also = policy.trusted_path().iter().map(|dir| self.expand(dir)).collect();
        self.host = self.host.trusting_also(also);
        Ok((self, policy))
    }

    /// Reads every layer of the policy and returns what is in force.
    ///
    /// # Errors
    /// A policy file that is broken, unreadable, or that others could have written.
    pub fn policy(&self) -> anyhow::Result<Policy> {
        Ok(Policy::from_layers(self.layers_in(&self.cwd)?)?)
    }

    /// Reads every layer of the policy that counts for a command in the directory `cwd`.
    ///
    /// # Errors
    /// A policy file that is unreadable, or that others could have written.
    pub fn layers_in(&self, cwd: &Path) -> anyhow::Result<Vec<LayerText>> {
        let asserted = self.host.var("HOME").map(|home| PathBuf::from(OsString::from_vec(home)));
        read_layers(&self.places, &self.user, asserted.as_deref(), cwd)
    }

    /// Reads every layer that counts for a command in `cwd`, with `given` in the place of the user's own file.
    ///
    /// # Errors
    /// As [`Config::layers_in`].
    pub fn layers_with(&self, given: Option<&[LayerText]>, cwd: &Path) -> anyhow::Result<Vec<LayerText>> {
        let mut layers = self.layers_in(cwd)?;
        if let Some(given) = given {
            layers.retain(|layer| layer.authority != Authority::User);
            layers.extend(given.iter().cloned());
        }
        Ok(layers)
    }

    /// Returns the policy in force, with `given` in the place of the user's own file.
    ///
    /// # Errors
    /// As [`Config::policy`].
    pub fn policy_with(&self, given: Option<Vec<LayerText>>) -> anyhow::Result<Policy> {
        Ok(Policy::from_layers(self.layers_with(given.as_deref(), &self.cwd)?)?)
    }

    /// Returns the machine as it is judged under `policy`, which may be another than the one in force.
    pub fn host_under(&self, policy: &Policy) -> Host {
        let also = policy.trusted_path().iter().map(|dir| self.expand(dir)).collect();
        let host = Host::of(&self.user).with_own_directory(self.places.given());
        host.trusting(self.settings.trusted_path.clone()).trusting_also(also)
    }

    /// Returns a directory of a policy with a leading `~` as this user's home.
    fn expand(&self, dir: &str) -> PathBuf {
        match (dir.strip_prefix("~/"), &self.user.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(dir),
        }
    }
}
