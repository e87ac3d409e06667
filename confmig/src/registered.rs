//! The options that a set of files is read with.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::{DEFAULT_GROUP, Opt, OptName, OptType, ParsedFile, opts_as_set, references};

use crate::known::KnownNames;
use crate::pack::{Pack, names_of};

/// The options of a pack, and as texts: those that are set, and those that values refer to and the
/// service knows. Of the latter the defaults are not known here; such an option stands for itself,
/// so that `http://$my_ip` stays `http://$my_ip` instead of being an error.
#[must_use]
pub fn registered(files: &[ParsedFile<'_>], pack: &Pack) -> Vec<Opt> {
    let known = KnownNames::of(pack);
    let multi = |opt: Opt| {
        if known.is_multi(opt.name().group(), opt.name().name()) {
            opt.multi()
        } else {
            opt
        }
    };
    let mut opts = pack.opts.clone();
    opts.extend(opts_as_set(files, &pack.opts).into_iter().map(multi));
    let mut seen: HashSet<OptName> = opts.iter().flat_map(names_of).cloned().collect();
    let entries = files.iter().flat_map(|file| file.document.entries());
    for entry in entries {
        let (group, value) = (entry.group(), entry.value());
        for reference in references(&value) {
            let mut options = reference.options(&group.to_str_lossy());
            let known = options.find(|option| known.has(option.group(), option.name()));
            if let Some(target) = known {
                let itself = if target.group() == DEFAULT_GROUP {
                    target.name().to_owned()
                } else {
                    target.to_string()
                };
                if seen.insert(target.clone()) {
                    let opt = Opt::new(target.group(), target.name(), OptType::string());
                    opts.push(multi(opt).with_default(format!("$${itself}")));
                }
            }
        }
    }
    opts
}
