//! Which dead letters are in the topic of dead letters already. Only the live generation sends them: what it has sent, another
//! one that takes over does not send again; what it has not, the other one sends.

use std::collections::HashSet;

use crate::log::position::Position;
use crate::store::{ReadStore, Result};

/// Dead letters that are marked at once.
const AT_ONCE: u32 = 1_000;

/// With more dead letters that nobody has forwarded, those that were looked at once are not looked at again.
const LOOKED_AT_AGAIN: usize = 10_000;

/// How far one generation knows of another one what it has forwarded.
#[derive(Clone, Copy, Default)]
pub struct Adopted {
    /// The last dead letter that was looked at, by its id.
    last: i64,
    /// Of those, so many are not forwarded.
    left: usize,
}

/// Marks the dead letters of one generation that another one has forwarded; with `None`, all that there are. What is known
/// from an earlier time makes it shorter.
pub async fn adopt(
    from: Option<&dyn ReadStore>,
    to: &dyn ReadStore,
    known: Adopted,
) -> Result<Adopted> {
    let mut adopted = if known.left > LOOKED_AT_AGAIN { known } else { Adopted::default() };
    loop {
        let letters = to.unforwarded(adopted.last, AT_ONCE).await?;
        let Some((last, _)) = letters.last() else { return Ok(adopted) };
        adopted.last = *last;
        let ids: Vec<i64> = match from {
            None => letters.iter().map(|(id, _)| *id).collect(),
            Some(from) => {
                let asked: Vec<Position> = letters.iter().map(|(_, at)| at.clone()).collect();
                let sent: HashSet<Position> = from.forwarded(&asked).await?.into_iter().collect();
                let is_sent = |(id, at): &(i64, Position)| sent.contains(at).then_some(*id);
                letters.iter().filter_map(is_sent).collect()
            }
        };
        adopted.left += letters.len() - ids.len();
        if !ids.is_empty() {
            let mut tx = to.begin().await?;
            tx.mark_forwarded(&ids).await?;
            tx.commit().await?;
        }
    }
}
