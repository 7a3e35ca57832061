//! The word that was probably meant: the known one with the fewest slips between it and what stands there.

/// Returns the word of `known` that is nearest to `word`, if one is near enough to be what was meant.
///
/// A slip is a letter too many, missing, another one, or two of them exchanged. One in three letters may be wrong, and the
/// rest of the word missing.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let beginning = word;
    let word: Vec<char> = word.chars().take(LONGEST).collect();
    let most = (word.len() / 3).max(1);
    let near = known.into_iter().filter_map(|known| {
        let slips = slips(&word, &known.chars().take(LONGEST).collect::<Vec<_>>());
        let is_cut = word.len() >= 3 && known.starts_with(beginning);
        let is_near = slips <= most && slips < known.chars().count();
        (slips > 0 && (is_near || is_cut)).then_some((slips, known))
    });
    near.min_by_key(|(slips, known)| (*slips, *known)).map(|(_, known)| known)
}

/// Claims that one slip lies between two words.
pub(crate) fn is_one_slip(one: &str, other: &str) -> bool {
    let letters = |word: &str| word.chars().take(LONGEST).collect::<Vec<char>>();
    slips(&letters(one), &letters(other)) == 1
}

/// Returns `, did you mean …?` for the nearest word, or nothing where none is near.
pub(crate) fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or(String::new(), |near| format!(", did you mean `{near}`?"))
}

/// Returns `message` with the nearest word in the place of the list, where it says `unknown … …, expected …` and one is near.
pub(crate) fn sharpened(message: &str) -> String {
    let message = message.replacen("unknown field `", "unknown key `", 1);
    let Some((found, expected)) = message.split_once(", expected ") else { return message };
    let Some(word) = found.strip_prefix("unknown ").and_then(|found| words(found).last()) else {
        return message;
    };
    match nearest(word, words(expected)) {
        Some(near) => format!("{found}, did you mean `{near}`?"),
        None => message,
    }
}

/// Returns what stands between backticks.
fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let parts: Vec<&str> = text.split('`').collect();
    parts
        .into_iter()
        .enumerate()
        .filter(|(at, _)| at % 2 == 1)
        .map(|(_, part)| part)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Longer words are compared by their beginnings.
const LONGEST: usize = 64;

/// Returns how many slips lie between two words (the restricted Damerau-Levenshtein distance).
fn slips(one: &[char], other: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (at, letter) in one.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, wanted) in other.iter().enumerate() {
            let changed = rows[at][to] + usize::from(letter != wanted);
            let mut best = changed.min(rows[at][to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && one[at - 1] == *wanted && *letter == other[to - 1] {
                best = best.min(rows[at - 1][to - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::{nearest, sharpened};

    #[track_caller]
    fn case(word: &str, known: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(word, known.iter().copied()), expected, "{word}");
    }

    #[test]
    fn the_word_with_the_fewest_slips_is_meant() {
        case("operands", &["option", "operand", "operand_all"], Some("operand"));
        case("alow", &["allow", "ask", "deny"], Some("allow"));
        case("dney", &["allow", "ask", "deny"], Some("deny"));
        case("git.psuh", &["git.push", "git.pull"], Some("git.push"));
        case("trust", &["trusted", "name"], Some("trusted"));
        case("block", &["allow", "ask", "deny"], None);
        case("off", &["enforce", "observe"], None);
        case("", &["a"], None);
        case("x", &["y"], None);
        case(&"a".repeat(100_000), &["a"], None);
    }

    #[test]
    fn a_near_word_takes_the_place_of_the_list() {
        let case = |message: &str, expected: &str| assert_eq!(sharpened(message), expected);
        case(
            "unknown field `verzion`, expected one of `version`, `mode`",
            "unknown key `verzion`, did you mean `version`?",
        );
        case(
            "unknown verdict `alow`, expected `allow`, `ask` or `deny`",
            "unknown verdict `alow`, did you mean `allow`?",
        );
        case("unknown field `x`, expected `y`", "unknown key `x`, expected `y`");
        case("missing field `x`", "missing field `x`");
        case("unknown verdict ``, expected `allow`", "unknown verdict ``, expected `allow`");
    }
}
