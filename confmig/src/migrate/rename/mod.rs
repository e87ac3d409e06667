//! Gives options their current names: plans, applies and proves the renamings of a pack.

mod of_option;
mod plan;

use foldhash::HashSet;
use oslo_config::OptName;

use super::apply_proved::keep_proved;
use super::names::Names;
use super::pass::Pass;
use super::planned::{Applied, Planned};
use super::{Decision, MigrateError};
pub(crate) use of_option::Superseded;
use plan::Plan;

/// Whether something holds of a plan, unless a new text cannot be made or parsed.
type Holds = Result<bool, MigrateError>;

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
    let names = Names::new(pass.files, pass.pack, pass.releases);
    let mut plan = plan::plan(pass, &names);
    let mut files = apply(pass, &names, &plan.in_use(), &mut plan)?;
    // What is removed may have been the only sign of an option that references find.
    let may_be_unsettled = !plan.decisions.is_empty() || names.has_referred();
    if may_be_unsettled && !is_settled(pass, &files, &plan.left(), |_| true)? {
        files = apply_settling(pass, &names, &mut plan)?;
    }
    Ok(Renamed {
        files,
        decisions: plan.decisions,
        superseded: plan.superseded,
    })
}

/// Applies the planned changes that can be proved, and leaves the others to decide.
fn apply<'d>(
    pass: Pass<'_, 'd>,
    names: &Names<'_>,
    in_use: &HashSet<OptName>,
    plan: &mut Plan<'d>,
) -> Result<Vec<Applied>, MigrateError> {
    let proved = pass.apply_proved(names, in_use, &plan.planned)?;
    let mut unproved = proved.unproved;
    unproved.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    for (at, mismatch) in unproved {
        plan.leave_out_all(at, &mismatch.to_string(), pass.settings.keep_old);
    }
    Ok(proved.files)
}

/// Applies the planned changes, except those after which another option could be migrated: the
/// program cannot choose the order.
fn apply_settling<'d>(
    pass: Pass<'_, 'd>,
    names: &Names<'_>,
    plan: &mut Plan<'d>,
) -> Result<Vec<Applied>, MigrateError> {
    let in_use = plan.in_use();
    let mut left = unsettling(pass, names, plan)?;
    left.sort_unstable();
    for at in left.into_iter().rev() {
        leave_out_of_order(pass, plan, at);
    }
    // A second run has to come to the same.
    let files = pass.apply_proved(names, &in_use, &plan.planned)?.files;
    let is_stable = in_second_run(pass, &files, |again, names, plan| {
        apply(again, names, &plan.in_use(), plan)?;
        Ok(unsettling(again, names, plan)?.len() == plan.planned.len())
    })?;
    if is_stable {
        return Ok(files);
    }
    for at in (0..plan.planned.len()).rev() {
        if !pass.is_accepted(&plan.planned[at]) {
            leave_out_of_order(pass, plan, at);
        }
    }
    Ok(pass.apply_proved(names, &in_use, &plan.planned)?.files)
}

fn leave_out_of_order(pass: Pass<'_, '_>, plan: &mut Plan<'_>, at: usize) {
    plan.leave_out_all(
        at,
        "another option could be migrated only before or only after this one",
        pass.settings.keep_old,
    );
}

/// Returns the planned changes after which a second run would do more than make the others.
fn unsettling<'d>(
    pass: Pass<'_, 'd>,
    names: &Names<'_>,
    plan: &Plan<'d>,
) -> Result<Vec<usize>, MigrateError> {
    let left = plan.left();
    let in_use = plan.in_use();
    let (accepted, changes): (Vec<usize>, Vec<usize>) =
        (0..plan.planned.len()).partition(|at| pass.is_accepted(&plan.planned[*at]));
    let kept = keep_proved(&changes, &mut |kept| {
        let mut kept = [&*accepted, kept].concat();
        kept.sort_unstable();
        let others = (0..plan.planned.len()).filter(|at| kept.binary_search(at).is_err());
        let others = others.flat_map(|at| plan.planned[at].options());
        let others: HashSet<&OptName> = others.collect();
        let planned = kept.iter().map(|at| plan.planned[*at].clone());
        let planned: Vec<Planned<'d>> = planned.collect();
        let files = pass.apply_proved(names, &in_use, &planned)?.files;
        let is_settled = is_settled(pass, &files, &left, |option| !others.contains(option))?;
        Ok::<_, MigrateError>(is_settled.then_some(()).ok_or(()))
    })?;
    Ok(kept.unproved.into_iter().map(|(at, ())| at).collect())
}

/// Tells whether a second run would change none of the options for which `is_about` holds, and
/// leave none of them to decide that is not in `left`.
fn is_settled(
    pass: Pass<'_, '_>,
    applied: &[Applied],
    left: &HashSet<OptName>,
    is_about: impl Fn(&OptName) -> bool,
) -> Result<bool, MigrateError> {
    in_second_run(pass, applied, |again, names, plan| {
        let in_use = plan.in_use();
        plan.planned
            .retain(|planned| planned.options().iter().any(&is_about));
        let files = apply(again, names, &in_use, plan)?;
        let is_same = files.iter().all(|file| file.document.is_none());
        let mut decided = plan.left().into_iter();
        Ok(is_same && decided.all(|option| left.contains(&option) || !is_about(&option)))
    })
}

/// Returns what `holds` says of the plan for the new texts, or `true` if there are none.
fn in_second_run(
    pass: Pass<'_, '_>,
    applied: &[Applied],
    holds: impl for<'a> FnOnce(Pass<'_, 'a>, &Names<'_>, &mut Plan<'a>) -> Holds,
) -> Holds {
    if applied.iter().all(|file| file.document.is_none()) {
        return Ok(true);
    }
    let files = pass.view.narrow_new(applied, pass.files)?;
    let again = Pass {
        files: &files,
        was_empty: &|_, _| false,
        ..pass
    };
    let names = Names::new(&files, pass.pack, pass.releases);
    holds(again, &names, &mut plan::plan(again, &names))
}

#[cfg(test)]
mod tests {
    use oslo_config::{Opt, OptType, SourceFile};

    use crate::migrate::{Migration, Route, Settings, migrate};
    use crate::pack::Pack;

    /// Migrates a text to the options `[b] x` and `[c] x`, which share the former name `[a] x`.
    fn migrated(text: &str) -> Migration {
        let opt = |group| Opt::new(group, "x", OptType::string()).with_deprecated("a", "x");
        migrated_by(
            &Pack::from_opts("site", vec![opt("b"), opt("c")]),
            text,
            false,
        )
    }

    fn migrated_by(pack: &Pack, text: &str, keep_old: bool) -> Migration {
        let file = SourceFile {
            path: "site.conf".into(),
            text: text.into(),
        };
        let settings = Settings {
            keep_old,
            ..Settings::default()
        };
        migrate(&[file.parse().unwrap()], &Route::pack(pack), &settings).unwrap()
    }

    #[test]
    fn every_reader_of_a_former_name_gets_the_value() {
        let migration = migrated("[a]\nx = 1\n");
        assert_eq!(migration.files[0].after, "[b]\nx = 1\n\n[c]\nx = 1\n");
    }

    /// `[g] b` would give `[g] c` its value, unless that is set already.
    #[test]
    fn only_a_change_that_would_make_another_one_possible_is_left() {
        let opt = |name: &str, former: &[&str]| {
            let opt = Opt::new("g", name, OptType::string());
            former
                .iter()
                .fold(opt, |opt, former| opt.with_deprecated("g", *former))
        };
        let opts = vec![opt("b", &["a"]), opt("c", &["d", "b"]), opt("z", &["y"])];
        let pack = Pack::from_opts("site", opts);
        let migration = migrated_by(&pack, "[g]\na = 1\nd = 5\ny = 3\n", false);
        assert_eq!(migration.files[0].after, "[g]\na = 1\nd = 5\nz = 3\n");
        let left = migration.decisions.iter();
        let left: Vec<String> = left.map(|left| left.option.to_string()).collect();
        assert_eq!(left, ["g.b", "g.c"]);
    }

    /// `${a.v}` may mean `[c] x`, which is set and has nothing left to do.
    #[test]
    fn an_option_that_is_only_referred_to_is_not_left_with_the_old_names_kept() {
        let opt = |group: &str, name: &str, former: &[&str]| {
            let opt = Opt::new(group, name, OptType::string());
            (former.iter()).fold(opt, |opt, name| opt.with_deprecated("a", *name))
        };
        let opts = vec![
            opt("a", "y", &["v"]),
            opt("b", "y", &["z", "v"]),
            opt("c", "x", &["v"]),
        ];
        let pack = Pack::from_opts("site", opts);
        let mut text = "[a]\nv = one\nz = ${a.v}\n[c]\nx = two\n".to_owned();
        for _ in 0..2 {
            let migration = migrated_by(&pack, &text, true);
            text = migration.files[0].after.to_string();
            let left = migration.decisions.iter();
            let left: Vec<String> = left.map(|left| left.option.to_string()).collect();
            assert_eq!(left, ["b.y"], "{text}");
        }
        assert_eq!(text, "[a]\nv = one\ny = one\nz = ${a.v}\n[c]\nx = two\n");
    }

    /// The entry that would be removed is the only sign of an option `[deploy] url`, without which
    /// `$url` is the former name of `web_url`.
    #[test]
    fn what_would_give_a_reference_another_option_is_left() {
        let opts = vec![
            Opt::new("DEFAULT", "http_root", OptType::string())
                .with_deprecated("DEFAULT", "root")
                .with_deprecated("deploy", "http_root"),
            Opt::new("DEFAULT", "web_url", OptType::string()).with_deprecated("DEFAULT", "url"),
        ];
        let pack = Pack::from_opts("site", opts);
        let deploy = "[deploy]\nhttp_root = $deploy.url\nroot = $url\n";
        // A second run would change the reference, or leave the option to decide.
        for web_url in ["", "web_url = http://192.0.2.1\n"] {
            let text = format!("[DEFAULT]\nroot = /srv\n{web_url}{deploy}");
            let migration = migrated_by(&pack, &text, false);
            let left = migration.decisions.iter();
            let left: Vec<String> = left.map(|left| left.option.to_string()).collect();
            assert_eq!(left, ["DEFAULT.http_root"]);
            assert!(migration.is_empty(), "{}", migration.files[0].after);
        }
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
