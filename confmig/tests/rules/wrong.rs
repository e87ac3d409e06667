//! The messages for wrong rules.

use confmig::pack::Pack;

/// Each rule, without its id and reason, and a part of the message.
const WRONG: &[(&str, &str)] = &[
    (
        "",
        "line 3: the rule r: does nothing: expected one of rename, set, items, remove, report",
    ),
    (r#"renames = []"#, "unknown field `renames`"),
    (
        r#"rename = [{ from = "x", to = "b.x" }]"#,
        "expected GROUP.OPTION",
    ),
    (
        r#"rename = [{ from = "a.x", to = "a.x" }]"#,
        "renames a.x to itself",
    ),
    (
        r#"automatic = "maybe"
report = { options = ["a.x"] }"#,
        "expected one of `yes`, `partial`, `advice`",
    ),
    (
        r#"part.v = { option = "a.x" }
set = [{ option = "a.y", value = "{w}" }]"#,
        "has {w}, but there is no part w",
    ),
    (
        r#"part.v = { option = "a.x", default = "{v}" }
set = [{ option = "a.y", value = "{v}" }]"#,
        "the part v is made from itself",
    ),
    (
        r#"rename = [{ from = "{section}.x", to = "{section}.y" }]"#,
        "no `in` that lists the sections",
    ),
    (
        r#"in = 3
rename = [{ from = "{section}.x", to = "{section}.y" }]"#,
        "expected a list of sections",
    ),
    (
        r#"when = [{ option = "a.x" }]
remove = { options = ["a.x"] }"#,
        "needs either `set`, `equals` or `contains`",
    ),
    (
        r#"report = { options = ["a.x"] }
[[rule]]
id = "r"
why = "w"
report = { options = ["a.x"] }"#,
        "line 7: the rule r: its id is used twice",
    ),
    (
        r#"remove = { options = ["a.x"] }
report = { options = ["a.x"] }"#,
        "has remove and report",
    ),
    (
        r#"part.v = { option = "a.x", factor = 0 }
set = [{ option = "a.y", value = "{v}" }]"#,
        "a factor of 0",
    ),
    (
        r#"part.a = { option = "g.a" }
part.b = { option = "g.b" }
set = [{ option = "g.c", value = "{a}" }]"#,
        "line 3: the rule r: nothing uses the part b",
    ),
    (
        r#"part.a = { option = "g.a" }
part.b = { option = "g.b", default = "{c}" }
part.c = { option = "g.c" }
set = [{ option = "g.d", value = "{a}" }]"#,
        "nothing uses the part b",
    ),
    (
        r#"part.a = { option = "g.a", default = "{b}" }
part.b = { option = "g.b", default = "{a}" }
set = [{ option = "g.c", value = "{a}" }]"#,
        "is made from itself",
    ),
    (
        r#"part.a = { option = "g.a", default = "{b}{b}{b}{b}{b}{b}{b}{b}" }
part.b = { option = "g.b", default = "{c}{c}{c}{c}{c}{c}{c}{c}" }
part.c = { option = "g.c", default = "{d}{d}{d}{d}{d}{d}{d}{d}" }
part.d = { option = "g.d", default = "{e}{e}{e}{e}{e}{e}{e}{e}" }
part.e = { option = "g.e" }
set = [{ option = "g.f", value = "{a}" }]"#,
        "is made from more than 1000 others",
    ),
    (
        r#"part.a = { option = "g.a" }
set = [{ option = "g.a", value = "{a}", if_set = "source" }]
take = ["g.a"]"#,
        "both takes g.a and sets it",
    ),
    (
        r#"remove = { options = ["g.a"] }
take = ["g.a"]"#,
        "has `take`, but no `set`",
    ),
    (
        r#"in = ["a", "b"]
part.p = { option = "g.w" }
set = [{ option = "{section}.y", value = "{p}" }]
take = ["b.y"]"#,
        "both takes b.y and sets it",
    ),
    (
        r#"remove = { options = ["{section}.a"] }"#,
        "no `in` that lists the sections",
    ),
    (
        r#"rename = [{ from = "g.a", to = "g.b" }, { from = "g.a", to = "g.c" }]"#,
        "renames g.a twice",
    ),
    (
        r#"part.a = { option = "g.a", factor = 60 }
set = [{ option = "g.a", value = "{a}", if_set = "source" }]"#,
        "changes the value of g.a each time",
    ),
    (
        r#"in = { having = "k" }
part.a = { option = "DEFAULT.a" }
set = [{ option = "{section}.a", value = "{a}/x", append = true }]"#,
        "changes the value of DEFAULT.a each time",
    ),
    (
        r#"part.a = { option = "g.a" }
set = [{ option = "g.b", value = "{a}" }, { option = "g.b", value = "{a}/x" }]"#,
        "sets g.b twice",
    ),
    (
        r#"items = { options = ["g.a"], replace = { a = "b", b = "c" } }"#,
        "replaces a with b, which it replaces or drops, too",
    ),
    (
        r#"part.v = { option = "a.x", factor = inf }
set = [{ option = "a.y", value = "{v}" }]"#,
        "expected a number of at most 38 digits",
    ),
];

#[test]
fn wrong_rules_are_refused_with_their_place() {
    for (rule, message) in WRONG {
        let head = "[[rule]]\nid = \"r\"\nwhy = \"w\"\n";
        let text = format!("name = \"site\"\nsummary = \"ours\"\n{head}{rule}\n");
        let error = Pack::parse(&text, "site.toml").unwrap_err().to_string();
        assert!(
            error.contains(message) && error.contains("site.toml"),
            "{error}"
        );
        assert!(error.contains("line "), "no line in: {error}");
    }
}

/// Options, and a part of the message.
const WRONG_OPTIONS: &[(&str, &str)] = &[
    (
        "type = \"text\"",
        "line 4: option a.x: type \"text\" is none of str, bool",
    ),
    (
        "type = \"int\"\ndefault = \"many\"",
        "line 4: option a.x: its default is not valid",
    ),
    (
        "type = \"int\"\nchoices = [\"1\"]",
        "line 4: option a.x: only an option of type str",
    ),
    (
        "type = \"port\"\nmax = 70000",
        "line 4: option a.x: a port's bounds",
    ),
    ("typ = \"int\"", "line 7, column 1"),
    (
        "type = \"str\"\n[[option]]\ngroup = \"a\"\nname = \"x\"\ntype = \"str\"",
        "line 8: a.x is listed twice",
    ),
    (
        "type = \"str\"\n[[option.former]]\nid = \"i\"\ngroup = \"b\"\nname = \"y\"\nwhy = \"w\"\n\
         [[option.former]]\nid = \"i\"\ngroup = \"b\"\nname = \"z\"\nwhy = \"w\"",
        "line 13: the id i is used twice",
    ),
];

#[test]
fn wrong_options_are_refused_with_their_place() {
    for (option, message) in WRONG_OPTIONS {
        let head = "[[option]]\ngroup = \"a\"\nname = \"x\"\n";
        let text = format!("name = \"site\"\nsummary = \"ours\"\n\n{head}{option}\n");
        let error = Pack::parse(&text, "site.toml").unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
