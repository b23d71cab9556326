//! demo
use super::Context;
#[derive(clap::Args)]
pub struct Args {
    /// Where the API listens (`http.listen`).
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}
pub async fn run(_context: Context, _args: Args) -> anyhow::Result<()> {
    Ok(())
}
