//! References in a value: `$name`, `${name}` and `$group.name`, as in `ConfigOpts.Template` of
//! oslo.config 10.7.0, which is Python's `string.Template` with dots in names.

use std::borrow::Cow;
use std::ops::Range;

use bstr::ByteSlice;

use crate::opt::{DEFAULT_GROUP, OptName};
use crate::text::is_letter;

/// A reference to another option in the text of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    name: String,
    range: Range<usize>,
}

impl Reference {
    /// Returns the name as written: `name` or `group.name`, without `$` and braces.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the range of the name in the text.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Returns the group and the option of the name; no group if the name has no dot.
    #[must_use]
    pub fn parts(&self) -> (Option<&str>, &str) {
        split_name(&self.name)
    }

    /// Returns the options that a reference in a value in `group` may resolve to, in the order in
    /// which oslo.config tries them: in the group that it names; without one, in `group` and in
    /// `DEFAULT`.
    ///
    /// ```
    /// let found = oslo_config::references(b"$my_ip:${pxe.port}");
    /// let of_deploy = |at: usize| found[at].options("deploy").map(|option| option.to_string());
    /// assert_eq!(of_deploy(0).collect::<Vec<_>>(), ["deploy.my_ip", "DEFAULT.my_ip"]);
    /// assert_eq!(of_deploy(1).collect::<Vec<_>>(), ["pxe.port"]);
    /// ```
    pub fn options(&self, group: &str) -> impl Iterator<Item = OptName> + use<> {
        let (named, name) = self.parts();
        let first = OptName::new(named.unwrap_or(group), name);
        let second = match named {
            None if group != DEFAULT_GROUP => Some(OptName::new(DEFAULT_GROUP, name)),
            _ => None,
        };
        std::iter::once(first).chain(second)
    }
}

/// Splits a reference's name at its first dot.
pub(crate) fn split_name(name: &str) -> (Option<&str>, &str) {
    match name.split_once('.') {
        Some((group, option)) => (Some(group), option),
        None => (None, name),
    }
}

/// Finds the references in a value. `$$` and `\$` are dollar signs, and so is a `$` that is not
/// followed by a name.
///
/// ```
/// let found = oslo_config::references(br"http://$my_ip:${pxe.port}/\$x");
/// let names: Vec<_> = found.iter().map(|reference| reference.name()).collect();
/// assert_eq!(names, ["my_ip", "pxe.port"]);
/// assert_eq!(found[0].range(), 8..13);
/// ```
#[must_use]
pub fn references(value: &[u8]) -> Vec<Reference> {
    if memchr::memchr(b'$', value).is_none() {
        return Vec::new();
    }
    let value = with_plain_escapes(value);
    let tokens = Tokens {
        text: &value,
        at: 0,
    };
    tokens
        .filter_map(|token| token.name)
        .map(|range| Reference {
            name: value[range.clone()].to_str_lossy().into_owned(),
            range,
        })
        .collect()
}

/// Replaces each reference by what `resolve` returns and each escape by `$`. A reference for which
/// `resolve` returns `None` stays as written.
pub(crate) fn substitute<E, T: AsRef<str>>(
    value: &str,
    mut resolve: impl FnMut(&str) -> Result<Option<T>, E>,
) -> Result<String, E> {
    let text = with_plain_escapes(value.as_bytes());
    let mut output = Vec::with_capacity(text.len());
    let mut kept = 0;
    for token in (Tokens { text: &text, at: 0 }) {
        output.extend_from_slice(&text[kept..token.range.start]);
        match token.name {
            Some(name) => match resolve(&text[name].to_str_lossy())? {
                Some(value) => output.extend_from_slice(value.as_ref().as_bytes()),
                None => output.extend_from_slice(&text[token.range.clone()]),
            },
            None => output.push(b'$'),
        }
        kept = token.range.end;
    }
    output.extend_from_slice(&text[kept..]);
    Ok(output.to_str_lossy().into_owned())
}

/// Replaces `\$` by `$$`, as oslo.config does first. All offsets stay the same.
fn with_plain_escapes(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.replace(r"\$", "$$"))
}

/// A `$$` or a reference.
struct Token {
    range: Range<usize>,
    /// The range of the name; `None` for `$$`.
    name: Option<Range<usize>>,
}

struct Tokens<'t> {
    text: &'t [u8],
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let start = self.at + memchr::memchr(b'$', &self.text[self.at..])?;
            let after = start + 1;
            let (name, end) = match self.text.get(after) {
                Some(b'$') => (None, after + 1),
                Some(b'{') => {
                    let name = after + 1..self.name_end(after + 1);
                    let closed = self.text.get(name.end) == Some(&b'}');
                    if name.is_empty() || !closed {
                        self.at = after;
                        continue;
                    }
                    let end = name.end + 1;
                    (Some(name), end)
                }
                _ => {
                    let name = after..self.name_end(after);
                    if name.is_empty() {
                        self.at = after;
                        continue;
                    }
                    let end = name.end;
                    (Some(name), end)
                }
            };
            self.at = end;
            return Some(Token {
                range: start..end,
                name,
            });
        }
    }
}

impl Tokens<'_> {
    /// Returns the end of the name that starts at `start`, or `start` if there is none.
    fn name_end(&self, start: usize) -> usize {
        let mut end = start;
        for (at, next, character) in self.text[start..].char_indices() {
            // The pattern is `[_a-z][._a-z0-9]*`, ignoring case.
            let fits = character == '_'
                || is_letter(character)
                || (at > 0 && (character.is_ascii_digit() || character == '.'));
            if !fits {
                break;
            }
            end = start + next;
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substituted(text: &str) -> String {
        let keep = |name: &str| (name != "kept").then(|| format!("<{name}>"));
        substitute(text, |name| Ok::<_, ()>(keep(name))).unwrap()
    }

    #[test]
    fn substitutes_as_python_does() {
        assert_eq!(substituted("$a${b}$c.d.e-$f."), "<a><b><c.d.e>-<f.>");
        assert_eq!(
            substituted(r"$$a \$b $\$c \\$d $$$e"),
            r"$a $b $<c> \$d $<e>"
        );
        assert_eq!(
            substituted("$1 ${} ${a ${a-b} $ 100% $é $"),
            "$1 ${} ${a ${a-b} $ 100% $é $"
        );
        assert_eq!(substituted("$kept ${kept} $$"), "$kept ${kept} $");
        assert_eq!(substituted("$_A9.x ${\u{212a}}"), "<_A9.x> <\u{212a}>");
    }
}
