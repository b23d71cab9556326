//! What answers beside Vitrine: a bare handler, and caches in front of the service.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, ensure};

use super::host::on_core;
use super::http::{Client, Got};
use super::serving::free_address;

/// How long a server may take to answer its first request.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// How long it may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How the caches in front say where an answer is from.
const SAYS: &str = "X-Cache";

/// A server of its own; dropping it ends it.
pub struct Rival {
    pub address: SocketAddr,
    process: Child,
}

impl Rival {
    /// Returns once it listens. What it says goes into a file.
    fn start(mut command: Command, address: SocketAddr, says: &Path) -> anyhow::Result<Rival> {
        let file = File::create(says)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let mut rival = Rival { address, process: command.spawn()? };
        let end = Instant::now() + READY_WITHIN;
        while Client::connect(address).is_err() {
            let said = || std::fs::read_to_string(says).unwrap_or_default();
            let ended = rival.process.try_wait()?;
            ensure!(ended.is_none(), "{command:?} ended with {ended:?}: {}", said());
            ensure!(Instant::now() < end, "{command:?} does not listen: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(rival)
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // Asked, and not killed: nginx and Varnish end the processes that they have started.
        let process = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &process]).status();
        let end = Instant::now() + STOP_WITHIN;
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.process.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A program of the distribution, also where only root has its folder in the path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// This program again, as the bare handler of the answer in the file ([`serve_bare`]).
pub fn bare(core: usize, answer: &Got, file: &Path) -> anyhow::Result<Rival> {
    std::fs::write(file, [answer.head.as_slice(), &answer.body].concat())?;
    let address = free_address()?;
    let mut command = on_core(Some(core), std::env::current_exe()?);
    command.args(["hot", "--serve-bare", &address.to_string(), "--serve-answer"]).arg(file);
    Rival::start(command, address, &file.with_extension("log"))
}

/// Answers everything with the same bytes, until it is ended: the least that actix-web does.
pub fn serve_bare(address: &str, file: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(file)?;
    let ends = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no head")?;
    let body = web::Bytes::copy_from_slice(&bytes[ends + 4..]);
    let mut headers = Vec::new();
    for line in std::str::from_utf8(&bytes[..ends])?.lines().skip(1) {
        let (name, value) = line.split_once(": ").context("a header without a value")?;
        // actix-web writes these itself.
        if !["content-length", "date", "connection"].contains(&name) {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            headers.push((name, HeaderValue::from_str(value)?));
        }
    }
    let server = HttpServer::new(move || {
        let (headers, body) = (headers.clone(), body.clone());
        let handler = move || {
            let mut answer = HttpResponse::Ok();
            for header in &headers {
                answer.append_header(header.clone());
            }
            let answer = answer.body(body.clone());
            async move { answer }
        };
        App::new().default_service(web::to(handler))
    });
    // As `http.workers = 1` and the default of `http.keep_alive_seconds`.
    let server = server.workers(1).keep_alive(Duration::from_secs(75)).bind(address)?;
    Ok(actix_web::rt::System::new().block_on(server.run())?)
}

/// nginx with `proxy_cache`, set up to be fast: no log, no locks, files kept open.
pub fn nginx(core: usize, origin: SocketAddr, dir: &Path) -> anyhow::Result<Rival> {
    std::fs::create_dir_all(dir)?;
    let address = free_address()?;
    // Only root may say whom the worker runs as; nobody could not write here.
    let user = if std::fs::metadata("/proc/self")?.uid() == 0 { "user root;" } else { "" };
    let at = dir.to_str().context("the directory's name is not UTF-8")?;
    let config = format!(
        "{user} worker_processes 1; daemon off; pid {at}/pid; error_log {at}/error.log warn;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; server_tokens off; default_type application/json;
            sendfile on; tcp_nopush on; open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
            keepalive_timeout 300s; keepalive_requests 1000000000;
            client_body_temp_path {at}/client; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
            uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
            proxy_cache_path {at}/cache keys_zone=pages:16m inactive=1d use_temp_path=off;
            upstream vitrine {{ server {origin}; keepalive 4; }}
            server {{
                listen {address} backlog=1024;
                location / {{
                    proxy_pass http://vitrine; proxy_http_version 1.1; proxy_set_header Connection \"\";
                    proxy_cache pages; proxy_ignore_headers Cache-Control Expires; proxy_cache_valid 200 1d;
                    add_header {SAYS} $upstream_cache_status;
                }}
            }}
        }}"
    );
    let file = dir.join("nginx.conf");
    std::fs::write(&file, config)?;
    let program = program("nginx").context("nginx is not on this machine")?;
    let mut command = on_core(Some(core), program);
    command.arg("-p").arg(dir).arg("-e").arg(dir.join("error.log")).arg("-c").arg(file);
    Rival::start(command, address, &dir.join("says.log"))
}

/// Varnish with pages in memory.
pub fn varnish(core: usize, origin: SocketAddr, dir: &Path) -> anyhow::Result<Rival> {
    std::fs::create_dir_all(dir)?;
    let address = free_address()?;
    let config = format!(
        "vcl 4.1;
        backend vitrine {{ .host = \"{}\"; .port = \"{}\"; }}
        sub vcl_backend_response {{ set beresp.ttl = 1d; }}
        sub vcl_deliver {{
            if (obj.hits > 0) {{ set resp.http.{SAYS} = \"HIT\"; }} else {{ set resp.http.{SAYS} = \"MISS\"; }}
        }}\n",
        origin.ip(),
        origin.port()
    );
    let file = dir.join("pages.vcl");
    std::fs::write(&file, config)?;
    let program = program("varnishd").context("varnishd is not on this machine")?;
    let mut command = on_core(Some(core), program);
    // Without its gzip support, which asks for no other coding; no other users.
    command
        .args(["-F", "-T", "none", "-j", "none", "-s", "malloc,64m", "-a", &address.to_string()])
        .args(["-p", "thread_pools=1", "-p", "timeout_idle=300", "-p", "http_gzip_support=off"])
        .arg("-n")
        .arg(dir.join("work"))
        .arg("-f")
        .arg(file);
    Rival::start(command, address, &dir.join("says.log"))
}

/// Asks until a cache in front has the page and says so.
pub fn cached(address: SocketAddr, path: &str, headers: &str) -> anyhow::Result<Got> {
    let mut client = Client::connect(address)?;
    let end = Instant::now() + READY_WITHIN;
    loop {
        let answer = client.get(path, headers)?.ok(path)?;
        if answer.header(SAYS) == Some("HIT") {
            return Ok(answer);
        }
        ensure!(Instant::now() < end, "{path} is not cached: {:?}", answer.header(SAYS));
        std::thread::sleep(Duration::from_millis(20));
    }
}
