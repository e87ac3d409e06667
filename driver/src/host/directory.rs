//! A directory on this machine, for tests of deploy code.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::SystemTime;

use url::Url;

use super::error::HostError;
use super::name::ObjectName;
use super::object::{NewObject, Published, Stored, Swept, Which};
use super::web::{InvalidRoot, WebHost, WebSettings};
use super::{Host, HostFuture};
use crate::http::work::Turns;
use crate::node::{Node, NodeUuid};

/// A directory on this machine, for tests of deploy code. Images get `file://` URLs, which a
/// stand-in for a BMC can read without a web server.
///
/// Otherwise it does what a [`WebHost`] does. [`NewObject::check_served`] has no effect.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use driver::host::{DirectoryHost, Host as _, Kind, NewObject};
/// use driver::node::Node;
///
/// let directory = tempfile::tempdir()?;
/// let host = DirectoryHost::new(directory.path())?;
/// let node = Node::from_json(br#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#)?;
/// let object = NewObject::new(Kind::Floppy, 6, |out| out.write_all(b"floppy"));
/// let published = host.publish(&node, object).await?;
/// let path = published.url.to_file_path().unwrap();
/// assert_eq!(std::fs::read(path)?, b"floppy");
/// # Ok(()) }
/// ```
///
/// # A test of deploy code
///
/// It needs no service: a [`Bmc`](crate::bmc::Bmc) of the test stands for the server and can read
/// the images by their URLs; the deploy ISO is whatever a web server answers.
///
/// ```
/// # use std::collections::HashMap;
/// # use driver::bmc::{BmcFuture, BootMode, Drive, Medium, PowerState};
/// # use driver::url::Url;
/// # type Media = std::sync::Mutex<HashMap<Drive, Url>>;
/// # #[derive(Debug, Clone, Default)]
/// # struct TestBmc(Arc<Media>);
/// # impl TestBmc {
/// #     fn url(&self, drive: Drive) -> Option<Url> {
/// #         self.0.lock().unwrap().get(&drive).cloned()
/// #     }
/// # }
/// # impl Bmc for TestBmc {
/// #     fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
/// #         Box::pin(async move { Ok(self.url(drive).map(|url| Medium::new(Some(url.into())))) })
/// #     }
/// #     fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()> {
/// #         self.0.lock().unwrap().insert(drive, url.clone());
/// #         Box::pin(async { Ok(()) })
/// #     }
/// #     fn eject(&self, drive: Drive) -> BmcFuture<'_, ()> {
/// #         self.0.lock().unwrap().remove(&drive);
/// #         Box::pin(async { Ok(()) })
/// #     }
/// #     fn boot_once(&self, _: Drive, _: Option<BootMode>) -> BmcFuture<'_, ()> {
/// #         Box::pin(async { Ok(()) })
/// #     }
/// #     fn power_state(&self) -> BmcFuture<'_, PowerState> {
/// #         Box::pin(async { Ok(PowerState::Off) })
/// #     }
/// #     fn power(&self, _: Power) -> BmcFuture<'_, ()> {
/// #         Box::pin(async { Ok(()) })
/// #     }
/// # }
/// # async fn serve() -> std::io::Result<String> {
/// #     use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// #     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// #     let url = format!("http://{}/deploy.iso", listener.local_addr()?);
/// #     tokio::spawn(async move {
/// #         while let Ok((mut stream, _)) = listener.accept().await {
/// #             let _ = stream.read(&mut [0; 4096]).await;
/// #             let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx";
/// #             let _ = stream.write_all(answer.as_bytes()).await;
/// #         }
/// #     });
/// #     Ok(url)
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use driver::bmc::{Bmc, Power};
/// use driver::deploy::{Action, IloDeploy};
/// use driver::host::{DirectoryHost, Host as _};
/// use driver::node::Node;
/// use driver::options::Options;
/// use driver::oslo_config::SourceFile;
/// use driver::serde_json::json;
/// use driver::virtual_media::VirtualMedia;
///
/// let text = b"[conductor]\napi_url = http://192.0.2.1:6385\n".into();
/// let options = Options::read(&[SourceFile { path: "test.conf".into(), text }.parse()?], [])?;
/// let directory = tempfile::tempdir()?;
/// let host = Arc::new(DirectoryHost::new(directory.path())?);
/// let media = VirtualMedia::on_host(host.clone(), &options);
///
/// // A server in memory, like that of the documentation of `Bmc`; its clones are one server.
/// let bmc = TestBmc::default();
/// let same = bmc.clone();
/// let ilo = IloDeploy::new(media, move |_: &Node| {
///     let bmc = Box::new(same.clone()) as Box<dyn Bmc>;
///     async { Ok(bmc) }
/// });
///
/// let node = json!({
///     "uuid": "1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
///     "driver": "own",
///     "deploy_interface": "direct",
///     "driver_info": {"ilo_deploy_iso": serve().await?},
/// });
/// let node = Node::from_json(node.to_string().as_bytes())?;
/// let deployed = ilo.deploy(&node).await?;
/// assert_eq!(deployed.done.last(), Some(&Action::Power(Power::On)));
/// let floppy = bmc.url(driver::bmc::Drive::Floppy).unwrap().to_file_path().unwrap();
/// let floppy = String::from_utf8_lossy(&std::fs::read(floppy)?).into_owned();
/// assert!(floppy.contains("ipa-api-url=http://192.0.2.1:6385\n"));
///
/// let ended = ilo.tear_down(&deployed.node).await?;
/// assert_eq!(host.list(node.uuid()).await?, []);
/// assert_eq!(ended.node, node);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct DirectoryHost {
    web: WebHost,
    root: PathBuf,
}

impl DirectoryHost {
    /// Hosts images in `directory`, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// [`InvalidRoot`] if it is not an absolute path.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, InvalidRoot> {
        let root = directory.into();
        Ok(Self {
            web: WebHost::new(WebSettings::new(&root))?,
            root,
        })
    }

    fn file_url(&self, name: &ObjectName) -> Result<Url, HostError> {
        // Fails only for a relative path, which `new` refuses.
        Url::from_file_path(self.root.join(name.to_string()))
            .map_err(|()| HostError::other("find the URL of", name.to_string(), "not a path"))
    }
}

impl Host for DirectoryHost {
    fn publish<'a>(&'a self, node: &'a Node, mut object: NewObject) -> HostFuture<'a, Published> {
        Box::pin(async move {
            object.check_served = false;
            let size = object.size;
            let published = self.web.publish_file(node.uuid(), object).await?;
            let url = self.file_url(published.name())?;
            Ok(Published::new(published.keep(), url, size))
        })
    }

    fn url<'a>(&'a self, _: &'a Node, name: &'a ObjectName) -> HostFuture<'a, Url> {
        Box::pin(async { self.file_url(name) })
    }

    fn list(&self, node: NodeUuid) -> HostFuture<'_, Vec<Stored>> {
        self.web.list(node)
    }

    fn unpublish(&self, node: NodeUuid, which: Which) -> HostFuture<'_, Vec<ObjectName>> {
        self.web.unpublish(node, which)
    }

    fn sweep(&self, living: HashSet<NodeUuid>, as_of: SystemTime) -> HostFuture<'_, Swept> {
        self.web.sweep(living, as_of)
    }

    fn turns(&self) -> Option<&Turns> {
        self.web.turns()
    }
}
