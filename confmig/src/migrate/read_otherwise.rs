//! What the newer of two releases reads otherwise than the older one, whatever the steps between them show.
//!
//! Each step keeps what its own release reads. A reference may still lead elsewhere in the other one, where
//! it was not followed: with the old names kept, or because of what was left to decide.

use std::collections::BTreeMap;

use oslo_config::{Config, DEFAULT_GROUP, OptName, ParsedFile};

use super::migrator::Migrator;
use super::names::Names;
use super::reading::{Reading, Values, texts_of};
use super::registration::Registration;
use super::unread::{Finding, Found};
use crate::diagnostic::Code;
use crate::pack::Pack;
use crate::schema::Schema;

/// The id under which values are reported that the newer release reads otherwise.
const OTHERWISE: &str = "read-otherwise";

impl Migrator<'_> {
    /// Reports options of which the newer release now reads another value than the older one did, or the
    /// older one itself where the old names are kept.
    pub(super) fn read_otherwise(&mut self, from: &Schema, to: &Schema) {
        let mut files = self.before.iter().chain(&self.files);
        if !files.any(|file| file.document.text().contains(&b'$')) {
            return;
        }
        let (older, newer) = (from.pack(self.before), to.pack(&self.files));
        let was = read(&older, self.before, |_| false);
        // What only the older one has is set in vain for the newer one.
        let (old, new) = (Names::new(&[], &older), Names::new(&[], &newer));
        let has = |names: &Names<'_>, name: &OptName| names.has(name.group(), name.name());
        let is_gone = |name: &OptName| has(&old, name) && !has(&new, name);
        let is = read(&newer, &self.files, is_gone);
        // A former name may lead nowhere in the older one, and is followed; of others it is not known here
        // where they lead.
        let is_known = |option: &OptName, reference: &str| {
            let bare = || [option.group(), DEFAULT_GROUP].map(|group| (group, reference));
            let named = reference.split_once('.');
            let mut targets = named.into_iter().chain(bare());
            targets.any(|(group, name)| old.has(group, name) || new.has(group, name))
        };
        self.report_otherwise(&was, &is, &is_known, to.name());
        if self.settings.keep_old {
            let still = read(&older, &self.files, |_| false);
            self.report_otherwise(&was, &still, &is_known, from.name());
        }
    }

    fn report_otherwise(
        &mut self,
        was: &Read,
        is: &Read,
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
                let mut led_nowhere = was.text.unresolved_beside(&is.text);
                is.text.resolves_more_than(&was.text)
                    && led_nowhere.all(|reference| is_known(option, reference))
            };
            let is_kept = is.is_same(was) || followed();
            (!is_kept && !decided(option)).then(|| {
                let finding = Finding {
                    rule: OTHERWISE,
                    reason: format!(
                        "a reference in its value leads elsewhere in {release}: put the value \
                         itself there"
                    ),
                    code: Code::NeedsDecision,
                    release: None,
                };
                (option.clone(), *place, finding)
            })
        });
        let found: Vec<Found> = found.collect();
        self.add(found);
    }
}

/// The values that have references, as a program reads them that has the options of one release,
/// with the file and the line of each.
type Read = BTreeMap<OptName, ((usize, usize), Value)>;

struct Value {
    text: Reading,
    /// With what Python prints of the options that it refers to; `None` when the value is refused.
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

/// Reads `files` as a program that has the options of a pack and what else is set, but for what is
/// gone.
fn read(pack: &Pack, files: &[ParsedFile<'_>], is_gone: impl Fn(&OptName) -> bool) -> Read {
    let names = Names::new(files, pack);
    let mut registration = Registration::new(&names);
    registration.add_files(files.iter(), |_| true);
    let mut opts = registration.into_opts();
    opts.retain(|opt| !names.is_only_named(opt.name()) && !is_gone(opt.name()));
    let typed = [&pack.opts, &opts[pack.opts.len()..]].concat();
    let config = Config::new(files, &opts);
    let typed = config.with_opts(&typed);
    let values = opts.iter().filter_map(|opt| {
        let (option, set) = (opt.name(), config.occurrences(opt).effective);
        let mut refers = set.iter().filter(|set| set.entry.value().contains(&b'$'));
        let place = refers.next_back().map(|set| (set.file, set.entry.line()))?;
        let value = Value {
            text: Values::Effective.read(opt, &config)?,
            typed: texts_of(&typed, option),
        };
        Some((option.clone(), (place, value)))
    });
    values.collect()
}
