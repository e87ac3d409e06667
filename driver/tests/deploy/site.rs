//! The server that the scenario deploys, and where its conductors host images.

use std::fs;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use driver::node::{Node, Section};
use driver::virtual_media::BootMode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::nginx::Nginx;
use crate::support::parts::{PARTS, boot_iso};
use crate::support::sushy::Sushy;
use crate::support::swift::Account;
use crate::support::swift::services::Cloud;
use crate::support::web::{names, open_dir};
use crate::support::{UUID, node_from};

/// The kernel parameters of an instance. `nofloppy` tells the ramdisk that there is no floppy to
/// wait for.
pub(crate) const PARAMS: &str = "console=ttyS0,115200 quiet panic=-1 nofloppy";

/// Longer than any boot takes, even on a busy machine.
const BOOT: Duration = Duration::from_secs(300);

/// A server, its BMC, and a web server with the images that it is deployed from.
pub(crate) struct Deployment {
    sushy: Sushy,
    images: Nginx,
    _www: TempDir,
    flow: String,
    mode: BootMode,
}

/// What the server printed in one boot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Boot {
    pub(crate) firmware: String,
    pub(crate) command_line: String,
    /// The lines of `parameters.txt`, or `None` without a floppy.
    pub(crate) parameters: Option<String>,
}

impl Deployment {
    pub(crate) fn start(flow: &str, mode: BootMode) -> Self {
        let www = open_dir();
        for name in ["vmlinuz", "initrd"] {
            fs::copy(PARTS.path(name), www.path().join(name)).unwrap();
        }
        make_deploy_iso(&www);
        Self {
            sushy: Sushy::that_boots(),
            images: Nginx::start(www.path(), ""),
            _www: www,
            flow: flow.into(),
            mode,
        }
    }

    pub(crate) fn node(&self) -> Node {
        let url = |name| self.images.url(&format!("/images/{name}"));
        let mut driver_info = self.sushy.driver_info();
        driver_info["ilo_deploy_iso"] = json!(url("deploy.iso"));
        let node = json!({
            "uuid": UUID,
            "driver": self.flow,
            "provision_state": "deploying",
            "driver_info": driver_info,
            "instance_info": {"kernel": url("vmlinuz"), "ramdisk": url("initrd")},
            "driver_internal_info": {"is_whole_disk_image": false},
            "properties": {"capabilities": format!("boot_mode:{}", self.mode)},
        });
        node_from(&node)
    }

    /// The part of ironic.conf that all conductors share.
    pub(crate) fn conf(&self) -> String {
        format!(
            "[pxe]\nkernel_append_params = {PARAMS}\n\
             [conductor]\napi_url = http://192.0.2.1:6385\n"
        )
    }

    /// Waits until the server has booted this many times and switched itself off. Returns what it
    /// printed in the last boot.
    pub(crate) async fn boots(&self, times: usize) -> Boot {
        let start = Instant::now();
        loop {
            let console = self.sushy.console();
            let boots: Vec<&str> = console.split("\nFIRMWARE ").skip(1).collect();
            // The last line that a boot prints.
            if boots.len() == times && boots[times - 1].contains("\nCDROM ") {
                let seconds = start.elapsed().as_secs_f32();
                println!(
                    "{} {}: boot {times} after {seconds:.1} s",
                    self.flow, self.mode
                );
                return Boot::read(boots[times - 1]);
            }
            assert!(start.elapsed() < BOOT, "no boot {times} in\n{console}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The parameters of the deploy ramdisk, as the guest prints them.
    pub(crate) fn parameters(&self, node: &Node) -> String {
        let api = "http://192.0.2.1:6385";
        let flow = &self.flow;
        let mut text = format!("ipa-api-url={api}|ipa-driver-name={flow}|coreos.configdrive=0|");
        if flow == "iscsi_ilo" {
            let key = node.text(Section::InstanceInfo, "deploy_key").unwrap();
            text += &format!(
                "deployment_id={UUID}|iscsi_target_iqn=iqn.2008-10.org.openstack:{UUID}|\
                 ironic_api_url={api}|boot_option=netboot|boot_mode={}|deployment_key={key}|",
                self.mode
            );
        }
        text + "nonce=4711|"
    }

    /// What must not be logged.
    pub(crate) fn secrets(&self, site: &Site) -> Vec<&'static str> {
        match site {
            Site::Web(_) => vec!["nonce=4711"],
            Site::Swift { .. } => vec!["nonce=4711", "ironicpw", "temp_url_sig="],
        }
    }
}

impl Boot {
    fn read(printed: &str) -> Self {
        let line = |prefix: &str| {
            let found = printed.lines().find_map(|line| line.strip_prefix(prefix));
            found.map(str::to_owned)
        };
        Self {
            firmware: printed.lines().next().unwrap_or_default().into(),
            command_line: line("CMDLINE ").unwrap(),
            parameters: line("PARAMETERS "),
        }
    }
}

/// A deploy ISO that boots by BIOS and by UEFI.
fn make_deploy_iso(www: &TempDir) {
    let iso = boot_iso("console=ttyS0,115200 quiet panic=-1 deploy=yes");
    let mut file = fs::File::create(www.path().join("deploy.iso")).unwrap();
    iso.write_to(&mut file).unwrap();
    file.flush().unwrap();
}

/// Where conductors host images.
pub(crate) enum Site {
    /// Each conductor has its own web server.
    Web(Vec<Mutex<Option<(TempDir, Nginx)>>>),
    /// All conductors share a container in Swift.
    Swift { cloud: Box<Cloud>, account: Account },
}

const CONTAINER: &str = "ilo_images";

impl Site {
    pub(crate) fn web() -> Self {
        let server = |_| {
            let www = open_dir();
            let nginx = Nginx::start(www.path(), "");
            Mutex::new(Some((www, nginx)))
        };
        Self::Web((0..3).map(server).collect())
    }

    pub(crate) fn swift() -> Self {
        let cloud = Box::new(Cloud::start());
        let account = Account::of_cloud(&cloud);
        Self::Swift { cloud, account }
    }

    pub(crate) fn is_swift(&self) -> bool {
        matches!(self, Self::Swift { .. })
    }

    /// The part of ironic.conf that is specific to the conductor `number`.
    pub(crate) fn conf(&self, number: usize) -> String {
        match self {
            Self::Web(servers) => {
                let server = servers[number].lock().unwrap();
                let (www, nginx) = server.as_ref().unwrap();
                format!(
                    "[ilo]\nuse_http_web_server_for_images = True\n\
                     image_networks = 127.0.0.0/8\n\
                     [deploy]\nhttp_server_url = {}\nhttp_server_root = {}\n",
                    nginx.url("/images"),
                    www.path().display()
                )
            }
            Self::Swift { cloud, .. } => format!(
                "[ilo]\nswift_ilo_container = {CONTAINER}\nimage_networks = 127.0.0.0/8\n\
                 [swift]\nauth_type = password\nauth_url = {}\nusername = ironic\n\
                 password = ironicpw\nproject_name = service\nuser_domain_id = default\n\
                 project_domain_id = default\n",
                cloud.auth_url()
            ),
        }
    }

    /// Ends the conductor `number` together with its web server.
    pub(crate) fn lose(&self, number: usize) {
        if let Self::Web(servers) = self {
            drop(servers[number].lock().unwrap().take());
        }
    }

    /// The images on the web servers that still run, or in the container.
    pub(crate) fn left(&self) -> Vec<String> {
        match self {
            Self::Web(servers) => servers
                .iter()
                .filter_map(|server| {
                    let server = server.lock().unwrap();
                    Some(names(server.as_ref()?.0.path()))
                })
                .flatten()
                .collect(),
            Self::Swift { account, .. } => account.names(CONTAINER),
        }
    }
}
