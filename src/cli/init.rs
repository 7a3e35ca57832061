//! `gate init`: a commented policy and configuration in the user's own directory. Nothing is ever overwritten.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::Place;
use crate::config::{Config, Places};
use crate::error::Exit;
use crate::exec::{Host, User, origin};
use crate::ui;

/// The commented policy.
const POLICY: &str = include_str!("init/policy.toml");
/// The commented configuration; `TRUSTED_PATH` stands for the line about trusted directories.
const CONFIG: &str = include_str!("init/config.toml");

/// Write a commented policy and configuration for you; never overwrites
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate init                          asks about directories like ~/.cargo/bin if there is a terminal
  gate init --trust ~/.cargo/bin     records that programs there are what their names say
  gate init --observe                holds nothing back for now, and records what it would have")]
pub(super) struct Args {
    /// Trust the names of the programs in DIR, an absolute path; may be given several times
    #[arg(long, value_name = "DIR")]
    trust: Vec<PathBuf>,
    /// Begin in observe mode: judge and record, hold nothing back but what no rule may ever allow
    #[arg(long)]
    observe: bool,
}

/// Writes both files.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    if let Some(relative) = args.trust.iter().find(|dir| !dir.is_absolute()) {
        ui::say(&format!("`{}` is not an absolute path", relative.display()));
        return Ok(Exit::Usage);
    }
    let user = User::current();
    let cwd = std::env::current_dir().context("failed to find the working directory")?;
    let places = Places::of(&user, place.home.as_ref().map(|home| cwd.join(home)))?;
    let is_new = write(&places.policy, &policy(args.observe))?;
    if args.observe && is_new {
        ui::hint(
            "nothing is held back yet but the floor: `gate policy replay` says what would have been; then set `mode = \"enforce\"`",
        );
    } else if args.observe {
        ui::hint(
            "put `mode = \"observe\"` into its `[policy]` yourself: an existing policy is never changed",
        );
    }
    if places.config.exists() {
        left_alone(&places.config);
    } else {
        let host = Host::of(&user);
        let trusted = trusted(args, &host, &user, &cwd)?;
        write(&places.config, &CONFIG.replace("TRUSTED_PATH", &trusted))?;
    }
    // Both are read back as every start reads them: what is wrong is told now.
    Config::load(place.home.as_deref())?;
    ui::hint(
        "`gate doctor` looks whether all is well; `gate agent setup claude` puts gate in front of an agent",
    );
    Ok(Exit::Done)
}

/// Returns the line about trusted directories: those given, those the person agrees to, and the others as examples.
fn trusted(args: &Args, host: &Host, user: &User, cwd: &Path) -> anyhow::Result<String> {
    let mut trusted = args.trust.clone();
    let mut others = Vec::new();
    let can_ask = args.trust.is_empty() && origin(host).tty.is_some();
    for dir in candidates(host, user, cwd) {
        if trusted.contains(&dir) {
            continue;
        }
        if can_ask && agrees(&dir)? { trusted.push(dir) } else { others.push(dir) }
    }
    let list = |dirs: &[PathBuf]| {
        toml::Value::from(dirs.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>())
    };
    Ok(match (trusted.is_empty(), others.is_empty()) {
        (false, _) => format!("trusted_path = {}", list(&trusted)),
        (true, false) => format!("#trusted_path = {}", list(&others)),
        (true, true) => "#trusted_path = [\"/opt/tools/bin\"]".to_owned(),
    })
}

/// Returns the directories of `PATH` that the user alone may write to and that nothing vouches for yet.
fn candidates(host: &Host, user: &User, cwd: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for dir in host.search_path(cwd) {
        let is_own =
            |found: fs::Metadata| found.is_dir() && found.uid() == user.uid && found.mode() & 0o022 == 0;
        let is_candidate = fs::metadata(&dir).is_ok_and(is_own) && !host.is_trusted_directory(&dir);
        if is_candidate && dir.to_str().is_some() && !found.contains(&dir) {
            found.push(dir);
        }
    }
    found
}

fn agrees(dir: &Path) -> anyhow::Result<bool> {
    let shown = crate::command::visible(dir.as_os_str().as_encoded_bytes());
    let typed = ui::ask(&format!("trust the names of the programs in `{shown}`? [y/N] "))?;
    Ok(matches!(typed.trim(), "y" | "Y" | "yes"))
}

/// Returns the commented policy, which only observes if asked to.
fn policy(observe: bool) -> String {
    if observe { POLICY.replace("#mode = \"observe\"", "mode = \"observe\"") } else { POLICY.to_owned() }
}

/// Writes a file that is not there yet, and claims that it was not.
fn write(path: &Path, text: &str) -> anyhow::Result<bool> {
    let attempted = || format!("failed to write `{}`", path.display());
    let dir = path.parent().expect("policy and configuration lie in a directory");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(attempted)?;
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            left_alone(path);
            Ok(false)
        }
        Err(error) => Err(error).with_context(attempted),
        Ok(mut file) => {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(attempted)?;
            ensure!(
                file.metadata().is_ok_and(|found| found.mode() & 0o077 == 0),
                "others may read `{}`",
                path.display()
            );
            ui::say(&format!("wrote `{}`", path.display()));
            Ok(true)
        }
    }
}

fn left_alone(path: &Path) {
    ui::say(&format!("`{}` is there already; left as it is", path.display()));
}

#[cfg(test)]
mod tests {
    use super::{CONFIG, POLICY, policy};
    use crate::config::Settings;
    use crate::policy::file::File;

    /// Takes the `#` away from the lines that are examples.
    fn uncommented(text: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(code) if !code.is_empty() && !code.starts_with(' ') => code.to_owned(),
            _ => line.to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_line_of_the_templates_that_is_commented_out_is_right() {
        for policy in [policy(false), policy(true), uncommented(POLICY)] {
            let file: File = toml::from_str(&policy).unwrap();
            assert_eq!(file.policy.unwrap().version, 1);
        }
        let config = CONFIG.replace("TRUSTED_PATH", "#trusted_path = ['/opt/bin']");
        let plain: Settings = toml::from_str(&config).unwrap();
        assert_eq!(plain, Settings::default());
        let full: Settings = toml::from_str(&uncommented(&config)).unwrap();
        assert_eq!(full.patience, plain.patience);
        assert!(full.local.inline && full.requester.agent.is_some() && !full.trusted_path.is_empty());
    }
}
