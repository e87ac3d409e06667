//! Items of lists that are replaced or dropped.

use bstr::ByteSlice;

use super::Evaluator;
use crate::migrate::effect::{Because, Effect, Kind};
use crate::migrate::rules::text::{Doubtful, split};
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
                if kept.is_empty() && self.facts.is_list(option) == Some(false) {
                    effects.push(Effect::remove((file, entry), option, Because::Unread));
                    continue;
                }
                if kept.is_empty() {
                    return Err(format!(
                        "nothing would be left of {} in {option}: write what takes its place",
                        present.join(", ")
                    ));
                }
                let raw = kept.join(if raw.contains(", ") { ", " } else { "," });
                let value = self.world.text(raw, option.group())?;
                effects.push(Effect {
                    file,
                    from: option.0.clone(),
                    option: option.0.clone(),
                    kind: Kind::Replace(entry, value),
                });
            }
        }
        Ok(effects)
    }
}
