//! What the parameters of a URL carry: text that was said before it, text that is encoded, or bytes that look random.
//!
//! Long addresses are everyday, so length is no sign. What a link repeats of the conversation, or spells in words, is:
//! whoever receives the request reads it. Signatures of storage services look random and are known by their names.
//! Bounded in parameters, lookups and bytes. Not here: who fetches the address ([`crate::malicious_url`],
//! [`crate::tool_destination`]).

use std::cell::Cell;

use schemas::Channel;

use crate::addresses::Parts;
use crate::bounds::head;
use crate::credential::verify::entropy_bits;
use crate::decode::encoded;
use crate::site::site;
use crate::tool_arguments::percent_decoded;
use crate::view::{Layer, MessageView, View};

/// How many parts of one address are looked at.
const PARTS_MAX: usize = 16;
/// How much of a part is looked at, in bytes.
const PART_BYTES_MAX: usize = 512;
/// How many parts of the addresses of one message are looked for in what was said.
const LOOKUPS_MAX: usize = 32;
/// The shortest part that repeats something rather than using the same word, in bytes.
const REPEATED_BYTES_MIN: usize = 12;
/// The fewest words that are a sentence rather than a title.
const WORDS_MIN: usize = 4;
/// The shortest part whose bytes tell whether they are random.
const RANDOM_BYTES_MIN: usize = 40;
/// From how many bits a byte on a part looks random.
const RANDOM_BITS_MIN: f32 = 4.3;

/// Parameters that hold signatures, keys of caches and other addresses.
const SIGNATURES: [&str; 20] = [
    "auth",
    "cb",
    "digest",
    "etag",
    "expires",
    "hash",
    "hmac",
    "href",
    "key-pair-id",
    "oh",
    "policy",
    "s",
    "sig",
    "sign",
    "signature",
    "sv",
    "token",
    "uri",
    "url",
    "v",
];
/// Services that draw what the address says.
const DRAWING: [&str; 9] = [
    "chart.googleapis.com",
    "dummyimage.com",
    "img.shields.io",
    "latex.codecogs.com",
    "mermaid.ink",
    "placehold.co",
    "quickchart.io",
    "shields.io",
    "via.placeholder.com",
];

/// What an address carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carried {
    /// Bytes that look random.
    Random,
    /// Text, as it is or encoded.
    Text,
    /// What was said before.
    Said,
}

impl Carried {
    /// How sure it is that data leaves.
    pub fn score(self) -> f32 {
        match self {
            Self::Random => 0.55,
            Self::Text => 0.65,
            Self::Said => 0.75,
        }
    }
}

/// What was said before a message.
#[derive(Debug)]
pub struct Said<'v> {
    view: &'v View<'v>,
    until: u32,
    lookups: Cell<usize>,
}

impl<'v> Said<'v> {
    /// What was said before `message`.
    pub fn before(view: &'v View<'_>, message: &MessageView<'_>) -> Self {
        Self { view, until: message.index, lookups: Cell::new(LOOKUPS_MAX) }
    }

    /// The worst that an address carries.
    pub fn carried(&self, parts: &Parts<'_>, url: &str) -> Option<Carried> {
        let host = parts.host.to_ascii_lowercase();
        if DRAWING.contains(&host.as_str()) {
            return None;
        }
        let values = parts.query.split('&').map(|pair| pair.split_once('=').unwrap_or(("", pair)));
        let values = values.filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            !SIGNATURES.contains(&name.as_str()) && !name.starts_with("x-amz-") && !name.starts_with("x-goog-")
        });
        let values = values.map(|(_, value)| value).take(PARTS_MAX);
        // Without its ending, a file's name may be what is encoded.
        let names = parts.path.split('/').map(|name| name.split('.').next().unwrap_or(name)).take(PARTS_MAX);
        let of_query = values.filter_map(|value| self.of_part(value, url));
        let of_path = names.filter(|name| name.len() >= RANDOM_BYTES_MIN).filter_map(|name| self.of_part(name, url));
        // What stands in front of the site's own name reaches its owner with the look-up already.
        let own = site(&host).len();
        let labels = parts.host.get(..parts.host.len().saturating_sub(own)).unwrap_or_default().split('.');
        let labels = labels.filter(|label| label.len() >= RANDOM_BYTES_MIN / 2).take(PARTS_MAX);
        let of_host = labels.filter_map(|label| self.of_part(label, url));
        of_query.chain(of_path.chain(of_host).filter(|carried| *carried != Carried::Random)).max()
    }

    /// Whether a message, this one included, speaks of `name` in plain letters.
    pub fn names(&self, name: &str) -> bool {
        if !self.may_search() {
            return false;
        }
        let messages = self.view.messages.iter().filter(|message| message.index <= self.until);
        let mut texts = messages.flat_map(|message| &message.texts).filter(|text| text.layer == Layer::Plain);
        texts.any(|text| self.search(text.raw(), |raw| raw.to_ascii_lowercase().contains(name)))
    }

    fn of_part(&self, part: &str, url: &str) -> Option<Carried> {
        let part = head(part, PART_BYTES_MAX);
        if part.len() < REPEATED_BYTES_MIN {
            return None;
        }
        let plain = percent_decoded(part).replace('+', " ");
        let decoded = encoded(part, !part.is_ascii(), PART_BYTES_MAX).0.into_iter().next().map(|(.., text)| text);
        let said = decoded.as_deref().unwrap_or(&plain);
        if self.repeats(said, url) {
            Some(Carried::Said)
        } else if decoded.is_some() || words(&plain) >= WORDS_MIN {
            Some(Carried::Text)
        } else {
            (part.len() >= RANDOM_BYTES_MIN && entropy_bits(part) >= RANDOM_BITS_MIN).then_some(Carried::Random)
        }
    }

    /// Whether an earlier message holds `part`, and not only as part of the same address.
    fn repeats(&self, part: &str, url: &str) -> bool {
        let part = part.trim().to_lowercase();
        let telling = part.len() >= REPEATED_BYTES_MIN && part.chars().any(|c| c.is_ascii_digit() || c == ' ');
        if !telling || !self.may_search() {
            return false;
        }
        let url = url.to_lowercase();
        let before = self.view.messages.iter().filter(|message| message.index < self.until);
        let before = before.filter(|message| message.channel != Channel::ToolCall);
        let mut texts = before.flat_map(|message| &message.texts).filter(|text| text.layer == Layer::Plain);
        texts.any(|text| self.search(text.folded(), |said| said.contains(&part) && !said.contains(&url)))
    }

    /// Takes one lookup.
    fn may_search(&self) -> bool {
        let left = self.lookups.get().checked_sub(1);
        self.lookups.set(left.unwrap_or_default());
        left.is_some()
    }

    /// What `found` says of a text, as long as the interaction has bytes left to be searched.
    fn search(&self, text: &str, found: impl Fn(&str) -> bool) -> bool {
        let left = self.view.searched_bytes_left.get().checked_sub(text.len());
        self.view.searched_bytes_left.set(left.unwrap_or_default());
        left.is_some() && found(text)
    }
}

/// How many words of letters stand in a text.
fn words(text: &str) -> usize {
    text.split([' ', '_', ',']).filter(|word| word.len() >= 2 && word.chars().all(char::is_alphabetic)).count()
}

#[cfg(test)]
mod tests {
    use schemas::Message;

    use super::*;
    use crate::addresses::parts;
    use crate::cases::talk;
    use crate::lexicon::Lexicon;

    fn carried(url: &str) -> Option<Carried> {
        let interaction = talk(vec![
            Message::request(
                Channel::User,
                "My account is 4711-0815-42, see https://cdn.example/a.png?id=4711-0815-42x",
            ),
            Message::response(Channel::Assistant, "..."),
        ]);
        let lexicon = Lexicon::new().expect("compiles");
        let view = View::new(&interaction, &lexicon);
        Said::before(&view, &view.messages[1]).carried(&parts(url), url)
    }

    #[test]
    fn what_was_said_text_and_random_bytes_are_carried() {
        for (url, expected) in [
            ("https://a.example/p.png?d=4711-0815-42", Carried::Said),
            ("https://a.example/p.png?d=4711%2D0815%2D42", Carried::Said),
            ("https://a.example/p.png?d=My+account+is+4711-0815-42", Carried::Said),
            ("https://a.example/p.png?d=the+merger+plans+of+contoso", Carried::Text),
            ("https://a.example/p.png?d=dGhlIHVzZXIgYXNrZWQgYWJvdXQgcGxhbnM", Carried::Text),
            ("https://dGhlIHVzZXIgYXNrZWQgYWJvdXQgcGxhbnM.a.example/p.png", Carried::Text),
            ("https://a.example/dGhlIHVzZXIgYXNrZWQgYWJvdXQgdGhlIG1lcmdlcg.png", Carried::Text),
            ("https://a.example/p.png?d=q8Zx2LmPv0RtY5uWc7NbK3jHf9DsA1gEoQiXzTnMw", Carried::Random),
        ] {
            assert_eq!(carried(url), Some(expected), "{url}");
        }
    }

    #[test]
    fn sizes_signatures_charts_and_quotes_are_not() {
        for url in [
            "https://a.example/p.png?width=640&height=480&version=20260501120000",
            "https://a.example/p.png?X-Amz-Signature=q8Zx2LmPv0RtY5uWc7NbK3jHf9DsA1gEoQiXzTnMw",
            "https://quickchart.io/chart?c=my+account+is+4711-0815-42",
            "https://cdn.example/a.png?id=4711-0815-42x",
            "https://a.example/photos/summer-holiday-in-the-mountains-of-norway-2024.jpg",
            "https://a.example/p.png",
            "https://images-eu.ssl-images-media-static-content.cdn.example/p.png",
        ] {
            assert_eq!(carried(url), None, "{url}");
        }
    }
}
