//! Compares this project with the oracle. Each comparison returns the differences as an error.

use std::collections::BTreeSet;

use oslo_config::{
    Config, Document, Edit, GetError, GetErrorKind, LineKind, OptName, OptType, ParsedFile,
    SourceError, SourceFile,
};
use serde_json::Value as Json;

use crate::cases::Tally;
use crate::generate::{ConfigSource, Set, escaped, plain_types};
use crate::oracle::{ErrorKind, Event, Failure, Oracle, Outcome, Parsed, Resolved, encode};

/// Compares how the two parsers read a text: sections, entries with their lines and values,
/// comments, or the error. Also checks that an empty edit returns every byte.
///
/// # Errors
///
/// Returns the differences.
pub fn parse(oracle: &mut Oracle, text: &[u8], tally: &Tally) -> Result<(), String> {
    let ours = Document::parse(text);
    if let Ok(document) = &ours {
        let same = Edit::new(document).finish();
        if same.as_ref().map(|text| text.as_slice()) != Ok(text) {
            return Err(format!("an empty edit changes the text: {same:?}"));
        }
    }
    let theirs = oracle.parse(text);
    // A deliberate difference: see `differences`.
    if std::str::from_utf8(text).is_err() {
        tally.count("not UTF-8");
        return match theirs {
            Err(Failure::NotUtf8) => Ok(()),
            other => Err(format!("not UTF-8, but oslo.config says {other:?}")),
        };
    }
    let ours = match ours {
        Ok(document) => {
            tally.count("parsed");
            Ok(parsed(&document))
        }
        Err(errors) => {
            tally.count("syntax error");
            let first = errors.first();
            Err((first.reported_line(), first.kind().message().to_owned()))
        }
    };
    let theirs = match theirs {
        Ok(parsed) => Ok(parsed),
        Err(Failure::Syntax { line, message, .. }) => Err((line, message)),
        Err(Failure::NotUtf8) => return Err("UTF-8, but not for oslo.config".into()),
    };
    if ours != theirs {
        let text = escaped(text);
        return Err(format!("{text}\nours:   {ours:?}\ntheirs: {theirs:?}"));
    }
    Ok(())
}

/// Converts a document to the events of the oracle's parser.
fn parsed(document: &Document<'_>) -> Parsed {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a part of UTF-8");
    let mut events = Vec::new();
    for section in document.sections() {
        events.push(Event::Section(section.line(), text(section.name())));
        for entry in section.entries() {
            let (key, value) = (text(entry.key()), text(&entry.value()));
            events.push(Event::Entry(entry.line(), text(section.name()), key, value));
        }
    }
    let comments = (1..=document.line_count())
        .filter(|&line| document.line_kind(line) == Some(LineKind::Comment))
        .collect();
    Parsed { events, comments }
}

/// Compares the value of every option of a set, and the former names that are in use.
///
/// # Errors
///
/// Returns the differences.
///
/// # Panics
///
/// Panics if the set cannot be written to a temporary directory.
pub fn values(oracle: &mut Oracle, set: &Set, tally: &Tally) -> Result<(), String> {
    let theirs = oracle.resolve(&set.sources, &set.opts, &set.environment);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sources = set
        .write_to(directory.path())
        .expect("room for a few files");
    let mut paths = Vec::new();
    for source in &sources {
        paths.append(&mut source.files().expect("a directory that can be listed"));
    }
    let names: Vec<_> = paths
        .iter()
        .filter_map(|path| path.file_name()?.to_str())
        .collect();
    let expected: Vec<_> = set.files().iter().map(|file| file.name.as_str()).collect();
    if names != expected {
        return Err(format!(
            "files are read in the order {names:?}, not {expected:?}"
        ));
    }
    let files: Vec<SourceFile> = paths
        .iter()
        .map(|path| SourceFile::read(path).expect("a file just written"))
        .collect();
    let parsed: Result<Vec<ParsedFile<'_>>, SourceError> =
        files.iter().map(SourceFile::parse).collect();
    let files = match (parsed, &theirs) {
        (Ok(files), Ok(_)) => files,
        (Err(error), Err(failure)) => {
            tally.count("refused");
            return same_failure(&error, failure);
        }
        (ours, _) => {
            let ours = ours.map(|_| "parsed").map_err(|error| error.to_string());
            return Err(format!("ours: {ours:?}\ntheirs: {theirs:?}"));
        }
    };
    let Ok(theirs) = theirs else { return Ok(()) };
    tally.count("read");
    let config = Config::new(&files, &set.opts).with_environment(set.environment.iter().cloned());
    let mut found = BTreeSet::new();
    for (opt, theirs) in set.opts.iter().zip(&theirs.options) {
        let name = opt.name();
        let setting = config.setting(name.group(), name.name());
        let ours = setting.map(|setting| (encode(&setting.value), setting.value.to_python_str()));
        count_outcome(theirs, tally);
        same_outcome(&ours, theirs).map_err(|difference| format!("{name}: {difference}"))?;
        for occurrence in config.occurrences(opt).effective {
            if occurrence.name_index > 0 {
                let entry = occurrence.entry;
                found.insert(OptName::new(
                    entry.group().to_string(),
                    entry.key().to_string(),
                ));
            }
        }
    }
    same_former_names(&found, &theirs, tally)
}

/// Compares the former names found in files with those that oslo.config logs.
fn same_former_names(
    found: &BTreeSet<OptName>,
    theirs: &Resolved,
    tally: &Tally,
) -> Result<(), String> {
    if !found.is_empty() {
        tally.count("former name in a file");
    }
    if !theirs.referred.is_empty() {
        tally.count("former name in a reference");
    }
    // A reference by a former name also looks up names that the option does not have, and logs
    // them.
    let same = if theirs.referred.is_empty() {
        *found == theirs.deprecated
    } else {
        found.is_subset(&theirs.deprecated)
    };
    if !same {
        let logged = &theirs.deprecated;
        return Err(format!("former names found: {found:?}\nlogged: {logged:?}"));
    }
    Ok(())
}

fn count_outcome(outcome: &Outcome, tally: &Tally) {
    tally.count(match outcome {
        Outcome::Found {
            value: Json::Null, ..
        } => "value None",
        Outcome::Found { .. } => "value",
        Outcome::Refused { error, .. } => match error {
            ErrorKind::Value => "value error",
            ErrorKind::NoSuchOption => "no such option",
            ErrorKind::NoSuchGroup => "no such group",
            ErrorKind::GroupReference => "group reference",
            ErrorKind::Recursion => "recursion",
        },
    });
}

/// Compares the value or error of one option.
///
/// # Errors
///
/// Returns the differences.
pub fn same_outcome(
    ours: &Result<(Json, String), GetError>,
    theirs: &Outcome,
) -> Result<(), String> {
    let same = match (ours, theirs) {
        (Ok(ours), Outcome::Found { value, text }) => ours.0 == *value && ours.1 == *text,
        (Err(ours), Outcome::Refused { error, .. }) => error_kind(ours) == *error,
        // A deliberate difference: see `differences`.
        (Err(ours), Outcome::Found { text, .. }) => {
            matches!(ours.kind(), GetErrorKind::Invalid { .. }) && beyond_128_bits(text)
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(format!("\nours:   {ours:?}\ntheirs: {theirs:?}"))
}

/// Tells whether a text contains a number of more than 128 bits.
fn beyond_128_bits(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_digit())
        .any(|digits| !digits.is_empty() && digits.parse::<i128>().is_err())
}

fn error_kind(error: &GetError) -> ErrorKind {
    match error.kind() {
        GetErrorKind::NoSuchOption { .. } => ErrorKind::NoSuchOption,
        GetErrorKind::NoSuchGroup { .. } => ErrorKind::NoSuchGroup,
        GetErrorKind::GroupReference { .. } => ErrorKind::GroupReference,
        GetErrorKind::ReferenceLoop { .. } | GetErrorKind::TooDeep { .. } => ErrorKind::Recursion,
        GetErrorKind::Invalid { .. } => ErrorKind::Value,
        other => panic!("the oracle has no kind for {other:?}"),
    }
}

fn same_failure(ours: &SourceError, theirs: &Failure) -> Result<(), String> {
    let same = match (ours, theirs) {
        (
            SourceError::Syntax { path, errors },
            Failure::Syntax {
                line,
                message,
                file,
            },
        ) => {
            let first = errors.first();
            path.file_name() == Some(file.as_ref())
                && first.reported_line() == *line
                && first.kind().message() == message
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(format!("\nours:   {ours}\ntheirs: {theirs:?}"))
}

/// Compares everything that sources set: each file on its own, then all values, once as strings and
/// once as all types in turn. For files of services whose options the test does not know.
///
/// # Errors
///
/// Returns the differences.
pub fn sources(oracle: &mut Oracle, sources: &[ConfigSource], tally: &Tally) -> Result<(), String> {
    for source in sources {
        let files = match source {
            ConfigSource::File(file) => std::slice::from_ref(file),
            ConfigSource::Dir { files, .. } => files,
        };
        for file in files {
            parse(oracle, &file.text, tally).map_err(|why| format!("{}: {why}", file.name))?;
        }
    }
    for kinds in [vec![OptType::string()], plain_types()] {
        if let Some(set) = Set::of_sources(sources.to_vec(), &kinds) {
            values(oracle, &set, tally)?;
        }
    }
    Ok(())
}
