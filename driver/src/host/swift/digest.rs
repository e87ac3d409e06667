//! The digests that sign temporary URLs, and hexadecimal text as Swift writes it.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// The digest that temporary URLs are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlDigest {
    Sha256,
    Sha512,
    Sha1,
}

/// In order of preference.
const DIGESTS: [(&str, UrlDigest); 3] = [
    ("sha256", UrlDigest::Sha256),
    ("sha512", UrlDigest::Sha512),
    ("sha1", UrlDigest::Sha1),
];

impl UrlDigest {
    /// Chooses from the names that a server allows.
    pub(super) fn choose(allowed: &Value) -> Result<Self, String> {
        let names: Vec<&str> = allowed
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let known = DIGESTS.iter().find(|(name, _)| names.contains(name));
        known
            .map(|(_, digest)| *digest)
            .ok_or_else(|| format!("it accepts {}", names.join(", ")))
    }
}

/// Returns the HMAC of `message` in hexadecimal.
pub(super) fn signature(digest: UrlDigest, key: &[u8], message: &[u8]) -> String {
    fn of<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> String {
        // Cannot fail: an HMAC takes a key of any length.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
            return String::new();
        };
        mac.update(message);
        hex(&mac.finalize().into_bytes())
    }
    match digest {
        UrlDigest::Sha256 => of::<Hmac<Sha256>>(key, message),
        UrlDigest::Sha512 => of::<Hmac<Sha512>>(key, message),
        UrlDigest::Sha1 => of::<Hmac<Sha1>>(key, message),
    }
}

/// Returns `bytes` in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_swifts_own_examples() {
        // printf 'GET\n1440619048\n/v1/AUTH_account/container/object' | openssl dgst -sha256 -hmac
        // mykey
        let message = b"GET\n1440619048\n/v1/AUTH_account/container/object";
        assert_eq!(
            signature(UrlDigest::Sha256, b"mykey", message),
            "9ef8c448d4184fd16dd4013a1e3349149f895555655621dbf6d6a166f585af72"
        );
        assert_eq!(
            signature(UrlDigest::Sha1, b"mykey", message),
            "da720a7e11f9f2c7b0fe46039811229c1c7a9cb4"
        );
    }
}
