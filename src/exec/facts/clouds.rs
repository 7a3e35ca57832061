//! Accounts and regions of AWS, Google Cloud and Azure, from their command lines' variables and settings.
//!
//! Sources: docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html and cli-configure-envvars.html (`~/.aws/config`,
//! `[profile NAME]`; which of `AWS_PROFILE` and `AWS_DEFAULT_PROFILE` counts differs between the command line and the libraries,
//! github.com/boto/boto3/issues/3891, so both may); cloud.google.com/sdk/docs/configurations and docs/properties
//! (`CLOUDSDK_SECTION_PROPERTY`, `active_config`, `configurations/config_NAME`); learn.microsoft.com/cli/azure/azure-cli-configuration
//! (`AZURE_CONFIG_DIR`) and the fields `subscriptions`, `id`, `name`, `isDefault` of `azureProfile.json` in azure-cli's `_profile.py`,
//! which writes it with a byte order mark. Credentials are not read: a region that only they name is unknown.

use serde::Deserialize;

use super::{Sight, Var, ini};
use crate::world::Findings;

/// Returns the profile: what the arguments choose, the variables, else `default`.
pub(super) fn aws_profile(ask: &Sight<'_>) -> Findings {
    if let Some(chosen) = ask.aim.chosen {
        return Findings::of(chosen, "`--profile`", false);
    }
    let mut found = variables(ask, &["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]);
    if found.values.is_empty() && !found.is_open {
        found.add("default", "no profile being named", false);
    }
    found
}

/// Returns the region: the variables, else that of the profile.
pub(super) fn aws_region(ask: &Sight<'_>) -> Findings {
    let found = variables(ask, &["AWS_REGION", "AWS_DEFAULT_REGION"]);
    if !found.values.is_empty() || found.is_open {
        return found;
    }
    let profiles = aws_profile(ask);
    let mut found = Findings { is_open: profiles.is_open, ..Findings::default() };
    let path = match ask.place("AWS_CONFIG_FILE") {
        Var::Is(path) => Some(ask.aim.cwd.join(path)),
        Var::Unset => ask.home(".aws/config"),
        Var::Unknown => None,
    };
    let text = path.as_ref().and_then(|path| ask.text(path)).unwrap_or_default();
    for profile in profiles.values {
        let is_it = |section: &str| {
            let named = section.strip_prefix("profile ").map(|name| name.trim().trim_matches(['"', '\'']));
            named == Some(&profile.value) || (section == "default" && profile.value == "default")
        };
        let values = ini::values(&text, is_it, "region");
        // Elsewhere the machine it runs on may tell it.
        found.is_open |= values.is_empty();
        for (value, path) in values.into_iter().zip(path.iter().cycle()) {
            found.add(value, format!("profile `{}` in {}", profile.value, ask.named(path)), false);
        }
    }
    found
}

/// A property of gcloud: its section, its key, and its variable.
pub(super) struct Property(&'static str, &'static str, &'static str);

pub(super) const PROJECT: Property = Property("core", "project", "CLOUDSDK_CORE_PROJECT");
const REGION: Property = Property("compute", "region", "CLOUDSDK_COMPUTE_REGION");
const ZONE: Property = Property("compute", "zone", "CLOUDSDK_COMPUTE_ZONE");

/// Returns a property: its variable, else that of the configuration that is chosen or active.
pub(super) fn gcloud(ask: &Sight<'_>, Property(section, key, variable): &Property) -> Findings {
    let found = variables(ask, &[variable]);
    if !found.values.is_empty() || found.is_open {
        return found;
    }
    configured(ask, section, key).unwrap_or_else(Findings::unknown)
}

fn configured(ask: &Sight<'_>, section: &str, key: &str) -> Option<Findings> {
    let dir = match ask.place("CLOUDSDK_CONFIG") {
        Var::Is(dir) => ask.aim.cwd.join(dir),
        Var::Unset => ask.home(".config/gcloud")?,
        Var::Unknown => return None,
    };
    let active = match (ask.aim.chosen, ask.var("CLOUDSDK_ACTIVE_CONFIG_NAME")) {
        (Some(chosen), _) => chosen.to_owned(),
        (None, Var::Is(name)) => name,
        (None, Var::Unset) => ask.text(&dir.join("active_config"))?.trim().to_owned(),
        (None, Var::Unknown) => return None,
    };
    // A name is no path (gcloud: lower-case letters, digits and dashes).
    let is_name = active.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let path = dir.join("configurations").join(format!("config_{active}"));
    let text = ask.text(&path).filter(|_| is_name)?;
    let mut found = Findings::default();
    for value in ini::values(&text, |name| name == section, key) {
        found.add(value, format!("configuration `{active}` in {}", ask.named(&path)), false);
    }
    (!found.values.is_empty()).then_some(found)
}

/// Returns the region, or that of the zone: a zone is called after its region (cloud.google.com/compute/docs/regions-zones).
pub(super) fn gcloud_region(ask: &Sight<'_>) -> Findings {
    let mut found = gcloud(ask, &REGION);
    if found.values.is_empty() {
        found = gcloud(ask, &ZONE);
        for stated in &mut found.values {
            let region = stated.value.rsplit_once('-').map(|(region, _)| region.to_owned());
            stated.value = region.unwrap_or_default();
        }
    }
    found
}

#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    subscriptions: Vec<Subscription>,
}

#[derive(Deserialize)]
struct Subscription {
    id: String,
    name: String,
    #[serde(default, rename = "isDefault")]
    is_default: bool,
}

/// Returns the subscription, by name and by id: the chosen one, else the default.
pub(super) fn azure(ask: &Sight<'_>) -> Option<Findings> {
    let mut found = Findings::default();
    if let Some(chosen) = ask.aim.chosen {
        found.add(chosen, "`--subscription`", false);
    }
    let path = match ask.place("AZURE_CONFIG_DIR") {
        Var::Is(dir) => Some(ask.aim.cwd.join(dir)),
        Var::Unset => ask.home(".azure"),
        Var::Unknown => None,
    }
    .map(|dir| dir.join("azureProfile.json"));
    let text = path.as_ref().and_then(|path| ask.text(path)).unwrap_or_default();
    let profile: Option<Profile> = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
    let is_it = |one: &&Subscription| match ask.aim.chosen {
        Some(chosen) => one.name.eq_ignore_ascii_case(chosen) || one.id.eq_ignore_ascii_case(chosen),
        None => one.is_default,
    };
    let all = profile.map(|profile| profile.subscriptions).unwrap_or_default();
    for (one, path) in all.iter().filter(is_it).zip(path.iter().cycle()) {
        found.add(&one.name, ask.named(path), false);
        found.add(&one.id, ask.named(path), false);
    }
    (!found.values.is_empty()).then_some(found)
}

/// Returns what the variables say that are set; where they differ it may be any.
pub(super) fn variables(ask: &Sight<'_>, names: &[&str]) -> Findings {
    let mut found = Findings::default();
    for name in names {
        match ask.var(name) {
            Var::Is(value) => found.add(value, format!("`{name}`"), false),
            Var::Unknown => found.is_open = true,
            Var::Unset => {}
        }
    }
    found
}
