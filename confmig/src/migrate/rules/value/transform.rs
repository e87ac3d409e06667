//! What a part says is done to a value.

use oslo_config::OptName;

use super::Values;
use super::url::{percent_encoded, url_part};
use crate::migrate::rules::text::{Doubtful, Text, switch};
use crate::rule::{Decimal, Otherwise, Part};

impl Values<'_, '_> {
    /// What a part says is done to a value; `None` when nothing is to be set.
    pub(super) fn item(
        &self,
        part: &Part,
        text: Text,
        group: &str,
    ) -> Result<Option<Text>, Doubtful> {
        let option = &part.option;
        let mut text = text;
        if part.bool || part.invert {
            plain(option, &text)?;
            let on = switch(&text.read)
                .ok_or_else(|| format!("the value of {option} is neither true nor false"))?;
            text = Text::literal(match (part.invert, on) {
                (true, true) => "False".into(),
                (true, false) => "True".into(),
                (false, on) => on.to_string(),
            });
        }
        if let Some(wanted) = part.url {
            plain(option, &text)?;
            text = Text::literal(
                url_part(&text.read, wanted)
                    .ok_or_else(|| format!("the value of {option} is no URL with that part"))?,
            );
        }
        if part.without.contains(&text.read) || part.without.contains(&text.raw) {
            return Ok(None);
        }
        if !part.values.is_empty() {
            plain(option, &text)?;
            match (part.values.get(&text.read), part.otherwise) {
                (Some(value), _) => text = Text::literal(value.clone()),
                (None, Otherwise::Keep) => {}
                (None, Otherwise::Decide) => {
                    return Err(format!(
                        "the rule does not tell what the value of {option} becomes"
                    ));
                }
            }
        }
        if let Some(suffix) = &part.suffix
            && let Some(stem) = text.raw.strip_suffix(suffix.from.as_str())
        {
            text = self.world.text(format!("{stem}{}", suffix.to), group)?;
        }
        if let Some(factor) = part.factor {
            plain(option, &text)?;
            let number = Decimal::parse(&text.read);
            let product = number.and_then(|number| number.times(factor));
            text = Text::literal(product.map(|product| product.to_string()).ok_or_else(|| {
                format!("the value of {option} is no number that can be multiplied")
            })?);
        }
        self.url(part, text, group)
    }

    /// What is done to the parts of a URL.
    fn url(&self, part: &Part, mut text: Text, group: &str) -> Result<Option<Text>, Doubtful> {
        if let Some(scheme) = &part.scheme
            && !text.read.contains("://")
        {
            let Some(scheme) = self.template(scheme, group)? else {
                return Ok(None);
            };
            text = Text {
                raw: format!("{}://{}", scheme.raw, text.raw),
                read: format!("{}://{}", scheme.read, text.read),
            };
        }
        if let Some(port) = &part.host_port {
            let colons = text.read.matches(':').count();
            let closed = text.read.starts_with('[');
            let has_port = if closed {
                text.read.contains("]:")
            } else {
                colons == 1
            };
            if colons > 0 {
                plain(&part.option, &text)?;
            }
            if !closed && colons > 1 {
                text = Text::literal(format!("[{}]", text.read));
            }
            if !has_port {
                let Some(port) = self.template(port, group)? else {
                    return Ok(None);
                };
                text = Text {
                    raw: format!("{}:{}", text.raw, port.raw),
                    read: format!("{}:{}", text.read, port.read),
                };
            }
        }
        if part.encode {
            if !text.is_plain() {
                return Err(format!(
                    "the value of {} has references and must be percent-encoded: put the values themselves there",
                    part.option
                ));
            }
            let encoded = percent_encoded(&text.read);
            if encoded != text.read {
                text = Text::literal(encoded);
            }
        }
        match &part.each {
            Some(each) => self.filled(each, group, Some(&text)),
            None => Ok(Some(text)),
        }
    }
}

/// Has the value of an option looked into, which cannot be told where it has references.
fn plain(option: &OptName, text: &Text) -> Result<(), Doubtful> {
    if text.is_plain() {
        return Ok(());
    }
    Err(format!(
        "the value of {option} has references: put the values themselves there"
    ))
}
