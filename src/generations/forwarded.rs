//! Which dead letters are in the topic of dead letters already. Only the live generation sends them: what it has sent, another
//! one that takes over does not send again; what it has not, the other one sends.

use std::collections::HashSet;

use crate::log::position::Position;
use crate::store::{ReadStore, Result};

/// Dead letters that are marked at once.
const AT_ONCE: u32 = 1_000;

/// Marks the dead letters of one generation that another one has forwarded; with `None`, all that there are.
pub async fn adopt(from: Option<&dyn ReadStore>, to: &dyn ReadStore) -> Result<()> {
    let mut after = 0;
    loop {
        let letters = to.unforwarded(after, AT_ONCE).await?;
        let Some((last, _)) = letters.last() else { return Ok(()) };
        after = *last;
        let ids: Vec<i64> = match from {
            None => letters.iter().map(|(id, _)| *id).collect(),
            Some(from) => {
                let asked: Vec<Position> = letters.iter().map(|(_, at)| at.clone()).collect();
                let sent: HashSet<Position> = from.forwarded(&asked).await?.into_iter().collect();
                let is_sent = |(id, at): &(i64, Position)| sent.contains(at).then_some(*id);
                letters.iter().filter_map(is_sent).collect()
            }
        };
        if !ids.is_empty() {
            let mut tx = to.begin().await?;
            tx.mark_forwarded(&ids).await?;
            tx.commit().await?;
        }
    }
}
