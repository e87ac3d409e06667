//! Renamings.

use oslo_config::{Entry, OptName, references};

use super::Evaluator;
use crate::migrate::effect::{Because, Effect, Kind};
use crate::migrate::rules::text::{Doubtful, same, switch};
use crate::rule::{IfSet, Rename};

impl<'d> Evaluator<'_, 'd> {
    /// A renaming whose target is set, too.
    pub(super) fn merged(&self, rename: &Rename) -> Result<Vec<Effect<'d>>, Doubtful> {
        let (from, to): (&OptName, &OptName) = (&rename.from, &rename.to);
        let old = self.world.entries(from);
        let new = self.world.entries(to);
        let (Some((_, source)), Some((file, target))) = (old.last(), new.last()) else {
            return Ok(Vec::new());
        };
        let mut effects = Vec::new();
        let value = |entry: Entry<'_, '_>, option: &OptName| {
            let raw = self.world.raw(entry, option)?;
            self.world.text(raw, option.group())
        };
        let (old_value, new_value) = (value(*source, from)?, value(*target, to)?);
        let is_same = same(&self.facts.define(to), &old_value.read, &new_value.read);
        let replace = match self.rule.if_target_set {
            IfSet::Target | IfSet::Last => false,
            IfSet::Source => !is_same,
            IfSet::Either => match (switch(&old_value.read), switch(&new_value.read)) {
                (Some(old), Some(new)) => old && !new,
                _ => return Err(format!("{from} or {to} is neither true nor false")),
            },
            IfSet::Decide if is_same => false,
            IfSet::Decide => {
                return Err(format!(
                    "{from} and {to} are both set, and differ: keep one of them"
                ));
            }
        };
        if replace {
            if !references(old_value.raw.as_bytes()).is_empty() || old_value.raw.contains('\n') {
                return Err(format!(
                    "{from} and {to} are both set: keep the first under the name of the second"
                ));
            }
            effects.push(Effect {
                file: *file,
                from: from.clone(),
                option: to.clone(),
                kind: Kind::Replace(*target, old_value),
            });
        }
        let because = match replace {
            true => Because::PartOf(to.clone()),
            false => Because::HiddenBy(to.clone()),
        };
        let old = old.into_iter();
        effects.extend(old.map(|at| Effect::remove(at, from, because.clone())));
        Ok(effects)
    }
}
