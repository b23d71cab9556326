//! Jobs that run by the clock.

use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use futures_util::future::BoxFuture;
use tokio_cron_scheduler::{Job as CronJob, JobScheduler};

use crate::clock;

/// A job: what is done, and when.
pub struct Job {
    pub name: &'static str,
    /// As in the configuration; empty for never.
    pub when: String,
    pub work: Work,
}

pub type Work = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Jobs that run, until this is stopped.
pub struct Schedule(Option<JobScheduler>);

impl Schedule {
    /// Starts these jobs.
    ///
    /// # Errors
    ///
    /// Where an expression is none, which a checked configuration does not have.
    pub async fn start(jobs: Vec<Job>) -> anyhow::Result<Schedule> {
        let jobs: Vec<Job> = jobs.into_iter().filter(|job| !job.when.is_empty()).collect();
        if jobs.is_empty() {
            return Ok(Schedule(None));
        }
        let scheduler = JobScheduler::new().await.context("jobs cannot be scheduled")?;
        for Job { name, when, work } in jobs {
            let alone = Arc::new(tokio::sync::Mutex::new(()));
            let job = CronJob::new_async_tz(when.as_str(), Utc, move |_, _| {
                let (work, alone) = (Arc::clone(&work), Arc::clone(&alone));
                Box::pin(async move {
                    match alone.try_lock() {
                        Ok(_alone) => work().await,
                        Err(_) => tracing::debug!(name, "the job is still under way"),
                    }
                })
            });
            let job = job.with_context(|| format!("{name} cannot be scheduled at `{when}`"))?;
            scheduler.add(job).await.with_context(|| format!("{name} cannot be scheduled"))?;
        }
        scheduler.start().await.context("jobs cannot be started")?;
        Ok(Schedule(Some(scheduler)))
    }

    /// No job begins any more.
    pub async fn stop(self) {
        if let Some(mut scheduler) = self.0
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::warn!(%error, "scheduled jobs are not stopped");
        }
    }
}

/// Whether this is an expression that comes true again; the empty one is none, and good.
///
/// # Errors
///
/// Why not, in words.
pub fn check(expression: &str) -> Result<(), String> {
    if expression.is_empty() {
        return Ok(());
    }
    let fields = expression.split_whitespace().count();
    if !(6..=7).contains(&fields) {
        return Err(format!("has {fields} fields"));
    }
    let cron = parse(expression)?;
    let now = DateTime::<Utc>::from_timestamp_millis(clock::now().millis());
    match now.map(|now| cron.find_next_occurrence(&now, false)) {
        Some(Err(_)) => Err("never comes".to_owned()),
        _ => Ok(()),
    }
}

/// As tokio-cron-scheduler reads it.
fn parse(expression: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
    parser.parse(expression).map_err(|error| format!("is no cron expression: {error}"))
}
