//! What programs ask of a configuration, and what errors say.

// Helpers of tests are tests, too.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::net::IpAddr;

use oslo_config::{
    Config, Document, Edit, GetErrorKind, Opt, OptType, Origin, ParsedFile, Source, SourceFile,
    Value, load,
};
use serde::Deserialize;

const TEXT: &[u8] = b"\
[DEFAULT]\nmy_ip = 192.0.2.1\n\
[deploy]\nhttp-url = unread\nurl = http://$my_ip:8080\nmodes = bios,uefi\n\
[Web]\nports = a:80,b:443\nsecret = TOPSECRET\nbad = $nowhere\nvia = $bad\nmulti = 1\nmulti = x\n";

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Bios,
    Uefi,
}

fn opts() -> Vec<Opt> {
    let numbers = OptType::Dict {
        value: Box::new(OptType::port()),
    };
    vec![
        Opt::new("DEFAULT", "my_ip", OptType::Ip { version: None }),
        Opt::new("deploy", "url", OptType::Uri),
        Opt::new("deploy", "http-url", OptType::string()).with_default("d"),
        Opt::new("deploy", "modes", OptType::list()),
        Opt::new("deploy", "unset", OptType::int()),
        Opt::new("Web", "ports", numbers),
        Opt::new("web", "secret", OptType::string()),
        Opt::new("web", "bad", OptType::string()),
        Opt::new("web", "via", OptType::string()),
        Opt::new("web", "multi", OptType::int()).multi(),
    ]
}

/// Returns a configuration that borrows nothing.
fn config() -> Config<'static> {
    let document = Document::parse_owned(TEXT).unwrap();
    Config::new(vec![ParsedFile::new("a.conf", document)], opts())
}

/// Returns an error and its sources, as a report prints them.
fn report(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

#[test]
fn values_are_read_as_the_types_of_a_program() {
    let config = config();
    let ip: IpAddr = config.get("DEFAULT", "my_ip").unwrap();
    assert_eq!(ip, IpAddr::from([192, 0, 2, 1]));
    let url: String = config.get("deploy", "url").unwrap();
    assert_eq!(url, "http://192.0.2.1:8080");
    let modes: Vec<Mode> = config.get("deploy", "modes").unwrap();
    assert_eq!(modes, [Mode::Bios, Mode::Uefi]);
    let ports: BTreeMap<String, u16> = config.get("web", "ports").unwrap();
    assert_eq!(ports, [("a".into(), 80), ("b".into(), 443)].into());
    assert_eq!(config.get::<Option<u8>>("deploy", "unset"), Ok(None));
    assert_eq!(config.get::<Value>("deploy", "unset"), Ok(Value::None));
}

#[test]
fn an_option_is_found_by_any_spelling_of_its_name() {
    let config = config();
    for name in ["http-url", "http_url"] {
        assert_eq!(config.get::<String>("deploy", name).unwrap(), "d");
    }
    for (group, name) in [("Web", "ports"), ("web", "ports"), ("WEB", "secret")] {
        assert!(config.setting(group, name).is_ok(), "{group}.{name}");
    }
    let setting = config.setting("web", "ports").unwrap();
    assert_eq!(setting.origin.to_string(), "a.conf:8");
    // As in oslo.config, the default group is another one than a section [default].
    assert!(config.setting("default", "my_ip").is_err());
    assert!(config.setting("deploy", "URL").is_err());
}

#[test]
fn an_error_names_the_place_of_the_text_that_is_wrong_and_prints_its_cause_once() {
    let config = config();
    let error = |group, name| report(&config.get::<String>(group, name).unwrap_err());
    let unknown = "no option DEFAULT.nowhere is known: check the name and the reference to it";
    assert_eq!(error("web", "bad"), format!("a.conf:10: {unknown}"));
    assert_eq!(error("web", "via"), format!("a.conf:10: {unknown}"));
    assert_eq!(
        error("web", "multi"),
        "a.conf:13: the value of web.multi is not valid: expected a decimal whole number"
    );
    assert_eq!(
        error("deploy", "unset"),
        "deploy.unset has no value: set it"
    );
    assert_eq!(
        error("deploy", "modes"),
        "a.conf:6: the value of deploy.modes is not valid: expected a string"
    );
    let missing = config.get::<String>("web", "missing").unwrap_err();
    assert!(matches!(missing.kind(), GetErrorKind::NoSuchOption { .. }));
    assert_eq!(*missing.origin(), Origin::Unset);

    let config = config_with("OS_WEB__MULTI", "12x");
    let error = config.setting("web", "multi").unwrap_err().to_string();
    let of_variable = "environment variable OS_WEB__MULTI: the value of web.multi is not valid: ";
    assert!(error.starts_with(of_variable), "{error}");

    let missing = report(&load(["/nowhere/a.conf"]).unwrap_err());
    assert_eq!(missing.matches("No such file").count(), 1, "{missing}");
    let missing = report(&load([Source::Dir("/nowhere".into())]).unwrap_err());
    assert_eq!(missing.matches("No such file").count(), 1, "{missing}");
}

fn config_with(name: &str, value: &str) -> Config<'static> {
    config().with_environment([(name, value)])
}

#[test]
fn all_settings_are_listed_in_the_order_of_registration() {
    let config = config();
    let settings: Vec<_> = config.settings().collect();
    let names: Vec<_> = settings.iter().map(|(opt, _)| opt.name().clone()).collect();
    let expected: Vec<_> = opts().iter().map(|opt| opt.name().clone()).collect();
    assert_eq!(names, expected);
    let refused = settings.iter().filter(|(_, setting)| setting.is_err());
    let refused: Vec<_> = refused.map(|(opt, _)| opt.name().name()).collect();
    assert_eq!(refused, ["bad", "via", "multi"]);
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_utf_8_are_ignored() {
    use std::os::unix::ffi::OsStrExt as _;

    let not_text = || OsString::from(OsStr::from_bytes(b"OS_\xff"));
    let config = config().with_environment([
        (not_text(), "x".into()),
        ("OS_DEPLOY__HTTP_URL".into(), not_text()),
        ("OS_WEB__SECRET".into(), OsString::from("set")),
    ]);
    assert_eq!(config.get::<String>("deploy", "http_url").unwrap(), "d");
    assert_eq!(config.get::<String>("web", "secret").unwrap(), "set");
}

#[test]
fn a_configuration_can_be_kept_and_shared() {
    fn is_free<T: Send + Sync + 'static>(value: T) -> T {
        value
    }
    let config = is_free(config());
    let url = std::thread::spawn(move || config.get::<String>("deploy", "url"));
    assert_eq!(url.join().unwrap().unwrap(), "http://192.0.2.1:8080");
}

#[test]
fn no_debug_print_shows_a_line_of_a_file() {
    let config = config_with("OS_WEB__SECRET", "TOPSECRET");
    assert!(!format!("{config:?}").contains("TOPSECRET"));
    let file = SourceFile {
        path: "a.conf".into(),
        text: b"[swift]\npassword TOPSECRET\n".into(),
    };
    assert!(!format!("{file:?}").contains("TOPSECRET"));
    assert!(!format!("{file:?}").contains("84, 79, 80"), "as numbers");
    let error = file.parse().unwrap_err();
    assert!(!format!("{error:?}").contains("TOPSECRET"));
    assert_eq!(report(&error).matches("No ':' or '='").count(), 1);
    let document = Document::parse(TEXT).unwrap();
    let mut edit = Edit::new(&document);
    edit.set("web", "secret", "TOPSECRET2");
    assert!(!format!("{edit:?} {document:?}").contains("TOPSECRET"));
}

#[test]
fn files_and_directories_are_loaded_in_order() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("loaded");
    let (file, later) = (directory.join("a.conf"), directory.join("a.conf.d"));
    std::fs::create_dir_all(&later).unwrap();
    std::fs::write(&file, "[web]\nsecret = 1\nbad = 1\n").unwrap();
    std::fs::write(later.join("b.conf"), "[web]\nsecret = 3\n").unwrap();
    std::fs::write(later.join("a.conf"), "[web]\nsecret = 2\n").unwrap();
    std::fs::write(later.join("c.txt"), "[web]\nsecret = 4\n").unwrap();

    let config = Config::new(
        load([Source::from(&file), Source::Dir(later)]).unwrap(),
        opts(),
    );
    assert_eq!(config.get::<String>("web", "secret").unwrap(), "3");
    assert_eq!(config.get::<String>("web", "bad").unwrap(), "1");
    std::fs::write(&file, "[web]\nTOPSECRET\n").unwrap();
    let error = load([&file]).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: line 2, column 1: ", file.display())),
        "{error}"
    );
    assert!(!error.contains("TOPSECRET"));
}
