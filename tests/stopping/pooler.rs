//! PostgreSQL behind PgBouncer: by session it works, by transaction it is refused by name.

use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::harness::events::{price, product};
use crate::harness::eventually;
use crate::harness::process::Process;
use crate::harness::production::{Production, server};

/// PgBouncer in front of the tests' PostgreSQL. It does not run as root.
fn pgbouncer(shop: &Production, pool_mode: &str) -> (Process, String) {
    let url = server("TEST_POSTGRES_URL");
    let (_, host) = url.rsplit_once('@').unwrap();
    let (host, port) = host.split_once('/').unwrap().0.split_once(':').unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let users = shop.home.write("users.txt", "\"vitrine\" \"\"\n");
    let settings = format!(
        "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listen}\n\
         auth_type = any\nauth_file = {users}\nunix_socket_dir =\npool_mode = {pool_mode}\n\
         ignore_startup_parameters = extra_float_digits\n"
    );
    let settings = settings.replace("* = host", "* = user=vitrine host");
    let settings = shop.home.write("pgbouncer.ini", settings);
    let folder = shop.home.path(".");
    // The other user has to read them.
    let open = Command::new("chmod").args(["-R", "go+rX"]).arg(&folder).status().unwrap();
    assert!(open.success());
    let is_root =
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    let mut command = match is_root {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "pgbouncer"]);
            command
        }
        false => Command::new("pgbouncer"),
    };
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    command.arg(settings).env("PATH", path);
    let mut process = Process::spawn(command);
    process.said("process up");
    (process, format!("postgres://vitrine@127.0.0.1:{listen}/{}", shop.database()))
}

#[test]
fn a_pooler_by_transaction_is_refused() {
    let shop = Production::without_topics();
    let (_pgbouncer, url) = pgbouncer(&shop, "transaction");
    let shop = shop.set(format!("store.url={url}"));
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        shop.home.run(command).refused(&["PgBouncer", "pool_mode = session"]);
    }
}

#[test]
fn a_pooler_by_session_works() {
    let shop = Production::new();
    let (_pgbouncer, url) = pgbouncer(&shop, "session");
    let shop = shop.set(format!("store.url={url}"));
    let service = shop.home.serve();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    eventually("the page is there", || {
        (service.get("/api/v1/products/mug").status == 200).then_some(())
    });
}
