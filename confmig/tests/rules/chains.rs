//! Rules that trigger each other: one run reaches the end, or the rule file is refused.

use confmig::migrate::Settings;
use confmig::pack::Pack;

use super::support::{keep_old, leaves, makes, pack, rename, rule, run, texts};

/// Returns a rule that sets `to` to the value of `from` and removes `from`.
fn copied(id: &str, from: &str, to: &str) -> String {
    rule(
        id,
        &format!(
            "part.v = {{ option = \"{from}\" }}\nset = [{{ option = \"{to}\", value = \"{{v}}\" }}]"
        ),
    )
}

fn option(name: &str, former: &str) -> String {
    format!(
        "[[option]]\ngroup = \"g\"\nname = \"{name}\"\ntype = \"str\"\n\
         [[option.former]]\ngroup = \"g\"\nname = \"{former}\"\nwhy = \"w\"\n\
                                      id = \"{former}-{name}\"\n"
    )
}

/// Returns a text after two runs that keep the old names, each of which leaves these options.
#[track_caller]
fn after_two_runs(pack: &Pack, text: &str, left: &[&str]) -> String {
    let mut text = text.to_owned();
    for _ in 0..2 {
        let migration = run(pack, &[&text], &keep_old());
        let decisions = migration.decisions.iter();
        let options: Vec<String> = decisions.map(|left| left.option.to_string()).collect();
        assert_eq!(options, left, "{migration:?}");
        text = migration.files[0].after.to_string();
    }
    text
}

/// `${a.y}` tells that `[a]` may have an option `y`, which `$y` would mean there.
#[test]
fn an_option_that_a_reference_may_or_may_not_mean_keeps_its_name() {
    let rules = rename("r", "DEFAULT.y", "DEFAULT.k");
    let before = "[DEFAULT]\ny = 1\n[a]\nw = $y\nz = ${a.y}\n";
    leaves(&rules, &[before], "the value of a.w would change");
}

#[test]
fn a_chain_of_renamings_is_followed_to_its_end() {
    let chain = [
        rename("r0", "g.a", "g.b"),
        rename("r1", "g.b", "g.c"),
        rename("r2", "g.c", "h.d"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let rules = order.map(|at| chain[at].as_str()).concat();
        for (before, after) in [
            ("[g]\na = 1\n", "[h]\nd = 1\n"),
            ("[g]\nb = 1\n", "[h]\nd = 1\n"),
            // The target keeps its value in each step.
            ("[g]\na = 1\nb = 2\n", "[h]\nd = 2\n"),
            ("[g]\na = 1\nc = 3\n", "[h]\nd = 3\n"),
            ("[g]\na = 1\n[h]\nd = 4\n", "[h]\nd = 4\n"),
            ("[g]\na = 1\nx = $a\n", "[g]\nx = $h.d\n\n[h]\nd = 1\n"),
        ] {
            makes(&rules, before, after);
        }
    }
    let made = run(
        &pack(&chain.concat()),
        &["[g]\na = 1\n"],
        &Settings::default(),
    );
    assert_eq!(made.files[0].changes[0].rule, "r0");
}

/// The value that counts does not depend on the files in which the names are set.
#[test]
fn each_link_of_a_chain_keeps_its_policy() {
    let files = ["[g]\nb = 2\n", "[g]\na = 1\n"];
    for (policy, value) in [("target", "2"), ("source", "1"), ("last", "1")] {
        let first = rename("r0", "g.a", "g.b");
        let rules = format!(
            "{first}if_target_set = \"{policy}\"\n{}",
            rename("r1", "g.b", "g.c")
        );
        let pack = pack(&rules);
        let made = run(&pack, &files, &Settings::default());
        let texts = texts(&made);
        assert!(
            texts.concat().contains(&format!("c = {value}")),
            "{policy}: {texts:?}"
        );
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(
            run(&pack, &texts, &Settings::default()).is_empty(),
            "{policy}: {texts:?}"
        );
    }
}

/// A rule makes its value again, from a reference that may find an option or not.
#[test]
fn a_second_run_that_keeps_the_old_names_decides_nothing_more() {
    let settings = keep_old();
    let set = "part.p = { option = \"g.a\", values = { one = \"1\" }, otherwise = \"keep\" }\n\
               set = [{ option = \"g.b\", value = \"${h.x}{p}\" }]\n";
    let pack = pack(&(rule("r0", set) + &rename("r1", "g.b", "h.c")));
    let first = run(&pack, &["[g]\na = one\n"], &settings);
    let made = first.files[0].after.to_string();
    assert_eq!(made, "[g]\na = one\n\n[h]\nc = ${h.x}1\n");
    let second = run(&pack, &[&made], &settings);
    assert!(
        second.is_empty() && second.decisions.is_empty(),
        "{second:?}"
    );
}

/// The second run finds `[DEFAULT] x`, to which `${x}` in the copy follows, as in the first.
#[test]
fn references_follow_to_an_option_that_is_copied_already() {
    let chain = rename("r0", "c.y", "a.z") + &rename("r1", "a.z", "c.z");
    let pack = pack(&(chain + &rename("r2", "c.x", "DEFAULT.x")));
    let text = after_two_runs(&pack, "[c]\nx = one\ny = ${x}\n", &["c.z"]);
    assert_eq!(text, "[c]\nx = one\ny = ${x}\n\n[DEFAULT]\nx = one\n");
}

/// By the former name `b.z`, a reference finds `[b] x` once that is set.
#[test]
fn a_copy_may_give_a_reference_that_stays_another_meaning() {
    let option = |group: &str, former: &str, name: &str| {
        format!(
            "[[option]]\ngroup = \"{group}\"\nname = \"x\"\ntype = \"str\"\n[[option.former]]\n\
             group = \"{former}\"\nname = \"{name}\"\nwhy = \"w\"\n"
        )
    };
    let options = option("DEFAULT", "c", "z") + &option("c", "b", "z");
    for policy in ["target", "source"] {
        let rule = rename("r", "DEFAULT.x", "b.x") + &format!("if_target_set = \"{policy}\"\n");
        let pack = pack(&(options.clone() + &rule));
        let old = "[c]\nz = http://${b.z}/\n";
        let copied = format!("{old}\n[b]\nx = http://${{c.x}}/\n");
        for text in [old, &copied] {
            let migration = run(&pack, &[text], &keep_old());
            assert!(migration.decisions.is_empty(), "{migration:?}");
            assert_eq!(migration.files[0].after, copied, "{policy}");
        }
        // Another value is no copy.
        let other = format!("{old}\n[b]\nx = other\n");
        let migration = run(&pack, &[&other], &keep_old());
        assert_eq!(migration.files[0].after, other);
        assert_eq!(migration.decisions.is_empty(), policy == "target");
    }
}

/// No program reads the value in the group of the name between, where `$z` would be `[DEFAULT] z`.
#[test]
fn a_reference_keeps_its_meaning_along_a_chain() {
    let settings = keep_old();
    let target = "if_target_set = \"target\"\n";
    let rules = rename("r0", "a.y", "c.x") + target + &rename("r1", "c.x", "DEFAULT.z") + target;
    let pack = pack(&rules);
    for unknown in ["", "$nowhere/"] {
        let text = format!("[a]\nz = one\ny = {unknown}${{z}}\n");
        let first = run(&pack, &[&text], &settings);
        let made = first.files[0].after.to_string();
        let added = format!("\n[DEFAULT]\nz = {unknown}${{a.z}}\n");
        assert_eq!(made, text + &added);
        let second = run(&pack, &[&made], &settings);
        assert!(
            second.is_empty() && second.decisions.is_empty(),
            "{second:?}"
        );
    }
}

/// In `[a]`, `${y}` would be the option itself.
#[test]
fn a_decision_in_the_middle_of_a_chain_stays() {
    let pack = pack(&(rename("r0", "b.x", "DEFAULT.x") + &rename("r1", "DEFAULT.x", "a.y")));
    let text = after_two_runs(&pack, "[DEFAULT]\ny = one\n[b]\nx = ${y}\n", &["a.y"]);
    assert_eq!(text, "[DEFAULT]\ny = one\nx = ${y}\n[b]\nx = ${y}\n");
}

/// `${c.y}` is the default of `[a] z`: oslo.config reads it as `[c] z`, which is not set.
#[test]
fn a_reference_to_a_default_does_not_follow() {
    let option = |group: &str, name: &str, former: &str| {
        format!(
            "[[option]]\ngroup = \"{group}\"\nname = \"{name}\"\ntype = \"str\"\n\
             default = \"standard\"\n[[option.former]]\ngroup = \"{former}\"\nname = \"y\"\n\
             why = \"w\"\n"
        )
    };
    let rules = option("a", "z", "c") + &option("b", "z", "a") + &rename("r", "b.y", "a.y");
    let text = "[a]\nz =\n[c]\nx = ${c.y}\n[b]\ny = one\n";
    let migration = run(&pack(&rules), &[text], &Settings::default());
    let after = migration.files[0].after.to_string();
    assert!(after.contains("x = ${c.y}\n"), "{after}");
    assert!(
        migration
            .decisions
            .iter()
            .any(|it| it.option.to_string() == "a.z")
    );
}

/// What was copied along a chain is no second value to choose from.
#[test]
fn a_copy_along_a_chain_needs_no_decision() {
    let either = "if_target_set = \"either\"\n";
    let rules = rename("r0", "g.a", "g.b") + &rename("r1", "g.b", "g.c") + either;
    // A rule that changes something else lets the others be followed once more.
    let pack = pack(&(rules + &rename("r2", "h.a", "h.b")));
    let text = after_two_runs(&pack, "[g]\na = one\n[h]\na = one\n", &[]);
    assert_eq!(text, "[g]\na = one\nc = one\n[h]\na = one\nb = one\n");
}

#[test]
fn a_renaming_to_a_former_name_reaches_the_option() {
    let rules = rename("r0", "g.a", "g.b") + &option("c", "b");
    makes(&rules, "[g]\na = 1\n", "[g]\nc = 1\n");
    let section = "in = { having = \"kind\" }\n";
    let rules = rule(
        "r0",
        &format!("{section}rename = [{{ from = \"{{section}}.a\", to = \"{{section}}.b\" }}]"),
    ) + &rule(
        "r1",
        &format!("{section}rename = [{{ from = \"{{section}}.b\", to = \"{{section}}.c\" }}]"),
    );
    makes(&rules, "[g]\nkind = 1\na = 1\n", "[g]\nkind = 1\nc = 1\n");
}

/// Returns a rule that renames an option in several sections.
fn in_sections(id: &str, sections: &str, from: &str, to: &str) -> String {
    let rename = format!("in = {sections}\nrename = [{{ from = \"{from}\", to = \"{to}\" }}]");
    rule(id, &rename)
}

/// Asserts that rules are refused with a message.
#[track_caller]
fn refused(rules: &str, message: &str) {
    let text = format!("name = \"site\"\nsummary = \"ours\"\n{rules}");
    let error = Pack::parse(&text, "site.toml").unwrap_err().to_string();
    assert!(
        error.contains(message) && error.contains("site.toml"),
        "{message}: {error}"
    );
}

#[test]
fn a_circle_is_refused() {
    let set = |from: &str, to: &str| {
        let set = format!(
            "part.v = {{ option = \"{from}\" }}\nset = [{{ option = \"{to}\", value = \"{{v}}\" }}]"
        );
        rule("r1", &format!("{set}\ntake = []"))
    };
    for (rules, message) in [
        (
            rename("r0", "g.a", "g.b") + &rename("r1", "g.b", "g.a"),
            "the rules r0 and r1 run in a circle (g.a -> g.b -> g.a)",
        ),
        (
            rename("r0", "g.a", "g.b") + &rename("r1", "g.b", "h.c") + &rename("r2", "h.c", "g.a"),
            "the rules r0 and r1 and r2 run in a circle",
        ),
        (
            rule(
                "r0",
                "rename = [{ from = \"g.a\", to = \"g.b\" }, { from = \"g.b\", to = \"g.a\" }]",
            ),
            "the rule r0 runs in a circle",
        ),
        (
            copied("r0", "g.a", "g.b") + &rename("r1", "g.b", "g.a"),
            "the rules r0 and r1 run in a circle",
        ),
        (
            option("b", "a") + &rename("r1", "g.b", "g.a"),
            "the rules a-b and r1 run in a circle",
        ),
        (
            set("g.a", "g.b") + &rename("r0", "g.b", "g.c"),
            "the rule r1 sets g.b again whenever the rule r0 has removed it",
        ),
    ] {
        refused(&rules, message);
    }
}

#[test]
fn a_circle_in_sections_is_refused() {
    for (rules, message) in [
        (
            in_sections("r0", "[\"g\", \"h\"]", "{section}.a", "{section}.b")
                + &rename("r1", "h.b", "h.a"),
            "the rules r0 and r1 run in a circle (h.a -> h.b -> h.a)",
        ),
        (
            in_sections("r0", "{ having = \"k\" }", "{section}.a", "DEFAULT.b")
                + &rename("r1", "DEFAULT.b", "x.a"),
            "(DEFAULT.b -> x.a -> DEFAULT.b)",
        ),
        (
            in_sections("r0", "{ having = \"k\" }", "{section}.a", "{section}.b")
                + &in_sections("r1", "{ having = \"l\" }", "{section}.b", "{section}.a"),
            "the rules r0 and r1 run in a circle",
        ),
        (
            in_sections("r0", "{ having = \"k\" }", "{section}.a", "{section}.b")
                + &in_sections("r1", "[\"g\"]", "{section}.b", "{section}.a"),
            "the rules r0 and r1 run in a circle",
        ),
    ] {
        refused(&rules, message);
    }
    // Moving an option from each section to one of them is not a circle.
    let moved = in_sections("r0", "{ having = \"k\" }", "{section}.a", "x.a");
    makes(&moved, "[x]\nk = 1\na = 1\n", "[x]\nk = 1\na = 1\n");
}

#[test]
fn packs_that_run_in_a_circle_together_are_not_joined() {
    let parts = [
        rename("r0", "g.a", "g.b"),
        rename("r1", "g.b", "g.a"),
        option("b", "a"),
    ];
    for (one, other) in [(0, 1), (1, 2)] {
        let packs = [one, other].map(|at| pack(&parts[at]));
        let error = Pack::join(packs.into()).unwrap_err().to_string();
        assert!(error.contains("run in a circle"), "{error}");
    }
}
