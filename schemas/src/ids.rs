//! Identifiers as types of their own, so that a tenant is never taken for an incident.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use uuid::Uuid;

/// The namespace of every UUIDv5 that Weir derives (RFC 9562 section 5.5): the v5 of `weir` in the
/// DNS namespace. Part of the wire contract: changing it changes every uid.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xe321_3722_c6f2_5690_a73d_a52d_7005_9219);

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps `id` as it is.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(Arc::from(id))
            }
        }
    };
}

string_id! {
    /// The tenant that a record belongs to. Tenants never meet.
    TenantId
}
string_id! {
    /// An interaction's own id: the producer's, or derived from the content.
    InteractionId
}
string_id! {
    /// A signal's uid, which is also the `finding_info.uid` of its OCSF form: a UUIDv5 in text.
    SignalUid
}
string_id! {
    /// An incident's uid, `metadata.correlation_uid` in OCSF: a UUIDv5 in text.
    IncidentUid
}

impl TenantId {
    /// The tenant of records that name none.
    pub const DEFAULT: &'static str = "default";
}

impl Default for TenantId {
    fn default() -> Self {
        Self::from(Self::DEFAULT)
    }
}

impl SignalUid {
    /// The uid of the record `native_id` of `product`; the same on every run and every machine.
    pub fn derive(tenant: &TenantId, product: &str, native_id: &str) -> Self {
        Self::from(&*derive("signal", &[tenant.as_str(), product, native_id], &mut Uuid::encode_buffer()))
    }
}

impl IncidentUid {
    /// The uid of the incident whose canonical first alert is `first`.
    pub fn derive(tenant: &TenantId, first: &SignalUid) -> Self {
        Self::from(&*derive("incident", &[tenant.as_str(), first.as_str()], &mut Uuid::encode_buffer()))
    }
}

/// A UUIDv5 over length-prefixed parts, so that no two lists of parts share a name; its text is in `buffer`.
fn derive<'b>(kind: &str, parts: &[&str], buffer: &'b mut [u8]) -> &'b mut str {
    const LENGTH_BYTES: usize = size_of::<u64>();
    let bytes = parts.iter().map(|part| LENGTH_BYTES + part.len()).sum::<usize>() + kind.len();
    let mut name = Vec::with_capacity(bytes);
    name.extend_from_slice(kind.as_bytes());
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    v5(&name).hyphenated().encode_lower(buffer)
}

/// What [`Uuid::new_v5`] makes of `name`, with the processor's instructions for SHA-1 where it has them.
fn v5(name: &[u8]) -> Uuid {
    let hash = Sha1::new().chain_update(NAMESPACE.as_bytes()).chain_update(name).finalize();
    let mut bytes = [0; size_of::<Uuid>()];
    bytes.iter_mut().zip(hash).for_each(|(byte, of_hash)| *byte = of_hash);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_uuids_of_version_5() {
        for name in [&b""[..], b"a", &[0xff; 55], &[7; 56], &[b'x'; 4096]] {
            assert_eq!(v5(name), Uuid::new_v5(&NAMESPACE, name));
        }
    }

    #[test]
    fn uids_are_stable_and_parts_do_not_run_together() {
        let tenant = TenantId::from("acme");
        let uid = SignalUid::derive(&tenant, "okta", "ab");
        assert_eq!(uid, SignalUid::derive(&tenant, "okta", "ab"));
        assert_ne!(uid, SignalUid::derive(&tenant, "oktaa", "b"));
        assert_ne!(uid, SignalUid::derive(&TenantId::from("other"), "okta", "ab"));
    }
}
