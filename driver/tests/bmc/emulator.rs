//! Redfish against sushy-emulator, which OpenStack's own tests use, too. Its servers boot nothing
//! here: `boot.rs` has servers that do, and `hpe.rs` HPE's extensions.
//!
//! Needs what `support::nginx` and `support::sushy` need.

use std::path::Path;

use driver::bmc::{Bmc, Cause, Drive, Power, PowerState, Redfish};
use serde_json::json;
use url::Url;

use super::{bmc, node};
use crate::support::nginx::Nginx;
use crate::support::sushy::{PASSWORD, Sushy, USER};
use crate::support::web::open_dir;
use crate::support::{UUID, log, options};

/// The signature of an image's URL, which must not be logged.
const SIGNATURE: &str = "temp_url_sig=0a8b6c4d2e";

/// A web server with a floppy and an ISO. The emulator fetches what is inserted but does not look
/// into it.
fn web_server(root: &Path) -> Nginx {
    std::fs::write(root.join("image.img"), b"a floppy").unwrap();
    std::fs::write(root.join("boot.iso"), b"a boot ISO").unwrap();
    Nginx::start(root, "")
}

fn url(nginx: &Nginx, path: &str) -> Url {
    nginx.url(path).parse().unwrap()
}

#[tokio::test]
async fn media_next_boot_and_power_are_set_by_https_and_no_secret_is_logged() {
    log::record();
    let www = open_dir();
    let nginx = web_server(www.path());
    let sushy = Sushy::with_password();
    let redfish = bmc(&sushy.driver_info(), "");
    let (floppy, iso) = (url(&nginx, "/image.img"), url(&nginx, "/boot.iso"));
    let image = async |drive| {
        let medium = redfish.medium(drive).await.unwrap();
        medium.map(|medium| medium.image.unwrap())
    };

    assert_eq!(image(Drive::Cd).await, None);
    redfish.eject(Drive::Cd).await.unwrap();
    redfish.insert(Drive::Floppy, &floppy).await.unwrap();
    redfish.insert(Drive::Cd, &iso).await.unwrap();
    assert_eq!(image(Drive::Floppy).await, Some(floppy.to_string()));
    assert_eq!(image(Drive::Cd).await, Some(iso.to_string()));

    // It is replaced by another image, with a signed URL.
    let signed = url(&nginx, &format!("/boot.iso?{SIGNATURE}&temp_url_expires=1"));
    redfish.insert(Drive::Cd, &signed).await.unwrap();
    assert_eq!(image(Drive::Cd).await, Some(signed.to_string()));
    let shown = format!("{:?}", redfish.medium(Drive::Cd).await.unwrap());
    assert!(!shown.contains(SIGNATURE), "{shown}");

    redfish.boot_once(Drive::Cd, None).await.unwrap();
    assert_eq!(redfish.power_state().await.unwrap(), PowerState::Off);
    redfish.power(Power::Off).await.unwrap();
    redfish.power(Power::On).await.unwrap();
    assert_eq!(redfish.power_state().await.unwrap(), PowerState::On);

    for drive in [Drive::Floppy, Drive::Cd, Drive::Cd] {
        redfish.eject(drive).await.unwrap();
        assert_eq!(image(drive).await, None);
    }

    let authorization = "QWRtaW5pc3RyYXRvcjpwYXNzLXcwcmQtb2YtdGhlLWJtYw==";
    log::assert_without(&[PASSWORD, authorization, SIGNATURE]);
    assert!(!format!("{redfish:?}").contains(PASSWORD));
}

#[tokio::test]
async fn a_bmc_may_lack_a_password_and_have_its_drives_under_the_manager() {
    let www = open_dir();
    let nginx = web_server(www.path());
    let sushy = Sushy::fake("sushy-managers");
    let redfish = bmc(&sushy.driver_info(), "");
    let iso = url(&nginx, "/boot.iso");
    redfish.insert(Drive::Cd, &iso).await.unwrap();
    redfish.insert(Drive::Cd, &iso).await.unwrap();
    let medium = redfish.medium(Drive::Cd).await.unwrap().unwrap();
    assert_eq!(medium.image, Some(iso.into()));
    redfish.eject(Drive::Cd).await.unwrap();
    assert_eq!(redfish.medium(Drive::Cd).await.unwrap(), None);
}

#[tokio::test]
async fn an_image_that_the_bmc_cannot_fetch_is_not_inserted() {
    let www = open_dir();
    let nginx = web_server(www.path());
    let sushy = Sushy::fake("sushy");
    let redfish = bmc(&sushy.driver_info(), "");
    let absent = url(&nginx, &format!("/absent.iso?{SIGNATURE}"));
    let error = redfish.insert(Drive::Cd, &absent).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused(_)), "{error:?}");
    let text = error.to_string();
    let start =
        format!("node {UUID}: cannot insert an image into the CD drive: the BMC refused: POST ");
    assert!(text.starts_with(&start), "{text}");
    assert!(
        text.contains("returned 400") && !text.contains(SIGNATURE),
        "{text}"
    );
    assert_eq!(redfish.medium(Drive::Cd).await.unwrap(), None);
    redfish
        .insert(Drive::Cd, &url(&nginx, "/boot.iso"))
        .await
        .unwrap();
}

#[tokio::test]
async fn errors_distinguish_a_wrong_password_from_an_untrusted_certificate() {
    let sushy = Sushy::with_password();
    let mut info = sushy.driver_info();
    info["ilo_password"] = json!("wrong");
    let error = bmc(&info, "").power_state().await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "node {UUID}: cannot read the power state: the BMC rejected the user and password: \
             check them in driver_info"
        )
    );

    // Without the CA file, the system's certificates are used.
    let mut info = sushy.driver_info();
    info.as_object_mut().unwrap().remove("ilo_verify_ca");
    let error = bmc(&info, "").power_state().await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotTrusted { .. }), "{error:?}");
    assert!(error.to_string().contains("set ilo_verify_ca"), "{error}");
    let conf = "[ilo]\nverify_ca = False\n";
    let state = bmc(&info, conf).power_state().await;
    assert_eq!(state.unwrap(), PowerState::Off);
    let conf = options("[ilo]\nverify_ca = /absent.pem\n");
    let error = Redfish::from_node(&node(&info), &conf).unwrap_err();
    assert!(error.to_string().contains("/absent.pem"), "{error}");
    assert!(!format!("{error:?}").contains(USER));
}
