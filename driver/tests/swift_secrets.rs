//! Passwords, tokens, keys and signatures are never logged or shown in errors or `Debug` output.
//!
//! A program of its own, since it captures everything that its process logs.

#![cfg(feature = "swift")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

#[path = "support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};

use driver::host::{Host, Kind, Which};
use driver::options::Options;
use oslo_config::SourceFile;

use crate::support::swift::proxy::{Fate, Proxy};
use crate::support::swift::services::Cloud;
use crate::support::swift::{Account, KEY, image, tempauth};
use crate::support::{log, node, uuid};

/// The host that an ironic.conf configures, and the `Debug` output of its options.
fn from_conf(text: &str) -> (Host, String) {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    let options = Options::read(&[file.parse().unwrap()], []).unwrap();
    let shown = format!("{options:?}");
    (Host::from_options(&options).unwrap(), shown)
}

#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let cloud = Cloud::start();
    let account = Account::of_cloud(&cloud);
    account.set_key();
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&tokens);
    let mut times = 0;
    let proxy = Proxy::start_noting(
        cloud.swift.port,
        move |line| {
            times += usize::from(line.starts_with("PUT"));
            // The first token is refused, and then a connection is cut.
            match (line.starts_with("PUT"), times) {
                (true, 1) => Fate::Answer(401),
                (true, 2) => Fate::CutAfter(1000),
                _ => Fate::Pass,
            }
        },
        move |head| {
            let token = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("x-auth-token")
                    .then(|| value.to_owned())
            });
            noted.lock().unwrap().extend(token);
        },
    );
    account.ask("PUT", "/ironic_ilo_container", &[]);

    log::record();

    let mut shown = String::new();
    let conf = |password: &str, port| {
        format!(
            "[swift]\nauth_type = password\nauth_url = http://127.0.0.1:{port}\nusername = ironic\n\
             password = {password}\nuser_domain_id = default\nproject_name = service\n\
             project_domain_id = default\n\
             endpoint_override = {}\n[glance]\nswift_temp_url_key = not-ours\n",
            proxy.url("/v1/AUTH_%(project_id)s")
        )
    };
    // A password with characters that a log might escape.
    let wrong = "wr0ng-pa%ss/wörd";
    for (password, port) in [
        ("ironicpw", cloud.keystone_port),
        (wrong, cloud.keystone_port),
        ("ironicpw", 1),
    ] {
        let (host, options) = from_conf(&conf(password, port));
        shown += &format!("{options}\n{host:?}\n");
        let object = image(Kind::BootIso, &[7; 100_000]).check_served();
        match host.publish(&node(1), object).await {
            Ok(published) => {
                shown += &format!("{published:?}\n");
                let signature = published
                    .url
                    .query_pairs()
                    .find(|(name, _)| name == "temp_url_sig");
                tokens
                    .lock()
                    .unwrap()
                    .push(signature.unwrap().1.into_owned());
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
    secrets.extend(["ironicpw", wrong, KEY, "tempauth-key"].map(str::to_owned));
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
