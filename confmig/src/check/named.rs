//! An entry of a file, with the name that it has.

use oslo_config::{Entry, OptName, ParsedFile};

use crate::diagnostic::{Place, Places};
use crate::target::name_of;

/// An entry of a file, with the name that it has.
pub(super) struct Named<'e> {
    pub(super) file: &'e ParsedFile<'e>,
    pub(super) entry: Entry<'e, 'e>,
    pub(super) name: OptName,
}

impl<'e> Named<'e> {
    pub(super) fn new(file: &'e ParsedFile<'e>, entry: Entry<'e, 'e>) -> Self {
        let name = name_of(entry);
        Self { file, entry, name }
    }

    /// The place of its key.
    pub(super) fn place(&self, places: &Places<'_, '_>) -> Place {
        places.key(self.file.path, self.entry)
    }
}
