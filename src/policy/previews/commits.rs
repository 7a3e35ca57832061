//! The commits that `git push` and `git rebase` speak of, as arguments of `git log`.
//!
//! What the remote has is what was fetched of it last. Its branch is named by a pattern (`--glob=refs/remotes/origin/mai[n]`), so that
//! one which is not there yet is no error: gitrevisions(7), git-rev-list(1) "--glob". What stands where a revision does never begins
//! with `-`, so that it is none of `git log`'s options.

use super::words::Taking;
use crate::world::Fact;

/// What one push moves: what is sent, if anything is, and the name of the remote branch.
struct Moved {
    source: Option<String>,
    remote: String,
    branch: String,
}

/// Returns the commits that a push adds to its branch.
pub(super) fn pushed(taking: &mut Taking<'_>) -> Result<Vec<Vec<u8>>, String> {
    match moved(taking)? {
        None => Ok(words(&["HEAD", "--not", "@{push}"])),
        Some(Moved { source: Some(source), remote, branch }) => {
            Ok(words(&[&source, "--not", &pattern(&remote, &branch)]))
        }
        Some(Moved { source: None, .. }) => Err("it sends no commit".to_owned()),
    }
}

/// Returns the commits that a push takes away from its branch.
pub(super) fn lost(taking: &mut Taking<'_>) -> Result<Vec<Vec<u8>>, String> {
    match moved(taking)? {
        None => Ok(words(&["@{push}", "--not", "HEAD"])),
        Some(Moved { source, remote, branch }) => {
            let pattern = pattern(&remote, &branch);
            let kept = source.into_iter().flat_map(|source| ["--not".to_owned(), source]);
            Ok(std::iter::once(pattern).chain(kept).map(String::into_bytes).collect())
        }
    }
}

/// Returns the commits that a rebase writes anew.
pub(super) fn rebased(taking: &mut Taking<'_>) -> Result<Vec<Vec<u8>>, String> {
    let operands = taking.operands()?;
    let revision = |place: usize, usual: &str| match operands.get(place) {
        Some(word) => as_revision(word),
        None => Ok(usual.to_owned()),
    };
    if operands.len() > 2 {
        return Err("it names more than an upstream and a branch".to_owned());
    }
    let (upstream, tip) = (revision(0, "@{upstream}")?, revision(1, "HEAD")?);
    Ok(words(&[&tip, "--not", &upstream]))
}

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Returns what a push moves; `None` where git's settings say it.
fn moved(taking: &mut Taking<'_>) -> Result<Option<Moved>, String> {
    let operands = taking.operands()?;
    let (remote, refspec) = match operands.as_slice() {
        [] => return Ok(None),
        [_] => return Err("which branches it pushes is up to git's settings; it names none".to_owned()),
        [remote, refspec] => (remote, refspec),
        [_, _, ..] => return Err("it pushes several branches at once".to_owned()),
    };
    let remote = name(remote).filter(|name| !name.contains('/'));
    let remote = remote.ok_or("it pushes to a place that is no named remote")?;
    let refspec = refspec.strip_prefix(b"+").unwrap_or(refspec);
    let (source, branch) = match refspec.iter().position(|byte| *byte == b':') {
        Some(colon) => (&refspec[..colon], Some(&refspec[colon + 1..])),
        None => (refspec, None),
    };
    let source = if source.is_empty() { None } else { Some(as_revision(source)?) };
    let branch = match (branch, source.as_deref()) {
        (Some(branch), _) => name(branch),
        (None, Some("HEAD" | "@")) => current(taking),
        (None, Some(source)) => name(source.as_bytes()),
        (None, None) => None,
    };
    let branch = branch.ok_or("which branch of the remote it moves is not known")?;
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned();
    // `git push --delete origin x` names what is deleted and sends nothing.
    let is_deleted =
        taking.subject.arguments.given(&["-d".to_owned(), "--delete".to_owned()]).next().is_some();
    let source = source.filter(|_| !is_deleted);
    match branch.starts_with("refs/") {
        true => Err("it moves something else than a branch".to_owned()),
        false => Ok(Some(Moved { source, remote, branch })),
    }
}

fn current(taking: &Taking<'_>) -> Option<String> {
    let found = taking.subject.fact(Fact::GitBranch);
    match (found.values.as_slice(), found.is_open) {
        ([one], false) => name(one.value.as_bytes()),
        (_, _) => None,
    }
}

/// Returns `refs/remotes/origin/mai[n]`, which matches `main` and nothing else.
fn pattern(remote: &str, branch: &str) -> String {
    let last = branch.chars().next_back().unwrap_or_default();
    let begin = branch.strip_suffix(last).unwrap_or(branch);
    format!("--glob=refs/remotes/{remote}/{begin}[{last}]")
}

/// Returns a plain name of a remote or a branch.
fn name(word: &[u8]) -> Option<String> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._/+-".contains(byte);
    let is_name = !word.is_empty() && !word.starts_with(b"-") && word.iter().all(is_plain);
    is_name.then(|| String::from_utf8_lossy(word).into_owned())
}

fn as_revision(word: &[u8]) -> Result<String, String> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._/+-@{}~^".contains(byte);
    let is_revision = !word.starts_with(b"-") && !word.starts_with(b"^") && word.iter().all(is_plain);
    let text = String::from_utf8_lossy(word).into_owned();
    if is_revision && !text.contains("..") { Ok(text) } else { Err(format!("`{text}` is no plain revision")) }
}
