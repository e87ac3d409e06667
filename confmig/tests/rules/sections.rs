//! Rules for several sections.

use super::support::makes;

#[test]
fn rules_apply_to_sections_that_an_option_names() {
    let rule = r#"
[[rule]]
id = "backends"
why = "renamed"
in = { named_by = "DEFAULT.enabled_backends" }
rename = [{ from = "{section}.volume_group", to = "{section}.lvm_group" }]
"#;
    makes(
        rule,
        "[DEFAULT]\nenabled_backends = one,Two\n[one]\nvolume_group = a\n[two]\n\
         volume_group = b\n[three]\nvolume_group = c\n",
        "[DEFAULT]\nenabled_backends = one,Two\n[one]\nlvm_group = a\n[two]\nlvm_group = b\n\
         [three]\nvolume_group = c\n",
    );
}

#[test]
fn rules_apply_to_sections_that_have_an_option() {
    let rule = r#"
[[rule]]
id = "tenant"
why = "projects"
in = { having = "auth_type", equals = "password" }
rename = [{ from = "{section}.tenant_name", to = "{section}.project_name" }]
"#;
    makes(
        rule,
        "[swift]\nauth_type = password\ntenant_name = a\n[nova]\nauth_type = none\n\
         tenant_name = b\n[x]\ntenant_name = c\n",
        "[swift]\nauth_type = password\nproject_name = a\n[nova]\nauth_type = none\n\
         tenant_name = b\n[x]\ntenant_name = c\n",
    );
}

/// Several values may select a section.
#[test]
fn several_values_may_select_sections() {
    let rules = r#"
[[rule]]
id = "r"
why = "w"
in = { having = "kind", equals = ["one", "two"] }
rename = [{ from = "{section}.x", to = "{section}.y" }]
"#;
    makes(
        rules,
        "[a]\nkind = one\nx = 1\n[b]\nkind = two\nx = 1\n[c]\nkind = three\nx = 1\n",
        "[a]\nkind = one\ny = 1\n[b]\nkind = two\ny = 1\n[c]\nkind = three\nx = 1\n",
    );
}
