//! Migrates with the schemas that oslo-config-generator writes of real services, and loads the
//! results with the options that these services register.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use confmig::migrate::{Route, Settings};
use confmig::schema::{Schema, compare};
use confmig::target::{SchemaTarget, Schemas};
use tests::cases::Tally;
use tests::expectations::Expectations;
use tests::real_service::RealService;
use tests::schema_configuration::configuration;

/// Two versions of a service and the namespaces of its options.
struct Service {
    name: &'static str,
    older: &'static str,
    newer: &'static str,
    namespaces: &'static [&'static str],
}

const KEYSTONE: Service = Service {
    name: "keystone",
    older: "16.0.2",
    newer: "30.0.0",
    namespaces: &[
        "keystone",
        "oslo.db",
        "oslo.log",
        "oslo.messaging",
        "oslo.middleware",
        "oslo.policy",
    ],
};

const NOVA: Service = Service {
    name: "nova",
    older: "20.6.1",
    newer: "33.0.2",
    namespaces: &[
        "nova.conf",
        "keystonemiddleware.auth_token",
        "oslo.concurrency",
        "oslo.db",
        "oslo.log",
        "oslo.messaging",
        "oslo.middleware",
        "oslo.policy",
    ],
};

/// Options that schemas do not describe fully: two lists in brackets, and a multi-valued
/// dictionary.
const INCOMPLETE: [&str; 3] = [
    "additional_sensitive_options",
    "additional_whitelisted_options",
    "reserved_huge_pages",
];

impl Service {
    fn start(&self, version: &str) -> RealService {
        RealService::with_namespaces(self.name, version, self.namespaces)
    }
}

fn schema(service: &mut RealService) -> Schema {
    let json = service.schema("json");
    Schema::parse(&json, "schema.json").expect("a schema from the generator")
}

/// Migrates a configuration that was written for `from` to `to`, and returns what does not hold
/// when the newer release loads it.
fn violations(
    service: &mut RealService,
    (from, to): (Option<&Schema>, &Schema),
    text: &str,
    tally: &Tally,
) -> Vec<String> {
    let schemas = Schemas { from, to };
    let expectations = Expectations {
        route: &Route::schemas(from, to),
        settings: &Settings::default(),
        target: &|files| Ok(Box::new(SchemaTarget::new(schemas, files, None)?)),
        item_types_known: false,
        is_unreliable: &|option| INCOMPLETE.contains(&option.name()),
        is_unknown: &|option| !to.reads(option) && !from.is_some_and(|from| from.reads(option)),
    };
    expectations.violations(service, text, tally)
}

fn check_service(service: &Service) {
    let mut older = service.start(service.older);
    let mut newer = service.start(service.newer);
    let (old, new) = (schema(&mut older), schema(&mut newer));
    let yaml = newer.schema("yaml");
    let yaml = Schema::parse(&yaml, "schema.yaml").expect("a schema from the generator");
    let changed = compare(&new, &yaml);
    assert!(
        changed.changed.is_empty() && changed.new.is_empty() && changed.removed.is_empty(),
        "JSON and YAML differ: {changed:?}"
    );
    let tally = Tally::default();
    let mut found = Vec::new();
    for by_former_names in [false, true] {
        let own = configuration(&new, by_former_names);
        found.extend(violations(&mut newer, (None, &new), &own, &tally));
        let of_older = configuration(&old, by_former_names);
        found.extend(violations(
            &mut newer,
            (Some(&old), &new),
            &of_older,
            &tally,
        ));
    }
    found.sort();
    found.dedup();
    assert!(
        found.is_empty(),
        "{}: {} violations, {tally}\n{}",
        service.name,
        found.len(),
        found.join("\n")
    );
    println!("{}: {tally}", service.name);
    for kind in ["value", "renamed", "reported unknown option"] {
        assert!(tally.of(kind) > 0, "{}: no {kind} in {tally}", service.name);
    }
    let changes = compare(&old, &new);
    println!(
        "{} {} to {}: {} renamed, {} removed, {} new, {} changed",
        service.name,
        service.older,
        service.newer,
        changes.renamed.len(),
        changes.removed.len(),
        changes.new.len(),
        changes.changed.len()
    );
    assert!(!changes.removed.is_empty() && !changes.new.is_empty() && !changes.changed.is_empty());
}

#[test]
fn keystone_reads_what_is_migrated_with_its_schemas() {
    check_service(&KEYSTONE);
}

#[test]
fn nova_reads_what_is_migrated_with_its_schemas() {
    check_service(&NOVA);
}
