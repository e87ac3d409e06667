//! BMCs that answer with anything: what they say is shown safely, their collections are read to the
//! end, and their own ways are followed where that is possible.

use driver::bmc::{Bmc, BmcError, Cause, Drive, Power, PowerState};
use serde_json::{Value, json};
use std::sync::Mutex;
use url::Url;

use super::bmc;
use crate::support::answers::{Answers, Asked, answer, json as json_answer};

const PASSWORD: &str = "pw of \"it\"&more";

const CONF: &str = "[ilo]\nclient_timeout = 2\npower_wait = 0\n\
                    [conductor]\npower_state_change_timeout = 1\n";

const IMAGE: &str = "http://img:IMGPASS1@192.0.2.1/x.iso?temp_url_sig=SECRETSIG&b=SECRET2";

const SYSTEM: &str = "/redfish/v1/Systems/1";
const MANAGER: &str = "/redfish/v1/Managers/1";

/// The resources of a well-behaved BMC.
fn good(asked: &Asked) -> Value {
    let path = asked.path.split('?').next().unwrap().trim_end_matches('/');
    let link = |path: &str| json!({"@odata.id": path});
    match path {
        "/redfish/v1" => json!({
            "Systems": link("/redfish/v1/Systems"), "Managers": link("/redfish/v1/Managers")}),
        "/redfish/v1/Systems" => json!({"Members": [link(SYSTEM)]}),
        SYSTEM => json!({
            "PowerState": "Off",
            "Links": {"ManagedBy": [link(MANAGER)]},
            "Boot": {"BootSourceOverrideEnabled": "Disabled"},
            "Actions": {"#ComputerSystem.Reset": {"target": format!("{SYSTEM}/Actions/Reset")}},
        }),
        MANAGER => json!({"VirtualMedia": link(&format!("{MANAGER}/VirtualMedia"))}),
        _ if path.ends_with("/VirtualMedia") => {
            json!({"Members": [link(&format!("{path}/1")), link(&format!("{path}/2"))]})
        }
        _ => json!({
            "MediaTypes": if path.ends_with('1') { ["Floppy"] } else { ["CD"] },
            "Inserted": false,
            "Actions": {"#VirtualMedia.InsertMedia": {"target": format!("{path}/Insert")}},
        }),
    }
}

/// A BMC that answers with `quirk` where that gives something, and else well.
fn server(quirk: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static) -> Answers {
    Answers::start(move |asked| match quirk(asked) {
        Some(answer) => answer,
        None => json_answer(200, &good(asked)),
    })
}

fn redfish(server: &Answers) -> driver::bmc::Redfish {
    let info = json!({
        "redfish_address": server.url(""),
        "redfish_username": "admin", "redfish_password": PASSWORD,
    });
    bmc(&info, CONF)
}

fn image() -> Url {
    IMAGE.parse().unwrap()
}

/// Checks that an error is short, on one line, without control characters and without secrets.
#[track_caller]
fn assert_harmless(error: &BmcError) {
    let text = format!("{error} {error:?}");
    assert!(text.len() < 8000, "{} bytes: {text:.400}", text.len());
    let obeyed = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(obeyed), "{text}");
    // The last two are the beginnings of `admin:` and of the password, in base64.
    for secret in [
        "pw of",
        "pw%20of",
        "IMGPASS1",
        "SECRETSIG",
        "SECRET2",
        "YWRtaW46cHcg",
        "cHcgb2Yg",
    ] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// The header of a request with user and password.
fn authorization(asked: &Asked) -> String {
    let is_it = |line: &&str| line.to_lowercase().starts_with("authorization");
    asked.head.lines().find(is_it).unwrap().to_owned()
}

#[tokio::test]
async fn what_a_bmc_says_is_cut_escaped_and_without_secrets() {
    let refusing = |say: fn(&Asked) -> String| {
        server(move |asked| {
            let refuses = asked.method == "POST" && asked.path.ends_with("Insert");
            refuses.then(|| {
                let info = json!([{"MessageId": "Base.1.0.X", "Message": say(asked)}]);
                json_answer(400, &json!({"error": {"@Message.ExtendedInfo": info}}))
            })
        })
    };
    for bmc in [
        refusing(|asked| format!("you sent {} {PASSWORD} {PASSWORD:?}", asked.body)),
        refusing(|asked| format!("you sent {}", authorization(asked))),
        refusing(|_| "cannot GET /x.iso?temp_url_sig=SECRETSIG; parameter b=SECRET2 is bad".into()),
        refusing(|_| "http%3A%2F%2Fimg%3AIMGPASS1%40192.0.2.1%2Fx.iso%3Fa%3DSECRETSIG".into()),
        refusing(|_| "pw%20of%20%22it%22%26more, pw%2520of%2520%2522it%2522%2526more".into()),
        refusing(|_| format!("a\nb\u{1b}[31mc\u{202e}{}", "y".repeat(3_000_000))),
    ] {
        let error = redfish(&bmc).insert(Drive::Cd, &image()).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Refused(_)), "{error}");
        assert_harmless(&error);
    }
}

#[tokio::test]
async fn what_a_bmcs_resources_hold_is_shown_as_safely() {
    let at = |path: &'static str, value: Value| {
        server(move |asked| {
            let is_it = asked.path.trim_end_matches('/') == path;
            is_it.then(|| json_answer(200, &value))
        })
    };
    let evil = "\n2026 CRITICAL \u{1b}[31mred";
    let links: Vec<_> = (0..60_000)
        .map(|n| json!({"@odata.id": format!("/redfish/v1/Systems/{n}{evil}")}))
        .collect();
    let types: Vec<_> = (0..50_000).map(|n| format!("T{n}{evil}")).collect();
    for bmc in [
        at(
            "/redfish/v1",
            json!({"Systems": {"@odata.id": format!("/redfish{evil}")}}),
        ),
        at(
            "/redfish/v1",
            json!({"Systems": "http://h/?temp_url_sig=SECRETSIG"}),
        ),
        at("/redfish/v1/Systems", json!({"Members": links})),
        at(
            "/redfish/v1/Managers/1/VirtualMedia/2",
            json!({"MediaTypes": types}),
        ),
        at(
            "/redfish/v1/Managers/1/VirtualMedia/2",
            json!({"MediaTypes": ["CD"], "Inserted": true,
                   "Image": format!("http://h/x?sig=SECRETSIG{evil}"),
                   "Actions": {"#VirtualMedia.EjectMedia": {"target": "/x"}}}),
        ),
    ] {
        let error = redfish(&bmc).insert(Drive::Cd, &image()).await.unwrap_err();
        assert_harmless(&error);
    }
    let boot = json!({"Boot": {
        "BootSourceOverrideTarget@Redfish.AllowableValues": [evil.repeat(100_000)]}});
    let error = redfish(&at(SYSTEM, boot)).boot_once(Drive::Cd, None).await;
    assert_harmless(&error.unwrap_err());
}

#[tokio::test]
async fn the_only_listed_system_of_several_is_not_the_only_one() {
    let members = json!([{"@odata.id": SYSTEM}]);
    let counted = json!({"Members": members, "Members@odata.count": 2});
    let first =
        json!({"Members": members, "Members@odata.nextLink": "/redfish/v1/Systems?$skip=1"});
    for answers in [counted, first] {
        let bmc = server(move |asked| match asked.path.trim_end_matches('/') {
            "/redfish/v1/Systems" => Some(json_answer(200, &answers)),
            "/redfish/v1/Systems?$skip=1" => Some(json_answer(
                200,
                &json!({"Members": [{"@odata.id": "/redfish/v1/Systems/2"}]}),
            )),
            _ => None,
        });
        let error = redfish(&bmc).power(Power::Off).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Ambiguous { .. }), "{error}");
        assert!(error.to_string().contains("redfish_system_id"), "{error}");
        assert!(bmc.asked().iter().all(|asked| asked.method == "GET"));
    }
    let endless = server(|asked| {
        let is_it = asked.path.starts_with("/redfish/v1/Systems");
        let next = format!("/redfish/v1/Systems?$skip={}", asked.path.len());
        is_it.then(|| json_answer(200, &json!({"Members@odata.nextLink": next})))
    });
    let error = redfish(&endless).power(Power::Off).await.unwrap_err();
    assert!(error.to_string().contains("at most 16 pages"), "{error}");
}

#[tokio::test]
async fn drives_on_a_further_page_are_found() {
    let media = format!("{MANAGER}/VirtualMedia");
    let bmc = server(move |asked| {
        let next = format!("{media}?$skip=1");
        let (drive, more) = match asked.path.trim_end_matches('/') {
            path if path == media => ("1", json!(next)),
            path if path == next => ("2", Value::Null),
            _ => return None,
        };
        let member = json!({"@odata.id": format!("{media}/{drive}")});
        let page = json!({"Members": [member], "Members@odata.count": 2,
                          "Members@odata.nextLink": more});
        Some(json_answer(200, &page))
    });
    assert_eq!(redfish(&bmc).medium(Drive::Cd).await.unwrap(), None);
}

#[tokio::test]
async fn a_manager_that_may_not_be_read_does_not_hide_the_others() {
    let chassis = "/redfish/v1/Managers/Enclosure";
    let forbidden = move |asked: &Asked, status| {
        let path = asked.path.trim_end_matches('/');
        (path == chassis).then(|| answer(status, "", "{}"))
    };
    let managers = |links: Value| json!({"Links": {"ManagedBy": links}, "PowerState": "Off"});
    let both = managers(json!([{"@odata.id": chassis}, {"@odata.id": MANAGER}]));
    for status in [403, 404] {
        let both = both.clone();
        let bmc = server(move |asked| match asked.path.trim_end_matches('/') {
            SYSTEM => Some(json_answer(200, &both)),
            _ => forbidden(asked, status),
        });
        assert_eq!(redfish(&bmc).medium(Drive::Cd).await.unwrap(), None);
    }
    let alone = managers(json!([{"@odata.id": chassis}]));
    let bmc = server(move |asked| match asked.path.trim_end_matches('/') {
        SYSTEM => Some(json_answer(200, &alone)),
        _ => forbidden(asked, 403),
    });
    let error = redfish(&bmc).medium(Drive::Cd).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Privilege { .. }), "{error}");
}

#[tokio::test]
async fn another_word_for_on_is_tried_where_none_are_listed() {
    let power = Mutex::new("Off");
    let bmc = server(move |asked| {
        let mut power = power.lock().unwrap();
        if asked.method == "POST" {
            if !asked.body.contains("ForceOn") {
                return Some(json_answer(400, &json!({"error": {"message": "unknown"}})));
            }
            *power = "On";
        }
        let mut system = good(asked);
        system["PowerState"] = json!(*power);
        (asked.path.starts_with(SYSTEM)).then(|| json_answer(200, &system))
    });
    let redfish = redfish(&bmc);
    redfish.power(Power::On).await.unwrap();
    assert_eq!(redfish.power_state().await.unwrap(), PowerState::On);
}

#[tokio::test]
async fn the_power_state_is_not_polled_without_a_pause() {
    let bmc = server(|asked| (asked.method == "POST").then(|| json_answer(200, &json!({}))));
    let error = redfish(&bmc).power(Power::On).await.unwrap_err();
    assert!(matches!(error.cause, Cause::PowerTimeout { .. }), "{error}");
    let asked = bmc.asked().len();
    assert!((5..40).contains(&asked), "{asked} requests in one second");
}
