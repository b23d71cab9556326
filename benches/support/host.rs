//! What the machine is, and what it did to a measurement.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// Beyond this part of the time a measurement counts as disturbed: the host had the processor.
pub const MOST_STOLEN: f64 = 0.03;

/// The cores that this process may run on.
pub fn cores() -> anyhow::Result<Vec<usize>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut cores = Vec::new();
    for range in list.context("no list of cores in /proc/self/status")?.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cores.extend(first.parse()?..=last.parse::<usize>()?);
    }
    Ok(cores)
}

/// Binds all threads of this process to a core, and what it starts from now on.
pub fn pin_self(core: usize) -> anyhow::Result<()> {
    let process = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", &core.to_string(), &process])
        .stdout(Stdio::null())
        .status()
        .context("taskset (util-linux)")?;
    ensure!(pinned.success(), "taskset ended with {pinned}");
    Ok(())
}

/// A command that runs on one core, or on any.
pub fn on_core(core: Option<usize>, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let Some(core) = core else { return Command::new(program) };
    let mut command = Command::new("taskset");
    // It becomes the program: the process is the same.
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}

/// The processor's time up to now, over all cores, in ticks.
#[derive(Clone, Copy)]
pub struct Ticks {
    all: f64,
    stolen: f64,
}

impl Ticks {
    pub fn now() -> anyhow::Result<Ticks> {
        let stat = std::fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().context("/proc/stat is empty")?;
        // user nice system idle iowait irq softirq steal; what follows is in user already.
        let ticks: Vec<f64> =
            line.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<_, _>>()?;
        Ok(Ticks { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or_default() })
    }

    /// The part of the time since then that the host gave to others.
    pub fn stolen_since(self) -> anyhow::Result<f64> {
        let now = Ticks::now()?;
        Ok((now.stolen - self.stolen) / (now.all - self.all).max(1.0))
    }
}

/// What this thread has computed, in seconds.
pub fn thread_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = stat.split_whitespace().next().context("no time")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// What of a process is in memory, in bytes.
pub fn resident_bytes(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0)
}
