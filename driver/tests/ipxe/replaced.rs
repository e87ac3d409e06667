//! Files that are replaced: all of a node's, or none.

use std::fs;

use driver::ipxe::{IpxeError, NodeBoot};

use super::files::{LINK, MAC, deploy, file, files, ipxe};
use crate::support::web::open_dir;
use crate::support::{node, uuid};

#[tokio::test]
async fn a_failed_publish_leaves_the_previous_files() {
    let www = open_dir();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    ipxe.publish(&node(1), deploy()).await.unwrap();
    let read = || {
        let paths = files(www.path()).into_iter();
        let read = paths.map(|path| (fs::read(www.path().join(&path)).unwrap(), path));
        read.collect::<Vec<_>>()
    };
    let before = read();
    let boot = || NodeBoot::deploy(file(b"kernel 2"), file(b"ramdisk 2")).parameter("a", "b");
    // Somebody created a directory where the link of a new network card belongs.
    let taken = www.path().join("pxelinux.cfg/02-00-00-00-00-02");
    fs::create_dir(&taken).unwrap();
    for order in [[MAC, "02:00:00:00:00:02"], ["02:00:00:00:00:02", MAC]] {
        let macs = order.map(|mac| mac.parse().unwrap());
        let both = macs.into_iter().fold(boot(), NodeBoot::mac);
        let both = both.mac("02:00:00:00:00:03".parse().unwrap());
        let error = ipxe.publish(&node(1), both).await.unwrap_err();
        assert!(matches!(error, IpxeError::Write { .. }), "{error}");
        assert!(error.to_string().contains("02-00-00-00-00-02"), "{error}");
        assert_eq!(read(), before);
    }
    fs::remove_dir(&taken).unwrap();
    ipxe.publish(&node(1), boot().mac(MAC.parse().unwrap()))
        .await
        .unwrap();
    assert_ne!(read(), before);
    ipxe.clean_up(uuid(1)).await.unwrap();
    assert_eq!(files(www.path()), ["boot.ipxe"]);
}

#[tokio::test]
async fn calls_for_one_node_do_not_mix_its_files() {
    let www = open_dir();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    let path = |name: &str| www.path().join(uuid(1).to_string()).join(name);
    for n in 0..20 {
        let boot = |content: &[u8]| {
            let boot = NodeBoot::deploy(file(content), file(content)).mac(MAC.parse().unwrap());
            let value = String::from_utf8(content.to_vec()).unwrap();
            boot.parameter("content", value)
        };
        let (node, uuid) = (node(1), uuid(1));
        let (one, two, cleaned) = tokio::join!(
            ipxe.publish(&node, boot(b"one")),
            ipxe.publish(&node, boot(b"two")),
            ipxe.clean_up(uuid),
        );
        one.unwrap();
        two.unwrap();
        cleaned.unwrap();
        let Ok(kernel) = fs::read_to_string(path("deploy_kernel")) else {
            // The clean-up was last.
            assert_eq!(files(www.path()), ["boot.ipxe"], "{n}");
            continue;
        };
        assert_eq!(fs::read_to_string(path("deploy_ramdisk")).unwrap(), kernel);
        let config = fs::read_to_string(www.path().join(LINK)).unwrap();
        assert!(config.contains(&format!("content={kernel} ")), "{config}");
    }
}
