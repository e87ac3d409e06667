//! A server, its conductor, and what they are in before and after each step.

use std::fs;

use driver::deploy::{DeployError, IloDeploy};
use driver::node::Node;
use serde_json::{Value, json};

use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo, State};
use crate::support::in_state;
use crate::support::web::names;

const SYSTEM: &str = "/redfish/v1/Systems/1";

/// A server, and what is deployed on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) generation: Generation,
    /// Whether the instance boots from its boot ISO, or from its disk with secure boot.
    from_iso: bool,
}

/// A call of deploy code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Validate,
    Deploy,
    TakeOver,
    Continue,
    TakeOverActive,
    BootInstance,
    TearDown,
}

/// A step of a run without trouble.
pub(super) struct Stage {
    pub(super) step: Step,
    /// The node before it.
    pub(super) node: Node,
    /// The requests to the BMC, as `METHOD PATH`.
    pub(super) requests: Vec<String>,
    /// How long it took.
    pub(super) seconds: u64,
    before: State,
    files: Vec<(String, Vec<u8>)>,
    after: Value,
}

pub(super) struct World {
    pub(super) ilo: Ilo,
    pub(super) stages: Vec<Stage>,
    conductor: Conductor,
    deploy: IloDeploy,
}

impl Server {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let both = |generation| {
            [true, false].map(|from_iso| Self {
                generation,
                from_iso,
            })
        };
        Generation::ALL.into_iter().flat_map(both)
    }

    /// Whether its boot mode can be changed.
    fn has_modes(self) -> bool {
        self.generation < Generation::Ilo6
    }

    /// Whether its iLO can be set to accept sessions only, and is.
    fn has_only_sessions(self) -> bool {
        let can = [Generation::Ilo5Late, Generation::Ilo7];
        self.from_iso && can.contains(&self.generation)
    }

    fn steps(self) -> &'static [Step] {
        match self.from_iso {
            true => &Step::ALL,
            false => &[Step::Validate, Step::Deploy, Step::Continue, Step::TearDown],
        }
    }

    /// The fields of its node. Where the server has several boot modes, the node wants another one
    /// than the server has.
    fn node(self) -> Value {
        let capabilities = match (self.from_iso, self.has_modes()) {
            (true, true) => "boot_mode:bios",
            (true, false) => "",
            (false, _) => "secure_boot:true",
        };
        let driver = if self.from_iso {
            "iscsi_ilo"
        } else {
            "agent_ilo"
        };
        json!({"driver": driver, "properties": {"capabilities": capabilities}})
    }

    /// A server that runs; its network is the first in the boot order.
    fn start(self) -> Ilo {
        let ilo = Ilo::start(self.generation);
        ilo.state(|state| {
            state.machine.run();
            state.access.basic = !self.has_only_sessions();
            state.set_secure_boot(false);
            for path in state.order_paths() {
                state.edit(path, |found| {
                    let order = found["PersistentBootConfigOrder"].as_array_mut().unwrap();
                    order.sort_by_key(|name| !name.as_str().unwrap().ends_with("IPv4"));
                });
            }
            if !self.from_iso && self.has_modes() {
                state.set_boot_mode("LegacyBios");
            }
        });
        ilo
    }
}

impl World {
    /// Runs all steps without trouble.
    pub(super) async fn record(server: &Server) -> Self {
        let (conductor, ilo) = (Conductor::patient(), server.start());
        let mut node = conductor.node(&ilo, &server.node());
        let mut world = Self {
            deploy: conductor.deploy(),
            conductor,
            ilo,
            stages: Vec::new(),
        };
        for step in server.steps() {
            node = step.before(&node);
            world.ilo.state(|state| state.requests.clear());
            let before = world.ilo.state(|state| state.clone());
            let (files, start) = (world.files(), world.ilo.seconds());
            let done = world.run(*step, &node).await;
            let seconds = world.ilo.seconds() - start;
            let sent = world.ilo.state(|state| state.requests.clone());
            let requests = sent.iter().map(|line| {
                let words: Vec<&str> = line.splitn(3, ' ').take(2).collect();
                words.join(" ")
            });
            let done = done.unwrap_or_else(|error| panic!("{server:?}, {step:?}: {error}"));
            world.stages.push(Stage {
                step: *step,
                node,
                requests: requests.collect(),
                seconds,
                before,
                files,
                after: world.shown(&done),
            });
            node = done;
        }
        assert_eq!(names(world.conductor.www.path()), [""; 0], "{server:?}");
        world
    }

    /// Does a step, and returns the changed node.
    pub(super) async fn run(&self, step: Step, node: &Node) -> Result<Node, String> {
        let deploy = &self.deploy;
        let done = match step {
            Step::Validate => deploy.validate(node).await.map(|()| node.clone()),
            Step::Deploy => deploy.deploy(node).await.map(|done| done.node),
            Step::Continue => {
                let done = deploy.continue_deploy(node, Some("1A-2")).await;
                done.map(|done| done.node)
            }
            Step::BootInstance => deploy.boot_instance(node).await.map(|done| done.node),
            Step::TearDown => deploy.tear_down(node).await.map(|done| done.node),
            Step::TakeOver | Step::TakeOverActive => {
                let taken = deploy.take_over(node).await;
                taken.warning.map_or(Ok(taken.node), Err)
            }
        };
        done.map_err(|error: DeployError| error.to_string())
    }

    /// Makes everything as it was before a step.
    pub(super) fn restore(&self, stage: &Stage) {
        self.ilo.state(|state| *state = stage.before.clone());
        let www = self.conductor.www.path();
        for name in names(www) {
            fs::remove_file(www.join(name)).unwrap();
        }
        for (name, bytes) in &stage.files {
            fs::write(www.join(name), bytes).unwrap();
        }
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let www = self.conductor.www.path();
        let read = |name: String| {
            let bytes = fs::read(www.join(&name)).unwrap();
            (name, bytes)
        };
        names(www).into_iter().map(read).collect()
    }

    /// After a failed step, no image is left that it published.
    pub(super) fn check_withdrawn(&self, stage: &Stage) -> Result<(), String> {
        let known = |name: &String| stage.files.iter().any(|(known, _)| known == name);
        let mut left = names(self.conductor.www.path());
        left.retain(|name| !known(name));
        match left.is_empty() {
            true => Ok(()),
            false => Err(format!("not withdrawn: {left:?}")),
        }
    }

    /// Compares everything with what it was after the step without trouble.
    pub(super) fn compare(&self, stage: &Stage, node: &Node) -> Result<(), String> {
        let found = self.shown(node);
        let expected = stage.after.as_object().unwrap();
        let differing = expected.iter().find(|(key, value)| found[*key] != **value);
        match differing {
            None => Ok(()),
            Some((key, value)) => Err(format!("{key}: {}, not {value}", found[key])),
        }
    }

    /// Everything that a step changes, once the server has booted. Random names of images are left
    /// out.
    fn shown(&self, node: &Node) -> Value {
        let boots = self.ilo.boots();
        let state = self.ilo.state(|state| state.clone());
        let content = |path: &str| state.content(path).unwrap();
        let [_, order] = state.order_paths();
        let cd = &state.drives[1];
        let mut node = json!(node);
        if let Some(info) = node["instance_info"].as_object_mut() {
            info.remove("deploy_key");
        }
        let shown = json!({
            "node": node,
            "files": names(self.conductor.www.path()),
            "floppy": state.drives[0].image,
            "cd": cd.image,
            "power": state.machine.power_state(state.now(), state.generation),
            "last boot": boots.last(),
            "next boot": state.override_enabled != "Disabled" || cd.boot_on_next_reset,
            "UEFI": state.is_uefi(),
            "secure boot": content(&format!("{SYSTEM}/SecureBoot")),
            "order": content(order)["PersistentBootConfigOrder"],
            "pending": state.pending,
        });
        let mut text = shown.to_string();
        for name in names(self.conductor.www.path()) {
            let kind = name.split('-').next().unwrap();
            text = text.replace(&name, kind);
        }
        serde_json::from_str(&text).unwrap()
    }
}

impl Step {
    pub(super) const ALL: [Self; 7] = [
        Self::Validate,
        Self::Deploy,
        Self::TakeOver,
        Self::Continue,
        Self::TakeOverActive,
        Self::BootInstance,
        Self::TearDown,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Deploy => "deploy",
            Self::TakeOver => "take-over",
            Self::Continue => "continue",
            Self::TakeOverActive => "take-over (active)",
            Self::BootInstance => "boot",
            Self::TearDown => "tear-down",
        }
    }

    /// The node as Ironic passes it to this step.
    fn before(self, node: &Node) -> Node {
        match self {
            Self::TakeOver => in_state(node, "wait call-back"),
            Self::TakeOverActive => in_state(node, "active"),
            Self::TearDown => in_state(node, "deleting"),
            _ => node.clone(),
        }
    }
}
