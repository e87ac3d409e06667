//! What reports name as the rule where neither a pack nor a release has one.

/// References that got the group of their former neighbours.
pub(crate) const NEIGHBOUR: &str = "neighbour-reference";

/// Names that the target does not read.
pub(crate) const NOT_READ: &str = "not-read";

/// Values that the target refuses.
pub(crate) const REFUSED: &str = "refused";

/// Values that the newer release reads differently.
pub(crate) const OTHERWISE: &str = "read-otherwise";

/// Options that are set to the value that a file of decisions has.
pub(crate) const DECIDED: &str = "decided-value";

/// Options that are set to the default of the older release.
pub(crate) const PINNED: &str = "pinned-default";

/// The whole migration, in SARIF.
pub(crate) const WHOLE: &str = "migration";

/// Every one of these ids, and what it stands for.
pub const OWN_RULES: [(&str, &str); 7] = [
    (
        NEIGHBOUR,
        "A value that moved to another section has a reference without a group. oslo.config looks \
         it up in the section of the value, so the reference got the group that it was found in.",
    ),
    (
        NOT_READ,
        "The release, or the newer schema, does not read the name: the entry has no effect any \
         more. It is left in the file; remove it when its value is no longer needed.",
    ),
    (
        REFUSED,
        "The newer schema refuses the value, by the option's type or choices: the service would \
         not start, or fail when it reads the option.",
    ),
    (
        OTHERWISE,
        "The newer release reads another value than the older one, mostly because a reference in \
         it finds another option. Write the value itself, or refer to the option that is meant.",
    ),
    (
        DECIDED,
        "The file of decisions (--decisions) has a value for the option: the option is set to it, \
         and the entry that was left to decide is removed. The proof promises the value.",
    ),
    (
        PINNED,
        "The option is not set, and the newer release has another default than the older one. \
         With --pin-defaults, it is set to the old default, so that the service goes on as before; \
         the proof promises the value. Remove the entry to get the new default.",
    ),
    (
        WHOLE,
        "All changes of a migration, in SARIF as one result with one fix, since they were proved \
         together.",
    ),
];
