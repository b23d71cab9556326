//! `vitrine config`: checks or shows the configuration.

use clap::Subcommand;

use super::{Context, output};
use crate::config;

#[derive(Subcommand)]
pub enum Command {
    /// Reads the configuration and says whether it can be used.
    Check,
    /// Shows the configuration in effect, without its secrets.
    Show {
        /// Prints the reference of all keys instead (Markdown).
        #[arg(long)]
        reference: bool,
    },
}

/// Prints the reference of all keys.
pub fn print_reference() -> anyhow::Result<()> {
    output::print(&config::reference::markdown());
    Ok(())
}

pub fn run(context: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        // Loading it was the check, but for what only serving asks.
        Command::Check => {
            context.config.check_exposure()?;
            output::answer(context.json, &serde_json::json!({ "ok": true }), || {
                "the configuration can be used".to_owned()
            });
        }
        Command::Show { .. } => {
            output::answer(context.json, &context.config, || config::show(&context.config))
        }
    }
    Ok(())
}
