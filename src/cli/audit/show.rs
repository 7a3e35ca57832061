//! `gate audit show`: entries, whole.

use std::ops::ControlFlow;

use serde_json::Value;

use crate::approval::Prefix;
use crate::command::visible_lines;
use crate::error::Exit;
use crate::store::{Row, Store};
use crate::ui;

/// Show one entry by its number or its own id, or all entries of a request
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit show 12
  gate audit show 7KQ2      everything about the request")]
pub(super) struct Args {
    /// An entry's number or id, or a request's id
    #[arg(value_name = "SEQ|ID")]
    which: String,
}

/// Prints them as indented JSON; what is invisible is escaped.
pub(super) fn run(args: &Args, store: &Store) -> anyhow::Result<Exit> {
    let found = match args.which.parse::<u64>() {
        Ok(seq) => store.entry(seq)?.into_iter().collect(),
        Err(_) => named(store, &args.which)?,
    };
    if found.is_empty() {
        let which = crate::command::visible(args.which.as_bytes());
        ui::say(&format!("no entry and no request is `{which}`; see `gate audit log`"));
        return Ok(Exit::No);
    }
    for bytes in found {
        let text = match serde_json::from_slice::<Value>(&bytes) {
            Ok(entry) => format!("{entry:#}"),
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        ui::answer(&visible_lines(text.as_bytes()));
    }
    Ok(Exit::Done)
}

fn named(store: &Store, name: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let prefix = Prefix::parse(name);
    let mut found = Vec::new();
    store.entries(1, |row: Row<'_>| {
        let entry: Value = serde_json::from_slice(row.bytes).unwrap_or(Value::Null);
        let request = entry["request"].as_str().map(|id| id.replace('-', ""));
        let about = prefix.as_ref().zip(request).is_some_and(|(prefix, id)| id.starts_with(prefix.as_str()));
        if about || entry["id"] == *name {
            found.push(row.bytes.to_vec());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
