//! What is set after the last step, and not read.

use foldhash::HashSet;
use oslo_config::{Config, GetError, Opt, OptName};

use super::migrator::Migrator;
use super::{Decision, Span};
use crate::diagnostic::Code;
use crate::release::{self, Lives};
use crate::schema::Schema;
use crate::target::{gone, name_of};

/// The id under which names are reported that the target does not read.
const NOT_READ: &str = "not-read";

/// The id under which values are reported that the newer release refuses.
const REFUSED: &str = "refused";

/// Why an option that is set is reported.
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) reason: String,
    pub(super) code: Code,
    pub(super) release: Option<String>,
}

/// An option, the file and the line that set it, and why it is reported.
pub(super) type Found = (OptName, (usize, usize), Finding);

impl Migrator<'_> {
    /// Reports what a release does not read.
    pub(super) fn unread(&mut self, span: Span, lives: &Lives) {
        self.report(|option| {
            let life = lives.of_option(option)?;
            if life.is_read(span.to) {
                return None;
            }
            let (first, last) = life.span()?;
            let gone = last.after().filter(|gone| *gone <= span.to);
            Some(Finding {
                rule: NOT_READ,
                reason: release::whereabouts(option, span.to, lives),
                code: match first > span.to {
                    true => Code::UnknownOption,
                    false => Code::RemovedOption,
                },
                release: gone.map(|series| series.to_string()),
            })
        });
    }

    /// Reports what the older release reads and the newer one does not.
    pub(super) fn unread_by_schema(&mut self, from: &Schema, to: &Schema) {
        // Options of sections that an option names are in no schema by these sections' names.
        let names = |schema: &Schema, files: &_| -> HashSet<OptName> {
            let opts = schema.pack(files).opts.into_iter();
            opts.map(|opt| opt.name().clone()).collect()
        };
        let (old, new) = (names(from, &self.files), names(to, &self.files));
        self.report(|option| {
            let was_read = from.reads(option) || old.contains(option);
            let is_read = to.reads(option) || new.contains(option);
            (was_read && !is_read).then(|| Finding {
                rule: NOT_READ,
                reason: gone(option, Some(from), to),
                code: Code::RemovedOption,
                release: None,
            })
        });
    }

    /// Reports values that the newer release refuses.
    pub(super) fn refused(&mut self, to: &Schema) {
        let opts = to.pack(&self.files).opts;
        let config = Config::new(&self.files, &opts);
        let refused = opts.iter().filter_map(|opt: &Opt| {
            let name = opt.name();
            let set = config.occurrences(opt).effective.pop()?;
            let cause = match config.get(name.group(), name.name()) {
                Err(GetError::Invalid { option, cause }) if option == *name => cause,
                _ => return None,
            };
            let place = (set.file, set.entry.line());
            let finding = Finding {
                rule: REFUSED,
                reason: format!("its value is not valid: {cause}"),
                code: Code::NeedsDecision,
                release: None,
            };
            Some((name.clone(), place, finding))
        });
        let refused: Vec<Found> = refused.collect();
        self.add(refused);
    }

    /// Reports what `find` finds of names that are set and were not reported yet.
    fn report(&mut self, find: impl Fn(&OptName) -> Option<Finding>) {
        let decided = self.decisions.iter();
        let mut told: HashSet<OptName> = decided
            .flat_map(|(name, decision)| decision.options.iter().chain([name]))
            .cloned()
            .collect();
        let mut found = Vec::new();
        for (file, parsed) in self.files.iter().enumerate() {
            for entry in parsed.document.entries() {
                let option = name_of(entry);
                if told.contains(&option) {
                    continue;
                }
                if let Some(finding) = find(&option) {
                    told.insert(option.clone());
                    found.push((option, (file, entry.line()), finding));
                }
            }
        }
        self.add(found);
    }

    pub(super) fn add(&mut self, found: Vec<Found>) {
        for (option, (file, line), finding) in found {
            let line = self.first_line(file, line);
            let reason = format!("{option}: {}", finding.reason);
            let decision = Decision {
                options: vec![option.clone()],
                rule: Some(finding.rule.into()),
                release: finding.release,
                code: finding.code,
                ..Decision::new(&option, self.files[file].path, line, reason)
            };
            self.decisions.push((option, decision));
        }
    }
}
