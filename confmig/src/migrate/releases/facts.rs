//! What a release, or a pack, tells of options.

use oslo_config::{Opt, OptName, OptType};

use crate::migrate::convert::Facts;
use crate::pack::Pack;
use crate::release::{Lives, Series};

/// What a release tells of options.
pub(super) struct InRelease<'l> {
    pub(super) series: Series,
    pub(super) lives: &'l Lives,
}

impl Facts for InRelease<'_> {
    fn default_of(&self, option: &OptName) -> Option<String> {
        let life = self.lives.of_option(option)?;
        let definition = life.definition(self.series)?;
        let default = definition.default();
        (!definition.runtime_default && !default.is_empty()).then(|| default.join(","))
    }

    fn is_list(&self, option: &OptName) -> Option<bool> {
        let life = self.lives.of_option(option)?;
        Some(life.definition(self.series)?.kind == "list")
    }

    fn is_gone(&self, option: &OptName) -> bool {
        self.lives
            .of_option(option)
            .is_none_or(|life| !life.is_read(self.series))
    }
}

/// What a pack tells of options.
pub(super) struct InPack<'p>(pub(super) &'p Pack);

impl InPack<'_> {
    fn find(&self, option: &OptName) -> Option<&Opt> {
        self.0.opts.iter().find(|opt| opt.name() == option)
    }
}

impl Facts for InPack<'_> {
    fn default_of(&self, option: &OptName) -> Option<String> {
        let default = self.find(option)?.default();
        (!default.is_empty()).then(|| default.join(","))
    }

    fn is_list(&self, option: &OptName) -> Option<bool> {
        Some(matches!(self.find(option)?.kind(), OptType::List { .. }))
    }

    fn is_gone(&self, _: &OptName) -> bool {
        true
    }
}
