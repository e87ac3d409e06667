//! The options that a program registers to read a set of files.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::{DEFAULT_GROUP, Opt, OptName, OptType, ParsedFile, Reference, references};

use crate::migrate::names::Names;

/// The options that an updated program registers, all as texts: those of the target, those that are
/// set, and those that values refer to.
pub(crate) struct Registration<'n> {
    names: &'n Names<'n>,
    /// The groups that are known to have options.
    groups: HashSet<&'n str>,
    opts: Vec<Opt>,
    seen: HashSet<(String, String)>,
}

impl<'n> Registration<'n> {
    /// Registers the target's options, and what their defaults refer to.
    pub(crate) fn new(names: &'n Names<'n>) -> Self {
        let opts = names.opts.iter();
        let mut registration = Registration {
            names,
            groups: names.groups(),
            opts: opts
                .map(|opt| opt.clone().with_type(OptType::string()))
                .collect(),
            seen: HashSet::default(),
        };
        for opt in names.opts {
            for default in opt.default() {
                registration.add_referred_in(opt.name().group(), default.as_bytes());
            }
        }
        registration
    }

    /// Registers an option in the group that a reference names, if the group is known to have
    /// options: without the group, the reference would be an error of another kind.
    fn add_group(&mut self, reference: &Reference) {
        if let (Some(group), _) = reference.parts()
            && self.groups.contains(group)
        {
            self.add(group, "\u{1}", None);
        }
    }

    /// Registers an option that the target does not have. No option is read by a key with a hyphen.
    pub(crate) fn add(&mut self, group: &str, name: &str, default: Option<String>) {
        let new = !name.contains('-')
            && !self.names.has(group, name)
            && self.seen.insert((group.to_owned(), name.to_owned()));
        if new {
            let opt = Opt::new(group, name, OptType::string());
            self.opts
                .push(default.into_iter().fold(opt, Opt::with_default));
        }
    }

    /// Registers the options that files set and for whose name and value `wanted` holds, and all
    /// options that values refer to.
    pub(crate) fn add_files<'f>(
        &mut self,
        files: impl Iterator<Item = &'f ParsedFile<'f>>,
        wanted: impl Fn(&str, &[u8]) -> bool,
    ) {
        let mut referring = Vec::new();
        for entry in files.flat_map(|file| file.document.entries()) {
            let (group, value) = (entry.group(), entry.value());
            let Ok(group) = group.to_str() else { continue };
            if let Ok(name) = entry.key().to_str()
                && wanted(name, &value)
            {
                self.add(group, name, None);
            }
            if value.contains(&b'$') {
                referring.push(entry);
            }
        }
        for entry in referring {
            self.add_referred_in(&entry.group().to_str_lossy(), &entry.value());
        }
    }

    /// Registers the options that values under former names refer to in the groups of the current
    /// names, in which an updated program reads these values.
    pub(crate) fn add_referred_under_former<'f>(
        &mut self,
        files: impl Iterator<Item = &'f ParsedFile<'f>>,
    ) {
        let names = self.names;
        for entry in files.flat_map(|file| file.document.entries()) {
            let (group, value) = (entry.group(), entry.value());
            if value.contains(&b'$') {
                let (group, key) = (group.to_str_lossy(), entry.key().to_str_lossy());
                for reader in names.readers(&group, &key) {
                    self.add_referred_in(names.opts[reader.opt].name().group(), &value);
                }
            }
        }
    }

    /// Registers the options that a value of an option of `group` refers to, if they are set or
    /// known to the service. Their defaults are not known: a unique token takes the place of each.
    pub(crate) fn add_referred_in(&mut self, group: &str, text: &[u8]) {
        for reference in references(text) {
            self.add_group(&reference);
            let dotted = OptName::new(DEFAULT_GROUP, reference.name());
            for option in reference.options(group).chain([dotted]) {
                let (group, name) = (option.group(), option.name());
                if self.names.exists(group, name) {
                    self.add(group, name, Some(format!("\u{1}{option}\u{1}")));
                }
            }
        }
    }

    /// Returns the options; the target's come first.
    pub(crate) fn into_opts(self) -> Vec<Opt> {
        self.opts
    }
}

/// Returns the options that a legacy program registers: the former names are options of their own.
/// If the renamings are those of rules, only their old names are, and the program knows the current
/// names, too. `define` returns the definition of a former name, from that of an option.
pub(super) fn legacy(
    names: &Names<'_>,
    opts: &[Opt],
    by_rules: bool,
    define: impl Fn(&Opt, &OptName) -> Opt,
) -> Vec<Opt> {
    let is_renamed = |opt: &&Opt| !opt.deprecated().is_empty();
    let is_own = |name: &OptName| !by_rules || names.is_renamed(name);
    let mut seen: HashSet<&OptName> = HashSet::default();
    let renamed = names.opts.iter().filter(is_renamed);
    let former = renamed.flat_map(|opt| opt.deprecated().iter().map(move |name| (opt, name)));
    let former =
        former.filter(|(_, name)| !name.name().contains('-') && is_own(name) && seen.insert(name));
    let own = former.map(|(opt, name)| define(opt, name));
    let others = opts.iter().filter(|opt| !is_renamed(opt)).cloned();
    let current = opts.iter().filter(|opt| by_rules && is_renamed(opt));
    let current = current.map(|opt| {
        let current = define(opt, opt.name());
        let former = opt.deprecated().iter().filter(|name| !is_own(name));
        former.fold(current, |opt, name| {
            opt.with_deprecated(name.group(), name.name())
        })
    });
    others.chain(own).chain(current).collect()
}

/// Returns the definition of a former name as an option of its own, which is otherwise like `opt`.
pub(super) fn former(opt: &Opt, name: &OptName) -> Opt {
    let own = Opt::new(name.group(), name.name(), opt.kind().clone());
    let own = if opt.is_multi() { own.multi() } else { own };
    opt.default().iter().fold(own, Opt::with_default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Pack;

    #[test]
    fn a_legacy_program_has_the_former_names_as_options() {
        let opt = Opt::new("b", "x", OptType::string()).with_deprecated("a", "x");
        let pack = Pack::from_opts("site", vec![opt]);
        let names = Names::new(&[], &pack, None);
        let legacy = |by_rules| {
            let opts = legacy(&names, &pack.opts, by_rules, former);
            opts.iter().map(|opt| opt.name().to_string()).collect()
        };
        let of_renamings: Vec<String> = legacy(false);
        assert_eq!(of_renamings, ["a.x"]);
        let of_rules: Vec<String> = legacy(true);
        assert_eq!(of_rules, ["a.x", "b.x"]);
    }
}
