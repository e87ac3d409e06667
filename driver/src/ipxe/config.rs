//! Rendering the boot script and the configurations of nodes.

use std::collections::BTreeMap;

use minijinja::context;
use url::Url;

use super::Ipxe;
use super::error::IpxeError;
use super::request::{BootTarget, FileRole, NodeBoot};
use super::template::{self, Template};
use crate::node::BootMode;
use crate::node::NodeUuid;

impl Ipxe {
    /// Returns the script that every node runs first.
    pub(super) fn script(&self) -> Result<String, IpxeError> {
        let options = &self.0.options;
        Template::new(options.boot_script.as_ref(), template::BOOT_SCRIPT).render(context! {
            ipxe_for_mac_uri => format!("{}/", options.config_subdir),
            ipxe_fallback_script => &options.fallback_script,
        })
    }

    /// Returns a node's configuration.
    pub(super) fn config(
        &self,
        node: NodeUuid,
        boot: &NodeBoot,
        mode: BootMode,
        urls: &BTreeMap<FileRole, String>,
    ) -> Result<String, IpxeError> {
        let options = &self.0.options;
        let file = match mode {
            BootMode::Bios => options.config_template.bios.as_ref(),
            BootMode::Uefi => options.config_template.uefi.as_ref(),
        };
        let template = Template::new(file, template::CONFIG);
        let label = boot.target.label();
        let root = match &boot.target {
            BootTarget::Partition { root_uuid } => format!("UUID={root_uuid}"),
            _ => String::new(),
        };
        let rendered = template.render(context! {
            pxe_options => self.pxe_options(boot, urls),
            ROOT => root,
            boot_target => label,
        })?;
        // Ironic's templates start with the deployment, whatever the target.
        let config = match boot.target {
            BootTarget::Deploy => has_label(&rendered, label).then_some(rendered),
            _ => template::redirected(&rendered, label),
        };
        config.ok_or_else(|| IpxeError::NoLabel {
            node,
            name: template.name(),
            label,
        })
    }

    /// Returns the variable `pxe_options` of Ironic's templates.
    fn pxe_options(
        &self,
        boot: &NodeBoot,
        urls: &BTreeMap<FileRole, String>,
    ) -> BTreeMap<String, minijinja::Value> {
        let mut params = boot.kernel_params.as_deref();
        let mut words: Vec<String> = Vec::new();
        words.extend(
            params
                .get_or_insert(&self.0.kernel_params)
                .split(' ')
                .map(str::to_owned),
        );
        words.retain(|word| !word.is_empty());
        words.extend(
            boot.parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        let mut known: BTreeMap<String, minijinja::Value> = BTreeMap::new();
        for (name, value) in &boot.parameters {
            known.insert(name.clone(), value.as_str().into());
        }
        for (label, url) in urls {
            known.insert(label.variable().to_owned(), url.as_str().into());
        }
        known.insert("pxe_append_params".into(), words.join(" ").into());
        // With UEFI, the kernel finds its ramdisk by the name that iPXE gave it: the last part of
        // its URL.
        let ramdisk = urls
            .get(&FileRole::DeployRamdisk)
            .and_then(|url| Url::parse(url).ok());
        let segments = ramdisk.as_ref().and_then(Url::path_segments);
        let name = segments
            .and_then(|mut names| names.next_back())
            .filter(|name| !name.is_empty());
        known.insert(
            "initrd_filename".into(),
            name.unwrap_or("deploy_ramdisk").into(),
        );
        let milliseconds = self.0.options.timeout.as_millis();
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        known.insert("ipxe_timeout".into(), milliseconds.into());
        let server = self.0.options.tftp_server.as_deref().unwrap_or_default();
        known.insert("tftp_server".into(), server.into());
        known
    }
}

fn has_label(config: &str, label: &str) -> bool {
    config
        .lines()
        .any(|line| line.trim() == format!(":{label}"))
}
