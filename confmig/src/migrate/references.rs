//! References that follow a renaming, or name their group once their value was moved.

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, Opt, OptName, Reference, references};

use super::names::Names;
use super::planned::Transfer;

/// A reference that gets another name.
#[derive(Debug, Clone)]
pub(crate) struct Rewrite {
    /// The bytes of the name in the document.
    pub(crate) range: Range<usize>,
    pub(crate) new_name: String,
    pub(crate) from: OptName,
    pub(crate) to: OptName,
    /// The reference follows an option that was renamed; otherwise the value itself was moved, and
    /// its reference to an old neighbour was qualified.
    pub(crate) followed: bool,
}

/// Describes why a reference in a moved value is ambiguous; `None` when none is.
///
/// A legacy program looks `$x` up in the former group, an updated one in the current group. If both
/// find an option, the value may have had either meaning, unless a rule moves it: no updated
/// program reads it by the old name of a rule.
pub(crate) fn ambiguity(
    transfer: &Transfer<'_>,
    names: &Names<'_>,
    by_rules: bool,
) -> Option<String> {
    let (old, new) = (transfer.from.group(), transfer.to.group());
    if old == new {
        return None;
    }
    let document = transfer.entry.section().document();
    let ranges = transfer.entry.value_ranges();
    let found = ranges.flat_map(|range| references(&document.text()[range]));
    let mut bare = found.filter(|reference| reference.parts().0.is_none());
    bare.find_map(|reference| ambiguous(reference.name(), transfer, names, by_rules))
}

/// Describes why a reference `$name` in a moved value is ambiguous; `None` when it is not.
fn ambiguous(
    name: &str,
    transfer: &Transfer<'_>,
    names: &Names<'_>,
    by_rules: bool,
) -> Option<String> {
    let (old, new) = (transfer.from.group(), transfer.to.group());
    let before = names.target(old, name);
    let after = names.target(new, name);
    let both_found = !by_rules && names.exists(before.0, name) && names.exists(after.0, name);
    let captured = before.0 == DEFAULT_GROUP && after.0 == new;
    let former = |(group, name)| names.by_former(group, name).map(Opt::name);
    let itself = former(before).is_some_and(|option| (option.group(), option.name()) == after);
    let follows = former(before).is_some()
        && (itself || former(after) == former(before) || !names.exists(after.0, name));
    let neighbour = before.0 == old && old != DEFAULT_GROUP && !follows;
    if neighbour && !is_writable(&OptName::new(old, name), new, names) {
        return Some(format!(
            "its value refers to ${name}, and {old}.{name} cannot be written as a reference: \
             replace it with the value"
        ));
    }
    if before == after || follows || !(both_found || captured) {
        return None;
    }
    let advice = if before.0 == DEFAULT_GROUP {
        "replace it with the value, since a reference cannot name [DEFAULT]".to_owned()
    } else {
        format!("name the group in the reference: ${}.{name}", before.0)
    };
    Some(format!(
        "its value refers to ${name}, which is [{}] {name} for a program that knows {} and \
         [{}] {name} for one that knows {}: {advice}",
        before.0, transfer.from, after.0, transfer.to,
    ))
}

/// Returns the references in the value of an entry that get another name: those by a former name of
/// an option for which `follows` holds and, if the value is `moved` from one name to another, those
/// to its old neighbours.
pub(crate) fn rewrites(
    entry: Entry<'_, '_>,
    moved: Option<(&OptName, &OptName)>,
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
            let new_group = moved.map_or(group, |(_, to)| to.group());
            follow(
                (group, new_group),
                &reference,
                range.clone(),
                names,
                follows,
            )
            .or_else(|| qualify(&reference, range, moved?, names))
        })
        .collect()
}

/// Returns the part of a text that is in `range`, with replacements, which are in order.
pub(crate) fn replaced<'r>(
    text: &[u8],
    range: Range<usize>,
    replacements: impl IntoIterator<Item = (Range<usize>, &'r str)>,
) -> Vec<u8> {
    let mut new_text = Vec::new();
    let mut kept = range.start;
    for (replaced, new) in replacements {
        new_text.extend_from_slice(&text[kept..replaced.start]);
        new_text.extend_from_slice(new.as_bytes());
        kept = replaced.end;
    }
    new_text.extend_from_slice(&text[kept..range.end]);
    new_text
}

/// Gives a reference by a former name the current name.
fn follow(
    (group, new_group): (&str, &str),
    reference: &Reference,
    range: Range<usize>,
    names: &Names<'_>,
    follows: &dyn Fn(&OptName) -> bool,
) -> Option<Rewrite> {
    let (old_group, old_name) = names.target_of(group, reference)?;
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

/// Gives a moved value's reference to an old neighbour the neighbour's group.
fn qualify(
    reference: &Reference,
    range: Range<usize>,
    (from, to): (&OptName, &OptName),
    names: &Names<'_>,
) -> Option<Rewrite> {
    let old = from.group();
    let (None, name) = reference.parts() else {
        return None;
    };
    let neighbour = old != DEFAULT_GROUP && old != to.group() && names.exists(old, name);
    let target = OptName::new(old, name);
    neighbour.then(|| Rewrite {
        range,
        new_name: written(&target),
        from: target.clone(),
        to: target,
        followed: false,
    })
}

/// Returns the options that the value of an entry refers to by a former name, and whether the
/// reference can be written with the current name if the entry is in `new_group`.
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
        let (old_group, old_name) = names.target_of(group, &reference)?;
        let option = names.by_former(old_group, old_name)?.name();
        Some((option, is_writable(option, new_group, names)))
    });
    found.collect()
}

/// Tells whether a value of an option of the group `from` can refer to an option: references
/// consist of ASCII letters, digits, underscores and dots, the first dot ends the group, and an
/// option of the default group must not be shadowed by one of the same name.
pub(crate) fn is_writable(option: &OptName, from: &str, names: &Names<'_>) -> bool {
    let word = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let starts_well = |text: &str| !text.starts_with(|first: char| first.is_ascii_digit());
    let (group, name) = (option.group(), option.name());
    if group == DEFAULT_GROUP {
        let target = names.target(from, name);
        return word(name) && starts_well(name) && target == (DEFAULT_GROUP, name);
    }
    word(group) && starts_well(group) && word(&name.replace('.', "_"))
}

/// Returns a name as it is written in a reference: without the group if that is the default group,
/// since oslo.config refuses `$DEFAULT.name`.
pub(crate) fn written(name: &OptName) -> String {
    if name.group() == DEFAULT_GROUP {
        name.name().to_owned()
    } else {
        name.to_string()
    }
}
