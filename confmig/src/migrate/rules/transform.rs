//! Transforms values as the parts of rules say.

use oslo_config::OptName;

use super::text::{Doubtful, boolean, percent_encoded, url_part};
use super::value::ValueBuilder;
use crate::migrate::planned::Text;
use crate::rule::{Decimal, Otherwise, Part};

impl ValueBuilder<'_, '_> {
    /// Transforms a value, or an item of a list, as its part says; `None` when nothing is to be
    /// set.
    pub(super) fn item(
        &self,
        part: &Part,
        mut text: Text,
        group: &str,
    ) -> Result<Option<Text>, Doubtful> {
        let option = &part.option;
        if part.bool || part.invert {
            plain(option, &text)?;
            let on = boolean(&text.read)
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
                    .ok_or_else(|| format!("the value of {option} is not a URL with that part"))?,
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
                        "the rule does not say what the value of {option} becomes"
                    ));
                }
            }
        }
        if let Some(suffix) = &part.suffix
            && let Some(stem) = text.raw.strip_suffix(suffix.from.as_str())
        {
            text = self.index.text(format!("{stem}{}", suffix.to), group)?;
        }
        if let Some(factor) = part.factor {
            plain(option, &text)?;
            let number = Decimal::parse(&text.read);
            let product = number.and_then(|number| number.times(factor));
            text = Text::literal(product.map(|product| product.to_string()).ok_or_else(|| {
                format!("the value of {option} is not a number that can be multiplied")
            })?);
        }
        self.address(part, text, group)
    }

    /// Adds a scheme or a port to a value, encodes it and fills it into `each`.
    fn address(&self, part: &Part, mut text: Text, group: &str) -> Result<Option<Text>, Doubtful> {
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
                    "the value of {} has references and must be percent-encoded: replace them with \
                     their values",
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

/// Checks that a value has no references, so that its meaning is known.
fn plain(option: &OptName, text: &Text) -> Result<(), Doubtful> {
    if text.is_plain() {
        return Ok(());
    }
    Err(format!(
        "the value of {option} has references: replace them with their values"
    ))
}
