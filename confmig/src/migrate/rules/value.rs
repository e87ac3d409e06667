//! Makes the values that rules set from the values of other options.

use std::cell::RefCell;

use foldhash::HashSet;
use oslo_config::{Entry, OptName};

use super::index::EntryIndex;
use super::text::{Doubtful, split};
use crate::migrate::planned::Text;
use crate::rule::Rule;

/// Makes the values of a rule from the entries of one file.
pub(super) struct ValueBuilder<'v, 'd> {
    pub(super) index: &'v EntryIndex<'v, 'd>,
    pub(super) rule: &'v Rule,
    pub(super) file: usize,
    /// The options that the rule removes: no value can refer to them afterwards.
    pub(super) removed: &'v [&'v OptName],
    /// Those of them whose defaults are replacing references right now.
    pub(super) inlining: RefCell<Vec<OptName>>,
}

impl<'d> ValueBuilder<'_, 'd> {
    /// Returns the entry that gives an option its value in this file.
    pub(super) fn entry(&self, option: &OptName) -> Option<Entry<'d, 'd>> {
        let entries = self.index.entries(option).into_iter();
        let mut here = entries.filter(|(file, _)| *file == self.file);
        here.next_back().map(|(_, entry)| entry)
    }

    /// Fills in a template as a value of an option of `group`; `None` when nothing is to be set.
    pub(super) fn template(&self, template: &str, group: &str) -> Result<Option<Text>, Doubtful> {
        self.filled(template, group, None)
    }

    /// Fills in a template; `item` is the value of `{item}`.
    pub(super) fn filled(
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
            made.read += &self.index.read(text, group)?;
        }
        Ok(())
    }

    /// Returns the value of a part, for an option of `group`; `None` when nothing is to be set.
    fn part(&self, name: &str, group: &str) -> Result<Option<Text>, Doubtful> {
        let Some(part) = self.rule.part.get(name) else {
            return Err(format!("the rule has no part {name}"));
        };
        let base = match (self.entry(&part.option), &part.default) {
            (Some(entry), _) => self.of_entry(entry, part, group)?,
            (None, Some(default)) => match self.template(default, group)? {
                Some(text) => text,
                None => return Ok(None),
            },
            (None, None) => {
                return Err(format!(
                    "{} is not set, and the rule has no default for it",
                    part.option
                ));
            }
        };
        if !part.list {
            return self.item(part, base, group);
        }
        let mut items: Vec<Text> = Vec::new();
        let mut seen: HashSet<Text> = HashSet::default();
        for raw in split(&base.raw, part.split.as_deref()) {
            let text = self.index.text(raw.to_owned(), group)?;
            if let Some(item) = self.item(part, text, group)?
                && seen.insert(item.clone())
            {
                items.push(item);
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
}

/// Finds the first `{name}` that is not a reference of oslo.config.
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
