//! The real Ironic is the judge.

use confmig::history::Service;
use tests::claims;

#[test]
fn each_release_reads_what_is_made_for_it() {
    claims::each_release_reads_what_is_made_for_it(Service::IRONIC);
}
