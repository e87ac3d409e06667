//! Resolves the references in a value.

mod partly;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

pub(super) use self::partly::Partly;
use super::lookup::Hidden;
use super::{Config, GetError, GetErrorKind};
use crate::opt::{DEFAULT_GROUP, Opt, OptName};
use crate::setting::Origin;
use crate::template::{self, references, split_name};

/// The longest chain of references. Each link takes some of the stack, which no file may exhaust.
const MAX_DEPTH: usize = 200;

/// The most references that one value may take in all. Where each option of a chain refers to the
/// next one twice, their number doubles with every link.
const MAX_REFERENCES: usize = 10_000;

/// The most bytes that references may add to one value. A long value that many others refer to
/// takes its length for each of them.
const MAX_TEXT: usize = 64 * 1024;

/// The most options that are resolved in part for one value.
const MAX_PARTLY: usize = 32;

/// What references to an option become, by the option as they name it. Each is worked out once.
#[derive(Debug, Default)]
pub(super) struct Resolved(Mutex<HashMap<OptName, Known>>);

impl Resolved {
    fn get(&self, option: &OptName) -> Option<Known> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(option).cloned()
    }

    fn insert(&self, option: OptName, known: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(option, known);
    }
}

/// What a reference to an option becomes.
#[derive(Debug, Clone)]
struct Known {
    text: Result<Arc<str>, GetError>,
    cost: Cost,
}

/// What it takes to resolve an option.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// The number of options in the longest chain, this one included.
    depth: usize,
    /// The number of options in all, each as often as it is referred to.
    references: usize,
}

/// The references that led to an option.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The options on the way, starting with the one that was looked up.
    options: Vec<OptName>,
    /// The cost of the references that were resolved so far in the text of the last option.
    cost: Cost,
    /// The number of bytes that they added to it.
    bytes: usize,
    /// The options that have to be known before the evaluation can go on: it would be too deep for
    /// the stack.
    deeper: Vec<OptName>,
}

impl Chain {
    /// Adds what a reference takes to the text with the reference.
    fn add(&mut self, known: &Known) {
        self.cost.depth = self.cost.depth.max(known.cost.depth);
        self.cost.references = self.cost.references.saturating_add(known.cost.references);
        self.bytes += known.text.as_ref().map_or(0, |text| text.len());
    }
}

impl Config<'_> {
    /// Evaluates something. What lies too deep for the stack is evaluated first, from its end on.
    pub(super) fn evaluate<T>(
        &self,
        mut work: impl FnMut(&mut Chain) -> Result<T, GetError>,
    ) -> Result<T, GetError> {
        loop {
            let mut chain = Chain::default();
            let result = work(&mut chain);
            if chain.deeper.is_empty() {
                return result;
            }
            self.resolve_deeper(chain.deeper);
        }
    }

    /// Resolves options that are reached through long chains.
    fn resolve_deeper(&self, mut open: Vec<OptName>) {
        let mut seen: HashSet<OptName> = open.iter().cloned().collect();
        while let Some(option) = open.last().cloned() {
            let mut chain = Chain::default();
            let opt = self.referenced_opt(option.group(), option.name());
            if let Some(Some(opt)) = opt
                && self.resolved.get(&option).is_none()
            {
                // The result is known afterwards, unless the chain goes on.
                let _ = self.resolve_option(opt, option.clone(), &mut chain);
            }
            let further = chain.deeper.into_iter();
            let further: Vec<OptName> = further.filter(|it| seen.insert(it.clone())).collect();
            if !further.is_empty() {
                open.extend(further);
                continue;
            }
            open.pop();
            if self.resolved.get(&option).is_none() {
                // What it waits for waits for it: a loop of more options than a chain may have.
                let text = Err(GetError::new(GetErrorKind::TooDeep {
                    option: option.clone(),
                }));
                let cost = Cost::default();
                self.resolved.insert(option, Known { text, cost });
            }
        }
    }

    /// Evaluates the value of an option by `value`, which resolves the references in it.
    pub(super) fn in_chain<T>(
        &self,
        option: &OptName,
        chain: &mut Chain,
        value: impl FnOnce(&mut Chain) -> Result<T, GetError>,
    ) -> Result<(T, Cost), GetError> {
        #[cfg(test)]
        tests::EVALUATED.with(|count| count.set(count.get() + 1));
        let option = option.clone();
        if chain.options.contains(&option) {
            return Err(GetError::new(GetErrorKind::ReferenceLoop { option }));
        }
        let outer = (std::mem::take(&mut chain.cost), chain.bytes);
        chain.bytes = 0;
        chain.options.push(option.clone());
        let result = value(chain);
        chain.options.pop();
        let cost = Cost {
            depth: chain.cost.depth + 1,
            references: chain.cost.references.saturating_add(1),
        };
        (chain.cost, chain.bytes) = outer;
        let result = result?;
        if cost.depth > MAX_DEPTH + 1 || cost.references > MAX_REFERENCES {
            return Err(GetError::new(GetErrorKind::TooDeep { option }));
        }
        Ok((result, cost))
    }

    /// Replaces the references in a text of the last option of a chain, which is in `group`.
    pub(super) fn substituted(
        &self,
        text: &str,
        group: &str,
        chain: &mut Chain,
    ) -> Result<String, GetError> {
        if chain.options.len() > MAX_DEPTH && !self.knows_all_in(text, group, chain) {
            return Err(too_deep(chain));
        }
        template::substitute(text, |name| self.resolve_reference(name, group, chain))
    }

    /// Tells whether all options that a text refers to are known; otherwise they are the deeper
    /// ones of the chain.
    fn knows_all_in(&self, text: &str, group: &str, chain: &mut Chain) -> bool {
        for reference in references(text.as_bytes()) {
            let (named, name) = reference.parts();
            let own = OptName::new(named.unwrap_or(group), name);
            let dotted = OptName::new(DEFAULT_GROUP, reference.name());
            for option in [own, dotted] {
                let opt = self.referenced_opt(option.group(), option.name());
                let is_known = || self.resolved.get(&option).is_some();
                if matches!(opt, Some(Some(_))) && !chain.options.contains(&option) && !is_known() {
                    chain.deeper.push(option);
                }
            }
        }
        chain.deeper.is_empty()
    }

    /// Replaces the references in `text` that resolve; those to options that do not are replaced
    /// in part.
    pub(super) fn substitute_resolvable(
        &self,
        text: &str,
        group: &str,
        partly: &mut Partly,
    ) -> String {
        let replaced = template::substitute(text, |name| {
            let found = self.evaluate(|chain| self.resolve_reference(name, group, chain));
            let replacement = match found {
                Ok(Some(value)) if !partly.has_room(&value) => partly.stays(name),
                Ok(value) => value,
                Err(error) => match error.kind() {
                    GetErrorKind::TooDeep { .. } | GetErrorKind::TooLong { .. } => {
                        partly.stays(name)
                    }
                    _ => self.resolve_partly(name, group, partly).map(Arc::from),
                },
            };
            Ok::<_, GetError>(replacement)
        });
        // The closure returns no error.
        replaced.unwrap_or_default()
    }

    /// Returns the text of an option some of whose own references do not resolve; `None` if there
    /// is no such option or it refers to itself.
    fn resolve_partly(&self, name: &str, group: &str, partly: &mut Partly) -> Option<String> {
        let (named_group, option) = split_name(name);
        let is_group = named_group.is_none_or(|named| self.registry.has_group(named));
        let own = is_group.then_some((named_group.unwrap_or(group), option));
        let mut candidates = own.into_iter().chain([(DEFAULT_GROUP, name)]);
        let found = candidates
            .find_map(|(group, name)| Some((self.referenced_opt(group, name)??, group, name)));
        let usable = found.filter(|(_, group, name)| {
            let option = OptName::new(*group, *name);
            partly.left > 0 && !partly.options.contains(&option)
        });
        let Some((opt, group, name)) = usable else {
            return partly.stays(name);
        };
        partly.left -= 1;
        let option = OptName::new(group, name);
        let (_, texts) = self.texts(opt, &option, &self.find(opt, group, Hidden::Skip));
        partly.options.push(option);
        let texts = texts
            .iter()
            .map(|text| self.substitute_resolvable(text, group, partly));
        let text = texts.collect::<Vec<_>>().join("\n");
        partly.options.pop();
        Some(text)
    }

    /// Returns what replaces a reference in a value of an option in `group`; `None` if the
    /// reference stays as text.
    pub(super) fn resolve_reference(
        &self,
        name: &str,
        group: &str,
        chain: &mut Chain,
    ) -> Result<Option<Arc<str>>, GetError> {
        let (named_group, option) = split_name(name);
        let first = self.referenced_value(named_group, named_group.unwrap_or(group), option, chain);
        let is_unknown =
            |error: &GetError| matches!(error.kind(), GetErrorKind::NoSuchOption { .. });
        match first {
            // The full name, dots and all, is tried in the default group next. Not if that was the
            // first one: trying twice would double the work with each link of a chain.
            Err(error)
                if is_unknown(&error) && (named_group.is_some() || group != DEFAULT_GROUP) =>
            {
                match self.referenced_value(None, DEFAULT_GROUP, name, chain) {
                    // The option is there; a value that it refers to has the unknown reference.
                    Err(other) if is_unknown(&other) && *error.origin() != Origin::Unset => {
                        Err(error)
                    }
                    second => second,
                }
            }
            other => other,
        }
    }

    fn referenced_value(
        &self,
        named_group: Option<&str>,
        group: &str,
        name: &str,
        chain: &mut Chain,
    ) -> Result<Option<Arc<str>>, GetError> {
        // `$DEFAULT.name` is an error, too: the default group is not a registered one.
        if let Some(named) = named_group.filter(|named| !self.registry.has_group(named)) {
            return Err(GetError::new(GetErrorKind::NoSuchGroup {
                group: named.into(),
            }));
        }
        if group == DEFAULT_GROUP && self.registry.has_group(name) {
            let name = name.into();
            return Err(GetError::new(GetErrorKind::GroupReference { name }));
        }
        match self.referenced_opt(group, name) {
            Some(Some(opt)) => {
                let text = self.resolve_option(opt, OptName::new(group, name), chain);
                if chain.bytes > MAX_TEXT {
                    let option = OptName::new(group, name);
                    return Err(GetError::new(GetErrorKind::TooLong { option }));
                }
                text.map(Some)
            }
            Some(None) => Ok(None),
            None => Err(GetError::new(GetErrorKind::NoSuchOption {
                name: OptName::new(group, name).to_string(),
            })),
        }
    }

    /// Returns the text that a reference to an option becomes.
    fn resolve_option(
        &self,
        opt: &Opt,
        option: OptName,
        chain: &mut Chain,
    ) -> Result<Arc<str>, GetError> {
        if let Some(known) = self.resolved.get(&option) {
            chain.add(&known);
            return known.text;
        }
        // An option that is set many times must not cost that much at each reference to it.
        let result = self.evaluated(opt, &option, Hidden::Skip, chain);
        // A loop is found from each of its options: which one is named depends on the first.
        let of_above = match result.as_ref().map_err(GetError::kind) {
            Err(GetErrorKind::ReferenceLoop { option }) => chain.options.contains(option),
            _ => false,
        };
        let (text, cost) = match result {
            Ok((setting, cost)) => (Ok(Arc::from(setting.value.to_python_str())), cost),
            Err(error) => (Err(error), Cost::default()),
        };
        let known = Known { text, cost };
        chain.add(&known);
        if chain.deeper.is_empty() && !of_above {
            self.resolved.insert(option, known.clone());
        }
        known.text
    }

    /// Returns the option that a reference names; `None` if there is none, `Some(None)` if the
    /// reference stays as text.
    fn referenced_opt(&self, group: &str, name: &str) -> Option<Option<&Opt>> {
        let registered = |name| self.registry.exact(group, name);
        if let Some(opt) = registered(name) {
            return Some(Some(opt));
        }
        let opt = self.registry.former(group, name)?;
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

fn too_deep(chain: &Chain) -> GetError {
    // A chain that is too deep has options.
    let option = chain.options.last().cloned();
    GetError::new(GetErrorKind::TooDeep {
        option: option.unwrap_or_else(|| OptName::new(DEFAULT_GROUP, "")),
    })
}

#[cfg(test)]
mod tests;
