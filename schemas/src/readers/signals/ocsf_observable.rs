//! OCSF's observables as entities: `type_id` says what `value` is.
//!
//! Source: schema.ocsf.io/1.8.0/objects/observable. [`crate::ocsf`] writes them the other way round. Types that
//! are no thing (a process name, a file name, a country) and whole objects are left out.

use super::fields::Node;
use super::things::{self, SystemFiles};
use crate::entity::{Entity, EntityKind};

/// The thing that an observable of `event` names; of those that repeat an attribute of who acted or was acted upon, none.
/// These are read where they stand, as aliases of one, and a name by itself would be a second user.
pub(super) fn observable(observable: Node<'_>, event: Node<'_>) -> Option<Entity> {
    let path = observable.get("name").text().unwrap_or_default();
    let is_of_person = ["actor.user.", "actor.session.", "user."].iter().any(|person| path.starts_with(person));
    if is_of_person && event.at(&path).exists() {
        return None;
    }
    let value = observable.get("value");
    let kind = match observable.get("type_id").number()? as u32 {
        // A host name is a domain where it has dots; without, it is a device.
        1 if value.text()?.contains('.') => return things::url_or_domain(value),
        1 | 47 => return things::device(&[value]),
        2 => EntityKind::Ip,
        4 | 5 | 31 => EntityKind::User,
        6 => return things::url_or_domain(value),
        8 => EntityKind::File,
        10 => EntityKind::CloudResource,
        19 => EntityKind::ApiKey,
        45 => return things::image(EntityKind::File, &[], value, Node::absent(), SystemFiles::NameNothing),
        _ => return None,
    };
    Entity::new(kind, [&*things::unless_posix_uid(value).text()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_say_what_a_value_is() {
        let of = |type_id: u32, value: &str| {
            let entity = observable(Node::new(&json!({"type_id": type_id, "value": value}).into()), Node::absent())?;
            Some((entity.kind, entity.ids.join(" ")))
        };
        for (type_id, value, kind, ids) in [
            (1, "ws07", EntityKind::Device, "ws07"),
            (1, "evil.example", EntityKind::Domain, "evil.example"),
            (2, "203.0.113.9", EntityKind::Ip, "203.0.113.9"),
            (5, "Eve@Contoso.example", EntityKind::User, "eve@contoso.example"),
            (6, "https://evil.example/A", EntityKind::Url, "https://evil.example/A"),
            (10, "arn:aws:s3:::b", EntityKind::CloudResource, "arn:aws:s3:::b"),
            (45, "C:\\Users\\eve\\a.exe", EntityKind::File, "c:\\users\\eve\\a.exe"),
        ] {
            assert_eq!(of(type_id, value), Some((kind, ids.to_owned())), "{type_id} {value}");
        }
        for (type_id, value) in
            [(0, "x"), (9, "cmd.exe"), (7, "a.exe"), (2, "nowhere"), (31, "501"), (99, "x"), (5, "-")]
        {
            assert_eq!(of(type_id, value), None, "{type_id} {value}");
        }
    }

    #[test]
    fn who_is_named_elsewhere_in_the_event_is_not_named_twice() {
        let of_event = |event: serde_json::Value| {
            let named = json!({"name": "actor.user.name", "type_id": 4, "value": "eve"}).into();
            observable(Node::new(&named), Node::new(&event.into())).is_some()
        };
        assert!(!of_event(json!({"actor": {"user": {"name": "eve", "uid": "7"}}})));
        assert!(of_event(json!({"actor": {"process": {"pid": 7}}})));
    }
}
