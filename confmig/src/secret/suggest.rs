//! Names and values that suggest a secret, or that there is none.

use bstr::ByteSlice;

/// Parts of names that suggest a secret.
const PARTS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "private_key",
    "api_key",
    "apikey",
    "rootpw",
];

/// Endings of names that suggest a secret.
const ENDINGS: [&str; 6] = [
    "pass",
    "pwd",
    "_pw",
    "_key",
    "community",
    "connection_string",
];

/// Endings of names that do not, although they end like one that does.
const HARMLESS: [&str; 4] = ["bypass", "compass", "public_key", "pub_key"];

/// The texts that oslo.config reads as a boolean value.
const SWITCHES: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "1", "0"];

/// Returns the spelling of a name for [`suggests_secret`].
pub(super) fn spelling(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// Returns whether the name of an option, or of a setting in a value, suggests a secret.
pub(super) fn suggests_secret(spelling: &str) -> bool {
    let ends_with = |endings: &[&str]| endings.iter().any(|ending| spelling.ends_with(ending));
    // `str::contains` prepares a search for each part, which takes longer than this.
    let starts_with_part = |at: usize| {
        let rest = &spelling.as_bytes()[at..];
        PARTS.iter().any(|part| rest.starts_with(part.as_bytes()))
    };
    (0..spelling.len()).any(starts_with_part) || ends_with(&ENDINGS) && !ends_with(&HARMLESS)
}

/// What is known about the value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// It is not secret.
    Shown,
    /// Its name suggests a secret.
    Suggested,
    /// A pack, a release or a schema marks it as secret.
    Declared,
}

impl Secrecy {
    /// Returns whether a value is masked as a whole: not the `<None>` of sample files, `...` or a
    /// mask, nor the boolean value of an option whose name only suggests a secret.
    pub(super) fn masks(self, value: &[u8]) -> bool {
        let value = value.trim_with(|c| c.is_whitespace() || matches!(c, '"' | '\''));
        let is_switch = || {
            let mut switches = SWITCHES.iter();
            switches.any(|switch| value.eq_ignore_ascii_case(switch.as_bytes()))
        };
        match self {
            Secrecy::Shown => false,
            _ if value == b"<None>" || value.iter().all(|byte| b".*".contains(byte)) => false,
            Secrecy::Suggested => !is_switch(),
            Secrecy::Declared => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_suggest_secrets_by_their_parts_and_endings() {
        for name in [
            "db_pass",
            "DB-PASS",
            "pwd",
            "rootpwd",
            "auth_key",
            "vault-key",
            "ipa-api-password",
            "our_token_x",
        ] {
            assert!(suggests_secret(&spelling(name)), "{name}");
        }
        for name in [
            "bypass",
            "ssh_public_key",
            "key",
            "key_file",
            "passive",
            "keystone",
            "pwd_dir",
        ] {
            assert!(!suggests_secret(&spelling(name)), "{name}");
        }
    }

    #[test]
    fn nothing_and_switches_are_no_secrets() {
        for (value, suggested, declared) in [
            ("hunter2", true, true),
            (" False", false, true),
            ("on", false, true),
            ("<None> ", false, false),
            ("", false, false),
            ("...", false, false),
            ("<None>x", true, true),
        ] {
            assert_eq!(Secrecy::Suggested.masks(value.as_bytes()), suggested);
            assert_eq!(Secrecy::Declared.masks(value.as_bytes()), declared);
        }
    }
}
