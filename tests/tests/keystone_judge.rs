//! The real Keystone is the judge.

use confmig::history::Service;
use tests::claims;

#[test]
fn each_release_reads_what_is_made_for_it() {
    let keystone = Service::find("keystone").expect("a service whose releases are known");
    claims::each_release_reads_what_is_made_for_it(keystone);
}
