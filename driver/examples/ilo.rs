//! Creates, hosts and removes a node's virtual media, and deploys nodes with it, as deploy code
//! would with this library.
//!
//! Each command prints one JSON object. Pass its node back to Ironic, or on to the next
//! command.
//!
//! ```text
//! ilo floppy    --config-file ironic.conf --node node.json --param nonce=4711
//! ilo boot-iso  --config-file ironic.conf --node node.json --kernel vmlinuz --ramdisk initrd
//! ilo clean-up  --config-file ironic.conf --node node.json
//! ```
//!
//! Progress and warnings go to standard error; `RUST_LOG=driver=debug` shows each request.
//!
//! These commands also use the node's BMC:
//!
//! ```text
//! ilo validate  --config-file ironic.conf --node node.json
//! ilo deploy    --config-file ironic.conf --node node.json --param nonce=4711
//! ilo continue  --config-file ironic.conf --node node.json --root-uuid 6fd0a1c2-…
//! ilo take-over --config-file ironic.conf --node node.json --param nonce=4711
//! ilo tear-down --config-file ironic.conf --node node.json
//! ```
//!
//! These change single settings of the server, from its next start on:
//!
//! ```text
//! ilo boot-disk   --config-file ironic.conf --node node.json
//! ilo boot-mode   --config-file ironic.conf --node node.json uefi
//! ilo secure-boot --config-file ironic.conf --node node.json on
//! ```

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
#[cfg(feature = "redfish")]
use driver::bmc::{Bmc, BmcError, Redfish};
#[cfg(feature = "redfish")]
use driver::deploy::{Action, IloDeploy, Outcome};
use driver::image::Floppy;
use driver::node::Node;
use driver::options::Options;
use driver::virtual_media::{BootIsoRequest, BootMode, Uefi, VirtualMedia};
use env_logger::Env;
use serde_json::{Value, json};

/// Creates, hosts and removes the images that a node's iLO boots from, and deploys nodes with them.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publishes a floppy with parameters.
    Floppy {
        #[command(flatten)]
        common: Common,
        /// A line of parameters.txt.
        #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
        params: Vec<(String, String)>,
    },
    /// Publishes a boot ISO and records it in the node.
    BootIso {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        iso: Iso,
    },
    /// Removes every image of the node.
    CleanUp {
        #[command(flatten)]
        common: Common,
    },
    /// Checks everything that a deployment of the node needs, and changes nothing.
    #[cfg(feature = "redfish")]
    Validate {
        #[command(flatten)]
        common: Common,
    },
    /// Boots the node's deploy ISO, with Ironic's parameters on a floppy.
    #[cfg(feature = "redfish")]
    Deploy {
        #[command(flatten)]
        common: Common,
        /// A further line of parameters.txt.
        #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
        params: Vec<(String, String)>,
    },
    /// Boots the node's instance, once its image is on the disk.
    #[cfg(feature = "redfish")]
    Continue {
        #[command(flatten)]
        common: Common,
        /// The UUID of the root file system.
        #[arg(long, value_name = "UUID")]
        root_uuid: Option<String>,
    },
    /// Takes over a node of a dead conductor. A failure is only a warning.
    #[cfg(feature = "redfish")]
    TakeOver {
        #[command(flatten)]
        common: Common,
        /// A further line of parameters.txt, as given to `deploy`.
        #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
        params: Vec<(String, String)>,
    },
    /// Switches the node off, empties its drives and removes its images.
    #[cfg(feature = "redfish")]
    TearDown {
        #[command(flatten)]
        common: Common,
    },
    /// Puts the disks before the network in the server's boot order.
    #[cfg(feature = "redfish")]
    BootDisk {
        #[command(flatten)]
        common: Common,
    },
    /// Shows the server's boot mode, or sets it.
    #[cfg(feature = "redfish")]
    BootMode {
        #[command(flatten)]
        common: Common,
        /// bios or uefi.
        mode: Option<BootMode>,
    },
    /// Shows whether secure boot is on, or switches it.
    #[cfg(feature = "redfish")]
    SecureBoot {
        #[command(flatten)]
        common: Common,
        /// on or off.
        #[arg(value_parser = ["on", "off"])]
        state: Option<String>,
    },
}

#[derive(Args)]
struct Common {
    /// A configuration file of Ironic; later ones take precedence.
    #[arg(long, value_name = "FILE", required = true)]
    config_file: Vec<PathBuf>,
    /// The node, as Ironic's API returns it.
    #[arg(long, value_name = "FILE")]
    node: PathBuf,
    /// Check that the web server serves each image, and withdraw it otherwise.
    #[arg(long)]
    check_served: bool,
}

/// Each REF is a path, or a file://, http:// or https:// URL.
#[derive(Args)]
struct Iso {
    /// The kernel.
    #[arg(long, value_name = "REF")]
    kernel: String,
    /// The ramdisk.
    #[arg(long, value_name = "REF")]
    ramdisk: String,
    /// A deploy ISO with the boot loader for UEFI.
    #[arg(long, value_name = "REF", conflicts_with = "esp")]
    deploy_iso: Option<String>,
    /// An EFI system partition image with the boot loader for UEFI.
    #[arg(long, value_name = "REF")]
    esp: Option<String>,
    /// Boot only in this mode, bios or uefi. Otherwise in both, if both boot loaders are available.
    #[arg(long, value_name = "MODE")]
    boot_mode: Option<BootMode>,
    /// The UUID of the root file system.
    #[arg(long, value_name = "UUID")]
    root_uuid: Option<String>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

impl Common {
    fn read(&self) -> Result<(VirtualMedia, Node), Box<dyn Error>> {
        let (options, node) = self.read_options()?;
        Ok((self.media(&options)?, node))
    }

    fn media(&self, options: &Options) -> Result<VirtualMedia, Box<dyn Error>> {
        let media = VirtualMedia::from_options(options)?;
        Ok(if self.check_served {
            media.check_served()
        } else {
            media
        })
    }

    #[cfg(feature = "redfish")]
    fn read_deploy(
        &self,
        params: Vec<(String, String)>,
    ) -> Result<(IloDeploy, Node), Box<dyn Error>> {
        let (options, node) = self.read_options()?;
        let media = self.media(&options)?;
        let deploy = IloDeploy::from_options(&options)?.virtual_media(media);
        Ok((deploy.parameters(move |_| params.clone()), node))
    }

    #[cfg(feature = "redfish")]
    fn bmc(&self) -> Result<Redfish, Box<dyn Error>> {
        let (options, node) = self.read_options()?;
        Ok(Redfish::from_node(&node, &options)?)
    }

    fn read_options(&self) -> Result<(Options, Node), Box<dyn Error>> {
        let options = Options::load(&self.config_file)?;
        let text =
            std::fs::read(&self.node).map_err(|e| format!("{}: {e}", self.node.display()))?;
        let node = Node::from_json(&text).map_err(|e| format!("{}: {e}", self.node.display()))?;
        Ok((options, node))
    }
}

impl Iso {
    fn request(self) -> BootIsoRequest {
        let mut request = BootIsoRequest::new(self.kernel, self.ramdisk);
        let uefi = self.deploy_iso.map(|iso| Uefi::DeployIso(iso.into()));
        if let Some(uefi) = uefi.or(self.esp.map(|esp| Uefi::EspImage(esp.into()))) {
            request = request.uefi(uefi);
        }
        if let Some(mode) = self.boot_mode {
            request = request.boot_mode(mode);
        }
        if let Some(uuid) = self.root_uuid {
            request = request.root_uuid(uuid);
        }
        request
    }
}

async fn run(command: Command) -> Result<Value, Box<dyn Error>> {
    Ok(match command {
        Command::Floppy { common, params } => {
            let (media, node) = common.read()?;
            let floppy = Floppy::new().parameters(params);
            let published = media.publish_floppy(&node, floppy).await?;
            json!({"floppy_url": published.url.as_str(), "node": node})
        }
        Command::BootIso { common, iso } => {
            let (media, mut node) = common.read()?;
            let published = media.publish_boot_iso(&mut node, iso.request()).await?;
            json!({"boot_iso_url": published.url.as_str(), "node": node})
        }
        Command::CleanUp { common } => {
            let (media, mut node) = common.read()?;
            let removed = media.clean_up(&mut node).await?;
            let removed: Vec<String> = removed.iter().map(ToString::to_string).collect();
            json!({"removed": removed, "node": node})
        }
        #[cfg(feature = "redfish")]
        Command::Validate { common } => {
            let (deploy, node) = common.read_deploy(Vec::new())?;
            deploy.validate(&node).await?;
            json!({"valid": true})
        }
        #[cfg(feature = "redfish")]
        Command::Deploy { common, params } => {
            let (deploy, node) = common.read_deploy(params)?;
            outcome(&deploy.deploy(&node).await?)
        }
        #[cfg(feature = "redfish")]
        Command::Continue { common, root_uuid } => {
            let (deploy, node) = common.read_deploy(Vec::new())?;
            outcome(&deploy.continue_deploy(&node, root_uuid.as_deref()).await?)
        }
        #[cfg(feature = "redfish")]
        Command::TakeOver { common, params } => {
            let (deploy, node) = common.read_deploy(params)?;
            let taken = deploy.take_over(&node).await;
            let warning = taken.warning.map(|error| error.to_string());
            json!({"done": texts(&taken.done), "warning": warning, "node": taken.node})
        }
        #[cfg(feature = "redfish")]
        Command::TearDown { common } => {
            let (deploy, node) = common.read_deploy(Vec::new())?;
            outcome(&deploy.tear_down(&node).await?)
        }
        #[cfg(feature = "redfish")]
        Command::BootDisk { common } => on_bmc(&common, boot_from_disk).await?,
        #[cfg(feature = "redfish")]
        Command::BootMode { common, mode } => {
            on_bmc(&common, async |bmc| boot_mode(bmc, mode).await).await?
        }
        #[cfg(feature = "redfish")]
        Command::SecureBoot { common, state } => {
            on_bmc(&common, async |bmc| secure_boot(bmc, state).await).await?
        }
    })
}

/// Does something with the node's BMC, and returns what it reported.
#[cfg(feature = "redfish")]
async fn on_bmc<T: Into<Value>>(
    common: &Common,
    work: impl AsyncFnOnce(&Redfish) -> Result<T, BmcError>,
) -> Result<Value, Box<dyn Error>> {
    let bmc = common.bmc()?;
    let reported = work(&bmc).await;
    bmc.close().await?;
    Ok(json!({"reported": reported?.into()}))
}

#[cfg(feature = "redfish")]
async fn boot_from_disk(bmc: &Redfish) -> Result<bool, BmcError> {
    bmc.boot_from_disk().await
}

/// Sets the boot mode if one is given, and returns what the BMC reports.
#[cfg(feature = "redfish")]
async fn boot_mode(bmc: &Redfish, mode: Option<BootMode>) -> Result<Option<String>, BmcError> {
    if let Some(mode) = mode {
        bmc.set_boot_mode(mode).await?;
    }
    Ok(bmc.boot_mode().await?.map(|mode| mode.to_string()))
}

/// Switches secure boot if a state is given, and returns what the BMC reports.
#[cfg(feature = "redfish")]
async fn secure_boot(bmc: &Redfish, state: Option<String>) -> Result<Option<bool>, BmcError> {
    if let Some(state) = state {
        bmc.set_secure_boot(state == "on").await?;
    }
    bmc.secure_boot().await
}

#[cfg(feature = "redfish")]
fn outcome(outcome: &Outcome) -> Value {
    json!({"done": texts(&outcome.done), "node": &outcome.node})
}

#[cfg(feature = "redfish")]
fn texts(actions: &[Action]) -> Vec<String> {
    actions.iter().map(ToString::to_string).collect()
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    env_logger::Builder::from_env(Env::default().default_filter_or("driver=info"))
        .format(|out, record| {
            let level = record.level().to_string().to_lowercase();
            writeln!(out, "ilo: {level}: {}", record.args())
        })
        .init();
    match run(cli.command).await {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ilo: error: {error}");
            ExitCode::FAILURE
        }
    }
}
