//! What a change would do to a file, as a unified diff: the form that `patch` and every developer reads.

use crate::command::visible;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The most pairs of lines that are compared; larger differences are shown as one block.
const MOST: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Same,
    Old,
    New,
}

/// Returns the unified diff between two texts, each line without its end; empty if there is none.
///
/// A missing text is a file that is not there (`/dev/null`). Invisible characters are made visible.
pub fn unified(path: &str, before: Option<&str>, after: Option<&str>) -> Vec<String> {
    let name = |text: Option<&str>| if text.is_some() { path.to_owned() } else { "/dev/null".to_owned() };
    let (old, new) = (lines(before), lines(after));
    let steps = steps(&old, &new);
    if steps.iter().all(|step| *step == Step::Same) {
        return Vec::new();
    }
    let mut out = vec![format!("--- {}", name(before)), format!("+++ {}", name(after))];
    for (start, end) in hunks(&steps) {
        hunk(&mut out, &steps, start, end, &old, &new);
    }
    out
}

fn lines(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().lines().collect()
}

/// Returns how to come from one to the other, by their longest common part.
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut steps = vec![Step::Same; head];
    if a.len() * b.len() > MOST {
        steps.extend(vec![Step::Old; a.len()]);
        steps.extend(vec![Step::New; b.len()]);
    } else {
        steps.extend(middle(a, b));
    }
    steps.extend(vec![Step::Same; tail]);
    steps
}

fn middle(a: &[&str], b: &[&str]) -> Vec<Step> {
    let width = b.len() + 1;
    let mut common = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = if a[i] == b[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        let is_same = i < a.len() && j < b.len() && a[i] == b[j];
        let old_first =
            i < a.len() && (j == b.len() || common[(i + 1) * width + j] >= common[i * width + j + 1]);
        steps.push(if is_same {
            Step::Same
        } else if old_first {
            Step::Old
        } else {
            Step::New
        });
        i += usize::from(is_same || old_first);
        j += usize::from(is_same || !old_first);
    }
    steps
}

/// Returns the runs of steps to show: each change with its context, near ones together.
fn hunks(steps: &[Step]) -> Vec<(usize, usize)> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for (at, _) in steps.iter().enumerate().filter(|(_, step)| **step != Step::Same) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(steps.len()));
        match hunks.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => hunks.push((start, end)),
        }
    }
    hunks
}

fn hunk(out: &mut Vec<String>, steps: &[Step], start: usize, end: usize, old: &[&str], new: &[&str]) {
    let count = |range: &[Step], not: Step| range.iter().filter(|step| **step != not).count();
    let (mut i, mut j) = (count(&steps[..start], Step::New), count(&steps[..start], Step::Old));
    let part = &steps[start..end];
    out.push(format!("@@ -{} +{} @@", range(i, count(part, Step::New)), range(j, count(part, Step::Old))));
    for step in part {
        let (sign, line) = match step {
            Step::Same => (' ', old[i]),
            Step::Old => ('-', old[i]),
            Step::New => ('+', new[j]),
        };
        i += usize::from(*step != Step::New);
        j += usize::from(*step != Step::Old);
        let shown: Vec<String> = line.split('\t').map(|part| visible(part.as_bytes())).collect();
        out.push(format!("{sign}{}", shown.join("\t")));
    }
}

/// Returns a range as `diff -u` writes it: from 1, and from 0 if nothing stands there.
fn range(from: usize, count: usize) -> String {
    format!("{},{count}", if count == 0 { from } else { from + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn case(before: Option<&str>, after: Option<&str>, expected: &[&str]) {
        assert_eq!(unified("f", before, after), expected);
    }

    #[test]
    fn diff_is_what_diff_u_would_print() {
        case(Some("a\n"), Some("a\n"), &[]);
        case(None, Some("a\nb\n"), &["--- /dev/null", "+++ f", "@@ -0,0 +1,2 @@", "+a", "+b"]);
        case(Some("a\n"), None, &["--- f", "+++ /dev/null", "@@ -1,1 +0,0 @@", "-a"]);
        case(
            Some("1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
            Some("1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
            &["--- f", "+++ f", "@@ -2,7 +2,7 @@", " 2", " 3", " 4", "-5", "+x", " 6", " 7", " 8"],
        );
        case(Some("a\x1b[2J\tb\n"), Some(""), &["--- f", "+++ f", "@@ -1,1 +0,0 @@", "-a\\x1b[2J\tb"]);
    }

    #[test]
    fn changes_far_apart_are_shown_apart() {
        let before: String = (0..40).map(|n| format!("{n}\n")).collect();
        let after = before.replace("5\n", "x\n");
        let hunks = unified("f", Some(&before), Some(&after));
        assert_eq!(hunks.iter().filter(|line| line.starts_with("@@")).count(), 4, "{hunks:#?}");
    }

    proptest! {
        #[test]
        fn steps_lead_from_one_text_to_the_other(a in "[ab\n]{0,12}", b in "[ab\n]{0,12}") {
            let (old, new) = (lines(Some(&a)), lines(Some(&b)));
            let (mut i, mut made) = (0, Vec::new());
            for step in steps(&old, &new) {
                match step {
                    Step::Same => { made.push(old[i]); i += 1 }
                    Step::Old => i += 1,
                    Step::New => made.push(new[made.len()]),
                }
            }
            prop_assert_eq!(i, old.len());
            prop_assert_eq!(made, new);
        }
    }
}
