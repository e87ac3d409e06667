//! Checks that the driver and confmig's pack `standalone-ilo` define the same options.

use confmig::migrate::{Route, Settings, migrate};
use std::collections::BTreeMap;

use confmig::pack::{DEFAULT_PACK, Pack};
use driver::options::Options;
use oslo_config::Opt;

#[test]
fn the_driver_and_the_pack_agree_on_names_types_and_defaults() {
    let by_name = |opts: Vec<Opt>| -> BTreeMap<String, Opt> {
        opts.into_iter()
            .map(|opt| (opt.name().to_string(), opt))
            .collect()
    };
    let pack = by_name(Pack::load(DEFAULT_PACK).unwrap().opts);
    let driver = by_name(Options::opts());
    assert_eq!(driver, pack);
}

#[test]
fn both_packs_give_the_same_values() {
    let text = b"[pxe]\nhttp_url = http://192.0.2.1:8080\nhttp_root = /srv/images\n\
                 [ilo]\nuse_web_server_for_images = True\n";
    let file = oslo_config::SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    let before = Options::read(&[file.parse().unwrap()], []).unwrap();
    for name in Pack::built_in() {
        let pack = Pack::load(name).unwrap();
        let parsed = [file.parse().unwrap()];
        let migration = migrate(&parsed, &Route::pack(&pack), &Settings::default()).unwrap();
        let after = oslo_config::SourceFile {
            path: "ironic.conf".into(),
            text: migration.files[0].after.to_vec(),
        };
        assert_ne!(after.text, file.text, "{name} changes the file");
        assert_eq!(
            Options::read(&[after.parse().unwrap()], []).unwrap(),
            before,
            "{name}"
        );
    }
}
