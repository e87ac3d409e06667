//! The error information in a BMC's response.

use serde_json::Value;

/// The maximum length of a message, in characters.
const TEXT_MAX: usize = 400;

/// The minimum length of a secret that is masked in messages: shorter ones would match everywhere.
const SECRET_MIN: usize = 4;

/// Redfish's extended error information, or its predecessor in iLO 4.
#[derive(Debug, Default)]
pub(super) struct ExtendedInfo {
    /// Message IDs, such as `iLO.2.14.LicenseKeyRequired`.
    ids: Vec<String>,
    texts: Vec<String>,
}

impl ExtendedInfo {
    /// Reads the body of a response. The result is empty if the body is not a Redfish error.
    pub(super) fn parse(body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        let mut info = Self::default();
        let listed = [
            json.pointer("/error/@Message.ExtendedInfo"),
            // iLO 4's format from before Redfish.
            json.get("Messages"),
        ];
        for messages in listed.into_iter().flatten() {
            match messages {
                Value::Array(messages) => messages.iter().for_each(|message| info.add(message)),
                message => info.add(message),
            }
        }
        let summary = json.pointer("/error/message").and_then(Value::as_str);
        if let Some(summary) = summary
            && info.texts.is_empty()
            && !summary.contains("ExtendedInfo")
        {
            info.texts.push(summary.to_owned());
        }
        info
    }

    fn add(&mut self, message: &Value) {
        let text = |key| message.get(key).and_then(Value::as_str);
        let id = text("MessageId").or_else(|| text("MessageID"));
        self.ids.extend(id.map(str::to_owned));
        // An iLO returns a message's ID and arguments; the text is in a registry.
        let words = match text("Message") {
            Some(words) => Some(words.to_owned()),
            None => id.map(|id| match arguments(message) {
                arguments if arguments.is_empty() => id.to_owned(),
                arguments => format!("{id} ({arguments})"),
            }),
        };
        self.texts.extend(words);
    }

    /// Whether the BMC lacks a licence.
    pub(super) fn is_about_licence(&self) -> bool {
        self.names().any(|name| name.contains("License"))
    }

    /// Whether the BMC requires further parameters.
    pub(super) fn misses_parameters(&self) -> bool {
        self.names()
            .any(|name| matches!(name, "ActionParameterMissing" | "PropertyMissing"))
    }

    /// Returns the message IDs without registry and version.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().filter_map(|id| id.rsplit('.').next())
    }

    /// Returns the messages on one line, without `secrets` and without the queries of URLs.
    pub(super) fn text(&self, secrets: &[String]) -> String {
        let mut text = self.texts.join(" ");
        for secret in secrets.iter().filter(|secret| secret.len() >= SECRET_MIN) {
            text = text.replace(secret.as_str(), "***");
        }
        let text = without_queries(&text);
        let cut = text.chars().take(TEXT_MAX);
        cut.map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

fn arguments(message: &Value) -> String {
    let Some(Value::Array(arguments)) = message.get("MessageArgs") else {
        return String::new();
    };
    let texts: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    texts.join(", ")
}

/// Returns `text` with the query of every URL replaced by `...`.
fn without_queries(text: &str) -> String {
    let mut shown = String::new();
    let (mut in_url, mut in_query) = (false, false);
    for (index, c) in text.char_indices() {
        if c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>') {
            (in_url, in_query) = (false, false);
        } else if text[index..].starts_with("://") {
            in_url = true;
        }
        if !in_query {
            shown.push(c);
        }
        if in_url && c == '?' && !in_query {
            in_query = true;
            shown.push_str("...");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_licence_is_recognized_in_both_formats() {
        for body in [
            r#"{"error":{"@Message.ExtendedInfo":[{"MessageId":"iLO.2.14.LicenseKeyRequired"}]}}"#,
            r#"{"Messages":[{"MessageID":"iLO.0.10.LicenseKeyRequired"}],
                "Type":"ExtendedError.0.9.5"}"#,
        ] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert!(info.is_about_licence(), "{body}");
            assert!(info.text(&[]).ends_with("LicenseKeyRequired"));
        }
    }

    #[test]
    fn messages_are_one_line_without_secrets() {
        let body = r#"{"error":{"@Message.ExtendedInfo":[
            {"MessageId":"Base.1.4.PropertyValueFormatError",
             "MessageArgs":["http://h/x.iso?temp_url_sig=5ec2e7&a=b"]},
            {"Message":"not\nnow, pass-w0rd"}]}}"#;
        let text = ExtendedInfo::parse(body.as_bytes()).text(&["pass-w0rd".into()]);
        assert_eq!(
            text,
            "Base.1.4.PropertyValueFormatError (http://h/x.iso?... not now, ***"
        );
    }

    #[test]
    fn other_bodies_give_no_information() {
        for body in ["", "<html>no</html>", "[]", "{}", r#"{"error":7}"#] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert_eq!(info.text(&[]), "");
            assert!(!info.is_about_licence() && !info.misses_parameters());
        }
    }
}
