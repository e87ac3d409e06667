//! Rules of one's own, form by form: what they do, when they wait, and what is said of wrong ones.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use confmig::migrate::{Migration, Settings, migrate};
use confmig::pack::Pack;
use oslo_config::SourceFile;

fn pack(rules: &str) -> Pack {
    let text = format!("name = \"site\"\nsummary = \"ours\"\n{rules}");
    Pack::parse(&text, "site.toml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn run(pack: &Pack, files: &[&str], settings: &Settings) -> Migration {
    let files: Vec<SourceFile> = files
        .iter()
        .enumerate()
        .map(|(at, text)| SourceFile {
            path: format!("{at}.conf").into(),
            text: (*text).into(),
        })
        .collect();
    let parsed: Vec<_> = files.iter().map(|file| file.parse().unwrap()).collect();
    migrate(&parsed, pack, settings).unwrap()
}

/// The rules make this of a text, and nothing more when run again.
#[track_caller]
fn makes(rules: &str, before: &str, after: &str) {
    let pack = pack(rules);
    let made = run(&pack, &[before], &Settings::default());
    let said: Vec<&str> = made
        .decisions
        .iter()
        .map(|decision| decision.reason.as_str())
        .collect();
    assert_eq!(made.files[0].after, after, "{said:?}");
    assert!(said.is_empty(), "{said:?}");
    let again = run(&pack, &[after], &Settings::default());
    assert!(
        again.is_empty(),
        "a second run makes {}",
        again.files[0].after
    );
}

/// The rules leave the files, and say this.
#[track_caller]
fn leaves(rules: &str, before: &[&str], said: &str) {
    let made = run(&pack(rules), before, &Settings::default());
    for (file, before) in made.files.iter().zip(before) {
        assert_eq!(file.after, **before);
    }
    let reasons: Vec<&str> = made
        .decisions
        .iter()
        .map(|decision| decision.reason.as_str())
        .collect();
    assert!(
        reasons.iter().any(|reason| reason.contains(said)),
        "{reasons:?}"
    );
}

const RENAME: &str = r#"
[[rule]]
id = "moved"
why = "options of one service stand in one section"
rename = [{ from = "DEFAULT.api_host", to = "api.host" }, { from = "DEFAULT.api_port", to = "api.port" }]
"#;

#[test]
fn options_are_renamed() {
    makes(
        RENAME,
        "[DEFAULT]\n# Ours.\napi_host = 192.0.2.1\nx = $api_host\n",
        "[DEFAULT]\nx = $api.host\n\n[api]\n# Ours.\nhost = 192.0.2.1\n",
    );
    makes(
        RENAME,
        "[DEFAULT]\napi_port = 1\n[api]\nport = 2\n",
        "[api]\nport = 2\n",
    );
}

#[test]
fn the_target_or_the_source_wins_or_either() {
    let rule = |wins: &str| {
        format!(
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nif_target_set = \"{wins}\"\nrename = [{{ from = \"a.x\", to = \"b.x\" }}]\n"
        )
    };
    let before = "[a]\nx = True\n[b]\nx = False\n";
    makes(&rule("target"), before, "[b]\nx = False\n");
    makes(&rule("source"), before, "[b]\nx = True\n");
    makes(&rule("either"), before, "[b]\nx = True\n");
    leaves(&rule("decide"), &[before], "both set, and differ");
}

#[test]
fn values_become_others() {
    let convert = |part: &str| {
        format!(
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.v = {{ option = \"a.old\", {part} }}\nset = [{{ option = \"a.new\", value = \"{{v}}\" }}]\n"
        )
    };
    for (part, old, new) in [
        ("invert = true", "yes", "False"),
        ("factor = 60", "5", "300"),
        ("factor = 0.001", "1500", "1.5"),
        (
            "values = { fast = \"high\", slow = \"low\" }",
            "slow",
            "low",
        ),
        (
            "values = { fast = \"high\" }, otherwise = \"keep\"",
            "medium",
            "medium",
        ),
        (
            "url = \"host\"",
            "https://u:p@192.0.2.1:8080/x",
            "192.0.2.1",
        ),
        (
            "url = \"password\"",
            "https://u:p%40@192.0.2.1:8080/x",
            "p@",
        ),
        (
            "suffix = { from = \".json\", to = \".yaml\" }",
            "/etc/p.json",
            "/etc/p.yaml",
        ),
        (
            "list = true, values = { one = \"1\" }, otherwise = \"keep\", without = [\"gone\"]",
            "one, two,gone",
            "1,two",
        ),
        ("list = true, split = \" \"", "a  b c", "a,b,c"),
        ("list = true, join = \" \"", "a, b", "a b"),
        ("host_port = \"80\"", "2001:db8::1", "[2001:db8::1]:80"),
        ("scheme = \"http\"", "192.0.2.1:80", "http://192.0.2.1:80"),
        ("encode = true", "p@ss", "p%40ss"),
        ("list = true, single = true", "one,", "one"),
        ("encode = true", "a$$b", "a%24b"),
    ] {
        makes(
            &convert(part),
            &format!("[a]\nold={old}\n"),
            &format!("[a]\nnew={new}\n"),
        );
    }
    for (part, old, said) in [
        ("invert = true", "maybe", "neither true nor false"),
        ("factor = 60", "soon", "no number"),
        ("values = { fast = \"high\" }", "slow", "does not tell"),
        (
            "url = \"port\"",
            "http://192.0.2.1/",
            "no URL with that part",
        ),
        (
            "list = true, single = true",
            "one,two",
            "only one can be kept",
        ),
        ("factor = 60", "$other", "has references"),
    ] {
        leaves(
            &convert(part),
            &[&format!("[a]\nold={old}\n[DEFAULT]\nother = 1\n")],
            said,
        );
    }
}

const URL: &str = r#"
[[rule]]
id = "one-url"
why = "one URL"
part.scheme = { option = "auth.protocol", default = "https" }
part.host = { option = "auth.host", host_port = "{port}" }
part.port = { option = "auth.port", default = "5000" }
set = [{ option = "auth.url", value = "{scheme}://{host}" }]
"#;

#[test]
fn several_options_become_one() {
    makes(
        URL,
        "[auth]\n# Where.\nhost = 192.0.2.1\n# Its port.\nport = 35357\nuser = x\n",
        "[auth]\n# Where.\n# Its port.\nurl = https://192.0.2.1:35357\nuser = x\n",
    );
    makes(
        URL,
        "[auth]\nhost = $ip\n[DEFAULT]\nip = 192.0.2.1\n",
        "[auth]\nurl = https://$ip:5000\n[DEFAULT]\nip = 192.0.2.1\n",
    );
    leaves(URL, &["[auth]\nport = 35357\n"], "auth.host is not set");
    leaves(
        URL,
        &["[auth]\nhost = 192.0.2.1\n", "[auth]\nport = 35357\n"],
        "several files",
    );
}

#[test]
fn one_option_becomes_several_in_each_file() {
    let rule = r#"
[[rule]]
id = "split"
why = "two times"
part.v = { option = "a.timeout" }
set = [{ option = "a.connect_timeout", value = "{v}" }, { option = "b.read_timeout", value = "{v}" }]
"#;
    makes(
        rule,
        "[a]\ntimeout = 5\n",
        "[a]\nconnect_timeout = 5\n\n[b]\nread_timeout = 5\n",
    );
    let made = run(
        &pack(rule),
        &["[a]\ntimeout = 5\n", "[a]\ntimeout = 6\n"],
        &Settings::default(),
    );
    assert_eq!(
        made.files[0].after,
        "[a]\nconnect_timeout = 5\n\n[b]\nread_timeout = 5\n"
    );
    assert_eq!(
        made.files[1].after,
        "[a]\nconnect_timeout = 6\n\n[b]\nread_timeout = 6\n"
    );
}

#[test]
fn another_option_chooses_and_lists_grow() {
    let rule = r#"
[[rule]]
id = "backend"
why = "backends are listed"
part.backend = { option = "DEFAULT.backend", values = { x = "lvm" } }
set = [{ option = "DEFAULT.enabled_backends", value = "{backend}", append = true }]
"#;
    makes(
        rule,
        "[DEFAULT]\nbackend = x\nenabled_backends = nfs, ceph\n",
        "[DEFAULT]\nenabled_backends = nfs, ceph, lvm\n",
    );
    makes(
        rule,
        "[DEFAULT]\nbackend = x\nenabled_backends = lvm\n",
        "[DEFAULT]\nenabled_backends = lvm\n",
    );
    leaves(
        rule,
        &["[DEFAULT]\nbackend = x\n"],
        "its default is not known here",
    );
}

#[test]
fn rules_hold_in_sections_that_an_option_names() {
    let rule = r#"
[[rule]]
id = "backends"
why = "named otherwise"
in = { named_by = "DEFAULT.enabled_backends" }
rename = [{ from = "{section}.volume_group", to = "{section}.lvm_group" }]
"#;
    makes(
        rule,
        "[DEFAULT]\nenabled_backends = one,Two\n[one]\nvolume_group = a\n[two]\nvolume_group = b\n[three]\nvolume_group = c\n",
        "[DEFAULT]\nenabled_backends = one,Two\n[one]\nlvm_group = a\n[two]\nlvm_group = b\n[three]\nvolume_group = c\n",
    );
}

#[test]
fn rules_hold_in_sections_that_have_an_option() {
    let rule = r#"
[[rule]]
id = "tenant"
why = "projects"
in = { having = "auth_type", equals = "password" }
rename = [{ from = "{section}.tenant_name", to = "{section}.project_name" }]
"#;
    makes(
        rule,
        "[swift]\nauth_type = password\ntenant_name = a\n[nova]\nauth_type = none\ntenant_name = b\n[x]\ntenant_name = c\n",
        "[swift]\nauth_type = password\nproject_name = a\n[nova]\nauth_type = none\ntenant_name = b\n[x]\ntenant_name = c\n",
    );
}

#[test]
fn items_and_options_go() {
    let items = "[[rule]]\nid = \"r\"\nwhy = \"w\"\nitems = { options = [\"DEFAULT.types\"], replace = { old = \"new\" }, drop = [\"gone\"] }\n";
    makes(
        items,
        "[DEFAULT]\ntypes = old, gone, x\n",
        "[DEFAULT]\ntypes = new, x\n",
    );
    makes(
        items,
        "[DEFAULT]\ntypes = new,\n    old,\n    x\n",
        "[DEFAULT]\ntypes = new,x\n",
    );
    leaves(
        items,
        &["[DEFAULT]\ntypes = gone\n"],
        "nothing would be left",
    );
    let remove = "[[rule]]\nid = \"r\"\nwhy = \"always so\"\nremove = { options = [\"a.x\"], kept = \"true\" }\n";
    makes(remove, "[a]\nx = yes\ny = 1\n", "[a]\ny = 1\n");
    leaves(remove, &["[a]\nx = no\n"], "always so");
    leaves(remove, &["[a]\nx = yes\n[b]\ny = $a.x\n"], "refers to a.x");
}

#[test]
fn conditions_and_doubts() {
    let rule = r#"
[[rule]]
id = "r"
why = "w"
when = [{ option = "a.mode", equals = "true" }]
decide = [{ option = "a.odd", set = true, why = "odd is set" }]
part.v = { option = "a.old" }
set = [{ option = "a.new", value = "{v}" }]
"#;
    makes(
        rule,
        "[a]\nmode = on\nold = 1\n",
        "[a]\nmode = on\nnew = 1\n",
    );
    makes(
        rule,
        "[a]\nmode = off\nold = 1\n",
        "[a]\nmode = off\nold = 1\n",
    );
    leaves(rule, &["[a]\nmode = on\nold = 1\nodd = 1\n"], "odd is set");
}

#[test]
fn what_needs_a_decision_waits_for_it() {
    let rule = "[[rule]]\nid = \"r\"\nwhy = \"acts on all\"\nautomatic = \"partial\"\nrename = [{ from = \"a.x\", to = \"b.x\" }]\n";
    leaves(rule, &["[a]\nx = 1\n"], "acts on all");
    let settings = Settings {
        accept_rules: BTreeSet::from(["r".to_owned()]),
        ..Settings::default()
    };
    assert_eq!(
        run(&pack(rule), &["[a]\nx = 1\n"], &settings).files[0].after,
        "[b]\nx = 1\n"
    );
    let advice =
        "[[rule]]\nid = \"r\"\nwhy = \"ask the network team\"\nreport = { options = [\"a.x\"] }\n";
    leaves(advice, &["[a]\nx = 1\n"], "ask the network team");
}

#[test]
fn two_rules_that_claim_an_option_are_not_followed() {
    let rules = "[[rule]]\nid = \"one\"\nwhy = \"w\"\nrename = [{ from = \"a.x\", to = \"b.x\" }]\n[[rule]]\nid = \"two\"\nwhy = \"w\"\nremove = { options = [\"a.x\"] }\n";
    leaves(rules, &["[a]\nx = 1\n"], "claimed by the rules one and two");
}

/// With both names kept, values are added and nothing else.
#[test]
fn old_names_can_stay() {
    let settings = Settings {
        keep_old: true,
        ..Settings::default()
    };
    let made = run(&pack(URL), &["[auth]\nhost = 192.0.2.1\n"], &settings);
    assert_eq!(
        made.files[0].after,
        "[auth]\nhost = 192.0.2.1\nurl = https://192.0.2.1:5000\n"
    );
    let made = run(&pack(URL), &[&made.files[0].after.to_string()], &settings);
    assert!(made.is_empty());
}

/// What would replace a value that is to stay is the operator's to decide, and what would go stays.
#[test]
fn old_values_are_not_replaced() {
    let settings = Settings {
        keep_old: true,
        ..Settings::default()
    };
    let rename = "rename = [{ from = \"a.x\", to = \"a.y\" }]";
    for (form, before, decided) in [
        (format!("{rename}\nif_target_set = \"source\""), "[a]\nx = 1\ny = 2\n", true),
        (format!("{rename}\nif_target_set = \"either\""), "[a]\nx = on\ny = off\n", true),
        (format!("{rename}\nif_target_set = \"either\""), "[a]\nx = off\ny = on\n", false),
        (format!("{rename}\nif_target_set = \"decide\""), "[a]\nx = 1\ny = 2\n", true),
        (format!("{rename}\nif_target_set = \"target\""), "[a]\nx = 1\ny = 2\n", false),
        (
            "items = { options = [\"a.x\"], replace = { old = \"new\" } }".into(),
            "[a]\nx = old\n",
            true,
        ),
        (
            "part.v = { option = \"a.x\" }\nset = [{ option = \"a.y\", value = \"{v}\", if_set = \"source\" }]".into(),
            "[a]\nx = 1\ny = 2\n",
            true,
        ),
        ("remove = { options = [\"a.x\"] }".into(), "[a]\nx = 1\n", false),
    ] {
        let rule = format!("[[rule]]\nid = \"r\"\nwhy = \"w\"\n{form}\n");
        let made = run(&pack(&rule), &[before], &settings);
        assert_eq!(made.files[0].after, before, "{rule}");
        let reasons: Vec<_> = made.decisions.iter().map(|decision| &decision.reason).collect();
        assert_eq!(!reasons.is_empty(), decided, "{rule}{before}{reasons:?}");
    }
    let rule = format!("[[rule]]\nid = \"r\"\nwhy = \"w\"\n{rename}\n");
    let made = run(&pack(&rule), &["[a]\nx = 1\n"], &settings);
    assert_eq!(made.files[0].after, "[a]\nx = 1\ny = 1\n");
}

/// A section may be chosen by one of several values.
#[test]
fn sections_have_one_of_several_values() {
    let rules = "[[rule]]\nid = \"r\"\nwhy = \"w\"\nin = { having = \"kind\", equals = [\"one\", \"two\"] }\n\
                 rename = [{ from = \"{section}.x\", to = \"{section}.y\" }]\n";
    makes(
        rules,
        "[a]\nkind = one\nx = 1\n[b]\nkind = two\nx = 1\n[c]\nkind = three\nx = 1\n",
        "[a]\nkind = one\ny = 1\n[b]\nkind = two\ny = 1\n[c]\nkind = three\nx = 1\n",
    );
}

#[test]
fn wrong_rules_are_told_with_their_place() {
    for (rules, said) in [
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\n",
            "line 3: the rule r: does nothing: expected one of rename, set, items, remove, report",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nrenames = []\n",
            "unknown field `renames`",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nrename = [{ from = \"x\", to = \"b.x\" }]\n",
            "expected GROUP.OPTION",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nrename = [{ from = \"a.x\", to = \"a.x\" }]\n",
            "renames a.x to itself",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nautomatic = \"maybe\"\nreport = { options = [\"a.x\"] }\n",
            "expected one of `yes`, `partial`, `advice`",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.v = { option = \"a.x\" }\nset = [{ option = \"a.y\", value = \"{w}\" }]\n",
            "has {w}, but there is no part w",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.v = { option = \"a.x\", default = \"{v}\" }\nset = [{ option = \"a.y\", value = \"{v}\" }]\n",
            "the part v is made of itself",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nrename = [{ from = \"{section}.x\", to = \"{section}.y\" }]\n",
            "no `in` that says which sections",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nin = 3\nrename = [{ from = \"{section}.x\", to = \"{section}.y\" }]\n",
            "expected a list of sections",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nwhen = [{ option = \"a.x\" }]\nremove = { options = [\"a.x\"] }\n",
            "needs one of `set` and `equals`",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nreport = { options = [\"a.x\"] }\n[[rule]]\nid = \"r\"\nwhy = \"w\"\nreport = { options = [\"a.x\"] }\n",
            "line 7: the rule r: its id stands twice",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nremove = { options = [\"a.x\"] }\nreport = { options = [\"a.x\"] }\n",
            "has remove and report",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.v = { option = \"a.x\", factor = 0 }\nset = [{ option = \"a.y\", value = \"{v}\" }]\n",
            "a factor that is no number, or 0",
        ),
    ] {
        let text = format!("name = \"site\"\nsummary = \"ours\"\n{rules}");
        let error = Pack::parse(&text, "site.toml").unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains("site.toml"),
            "{error}"
        );
    }
}
