//! `gate approver add` and `gate approver remove`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::super::Place;
use super::super::signer::public;
use super::{person, replace, said};
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::ui;

/// Name somebody who may decide, or give them another key
#[derive(clap::Args)]
pub(in crate::cli) struct Add {
    /// What rules and screens call them
    name: String,
    /// Files of public keys, as `ssh-keygen` writes them
    keys: Vec<PathBuf>,
    /// Their login name on this machine, where it is another
    #[arg(long)]
    user: Option<String>,
    /// Their address
    #[arg(long)]
    email: Option<String>,
    /// The key does not count before this day (`2026-01-01`)
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The key no longer counts from this day on
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// The key lies where no requester's user can use it: with another user, or on another machine
    #[arg(long)]
    apart: bool,
    /// The security key has to ask for a PIN or a fingerprint
    #[arg(long)]
    verify: bool,
    /// The policy file to change, instead of your own
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Take somebody out of those who may decide, or one of their keys
#[derive(clap::Args)]
pub(in crate::cli) struct Remove {
    name: String,
    /// Only the key with this fingerprint (`SHA256:…`)
    #[arg(long, value_name = "FINGERPRINT")]
    key: Option<String>,
    /// The policy file to change, instead of your own
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Adds the person or the keys.
pub(super) fn add(args: &Add, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    person(&config)?;
    let path = args.policy.clone().unwrap_or_else(|| config.places.policy.clone());
    let mut file = read(&path)?;
    let people = tables(&mut file, "approver")?;
    let is_new = position(people, &args.name).is_none();
    if !is_new && args.keys.is_empty() && args.user.is_none() && args.email.is_none() {
        bail!("the policy names `{}` already; nothing to add", visible(args.name.as_bytes()));
    }
    let at = position(people, &args.name).unwrap_or_else(|| {
        let mut table = Table::new();
        table.insert("name", value(&args.name));
        people.push(table);
        people.len() - 1
    });
    let table = people.get_mut(at).context("no such approver")?;
    for (name, given) in [("user", &args.user), ("email", &args.email)] {
        if let Some(given) = given {
            table.insert(name, value(given));
        }
    }
    for key in &args.keys {
        let written = written(args, key)?;
        let keys = table.entry("keys").or_insert_with(|| value(Array::new())).as_array_mut();
        let keys = keys.with_context(|| format!("{}: `keys` is no list", path.display()))?;
        keys.push(written);
    }
    replace(&config, &path, &file.to_string(), ("added", &args.name))?;
    let name = visible(args.name.as_bytes());
    Ok(said(&match (is_new, args.keys.len()) {
        (true, 0) => format!("`{name}` may be named as an approver now"),
        (true, count) => format!("`{name}` may be named as an approver now, with {count} of their keys"),
        (false, count) => format!("`{name}` has {count} more of their keys in the policy"),
    }))
}

/// Takes the person or the key out.
pub(super) fn remove(args: &Remove, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    person(&config)?;
    let path = args.policy.clone().unwrap_or_else(|| config.places.policy.clone());
    let mut file = read(&path)?;
    let people = tables(&mut file, "approver")?;
    let name = visible(args.name.as_bytes());
    let Some(at) = position(people, &args.name) else {
        ui::say(&format!("`{}` names no approver `{name}`", path.display()));
        return Ok(Exit::No);
    };
    if let Some(fingerprint) = &args.key {
        let keys = people.get_mut(at).and_then(|table| table.get_mut("keys")).and_then(Item::as_array_mut);
        let found = keys.and_then(|keys| {
            let at = keys.iter().position(|key| fingerprint_of(key).as_ref() == Some(fingerprint))?;
            Some(keys.remove(at))
        });
        if found.is_none() {
            ui::say(&format!("`{name}` has no key {}", visible(fingerprint.as_bytes())));
            return Ok(Exit::No);
        }
    } else {
        people.remove(at);
        leave_groups(&mut file, &args.name);
    }
    replace(&config, &path, &file.to_string(), ("removed", &args.name))?;
    Ok(said(&match &args.key {
        Some(_) => format!("one key of `{name}` is taken out of the policy"),
        None => format!("`{name}` is taken out of the policy"),
    }))
}

/// Returns the policy file taken apart; a new one where there is none yet.
fn read(path: &Path) -> anyhow::Result<DocumentMut> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "[policy]\nversion = 1\n".to_owned(),
        read => read.with_context(|| format!("failed to read policy `{}`", path.display()))?,
    };
    text.parse().with_context(|| format!("`{}` is no TOML", path.display()))
}

fn tables<'a>(file: &'a mut DocumentMut, name: &str) -> anyhow::Result<&'a mut ArrayOfTables> {
    let item = file.entry(name).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().with_context(|| format!("`{name}` is not written as `[[{name}]]`"))
}

fn position(people: &ArrayOfTables, name: &str) -> Option<usize> {
    people.iter().position(|person| person.get("name").and_then(Item::as_str) == Some(name))
}

/// Returns a key as the policy writes it: a line, or a table where more is said of it.
fn written(args: &Add, path: &Path) -> anyhow::Result<Value> {
    let line = public(path)?.to_string();
    let mut table = InlineTable::new();
    for (name, given) in [("from", &args.from), ("until", &args.until)] {
        if let Some(given) = given {
            table.insert(name, given.into());
        }
    }
    for (name, given) in [("apart", args.apart), ("verify", args.verify)] {
        if given {
            table.insert(name, true.into());
        }
    }
    if table.is_empty() {
        return Ok(line.into());
    }
    let mut whole = InlineTable::new();
    whole.insert("key", line.into());
    whole.extend(table);
    Ok(whole.into())
}

fn fingerprint_of(key: &Value) -> Option<String> {
    let line = key.as_str().or_else(|| key.as_inline_table()?.get("key")?.as_str())?;
    crate::identity::PublicKey::parse(line).ok().map(|key| key.fingerprint())
}

/// Takes the person out of every group; where an approval names them itself, the policy says so and nothing is written.
fn leave_groups(file: &mut DocumentMut, name: &str) {
    let Some(groups) = file.get_mut("group").and_then(Item::as_array_of_tables_mut) else { return };
    for group in groups.iter_mut() {
        if let Some(members) = group.get_mut("members").and_then(Item::as_array_mut) {
            members.retain(|member| member.as_str() != Some(name));
        }
    }
}
