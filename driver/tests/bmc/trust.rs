//! Which BMC is trusted with the password, and how it is told who asks.
//!
//! Debian package: openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use driver::bmc::{Bmc, BmcError, Cause, Drive, PowerState, Redfish};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::bmc;
use crate::support::answers::{Answers, answer};
use crate::support::ilo::refusals::{Injected, Place};
use crate::support::ilo::{Generation, Ilo, PASSWORD, Trouble, USER};
use crate::support::log;

fn iso() -> Url {
    "http://192.0.2.1/boot.iso".parse().unwrap()
}

/// An iLO by HTTPS, whose certificate is made by `openssl req -x509` with these arguments.
struct ByHttps {
    ilo: Ilo,
    dir: TempDir,
}

impl ByHttps {
    fn start(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = make(dir.path(), "ilo", arguments);
        let certificates = CertificateDer::pem_file_iter(&certificate).unwrap();
        let certificates = certificates.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        let ilo = Ilo::by_https(Generation::Ilo5, tls);
        Self { ilo, dir }
    }

    fn certificate(&self) -> PathBuf {
        self.dir.path().join("ilo.pem")
    }

    fn driver_info(&self, address: &str, verify_ca: &Path) -> Value {
        json!({
            "ilo_address": address, "client_port": self.ilo.port(),
            "ilo_username": USER, "ilo_password": PASSWORD, "ilo_verify_ca": verify_ca,
        })
    }

    async fn ask(&self, address: &str, verify_ca: &Path) -> Result<PowerState, BmcError> {
        let info = self.driver_info(address, verify_ca);
        bmc(&info, "").power_state().await
    }

    /// Asks for the power state, which must fail for the certificate. Returns what is wrong.
    async fn refused(&self, address: &str, verify_ca: &Path) -> String {
        let error = self.ask(address, verify_ca).await.unwrap_err();
        assert_eq!(self.ilo.state(|state| state.access.passwords), 0);
        let text = error.to_string();
        let show = format!("openssl s_client -connect {address}:{} ", self.ilo.port());
        assert!(
            text.contains(&show) && text.contains("set ilo_verify_ca"),
            "{text}"
        );
        match error.cause {
            Cause::NotTrusted { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }
}

/// Makes a certificate and a key.
pub(crate) fn make(dir: &Path, name: &str, arguments: &[&str]) -> (PathBuf, PathBuf) {
    let [certificate, key] = ["pem", "key"].map(|end| dir.join(format!("{name}.{end}")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"])
        .args(["-subj", "/CN=ILO1234567890", "-days", "30"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .args(arguments)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    (certificate, key)
}

pub(crate) const NAMED: [&str; 2] = ["-addext", "subjectAltName=IP:127.0.0.1"];
const OF_A_SERVER: [&str; 2] = ["-addext", "basicConstraints=critical,CA:FALSE"];

/// What `openssl req -x509` makes says that it is an authority's.
#[tokio::test]
async fn the_very_certificate_that_is_given_is_trusted() {
    let server = [NAMED, OF_A_SERVER].concat();
    for arguments in [&NAMED[..], &server] {
        let ilo = ByHttps::start(arguments);
        let state = ilo.ask("127.0.0.1", &ilo.certificate()).await;
        assert_eq!(state.unwrap(), PowerState::Off);
        // It may be one of several, in one file or in a directory.
        let (other, _) = make(ilo.dir.path(), "other", &NAMED);
        let all = [
            fs::read(other).unwrap(),
            fs::read(ilo.certificate()).unwrap(),
        ];
        let file = ilo.dir.path().join("all");
        fs::write(&file, all.concat()).unwrap();
        ilo.ask("127.0.0.1", &file).await.unwrap();
        for key in ["ilo.key", "other.key"] {
            fs::remove_file(ilo.dir.path().join(key)).unwrap();
        }
        ilo.ask("127.0.0.1", ilo.dir.path()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said_in_words() {
    let ilo = ByHttps::start(&NAMED);
    let (other, _) = make(ilo.dir.path(), "other", &NAMED);
    assert_eq!(
        ilo.refused("127.0.0.1", &other).await,
        "it says that it is an authority's (CA:TRUE), and is none of the given ones"
    );
    let ilo = ByHttps::start(&[NAMED, OF_A_SERVER].concat());
    let fault = ilo.refused("127.0.0.1", &other).await;
    assert!(
        fault.ends_with("one of both may have been replaced"),
        "{fault}"
    );
    let named = [&NAMED[..], &["-subj", "/CN=another"]].concat();
    let (other, _) = make(ilo.dir.path(), "another", &named);
    assert_eq!(
        ilo.refused("127.0.0.1", &other).await,
        "it is neither one of the given certificates, nor issued by a trusted authority"
    );
    // The name is checked, of a given certificate too.
    for more in [&[][..], &OF_A_SERVER] {
        let ilo = ByHttps::start(&[&["-addext", "subjectAltName=DNS:ilo.example"], more].concat());
        assert_eq!(
            ilo.refused("127.0.0.1", &ilo.certificate()).await,
            "it is for DnsName(\"ilo.example\"), not for 127.0.0.1: use a name of it in \
             driver_info, or make one for this name in the BMC"
        );
        let ilo = ByHttps::start(more);
        let fault = ilo.refused("127.0.0.1", &ilo.certificate()).await;
        assert!(
            fault.starts_with("it is for no name at all (subjectAltName)"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn no_password_is_sent_to_an_http_address_that_wants_https() {
    for location in ["https://127.0.0.1/redfish/v1/", "https://127.0.0.1:443/"] {
        let server = Answers::start(move |_| answer(301, &format!("Location: {location}\r\n"), ""));
        let mut info = json!({
            "redfish_address": server.url(""), "redfish_username": "u", "redfish_password": "p",
        });
        for system in [Value::Null, "/redfish/v1/Systems/1".into()] {
            info["redfish_system_id"] = system;
            let error = bmc(&info, "").power_state().await.unwrap_err();
            let text = error.to_string();
            assert!(
                text.ends_with(
                    "redirects to https://, and no password was sent to it: use https:// in \
                     driver_info.redfish_address"
                ),
                "{text}"
            );
        }
        for asked in server.asked() {
            let head = asked.head.to_ascii_lowercase();
            assert!(!head.contains("authorization"), "{head}");
        }
    }
}

/// An iLO that accepts passwords only for opening a session.
fn with_sessions(generation: Generation) -> Ilo {
    let ilo = Ilo::start(generation);
    ilo.state(|state| state.access.basic = false);
    ilo
}

fn redfish(ilo: &Ilo) -> Redfish {
    bmc(&ilo.driver_info(), "")
}

#[tokio::test]
async fn one_session_is_opened_where_passwords_alone_are_off() {
    log::record();
    for generation in Generation::ALL {
        let ilo = with_sessions(generation);
        let redfish = redfish(&ilo);
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        redfish.boot_once(Drive::Cd, None).await.unwrap();
        redfish.power_state().await.unwrap();
        let counted = |ilo: &Ilo| {
            ilo.state(|state| {
                let access = &state.access;
                (access.opened, access.sessions.len(), access.passwords)
            })
        };
        // The password was sent once in vain, and once for the session.
        assert_eq!(counted(&ilo), (1, 1, 2), "{generation:?}");
        // An idle session expires.
        ilo.wait(31 * 60);
        redfish.eject(Drive::Cd).await.unwrap();
        assert_eq!(counted(&ilo), (2, 1, 3), "{generation:?}");
        redfish.close().await.unwrap();
        assert_eq!(counted(&ilo), (2, 0, 3), "{generation:?}");
    }
    log::assert_without(&[PASSWORD, "token-of-session"]);
}

/// A session that nobody closed is closed when its client is dropped.
#[tokio::test]
async fn a_dropped_client_leaves_no_session() {
    let ilo = with_sessions(Generation::Ilo6);
    let redfish = redfish(&ilo);
    redfish.power_state().await.unwrap();
    drop(redfish);
    for _ in 0..1000 {
        if ilo.state(|state| state.access.sessions.is_empty()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the session is still open");
}

#[tokio::test]
async fn a_limit_of_sessions_passes_by_itself() {
    let ilo = with_sessions(Generation::Ilo6);
    ilo.trouble(
        "POST",
        "Sessions",
        Trouble::Refused("SessionLimitExceeded"),
        2,
    );
    redfish(&ilo).power_state().await.unwrap();
    ilo.state(|state| state.access.limit = 0);
    let error = redfish(&ilo).power_state().await.unwrap_err();
    assert!(
        matches!(error.cause, Cause::StillRefused { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("SessionLimitExceeded"),
        "{error}"
    );
}

/// Only the BMC's word that they are wrong ends the use of user and password.
#[tokio::test]
async fn a_session_that_is_refused_for_another_reason_is_no_wrong_password() {
    let sessions = "POST /redfish/v1/SessionService/Sessions/";
    for (request, skip, message) in [
        (sessions, 0, "PropertyValueNotInList"),
        (sessions, 0, "InsufficientPrivilege"),
        // It is read before a password is sent by http://, and for its link to the sessions.
        ("GET /redfish/v1/", 1, "UnsupportedOperation"),
    ] {
        let ilo = with_sessions(Generation::Ilo6);
        let redfish = redfish(&ilo);
        redfish.power_state().await.unwrap();
        redfish.close().await.unwrap();
        ilo.inject(Injected {
            at: Place::Exactly(request.into()),
            skip,
            trouble: Trouble::Refused(message),
            left: 1,
        });
        let error = redfish.power_state().await.unwrap_err().to_string();
        assert!(
            error.contains(message) && error.contains(request),
            "{error}"
        );
        redfish.power_state().await.unwrap();
    }
}

#[tokio::test]
async fn wrong_credentials_are_not_sent_again() {
    for (generation, basic) in [
        (Generation::Ilo4, true),
        (Generation::Ilo5, true),
        (Generation::Ilo7, false),
    ] {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.access.basic = basic);
        let mut info = ilo.driver_info();
        info["redfish_password"] = json!("another");
        let redfish = bmc(&info, "");
        for _ in 0..3 {
            let error = redfish.eject(Drive::Cd).await.unwrap_err();
            assert!(matches!(error.cause, Cause::Credentials), "{error:?}");
            // Once alone, and once for a session, since the iLO does not say that it is wrong.
            assert_eq!(ilo.state(|state| state.access.passwords), 2);
        }
    }
    // This one says it.
    let asks = "WWW-Authenticate: Basic realm=\"iLO\"\r\n";
    let server = Answers::start(move |asked| match asked.path.as_str() {
        "/redfish/v1/" => answer(
            200,
            "",
            r#"{"Systems":{"@odata.id":"/redfish/v1/Systems/"}}"#,
        ),
        _ => answer(401, asks, "{}"),
    });
    let info = json!({
        "redfish_address": server.url(""), "redfish_username": "u", "redfish_password": "p",
    });
    let error = bmc(&info, "").power_state().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Credentials), "{error:?}");
    let asked = server.asked();
    let refused = asked
        .iter()
        .filter(|one| one.path != "/redfish/v1/")
        .count();
    assert_eq!(refused, 1, "{asked:?}");
}
