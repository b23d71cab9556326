//! The HTTP server: connections with their bounds and time-outs, and what answers on them.

use std::net::TcpListener;
use std::time::Duration;

use actix_http::HttpService;
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use actix_web::{App, web};
use socket2::SockRef;

use super::Routes;
use crate::admin::Admin;
use crate::api;
use crate::api::current::Current;
use crate::api::front::Front;
use crate::api::in_hand::Patience;
use crate::api::unrouted::Connection;
use crate::config::HttpConfig;

/// How long requests under way have to end once the service stops, in seconds.
const SHUTDOWN_SECONDS: u64 = 5;

/// How long a connection that is being closed may take for that.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What requests are answered with.
#[derive(Clone)]
pub(super) struct Answering {
    pub current: web::Data<Current>,
    pub admin: Admin,
    /// Beside the API's; without them, the probes alone are answered.
    pub routes: Option<Routes>,
}

impl Answering {
    fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(self.current.clone());
        match self.routes {
            Some(routes) => {
                routes(app);
                self.admin.configure(app);
                api::configure(app);
            }
            None => api::configure_probes(app),
        }
    }
}

/// A server on the listener, with an app for each of its workers. It runs once it is polled.
pub(super) fn server(
    http: &HttpConfig,
    listener: TcpListener,
    answering: Answering,
) -> std::io::Result<Server> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let workers = if http.workers > 0 { http.workers } else { cores() };
    let builder = ServerBuilder::new()
        .workers(workers)
        .max_concurrent_connections(http.max_connections.div_ceil(workers))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let keep_alive = Duration::from_secs(http.keep_alive_seconds);
    let head_timeout = Duration::from_secs(http.head_timeout_seconds);
    let patience = Patience { head: head_timeout, keep_alive };
    let write_timeout = Duration::from_secs(http.write_timeout_seconds);
    let builder = builder.listen("http", listener, move || {
        let (answering, current) = (answering.clone(), answering.current.clone());
        let app = App::new().configure(|app| answering.configure(app));
        let front = Front::new(app.into_factory(), answering.current.clone());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                data.insert(connection.requests().clone());
            })
            .h1(map_config(front, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            limit_writing(&stream, write_timeout);
            let peer = stream.peer_addr().ok();
            let connection = Connection::new(stream, current.clone(), patience);
            async move { Ok((connection, peer)) }
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}

/// Has the system close a connection whose client does not read on: it would hold the answers that wait for it.
fn limit_writing(stream: &TcpStream, within: Duration) {
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(within)) {
        tracing::debug!(%error, "a connection has no time-out for writing");
    }
}
