//! How many rows a statement speaks of: `DELETE FROM t WHERE x` as `SELECT count(*) FROM t WHERE x`.
//!
//! Only a single statement of a plain form is taken: no comment, no second statement, no backslash (the clients' own commands begin with one),
//! nothing in a condition that changes or writes anything (`INTO OUTFILE`). Syntax: PostgreSQL's manual, SQL commands DELETE, UPDATE,
//! TRUNCATE, DROP TABLE; MySQL's, 15.2; SQLite's `lang_delete.html`. What a function in the condition does is the policy's to judge.

/// Words that stand in no condition that only asks.
const NEVER: [&str; 35] = [
    "INTO",
    "DELETE",
    "UPDATE",
    "INSERT",
    "REPLACE",
    "MERGE",
    "CREATE",
    "DROP",
    "ALTER",
    "TRUNCATE",
    "CALL",
    "EXECUTE",
    "EXEC",
    "COPY",
    "GRANT",
    "REVOKE",
    "ATTACH",
    "PRAGMA",
    "LOAD",
    "DO",
    "LOCK",
    "PROCEDURE",
    "HANDLER",
    "VACUUM",
    "SET",
    "RETURNING",
    "USING",
    "PREPARE",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "SLEEP",
    "BENCHMARK",
    "OUTFILE",
    "SHARE",
];

/// Words that cannot follow in the outermost condition, because the count would not be that of the statement.
const NOT_OUTSIDE: [&str; 13] = [
    "ORDER", "LIMIT", "GROUP", "HAVING", "WINDOW", "OFFSET", "FETCH", "FOR", "FROM", "JOIN", "CURRENT",
    "SELECT", "WITH",
];

const NO_COUNT: &str = "no single plain statement whose rows could be counted";

/// Returns the query that counts the rows which `statement` speaks of.
pub(super) fn query(statement: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(statement).map_err(|_| NO_COUNT.to_owned())?;
    let flat: String = text.chars().map(|c| if c.is_ascii_whitespace() { ' ' } else { c }).collect();
    let tokens = tokens(&flat).ok_or(NO_COUNT)?;
    let counted = Statement { text: &flat, tokens, at: 0 }.counted().ok_or(NO_COUNT)?;
    Ok(counted.into_bytes())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    /// A name in quotes.
    Name,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
    /// How many parentheses are open around it.
    depth: usize,
}

/// Returns the tokens of one statement without its last `;`; nothing where a form is in it that is not read.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let bytes = text.as_bytes();
    let (mut found, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    while let Some(byte) = bytes.get(at).copied() {
        let (kind, end) = match byte {
            b' ' => {
                at += 1;
                continue;
            }
            b';' => {
                let is_last = bytes.get(at + 1..)?.iter().all(|byte| *byte == b' ');
                return (is_last && depth == 0).then_some(found);
            }
            b':' if bytes.get(at + 1) == Some(&b':') => (Kind::Other, at + 2),
            b'\\' | b'$' | b'#' | b':' | b'?' => return None,
            b'-' if bytes.get(at + 1) == Some(&b'-') => return None,
            b'/' if bytes.get(at + 1) == Some(&b'*') => return None,
            b'\'' => (Kind::Other, quote_end(bytes, at)?),
            b'"' | b'`' => (Kind::Name, quote_end(bytes, at)?),
            byte if byte.is_ascii_control() => return None,
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                let is_more = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
                let length = bytes[at..].iter().take_while(|byte| is_more(byte)).count();
                (Kind::Word, at + length)
            }
            _ => (Kind::Other, at + 1),
        };
        if byte == b')' {
            depth = depth.checked_sub(1)?;
        }
        found.push(Token { kind, start: at, end, depth });
        if byte == b'(' {
            depth += 1;
        }
        at = end;
    }
    (depth == 0).then_some(found)
}

/// Returns where a quoted text ends; a quote in it is doubled, and a backslash, which means different things, is not read.
fn quote_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes.get(start).copied()?;
    let mut at = start + 1;
    loop {
        match bytes.get(at).copied()? {
            b'\\' => return None,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

struct Statement<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Statement<'_> {
    fn counted(mut self) -> Option<String> {
        let table = match self.keyword()?.as_str() {
            "DELETE" => {
                self.takes("FROM").then_some(())?;
                self.takes("ONLY");
                self.table(&["WHERE"])?
            }
            "UPDATE" => {
                self.takes("ONLY");
                let table = self.table(&["SET"])?;
                self.takes("SET").then_some(())?;
                self.skips_settings()?;
                table
            }
            "TRUNCATE" => {
                self.takes("TABLE");
                self.table(&[])?
            }
            "DROP" => {
                self.takes("TABLE").then_some(())?;
                if self.takes("IF") {
                    self.takes("EXISTS").then_some(())?;
                }
                self.table(&[])?
            }
            _ => return None,
        };
        let condition = self.condition()?;
        Some(format!("SELECT count(*) FROM {table}{condition}"))
    }

    fn word(&self, at: usize) -> Option<String> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word)?;
        Some(self.text.get(token.start..token.end)?.to_ascii_uppercase())
    }

    fn keyword(&mut self) -> Option<String> {
        let word = self.word(self.at)?;
        self.at += 1;
        Some(word)
    }

    /// Steps over `keyword` where it stands next; claims that it did.
    fn takes(&mut self, keyword: &str) -> bool {
        let is_next = self.word(self.at).is_some_and(|word| word == keyword);
        self.at += usize::from(is_next);
        is_next
    }

    /// Returns the table's name with its alias, up to one of these keywords or the end.
    fn table(&mut self, until: &[&str]) -> Option<String> {
        let first = self.at;
        loop {
            let token = self.tokens.get(self.at)?;
            let is_name = match token.kind {
                Kind::Word => {
                    !self.text.get(token.start..token.end)?.starts_with(|c: char| c.is_ascii_digit())
                }
                Kind::Name => true,
                Kind::Other => false,
            };
            is_name.then_some(())?;
            self.at += 1;
            if self.symbol(self.at) != Some(".") {
                break;
            }
            self.at += 1;
        }
        let is_end = |statement: &Self| match statement.word(statement.at) {
            Some(word) => until.contains(&word.as_str()),
            None => statement.at == statement.tokens.len(),
        };
        if !is_end(self) {
            self.takes("AS");
            let alias = self.word(self.at).filter(|word| !is_reserved(word))?;
            (!alias.starts_with(|c: char| c.is_ascii_digit())).then_some(())?;
            self.at += 1;
        }
        is_end(self).then(|| self.slice(first, self.at))?
    }

    fn symbol(&self, at: usize) -> Option<&str> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Other)?;
        self.text.get(token.start..token.end)
    }

    fn slice(&self, from: usize, to: usize) -> Option<String> {
        let (first, last) = (self.tokens.get(from)?, self.tokens.get(to.checked_sub(1)?)?);
        Some(self.text.get(first.start..last.end)?.to_owned())
    }

    /// Steps over `a = 1, b = 2` to the outermost `WHERE` or the end.
    fn skips_settings(&mut self) -> Option<()> {
        while let Some(token) = self.tokens.get(self.at).copied() {
            let word = self.word(self.at).filter(|_| token.depth == 0);
            match word.as_deref() {
                Some("WHERE") => return Some(()),
                Some(word) if is_reserved(word) => return None,
                Some(_) | None => self.at += 1,
            }
        }
        Some(())
    }

    /// Returns ` WHERE …` as it is written, or nothing where there is no condition.
    fn condition(&mut self) -> Option<String> {
        if self.at == self.tokens.len() {
            return Some(String::new());
        }
        let first = self.at;
        self.takes("WHERE").then_some(())?;
        (self.at < self.tokens.len()).then_some(())?;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            let word = self.word(at).unwrap_or_default();
            if NEVER.contains(&word.as_str()) || (token.depth == 0 && NOT_OUTSIDE.contains(&word.as_str())) {
                return None;
            }
        }
        Some(format!(" {}", self.slice(first, self.tokens.len())?))
    }
}

fn is_reserved(word: &str) -> bool {
    NEVER.contains(&word)
        || NOT_OUTSIDE.contains(&word)
        || matches!(word, "WHERE" | "AS" | "ON" | "CASCADE" | "RESTRICT" | "RESTART")
}

#[cfg(test)]
mod tests {
    use super::query;

    #[track_caller]
    fn case(statement: &str, expected: Option<&str>) {
        let found = query(statement.as_bytes()).ok().map(|query| String::from_utf8(query).unwrap());
        assert_eq!(found.as_deref(), expected, "{statement}");
    }

    #[test]
    fn rows_of_a_plain_statement_are_counted_with_the_same_condition() {
        case("DELETE FROM t", Some("SELECT count(*) FROM t"));
        case(
            "delete from only s.t as x where x.a = 'it''s; --' ;",
            Some("SELECT count(*) FROM s.t as x where x.a = 'it''s; --'"),
        );
        case(
            "DELETE FROM \"T\" WHERE a IN (SELECT b FROM c)",
            Some("SELECT count(*) FROM \"T\" WHERE a IN (SELECT b FROM c)"),
        );
        case("UPDATE t SET a = (SELECT 1), b = 2\nWHERE c = 3", Some("SELECT count(*) FROM t WHERE c = 3"));
        case("UPDATE t u SET a = 1", Some("SELECT count(*) FROM t u"));
        case("TRUNCATE TABLE t;", Some("SELECT count(*) FROM t"));
        case("DROP TABLE IF EXISTS s.t", Some("SELECT count(*) FROM s.t"));
        case("DELETE FROM t WHERE a::int = 5", Some("SELECT count(*) FROM t WHERE a::int = 5"));
    }

    #[test]
    fn what_is_more_than_one_plain_statement_is_not_counted() {
        for statement in [
            "",
            ";",
            "SELECT 1",
            "DELETE FROM t; DROP TABLE u",
            "DELETE FROM t WHERE a = 1 -- x",
            "DELETE FROM t WHERE /*! a */ 1",
            "DELETE FROM t # x",
            "DELETE FROM t \\! id",
            "DELETE FROM t WHERE a = 'x\\' OR 1=1 INTO OUTFILE '/tmp/x' --'",
            "DELETE FROM t WHERE 1=1 INTO OUTFILE '/tmp/x'",
            "DELETE FROM t WHERE 1=1 UNION SELECT 2",
            "DELETE FROM t WHERE 1=1 LIMIT 5",
            "DELETE FROM t WHERE 1=1 FOR UPDATE",
            "DELETE FROM t WHERE a IN (DELETE FROM u RETURNING a)",
            "DELETE FROM t WHERE a = $$x$$",
            "DELETE FROM t USING u WHERE t.a = u.a",
            "DELETE t FROM t JOIN u",
            "DELETE FROM t, u",
            "DELETE FROM t WHERE",
            "DELETE FROM t WHERE (a = 1",
            "DELETE FROM t WHERE a = 1)",
            "DELETE FROM t WHERE a = 'x",
            "UPDATE t SET a = 1 FROM u WHERE t.a = u.a",
            "UPDATE t SET a = 1 RETURNING a",
            "UPDATE t, u SET t.a = 1",
            "TRUNCATE t, u",
            "TRUNCATE t CASCADE",
            "DROP TABLE t, u",
            "DROP VIEW t",
            "DELETE FROM t\u{0}",
            ".shell id",
        ] {
            case(statement, None);
        }
    }
}
