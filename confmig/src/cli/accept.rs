//! What `--accept` names.

use std::collections::BTreeSet;

use confmig::decisions::Followed;
use confmig::history::find_rule;
use confmig::migrate::{Migration, Settings};
use confmig::pack::Pack;
use oslo_config::OptName;

use super::Failure;
use super::args::Migrate;
use super::input::Loaded;

/// Returns the settings of the migration, with what `--accept` names: rules by their ids, options
/// by their new names.
pub(super) fn settings(
    command: &Migrate,
    pack: &Pack,
    loaded: &Loaded<'_>,
) -> Result<Settings, Failure> {
    let given = loaded.given;
    let by_release = given.names.by_release();
    let from_schema = given.schemas().and_then(|schemas| schemas.from);
    let mut settings = Settings {
        keep_old: given.names.keep_old,
        ..Settings::default()
    };
    for word in &command.accept {
        let of_pack = pack.rules.iter().any(|rule| rule.id == *word);
        if of_pack || by_release && find_rule(word).is_some() {
            settings.accept_rules.insert(word.clone());
            continue;
        }
        let Ok(name) = word.parse::<OptName>() else {
            return Err(Failure::Message(format!(
                "--accept {word}: expected GROUP.OPTION, for example deploy.http_server_url, or \
                 the id of a rule"
            )));
        };
        let known = by_release && loaded.lives.of_option(&name).is_some();
        let older = from_schema.is_some_and(|schema| schema.option(&name).is_some());
        let renamed = pack.renamings.iter().any(|rule| rule.to == name);
        if !known && !older && !renamed {
            return Err(Failure::Message(format!(
                "--accept {word}: expected the id of a rule, or the new name of an option, but \
                 {} has neither of this name",
                pack.name
            )));
        }
        settings.accept.insert(name);
    }
    Ok(settings)
}

/// Returns the words of `--accept` without which the result would be another.
pub(super) fn with_effect(
    words: &[String],
    settings: &Settings,
    result: &Migration,
    follow: impl Fn(Settings) -> Result<Followed, Failure>,
) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for word in words {
        let mut without = settings.clone();
        without.accept_rules.remove(word);
        without
            .accept
            .retain(|option| word.parse().ok().as_ref() != Some(option));
        let other = follow(without)?.migration;
        let texts = result.files.iter().map(|file| &file.after);
        if other.decisions.len() != result.decisions.len()
            || !texts.eq(other.files.iter().map(|file| &file.after))
        {
            found.insert(word.clone());
        }
    }
    Ok(found)
}
