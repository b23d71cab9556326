//! Which entity: its kind and id, as the key of a message names them.

use std::fmt;

use super::rejection::cut;
use super::{Kind, Problem, Rejection, valid_id};

/// An entity, by its kind and id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EntityKey {
    Product(String),
    Price(String),
    Stock { sku: String, location: String },
    Discount(String),
    Review(String),
}

impl EntityKey {
    /// Reads the key of a message in the topic of `kind`.
    ///
    /// A stock level's key splits at its last `@`. One without an `@` is refused: it could as well
    /// be the key of a publisher that sends all that belongs to a product under the product's id.
    ///
    /// # Errors
    /// `key.invalid` for what is no id.
    ///
    /// ```
    /// use vitrine_projections::event::{EntityKey, Kind};
    /// let key = EntityKey::parse(Kind::Stock, "mug@blue@berlin").unwrap();
    /// assert_eq!(key, EntityKey::Stock { sku: "mug@blue".into(), location: "berlin".into() });
    /// assert!(EntityKey::parse(Kind::Stock, "mug").is_err());
    /// ```
    pub fn parse(kind: Kind, key: &str) -> Result<EntityKey, Rejection> {
        let id = |id: &str, form: &str| {
            if valid_id(id) {
                return Ok(id.to_owned());
            }
            let says = format_args!("is {:?}, and must be {form}", cut(key));
            Err(Rejection::new("key", Problem::Invalid, says))
        };
        const STOCK: &str = "`sku@location`, two ids";
        Ok(match kind {
            Kind::Product => EntityKey::Product(id(key, "a product's id")?),
            Kind::Price => EntityKey::Price(id(key, "a price's id")?),
            Kind::Discount => EntityKey::Discount(id(key, "a discount's id")?),
            Kind::Review => EntityKey::Review(id(key, "a review's id")?),
            Kind::Stock => {
                let (sku, location) = key.rsplit_once('@').unwrap_or_default();
                EntityKey::Stock { sku: id(sku, STOCK)?, location: id(location, STOCK)? }
            }
        })
    }

    /// The kind of entity that this is.
    pub fn kind(&self) -> Kind {
        match self {
            EntityKey::Product(_) => Kind::Product,
            EntityKey::Price(_) => Kind::Price,
            EntityKey::Stock { .. } => Kind::Stock,
            EntityKey::Discount(_) => Kind::Discount,
            EntityKey::Review(_) => Kind::Review,
        }
    }
}

/// As a topic's key has it, and as [`Change::entity_key`](super::Change::entity_key).
impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EntityKey::Product(id)
            | EntityKey::Price(id)
            | EntityKey::Discount(id)
            | EntityKey::Review(id) => f.write_str(id),
            EntityKey::Stock { sku, location } => write!(f, "{sku}@{location}"),
        }
    }
}
