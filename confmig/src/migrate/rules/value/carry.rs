//! Values with references, written where other names hold.

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, OptName, references};

use super::Values;
use crate::migrate::references::{is_writable, written};
use crate::migrate::rules::text::{Doubtful, Text};
use crate::rule::Part;

impl<'d> Values<'_, 'd> {
    /// The value of an entry, its references written so that they hold in `group`.
    pub(super) fn of_entry(
        &self,
        entry: Entry<'d, 'd>,
        part: &Part,
        group: &str,
    ) -> Result<Text, Doubtful> {
        let raw = self.world.raw(entry, &part.option)?;
        if raw.contains('\n') && !part.list {
            return Err(format!("the value of {} has several lines", part.option));
        }
        let from = part.option.group();
        let (carried, put_in) = self.carried(&raw, &part.option, group)?;
        if put_in {
            return self.world.text(carried, group);
        }
        let read = self.world.read(&raw, from)?;
        // Written elsewhere, it must be read as it was.
        if self.world.read(&carried, group).as_ref() != Ok(&read) {
            return Err(format!(
                "the references in the value of {} would mean something else",
                part.option
            ));
        }
        Ok(Text { raw: carried, read })
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
        // The default may be made of a value that refers to the option again.
        if self.put_in.borrow().contains(option) {
            return Err(doubt());
        }
        self.put_in.borrow_mut().push(option.clone());
        let made = self.template(default, to);
        self.put_in.borrow_mut().pop();
        Ok(made?.ok_or_else(doubt)?.raw)
    }
}
