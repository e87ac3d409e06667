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
    ] {
        let text = format!("name = \"site\"\nsummary = \"ours\"\n{rules}");
        let error = Pack::parse(&text, "site.toml").unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains("site.toml"),
            "{error}"
        );
    }
}
