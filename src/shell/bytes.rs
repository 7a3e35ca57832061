//! Bytes that no script needs and that hide what it does.

use super::state::Value;
use crate::command::is_invisible;

/// Returns where `text` first holds a byte or character that gate does not read, and what is wrong with it.
pub(super) fn first_odd(text: &[u8]) -> Option<(usize, String)> {
    // Nearly all text is of these, and nothing else has to be known of it.
    if text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return None;
    }
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        for (offset, c) in chunk.valid().char_indices() {
            if is_odd(c) {
                return Some((
                    at + offset,
                    format!("the character U+{:04X} is invisible or misleading", c as u32),
                ));
            }
        }
        at += chunk.valid().len();
        if let Some(byte) = chunk.invalid().first() {
            return Some((at, format!("the byte {byte:#04x} is no UTF-8")));
        }
    }
    None
}

/// Variation selectors only choose how the character before them is drawn: emoji need them.
fn is_odd(c: char) -> bool {
    is_invisible(c) && !matches!(c, '\n' | '\t' | '\u{fe0e}' | '\u{fe0f}')
}

/// Claims that a locale of this value reads texts as UTF-8, or as bytes; `ascii`: as far as the text at hand goes.
pub(super) fn is_plain_locale(value: &Value, ascii: bool) -> bool {
    match value {
        Value::Literal(bytes) => {
            let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
            matches!(text.as_str(), "" | "c" | "posix") || text.contains("utf-8") || text.contains("utf8")
        }
        Value::Number | Value::Name(_) | Value::Dynamic => ascii,
    }
}
