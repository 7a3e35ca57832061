//! This system's own shell files: what people really write.

use std::path::{Path, PathBuf};

/// Where they lie; `true`: below it, too.
const PLACES: [(&str, bool); 11] = [
    ("/etc/init.d", false),
    ("/etc/profile.d", false),
    ("/etc/cron.daily", false),
    ("/etc/skel", false),
    ("/etc", false),
    ("/usr/bin", false),
    ("/usr/sbin", false),
    ("/usr/lib/git-core", false),
    ("/usr/share", true),
    ("/usr/lib/init", true),
    ("/var/lib/dpkg/info", false),
];
/// The largest file that is read.
const LARGEST: u64 = 60_000;
const MOST: usize = 1200;

/// Returns the lines of each of them, in the order of their paths.
pub(crate) fn system_files() -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (place, below) in PLACES {
        collect(Path::new(place), if below { 6 } else { 0 }, &mut paths);
    }
    paths.sort();
    let files = paths.iter().filter_map(|path| shell_text(path));
    files.map(|text| text.lines().map(str::to_owned).collect()).take(MOST).collect()
}

fn collect(directory: &Path, depth: usize, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_file() {
            paths.push(entry.path());
        } else if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, paths);
        }
    }
}

/// Returns the text of a file that a shell reads: by its name, its place, or its first line.
fn shell_text(path: &Path) -> Option<String> {
    if std::fs::metadata(path).ok()?.len() > LARGEST {
        return None;
    }
    let named = path.extension().is_some_and(|ending| {
        ["sh", "bash", "preinst", "postinst", "prerm", "postrm"].iter().any(|known| ending == *known)
    });
    let placed = ["/etc/profile", "/etc/bash.bashrc"].iter().any(|known| path == Path::new(known))
        || ["/etc/skel", "/usr/share/bash-completion/completions"]
            .iter()
            .any(|known| path.starts_with(known));
    let may_be = named || placed || !path.starts_with("/usr/share");
    let text = may_be.then(|| std::fs::read(path).ok()).flatten()?;
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_started = first.starts_with(b"#!") && first.windows(2).any(|pair| pair == b"sh");
    (named || placed || is_started)
        .then(|| String::from_utf8(text).ok())
        .flatten()
        .filter(|text| !text.is_empty())
}
