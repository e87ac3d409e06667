//! Resolves the references in a value.

use super::Config;
use super::lookup::Hidden;
use crate::opt::{DEFAULT_GROUP, Opt, OptName};
use crate::setting::GetError;
use crate::template::{self, split_name};
use crate::value::Value;

/// The longest chain of references. Each link takes some of the stack, which no file may exhaust.
pub(super) const MAX_DEPTH: usize = 200;

/// The most references that one value may take in all. Where each option of a chain refers to the
/// next one twice, their number doubles with every link.
pub(super) const MAX_REFERENCES: usize = 10_000;

/// The references that led to an option.
#[derive(Default)]
pub(super) struct Chain {
    /// The options on the way, starting with the one that was looked up.
    pub(super) options: Vec<OptName>,
    /// The number of references followed so far.
    pub(super) references: usize,
}

impl<'d> Config<'d> {
    /// Replaces the references in `text` that resolve, and adds the names of the others to
    /// `unresolved`.
    pub(super) fn substitute_resolvable(
        &self,
        text: &str,
        group: &str,
        chain: &mut Chain,
        unresolved: &mut Vec<String>,
    ) -> String {
        let replaced = template::substitute(text, |name| {
            let depth = chain.options.len();
            let found = self.resolve_reference(name, group, chain);
            chain.options.truncate(depth);
            Ok::<_, GetError>(match found {
                Ok(value) => value,
                Err(_) => self.resolve_partly(name, group, chain, unresolved),
            })
        });
        // The closure returns no error.
        replaced.unwrap_or_default()
    }

    /// Returns the text of an option some of whose own references do not resolve; `None` if there
    /// is no such option or it refers to itself.
    fn resolve_partly(
        &self,
        name: &str,
        group: &str,
        chain: &mut Chain,
        unresolved: &mut Vec<String>,
    ) -> Option<String> {
        let (named_group, option) = split_name(name);
        let is_group = named_group.is_none_or(|named| self.groups.contains(named));
        let own = is_group.then_some((named_group.unwrap_or(group), option));
        let mut candidates = own.into_iter().chain([(DEFAULT_GROUP, name)]);
        let found = candidates
            .find_map(|(group, name)| Some((self.referenced_opt(group, name)??, group, name)));
        let usable = found.filter(|(_, group, name)| {
            let option = OptName::new(*group, *name);
            chain.options.len() < MAX_DEPTH && !chain.options.contains(&option)
        });
        let Some((opt, group, name)) = usable else {
            unresolved.push(name.to_owned());
            return None;
        };
        let option = OptName::new(group, name);
        let (_, texts) = self.texts(opt, &option, &self.find(opt, group, Hidden::Skip));
        chain.options.push(option);
        let texts = texts
            .iter()
            .map(|text| self.substitute_resolvable(text, group, chain, unresolved));
        let text = texts.collect::<Vec<_>>().join("\n");
        chain.options.pop();
        Some(text)
    }

    /// Returns what replaces a reference in a value of an option in `group`; `None` if the
    /// reference stays as text.
    pub(super) fn resolve_reference(
        &self,
        name: &str,
        group: &str,
        chain: &mut Chain,
    ) -> Result<Option<String>, GetError> {
        let (named_group, option) = split_name(name);
        let depth = chain.options.len();
        let first = self.referenced_value(named_group, named_group.unwrap_or(group), option, chain);
        let value = match first {
            // The full name, dots and all, is tried in the default group next. Not if that was the
            // first one: trying twice would double the work with each link of a chain.
            Err(GetError::NoSuchOption { .. })
                if named_group.is_some() || group != DEFAULT_GROUP =>
            {
                chain.options.truncate(depth);
                self.referenced_value(None, DEFAULT_GROUP, name, chain)
            }
            other => other,
        }?;
        Ok(value.as_ref().map(Value::to_python_str))
    }

    fn referenced_value(
        &self,
        named_group: Option<&str>,
        group: &str,
        name: &str,
        chain: &mut Chain,
    ) -> Result<Option<Value>, GetError> {
        // `$DEFAULT.name` is an error, too: the default group is not a registered one.
        if let Some(named) = named_group.filter(|named| !self.groups.contains(named)) {
            return Err(GetError::NoSuchGroup {
                group: named.into(),
            });
        }
        if group == DEFAULT_GROUP && self.groups.contains(name) {
            return Err(GetError::GroupReference { name: name.into() });
        }
        match self.referenced_opt(group, name) {
            // An option that is set many times must not cost that much at each reference to it.
            Some(Some(opt)) => self
                .setting(opt, OptName::new(group, name), Hidden::Skip, chain)
                .map(|setting| Some(setting.value)),
            Some(None) => Ok(None),
            None => Err(GetError::NoSuchOption {
                name: OptName::new(group, name).to_string(),
            }),
        }
    }

    /// Returns the option that a reference names; `None` if there is none, `Some(None)` if the
    /// reference stays as text.
    fn referenced_opt(&self, group: &str, name: &str) -> Option<Option<&'d Opt>> {
        let registered = |name| self.registered.get(&(group, name)).copied();
        if let Some(opt) = registered(name) {
            return Some(Some(opt));
        }
        let opt = *self.deprecated.get(&(group, name))?;
        // oslo.config looks the option up by its name as registered, and finds none with a hyphen.
        if opt.registered_name().contains('-') {
            return Some(None);
        }
        // For an option in the default group, oslo.config stays in the former name's group and
        // takes the option of that name there. If there is none, the reference stays as text.
        if opt.name().group() == DEFAULT_GROUP && group != DEFAULT_GROUP {
            return Some(registered(opt.name().name()));
        }
        Some(Some(opt))
    }
}
