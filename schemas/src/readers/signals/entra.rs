//! What the three Entra ID readers share: the forms in which one record travels.
//!
//! Graph gives the record itself; Azure Monitor puts it under `properties` of an envelope; Log Analytics
//! makes it a row with capital keys, JSON within strings and a `Type` that names the table.

use std::borrow::Cow;

use super::fields::{Node, discriminator, first_time, has};
use super::things;
use crate::entity::Entity;
use crate::readers::value::Value;
use crate::readers::{EventTime, RawRecord};

/// One Entra record in any form.
pub(super) struct EntraRecord<'v> {
    /// The record's own fields.
    pub(super) body: Node<'v>,
    /// The envelope, or the record again where there is none.
    pub(super) envelope: Node<'v>,
}

impl<'v> EntraRecord<'v> {
    /// `properties` must be `root.properties` unfolded.
    pub(super) fn new(root: &'v Value<'v>, properties: &'v Value<'v>) -> Self {
        let envelope = Node::new(root);
        let properties = Node::new(properties);
        Self { body: if properties.is_object() { properties } else { envelope }, envelope }
    }

    /// The record's own id.
    pub(super) fn id(&self) -> Option<String> {
        self.body.get("id").text().map(Cow::into_owned)
    }

    /// The tenant. `TenantId` of a Log Analytics row is the workspace, so it comes last.
    pub(super) fn tenant(&self) -> Option<String> {
        let tenant = self.body.first(&["AADTenantId", "resourceTenantId", "homeTenantId"]);
        let places =
            [self.envelope.get("AADTenantId"), self.envelope.get("tenantId"), tenant, self.body.get("tenantId")];
        places.iter().find_map(|place| place.text()).map(Cow::into_owned)
    }

    /// The first of the record's times `keys`, else the envelope's.
    pub(super) fn time(&self, keys: &[&str]) -> EventTime {
        let own = keys.iter().fold(EventTime::Absent, |time, key| time.or_else(|| self.body.get(key).time()));
        own.or_else(|| first_time(&[self.envelope.get("TimeGenerated"), self.envelope.get("time")]))
    }

    /// The user that the record is about.
    pub(super) fn user(&self) -> Option<Entity> {
        let body = self.body;
        let ids = [body.get("userId"), body.get("userPrincipalName"), body.get("onPremisesSecurityIdentifier")];
        things::user(&ids).map(|user| user.named(body.get("userDisplayName").text().as_deref()))
    }
}

/// Whether a record comes from one of `tables`: Azure Monitor's `category` or Log Analytics' `Type`.
pub(super) fn is_table(record: &RawRecord<'_>, matches: impl Fn(&str) -> bool) -> bool {
    let row = has(record, "TimeGenerated") && matches(discriminator(record, "Type"));
    row || matches(discriminator(record, "category"))
}
