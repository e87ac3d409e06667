//! An entry of a file, with the name that it has.

use bstr::ByteSlice;
use oslo_config::{Entry, OptName, ParsedFile};

use crate::diagnostic::{Place, Places};

/// An entry of a file, with the name that it has. What is not UTF-8 in it is replaced: no option is
/// named like that.
pub(super) struct Named<'e> {
    pub(super) file: &'e ParsedFile<'e>,
    pub(super) entry: Entry<'e, 'e>,
    pub(super) name: OptName,
}

impl<'e> Named<'e> {
    pub(super) fn new(file: &'e ParsedFile<'e>, entry: Entry<'e, 'e>) -> Self {
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        Self { file, entry, name }
    }

    /// The place of its key.
    pub(super) fn place(&self, places: &Places<'_, '_>) -> Place {
        places.key(self.file.path, self.entry)
    }
}
