//! Every diagnostic code, with a configuration that has it.

use confmig::diagnostic::{Code, Severity};

use crate::support::{Run, ironic_conf, line, root};

/// Returns a run whose JSON has a diagnostic of this code.
fn example(code: Code) -> Option<Run> {
    let of = |file: &str| Some(line(&format!("check --format json fixtures/{file}.conf")));
    match code {
        Code::Syntax => of("invalid/section-not-closed"),
        // `transactions.rs` has one.
        Code::Interrupted => None,
        Code::DeprecatedName => of("check/deprecated-names"),
        Code::HiddenValue => of("names/both-names-same-value"),
        Code::ConflictingValues => of("check/both-names-differ"),
        Code::DuplicateOption => of("check/duplicates"),
        Code::RemovedOption => None,
        Code::UnknownSection => {
            Some(line("check --format json -").input("[of_another_program]\nx = 1\n"))
        }
        Code::UnknownOption => of("check/option-typo"),
        Code::IllTypedValue => of("check/ill-typed"),
        Code::DanglingReference => of("check/dangling-references"),
        Code::ReferenceLoop => of("check/reference-loop"),
        Code::NotUtf8 => of("check/not-utf-8"),
        Code::WebServerUrlMissing => of("check/web-hosting-without-url"),
        Code::WebServerRootMissing => of("check/root-does-not-exist"),
        Code::SwiftSectionMissing => of("check/swift-hosting-without-swift"),
        Code::UrlWithoutScheme => of("check/url-without-scheme"),
        Code::MalformedUrl => of("check/url-with-inline-comment"),
        Code::CredentialsInUrl => of("check/credentials-in-url"),
        Code::LoopbackUrl => of("check/url-of-this-host-only"),
        Code::UnreadVariable => of("check/deprecated-environment")
            .map(|run| run.variable("OS_PXE__HTTP_URL", "http://192.0.2.1:8080")),
        Code::NeedsDecision => Some(line("migrate --check --format json -").input(
            "[DEFAULT]\nmy_ip = 192.0.2.1\n[deploy]\nmy_ip = 192.0.2.2\n\
             [pxe]\nhttp_url = http://$my_ip:8080\n",
        )),
        Code::Advice => Some(
            line("migrate --check --from stein --to 2026.1 --format json -")
                .input("[healthcheck]\npath = /health\n"),
        ),
        Code::DeprecatedOption => Some(
            line("check --to 2025.1 --format json -").input("[DEFAULT]\nwatch_log_file = True\n"),
        ),
        Code::NotInstalled => Some(
            line("check --to 2026.2 --format json -")
                .input("[DEFAULT]\nenabled_hardware_types = ilo\n"),
        ),
        Code::NoCommonInterface => Some(
            line("check --to ussuri --format json -")
                .input("[DEFAULT]\nenabled_hardware_types = ipmi\nenabled_bios_interfaces = ilo\n"),
        ),
        Code::UnreadByPlugin => Some(
            line("check --to 2026.2 --format json -")
                .input("[glance]\nauth_type = none\nusername = ironic\n"),
        ),
        Code::DefaultChanged => Some(
            line("check --from stein --to 2026.2 --defaults --format json -")
                .input("[conductor]\n"),
        ),
        Code::NotPinned => Some(
            line("migrate --from train --to 2026.2 --pin-defaults --format json -")
                .input("[conductor]\n"),
        ),
        Code::IneffectiveIgnore => of("check/ignore-without-reason"),
        other => panic!("no example of {other:?}"),
    }
}

#[test]
fn every_code_has_an_example() {
    for code in Code::ALL {
        let Some(run) = example(code) else { continue };
        let ran = run.run();
        let status = match code {
            Code::Syntax => 2,
            // A note fails nothing.
            _ if code.severity() == Severity::Note => 0,
            _ => 1,
        };
        assert_eq!(ran.status, Some(status), "{}", ran.transcript());
        let json = ran.json();
        let found = json["diagnostics"].as_array().unwrap().iter();
        let found: Vec<_> = found
            .filter(|found| found["code"] == code.as_str())
            .collect();
        assert!(!found.is_empty(), "no {}: {json}", code.as_str());
        assert_eq!(found[0]["severity"], code.severity().as_str());
        assert!(found[0]["help"].is_string(), "{}", found[0]);
    }
}

#[test]
fn removed_option() {
    // No built-in pack has removed options yet.
    let rules = "name = \"r\"\nsummary = \"s\"\n[[removed]]\ngroup = \"pxe\"\n\
                 name = \"tftp_root\"\n\
                 advice = \"serve over HTTP\"\n";
    let directory = ironic_conf("[pxe]\ntftp_root = /tftpboot\n");
    std::fs::write(directory.path().join("r.toml"), rules).unwrap();
    let ran = line("check --rules r.toml --format json ironic.conf")
        .directory(directory.path())
        .run()
        .expect(1);
    let json = ran.json();
    assert_eq!(json["diagnostics"][0]["code"], Code::RemovedOption.as_str());
    assert_eq!(json["diagnostics"][0]["help"], "serve over HTTP");
}

/// The manual has a section for each code, which starts with the texts of the table.
#[test]
fn the_manual_has_the_texts_of_the_table() {
    let manual = std::fs::read_to_string(root().join("docs/diagnostics.md")).unwrap();
    let plain = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").replace(['`', '*'], "")
    };
    let sections: Vec<(&str, String)> = manual
        .split("\n## ")
        .skip(1)
        .map(|section| {
            let mut paragraphs = section.split("\n\n");
            let (name, first) = (paragraphs.next(), paragraphs.next());
            (name.unwrap(), plain(first.unwrap()))
        })
        .collect();
    let expected: Vec<(&str, String)> = Code::ALL
        .iter()
        .map(|code| {
            let (title, explanation) = (code.title(), code.explanation());
            let (severity, help) = (code.severity(), code.help());
            let text = format!("{severity:?}. {title}. {explanation} {help}");
            (code.as_str(), plain(&text))
        })
        .collect();
    assert_eq!(sections, expected);
}
