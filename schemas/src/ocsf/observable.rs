//! Entities as OCSF observables, by which a SIEM searches across sources.
//!
//! Every identifier of every entity becomes one observable. Those of a record itself have a `name` that
//! points at their place in `unmapped.entities`, so that the identifiers of one thing stay recognisable
//! as one thing; those of an incident's member have none, since its source record is not in the incident.

use serde::Serialize;

use crate::entity::{Entity, EntityKind};

/// One identifier in OCSF's words.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Observable<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    type_id: u8,
    #[serde(rename = "type")]
    type_name: &'static str,
    value: &'a str,
}

impl<'a> Observable<'a> {
    /// The observables of a record whose `unmapped.entities` is `entities`, in their order.
    pub(super) fn of_record(entities: &'a [Entity]) -> Vec<Self> {
        let mut all = Vec::new();
        for (at, entity) in entities.iter().enumerate() {
            let ids = entity.ids.iter().enumerate();
            all.extend(ids.map(|(nth, id)| Self {
                name: Some(format!("unmapped.entities[{at}].ids[{nth}]")),
                ..Self::new(entity.kind, id)
            }));
        }
        all
    }

    /// The observables of an incident's member, in the order of its entities.
    pub(super) fn of_member(entities: &'a [Entity]) -> Vec<Self> {
        entities.iter().flat_map(|entity| entity.ids.iter().map(|id| Self::new(entity.kind, id))).collect()
    }

    fn new(kind: EntityKind, id: &'a str) -> Self {
        let (type_id, type_name) = observable_type(kind, id);
        Self { name: None, type_id, type_name, value: id }
    }
}

/// `observable.type_id` and its caption in OCSF 1.8.0. Kinds that OCSF has no type for are 99 (Other)
/// and named by `type`, as the schema asks.
fn observable_type(kind: EntityKind, id: &str) -> (u8, &'static str) {
    match kind {
        EntityKind::User | EntityKind::Mailbox if is_email(id) => (5, "Email Address"),
        EntityKind::User if is_opaque(id) => (31, "User Object: uid"),
        EntityKind::User => (4, "User Name"),
        EntityKind::Device if is_opaque(id) => (47, "Device Object: uid"),
        EntityKind::Device | EntityKind::Domain => (1, "Hostname"),
        EntityKind::Ip => (2, "IP Address"),
        EntityKind::Url => (6, "URL String"),
        EntityKind::File | EntityKind::Process if is_hash(id) => (8, "Hash"),
        EntityKind::File if id.contains(['/', '\\']) => (45, "File Path"),
        EntityKind::File => (7, "File Name"),
        EntityKind::Process => (9, "Process Name"),
        EntityKind::ApiKey => (19, "User Credential ID"),
        EntityKind::CloudResource => (10, "Resource UID"),
        EntityKind::Agent => (99, "Agent"),
        EntityKind::Application => (99, "Application"),
        EntityKind::Mailbox => (99, "Mailbox"),
        EntityKind::Model => (99, "Model"),
        EntityKind::Session => (99, "Session"),
        EntityKind::Tool => (99, "Tool"),
    }
}

/// Whether OCSF's `email_t` takes `text`; narrower than RFC 5321 on purpose, since a value that only
/// looks like an address would make the whole record invalid.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    let host_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !local.is_empty()
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&b))
        && !host.is_empty()
        && host.bytes().all(host_byte)
        && !rest.is_empty()
        && rest.bytes().all(|b| host_byte(b) || b == b'.')
}

/// Ids that mean nothing to a reader: UUIDs, SIDs and long hexadecimal numbers.
pub(super) fn is_opaque(id: &str) -> bool {
    let sid = id.starts_with("s-1-") || id.starts_with("S-1-");
    sid || (id.len() >= 32 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
}

/// Hexadecimal digests as long as MD5, SHA-1, SHA-256 and SHA-512 are.
fn is_hash(id: &str) -> bool {
    matches!(id.len(), 32 | 40 | 64 | 128) && id.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_get_the_type_that_a_siem_searches_by() {
        for (kind, id, expected) in [
            (EntityKind::User, "alice@contoso.example", 5),
            (EntityKind::User, "s-1-5-21-1-2-3-500", 31),
            (EntityKind::User, "3f2c1b0a-1111-4222-8333-444455556666", 31),
            (EntityKind::User, "contoso\\alice", 4),
            (EntityKind::User, "alice@host", 4),
            (EntityKind::Device, "laptop-7.contoso.example", 1),
            (EntityKind::Device, "0123456789abcdef0123456789abcdef01234567", 47),
            (EntityKind::Ip, "203.0.113.9", 2),
            (EntityKind::Domain, "contoso.example", 1),
            (EntityKind::Url, "https://example.com/a", 6),
            (EntityKind::File, "d41d8cd98f00b204e9800998ecf8427e", 8),
            (EntityKind::File, "c:\\temp\\a.txt", 45),
            (EntityKind::File, "a.txt", 7),
            (EntityKind::Process, "powershell.exe", 9),
            (EntityKind::ApiKey, "AKIAEXAMPLE", 19),
            (EntityKind::CloudResource, "arn:aws:s3:::b", 10),
            (EntityKind::Tool, "send_mail", 99),
        ] {
            assert_eq!(observable_type(kind, id).0, expected, "{kind:?} {id}");
        }
    }

    #[test]
    fn addresses_that_ocsf_would_refuse_are_no_email() {
        for text in ["", "@", "a@b", "a@b.", "a@@b.c", "a b@c.d", "ä@b.c", "a@.c", "a@b.c d", "a@b\u{0}.c"] {
            assert!(!is_email(text), "{text:?}");
        }
        assert!(is_email("o'neil+x@mail.contoso.example"));
    }
}
