//! Fuzz targets, and what they share: all that the program says about a text.
//!
//! The targets are the tests of the modules below, each with a corpus in `__fuzz__`, under its
//! name. `cargo test -p fuzz` runs each over its corpus and some generated inputs; `fuzz/run`
//! fuzzes them, guided by the coverage.

// This runs in tests only, which fail by a panic.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[cfg(test)]
mod masking;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod text;

use std::collections::HashMap;
use std::path::Path;

use confmig::check::{Environment, check};
use confmig::diagnostic::Diagnostic;
use confmig::explain::Explanation;
use confmig::migrate::{MigrateError, Migration, Route, Settings, migrate};
use confmig::pack::Pack;
use confmig::policy::settle_by_comments;
use confmig::report::{self, CheckReport, MigrationReport, Paint};
use confmig::secret::Secrets;
use confmig::target::PackTarget;
use oslo_config::{Config, ParsedFile, SourceFile};

/// Returns a text as the file `service.conf`.
#[must_use]
pub fn file_of(text: &[u8]) -> SourceFile {
    SourceFile {
        path: "service.conf".into(),
        text: text.to_owned(),
    }
}

/// Returns all that the program says about a text, in all formats, with secrets masked.
///
/// # Panics
///
/// If a page cannot be rendered.
#[must_use]
pub fn outputs(text: &[u8], pack: &Pack, paint: Paint) -> Vec<Vec<u8>> {
    let secrets = Secrets::hidden(pack);
    let file = file_of(text);
    let mut outputs = Outputs {
        file: &file,
        pack,
        secrets: &secrets,
        paint,
        texts: Vec::new(),
    };
    match file.parse() {
        Ok(parsed) => {
            let parsed = [parsed];
            outputs.check(&parsed);
            outputs.show(&parsed);
            outputs.migrate(&parsed);
        }
        Err(error) => {
            let found = Diagnostic::of_syntax(&error, text, &secrets);
            outputs.findings(&found);
        }
    }
    outputs.texts
}

/// What the program says about a file.
struct Outputs<'o> {
    file: &'o SourceFile,
    pack: &'o Pack,
    secrets: &'o Secrets<'o>,
    paint: Paint,
    texts: Vec<Vec<u8>>,
}

impl Outputs<'_> {
    fn add(&mut self, text: impl Into<Vec<u8>>) {
        self.texts.push(text.into());
    }

    /// Adds what `confmig check` says.
    fn check(&mut self, parsed: &[ParsedFile<'_>]) {
        let environment = Environment {
            keep_old: false,
            arguments: "",
            defaults: false,
            variables: &HashMap::new(),
            is_directory: &|_: &Path| false,
        };
        let target = PackTarget::new(self.pack.clone());
        let mut found = check(parsed, &target, self.secrets, &environment);
        settle_by_comments(&mut found, parsed, self.secrets);
        self.findings(&found);
    }

    /// Adds findings, in all formats.
    fn findings(&mut self, diagnostics: &[Diagnostic]) {
        let files = [&*self.file.path];
        let found = CheckReport {
            files: &files,
            diagnostics,
            pack: self.pack,
            shows_secrets: false,
            release: None,
        };
        let page = report::check_html(&found).expect("a template of ours");
        self.add(page);
        self.add(report::render(diagnostics, self.paint, Some(40)));
        self.add(report::check_github(diagnostics));
        let junit = report::check_junit(&files, diagnostics);
        self.add(junit.expect("a template of ours"));
        self.add(report::check_json(diagnostics));
        self.add(report::check_sarif(diagnostics));
    }

    /// Adds what `confmig show` says, which evaluates masked texts.
    fn show(&mut self, parsed: &[ParsedFile<'_>]) {
        self.add(report::entries_text(parsed, self.secrets));
        let files = self.secrets.files(parsed);
        let masked: Result<Vec<_>, _> = files.iter().map(SourceFile::parse).collect();
        let masked = masked.expect("a masked text parses as before");
        let opts = confmig::registered(&masked, self.pack);
        let config = Config::new(&masked, &opts);
        let explained: Vec<_> = opts
            .iter()
            .map(|opt| Explanation::new(&config, opt, self.pack))
            .collect();
        self.add(report::show_json(&masked, &explained, self.secrets));
        let texts = explained.iter();
        let texts = texts.map(|option| report::explained_text(option, self.secrets));
        self.add(texts.collect::<String>());
    }

    /// Adds what `confmig migrate` says.
    fn migrate(&mut self, parsed: &[ParsedFile<'_>]) {
        let migration = match migrate_by(parsed, self.pack, false) {
            Ok(migration) => migration,
            Err(error) => return self.add(error.to_string()),
        };
        let decisions = migration.diagnostics(parsed, self.secrets);
        let report = MigrationReport {
            migration: &migration,
            before: std::slice::from_ref(self.file),
            written: &[],
            releases: None,
            pack: self.pack,
            settings: &Settings::default(),
            secrets: self.secrets,
        };
        let page = report::migrate_html(&report, &decisions).expect("a template of ours");
        self.add(page);
        let reports = [report];
        let junit = report::migrate_junit(&reports, &decisions);
        self.add(junit.expect("a template of ours"));
        self.add(report::migrate_github(&reports, &decisions));
        self.add(report::migrate_json(&reports, &decisions));
        self.add(report::migrate_sarif(&reports, &decisions));
        self.add(report::render(&decisions, self.paint, None));
        for after in &migration.files {
            self.add(report::unified_diff(
                self.file,
                after,
                self.secrets,
                self.paint,
            ));
            let messages = after.changes.iter().map(|change| change.message.clone());
            self.add(messages.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Migrates a text by a pack.
///
/// # Errors
///
/// Those of [`migrate`].
pub fn migrate_by(
    parsed: &[ParsedFile<'_>],
    pack: &Pack,
    keep_old: bool,
) -> Result<Migration, MigrateError> {
    let settings = Settings {
        keep_old,
        ..Settings::default()
    };
    migrate(parsed, &Route::pack(pack), &settings)
}
