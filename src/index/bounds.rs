//! How much memory an index may take.

use projections::index::writer::Writer;

use super::ListingIndex;
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

impl ListingIndex {
    /// Whether all of so many products will fit, by those that are there.
    ///
    /// # Errors
    /// Where they will not.
    pub(super) fn fits(&self, writer: &Writer, products: u64) -> Result<(), LoadError> {
        let (loaded, most) = (writer.len(), self.max_bytes);
        if most == 0 || loaded < ENOUGH_PRODUCTS.min(products) || loaded == 0 {
            return Ok(());
        }
        let bytes = writer.bytes() as u64;
        let all = u128::from(bytes) * u128::from(products.max(loaded)) / u128::from(loaded);
        let bytes = u64::try_from(all).unwrap_or(u64::MAX);
        if bytes > most {
            return Err(LoadError::TooLarge { products, bytes, most });
        }
        Ok(())
    }
}
