//! Rules as text: what each does, why, its evidence, and an example.

use std::fmt::Write as _;

use oslo_config::OptName;

use crate::diagnostic::bracketed;
use crate::history::BuiltIn;
use crate::pack::{Pack, Renaming};
use crate::rule::{self, Automatic, IfSet, Part, Rule, Sections};

/// Formats a former and a current name.
pub(super) fn arrow(from: &OptName, to: &OptName) -> String {
    format!("{} -> {}", bracketed(from), bracketed(to))
}

/// Returns the text of a pack and its rules.
#[must_use]
pub fn pack_text(pack: &Pack) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}: {}", pack.name, pack.summary);
    if let Some(readers) = &pack.readers {
        let _ = writeln!(text, "  {readers}");
    }
    for rule in &pack.renamings {
        text.push('\n');
        text.push_str(&renaming_text(rule));
    }
    for removed in &pack.removed {
        let _ = writeln!(text, "\n  {} is no longer read", bracketed(&removed.name));
        let _ = writeln!(text, "    advice: {}", removed.advice);
    }
    for rule in &pack.rules {
        text.push('\n');
        text.push_str(&rule_text(rule));
    }
    text.push('\n');
    text
}

/// Returns the text of a renaming: its id, names, reason and evidence.
#[must_use]
pub fn renaming_text(rule: &Renaming) -> String {
    let (id, why) = (&rule.id, &rule.why);
    let what = arrow(&rule.from, &rule.to);
    let mut text = format!("  {id}\n    {what}\n    why: {why}\n");
    if let Some(proof) = &rule.proof {
        text += &format!("    evidence: {proof}\n");
    }
    text
}

/// Returns the text of a built-in rule, with the releases whose steps have it.
#[must_use]
pub fn built_in_text(built_in: &BuiltIn) -> String {
    let Some(rule) = built_in.rule() else {
        return String::new();
    };
    let text = rule_text(&rule);
    let when = match (built_in.first, built_in.last) {
        (first, _) if built_in.lasting => format!("{first} and later"),
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first} to {last}"),
    };
    // After the line with the id.
    text.replacen('\n', &format!("\n    release: {when}\n"), 1)
}

/// Returns the text of a rule: its id, what it does, its reason, advice, evidence and examples.
#[must_use]
pub fn rule_text(rule: &Rule) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mark = match rule.automatic {
        Automatic::Yes => "",
        Automatic::Partial => " (needs a decision)",
        Automatic::Advice => " (advice)",
    };
    let _ = writeln!(text, "  {}{mark}", rule.id);
    for line in what(rule) {
        let _ = writeln!(text, "    {line}");
    }
    let _ = writeln!(text, "    why: {}", rule.why);
    if let Some(advice) = &rule.advice {
        let _ = writeln!(text, "    advice: {advice}");
    }
    for proof in &rule.proof {
        let _ = writeln!(text, "    evidence: {proof}");
    }
    for example in &rule.example {
        if example.before == example.after {
            continue;
        }
        for (head, body) in [("before:", &example.before), ("after:", &example.after)] {
            let _ = writeln!(text, "    {head}");
            let body = if body.is_empty() { "(nothing)" } else { body };
            for line in body.lines() {
                let _ = writeln!(text, "        {line}");
            }
        }
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// Describes what a rule does, line by line.
pub(super) fn what(rule: &Rule) -> Vec<String> {
    let mut lines: Vec<String> = rule.sections.iter().map(sections_text).collect();
    let renames = rule.rename.iter();
    lines.extend(renames.map(|rename| arrow(&rename.from, &rename.to)));
    for set in &rule.set {
        let how = if set.append { "adds to" } else { "sets" };
        lines.push(format!("{how} {} = {}", bracketed(&set.option), set.value));
    }
    let parts = rule.part.iter();
    lines.extend(parts.map(|(name, part)| format!("  {{{name}}}: {}", part_text(part))));
    let listed = |names: &mut dyn Iterator<Item = &OptName>| {
        let names: Vec<String> = names.map(bracketed).collect();
        names.join(", ")
    };
    let taken = match rule.set.is_empty() {
        true => Vec::new(),
        false => rule.taken(),
    };
    if !taken.is_empty() {
        let names = listed(&mut taken.into_iter());
        lines.push(format!("removes {names}"));
    }
    let all = |names: &[rule::Name]| listed(&mut names.iter().map(|name| &**name));
    if let Some(items) = &rule.items {
        lines.push(format!("in {}:", all(&items.options)));
        let replaced = items.replace.iter();
        lines.extend(replaced.map(|(old, new)| format!("  {old} becomes {new}")));
        if !items.drop.is_empty() {
            lines.push(format!("  {} dropped", items.drop.join(", ")));
        }
    }
    if let Some(removal) = &rule.remove {
        lines.push(format!("removes {}", all(&removal.options)));
    }
    if let Some(report) = &rule.report {
        lines.push(format!("reports {}", all(&report.options)));
    }
    let wins = match rule.if_target_set {
        IfSet::Target => None,
        IfSet::Source => Some("if both are set, the old option wins"),
        IfSet::Either => Some("if both are set, it is on if either is"),
        IfSet::Last => Some("if both are set, the last file wins, and in one file the new option"),
        IfSet::Decide => Some("if both are set and differ, the operator decides"),
    };
    lines.extend(wins.map(str::to_owned));
    lines
}

fn sections_text(sections: &Sections) -> String {
    match sections {
        Sections::These(sections) => format!("in each of [{}]", sections.join("], [")),
        Sections::NamedBy { named_by } => {
            format!("in each section that {} names", bracketed(named_by))
        }
        Sections::Having { having, equals } => {
            let values = equals.as_ref().map(|values| values.each().join(" or "));
            let values = values.map_or_else(String::new, |values| format!(" = {values}"));
            format!("in each section that has {having}{values}")
        }
    }
}

fn part_text(part: &Part) -> String {
    let mut text = bracketed(&part.option);
    let mut say = |words: String| text += &format!(", {words}");
    let or_nothing = |text: &str| match text {
        "" => "nothing".to_owned(),
        text => text.to_owned(),
    };
    if let Some(default) = &part.default {
        say(format!("or {}", or_nothing(default)));
    }
    if part.invert {
        say("inverted".into());
    }
    if !part.values.is_empty() {
        let values = part.values.iter();
        let values = values.map(|(old, new)| format!("{old} as {}", or_nothing(new)));
        say(values.collect::<Vec<_>>().join("; "));
    }
    if !part.without.is_empty() {
        say(format!("none for {}", part.without.join("; ")));
    }
    if let Some(factor) = part.factor {
        say(format!("times {factor}"));
    }
    if let Some(suffix) = &part.suffix {
        say(format!(
            "suffix {} replaced with {}",
            suffix.from, suffix.to
        ));
    }
    if let Some(scheme) = &part.scheme {
        say(format!("{scheme}:// added if it has no scheme"));
    }
    if let Some(port) = &part.host_port {
        say(format!("port {port} added if it has none"));
    }
    if part.encode {
        say("percent-encoded".into());
    }
    if let Some(each) = &part.each {
        say(format!("each as {each}"));
    }
    text
}
