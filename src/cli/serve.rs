//! `vitrine serve`: the service.

use super::Context;

#[derive(clap::Args)]
pub struct Args {
    /// Where the API listens (`http.listen`).
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}
pub async fn run(context: Context, _args: Args) -> anyhow::Result<()> {
    let embedded = crate::embedded::Embedded::open(&context.config).await?;
    let projector = std::sync::Arc::new(embedded.projector(&context.config));
    let stop = tokio_util::sync::CancellationToken::new();
    crate::projector::embedded::run(
        projector,
        embedded.log.clone(),
        crate::embedded::tail_options(&context.config),
        stop,
    )
    .await?;
    Ok(())
}
