//! The command line: one binary, a file a command.

mod config;
mod dead_letters;
mod demo;
mod generate;
mod generations;
mod migrate;
mod output;
mod publish;
mod rebuild;
mod serve;
mod standings;
mod status;
mod warm;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, LogFormat, Overrides, environment};

/// A read service for storefronts: events in, whole pages out.
#[derive(Parser)]
#[command(name = "vitrine", version, about, max_term_width = 100)]
struct Cli {
    /// The TOML file with the configuration.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one configuration key, over file and environment.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the embedded store and log are (`data_dir`).
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Answers in JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service.
    Serve(serve::Args),
    /// Runs the service on a sample catalogue with live changes, and a storefront page to look at.
    Demo(demo::Args),
    /// Appends CloudEvents (NDJSON) to the configured log, whether or not a service runs.
    Publish(publish::Args),
    /// Prints a reproducible, realistic event stream as NDJSON.
    Generate(generate::Args),
    /// Builds a new generation of the read store beside the live one, from the first event, and compares the two.
    Rebuild(rebuild::Args),
    /// Lists, promotes, rolls back or drops generations of the read store.
    #[command(subcommand)]
    Generations(generations::Command),
    /// Fills the page cache of a running service, and waits until that is done.
    Warm(warm::Args),
    /// Lists, shows, retries or discards what could not be applied.
    #[command(subcommand)]
    DeadLetters(dead_letters::Command),
    /// Shows positions, lag, generation and dead letters.
    Status,
    /// Brings the store's schema up to date.
    Migrate(migrate::Args),
    /// Checks or shows the configuration.
    #[command(subcommand)]
    Config(config::Command),
}

/// What every command gets.
pub(crate) struct Context {
    pub config: Config,
    /// Answers in JSON.
    pub json: bool,
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match dispatch(cli) {
        Ok(()) if output::is_written() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            output::error(json, &error);
            ExitCode::FAILURE
        }
    }
}

/// Connections and files need as many descriptors as the system allows, which is more than what a shell hands
/// down by default.
fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    // These need no configuration, so a broken one does not stop them.
    match cli.command {
        Command::Generate(args) => return generate::run(&args, cli.json),
        Command::Config(config::Command::Show { reference: true }) => {
            return config::print_reference();
        }
        _ => {}
    }
    let overrides = Overrides {
        set: cli.set,
        listen: match &cli.command {
            Command::Serve(args) => args.listen.clone(),
            Command::Demo(args) => args.listen.clone(),
            _ => None,
        },
        data_dir: cli.data_dir,
    };
    let config = Config::load(cli.config.as_deref(), environment()?.into_iter(), &overrides)?;
    start_logging(&config)?;
    raise_open_files();
    let context = Context { config, json: cli.json };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(context, args).await,
            Command::Demo(args) => demo::run(context, args).await,
            Command::Publish(args) => publish::run(context, args).await,
            Command::Rebuild(args) => rebuild::run(context, args).await,
            Command::Generations(command) => generations::run(context, command).await,
            Command::Warm(args) => warm::run(context, args).await,
            Command::DeadLetters(command) => dead_letters::run(context, command).await,
            Command::Status => status::run(context).await,
            Command::Migrate(args) => migrate::run(context, args).await,
            Command::Config(command) => config::run(&context, &command),
            Command::Generate(args) => generate::run(&args, cli.json),
        }
    });
    // The command is done: what may still be under way does not hold up its end.
    runtime.shutdown_background();
    done
}

/// Libraries that say what nobody needs to know: of themselves, or an error for each malformed request.
const QUIET: &str = "tokio_cron_scheduler=warn,actix_http::h1=off";

/// Logs go to standard error: standard output is for answers.
fn start_logging(config: &Config) -> anyhow::Result<()> {
    // What is configured goes over it.
    let directives = format!("{QUIET},{}", config.telemetry.log_filter);
    let filter = tracing_subscriber::EnvFilter::builder().parse(directives)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // Where nobody reads the log any more, the service goes on: to tell of that would panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let started = match config.telemetry.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|e| anyhow::anyhow!("cannot start logging: {e}"))
}
