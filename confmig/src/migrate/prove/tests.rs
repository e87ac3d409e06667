//! Tests of the proof itself: new texts that a faulty migration could make are not proved.

use std::rc::Rc;

use bumpalo::Bump;
use oslo_config::{Document, Opt, OptName, OptType, ParsedFile, SourceFile};

use super::{Mismatch, Prover};
use crate::migrate::names::Names;
use crate::migrate::pass::{Held, Pass};
use crate::migrate::planned::{
    Applied, Effect, EffectKind, Planned, RemovalReason, Text, Transfer,
};
use crate::migrate::view::View;
use crate::migrate::{MigrateError, Settings};
use crate::pack::Pack;

/// Old and new texts, and what the proof is told about them.
struct Case<'t> {
    pack: Pack,
    before: &'t [&'t str],
    after: &'t [&'t str],
    planned: Plan,
    keep_old: bool,
    by_rules: bool,
}

/// What was planned for the first entry of the first file.
#[derive(Clone, Copy)]
enum Plan {
    Nothing,
    /// `[a] x` becomes `[b] x`.
    Transfer,
    /// A rule changes the value of `[c] x`.
    Replace(&'static str),
    /// A rule adds `[c] x`.
    Add(&'static str),
    /// A rule removes `[c] x`.
    Remove,
}

impl Plan {
    fn planned<'d>(self, files: &'d [ParsedFile<'d>]) -> Option<Planned<'d>> {
        let entry = files[0].document.entries().next()?;
        let value = |text: &str| Text::literal(text.into());
        let kind = match self {
            Plan::Nothing => return None,
            Plan::Transfer => {
                let (from, to) = (OptName::new("a", "x"), OptName::new("b", "x"));
                let transfer = Transfer {
                    file: 0,
                    entry,
                    from,
                    to: to.clone(),
                    hidden: false,
                    effective: true,
                    in_place: false,
                    order: 0,
                    before: None,
                };
                return Some(Planned::Options(vec![to], vec![transfer]));
            }
            Plan::Replace(text) => EffectKind::Replace(entry, value(text)),
            Plan::Add(text) => EffectKind::Add(vec![entry], value(text)),
            Plan::Remove => EffectKind::Remove(entry, RemovalReason::Unread),
        };
        let option = OptName::new("c", "x");
        let effect = Effect {
            file: 0,
            from: option.clone(),
            option,
            kind,
        };
        let rule = toml::from_str("id = \"r\"\nwhy = \"w\"").unwrap();
        Some(Planned::Rule(Rc::new(rule), vec![effect]))
    }
}

impl<'t> Case<'t> {
    fn new(opts: Vec<Opt>, before: &'t [&'t str], after: &'t [&'t str]) -> Self {
        Case {
            pack: Pack::from_opts("site", opts),
            before,
            after,
            planned: Plan::Nothing,
            keep_old: false,
            by_rules: false,
        }
    }

    /// Runs the proof.
    fn prove(&self) -> Result<Option<Mismatch>, MigrateError> {
        let files = sources(self.before);
        let files: Vec<_> = files.iter().map(|file| file.parse().unwrap()).collect();
        let view = View::of_pack(&files, &self.pack);
        let files: Vec<_> = files.into_iter().map(|file| view.narrow(file)).collect();
        let applied = self.before.iter().zip(self.after).map(|(before, after)| {
            let document = Document::parse(after.as_bytes()).unwrap();
            Applied {
                document: (before != after).then_some(document),
                ..Applied::default()
            }
        });
        let applied: Vec<Applied<'_>> = applied.collect();
        let settings = Settings {
            keep_old: self.keep_old,
            ..Settings::default()
        };
        let (texts, held) = (Bump::new(), Held::default());
        let pass = Pass {
            files: &files,
            pack: &self.pack,
            settings: &settings,
            view: &view,
            was_empty: &|_, _| false,
            texts: &texts,
            legacy_has: &|_| false,
            held: &held,
            is_superseded: &|_, _| false,
            by_rules: self.by_rules,
        };
        let names = Names::new(&files, &self.pack);
        let planned = self.planned.planned(&files);
        let planned: Vec<&Planned<'_>> = planned.iter().collect();
        let prover = Prover {
            pass: &pass,
            names: &names,
        };
        prover.mismatch(&applied, &planned)
    }

    /// Returns what the proof says.
    fn said(&self) -> Option<String> {
        let mismatch = self.prove().unwrap();
        mismatch.map(|mismatch| mismatch.to_string())
    }
}

fn sources(texts: &[&str]) -> Vec<SourceFile> {
    let source = |(at, text): (usize, &&str)| SourceFile {
        path: format!("{at}.conf").into(),
        text: (**text).into(),
    };
    texts.iter().enumerate().map(source).collect()
}

fn text(group: &str, name: &str) -> Opt {
    Opt::new(group, name, OptType::string())
}

/// The option `[b] x`, formerly `[a] x`.
fn renamed() -> Vec<Opt> {
    vec![text("b", "x").with_deprecated("a", "x")]
}

#[track_caller]
fn says(opts: Vec<Opt>, before: &[&str], after: &[&str], expected: Option<&str>) {
    let said = Case::new(opts, before, after).said();
    assert_eq!(said.as_deref(), expected, "{before:?} {after:?}");
}

const CHANGED: &str = "the value of b.x would change";
const LOST: &str = "the value of b.x could no longer be read";
const GAINED: &str = "b.x would get a value although none can be read now";

#[test]
fn a_value_is_the_same_before_and_after() {
    for (before, after, expected) in [
        ("[a]\nx = 1\n", "[b]\nx = 1\n", None),
        ("[a]\nx = 1\n", "[b]\nx = 2\n", Some(CHANGED)),
        ("[a]\nx = 1\n", "[b]\n", Some(LOST)),
        ("[a]\n", "[b]\nx = 1\n", Some(GAINED)),
        ("[b]\nx = 1\n", "[b]\nx = 2\n", Some(CHANGED)),
        ("[b]\nx = 1\n[a]\nx = 2\n", "[b]\nx = 2\n", Some(CHANGED)),
        ("[b]\nx = 1\n[a]\nx = 2\n", "[b]\nx = 1\n", None),
    ] {
        says(renamed(), &[before], &[after], expected);
    }
}

#[test]
fn each_file_counts_in_its_order() {
    let before = ["[a]\nx = 1\n", "[a]\nx = 2\n"];
    says(renamed(), &before, &["[b]\nx = 1\n", "[b]\nx = 2\n"], None);
    says(
        renamed(),
        &before,
        &["[b]\nx = 2\n", "[b]\nx = 1\n"],
        Some(CHANGED),
    );
}

/// Options that are no part of the target are compared value by value, too.
#[test]
fn other_options_keep_all_their_values() {
    let changed = Some("the value of c.x would change");
    for (before, after, expected) in [
        ("[c]\nx = 1\nx = 2\n", "[c]\nx = 1\nx = 2\n\n", None),
        ("[c]\nx = 1\nx = 2\n", "[c]\nx = 2\nx = 1\n", changed),
        ("[c]\nx = 1\nx = 2\n", "[c]\nx = 2\n", changed),
        ("[c]\nx = 1\n", "[c]\nx = 2\n", changed),
    ] {
        says(renamed(), &[before], &[after], expected);
    }
}

#[test]
fn a_multi_valued_option_keeps_its_order() {
    let opts = || vec![text("b", "x").multi().with_deprecated("a", "x")];
    let before = ["[b]\nx = 2\n[a]\nx = 1\n"];
    says(opts(), &before, &["[b]\nx = 1\nx = 2\n"], None);
    says(opts(), &before, &["[b]\nx = 2\nx = 1\n"], Some(CHANGED));
    says(
        opts(),
        &["[b]\nx = 1\n"],
        &["[b]\nx = 1\nx = 2\n"],
        Some(CHANGED),
    );
    says(
        opts(),
        &["[b]\nx = 1\nx = 2\n"],
        &["[b]\nx = 1\n"],
        Some(CHANGED),
    );
}

/// What a reference is replaced by counts, and not how it is written.
#[test]
fn references_are_followed() {
    let before = ["[a]\nx = $y\ny = 1\n"];
    says(renamed(), &before, &["[a]\ny = 1\n[b]\nx = $a.y\n"], None);
    says(
        renamed(),
        &before,
        &["[a]\ny = 1\n[b]\nx = $y\n"],
        Some(CHANGED),
    );
    let before = ["[a]\nx = 1\n[c]\ny = $a.x\n"];
    says(renamed(), &before, &["[b]\nx = 1\n[c]\ny = $b.x\n"], None);
    let lost = Some("the value of c.y would change");
    says(renamed(), &before, &["[b]\nx = 1\n[c]\ny = $a.x\n"], lost);
}

/// With a type, a reference to a list becomes what Python prints.
#[test]
fn what_a_type_makes_of_a_reference_counts() {
    let list = || {
        vec![
            Opt::new("b", "x", OptType::list()).with_deprecated("a", "x"),
            text("c", "y"),
        ]
    };
    let before = ["[a]\nx = 1,2\n[c]\ny = $b.x\n"];
    says(list(), &before, &["[b]\nx = 1,2\n[c]\ny = $b.x\n"], None);
    let changed = Some("the value of c.y would change");
    says(list(), &before, &["[b]\nx = 1,2\n[c]\ny = 1,2\n"], changed);
}

/// A reference by a former name that two options share meets, in the group of that name, an entry under
/// the key of the option that was registered last.
#[test]
fn options_may_be_registered_in_any_order() {
    let opts = || {
        let shared = |group, name| text(group, name).with_deprecated("a", "x");
        vec![shared("b", "y"), shared("c", "z")]
    };
    let before = ["[a]\nx = 1\ny = 9\n[d]\nv = $a.x\n"];
    let after = ["[a]\ny = 9\n[b]\ny = 1\n[c]\nz = 1\n[d]\nv = $c.z\n"];
    says(
        opts(),
        &before,
        &after,
        Some("the value of d.v would change"),
    );
}

/// Whether the service has other options in the group of a former name decides what a reference to that
/// name finds: here the key of the new name, which is a former name of another option.
#[test]
fn the_group_of_a_former_name_may_have_other_options() {
    let opts = vec![
        text("b", "y").with_deprecated("a", "x"),
        text("e", "y").with_deprecated("a", "y"),
    ];
    let before = ["[a]\nx = 1\ny = 9\n[d]\nv = $a.x\n"];
    let after = ["[b]\ny = 1\n[e]\ny = 9\n[d]\nv = $b.y\n"];
    says(opts, &before, &after, Some("the value of d.v would change"));
}

/// The service may not have an option that only a reference names.
#[test]
fn what_only_references_name_may_be_no_option() {
    let before = ["[DEFAULT]\nz = 1\n[a]\nw = $z\n[c]\nu = $a.z\n"];
    let after = ["[DEFAULT]\nz = 1\n[a]\nw = $a.z\n[c]\nu = $a.z\n"];
    let opts = vec![text("a", "w")];
    says(opts, &before, &after, Some("the value of a.w would change"));
}

/// The former name stays, for a program that knows no other.
#[test]
fn a_kept_former_name_keeps_its_value() {
    for (after, expected) in [
        ("[a]\nx = 1\n[b]\nx = 1\n", None),
        ("[b]\nx = 1\n", Some("the value of a.x would change")),
        (
            "[a]\nx = 2\n[b]\nx = 1\n",
            Some("the value of a.x would change"),
        ),
    ] {
        let after = [after];
        let case = Case {
            planned: Plan::Transfer,
            keep_old: true,
            ..Case::new(renamed(), &["[a]\nx = 1\n"], &after)
        };
        assert_eq!(case.said().as_deref(), expected, "{after:?}");
    }
}

/// A legacy program reads a reference in the group of the former name, an updated one in that of the
/// current name. Where both find a value, only the operator knows which one was meant. Rules say which:
/// there is one program, and it knows the old name.
#[test]
fn two_programs_may_disagree_before_and_after() {
    let before = ["[a]\nx = $y\ny = 1\n[b]\ny = 2\n"];
    for (after, by_rules, expected) in [
        ("[a]\nx = $y\ny = 1\n[b]\ny = 2\n\n", false, None),
        ("[a]\nx = $y\ny = 1\n[b]\ny = 2\n\n", true, Some(CHANGED)),
        ("[a]\ny = 1\n[b]\nx = $a.y\ny = 2\n", false, Some(CHANGED)),
        ("[a]\ny = 1\n[b]\nx = $a.y\ny = 2\n", true, None),
        ("[a]\ny = 1\n[b]\nx = $y\ny = 2\n", false, Some(CHANGED)),
        ("[a]\ny = 1\n[b]\nx = $y\ny = 2\n", true, Some(CHANGED)),
        ("[a]\ny = 1\n[b]\ny = 2\n", false, Some(LOST)),
        ("[a]\ny = 1\n[b]\ny = 2\n", true, Some(LOST)),
    ] {
        let after = [after];
        let case = Case {
            by_rules,
            ..Case::new(renamed(), &before, &after)
        };
        assert_eq!(case.said().as_deref(), expected, "{after:?}, {by_rules}");
    }
}

/// Where only one program finds what a reference names, its value is kept.
#[test]
fn the_program_that_resolves_a_reference_is_right() {
    let before = ["[a]\nx = $y\n[b]\ny = 2\n"];
    says(renamed(), &before, &["[b]\nx = $y\ny = 2\n"], None);
    says(
        renamed(),
        &before,
        &["[b]\nx = $$y\ny = 2\n"],
        Some(CHANGED),
    );
}

/// A default cannot follow a renaming.
#[test]
fn a_default_that_refers_to_an_option_counts() {
    let changed = Some("the value of d.v would change");
    for planned in [Plan::Nothing, Plan::Transfer] {
        let mut opts = renamed();
        opts.push(text("d", "v").with_default("$a.x"));
        let case = Case {
            planned,
            ..Case::new(opts, &["[a]\nx = 1\n"], &["[b]\nx = 1\n"])
        };
        assert_eq!(case.said().as_deref(), changed);
    }
}

/// A value that its type refuses is compared as it is printed.
#[test]
fn a_refused_value_is_printed_the_same() {
    let opts = || {
        vec![
            Opt::new("b", "x", OptType::list()).with_deprecated("a", "x"),
            Opt::new("c", "y", OptType::int()),
            Opt::new("e", "z", OptType::dict()),
        ]
    };
    let before = ["[a]\nx = 1:2\n[c]\ny = $b.x\n[e]\nz = 1:2\n"];
    let after = ["[b]\nx = 1:2\n[c]\ny = $b.x\n[e]\nz = 1:2\n"];
    says(opts(), &before, &after, None);
    let after = ["[b]\nx = 1:2\n[c]\ny = $e.z\n[e]\nz = 1:2\n"];
    says(
        opts(),
        &before,
        &after,
        Some("the value of c.y would change"),
    );
}

/// A plain renaming has a proof of its own, which is as strict.
#[test]
fn a_plain_renaming_must_be_one() {
    let shared = || {
        let mut opts = renamed();
        opts.push(text("c", "x").with_deprecated("a", "x"));
        opts
    };
    let with = |opt: Opt| {
        let mut opts = renamed();
        opts.push(opt);
        opts
    };
    let c_lost = Some("the value of c.x could no longer be read");
    for (opts, before, after, expected) in [
        (renamed(), "[a]\nx = 1\n", "[b]\nx = 1\n", None),
        (renamed(), "[a]\nx = 1\n", "[b]\nx = 2\n", Some(CHANGED)),
        (renamed(), "[a]\nx = 1\n", "[b]\n", Some(LOST)),
        (
            renamed(),
            "[a]\nx = 1\nx = 2\n",
            "[b]\nx = 1\n",
            Some(CHANGED),
        ),
        (
            renamed(),
            "[a]\nx = 1\n[b]\nx = 2\n",
            "[b]\nx = 1\n",
            Some(CHANGED),
        ),
        (
            renamed(),
            "[a]\nx = $y\ny = 1\n",
            "[a]\ny = 1\n[b]\nx = $y\n",
            Some(CHANGED),
        ),
        (shared(), "[a]\nx = 1\n", "[b]\nx = 1\n", c_lost),
        (
            with(text("a", "x")),
            "[a]\nx = 1\n",
            "[b]\nx = 1\n",
            Some("the value of a.x could no longer be read"),
        ),
        (
            with(text("c", "x").with_deprecated("b", "x")),
            "[a]\nx = 1\n",
            "[b]\nx = 1\n",
            Some("c.x would get a value although none can be read now"),
        ),
        (
            renamed(),
            "[a]\nx = 1\n[c]\nx = 1\n",
            "[b]\nx = 1\n[c]\n",
            c_lost,
        ),
        (
            renamed(),
            "[a]\nx = 1\n[c]\nx = 1\nx = 2\n",
            "[b]\nx = 1\n[c]\nx = 2\nx = 1\n",
            Some("the value of c.x would change"),
        ),
        (
            renamed(),
            "[a]\nx = 1\n[c]\ny = $a.x\n",
            "[b]\nx = 1\n[c]\ny = $a.x\n",
            Some("the value of c.y would change"),
        ),
    ] {
        let (before, after) = ([before], [after]);
        let case = Case {
            planned: Plan::Transfer,
            ..Case::new(opts, &before, &after)
        };
        assert_eq!(case.said().as_deref(), expected, "{before:?} {after:?}");
    }
}

#[test]
fn lines_outside_of_the_view_must_be_as_before() {
    let before = ["[a]\nx = 1\n[c]\nother = 1\n"];
    let after = ["[b]\nx = 1\n[c]\nother = 2\n"];
    let case = Case::new(renamed(), &before, &after);
    let error = case.prove().unwrap_err();
    assert!(matches!(error, MigrateError::Disturbed { .. }), "{error}");
}

#[test]
fn a_rule_keeps_its_promises() {
    let lost = Some("the value of c.x could no longer be read");
    for (planned, after, expected) in [
        (Plan::Replace("2"), "[c]\nx = 2\n", None),
        (Plan::Replace("2"), "[c]\nx = 2\nx = 3\n", None),
        (Plan::Replace("2"), "[c]\nx = 3\n", lost),
        (Plan::Replace("2"), "[c]\n", lost),
        (Plan::Replace("$2"), "[c]\nx = $$2\n", None),
        (Plan::Add("2"), "[c]\nx = 2\n", None),
        (Plan::Add("2"), "[c]\nx = 2\nx = 2\n", lost),
        (Plan::Add("2"), "[c]\n", lost),
        (Plan::Remove, "[c]\n", None),
    ] {
        let after = [after];
        let case = Case {
            planned,
            by_rules: true,
            ..Case::new(vec![text("c", "x")], &["[c]\nx = 1\n"], &after)
        };
        assert_eq!(case.said().as_deref(), expected, "{after:?}");
    }
}

/// What nothing is promised of stays.
#[test]
fn a_promise_is_about_one_option() {
    let opts = || vec![text("c", "x"), text("d", "x")];
    let before = ["[c]\nx = 1\n[d]\nx = 1\n"];
    let case = |after| Case {
        planned: Plan::Replace("2"),
        by_rules: true,
        ..Case::new(opts(), &before, after)
    };
    assert_eq!(case(&["[c]\nx = 2\n[d]\nx = 1\n"]).said(), None);
    assert!(case(&["[c]\nx = 2\n[d]\nx = 2\n"]).said().is_some());
}

/// A promise is about one file.
#[test]
fn a_promise_is_kept_where_it_was_made() {
    let before = ["[c]\nx = 1\n", "[c]\nx = 2\n"];
    let case = |after| Case {
        planned: Plan::Replace("2"),
        by_rules: true,
        ..Case::new(vec![text("c", "x")], &before, after)
    };
    assert_eq!(case(&["[c]\nx = 2\n", "[c]\nx = 2\n"]).said(), None);
    assert!(case(&["[c]\nx = 3\n", "[c]\nx = 2\n"]).said().is_some());
}
