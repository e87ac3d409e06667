//! Making the values that rules set from those that are there.

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, OptName, references};

use super::World;
use crate::migrate::references::{is_writable, written};
use crate::rule::{Otherwise, Part, Rule, UrlPart};

/// A value as it is written in a file, and as oslo.config reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) raw: String,
    pub(super) read: String,
}

impl Text {
    /// A value of which every character counts as it is.
    fn literal(read: String) -> Self {
        Text {
            raw: read.replace('$', "$$"),
            read,
        }
    }

    /// Tells whether the value has no references: then it can be looked into.
    fn is_plain(&self) -> bool {
        references(self.raw.as_bytes()).is_empty()
    }
}

/// What is to be decided before a value can be made, in words.
pub(super) type Doubtful = String;

/// Makes the values of a rule from the entries of one file, or of all when there is none.
pub(super) struct Values<'v, 'd> {
    pub(super) world: &'v World<'v, 'd>,
    pub(super) rule: &'v Rule,
    pub(super) file: Option<usize>,
    /// The options that go: no value can refer to them any more.
    pub(super) gone: &'v [&'v OptName],
}

impl<'d> Values<'_, 'd> {
    /// The entry that gives an option its value.
    pub(super) fn entry(&self, option: &OptName) -> Option<Entry<'d, 'd>> {
        let entries = self.world.entries(option).into_iter();
        let mut here = entries.filter(|(file, _)| self.file.is_none_or(|only| *file == only));
        here.next_back().map(|(_, entry)| entry)
    }

    /// A template with its parts, as a value of an option of `group`. `None` when nothing is to be set.
    pub(super) fn template(&self, template: &str, group: &str) -> Result<Option<Text>, Doubtful> {
        self.filled(template, group, None)
    }

    fn filled(
        &self,
        template: &str,
        group: &str,
        item: Option<&Text>,
    ) -> Result<Option<Text>, Doubtful> {
        let mut made = Text {
            raw: String::new(),
            read: String::new(),
        };
        let mut rest = template;
        loop {
            let Some(open) = next_placeholder(rest) else {
                self.push_constant(rest, group, &mut made)?;
                return Ok(Some(made));
            };
            self.push_constant(&rest[..open.start], group, &mut made)?;
            let name = &rest[open.start + 1..open.end - 1];
            rest = &rest[open.end..];
            let part = match item {
                Some(item) if name == "item" => Some(item.clone()),
                _ => self.part(name, group)?,
            };
            let Some(part) = part else { return Ok(None) };
            made.raw += &part.raw;
            made.read += &part.read;
        }
    }

    fn push_constant(&self, text: &str, group: &str, made: &mut Text) -> Result<(), Doubtful> {
        if !text.is_empty() {
            made.raw += text;
            made.read += &self.world.read(text, group)?;
        }
        Ok(())
    }

    /// The value of a part, as it stands in a value of `group`.
    fn part(&self, name: &str, group: &str) -> Result<Option<Text>, Doubtful> {
        let Some(part) = self.rule.part.get(name) else {
            return Err(format!("the rule has no part {name}"));
        };
        let base = match self.entry(&part.option) {
            Some(entry) => self.of_entry(entry, part, group)?,
            None => match &part.default {
                Some(default) => match self.template(default, group)? {
                    Some(text) => text,
                    None => return Ok(None),
                },
                None => {
                    return Err(format!(
                        "{} is not set, and the rule has no default for it",
                        part.option
                    ));
                }
            },
        };
        if !part.list {
            return self.item(part, base, group);
        }
        let mut items: Vec<Text> = Vec::new();
        for raw in split(&base.raw, part.split.as_deref()) {
            let read = self.world.read(raw, group)?;
            let text = Text {
                raw: raw.to_owned(),
                read,
            };
            match self.item(part, text, group)? {
                Some(item) if !items.contains(&item) => items.push(item),
                _ => {}
            }
        }
        if part.single && items.len() > 1 {
            return Err(format!(
                "{} has {} items, and only one can be kept",
                part.option,
                items.len()
            ));
        }
        let join = |pick: fn(&Text) -> &str| {
            let texts: Vec<&str> = items.iter().map(pick).collect();
            texts.join(part.join.as_deref().unwrap_or(","))
        };
        Ok((!items.is_empty()).then(|| Text {
            raw: join(|item| &item.raw),
            read: join(|item| &item.read),
        }))
    }

    /// The value of an entry, its references written so that they hold in `group`.
    fn of_entry(&self, entry: Entry<'d, 'd>, part: &Part, group: &str) -> Result<Text, Doubtful> {
        let value = entry.value();
        let Ok(raw) = std::str::from_utf8(&value) else {
            return Err(format!("the value of {} is not UTF-8", part.option));
        };
        if raw.contains('\n') && !part.list {
            return Err(format!("the value of {} has several lines", part.option));
        }
        let from = part.option.group();
        let (raw, put_in) = self.carried(raw, &part.option, group)?;
        if put_in {
            let read = self.world.read(&raw, group)?;
            return Ok(Text { raw, read });
        }
        let read = self.world.read(value.to_str_lossy().as_ref(), from)?;
        // Written elsewhere, it must be read as it was.
        if self.world.read(&raw, group).as_ref() != Ok(&read) {
            return Err(format!(
                "the references in the value of {} would mean something else",
                part.option
            ));
        }
        Ok(Text { raw, read })
    }

    /// A value with its references written for another group, and whether the values of options that
    /// go were put in place of references to them.
    fn carried(&self, raw: &str, option: &OptName, to: &str) -> Result<(String, bool), Doubtful> {
        let from = option.group();
        let mut carried = String::new();
        let (mut kept, mut put_in) = (0, false);
        for reference in references(raw.as_bytes()) {
            let (group, name) = self.world.names.target(from, reference.parts());
            let target = OptName::new(group, name);
            let range = reference.range();
            if self.gone.contains(&&target) {
                // The dollar sign, and a brace if there is one, stand before the name.
                let braced = raw[..range.start].ends_with('{');
                carried += &raw[kept..range.start - if braced { 2 } else { 1 }];
                carried += &self.of_gone(&target, to)?;
                kept = range.end + usize::from(braced);
                put_in = true;
                continue;
            }
            if !is_writable(&target, to, self.world.names) {
                return Err(format!(
                    "a reference in the value of {option} cannot be written elsewhere: put the value itself there"
                ));
            }
            let needless = from == to || group == DEFAULT_GROUP && reference.parts().0.is_none();
            carried += &raw[kept..range.start];
            carried += &if needless {
                reference.name().to_owned()
            } else {
                written(&target)
            };
            kept = range.end;
        }
        carried += &raw[kept..];
        Ok((carried, put_in))
    }

    /// The value of an option that goes, to be put in place of a reference to it.
    fn of_gone(&self, option: &OptName, to: &str) -> Result<String, Doubtful> {
        let doubt =
            || format!("a value refers to {option}, which goes: put the value itself there");
        if let Some(entry) = self.entry(option) {
            let value = entry.value();
            let plain = references(&value).is_empty() && !value.contains(&b'\n');
            return match value.to_str() {
                Ok(value) if plain => Ok(value.to_owned()),
                _ => Err(doubt()),
            };
        }
        let part = self.rule.part.values().find(|part| *part.option == *option);
        let default = part
            .and_then(|part| part.default.as_ref())
            .ok_or_else(doubt)?;
        Ok(self.template(default, to)?.ok_or_else(doubt)?.raw)
    }

    /// What a part says is done to a value; `None` when nothing is to be set.
    fn item(&self, part: &Part, text: Text, group: &str) -> Result<Option<Text>, Doubtful> {
        let option = &part.option;
        let plain = |text: &Text| {
            if text.is_plain() {
                Ok(())
            } else {
                Err(format!(
                    "the value of {option} has references: put the values themselves there"
                ))
            }
        };
        let mut text = text;
        if part.bool || part.invert {
            plain(&text)?;
            let on = switch(&text.read)
                .ok_or_else(|| format!("the value of {option} is neither true nor false"))?;
            text = Text::literal(match (part.invert, on) {
                (true, true) => "False".into(),
                (true, false) => "True".into(),
                (false, on) => on.to_string(),
            });
        }
        if let Some(wanted) = part.url {
            plain(&text)?;
            text = Text::literal(
                url_part(&text.read, wanted)
                    .ok_or_else(|| format!("the value of {option} is no URL with that part"))?,
            );
        }
        if part.without.contains(&text.read) || part.without.contains(&text.raw) {
            return Ok(None);
        }
        if !part.values.is_empty() {
            plain(&text)?;
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
            let raw = format!("{stem}{}", suffix.to);
            text = Text {
                read: self.world.read(&raw, group)?,
                raw,
            };
        }
        if let Some(factor) = part.factor {
            plain(&text)?;
            text = Text::literal(times(&text.read, factor).ok_or_else(|| {
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
            if !text.is_plain() && colons > 0 {
                return Err(format!(
                    "the value of {} has references: put the values themselves there",
                    part.option
                ));
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

/// The first `{name}` that is no reference of oslo.config.
fn next_placeholder(template: &str) -> Option<std::ops::Range<usize>> {
    let mut from = 0;
    loop {
        let start = from + template[from..].find('{')?;
        let end = start + template[start..].find('}')? + 1;
        if !template[..start].ends_with('$') {
            return Some(start..end);
        }
        from = end;
    }
}

/// The items of a list.
pub(super) fn split<'t>(text: &'t str, at: Option<&str>) -> Vec<&'t str> {
    let items: Vec<&str> = match at {
        None => text.split([',', '\n']).collect(),
        Some(" ") => text.split_whitespace().collect(),
        Some(at) => text.split(at).collect(),
    };
    items
        .into_iter()
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

/// What oslo.config takes a switch for.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// Tells whether two values are the same, as switches or as they are.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
        || matches!((switch(one), switch(other)), (Some(one), Some(other)) if one == other)
}

fn times(text: &str, factor: f64) -> Option<String> {
    // Whole numbers stay exact.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a factor without a fraction and of this size is exact"
    )]
    let whole = (factor.fract() == 0.0 && factor.abs() < 1e15).then_some(factor as i128);
    if let (Some(factor), Ok(number)) = (whole, text.trim().parse::<i128>()) {
        return Some(number.checked_mul(factor)?.to_string());
    }
    let product = text.trim().parse::<f64>().ok()? * factor;
    product.is_finite().then(|| product.to_string())
}

/// All but letters, digits and `-._~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match decoded.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn url_part(url: &str, wanted: UrlPart) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let (user_info, address) = match authority.rsplit_once('@') {
        Some((user_info, address)) => (Some(user_info), address),
        None => (None, authority),
    };
    let (user, password) = match user_info.map(|user_info| {
        user_info
            .split_once(':')
            .map_or((user_info, None), |(user, password)| (user, Some(password)))
    }) {
        Some((user, password)) => (Some(user), password),
        None => (None, None),
    };
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => address
            .split_once(':')
            .map_or((address, None), |(host, port)| (host, Some(port))),
    };
    match wanted {
        UrlPart::Scheme => Some(scheme.to_owned()),
        UrlPart::User => percent_decoded(user?),
        UrlPart::Password => percent_decoded(password?),
        UrlPart::Host => Some(host.to_owned()),
        UrlPart::Port => port.map(str::to_owned),
        UrlPart::Path => Some(after[..after.find(['?', '#']).unwrap_or(after.len())].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart() {
        let url = "https://ad%40min:s3%2Fcret@[2001:db8::1]:8443/v1?q=1";
        let part = |wanted| url_part(url, wanted);
        assert_eq!(part(UrlPart::Scheme).as_deref(), Some("https"));
        assert_eq!(part(UrlPart::User).as_deref(), Some("ad@min"));
        assert_eq!(part(UrlPart::Password).as_deref(), Some("s3/cret"));
        assert_eq!(part(UrlPart::Host).as_deref(), Some("2001:db8::1"));
        assert_eq!(part(UrlPart::Port).as_deref(), Some("8443"));
        assert_eq!(part(UrlPart::Path).as_deref(), Some("/v1"));
        assert_eq!(url_part("192.0.2.1", UrlPart::Host), None);
    }

    #[test]
    fn numbers_are_multiplied() {
        assert_eq!(times("3", 60.0).as_deref(), Some("180"));
        assert_eq!(times("90", 0.5).as_deref(), Some("45"));
        assert_eq!(times("1.5", 60.0).as_deref(), Some("90"));
        assert_eq!(times("soon", 60.0), None);
    }

    #[test]
    fn text_is_percent_encoded() {
        assert_eq!(percent_encoded("p@ss/wörd~"), "p%40ss%2Fw%C3%B6rd~");
    }
}
