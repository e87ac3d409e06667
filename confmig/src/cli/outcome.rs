//! How a command ends.

use confmig::report::counted;

/// How a command ended, when it did not fail.
pub(crate) enum Outcome {
    /// Done, or nothing to do.
    Done,
    /// `--check` or `check` found something.
    Found,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Said(String),
    #[error(transparent)]
    Pack(#[from] confmig::pack::PackError),
    #[error(transparent)]
    Schema(#[from] confmig::schema::SchemaError),
    #[error(transparent)]
    Source(#[from] oslo_config::SourceError),
    #[error(transparent)]
    Migrate(#[from] confmig::migrate::MigrateError),
    #[error(transparent)]
    Html(#[from] confmig::report::HtmlError),
    #[error(transparent)]
    Store(#[from] confmig::store::StoreError),
    /// Files that cannot be parsed; what is wrong has been shown.
    #[error("{} cannot be parsed: correct what is shown above", counted(*count, "file"))]
    Unparsable { count: usize },
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
}
