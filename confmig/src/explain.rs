//! Where an option's value comes from.

use oslo_config::{Config, GetError, Occurrences, Opt, Origin};

/// What there is to say of an option's value.
#[derive(Debug, Clone)]
pub struct Explained<'d> {
    /// The option.
    pub opt: Opt,
    /// Its value as text, references replaced: one, or all of a multi-valued option, none when it is
    /// unset; or why oslo.config cannot give it.
    pub texts: Result<Vec<String>, GetError>,
    /// Where it comes from, also when it cannot be given.
    pub origin: Origin,
    /// All places where it is set.
    pub occurrences: Occurrences<'d>,
}

impl<'d> Explained<'d> {
    /// Explains a registered option.
    #[must_use]
    pub fn new(config: &Config<'d>, opt: &Opt) -> Self {
        Explained {
            opt: opt.clone(),
            texts: config
                .get(opt.name().group(), opt.name().name())
                .map(|setting| setting.texts),
            origin: config.origin(opt),
            occurrences: config.occurrences(opt),
        }
    }
}
