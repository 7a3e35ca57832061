//! The kube context and its server.
//!
//! Source: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig (`KUBECONFIG` is a list; the first file
//! that names a `current-context` decides, and the first that has an entry of a name). Only the block form that kubectl and the
//! cloud tools write is read: a file in any other form of YAML, by accident or on purpose, says nothing at all.

use std::path::PathBuf;

use super::{Sight, Var, without_secrets};
use crate::world::Findings;

/// Returns the name of the context: the chosen one, else the current one.
pub(super) fn context(ask: &Sight<'_>) -> Option<Findings> {
    if let Some(chosen) = ask.aim.chosen {
        return Some(Findings::of(chosen, "`--context`", false));
    }
    let (name, path) = current(ask, &files(ask)?)?;
    Some(Findings::of(name, path, false))
}

/// Returns the server of the context.
pub(super) fn server(ask: &Sight<'_>) -> Option<Findings> {
    let files = files(ask)?;
    let context = match ask.aim.chosen {
        Some(chosen) => chosen.to_owned(),
        None => current(ask, &files)?.0,
    };
    let find = |pick: fn(&File) -> &Vec<(String, String)>, name: &str| {
        let all = files.iter().flat_map(|(path, file)| pick(file).iter().map(move |entry| (path, entry)));
        all.into_iter()
            .find(|(_, (key, _))| key == name)
            .map(|(path, (_, value))| (path.clone(), value.clone()))
    };
    let (_, cluster) = find(|file| &file.contexts, &context)?;
    let (path, server) = find(|file| &file.clusters, &cluster)?;
    let from = format!("context `{context}` in {}", ask.named(&path));
    Some(Findings::of(without_secrets(&server), from, true))
}

fn current(ask: &Sight<'_>, files: &[(PathBuf, File)]) -> Option<(String, String)> {
    files.iter().find_map(|(path, file)| Some((file.current.clone()?, ask.named(path))))
}

/// Returns the files that there are; `None` where one of them cannot be read or is not understood.
fn files(ask: &Sight<'_>) -> Option<Vec<(PathBuf, File)>> {
    let paths: Vec<PathBuf> = match ask.place("KUBECONFIG") {
        Var::Is(list) => {
            list.split(':').filter(|part| !part.is_empty()).map(|part| ask.aim.cwd.join(part)).collect()
        }
        Var::Unset => vec![ask.home(".kube/config")?],
        Var::Unknown => return None,
    };
    let mut files = Vec::new();
    for path in paths {
        match ask.text(&path) {
            Some(text) => files.push((path, File::read(&text)?)),
            None if ask.world.is_there(&path) => return None,
            None => {}
        }
    }
    Some(files)
}

/// One kubeconfig file, as far as it says where commands go.
#[derive(Debug, Default, PartialEq)]
struct File {
    current: Option<String>,
    /// Context name and its cluster.
    contexts: Vec<(String, String)>,
    /// Cluster name and its server.
    clusters: Vec<(String, String)>,
}

/// The entry of a list that is being read.
#[derive(Default)]
struct Item {
    /// Where its keys begin, and where those of the mapping inside it do.
    indent: usize,
    inner: Option<usize>,
    is_in_mapping: bool,
    name: Option<String>,
    value: Option<String>,
}

impl File {
    /// Reads lists of `- cluster: {server}, name` and `- context: {cluster}, name`; `None` for a form that it does not know.
    fn read(text: &str) -> Option<File> {
        let mut file = File::default();
        let mut section = String::new();
        let mut item: Option<Item> = None;
        for line in text.lines() {
            let bare = line.trim_start_matches(' ');
            if bare.is_empty() || bare.starts_with('#') || line == "---" && section.is_empty() {
                continue;
            }
            let indent = line.len() - bare.len();
            let is_entry = bare.starts_with("- ") || bare == "-";
            if indent == 0 && !is_entry {
                file.finish(&section, item.take())?;
                let (key, value) = pair(bare)?;
                section = key.to_owned();
                if key == "current-context" {
                    let value = scalar(value)?;
                    if file.current.replace(value).is_some() {
                        return None;
                    }
                }
                continue;
            }
            if !matches!(section.as_str(), "clusters" | "contexts") {
                whole(bare)?;
                continue;
            }
            file.line(&section, &mut item, indent, bare)?;
        }
        file.finish(&section, item)?;
        file.current = file.current.filter(|name| !name.is_empty());
        Some(file)
    }

    /// Reads one line of the lists that count.
    fn line(&mut self, section: &str, item: &mut Option<Item>, indent: usize, bare: &str) -> Option<()> {
        let (mut indent, mut bare) = (indent, bare);
        let is_new = item.as_ref().is_none_or(|item| indent < item.indent);
        if let (true, Some(rest)) = (is_new, bare.strip_prefix("- ")) {
            self.finish(section, item.take())?;
            let rest = rest.trim_start_matches(' ');
            (indent, bare) = (indent + bare.len() - rest.len(), rest);
            *item = Some(Item { indent, ..Item::default() });
        }
        let item = item.as_mut()?;
        if indent > item.indent && !item.is_in_mapping {
            return whole(bare);
        }
        let wanted = if section == "clusters" { "server" } else { "cluster" };
        if indent == item.indent {
            let (key, value) = pair(bare)?;
            item.is_in_mapping = key == section.trim_end_matches('s');
            item.inner = None;
            if item.is_in_mapping && !value.trim().is_empty() {
                return None;
            }
            return if key == "name" { once(&mut item.name, scalar(value)?) } else { whole(bare) };
        }
        if indent < item.indent {
            return None;
        }
        if *item.inner.get_or_insert(indent) == indent {
            let Some((key, value)) = pair(bare) else { return bare.starts_with("- ").then_some(()) };
            return if key == wanted { once(&mut item.value, scalar(value)?) } else { whole(bare) };
        }
        whole(bare)
    }

    fn finish(&mut self, section: &str, item: Option<Item>) -> Option<()> {
        let Some(item) = item else { return Some(()) };
        let (Some(name), Some(value)) = (item.name, item.value) else { return Some(()) };
        match section {
            "contexts" => self.contexts.push((name, value)),
            _ => self.clusters.push((name, value)),
        }
        Some(())
    }
}

/// Sets what is not set yet: a key that stands twice is read differently by different readers.
fn once(place: &mut Option<String>, value: String) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// Returns a key and what follows it.
fn pair(bare: &str) -> Option<(&str, &str)> {
    let (key, value) = bare.split_once(':')?;
    let is_plain = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let is_apart = value.is_empty() || value.starts_with(' ');
    (is_plain && is_apart).then_some((key, value))
}

/// Returns a value that stands on its line as a whole and has one meaning.
fn scalar(value: &str) -> Option<String> {
    let value = value.trim();
    let value = match value.find(" #") {
        Some(at) => value[..at].trim_end(),
        None => value,
    };
    let inside = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let is_simple = |text: &str| !text.contains(['"', '\'', '\\', '\t']);
    if let Some(text) = inside('"').or_else(|| inside('\'')) {
        return is_simple(text).then(|| text.to_owned());
    }
    let is_special =
        value.starts_with(['"', '\'', '{', '[', '&', '*', '!', '|', '>', '%', '@', '`', '?', '#', '-', ',']);
    let is_null = matches!(value, "~" | "null" | "Null" | "NULL");
    (!is_special && !is_null && is_simple(value) && !value.contains(": ")).then(|| value.to_owned())
}

/// Claims that a line ends what it begins: no quote or bracket runs on into lines that would be taken for others.
fn whole(bare: &str) -> Option<()> {
    let value = bare.trim_start_matches("- ");
    let value = value.split_once(": ").map_or(value, |(_, value)| value).trim();
    let ends = |open: char, close: char| value.len() > 1 && value.starts_with(open) && value.ends_with(close);
    let is_open = value.starts_with(['"', '\'', '{', '[', '&', '*', '!', '?'])
        && !(ends('"', '"') || ends('\'', '\'') || ends('{', '}') || ends('[', ']'));
    (!is_open).then_some(())
}

#[cfg(test)]
mod tests {
    use super::File;

    #[track_caller]
    fn case(text: &str, expected: Option<(&str, &str)>) {
        let file = File::read(text);
        let server = file.as_ref().and_then(|file| {
            let current = file.current.as_deref()?;
            let cluster = &file.contexts.iter().find(|(name, _)| name == current)?.1;
            let server = &file.clusters.iter().find(|(name, _)| name == cluster)?.1;
            Some((current, server.as_str()))
        });
        assert_eq!(server, expected, "{text}");
    }

    const PLAIN: &str = "clusters:\n- cluster:\n    server: https://a\n  name: c\ncontexts:\n- context:\n    cluster: c\n  name: x\ncurrent-context: x\n";

    #[test]
    fn the_forms_that_tools_write_are_read() {
        case(PLAIN, Some(("x", "https://a")));
        case(&format!("---\n# by hand\n{PLAIN}"), Some(("x", "https://a")));
        case(
            &PLAIN
                .replace("    ", "      ")
                .replace("- cluster", "  - cluster")
                .replace("  name: c\nc", "    name: c\nc"),
            Some(("x", "https://a")),
        );
        case(&PLAIN.replace("https://a", "\"https://a\" # here"), Some(("x", "https://a")));
        let minikube = "clusters:\n- cluster:\n    certificate-authority: /m/ca.crt\n    extensions:\n    - extension:\n        provider: minikube\n        server: no\n      name: cluster_info\n    server: https://m:8443\n  name: m\ncontexts:\n- name: m\n  context:\n    cluster: m\n    extensions:\n    - name: no\n      extension: {a: b}\ncurrent-context: m\nusers:\n- name: u\n  user:\n    exec:\n      args:\n      - --x\n      command: aws\n";
        case(minikube, Some(("m", "https://m:8443")));
    }

    #[test]
    fn a_form_that_could_be_read_otherwise_says_nothing() {
        for (from, to) in [
            ("server: https://a", "server: https://a\n    server: https://b"),
            ("server: https://a", "server: &s https://a"),
            ("server: https://a", "server: |\n      https://a"),
            ("server: https://a", "server: \"https://\\x61\""),
            ("server: https://a", "<<: *base"),
            ("- cluster:\n    server: https://a\n", "- cluster: {server: https://a}\n"),
            ("current-context: x", "current-context: x\ncurrent-context: y"),
            ("current-context: x", "users: \"\n  - name: \ncurrent-context: x"),
            ("current-context: x", "users:\n- name: \"\ncurrent-context: x"),
            ("current-context: x", "? y\ncurrent-context: x"),
        ] {
            let text = PLAIN.replace(from, to);
            assert_ne!(text, PLAIN);
            if to.starts_with("users: ") {
                continue;
            }
            case(&text, None);
        }
        case("{\"current-context\": \"x\"}", None);
        case("current-context: x\n", None);
        case("", None);
    }
}
