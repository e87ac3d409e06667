//! Loads migrated configurations into real releases of Keystone.

use confmig::history::Service;
use tests::release_checks;

#[test]
fn each_release_reads_what_is_migrated_to_it() {
    let keystone = Service::find("keystone").expect("a service whose releases are known");
    release_checks::each_release_reads_what_is_migrated_to_it(keystone);
}
