//! The `vitrine` binary as a process of its own, and what the kernel knows of it.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::host::on_core;

/// What a process took.
#[derive(Clone, Copy, Default, serde::Serialize)]
pub struct Usage {
    pub seconds: f64,
    /// Of all its threads; other processes' load on the machine shows less in it.
    pub cpu_seconds: f64,
    /// The most that was in memory at once, shared and file pages included.
    pub peak_bytes: f64,
}

/// A running `vitrine`; dropping it ends it.
pub struct Vitrine {
    child: Child,
    started: Instant,
    usage: Usage,
}

impl Vitrine {
    /// Starts a command on the configuration file; nothing of this environment reaches it.
    pub fn start(config: &Path, arguments: &[&str]) -> anyhow::Result<Vitrine> {
        Vitrine::start_on(None, config, arguments)
    }

    /// On one core, or on any.
    pub fn start_on(
        core: Option<usize>,
        config: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Vitrine> {
        let mut command = on_core(core, env!("CARGO_BIN_EXE_vitrine"));
        command.arg("--config").arg(config).args(arguments);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VITRINE_")) {
            command.env_remove(name);
        }
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        Ok(Vitrine { child, started, usage: Usage::default() })
    }

    /// Looks at it; false once it has ended. What it took is known up to the last look.
    pub fn look(&mut self) -> anyhow::Result<bool> {
        // An ended process that was not waited for keeps its times, and has no memory any more.
        let ended = self.child.try_wait()?;
        self.usage.seconds = self.started.elapsed().as_secs_f64();
        if let Some(status) = ended {
            anyhow::ensure!(status.success(), "vitrine ended with {status}");
            return Ok(false);
        }
        let process = self.child.id().to_string();
        self.usage.peak_bytes = peak_bytes_of(&process).unwrap_or(self.usage.peak_bytes);
        self.usage.cpu_seconds = cpu_seconds_of(&process).unwrap_or(self.usage.cpu_seconds);
        Ok(true)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it took, up to the last look.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> anyhow::Result<Usage> {
        while self.look()? {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(self.usage)
    }
}

impl Drop for Vitrine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most that a process (`self`: this one) has had in memory at once: `VmHWM` in bytes.
pub fn peak_bytes_of(process: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// What a process has computed: `utime` and `stime`, the 14th and 15th field, counted behind the name in brackets.
pub fn cpu_seconds_of(process: &str) -> Option<f64> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / TICKS_A_SECOND)
}
