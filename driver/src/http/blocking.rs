//! Requests from blocking code.
//!
//! The requests run on a few threads of their own. The caller may therefore be on any thread,
//! whether of a runtime or not, and the caller's runtime does not need to have time or I/O enabled.

use std::io;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use super::work;

/// The maximum number of threads: more would not make the network faster.
const THREADS_MAX: usize = 4;

/// Returns the runtime, which the first request starts and which then remains.
fn threads() -> io::Result<Handle> {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let threads = available_parallelism().map_or(1, NonZero::get);
    let started = Builder::new_multi_thread()
        .worker_threads(threads.min(THREADS_MAX))
        .thread_name("driver-http")
        .enable_io()
        .enable_time()
        .build()?;
    Ok(runtime.insert(started).handle().clone())
}

/// A running future. Dropping this cancels it.
#[derive(Debug)]
pub(crate) struct Task<T> {
    result: mpsc::Receiver<T>,
    task: AbortHandle,
}

/// Starts `future` without waiting for it. It ends early if the job of this thread is cancelled.
///
/// # Errors
///
/// The system's error if it is out of threads or files.
pub(crate) fn start<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<Task<T>> {
    let (sender, result) = mpsc::sync_channel(1);
    let cancellation = work::cancellation();
    let task = threads()?.spawn(async move {
        let done = match cancellation {
            Some(cancellation) => cancellation.or_cancelled(future).await,
            None => Some(future.await),
        };
        // Fails if the receiver is gone.
        let _ = done.map(|done| sender.send(done));
    });
    Ok(Task {
        result,
        task: task.abort_handle(),
    })
}

/// Runs `future` to completion.
///
/// # Errors
///
/// The same as [`start`] and [`Task::wait`].
pub(crate) fn run<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<T> {
    start(future)?.wait()
}

impl<T> Task<T> {
    /// Blocks until the result is available. A job that waits for long has no turn
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// An error if the job of this thread is cancelled, or if the future panicked.
    pub(crate) fn wait(self) -> io::Result<T> {
        work::receive(&self.result).ok_or_else(|| {
            io::Error::other(if work::is_cancelled() {
                "the task that waited for it was cancelled"
            } else {
                "the HTTP client ended without a response"
            })
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
