//! The running service: its roles started together and stopped together.

mod http;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::web;
use anyhow::bail;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::api::Sampler;
use crate::cache::Demand;
use crate::catalogue::live::Live;
use crate::config::{Config, Role};
use crate::generations::first::{FirstStart, Held};
use crate::generations::follow::Following;
use crate::generations::jobs::Rebuilds;
use crate::generations::project::Projecting;
use crate::generations::view::{CurrentView, Views};
use crate::generations::{shadow, upkeep};
use crate::log::Log;
use crate::schedule::Schedule;
use crate::stack::{self, Stack, Starting};
use crate::tasks::Tasks;
use crate::telemetry::audit::AuditMetrics;
use crate::telemetry::cache::CacheMetrics;
use crate::telemetry::generations::GenerationMetrics;
use crate::telemetry::index::IndexMetrics;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::projector::ProjectorMetrics;
use crate::telemetry::waits::WaitMetrics;
use crate::waits::Waits;
use crate::warm::start::Gate;
use http::Answering;

/// Adds routes beside the API's.
pub type Routes = fn(&mut web::ServiceConfig);

/// A service that runs.
pub struct Service {
    /// Where the API listens, or the probes alone; `None` where neither does.
    pub address: Option<SocketAddr>,
    pub stack: Arc<Stack>,
    waits: Waits,
    tasks: Tasks,
    is_projected: bool,
    /// Roles that are waited for at the end.
    running: Vec<JoinHandle<()>>,
    current: Option<Arc<CurrentView>>,
    schedule: Option<Schedule>,
}

impl Service {
    /// Opens what the roles need and starts them.
    pub async fn start(config: &Config, roles: &[Role], routes: Routes) -> anyhow::Result<Service> {
        let answers = Answers::of(config, roles);
        if answers == Answers::Everything {
            config.check_exposure()?;
        }
        // Before anything is opened: an address in use is the likeliest mistake.
        let listener = bind(config, answers)?;
        let (tasks, waits) = (Tasks::default(), Waits::default());
        let Starting { stack, waiting } = Stack::start(config, &tasks, &waits).await?;
        let stack = Arc::new(stack);
        let metrics = Metrics::new()?;
        WaitMetrics::register(metrics.registry(), waits.clone())?;
        let live = Live::default();
        let of_projector = ProjectorMetrics::new(metrics.registry(), live.clone())?;
        let is_projected = roles.contains(&Role::Projector);
        let mut service = Service {
            address: None,
            is_projected,
            stack,
            waits,
            tasks,
            running: waiting.into_iter().collect(),
            current: None,
            schedule: None,
        };
        let of_generations = GenerationMetrics::new(metrics.registry())?;
        let (stack, stopping) = (&service.stack, service.tasks.stop());
        let of_rebuilds = of_generations.clone();
        let rebuilds = Arc::new(Rebuilds::new(config, stack, is_projected, of_rebuilds, stopping));
        if is_projected {
            service.start_projectors(config, of_projector, live, &rebuilds);
        }
        if let Some(listener) = listener {
            service.address = Some(listener.local_addr()?);
            let routes = (answers == Answers::Everything).then_some(routes);
            let telemetry = (metrics, of_generations);
            service.start_api(config, listener, telemetry, routes, &rebuilds)?;
        }
        let mut jobs = upkeep::jobs(config, roles, service.current.as_ref())?;
        if roles.contains(&Role::Scheduler) {
            jobs.push(rebuilds.job());
        }
        service.schedule = Some(Schedule::start(jobs).await?);
        Ok(service)
    }

    /// A projector for each generation.
    fn start_projectors(
        &mut self,
        config: &Config,
        metrics: ProjectorMetrics,
        live: Live,
        rebuilds: &Arc<Rebuilds>,
    ) {
        let run =
            stack::run_projector(config, &self.stack, Some(metrics), live.clone(), &self.waits);
        let (first, stores) = (Arc::clone(&self.stack.store), Arc::clone(&self.stack.stores));
        let stop = self.tasks.stop();
        let start = FirstStart {
            store: Arc::clone(&first),
            stores: Arc::clone(&stores),
            log: self.stack.log.events(),
            rebuilds: Arc::clone(rebuilds),
            waits: self.waits.clone(),
            events: config.rebuild.first_start_events,
            held: Held::default(),
            stop: stop.clone(),
        };
        let projecting =
            Projecting::new(first, stores, run, (live, self.waits.clone()), stop.clone())
                .without(start.held.clone());
        // Without its projector the service would only grow stale.
        self.running.push(self.tasks.run("projecting", stop, start.before(projecting.run())));
    }

    fn start_api(
        &mut self,
        config: &Config,
        listener: TcpListener,
        (metrics, of_generations): (Metrics, GenerationMetrics),
        routes: Option<Routes>,
        rebuilds: &Arc<Rebuilds>,
    ) -> anyhow::Result<()> {
        let gate = Arc::new(Gate::default());
        // Probes alone answer no pages.
        let has_pages = routes.is_some();
        let views = self.views(config, metrics, of_generations, Arc::clone(&gate), has_pages)?;
        let stop = self.tasks.stop().child_token();
        let view = Arc::new(views.of(Arc::clone(&self.stack.store), &stop));
        match &view.warming {
            Some(warming) => warming.warm_at_start(config, gate),
            None => gate.open(),
        }
        let has_cache = view.state.pages.is_some();
        let current = Arc::new(CurrentView::new(view));
        let registry = views.metrics.registry();
        if has_cache {
            let answered = current.answered().clone();
            let counts = move || answered.state().pages.as_ref().map(|pages| pages.counts());
            CacheMetrics::register(registry, Box::new(counts))?;
        }
        let answered = current.answered().clone();
        IndexMetrics::register(registry, Box::new(move || answered.state().index.clone()))?;
        let views = Arc::new(views);
        shadow::start(&views, current.answered());
        let following = Following::new(views, Arc::clone(&current), stop);
        self.tasks.run("following promotions", self.tasks.stop(), following.run());
        self.current = Some(Arc::clone(&current));
        let answering = Answering {
            current: current.answered().clone(),
            admin: Admin {
                view: web::Data::from(current),
                rebuilds: web::Data::from(Arc::clone(rebuilds)),
            },
            routes,
        };
        self.serve(config, listener, answering)
    }

    fn serve(
        &mut self,
        config: &Config,
        listener: TcpListener,
        answering: Answering,
    ) -> anyhow::Result<()> {
        let server = http::server(&config.http, listener, answering)?;
        let (handle, stop) = (server.handle(), self.tasks.stop().clone());
        tokio::spawn(async move {
            stop.cancelled().await;
            handle.stop(true).await;
        });
        self.running.push(self.tasks.run("the API", self.tasks.stop(), server));
        Ok(())
    }

    fn views(
        &self,
        config: &Config,
        metrics: Metrics,
        generation_metrics: GenerationMetrics,
        gate: Arc<Gate>,
        pages: bool,
    ) -> anyhow::Result<Views> {
        // Probes alone ask for no pages.
        let shadow_reads = if pages { config.rebuild.shadow_reads_per_mille } else { 0 };
        let tasks = self.tasks.clone();
        let stopping = move || match (tasks.trouble(), tasks.stop().is_cancelled()) {
            (Some(why), _) => Some(format!("the service is stopping: {why}")),
            (None, true) => Some("the service is stopping".to_owned()),
            (None, false) => None,
        };
        Ok(Views {
            config: config.clone(),
            log: self.stack.log.events(),
            stores: Arc::clone(&self.stack.stores),
            audit_metrics: AuditMetrics::new(metrics.registry())?,
            shadow: Sampler::new(shadow_reads, &generation_metrics),
            generation_metrics,
            metrics: Arc::new(metrics),
            readiness: Arc::new(move || stopping().map_or_else(|| gate.passes(), Err)),
            waits_for: self.waits_for(),
            popularity: Arc::default(),
            demand: Demand::default(),
            pages,
            is_projected: self.is_projected,
            waits: self.waits.clone(),
            tasks: self.tasks.clone(),
        })
    }

    /// What projecting in this process waits for.
    fn waits_for(&self) -> Arc<dyn Fn() -> Vec<String> + Send + Sync> {
        let waits = self.waits.clone();
        let broker = match &self.stack.log {
            Log::Kafka(log) => Some(log.broker().clone()),
            Log::Embedded(_) => None,
        };
        Arc::new(move || {
            let kafka = broker.as_ref().and_then(|broker| broker.trouble());
            let waits = waits.list().into_iter().map(|(subject, why)| format!("{subject}: {why}"));
            kafka.into_iter().chain(waits).collect()
        })
    }

    /// Stops all roles and waits for them.
    ///
    /// # Errors
    /// What failed meanwhile.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.tasks.stop().cancel();
        if let Some(schedule) = self.schedule.take() {
            schedule.stop().await;
        }
        for role in self.running.drain(..) {
            // It has told of its failure.
            let _ended = role.await;
        }
        if let Some(warming) = self.current.take().as_ref().map(|current| current.view())
            && let Some(warming) = &warming.warming
        {
            warming.stop().await;
        }
        self.tasks.ended().await;
        self.stack.close().await;
        self.tasks.take_failure().map_or(Ok(()), Err)
    }

    /// Runs until the process is told to stop, or something that does not pass ends a role.
    pub async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            signal = terminated() => tracing::info!("{} received: stopping", signal?),
            () = self.tasks.stop().cancelled() => {}
        }
        self.stop().await
    }
}

/// Until the process is told to end; answers by which signal.
pub(crate) async fn terminated() -> anyhow::Result<&'static str> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| "SIGINT").map_err(Into::into),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}

/// What a process answers over HTTP.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Everything,
    Probes,
    Nothing,
}

impl Answers {
    fn of(config: &Config, roles: &[Role]) -> Answers {
        match roles.contains(&Role::Api) {
            true => Answers::Everything,
            false if config.telemetry.probes_listen.is_empty() => Answers::Nothing,
            false => Answers::Probes,
        }
    }
}

fn bind(config: &Config, answers: Answers) -> anyhow::Result<Option<TcpListener>> {
    let (listen, advice) = match answers {
        Answers::Everything => (&config.http.listen, "--listen or http.listen"),
        Answers::Probes => (&config.telemetry.probes_listen, "telemetry.probes_listen"),
        Answers::Nothing => return Ok(None),
    };
    match TcpListener::bind(listen) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) => {
            bail!("cannot listen on {listen}: {error}; choose another address with {advice}")
        }
    }
}
