//! The error information in a BMC's response.

use std::time::Duration;

use serde_json::Value;

use super::messages::{Meaning, asked_pause, meaning_of_all, name};

/// Redfish's extended error information, or its predecessor in iLO 4.
#[derive(Debug, Default)]
pub(super) struct ExtendedInfo {
    messages: Vec<Message>,
    texts: Vec<String>,
}

#[derive(Debug)]
struct Message {
    /// The message's ID, such as `iLO.2.14.LicenseKeyRequired`.
    id: String,
    arguments: Vec<String>,
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

    /// Reads those of the messages about settings, after the start that should have applied them,
    /// that may say why `setting` is refused: that are no successes, and about no other one.
    pub(super) fn of_refused_setting(messages: &Value, setting: &str) -> Self {
        let mut info = Self::default();
        for message in messages.as_array().into_iter().flatten() {
            let mut one = Self::default();
            one.add(message);
            let mut about = arguments(message);
            let related = message.get("RelatedProperties").and_then(Value::as_array);
            let related = related.into_iter().flatten().filter_map(Value::as_str);
            about.extend(related.map(str::to_owned));
            let is_about = about.is_empty() || about.iter().any(|text| text.contains(setting));
            if is_about && one.meaning(400) != Meaning::NotAnError {
                info.messages.extend(one.messages);
                info.texts.extend(one.texts);
            }
        }
        info
    }

    fn add(&mut self, message: &Value) {
        let text = |key| message.get(key).and_then(Value::as_str);
        let id = text("MessageId").or_else(|| text("MessageID"));
        let arguments = arguments(message);
        // An iLO returns a message's ID and arguments; the text is in a registry.
        let words = match text("Message") {
            Some(words) => Some(words.to_owned()),
            None => id.map(|id| match arguments.join(", ") {
                arguments if arguments.is_empty() => id.to_owned(),
                arguments => format!("{id} ({arguments})"),
            }),
        };
        self.texts.extend(words);
        self.messages.extend(id.map(|id| Message {
            id: id.to_owned(),
            arguments,
        }));
    }

    /// Returns what a response with this status means.
    pub(super) fn meaning(&self, status: u16) -> Meaning {
        let names = self.messages.iter().map(|message| name(&message.id));
        meaning_of_all(names, status)
    }

    /// Returns how long the BMC asks to wait.
    pub(super) fn asked_pause(&self) -> Option<Duration> {
        let of = |message: &Message| asked_pause(name(&message.id), message.arguments.first()?);
        self.messages.iter().find_map(of)
    }

    /// Returns all arguments of the messages, among them the names of missing parameters.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &str> {
        let messages = self.messages.iter();
        messages.flat_map(|message| message.arguments.iter().map(String::as_str))
    }

    /// Returns the BMC's words.
    pub(super) fn text(&self) -> String {
        self.texts.join(" ")
    }
}

fn arguments(message: &Value) -> Vec<String> {
    let Some(Value::Array(arguments)) = message.get("MessageArgs") else {
        return Vec::new();
    };
    let texts = arguments.iter().filter_map(|argument| match argument {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_licence_is_recognized_in_both_formats() {
        for body in [
            r#"{"error":{"@Message.ExtendedInfo":[{"MessageId":"iLO.2.14.LicenseKeyRequired"}]}}"#,
            r#"{"Messages":[{"MessageID":"iLO.0.10.LicenseKeyRequired"}],
                "Type":"ExtendedError.0.9.5"}"#,
        ] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert_eq!(info.meaning(400), Meaning::Licence, "{body}");
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
    fn the_seconds_to_wait_may_be_a_number_or_a_text() {
        for argument in ["\"20\"", "20"] {
            let body = format!(
                r#"{{"error":{{"@Message.ExtendedInfo":[{{"MessageArgs":[{argument}],
                "MessageId":"iLO.2.15.ResourceNotReadyRetry"}}]}}}}"#
            );
            let info = ExtendedInfo::parse(body.as_bytes());
            assert_eq!(info.asked_pause(), Some(Duration::from_secs(20)));
        }
    }

    #[test]
    fn a_refused_setting_is_told_from_others() {
        let refused = |messages: Value| ExtendedInfo::of_refused_setting(&messages, "BootMode");
        let unknown = json!({"MessageId": "Base.1.0.PropertyUnknown",
            "MessageArgs": ["IntelProcVtd"], "RelatedProperties": ["#/IntelProcVtd"]});
        let success = json!({"MessageId": "Base.1.0.Success"});
        assert_eq!(refused(json!([success, unknown])).text(), "");
        let related = json!({"MessageId": "Base.1.0.PropertyValueConflict",
            "RelatedProperties": ["#/BootMode"]});
        assert_eq!(
            refused(json!([success, related])).text(),
            "Base.1.0.PropertyValueConflict"
        );
        let locked = json!({"MessageID": "iLO.2.15:ServerConfigurationLockEnabled"});
        let text = refused(json!([success, locked])).text();
        assert_eq!(text, "iLO.2.15:ServerConfigurationLockEnabled");
        assert_eq!(refused(Value::Null).text(), "");
    }

    #[test]
    fn other_bodies_give_no_information() {
        for body in ["", "<html>no</html>", "[]", "{}", r#"{"error":7}"#] {
            let info = ExtendedInfo::parse(body.as_bytes());
            assert_eq!(info.text(), "");
            assert_eq!(info.meaning(400), Meaning::Final);
        }
    }
}
