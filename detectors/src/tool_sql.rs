//! What a tool call asks of a database: statements that change every row, and values that break out of a query.
//!
//! Statements that name what they destroy (`DROP TABLE`) are terms of the lexicon; here are those that are harmful by
//! what they leave out, and signs of injection in fields that hold a value. A query that was written as one may unite
//! what it likes. Bounded in bytes and words. Not here: whether the caller may do it.

use crate::bounds::head;
use crate::tool_arguments::Field;

/// The longest field that is looked at, in bytes.
const FIELD_BYTES_MAX: usize = 16 << 10;
/// The words that begin a statement of SQL.
const STATEMENTS: [&str; 12] = [
    "alter", "begin", "create", "delete", "drop", "explain", "insert", "merge", "select", "truncate", "update", "with",
];

/// The subtype of the worst that a field asks, and how sure that is.
pub fn asks(fields: &[Field<'_>]) -> Option<(&'static str, f32)> {
    let found = fields.iter().filter_map(|field| harm(field.value));
    found.reduce(|worst, next| if next.1 > worst.1 { next } else { worst })
}

fn harm(value: &str) -> Option<(&'static str, f32)> {
    let sql = plain(head(value, FIELD_BYTES_MAX));
    let mut statements = sql.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>());
    let written = statements.clone().next()?.first().is_some_and(|first| STATEMENTS.contains(first));
    // One word behind another is a statement only among statements: "truncate text" is an option.
    let several = sql.contains(';');
    if statements.any(|words| changes_every_row(&words) && (several || words.first() != Some(&"truncate"))) {
        return Some(("sql", 0.6));
    }
    breaks_out(&sql, written).map(|score| ("sql_injection", score))
}

/// In lower case, comments and line breaks as spaces: what stands between words is what filters stumble over.
fn plain(value: &str) -> String {
    let lower = value.to_lowercase();
    let (mut out, mut rest) = (String::with_capacity(lower.len()), lower.as_str());
    while let Some((before, comment)) = rest.split_once("/*") {
        let Some((_, after)) = comment.split_once("*/") else { break };
        out.extend([before, " "]);
        rest = after;
    }
    out.push_str(rest);
    out.replace(['\n', '\r', '\t', '+'], " ")
}

/// `DELETE` and `UPDATE` without a condition.
fn changes_every_row(words: &[&str]) -> bool {
    const WORDS_MAX: usize = 40;
    let bound = words.contains(&"where") || words.contains(&"limit") || words.contains(&"using");
    let changes = match words {
        ["delete", "from", _, rest @ ..] => rest.len() <= 3,
        ["update", _, "set", rest @ ..] => rest.len() <= WORDS_MAX && rest.iter().any(|word| word.contains('=')),
        ["alter", "table", _, "drop", ..] => true,
        ["truncate", "table", _] | ["truncate", _] => true,
        _ => false,
    };
    changes && !bound
}

/// How surely a value ends the string that it stands in and goes on as SQL.
fn breaks_out(sql: &str, written: bool) -> Option<f32> {
    let squeezed: String = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let has = |signs: &[&str]| signs.iter().any(|sign| squeezed.contains(sign));
    let always =
        has(&["' or '1'='1", "\" or \"1\"=\"1", "' or 1=1", "\" or 1=1", ") or 1=1", "' or ''='", "or true--"]);
    // A number and a condition that holds whatever is asked, or that makes the answer wait.
    let bare = !written
        && has(&[" or 1=1", " or true", " and 1=1", " and sleep(", " or sleep(", " and benchmark("])
        && squeezed.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let unites = has(&["union select ", "union all select ", "union distinct select "]);
    let columns =
        has(&["select null,", "select null --", "select 1,2", "select @@", "information_schema", "group_concat("]);
    let ends =
        has(&["' union", "\" union", ") union", "' ;", "';", "'--", "' --", "'#", "\"--", "-1 union", "1 union"]);
    match (written, always, unites) {
        (_, true, _) => Some(0.75),
        _ if bare => Some(0.7),
        (false, _, true) if ends || columns => Some(0.8),
        (false, _, true) => Some(0.5),
        (true, _, true) if columns && ends => Some(0.6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subtype(value: &str) -> Option<&'static str> {
        harm(value).filter(|(_, score)| *score >= 0.5).map(|(subtype, _)| subtype)
    }

    #[test]
    fn statements_without_a_condition_change_every_row() {
        for value in [
            "DELETE FROM users",
            "select 1; delete from audit_log;",
            "SELECT 1; TRUNCATE orders;",
            "UPDATE users SET role = 'admin'",
        ] {
            assert_eq!(subtype(value), Some("sql"), "{value}");
        }
        for value in [
            "DELETE FROM users WHERE id = 7",
            "update t set a = 1\nwhere b = 2",
            "Delete from my calendar everything that is on Friday",
            "update the set of slides",
            "truncate text",
        ] {
            assert_eq!(subtype(value), None, "{value}");
        }
    }

    #[test]
    fn values_break_out_and_queries_unite() {
        for value in [
            "1' UNION SELECT username, password FROM users--",
            "-1 UNION/**/ALL/**/SELECT null,null,version()",
            "x' OR '1'='1",
            "admin'\tOR\n1=1 --",
            "1 OR 1=1",
            "7 AND SLEEP(10)",
        ] {
            assert_eq!(subtype(value), Some("sql_injection"), "{value}");
        }
        for value in [
            "SELECT name FROM a UNION SELECT name FROM b",
            "with x as (select 1) select * from x union all select * from y",
            "the european union selects its commissioners",
            "O'Reilly; and others",
            "SELECT * FROM orders WHERE 1=1 AND status = 'open' OR true",
        ] {
            assert_eq!(subtype(value), None, "{value}");
        }
    }
}
