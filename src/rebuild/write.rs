//! Writing: discounts, then products part by part, then dead letters, and in the end the positions. Each transaction also
//! says how far it has come.

use std::collections::VecDeque;
use std::sync::Arc;

use projections::event::Kind;
use projections::run::Mark;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::letters::Subjects;
use super::manifest::Folder;
use super::outcomes::Outcomes;
use super::part::Part;
use super::progress::Phase;
use super::read::Read;
use super::regroup::{Groups, Letters, Regrouped, regroup};
use super::source::Source;
use super::state::{Kept, Written};
use super::{Filled, Job, RebuildError, blocking, discounts, letters};
use crate::decode::{self, Decoded};
use crate::log::position::{Partition, Position};
use crate::projector::{Incoming, limits};
use crate::store::dead_letter::NewDeadLetter;
use crate::store::facts::{DiscountWrite, FactWrites};
use crate::store::{Advance, ReadStore, Transaction};

/// Discounts that are written in one transaction.
const DISCOUNTS_AT_ONCE: usize = 5_000;
/// Bytes of dead letters that are written in one transaction, about.
const LETTERS_AT_ONCE: usize = 8 * 1024 * 1024;
/// Entities whose dead letters are settled in one transaction.
const SETTLED_AT_ONCE: usize = 10_000;
/// Parts computed ahead of those that are written.
const COMPUTED_AHEAD: usize = 1;

/// Writes what was read, from where an earlier run has come to.
pub async fn write(
    job: &Job,
    source: &Source,
    folder: &Folder,
    read: Read,
    writing: Option<Written>,
) -> Result<Filled, RebuildError> {
    let Read { partitions: ends, outcomes, folded } = read;
    job.tell(|progress| {
        progress.phase = Phase::Writing;
        progress.events = outcomes.sum();
    });
    let partitions: Vec<Partition> = ends.iter().map(|(p, _)| p.clone()).collect();
    let (ours, budget, stop) = (folder.clone(), job.options.memory_bytes, job.stop.clone());
    let parts = partitions.clone();
    let regrouped = blocking(move || regroup(folded, &parts, &ours, budget, &stop)).await?;
    let Regrouped { discounts, subjects, products, groups, letters } = regrouped;
    let kept = Kept::of(writing.as_ref());
    let written = writing.unwrap_or_else(|| Written::nothing(ends));
    job.tell(|progress| {
        (progress.products, progress.products_total) = (written.products, products)
    });

    let numbers = partitions.iter().map(|p| p.partition).collect::<Vec<i32>>();
    let discounts = discounts::writes(&discounts, &numbers)?;
    job.unless_stopped(job.store.begin_filling()).await??;
    let mut writer = Writer { job, source, folder, partitions, written, kept };
    writer.discounts(discounts).await?;
    writer.products(groups, numbers.into()).await?;
    if !writer.written.settled {
        writer.letters(&letters, &subjects, false).await?;
    }
    job.tell(|progress| progress.phase = Phase::Indexing);
    job.unless_stopped(job.store.end_filling()).await??;
    if !writer.written.settled {
        writer.settle(&subjects).await?;
    }
    writer.letters(&letters, &subjects, true).await?;
    writer.finish(outcomes).await
}

struct Writer<'a> {
    job: &'a Job,
    source: &'a Source,
    folder: &'a Folder,
    partitions: Vec<Partition>,
    written: Written,
    kept: Kept,
}

impl Writer<'_> {
    /// Commits what is written, with how far that is.
    async fn commit(&mut self, mut tx: Box<dyn Transaction>) -> Result<(), RebuildError> {
        self.kept.replace(tx.as_mut(), &self.written).await?;
        Ok(tx.commit().await?)
    }

    async fn discounts(&mut self, discounts: Vec<DiscountWrite>) -> Result<(), RebuildError> {
        for chunk in
            discounts.get(self.written.discounts..).unwrap_or_default().chunks(DISCOUNTS_AT_ONCE)
        {
            self.job.go_on()?;
            let mut tx = self.job.store.begin_fill().await?;
            tx.save_facts(&FactWrites { discounts: chunk.to_vec(), ..FactWrites::default() })
                .await?;
            self.written.discounts += chunk.len();
            self.commit(tx).await?;
        }
        Ok(())
    }

    async fn products(&mut self, groups: Groups, numbers: Arc<[i32]>) -> Result<(), RebuildError> {
        let (sender, mut parts) = mpsc::channel(COMPUTED_AHEAD);
        let after = self.written.after.clone();
        let computing = tokio::spawn(compute(groups, numbers, after, self.job.share(), sender));
        self.tell();
        let mut writing = VecDeque::new();
        let written = self.write_parts(&mut parts, &mut writing).await;
        // None is cut off in the middle of what it writes: it is undone when it is at rest, before anybody begins again.
        for put in writing {
            let _undone = put.await;
        }
        written?;
        computing.await.map_err(|ended| RebuildError::ended(&ended))?
    }

    /// Some parts at once.
    async fn write_parts(
        &mut self,
        parts: &mut mpsc::Receiver<Part>,
        writing: &mut VecDeque<Writing>,
    ) -> Result<(), RebuildError> {
        let at_once = self.job.store.fills_at_once();
        while let Some(part) = parts.recv().await {
            self.job.go_on()?;
            let refused = self.refused(&part.refused).await?;
            writing.push_back(tokio::spawn(put(Arc::clone(&self.job.store), part, refused)));
            if writing.len() >= at_once {
                self.commit_part(writing.pop_front()).await?;
            }
        }
        while !writing.is_empty() {
            self.commit_part(writing.pop_front()).await?;
        }
        Ok(())
    }

    fn tell(&self) {
        self.job.tell(|progress| progress.products = self.written.products);
    }

    /// Parts are committed in their order: the mark of how far it has come holds for all before it.
    async fn commit_part(&mut self, part: Option<Writing>) -> Result<(), RebuildError> {
        let Some(part) = part else { return Ok(()) };
        let Put { tx, products, refused, last } =
            part.await.map_err(|ended| RebuildError::ended(&ended))??;
        self.written.products += products;
        self.written.refused += refused;
        self.written.after = last.or(self.written.after.take());
        self.commit(tx).await?;
        self.tell();
        Ok(())
    }

    /// The dead letters of prices that there was no room for: their messages are read once more.
    async fn refused(&self, marks: &[Mark]) -> Result<Vec<NewDeadLetter>, RebuildError> {
        let mut refused = Vec::with_capacity(marks.len());
        for (number, partition) in (0..).zip(&self.partitions) {
            let of = marks.iter().filter(|mark| mark.partition == number);
            let mut offsets: Vec<i64> = of.map(|mark| mark.offset).collect();
            offsets.sort_unstable();
            let records = match offsets.is_empty() {
                true => continue,
                false => self.source.again(partition, offsets.clone()).await?,
            };
            for (offset, record) in offsets.into_iter().zip(records) {
                let Ok(Decoded::Event { event, .. }) = decode::record(Kind::Price, &record) else {
                    continue;
                };
                let Partition { topic, partition } = partition.clone();
                let incoming = Incoming::new(Position { topic, partition, offset }, event, record);
                refused.push(limits::dead_letter(&incoming));
            }
        }
        Ok(refused)
    }

    /// Writes dead letters: those that nothing may settle, or the others. One that is there already stays as it is.
    async fn letters(
        &mut self,
        letters: &Letters,
        subjects: &Subjects,
        late: bool,
    ) -> Result<(), RebuildError> {
        let files = match letters {
            Letters::Memory(letters) => return self.put_letters(letters, subjects, late).await,
            Letters::Files(runs) => runs,
        };
        for run in files {
            let (run, folder) = (run.clone(), self.folder.path.clone());
            let letters = blocking(move || run.letters(&folder)).await?;
            self.put_letters(&letters, subjects, late).await?;
        }
        Ok(())
    }

    async fn put_letters(
        &mut self,
        letters: &[NewDeadLetter],
        subjects: &Subjects,
        late: bool,
    ) -> Result<(), RebuildError> {
        let mut rest = letters;
        while !rest.is_empty() {
            self.job.go_on()?;
            let (mut chunk, mut bytes) = (Vec::new(), 0);
            while bytes < LETTERS_AT_ONCE
                && let Some((letter, after)) = rest.split_first()
            {
                rest = after;
                if subjects.is_after(letter) == late {
                    bytes += letters::bytes(letter);
                    chunk.push(letter.clone());
                }
            }
            if chunk.is_empty() {
                break;
            }
            let mut tx = self.job.store.begin_fill().await?;
            tx.put_dead_letters(&chunk).await?;
            self.commit(tx).await?;
        }
        Ok(())
    }

    /// Before late ones are there: of those a good version says nothing.
    async fn settle(&mut self, subjects: &Subjects) -> Result<(), RebuildError> {
        for chunk in subjects.settlements().chunks(SETTLED_AT_ONCE) {
            self.job.go_on()?;
            let mut tx = self.job.store.begin_fill().await?;
            tx.settle_dead_letters(chunk).await?;
            self.commit(tx).await?;
        }
        self.written.settled = true;
        let tx = self.job.store.begin_fill().await?;
        self.commit(tx).await
    }

    /// From here on it is a generation as any other.
    async fn finish(mut self, mut outcomes: Outcomes) -> Result<Filled, RebuildError> {
        let mut tx = self.job.store.begin().await?;
        self.kept.forget(tx.as_mut()).await?;
        let Written { ends, products, refused, .. } = self.written;
        outcomes.refuse(refused);
        let positions: Vec<(Partition, i64)> =
            ends.into_iter().filter(|(_, next)| *next > 0).collect();
        let advance = |(partition, next): &(Partition, i64)| Advance {
            partition: partition.clone(),
            expected: 0,
            next: *next,
            last: None,
        };
        tx.count_outcomes(&outcomes.counted()).await?;
        tx.advance(&positions.iter().map(advance).collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(Filled { events: outcomes.sum(), products, positions })
    }
}

/// A part that is being written; it is undone where nobody takes it.
type Writing = JoinHandle<Result<Put, RebuildError>>;

/// A part that is written, but for the mark.
struct Put {
    tx: Box<dyn Transaction>,
    products: u64,
    refused: u64,
    last: Option<String>,
}

/// Writes a part, in one transaction.
async fn put(
    store: Arc<dyn ReadStore>,
    part: Part,
    refused: Vec<NewDeadLetter>,
) -> Result<Put, RebuildError> {
    let mut tx = store.begin_fill().await?;
    tx.save_facts(&part.writes).await?;
    tx.add_review_counts(&part.review_counts).await?;
    tx.put_dead_letters(&refused).await?;
    let (products, last) = (part.products, part.last);
    Ok(Put { tx, products, refused: refused.len() as u64, last })
}

/// Puts the parts after a product together, one after the other; ends early where nobody takes them.
async fn compute(
    mut groups: Groups,
    numbers: Arc<[i32]>,
    after: Option<String>,
    part_bytes: usize,
    parts: mpsc::Sender<Part>,
) -> Result<(), RebuildError> {
    for group in 0..groups.count() {
        let taken = blocking(move || {
            let products = groups.take(group)?;
            Ok((groups, products))
        });
        let mut products;
        (groups, products) = taken.await?;
        if let Some(after) = &after {
            products.skip_to(after);
        }
        loop {
            let part = products.part(part_bytes);
            if part.is_empty() {
                break;
            }
            let computed = Part::compute(part, &numbers).await?;
            if parts.send(computed).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
