//! The lines of an INI file, as far as AWS and Google Cloud write them: `[section]`, `key = value`, whole-line comments.
//!
//! Source: Python's `configparser`, which both tools read with: names of keys without case, indented lines go on with the value before.

/// Returns the values of `key` in the sections that `is_wanted`; all of them, where it is given more than once.
pub(super) fn values<'a>(text: &'a str, is_wanted: impl Fn(&str) -> bool, key: &str) -> Vec<&'a str> {
    let mut is_inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let is_continued = line.starts_with([' ', '\t']);
        let line = line.trim();
        if is_continued || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            is_inside = is_wanted(section.trim());
        } else if let (true, Some((name, value))) = (is_inside, line.split_once(['=', ':']))
            && name.trim().eq_ignore_ascii_case(key)
        {
            found.push(value.trim());
        }
    }
    found.retain(|value| !value.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn only_the_key_of_the_section_is_read() {
        let text = "# c\n[default]\nregion=us-east-1\n[profile a]\n Region = no\nREGION = eu-west-1\ns3 =\n  region = no\n[profile a]\nregion: eu-west-2\n[x\nregion = x\n=\n";
        assert_eq!(values(text, |name| name == "profile a", "region"), ["eu-west-1", "eu-west-2"]);
        assert_eq!(values(text, |name| name == "default", "region"), ["us-east-1"]);
        assert_eq!(values(text, |name| name == "none", "region"), Vec::<&str>::new());
    }
}
