//! Backups: the old text, kept beside the file as `NAME.confmig-TIME-HASH`.
//!
//! TIME is when the file was replaced, in UTC (`20260131T235959Z`). HASH is the first 12
//! hexadecimal digits of the SHA-256 of the text that *replaced* it, which tells
//! [`undo`](super::undo()) whether the file was edited since. A second backup within the same
//! second gets the suffix `.2`, a third `.3`. If the clock was set back, TIME is that of the newest
//! backup, so that names sort by age. No name ends in `.conf`, or oslo.config would read it as part
//! of a `--config-dir`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::directory::Listings;
use super::file::{Created, Destination, Observed};

const MARK: &str = ".confmig-";
const EDITED: &str = "-edited";
const TIME_DIGITS: usize = 16;
const HASH_DIGITS: usize = 12;

/// The time and hash in a backup's name. Sorts by age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub(super) time: String,
    /// 1 for the first backup within a second.
    number: u64,
    pub(super) hash: String,
}

impl Stamp {
    /// Returns the stamp of a backup made now of a file whose new text has this hash. It sorts
    /// after all existing ones, even if the clock was set back.
    fn next(existing: Option<&Self>, now: String, hash: String) -> Self {
        let (time, number) = match existing {
            Some(newest) if newest.time >= now => (newest.time.clone(), newest.number + 1),
            _ => (now, 1),
        };
        Self { time, number, hash }
    }

    fn name(&self, file: &OsStr) -> OsString {
        numbered(file, &format!("{}-{}", self.time, self.hash), self.number)
    }

    /// Reads the stamp in the name of a backup of `file`; `None` if it is not one.
    fn parse(file: &OsStr, name: &OsStr) -> Option<Self> {
        let rest = name.as_bytes().strip_prefix(file.as_bytes())?;
        let rest = str::from_utf8(rest).ok()?.strip_prefix(MARK)?;
        let (time, rest) = rest.split_at_checked(TIME_DIGITS)?;
        let (hash, suffix) = rest.strip_prefix('-')?.split_at_checked(HASH_DIGITS)?;
        let number = match suffix.strip_prefix('.') {
            Some(digits) => digits.parse::<u32>().ok()?.into(),
            None => 1,
        };
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (date, clock) = time.split_once('T')?;
        let is_time = is_digits(date) && date.len() == 8 && is_digits(clock.strip_suffix('Z')?);
        let is_hash = hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let stamp = Self {
            time: time.to_owned(),
            number,
            hash: hash.to_owned(),
        };
        // Only the exact name counts, not `.02`, `.+2`, `.1` or what follows without a dot.
        (is_time && is_hash && stamp.name(file) == name).then_some(stamp)
    }
}

fn numbered(file: &OsStr, stamp: &str, number: u64) -> OsString {
    let mut name = file.as_bytes().to_vec();
    name.extend_from_slice(MARK.as_bytes());
    name.extend_from_slice(stamp.as_bytes());
    if number > 1 {
        name.extend_from_slice(format!(".{number}").as_bytes());
    }
    OsString::from_vec(name)
}

/// Returns the pattern of the names of `file`'s backups, for messages.
pub(super) fn pattern(file: &OsStr) -> String {
    format!("{}*", marked(file).display())
}

/// Returns what the names of `file`'s backups and edited texts begin with.
fn marked(file: &OsStr) -> OsString {
    let mut name = file.to_owned();
    name.push(MARK);
    name
}

/// Returns the backups of the destination, oldest first.
pub(super) fn list(
    destination: &Destination,
    listings: &mut Listings,
) -> Result<Vec<(Stamp, OsString)>, StoreError> {
    let file = &destination.name;
    let names = listings
        .names(&destination.directory, &marked(file))?
        .iter();
    let parsed = names.filter_map(|name| Some((Stamp::parse(file, name)?, name.clone())));
    let mut found: Vec<_> = parsed.collect();
    found.sort();
    Ok(found)
}

/// Returns the newest backup of the destination.
pub(super) fn newest(
    destination: &Destination,
    listings: &mut Listings,
) -> Result<Option<(Stamp, OsString)>, StoreError> {
    Ok(list(destination, listings)?.pop())
}

/// Returns the name of a backup made now of the destination, which gets the text `after`.
pub(super) fn next_name(
    destination: &Destination,
    after: &[u8],
    listings: &mut Listings,
) -> Result<OsString, StoreError> {
    let newest = newest(destination, listings)?.map(|(stamp, _)| stamp);
    let stamp = Stamp::next(newest.as_ref(), now(), hash(after));
    Ok(stamp.name(&destination.name))
}

/// Returns a name for the destination's edited text, which undo does not take for a backup's.
pub(super) fn edited_name(destination: &Destination) -> Result<OsString, StoreError> {
    let stamp = format!("{}{EDITED}", now());
    let mut listings = Listings::default();
    let taken = listings.names(&destination.directory, &marked(&destination.name))?;
    let mut number = 1;
    loop {
        let name = numbered(&destination.name, &stamp, number);
        if !taken.contains(&name) {
            return Ok(name);
        }
        number += 1;
    }
}

/// Returns whether `name` is that of a backup, or of an edited text, of any file.
pub(super) fn is_backup(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let marks = memchr::memmem::find_iter(bytes, MARK.as_bytes());
    marks.into_iter().any(|at| {
        let file = OsStr::from_bytes(&bytes[..at]);
        let edited = || memchr::memmem::find(&bytes[at..], EDITED.as_bytes()).is_some();
        Stamp::parse(file, name).is_some() || edited()
    })
}

/// Copies the destination's text and metadata to a temporary file.
pub(super) fn save(destination: &Destination, present: &Observed) -> Result<Created, StoreError> {
    let (copy, file) = destination.temporary()?;
    destination.fill(&file, &present.content, &present.metadata)?;
    Ok(copy)
}

/// Returns the first hexadecimal digits of the SHA-256 of a text, as in a backup's name.
pub(super) fn hash(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(HASH_DIGITS / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Returns the present time as in a backup's name.
pub(super) fn now() -> String {
    utc(SystemTime::now())
}

/// Returns a time as in a backup's name; one before 1970 counts as 1970.
fn utc(time: SystemTime) -> String {
    let time = DateTime::<Utc>::from(time.max(UNIX_EPOCH));
    time.format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_utc() {
        // Expected values from `date -u -d @SECONDS +%Y%m%dT%H%M%SZ`.
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_709_164_800, "20240229T000000Z"),
            (1_735_689_599, "20241231T235959Z"),
            (1_735_689_600, "20250101T000000Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
            (253_402_300_799, "99991231T235959Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn hash_is_the_start_of_sha_256() {
        assert_eq!(hash(b"abc"), "ba7816bf8f01");
    }

    #[test]
    fn names_are_read_back_and_others_are_not() {
        let file = OsStr::from_bytes(b"caf\xe9.conf");
        let time = "20260131T235959Z".to_owned();
        for number in [1, 2, 10] {
            let stamp = Stamp {
                time: time.clone(),
                number,
                hash: "0123456789ab".into(),
            };
            let name = stamp.name(file);
            assert!(!name.as_bytes().ends_with(b".conf"));
            assert_eq!(Stamp::parse(file, &name), Some(stamp));
        }
        for other in [
            "",
            ".confmig-",
            ".confmig-20260131T235959Z-edited",
            ".confmig-20260131T235959Z-0123456789a",
            ".confmig-20260131T235959Z-0123456789abc",
            ".confmig-20260131T235959Z-0123456789AB",
            ".confmig-20260131T235959Z-0123456789ab.1",
            ".confmig-20260131T235959Z-0123456789ab.02",
            ".confmig-20260131T235959Z-0123456789ab.+2",
            ".confmig-20260131T235959Z-0123456789ab.99999999999999999999",
            ".confmig-20260131T235959Z-0123456789ab~",
            ".confmig-2026013T1235959Z-0123456789ab",
            ".confmig-20260131T2359590-0123456789ab",
            ".confmig-20260131T235959\u{e9}-0123456789ab",
        ] {
            let name = OsString::from_vec([file.as_bytes(), other.as_bytes()].concat());
            assert_eq!(Stamp::parse(file, &name), None, "{other}");
        }
    }

    #[test]
    fn backups_and_edited_texts_are_known_by_their_names() {
        for (name, expected) in [
            ("a.conf.confmig-20260131T235959Z-0123456789ab", true),
            ("a.conf.confmig-20260131T235959Z-0123456789ab.2", true),
            ("a.conf.confmig-20260131T235959Z-edited", true),
            ("a.conf.confmig-20260131T235959Z-edited.2", true),
            ("a.conf.confmig-notes", false),
            ("a-edited.conf", false),
            ("a.conf", false),
        ] {
            assert_eq!(is_backup(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_new_stamp_sorts_last_even_after_the_clock_was_set_back() {
        let stamp = |time: &str, number, hash: &str| Stamp {
            time: time.into(),
            number,
            hash: hash.into(),
        };
        let old = stamp("20260131T235959Z", 1, "ffffffffffff");
        for (now, number) in [
            ("20260131T235959Z", 2),
            ("20250131T235959Z", 2),
            ("20260201T000000Z", 1),
        ] {
            let next = Stamp::next(Some(&old), now.into(), "000000000000".into());
            assert!(next > old, "{next:?}");
            assert_eq!(next.number, number);
        }
        let tenth = stamp("20260131T235959Z", 10, "000000000000");
        assert!(tenth > stamp("20260131T235959Z", 9, "ffffffffffff"));
    }
}
