//! The files that a file of instructions names itself: what is read with it is part of what is approved.
//!
//! Read line by line, by the forms that each format's own documentation gives; a name that only the tool can work out is told as such.
//! Sources: the chapters "Including Other Makefiles" of GNU make's manual and "Requirements File Format" of pip's;
//! kubectl.docs.kubernetes.io/references/kustomize/kustomization; docs.docker.com/reference/compose-file;
//! developer.hashicorp.com/terraform/language/modules/sources; docs.ansible.com (`import_playbook`, `include_tasks`, `vars_files`).

use std::collections::HashSet;

/// A name that a file of instructions has for another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    /// A path, from the directory that [`Base`] says.
    Path(String),
    /// The terraform files of a directory.
    Module(String),
    /// An address.
    Remote(String),
    /// What only the tool can work out.
    Unknown(String),
}

/// Where the paths in a file begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// In the directory that the program works in.
    Working,
    /// In the file's own directory.
    Own,
}

/// Returns where the paths that a file of this `format` names begin.
pub(super) fn base(format: &str) -> Base {
    if format == "make" { Base::Working } else { Base::Own }
}

/// Returns what a file of this `format` names, each once; nothing for a format that names nothing.
pub(super) fn named(format: &str, text: &str) -> Vec<Named> {
    let mut found = match format {
        "make" => make(text),
        "pip" => pip(text),
        "terraform" => terraform(text),
        "kustomize" => yaml(text, &["path"], &KUSTOMIZE, &[]),
        "compose" => yaml(
            text,
            &["file", "env_file", "dockerfile", "include", "path"],
            &["env_file", "include"],
            &["build", "context"],
        ),
        "ansible" => yaml(text, &ANSIBLE, &["vars_files"], &[]),
        _ => Vec::new(),
    };
    let mut seen = HashSet::new();
    found.retain(|named| seen.insert(named.clone()));
    found
}

const KUSTOMIZE: [&str; 9] = [
    "resources",
    "bases",
    "components",
    "patchesStrategicMerge",
    "configurations",
    "crds",
    "generators",
    "transformers",
    "validators",
];

const ANSIBLE: [&str; 8] = [
    "import_playbook",
    "include_tasks",
    "import_tasks",
    "include_vars",
    "ansible.builtin.import_playbook",
    "ansible.builtin.include_tasks",
    "ansible.builtin.import_tasks",
    "ansible.builtin.include_vars",
];

/// Returns how a name is meant: a path, an address, or what is made up when the tool runs.
fn meant(name: &str) -> Named {
    let is_remote = name.contains("://") || name.starts_with("git@") || name.starts_with("github.com/");
    let is_made_up = name.contains("$(")
        || name.contains("${")
        || name.contains("{{")
        || name.contains(['$', '*', '?', '[', '%']);
    match (is_remote, is_made_up) {
        (true, _) => Named::Remote(name.to_owned()),
        (false, true) => Named::Unknown(name.to_owned()),
        (false, false) => Named::Path(name.to_owned()),
    }
}

fn make(text: &str) -> Vec<Named> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().filter(|line| !line.starts_with('\t'));
    let lists = lines.filter_map(|line| {
        let line = line.trim_start();
        let rest = ["include", "-include", "sinclude"].iter().find_map(|word| line.strip_prefix(word))?;
        rest.starts_with([' ', '\t']).then(|| rest.split('#').next().unwrap_or_default())
    });
    lists.flat_map(make_words).map(meant).collect()
}

/// Splits at blanks that stand in no `$(…)`.
fn make_words(list: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    for (at, c) in list.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ' ' | '\t' if depth == 0 => {
                words.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&list[start..]);
    words.retain(|word| !word.is_empty());
    words
}

fn pip(text: &str) -> Vec<Named> {
    let options = ["--requirement", "--constraint", "--editable", "-r", "-c", "-e"];
    let one = |line: &str| {
        let line = line.trim();
        let rest = options.iter().find_map(|option| line.strip_prefix(option))?;
        let name = rest.trim_start_matches(['=', ' ', '\t']).split(" #").next()?.trim();
        (!name.is_empty()).then(|| {
            if line.starts_with("-e") || line.starts_with("--e") { editable(name) } else { meant(name) }
        })
    };
    text.lines().filter_map(one).collect()
}

fn editable(name: &str) -> Named {
    match meant(name) {
        Named::Path(path) => Named::Unknown(format!("what `{path}` builds")),
        other => other,
    }
}

fn terraform(text: &str) -> Vec<Named> {
    let one = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().strip_prefix('"')?.split('"').next()?;
        let is_local = value.starts_with("./") || value.starts_with("../");
        (key.trim() == "source" && is_local).then(|| Named::Module(value.to_owned()))
    };
    text.lines().filter_map(one).collect()
}

/// Returns the values of `keys`, the items of the lists under `lists`, and the Dockerfiles of the directories under `contexts`.
fn yaml(text: &str, keys: &[&str], lists: &[&str], contexts: &[&str]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut list: Option<usize> = None;
    for line in text.lines() {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let item = bare.strip_prefix("- ").map(str::trim_start);
        if list.is_some_and(|depth| indent < depth || (indent == depth && item.is_none())) {
            list = None;
        }
        let Some((key, value)) =
            item.unwrap_or(bare).split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with(' '))
        else {
            if let (Some(_), Some(item)) = (list, item) {
                found.extend(scalar(item).map(|name| meant(&name)));
            }
            continue;
        };
        let (key, value) = (key.trim_matches(['"', '\'']), scalar(value));
        match value {
            None if lists.contains(&key) => list = Some(indent),
            None => {}
            Some(name) if lists.contains(&key) && name.starts_with('[') => {
                let items = name.trim_matches(['[', ']']).split(',').filter_map(scalar);
                found.extend(items.map(|name| meant(&name)));
            }
            Some(name) if contexts.contains(&key) => {
                found.push(match meant(&name) {
                    Named::Path(dir) => Named::Path(format!("{}/Dockerfile", dir.trim_end_matches('/'))),
                    other => other,
                });
            }
            Some(name) if keys.contains(&key) => found.push(meant(&name)),
            Some(_) => {}
        }
    }
    found
}

/// Returns a value without its quotes and the comment behind it; `None` where there is none on the line.
fn scalar(value: &str) -> Option<String> {
    let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let is_block = matches!(value, "|" | ">" | "|-" | ">-" | "{" | "[");
    (!value.is_empty() && !is_block).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(format: &str, text: &str, expected: &[&str]) {
        let words = named(format, text).into_iter().map(|named| match named {
            Named::Path(name) => name,
            Named::Module(name) => format!("module {name}"),
            Named::Remote(name) => format!("at {name}"),
            Named::Unknown(name) => format!("unknown {name}"),
        });
        assert_eq!(words.collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn makefiles_name_what_they_include() {
        case(
            "make",
            "include a.mk b.mk # c\n-include $(wildcard *.d) x\\\n y\nsinclude z\nall:\n\tinclude no\nincluded: no\n",
            &["a.mk", "b.mk", "unknown $(wildcard *.d)", "x", "y", "z"],
        );
        case("make", "all: ; echo include x\n", &[]);
    }

    #[test]
    fn requirements_name_others() {
        case(
            "pip",
            "flask\n-r base.txt\n--constraint=c.txt # x\n-e ./lib\n-r https://x/y\n",
            &["base.txt", "c.txt", "unknown what `./lib` builds", "at https://x/y"],
        );
    }

    #[test]
    fn kustomizations_name_bases_and_patches() {
        let text = "resources:\n- ../base\n- deploy.yaml\n- github.com/a/b?ref=v1\npatches:\n- path: patch.yaml\n  target:\n    kind: Deployment\nimages:\n- name: x\n";
        case("kustomize", text, &["../base", "deploy.yaml", "at github.com/a/b?ref=v1", "patch.yaml"]);
    }

    #[test]
    fn compose_files_name_settings_and_contexts() {
        let text = "services:\n  a:\n    build: ./app\n    env_file: .env\n  b:\n    build:\n      context: web\n      dockerfile: Dockerfile.dev\n    env_file:\n      - b.env\n      - ${X}.env\n    ports:\n      - 80\n    extends:\n      file: common.yml\ninclude: [x.yml, \"y.yml\"]\n";
        case(
            "compose",
            text,
            &[
                "./app/Dockerfile",
                ".env",
                "web/Dockerfile",
                "Dockerfile.dev",
                "b.env",
                "unknown ${X}.env",
                "common.yml",
                "x.yml",
                "y.yml",
            ],
        );
    }

    #[test]
    fn terraform_names_modules_and_playbooks_name_tasks() {
        case(
            "terraform",
            "module \"a\" {\n  source = \"./mod\"\n}\nprovider x {\n source = \"hashicorp/aws\"\n}\n",
            &["module ./mod"],
        );
        let text = "- import_playbook: web.yml\n- hosts: all\n  vars_files:\n    - vars/main.yml\n    - \"{{ env }}.yml\"\n  tasks:\n    - include_tasks: tasks/x.yml\n";
        case("ansible", text, &["web.yml", "vars/main.yml", "unknown {{ env }}.yml", "tasks/x.yml"]);
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for format in ["make", "pip", "terraform", "kustomize", "compose", "ansible", "none"] {
            for text in [
                "",
                ":",
                "- ",
                "- :",
                "include",
                "include (((((",
                "-r",
                "source = \"",
                "\u{202e}: [",
                "resources:\n\t- x",
            ] {
                named(format, text);
            }
        }
    }
}
