//! What a BMC says when it refuses a request.

use serde_json::Value;

/// The longest message that is passed on, in characters.
const TEXT_MAX: usize = 400;

/// Secrets shorter than this are not looked for in messages: they would be found everywhere.
const SECRET_MIN: usize = 4;

/// Redfish's extended error information, or what an iLO 4 had before it.
#[derive(Debug, Default)]
pub(super) struct ExtendedInfo {
    /// Such as `iLO.2.14.LicenseKeyRequired`.
    ids: Vec<String>,
    texts: Vec<String>,
}

impl ExtendedInfo {
    /// Reads the body of an answer. One that is no error of Redfish gives an empty info.
    pub(super) fn parse(body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        let mut info = Self::default();
        let listed = [
            json.pointer("/error/@Message.ExtendedInfo"),
            // Before Redfish.
            json.get("Messages"),
        ];
        for messages in listed.into_iter().flatten() {
            match messages {
                Value::Array(messages) => messages.iter().for_each(|one| info.add(one)),
                one => info.add(one),
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
        // An iLO gives a message's id and its arguments, and leaves the text to a registry.
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

    /// Whether the BMC wants more parameters than it was given.
    pub(super) fn misses_parameters(&self) -> bool {
        self.names()
            .any(|name| matches!(name, "ActionParameterMissing" | "PropertyMissing"))
    }

    /// The messages' ids without registry and version.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().filter_map(|id| id.rsplit('.').next())
    }

    /// What the BMC says, in one line, without `secrets` and without the queries of URLs.
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

/// `text` with the query of every URL in it cut off.
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
    fn a_licence_is_told_whoever_asks_for_it() {
        for body in [
            r#"{"error":{"@Message.ExtendedInfo":[{"MessageId":"iLO.2.14.LicenseKeyRequired"}]}}"#,
            r#"{"Messages":[{"MessageID":"iLO.0.10.LicenseKeyRequired"}],"Type":"ExtendedError.0.9.5"}"#,
        ] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert!(info.is_about_licence(), "{body}");
            assert!(info.text(&[]).ends_with("LicenseKeyRequired"));
        }
    }

    #[test]
    fn messages_are_one_line_without_secrets() {
        let body = r#"{"error":{"@Message.ExtendedInfo":[
            {"MessageId":"Base.1.4.PropertyValueFormatError","MessageArgs":["http://h/x.iso?temp_url_sig=5ec2e7&a=b"]},
            {"Message":"not\nnow, pass-w0rd"}]}}"#;
        let text = ExtendedInfo::parse(body.as_bytes()).text(&["pass-w0rd".into()]);
        assert_eq!(
            text,
            "Base.1.4.PropertyValueFormatError (http://h/x.iso?... not now, ***"
        );
    }

    #[test]
    fn other_bodies_say_nothing() {
        for body in ["", "<html>no</html>", "[]", "{}", r#"{"error":7}"#] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert_eq!(info.text(&[]), "");
            assert!(!info.is_about_licence() && !info.misses_parameters());
        }
    }
}
