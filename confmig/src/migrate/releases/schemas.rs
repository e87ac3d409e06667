//! From what one schema tells of a service to what another does.

use bstr::ByteSlice;
use bumpalo::Bump;
use oslo_config::{Config, GetError, Opt, OptName, ParsedFile};

use super::NOT_READ;
use super::walk::Walk;
use crate::diagnostic::Code;
use crate::migrate::{Decision, MigrateError, Migration, Settings};
use crate::pack::Pack;
use crate::schema::Schema;
use crate::target::{Schemas, gone};

/// The id under which values are reported that the newer release refuses.
const REFUSED: &str = "refused";

/// Migrates files to the names of a schema, by way of those of an older one when there is one. The rules
/// of `site`, if any, are followed at the end.
///
/// # Errors
///
/// When the new texts cannot be made, read back, or shown to mean what they must.
pub fn migrate_schemas(
    files: &[ParsedFile<'_>],
    schemas: Schemas<'_>,
    site: Option<&Pack>,
    settings: &Settings,
) -> Result<Migration, MigrateError> {
    let texts = Bump::new();
    let mut walk = Walk::new(files, settings, &texts);
    for schema in schemas.from.into_iter().chain([schemas.to]) {
        let pack = schema.pack(&walk.files);
        walk.follow(&pack)?;
    }
    if let Some(site) = site {
        walk.follow(site)?;
    }
    if let (Some(from), false) = (schemas.from, settings.keep_old) {
        walk.not_read(from, schemas.to);
        walk.refused(schemas.to);
    }
    Ok(walk.finish())
}

impl Walk<'_> {
    /// Reports what the older release reads and the newer one does not.
    fn not_read(&mut self, from: &Schema, to: &Schema) {
        let (old, new) = (from.pack(&self.files).opts, to.pack(&self.files).opts);
        let mut found = Vec::new();
        for (at, file) in self.files.iter().enumerate() {
            let entries: Vec<_> = file.document.entries().collect();
            for entry in &entries {
                let option = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
                // Options of sections that an option names are in no schema by these sections' names.
                let is_one = |opts: &[Opt]| opts.iter().any(|opt| *opt.name() == option);
                let told =
                    self.decisions.iter().chain(&found).any(|(name, decision)| {
                        *name == option || decision.options.contains(&option)
                    });
                let was = from.reads(&option) || is_one(&old);
                if to.reads(&option) || is_one(&new) || told || !was {
                    continue;
                }
                let line = self.trails[at].first_line(&entries, entry.line());
                let reason = format!("{option}: {}", gone(&option, Some(from), to));
                found.push(decision(
                    option,
                    file,
                    line,
                    reason,
                    NOT_READ,
                    Code::RemovedOption,
                ));
            }
        }
        self.decisions.extend(found);
    }

    /// Reports values that the newer release refuses.
    fn refused(&mut self, to: &Schema) {
        let opts = to.pack(&self.files).opts;
        let config = Config::new(&self.files, &opts);
        let mut found = Vec::new();
        for opt in &opts {
            let name = opt.name();
            let Some(set) = config.occurrences(opt).effective.pop() else {
                continue;
            };
            let cause = match config.get(name.group(), name.name()) {
                Err(GetError::Invalid { option, cause }) if option == *name => cause,
                _ => continue,
            };
            let Some(at) = self.files.iter().position(|file| file.path == set.path) else {
                continue;
            };
            let entries: Vec<_> = self.files[at].document.entries().collect();
            let line = self.trails[at].first_line(&entries, set.entry.line());
            let reason = format!("{name}: its value is not valid: {cause}");
            found.push(decision(
                name.clone(),
                &self.files[at],
                line,
                reason,
                REFUSED,
                Code::NeedsDecision,
            ));
        }
        self.decisions.extend(found);
    }
}

fn decision(
    option: OptName,
    file: &ParsedFile<'_>,
    line: usize,
    reason: String,
    rule: &str,
    code: Code,
) -> (OptName, Decision) {
    let decision = Decision {
        option: option.clone(),
        path: file.path.to_owned(),
        line,
        reason,
        acceptable: false,
        options: vec![option.clone()],
        rule: Some(rule.into()),
        release: None,
        advice: None,
        code,
    };
    (option, decision)
}
