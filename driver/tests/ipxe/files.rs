//! The files that nodes boot with by iPXE, and their DHCP options.
//!
//! Debian package: nginx-light.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driver::image::{HttpClient, HttpSource, Source};
use driver::ipxe::{BootFile, Ipxe, IpxeError, NodeBoot};
use driver::node::Node;
use driver::options::IpVersion;
use driver::virtual_media::{BootMode, ImageRef};
use serde_json::json;

use crate::support::image::Bytes;
use crate::support::nginx::Nginx;
use crate::support::web::{mode, names, open_dir};
use crate::support::{node, node_from, options, uuid};

pub(super) const MAC: &str = "52:54:00:12:34:56";
pub(super) const LINK: &str = "pxelinux.cfg/52-54-00-12-34-56";

pub(super) fn ipxe(root: &Path, url: &str, more: &str) -> Ipxe {
    let root = root.display();
    let conf = format!("[deploy]\nhttp_server_url = {url}\nhttp_server_root = {root}\n{more}");
    Ipxe::from_options(&options(&conf)).unwrap()
}

/// A kernel or ramdisk of these bytes.
pub(super) fn file(bytes: &[u8]) -> ImageRef {
    ImageRef::Source(Arc::new(Bytes("bytes", bytes.to_vec())))
}

pub(super) fn deploy() -> NodeBoot {
    NodeBoot::deploy(file(b"kernel 1"), file(b"ramdisk 1")).mac(MAC.parse().unwrap())
}

fn fetch(url: &str) -> String {
    let source = HttpSource::new(&HttpClient::new(), url).unwrap();
    let mut text = String::new();
    source.open().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The paths of all files in `dir`, sorted.
pub(super) fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(dir) {
        let path = dir.join(&name);
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            found.extend(files(&path).iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name);
        }
    }
    found
}

#[tokio::test]
async fn a_node_finds_its_files_by_its_mac_address() {
    let www = open_dir();
    let nginx = Nginx::start(www.path(), "");
    let url = nginx.url("/images");
    let conf = "[pxe]\nkernel_append_params = nofb  quiet\nipxe_timeout = 30\n";
    let ipxe = ipxe(www.path(), &url, conf);
    let boot = deploy().parameter("ipa-api-url", "http://192.0.2.1:6385");
    let published = ipxe.publish(&node(1), boot).await.unwrap();
    let uuid = uuid(1);
    assert_eq!(published.boot_script.as_str(), format!("{url}/boot.ipxe"));
    assert_eq!(published.config.as_str(), format!("{url}/{uuid}/config"));

    let script = fetch(published.boot_script.as_str());
    assert!(script.starts_with("#!ipxe\n"));
    assert!(
        script
            .contains("chain --autofree pxelinux.cfg/${net${card}/mac:hexhyp} && goto booted ||\n")
    );
    let config = fetch(published.config.as_str());
    assert_eq!(fetch(&format!("{url}/{LINK}")), config);
    let kernel = format!(
        "\nkernel --timeout 30000 {url}/{uuid}/deploy_kernel initrd=deploy_ramdisk \
         BOOTIF=01-${{mac:hexhyp}} nofb quiet ipa-api-url=http://192.0.2.1:6385 || goto again\n"
    );
    let ramdisk = format!(
        "\ninitrd --name deploy_ramdisk --timeout 30000 {url}/{uuid}/deploy_ramdisk || goto again\n"
    );
    assert!(
        config.contains(&kernel) && config.contains(&ramdisk),
        "{config}"
    );
    assert!(
        config.contains("\ngoto deploy\n") && config.contains("\n:deploy\n"),
        "{config}"
    );
    assert_eq!(fetch(&format!("{url}/{uuid}/deploy_kernel")), "kernel 1");
    assert_eq!(fetch(&format!("{url}/{uuid}/deploy_ramdisk")), "ramdisk 1");

    for dir in [uuid.to_string().as_str(), "pxelinux.cfg"] {
        assert_eq!(mode(&www.path().join(dir)), 0o755);
    }
    for file in [
        "boot.ipxe".to_owned(),
        format!("{uuid}/config"),
        format!("{uuid}/deploy_kernel"),
    ] {
        assert_eq!(mode(&www.path().join(file)), 0o644);
    }
}

#[tokio::test]
async fn clean_up_removes_the_nodes_files_and_nothing_else() {
    let www = open_dir();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    ipxe.publish(&node(2), deploy().mac("02-00-00-00-00-02".parse().unwrap()))
        .await
        .unwrap();
    let others = NodeBoot::whole_disk().mac("02:00:00:00:00:03".parse().unwrap());
    ipxe.publish(&node(3), others).await.unwrap();
    // The first network card moved to the other node, and Ironic left a file.
    let moved = NodeBoot::whole_disk().mac(MAC.parse().unwrap());
    ipxe.publish(&node(3), moved).await.unwrap();
    let (two, three) = (uuid(2), uuid(3));
    fs::write(www.path().join(format!("{two}/rescue_kernel")), "Ironic's").unwrap();
    fs::write(
        www.path().join("pxelinux.cfg/default-of-the-operator"),
        "kept",
    )
    .unwrap();

    let removed = ipxe.clean_up(two).await.unwrap();
    let mut expected: Vec<PathBuf> = ["config", "deploy_kernel", "deploy_ramdisk", "rescue_kernel"]
        .map(|name| PathBuf::from(format!("{two}/{name}")))
        .into();
    expected.push("pxelinux.cfg/02-00-00-00-00-02".into());
    assert_eq!(removed, expected);
    assert_eq!(
        files(www.path()),
        [
            &format!("{three}/config"),
            "boot.ipxe",
            "pxelinux.cfg/02-00-00-00-00-03",
            LINK,
            "pxelinux.cfg/default-of-the-operator",
        ]
    );
    assert!(ipxe.clean_up(two).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_kind_of_boot_has_its_configuration() {
    let www = open_dir();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    let config = || fs::read_to_string(www.path().join(LINK)).unwrap();
    let mac = MAC.parse().unwrap();
    ipxe.publish(&node(4), deploy()).await.unwrap();
    let instance = NodeBoot::instance(file(b"k"), file(b"r"), "6fd0a1c2-5b1e").mac(mac);
    ipxe.publish(&node(4), instance).await.unwrap();
    assert!(config().contains("\ngoto boot_partition\n"), "{}", config());
    assert!(
        config().contains(" root=UUID=6fd0a1c2-5b1e ro "),
        "{}",
        config()
    );
    let elsewhere = |name: &str| BootFile::Url(format!("http://h/{name}?x=1").parse().unwrap());
    let ramdisk = NodeBoot::ramdisk(elsewhere("k"), elsewhere("r")).mac(mac);
    ipxe.publish(&node(4), ramdisk).await.unwrap();
    assert!(config().contains("\ngoto boot_ramdisk\n"), "{}", config());
    assert!(config().contains("\nkernel http://h/k?x=1 initrd=ramdisk root=/dev/ram0 "));
    let elsewhere = NodeBoot::deploy(elsewhere("k"), elsewhere("agent.initramfs")).mac(mac);
    ipxe.publish(&node(4), elsewhere).await.unwrap();
    assert!(
        config().contains("\nkernel http://h/k?x=1 initrd=agent.initramfs BOOTIF="),
        "{}",
        config()
    );
    ipxe.publish(&node(4), NodeBoot::whole_disk().mac(mac))
        .await
        .unwrap();
    assert!(
        config().contains("\ngoto boot_whole_disk\n"),
        "{}",
        config()
    );
}

#[tokio::test]
async fn operators_templates_are_rendered_as_ironic_renders_them() {
    let (www, etc) = (open_dir(), open_dir());
    let path = |name: &str| etc.path().join(name).display().to_string();
    fs::write(
        path("own.ipxe"),
        "#!ipxe\nchain {{ ipxe_for_mac_uri }}${mac:hexhyp}\n",
    )
    .unwrap();
    let template = "#!ipxe\ngoto deploy\n:deploy\n\
        kernel {% if pxe_options.ipxe_timeout > 0 %}--timeout {% endif %}\
        {{ pxe_options.deployment_aki_path }} \
        {{ pxe_options.pxe_append_params|default(\"\", true) }} \
        {{ pxe_options.no_such|default('none', true) }} \
        api={{ pxe_options['ipa-api-url'] }}\n\
        :boot_whole_disk\nsanboot\n";
    fs::write(path("config.template"), template).unwrap();
    let conf = format!(
        "[pxe]\nipxe_boot_script = {}\nipxe_config_template = {}\nkernel_append_params =\n",
        path("own.ipxe"),
        path("config.template")
    );
    let ipxe = ipxe(www.path(), "http://h", &conf);
    let boot = deploy().parameter("ipa-api-url", "http://a");
    let published = ipxe.publish(&node(5), boot).await.unwrap();
    assert_eq!(published.boot_script.as_str(), "http://h/own.ipxe");
    let script = fs::read_to_string(www.path().join("own.ipxe")).unwrap();
    assert_eq!(script, "#!ipxe\nchain pxelinux.cfg/${mac:hexhyp}\n");
    let config = || fs::read_to_string(www.path().join(LINK)).unwrap();
    let uuid = uuid(5);
    assert!(config().contains(&format!(
        "\nkernel http://h/{uuid}/deploy_kernel ipa-api-url=http://a none api=http://a\n"
    )));
    ipxe.publish(&node(5), NodeBoot::whole_disk().mac(MAC.parse().unwrap()))
        .await
        .unwrap();
    assert!(config().starts_with("#!ipxe\ngoto boot_whole_disk\n:deploy\n"));

    let instance = NodeBoot::instance(file(b"k"), file(b"r"), "1-2").mac(MAC.parse().unwrap());
    let error = ipxe.publish(&node(5), instance).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it has no line `:boot_partition`"),
        "{error}"
    );
    assert!(!www.path().join(format!("{uuid}/kernel")).exists());
}

#[tokio::test]
async fn an_invalid_boot_is_refused_and_the_configuration_is_kept() {
    let www = open_dir();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    ipxe.publish(&node(6), deploy()).await.unwrap();
    let before = fs::read_to_string(www.path().join(LINK)).unwrap();
    let mac = || MAC.parse().unwrap();
    for (boot, expected) in [
        (NodeBoot::whole_disk(), "expected at least one MAC address"),
        (
            deploy().kernel_params("a\nshell"),
            "expected the kernel parameters as printable ASCII",
        ),
        (
            deploy().parameter("a", "b\nshell"),
            "expected the value of a as printable ASCII",
        ),
        (
            NodeBoot::instance(file(b"k"), file(b"r"), "1 || shell").mac(mac()),
            "expected a root UUID",
        ),
        (
            NodeBoot::deploy("/absent", file(b"r")).mac(mac()),
            "cannot publish the deploy_kernel",
        ),
    ] {
        let error = ipxe.publish(&node(6), boot).await.unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains(&uuid(6).to_string()),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(www.path().join(LINK)).unwrap(), before);
    assert!(
        files(www.path())
            .iter()
            .all(|name| !name.contains(".publishing-"))
    );
}

#[tokio::test]
async fn a_link_out_of_the_web_servers_directory_is_not_followed() {
    let (www, outside) = (open_dir(), open_dir());
    fs::write(outside.path().join("config"), "not ours").unwrap();
    symlink(outside.path(), www.path().join(uuid(7).to_string())).unwrap();
    let ipxe = ipxe(www.path(), "http://192.0.2.1", "");
    let error = ipxe.publish(&node(7), deploy()).await.unwrap_err();
    assert!(matches!(error, IpxeError::Write { .. }), "{error:?}");
    assert!(ipxe.clean_up(uuid(7)).await.is_err());
    assert_eq!(
        fs::read_to_string(outside.path().join("config")).unwrap(),
        "not ours"
    );
    assert_eq!(names(outside.path()), ["config"]);
}

#[test]
fn unusable_options_are_refused() {
    let error = |text: &str| Ipxe::from_options(&options(text)).unwrap_err().to_string();
    assert!(error("").contains("set [deploy] http_server_url"));
    let web = "[deploy]\nhttp_server_url = http://h\n";
    assert!(error(&format!("{web}http_server_root = here\n")).contains("absolute path"));
    for name in ["..", "a/b", "/"] {
        let text = error(&format!("{web}[pxe]\npxe_config_subdir = {name}\n"));
        assert!(
            text.starts_with("[pxe] pxe_config_subdir: expected a file name"),
            "{text}"
        );
    }
}

fn dhcp(conf: &str, node: &Node, mode: Option<BootMode>) -> Vec<(String, String)> {
    let ipxe = ipxe(Path::new("/httpboot"), "http://192.0.2.1:8080/x/", conf);
    let options = ipxe.dhcp_options(node, mode);
    options
        .into_iter()
        .map(|option| (option.name, option.value))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

#[test]
fn dhcp_options_lead_firmware_to_ipxe_and_ipxe_to_the_boot_script() {
    let script = "http://192.0.2.1:8080/x/boot.ipxe";
    let conf = "[DEFAULT]\nmy_ip = 192.0.2.9\n";
    let expected = [
        ("tag:!ipxe,67", "undionly.kpxe"),
        ("tag:ipxe,67", script),
        ("66", "192.0.2.9"),
        ("150", "192.0.2.9"),
        ("255", "192.0.2.9"),
    ];
    assert_eq!(dhcp(conf, &node(8), None), pairs(&expected));

    let uefi = json!({"uuid": uuid(8).to_string(), "properties": {
        "capabilities": "boot_mode:uefi", "cpu_arch": "aarch64"}});
    let uefi = node_from(&uefi);
    assert_eq!(dhcp("", &uefi, None)[0].1, "snponly.efi");
    assert_eq!(dhcp("", &uefi, Some(BootMode::Bios))[0].1, "undionly.kpxe");
    let by_arch = "[pxe]\nipxe_bootfile_name_by_arch = aarch64:ipxe_aa64.efi\n";
    assert_eq!(dhcp(by_arch, &uefi, None)[0].1, "ipxe_aa64.efi");
    // Before Victoria one option served PXE and iPXE.
    let older = "[pxe]\nuefi_pxe_bootfile_name = ipxe.efi\n";
    assert_eq!(dhcp(older, &uefi, None)[0].1, "snponly.efi");
    assert_eq!(
        dhcp(&format!("{older}ipxe_enabled = True\n"), &uefi, None)[0].1,
        "ipxe.efi"
    );

    let v6 = "[pxe]\nip_version = 6\ntftp_server = 2001:db8::1\n";
    let expected = [
        ("tag:!ipxe6,59", "tftp://[2001:db8::1]/undionly.kpxe"),
        ("tag:ipxe6,59", script),
    ];
    assert_eq!(dhcp(v6, &node(8), None), pairs(&expected));
    assert_eq!(options(v6).ipxe.ip_version, IpVersion::V6);
}

#[tokio::test]
async fn it_is_told_how_much_of_a_file_is_copied() {
    let (dir, told) = (open_dir(), Arc::new(std::sync::Mutex::new(Vec::new())));
    let heard = Arc::clone(&told);
    let ipxe = ipxe(dir.path(), "http://192.0.2.1", "").on_progress(move |file| {
        assert_eq!(file.node, uuid(1));
        let copied = (file.file, file.done, file.total);
        heard.lock().unwrap().push(copied);
    });
    ipxe.publish(&node(1), deploy()).await.unwrap();
    let told = told.lock().unwrap();
    let (kernel, ramdisk) = ("deploy_kernel", "deploy_ramdisk");
    assert_eq!(
        *told,
        [
            (kernel, 0, 8),
            (kernel, 8, 8),
            (ramdisk, 0, 9),
            (ramdisk, 9, 9)
        ]
    );
}
