//! Entities that stand in text: what an annotation's message names that other records may name as well.
//!
//! URLs and their hosts, bare host names, e-mail addresses of people and AWS access key ids, in the
//! message and in what is encoded in it. They come as they are, whether a tenant has evidence on or off,
//! so nothing here may be a secret: user names and passwords in URLs, queries that look like data or
//! credentials, whatever a detector masked and whatever may be a secret once a URL is decoded are left out. Only messages that carry an annotation are
//! looked at; the work is linear in their length and bounded in what it yields.
//!
//! Not here: the keyed hashes of secrets, which the detector that finds them names.

use std::net::IpAddr;
use std::ops::Range;

use schemas::{Entity, EntityKind};

use crate::addresses::{Parts, bare_hosts, email_at, is_host_name, is_web, parts, url_at};
use crate::concept::Concept;
use crate::credential::reading::Reading;
use crate::credential::verify::is_placeholder;
use crate::credential::words::key_id;
use crate::credential::{Kind as SecretKind, secrets};
use crate::detector::Mask;
use crate::drive::item_shown;
use crate::sensitive::may_identify;
use crate::shared_hosts::{Sharing, sharing};
use crate::tool_arguments::percent_decoded;
use crate::view::{Layer, MessageView, Text};

/// The most entities that one annotation gets from the text around it.
pub const ENTITIES_PER_ANNOTATION_MAX: usize = 8;
/// How far from an annotation's span an entity may stand, in scalar values.
const DISTANCE_MAX: u32 = 2000;
/// How many URLs, hosts, addresses and key ids each of one text are looked at.
const PLACES_MAX: usize = 256;
/// The longest value in a query that still names something rather than being data, in bytes.
const QUERY_VALUE_BYTES_MAX: usize = 32;

/// The entities of one message and where they stand, in scalar values.
#[derive(Debug, Default)]
pub struct TextEntities(Vec<((u32, u32), Entity)>);

impl TextEntities {
    /// Those in `message`; `hidden` says what a span holds that nobody must see.
    pub fn new(message: &MessageView<'_>, hidden: impl Fn((u32, u32)) -> Option<Mask>) -> Self {
        let mut found = Vec::new();
        for text in message.texts.iter().filter(|text| text.layer != Layer::Leet) {
            let mut places = places(text);
            places.sort_by_key(|place| place.range.start);
            let ranges: Vec<_> = places.iter().map(|place| place.range.clone()).collect();
            for (place, span) in places.iter().zip(text.raw_spans(&ranges)) {
                let written = text.raw().get(place.range.clone()).unwrap_or_default();
                found.extend(place.kind.entities(written, hidden(span)).map(|entity| (span, entity)));
            }
        }
        Self(found)
    }

    /// What the first URL of the text leads to: the URL itself, and the item that it shows.
    pub fn first_place(&self) -> impl Iterator<Item = &Entity> {
        let places = || self.0.iter().filter(|(_, entity)| is_place(entity));
        let first = places().map(|(span, _)| *span).next();
        places().filter(move |(span, _)| Some(*span) == first).map(|(_, entity)| entity)
    }

    /// Those nearest to `span`, at most [`ENTITIES_PER_ANNOTATION_MAX`], none twice.
    pub fn near(&self, span: (u32, u32)) -> Vec<Entity> {
        let distance = |other: (u32, u32)| other.0.saturating_sub(span.1).max(span.0.saturating_sub(other.1));
        let mut by_distance: Vec<_> = self.0.iter().map(|(at, entity)| (distance(*at), *at, entity)).collect();
        by_distance.retain(|(distance, ..)| *distance <= DISTANCE_MAX);
        by_distance.sort();
        let mut near: Vec<Entity> = Vec::new();
        for (.., entity) in by_distance {
            if near.len() == ENTITIES_PER_ANNOTATION_MAX {
                break;
            }
            if !near.contains(entity) {
                near.push(entity.clone());
            }
        }
        near
    }
}

/// What stands at a place.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Url,
    Host,
    Address,
    KeyId,
}

struct Place {
    range: Range<usize>,
    kind: Kind,
}

/// Where a text names something; what stands within a URL is the URL's.
fn places(text: &Text<'_>) -> Vec<Place> {
    let raw = text.raw();
    let starts = |concept| {
        let hits = text.hits.iter().filter(move |hit| hit.concepts.has(concept)).take(PLACES_MAX);
        hits.map(|hit| text.raw_at(hit.start as usize))
    };
    let url = |start| Some(start..start + url_at(raw, start)?.len());
    let urls: Vec<Range<usize>> = starts(Concept::Url).filter_map(url).collect();
    let outside = |range: &Range<usize>| {
        let before = urls.partition_point(|url| url.start <= range.start);
        before.checked_sub(1).and_then(|at| urls.get(at)).is_none_or(|url| range.start >= url.end)
    };
    let key_ids = starts(Concept::Credential).filter_map(|start| key_id(raw, start));
    let addresses =
        raw.match_indices('@').filter_map(|(at, _)| email_at(raw, at)).filter(|range| is_person(raw, range));
    let of = |kind| move |range| Place { range, kind };
    key_ids
        .map(of(Kind::KeyId))
        .chain(addresses.filter(outside).take(PLACES_MAX).map(of(Kind::Address)))
        .chain(bare_hosts(raw).filter(outside).take(PLACES_MAX).map(of(Kind::Host)))
        .chain(urls.iter().cloned().map(of(Kind::Url)))
        .collect()
}

/// How much of the text before an address tells what it is, in bytes.
const BEFORE_BYTES: usize = 128;

/// Whether an address is a mailbox that someone reads, and not `user:password@host` or `git@host`.
fn is_person(raw: &str, range: &Range<usize>) -> bool {
    const NOBODY: [&str; 7] =
        ["donotreply", "do-not-reply", "git", "mailer-daemon", "no-reply", "noreply", "postmaster"];
    const LABELS: [&str; 9] = ["mailto", "mail", "email", "from", "to", "cc", "bcc", "user", "upn"];
    let address = raw.get(range.clone()).unwrap_or_default().to_ascii_lowercase();
    let (local, domain) = address.split_once('@').unwrap_or_default();
    let ending = domain.rsplit('.').next().unwrap_or_default();
    let file = ["png", "jpg", "jpeg", "gif", "svg", "webp"].contains(&ending);
    let before = crate::bounds::tail(raw.get(..range.start).unwrap_or_default(), BEFORE_BYTES);
    let word =
        before.rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | '<')).next();
    // Directly behind a sign that passwords and paths have, only a label makes it an address.
    let word = word.unwrap_or_default().to_ascii_lowercase();
    let labelled = word.is_empty() || word.strip_suffix([':', '=']).is_some_and(|label| LABELS.contains(&label));
    labelled && is_host_name(domain) && !file && !NOBODY.contains(&local)
}

impl Kind {
    /// What `written` names; of a place with something hidden only what cannot be that.
    fn entities(self, written: &str, hidden: Option<Mask>) -> impl Iterator<Item = Entity> {
        let one = |kind, id: &str| [Entity::new(kind, [id]), None];
        let secret = hidden == Some(Mask::Credential);
        let entities = match self {
            Self::Url => of_url(written, hidden.is_some()),
            Self::Host if !secret && sharing(written) == Sharing::Own => one(EntityKind::Domain, written),
            // An attacker may name a victim: an address in a text is nobody who took part.
            Self::Address if !secret => [Entity::new(EntityKind::User, [written]).map(Entity::mentioned), None],
            // The id of a key is masked in excerpts, but names no secret.
            Self::KeyId if !is_placeholder(written) => one(EntityKind::ApiKey, written),
            _ => [None, None],
        };
        entities.into_iter().flatten()
    }
}

/// The URL that `name` is, where a document is called by its own, and the item that it shows.
pub fn place_of_document(name: &str) -> impl Iterator<Item = Entity> {
    let url = url_at(name, 0).filter(|url| url.len() == name.len());
    url.map(|url| of_url(url, false)).into_iter().flatten().flatten().filter(is_place)
}

fn is_place(entity: &Entity) -> bool {
    matches!(entity.kind, EntityKind::Url | EntityKind::CloudResource)
}

/// The host of a URL, or where that is everyone's the item of Drive that the URL shows; and the URL itself where it is
/// one party's and nothing in it is `hidden`.
fn of_url(url: &str, hidden: bool) -> [Option<Entity>; 2] {
    let parts = parts(url);
    if !is_web(&parts) {
        return [None, None];
    }
    let name = parts.host.trim_end_matches('.').to_lowercase();
    let shared = sharing(&name);
    let host = match name.parse::<IpAddr>() {
        Ok(_) => Entity::new(EntityKind::Ip, [name.as_str()]),
        Err(_) if shared == Sharing::Own && is_host_name(&name) => Entity::new(EntityKind::Domain, [name.as_str()]),
        // An id that Drive's own log has in the clear, however much the URL may look like a secret.
        Err(_) if !hidden => item_shown(&parts),
        Err(_) => None,
    };
    let segments = parts.path.split('/').filter(|segment| !segment.is_empty()).count();
    let links = match shared {
        Sharing::Own => host.is_some(),
        Sharing::Hosting => segments >= 2,
        Sharing::Everyones => false,
    };
    // Text often closes a bracket that a URL opened: of an IPv6 host without its end only the address is sure.
    let whole = !parts.host_and_port.starts_with('[') || parts.host_and_port.contains(']');
    let url = (links && whole && !hidden).then(|| plain_url(&parts)).filter(|url| !holds_secret(url));
    [host, url.and_then(|url| Entity::new(EntityKind::Url, [url.as_str()]))]
}

/// Whether anything in a URL, percent-encoded or not, may be a secret or identify a person. It is asked beside the
/// masks because a URL glues to each other what detectors read apart: a token behind a slash, a number behind `%20`.
fn holds_secret(url: &str) -> bool {
    // Twice, since what is encoded is often encoded again on its way.
    let plain = percent_decoded(&percent_decoded(url));
    let apart = plain.replace(['/', '?', '&', '=', '#'], "\n");
    let secret = |text: &str| {
        let named = ["assword", "asswort", "asswd"].iter().flat_map(|word| text.match_indices(word));
        let named: Vec<usize> = named.map(|(at, word)| at + word.len()).collect();
        let found = secrets(&Reading::plain(text), None, named.into_iter());
        !found.complete || found.secrets.iter().any(|secret| secret.kind == SecretKind::Secret)
    };
    secret(&plain) || secret(&apart) || may_identify(&apart.to_lowercase())
}

/// The URL as a proxy would log it: scheme and host in lower case (RFC 3986, section 6.2.2.1), neither user
/// nor fragment, and the query only where each of its values is short and not called a secret.
fn plain_url(parts: &Parts<'_>) -> String {
    const SECRETS: [&str; 11] =
        ["auth", "code", "cred", "jwt", "key", "pass", "pwd", "secret", "session", "sig", "token"];
    let harmless = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let name = name.to_ascii_lowercase();
        value.len() <= QUERY_VALUE_BYTES_MAX && !SECRETS.iter().any(|word| name.contains(word))
    };
    let scheme = parts.scheme.to_ascii_lowercase().replace("hxxp", "http");
    let host = parts.host_and_port.to_lowercase();
    let query = Some(parts.query).filter(|query| !query.is_empty() && query.split('&').all(harmless));
    format!("{scheme}://{host}{}{}{}", parts.path, query.map_or("", |_| "?"), query.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use schemas::{Channel, Message};

    use super::*;
    use crate::cases::talk;
    use crate::lexicon::Lexicon;
    use crate::view::View;

    /// The entities near `span` in `text`, as `kind id`, sorted.
    fn near(text: &str, span: (u32, u32)) -> Vec<String> {
        let interaction = talk(vec![Message::request(Channel::Document, text)]);
        let view = View::new(&interaction, &Lexicon::new().expect("compiles"));
        let entities = TextEntities::new(&view.messages[0], |_| None).near(span);
        let mut named: Vec<_> = entities.iter().map(|e| format!("{} {}", e.kind.as_str(), e.ids.join("+"))).collect();
        named.sort();
        named
    }

    #[test]
    fn a_key_id_needs_no_digit() {
        assert_eq!(near("aws_access_key_id = AKIAJOVIIDCUQRSYBWRK", (0, 5)), ["api_key AKIAJOVIIDCUQRSYBWRK"]);
    }

    #[test]
    fn urls_hosts_people_and_key_ids_are_named() {
        let text = "Grüße! Mail Bob@Contoso.example the key AKIAZ3QK7WMTHX2RLP5V, see \
            HTTPS://u:pw@Drop.Evil.example:8443/a/B?id=7#x and c2.evil-cdn.com.";
        let expected = [
            "api_key AKIAZ3QK7WMTHX2RLP5V",
            "domain c2.evil-cdn.com",
            "domain drop.evil.example",
            "url https://drop.evil.example:8443/a/B?id=7",
            "user bob@contoso.example",
        ];
        assert_eq!(near(text, (0, 6)), expected);
    }

    #[test]
    fn what_everyone_names_links_nobody() {
        for text in [
            "https://www.google.com/search?q=x",
            "https://learn.microsoft.com/azure and github.com",
            "https://github.com/ and https://github.com/contoso",
            "http://localhost/x http://127.0.0.1/x",
            "noreply@contoso.example git@contoso.example",
            "AKIAIOSFODNN7EXAMPLE",
            "postgres://u:pa@db.contoso.example/x logo@2x.png react@18.2.0",
            "curl -u admin:pw@host.contoso.example",
        ] {
            assert_eq!(near(text, (0, 1)), Vec::<String>::new(), "{text}");
        }
        assert_eq!(near("https://github.com/evil/kit", (0, 1)), ["url https://github.com/evil/kit"]);
        assert_eq!(near("hxxps://Evil.example/x", (0, 1)), ["domain evil.example", "url https://evil.example/x"]);
        assert_eq!(near("http://[2001:db8::1]/x", (0, 1)), ["ip 2001:db8::1"]);
    }

    #[test]
    fn queries_that_carry_data_or_secrets_are_cut() {
        let long = "d".repeat(QUERY_VALUE_BYTES_MAX + 1);
        for query in ["token=abc".to_owned(), format!("q={long}"), long] {
            let text = format!("https://a.example/i.png?{query}");
            assert_eq!(near(&text, (0, 1)), ["domain a.example", "url https://a.example/i.png"], "{query}");
        }
    }

    #[test]
    fn what_is_encoded_is_named_where_it_stands() {
        let text = "run {}".replace("{}", "aWdub3JlIGh0dHBzOi8vZHJvcC5ldmlsLmV4YW1wbGUvcGF5bG9hZCBub3csIHBsZWFzZQ==");
        assert_eq!(near(&text, (0, 3)), ["domain drop.evil.example", "url https://drop.evil.example/payload"]);
    }

    #[test]
    fn the_nearest_come_first_and_far_ones_not_at_all() {
        let many: String = (0..40).map(|at| format!("u{at}@contoso.example ")).collect();
        let middle = many.find("u20@").expect("there") as u32;
        let found = near(&many, (middle, middle + 3));
        assert_eq!(found.len(), ENTITIES_PER_ANNOTATION_MAX);
        assert!(found.contains(&"user u20@contoso.example".to_owned()), "{found:?}");
        assert!(!found.contains(&"user u0@contoso.example".to_owned()), "{found:?}");
        let far = format!("bob@contoso.example{}", " ".repeat(DISTANCE_MAX as usize + 10));
        let end = far.len() as u32;
        assert_eq!(near(&far, (end - 1, end)), Vec::<String>::new());
    }
}
