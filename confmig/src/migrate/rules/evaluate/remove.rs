//! Options that nothing reads any more.

use super::Evaluator;
use crate::migrate::effect::{Because, Effect};
use crate::migrate::rules::text::{Doubtful, says};
use crate::rule::Removal;

impl<'d> Evaluator<'_, 'd> {
    pub(super) fn removal(&self, removal: &Removal) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        for option in removal
            .options
            .iter()
            .filter(|option| self.facts.is_gone(option))
        {
            if let (Some(kept), Some(value)) = (&removal.kept, self.world.value(option))
                && !says(&value, kept)
            {
                return Err(format!(
                    "it asks for something else than {kept}, which is no longer supported: {}",
                    self.rule.why
                ));
            }
            let entries = self.world.entries(option).into_iter();
            effects.extend(entries.map(|at| Effect::remove(at, option, Because::Unread)));
        }
        Ok(effects)
    }
}
