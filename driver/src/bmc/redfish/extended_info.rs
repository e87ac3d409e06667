//! The error information in a BMC's response.

use serde_json::Value;

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

    /// Returns the BMC's words.
    pub(super) fn text(&self) -> String {
        self.texts.join(" ")
    }
}

fn arguments(message: &Value) -> String {
    let Some(Value::Array(arguments)) = message.get("MessageArgs") else {
        return String::new();
    };
    let texts: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    texts.join(", ")
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
            assert!(info.text().ends_with("LicenseKeyRequired"));
        }
    }

    #[test]
    fn a_message_without_text_is_its_id_and_arguments() {
        let body = r#"{"error":{"@Message.ExtendedInfo":[
            {"MessageId":"Base.1.4.PropertyValueFormatError","MessageArgs":["http://h/x.iso"]},
            {"Message":"not now"}]}}"#;
        let text = ExtendedInfo::parse(body.as_bytes()).text();
        assert_eq!(
            text,
            "Base.1.4.PropertyValueFormatError (http://h/x.iso) not now"
        );
    }

    #[test]
    fn other_bodies_give_no_information() {
        for body in ["", "<html>no</html>", "[]", "{}", r#"{"error":7}"#] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert_eq!(info.text(), "");
            assert!(!info.is_about_licence() && !info.misses_parameters());
        }
    }
}
