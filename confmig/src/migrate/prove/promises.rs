//! The values that rules promise, and whether the new texts have them.

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Config, Entry, OptName};

use super::Mismatch;
use crate::migrate::planned::{Effect, EffectKind, Planned, Text};

/// The values that rules promise.
pub(super) struct Promises<'p, 'd> {
    effects: Vec<&'p Effect<'d>>,
    pub(super) of: HashSet<(&'p str, &'p str)>,
}

impl<'p, 'd> Promises<'p, 'd> {
    pub(super) fn new(planned: &[&'p Planned<'d>]) -> Self {
        let effects = planned.iter().flat_map(|planned| planned.effects());
        let of = |effect: &'p Effect<'d>| (effect.option.group(), effect.option.name());
        Promises {
            of: effects.clone().map(of).collect(),
            effects: effects.collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    pub(super) fn are_about(&self, option: &OptName) -> bool {
        self.of.contains(&(option.group(), option.name()))
    }

    /// Returns an option without its promised value; `promised` is how a program reads a value in a
    /// group.
    pub(super) fn broken(
        &self,
        after: &Config<'_>,
        promised: impl Fn(&Text, &str) -> String,
    ) -> Option<Mismatch> {
        let mut kept = KeptPromises::default();
        let mut effects = self.effects.iter();
        let broken = effects.find(|effect| !kept.keeps(effect, after, &promised))?;
        Some(Mismatch {
            option: broken.option.clone(),
            is_read: true,
            would_be_read: false,
        })
    }
}

/// The values that files set options to, references replaced, by option and file.
#[derive(Default)]
struct KeptPromises<'p, 'c> {
    read: HashMap<(&'p OptName, usize), Vec<String>>,
    /// The entries of each option, by file.
    entries: HashMap<&'p OptName, HashMap<usize, Vec<Entry<'c, 'c>>>>,
}

impl<'p, 'c> KeptPromises<'p, 'c> {
    /// Tells whether an option has the value that an effect promises.
    fn keeps(
        &mut self,
        effect: &'p Effect<'_>,
        after: &'c Config<'_>,
        promised: impl Fn(&Text, &str) -> String,
    ) -> bool {
        let (option, file) = (&effect.option, effect.file);
        let value = match &effect.kind {
            EffectKind::Add(_, value) | EffectKind::Replace(_, value) => value,
            EffectKind::Remove(..) => return true,
        };
        let of_option = self.entries.entry(option).or_insert_with(|| {
            let mut by_file: HashMap<usize, Vec<Entry<'c, 'c>>> = HashMap::default();
            for (file, entry) in after.entries(option.group(), option.name()) {
                by_file.entry(file).or_default().push(entry);
            }
            by_file
        });
        let read = self.read.entry((option, file)).or_insert_with(|| {
            let here = of_option.get(&file).into_iter().flatten();
            let read = here.map(|entry| {
                let text = entry.value();
                let text = text.to_str_lossy();
                after.substitute_known(&text, option.group()).0
            });
            // Effects on entries of one name are compared with all of them.
            let mut read: Vec<String> = read.collect();
            read.sort_unstable();
            read
        });
        let promised = promised(value, option.group());
        match &effect.kind {
            EffectKind::Add(..) => *read == [promised],
            // Another entry may hide this one: only its presence is checked.
            _ => read.binary_search(&promised).is_ok(),
        }
    }
}
