//! Bringing a resource of the BMC into a state.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::super::error::Cause;
use super::Redfish;
use super::client::{Failure, Refused};
use super::messages::Meaning;
use super::request::Request;
use super::retry::Retry;

/// Returns the requests that bring a resource from its state into another.
type Requests<'g, T> = dyn Fn(&T, usize) -> Result<Vec<Request>, Cause> + Sync + 'g;

/// A state that a resource shall have, and how.
pub(super) struct Goal<'g, T> {
    /// The path of the resource.
    pub(super) path: &'g str,
    /// How long the BMC may take to accept a request, and then to report the state.
    pub(super) limit: Duration,
    /// The interval at which the resource is read after a request was accepted; `None` if it is
    /// read only once.
    pub(super) interval: Option<Duration>,
    /// Whether it is in this state.
    pub(super) is_reached: &'g (dyn Fn(&T) -> bool + Sync),
    /// Returns the possible requests, the preferred one first, after this number of tries. If there
    /// are none, the state is on its way.
    pub(super) requests: &'g Requests<'g, T>,
}

/// Why a resource is not in the state.
pub(super) enum Missed<T> {
    /// The BMC refuses all requests, for reasons that do not pass.
    Refused(Vec<Refused>),
    /// The BMC accepted a request, but reports another state.
    Reported { state: T, seconds: u64 },
    /// Another reason.
    Failed(Cause),
}

impl<T> From<Cause> for Missed<T> {
    fn from(cause: Cause) -> Self {
        Self::Failed(cause)
    }
}

/// What came of trying each request.
enum Round {
    Accepted,
    /// The BMC says that it already is in the state.
    AlreadySo(Refused),
    /// To be tried again.
    Again(Failure),
    Refused(Vec<Refused>),
}

impl Redfish {
    /// Brings a resource into a state, and returns the resource.
    ///
    /// The state is read before each request, and after one without a response, which may have been
    /// done. What passes by itself is tried again until the deadline.
    pub(super) async fn reach<T>(&self, goal: Goal<'_, T>) -> Result<T, Missed<T>>
    where
        T: DeserializeOwned + Send + Sync,
    {
        let mut retry = self.client.retry(goal.limit);
        let (mut accepted, mut tries) = (false, 0);
        let (mut refused, mut contradicted) = (None, None);
        loop {
            let state: T = self.client.get(goal.path).await?;
            if (goal.is_reached)(&state) {
                return Ok(state);
            }
            // Judged after the state: one of several requests may have been done all the same.
            if let Some(refused) = refused {
                return Err(Missed::Refused(refused));
            }
            let requests = match accepted {
                true => Vec::new(),
                false => (goal.requests)(&state, tries)?,
            };
            if requests.is_empty() {
                let again = match goal.interval {
                    Some(interval) => retry.poll(interval).await,
                    None => false,
                };
                if !again {
                    if let Some(refusal) = contradicted {
                        return Err(Missed::Refused(vec![refusal]));
                    }
                    let seconds = retry.seconds();
                    return Err(Missed::Reported { state, seconds });
                }
                continue;
            }
            tries += 1;
            match self.round(requests).await? {
                // The state is read at once, and has as much time to change as the BMC had to
                // accept the request.
                Round::Accepted => {
                    accepted = true;
                    retry = self.client.retry(goal.limit);
                }
                Round::AlreadySo(refusal) => (accepted, contradicted) = (true, Some(refusal)),
                Round::Refused(all) => refused = Some(all),
                Round::Again(failure) => {
                    let asked = match &failure {
                        Failure::Refused(refused) => refused.asked_pause,
                        _ => None,
                    };
                    if !retry.wait(asked).await {
                        return self.last_look(&goal, failure, &retry).await;
                    }
                }
            }
        }
    }

    /// Reads the state after the last try, which may have been done without a response.
    async fn last_look<T>(
        &self,
        goal: &Goal<'_, T>,
        failure: Failure,
        retry: &Retry<'_>,
    ) -> Result<T, Missed<T>>
    where
        T: DeserializeOwned + Send + Sync,
    {
        let state: T = self.client.get(goal.path).await?;
        if (goal.is_reached)(&state) {
            return Ok(state);
        }
        Err(self.client.at_deadline(failure, retry).into())
    }

    /// Sends one request after the other until one is accepted.
    async fn round(&self, requests: Vec<Request>) -> Result<Round, Cause> {
        let mut all: Vec<Refused> = Vec::new();
        for request in requests {
            let mut next = Some(request);
            while let Some(request) = next.take() {
                let refused = match self.client.change(&request).await {
                    Ok(()) => return Ok(Round::Accepted),
                    Err(Failure::Fatal(cause)) => return Err(cause),
                    Err(Failure::Refused(refused)) => refused,
                    Err(failure) => return Ok(Round::Again(failure)),
                };
                log::info!(node:% = self.node; "node {}: {}", self.node, refused.refusal);
                match refused.meaning {
                    Meaning::AlreadySo => return Ok(Round::AlreadySo(refused)),
                    Meaning::Passes => return Ok(Round::Again(Failure::Refused(refused))),
                    Meaning::Full => return Ok(Round::Refused(vec![refused])),
                    Meaning::MissesParameters => next = request.with_missing(&refused.arguments),
                    _ => {}
                }
                all.push(refused);
            }
        }
        match all.iter().position(|one| one.meaning == Meaning::Fails) {
            Some(index) => Ok(Round::Again(Failure::Refused(all.swap_remove(index)))),
            None => Ok(Round::Refused(all)),
        }
    }
}

/// Returns the cause of a refusal by all requests.
pub(super) fn refused(all: Vec<Refused>) -> Cause {
    Cause::Refused(all.into_iter().map(|one| one.refusal).collect())
}
