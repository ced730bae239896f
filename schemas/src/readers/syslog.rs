//! Lines of syslog whose message is a JSON object: where that object begins.
//!
//! Sources: RFC 5424 section 6; RFC 6587 section 3.4.1, the count of bytes before a line that came over a stream;
//! RFC 3164 section 4, with what relays write to files: no priority, and often a time of
//! RFC 3339. Before the JSON may stand `@cee:`, the mark of Common Event Expression, which rsyslog and syslog-ng
//! write. Of a header that is not RFC 5424's only the beginning is held to a form, since every sender has its own.
//! Of what a header says only a time with its zone is taken over, for records that say none of their own: the record
//! within says itself where.

use crate::time::Timestamp;

/// The most bytes before the message of a line that is not RFC 5424's.
const HEADER_BYTES_MAX: usize = 512;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The mark of Common Event Expression.
const CEE: &str = "@cee:";

/// Whether `text` may be a line of syslog, by its first letters.
pub(super) fn may_begin(text: &str) -> bool {
    let text = after_count(text.trim_start());
    text.starts_with(['<', '@']) || is_dated(text)
}

/// The object in the message of `line`, with whatever follows it; `None` where that is no line of syslog, or its
/// message something else.
pub(super) fn object(line: &str) -> Option<&str> {
    let line = after_count(line.trim_start());
    let message = match (after_priority(line), line.starts_with(CEE)) {
        (Some(rest), _) => match rest.strip_prefix("1 ") {
            Some(header) => after_header(header)?,
            None => after_any_header(rest)?,
        },
        (None, true) => line,
        (None, false) => after_any_header(Some(line).filter(|line| is_dated(line))?)?,
    };
    let message = message.trim_start().trim_start_matches('\u{feff}');
    let message = message.strip_prefix(CEE).unwrap_or(message).trim_start();
    message.starts_with('{').then_some(message)
}

/// The time in the header of `line`, where it is one of RFC 3339: RFC 5424's, or the one that relays write to files.
pub(super) fn time(line: &str) -> Option<Timestamp> {
    let line = after_count(line.trim_start());
    let header = after_priority(line).map_or(line, |rest| rest.strip_prefix("1 ").unwrap_or(rest));
    let first = header.split(' ').next().filter(|first| first.len() > 19 && first.contains('T'))?;
    Timestamp::parse(first)
}

/// What follows the count of bytes, where one stands before `<PRI>`.
fn after_count(line: &str) -> &str {
    let counted = line.trim_start_matches(|letter: char| letter.is_ascii_digit()).strip_prefix(' ');
    counted
        .filter(|_| line.starts_with(|letter: char| letter.is_ascii_digit()))
        .filter(|rest| rest.starts_with('<'))
        .unwrap_or(line)
}

/// What follows `<PRI>`: one to three digits in brackets.
fn after_priority(line: &str) -> Option<&str> {
    let (priority, rest) = line.strip_prefix('<')?.split_once('>')?;
    let number = (1..=3).contains(&priority.len()) && priority.bytes().all(|byte| byte.is_ascii_digit());
    number.then_some(rest)
}

/// The message behind time, host, application, process and message id of RFC 5424, and its structured data.
fn after_header(header: &str) -> Option<&str> {
    let data = header.splitn(6, ' ').nth(5)?;
    if let Some(message) = data.strip_prefix('-') {
        return Some(message);
    }
    let (mut within, mut quoted, mut escaped) = (false, false, false);
    let end = data.find(|letter| {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = within && !quoted,
            '[' if !quoted => within = true,
            ']' if !quoted => within = false,
            _ => return !within,
        }
        false
    });
    data.get(end?..)
}

/// The first object behind a header of any form.
fn after_any_header(line: &str) -> Option<&str> {
    let (header, message) = line.split_at_checked(line.find('{')?)?;
    let ends = header.ends_with([' ', ':', '\t', '\u{feff}']);
    (ends && header.len() <= HEADER_BYTES_MAX).then_some(message)
}

/// Whether `line` begins with a time, of RFC 3164 or of RFC 3339.
fn is_dated(line: &str) -> bool {
    let Some((first, _)) = line.split_once(' ') else { return false };
    MONTHS.contains(&first) || first.contains('T') && Timestamp::parse(first).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_every_form_is_found() {
        for line in [
            r#"<14>1 2026-05-01T00:00:00Z host okta - - - {"a":1}"#,
            "<14>1 2026-05-01T00:00:00Z host okta 7 ID - \u{feff}{\"a\":1}",
            r#"58 <14>1 2026-05-01T00:00:00Z host okta - - - {"a":1}"#,
            r#"<165>1 - - - - - [x@1 k="] { \" \\"][y] {"a":1}"#,
            r#"<34>May  1 00:00:00 host okta[12]: {"a":1}"#,
            r#"<13>okta: {"a":1}"#,
            r#"May  1 00:00:00 host okta: {"a":1}"#,
            r#"2026-05-01T00:00:00.000+02:00 host okta: @cee:{"a":1}"#,
            r#"<14>1 2026-05-01T00:00:00Z host okta - - - @cee: {"a":1}"#,
            r#" @cee: {"a":1}"#,
        ] {
            assert!(may_begin(line), "{line}");
            assert_eq!(object(line), Some(r#"{"a":1}"#), "{line}");
        }
    }

    #[test]
    fn what_is_no_line_of_syslog_holds_nothing() {
        for line in [
            "",
            "<",
            "<14>",
            "<1414>x: {}",
            "<14>1 a b {}",
            r#"<14>1 2026-05-01T00:00:00Z host okta - - [never closed {"a":1}"#,
            "<14>1 2026-05-01T00:00:00Z host okta - - - plain",
            "@cee: plain",
            "Mayor of host: {}",
            "12 monkeys: {}",
            "12 <monkeys>: {}",
            "error in {}",
            "May  1 00:00:00 host app: tag{}",
        ] {
            assert_eq!(object(line), None, "{line}");
        }
        assert_eq!(object(&format!("<14>{} {{}}", "x".repeat(HEADER_BYTES_MAX))), None);
    }
}
