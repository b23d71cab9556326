//! How much memory an index may take.

use projections::index::writer::Writer;

use crate::store::StoreError;

/// From so many products on what all of them take is estimated.
const ENOUGH_PRODUCTS: u64 = 2_000;

/// Why an index is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{products} products would take about {bytes} bytes of memory, and index.max_bytes is \
         {most}: raise it, or let several instances share the markets"
    )]
    TooLarge { products: u64, bytes: u64, most: u64 },
}

/// Estimates what a load will take, now and then: that takes longer the more is loaded.
pub(super) struct Estimate {
    max_bytes: u64,
    /// Products that there are, or a few more.
    total: u64,
    /// The next time is once so many are loaded.
    next: u64,
}

impl Estimate {
    pub fn new(max_bytes: u64, total: u64) -> Estimate {
        Estimate { max_bytes, total, next: ENOUGH_PRODUCTS }
    }

    /// Whether all products will fit, by those that are loaded.
    ///
    /// # Errors
    /// Where they will not.
    pub fn loading(&mut self, writer: &Writer) -> Result<(), LoadError> {
        if writer.len() < self.next {
            return Ok(());
        }
        self.next = 2 * writer.len();
        self.fits(writer, self.total)
    }

    /// Whether those that are loaded fit, which are all.
    ///
    /// # Errors
    /// Where they do not.
    pub fn loaded(&self, writer: &Writer) -> Result<(), LoadError> {
        // Nothing is no reason to refuse: it may be all there is room for.
        match writer.len() {
            0 => Ok(()),
            all => self.fits(writer, all),
        }
    }

    fn fits(&self, writer: &Writer, products: u64) -> Result<(), LoadError> {
        let (loaded, most) = (writer.len().max(1), self.max_bytes);
        let all = u128::from(writer.bytes() as u64) * u128::from(products.max(loaded));
        let bytes = u64::try_from(all / u128::from(loaded)).unwrap_or(u64::MAX);
        match most {
            1.. if bytes > most => Err(LoadError::TooLarge { products, bytes, most }),
            _ => Ok(()),
        }
    }
}
