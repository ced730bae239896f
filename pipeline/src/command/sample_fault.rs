//! What people can do about records of a sample that no reader takes.
//!
//! Stands beside [`super::sample`], which says why a record is rejected; here is what its bytes tell of the remedy. On a
//! topic nothing of this is said: a dead letter's message must not repeat what a record holds.

use schemas::readers::RawRecord;

/// How files begin that are no text of a format, and what makes them one.
const BEGINNINGS: [(&[u8], &str); 5] = [
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it first, `zstd -dc FILE | weir check --sample -`"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"PAR1", "Parquet, which is not read: export it as JSON lines"),
    (b"\xff\xfe", "UTF-16: convert it first, `iconv -f UTF-16 -t UTF-8 FILE | weir check --sample -`"),
    (b"\xfe\xff", "UTF-16: convert it first, `iconv -f UTF-16 -t UTF-8 FILE | weir check --sample -`"),
];
/// What makes a file of an older character set one.
const SINGLE_BYTE: &str =
    "in a character set other than UTF-8: convert it first, `iconv -f LATIN1 -t UTF-8 FILE | weir check --sample -`";
/// The most members that are named.
const MEMBERS_MAX: usize = 12;
/// The most characters of a name or a value that are shown.
const CHARS_MAX: usize = 40;
/// Members whose values tell vendors' tables and kinds of events apart.
const KINDS: [&str; 5] = ["category", "eventType", "kind", "type", "Type"];

/// What is to be done with a file that begins like `record`.
pub(super) fn remedy(record: &[u8]) -> Option<&'static str> {
    let known = BEGINNINGS.iter().find(|(beginning, _)| record.starts_with(beginning)).map(|(_, remedy)| *remedy);
    known.or_else(|| is_single_byte_text(record).then_some(SINGLE_BYTE))
}

/// Whether bytes that are no UTF-8 may be letters of an older character set: nothing among them controls a terminal.
fn is_single_byte_text(record: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    std::str::from_utf8(record).is_err() && !record.iter().any(control)
}

/// What an object looks like from above, so that whoever owns it sees which one it is and by what a reader would know it.
pub(super) fn members_of(record: &[u8]) -> Option<String> {
    let record = RawRecord::new(record);
    let names: Vec<String> = record.object()?.keys().map(shortened).collect();
    if names.is_empty() {
        return None;
    }
    let mut text = format!("its members: {}", names.get(..MEMBERS_MAX).unwrap_or(&names).join(", "));
    if names.len() > MEMBERS_MAX {
        text.push_str(&format!(" and {} more", names.len() - MEMBERS_MAX));
    }
    for kind in KINDS {
        if let Some(value) = record.str(kind) {
            text.push_str(&format!("; {kind} is `{}`", shortened(value)));
        }
    }
    Some(text)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_described_by_its_members() {
        let text = members_of(br#"{"category":"FooLogs","records":{"a":1},"type":7}"#);
        assert_eq!(text.as_deref(), Some("its members: category, records, type; category is `FooLogs`"));
        let many: Vec<String> = (0..20).map(|n| format!("\"m{n}\":1")).collect();
        let text = members_of(format!("{{{}}}", many.join(",")).as_bytes()).expect("members");
        assert!(text.ends_with("m11 and 8 more"), "{text}");
        let long = members_of(format!("{{\"{}\":1}}", "é".repeat(1000)).as_bytes()).expect("members");
        assert!(long.chars().count() < 60, "{long}");
        for nothing in [&b"{}"[..], b"[1]", b"words", b"\xff"] {
            assert_eq!(members_of(nothing), None);
        }
    }

    #[test]
    fn files_of_other_kinds_are_told_by_their_beginning() {
        assert!(remedy(b"{\"name\":\"Ren\xe9\"}").is_some_and(|remedy| remedy.contains("LATIN1")));
        assert_eq!(remedy(b"\x0a\x02\xff\x00"), None);
        assert!(remedy(b"\xff\xfe{\0").is_some_and(|remedy| remedy.contains("UTF-16")));
        assert_eq!(remedy(b"{\"a\":1}"), None);
    }
}
