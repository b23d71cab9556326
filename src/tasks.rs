//! Long-lived tasks of a service: none of them ends unnoticed.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one service. The first that fails stops the service, and says why it ended.
#[derive(Clone, Default)]
pub struct Tasks {
    stop: CancellationToken,
    failure: Arc<Mutex<Option<anyhow::Error>>>,
    /// Those that are waited for at the end.
    last: TaskTracker,
}

impl Tasks {
    /// Cancelled once the service is to stop.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Starts a task that runs until `until` is cancelled. If it panics, returns an error or ends before
    /// that, the service stops.
    pub fn run<T>(&self, name: &'static str, until: &CancellationToken, task: T) -> JoinHandle<()>
    where
        T: Future<Output: Outcome> + Send + 'static,
    {
        let until = until.clone();
        self.start(name, async move {
            match task.await.outcome() {
                Ok(()) if !until.is_cancelled() => Err(anyhow!("it ended without being told to")),
                ended => ended,
            }
        })
    }

    /// The same with a task that still has something to do once it is to stop: [`Tasks::ended`] waits for it.
    pub fn run_to_end<T>(&self, name: &'static str, until: &CancellationToken, task: T)
    where
        T: Future<Output: Outcome> + Send + 'static,
    {
        self.run(name, until, self.last.track_future(task));
    }

    /// Until all tasks have ended that are waited for. They are to stop already.
    pub async fn ended(&self) {
        self.last.close();
        self.last.wait().await;
    }

    /// Starts a task that ends when its work is done. If it panics or returns an error, the service
    /// stops.
    pub fn start<T>(&self, name: &'static str, task: T) -> JoinHandle<()>
    where
        T: Future<Output: Outcome> + Send + 'static,
    {
        let tasks = self.clone();
        tokio::spawn(async move {
            let ended = match AssertUnwindSafe(task).catch_unwind().await {
                Ok(ended) => ended.outcome(),
                Err(panic) => Err(anyhow!("it panicked: {}", message(&*panic))),
            };
            if let Err(error) = ended {
                tasks.fail(error.context(format!("{name} ended")));
            }
        })
    }

    fn fail(&self, error: anyhow::Error) {
        tracing::error!("{error:#}: the service stops");
        self.lock().get_or_insert(error);
        self.stop.cancel();
    }

    /// Why the service stops by itself, if it does.
    pub fn trouble(&self) -> Option<String> {
        self.lock().as_ref().map(|error| format!("{error:#}"))
    }

    /// The error of the first task that failed.
    pub fn take_failure(&self) -> Option<anyhow::Error> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<anyhow::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a task may return.
pub trait Outcome {
    fn outcome(self) -> anyhow::Result<()>;
}

impl Outcome for () {
    fn outcome(self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl<E: Into<anyhow::Error>> Outcome for Result<(), E> {
    fn outcome(self) -> anyhow::Result<()> {
        self.map_err(Into::into)
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
