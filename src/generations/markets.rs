//! The markets of the live generation: a rebuild projects beside the services, and must not turn views to other ones.

use super::outcome::RebuildFailed;
use super::rebuild::Rebuild;
use crate::projector::reconfigure;
use crate::stack;

impl Rebuild {
    /// Refuses a configuration with other markets than the live generation's. Whoever projects with others has every view
    /// computed again, and the pages of all that run with the old ones are 503 meanwhile, and from then on.
    pub(super) async fn has_the_markets_of_the_live_one(&self) -> Result<(), RebuildFailed> {
        let stores = &self.stack.stores;
        let known = stores.catalogue().list().await?;
        // Another build's cannot be read, and is not projected by this one.
        let Some(live) = known.into_iter().find(|g| g.live && g.is_ours()) else { return Ok(()) };
        let mut snapshot = stores.get(&live).await?.snapshot_fresh().await?;
        let ours = stack::markets(&self.config);
        match reconfigure::others(snapshot.as_mut(), &ours).await? {
            Some(of_live) => Err(RebuildFailed::OtherMarkets {
                live: live.number,
                of_live,
                ours: reconfigure::fingerprint(&ours),
            }),
            None => Ok(()),
        }
    }
}
