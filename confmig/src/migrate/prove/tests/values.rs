//! Values and references before and after.

use super::*;

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

/// A service that is not known may have an option in a group in capitals, whose values are in the
/// same section.
#[test]
fn a_default_tells_of_an_option_of_the_service() {
    let mut opts = renamed();
    opts.push(text("d", "v").with_default("$A.x"));
    let case = Case {
        pack: Pack::from_opts("site", opts),
        planned: Plan::Transfer,
        ..Case::new(Vec::new(), &["[a]\nx = 1\n"], &["[b]\nx = 1\n"])
    };
    let changed = Some("the value of d.v would change");
    assert_eq!(case.said().as_deref(), changed);
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

#[test]
fn lines_outside_of_the_view_must_be_as_before() {
    let before = ["[a]\nx = 1\n[c]\nother = 1\n"];
    let after = ["[b]\nx = 1\n[c]\nother = 2\n"];
    let case = Case::new(renamed(), &before, &after);
    let error = case.prove().unwrap_err();
    assert!(matches!(error, MigrateError::Disturbed { .. }), "{error}");
}
