//! A command as a person reads it: line by line, nothing invisible, and the parts the rules spoke about underlined.

use crate::approval::AskedBy;
use crate::command::visible;

/// One character as it is shown, with the rules that speak of it.
struct Cell {
    shown: String,
    columns: usize,
    /// Bit n is set where rule n speaks of it; rules past the 64th are only listed.
    rules: u64,
}

/// Returns the lines of `text`, numbered, at most `width` columns wide, each with a line of `^` under what `rules` speak of.
///
/// A longer line is continued on the next, after `↪`; nothing is cut off.
pub fn marked(text: &[u8], rules: &[AskedBy], width: usize) -> Vec<String> {
    lines(text, rules, width, underline)
}

/// Returns what [`marked`] does, with a line of `^` of its own for each rule that speaks of another part than those before it.
pub fn marked_apart(text: &[u8], rules: &[AskedBy], width: usize) -> Vec<String> {
    lines(text, rules, width, underlines)
}

/// Makes the lines of marks that stand under a stretch of cells.
type Marking<L> = fn(&[Cell], &[AskedBy]) -> L;

fn lines<L: IntoIterator<Item = String>>(
    text: &[u8],
    rules: &[AskedBy],
    width: usize,
    marking: Marking<L>,
) -> Vec<String> {
    let mut out = Vec::new();
    let mut start = 0;
    let lines: Vec<&[u8]> = text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n').collect();
    let gutter = lines.len().to_string().len().max(3);
    for (number, line) in lines.into_iter().enumerate() {
        let cells = cells(line, start, rules);
        for (n, chunk) in chunks(&cells, width.saturating_sub(gutter + 2).max(20)).into_iter().enumerate() {
            let name = if n == 0 { (number + 1).to_string() } else { "↪".to_owned() };
            out.push(format!(
                "{name:>gutter$}  {}",
                chunk.iter().map(|cell| cell.shown.as_str()).collect::<String>()
            ));
            out.extend(marking(chunk, rules).into_iter().map(|marks| format!("{:gutter$}  {marks}", "")));
        }
        start += line.len() + 1;
    }
    out
}

fn cells(line: &[u8], start: usize, rules: &[AskedBy]) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut at = start;
    let mut push = |bytes: &[u8]| {
        let shown = visible(bytes);
        let columns = shown.chars().map(columns).sum();
        let speaks =
            |rule: &AskedBy| rule.spans.iter().any(|span| span.start < at + bytes.len() && at < span.end);
        let rules = rules.iter().take(64).enumerate().filter(|(_, rule)| speaks(rule));
        cells.push(Cell { shown, columns, rules: rules.fold(0, |bits, (n, _)| bits | 1 << n) });
        at += bytes.len();
    };
    for chunk in line.utf8_chunks() {
        let mut buffer = [0; 4];
        chunk.valid().chars().for_each(|c| push(c.encode_utf8(&mut buffer).as_bytes()));
        chunk.invalid().iter().for_each(|byte| push(&[*byte]));
    }
    cells
}

fn chunks(cells: &[Cell], width: usize) -> Vec<&[Cell]> {
    let mut chunks = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (n, cell) in cells.iter().enumerate() {
        let most = cell.shown.chars().map(most_columns).sum::<usize>();
        if used + most > width && n > start {
            chunks.push(&cells[start..n]);
            (start, used) = (n, 0);
        }
        used += most;
    }
    chunks.push(&cells[start..]);
    chunks
}

/// Returns a line for each set of cells that rules speak of, with the names of those rules.
fn underlines(cells: &[Cell], rules: &[AskedBy]) -> Vec<String> {
    let mut groups: Vec<(Vec<bool>, u64)> = Vec::new();
    for n in 0..rules.len().min(64) {
        let touched: Vec<bool> = cells.iter().map(|cell| cell.rules >> n & 1 == 1).collect();
        match groups.iter_mut().find(|(known, _)| *known == touched) {
            Some((_, bits)) => *bits |= 1 << n,
            None => groups.push((touched, 1 << n)),
        }
    }
    let of_group = |(_, bits): &(Vec<bool>, u64)| {
        let of_cell =
            |cell: &Cell| Cell { shown: String::new(), columns: cell.columns, rules: cell.rules & bits };
        underline(&cells.iter().map(of_cell).collect::<Vec<_>>(), rules)
    };
    groups.iter().filter_map(of_group).collect()
}

fn underline(cells: &[Cell], rules: &[AskedBy]) -> Option<String> {
    let touched = cells.iter().fold(0, |bits, cell| bits | cell.rules);
    if touched == 0 {
        return None;
    }
    let marks: String =
        cells.iter().map(|cell| if cell.rules == 0 { " " } else { "^" }.repeat(cell.columns)).collect();
    let names = rules.iter().take(64).enumerate().filter(|(n, _)| touched >> n & 1 == 1);
    let names: Vec<String> = names.map(|(_, rule)| visible(rule.rule.as_bytes())).collect();
    Some(format!("{}  {}", marks.trim_end(), names.join(", ")))
}

/// Returns as much of `text` as fits into `room` columns of any terminal, with `…` for the rest.
pub fn cut(text: &str, room: usize) -> String {
    if text.is_ascii() && text.len() > room {
        return [&text[..room.saturating_sub(1)], "…"].concat();
    }
    if text.chars().map(most_columns).sum::<usize>() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += most_columns(*c);
        used <= room
    };
    text.chars().take_while(fits).collect::<String>() + "…"
}

/// Returns how many columns a terminal gives `c` at most: for the places where a line must not become too long on any.
pub(super) fn most_columns(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

/// Returns how many columns a terminal gives `c`: wide characters two, combining ones none (Unicode UAX #11, in outline).
fn columns(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f
        | 0x483..=0x489
        | 0x591..=0x5bd
        | 0x610..=0x61a
        | 0x64b..=0x65f
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x20d0..=0x20ff
        | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff01..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Risk;
    use crate::shell::Span;

    fn rule(id: &str, start: usize, end: usize) -> AskedBy {
        AskedBy {
            rule: id.to_owned(),
            risk: Risk::High,
            reason: String::new(),
            instead: None,
            spans: vec![Span { start, end }],
        }
    }

    #[track_caller]
    fn case(text: &[u8], rules: &[AskedBy], width: usize, expected: &[&str]) {
        assert_eq!(marked(text, rules, width), expected);
    }

    #[test]
    fn parts_that_rules_speak_of_are_underlined_with_their_names() {
        case(
            b"git push --force",
            &[rule("git.force", 9, 16)],
            80,
            &["  1  git push --force", "              ^^^^^^^  git.force"],
        );
        case(
            b"a\nrm -rf x\nb\n",
            &[rule("files.rm", 2, 8), rule("files.x", 9, 10)],
            80,
            &["  1  a", "  2  rm -rf x", "     ^^^^^^ ^  files.rm, files.x", "  3  b"],
        );
    }

    #[test]
    fn nothing_is_hidden_and_marks_stay_under_what_they_mark() {
        case(
            "\u{202e}x\x1b 日x".as_bytes(),
            &[rule("r", 9, 10)],
            80,
            &["  1  \\u{202e}x\\x1b 日x", "                     ^  r"],
        );
        case(b"a\xff", &[rule("r", 1, 2)], 80, &["  1  a\\xff", "      ^^^^  r"]);
    }

    #[test]
    fn long_line_is_continued_never_cut() {
        case(
            b"0123456789012345678901234",
            &[rule("r", 19, 21)],
            25,
            &["  1  01234567890123456789", "                        ^  r", "  ↪  01234", "     ^  r"],
        );
        case(b"", &[], 80, &["  1  "]);
    }

    #[test]
    fn rules_that_speak_of_other_parts_have_lines_of_their_own() {
        let rules = [rule("a", 0, 3), rule("b", 4, 6), rule("c", 0, 3)];
        let expected = ["  1  git \u{65e5}x", "     ^^^  a, c", "         ^^  b"];
        assert_eq!(marked_apart("git \u{65e5}x".as_bytes(), &rules, 80), expected);
        assert_eq!(marked_apart(b"", &[], 80), ["  1  "]);
    }

    #[test]
    fn a_line_of_the_list_never_becomes_two_on_the_screen() {
        for (text, expected) in
            [("short", "short"), ("0123456789", "0123456789"), ("0123456789a", "012345678…")]
        {
            assert_eq!(cut(text, 10), expected);
        }
        assert_eq!(cut("日本語日本語", 10), "日本語日…");
    }
}
