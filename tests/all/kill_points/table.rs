//! The table of the points: made from what was found, and read again by the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Found;
use super::call::Call;
use super::ground::Wrong;
use super::scenes::{SCENES, Scene};

/// One part of the table: a scene with what was found in it.
pub(super) struct Part {
    pub(super) heading: String,
    /// By kind of call.
    pub(super) rows: BTreeMap<Call, Row>,
    /// How often each thing was found that must never be.
    sums: [usize; Wrong::ALL.len()],
    /// The first of them, in words.
    examples: Vec<String>,
}

/// One kind of call.
#[derive(Default)]
pub(super) struct Row {
    points: usize,
    /// What was found, and how often.
    outcomes: BTreeMap<String, usize>,
}

const HEAD: &str = "# Kill points

Gate is killed (`SIGKILL`) at each system call that it makes, from its first to its last: in one run right before the
call, in another right after it. Then gate is started again, and what it finds and says is looked at. Only gate itself is
killed, not the command that it has started: the kernel ends that one, because its parent is gone.

The command leaves a line in a file when it begins and one when it ends, and does not end before gate waits for it.
What must never be found, and is counted:

- *unrecorded runs*: it ran, and no `exec.start` says so;
- *double runs*: it ran twice for one decision;
- *stuck requests*: a request or a run that nobody can bring to its end, or a next start that does not work;
- *unreadable stores*: `gate requests` or `gate audit verify` does not take what was left;
- *unexplained leftovers*: a file, a lock or a process that the next start neither explains nor takes away.

What is found instead, and what the next start says:

| found | said |
|---|---|
| nothing on record, nothing run | nothing: the next start is the first |
| parked | the request waits, can be approved, and is taken up by the same command or by `gate resume` |
| approved | the same command or `gate resume` takes it up, and it runs |
| recorded as lost | the next start records `exec.lost`; a request is UNKNOWN then: `gate resume` says so and runs nothing, the same command asks anew |
| recorded with its end | `exec.end` is there, the request is SUCCEEDED, and nothing runs a second time |
| not given | the request waits as if nobody had answered, and can be answered again |
| counts | the requester sees the answer within a second or two, though nobody woke it |

`tests/killpoints --write` makes this page, from all points. The tests kill at a sample of them each time, and compare.
What a kill cannot show is a power cut: what is durable then is what was flushed, and there is one `fdatasync` before each start.
";

impl Part {
    pub(super) fn of(scene: &Scene, found: &[Found]) -> Part {
        let mut part = Part {
            heading: scene.name.to_owned(),
            rows: BTreeMap::new(),
            sums: Default::default(),
            examples: Vec::new(),
        };
        for found in found {
            let row = part.rows.entry(found.stop.call).or_default();
            row.points += 1;
            *row.outcomes.entry(found.outcome.to_owned()).or_default() += 1;
            for (wrong, what) in &found.wrongs {
                part.sums[*wrong as usize] += 1;
                part.examples.push(format!("{:?}: {wrong:?}: {what}", found.stop));
            }
        }
        part
    }

    /// Returns what must never be and was found, one a line.
    pub(super) fn wrongs(&self) -> String {
        let counted = Wrong::ALL.iter().zip(self.sums).filter(|(_, sum)| *sum > 0);
        let counted = counted.map(|(wrong, sum)| format!("{sum} {}\n", wrong.name()));
        counted.chain(self.examples.iter().map(|line| format!("{line}\n"))).collect()
    }

    pub(super) fn outcomes(&self) -> BTreeSet<String> {
        self.rows.values().flat_map(|row| row.outcomes.keys().cloned()).collect()
    }

    fn points(&self) -> usize {
        self.rows.values().map(|row| row.points).sum()
    }

    fn sums_line(&self) -> String {
        let sums: Vec<String> = self.sums.iter().map(ToString::to_string).collect();
        format!("| {} | {} | {} |", self.heading, self.points(), sums.join(" | "))
    }
}

impl Row {
    fn line(&self, call: Call) -> String {
        let outcomes: Vec<String> =
            self.outcomes.iter().map(|(outcome, count)| format!("{outcome} ({count})")).collect();
        format!("| {} | {} | {} |", call.name(), self.points, outcomes.join(" · "))
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/kill-points.md")
}

/// Writes the page, in the order of the scenes.
pub(super) fn write(parts: &[Part]) {
    let part_of =
        |scene: &'static Scene| Some((scene, parts.iter().find(|part| part.heading == scene.name)?));
    let parts: Vec<(&Scene, &Part)> = SCENES.iter().filter_map(part_of).collect();
    let names: Vec<&str> = Wrong::ALL.iter().map(|wrong| wrong.name()).collect();
    let mut page = format!(
        "{HEAD}\n## Sums\n\n| what gate was doing | points | {} |\n|---|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for (_, part) in &parts {
        page += &format!("{}\n", part.sums_line());
    }
    for (scene, part) in &parts {
        page += &format!(
            "\n## {}\n\n{}\n\n| call | points | what was found then |\n|---|---|---|\n",
            scene.name, scene.what
        );
        for (call, row) in &part.rows {
            page += &format!("{}\n", row.line(*call));
        }
    }
    std::fs::write(path(), page).expect("the page can be written");
}

/// Reads the page.
pub(super) fn read() -> Vec<Part> {
    let page = std::fs::read_to_string(path()).expect("docs/kill-points.md");
    let mut sections = page.split("\n## ").skip(1);
    let sums = sections.next().unwrap_or_default();
    sections
        .map(|section| {
            let heading = section.lines().next().unwrap_or_default().to_owned();
            let sums = sums.lines().map(cells).find(|cells| cells.first() == Some(&heading.as_str()));
            let sums = sums.and_then(|cells| numbers(cells.get(2..)?)).expect("a line of sums");
            let rows = section.lines().map(cells).filter_map(|cells| row(&cells)).collect();
            Part { heading, rows, sums, examples: Vec::new() }
        })
        .collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.split('|').skip(1).map(str::trim).collect()
}

fn numbers<const N: usize>(cells: &[&str]) -> Option<[usize; N]> {
    let numbers: Option<Vec<usize>> = cells.iter().take(N).map(|cell| cell.parse().ok()).collect();
    numbers?.try_into().ok()
}

fn row(cells: &[&str]) -> Option<(Call, Row)> {
    let [name, points, outcomes, ..] = cells else { return None };
    let call = Call::ALL.into_iter().find(|call| call.name() == *name)?;
    let counted = |text: &str| {
        let (outcome, count) = text.strip_suffix(')')?.rsplit_once(" (")?;
        Some((outcome.to_owned(), count.parse().ok()?))
    };
    let outcomes = outcomes.split(" · ").filter_map(counted).collect();
    Some((call, Row { points: points.parse().ok()?, outcomes }))
}
