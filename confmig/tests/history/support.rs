//! Helpers for tests of the histories.

use confmig::history::{
    Definition, History, ReleaseRange, Series, Service, all_names, built_in_rules,
};
use confmig::migrate::{Migration, Route, Settings, migrate};
use oslo_config::SourceFile;

pub(crate) fn file(text: &str) -> SourceFile {
    SourceFile {
        path: "service.conf".into(),
        text: text.into(),
    }
}

pub(crate) fn text(migration: &Migration) -> String {
    String::from_utf8(migration.files[0].after.to_vec()).unwrap()
}

/// Returns a release of Ironic.
pub(crate) fn series(id: &str) -> Series {
    Series::parse(Service::IRONIC, id).unwrap()
}

/// Migrates one file from release to release.
#[track_caller]
pub(crate) fn go(text: &str, from: Series, to: Series, settings: &Settings) -> Migration {
    let file = file(text);
    let parsed = [file.parse().unwrap()];
    let history = History::new(to.service());
    migrate(
        &parsed,
        &Route::releases(ReleaseRange { from, to }, &history),
        settings,
    )
    .unwrap_or_else(|error| panic!("{from} to {to}: {error}\n{text}"))
}

pub(crate) fn accepting_all() -> Settings {
    Settings {
        accept_rules: Service::all()
            .flat_map(built_in_rules)
            .filter_map(|rule| rule.rule())
            .map(|rule| rule.id)
            .collect(),
        ..Settings::default()
    }
}

pub(crate) fn file_again(migration: &Migration) -> SourceFile {
    file(&text(migration))
}

/// Returns a value of an option's type.
pub(crate) fn sample(definition: &Definition<'_>) -> String {
    if let Some(choice) = definition.choices().first() {
        return choice.clone();
    }
    match &*definition.kind {
        "bool" => "True".into(),
        "int" | "float" => definition
            .min
            .map_or_else(|| "3".into(), |min| (min.max(1.0)).to_string()),
        "port" => "8080".into(),
        "uri" => "http://192.0.2.1:8080".into(),
        "dict" => "one:two".into(),
        "ip" | "hostaddress" => "192.0.2.1".into(),
        _ => "value".into(),
    }
}

/// Returns a file that sets every option of a release.
pub(crate) fn every_option(of: Series) -> String {
    let mut text = String::new();
    let mut group = String::new();
    for (name, of_name) in all_names(of.service()) {
        let Some(definition) = of_name.definition(of) else {
            continue;
        };
        if name.group() != group {
            group = name.group().to_owned();
            text += &format!("[{group}]\n");
        }
        let default = definition.default();
        let value = match default.first() {
            Some(value) if !definition.runtime_default && !value.contains('\n') => value.clone(),
            _ => sample(&definition),
        };
        text += &format!("{} = {value}\n", name.name());
    }
    text
}
