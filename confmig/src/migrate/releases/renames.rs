//! The renamings that following rules leaves to be made.

use std::collections::BTreeMap;

use oslo_config::{Opt, OptName, OptType};

use crate::pack::{Pack, Rule as Renaming};
use crate::rule::Rename;

/// A pack with these renamings alone.
pub(super) fn renames_pack(
    renames: Vec<(Rename, String)>,
    base: Pack,
    define: &dyn Fn(&OptName) -> Option<Opt>,
) -> Pack {
    let mut targets: BTreeMap<OptName, Vec<(OptName, String)>> = BTreeMap::new();
    for (Rename { from, to }, id) in renames {
        targets.entry(to.0).or_default().push((from.0, id));
    }
    let mut pack = Pack {
        opts: Vec::new(),
        rules: Vec::new(),
        conversions: Vec::new(),
        ..base
    };
    for (to, formers) in targets {
        let opt = define(&to).unwrap_or_else(|| Opt::new(to.group(), to.name(), OptType::string()));
        let mut plain = Opt::new(to.group(), to.name(), opt.kind().clone());
        if opt.is_multi() {
            plain = plain.multi();
        }
        for (from, id) in formers {
            plain = plain.with_deprecated(from.group(), from.name());
            pack.rules.push(Renaming {
                id,
                from,
                to: to.clone(),
                why: String::new(),
                proof: None,
            });
        }
        pack.opts.push(plain);
    }
    pack
}
