//! Configurations of a service, made of what confmig knows of its releases, and what these make of them
//! when confmig has migrated them.

use confmig::history::{
    Definition, History, NameHistory, ReleaseRange, Series, Service, all_names, installed, named_by,
};
use confmig::migrate::{Route, Settings, migrate};
use confmig::target::{ReleaseTarget, Target};
use oslo_config::{OptName, SourceFile};

use crate::cases::Tally;
use crate::judge::{self, Judge};
use crate::judged::{Migrated, checked};
use crate::libraries::{of_library, of_session};

/// Which of a release's options are set, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every option, to another value than its default.
    Changed,
    /// Every option, to its default, written out.
    Default,
    /// Some options, changed or not: which, a number says.
    Some(u64),
    /// Every option, changed, but none that chooses an authentication plugin.
    WithoutPlugin,
    /// Every option whose type refuses anything, to a value that it refuses.
    Refused,
}

/// What chooses an authentication plugin, the second by its former name.
const CHOOSES: [&str; 3] = ["auth_type", "auth_plugin", "auth_section"];

/// The options of all releases of a service.
#[derive(Debug)]
pub struct Configurations {
    names: Vec<(OptName, NameHistory)>,
}

impl Configurations {
    /// Reads the options of a service.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Configurations {
            names: all_names(service).collect(),
        }
    }

    /// A configuration for a release.
    #[must_use]
    pub fn configuration(&self, of: Series, kind: Kind) -> String {
        let mut text = format!("# {} {of}, {kind:?}\n", of.service().title());
        let mut group = "";
        let mut dice = Dice::new(of, kind);
        for (name, life) in &self.names {
            let Some(definition) = life.definition(of) else {
                continue;
            };
            let changed = match kind {
                Kind::Changed => true,
                Kind::Default => false,
                // Without it nothing reads the options of the plugin.
                Kind::Some(_) if CHOOSES[..2].contains(&name.name()) => true,
                Kind::Some(_) => match dice.roll() {
                    0 => true,
                    1 => false,
                    _ => continue,
                },
                Kind::WithoutPlugin if CHOOSES.contains(&name.name()) => continue,
                Kind::WithoutPlugin | Kind::Refused => true,
            };
            let values = match kind {
                Kind::Refused => refused(name, &definition).into_iter().collect(),
                _ => values(name, &definition, of, changed),
            };
            if values.is_empty() {
                continue;
            }
            if name.group() != group {
                group = name.group();
                text += &format!("\n[{group}]\n");
            }
            for value in values {
                text += &format!("{} = {value}\n", name.name());
            }
        }
        text
    }
}

/// Chooses the same for the same release and number.
struct Dice(u64);

impl Dice {
    fn new(of: Series, kind: Kind) -> Self {
        let seed = match kind {
            Kind::Some(seed) => seed,
            _ => 0,
        };
        let release = of.id().bytes().fold(7, |sum: u64, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        Dice(release ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number from 0 to 4 (Steele, Lea and Flood's SplitMix64).
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 5
    }
}

/// Values that a release accepts for an option: one, or several for a multi-valued one.
fn values(name: &OptName, definition: &Definition<'_>, of: Series, changed: bool) -> Vec<String> {
    let default = definition.default();
    let plain = |value: &String| !value.contains(['\n', '$']);
    if !changed
        && !definition.runtime_default
        && !default.is_empty()
        && default.iter().all(plain)
        && name.name() != "auth_type"
    {
        return default;
    }
    let multi = definition.kind == "multistr";
    let first = default.first().map_or("", String::as_str);
    let value = special(name)
        .or_else(|| chosen(name, definition, of, first))
        .unwrap_or_else(|| of_type(name, definition, first));
    if multi && definition.choices().is_empty() {
        vec![value.clone(), value.replace("one", "other")]
    } else {
        vec![value]
    }
}

/// Options with limits that their type does not tell.
fn special(name: &OptName) -> Option<String> {
    let value = match (name.group(), name.name()) {
        // The options of this plugin are those that are in the lists.
        (_, "auth_type" | "auth_plugin") => "password",
        (group, "auth_section") => group,
        // What it does is to refuse deprecated options.
        (_, "fatal_deprecations") => "False",
        _ => return None,
    };
    Some(value.to_owned())
}

/// A value that the option's type refuses; none where it takes any text.
fn refused(name: &OptName, definition: &Definition<'_>) -> Option<String> {
    // Without parsing, parameters of the kernel may be anything. The others are options of the command line, too:
    // the service ends when it refuses one of these, and reads nothing else.
    let keeps = [
        "disable_kernel_parameter_parsing",
        "pydev_debug_port",
        "standard_threads",
    ];
    if special(name).is_some() || keeps.contains(&name.name()) {
        return None;
    }
    let below = definition.min.map(|min| (min - 1.0).to_string());
    let text = match (&*definition.kind, item(definition)) {
        ("bool", _) => "perhaps",
        ("int", _) if definition.subtype.is_some() => "0800",
        ("int" | "float", _) => return Some(below.unwrap_or_else(|| "many".into())),
        ("port", _) => "65536",
        ("ip", _) => "one.example",
        ("hostaddress", _) => "-one-",
        ("uri", _) => "one",
        ("list", Some("int")) => "418,teapot",
        ("list", Some("ExplicitAbsolutePath")) => "/srv/one,/srv/../etc",
        ("list", Some("PortRange")) => "12000:11000",
        ("dict", _) | ("multistr", Some("dict")) => "one",
        ("str", _) if definition.regex.is_some() => "one",
        ("str", _) if definition.subtype.is_some() => "console=",
        ("str" | "list", _) if !definition.choices().is_empty() => "none-of-them",
        _ => return None,
    };
    Some(text.to_owned())
}

/// The type of the items.
fn item<'d>(definition: &'d Definition<'_>) -> Option<&'d str> {
    definition.item.as_ref().and_then(|item| item.as_str())
}

/// One of the allowed values, the default last.
fn chosen(
    name: &OptName,
    definition: &Definition<'_>,
    of: Series,
    default: &str,
) -> Option<String> {
    let mut choices = definition.choices();
    if named_by(of.service(), name.group(), name.name()) {
        choices = installed(name.group(), name.name(), of)
            .map(str::to_owned)
            .collect();
    }
    let other = choices.iter().find(|choice| *choice != default);
    other.or(choices.first()).cloned()
}

fn of_type(name: &OptName, definition: &Definition<'_>, default: &str) -> String {
    let number = || {
        let standard = default.parse().unwrap_or(6.0);
        let (min, max) = (
            definition.min.unwrap_or(f64::MIN),
            definition.max.unwrap_or(f64::MAX),
        );
        let candidates = [standard + 1.0, standard - 1.0, min, max];
        let other = candidates
            .into_iter()
            .find(|number| (min..=max).contains(number) && *number != standard);
        other.unwrap_or(standard)
    };
    match &*definition.kind {
        "bool" => if default == "true" { "False" } else { "True" }.to_owned(),
        "int" if definition.subtype.as_deref() == Some("octal") => "0600".to_owned(),
        "int" | "float" => number().to_string(),
        "port" => if default == "8080" { "8081" } else { "8080" }.to_owned(),
        "uri" => format!("http://192.0.2.7:8080/{}", name.name()),
        "hostaddress" | "ip" => "192.0.2.7".to_owned(),
        "dict" if item(definition) == Some("list") => "one:[1,2],two:[3]".to_owned(),
        "dict" => "one:1,two:2".to_owned(),
        "list" if item(definition) == Some("int") => "418,503".to_owned(),
        "list" if item(definition) == Some("ExplicitAbsolutePath") => {
            "/srv/one/,/srv/two".to_owned()
        }
        "list" if item(definition) == Some("PortRange") => "11000:12000".to_owned(),
        "multistr" if item(definition) == Some("dict") => "deploy.one:12".to_owned(),
        "str" if definition.regex.as_deref() == Some(r"^\d+:\d+$") => "11000:12000".to_owned(),
        "list" => "one,two".to_owned(),
        _ => text(name, definition.secret),
    }
}

/// A text that looks like what the option's name promises.
fn text(name: &OptName, secret: bool) -> String {
    let key = name.name();
    let has = |parts: &[&str]| parts.iter().any(|part| key.contains(part));
    if has(&["url", "uri", "endpoint", "connection"]) {
        format!("http://192.0.2.7:8080/{key}")
    } else if secret {
        format!("p/w@{key}")
    } else if has(&["host", "server", "_ip"]) {
        "192.0.2.8".to_owned()
    } else {
        format!("{key}-one")
    }
}

/// A configuration, and the release that it was written for.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The release.
    pub from: Series,
    /// How it is migrated.
    pub settings: Settings,
}

/// Migrates a configuration to a release and says what its judge finds wrong.
pub fn holds(
    judge: &mut Judge,
    release: judge::Release,
    case: &Case,
    lives: &History,
    tally: &Tally,
) -> Vec<String> {
    let to = release.series;
    let before = file(case.text.clone().into_bytes());
    let parsed = [before.parse().expect("a configuration that parses")];
    let span = ReleaseRange {
        from: case.from,
        to,
    };
    let migration = match migrate(&parsed, &Route::releases(span, lives), &case.settings) {
        Ok(migration) => migration,
        Err(error) => return vec![error.to_string()],
    };
    let after = file(migration.files[0].after.to_vec());
    let after = [after.parse().expect("a new text that parses")];
    let target = match ReleaseTarget::new(to, None, &after, None, lives) {
        Ok(target) => target,
        Err(error) => return vec![error.to_string()],
    };
    let found = checked(&after, &target);
    // The library is not there in the version of that time.
    let of_other_library = |option: &OptName| {
        !release.with_libraries && (of_library(option, to) || of_session(option, lives))
    };
    let migrated = Migrated {
        before: &parsed[0],
        after: &after,
        migration: &migration,
        pack: target.pack(),
        found,
        not_judged: &of_other_library,
        items_are_told: true,
        not_known: &|option| lives.of_option(option).is_none(),
    };
    migrated.wrong(judge, tally)
}

fn file(text: Vec<u8>) -> SourceFile {
    SourceFile {
        path: "service.conf".into(),
        text,
    }
}
