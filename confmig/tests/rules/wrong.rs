//! What is said of wrong rules.

use confmig::pack::Pack;

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
            "a factor of 0",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.a = { option = \"g.a\" }\npart.b = { option = \"g.b\" }\nset = [{ option = \"g.c\", value = \"{a}\" }]\n",
            "line 3: the rule r: nothing uses the part b",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.a = { option = \"g.a\" }\npart.b = { option = \"g.b\", default = \"{c}\" }\npart.c = { option = \"g.c\" }\nset = [{ option = \"g.d\", value = \"{a}\" }]\n",
            "nothing uses the part b",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.a = { option = \"g.a\" }\nset = [{ option = \"g.a\", value = \"{a}\", if_set = \"source\" }]\ntake = [\"g.a\"]\n",
            "both takes g.a and sets it",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nremove = { options = [\"g.a\"] }\ntake = [\"g.a\"]\n",
            "has `take`, but no `set`",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nin = [\"a\", \"b\"]\npart.p = { option = \"g.w\" }\nset = [{ option = \"{section}.y\", value = \"{p}\" }]\ntake = [\"b.y\"]\n",
            "both takes b.y and sets it",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nremove = { options = [\"{section}.a\"] }\n",
            "no `in` that says which sections",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nrename = [{ from = \"g.a\", to = \"g.b\" }, { from = \"g.a\", to = \"g.c\" }]\n",
            "renames g.a twice",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.a = { option = \"g.a\", factor = 60 }\nset = [{ option = \"g.a\", value = \"{a}\", if_set = \"source\" }]\n",
            "makes another value of g.a each time",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nin = { having = \"k\" }\npart.a = { option = \"DEFAULT.a\" }\nset = [{ option = \"{section}.a\", value = \"{a}/x\", append = true }]\n",
            "makes another value of DEFAULT.a each time",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.a = { option = \"g.a\" }\nset = [{ option = \"g.b\", value = \"{a}\" }, { option = \"g.b\", value = \"{a}/x\" }]\n",
            "sets g.b twice",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\nitems = { options = [\"g.a\"], replace = { a = \"b\", b = \"c\" } }\n",
            "replaces a by b, which it replaces or drops, too",
        ),
        (
            "[[rule]]\nid = \"r\"\nwhy = \"w\"\npart.v = { option = \"a.x\", factor = inf }\nset = [{ option = \"a.y\", value = \"{v}\" }]\n",
            "expected a number of at most 38 digits",
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
