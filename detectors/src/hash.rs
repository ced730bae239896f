//! The hashes by which equal content and equal values are recognised without keeping them.

use hmac::{Hmac, KeyInit, Mac};
use schemas::{Interaction, TenantId};
use sha2::{Digest, Sha256};

use crate::settings::HashKey;

/// A hash in hex over every message's channel and text, each prefixed by its length (64 bit, big endian), so that no
/// two lists of messages run together to the same bytes. HMAC-SHA256 with the configured key and the tenant, since a
/// short prompt is soon guessed; without a key there is no secret to add, and it is the plain SHA-256.
pub fn content_hash(interaction: &Interaction, key: &HashKey) -> String {
    let parts = || interaction.messages.iter().flat_map(|message| [message.channel.as_str(), message.text.expose()]);
    match keyed(key, &interaction.tenant).filter(|_| key.is_secret()) {
        Some(mut mac) => {
            parts().for_each(|part| {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part.as_bytes());
            });
            hex(&mac.finalize().into_bytes())
        }
        None => {
            let mut hash = Sha256::new();
            parts().for_each(|part| {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            });
            hex(&hash.finalize())
        }
    }
}

/// HMAC-SHA256 of tenant and value, as `hmac:` and 64 hex digits. The tenant goes in, so that tenants never meet.
pub fn value_hash(value: &str, key: &HashKey, tenant: &TenantId) -> Option<String> {
    let mut mac = keyed(key, tenant)?;
    mac.update(value.as_bytes());
    Some(format!("hmac:{}", hex(&mac.finalize().into_bytes())))
}

/// `None` never happens: HMAC takes keys of any length.
fn keyed(key: &HashKey, tenant: &TenantId) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).ok()?;
    mac.update(&(tenant.as_str().len() as u64).to_be_bytes());
    mac.update(tenant.as_str().as_bytes());
    Some(mac)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    // By table: the formatter costs as much for a digest as the hash of a short message.
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use schemas::{Channel, Message};

    use super::*;

    #[test]
    fn with_a_key_content_is_known_to_its_tenant_alone() {
        let of = |tenant: &str, key: &[u8], text: &str| {
            let mut interaction = crate::cases::talk(vec![Message::request(Channel::User, text)]);
            interaction.tenant = tenant.into();
            content_hash(&interaction, &HashKey::new(key))
        };
        assert_eq!(of("a", b"k", "x"), of("a", b"k", "x"));
        let all = [of("a", b"k", "x"), of("b", b"k", "x"), of("a", b"l", "x"), of("a", b"k", "y")];
        assert!(all.iter().enumerate().all(|(at, one)| one.len() == 64 && !all[..at].contains(one)));
        let open = |tenant| of(tenant, crate::Settings::HASH_KEY_DEFAULT, "x");
        assert_eq!(open("a"), open("b"));
    }
}
