//! `vitrine warm`: has a running service fill its page cache.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Context, output};
use crate::config::Config;
use crate::warm::remote::{Remote, Run};

/// How often it is asked how far the run has come.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub struct Args {
    /// The URL of the instance's API, such as http://10.0.0.7:8080; from http.listen if not given.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let config = &context.config;
    let url = match args.url {
        Some(url) => url,
        None => own_url(config)?,
    };
    let remote = Remote::new(&url, config.http.token())?;
    let run = wait(&remote, context.json).await?;
    if let Some(why) = &run.error {
        bail!("warming ended after {} of {} pages: {why}; try again", run.done, run.total);
    }
    if run.failed > 0 {
        bail!(
            "{} of {} pages could not be read; the service's log says why (vitrine::warm=debug)",
            run.failed,
            run.total
        );
    }
    output::answer(context.json, &run, || text(&run));
    Ok(())
}

/// Waits until a run that was begun or joined now has ended.
async fn wait(remote: &Remote, json: bool) -> anyhow::Result<Run> {
    let bar = if json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(ProgressStyle::with_template(
        "warming {bar:30} {pos}/{len} pages {msg} {elapsed}",
    )?);
    let mut run = remote.begin().await?;
    let first = run.run;
    while run.is_under_way() {
        bar.set_length(run.total);
        bar.set_position(run.done);
        bar.set_message(format!("{} loaded, {} failed", run.loaded, run.failed));
        tokio::time::sleep(LOOK_EVERY).await;
        let now = remote.progress().await?;
        if now.run < first {
            bail!("the service was started anew meanwhile; run this again");
        }
        if now.run > first {
            bail!(
                "another run has begun meanwhile, and how this one ended is not known; run this again"
            );
        }
        run = now;
    }
    bar.finish_and_clear();
    Ok(run)
}

fn text(run: &Run) -> String {
    let there = run.done.saturating_sub(run.loaded + run.failed + run.skipped);
    format!(
        "{} pages are warm: {} loaded, {there} were there, {} skipped ({:.2} s)",
        run.loaded + there,
        run.loaded,
        run.skipped,
        run.seconds
    )
}

/// Where the service of this configuration listens, as it is reached from this machine.
fn own_url(config: &Config) -> anyhow::Result<String> {
    let listen = &config.http.listen;
    let Some((host, port)) = listen.rsplit_once(':').filter(|(_, port)| *port != "0") else {
        bail!("http.listen is {listen}: name the service with --url");
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    Ok(match address {
        Ok(IpAddr::V4(any)) if any.is_unspecified() => format!("http://127.0.0.1:{port}"),
        Ok(IpAddr::V6(any)) if any.is_unspecified() => format!("http://[::1]:{port}"),
        _ => format!("http://{host}:{port}"),
    })
}
