//! What deployments are made of.

use std::path::PathBuf;
use std::sync::Arc;

use super::IloDeploy;
use super::event::Event;
use super::image_service::ImageService;
use super::lock::NodeLock;
use crate::bmc::{Bmc, ConnectError};
use crate::node::Node;
use crate::virtual_media::VirtualMedia;

impl IloDeploy {
    /// Deploys with these virtual media, and with the BMC that `connect` returns for a node.
    ///
    /// `connect` is called at the beginning of each step. It may wait, for a vault with passwords,
    /// for example, and need not reach the BMC yet. The fields of the node that it needs it checks
    /// with [`Node::validate`], so that a step reports them together with the node's other faults.
    ///
    /// ```
    /// # use driver::bmc::Bmc;
    /// # use driver::deploy::IloDeploy;
    /// # use driver::node::{Node, NodeUuid};
    /// # use driver::virtual_media::VirtualMedia;
    /// # async fn password_of(_: NodeUuid) -> std::io::Result<String> { Ok("secret".into()) }
    /// use driver::bmc::{BmcError, Cause, Step};
    ///
    /// # type MyBmc = fn(NodeUuid, String) -> Box<dyn Bmc>;
    /// # fn example(media: VirtualMedia, my_bmc: MyBmc) -> IloDeploy {
    /// IloDeploy::new(media, move |node: &Node| {
    ///     let node = node.uuid();
    ///     async move {
    ///         let password = password_of(node).await;
    ///         let password = password
    ///             .map_err(|error| BmcError::new(node, Step::Connect, Cause::other(error)))?;
    ///         Ok(my_bmc(node, password))
    ///     }
    /// })
    /// # }
    /// ```
    pub fn new<F, C>(media: VirtualMedia, connect: F) -> Self
    where
        F: Fn(&Node) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Box<dyn Bmc>, ConnectError>> + Send + 'static,
    {
        Self {
            media,
            connect: Arc::new(move |node| Box::pin(connect(node))),
            images: None,
            api_url: None,
            parameters: None,
            download_directory: std::env::temp_dir(),
            downloads: None,
            turns: None,
            locks: Arc::default(),
            held: Vec::new(),
            node_lock: None,
            waits_if_busy: false,
            observer: None,
        }
    }

    /// Deploys according to `options`, with BMCs that are controlled through Redfish.
    ///
    /// # Errors
    ///
    /// [`HostSettingsError`](crate::host::HostSettingsError) if the options of the host are
    /// invalid.
    #[cfg(feature = "redfish")]
    pub fn from_options(
        options: &crate::options::Options,
    ) -> Result<Self, crate::host::HostSettingsError> {
        let bmc_options = options.clone();
        let connect = move |node: &Node| {
            let bmc = crate::bmc::Redfish::from_node(node, &bmc_options);
            async { Ok(Box::new(bmc?) as Box<dyn Bmc>) }
        };
        Ok(Self::new(VirtualMedia::from_options(options)?, connect))
    }

    /// Creates and publishes images with these virtual media.
    #[must_use]
    pub fn virtual_media(mut self, media: VirtualMedia) -> Self {
        self.media = media;
        self
    }

    /// Looks up images that a node names by ID in this service.
    #[must_use]
    pub fn image_service(mut self, images: Arc<dyn ImageService>) -> Self {
        self.images = Some(images);
        self
    }

    /// Downloads the images that the nodes of a mass take-over share into this directory, instead
    /// of the one for temporary files (`TMPDIR`, or else `/tmp`). It needs space for the
    /// distinct images of the nodes, and should be on the file system of `http_server_root` if that
    /// shares blocks between files.
    #[must_use]
    pub fn download_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.download_directory = directory.into();
        self
    }

    /// Sets the URL of Ironic's API for deploy ramdisks, instead of that of the options from which
    /// the virtual media were created.
    #[must_use]
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// Adds parameters for a node's deploy ramdisk. They override Ironic's own parameters of the
    /// same name.
    ///
    /// A conductor that takes the node over calls `parameters` again, which must return the same
    /// ones: they may depend only on the node and the configuration.
    #[must_use]
    pub fn parameters<F>(mut self, parameters: F) -> Self
    where
        F: Fn(&Node) -> Vec<(String, String)> + Send + Sync + 'static,
    {
        self.parameters = Some(Arc::new(parameters));
        self
    }

    /// Waits until another step on the same node has ended, instead of failing with
    /// [`DeployCause::Busy`](super::DeployCause::Busy).
    ///
    /// The step then works on the node that it was given, which the other one may have changed:
    /// [`hold`](Self::hold) lets the caller read it again first.
    /// Steps that wait for the same node follow each other in no particular order.
    #[must_use]
    pub fn wait_if_busy(mut self) -> Self {
        self.waits_if_busy = true;
        self
    }

    /// Takes this lock, too, for every step that changes something.
    #[must_use]
    pub fn node_lock(mut self, lock: Arc<dyn NodeLock>) -> Self {
        self.node_lock = Some(lock);
        self
    }

    /// Calls `observer` for everything that happens in a step, on the thread where it happens,
    /// which may be another one than that of the caller. It should return soon: the step waits for
    /// it.
    ///
    /// ```
    /// # use driver::deploy::IloDeploy;
    /// # use driver::node::Node;
    /// # async fn example(ilo: IloDeploy, node: Node) {
    /// // A stream of events, as tasks want it.
    /// let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    /// let ilo = ilo.on_event(move |event| drop(sender.send(event.clone())));
    /// tokio::spawn(async move {
    ///     while let Some(event) = events.recv().await {
    ///         println!("{} {}: {:?}", event.node, event.step, event.kind);
    ///     }
    /// });
    /// # let _ = ilo.deploy(&node).await;
    /// # }
    /// ```
    #[must_use]
    pub fn on_event<F>(mut self, observer: F) -> Self
    where
        F: Fn(&Event) + Send + Sync + 'static,
    {
        self.observer = Some(Arc::new(observer));
        self
    }
}
