//! A Swift whose users are in a real Keystone: authentication by the options of ironic.conf, the
//! catalogue, and tokens.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use driver::host::{Host, Kind, NewObject, SwiftHost, SwiftSettings, Which};
use serde_json::json;

use crate::from_conf;
use crate::support::swift::proxy::{Fate, Proxy, token};
use crate::support::swift::services::{Cloud, Swift};
use crate::support::swift::{Account, bytes, fetch, host, image, keystone, settings};
use crate::support::{node, options, uuid};

/// The cloud of all tests that do not need their own.
fn cloud() -> &'static Cloud {
    static CLOUD: OnceLock<Cloud> = OnceLock::new();
    CLOUD.get_or_init(|| {
        let cloud = Cloud::start();
        Account::of_cloud(&cloud).set_key();
        cloud
    })
}

/// Publishes, fetches and withdraws an image.
async fn works(host: &dyn Host) {
    let content = bytes(500_000);
    let iso = host
        .publish(&node(1), image(Kind::BootIso, &content))
        .await
        .unwrap();
    assert_eq!(fetch(&iso.url, None), (200, content));
    assert_eq!(host.list(uuid(1)).await.unwrap().len(), 1);
    assert_eq!(
        host.unpublish(uuid(1), Which::All).await.unwrap(),
        [iso.name]
    );
}

#[tokio::test]
async fn a_user_authenticates_by_names_in_domains() {
    let conf = format!(
        "[swift]\nauth_type = password\nauth_url = {}\nusername = ironic\npassword = ironicpw\n\
         user_domain_name = Default\nproject_name = service\nproject_domain_id = default\n\
         region_name = RegionOne\n[ilo]\nswift_ilo_container = by-name\n",
        cloud().auth_url()
    );
    works(&*from_conf(&conf)).await;
}

#[tokio::test]
async fn credentials_may_be_in_another_section() {
    let conf = format!(
        "[swift]\nauth_section = cloud\nvalid_interfaces = public\n\
         [cloud]\nauth_type = v3password\n\
         auth_url = {}/v3/\nuser-name = ironic\npassword = ironicpw\ndefault_domain_id = default\n\
         tenant_name = service\n[ilo]\nswift_ilo_container = by-section\n",
        cloud().auth_url()
    );
    works(&*from_conf(&conf)).await;
}

#[tokio::test]
async fn former_names_in_keystone_authtoken_are_read() {
    let conf = format!(
        "[keystone_authtoken]\nauth_uri = {}/v2.0\nadmin_user = ironic\nadmin_password = ironicpw\n\
         admin_tenant_name = service\n[ilo]\nswift_ilo_container = legacy\n",
        cloud().auth_url()
    );
    works(&*from_conf(&conf)).await;
}

#[tokio::test]
async fn an_application_credential_is_given_by_id_or_by_name() {
    let account = Account::of_cloud(cloud());
    let base = format!("{}/v3", cloud().auth_url());
    let agent = ureq::Agent::new_with_defaults();
    let ask = |request: ureq::http::Request<String>| {
        let text = agent
            .run(request)
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let request = || ureq::http::Request::builder().header("X-Auth-Token", &account.token);
    let who = request()
        .uri(format!("{base}/auth/tokens"))
        .header("X-Subject-Token", &account.token);
    let who = ask(who.body(String::new()).unwrap());
    let user = who["token"]["user"]["id"].as_str().unwrap();
    let made = request()
        .method("POST")
        .uri(format!("{base}/users/{user}/application_credentials"))
        .header("Content-Type", "application/json")
        .body(json!({"application_credential": {"name": "images"}}).to_string());
    let made = ask(made.unwrap());
    let made = &made["application_credential"];
    let common = format!(
        "[swift]\nauth_type = v3applicationcredential\nauth_url = {base}\n\
         application_credential_secret = {}\n",
        made["secret"].as_str().unwrap()
    );
    let by_id = format!(
        "application_credential_id = {}\n",
        made["id"].as_str().unwrap()
    );
    let by_user_id = format!("application_credential_name = images\nuser_id = {user}\n");
    let by_name = "application_credential_name = images\nusername = ironic\n\
                   user_domain_name = Default\n";
    for which in [by_id.as_str(), &by_user_id, by_name] {
        works(&*from_conf(&format!("{common}{which}"))).await;
    }
}

#[tokio::test]
async fn publishing_without_credentials_needs_write_access() {
    // A container that everybody may read and write, as `auth_type = none` requires.
    let account = Account::of_cloud(cloud());
    let everybody = [
        ("X-Container-Read", ".r:*,.rlistings"),
        ("X-Container-Write", "*:*"),
    ];
    account.ask("PUT", "/open", &everybody);
    let conf = format!(
        "[swift]\nauth_type = none\nendpoint_override = {}\n[ilo]\nswift_ilo_container = open\n",
        account.url
    );
    // Without a token it may neither read the account's key nor write here.
    let error = from_conf(&conf)
        .publish(&node(1), image(Kind::BootIso, b"x"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
}

#[tokio::test]
async fn the_catalogue_may_be_overridden_and_errors_list_its_endpoints() {
    let auth = || keystone(&cloud().auth_url(), "ironic", "ironicpw");
    let mut overridden = settings(auth(), "overridden");
    overridden.catalogue.region = Some("RegionTwo".into());
    overridden.catalogue.endpoint_override = Some(cloud().swift.url("/v1/AUTH_%(project_id)s"));
    works(&host(overridden)).await;

    let mut nowhere = settings(auth(), "nowhere");
    nowhere.catalogue.region = Some("RegionThree".into());
    let error = host(nowhere).list(uuid(1)).await.unwrap_err().to_string();
    assert!(error.contains("in region RegionThree; it has"), "{error}");
    assert!(error.contains("public in RegionTwo"), "{error}");

    let mut down = settings(auth(), "down");
    down.catalogue.region = Some("RegionTwo".into());
    let error = host(down).list(uuid(1)).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1/"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_an_error_at_once() {
    let auth = keystone(&cloud().auth_url(), "ironic", "wrong-password");
    let error = host(settings(auth, "wrong"))
        .publish(&node(1), image(Kind::BootIso, b"x"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("boot ISO for node"), "{error}");
    assert!(error.contains("rejected the credentials"), "{error}");
    assert!(!error.contains("wrong-password"), "{error}");
}

#[tokio::test]
async fn the_error_of_a_user_without_a_role_says_so() {
    let auth = keystone(&cloud().auth_url(), "plain", "ironicpw");
    let error = host(settings(auth, "forbidden"))
        .publish(&node(1), image(Kind::BootIso, b"x"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("returned 403"), "{error}");
    assert!(error.contains("give it a role"), "{error}");
    assert_eq!(Account::of_cloud(cloud()).names("forbidden"), [""; 0]);
}

#[tokio::test]
async fn a_request_to_a_busy_keystone_is_repeated_and_one_that_is_down_is_named() {
    let mut times = 0;
    let proxy = Proxy::start(cloud().keystone_port(), move |_| {
        times += 1;
        if times == 1 {
            Fate::Answer(503)
        } else {
            Fate::Pass
        }
    });
    works(&host(settings(
        keystone(&proxy.url(""), "ironic", "ironicpw"),
        "again",
    )))
    .await;
    assert_eq!(proxy.seen().len(), 2);

    let auth = keystone("http://127.0.0.1:1", "ironic", "ironicpw");
    let error = host(settings(auth, "down"))
        .list(uuid(1))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("POST http://127.0.0.1:1/v3/"), "{error}");
    assert!(error.contains(&uuid(1).to_string()), "{error}");
}

/// Revokes a token, which has the same effect as its expiry.
fn revoke(token: &str) {
    let request = ureq::http::Request::builder()
        .method("DELETE")
        .uri(format!("{}/v3/auth/tokens", cloud().auth_url()))
        .header("X-Auth-Token", token)
        .header("X-Subject-Token", token)
        .body(());
    let answer = ureq::Agent::new_with_defaults().run(request.unwrap());
    assert_eq!(answer.unwrap().status(), 204);
}

#[tokio::test]
async fn a_token_that_expires_during_an_upload_is_renewed() {
    let url = cloud().auth_url();
    // This Swift asks Keystone often, so that it notices the revocation soon.
    let swift = Swift::start(&[("SWIFT_AUTH", &url), ("SWIFT_TOKEN_CACHE_SECONDS", "1")]);
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&tokens);
    // The test learns the token from the proxy.
    let note = move |head: &str| noted.lock().unwrap().extend(token(head));
    let proxy = Proxy::start_noting(swift.port(), |_| Fate::Pass, note);
    let mut settings = settings(keystone(&url, "ironic", "ironicpw"), "renewed");
    settings.catalogue.endpoint_override = Some(proxy.url("/v1/AUTH_%(project_id)s"));
    settings.segment_size = Some(400_000);
    let host = host(settings);
    let content = bytes(1_500_000);
    let (bytes, seen, mut times) = (content.clone(), Arc::clone(&tokens), 0);
    let object = NewObject::new(Kind::BootIso, 1_500_000, move |out| {
        times += 1;
        out.write_all(&bytes[..1_000_000])?;
        if times == 1 {
            let token = seen.lock().unwrap().last().unwrap().clone();
            revoke(&token);
            std::thread::sleep(Duration::from_millis(1500));
        }
        out.write_all(&bytes[1_000_000..])
    });
    let iso = host.publish(&node(1), object).await.unwrap();
    assert_eq!(fetch(&iso.url, None), (200, content));
    let mut used = tokens.lock().unwrap().clone();
    used.dedup();
    assert_eq!(
        used.len(),
        2,
        "one token before the revocation and one after"
    );
    let requests = proxy.seen();
    let is_segment = |line: &&String| line.starts_with("PUT ") && line.contains("/0000000");
    let mut segments: Vec<&String> = requests.iter().filter(is_segment).collect();
    let sent = segments.len();
    segments.dedup();
    assert_eq!(segments.len(), 4, "{requests:#?}");
    // Swift may check the token of the current segment only after its revocation, and then refuses
    // it.
    assert!(
        sent <= 5,
        "only a refused segment is sent again: {requests:#?}"
    );
}

#[test]
fn errors_name_the_missing_options() {
    let error = |text: &str| {
        SwiftSettings::from_options(&options(text))
            .unwrap_err()
            .to_string()
    };
    let none = error("");
    assert!(
        none.contains("expected [swift] auth_type: it says how"),
        "{none}"
    );
    for (text, expected) in [
        (
            "auth_type = password\n",
            "expected [swift] auth_url: auth_type is password",
        ),
        (
            "auth_type = password\nauth_url = http://k\nusername = u\n",
            "user_domain_name",
        ),
        (
            "auth_type = v3applicationcredential\nauth_url = http://k\n",
            "application_credential_id",
        ),
        ("auth_type = none\n", "endpoint_override"),
        ("auth_type = v3oidcpassword\n", "got \"v3oidcpassword\""),
        (
            "auth_type = v1password\nauth_url = k\n",
            "[swift] auth_url: expected a URL",
        ),
        (
            "auth_section = other\n[other]\nauth_type = password\n",
            "[other] auth_url",
        ),
    ] {
        let found = error(&format!("[swift]\n{text}"));
        assert!(found.contains(expected), "{found}");
    }
    let base = "[swift]\nauth_type = none\nendpoint_override = http://h/v1/AUTH_a\n[ilo]\n";
    let slash = error(&format!("{base}swift_ilo_container = a/b\n"));
    assert!(slash.contains("swift_ilo_container"), "{slash}");
    let expiry = error(&format!("{base}swift_object_expiry_timeout = 0\n"));
    assert!(expiry.contains("at least 1 second"), "{expiry}");
}

#[test]
fn making_a_host_sends_no_request() {
    let auth = keystone("http://127.0.0.1:1", "ironic", "ironicpw");
    SwiftHost::new(settings(auth, "unused")).unwrap();
}
