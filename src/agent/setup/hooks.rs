//! gate's entries in an agent's hook settings: found, put in, taken out.

use super::entry::{Called, called};
use super::json::{self, Json, Node, Style};
use super::{Agent, Refusal};

/// Where a hook of gate's stands: the event, the item of its list, and the hook inside a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) event: usize,
    pub(super) item: usize,
    pub(super) hook: Option<usize>,
    /// Claims that the item holds nothing but this hook.
    pub(super) is_alone: bool,
    pub(super) called: Called,
}

/// What must stay where it is, even empty, because it was there before gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) hooks: bool,
    pub(super) event: bool,
    pub(super) version: bool,
}

impl Kept {
    /// Returns what of it `text` has.
    pub(super) fn of(text: &str, agent: Agent) -> Kept {
        let Ok(root) = json::parse(text) else { return Kept::default() };
        let hooks = root.get("hooks");
        Kept {
            hooks: hooks.is_some(),
            event: hooks.is_some_and(|hooks| hooks.get(agent.event()).is_some()),
            version: root.get("version").is_some(),
        }
    }
}

/// Returns every hook of gate's in these settings, in the order in which they stand.
pub(super) fn found(root: &Node, agent: Agent) -> Vec<Found> {
    let mut all = Vec::new();
    for (event, member) in root.get("hooks").map(Node::members).unwrap_or_default().iter().enumerate() {
        for (item, node) in member.value.items().iter().enumerate() {
            let call = |node: &Node| node.get(agent.command_key()).and_then(Node::text).and_then(called);
            if !agent.has_groups() {
                let made = |called| Found { event, item, hook: None, is_alone: true, called };
                all.extend(call(node).map(made));
                continue;
            }
            let hooks = node.get("hooks").map(Node::items).unwrap_or_default();
            for (index, hook) in hooks.iter().enumerate() {
                let is_alone = hooks.len() == 1;
                let made = |called| Found { event, item, hook: Some(index), is_alone, called };
                all.extend(call(hook).map(made));
            }
        }
    }
    all
}

/// Returns the commands of all hooks before a tool is used that are not gate's.
pub(super) fn others(root: &Node, agent: Agent) -> Vec<String> {
    let items = root.get("hooks").and_then(|hooks| hooks.get(agent.event())).map(Node::items);
    let hooks = items.unwrap_or_default().iter().flat_map(|item| {
        if agent.has_groups() {
            item.get("hooks").map(Node::items).unwrap_or_default().iter()
        } else {
            std::slice::from_ref(item).iter()
        }
    });
    let commands = hooks.filter_map(|hook| hook.get(agent.command_key()).and_then(Node::text));
    commands.filter(|command| called(command).is_none()).map(str::to_owned).collect()
}

/// Claims that `text` has exactly the one entry that gate would write.
pub(super) fn is_set_up(text: &str, root: &Node, agent: Agent, entry: &Json) -> bool {
    let [only] = &found(root, agent)[..] else { return false };
    let Some(member) = root.get("hooks").and_then(|hooks| hooks.members().get(only.event)) else {
        return false;
    };
    let has_version = !agent.has_version() || root.get("version").is_some();
    let item = member.value.items().get(only.item);
    let standing = item.and_then(|item| serde_json::from_str(&text[item.span.clone()]).ok());
    member.key == agent.event() && has_version && standing == Some(entry.value())
}

/// Returns `text` with gate's entry in it, once, as gate writes it today.
///
/// # Errors
/// Settings that are of another form than the agent documents.
pub(super) fn put(text: &str, agent: Agent, entry: &Json) -> Result<String, Refusal> {
    let root = checked(text, agent)?;
    if is_set_up(text, &root, agent, entry) {
        return Ok(text.to_owned());
    }
    if let [only] = &found(&root, agent)[..]
        && only.is_alone
        && let Some(member) = root.get("hooks").and_then(|hooks| hooks.members().get(only.event))
        && member.key == agent.event()
    {
        let style = Style::of(text, &root);
        let text = json::replaced(text, &member.value.items()[only.item], entry, &style);
        return with_version(&text, agent);
    }
    let kept = Kept { hooks: true, event: true, version: true };
    add(&with_version(&taken(text, agent, kept)?, agent)?, agent, entry)
}

fn with_version(text: &str, agent: Agent) -> Result<String, Refusal> {
    let root = json::parse(text)?;
    if !agent.has_version() || root.get("version").is_some() {
        return Ok(text.to_owned());
    }
    Ok(json::appended(text, &root, Some("version"), &Json::Number(1), &Style::of(text, &root)))
}

fn add(text: &str, agent: Agent, entry: &Json) -> Result<String, Refusal> {
    let root = json::parse(text)?;
    let style = Style::of(text, &root);
    let list = Json::List(vec![entry.clone()]);
    Ok(match root.get("hooks") {
        None => {
            let hooks = Json::Map(vec![(agent.event(), list)]);
            json::appended(text, &root, Some("hooks"), &hooks, &style)
        }
        Some(hooks) => match hooks.get(agent.event()) {
            None => json::appended(text, hooks, Some(agent.event()), &list, &style),
            Some(event) => json::appended(text, event, None, entry, &style),
        },
    })
}

/// Returns `text` without gate's entries, and without the lists that they leave empty unless they are `kept`.
///
/// # Errors
/// Text that is not strict JSON.
pub(super) fn taken(text: &str, agent: Agent, kept: Kept) -> Result<String, Refusal> {
    let mut text = text.to_owned();
    loop {
        let root = json::parse(&text)?;
        let Some(place) = found(&root, agent).pop() else { return Ok(text) };
        text = without(&text, &root, agent, &place, kept)?;
    }
}

fn without(text: &str, root: &Node, agent: Agent, place: &Found, kept: Kept) -> Result<String, Refusal> {
    let lost = || Refusal::new("the entry moved while it was taken out");
    let hooks = root.get("hooks").ok_or_else(lost)?;
    let event = hooks.members().get(place.event).ok_or_else(lost)?;
    let item = event.value.items().get(place.item).ok_or_else(lost)?;
    if let (Some(hook), false) = (place.hook, place.is_alone) {
        return Ok(json::removed(text, item.get("hooks").ok_or_else(lost)?, hook));
    }
    let is_last_item = event.value.items().len() == 1;
    if !is_last_item || (kept.event && event.key == agent.event()) {
        return Ok(json::removed(text, &event.value, place.item));
    }
    if hooks.members().len() > 1 || kept.hooks {
        return Ok(json::removed(text, hooks, place.event));
    }
    let index = root.members().iter().position(|member| member.key == "hooks").ok_or_else(lost)?;
    Ok(json::removed(text, root, index))
}

/// Returns what `text` is, if it has the form that the agent documents.
fn checked(text: &str, agent: Agent) -> Result<Node, Refusal> {
    let root = json::parse(text)?;
    let is = |node: &Node, what: &str, name: &str| {
        if node.name() == name {
            Ok(())
        } else {
            Err(Refusal::new(format!("{what} is {}, expected {name}", node.name())))
        }
    };
    is(&root, "the whole", "an object")?;
    if let Some(hooks) = root.get("hooks") {
        is(hooks, "`hooks`", "an object")?;
        if let Some(event) = hooks.get(agent.event()) {
            is(event, &format!("`hooks.{}`", agent.event()), "a list")?;
        }
    }
    Ok(root)
}
