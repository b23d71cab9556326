//! The binary: a folder to work in, commands run to their end, and processes that run beside the
//! test and are always ended and reaped, by their id.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Clock};

use serde_json::{Value, json};

use super::service::Service;
use super::{PATIENCE, eventually};

/// Two markets, as the generated streams have them.
pub const MARKETS: &str = r#"
[[market]]
id = "default"
currency = "USD"
locale = "en"
[[market]]
id = "eu"
currency = "EUR"
locale = "de-AT"
"#;

/// A projector that was killed keeps its partitions for a while, and a busy broker takes nothing for
/// as long.
const PATIENT: &str = "wait.publish_stall_seconds=600";

/// A working directory with a configuration file and a data directory.
pub struct Home {
    directory: tempfile::TempDir,
    settings: Vec<String>,
}

impl Home {
    /// With the two markets.
    pub fn new() -> Home {
        Home::with_config(MARKETS)
    }

    pub fn with_config(toml: &str) -> Home {
        let patient = vec![PATIENT.to_owned()];
        let home = Home { directory: tempfile::tempdir().unwrap(), settings: patient };
        home.write("vitrine.toml", toml);
        home
    }

    /// Every command gets `--set` with this.
    pub fn set(mut self, setting: impl Into<String>) -> Home {
        self.settings.push(setting.into());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file; answers its path as an argument.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The binary, with nothing from the environment that would configure it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.directory.path());
        command.args(["--config", "vitrine.toml", "--data-dir", "data"]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command.args(args);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Done {
        finish(self.command(args), b"")
    }

    pub fn run_with_input(&self, args: &[&str], input: &[u8]) -> Done {
        finish(self.command(args), input)
    }

    /// Runs a command that has to succeed, and reads its answer.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        match args.first() {
            // These may be asked again.
            Some(&"status" | &"migrate") => self.run_reached(&args).good().json(),
            _ => self.run(&args).good().json(),
        }
    }

    /// Runs a command again while it finds that the brokers do not answer within its bounds: on a busy machine the first
    /// answers may take longer.
    #[track_caller]
    pub fn run_reached(&self, args: &[&str]) -> Done {
        eventually("the event log is reached", || {
            let done = self.run(args);
            let unreached = done.stderr.contains("the event log cannot be reached");
            (done.status.success() || !unreached).then_some(done)
        })
    }

    /// Makes the topics with this many partitions each, and the schema.
    #[track_caller]
    pub fn migrate(&self, partitions: usize) {
        let partitions = partitions.to_string();
        self.run_reached(&["migrate", "--topics", "--partitions", &partitions]).good();
    }

    /// Starts a command and goes on.
    pub fn spawn(&self, args: &[&str]) -> Process {
        Process::spawn(self.command(args))
    }

    /// `serve` on a port of its own, ready to answer.
    pub fn serve(&self) -> Service {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, args: &[&str]) -> Service {
        let service = self.serve_not_ready(args);
        service.wait_ready();
        service
    }

    /// `serve`, listening.
    pub fn serve_not_ready(&self, args: &[&str]) -> Service {
        Service::of(self.spawn_serve(args))
    }

    /// `serve`, of which nothing is known yet.
    pub fn spawn_serve(&self, args: &[&str]) -> Process {
        let args: Vec<&str> =
            ["serve", "--listen", "127.0.0.1:0"].iter().chain(args).copied().collect();
        self.spawn(&args)
    }

    /// Publishes these lines and returns once the view reflects them.
    #[track_caller]
    pub fn publish(&self, lines: &[String]) -> Value {
        let file = self.write("events.ndjson", lines.join("\n"));
        self.json(&["publish", &file, "--wait", "--skip-unusable"])
    }

    /// So many instances were ready when the generation was promoted. One that stands still for a second is not heard of in
    /// time, and follows later: then the promotion is made again.
    #[track_caller]
    pub fn all_were_ready(&self, instances: usize, generation: i64, promoted: &Value) {
        let mut promoted = promoted.clone();
        for _ in 0..5 {
            if promoted["ready"] == instances && promoted["not_ready"] == json!([]) {
                return;
            }
            self.run(&["generations", "rollback"]).good();
            promoted = self.json(&["generations", "promote", &generation.to_string()]);
        }
        panic!("not all {instances} were ready: {promoted:#}");
    }

    /// Waits until everything that was published is projected.
    pub fn settled(&self) -> Value {
        eventually("the view reflects the whole log", || {
            let status = self.json(&["status"]);
            (status["lag_events"] == 0).then_some(status)
        })
    }
}

/// The binary in a directory, without configuration.
pub fn bare(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    command.current_dir(directory);
    unconfigured(&mut command);
    command
}

/// Takes what would configure the binary from a command's environment.
fn unconfigured(command: &mut Command) {
    let ours = |name: &OsString| name.to_string_lossy().starts_with("VITRINE_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
}

/// A command that another one runs, as its last arguments: `sh -c '... exec "$0" "$@"'`.
pub fn run_by(outer: &[&str], inner: &Command) -> Command {
    let mut command = Command::new(outer[0]);
    command.args(&outer[1..]).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(inner.get_current_dir().unwrap());
    unconfigured(&mut command);
    command
}

/// A command that has ended.
#[derive(Debug)]
pub struct Done {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    /// It has to have succeeded.
    #[track_caller]
    pub fn good(self) -> Done {
        assert!(self.status.success(), "{self:#?}");
        self
    }

    /// It has to have failed, and to say all of these.
    #[track_caller]
    pub fn refused(self, says: &[&str]) -> Done {
        assert_ne!(self.status.code(), Some(0), "{self:#?}");
        assert!(self.status.code().is_some(), "it must not be killed: {self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        for part in says {
            assert!(self.stderr.contains(part), "`{part}` is not said: {self:#?}");
        }
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }
}

/// Runs to the end, within bounds.
pub fn finish(mut command: Command, input: &[u8]) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Reaped(command.spawn().unwrap());
    let mut stdin = child.0.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || {
        // A process that fails early does not read all of it.
        let _ = stdin.write_all(&input);
    });
    let stdout = read_all(child.0.stdout.take().unwrap());
    let stderr = read_all(child.0.stderr.take().unwrap());
    let status = child.wait(&format!("{command:?}"));
    writing.join().unwrap();
    Done { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Where a process's threads wait.
fn threads(id: u32) -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{id}/task")) else { return Vec::new() };
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let thread =
        |task: PathBuf| ["comm", "wchan", "syscall"].map(|file| read(task.join(file))).join(" ");
    tasks.flatten().map(|task| thread(task.path())).collect()
}

/// A child that does not outlive its owner, nor stays as a zombie.
struct Reaped(Child);

impl Reaped {
    fn wait(&mut self, what: &str) -> ExitStatus {
        let started = Clock::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            let stuck = || format!("{what} does not end: {:#?}", threads(self.0.id()));
            assert!(started.elapsed() < PATIENCE, "{}", stuck());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process beside the test.
pub struct Process {
    child: Reaped,
    stderr: Arc<Mutex<Vec<String>>>,
    reading: Option<JoinHandle<()>>,
}

impl Process {
    pub fn spawn(mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Reaped(command.spawn().unwrap());
        let from = BufReader::new(child.0.stderr.take().unwrap());
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&stderr);
        let reading = std::thread::spawn(move || {
            for line in from.lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        Process { child, stderr, reading: Some(reading) }
    }

    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// What it has written to standard error.
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits for a line with this; answers what follows in the line.
    #[track_caller]
    pub fn said(&mut self, needle: &str) -> String {
        let started = Clock::now();
        loop {
            let ended = self.child.0.try_wait().unwrap();
            let found = self
                .stderr()
                .iter()
                .find_map(|line| line.split_once(needle).map(|(_, rest)| rest.trim().to_owned()));
            match found {
                Some(rest) => return rest,
                None if ended.is_some() && started.elapsed() > Duration::from_secs(1) => {
                    panic!("it ended ({ended:?}) without saying `{needle}`: {:#?}", self.stderr())
                }
                None => assert!(started.elapsed() < PATIENCE, "`{needle}`: {:#?}", self.stderr()),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.0.try_wait().unwrap()
    }

    /// Kills it (SIGKILL), and reaps it.
    pub fn kill(&mut self) -> ExitStatus {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap()
    }

    /// Asks it to end (SIGTERM), and reaps it.
    pub fn terminate(&mut self) -> ExitStatus {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait("the process")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.0.kill();
        let _ = self.child.0.wait();
        if let Some(reading) = self.reading.take() {
            let _ = reading.join();
        }
        if std::thread::panicking() {
            let stderr = self.stderr();
            let last = stderr.len().saturating_sub(40);
            eprintln!("--- the process said:\n{}", stderr[last..].join("\n"));
        }
    }
}
