//! From findings to the exit status: the policy, the baseline and what fails a run.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use confmig::diagnostic::{Diagnostic, SettledBy, Severity};
use confmig::policy::{Baseline, FILE_NAME, FailOn, Policy};
use confmig::report::counted;
use oslo_config::Source;

use super::args::{ReviewArgs, SourceArgs};
use super::given::TargetNames;
use super::output::Output;
use super::sets::{Naming, Sets};
use super::{Failure, Status};

/// What decides which findings are open, and which of them fail the run.
pub(crate) struct Review {
    pub(crate) policy: Policy,
    baseline: Option<Baseline>,
    /// Today, as `YYYY-MM-DD`.
    today: String,
}

impl Review {
    fn load(arguments: &ReviewArgs) -> Result<Self, Failure> {
        let ReviewArgs {
            policy: arguments,
            sources,
            ..
        } = arguments;
        let path = arguments.policy.clone().or_else(|| beside(sources));
        let policy = match path {
            Some(path) => {
                log::info!("following the policy {}", path.display());
                Policy::read(&path)?
            }
            None => Policy::default(),
        };
        let baseline = arguments.baseline.as_ref().or(policy.baseline.as_ref());
        let baseline = baseline.map(|path| Baseline::read(path)).transpose()?;
        let today: DateTime<Utc> = SystemTime::now().into();
        Ok(Review {
            policy,
            baseline,
            today: today.format("%Y-%m-%d").to_string(),
        })
    }

    /// Settles what the policy and the baseline settle, in all diagnostics of the run.
    pub(crate) fn settle(&self, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(baseline) = &self.baseline {
            baseline.settle(diagnostics);
        }
        // What was to be ignored until some day is open after it, even if it is known.
        self.policy.settle(diagnostics, &self.today);
    }
}

/// Begins a run: reads the policy, finds the files with their targets, which `names` names unless
/// the policy does, and tells what is doubtful about these.
pub(crate) fn begin(
    arguments: &ReviewArgs,
    names: TargetNames,
    output: &mut Output,
) -> Result<(Review, Sets), Failure> {
    let review = Review::load(arguments)?;
    let sets = Sets::new(&Naming {
        sources: &arguments.sources,
        names,
        policy: &review.policy,
        each: arguments.policy.each,
        show_secrets: arguments.common.show_secrets,
    })?;
    for doubt in sets.doubts() {
        output.note(doubt);
    }
    Ok((review, sets))
}

/// Finds the policy beside the first file, or in the working directory if no files are given.
fn beside(sources: &SourceArgs) -> Option<PathBuf> {
    let directory = match sources.ordered.first() {
        None => Path::new(""),
        Some(Source::Dir(directory)) => directory,
        Some(Source::File(file)) if file == Path::new("-") => return None,
        Some(Source::File(file)) => file.parent()?,
    };
    let path = directory.join(FILE_NAME);
    path.is_file().then_some(path)
}

/// What fails a run by default.
pub(crate) const CHECK: &[FailOn] = &[FailOn::Finding(Severity::Warning)];
pub(crate) const MIGRATE: &[FailOn] = &[FailOn::Finding(Severity::Warning), FailOn::Change];

/// Returns the exit status of a run with these results. What fails it is what the arguments name,
/// if anything, else the policy, else the default.
pub(crate) fn status(
    arguments: &[FailOn],
    policy: Option<&[FailOn]>,
    default: &[FailOn],
    (changes, diagnostics): (usize, &[Diagnostic]),
) -> Status {
    let fails = match arguments {
        [] => policy.unwrap_or(default),
        named => named,
    };
    match fails
        .iter()
        .any(|fail_on| fail_on.fails(changes, diagnostics))
    {
        true => Status::Findings,
        false => Status::Success,
    }
}

/// Counts the open findings, and those that are settled by what settles them.
pub(crate) fn counts(diagnostics: &[Diagnostic]) -> String {
    let open = diagnostics.iter().filter(|found| found.is_open()).count();
    let open = match open {
        0 => "no findings".to_owned(),
        open => counted(open, "finding"),
    };
    format!("{open}{}", settled(diagnostics))
}

/// Counts the settled findings by what settles them.
pub(crate) fn settled(diagnostics: &[Diagnostic]) -> String {
    let kinds = [
        (SettledBy::Comment, "by comments"),
        (SettledBy::Policy, "by the policy"),
        (SettledBy::Baseline, "by the baseline"),
        (SettledBy::Refusal, "refused"),
    ];
    let mut text = String::new();
    for (by, words) in kinds {
        let all = diagnostics
            .iter()
            .filter_map(|found| found.settled.as_ref());
        let count = all.filter(|settled| settled.by == by).count();
        if count > 0 {
            text += if text.is_empty() { "; settled: " } else { ", " };
            text += &format!("{count} {words}");
        }
    }
    text
}
