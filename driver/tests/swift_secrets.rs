//! Passwords, tokens, keys and signatures are never logged or shown in errors or `Debug` output.
//!
//! A program of its own, since it captures everything that its process logs.

#![cfg(feature = "swift")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing test panics, and the support module prints figures"
)]

#[path = "support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};

use driver::host::{Host, Kind, Which};
use driver::options::Options;
use oslo_config::SourceFile;
use url::Url;

use crate::support::swift::proxy::{Fate, Proxy, token};
use crate::support::swift::services::Cloud;
use crate::support::swift::{Account, KEY, image, tempauth};
use crate::support::{log, node, uuid};

/// The host that an ironic.conf configures, and the `Debug` output of its options.
fn from_conf(text: &str) -> (Arc<dyn Host>, String) {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    let options = Options::read(&[file.parse().unwrap()], []).unwrap();
    let shown = format!("{options:?}");
    (driver::host::from_options(&options).unwrap(), shown)
}

/// A proxy that refuses the first token and cuts the connection of the next upload. It collects the
/// tokens that it sees in `tokens`.
fn proxy(port: u16, tokens: &Arc<Mutex<Vec<String>>>) -> Proxy {
    let noted = Arc::clone(tokens);
    let mut uploads = 0;
    let decide = move |line: &str| {
        uploads += usize::from(line.starts_with("PUT"));
        match (line.starts_with("PUT"), uploads) {
            (true, 1) => Fate::Answer(401),
            (true, 2) => Fate::CutAfter(1000),
            _ => Fate::Pass,
        }
    };
    let note = move |head: &str| noted.lock().unwrap().extend(token(head));
    Proxy::start_noting(port, decide, note)
}

/// A password with characters that a log might escape.
const WRONG_PASSWORD: &str = "wr0ng-pa%ss/wörd";

#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let cloud = Cloud::start();
    let account = Account::of_cloud(&cloud);
    account.set_key();
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let proxy = proxy(cloud.swift.port(), &tokens);
    account.ask("PUT", "/ironic_ilo_container", &[]);

    log::record();

    let mut shown = String::new();
    let conf = |password: &str, port| {
        format!(
            "[swift]\nauth_type = password\nauth_url = http://127.0.0.1:{port}\n\
             username = ironic\npassword = {password}\nuser_domain_id = default\n\
             project_name = service\nproject_domain_id = default\n\
             endpoint_override = {}\n[glance]\nswift_temp_url_key = not-ours\n",
            proxy.url("/v1/AUTH_%(project_id)s")
        )
    };
    for (password, port) in [
        ("ironicpw", cloud.keystone_port()),
        (WRONG_PASSWORD, cloud.keystone_port()),
        ("ironicpw", 1),
    ] {
        let (host, options) = from_conf(&conf(password, port));
        shown += &format!("{options}\n{host:?}\n");
        let object = image(Kind::BootIso, &[7; 100_000]).check_served();
        match host.publish(&node(1), object).await {
            Ok(published) => {
                shown += &format!("{published:?}\n");
                tokens.lock().unwrap().push(signature(&published.url));
                host.unpublish(uuid(1), Which::All).await.unwrap();
            }
            Err(error) => shown += &format!("{error} {error:?}\n"),
        }
    }
    let auth = tempauth("http://127.0.0.1:1", "test:ironic", "tempauth-key");
    shown += &format!("{auth:?}\n");

    let mut secrets = tokens.lock().unwrap().clone();
    secrets.sort();
    secrets.dedup();
    assert!(secrets.len() >= 3, "two tokens and a signature");
    secrets.extend(["ironicpw", WRONG_PASSWORD, KEY, "tempauth-key"].map(str::to_owned));
    log::assert_logged("hyper");
    // The plugins of openstack_sdk log their requests to Keystone.
    log::assert_logged("auth/tokens");
    for secret in secrets {
        log::assert_without(&[&secret]);
        if let Some(line) = shown.lines().find(|line| line.contains(&secret)) {
            panic!("{secret} is shown: {line}");
        }
    }
}

fn signature(url: &Url) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(name, _)| name == "temp_url_sig");
    found.unwrap().1.into_owned()
}

#[test]
fn an_invalid_secret_is_not_quoted_in_the_error() {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: b"[swift]\nauth_type = password\npassword = begin$zyxwv\n".into(),
    };
    let error = Options::read(&[file.parse().unwrap()], []).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("ironic.conf:3") && text.contains("$$"),
        "{text}"
    );
    assert!(!text.contains("zyx") && !text.contains("begin"), "{text}");
}
