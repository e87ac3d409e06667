//! Reports values that the newer of two releases reads differently from the older one.
//!
//! Each step keeps the values that its own release reads. A reference that was not followed, since
//! the old names are kept or a decision is left, may still resolve to another option in the other
//! release.

use std::collections::BTreeMap;

use oslo_config::{Config, DEFAULT_GROUP, OptName, ParsedFile};

use super::migrator::Migrator;
use super::names::Names;
use super::own_rules::OTHERWISE;
use super::prove::{ComparedValues, Reading, Registration, texts_of};
use super::unread::{Finding, FindingAt};
use crate::diagnostic::Code;
use crate::pack::Pack;
use crate::schema::Schema;

impl Migrator<'_> {
    /// Reports options whose value in the newer release differs from the old value in the older
    /// one, and with the old names kept, options whose value in the older one changed.
    pub(super) fn read_otherwise(&mut self, from: &Schema, to: &Schema) {
        let now = self.files();
        let mut files = self.before.iter().chain(&now);
        if !files.any(|file| file.document.text().contains(&b'$')) {
            return;
        }
        let (older, newer) = (from.pack(self.before), to.pack(&now));
        let was = read(&older, self.before, |_| false);
        // Options that only the older release has have no effect in the newer one.
        let (old, new) = (Names::new(&[], &older), Names::new(&[], &newer));
        let has = |names: &Names<'_>, name: &OptName| names.has(name.group(), name.name());
        let is_removed = |name: &OptName| has(&old, name) && !has(&new, name);
        let is = read(&newer, &now, is_removed);
        // The older release may not know a former name, whose reference was followed. What
        // references to other unknown names resolve to is not known.
        let is_known = |option: &OptName, reference: &str| {
            let bare = || [option.group(), DEFAULT_GROUP].map(|group| (group, reference));
            let named = reference.split_once('.');
            let mut targets = named.into_iter().chain(bare());
            targets.any(|(group, name)| old.has(group, name) || new.has(group, name))
        };
        let keeps_old = self.settings.keep_old;
        let still = keeps_old.then(|| read(&older, &now, |_| false));
        self.report_otherwise(&was, &is, &is_known, to.name());
        if let Some(still) = still {
            self.report_otherwise(&was, &still, &is_known, from.name());
        }
    }

    fn report_otherwise(
        &mut self,
        was: &ReadValues,
        is: &ReadValues,
        is_known: &dyn Fn(&OptName, &str) -> bool,
        release: &str,
    ) {
        let decided = |option: &OptName| {
            let mut decisions = self.decisions.iter();
            decisions.any(|(_, decision)| decision.option == *option)
        };
        let found = is.iter().filter_map(|(option, (place, is))| {
            let (_, was) = was.get(option)?;
            let followed = || {
                let mut unresolved = was.text.unresolved_beside(&is.text);
                is.text.resolves_more_than(&was.text)
                    && unresolved.all(|reference| is_known(option, reference))
            };
            let is_kept = is.is_same(was) || followed();
            (!is_kept && !decided(option)).then(|| {
                let finding = Finding {
                    rule: OTHERWISE,
                    reason: format!(
                        "a reference in its value has another value in {release}: replace it with \
                         the value"
                    ),
                    code: Code::NeedsDecision,
                    severity: None,
                    release: None,
                };
                (option.clone(), *place, finding)
            })
        });
        let found: Vec<FindingAt> = found.collect();
        self.add(found);
    }
}

/// The values with references as a program with the options of one release reads them, with the
/// file and line of each.
type ReadValues = BTreeMap<OptName, ((usize, usize), Value)>;

struct Value {
    text: Reading,
    /// The value with referred options as Python prints them; `None` when it is refused.
    typed: Option<Vec<String>>,
}

impl Value {
    fn is_same(&self, other: &Value) -> bool {
        match (&self.typed, &other.typed) {
            (Some(one), Some(other)) => one == other,
            _ => self.text == other.text,
        }
    }
}

/// Reads files as a program with the options of a pack and all others that are set, except removed
/// ones.
fn read(
    pack: &Pack,
    files: &[ParsedFile<'_>],
    is_removed: impl Fn(&OptName) -> bool,
) -> ReadValues {
    let names = Names::new(files, pack);
    let mut registration = Registration::new(&names);
    registration.add_files(files.iter(), |_| true);
    let mut opts = registration.into_opts();
    opts.retain(|opt| !names.is_only_referred(opt.name()) && !is_removed(opt.name()));
    let typed = [&pack.opts, &opts[pack.opts.len()..]].concat();
    let config = Config::new(files, &opts);
    let typed = config.with_opts(&typed);
    let values = opts.iter().filter_map(|opt| {
        let (option, set) = (opt.name(), config.occurrences(opt).effective);
        let mut refers = set.iter().filter(|set| set.entry.value().contains(&b'$'));
        let place = refers.next_back().map(|set| (set.file, set.entry.line()))?;
        let value = Value {
            text: ComparedValues::Effective.read(opt, &config)?,
            typed: texts_of(&typed, option),
        };
        Some((option.clone(), (place, value)))
    });
    values.collect()
}
