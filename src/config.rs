//! Flags, files and the password database, made into one [`Config`], once.
//!
//! Nothing here comes from an environment variable but what the project layer and `$HOME`'s policy add, and those can only make gate stricter.

mod places;
mod settings;

pub use places::{Layer, LayerKind, Places, project_files, read_layers};
pub use settings::{Patience, Settings, duration};

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exec::{Host, User};

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
        let user = User::current();
        let places = Places::of(&user, home.map(|home| cwd.join(home)))?;
        let settings = Settings::read(&places.config, user.uid)?;
        let host = Host::of(&user).trusting(settings.trusted_path.clone());
        Ok(Config { user, host, places, settings, cwd })
    }
}
