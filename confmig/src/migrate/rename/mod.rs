//! Gives options their current names: plans, applies and proves the renamings of a pack.

mod of_option;
mod plan;

use super::names::Names;
use super::pass::Pass;
use super::planned::Applied;
use super::{Decision, MigrateError};
pub(crate) use of_option::Superseded;

/// The outcome of renamings for a set of files.
pub(crate) struct Renamed {
    pub(crate) files: Vec<Applied>,
    /// The decisions that are left, each with its file.
    pub(crate) decisions: Vec<(usize, Decision)>,
    pub(crate) superseded: Vec<Superseded>,
}

/// Follows the renamings of a pack. Those that might change a value are left to decide.
///
/// # Errors
///
/// When a new text cannot be made or parsed.
pub(crate) fn rename(pass: Pass<'_, '_>) -> Result<Renamed, MigrateError> {
    let names = Names::new(pass.files, pass.pack);
    let mut plan = plan::plan(pass, &names);
    let in_use = plan.in_use();
    let mut proved = pass.apply_proved(&names, &in_use, &plan.planned)?;
    proved
        .unproved
        .sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    for (at, mismatch) in proved.unproved {
        plan.leave_out_all(at, &mismatch.to_string());
    }
    if !plan.decisions.is_empty() && !is_settled(pass, &proved.files)? {
        // An option that was left could be migrated after the others: the program cannot choose the
        // order.
        for at in (0..plan.planned.len()).rev() {
            if !pass.is_accepted(&plan.planned[at]) {
                plan.leave_out_all(
                    at,
                    "another option could be migrated only before or only after this one",
                );
            }
        }
        proved = pass.apply_proved(&names, &in_use, &plan.planned)?;
    }
    Ok(Renamed {
        files: proved.files,
        decisions: plan.decisions,
        superseded: plan.superseded,
    })
}

/// Tells whether a second run would change nothing.
fn is_settled(pass: Pass<'_, '_>, applied: &[Applied]) -> Result<bool, MigrateError> {
    let is_same = |files: &[Applied]| files.iter().all(|file| file.document.is_none());
    if is_same(applied) {
        return Ok(true);
    }
    let files = pass.view.narrow_new(applied, pass.files)?;
    let again = Pass {
        files: &files,
        was_empty: &|_, _| false,
        ..pass
    };
    let names = Names::new(&files, pass.pack);
    let plan = plan::plan(again, &names);
    let in_use = plan.in_use();
    let proved = again.apply_proved(&names, &in_use, &plan.planned)?;
    Ok(is_same(&proved.files))
}

#[cfg(test)]
mod tests {
    use oslo_config::{Opt, OptType, SourceFile};

    use crate::migrate::{Migration, Route, Settings, migrate};
    use crate::pack::Pack;

    /// Migrates a text to the options `[b] x` and `[c] x`, which share the former name `[a] x`.
    fn migrated(text: &str) -> Migration {
        let opt = |group| Opt::new(group, "x", OptType::string()).with_deprecated("a", "x");
        let pack = Pack::from_opts("site", vec![opt("b"), opt("c")]);
        let file = SourceFile {
            path: "site.conf".into(),
            text: text.into(),
        };
        let settings = Settings::default();
        migrate(&[file.parse().unwrap()], &Route::pack(&pack), &settings).unwrap()
    }

    #[test]
    fn every_reader_of_a_former_name_gets_the_value() {
        let migration = migrated("[a]\nx = 1\n");
        assert_eq!(migration.files[0].after, "[b]\nx = 1\n\n[c]\nx = 1\n");
    }

    #[test]
    fn readers_that_share_an_entry_are_left_together() {
        let migration = migrated("[a]\nx = $y\ny = 1\n[b]\ny = 2\n");
        assert!(migration.is_empty());
        let options = migration.decisions.iter();
        let options: Vec<String> = options.map(|it| it.option.to_string()).collect();
        assert_eq!(options, ["b.x", "c.x"]);
    }
}
