//! A small service that deploys servers without Ironic: it watches a directory of node files, and
//! does what their provision states ask for.
//!
//! ```text
//! service --config-file ironic.conf --nodes /var/lib/service/nodes
//! ```
//!
//! Each file `NAME.json` is a node as Ironic's API returns it. Other programs write them, whole and
//! under a temporary name first, and set their `provision_state`:
//!
//! - `deploying`: the deploy ISO is booted. The node is then in `wait call-back`.
//! - `deploying`, with `driver_internal_info.agent_url`: the ramdisk has written the image to the
//!   disk, and the instance is booted. The node is then `active`.
//! - `deleting`: the server is switched off, and its images are removed. The node is then
//!   `available`.
//!
//! A step that fails leaves the node in `deploy failed` or `error`, with the reason in
//! `last_error`. At its start, the service takes over what another one left in `wait call-back` or
//! `active`. Several services may watch one directory: a lock file for each node tells them apart.
//!
//! Progress goes to standard output, warnings to standard error. On SIGTERM or SIGINT the service
//! begins nothing new, and ends once the steps in progress have.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use driver::deploy::{
    DeployCause, DeployError, DeployStep, Event, EventKind, IloDeploy, LockFuture, LockGuard,
    NodeLock, TakeOver,
};
use driver::node::{Node, NodeUuid, ProvisionState, Section};
use driver::options::Options;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

/// Deploys the servers whose nodes are in a directory.
#[derive(Parser)]
struct Cli {
    /// A configuration file of Ironic; later ones take precedence.
    #[arg(long, value_name = "FILE", required = true)]
    config_file: Vec<PathBuf>,
    /// The directory of node files.
    #[arg(long, value_name = "DIR")]
    nodes: PathBuf,
    /// How often the directory is read, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    interval: u64,
}

/// The directory of node files, and of the lock files beside them.
#[derive(Debug, Clone)]
struct Directory(PathBuf);

impl Directory {
    /// Reads all nodes. A file that is no node is left alone, and reported unless it is `known`.
    fn nodes(&self, known: &mut HashSet<PathBuf>) -> io::Result<Vec<(PathBuf, Node)>> {
        let mut nodes = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match Self::read(&path) {
                Ok(node) => {
                    known.remove(&path);
                    nodes.push((path, node));
                }
                Err(error) if known.insert(path.clone()) => {
                    log::warn!("{}: {error}", path.display());
                }
                Err(_) => {}
            }
        }
        Ok(nodes)
    }

    fn read(path: &Path) -> Result<Node, Box<dyn Error>> {
        Ok(Node::from_json(&fs::read(path)?)?)
    }

    /// Replaces a node's file, so that nobody reads half of it.
    fn write(path: &Path, node: &Node) -> io::Result<()> {
        let temporary = path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(node.to_json().as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    }
}

impl NodeLock for Directory {
    fn lock(&self, node: NodeUuid, _: DeployStep) -> LockFuture<'_> {
        Box::pin(async move {
            let file = File::create(self.0.join(format!("{node}.lock")))?;
            file.try_lock()?;
            Ok(Box::new(file) as LockGuard)
        })
    }
}

/// The service: what it deploys with, and the nodes.
#[derive(Debug, Clone)]
struct Service {
    ilo: IloDeploy,
    directory: Directory,
}

impl Service {
    fn new(cli: &Cli) -> Result<Self, Box<dyn Error>> {
        let options = Options::load(&cli.config_file)?;
        let directory = Directory(cli.nodes.clone());
        let ilo = IloDeploy::from_options(&options)?
            .node_lock(Arc::new(directory.clone()))
            .on_event(show);
        Ok(Self { ilo, directory })
    }

    /// Takes over the nodes of a service that has ended.
    async fn take_over(&self) -> io::Result<()> {
        let nodes = self.directory.nodes(&mut HashSet::new())?;
        let read: HashMap<NodeUuid, (PathBuf, Node)> = nodes
            .iter()
            .map(|(path, node)| (node.uuid(), (path.clone(), node.clone())))
            .collect();
        let taken_over = |TakeOver { node, warning, .. }: TakeOver| {
            let (path, before) = &read[&node.uuid()];
            // A failure was logged, and the node is unchanged.
            if warning.is_some() || node == *before {
                return;
            }
            // It is still locked. What another service changed before that is newer.
            if Directory::read(path).is_ok_and(|stored| stored != *before) {
                log::warn!("node {}: it has changed meanwhile", node.uuid());
            } else if let Err(error) = Directory::write(path, &node) {
                log::warn!("node {}: cannot store it: {error}", node.uuid());
            }
        };
        let nodes = nodes.into_iter().map(|(_, node)| node);
        let at_once = NonZeroUsize::MIN.saturating_add(7);
        let summary = self.ilo.take_over_all(nodes, at_once, taken_over).await;
        say(&format!(
            "took over: {} changed, {} unchanged, {} failed",
            summary.changed, summary.unchanged, summary.failed
        ));
        Ok(())
    }

    /// Does what the nodes' states ask for, until a signal arrives.
    async fn watch(&self, interval: Duration, stop: &mut Stop) -> io::Result<()> {
        let mut ticks = tokio::time::interval(interval);
        let mut working = JoinSet::new();
        let (mut busy, mut unreadable) = (HashSet::new(), HashSet::new());
        loop {
            tokio::select! {
                () = stop.wait() => break,
                Some(ended) = working.join_next() => match ended {
                    Ok(node) => {
                        busy.remove(&node);
                    }
                    Err(error) => log::error!("a step ended early: {error}"),
                },
                _ = ticks.tick() => for (path, node) in self.directory.nodes(&mut unreadable)? {
                    if let Some(step) = due(&node) && busy.insert(node.uuid()) {
                        let service = self.clone();
                        working.spawn(async move {
                            service.work(&path, node.uuid(), step).await;
                            node.uuid()
                        });
                    }
                },
            }
        }
        say(&format!("stopping: {} steps in progress", working.len()));
        working.join_all().await;
        Ok(())
    }

    /// Does the step that was due for a node, and stores the changed node.
    async fn work(&self, path: &Path, uuid: NodeUuid, step: DeployStep) {
        // Until the node is stored, so that no other service finds it as it was before the step.
        let ilo = match self.ilo.hold(uuid, step).await {
            Ok(ilo) => ilo,
            Err(error) => return not_locked(&error),
        };
        let mut node = match Directory::read(path) {
            // Another service may have done it meanwhile.
            Ok(node) if node.uuid() == uuid && due(&node) == Some(step) => node,
            _ => return,
        };
        let done = match step {
            DeployStep::Deploy => ilo.deploy(&node).await,
            DeployStep::ContinueDeploy => ilo.continue_deploy(&node, None).await,
            _ => ilo.tear_down(&node).await,
        };
        let state = match done {
            Ok(outcome) => {
                node = outcome.node;
                match step {
                    DeployStep::Deploy => ProvisionState::WaitCallBack,
                    DeployStep::ContinueDeploy => ProvisionState::Active,
                    _ => ProvisionState::Available,
                }
            }
            Err(error) => {
                // Any value is valid for this field.
                let _ = node.set_field("last_error", error.to_string());
                match step {
                    DeployStep::Deploy | DeployStep::ContinueDeploy => "deploy failed".into(),
                    _ => "error".into(),
                }
            }
        };
        node.remove(Section::DriverInternalInfo, "agent_url");
        say(&format!("{uuid} is {state}"));
        node.set_provision_state(state);
        if let Err(error) = Directory::write(path, &node) {
            log::error!(
                "node {uuid}: cannot store it in {}: {error}",
                path.display()
            );
        }
    }
}

/// Logs why a node could not be locked, unless another service works on it.
fn not_locked(error: &DeployError) {
    let cause = match &*error.cause {
        DeployCause::Lock { cause, .. } => cause.downcast_ref(),
        _ => None,
    };
    if !matches!(cause, Some(TryLockError::WouldBlock)) {
        log::error!("{error}");
    }
}

/// Returns the step that a node's state asks for.
fn due(node: &Node) -> Option<DeployStep> {
    match node.provision_state()? {
        ProvisionState::Deploying => match node.text(Section::DriverInternalInfo, "agent_url") {
            None => Some(DeployStep::Deploy),
            Some(_) => Some(DeployStep::ContinueDeploy),
        },
        ProvisionState::Deleting => Some(DeployStep::TearDown),
        _ => None,
    }
}

/// Shows what happens in a step.
fn show(event: &Event) {
    let what = match &event.kind {
        EventKind::Image { kind, done, total } => {
            format!("{kind}: {} %", done * 100 / total.max(&1))
        }
        EventKind::Download { name, done, total } => {
            format!("{name}: {} %", done * 100 / total.max(&1))
        }
        EventKind::Done(action) => action.to_string(),
        EventKind::Failed { reason } => format!("failed: {reason}"),
        _ => return,
    };
    say(&format!("{} {}: {what}", event.node, event.step));
}

/// Prints a line of progress. If nobody reads it any more, the service goes on.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The signals that end the service.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let mut stop = Stop::new()?;
    let service = Service::new(cli)?;
    // Dropping the future leaves the rest of the nodes as they are.
    tokio::select! {
        () = stop.wait() => return Ok(()),
        taken_over = service.take_over() => taken_over?,
    }
    let interval = Duration::from_millis(cli.interval.max(1));
    Ok(service.watch(interval, &mut stop).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    match run(&Cli::parse()).await {
        Ok(()) => {
            say("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
