//! `confmig explain`.

use std::collections::BTreeSet;

use confmig::diagnostic::Code;
use confmig::history::{History, Service, all_names, built_in_rules, declared_with_id};
use confmig::migrate::OWN_RULES;
use confmig::pack::Pack;
use confmig::report;
use oslo_config::OptName;
use strsim::jaro_winkler;

use super::args::Explain;
use super::given;
use super::output::Output;
use super::{Failure, Status};

/// How similar a name must be to be suggested.
const SIMILAR: f64 = 0.85;

pub(crate) fn run(command: &Explain, output: &mut Output) -> Result<Status, Failure> {
    let mut packs = Pack::built_in()
        .map(Pack::load)
        .collect::<Result<Vec<_>, _>>()?;
    for name in &command.rules {
        packs.push(given::load(name)?);
    }
    if let Some(schema) = given::schema(command.schema.as_deref())? {
        packs.push(schema.pack(&[]));
    }
    let mut text = String::new();
    for word in &command.what {
        let found = explanations(word, &packs);
        if found.is_empty() {
            return Err(Failure::Message(unknown(word, &packs)));
        }
        text += &found.concat();
    }
    output.prose(&text)?;
    Ok(Status::Success)
}

/// Returns what is known of a code, a rule or an option.
fn explanations(word: &str, packs: &[Pack]) -> Vec<String> {
    let mut found: Vec<String> = Code::find(word)
        .map(report::code_text)
        .into_iter()
        .collect();
    let own = OWN_RULES.iter().filter(|(id, _)| *id == word);
    found.extend(own.map(|(id, text)| format!("{id}\n  {text}\n")));
    for pack in packs {
        let renamings = pack.renamings.iter().filter(|rule| rule.id == word);
        found.extend(renamings.map(report::renaming_text));
        let rules = pack.rules.iter().filter(|rule| rule.id == word);
        found.extend(rules.map(report::rule_text));
    }
    for service in Service::all() {
        let rules = built_in_rules(service).filter(|rule| rule.id() == word);
        found.extend(rules.map(|rule| report::built_in_text(&rule)));
    }
    for service in Service::all() {
        let declared = declared_with_id(word, &History::new(service));
        found.extend(declared.iter().map(report::renaming_text));
    }
    let mut seen = BTreeSet::new();
    found.retain(|text| seen.insert(text.clone()));
    if let Ok(name) = word.parse::<OptName>() {
        let services = Service::all();
        found.extend(services.filter_map(|service| report::option_text(service, &name)));
        for pack in packs.iter().filter(|pack| pack.project.is_none()) {
            let opts = pack.opts.iter().filter(|opt| *opt.name() == name);
            found.extend(opts.map(|opt| report::opt_text(opt, &pack.name)));
        }
    }
    found
}

/// Says that nothing has a name, and which names are similar.
fn unknown(word: &str, packs: &[Pack]) -> String {
    let mut names: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().into()).collect();
    for pack in packs {
        names.extend(pack.renamings.iter().map(|rule| rule.id.clone()));
        names.extend(pack.rules.iter().map(|rule| rule.id.clone()));
    }
    for service in Service::all() {
        names.extend(built_in_rules(service).map(|rule| rule.id().to_owned()));
        names.extend(all_names(service).map(|(name, _)| name.to_string()));
    }
    let similarity = |name: &str| match name.rsplit_once('.') {
        // An option that is named without its section.
        Some((_, option)) if option == word => 1.0,
        _ => jaro_winkler(name, word),
    };
    let similar = names.into_iter().map(|name| (similarity(&name), name));
    let mut similar: Vec<(f64, String)> = similar
        .filter(|(similarity, _)| *similarity > SIMILAR)
        .collect();
    similar.sort_by(|one, other| other.0.total_cmp(&one.0));
    similar.truncate(3);
    let similar: Vec<String> = similar.into_iter().map(|(_, name)| name).collect();
    let suggestion = match similar.is_empty() {
        true => String::new(),
        false => format!("; similar: {}", similar.join(", ")),
    };
    format!(
        "nothing is called {word:?}: expected a code, the id of a rule, or GROUP.OPTION (of your \
         own rules or schema with --rules or --schema){suggestion}"
    )
}
