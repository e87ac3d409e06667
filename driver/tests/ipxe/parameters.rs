//! Parameters that iPXE or the kernel would not take for a single word.

use std::fs;

use driver::ipxe::NodeBoot;

use super::files::{LINK, deploy, files, ipxe};
use crate::support::node;
use crate::support::web::open_dir;

/// What iPXE or the kernel would take for a command or for a further parameter.
#[tokio::test]
async fn parameters_are_neither_commands_nor_further_parameters() {
    let www = open_dir();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    let publish = async |boot: NodeBoot| ipxe.publish(&node(8), boot).await;
    for value in [
        "a b",
        "a\tb",
        "a\u{a0}b",
        // Its second byte in UTF-8 is the kernel's no-break space.
        "\u{e0}ipa-insecure=1",
        "x || poweroff",
        "||",
        "a||reboot",
        "a&&b",
        "${net0/mac}",
    ] {
        publish(deploy().parameter("k", value)).await.unwrap_err();
        publish(deploy().parameter(value, "v")).await.unwrap_err();
    }
    for name in ["", "a=b"] {
        publish(deploy().parameter(name, "v")).await.unwrap_err();
    }
    for params in [
        "k=x || poweroff",
        "a ; shell",
        "a # b",
        "k=${net0/mac}",
        "a\u{a0}b",
        "a && b",
    ] {
        publish(deploy().kernel_params(params)).await.unwrap_err();
    }
    assert_eq!(files(www.path()), [""; 0]);
    let url = "http://192.0.2.1:6385/?a=1&b=2;c#d";
    publish(
        deploy()
            .kernel_params("nofb  quiet")
            .parameter("url", url)
            .parameter("e", ""),
    )
    .await
    .unwrap();
    let config = fs::read_to_string(www.path().join(LINK)).unwrap();
    assert!(
        config.contains(&format!("nofb quiet url={url} e= ||")),
        "{config}"
    );
}
