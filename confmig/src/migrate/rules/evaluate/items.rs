//! Items of lists that are replaced or dropped.

use bstr::ByteSlice;

use super::Evaluator;
use crate::migrate::effect::Effect;
use crate::migrate::rules::text::{Doubtful, Text, split};
use crate::rule::Items;

impl<'d> Evaluator<'_, 'd> {
    pub(super) fn items(&self, items: &Items) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        for option in &items.options {
            for (file, entry) in self.world.entries(option) {
                let value = entry.value();
                let Ok(raw) = value.to_str() else { continue };
                let present = split(raw, None);
                let mut kept: Vec<&str> = Vec::new();
                for item in &present {
                    let new = items.replace.get(*item).map_or(*item, String::as_str);
                    if !items.drop.iter().any(|drop| drop == item) && !kept.contains(&new) {
                        kept.push(new);
                    }
                }
                if kept == present || present.iter().all(|item| kept.contains(item)) {
                    continue;
                }
                let option = option.0.clone();
                if kept.is_empty() && self.facts.is_list(&option) == Some(false) {
                    effects.push(Effect::Remove {
                        file,
                        entry,
                        option,
                        into: None,
                        hidden: false,
                    });
                    continue;
                }
                if kept.is_empty() {
                    return Err(format!(
                        "nothing would be left of {} in {option}: write what takes its place",
                        present.join(", ")
                    ));
                }
                let raw = kept.join(if raw.contains(", ") { ", " } else { "," });
                let read = self.world.read(&raw, option.group())?;
                let value = Text { raw, read };
                let from = option.clone();
                effects.push(Effect::Replace {
                    file,
                    entry,
                    option,
                    value,
                    from,
                });
            }
        }
        Ok(effects)
    }
}
