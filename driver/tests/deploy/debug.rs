//! `Debug` of no public type shows a secret.
//!
//! The public types are found in the source, so that a new one must be added here: to those that
//! are made with a secret in every text, or to those that have none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use driver::bmc::{BmcAccess, Drive, Medium};
use driver::deploy::{Action, IloDeploy, Outcome, ServiceImage, TakeOver};
use driver::host::{BaseUrl, BaseUrls, Host, Kind, NewObject, Published};
use driver::image::{
    BootIso, EfiBoot, FileSource, Floppy, HttpClient, HttpSource, SourceAccess, Verified,
};
use driver::ipxe::{BootFile, DhcpOption, Ipxe, NodeBoot, PublishedBoot};
use driver::node::Node;
use driver::options::Options;
use driver::virtual_media::{BootIsoRequest, ImageRef, Uefi, VirtualMedia};
use serde_json::json;

use crate::support::answers::{Answers, answer};
use crate::support::media::Fixture;
use crate::support::{node_from, options, uuid};

const CANARY: &str = "C4NARY";

/// What a text may be: a URL with a password and a signature.
const URL: &str = "http://user:C4NARY@192.0.2.1/images?temp_url_sig=C4NARY";

/// Types without a text, or with texts that are no secrets: names, paths, numbers, states. Errors
/// are here if they quote nothing: `no_error…` tests hold their messages to that.
const WITHOUT_SECRETS: &[&str] = &[
    "BaseUrlError",
    "BmcError",
    "BmcOptions",
    "BootImage",
    "BootIsoError",
    "BootMode",
    "ByBootMode",
    "Cause",
    "CheckSettings",
    "Checksum",
    "ChecksumParseError",
    "CredentialName",
    "DeployError",
    "DeployIso",
    "DeployIsoError",
    "Domain",
    "Drive",
    "Fault",
    "Field",
    "FieldKind",
    "FloppyError",
    "Flow",
    "Generation",
    "HostError",
    "HostSettingsError",
    "InvalidNode",
    "InvalidRoot",
    "IpVersion",
    "IpxeError",
    "IsoContents",
    "IsoFile",
    "IsoReadError",
    "Kind",
    "LoadError",
    "MacAddress",
    "Named",
    "Networks",
    "NoBaseUrl",
    "NodeError",
    "NodeUuid",
    "NotABootMode",
    "NotAGeneration",
    "NotAMac",
    "NotANetwork",
    "NotAUuid",
    "NotAnObjectName",
    "NotServed",
    "ObjectName",
    "OptionsError",
    "Platform",
    "Power",
    "PowerState",
    "ProvisionState",
    "RedfishError",
    "Refusal",
    "Section",
    "SourceError",
    "Step",
    "Stored",
    "Swept",
    "SwiftError",
    "SwiftHostError",
    "SwiftSettingsError",
    "TakenOver",
    "Timing",
    "Tls",
    "VerifyCa",
    "VerifyError",
    "VirtualMediaError",
    "Which",
];

/// The `Debug` of values, by the names of their types.
#[derive(Default)]
struct Shown(BTreeMap<String, String>);

impl Shown {
    fn add<T: Debug>(&mut self, value: &T) {
        let name = std::any::type_name::<T>().split('<').next().unwrap();
        let name = name.rsplit("::").next().unwrap();
        self.0
            .insert(name.to_owned(), format!("{value:?} {value:#?}"));
    }
}

fn conf() -> String {
    format!(
        "[DEFAULT]\nisolinux_bin = /i\n\
         [deploy]\nhttp_server_url = {URL}\nexternal_http_url = {URL}\nhttp_server_root = /srv\n\
         [ilo]\nuse_http_web_server_for_images = True\nkernel_append_params = token={CANARY}\n\
         [pxe]\nkernel_append_params = token={CANARY}\nipxe_fallback_script = {URL}\n\
         [conductor]\napi_url = {URL}\n"
    )
}

fn add_node(shown: &mut Shown, options: &Options) {
    let node = node_from(&json!({
        "uuid": uuid(1).to_string(),
        "driver_info": {
            "ilo_address": "192.0.2.7", "ilo_username": "u", "ilo_password": CANARY,
            "external_http_url": URL,
        },
        "instance_info": {"kernel": URL, "capabilities": {"a": CANARY}},
    }));
    let (done, warning) = (Vec::new(), None);
    shown.add(&Outcome {
        node: node.clone(),
        done: done.clone(),
    });
    shown.add(&TakeOver {
        node: node.clone(),
        done,
        warning,
    });
    let access = BmcAccess::new(&node, options).unwrap();
    #[cfg(feature = "redfish")]
    shown.add(&driver::bmc::Redfish::from_node(&node, options).unwrap());
    shown.add(&access.credentials.clone().unwrap());
    shown.add(&access);
    shown.add(&Medium::new(Some(URL.into())));
    shown.add::<Node>(&node);
}

fn add_images(shown: &mut Shown, fixture: &Fixture) {
    let server = Answers::start(|_| answer(200, "", "kernel"));
    let url = format!(
        "http://user:{CANARY}@127.0.0.1:{}/?sig={CANARY}",
        server.port
    );
    let http = HttpClient::new();
    let file = FileSource::new(fixture.path("vmlinuz")).unwrap();
    let isolinux = fixture.files.isolinux();
    let iso = BootIso::new(file.clone(), file.clone())
        .kernel_params(format!("token={CANARY}"))
        .bios(isolinux.clone());
    let checksum = "0".repeat(64).parse().unwrap();
    shown.add(&HttpSource::new(&http, &url).unwrap());
    shown.add(&Verified::new(file.clone(), checksum));
    shown.add(&http);
    shown.add(&isolinux);
    shown.add(&iso);
    shown.add(&EfiBoot::from_esp_image(file.clone()));
    shown.add(&file);
    shown.add(&iso.plan().unwrap());
    shown.add(&Floppy::new().parameter("token", CANARY));
    shown.add(&SourceAccess::default());
}

async fn add_hosts(shown: &mut Shown, fixture: &Fixture) {
    let conf = conf().replace("/srv", &fixture.www.path().display().to_string());
    let options = options(&conf);
    let media = VirtualMedia::from_options(&options).unwrap();
    let host = media.host().clone();
    let node = node_from(&json!({"uuid": uuid(1).to_string()}));
    let object = || NewObject::new(Kind::Floppy, 1, |out| out.write_all(b"x"));
    shown.add(&object());
    shown.add::<Published>(&host.publish(&node, object()).await.unwrap());
    let Host::Web(web) = &host else {
        panic!("expected a web server: {host:?}");
    };
    shown.add(web);
    shown.add(&crate::support::web::settings(fixture.www.path(), URL));
    shown.add(&host);
    let ipxe = Ipxe::from_options(&options).unwrap();
    let boot = || NodeBoot::whole_disk().mac("52:54:00:12:34:56".parse().unwrap());
    shown.add::<PublishedBoot>(&ipxe.publish(&node, boot()).await.unwrap());
    let dhcp: Vec<DhcpOption> = ipxe.dhcp_options(&node, None);
    shown.add(&dhcp[1]);
    shown.add(&ipxe);
    let base = BaseUrl::parse(URL).unwrap();
    shown.add(&BaseUrls {
        external: Some(base.clone()),
        server: None,
    });
    shown.add(&base);
    let connect = |_: &Node| Err("no BMC".into());
    shown.add(&IloDeploy::new(media.clone(), connect).api_url(URL));
    shown.add(&media);
}

fn add_requests(shown: &mut Shown) {
    let request = BootIsoRequest::new(URL, URL).uefi(Uefi::DeployIso(URL.into()));
    shown.add(&request);
    shown.add(&Uefi::EspImage(URL.into()));
    shown.add(&ImageRef::from(URL));
    shown.add(&BootFile::Url(URL.parse().unwrap()));
    let boot = NodeBoot::deploy(URL, BootFile::Url(URL.parse().unwrap()));
    let boot = boot.kernel_params(format!("token={CANARY}"));
    shown.add(&boot.parameter("token", CANARY));
    shown.add(&ServiceImage {
        url: URL.parse().unwrap(),
        properties: [("kernel_id".to_owned(), URL.to_owned())].into(),
    });
    shown.add(&Action::Inserted(Drive::Cd, "http://192.0.2.1/".into()));
}

#[cfg(feature = "swift")]
fn add_swift(shown: &mut Shown) {
    use driver::host::{SwiftAuth, SwiftHost, SwiftSettings};
    use driver::options::Secret;
    let auth = SwiftAuth::V1Password {
        auth_url: BaseUrl::parse(URL).unwrap(),
        username: "test:tester".into(),
        password: Secret::new(CANARY),
        account: None,
    };
    let mut settings = SwiftSettings::new(auth.clone(), "c");
    settings.catalogue.endpoint_override = Some(URL.into());
    shown.add(&Secret::new(CANARY));
    shown.add(&auth);
    shown.add(&settings.catalogue);
    shown.add(&settings);
    shown.add(&SwiftHost::new(settings).unwrap());
}

/// Adds the names of the public types in the source files below `dir`.
fn public_types(dir: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            public_types(&path, names);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let rest = ["pub struct ", "pub enum "];
            let rest = rest
                .iter()
                .find_map(|start| line.trim_start().strip_prefix(start));
            let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
            names.extend(rest.map(|rest| rest.chars().take_while(is_name).collect::<String>()));
        }
    }
}

#[tokio::test]
async fn no_public_type_shows_a_secret() {
    let mut shown = Shown::default();
    let fixture = Fixture::new();
    let conf = format!(
        "{}[swift]\nendpoint_override = {URL}\nauth_url = {URL}\n",
        conf()
    );
    let options = options(&conf);
    add_node(&mut shown, &options);
    add_images(&mut shown, &fixture);
    add_hosts(&mut shown, &fixture).await;
    add_requests(&mut shown);
    shown.add(&options.ipxe);
    #[cfg(feature = "swift")]
    {
        shown.add(&options.swift);
        add_swift(&mut shown);
    }
    shown.add(&options);
    for (name, text) in &shown.0 {
        assert!(!text.contains(CANARY), "{name}: {text}");
    }

    let mut names = BTreeSet::new();
    public_types(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut names,
    );
    assert!(names.len() > 80, "{names:?}");
    let known =
        |name: &String| shown.0.contains_key(name) || WITHOUT_SECRETS.contains(&name.as_str());
    let unknown: Vec<_> = names.iter().filter(|name| !known(name)).collect();
    if cfg!(feature = "swift") {
        assert!(
            unknown.is_empty(),
            "expected a value of {unknown:?} here, with a secret in it"
        );
    }
}
