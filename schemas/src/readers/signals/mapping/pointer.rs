//! JSON pointers (RFC 6901) and titles with pointers in them.
//!
//! A pointer is parsed once, when the configuration is read, and followed in a record without allocation.

use crate::readers::signals::fields::Node;
use crate::readers::value::Value;

/// The most steps of a pointer; records do not nest deeper than 128 levels.
const STEPS_MAX: usize = 64;
/// The longest pointer or title in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// A place in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Parses `text`: empty, or steps that each begin with `/`, in which `~1` is `/` and `~0` is `~`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(format!("longer than {TEXT_BYTES_MAX} bytes"));
        }
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(steps) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is no JSON pointer: it must begin with `/`, like `/{text}`"));
        };
        let steps: Vec<String> = steps
            .split('/')
            .map(unescape)
            .collect::<Option<_>>()
            .ok_or_else(|| format!("`{text}` has a `~` that is neither `~0` (a tilde) nor `~1` (a slash)"))?;
        if steps.len() > STEPS_MAX {
            return Err(format!("more than {STEPS_MAX} steps"));
        }
        Ok(Self(steps))
    }

    /// What stands there; absent where anything on the way is. Keys match exactly, as RFC 6901 asks.
    pub(super) fn at<'v>(&self, root: &'v Value<'v>) -> Node<'v> {
        self.follow(root).map_or(Node::absent(), Node::new)
    }

    /// Whether the record has such a place, which may hold nothing.
    pub(super) fn leads_somewhere(&self, root: &Value<'_>) -> bool {
        self.follow(root).is_some()
    }

    fn follow<'v>(&self, root: &'v Value<'v>) -> Option<&'v Value<'v>> {
        self.0.iter().try_fold(root, |value, step| match value {
            Value::Object(members) => members.get(step),
            Value::Array(elements) => elements.get(index(step)?),
            _ => None,
        })
    }
}

/// An array's index: digits, without a leading zero.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || !step.starts_with('0');
    let digits = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    (plain && digits).then(|| step.parse().ok()).flatten()
}

fn unescape(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(1)?;
        text.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

/// A title: texts and pointers in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Pointer(Pointer),
}

impl Template {
    /// Parses `text`: a pointer where it begins with `/`, else a text with pointers in braces; `{{` and `}}` stand
    /// for braces.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("is empty: name a pointer, or a text such as `Upload by {/user}`".to_owned());
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(format!("longer than {TEXT_BYTES_MAX} bytes"));
        }
        if text.starts_with('/') {
            return Ok(Self(vec![Piece::Pointer(Pointer::parse(text)?)]));
        }
        let mut pieces = Vec::new();
        let (mut plain, mut rest) = (String::new(), text);
        while let Some((before, brace, after)) = next_brace(rest) {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push(brace);
                rest = after;
            } else if brace == '{' {
                let closed = after.split_once('}');
                let (pointer, after) = closed.ok_or("has a `{` that is not closed: write `{{` for a brace")?;
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Pointer(Pointer::parse(pointer)?));
                rest = after;
            } else {
                return Err("has a `}` without a `{`: write `}}` for a brace".to_owned());
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    /// The pointers in it.
    pub(super) fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Pointer(pointer) => Some(pointer),
            Piece::Text(_) => None,
        })
    }

    /// The title of `root`; what is absent there is left out.
    pub(super) fn fill(&self, root: &Value<'_>) -> String {
        let mut title = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => title.push_str(text),
                Piece::Pointer(pointer) => title.push_str(&pointer.at(root).text().unwrap_or_default()),
            }
        }
        title
    }
}

/// The text before the first brace, that brace, and what follows.
fn next_brace(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(['{', '}'])?;
    let (before, rest) = text.split_at_checked(at)?;
    let brace = rest.chars().next()?;
    Some((before, brace, rest.strip_prefix(brace)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The examples of RFC 6901, section 5.
    #[test]
    fn follows_the_standard() {
        let document = json!({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5,
            "k\"l": 6, " ": 7, "m~n": 8});
        let value = document.clone().into();
        for (text, expected) in [
            ("", document.clone()),
            ("/foo", json!(["bar", "baz"])),
            ("/foo/0", json!("bar")),
            ("/", json!(0)),
            ("/a~1b", json!(1)),
            ("/c%d", json!(2)),
            ("/e^f", json!(3)),
            ("/g|h", json!(4)),
            ("/i\\j", json!(5)),
            ("/k\"l", json!(6)),
            ("/ ", json!(7)),
            ("/m~0n", json!(8)),
        ] {
            let pointer = Pointer::parse(text).expect("a pointer");
            // Two implementations of one standard.
            assert_eq!(document.pointer(text), Some(&expected), "{text}");
            assert_eq!(pointer.at(&value).value(), Some(&expected.into()), "{text}");
        }
        for nowhere in ["/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/0/x", "/bar", "/a/b", "/foo/+1", "//"] {
            let pointer = Pointer::parse(nowhere).expect("a pointer");
            assert_eq!(pointer.at(&value).value(), None, "{nowhere}");
        }
    }

    #[test]
    fn refuses_what_is_no_pointer() {
        for (text, message) in [
            ("user", "must begin with `/`"),
            ("$.user", "must begin with `/`"),
            ("/a~", "neither `~0`"),
            ("/a~2b", "neither `~0`"),
            ("/a~é", "neither `~0`"),
        ] {
            let error = Pointer::parse(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(
            Pointer::parse(&"/a".repeat(65)).is_err() && Pointer::parse(&format!("/{}", "a".repeat(1024))).is_err()
        );
    }

    #[test]
    fn fills_titles() {
        let record = json!({"rule": {"name": "Upload"}, "user": "eve", "n": 3, "none": "-"}).into();
        for (template, expected) in [
            ("/rule/name", "Upload"),
            ("{/rule/name} by {/user}", "Upload by eve"),
            ("{/n}x{/user}", "3xeve"),
            ("{{{/user}}}", "{eve}"),
            ("by {/nobody}{/none}.", "by ."),
            ("plain", "plain"),
        ] {
            assert_eq!(Template::parse(template).expect(template).fill(&record), expected, "{template}");
        }
        for broken in ["", " ", "a {/b", "a } b", "{user}", "{/a~2}", "/a~2"] {
            assert!(Template::parse(broken).is_err(), "{broken}");
        }
    }
}
