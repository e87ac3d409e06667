//! Other services judge, too: their schemas are made by oslo-config-generator from their own packages, and
//! what confmig makes with them is read by oslo.config with the options that they register.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use confmig::migrate::{Route, Settings, migrate};
use confmig::schema::{Schema, compare};
use confmig::target::{SchemaTarget, Schemas, Target};
use oslo_config::SourceFile;
use tests::cases::Tally;
use tests::judge::Judge;
use tests::judged::{Migrated, checked};
use tests::service::configuration;

/// A service: an older release, a newer one, and the namespaces of its options.
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

/// Options whose form no schema tells: two lists that stand in brackets, and dictionaries, of which each
/// time that it is set adds one. Of what type the items of a list are is not told, either: `Migrated`
/// compares these as texts.
const NOT_TOLD: [&str; 3] = [
    "additional_sensitive_options",
    "additional_whitelisted_options",
    "reserved_huge_pages",
];

impl Service {
    fn judge(&self, version: &str) -> Judge {
        Judge::service(self.name, version, self.namespaces)
    }
}

fn schema(judge: &mut Judge) -> Schema {
    let json = judge.schema("json");
    Schema::parse(&json, "schema.json").expect("what the generator writes")
}

/// Migrates a configuration that was written for `from`, and has the newer release judge it.
fn judged(
    judge: &mut Judge,
    (from, to): (Option<&Schema>, &Schema),
    text: &str,
    tally: &Tally,
) -> Vec<String> {
    let before = SourceFile {
        path: "service.conf".into(),
        text: text.into(),
    };
    let parsed = [before.parse().expect("a configuration that parses")];
    let schemas = Schemas { from, to };
    let migration = match migrate(&parsed, &Route::schemas(from, to), &Settings::default()) {
        Ok(migration) => migration,
        Err(error) => return vec![error.to_string()],
    };
    let after = SourceFile {
        path: "service.conf".into(),
        text: migration.files[0].after.to_vec(),
    };
    let after = [after.parse().expect("a new text that parses")];
    let target = SchemaTarget::new(schemas, &after, None).expect("no rules of a site");
    let found = checked(&after, &target);
    let migrated = Migrated {
        before: &parsed[0],
        after: &after,
        migration: &migration,
        pack: target.pack(),
        found,
        not_judged: &|option| NOT_TOLD.contains(&option.name()),
        items_are_told: false,
        not_known: &|option| !to.reads(option) && !from.is_some_and(|from| from.reads(option)),
    };
    migrated.wrong(judge, tally)
}

fn check_service(service: &Service) {
    let mut older = service.judge(service.older);
    let mut newer = service.judge(service.newer);
    let (old, new) = (schema(&mut older), schema(&mut newer));
    let yaml = newer.schema("yaml");
    let yaml = Schema::parse(&yaml, "schema.yaml").expect("what the generator writes");
    let changed = compare(&new, &yaml);
    assert!(
        changed.changed.is_empty() && changed.new.is_empty() && changed.removed.is_empty(),
        "JSON and YAML say the same: {changed:?}"
    );
    let tally = Tally::default();
    let mut wrong = Vec::new();
    for by_former_names in [false, true] {
        let own = configuration(&new, by_former_names);
        wrong.extend(judged(&mut newer, (None, &new), &own, &tally));
        let of_older = configuration(&old, by_former_names);
        wrong.extend(judged(&mut newer, (Some(&old), &new), &of_older, &tally));
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "{}: {} wrong, {tally}\n{}",
        service.name,
        wrong.len(),
        wrong.join("\n")
    );
    println!("{}: {tally}", service.name);
    for kind in ["value", "renamed", "unknown, and told"] {
        assert!(tally.of(kind) > 0, "{}: no {kind} in {tally}", service.name);
    }
    let found = compare(&old, &new);
    println!(
        "{} {} to {}: {} renamed, {} removed, {} new, {} changed",
        service.name,
        service.older,
        service.newer,
        found.renamed.len(),
        found.removed.len(),
        found.new.len(),
        found.changed.len()
    );
    assert!(!found.removed.is_empty() && !found.new.is_empty() && !found.changed.is_empty());
}

#[test]
fn keystone_reads_what_its_schema_leads_to() {
    check_service(&KEYSTONE);
}

#[test]
fn nova_reads_what_its_schema_leads_to() {
    check_service(&NOVA);
}
