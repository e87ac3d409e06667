//! Errors: a report of the whole chain says everything once, and those of deploy code are kept.
//!
//! An error prints its cause, and its `source` is not that cause again.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driver::bmc::{Bmc, BmcError, Cause, ConnectError, Refusal, Step};
use driver::deploy::{DeployCause, IloDeploy, ImageFuture, ImageService};
use driver::host::{HostError, Kind, NewObject};
use driver::image::Floppy;
use driver::node::{Node, NodeError, ProvisionState};
use driver::options::Options;
use oslo_config::SourceFile;
use serde_json::json;

use crate::support::media::{Fixture, OptionNames, media};
use crate::support::web::BASE;
use crate::support::{node, node_from, uuid};

/// The messages of an error and of its sources.
fn chain(error: &dyn Error) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        chain.push(source.to_string());
        next = source.source();
    }
    chain
}

/// Panics if a report of the chain would repeat a message.
#[track_caller]
fn assert_told_once(error: &dyn Error) -> String {
    let chain = chain(error);
    for (at, message) in chain.iter().enumerate() {
        let said = chain[..at].iter().any(|before| before.contains(message));
        assert!(!said, "told twice: {chain:?}");
    }
    chain.join(": ")
}

/// The Rust sources of this library.
fn sources(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let without_tests = text.split("#[cfg(test)]").next().unwrap();
            found.push((path, without_tests.to_owned()));
        }
    }
}

fn all_sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    found
}

/// The parts of a source file that each begin with the message of an error: the message, and the
/// fields of that error and whatever follows it.
fn messages(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("#[error(").skip(1).map(|part| {
        let end = part.find(")]").unwrap();
        (&part[..end], &part[end..])
    })
}

#[test]
fn no_type_of_an_error_prints_what_it_also_returns_as_its_source() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, text) in all_sources() {
        for (message, fields) in messages(&text) {
            count += 1;
            // A transparent error prints its cause, and returns the cause of that.
            let transparent = message == "transparent";
            let fields = fields.split("\n}").next().unwrap();
            let has_source = ["#[source]", "#[from]", "\n    source:", "\n        source:"]
                .iter()
                .any(|field| fields.contains(field));
            if has_source && !transparent {
                wrong.push(format!("{}: {message}", path.display()));
            }
        }
    }
    assert!(count > 100, "{count}");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn from_text(text: &str) -> Result<Options, Box<dyn Error>> {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    Ok(Options::read(&[file.parse()?], [])?)
}

#[tokio::test]
async fn a_report_says_everything_once() {
    let nobody = "[deploy]\nhttp_server_url = http://127.0.0.1:1/\n\
                  http_server_root = /dev/null/x\n\
                  [ilo]\nuse_http_web_server_for_images = yes\n";
    let unusable = media(nobody);
    let error = unusable.publish_floppy(&node(1), Floppy::new()).await;
    assert_told_once(&error.unwrap_err());

    let fixture = Fixture::new();
    let unserved = fixture.conf(OptionNames::Deploy, "http://127.0.0.1:1/");
    let unserved = media(&unserved).check_served();
    let error = unserved.publish_floppy(&node(1), Floppy::new()).await;
    let text = assert_told_once(&error.unwrap_err());
    assert!(
        text.contains("check that the web server is running"),
        "{text}"
    );

    let media = fixture.media();
    let two_lines = Floppy::new().parameter("a", "b\nc");
    let error = media.publish_floppy(&node(1), two_lines).await.unwrap_err();
    assert_told_once(&error);
    for (kernel, deploy_iso) in [("none", "deploy.iso"), ("vmlinuz", "vmlinuz")] {
        let request = driver::virtual_media::BootIsoRequest::new(
            fixture.path(kernel),
            fixture.path("initrd"),
        );
        let request = request
            .uefi(driver::virtual_media::Uefi::DeployIso(
                fixture.path(deploy_iso).into(),
            ))
            .boot_mode(driver::virtual_media::BootMode::Uefi);
        let error = media.publish_boot_iso(&mut node(1), request).await;
        assert_told_once(&error.unwrap_err());
    }
    assert_told_once(&Node::from_json(b"[").unwrap_err());
    assert!(matches!(Node::from_json(b"["), Err(NodeError::Json(_))));
    let url = "[ilo]\nuse_http_web_server_for_images = yes\n[deploy]\nhttp_server_url = h/x\n";
    let error = driver::host::from_options(&from_text(url).unwrap());
    assert_told_once(&error.unwrap_err());
    let error = from_text("[ilo]\nclient_port = many\n").unwrap_err();
    let text = assert_told_once(&*error);
    assert!(text.starts_with("ironic.conf:2: "), "{text}");
}

/// An error of deploy code, with a cause that its message does not have.
#[derive(Debug, thiserror::Error)]
#[error("the vault refused")]
struct VaultError(#[source] std::io::Error);

fn sealed() -> VaultError {
    VaultError(std::io::Error::other("it is sealed"))
}

#[derive(Debug)]
struct Sealed;

impl ImageService for Sealed {
    fn image<'a>(&'a self, _: &'a str) -> ImageFuture<'a> {
        Box::pin(async { Err(sealed().into()) })
    }
}

#[tokio::test]
async fn errors_of_deploy_code_arrive_whole_and_can_be_found() {
    let fixture = Fixture::new();
    let connect = |node: &Node| {
        let node = node.uuid();
        async move {
            let cause = Cause::other(sealed());
            Err::<Box<dyn Bmc>, _>(BmcError::new(node, Step::Connect, cause).into())
        }
    };
    let deploy = IloDeploy::new(fixture.media(), connect).image_service(Arc::new(Sealed));
    let mut waiting = node(1);
    waiting.set_provision_state(ProvisionState::WaitCallBack);
    let error = deploy.take_over(&waiting).await.warning.unwrap();
    assert_eq!(
        assert_told_once(&error),
        format!(
            "node {}: cannot connect to the BMC: the vault refused: it is sealed",
            uuid(1)
        )
    );
    let DeployCause::Bmc(BmcError {
        cause: Cause::Other(own),
        ..
    }) = *error.cause
    else {
        panic!("{error:?}");
    };
    assert!(own.is::<VaultError>());

    let glance = node_from(&json!({
        "uuid": uuid(1).to_string(), "driver": "agent_ilo",
        "driver_info": {"ilo_deploy_iso": "1be26c0b"},
    }));
    let error = deploy.api_url(BASE).validate(&glance).await.unwrap_err();
    let text = assert_told_once(&error);
    assert!(
        text.contains("(driver_info.ilo_deploy_iso) in the image service: the vault refused: it"),
        "{text}"
    );

    let object = NewObject::new(Kind::Floppy, 1, |_| Err(sealed()));
    let error = fixture.media().host().publish(&node(1), object).await;
    let error = error.unwrap_err();
    let text = assert_told_once(&error);
    assert!(
        text.ends_with(": the vault refused: it is sealed"),
        "{text}"
    );
    assert!(matches!(error, HostError::Content { cause, .. } if cause.is::<VaultError>()));
    let error = HostError::other("publish", "an image", sealed());
    assert_eq!(
        assert_told_once(&error),
        "cannot publish an image: the vault refused: it is sealed"
    );
}

#[test]
fn a_bmc_of_deploy_code_can_refuse() {
    let refusal = Refusal::new("POST /media", 400, "no licence");
    let error = BmcError::new(uuid(1), Step::Check, Cause::Refused(vec![refusal]));
    let expected =
        "cannot use virtual media: the BMC refused: POST /media returned 400, no licence";
    let text = assert_told_once(&ConnectError::from(error));
    assert_eq!(text, format!("node {}: {expected}", uuid(1)));
}
