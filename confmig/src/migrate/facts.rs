//! What a release, or a pack, tells of options.

use oslo_config::{Opt, OptName, OptType};

use super::rules::Facts;
use crate::pack::Pack;
use crate::release::{self, Lives, Series};

/// What a release tells of options.
pub(super) struct InRelease<'l> {
    pub(super) series: Series,
    /// The release that is to read the files in the end.
    pub(super) to: Series,
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

    fn is_of_use(&self, option: &OptName) -> bool {
        release::leads_on(option, self.series, self.to, self.lives)
    }

    fn former(&self, option: &OptName) -> Vec<OptName> {
        let life = self.lives.of_option(option);
        life.map_or_else(Vec::new, |life| life.former(self.series))
    }

    fn by_former(&self, name: &OptName) -> Option<OptName> {
        let life = self.lives.of_option(name)?;
        // oslo.config takes the one that was registered last.
        let reader = life.former_of(self.series).last()?;
        (!life.is_option(self.series)).then_some(reader)
    }

    fn define(&self, option: &OptName) -> Opt {
        release::option(option, self.series, self.lives).unwrap_or_else(|| text(option))
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

    fn is_of_use(&self, _: &OptName) -> bool {
        true
    }

    fn former(&self, option: &OptName) -> Vec<OptName> {
        self.find(option)
            .map_or_else(Vec::new, |opt| opt.deprecated().to_vec())
    }

    fn by_former(&self, name: &OptName) -> Option<OptName> {
        let reads = |opt: &&Opt| opt.deprecated().contains(name);
        let reader = self.0.opts.iter().rfind(reads)?;
        self.find(name).is_none().then(|| reader.name().clone())
    }

    fn define(&self, option: &OptName) -> Opt {
        self.find(option).cloned().unwrap_or_else(|| text(option))
    }
}

fn text(option: &OptName) -> Opt {
    Opt::new(option.group(), option.name(), OptType::string())
}
