//! Masks secrets line by line, in texts that need not be well-formed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry};

use super::parts::without_parts;
use super::suggest::Secrecy;
use super::{MASK, Secrets};
use crate::lines::{Lines, split_end};
use crate::rule::group_of;

impl Secrets<'_> {
    /// Returns the masked lines of a text, each with its line end.
    #[must_use]
    pub fn lines<'t>(&self, text: &'t [u8]) -> Vec<Cow<'t, [u8]>> {
        let mut masker = LineMasker::new(self);
        let lines = crate::lines::split(text);
        lines.map(|line| masker.line(line)).collect()
    }

    /// Returns the masked lines of a text that are in `ranges`, which are in order and disjoint.
    /// Other lines are read only as far as they matter for these.
    pub(crate) fn lines_in<'t>(
        &self,
        lines: &Lines<'t>,
        ranges: impl IntoIterator<Item = Range<usize>>,
    ) -> HashMap<usize, Cow<'t, [u8]>> {
        let mut masker = LineMasker::new(self);
        let mut shown = HashMap::new();
        let mut read = 0;
        for range in ranges {
            // Before the last assignment, only the section matters.
            let mut before = lines.range(read..range.start);
            let last_start = before.rposition(|line| is_assignment(split_end(line).0));
            let from = read + last_start.unwrap_or(0);
            for line in lines.range(read..from) {
                if line.starts_with(b"[") {
                    masker.line(line);
                }
            }
            for (index, line) in lines.range(from..range.end).enumerate() {
                let line = masker.line(line);
                if range.contains(&(from + index)) {
                    shown.insert(from + index, line);
                }
            }
            read = range.end;
        }
        shown
    }

    /// Returns a line of an entry, masked; `line` is its text, and `is_first` tells whether it has
    /// the entry's key.
    pub(crate) fn line_of<'t>(
        &self,
        entry: Entry<'_, '_>,
        line: &'t [u8],
        is_first: bool,
    ) -> Cow<'t, [u8]> {
        let group = entry.group().to_str_lossy().into_owned();
        let in_secret = !is_first && self.hides(&group, &entry.key().to_str_lossy());
        let mut masker = LineMasker {
            secrets: self,
            group,
            in_secret,
        };
        masker.line(line)
    }
}

/// Masks a text line by line, keeping track of the current section and value.
struct LineMasker<'s, 'p> {
    secrets: &'s Secrets<'p>,
    group: String,
    /// Whether the last assignment was to a secret option. Nothing but another assignment resets
    /// it: an indented line after anything else is an error, but may still be part of a secret.
    in_secret: bool,
}

impl<'s, 'p> LineMasker<'s, 'p> {
    fn new(secrets: &'s Secrets<'p>) -> Self {
        LineMasker {
            secrets,
            group: DEFAULT_GROUP.into(),
            in_secret: false,
        }
    }

    fn line<'t>(&mut self, line: &'t [u8]) -> Cow<'t, [u8]> {
        if self.secrets.shown {
            return Cow::Borrowed(line);
        }
        let (content, end) = split_end(line);
        match content.trim_ascii_end().first() {
            None => Cow::Borrowed(line),
            Some(b'[') => self.header(line),
            Some(b' ' | b'\t') if self.in_secret => masked(&content[..indent(content)], end),
            Some(b'#' | b';') => self.assignment(line).0,
            Some(_) if is_end_of_base64(content) => masked(b"", end),
            Some(_) if self.in_secret && is_stray(content) => masked(b"", end),
            // An indented line is no assignment to oslo.config, but may be meant as one.
            Some(_) => {
                let (shown, secret) = self.assignment(line);
                self.in_secret = secret || self.in_secret && !is_assignment(content);
                shown
            }
        }
    }

    /// Masks a section header. What follows its first closing bracket may be an assignment, or the
    /// value of an option whose name is in the brackets.
    fn header<'t>(&mut self, line: &'t [u8]) -> Cow<'t, [u8]> {
        let (content, end) = split_end(line);
        let close = content.find_byte(b']').unwrap_or(content.len());
        let name = content[1..close].to_str_lossy().into_owned();
        let (before, after) = content.split_at(close);
        let (bracket, after) = after.split_at(after.len().min(1));
        // The closing bracket makes it a header.
        let (after, closing) = match after.strip_suffix(b"]") {
            Some(after) => (after, b"]".as_slice()),
            None => (after, b"".as_slice()),
        };
        let follows = !after.trim().is_empty();
        let bracketed = follows && self.secrets.hides(&self.group, name.trim());
        self.group = group_of(&name);
        let shown = if bracketed {
            let kept = after.find_byteset(b"=:").map_or(0, |at| at + 1);
            Cow::Owned([&after[..kept], b" ", MASK.as_bytes()].concat())
        } else {
            self.assignment(after).0
        };
        let before = without_parts(before, 0);
        Cow::Owned([&before, bracket, &shown, closing, end].concat())
    }

    /// Masks an assignment, a placeholder, or a line that was meant as one; also returns whether
    /// its option is secret.
    fn assignment<'t>(&self, line: &'t [u8]) -> (Cow<'t, [u8]>, bool) {
        let (content, end) = split_end(line);
        let start = content.find_not_byteset(b"#; \t").unwrap_or(content.len());
        let separator = content[start..].find_byteset(b"=:").map(|at| start + at);
        let key = start..separator.unwrap_or(content.len());
        if let Some(name) = self.name_before_value(&content[key.clone()], content) {
            return (masked(&content[..start + name + 1], end), true);
        }
        let value = separator.map_or(start, |at| at + 1);
        let name = content[key].trim().to_str_lossy();
        // Without a separator, the value may still follow in the next line.
        let secrecy = self.secrets.secrecy(&self.group, &name);
        let after = &content[value..];
        let shown = match separator.is_some() && secrecy.masks(after) {
            true => masked(&content[..value + indent(after)], end),
            false => without_parts(line, value),
        };
        (shown, secrecy != Secrecy::Shown)
    }

    /// Returns where the name of a secret option ends in a line whose separator is missing, so that
    /// its `key` holds the value.
    fn name_before_value(&self, key: &[u8], line: &[u8]) -> Option<usize> {
        if !line.starts_with(b"#") && !line.starts_with(b";") {
            return self.secrets.name_in(&self.group, key, usize::MAX);
        }
        // In a comment, a sentence may name a secret and go on; with a colon, it is no placeholder.
        let is_sentence = line.get(1).is_some_and(|byte| b" \t".contains(byte));
        if is_sentence && line.find_byteset(b"=:").is_some() {
            return None;
        }
        self.secrets.name_in(&self.group, key, 1)
    }
}

/// Returns whether a line is an assignment to an option: it starts with a name and a separator.
fn is_assignment(content: &[u8]) -> bool {
    let Some(separator) = content.find_byteset(b"=:") else {
        return false;
    };
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let key = content[..separator].trim_ascii_end();
    !key.is_empty() && key.iter().all(is_of_name) && !is_end_of_base64(content)
}

/// Returns whether a line that follows a secret may belong to it, although it is not indented: it
/// is no assignment, or one without a name.
fn is_stray(content: &[u8]) -> bool {
    content.find_byteset(b"=:").is_none_or(|at| at == 0)
}

/// Returns whether a line looks like the last one of a key or of a certificate, which oslo.config
/// takes for an assignment if it is not indented.
pub(super) fn is_end_of_base64(content: &[u8]) -> bool {
    let text = content.trim_ascii_end();
    let digits = text.trim_end_with(|c| c == '=');
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    text.len() >= 16
        && digits.len() < text.len()
        && digits.iter().all(is_digit)
        && digits.iter().any(u8::is_ascii_uppercase)
}

fn indent(text: &[u8]) -> usize {
    text.len() - text.trim_ascii_start().len()
}

fn masked<'t>(before: &[u8], end: &[u8]) -> Cow<'t, [u8]> {
    Cow::Owned([before, MASK.as_bytes(), end].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Pack;

    fn shown(text: &str) -> String {
        let pack = Pack::load("standalone-ilo").unwrap();
        let lines = Secrets::hidden(&pack).lines(text.as_bytes());
        String::from_utf8(lines.concat()).unwrap()
    }

    #[test]
    fn values_of_secret_options_are_masked_everywhere() {
        assert_eq!(
            shown("[DEFAULT]\nrabbit_password = hunter2\n#rabbit_password=old\nmy_ip = 1.2.3.4\n"),
            "[DEFAULT]\nrabbit_password = ****\n#rabbit_password=****\nmy_ip = 1.2.3.4\n"
        );
        assert_eq!(
            shown("[Database]\r\nconnection: mysql://a\r\n  b\r\n\r\n  c\r\n"),
            "[Database]\r\nconnection: ****\r\n  ****\r\n\r\n  ****\r\n"
        );
        assert_eq!(
            shown("[site]\nour_api_token hunter2\n"),
            "[site]\nour_api_token ****\n"
        );
        assert_eq!(shown("[swift]\npassword =\n"), "[swift]\npassword =\n");
    }

    #[test]
    fn a_masked_header_is_still_a_header() {
        assert_eq!(shown("[x] password = hunter2]\n"), "[x] password = ****]\n");
        assert_eq!(shown("[x] password = hunter2\n"), "[x] password = ****\n");
        assert_eq!(shown("[x] db_pass Q0FO==]\n"), "[x] db_pass ****]\n");
        assert_eq!(shown("[db_pass = Q0FO]\n"), "[db_pass = ****]\n");
        assert_eq!(shown("[x] use_token = no]\n"), "[x] use_token = no]\n");
        assert_eq!(shown("[db_pass] = Q0FO\n"), "[db_pass] = ****\n");
        assert_eq!(shown("[db_pass] Q0FO]\n"), "[db_pass] ****]\n");
        assert_eq!(shown("[db_pass] \n"), "[db_pass] \n");
    }

    #[test]
    fn passwords_in_urls_are_masked_everywhere() {
        assert_eq!(
            shown("# see http://joe:pa@ss/word@host/x and http://h:80/a\n"),
            "# see http://joe:****@host/x and http://h:80/a\n"
        );
        assert_eq!(
            shown("x = 'rabbit://u:p@h1:5672,v:q@h2/'"),
            "x = 'rabbit://u:****@h2/'"
        );
        assert_eq!(
            shown("[a]\nx = y\n  http://u:p@h\n"),
            "[a]\nx = y\n  http://u:****@h\n"
        );
    }

    #[test]
    fn lines_after_a_secret_are_masked_whatever_is_between() {
        for between in [
            "garbage\n",
            "\n",
            "# x\n",
            "[broken\n",
            "[header]\n",
            "my name = x\n",
        ] {
            let text = format!("[swift]\npassword = a\n{between}  CANARY\n");
            assert!(!shown(&text).contains("CANARY"), "{text}");
        }
        assert_eq!(
            shown("[swift]\npassword = a\nCANARY\nQ0FOQVJZLUNBTkFSWQ==\n b\nx = 1\n c\n"),
            "[swift]\npassword = ****\n****\n****\n ****\nx = 1\n c\n"
        );
        assert_eq!(
            shown("[swift]\npassword\n = CANARY\n= CANARY\nx = 1\n"),
            "[swift]\npassword\n ****\n****\nx = 1\n"
        );
        // An end of a key is one wherever it is.
        assert_eq!(
            shown("[x]\nQ0FOQVJZLUNBTkFSWQ==\ny =\n Q0FOQVJZLUNBTkFSWQ==\n"),
            "[x]\n****\ny =\n Q0FOQVJZLUNBTkFSWQ==\n"
        );
        // None of these looks like one.
        let text = "[swift]\npassword = \nSome_Long_Name_Of_It: X\nsomelongnameofit=\nShortName=\n";
        assert_eq!(shown(text), text);
    }

    #[test]
    fn secrets_without_a_separator_are_masked_after_the_name() {
        assert_eq!(
            shown("admin_password Q0FOQVJZCg==\n#db_pass Q0FO=\nset rabbit_password a=b\n"),
            "admin_password ****\n#db_pass ****\nset rabbit_password ****\n"
        );
        assert_eq!(shown("# The token of x: y\n"), "# The token of x: ****\n");
    }

    #[test]
    fn nothing_and_switches_are_shown() {
        let text = "[database]\n#connection = <None>\n[x]\nuse_credentials = False\n";
        assert_eq!(shown(text), text);
    }

    #[test]
    fn lines_of_an_entry_are_masked_alone() {
        let pack = Pack::load("standalone-ilo").unwrap();
        let secrets = Secrets::hidden(&pack);
        let text = "[swift]\npassword = a\n b\nx = c\n d\n";
        let document = oslo_config::Document::parse(text.as_bytes()).unwrap();
        let shown = document.entries().flat_map(|entry| {
            let lines = entry
                .lines()
                .map(|number| (number, document.line_text(number)));
            let shown = lines.map(|(number, line)| {
                let line = secrets.line_of(entry, line.unwrap(), number == entry.line());
                line.to_str().unwrap().to_owned()
            });
            shown.collect::<Vec<_>>()
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            ["password = ****", " ****", "x = c", " d"]
        );
    }

    #[test]
    fn lines_in_ranges_are_masked_as_in_the_whole_text() {
        let pack = Pack::load("standalone-ilo").unwrap();
        let secrets = Secrets::hidden(&pack);
        let text = "  x\n[swift]\n#password = a\npassword = b\n  c\n\n  d\n# e\n  f\n\
                    [DEFAULT] password = g\n\
                    my_ip = 1\n  rabbit_password: h\n  i\ngarbage\n j\n[x]\n k\n\
                    token p\n q\nk = http://u:l@m\n[database]\n\n# \n\
                    connection: n\n o";
        let all = secrets.lines(text.as_bytes());
        let lines = Lines::new(text.as_bytes());
        for start in 0..lines.len() {
            for end in start..lines.len() {
                for next in end..lines.len() {
                    let ranges = [start..end, next..lines.len()];
                    let some = secrets.lines_in(&lines, ranges.clone());
                    for index in ranges.into_iter().flatten() {
                        assert_eq!(
                            some[&index], all[index],
                            "{index} of {start}..{end}, {next}.."
                        );
                    }
                }
            }
        }
    }
}
