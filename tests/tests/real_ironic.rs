//! Loads migrated configurations into real releases of Ironic.

use confmig::history::Service;
use tests::release_checks;

#[test]
fn each_release_reads_what_is_migrated_to_it() {
    release_checks::each_release_reads_what_is_migrated_to_it(Service::IRONIC);
}
