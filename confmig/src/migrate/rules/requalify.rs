//! Rewrites the references in a value for an option of another group.

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, OptName, references};

use super::text::Doubtful;
use super::value::ValueBuilder;
use crate::migrate::planned::Text;
use crate::migrate::references::{is_writable, written};
use crate::rule::Part;

impl<'d> ValueBuilder<'_, 'd> {
    /// Returns the value of an entry, with its references rewritten for an option of `group`.
    pub(super) fn of_entry(
        &self,
        entry: Entry<'d, 'd>,
        part: &Part,
        group: &str,
    ) -> Result<Text, Doubtful> {
        let raw = self.index.raw(entry, &part.option)?;
        if raw.contains('\n') && !part.list {
            return Err(format!("the value of {} has several lines", part.option));
        }
        let from = part.option.group();
        let (requalified, has_inlined) = self.requalify(&raw, &part.option, group)?;
        if has_inlined {
            return self.index.text(requalified, group);
        }
        let read = self.index.read(&raw, from)?;
        // In the other group, it must be read as before.
        if self.index.read(&requalified, group).as_ref() != Ok(&read) {
            return Err(format!(
                "the references in the value of {} would mean something else",
                part.option
            ));
        }
        Ok(Text {
            raw: requalified,
            read,
        })
    }

    /// Rewrites the references in a value for another group. References to options that the rule
    /// removes are replaced with their values; also returns whether there were any.
    fn requalify(&self, raw: &str, option: &OptName, to: &str) -> Result<(String, bool), Doubtful> {
        let from = option.group();
        let mut requalified = String::new();
        let (mut kept, mut has_inlined) = (0, false);
        for reference in references(raw.as_bytes()) {
            let Some((group, name)) = self.index.names.target_of(from, &reference) else {
                continue;
            };
            let target = OptName::new(group, name);
            let range = reference.range();
            if self.removed.contains(&&target) {
                // The name is preceded by a dollar sign, and possibly a brace.
                let braced = raw[..range.start].ends_with('{');
                requalified += &raw[kept..range.start - if braced { 2 } else { 1 }];
                requalified += &self.inlined(&target, to)?;
                kept = range.end + usize::from(braced);
                has_inlined = true;
                continue;
            }
            if !is_writable(&target, to, self.index.names) {
                return Err(format!(
                    "a reference in the value of {option} cannot be written in [{to}]: replace it \
                     with the value"
                ));
            }
            let needless = from == to || group == DEFAULT_GROUP && reference.parts().0.is_none();
            requalified += &raw[kept..range.start];
            requalified += &if needless {
                reference.name().to_owned()
            } else {
                written(&target)
            };
            kept = range.end;
        }
        requalified += &raw[kept..];
        Ok((requalified, has_inlined))
    }

    /// Returns the value of an option that the rule removes, to replace a reference to it.
    fn inlined(&self, option: &OptName, to: &str) -> Result<String, Doubtful> {
        let doubt = || {
            format!(
                "a value refers to {option}, which is removed: replace the reference with the value"
            )
        };
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
        // The default may be made from a value that refers to the option again.
        if self.inlining.borrow().contains(option) {
            return Err(doubt());
        }
        self.inlining.borrow_mut().push(option.clone());
        let made = self.template(default, to);
        self.inlining.borrow_mut().pop();
        Ok(made?.ok_or_else(doubt)?.raw)
    }
}
