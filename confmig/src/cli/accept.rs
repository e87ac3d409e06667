//! What `--accept` names.

use confmig::history::find_rule;
use confmig::migrate::Settings;
use confmig::pack::Pack;
use oslo_config::OptName;

use super::Failure;
use super::input::Loaded;

/// Returns the settings of the migration, with what `--accept` names: rules by their ids, options
/// by their new names.
pub(super) fn settings(
    words: &[String],
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
    for word in words {
        let renaming = pack.renamings.iter().find(|rule| rule.id == *word);
        if let Some(renaming) = renaming {
            settings.accept.insert(renaming.to.clone());
            continue;
        }
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
        let renamed = pack.renamings.iter().any(|rule| rule.to == name)
            || pack.rules.iter().flat_map(|rule| &rule.rename).any(|it| {
                it.to.name() == name.name() && [name.group(), "{section}"].contains(&it.to.group())
            });
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
