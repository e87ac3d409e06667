//! Validating a node before its deployment.

use url::Url;

use super::boot_iso::ChosenBootIso;
use super::downloads::NamedBy;
use super::error::{DeployCause, DeployError};
use super::event::Reporter;
use super::flow::Flow;
use super::node_work::NodeWork;
use super::step::DeployStep;
use super::{IloDeploy, deploy_iso};
use crate::bmc::{Bmc, BootMode};
use crate::node::{BootWish, Fault, HOSTING, InvalidNode, Node, boot_mode_of};

impl IloDeploy {
    /// Checks everything that a deployment of `node` needs, without changing anything: the fields
    /// of the node; that the images that it names exist, and contain the boot loaders that are
    /// needed; that the host has a URL, and the deploy ramdisk that of Ironic's API; and that the
    /// BMC answers, and has the drives and a licence for them.
    ///
    /// # Errors
    ///
    /// [`DeployError`]; [`DeployCause::Several`] if more than one thing is wrong.
    pub async fn validate(&self, node: &Node) -> Result<(), DeployError> {
        let (work, checked) = self.prepare(node, DeployStep::Validate).await?;
        work.finish(checked.map(drop)).await.map(drop)
    }

    /// Begins a step that checks the same as [`validate`](Self::validate). Returns the work on the
    /// node, and the URL of its deploy ISO for the BMC if nothing is wrong.
    pub(super) async fn prepare(
        &self,
        node: &Node,
        step: DeployStep,
    ) -> Result<(NodeWork<'_>, Result<Url, DeployCause>), DeployError> {
        let begun = self.begin(node.uuid(), step).await?;
        let connected = (self.connect)(node).await;
        let bmc = async {
            match &connected {
                Ok(bmc) => self.check_bmc(node, &**bmc).await,
                // Reported below.
                Err(_) => Ok(()),
            }
        };
        let (deploy_iso, boot_iso, checked) = tokio::join!(
            self.reachable_deploy_iso(node),
            self.check_boot_iso(node, &begun.reporter),
            bmc
        );
        let mut problems = Problems::new(node);
        problems.note(self.check(node));
        let bmc = problems.note(connected);
        problems.note(self.media.host().check_url(node));
        problems.note(self.parameters_of(&mut node.clone()));
        problems.note(boot_iso);
        problems.note(checked);
        let deploy_iso = problems.note(deploy_iso);
        let Some(bmc) = bmc else {
            return Err(begun.fail(Vec::new(), problems.into_cause()));
        };
        let checked = match deploy_iso {
            Some(deploy_iso) if problems.is_empty() => Ok(deploy_iso),
            _ => Err(problems.into_cause()),
        };
        Ok((NodeWork::new(self, begun, bmc, node), checked))
    }

    /// Checks that the BMC answers, and has what the node needs.
    async fn check_bmc(&self, node: &Node, bmc: &dyn Bmc) -> Result<(), DeployCause> {
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
        Err(invalid(node, "capabilities", what))
    }

    /// Returns the URL of the deploy ISO for the BMC, after checking that a web server serves it.
    async fn reachable_deploy_iso(&self, node: &Node) -> Result<Url, DeployCause> {
        let Some(text) = deploy_iso(node) else {
            let what =
                "missing, expected the URL of the deploy ISO, or its ID in the image service";
            return Err(invalid(node, DEPLOY_ISO_FIELD, what));
        };
        self.reachable_url(node, DEPLOY_ISO_FIELD, text, NamedBy::Operator)
            .await
    }

    /// Checks the boot ISO of the instance, if it boots from one.
    async fn check_boot_iso(&self, node: &Node, reporter: &Reporter) -> Result<(), DeployCause> {
        if !Flow::of(node)?.boots_from_iso(node) {
            return Ok(());
        }
        match self.choose_boot_iso(node, reporter).await? {
            ChosenBootIso::Given(_) => Ok(()),
            ChosenBootIso::ToCreate(request) => {
                Ok(self.media.check_boot_iso(node, *request).await?)
            }
        }
    }

    /// Checks the node's fields that every deployment needs, and reports all faults.
    fn check(&self, node: &Node) -> Result<(), InvalidNode> {
        let mut faults = Vec::new();
        let mut collect = |checked: Result<(), InvalidNode>| {
            faults.extend(checked.err().into_iter().flat_map(|error| error.faults));
        };
        collect(Flow::of(node).map(drop));
        collect(node.validate(HOSTING));
        collect(boot_mode_of(node).map(drop));
        if faults.is_empty() {
            return Ok(());
        }
        Err(InvalidNode {
            node: Some(node.uuid().to_string()),
            faults,
        })
    }
}

/// Everything that is wrong with a node, each thing once.
struct Problems {
    node: InvalidNode,
    causes: Vec<DeployCause>,
}

impl Problems {
    fn new(node: &Node) -> Self {
        Self {
            node: InvalidNode {
                node: Some(node.uuid().to_string()),
                faults: Vec::new(),
            },
            causes: Vec::new(),
        }
    }

    /// Notes the error in `result`, and returns its value if it has none.
    fn note<T>(&mut self, result: Result<T, impl Into<DeployCause>>) -> Option<T> {
        match result.map_err(Into::into) {
            Ok(value) => return Some(value),
            Err(DeployCause::Several(causes)) => {
                for cause in causes {
                    self.note(Err::<(), _>(cause));
                }
            }
            Err(DeployCause::Node(invalid)) => {
                for fault in invalid.faults {
                    if !self
                        .node
                        .faults
                        .iter()
                        .any(|known| known.field == fault.field)
                    {
                        self.node.faults.push(fault);
                    }
                }
            }
            Err(cause) => {
                let text = cause.to_string();
                if !self.causes.iter().any(|known| known.to_string() == text) {
                    self.causes.push(cause);
                }
            }
        }
        None
    }

    fn is_empty(&self) -> bool {
        self.node.faults.is_empty() && self.causes.is_empty()
    }

    fn into_cause(mut self) -> DeployCause {
        if !self.node.faults.is_empty() {
            self.causes.insert(0, DeployCause::Node(self.node));
        }
        DeployCause::all(self.causes)
    }
}

/// Returns the cause of a node whose `field` is invalid.
fn invalid(node: &Node, field: &str, what: &str) -> DeployCause {
    DeployCause::Node(InvalidNode {
        node: Some(node.uuid().to_string()),
        faults: vec![Fault {
            field: field.into(),
            what: what.into(),
        }],
    })
}

/// The field with the deploy ISO, for messages.
const DEPLOY_ISO_FIELD: &str = "driver_info.ilo_deploy_iso";

const NOT_FETCHED: &str = "a path, which a BMC cannot fetch: expected an http:// or https:// URL, \
                           such as that of a copy in http_server_root";

/// Parses the URL in the field `what`, from which a BMC can fetch an image.
pub(super) fn http_url(node: &Node, what: &'static str, text: &str) -> Result<Url, DeployCause> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| invalid(node, what, NOT_FETCHED))
}
