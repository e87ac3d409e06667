//! Plain renamings, and what rules promise.

use super::*;

/// Asserts what is said when `[a] x` is planned to become `[b] x`.
#[track_caller]
fn renaming_says(opts: Vec<Opt>, before: &str, after: &str, expected: Option<&str>) {
    let (before, after) = ([before], [after]);
    let case = Case {
        planned: Plan::Transfer,
        ..Case::new(opts, &before, &after)
    };
    assert_eq!(case.said().as_deref(), expected, "{before:?} {after:?}");
}

/// A plain renaming has a proof of its own, which is as strict.
#[test]
fn a_plain_renaming_keeps_all_values() {
    let lost = Some("the value of c.x could no longer be read");
    let changed = Some("the value of c.x would change");
    let refers = Some("the value of c.y would change");
    for (before, after, expected) in [
        ("[a]\nx = 1\n", "[b]\nx = 1\n", None),
        ("[a]\nx = 1\n", "[b]\nx = 2\n", Some(CHANGED)),
        ("[a]\nx = 1\n", "[b]\n", Some(LOST)),
        ("[a]\nx = 1\nx = 2\n", "[b]\nx = 1\n", Some(CHANGED)),
        ("[a]\nx = 1\n[b]\nx = 2\n", "[b]\nx = 1\n", Some(CHANGED)),
        (
            "[a]\nx = $y\ny = 1\n",
            "[a]\ny = 1\n[b]\nx = $y\n",
            Some(CHANGED),
        ),
        ("[a]\nx = 1\n[c]\nx = 1\n", "[b]\nx = 1\n[c]\n", lost),
        (
            "[a]\nx = 1\n[c]\nx = 1\nx = 2\n",
            "[b]\nx = 1\n[c]\nx = 2\nx = 1\n",
            changed,
        ),
        (
            "[a]\nx = 1\n[c]\ny = $a.x\n",
            "[b]\nx = 1\n[c]\ny = $a.x\n",
            refers,
        ),
    ] {
        renaming_says(renamed(), before, after, expected);
    }
}

/// A renaming is not plain when another option reads the old name or the new one.
#[test]
fn a_plain_renaming_concerns_one_option() {
    for (other, expected) in [
        (
            text("c", "x").with_deprecated("a", "x"),
            "the value of c.x could no longer be read",
        ),
        (text("a", "x"), "the value of a.x could no longer be read"),
        (
            text("c", "x").with_deprecated("b", "x"),
            "c.x would get a value although none can be read now",
        ),
    ] {
        let opts = [renamed(), vec![other]].concat();
        renaming_says(opts, "[a]\nx = 1\n", "[b]\nx = 1\n", Some(expected));
    }
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
