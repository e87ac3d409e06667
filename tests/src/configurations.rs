//! Generates configurations from what confmig knows about the releases of a service.

use confmig::history::{
    Definition, History, NameHistory, ReleaseRange, Series, Service, all_names, installed, named_by,
};
use confmig::migrate::{Route, Settings};
use confmig::target::ReleaseTarget;
use oslo_config::OptName;

use crate::cases::Tally;
use crate::expectations::Expectations;
use crate::libraries::{of_library, of_session};
use crate::real_service::{InstalledRelease, RealService};

/// The options of a release that a configuration sets, and their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Every option, to a value other than its default.
    Changed,
    /// Every option, to its default.
    Default,
    /// Some options, to either: a random choice with this seed.
    Some(u64),
    /// As `Changed`, without the options that choose an authentication plugin.
    WithoutPlugin,
    /// Every option whose type refuses any values, to one of these.
    Refused,
}

/// The options that choose an authentication plugin; the second is a former name of the first.
const PLUGIN_CHOICE: [&str; 3] = ["auth_type", "auth_plugin", "auth_section"];

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

    /// Returns a configuration for a release.
    #[must_use]
    pub fn configuration(&self, of: Series, kind: Selection) -> String {
        let mut text = format!("# {} {of}, {kind:?}\n", of.service().title());
        let mut group = "";
        let mut dice = Dice::new(of, kind);
        for (name, name_history) in &self.names {
            let Some(definition) = name_history.definition(of) else {
                continue;
            };
            let changed = match kind {
                Selection::Changed => true,
                Selection::Default => false,
                // Without it the options of the plugin are not read.
                Selection::Some(_) if PLUGIN_CHOICE[..2].contains(&name.name()) => true,
                Selection::Some(_) => match dice.roll() {
                    0 => true,
                    1 => false,
                    _ => continue,
                },
                Selection::WithoutPlugin if PLUGIN_CHOICE.contains(&name.name()) => continue,
                Selection::WithoutPlugin | Selection::Refused => true,
            };
            let values = match kind {
                Selection::Refused => refused(name, &definition).into_iter().collect(),
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

/// Random numbers, seeded with the release.
struct Dice(u64);

impl Dice {
    fn new(of: Series, kind: Selection) -> Self {
        let seed = match kind {
            Selection::Some(seed) => seed,
            _ => 0,
        };
        let release = of.id().bytes().fold(7, |sum: u64, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        Dice(release ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Returns a number from 0 to 4 (Steele, Lea and Flood's SplitMix64).
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 5
    }
}

/// Returns values that a release accepts for an option: one, or several if it is multi-valued.
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

/// Returns the value of an option whose type does not describe its limits.
fn special(name: &OptName) -> Option<String> {
    let value = match (name.group(), name.name()) {
        // The facts list the options of this plugin.
        (_, "auth_type" | "auth_plugin") => "password",
        (group, "auth_section") => group,
        // If true, the service refuses deprecated options.
        (_, "fatal_deprecations") => "False",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Returns a value that the option's type refuses; `None` if it accepts any text.
fn refused(name: &OptName, definition: &Definition<'_>) -> Option<String> {
    // Without parsing, kernel parameters may be anything. The others are also command-line options,
    // and a service that refuses one of these exits without reading anything else.
    let excluded = [
        "disable_kernel_parameter_parsing",
        "pydev_debug_port",
        "standard_threads",
    ];
    if special(name).is_some() || excluded.contains(&name.name()) {
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

/// Returns the type of a list's items.
fn item<'d>(definition: &'d Definition<'_>) -> Option<&'d str> {
    definition.item.as_ref().and_then(|item| item.as_str())
}

/// Returns one of the allowed values, the default only if there is no other.
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

/// Returns a text of the form that the option's name suggests.
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

/// A configuration and the release that it was written for.
#[derive(Debug, Clone)]
pub struct ConfigurationCase {
    /// A description for messages.
    pub name: String,
    /// The text.
    pub text: String,
    /// The release that the configuration was written for.
    pub from: Series,
    /// The settings of the migration.
    pub settings: Settings,
}

/// Migrates a configuration to a release and returns what does not hold when the release loads it.
pub fn violations(
    service: &mut RealService,
    release: InstalledRelease,
    case: &ConfigurationCase,
    history: &History,
    tally: &Tally,
) -> Vec<String> {
    let to = release.series;
    let span = ReleaseRange {
        from: case.from,
        to,
    };
    // Of other releases, the libraries of their time are not installed.
    let is_of_other_library = |option: &OptName| {
        !release.with_libraries && (of_library(option, to) || of_session(option, history))
    };
    let expectations = Expectations {
        route: &Route::releases(span, history),
        settings: &case.settings,
        target: &|files| {
            Ok(Box::new(ReleaseTarget::new(
                to, None, files, None, history,
            )?))
        },
        item_types_known: true,
        is_unreliable: &is_of_other_library,
        is_unknown: &|option| history.of_option(option).is_none(),
    };
    expectations.violations(service, &case.text, tally)
}
