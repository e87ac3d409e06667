//! Helpers for tests of rules.

use confmig::migrate::{Migration, Route, Settings, migrate};
use confmig::pack::Pack;
use oslo_config::SourceFile;

pub(crate) fn pack(rules: &str) -> Pack {
    let text = format!("name = \"site\"\nsummary = \"ours\"\n{rules}");
    let pack = Pack::parse(&text, "site.toml").and_then(|pack| Pack::join(vec![pack]));
    pack.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn run(pack: &Pack, files: &[&str], settings: &Settings) -> Migration {
    let files: Vec<SourceFile> = files
        .iter()
        .enumerate()
        .map(|(at, text)| SourceFile {
            path: format!("{at}.conf").into(),
            text: (*text).into(),
        })
        .collect();
    let parsed: Vec<_> = files.iter().map(|file| file.parse().unwrap()).collect();
    migrate(&parsed, &Route::pack(pack), settings).unwrap()
}

/// Returns a rule that renames an option.
pub(crate) fn rename(id: &str, from: &str, to: &str) -> String {
    rule(
        id,
        &format!("rename = [{{ from = \"{from}\", to = \"{to}\" }}]"),
    )
}

/// Returns a rule that does what a line of TOML says.
pub(crate) fn rule(id: &str, does: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\nwhy = \"w\"\n{does}\n")
}

/// Returns settings with which the old names are kept.
pub(crate) fn keep_old() -> Settings {
    Settings {
        keep_old: true,
        ..Settings::default()
    }
}

/// Returns the new texts of all files.
pub(crate) fn texts(migration: &Migration) -> Vec<String> {
    let files = migration.files.iter();
    files.map(|file| file.after.to_string()).collect()
}

/// Asserts that rules make a text of another one, and change nothing when followed again.
#[track_caller]
pub(crate) fn makes(rules: &str, before: &str, after: &str) {
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

/// Asserts that rules leave files unchanged, and that a decision contains a text.
#[track_caller]
pub(crate) fn leaves(rules: &str, before: &[&str], said: &str) {
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

pub(crate) const URL: &str = r#"
[[rule]]
id = "one-url"
why = "one URL"
part.scheme = { option = "auth.protocol", default = "https" }
part.host = { option = "auth.host", host_port = "{port}" }
part.port = { option = "auth.port", default = "5000" }
set = [{ option = "auth.url", value = "{scheme}://{host}" }]
"#;
