//! Tests of `confmig rules`, and of rule files.

use crate::support::{assert_as, confmig, ironic_conf, line};

#[test]
fn built_in() {
    assert_as("rules", "all", &line("rules").transcript());
    assert_as(
        "rules",
        "standalone-ilo",
        &line("rules standalone-ilo").transcript(),
    );
}

#[test]
fn a_name_without_rules() {
    assert_as("rules", "no-such-rules", &line("rules nosuch").transcript());
}

const NOVA: &str = r#"
name = "nova-glance"
summary = "where Nova finds images"
readers = "the new name is read by Nova 13 (Mitaka) and newer"

[[option]]
group = "glance"
name = "api_servers"
type = "list"

[[option.former]]
group = "DEFAULT"
name = "glance_api_servers"
why = "options of one service stand in one section"
proof = "nova release notes, Liberty"

[[removed]]
group = "DEFAULT"
name = "compute_stats_class"
advice = "use filters and weighers of [filter_scheduler] instead"
"#;

const NOVA_CONF: &str = "\
[DEFAULT]
# Both sites' image services.
glance_api_servers = http://192.0.2.1:9292,http://192.0.2.2:9292
compute_stats_class = nova.compute.stats.Stats

[database]
connection = sqlite://
";

#[test]
fn rule_files() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("nova.toml"), NOVA).unwrap();
    std::fs::write(directory.path().join("nova.conf"), NOVA_CONF).unwrap();
    for (name, words) in [
        ("own-rules", "rules nova.toml"),
        ("own-migrate", "migrate --rules nova.toml nova.conf"),
        ("own-check", "check --rules nova.toml nova.conf"),
        (
            "own-show",
            "show --rules nova.toml -o glance.api_servers nova.conf",
        ),
        (
            "two-packs",
            "migrate --rules nova.toml --rules standalone-ilo nova.conf",
        ),
    ] {
        let ran = line(words).directory(directory.path());
        assert_as("rules", name, &ran.transcript());
    }
}

/// Returns a rule file with this text as its options.
fn pack(options: &str) -> String {
    format!("name = \"site\"\nsummary = \"our names\"\n{options}")
}

const OPTION: &str = "[[option]]\ngroup = \"deploy\"\nname = \"web_url\"\ntype = \"str\"\n";
const FORMER: &str = "[[option.former]]\ngroup = \"pxe\"\nname = \"http_url\"\nwhy = \"moved\"\n";

#[test]
fn rules_that_cannot_be_used() {
    let other = OPTION.replace("web_url", "other_url");
    for (name, text) in [
        ("no-toml", "name = site".to_owned()),
        ("no-name", "summary = \"our names\"\n".to_owned()),
        ("unknown-key", pack("sumary = \"twice\"\n")),
        (
            "unknown-key-of-option",
            pack(&format!("{OPTION}secrets = true\n")),
        ),
        ("wrong-type", pack(&format!("{OPTION}multi = \"yes\"\n"))),
        (
            "option-without-type",
            pack("[[option]]\ngroup = \"a\"\nname = \"b\"\n"),
        ),
        ("no-such-type", pack(&OPTION.replace("str", "string"))),
        (
            "former-without-why",
            pack(&format!(
                "{OPTION}{}",
                FORMER.replace("why = \"moved\"\n", "")
            )),
        ),
        (
            "claimed-by-two",
            pack(&format!("{OPTION}{FORMER}{other}{FORMER}")),
        ),
        ("claimed-twice", pack(&format!("{OPTION}{FORMER}{FORMER}"))),
        ("option-twice", pack(&format!("{OPTION}{OPTION}"))),
        (
            "id-twice",
            pack(&format!(
                "{OPTION}{FORMER}id = \"moved\"\n{}id = \"moved\"\n",
                FORMER.replace("http_url", "web_url")
            )),
        ),
        ("empty-name", pack(&OPTION.replace("web_url", ""))),
        (
            "port-out-of-bounds",
            pack(&format!("{}max = 70000\n", OPTION.replace("str", "port"))),
        ),
        (
            "default-of-two-values",
            pack(&format!("{OPTION}default = [\"a\", \"b\"]\n")),
        ),
        (
            "default-of-another-type",
            pack(&format!(
                "{}default = \"x\"\n",
                OPTION.replace("str", "int")
            )),
        ),
    ] {
        let directory = ironic_conf("[pxe]\nhttp_url = http://192.0.2.1\n");
        std::fs::write(directory.path().join("site.toml"), text).unwrap();
        let ran = line("migrate --rules site.toml ironic.conf").directory(directory.path());
        assert_as("rules/unusable", name, &ran.transcript());
    }
}

/// A rule file is refused if a rule does not do what its examples say.
#[test]
fn examples_that_do_not_hold() {
    let rule = |after: &str| {
        format!(
            "[[rule]]\nid = \"a\"\nwhy = \"w\"\n\
             rename = [{{ from = \"pxe.foo\", to = \"pxe.bar\" }}]\n\
             example = [{{ before = \"[pxe]\\nfoo = 1\", after = \"{after}\" }}]\n"
        )
    };
    for (after, status) in [("[pxe]\\nbar = 1\\n", 0), ("[pxe]\\nWRONG = 1", 2)] {
        let directory = ironic_conf("[pxe]\nhttp_url = http://192.0.2.1\n");
        std::fs::write(directory.path().join("site.toml"), pack(&rule(after))).unwrap();
        let shown = line("rules site.toml").directory(directory.path());
        let shown = shown.run().expect(status);
        let ran = line("migrate --rules site.toml ironic.conf").directory(directory.path());
        let ran = ran.run().expect(status);
        if status == 2 {
            assert_eq!(shown.stderr(), ran.stderr());
            assert_as(
                "rules/unusable",
                "example-that-does-not-hold",
                &ran.transcript(),
            );
        }
    }
}

/// A renaming has the same id in reports, however its names are spelled.
#[test]
fn the_id_of_a_former_name() {
    let rules = pack(
        "[[option]]\ngroup = \"Site\"\nname = \"new-name\"\ntype = \"str\"\n\
         [[option.former]]\nid = \"my-rule\"\ngroup = \"SITE\"\nname = \"old-name\"\n\
         why = \"because\"\n\
         [[rule]]\nid = \"r\"\nwhy = \"w\"\n\
         rename = [{ from = \"Site.a-b\", to = \"Site.c-d\" }]\n",
    );
    let directory = ironic_conf("[Site]\nold-name = 1\na-b = 2\n");
    std::fs::write(directory.path().join("site.toml"), rules).unwrap();
    let ran = line("migrate --rules site.toml ironic.conf").directory(directory.path());
    assert_as("rules", "id-of-a-former-name", &ran.transcript());
}

/// `[a] x` is a former name of `[b] x`, which gets the value.
#[test]
fn a_rule_that_sets_a_former_name() {
    let rules = pack(
        "[[option]]\ngroup = \"b\"\nname = \"x\"\ntype = \"str\"\n\
         [[option.former]]\ngroup = \"a\"\nname = \"x\"\nwhy = \"moved\"\n\
         [[rule]]\nid = \"r\"\nwhy = \"two options became one\"\n\
         part.host = { option = \"o.host\" }\npart.port = { option = \"o.port\" }\n\
         set = [{ option = \"a.x\", value = \"{host}:{port}\" }]\n",
    );
    let directory = ironic_conf("[o]\nhost = 192.0.2.1\nport = 80\n");
    std::fs::write(directory.path().join("site.toml"), rules).unwrap();
    let ran = line("migrate --rules site.toml ironic.conf").directory(directory.path());
    assert_as("rules", "sets-a-former-name", &ran.transcript());
}

/// By the former name `[a] y`, oslo.config finds `[c] x`, whose `$u` it then looks up in [a].
#[test]
fn a_reference_in_a_value_that_is_found_by_a_former_name() {
    let rules = pack(
        "[[option]]\ngroup = \"c\"\nname = \"x\"\ntype = \"str\"\n\
         [[option.former]]\ngroup = \"a\"\nname = \"y\"\nwhy = \"moved\"\n\
         [[option.former]]\ngroup = \"old\"\nname = \"x\"\nwhy = \"moved\"\n\
         [[option]]\ngroup = \"a\"\nname = \"x\"\ntype = \"str\"\n",
    );
    let directory = ironic_conf("[a]\nx = ${y}\nu = one\n");
    std::fs::write(directory.path().join("site.toml"), rules).unwrap();
    std::fs::write(directory.path().join("later.conf"), "[old]\nx = ${u}\n").unwrap();
    let ran = line("migrate --rules site.toml ironic.conf later.conf").directory(directory.path());
    assert_as("rules", "found-by-a-former-name", &ran.transcript());
}

#[test]
fn missing_packs() {
    for (name, words) in [
        ("no-such-pack", "rules standalone-ilos"),
        (
            "no-such-file",
            "migrate --rules site.toml fixtures/names/both-names.conf",
        ),
        (
            "directory",
            "check --rules fixtures fixtures/names/both-names.conf",
        ),
        (
            "packs-that-contradict",
            "check --rules standalone-ilo --rules ironic-liberty fixtures/names/both-names.conf",
        ),
    ] {
        let ran = line(words).run().expect(2);
        assert_as("rules/unusable", name, &ran.transcript());
    }
}

#[test]
fn every_rule_says_why_and_has_a_proof() {
    for pack in confmig::pack::Pack::built_in() {
        let loaded = confmig::pack::Pack::load(pack).unwrap();
        let said = confmig(["rules", pack]).run().expect(0);
        for rule in &loaded.renamings {
            assert!(rule.proof.is_some(), "{}", rule.id);
            assert!(said.stdout().contains(&rule.id));
            assert!(said.stdout().contains(&rule.why));
        }
    }
}
