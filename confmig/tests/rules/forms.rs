//! Rules by form: what they do, and when they leave a decision.

use std::collections::BTreeSet;

use confmig::migrate::Settings;

use super::support::{URL, leaves, makes, pack, run};

const RENAME: &str = r#"
[[rule]]
id = "moved"
why = "the options of one service are in one section"
rename = [
    { from = "DEFAULT.api_host", to = "api.host" },
    { from = "DEFAULT.api_port", to = "api.port" },
]
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

/// How a part transforms a value: the part, the old value, the new one.
const TRANSFORMED: &[(&str, &str, &str)] = &[
    ("invert = true", "yes", "False"),
    ("factor = 60", "5", "300"),
    ("factor = 0.001", "1500", "1.5"),
    ("factor = 0.1", "3", "0.3"),
    ("factor = 1e-3", "1", "0.001"),
    (
        "factor = 1",
        "170141183460469231731687303715884105727",
        "170141183460469231731687303715884105727",
    ),
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
];

/// Values that a part cannot transform, and a part of the reason.
const LEFT: &[(&str, &str, &str)] = &[
    ("invert = true", "maybe", "neither true nor false"),
    ("factor = 60", "soon", "not a number"),
    (
        "factor = 60",
        "170141183460469231731687303715884105727",
        "not a number",
    ),
    ("values = { fast = \"high\" }", "slow", "does not say"),
    (
        "url = \"port\"",
        "http://192.0.2.1/",
        "not a URL with that part",
    ),
    (
        "list = true, single = true",
        "one,two",
        "only one can be kept",
    ),
    ("factor = 60", "$other", "has references"),
];

#[test]
fn values_become_others() {
    let convert = |part: &str| {
        format!(
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.v = {{ option = \"a.old\", {part} }}\n\
             set = [{{ option = \"a.new\", value = \"{{v}}\" }}]\n"
        )
    };
    for (part, old, new) in TRANSFORMED {
        makes(
            &convert(part),
            &format!("[a]\nold={old}\n"),
            &format!("[a]\nnew={new}\n"),
        );
    }
    for (part, old, said) in LEFT {
        leaves(
            &convert(part),
            &[&format!("[a]\nold={old}\n[DEFAULT]\nother = 1\n")],
            said,
        );
    }
}

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
set = [
    { option = "a.connect_timeout", value = "{v}" },
    { option = "b.read_timeout", value = "{v}" },
]
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
        "its default is not known",
    );
}

#[test]
fn items_and_options_go() {
    let items = r#"
[[rule]]
id = "r"
why = "w"
items = { options = ["DEFAULT.types"], replace = { old = "new" }, drop = ["gone"] }
"#;
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
    let remove = "[[rule]]\nid = \"r\"\nwhy = \"always so\"\n\
                  remove = { options = [\"a.x\"], kept = \"true\" }\n";
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

/// A part may be used by a condition or by other parts only.
#[test]
fn parts_are_used_in_many_ways() {
    for does in [
        "part.p = { option = \"g.a\" }\nwhen = [{ option = \"g.a\", equals = \"1\" }]\n\
         set = [{ option = \"g.c\", value = \"v\" }]",
        "part.p = { option = \"g.a\" }\n\
         set = [{ option = \"g.c\", value = \"v\", when = [{ option = \"g.a\", set = true }] }]",
        "part.p = { option = \"g.a\" }\npart.q = { option = \"g.b\", host_port = \"{p}\" }\n\
         set = [{ option = \"g.c\", value = \"{q}\" }]",
        "part.item = { option = \"g.a\" }\n\
         part.q = { option = \"g.b\", list = true, each = \"<{item}>\", default = \"{item}\" }\n\
         set = [{ option = \"g.c\", value = \"{q}\" }]",
        "part.p = { option = \"g.a\", list = true }\n\
         set = [{ option = \"g.a\", value = \"{p}\", if_set = \"source\" }]",
    ] {
        pack(&format!("[[rule]]\nid = \"r\"\nwhy = \"w\"\n{does}\n"));
    }
}

#[test]
fn what_needs_a_decision_waits_for_it() {
    let rule = "[[rule]]\nid = \"r\"\nwhy = \"acts on all\"\nautomatic = \"partial\"\n\
                rename = [{ from = \"a.x\", to = \"b.x\" }]\n";
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
    let rules = "[[rule]]\nid = \"one\"\nwhy = \"w\"\n\
                 rename = [{ from = \"a.x\", to = \"b.x\" }]\n[[rule]]\nid = \"two\"\n\
                 why = \"w\"\nremove = { options = [\"a.x\"] }\n";
    leaves(rules, &["[a]\nx = 1\n"], "claimed by the rules one and two");
}
