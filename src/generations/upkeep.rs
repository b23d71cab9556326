//! Jobs that look after what pages are answered from, by the clock: they warm caches, and audit
//! samples of pages and products.

use std::sync::Arc;

use super::view::CurrentView;
use crate::api::ApiState;
use crate::config::{Config, Role};
use crate::index::audit::IndexAudit;
use crate::schedule::{Job, Work};
use crate::warm::remote::Remote;

/// The jobs of a process with these roles.
///
/// # Errors
///
/// Where an instance that is to be warmed has no good URL.
pub fn jobs(
    config: &Config,
    roles: &[Role],
    current: Option<&Arc<CurrentView>>,
) -> anyhow::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    if let Some(current) = current {
        jobs.push(audit_job(config, Arc::clone(current)));
    }
    // Whether there is a cache is the same for all generations.
    let current = current.filter(|current| current.peek().warming.is_some());
    if roles.contains(&Role::Scheduler) {
        let urls = config.schedule.warm_urls.iter();
        let others: anyhow::Result<Vec<Remote>> =
            urls.map(|url| Remote::new(url, config.http.token())).collect();
        let (current, others) = (current.cloned(), Arc::new(others?));
        if current.is_some() || !others.is_empty() {
            let work: Work = Arc::new(move || {
                let (current, others) = (current.clone(), Arc::clone(&others));
                Box::pin(async move { warm_all(current.as_deref(), &others).await })
            });
            jobs.push(Job { name: "schedule.warm", when: config.schedule.warm.clone(), work });
        }
    }
    Ok(jobs)
}

/// Audits the page cache and the listing index of the generation that is live.
fn audit_job(config: &Config, current: Arc<CurrentView>) -> Job {
    let sample = config.index.audit_products;
    let work: Work = Arc::new(move || {
        let view = current.view();
        Box::pin(async move {
            if let Some(warming) = &view.warming {
                warming.audit().await;
            }
            if let Some(audit) = index_audit(&view.state, sample) {
                audit.run().await;
            }
        })
    });
    Job { name: "schedule.audit", when: config.schedule.audit.clone(), work }
}

fn index_audit(state: &ApiState, sample: usize) -> Option<IndexAudit> {
    let index = Arc::clone(state.index.as_ref()?);
    (sample > 0).then(|| IndexAudit {
        store: Arc::clone(&state.store),
        markets: state.markets.to_vec(),
        index,
        following: Arc::clone(&state.following),
        sample,
    })
}

async fn warm_all(current: Option<&CurrentView>, others: &[Remote]) {
    if let Some(warming) = current.map(CurrentView::view).as_ref().and_then(|v| v.warming.as_ref())
    {
        warming.warmer().begin(0);
    }
    for remote in others {
        if let Err(error) = remote.begin().await {
            tracing::warn!("an instance is not warmed: {error:#}");
        }
    }
}
