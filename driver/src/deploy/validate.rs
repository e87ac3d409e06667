//! Validating a node before its deployment.

use url::Url;

use super::boot_iso::ChosenBootIso;
use super::downloads::NamedBy;
use super::error::DeployError;
use super::flow::Flow;
use super::image_service::ImageLocation;
use super::node_work::NodeWork;
use super::{IloDeploy, deploy_iso};
use crate::bmc::{Bmc, BootMode, access_fields};
use crate::node::{BootWish, Fault, HOSTING, InvalidNode, Node, boot_mode_of};

impl IloDeploy {
    /// Checks everything that a deployment of `node` needs, without changing anything: the fields
    /// of the node; that the images that it names exist, and contain the boot loaders that are
    /// needed; that the host has a URL, and the deploy ramdisk that of Ironic's API; and that the
    /// BMC answers, and has the drives and a licence for them.
    ///
    /// # Errors
    ///
    /// [`DeployError`]; [`DeployError::Several`] if more than one thing is wrong.
    pub async fn validate(&self, node: &Node) -> Result<(), DeployError> {
        let (work, checked) = self.prepare(node).await?;
        work.finish(checked.map(drop)).await.map(drop)
    }

    /// Checks the same as [`validate`](Self::validate). Returns the work on the node, and the URL
    /// of its deploy ISO for the BMC if nothing is wrong.
    pub(super) async fn prepare(
        &self,
        node: &Node,
    ) -> Result<(NodeWork<'_>, Result<Url, DeployError>), DeployError> {
        let fields = self.check(node).map_err(DeployError::from);
        let work = self.work_on(node);
        let bmc = async {
            match &work {
                Ok(work) => self.check_bmc(node, &*work.bmc).await,
                // Reported below.
                Err(_) => Ok(()),
            }
        };
        let (deploy_iso, boot_iso, bmc) = tokio::join!(
            self.reachable_deploy_iso(node),
            self.check_boot_iso(node),
            bmc
        );
        let are_valid = fields.is_ok();
        let mut errors: Vec<DeployError> = fields.err().into_iter().collect();
        let mut note = |error: DeployError| {
            // An invalid field is reported once, with the others, and so is an image.
            let is_field = matches!(error, DeployError::Node(_) | DeployError::Connect { .. });
            let is_known = |known: &DeployError| known.to_string() == error.to_string();
            if (are_valid || !is_field) && !errors.iter().any(is_known) {
                errors.push(error);
            }
        };
        let host = self.media.host().check_url(node);
        host.unwrap_or_else(|error| note(error.into()));
        let parameters = self.parameters_of(&mut node.clone());
        parameters.map_or_else(&mut note, drop);
        boot_iso.unwrap_or_else(&mut note);
        bmc.unwrap_or_else(&mut note);
        let deploy_iso = deploy_iso.map_err(&mut note);
        let work = match work {
            Ok(work) => work,
            Err(error) => {
                note(error);
                return Err(DeployError::all(errors));
            }
        };
        let checked = match deploy_iso {
            Ok(deploy_iso) if errors.is_empty() => Ok(deploy_iso),
            _ => Err(DeployError::all(errors)),
        };
        Ok((work, checked))
    }

    /// Checks that the BMC answers, and has what the node needs.
    async fn check_bmc(&self, node: &Node, bmc: &dyn Bmc) -> Result<(), DeployError> {
        bmc.check().await?;
        let wish = BootWish::of(node)?;
        let what = match (wish.secure_boot, wish.mode) {
            (Some(true), _) if bmc.secure_boot().await?.is_none() => {
                "secure_boot:true, which the server's BMC does not have"
            }
            (_, Some(BootMode::Bios)) if bmc.secure_boot().await? == Some(true) => {
                "boot_mode:bios, but secure boot is on: switch it off and start the server, since \
                 the two cannot be changed at one start"
            }
            _ => return Ok(()),
        };
        Err(DeployError::Node(InvalidNode {
            node: Some(node.uuid().to_string()),
            faults: vec![Fault {
                field: "capabilities".into(),
                what: what.into(),
            }],
        }))
    }

    /// Returns the URL of the deploy ISO for the BMC, after checking that a web server serves it.
    async fn reachable_deploy_iso(&self, node: &Node) -> Result<Url, DeployError> {
        let text = deploy_iso(node).unwrap_or_default();
        let what = "driver_info.ilo_deploy_iso";
        self.reachable_url(node, what, text, NamedBy::Operator)
            .await
    }

    /// Checks the boot ISO of the instance, if it boots from one.
    async fn check_boot_iso(&self, node: &Node) -> Result<(), DeployError> {
        if !Flow::of(node)?.boots_from_iso(node) {
            return Ok(());
        }
        match self.choose_boot_iso(node).await? {
            ChosenBootIso::Given(_) => Ok(()),
            ChosenBootIso::ToCreate(request) => {
                Ok(self.media.check_boot_iso(node, *request).await?)
            }
        }
    }

    /// Checks the node's fields and reports all faults.
    pub(super) fn check(&self, node: &Node) -> Result<(), InvalidNode> {
        let mut faults = Vec::new();
        let mut collect = |checked: Result<(), InvalidNode>| {
            faults.extend(checked.err().into_iter().flat_map(|error| error.faults));
        };
        collect(Flow::of(node).map(drop));
        collect(node.validate(access_fields(node)));
        collect(node.validate(HOSTING));
        collect(boot_mode_of(node).map(drop));
        let fault = |what: String| InvalidNode {
            node: None,
            faults: vec![Fault {
                field: "driver_info.ilo_deploy_iso".into(),
                what,
            }],
        };
        collect(match deploy_iso(node).map(ImageLocation::read) {
            None => Err(fault(
                "missing, expected the URL of the deploy ISO, or its ID in the image service"
                    .into(),
            )),
            Some(ImageLocation::File(_)) => Err(fault(NOT_FETCHED.into())),
            Some(_) => Ok(()),
        });
        if faults.is_empty() {
            return Ok(());
        }
        Err(InvalidNode {
            node: Some(node.uuid().to_string()),
            faults,
        })
    }
}

const NOT_FETCHED: &str = "a path, which a BMC cannot fetch: expected an http:// or https:// URL, \
                           such as that of a copy in http_server_root";

/// Parses the URL in the field `what`, from which a BMC can fetch an image.
pub(super) fn http_url(node: &Node, what: &'static str, text: &str) -> Result<Url, DeployError> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        DeployError::Node(InvalidNode {
            node: Some(node.uuid().to_string()),
            faults: vec![Fault {
                field: what.into(),
                what: NOT_FETCHED.into(),
            }],
        })
    })
}
