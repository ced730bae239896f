//! JSON at the speed of the common case: whole records of plain values, read in one pass without going through serde.
//!
//! Stands before serde_json, which stays the judge: whatever is out of the ordinary here (deep nesting, broken
//! grammar, half of a surrogate pair, numbers out of range) is `None`, and the caller asks serde_json, which reads it
//! or says what is wrong and where. So nothing is accepted here that serde_json refuses, and there is one place for
//! errors. Numbers with fractions and texts with `\u` are decoded by serde_json as well. A test holds both against
//! each other.

use std::borrow::Cow;

use serde_json::Number;

use super::json::Json;
use super::plain::{first_end, plain_end};
use super::value::{Member, Members, Value};

/// The most levels that are read here, which is more than records have and less than serde_json allows.
const DEPTH_MAX: usize = 64;
/// The most digits of an integer that is read here: any number of so many fits.
const DIGITS_MAX: usize = 18;
/// How many members most records have that are open at once.
const MEMBERS_USUAL: usize = 32;

/// The tree of the JSON document `text`.
pub(super) fn tree(text: &str) -> Option<Value<'_>> {
    let mut builder =
        Builder { scan: Scan { text, at: 0 }, members: Vec::with_capacity(MEMBERS_USUAL), elements: Vec::new() };
    let value = builder.value(DEPTH_MAX)?;
    builder.scan.end()?;
    Some(value)
}

/// The tree of an object of which the top level is known.
pub(super) fn tree_of<'a>(members: &Members<'a, Json<'a>>) -> Option<Value<'a>> {
    let mut builder = Builder { scan: Scan { text: "", at: 0 }, members: Vec::new(), elements: Vec::new() };
    let decoded = members.try_map(|json| match json.plain() {
        Some(text) => Some(Value::from(text)),
        None => {
            builder.scan = Scan { text: json.get(), at: 0 };
            builder.value(DEPTH_MAX - 1)
        }
    });
    decoded.map(Value::Object)
}

/// The members of the JSON object `text`, undecoded but checked.
pub(super) fn members(text: &str) -> Option<Members<'_, Json<'_>>> {
    let mut scan = Scan { text, at: 0 };
    if scan.peek()? != b'{' {
        return None;
    }
    let mut members = Members::with_capacity(MEMBERS_USUAL);
    let mut more = scan.opened(b'}')?;
    while more {
        members.push(scan.name()?, scan.undecoded()?);
        more = scan.goes_on(b'}')?;
    }
    scan.end()?;
    Some(members)
}

/// The elements of the JSON array `text`, undecoded but checked.
pub(super) fn elements(text: &str) -> Option<Vec<Json<'_>>> {
    let mut scan = Scan { text, at: 0 };
    if scan.peek()? != b'[' {
        return None;
    }
    let mut elements = Vec::new();
    let mut more = scan.opened(b']')?;
    while more {
        elements.push(scan.undecoded()?);
        more = scan.goes_on(b']')?;
    }
    scan.end()?;
    Some(elements)
}

/// A place in a document.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// The next byte that is no white space, which is not passed.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        match *self.text.as_bytes().get(self.at)? {
            byte if byte > b' ' => Some(byte),
            _ => self.peek_behind_space(),
        }
    }

    #[inline(never)]
    fn peek_behind_space(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))?;
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes `byte`, which must come next.
    #[inline(always)]
    fn pass(&mut self, byte: u8) -> Option<()> {
        let next = self.peek()? == byte;
        self.at += 1;
        next.then_some(())
    }

    /// Nothing may follow but white space.
    fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// Passes the bracket that is here; whether something comes before `close`.
    #[inline(always)]
    fn opened(&mut self, close: u8) -> Option<bool> {
        self.at += 1;
        let empty = self.peek()? == close;
        self.at += usize::from(empty);
        Some(!empty)
    }

    /// Passes what stands behind a member or an element; whether another comes before `close`.
    #[inline(always)]
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        let next = self.peek()?;
        self.at += 1;
        (next == b',' || next == close).then_some(next == b',')
    }

    /// The name of the member that comes next, up to its value.
    #[inline(always)]
    fn name(&mut self) -> Option<Cow<'a, str>> {
        let name = if self.peek()? == b'"' { self.string()? } else { return None };
        self.pass(b':')?;
        Some(name)
    }

    /// The text whose quote is here.
    #[inline(always)]
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        let end = first_end(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return self.text.get(start..end).map(Cow::Borrowed);
        }
        self.escaped_string(end)
    }

    /// The text whose quote is here and that is first interrupted at `at`.
    #[inline(never)]
    fn escaped_string(&mut self, mut at: usize) -> Option<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        let (mut from, mut decoded) = (self.at + 1, String::new());
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    // Of the escapes those for a letter of the same text are what paths and documents in texts need.
                    let letter = match bytes.get(at + 1)? {
                        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        _ => return self.other_escapes(at),
                    };
                    decoded.push_str(self.text.get(from..at)?);
                    decoded.push(letter);
                    from = at + 2;
                    at = plain_end(bytes, from);
                }
                _ => return None,
            }
        }
        decoded.push_str(self.text.get(from..at)?);
        self.at = at + 1;
        Some(Cow::Owned(decoded))
    }

    /// The same for a text that has any other escape at `at`, as serde_json decodes it.
    #[cold]
    fn other_escapes(&mut self, mut at: usize) -> Option<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => at = plain_end(bytes, at + 2),
                _ => return None,
            }
        }
        let quoted = self.text.get(self.at..=at)?;
        self.at = at + 1;
        serde_json::from_str(quoted).ok().map(Cow::Owned)
    }

    /// Passes the text whose quote is here; whether it has no escapes. As with serde_json, what is not decoded may have
    /// half of a pair.
    #[inline(always)]
    fn pass_string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let end = first_end(bytes, self.at + 1);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Some(true);
        }
        self.pass_escaped_string(end).map(|()| false)
    }

    /// The same for a text that is first interrupted at `at`.
    #[inline(never)]
    fn pass_escaped_string(&mut self, mut at: usize) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => match bytes.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at = plain_end(bytes, at + 2),
                    b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => {
                        at = plain_end(bytes, at + 6)
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        self.at = at + 1;
        Some(())
    }

    /// Passes digits; how many.
    #[inline]
    fn pass_digits(&mut self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += digits;
        digits
    }

    /// Passes the number that begins here; its digits where it is an integer without a sign.
    fn pass_number(&mut self) -> Option<Option<&'a str>> {
        let byte = |scan: &Self| scan.text.as_bytes().get(scan.at).copied();
        let negative = byte(self) == Some(b'-');
        self.at += usize::from(negative);
        let start = self.at;
        let zero = byte(self)? == b'0';
        let digits = self.pass_digits();
        if digits == 0 || (zero && digits > 1) {
            return None;
        }
        let integer = self.text.get(start..self.at).filter(|_| !negative);
        let mut whole = true;
        if byte(self) == Some(b'.') {
            self.at += 1;
            whole = false;
            if self.pass_digits() == 0 {
                return None;
            }
        }
        if matches!(byte(self), Some(b'e' | b'E')) {
            self.at += 1;
            whole = false;
            self.at += usize::from(matches!(byte(self), Some(b'+' | b'-')));
            if self.pass_digits() == 0 {
                return None;
            }
        }
        Some(integer.filter(|_| whole))
    }

    fn number(&mut self) -> Option<Number> {
        let start = self.at;
        match self.pass_number()? {
            Some(digits) if digits.len() <= DIGITS_MAX => {
                let number = digits.bytes().fold(0_u64, |number, digit| number * 10 + u64::from(digit & 0xf));
                Some(number.into())
            }
            _ => serde_json::from_str(self.text.get(start..self.at)?).ok(),
        }
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        let fits = self.text.as_bytes().get(self.at..)?.starts_with(literal.as_bytes());
        self.at += literal.len();
        fits.then_some(())
    }

    /// The value that comes next, undecoded.
    fn undecoded(&mut self) -> Option<Json<'a>> {
        let text = self.peek()? == b'"';
        let start = self.at;
        let plain = if text { self.pass_string()? } else { self.pass_value(DEPTH_MAX).map(|()| false)? };
        Some(Json::new(self.text.get(start..self.at)?, plain))
    }

    /// Passes the value that comes next. What is not nested is passed where it stands, here as in the [`Builder`]: most
    /// values are short texts, for which a call costs as much as their letters.
    #[inline(always)]
    fn pass_value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.pass_string().map(drop),
            b'{' => self.pass_object(depth.checked_sub(1)?),
            b'[' => self.pass_array(depth.checked_sub(1)?),
            b'-' | b'0'..=b'9' => self.pass_number().map(drop),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => None,
        }
    }

    fn pass_object(&mut self, depth: usize) -> Option<()> {
        let mut more = self.opened(b'}')?;
        while more {
            if self.peek()? != b'"' {
                return None;
            }
            self.pass_string()?;
            self.pass(b':')?;
            self.pass_value(depth)?;
            more = self.goes_on(b'}')?;
        }
        Some(())
    }

    fn pass_array(&mut self, depth: usize) -> Option<()> {
        let mut more = self.opened(b']')?;
        while more {
            self.pass_value(depth)?;
            more = self.goes_on(b']')?;
        }
        Some(())
    }
}

/// A tree in the making. Members and elements of what is still open wait in one list each, so that every array and
/// object is allocated once, at its size.
struct Builder<'a> {
    scan: Scan<'a>,
    members: Vec<Member<'a, Value<'a>>>,
    elements: Vec<Value<'a>>,
}

impl<'a> Builder<'a> {
    #[inline(always)]
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        match self.scan.peek()? {
            b'"' => self.scan.string().map(Value::String),
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b'-' | b'0'..=b'9' => self.scan.number().map(Value::Number),
            b't' => self.scan.literal("true").map(|()| Value::Bool(true)),
            b'f' => self.scan.literal("false").map(|()| Value::Bool(false)),
            b'n' => self.scan.literal("null").map(|()| Value::Null),
            _ => None,
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value<'a>> {
        let first = self.members.len();
        let mut more = self.scan.opened(b'}')?;
        while more {
            let name = self.scan.name()?;
            let value = self.value(depth)?;
            self.members.push(Member::new(name, value));
            more = self.scan.goes_on(b'}')?;
        }
        Some(Value::Object(Members::of(self.members.split_off(first))))
    }

    fn array(&mut self, depth: usize) -> Option<Value<'a>> {
        let first = self.elements.len();
        let mut more = self.scan.opened(b']')?;
        while more {
            let value = self.value(depth)?;
            self.elements.push(value);
            more = self.scan.goes_on(b']')?;
        }
        Some(Value::Array(self.elements.split_off(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read here is what serde_json reads; what it refuses is not read.
    fn assert_agrees(text: &str) {
        let theirs = serde_json::from_str::<Value<'_>>(text);
        if let Some(ours) = tree(text) {
            assert_eq!(Some(&ours), theirs.as_ref().ok(), "{text}");
        }
        let undecoded = |json: &Json<'_>| json.get().to_owned();
        if let Some(ours) = members(text) {
            let theirs = serde_json::from_str::<Members<'_, Json<'_>>>(text).expect("an object");
            let pairs = |members: &Members<'_, Json<'_>>| -> Vec<_> {
                members.iter().map(|(name, value)| (name.to_owned(), undecoded(value))).collect()
            };
            assert_eq!(pairs(&ours), pairs(&theirs), "{text}");
        }
        if let Some(ours) = elements(text) {
            let theirs = serde_json::from_str::<Vec<Json<'_>>>(text).expect("an array");
            assert_eq!(
                ours.iter().map(undecoded).collect::<Vec<_>>(),
                theirs.iter().map(undecoded).collect::<Vec<_>>()
            );
        }
    }

    const DOCUMENTS: [&str; 5] = [
        r#" {"a": [1, -2, 3.5, 1e400, 18446744073709551615, 123456789012345678, 0, -0, 1E+2, 01, 1., .5, -], "a": {}} "#,
        r#"{"plain": "text that is longer than a word", "e\u0301\n": "\ud83d\ude00 \ud83d é😀 \x \u12G4", "": ""}"#,
        r#"[true, false, null, tru, nul, [[], [{}]], {"b": [ ] , "c" : { } }, "\"", "\\", "a\tb"]"#,
        "{\"control\": \"a\u{1}b\", \"tab\": \"a\tb\", \"delete\": \"\u{7f}\"}",
        r#"{"$serde_json::private::RawValue": "1", "n": {"o": {"p": [0.1, 1e-7, 4e2]}}}"#,
    ];

    #[test]
    fn agrees_with_serde_json_on_every_cut_and_every_change() {
        for document in DOCUMENTS.map(|document| document.chars().collect::<Vec<_>>()) {
            for at in 0..=document.len() {
                let (before, after) = document.split_at(at);
                let text = |parts: &[&[char]]| parts.concat().into_iter().collect::<String>();
                assert_agrees(&text(&[before]));
                assert_agrees(&text(&[after]));
                assert_agrees(&text(&[before, after.get(1..).unwrap_or_default()]));
                for other in ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '.', '-', 'e', 'u', ' ', '\n', '\u{0}', 'é']
                {
                    assert_agrees(&text(&[before, &[other], after]));
                    assert_agrees(&text(&[before, &[other], after.get(1..).unwrap_or_default()]));
                }
            }
        }
    }

    #[test]
    fn reads_the_ordinary_and_leaves_the_rest() {
        for text in ["{}", " [ ] ", "1", "-1.5e3", "\"a\\nb\"", r#"{"a":[{"b":null},true]}"#] {
            assert!(tree(text).is_some(), "{text}");
        }
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(tree(&deep(DEPTH_MAX)).is_some() && elements(&deep(DEPTH_MAX)).is_some());
        assert!(tree(&deep(DEPTH_MAX + 2)).is_none() && elements(&deep(100_000)).is_none());
        for text in ["", "{", "[1,]", "{\"a\":1,}", "{} {}", "nulll", "\"\\ud800\"", "+1", "{\"a\" 1}", "1e999"] {
            assert!(tree(text).is_none(), "{text}");
        }
    }
}
