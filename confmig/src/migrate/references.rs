//! References that follow a renaming, or name their group once their value stands elsewhere.

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, OptName, Reference, references};

use super::effect::Carry;
use super::names::Names;

/// A reference that is given another name.
#[derive(Debug, Clone)]
pub(crate) struct Rewrite {
    /// The bytes of the document that are the name.
    pub(crate) range: Range<usize>,
    pub(crate) new_name: String,
    pub(crate) from: OptName,
    pub(crate) to: OptName,
    /// The reference leads to an option that moved; otherwise the value itself moved, and the
    /// reference to its old neighbour was qualified.
    pub(crate) followed: bool,
}

/// Why the references of a moved value are ambiguous, in words; `None` when they are not.
///
/// A program that knows only the former name looks `$x` up in the former group, one that knows the
/// current name looks it up in the current group. Where both find something, the value may have
/// had either meaning.
pub(crate) fn ambiguity(carry: &Carry<'_>, names: &Names<'_>) -> Option<String> {
    let (old, new) = (carry.from.group(), carry.to.group());
    if old == new {
        return None;
    }
    let document = carry.entry.section().document();
    let found = carry
        .entry
        .value_ranges()
        .flat_map(|range| references(&document.text()[range]));
    found
        .filter(|reference| reference.parts().0.is_none())
        .find_map(|reference| {
            let name = reference.name();
            let before = names.target(old, (None, name));
            let after = names.target(new, (None, name));
            // Both look-ups lead to an option; only the default group's needs no check that it exists.
            let both_found = names.exists(before.0, name) && names.exists(after.0, name);
            let captured = before.0 == DEFAULT_GROUP && after.0 == new;
            let former = |(group, name)| names.by_former(group, name).map(oslo_config::Opt::name);
            let itself = former(before).is_some_and(|option| (option.group(), option.name()) == after);
            let follows = former(before).is_some()
                && (itself || former(after) == former(before) || !names.exists(after.0, name));
            let neighbour = before.0 == old && old != DEFAULT_GROUP && !follows;
            if neighbour && !is_writable(&OptName::new(old, name), new, names) {
                return Some(format!(
                    "its value refers to ${name}, and {old}.{name} cannot be written as a reference: \
                     put the value itself there"
                ));
            }
            if before == after || follows || !(both_found || captured) {
                return None;
            }
            let advice = if before.0 == DEFAULT_GROUP {
                "write the value itself, since [DEFAULT] cannot be named in a reference".to_owned()
            } else {
                format!("write the group into the reference, as in ${}.{name}", before.0)
            };
            Some(format!(
                "its value refers to ${name}, which is [{}] {name} for a program that knows {} and \
                 [{}] {name} for one that knows {}: {advice}",
                before.0, carry.from, after.0, carry.to,
            ))
        })
}

/// The references in the value of an entry that are to be given another name: those by a former name of
/// an option that `follows`, and those of a value that goes elsewhere to its old neighbours. `carry` is
/// where it goes.
pub(crate) fn rewrites(
    entry: Entry<'_, '_>,
    carry: Option<&Carry<'_>>,
    names: &Names<'_>,
    follows: &dyn Fn(&OptName) -> bool,
) -> Vec<Rewrite> {
    let document = entry.section().document();
    let group = entry.group();
    let Ok(group) = group.to_str() else {
        return Vec::new();
    };
    let in_value = entry.value_ranges().flat_map(|range| {
        let found = references(&document.text()[range.clone()]);
        found
            .into_iter()
            .map(move |reference| (range.start, reference))
    });
    in_value
        .filter_map(|(start, reference)| {
            let range = start + reference.range().start..start + reference.range().end;
            let new_group = carry.map_or(group, |carry| carry.to.group());
            follow(
                (group, new_group),
                &reference,
                range.clone(),
                names,
                follows,
            )
            .or_else(|| qualify(&reference, range, carry?, names))
        })
        .collect()
}

/// A reference by a former name gets the current one.
fn follow(
    (group, new_group): (&str, &str),
    reference: &Reference,
    range: Range<usize>,
    names: &Names<'_>,
    follows: &dyn Fn(&OptName) -> bool,
) -> Option<Rewrite> {
    let (old_group, old_name) = names.target(group, reference.parts());
    let opt = names.by_former(old_group, old_name)?;
    if !follows(opt.name()) || !is_writable(opt.name(), new_group, names) {
        return None;
    }
    Some(Rewrite {
        range,
        new_name: written(opt.name()),
        from: OptName::new(old_group, old_name),
        to: opt.name().clone(),
        followed: true,
    })
}

/// A moved value's reference to an old neighbour gets the neighbour's group.
fn qualify(
    reference: &Reference,
    range: Range<usize>,
    carry: &Carry<'_>,
    names: &Names<'_>,
) -> Option<Rewrite> {
    let old = carry.from.group();
    let (None, name) = reference.parts() else {
        return None;
    };
    let neighbour = old != DEFAULT_GROUP && old != carry.to.group() && names.exists(old, name);
    let target = OptName::new(old, name);
    neighbour.then(|| Rewrite {
        range,
        new_name: written(&target),
        from: target.clone(),
        to: target,
        followed: false,
    })
}

/// The options that the value of an entry refers to by a former name, and whether the reference can
/// be written with the current one, when the entry stands in `new_group`.
pub(crate) fn by_former_name<'p>(
    entry: Entry<'_, '_>,
    new_group: &str,
    names: &Names<'p>,
) -> Vec<(&'p OptName, bool)> {
    let (group, value) = (entry.group(), entry.value());
    let Ok(group) = group.to_str() else {
        return Vec::new();
    };
    let found = references(&value).into_iter().filter_map(|reference| {
        let (old_group, old_name) = names.target(group, reference.parts());
        let option = names.by_former(old_group, old_name)?.name();
        Some((option, is_writable(option, new_group, names)))
    });
    found.collect()
}

/// Tells whether a value of an option of the group `from` can refer to an option: references have
/// ASCII letters, digits, underscores and dots, the first dot ends the group, and an option of the
/// default group must not be hidden by one of the same name.
pub(crate) fn is_writable(option: &OptName, from: &str, names: &Names<'_>) -> bool {
    let word = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let starts_well = |text: &str| !text.starts_with(|first: char| first.is_ascii_digit());
    let (group, name) = (option.group(), option.name());
    if group == DEFAULT_GROUP {
        let target = names.target(from, (None, name));
        return word(name) && starts_well(name) && target == (DEFAULT_GROUP, name);
    }
    word(group) && starts_well(group) && word(&name.replace('.', "_"))
}

/// A name as a reference to it is written: options of the default group have no group in front,
/// since oslo.config refuses `$DEFAULT.name`.
pub(crate) fn written(name: &OptName) -> String {
    if name.group() == DEFAULT_GROUP {
        name.name().to_owned()
    } else {
        name.to_string()
    }
}
