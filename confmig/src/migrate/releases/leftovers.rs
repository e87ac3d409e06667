//! What is set after the last step, and no longer read.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::OptName;

use super::walk::Walk;
use super::{NOT_READ, Span};
use crate::diagnostic::Code;
use crate::migrate::Decision;
use crate::release::{self, Lives};

impl Walk<'_> {
    /// Reports what is set and no longer read.
    pub(super) fn leftovers(&mut self, span: Span, lives: &Lives) {
        let decided = self.decisions.iter();
        let mut told: HashSet<OptName> = decided
            .flat_map(|(name, decision)| decision.options.iter().chain([name]))
            .cloned()
            .collect();
        let mut found: Vec<(OptName, Decision)> = Vec::new();
        for (at, file) in self.files.iter().enumerate() {
            let entries: Vec<_> = file.document.entries().collect();
            for entry in &entries {
                let (group, key) = (entry.group(), entry.key());
                let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
                    continue;
                };
                let Some(life) = lives.of(group, key) else {
                    continue;
                };
                let option = OptName::new(group, key);
                if life.is_read(span.to) || !told.insert(option.clone()) {
                    continue;
                }
                let early = life.span().is_some_and(|(first, _)| first > span.to);
                let gone = life
                    .span()
                    .and_then(|(_, last)| last.after())
                    .filter(|gone| *gone <= span.to);
                found.push((
                    option.clone(),
                    Decision {
                        reason: format!(
                            "{option}: {}",
                            release::whereabouts(&option, span.to, lives)
                        ),
                        options: vec![option.clone()],
                        option,
                        path: file.path.to_owned(),
                        line: self.trails[at].first_line(&entries, entry.line()),
                        acceptable: false,
                        rule: Some(NOT_READ.into()),
                        release: gone.map(|series| series.to_string()),
                        advice: None,
                        code: if early {
                            Code::UnknownOption
                        } else {
                            Code::RemovedOption
                        },
                    },
                ));
            }
        }
        self.decisions.extend(found);
    }
}
