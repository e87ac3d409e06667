//! Work on blocking threads, which ends soon after the future that waits for it is dropped.
//!
//! A thread works for one job at a time and remembers its [`Cancellation`] and its [`Turn`], since
//! code between here and a request, such as a [`Source`](crate::image::Source) of deploy code, has
//! no parameter for them. Whoever waits for a server on such a thread does it by [`receive`].

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinHandle};

/// How many times as many jobs may have begun as may work: the others wait for servers.
const BEGUN: usize = 3;

/// How long a job may wait for servers within its turn, all in all, until it is known to be slow:
/// passing turns on more often than needed would only have more jobs begin.
const GRACE: Duration = Duration::from_millis(300);

/// Whether a job was cancelled.
#[derive(Debug, Clone)]
pub(crate) struct Cancellation(watch::Receiver<()>);

impl Cancellation {
    /// Whether the future that waited for the job was dropped.
    pub(crate) fn is_cancelled(&self) -> bool {
        // The sender never sends: it is only dropped.
        self.0.has_changed().is_err()
    }

    /// Runs `future` to completion; returns `None` as soon as the job is cancelled.
    pub(crate) async fn or_cancelled<T>(mut self, future: impl Future<Output = T>) -> Option<T> {
        let (mut future, mut cancelled) = (pin!(future), pin!(self.0.changed()));
        poll_fn(|cx| match cancelled.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

/// A limit on concurrent work. Clones are the same limit.
///
/// A job takes a turn while it works and gives it back while it waits for a server, so that slow
/// servers delay nobody else. The number of jobs that have begun is limited too, to three times as
/// many: each takes a thread and some memory.
#[derive(Debug, Clone)]
pub struct Turns {
    begun: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

impl Turns {
    /// Creates a limit of `at_once` working jobs, or 1 if that is 0.
    pub(crate) fn new(at_once: usize) -> Self {
        let working = at_once.clamp(1, Semaphore::MAX_PERMITS);
        let begun = working.saturating_mul(BEGUN).min(Semaphore::MAX_PERMITS);
        Self {
            begun: Arc::new(Semaphore::new(begun)),
            working: Arc::new(Semaphore::new(working)),
        }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> Turn {
        // Fails only once the semaphore is closed, which these never are.
        let begun = Arc::clone(&self.begun).acquire_owned().await.ok();
        let working = Arc::clone(&self.working).acquire_owned().await.ok();
        Turn(Arc::new(TurnState {
            _begun: begun,
            turns: Arc::clone(&self.working),
            grace: AtomicU64::new(GRACE.as_micros() as u64),
            working: Mutex::new(working),
        }))
    }
}

/// A turn of a job, which ends once all clones are dropped.
#[derive(Debug, Clone)]
pub(crate) struct Turn(Arc<TurnState>);

#[derive(Debug)]
struct TurnState {
    _begun: Option<OwnedSemaphorePermit>,
    turns: Arc<Semaphore>,
    /// How many microseconds the job may still wait for servers within its turn.
    grace: AtomicU64,
    /// `None` while the job waits for a server.
    working: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Turn {
    fn set(&self, permit: Option<OwnedSemaphorePermit>) {
        // Nothing can panic while the lock is held.
        *self
            .0
            .working
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = permit;
    }

    fn grace(&self) -> Duration {
        Duration::from_micros(self.0.grace.load(Ordering::Relaxed))
    }

    fn set_grace(&self, left: Duration) {
        // At most `GRACE`.
        self.0
            .grace
            .store(left.as_micros() as u64, Ordering::Relaxed);
    }

    /// Waits for a permit again, unless the job is cancelled.
    fn resume(&self, cancellation: Cancellation) {
        let again = Arc::clone(&self.0.turns).try_acquire_owned().or_else(|_| {
            let permit = Arc::clone(&self.0.turns).acquire_owned();
            Handle::current()
                .block_on(cancellation.or_cancelled(permit))
                .and_then(Result::ok)
                .ok_or(())
        });
        self.set(again.ok());
    }
}

/// What a thread works for.
#[derive(Debug, Clone)]
struct Job {
    cancellation: Cancellation,
    turn: Option<Turn>,
}

thread_local! {
    static JOB: RefCell<Option<Job>> = const { RefCell::new(None) };
}

/// Makes this thread forget its job at the end, even if the job panics.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        JOB.set(None);
    }
}

/// Returns the cancellation of this thread's job, if it has one.
pub(crate) fn cancellation() -> Option<Cancellation> {
    JOB.with_borrow(|job| Some(job.as_ref()?.cancellation.clone()))
}

/// Whether this thread's job was cancelled.
pub(crate) fn is_cancelled() -> bool {
    JOB.with_borrow(|job| {
        job.as_ref()
            .is_some_and(|job| job.cancellation.is_cancelled())
    })
}

/// Receives what comes from a server, `None` if nothing will. While a job waits for a slow server,
/// it has no turn.
pub(crate) fn receive<T>(from: &mpsc::Receiver<T>) -> Option<T> {
    let Some(Job {
        cancellation,
        turn: Some(turn),
    }) = JOB.with_borrow(Clone::clone)
    else {
        return from.recv().ok();
    };
    let (grace, began) = (turn.grace(), Instant::now());
    let received = from.recv_timeout(grace);
    turn.set_grace(grace.saturating_sub(began.elapsed()));
    match received {
        Err(RecvTimeoutError::Timeout) => {}
        received => return received.ok(),
    }
    turn.set(None);
    let received = from.recv().ok();
    turn.resume(cancellation);
    received
}

/// A job on a blocking thread. Dropping this cancels it.
#[derive(Debug)]
pub(crate) struct Running<T> {
    task: JoinHandle<T>,
    _cancel_on_drop: watch::Sender<()>,
}

/// Starts `work` on a blocking thread of the current runtime, in a turn if it counts as work of the
/// limit that the turn belongs to.
pub(crate) fn start<T: Send + 'static>(
    turn: Option<&Turn>,
    work: impl FnOnce(&Cancellation) -> T + Send + 'static,
) -> Running<T> {
    let (cancel_on_drop, cancelled) = watch::channel(());
    let job = Job {
        cancellation: Cancellation(cancelled),
        turn: turn.cloned(),
    };
    let task = tokio::task::spawn_blocking(move || {
        let cancellation = job.cancellation.clone();
        JOB.set(Some(job));
        let _leave = Leave;
        work(&cancellation)
    });
    Running {
        task,
        _cancel_on_drop: cancel_on_drop,
    }
}

impl<T> Running<T> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// [`JoinError`] if the work panicked or the runtime is shutting down.
    pub(crate) async fn wait(mut self) -> Result<T, JoinError> {
        (&mut self.task).await
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        // A job that has not started yet need not start.
        self.task.abort();
    }
}

/// Runs `work` on a blocking thread, without a turn.
///
/// # Errors
///
/// The same as [`Running::wait`].
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    start(None, move |_| work()).wait().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_turn_is_free_while_its_job_waits_for_a_server() {
        let turns = Turns::new(1);
        let turn = turns.turn().await;
        let (answer, server) = mpsc::channel::<()>();
        let job = start(Some(&turn), move |_| receive(&server));
        drop(turn);
        let other = tokio::time::timeout(Duration::from_secs(10), turns.turn()).await;
        // The job has its answer, but works on only after the other one.
        answer.send(()).unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(50), job.wait());
        assert!(waited.await.is_err());
        drop(other.unwrap());
        tokio::time::timeout(Duration::from_secs(10), turns.turn())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn dropping_the_future_cancels_the_job() {
        let (sender, receiver) = mpsc::channel();
        let job = start(None, move |cancellation| {
            let of_thread = cancellation_of_thread();
            let ended = Handle::current()
                .block_on(of_thread.or_cancelled(poll_fn(|_| Poll::<()>::Pending)));
            sender.send((ended, cancellation.is_cancelled())).unwrap();
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(job);
        let ended = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(ended, (None, true));
        assert!(cancellation().is_none());
    }

    fn cancellation_of_thread() -> Cancellation {
        cancellation().unwrap()
    }
}
