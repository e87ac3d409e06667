//! Definitions of options, as a release or a pack has them.

use foldhash::HashMap;
use oslo_config::{Opt, OptName, OptType};

use crate::history::{self, Definition, History, Series};
use crate::pack::{Pack, Renaming};
use crate::rule::{Name, Rename};

/// The definitions of the options that rules are about.
pub(crate) trait Definitions {
    /// Returns the default of an option as it is written; `None` when there is none or it is not
    /// known.
    fn default_of(&self, option: &OptName) -> Option<String>;
    /// Tells whether an option is a list; `None` when it is not known.
    fn is_list(&self, option: &OptName) -> Option<bool>;
    /// Tells whether an option is no longer read.
    fn is_removed(&self, option: &OptName) -> bool;
    /// Tells whether the final target reads an option, or one that it turns into on the way.
    fn is_of_use(&self, option: &OptName) -> bool;
    /// Returns the former names of an option.
    fn former(&self, option: &OptName) -> Vec<OptName>;
    /// Returns the option that a reference by a former name resolves to; `None` when the name is
    /// not a former name.
    fn by_former(&self, name: &OptName) -> Option<OptName>;
    /// Returns the former names of other options by which a reference finds this one.
    fn also_found_by(&self, option: &OptName) -> Vec<OptName>;
    /// Returns the option of this name, without former names.
    fn define(&self, option: &OptName) -> Opt;
}

/// The options as a release defines them.
pub(super) struct ReleaseDefinitions<'l> {
    pub(super) series: Series,
    /// The release that the whole migration leads to.
    pub(super) to: Series,
    pub(super) history: &'l History,
}

impl ReleaseDefinitions<'_> {
    fn definition(&self, option: &OptName) -> Option<Definition<'static>> {
        self.history.of_option(option)?.definition(self.series)
    }
}

impl Definitions for ReleaseDefinitions<'_> {
    fn default_of(&self, option: &OptName) -> Option<String> {
        let definition = self.definition(option)?;
        let default = definition.default();
        (!definition.runtime_default && !default.is_empty()).then(|| default.join(","))
    }

    fn is_list(&self, option: &OptName) -> Option<bool> {
        Some(self.definition(option)?.kind == "list")
    }

    fn is_removed(&self, option: &OptName) -> bool {
        self.history
            .of_option(option)
            .is_none_or(|of_option| !of_option.is_read(self.series))
    }

    fn is_of_use(&self, option: &OptName) -> bool {
        history::leads_on(option, self.series, self.to, self.history)
    }

    fn former(&self, option: &OptName) -> Vec<OptName> {
        let of_option = self.history.of_option(option);
        of_option.map_or_else(Vec::new, |of_option| of_option.former(self.series))
    }

    fn by_former(&self, name: &OptName) -> Option<OptName> {
        let of_name = self.history.of_option(name)?;
        // oslo.config finds the option that was registered last.
        let reader = of_name.former_of(self.series).last()?;
        (!of_name.is_option(self.series)).then_some(reader)
    }

    fn also_found_by(&self, option: &OptName) -> Vec<OptName> {
        let found = self.history.also_found_by(option, self.series);
        found.into_iter().map(|(name, _)| name).collect()
    }

    fn define(&self, option: &OptName) -> Opt {
        history::option(option, self.series, self.history).unwrap_or_else(|| text(option))
    }
}

/// The options as a pack defines them.
pub(super) struct PackDefinitions<'p>(pub(super) &'p Pack);

impl PackDefinitions<'_> {
    fn find(&self, option: &OptName) -> Option<&Opt> {
        self.0.opts.iter().find(|opt| opt.name() == option)
    }
}

impl Definitions for PackDefinitions<'_> {
    fn default_of(&self, option: &OptName) -> Option<String> {
        let default = self.find(option)?.default();
        (!default.is_empty()).then(|| default.join(","))
    }

    fn is_list(&self, option: &OptName) -> Option<bool> {
        Some(matches!(self.find(option)?.kind(), OptType::List { .. }))
    }

    fn is_removed(&self, _: &OptName) -> bool {
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

    fn also_found_by(&self, option: &OptName) -> Vec<OptName> {
        let opts = self.0.opts.iter();
        let opts = opts.map(|opt| (opt.name(), opt.deprecated()));
        also_found_by(option, opts).cloned().collect()
    }

    fn define(&self, option: &OptName) -> Opt {
        self.find(option).cloned().unwrap_or_else(|| text(option))
    }
}

/// Returns the former names by which a reference finds `option`, out of options with their former
/// names: oslo.config first looks for the key of the option that has the name, in the group of the
/// name.
pub(super) fn also_found_by<'n>(
    option: &OptName,
    options: impl Iterator<Item = (&'n OptName, &'n [OptName])>,
) -> impl Iterator<Item = &'n OptName> {
    let of_key = options.filter(|(other, _)| other.name() == option.name());
    let former = of_key.flat_map(|(_, former)| former);
    former.filter(|name| name.group() == option.group())
}

fn text(option: &OptName) -> Opt {
    Opt::new(option.group(), option.name(), OptType::string())
}

/// Returns a pack with the options of `base` and only these renamings of rules, each with the id of
/// its rule.
pub(super) fn renamings(
    renames: Vec<(Rename, String)>,
    base: &Pack,
    definitions: &dyn Definitions,
) -> Pack {
    let mut opts: Vec<Opt> = base.opts.clone();
    let mut renamings: Vec<Renaming> = Vec::new();
    let names = base.opts.iter().enumerate();
    let mut current: HashMap<OptName, usize> =
        names.map(|(at, opt)| (opt.name().clone(), at)).collect();
    let mut readers: HashMap<&OptName, &Opt> = HashMap::default();
    for opt in &base.opts {
        for name in opt.deprecated() {
            readers.entry(name).or_insert(opt);
        }
    }
    for (Rename { from, to: Name(to) }, id) in renames {
        // A rule that gives a former name sets the option that reads it.
        let is_option = current.get(&to).is_some_and(|at| *at < base.opts.len());
        let reader = readers.get(&to).filter(|_| !is_option);
        let to = reader.map_or(to, |opt| opt.name().clone());
        let at = *current.entry(to.clone()).or_insert_with(|| {
            opts.push(definitions.define(&to));
            opts.len() - 1
        });
        opts[at] = opts[at].clone().with_deprecated(from.group(), from.name());
        renamings.push(Renaming {
            id,
            from: from.0,
            to,
            why: String::new(),
            proof: None,
        });
    }
    Pack {
        name: base.name.clone(),
        project: base.project.clone(),
        opts,
        renamings,
        ..Pack::default()
    }
}
