//! Setting and removing by name.

use std::ops::Range;

use bstr::{BString, ByteSlice};

use super::{Change, Edit, EditError};
use crate::document::{Document, Entry};
use crate::parse::LineKind;
use crate::text::{group_of_section, is_key, trim, trim_end, trim_start, unquote};

/// What starts each further line of a value.
const INDENT: &[u8] = b"    ";

/// A section that is added at the end of a document.
#[derive(Clone)]
pub(super) struct NewSection {
    group: BString,
    text: BString,
}

impl Edit<'_, '_> {
    /// Sets a name to a value, which is read as given: quotes are added if it needs them.
    ///
    /// The last entry of the name gets the value. If there is none, one is added: below the
    /// placeholder of the name (`#key = …`), or else at the end of the group's first section, or
    /// else in a new section at the end of the document.
    ///
    /// A `$` in the value starts a reference, as everywhere in a file; `$$` is a dollar sign.
    ///
    /// ```
    /// use oslo_config::{Document, Edit};
    ///
    /// let text = b"[pxe]\n#http_root = <None>\nhttp_url: 'a' # not a comment\n";
    /// let document = Document::parse(text)?;
    /// let mut edit = Edit::new(&document);
    /// edit.set("pxe", "http_url", "two\nlines");
    /// edit.set("pxe", "http_root", " /a ");
    /// assert_eq!(
    ///     edit.finish()?,
    ///     "[pxe]\n#http_root = <None>\nhttp_root = \" /a \"\nhttp_url: two\n    lines\n",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set(&mut self, group: impl AsRef<[u8]>, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        if let Err(error) = self.try_set(group.as_ref(), key.as_ref(), value.as_ref()) {
            self.fail(error);
        }
    }

    /// Removes all entries of a name. Comments stay.
    pub fn remove(&mut self, group: impl AsRef<[u8]>, key: impl AsRef<[u8]>) {
        let (group, key) = (group.as_ref(), key.as_ref());
        if let Err(error) = self.name(group, key) {
            return self.fail(error);
        }
        let group = group_of_section(group);
        let document = self.document;
        let sections = document
            .sections()
            .filter(|section| *section.group() == *group);
        for entry in sections.flat_map(|section| section.entries()) {
            if *entry.key() == *key {
                self.remove_lines(entry.lines());
            }
        }
    }

    fn try_set(&mut self, group: &[u8], key: &[u8], value: &[u8]) -> Result<(), EditError> {
        if !is_section_name(group) {
            return Err(EditError::Group {
                group: group.into(),
            });
        }
        if !is_key(key) {
            return Err(EditError::Key { key: key.into() });
        }
        self.name(group, key)?;
        let value = written(value, self.document.line_end()).ok_or_else(|| EditError::Value {
            group: group.into(),
            key: key.into(),
        })?;
        let document = self.document;
        if let Some(entry) = document.entry(group, key) {
            let range = value_range(document, entry);
            let before = &document.text()[..range.start];
            let is_spaced = matches!(before.as_bytes(), [.., b' ', b'=' | b':']);
            let space = space_before(&value).filter(|_| range.is_empty() && is_spaced);
            self.replace(range, [space.unwrap_or_default(), &value].concat());
            return Ok(());
        }
        let space = space_before(&value).unwrap_or_default();
        let text = [key, b" =", space, &value].concat();
        match place(document, group, key) {
            Some(line) => self.insert_lines(line, text),
            None => self.add_to_new(group, &text),
        }
        Ok(())
    }

    /// Records that a name is set or removed.
    fn name(&mut self, group: &[u8], key: &[u8]) -> Result<(), EditError> {
        let normal = BString::from(group_of_section(group).into_owned());
        match self.named.insert((normal, key.into())) {
            true => Ok(()),
            false => Err(EditError::Repeated {
                group: group.into(),
                key: key.into(),
            }),
        }
    }

    /// Adds an entry to a new section.
    fn add_to_new(&mut self, group: &[u8], entry: &[u8]) {
        let end = self.document.line_end();
        let name = group_of_section(group);
        let known = self.new_sections.iter_mut();
        let section = match known.into_iter().find(|new| *new.group == *name) {
            Some(section) => section,
            None => {
                self.new_sections.push(NewSection {
                    group: name.into_owned().into(),
                    text: [b"[", group, b"]", end].concat().into(),
                });
                // One was just added.
                let Some(section) = self.new_sections.last_mut() else {
                    return;
                };
                section
            }
        };
        section.text.extend_from_slice(entry);
        section.text.extend_from_slice(end);
    }

    /// Inserts the new sections at the end of the document, with blank lines between them.
    pub(super) fn add_sections(&mut self, sections: Vec<NewSection>) {
        let document = self.document;
        let at = document.text().len();
        let last = document.line_kind(document.line_count());
        let mut blank = !matches!(last, None | Some(LineKind::Blank));
        for NewSection { text, .. } in sections {
            let above: &[u8] = if blank { document.line_end() } else { b"" };
            self.changes.push(Change {
                range: at..at,
                text: [above, &text].concat().into(),
                from: Some(Vec::new()),
            });
            blank = true;
        }
    }
}

fn is_section_name(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().any(|byte| b"\r\n".contains(byte))
}

/// Returns a value as it is written, so that it is read as given; `None` if that is not possible.
fn written(value: &[u8], line_end: &[u8]) -> Option<Vec<u8>> {
    if value.contains(&b'\r') {
        return None;
    }
    let mut lines = value.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let is_plain = trim(first) == first && unquote(first) == first;
    let quote: &[u8] = if is_plain { b"" } else { b"\"" };
    let mut written = [quote, first, quote].concat();
    for line in lines {
        if line.is_empty() || trim(line) != line {
            return None;
        }
        written.extend([line_end, INDENT, line].concat());
    }
    Some(written)
}

/// Returns the bytes of an entry's value, without the white space around it.
fn value_range(document: &Document<'_>, entry: Entry<'_, '_>) -> Range<usize> {
    let text = document.text();
    let mut ranges = entry.value_ranges();
    // An entry has at least one line.
    let first = ranges.next().unwrap_or_default();
    let last = ranges.last().unwrap_or_else(|| first.clone());
    let start = first.end - trim_start(&text[first]).len();
    let end = last.start + trim_end(&text[last]).len();
    start..end.max(start)
}

/// Returns what separates a written value from the `=`; `None` if its first line is empty.
fn space_before(value: &[u8]) -> Option<&'static [u8]> {
    let first = value.first().filter(|byte| !b"\r\n".contains(byte));
    first.map(|_| &b" "[..])
}

/// Returns the number of the line above which a new entry belongs; `None` without its section.
fn place(document: &Document<'_>, group: &[u8], key: &[u8]) -> Option<usize> {
    let group = group_of_section(group);
    let mut sections = document
        .sections()
        .filter(|section| *section.group() == *group);
    let first = sections.next()?;
    let placeholders = std::iter::once(first).chain(sections).find_map(|section| {
        let placeholders = section.placeholders().filter(|(name, _)| **name == *key);
        placeholders.last()
    });
    Some(match placeholders {
        Some((_, line)) => line + 1,
        None => first.end_of_content(),
    })
}
