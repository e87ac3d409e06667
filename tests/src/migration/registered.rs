//! Options that a program registers in addition to its own, so that no value is skipped.

use std::collections::BTreeSet;

use oslo_config::{DEFAULT_GROUP, Opt, OptName, OptType, ParsedFile, opts_as_set, references};

/// Returns a string option for each name that is set in `files` and is not a name of `opts`.
pub(crate) fn plain(files: &[ParsedFile<'_>], opts: &[Opt]) -> Vec<Opt> {
    let found = opts_as_set(files, opts);
    let groups = groups(opts.iter().chain(&found));
    let others = found.iter().filter(|opt| !is_group(opt.name(), &groups));
    others.cloned().collect()
}

/// Returns the groups of options.
pub(super) fn groups<'o>(opts: impl IntoIterator<Item = &'o Opt>) -> BTreeSet<&'o str> {
    opts.into_iter().map(|opt| opt.name().group()).collect()
}

/// Tells whether oslo.config returns one of these groups for the option of a name: it does for an
/// option in the default group with the name of a group.
pub(super) fn is_group(name: &OptName, groups: &BTreeSet<&str>) -> bool {
    name.group() == DEFAULT_GROUP && groups.contains(name.name())
}

/// Returns an option for each unregistered name that a value or default refers to. Its default is a
/// marker with its name, so that values that refer to it can be compared.
pub(crate) fn marked(files: &[ParsedFile<'_>], registered: &[Opt]) -> Vec<Opt> {
    let mut known: BTreeSet<OptName> = registered
        .iter()
        .flat_map(|opt| [opt.name()].into_iter().chain(opt.deprecated()))
        .cloned()
        .collect();
    let groups = groups(registered);
    let mut found: Vec<Opt> = Vec::new();
    let entries = files.iter().flat_map(|file| file.document.entries());
    let defaults = registered.iter().flat_map(|opt| opt.default());
    let defaults = defaults.flat_map(|text| references(text.as_bytes()));
    let in_values = entries.flat_map(|entry| references(&entry.value()));
    for reference in in_values.chain(defaults) {
        let (group, name) = reference.parts();
        // A reference without a group ends in the default one.
        let target = OptName::new(group.unwrap_or(DEFAULT_GROUP), name);
        let is_group = is_group(&target, &groups);
        // oslo.config registers no name that starts with an underscore.
        let is_legal = !name.starts_with('_');
        if !is_group && is_legal && known.insert(target.clone()) {
            let opt = Opt::new(target.group(), target.name(), OptType::string());
            found.push(opt.with_default(format!("<{target}>")));
        } else if let Some(group) = group
            && !groups.contains(group)
            && known.insert(OptName::new(group, "another"))
        {
            found.push(Opt::new(group, "another", OptType::string()));
        }
    }
    // A reference may use the name of an option as a group.
    let groups: BTreeSet<String> = found
        .iter()
        .map(|opt| opt.name().group().to_owned())
        .collect();
    let is_option = |group: &str| {
        let mut known = registered.iter().map(Opt::name);
        known.any(|name| name.group() == DEFAULT_GROUP && name.name() == group)
    };
    found.retain(|opt| match opt.name().group() {
        DEFAULT_GROUP => !groups.contains(opt.name().name()),
        group => !is_option(group),
    });
    found
}
