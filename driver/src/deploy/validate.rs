//! Validating a node before its deployment.

use url::Url;

use super::error::DeployError;
use super::flow::Flow;
use super::image_service::ImageLocation;
use super::{IloDeploy, deploy_iso};
use crate::bmc::access_fields;
use crate::node::{Fault, HOSTING, InvalidNode, Node};

impl IloDeploy {
    /// Checks the fields that a deployment of `node` needs, and that the images that it names
    /// exist.
    ///
    /// # Errors
    ///
    /// [`DeployError::Node`] with every missing or invalid field; otherwise [`DeployError::Image`]
    /// or [`DeployError::ImageService`] for the first image that cannot be reached.
    pub async fn validate(&self, node: &Node) -> Result<(), DeployError> {
        self.check(node)?;
        self.deploy_iso_url(node).await?;
        if Flow::of(node)?.boots_from_iso(node) {
            self.choose_boot_iso(node).await?;
        }
        Ok(())
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
