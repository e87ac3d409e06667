//! Targets of migrations, made from option definitions: a schema, two schemas, or a pack.

use std::fmt;

use confmig::migrate::{Migration, Route, Settings, migrate};
use confmig::pack::Pack;
use confmig::schema::Schema;
use oslo_config::{Opt, OptName, OptType, ParsedFile};
use serde_json::json;

/// The target of a migration.
#[derive(Clone)]
pub enum Target {
    /// The schema of a service.
    Schema(Vec<Opt>),
    /// The schemas of two releases of a service.
    Schemas {
        /// The options of the release that the files were written for.
        older: Vec<Opt>,
        /// The options of the release that is to read them.
        newer: Vec<Opt>,
    },
    /// A pack of option definitions.
    Pack(Vec<Opt>),
    /// A pack in TOML.
    Rules(String),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Schema(_) => writeln!(f, "for a schema of these options"),
            Target::Pack(_) => writeln!(f, "for a pack of these options"),
            Target::Rules(text) => writeln!(f, "for the rules\n{text}"),
            Target::Schemas { older, newer } => {
                for (which, opts) in [("older", older), ("newer", newer)] {
                    for opt in opts {
                        let former: Vec<_> =
                            opt.deprecated().iter().map(OptName::to_string).collect();
                        writeln!(f, "{which} {}, formerly {}", opt.name(), former.join(", "))?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Target {
    /// Migrates files.
    ///
    /// # Errors
    ///
    /// Returns the error of the library, or that of an unusable pack.
    pub fn migrate(
        &self,
        files: &[ParsedFile<'_>],
        settings: &Settings,
    ) -> Result<Migration, String> {
        let run = |route: &Route<'_>| {
            let migration = migrate(files, route, settings);
            migration.map_err(|error| format!("an error: {error}"))
        };
        match self {
            Target::Schema(opts) => run(&Route::schemas(None, &schema(opts, "schema"))),
            Target::Schemas { older, newer } => {
                let (from, to) = (&schema(older, "older"), &schema(newer, "newer"));
                run(&Route::schemas(Some(from), to))
            }
            Target::Pack(opts) => run(&Route::pack(&Pack::from_opts("generated", opts.to_vec()))),
            Target::Rules(text) => {
                let pack = Pack::parse(text, "generated").map_err(|error| error.to_string())?;
                run(&Route::pack(&pack))
            }
        }
    }

    /// Makes the schemas of two releases, of which the newer one has at most these options. The
    /// numbers in `plan`, one for each set of options that share names, choose how the older one
    /// differs: not renamed yet, or with former names that are also options, and that one of the
    /// two does not have at all.
    #[must_use]
    pub fn two_schemas(opts: &[Opt], plan: &[u8]) -> Self {
        let current: Vec<&OptName> = opts.iter().map(Opt::name).collect();
        let (mut older, mut newer) = (Vec::new(), Vec::new());
        for (set, number) in sets_that_share_names(opts).iter().zip(plan.iter().cycle()) {
            let mut former: Vec<Opt> = Vec::new();
            for opt in set {
                for name in opt.deprecated() {
                    if !current.contains(&name) && former.iter().all(|opt| opt.name() != name) {
                        former.push(of_name(opt, name));
                    }
                }
            }
            // All options that have a name drop it together.
            let dropped = |name: &OptName| {
                number & 4 != 0
                    && (usize::from(*number) + name.name().len() + name.group().len())
                        .is_multiple_of(2)
            };
            // A name that is an option, too, is dropped, or becomes a former name, as well.
            let current = |name: &OptName| number & 8 == 0 && current.contains(&name);
            let kept = |opt: &&Opt| without(opt, |name| dropped(name) && !current(name));
            let own = set.iter().filter(|opt| is_former(opts, opt.name()));
            match number % 4 {
                // Not renamed yet.
                0 => {
                    older.extend(former);
                    older.extend(own.map(|opt| without(opt, |_| true)));
                    newer.extend(set.iter().copied().cloned());
                }
                // Options and former names at once.
                1 => {
                    older.extend(former);
                    older.extend(set.iter().copied().cloned());
                    newer.extend(set.iter().map(kept));
                }
                2 => {
                    older.extend(set.iter().copied().cloned());
                    newer.extend(set.iter().map(kept));
                }
                // Former names of the newer one only.
                _ => {
                    older.extend(set.iter().map(kept));
                    newer.extend(set.iter().copied().cloned());
                }
            }
        }
        Target::Schemas { older, newer }
    }
}

fn is_former(opts: &[Opt], name: &OptName) -> bool {
    opts.iter().any(|opt| opt.deprecated().contains(name))
}

/// Returns the sets of options that are connected by names.
fn sets_that_share_names(opts: &[Opt]) -> Vec<Vec<&Opt>> {
    let mut sets: Vec<Vec<&Opt>> = Vec::new();
    for opt in opts {
        let mut with = vec![opt];
        sets.retain(|set| {
            let joined = set.iter().any(|other| share_a_name(other, opt));
            if joined {
                with.extend(set);
            }
            !joined
        });
        sets.push(with);
    }
    sets
}

fn share_a_name(one: &Opt, other: &Opt) -> bool {
    let mut names = [one.name()].into_iter().chain(one.deprecated());
    names.any(|name| name == other.name() || other.deprecated().contains(name))
}

/// Returns an option like `opt` with another name.
#[must_use]
pub fn of_name(opt: &Opt, name: &OptName) -> Opt {
    let mut own = Opt::new(name.group(), name.name(), opt.kind().clone());
    if opt.is_multi() {
        own = own.multi();
    }
    opt.default()
        .iter()
        .fold(own, |own, value| own.with_default(value))
}

/// Returns an option without some of its former names.
fn without(opt: &Opt, dropped: impl Fn(&OptName) -> bool) -> Opt {
    let registered = OptName::new(opt.name().group(), opt.registered_name());
    let kept = declared(opt).filter(|name| !dropped(name));
    kept.fold(of_name(opt, &registered), |bare, name| {
        bare.with_deprecated(name.group(), name.name())
    })
}

/// Returns an option as its schema has it: `oslo-config-generator` omits former names with hyphens.
#[must_use]
pub fn as_in_schema(opt: &Opt) -> Opt {
    let mut bare = without(opt, |_| true);
    for name in opt.deprecated() {
        if !name.name().contains('-') {
            bare = bare.with_deprecated(name.group(), name.name());
        }
    }
    bare
}

/// Returns the former names of an option as declared: those with hyphens only once.
pub fn declared(opt: &Opt) -> impl Iterator<Item = &OptName> {
    let hyphenated = |name: &&OptName| name.name().contains('-');
    let respelled = opt.deprecated().iter().filter(hyphenated).count();
    opt.deprecated()
        .iter()
        .take(opt.deprecated().len() - respelled)
}

/// Returns a schema of options, made from JSON as `oslo-config-generator` writes it.
///
/// # Panics
///
/// Panics if the schema is refused.
#[must_use]
pub fn schema(opts: &[Opt], origin: &str) -> Schema {
    let mut groups = serde_json::Map::new();
    for opt in opts {
        let described = as_in_schema(opt);
        let former: Vec<_> = described
            .deprecated()
            .iter()
            .map(|name| json!({"group": name.group(), "name": name.name()}))
            .collect();
        let kind = match opt.kind() {
            _ if opt.is_multi() => "multi valued",
            OptType::List { .. } => "list value",
            _ => "string value",
        };
        let default = match (opt.default(), opt.is_multi()) {
            (values, true) => json!(values),
            ([], false) => json!(null),
            (values, false) if kind == "list value" => {
                json!(values[0].split(',').collect::<Vec<_>>())
            }
            (values, false) => json!(values[0]),
        };
        let form = json!({
            "name": opt.registered_name(),
            "dest": opt.name().name(),
            "type": kind,
            "default": default,
            "deprecated_opts": former,
        });
        let group = groups
            .entry(opt.name().group())
            .or_insert_with(|| json!({"opts": []}));
        let opts = group["opts"].as_array_mut().expect("an array");
        opts.push(form);
    }
    let text = json!({"options": groups, "generator_options": {"namespace": ["generated"]}});
    Schema::parse(&text.to_string(), origin).expect("a schema")
}

/// Returns a pack of options in TOML.
#[must_use]
pub fn toml(opts: &[Opt]) -> String {
    let mut text = "name = \"generated\"\nsummary = \"generated\"\n".to_owned();
    for opt in opts {
        let (group, name) = (opt.name().group(), opt.registered_name());
        let kind = match opt.kind() {
            OptType::List { .. } => "list",
            OptType::Bool => "bool",
            _ => "str",
        };
        text += &format!("[[option]]\ngroup = \"{group}\"\nname = \"{name}\"\ntype = \"{kind}\"\n");
        if opt.is_multi() {
            text += "multi = true\n";
        }
        if let Some(default) = opt.default().first() {
            text += &format!("default = \"{default}\"\n");
        }
        for former in declared(opt) {
            let (group, name) = (former.group(), former.name());
            text += &format!(
                "[[option.former]]\ngroup = \"{group}\"\nname = \"{name}\"\nwhy = \"renamed\"\n"
            );
        }
    }
    text
}
