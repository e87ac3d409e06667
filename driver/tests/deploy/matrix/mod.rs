//! The whole flows with every refusal at every request of them, once and for ever.
//!
//! The requests are those of a run without trouble. At each of them there is one message of each
//! kind, the next one in turn, and when a resource is read again and again, the next kind. All of
//! these cases are run with the servers of an iLO 5 2.72, which give the table in
//! `docs/driver-bmc.md`; of those of the other iLOs, every [`SAMPLE`]th. With `ILO_MATRIX=kinds`
//! all are run with each iLO, some 15,000 cases, and with `ILO_MATRIX=messages` every message at
//! each request, some 100,000.
//!
//! Debian package: nginx-light.

mod table;
mod world;

use std::thread;
use std::time::Duration;

use self::table::{Class, Key, Table};
use self::world::{Server, Stage, World};
use crate::support::UUID;
use crate::support::ilo::refusals::{End, Injected, MESSAGES, Place};
use crate::support::ilo::{Generation, Ilo, PASSWORD, Trouble};

/// A prime, so that a sample has every kind of trouble at every request of some server.
const SAMPLE: usize = 13;

/// The iLO whose cases are in the documentation.
const DOCUMENTED: Generation = Generation::Ilo5;

/// The number of equal GETs that get trouble of each kind.
const REPEATED: usize = 3;

/// How much longer than without trouble a step may take: ten minutes for a shutdown, and the
/// deadlines of what follows.
const LONGER: u64 = 1000;

#[test]
fn every_flow_ends_well_or_with_an_error_and_can_be_repeated() {
    let wanted = std::env::var("ILO_MATRIX");
    let (sample, every_message) = match wanted.as_deref() {
        Err(_) => (SAMPLE, false),
        Ok("kinds") => (1, false),
        Ok("messages") => (1, true),
        Ok(other) => panic!("expected kinds or messages, got ILO_MATRIX={other}"),
    };
    let results = thread::scope(|scope| {
        let started: Vec<_> = Server::all()
            .map(|server| {
                let sample = match server.generation == DOCUMENTED {
                    true => 1,
                    false => sample,
                };
                scope.spawn(move || check_server(&server, sample, every_message))
            })
            .collect();
        let ended = started.into_iter().map(|thread| thread.join().unwrap());
        ended.collect::<Vec<_>>()
    });
    let mut all = Results::default();
    for part in results {
        all.table.add(part.table);
        all.cases += part.cases;
        all.missed += part.missed;
        all.faults.extend(part.faults);
    }
    let Results {
        table,
        cases,
        missed,
        faults,
    } = all;
    println!("{table}");
    println!("{cases} cases, {missed} of which without trouble");
    assert!(
        missed * 20 <= cases,
        "{missed} of {cases} cases had no trouble"
    );
    assert!(
        faults.is_empty(),
        "{} are wrong:\n{}",
        faults.len(),
        faults.join("\n")
    );
    if !every_message {
        table.assert_documented();
    }
}

/// What came of the cases.
#[derive(Default)]
struct Results {
    table: Table,
    cases: usize,
    /// The number of those whose request was not sent: the run without trouble took another moment
    /// longer, and polled once more.
    missed: usize,
    /// What was wrong.
    faults: Vec<String>,
}

/// Runs every `sample`th case of a server.
fn check_server(server: &Server, sample: usize, every_message: bool) -> Results {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::record(server).await;
        let mut results = Results::default();
        let stages = world.stages.iter();
        let cases = stages.flat_map(|stage| cases(server, stage, every_message));
        for case in cases.step_by(sample) {
            results.cases += 1;
            match case.check(&world).await {
                Ok(Some(end)) if server.generation == DOCUMENTED => {
                    results.table.note(case.key(), case.always, end);
                }
                Ok(Some(_)) => {}
                Ok(None) => results.missed += 1,
                Err(fault) => {
                    let fault = format!("{server:?}: {}: {fault}", case.name());
                    println!("{fault}");
                    results.faults.push(fault);
                }
            }
        }
        results
    })
}

/// Trouble at one request of a step.
struct Case<'w> {
    stage: &'w Stage,
    /// The request, as `METHOD PATH`.
    request: &'w str,
    /// The number of equal requests before it.
    nth: usize,
    trouble: Trouble,
    always: bool,
}

/// Returns the cases of a step: each trouble, or the next one of each kind, at each request, once
/// and for ever.
fn cases<'w>(server: &Server, stage: &'w Stage, every_message: bool) -> Vec<Case<'w>> {
    let kinds = kinds_of_trouble(server);
    let mut cases = Vec::new();
    for (index, request) in stage.requests.iter().enumerate() {
        // Of a state that is polled, the first ones are enough.
        let before = &stage.requests[..index];
        if before.len() >= 2 && before[index - 2..].iter().all(|one| one == request) {
            continue;
        }
        let nth = before.iter().filter(|one| *one == request).count();
        // The same in each run, however often a state is polled.
        let turn = nth + request.len();
        let kinds = match nth < REPEATED || !request.starts_with("GET") || every_message {
            true => &kinds[..],
            false => std::slice::from_ref(&kinds[turn % kinds.len()]),
        };
        for kind in kinds {
            let troubles = match every_message {
                true => &kind[..],
                false => std::slice::from_ref(&kind[turn % kind.len()]),
            };
            // A session is closed when all work is done: media that are lost then stay lost.
            let is_too_late = |trouble: &Trouble| {
                request.starts_with("DELETE") && matches!(trouble, Trouble::Restarts(_))
            };
            let troubles = troubles.iter().filter(|one| !is_too_late(one));
            for (trouble, always) in troubles.flat_map(|one| [(one, false), (one, true)]) {
                cases.push(Case {
                    stage,
                    request,
                    nth,
                    trouble: trouble.clone(),
                    always,
                });
            }
        }
    }
    cases
}

/// Returns all trouble that a server's iLO can make, by kind.
fn kinds_of_trouble(server: &Server) -> Vec<Vec<Trouble>> {
    let has = |message: &&str| Ilo::has_message(server.generation, message);
    let refusals = MESSAGES.into_iter().filter(has).map(Trouble::Refused);
    let all: Vec<Trouble> = refusals
        .chain([
            Trouble::Dropped,
            Trouble::DroppedAfterwards,
            Trouble::RetryAfter(20),
            Trouble::Restarts(Duration::from_secs(30)),
            Trouble::RestartsAfterwards(Duration::from_secs(30)),
        ])
        .collect();
    let of = |kind| {
        let all = all.iter().filter(|one| Class::of(one) == kind);
        all.cloned().collect()
    };
    Class::ALL.into_iter().map(|(kind, _)| of(kind)).collect()
}

impl Case<'_> {
    fn name(&self) -> String {
        let times = if self.always { "for ever" } else { "once" };
        format!(
            "{:?}, {} ({}), {:?}, {times}",
            self.stage.step, self.request, self.nth, self.trouble
        )
    }

    fn key(&self) -> Key {
        Key::new(self.stage.step, self.request, Class::of(&self.trouble))
    }

    /// Runs the step with the trouble and, if it fails, without; the result must be that of a run
    /// without trouble. Returns `None` if the request was not sent.
    async fn check(&self, world: &World) -> Result<Option<End>, String> {
        let (stage, ilo) = (self.stage, &world.ilo);
        let times = if self.always { usize::MAX } else { 1 };
        world.restore(stage);
        ilo.inject(Injected {
            at: Place::Exactly(self.request.to_owned()),
            skip: self.nth,
            trouble: self.trouble.clone(),
            left: times,
        });
        let start = ilo.seconds();
        let done = world.run(stage.step, &stage.node).await;
        let took = ilo.seconds() - start;
        if took > stage.seconds + LONGER {
            return Err(format!("{took} s"));
        }
        let left = ilo.state(|state| state.troubles[0].left);
        if left == times {
            world.compare(stage, &done?)?;
            return Ok(None);
        }
        ilo.repair();
        let node = match done {
            Ok(node) => {
                world.compare(stage, &node)?;
                return Ok(Some(End::Done));
            }
            Err(error) => {
                self.check_error(&error)?;
                world.check_withdrawn(stage)?;
                ilo.wait(300);
                let again = world.run(stage.step, &stage.node).await;
                again.map_err(|again| format!("{error}: cannot be repeated: {again}"))?
            }
        };
        world
            .compare(stage, &node)
            .map_err(|fault| format!("repeated: {fault}"))?;
        Ok(Some(End::Error))
    }

    /// The error names the node, the step and the message, and no secret.
    fn check_error(&self, error: &str) -> Result<(), String> {
        let names = match self.trouble {
            Trouble::Refused(message) => error.contains(message),
            _ => true,
        };
        let starts = error.starts_with(&format!("node {UUID}: cannot "));
        match names && starts && !error.contains(PASSWORD) {
            true => Ok(()),
            false => Err(error.to_owned()),
        }
    }
}
