//! What is set after the last step, and not read.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::{Config, GetError, Opt, OptName};

use super::migrator::Migrator;
use super::{Decision, Span};
use crate::diagnostic::Code;
use crate::release::{self, Lives};
use crate::schema::Schema;
use crate::target::gone;

/// The id under which names are reported that the target does not read.
const NOT_READ: &str = "not-read";

/// The id under which values are reported that the newer release refuses.
const REFUSED: &str = "refused";

/// Something that is set and not read as it is.
pub(super) struct Finding {
    pub(super) option: OptName,
    pub(super) file: usize,
    pub(super) line: usize,
    pub(super) reason: String,
    pub(super) rule: &'static str,
    pub(super) release: Option<String>,
    pub(super) code: Code,
}

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
                reason: release::whereabouts(option, span.to, lives),
                release: gone.map(|series| series.to_string()),
                code: match first > span.to {
                    true => Code::UnknownOption,
                    false => Code::RemovedOption,
                },
                ..Finding::not_read(option)
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
                reason: gone(option, Some(from), to),
                ..Finding::not_read(option)
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
            Some(Finding {
                file: set.file,
                line: set.entry.line(),
                reason: format!("its value is not valid: {cause}"),
                rule: REFUSED,
                code: Code::NeedsDecision,
                ..Finding::not_read(name)
            })
        });
        let refused: Vec<Finding> = refused.collect();
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
                let (group, key) = (entry.group(), entry.key());
                let option = OptName::new(group.to_str_lossy(), key.to_str_lossy());
                if told.contains(&option) {
                    continue;
                }
                if let Some(finding) = find(&option) {
                    told.insert(option);
                    let line = entry.line();
                    found.push(Finding {
                        file,
                        line,
                        ..finding
                    });
                }
            }
        }
        self.add(found);
    }

    pub(super) fn add(&mut self, found: Vec<Finding>) {
        for finding in found {
            let option = finding.option;
            let decision = Decision {
                option: option.clone(),
                path: self.files[finding.file].path.to_owned(),
                line: self.first_line(finding.file, finding.line),
                reason: format!("{option}: {}", finding.reason),
                acceptable: false,
                options: vec![option.clone()],
                rule: Some(finding.rule.into()),
                release: finding.release,
                advice: None,
                code: finding.code,
            };
            self.decisions.push((option, decision));
        }
    }
}

impl Finding {
    pub(super) fn not_read(option: &OptName) -> Self {
        Finding {
            option: option.clone(),
            file: 0,
            line: 0,
            reason: String::new(),
            rule: NOT_READ,
            release: None,
            code: Code::RemovedOption,
        }
    }
}
