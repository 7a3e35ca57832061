//! The commands of gate's log under two policies: which of them the one judges differently from the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::super::instant::instant;
use super::Window;
use super::court::Court;
use super::record;
use super::tally::example;
use crate::config::Config;
use crate::policy::{LayerText, Verdict};
use crate::store::{Store, StoreError, clock};

/// A command that two policies judge differently.
pub(in super::super) struct Differing {
    /// Cut, with nothing invisible in it.
    pub(in super::super) command: String,
    pub(in super::super) old: Verdict,
    pub(in super::super) new: Verdict,
    /// How often it is in the log.
    pub(in super::super) count: u64,
}

/// The most different commands that are told apart.
const MOST: usize = 4_000;

/// Returns what changes between two policies, `None` being the one in force, and how many commands were judged; nothing where
/// there is no log.
///
/// # Errors
/// A policy is wrong, or there is a log and it cannot be read.
pub(in super::super) fn compare(
    config: &Config,
    old: Option<Vec<LayerText>>,
    new: Vec<LayerText>,
    since: Option<&str>,
) -> anyhow::Result<(Vec<Differing>, u64)> {
    let since = since.map(|text| instant(text, clock::now())).transpose()?;
    let window = Window { since: since.map(|moment| moment.utc_us), until: None };
    let store = match Store::open_read_only(&config.places.state) {
        Err(StoreError::Missing { .. }) => return Ok((Vec::new(), 0)),
        store => store?,
    };
    let now = Timestamp::now();
    let (mut before, mut after) = (Court::new(config, old, now)?, Court::new(config, Some(new), now)?);
    let (mut differing, mut judged): (BTreeMap<_, u64>, u64) = Default::default();
    record::read(
        &store,
        |_| {},
        |past| {
            let verdict = |court: &mut Court<'_>| court.judge(&past).ok().map(|(ruling, _)| ruling.verdict);
            if window.holds(past.time) != Some(true) {
                return;
            }
            let (Some(old), Some(new)) = (verdict(&mut before), verdict(&mut after)) else { return };
            judged += 1;
            if old != new && differing.len() < MOST {
                *differing.entry((example(&past), old, new)).or_default() += 1;
            }
        },
    )?;
    let differing =
        differing.into_iter().map(|((command, old, new), count)| Differing { command, old, new, count });
    Ok((differing.collect(), judged))
}
