//! The running service: its roles started together and stopped together.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_service::IntoServiceFactory;
use actix_web::{App, HttpServer, web};
use anyhow::{Context, bail};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::cached::Pages;
use crate::api::front::Front;
use crate::api::{self, ApiState, Reached};
use crate::changes::follow;
use crate::config::Config;
use crate::pages;
use crate::projector::drive::ProjectorError;
use crate::projector::kafka::Consumption;
use crate::projector::{self, Projector};
use crate::schedule::Schedule;
use crate::stack::{self, Log, Stack, Starting};
use crate::telemetry::cache::CacheMetrics;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::projector::ProjectorMetrics;
use crate::warm::start::Gate;
use crate::warm::{self, Warming};

/// What a process does of the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Role {
    /// Answers pages and takes events.
    Api,
    /// Applies events to the view.
    Projector,
    /// Runs scheduled jobs.
    Scheduler,
}

/// Adds routes beside the API's.
pub type Routes = fn(&mut web::ServiceConfig);

/// A service that runs.
pub struct Service {
    /// Where the API listens, or the probes alone; `None` where neither does.
    pub address: Option<SocketAddr>,
    pub stack: Arc<Stack>,
    consumption: Consumption,
    waiting: Option<JoinHandle<anyhow::Result<()>>>,
    stop: CancellationToken,
    projecting: Option<JoinHandle<Result<(), ProjectorError>>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
    warming: Option<Warming>,
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
        pages::limit_evaluations(config.store.evaluated_listings);
        let stop = CancellationToken::new();
        let Starting { stack, waiting } = Stack::start(config, &stop).await?;
        let stack = Arc::new(stack);
        let metrics = Metrics::new()?;
        let of_projector = ProjectorMetrics::new(metrics.registry())?;
        let projector = Arc::new(stack.projector(config).with_metrics(of_projector));
        let mut service = Service {
            address: None,
            stack,
            consumption: Consumption::default(),
            waiting,
            stop,
            projecting: None,
            serving: None,
            warming: None,
            schedule: None,
        };
        if roles.contains(&Role::Projector) {
            service.start_projector(config, &projector);
        }
        if let Some(listener) = listener {
            service.address = Some(listener.local_addr()?);
            let routes = (answers == Answers::Everything).then_some(routes);
            service.start_api(config, listener, &projector, metrics, routes)?;
        }
        let jobs = warm::jobs(config, roles, service.warming.as_ref())?;
        service.schedule = Some(Schedule::start(jobs).await?);
        Ok(service)
    }

    fn start_projector(&mut self, config: &Config, projector: &Arc<Projector>) {
        let (projector, stop) = (Arc::clone(projector), self.stop.clone());
        let tail = stack::tail_options(config);
        let options = stack::kafka_options(config);
        let consumption = self.consumption.clone();
        let log = self.stack.log.clone();
        self.projecting = Some(tokio::spawn(async move {
            let ended = match log {
                Log::Embedded(log) => {
                    projector::embedded::run(projector, log, tail, stop.clone()).await
                }
                Log::Kafka(log) => {
                    projector::kafka::run(projector, log, options, consumption, stop.clone()).await
                }
            };
            // Without its projector the service would only grow stale: it ends, and says why.
            stop.cancel();
            ended
        }));
    }

    fn start_api(
        &mut self,
        config: &Config,
        listener: TcpListener,
        projector: &Projector,
        metrics: Metrics,
        routes: Option<Routes>,
    ) -> anyhow::Result<()> {
        // Probes alone answer no pages.
        let pages = routes.and_then(|_| self.pages(config));
        if let Some(pages) = &pages {
            CacheMetrics::register(metrics.registry(), Arc::clone(pages))?;
        }
        let progress = Arc::new(watch::Sender::default());
        let gate = Arc::new(Gate::new(&progress));
        let state = self.api_state(config, projector, metrics, pages, Arc::clone(&gate));
        let state = web::Data::new(state);
        match routes {
            Some(_) => self.warming = Warming::start(config, &state, progress, gate, &self.stop)?,
            None => gate.open(),
        }
        let warmer = self.warming.as_ref().map(|warming| web::Data::from(warming.warmer()));
        let body_limit = config.http.request_body_max_bytes;
        let mut server = HttpServer::new(move || {
            let app = App::new()
                .app_data(state.clone())
                .app_data(web::PayloadConfig::new(body_limit))
                .configure(|app| match routes {
                    Some(routes) => {
                        if let Some(warmer) = &warmer {
                            app.app_data(warmer.clone());
                        }
                        routes(app);
                        api::configure(app);
                    }
                    None => api::configure_probes(app),
                });
            Front::new(app.into_factory(), state.clone())
        })
        .keep_alive(Duration::from_secs(config.http.keep_alive_seconds))
        .shutdown_timeout(5)
        .disable_signals();
        if config.http.workers > 0 {
            server = server.workers(config.http.workers);
        }
        let server = server.listen(listener)?.run();
        let (handle, stop) = (server.handle(), self.stop.clone());
        tokio::spawn(async move {
            stop.cancelled().await;
            handle.stop(true).await;
        });
        self.serving = Some(tokio::spawn(server));
        Ok(())
    }

    fn api_state(
        &self,
        config: &Config,
        projector: &Projector,
        metrics: Metrics,
        pages: Option<Arc<Pages>>,
        gate: Arc<Gate>,
    ) -> ApiState {
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, seen) = (self.stop.clone(), Arc::clone(&stopping));
        tokio::spawn(async move {
            stop.cancelled().await;
            seen.store(true, Ordering::Relaxed);
        });
        ApiState {
            store: self.stack.store.clone(),
            log: self.stack.log.events(),
            markets: stack::markets(config),
            low_stock_threshold: i64::try_from(config.low_stock_threshold).unwrap_or(i64::MAX),
            sections: config.home.sections.clone(),
            admin_token: config.http.token().map(str::to_owned),
            progress: projector.progress(),
            reached: Reached::default(),
            pages,
            readiness: Arc::new(move || match stopping.load(Ordering::Relaxed) {
                true => Err("the service is stopping".to_owned()),
                false => gate.passes(),
            }),
            waits_for: self.waits_for(),
            topics: config.log.topics.clone(),
            request_body_max_bytes: config.http.request_body_max_bytes,
            metrics: Arc::new(metrics),
        }
    }

    /// The page cache, which follows what any projector changes.
    fn pages(&self, config: &Config) -> Option<Arc<Pages>> {
        if config.cache.max_bytes == 0 {
            return None;
        }
        let pages = Arc::new(Pages::new(config.cache.limits()));
        let (told, following) = (Arc::clone(&pages), Arc::clone(&pages.following));
        let tell = move |change| told.tell(change);
        tokio::spawn(follow::follow(self.stack.store.clone(), following, tell, self.stop.clone()));
        Some(pages)
    }

    /// What projecting in this process waits for.
    fn waits_for(&self) -> Arc<dyn Fn() -> Vec<String> + Send + Sync> {
        let consumption = self.consumption.clone();
        let broker = match &self.stack.log {
            Log::Kafka(log) => Some(log.broker().clone()),
            Log::Embedded(_) => None,
        };
        Arc::new(move || {
            let kafka = broker.as_ref().and_then(|broker| broker.trouble());
            kafka.into_iter().chain(consumption.troubles()).collect()
        })
    }

    /// Stops all roles and waits for them; what failed meanwhile is told.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        if let Some(schedule) = self.schedule.take() {
            schedule.stop().await;
        }
        if let Some(serving) = self.serving.take() {
            serving.await.context("the API ended")??;
        }
        if let Some(warming) = self.warming.take() {
            warming.stop().await;
        }
        let projected = match self.projecting.take() {
            Some(projecting) => projecting.await.context("the projector ended")?,
            None => Ok(()),
        };
        let waited = match self.waiting.take() {
            Some(waiting) => waiting.await.context("waiting for the read store ended")?,
            None => Ok(()),
        };
        self.stack.close().await;
        projected.context("projecting ended")?;
        waited.context("the read store cannot be used")
    }

    /// Runs until the process is told to stop, or something that does not pass ends a role.
    pub async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            signal = terminated() => tracing::info!("{} received: stopping", signal?),
            () = self.stop.cancelled() => {}
        }
        self.stop().await
    }
}

async fn terminated() -> anyhow::Result<&'static str> {
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
