//! Masks secrets line by line, in texts that need not be well-formed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::DEFAULT_GROUP;

use super::{MASK, Secrets, without_credentials};
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
        lines: &[&'t [u8]],
        ranges: impl IntoIterator<Item = Range<usize>>,
    ) -> HashMap<usize, Cow<'t, [u8]>> {
        let mut masker = LineMasker::new(self);
        let mut shown = HashMap::new();
        let mut read = 0;
        for range in ranges {
            // Before the last header or assignment, only the section matters.
            let mut before = lines[read..range.start].iter();
            let last_start = before.rposition(|line| {
                let (content, _) = crate::lines::split_end(line);
                let first = content.trim_ascii_end().first();
                first.is_some_and(|first| !b" \t#;".contains(first))
            });
            let from = read + last_start.unwrap_or(0);
            for line in &lines[read..from] {
                if line.starts_with(b"[") {
                    masker.line(line);
                }
            }
            for (index, line) in lines[from..range.end].iter().enumerate() {
                let line = masker.line(line);
                if range.contains(&(from + index)) {
                    shown.insert(from + index, line);
                }
            }
            read = range.end;
        }
        shown
    }
}

/// Masks a text line by line, keeping track of the current section and value.
struct LineMasker<'s, 'p> {
    secrets: &'s Secrets<'p>,
    group: String,
    /// Whether the last assignment was to a secret option. Blank lines and comments do not reset
    /// it: an indented line after them is an error, but may still be part of a secret.
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
        let (content, end) = crate::lines::split_end(line);
        match content.trim_ascii_end().first() {
            None => Cow::Borrowed(line),
            Some(b'[') => {
                self.in_secret = false;
                self.header(line)
            }
            Some(b' ' | b'\t') if self.in_secret => masked(&content[..indent(content)], end),
            Some(b'#' | b';') => self.assignment(line).0,
            // An indented line is no assignment to oslo.config, but may be meant as one.
            Some(_) => {
                let (shown, secret) = self.assignment(line);
                self.in_secret = secret;
                shown
            }
        }
    }

    /// Masks a section header. What follows its first closing bracket may be an assignment, or the
    /// value of an option whose name is in the brackets.
    fn header<'t>(&mut self, line: &'t [u8]) -> Cow<'t, [u8]> {
        let (content, end) = crate::lines::split_end(line);
        let close = content.find_byte(b']').unwrap_or(content.len());
        let name = content[1..close].to_str_lossy().into_owned();
        let (before, after) = content.split_at((close + 1).min(content.len()));
        let follows = !after.trim().is_empty();
        let bracketed = follows && self.secrets.is_secret(&self.group, name.trim());
        self.group = group_of(&name);
        if !follows || !(bracketed || self.assignment(after).1) {
            return without_credentials(line);
        }
        let kept = after.find_byteset(b"=:").map_or(0, |at| at + 1);
        // The closing bracket makes it a header.
        let closing: &[u8] = match content.last() {
            Some(b']') => b"]",
            _ => b"",
        };
        masked(
            &[before, &after[..kept], b" "].concat(),
            &[closing, end].concat(),
        )
    }

    /// Masks an assignment, a placeholder, or a line that was meant as one; also returns whether
    /// its value is secret.
    fn assignment<'t>(&self, line: &'t [u8]) -> (Cow<'t, [u8]>, bool) {
        let (content, end) = crate::lines::split_end(line);
        let start = content.find_not_byteset(b"#; \t").unwrap_or(content.len());
        let separator = content[start..].find_byteset(b"=:").map(|at| start + at);
        // Without a separator, the value may follow the first word.
        let at = separator.or_else(|| content[start..].find_byteset(b" \t").map(|at| start + at));
        let Some(at) = at else {
            return (without_credentials(line), false);
        };
        let key = content[start..at].trim().to_str_lossy();
        if !self.secrets.is_secret(&self.group, &key) {
            return (without_credentials(line), false);
        }
        let after = &content[at + 1..];
        if after.trim().is_empty() {
            return (Cow::Borrowed(line), true);
        }
        (masked(&content[..at + 1 + indent(after)], end), true)
    }
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
    fn lines_in_ranges_are_masked_as_in_the_whole_text() {
        let pack = Pack::load("standalone-ilo").unwrap();
        let secrets = Secrets::hidden(&pack);
        let text = "  x\n[swift]\n#password = a\npassword = b\n  c\n\n  d\n# e\n  f\n\
                    [DEFAULT] password = g\n\
                    my_ip = 1\n  rabbit_password: h\n  i\nk = http://u:l@m\n[database]\n\n# \n\
                    connection: n\n o";
        let all = secrets.lines(text.as_bytes());
        let lines: Vec<&[u8]> = crate::lines::split(text.as_bytes()).collect();
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
