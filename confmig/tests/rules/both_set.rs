//! Which value counts when both the old and the new option are set, and what `--keep-old` keeps.

use confmig::migrate::Settings;

use super::support::{URL, keep_old, leaves, makes, pack, rename, run, texts};

#[test]
fn the_target_or_the_source_wins_or_either() {
    let rule = |wins: &str| {
        format!(
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"{wins}\"\n\
             rename = [{{ from = \"a.x\", to = \"b.x\" }}]\n"
        )
    };
    let before = "[a]\nx = True\n[b]\nx = False\n";
    makes(&rule("target"), before, "[b]\nx = False\n");
    makes(&rule("source"), before, "[b]\nx = True\n");
    makes(&rule("either"), before, "[b]\nx = True\n");
    leaves(&rule("decide"), &[before], "both set and differ");
    leaves(
        &rule("either"),
        &["[a]\nx = one\n[b]\nx = two\n"],
        "neither true nor false",
    );
    makes(
        &rule("either"),
        "[a]\nx = one\n[b]\nx = one\n",
        "[b]\nx = one\n",
    );
}

/// Without a definition of the option, `1` may be a number or a boolean.
#[test]
fn only_switches_have_values_that_are_written_in_several_ways() {
    let rule = |option: &str| {
        format!(
            "{option}[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"decide\"\n\
             rename = [{{ from = \"a.x\", to = \"b.x\" }}]\n"
        )
    };
    let before = "[a]\nx = 1\n[b]\nx = True\n";
    let switch = "[[option]]\ngroup = \"b\"\nname = \"x\"\ntype = \"bool\"\n";
    makes(&rule(switch), before, "[b]\nx = True\n");
    leaves(&rule(""), &[before], "both set and differ");
}

/// Of several files with the source, the last one that also has the target keeps its own value.
#[test]
fn a_source_in_several_files_changes_the_target_once() {
    let rule = pack(
        "[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"source\"\ntake = []\n\
         part.p = { option = \"a.x\" }\nset = [{ option = \"a.y\", value = \"{p}\" }]\n",
    );
    let (first, settings) = ("[a]\nx = one\n", Settings::default());
    let made = run(&rule, &[first, "[a]\nx = two\ny = one\n"], &settings);
    assert_eq!(made.files[0].after, first);
    assert_eq!(made.files[1].after, "[a]\nx = two\ny = two\n");
    assert_eq!(made.files[1].changes.len(), 1);
    let after = made.files[1].after.to_string();
    assert!(run(&rule, &[first, &after], &settings).is_empty());
}

/// The service may register an option that the files only refer to. If it does, `${y}` is not
/// looked up in `[DEFAULT]`.
#[test]
fn a_reference_to_what_may_be_registered_makes_values_differ() {
    let rule = "[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"decide\"\n\
                rename = [{ from = \"b.z\", to = \"a.y\" }]\n";
    let before = "[DEFAULT]\ny =\n[a]\ny =\n[b]\ny = ${x}\nz = ${y}\n";
    leaves(rule, &[before], "both set and differ");
}

/// A reference that finds an option of its own group gets that group.
#[test]
fn a_reference_within_a_group_is_requalified() {
    let option = "[[option]]\ngroup = \"b\"\nname = \"x\"\ntype = \"str\"\n\
                  [[option.former]]\ngroup = \"a\"\nname = \"x\"\nwhy = \"renamed\"\n";
    makes(
        option,
        "[a]\nx = $y\ny = 1\n",
        "[a]\ny = 1\n\n[b]\nx = $a.y\n",
    );
}

/// With both names kept, values are only added.
#[test]
fn old_names_can_stay() {
    let settings = keep_old();
    let made = run(&pack(URL), &["[auth]\nhost = 192.0.2.1\n"], &settings);
    assert_eq!(
        made.files[0].after,
        "[auth]\nhost = 192.0.2.1\nurl = https://192.0.2.1:5000\n"
    );
    let made = run(&pack(URL), &[&made.files[0].after.to_string()], &settings);
    assert!(made.is_empty());
}

/// With both names kept, replacing a value is left to the operator, and nothing is removed.
#[test]
fn old_values_are_not_replaced() {
    let settings = keep_old();
    let rename = "rename = [{ from = \"a.x\", to = \"a.y\" }]";
    for (form, before, decided) in [
        (
            format!("{rename}\nif_target_set = \"source\""),
            "[a]\nx = 1\ny = 2\n",
            true,
        ),
        (
            format!("{rename}\nif_target_set = \"either\""),
            "[a]\nx = on\ny = off\n",
            true,
        ),
        (
            format!("{rename}\nif_target_set = \"either\""),
            "[a]\nx = off\ny = on\n",
            false,
        ),
        (
            format!("{rename}\nif_target_set = \"decide\""),
            "[a]\nx = 1\ny = 2\n",
            true,
        ),
        (
            format!("{rename}\nif_target_set = \"target\""),
            "[a]\nx = 1\ny = 2\n",
            false,
        ),
        (
            "items = { options = [\"a.x\"], replace = { old = \"new\" } }".into(),
            "[a]\nx = old\n",
            true,
        ),
        (
            "part.v = { option = \"a.x\" }\n\
             set = [{ option = \"a.y\", value = \"{v}\", if_set = \"source\" }]"
                .into(),
            "[a]\nx = 1\ny = 2\n",
            true,
        ),
        (
            "remove = { options = [\"a.x\"] }".into(),
            "[a]\nx = 1\n",
            false,
        ),
    ] {
        let rule = format!("[[rule]]\nid = \"r\"\nwhy = \"w\"\n{form}\n");
        let made = run(&pack(&rule), &[before], &settings);
        assert_eq!(made.files[0].after, before, "{rule}");
        let reasons: Vec<_> = made
            .decisions
            .iter()
            .map(|decision| &decision.reason)
            .collect();
        assert_eq!(!reasons.is_empty(), decided, "{rule}{before}{reasons:?}");
    }
}

#[test]
fn a_renaming_with_old_names_kept_adds_a_copy() {
    let settings = keep_old();
    let rule = "[[rule]]\nid = \"r\"\nwhy = \"w\"\nrename = [{ from = \"a.x\", to = \"a.y\" }]\n";
    let made = run(&pack(rule), &["[a]\nx = 1\n"], &settings);
    assert_eq!(made.files[0].after, "[a]\nx = 1\ny = 1\n");
}

/// As oslo.config reads a deprecated name: the last file counts, whichever of the names it has.
#[test]
fn the_last_file_counts() {
    let rename = "rename = [{ from = \"a.x\", to = \"a.y\" }]";
    let set =
        "part.v = { option = \"a.x\" }\nset = [{ option = \"a.y\", value = \"{v}\" }]\ntake = []";
    let (x1, y1, x2, y2) = (
        "[a]\nx = 1\n",
        "[a]\ny = 1\n",
        "[a]\nx = 2\n",
        "[a]\ny = 2\n",
    );
    let both = "[a]\nx = 1\ny = 2\n";
    for (form, before, after) in [
        (rename, [both, ""], [y2, ""]),
        (rename, [x1, y2], [y1, y2]),
        (rename, [y1, x2], [y1, y2]),
        (set, [both, ""], [both, ""]),
        (set, [x1, y2], [x1, y2]),
        (set, [y1, x2], [y1, "[a]\nx = 2\ny = 2\n"]),
    ] {
        let rule = format!("[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"last\"\n{form}\n");
        let made = run(&pack(&rule), &before, &Settings::default());
        let texts = texts(&made);
        assert_eq!(texts, after, "{form}: {before:?}");
    }
}

/// The value of each file goes into its own entry, which a second run finds.
#[test]
fn a_source_that_stays_in_several_files_wins_in_each() {
    let rule = "[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"source\"\ntake = []\n\
                part.v = { option = \"a.x\" }\nset = [{ option = \"b.x\", value = \"{v}!\" }]\n";
    let made = run(
        &pack(rule),
        &["[a]\nx = 1\n", "[a]\nx = 2\n"],
        &Settings::default(),
    );
    let after = texts(&made);
    assert_eq!(
        after,
        ["[a]\nx = 1\n\n[b]\nx = 1!\n", "[a]\nx = 2\n\n[b]\nx = 2!\n"]
    );
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    assert!(run(&pack(rule), &after, &Settings::default()).is_empty());
}

/// A later file does not change the value that an earlier one has from its own source.
#[test]
fn a_source_in_a_later_file_leaves_the_value_of_an_earlier_one() {
    let rule = pack(
        "[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"source\"\ntake = []\n\
         part.p = { option = \"a.x\" }\nset = [{ option = \"a.y\", value = \"{p}\" }]\n",
    );
    let settings = Settings::default();
    let made = run(
        &rule,
        &["[a]\nx = one\ny = two\n", "[a]\nx = two\n"],
        &settings,
    );
    let after = texts(&made);
    assert_eq!(
        after,
        ["[a]\nx = one\ny = one\n", "[a]\nx = two\ny = two\n"]
    );
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    assert!(run(&rule, &after, &settings).is_empty());
}

/// A reference by a former name first finds the current key in the group of that name: here, a
/// former name of another option.
#[test]
fn a_move_from_where_a_reference_finds_it_is_left_to_decide() {
    let host = option("DEFAULT", "host", &[("b", "y")]);
    let other = option("c", "y", &[("b", "my_ip"), ("d", "u")]);
    leaves(
        &format!("{host}{other}"),
        &["[a]\nu = http://${b.my_ip}/\n[b]\ny = server1\n[d]\nu = other\n"],
        "the value of a.u would change",
    );
}

/// An entry that a reference finds by a former name stays, although a rule renames it.
#[test]
fn an_entry_where_a_reference_finds_it_is_copied() {
    let other = option("c", "y", &[("a", "z")]);
    let plain = option("a", "y", &[]);
    let rule = rename("r", "a.y", "DEFAULT.y");
    let rules = pack(&format!("{other}{plain}{rule}"));
    let before = "[a]\nz = ${a.z}\ny = one\n";
    let made = run(&rules, &[before], &Settings::default());
    assert_eq!(texts(&made), [format!("{before}\n[DEFAULT]\ny = one\n")]);
    let mut reasons = made.decisions.iter().map(|decision| &decision.reason);
    assert!(reasons.all(|reason| reason.contains("the value of c.y would change")));
    assert_eq!(made.decisions.len(), 2);
}

/// A rule does not decide what an ambiguous reference means.
#[test]
fn a_reference_in_a_value_that_is_left_to_decide_does_not_follow() {
    let multi = option("a", "y", &[]) + "multi = true\n";
    let refers = option("b", "y", &[("DEFAULT", "x")]);
    let rule = rename("r", "DEFAULT.z", "a.y");
    leaves(
        &format!("{multi}{refers}{rule}"),
        &["[b]\nz = one\n[DEFAULT]\nx = ${z}\nz = two\n"],
        "its value refers to $z, which is [DEFAULT] z for a program that knows DEFAULT.x",
    );
}

/// Returns an option with its former names, as a pack spells it.
fn option(group: &str, name: &str, former: &[(&str, &str)]) -> String {
    let names = former.iter().map(|(group, name)| {
        format!("[[option.former]]\ngroup = \"{group}\"\nname = \"{name}\"\nwhy = \"w\"\n")
    });
    let names: String = names.collect();
    format!("[[option]]\ngroup = \"{group}\"\nname = \"{name}\"\ntype = \"str\"\n{names}")
}
