//! The messages for mistakes in rule files.

use std::fs;

use super::{Findings, Folder};

const RELEASES: &str = "yoga - 1.0\nzed - 2.0\n2023.1 antelope 3.0\n2023.2 bobcat 4.1\n";
const OPTIONS: &str = "\
DEFAULT debug yoga.. {\"type\":\"bool\"}
api port yoga..zed {\"type\":\"port\"}
api timeout yoga..2023.1 {\"type\":\"int\"}
web bind_port zed.. {\"type\":\"port\"}
web limit 2023.2.. {\"type\":\"int\"}
web limit 2023.2.. formerly web.maximum
";

const RULE: &str = r#"
[[rule]]
id = "api-port"
since = "zed"
why = "removed in Antelope; [web] bind_port replaced it"
rename = [{ from = "api.port", to = "web.bind_port" }]
proof = ["example/tool 0123456 (2023-01-01)"]
[[rule.example]]
before = "[api]\nport = 1\n"
after = "[web]\nbind_port = 1\n"
"#;

/// Checks the rule files of a service, and returns the text of its rules and the mistakes.
fn check(service: &str, files: &[(&str, &str)], findings: &mut Findings) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("service.toml"), "title = \"Tool\"\n").unwrap();
    fs::write(path.join("releases.txt"), RELEASES).unwrap();
    fs::write(path.join("options.txt"), OPTIONS).unwrap();
    fs::create_dir(path.join("rules")).unwrap();
    for (name, text) in files {
        fs::write(path.join("rules").join(name), text).unwrap();
    }
    let (prefix, others) = match service {
        "ironic" => (None, vec!["keystone".to_owned()]),
        other => (Some(other.to_owned()), vec!["ironic".to_owned()]),
    };
    let text = Folder::read(path, prefix, others)
        .unwrap()
        .rules(findings)
        .unwrap();
    let rules = format!("confmig/{}/rules/", path.display());
    let places = findings.taken.values_mut();
    for place in findings.faults.iter_mut().chain(places) {
        *place = place.replace(&rules, "");
    }
    text
}

/// Returns the mistakes in one file of Ironic's.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut findings = Findings::default();
    check("ironic", &[(file, text)], &mut findings);
    findings.faults
}

#[test]
fn a_rule_becomes_a_line() {
    let mut findings = Findings::default();
    let text = check("ironic", &[("2023.1.toml", RULE)], &mut findings);
    assert_eq!(findings.faults, [""; 0]);
    let (start, json) = text.split_once(" {").unwrap();
    assert_eq!(start, "1 2 api.port");
    assert!(json.contains(r#""release":"2023.1""#) && !json.contains("since"));
    let silent = RULE.replace("since = \"zed\"", "release = \"\"");
    let text = check(
        "ironic",
        &[("2023.1.toml", &silent)],
        &mut Findings::default(),
    );
    assert!(text.starts_with("2 2 api.port {") && !text.contains("release"));
}

/// A line of the rule, the text that replaces it, and the mistake.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "to = \"web.bind_port\"",
        "to = \"web.bind_ports\"",
        "2: rule api-port: Tool zed has no option bind_ports in [web]; did you mean \
         web.bind_port?",
    ),
    (
        "api.port\", to",
        "api.prot\", to",
        "2: rule api-port: no release has an option prot in [api]; did you mean api.port?",
    ),
    (
        "to = \"web.bind_port\"",
        "to = \"web.limit\"",
        "2: rule api-port: Tool zed has no option limit in [web]",
    ),
    (
        "to = \"web.bind_port\"",
        "to = \"web.maximum\"",
        "2: rule api-port: Tool zed has no option maximum in [web]",
    ),
    (
        "rename = [{ from = \"api.port\"",
        "rename = [{ from = \"api.timeout\"",
        "2: rule api-port: Tool 2023.1 still has [api] timeout: put the rule into the file of the \
         release that no longer has it, or write `lasting = true`",
    ),
    (
        "why =",
        "wy =",
        "2: rule api-port: has no `why`: expected what happened, in one clause",
    ),
    (
        "why =",
        "wy =",
        "5: rule api-port: unknown key wy; did you mean why?",
    ),
    (
        "since =",
        "sinse =",
        "4: rule api-port: unknown key sinse; did you mean since?",
    ),
    (
        "before =",
        "befor =",
        "9: rule api-port: unknown key befor; did you mean before?",
    ),
    (
        "proof = [\"example/tool 0123456 (2023-01-01)\"]\n",
        "",
        "2: rule api-port: has no `proof`: expected a list of commits, release notes or source \
         files",
    ),
    (
        "[\"example/tool 0123456 (2023-01-01)\"]",
        "[]",
        "2: rule api-port: `proof` is empty",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]\n",
        "",
        "2: rule api-port: does nothing: expected one of rename, set, items, remove, report",
    ),
    (
        "id = \"api-port\"\n",
        "",
        "2: has no `id`: expected words joined by hyphens",
    ),
    (
        "id = \"api-port\"",
        "id = \"keystone-port\"",
        "2: rule keystone-port: expected an id without keystone-, which the rules of keystone have",
    ),
    (
        "since = \"zed\"",
        "since = \"zd\"",
        "2: rule api-port: since = \"zd\": expected one of yoga, zed, 2023.1, 2023.2",
    ),
    (
        "since = \"zed\"",
        "since = \"2023.2\"",
        "2: rule api-port: since = \"2023.2\": expected a release before 2023.1, that of the file",
    ),
    (
        "since = \"zed\"",
        "since = \"zed\"\nlasting = true",
        "2: rule api-port: has `since` and `lasting`: a lasting rule starts with the release of \
         its file",
    ),
    (
        "since = \"zed\"",
        "lasting = \"yes\"",
        "4: rule api-port: lasting: expected true, or no `lasting`",
    ),
    (
        "since = \"zed\"",
        "release = \"2023.1\"",
        "4: rule api-port: release is that of the file: expected no `release`, or \"\" where \
         reports name none",
    ),
    (
        "since = \"zed\"",
        "automatic = \"never\"",
        "4: rule api-port: unknown variant `never`, expected one of `yes`, `partial`, `advice`",
    ),
    (
        "replaced it",
        "replaced it.",
        "2: rule api-port: `why` ends with a full stop: expected one clause without it",
    ),
    (
        "\"removed in",
        "\"Removed in",
        "2: rule api-port: `why` begins with \"Removed\": expected a clause in lower case, or one \
         that begins with the name of the service or of a release",
    ),
    (
        "[web] bind_port replaced it",
        "FILL IN",
        "2: rule api-port: `why` still has FILL IN",
    ),
    (
        "example/tool 0123456 (2023-01-01)",
        "FILL IN",
        "2: rule api-port: `proof` still has FILL IN",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]",
        "in = [\"api\"]\nrename = [{ from = \"{section}.port\", to = \"{section}.bind_port\" }]",
        "2: rule api-port: Tool zed has no option bind_port in [api]; did you mean web.bind_port?",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]",
        "in = { named_by = \"api.port\" }\nremove.options = [\"{section}.port\"]",
        "2: rule api-port: in = { named_by = … }: expected a list of sections, or `having`",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]",
        "in = { having = \"nothing\" }\nremove.options = [\"{section}.port\"]",
        "2: rule api-port: has no option that triggers it",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]",
        "items = { options = [\"api.prot\"], drop = [\"1\"] }",
        "2: rule api-port: no release has an option prot in [api]; did you mean api.port?",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]",
        "when = [{ option = \"api.prot\", set = true }]\n\
         set = [{ option = \"web.bind_port\", value = \"1\" }]",
        "2: rule api-port: no release has an option prot in [api]; did you mean api.port?",
    ),
    (
        "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]",
        "part.p = { option = \"api.port\" }\n\
         set = [{ option = \"web.limits\", value = \"{p}\", append = true }]",
        "2: rule api-port: Tool zed has no option limits in [web]; did you mean web.limit?",
    ),
    (
        "[[rule]]",
        "[[rules]]",
        "2: unknown table [[rules]]: expected [[rule]]",
    ),
    (
        "[[rule]]",
        "[rule]",
        "2: unexpected rule: expected [[rule]]",
    ),
];

#[test]
fn every_mistake_has_its_message() {
    for (right, wrong, message) in WRONG {
        assert!(RULE.contains(right), "{right}");
        let found = faults("2023.1.toml", &RULE.replace(right, wrong));
        let message = format!("2023.1.toml:{message}");
        assert!(found.contains(&message), "{message}\n{found:#?}");
    }
}

/// What is about values or only reports may be about an option that stays.
#[test]
fn options_may_stay_where_nothing_is_taken_away() {
    let rename = "rename = [{ from = \"api.port\", to = \"web.bind_port\" }]";
    for form in [
        "items = { options = [\"api.timeout\"], drop = [\"1\"] }",
        "report = { options = [\"api.timeout\"] }",
        "rename = [{ from = \"api.timeout\", to = \"web.bind_port\" }]\nlasting = true",
    ] {
        let text = RULE.replace(rename, form).replace("since = \"zed\"\n", "");
        assert_eq!(faults("2023.1.toml", &text), [""; 0]);
    }
}

/// All mistakes of all files are reported at once.
#[test]
fn mistakes_are_collected() {
    let wrong = RULE
        .replace("why =", "wy =")
        .replace("proof =", "prof =")
        .replace("to = \"web.bind_port\"", "to = \"web.port\"");
    let mut findings = Findings::default();
    let other = "[[rule]\n";
    let files = [
        ("2022.1.toml", ""),
        ("2023.1.toml", &wrong),
        ("zed.toml", other),
    ];
    check("ironic", &files, &mut findings);
    assert_eq!(
        findings.faults,
        [
            "2022.1.toml: no release is named 2022.1: expected one of yoga, zed, 2023.1, \
             2023.2",
            "2023.1.toml:2: rule api-port: has no `why`: expected what happened, in one \
             clause",
            "2023.1.toml:2: rule api-port: has no `proof`: expected a list of commits, \
             release notes or source files",
            "2023.1.toml:7: rule api-port: unknown key prof; did you mean proof?",
            "2023.1.toml:5: rule api-port: unknown key wy; did you mean why?",
            "2023.1.toml:2: rule api-port: Tool zed has no option port in [web]; did you \
             mean api.port?",
            "zed.toml:1: unclosed array table, expected `]`",
        ]
    );
}

#[test]
fn an_id_is_taken_once_in_order_and_by_its_service() {
    let again = RULE.replace("api-port", "keystone-api-port");
    let before = RULE.replace("api-port", "keystone-a");
    let both = format!("{again}{before}");
    let mut findings = Findings::default();
    check("keystone", &[("2023.1.toml", &both)], &mut findings);
    check("ironic", &[("2023.1.toml", &again)], &mut findings);
    check("keystone", &[("2023.1.toml", RULE)], &mut findings);
    assert_eq!(
        findings.faults,
        [
            "2023.1.toml:12: rule keystone-a: expected before keystone-api-port: rules are \
             sorted by id",
            "2023.1.toml:2: rule keystone-api-port: expected an id without keystone-, which \
             the rules of keystone have",
            "2023.1.toml:2: rule keystone-api-port: the id is taken by 2023.1.toml:2",
            "2023.1.toml:2: rule api-port: expected an id that begins with keystone-",
        ]
    );
}
