//! What different programs read.

use super::*;

/// A reference by a former name that two options share meets, in the group of that name, an entry
/// under the key of the option that was registered last.
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

/// Whether the service has other options in the group of a former name decides what a reference to
/// that name finds: here the key of the new name, which is a former name of another option.
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

/// A service of which nothing is known may or may not have an option that only a reference names.
#[test]
fn what_only_references_name_may_be_no_option() {
    let case = |before, after| Case {
        pack: Pack::from_opts("site", vec![text("a", "w")]),
        ..Case::new(Vec::new(), before, after)
    };
    let before = ["[DEFAULT]\nz = 1\n[a]\nw = $z\n[c]\nu = $a.z\n"];
    let after = ["[DEFAULT]\nz = 1\n[a]\nw = $a.z\n[c]\nu = $a.z\n"];
    let said = case(&before, &after).said();
    assert_eq!(said.as_deref(), Some("the value of a.w would change"));
    let after = ["[DEFAULT]\nz = 1\n\n[a]\nw = $z\n[c]\nu = $a.z\n"];
    assert_eq!(case(&before, &after).said(), None);
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

/// A legacy program reads a reference in the group of the former name, an updated one in that of
/// the current name. Where both find a value, only the operator knows which one was meant. Rules
/// say which: there is one program, and it knows the old name.
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

/// An option may be found by a former name that was declared, also for a reference; not by the old
/// name of a rule, whatever else refers to that name.
#[test]
fn no_program_finds_an_option_by_the_old_name_of_a_rule() {
    let opts = || vec![text("DEFAULT", "k").with_deprecated("DEFAULT", "y")];
    let before = ["[DEFAULT]\ny = 1\n[a]\nw = $y\nz = ${a.y}\n"];
    let after = ["[DEFAULT]\nk = 1\n[a]\nw = $y\nz = ${a.y}\n"];
    for (by_rules, expected) in [(false, None), (true, Some("the value of a.w would change"))] {
        let case = Case {
            pack: Pack::from_opts("site", opts()),
            by_rules,
            ..Case::new(Vec::new(), &before, &after)
        };
        assert_eq!(case.said().as_deref(), expected, "{by_rules}");
    }
}

/// That holds for references of an option that has a former name of its own, too.
#[test]
fn an_option_under_its_current_name_is_read_without_the_old_names_of_rules() {
    let opts = || {
        let ruled = text("e", "y").with_deprecated("c", "x");
        vec![ruled, text("b", "x").with_deprecated("a", "x")]
    };
    let before = ["[b]\nx = ${e.y}\n[c]\nx = 1\n"];
    let after = ["[b]\nx = ${e.y}\n[e]\ny = 1\n"];
    for (by_rules, expected) in [(false, None), (true, Some(CHANGED))] {
        let case = Case {
            by_rules,
            ..Case::new(opts(), &before, &after)
        };
        assert_eq!(case.said().as_deref(), expected, "{by_rules}");
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
