//! The options of a release as a schema.

use super::definition::Definition;
use super::names::{History, all_names};
use super::pack::full_option;
use super::series::{ReleaseRange, Series};
use crate::schema::{Comparison, Deprecation, Schema, SchemaOption, compare};

/// What changed in the options of a service from one release to another.
#[derive(Debug, Clone)]
pub struct ReleaseComparison {
    /// The options of the older release.
    pub from: Schema,
    /// The options of the newer release.
    pub to: Schema,
    /// What changed.
    pub found: Comparison,
}

/// Compares the options of two releases.
#[must_use]
pub fn compare_releases(range: ReleaseRange) -> ReleaseComparison {
    let (from, to) = (schema(range.from), schema(range.to));
    let found = compare(&from, &to);
    ReleaseComparison { from, to, found }
}

/// Returns the options of a release as a schema.
fn schema(series: Series) -> Schema {
    let service = series.service();
    let history = History::new(service);
    let options = all_names(service).filter_map(|(name, of_name)| {
        let definition = of_name.definition(series)?;
        let opt = full_option(&name, series, &history)?;
        Some(option(opt, &definition))
    });
    Schema::of_options(
        format!("{} {} ({series})", service.title(), series.version()),
        service.id(),
        options,
    )
}

fn option(opt: oslo_config::Opt, definition: &Definition<'_>) -> SchemaOption {
    SchemaOption {
        opt,
        type_name: definition.kind.to_string(),
        default_is_unknown: definition.runtime_default,
        deprecation: definition.to_be_removed.then_some(Deprecation {
            reason: None,
            since: None,
        }),
    }
}
