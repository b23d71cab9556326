//! `vitrine serve`: the service.

use super::Context;
use crate::config::Role;
use crate::service::Service;

#[derive(clap::Args)]
pub struct Args {
    /// Where the API listens (`http.listen`).
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// What this process does; all of it if not given.
    #[arg(long, value_delimiter = ',', default_value = "api,projector,scheduler")]
    roles: Vec<Role>,
}

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let service = Service::start(&context.config, &args.roles, |_| {}).await?;
    if let Some(address) = service.address {
        tracing::info!("listening on http://{address}");
    }
    service.run().await
}
