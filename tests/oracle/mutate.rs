//! Scripts with pieces changed: characters, tokens, lines, and a script within another.

use super::chance::Chance;
use super::seeds::TOKENS;

/// Returns `script` with one piece changed; `other` is a script that it may be spliced with.
pub(crate) fn changed(script: &str, other: &str, name: &str, chance: &mut Chance) -> String {
    match chance.below(14) {
        0..=4 => characters(script, name, chance),
        5..=8 => tokens(script, chance),
        9 => lines(script, chance),
        10 => spliced(script, other, chance),
        _ => nested(script, other, chance),
    }
}

fn characters(script: &str, name: &str, chance: &mut Chance) -> String {
    let chars: Vec<char> = script.chars().collect();
    let at = chance.below(chars.len() + 1);
    let to = (at + chance.below(6)).min(chars.len());
    let (before, rest): (String, String) = (chars[..at].iter().collect(), chars[to..].iter().collect());
    let kept: String = chars[at..].iter().collect();
    match chance.below(6) {
        0 => before + &rest,
        1 | 2 => format!("{before}{}{kept}", chance.pick(TOKENS)),
        3 => format!("{before}{}{rest}", chance.pick(TOKENS)),
        4 => {
            let from = chance.below(chars.len() + 1);
            let piece: String = chars[from..].iter().take(1 + chance.below(20)).collect();
            format!("{before}{piece}{kept}")
        }
        _ => format!(
            "{before}{}{name}{}{kept}",
            chance.pick(&["$(", "`", ";", "\n", "|", "&", "\"$(", "'", "(", "{ "]),
            chance.pick(&[")", "`", "", "\n", ")\"", "'", ";}"])
        ),
    }
}

/// Deletes, doubles or swaps a token, or sets a tricky one before it or in its place.
fn tokens(script: &str, chance: &mut Chance) -> String {
    let mut all = split(script);
    if all.is_empty() {
        return chance.pick(TOKENS).to_owned();
    }
    let (at, other) = (chance.below(all.len()), chance.below(all.len()));
    match chance.below(5) {
        0 => drop(all.remove(at)),
        1 => all.insert(at, all[other].clone()),
        2 => all.swap(at, other),
        3 => all.insert(at, chance.pick(TOKENS).to_owned()),
        _ => all[at] = chance.pick(TOKENS).to_owned(),
    }
    all.concat()
}

/// Returns the pieces of a script: runs of letters, runs of blanks, operators of up to three bytes, and single characters.
fn split(script: &str) -> Vec<String> {
    let kind = |char: char| match char {
        ' ' | '\t' => 1,
        _ if char.is_alphanumeric() || "-_./".contains(char) => 2,
        '&' | '|' | ';' | '<' | '>' => 3,
        _ => 0,
    };
    let mut all: Vec<String> = Vec::new();
    let mut last = 0;
    for char in script.chars() {
        match all.last_mut().filter(|piece| kind(char) != 0 && last == kind(char) && piece.len() < 40) {
            Some(piece) => piece.push(char),
            None => all.push(char.to_string()),
        }
        last = kind(char);
    }
    all
}

fn lines(script: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<&str> = script.split('\n').collect();
    let (at, other) = (chance.below(lines.len()), chance.below(lines.len()));
    match chance.below(4) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[other]),
        2 => lines.swap(at, other),
        _ => return lines.join(chance.pick(&[" ", "; ", "\\\n", "\n\n", "\r\n", " #\n", "\n\t"])),
    }
    lines.join("\n")
}

/// Returns the beginning of one and the end of another, cut anywhere.
fn spliced(script: &str, other: &str, chance: &mut Chance) -> String {
    let (one, other): (Vec<char>, Vec<char>) = (script.chars().collect(), other.chars().collect());
    let (to, from) = (chance.below(one.len() + 1), chance.below(other.len() + 1));
    one[..to].iter().chain(&other[from..]).collect()
}

/// Returns the script within something that reads it again, or that another script stands beside.
fn nested(script: &str, other: &str, chance: &mut Chance) -> String {
    let quoted = script.replace('\'', r"'\''");
    let doubled = script.replace('\\', r"\\").replace('"', r#"\""#).replace('$', r"\$").replace('`', r"\`");
    match chance.below(20) {
        0 => format!("w1 $({script}\n)"),
        1 => format!("w1 \"$({script})\""),
        2 => format!("w1 `{script}`"),
        3 => format!("eval '{quoted}'"),
        4 => format!("eval \"{doubled}\""),
        5 => format!("w1 <<E\n{script}\nE\n{other}"),
        6 => format!("w1 <<'E'\n{script}\nE\n{other}"),
        7 => format!("w1 <<-E\n\t{script}\n\tE\n{other}"),
        8 => format!("f1() {{ {script}\n}}; f1 a b"),
        9 => format!("f1() ( {script}\n)\nf1; f1"),
        10 => format!("case a in a) {script}\n;; *) {other}\n;; esac"),
        11 => format!("alias w1='{quoted}'\nw1"),
        12 => format!("if {script}\nthen {other}\nfi"),
        13 => format!("for x in a b; do {script}\ndone"),
        14 => format!("while {script}\ndo {other}\nbreak; done"),
        15 => format!("( {script}\n) | {{ {other}\n}}"),
        16 => format!("trap '{quoted}' EXIT\n{other}"),
        17 => format!("set -- {other}\n{script}"),
        18 => format!("w1 <({script}\n) && w2 \"${{x:-$({other})}}\""),
        _ => format!("[[ $({script}) == a ]] || {other}"),
    }
}
