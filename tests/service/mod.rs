//! The whole service in this process, on a port and in a directory of its own, and a client that
//! sends what it is told to, byte by byte: other clients tidy paths up before they send them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::{Value, json};
use vitrine::config::{Config, Overrides, Role};
use vitrine::service::Service;

use crate::harness::{PATIENCE, eventually};

/// A service that runs until the test ends.
pub struct Running {
    address: SocketAddr,
    _service: Service,
    token: Option<&'static str>,
    _directory: tempfile::TempDir,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

impl Running {
    /// Starts a service with two markets and this configuration besides.
    pub async fn start(token: Option<&'static str>, more: &str) -> Running {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("vitrine.toml");
        let token_line = token.map(|t| format!("admin_token = {t:?}")).unwrap_or_default();
        let config = format!(
            "data_dir = {:?}
             {more}
             [[market]]
             id = \"default\"
             currency = \"USD\"
             locale = \"en\"
             [[market]]
             id = \"eu\"
             currency = \"EUR\"
             locale = \"de\"
             [http]
             listen = \"127.0.0.1:0\"
             workers = 1
             request_body_max_bytes = 2097152
             {token_line}",
            directory.path().join("data")
        );
        std::fs::write(&file, config).unwrap();
        let config = Config::load(Some(&file), std::iter::empty(), &Overrides::default()).unwrap();
        let roles = [Role::Api, Role::Projector];
        let service = Service::start(&config, &roles, |_| {}).await.unwrap();
        let address = service.address.unwrap();
        let running = Running { address, _service: service, token, _directory: directory };
        eventually("the service is ready", || (running.get("/readyz").status == 200).then_some(()));
        running
    }

    /// Sends these bytes as they are, and reads all that comes back.
    pub fn exchange(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server may answer, and close, before it has read everything.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let mut chunk = [0; 64 * 1024];
        while let Ok(1..) = stream.read(&mut chunk).inspect(|n| answer.extend(&chunk[..*n])) {}
        let _ = stream.shutdown(Shutdown::Both);
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| {
            panic!("no answer to {}", String::from_utf8_lossy(&request[..request.len().min(200)]))
        });
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: answer[end + 4..].to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(&answer.body);
        }
        answer
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" || !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.exchange(&[request.as_bytes(), body].concat())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// The answer, which has to be a page.
    #[track_caller]
    pub fn page(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token.unwrap_or("none"))
    }

    pub fn post(&self, media_type: &str, body: &[u8]) -> Answer {
        let headers = [("content-type", media_type), ("authorization", &self.authorization())];
        self.send("POST", "/api/v1/events", &headers, body)
    }

    /// Publishes events, all of them good, and waits until pages reflect them.
    #[track_caller]
    pub fn publish(&self, events: &[Value]) {
        let mut position = None;
        // Well below the largest body.
        for events in events.chunks(2000) {
            let lines: Vec<String> = events.iter().map(Value::to_string).collect();
            let answer = self.post("application/x-ndjson", lines.join("\n").as_bytes());
            assert_eq!(answer.status, 202, "{}", answer.text());
            let body = answer.json();
            assert_eq!(body["rejected"], json!([]), "{body}");
            position = body["position"].as_str().map(str::to_owned).or(position);
        }
        if let Some(position) = position {
            self.reflects(&position);
        }
    }

    /// Waits until pages reflect a position.
    #[track_caller]
    pub fn reflects(&self, position: &str) {
        let headers = [("vitrine-min-position", position), ("vitrine-wait-ms", "5000")];
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.send("GET", "/api/v1/home", &headers, b"");
            if answer.status == 200 {
                return;
            }
            assert!(answer.status == 412 && Instant::now() < deadline, "{}", answer.text());
        }
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let start = end + 2;
        body.extend(&rest[start..start + size]);
        rest = &rest[start + size + 2..];
    }
    body
}

/// A CloudEvent of this type.
pub fn event(ty: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": "1", "source": "/test", "type": ty,
        "time": "2026-01-01T00:00:00Z", "data": data,
    })
}

/// These members, and over them those of `with`.
fn merged(mut data: Value, with: Value) -> Value {
    if let (Some(data), Value::Object(with)) = (data.as_object_mut(), with) {
        data.extend(with);
    }
    data
}

pub fn product(id: &str, with: Value) -> Value {
    let data = json!({"product_id": id, "version": 1, "name": id});
    event("product.upserted.v1", merged(data, with))
}

/// A price of 500 in the default market.
pub fn price(id: &str, product_id: &str, with: Value) -> Value {
    let data = json!({"price_id": id, "product_id": product_id, "version": 1,
                      "market": "default", "currency": "USD", "amount": 500});
    event("price.set.v1", merged(data, with))
}

pub fn review(id: &str, product_id: &str, with: Value) -> Value {
    let data = json!({"review_id": id, "product_id": product_id, "version": 1, "rating": 4});
    event("review.upserted.v1", merged(data, with))
}
