//! A conductor that hosts images on its own web server, and deploys servers whose BMC is an
//! [`Ilo`].

use std::fs;

use driver::bmc::{Bmc, Redfish};
use driver::deploy::IloDeploy;
use driver::node::Node;
use driver::options::Options;
use driver::virtual_media::VirtualMedia;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::ilo::{Ilo, with_its_clock};
use super::image::{LoaderFiles, both, kernel, ramdisk, written};
use super::nginx::Nginx;
use super::web::open_dir;
use super::{UUID, node_from, options};

/// A conductor and its web server, which also serves a kernel, a ramdisk and a deploy ISO at
/// `/boot/`.
pub(crate) struct Conductor {
    pub(crate) www: TempDir,
    pub(crate) images: TempDir,
    pub(crate) nginx: Nginx,
    loader: LoaderFiles,
    /// `[ilo] client_timeout`.
    seconds: u64,
}

impl Conductor {
    pub(crate) fn start() -> Self {
        let (www, images) = (open_dir(), open_dir());
        fs::write(images.path().join("vmlinuz"), kernel().1).unwrap();
        fs::write(images.path().join("initrd"), ramdisk().1).unwrap();
        let loader = LoaderFiles::new();
        fs::write(images.path().join("deploy.iso"), written(&both(&loader))).unwrap();
        let locations = format!("location /boot/ {{ alias {}/; }}", images.path().display());
        Self {
            nginx: Nginx::start(www.path(), &locations),
            www,
            images,
            loader,
            seconds: 3,
        }
    }

    /// One that waits for BMCs as long as by default. Stand-ins that answer take no time, but a
    /// busy machine does.
    pub(crate) fn patient() -> Self {
        Self {
            seconds: 60,
            ..Self::start()
        }
    }

    pub(crate) fn conf(&self) -> String {
        format!(
            "[deploy]\nhttp_server_url = {}\nhttp_server_root = {}\n\
             [ilo]\nuse_http_web_server_for_images = True\nclient_timeout = {}\n\
             image_networks = 127.0.0.0/8\n\
             [DEFAULT]\nisolinux_bin = {}\nldlinux_c32 = {}\n\
             [conductor]\napi_url = http://192.0.2.1:6385\n",
            self.nginx.url("/images"),
            self.www.path().display(),
            self.seconds,
            self.loader.path("isolinux.bin").display(),
            self.loader.path("ldlinux.c32").display(),
        )
    }

    pub(crate) fn options(&self) -> Options {
        options(&self.conf())
    }

    /// Deployments that share the clocks of the stand-ins.
    pub(crate) fn deploy(&self) -> IloDeploy {
        let options = self.options();
        let media = VirtualMedia::from_options(&options).unwrap();
        let api_url = options.api_url.clone().unwrap();
        let connect = move |node: &Node| {
            let redfish = Redfish::from_node(node, &options);
            let driver_info = &node.json()["driver_info"];
            let redfish = redfish.map(|redfish| with_its_clock(redfish, driver_info));
            async { Ok(Box::new(redfish?) as Box<dyn Bmc>) }
        };
        IloDeploy::new(media, connect).api_url(api_url)
    }

    /// A node whose BMC is `ilo`, with the top-level fields in `changes` replaced.
    pub(crate) fn node(&self, ilo: &Ilo, changes: &Value) -> Node {
        let mut driver_info = ilo.driver_info();
        driver_info["ilo_deploy_iso"] = json!(self.nginx.url("/boot/deploy.iso"));
        let mut node = json!({
            "uuid": UUID, "driver": "iscsi_ilo", "provision_state": "deploying",
            "driver_info": driver_info, "driver_internal_info": {},
            "instance_info": {
                "kernel": self.nginx.url("/boot/vmlinuz"),
                "ramdisk": self.nginx.url("/boot/initrd"),
            },
        });
        for (key, value) in changes.as_object().unwrap() {
            node[key] = value.clone();
        }
        node_from(&node)
    }

    pub(crate) fn bmc(&self, node: &Node) -> Redfish {
        let redfish = Redfish::from_node(node, &self.options()).unwrap();
        with_its_clock(redfish, &node.json()["driver_info"])
    }
}
