//! The nine event types.

use super::Kind;

/// What a CloudEvent's `type` says, without its reverse-DNS prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EventType {
    ProductUpserted,
    ProductDeleted,
    PriceSet,
    PriceRemoved,
    StockSet,
    DiscountUpserted,
    DiscountRemoved,
    ReviewUpserted,
    ReviewRemoved,
}

impl EventType {
    /// All of them, in the order of the contract.
    pub const ALL: [EventType; 9] = [
        EventType::ProductUpserted,
        EventType::ProductDeleted,
        EventType::PriceSet,
        EventType::PriceRemoved,
        EventType::StockSet,
        EventType::DiscountUpserted,
        EventType::DiscountRemoved,
        EventType::ReviewUpserted,
        EventType::ReviewRemoved,
    ];

    /// Reads a CloudEvent's `type`: one of the nine names, alone or behind a prefix that ends with
    /// a dot. Case counts. `None`: a type this service does not know.
    ///
    /// ```
    /// use vitrine_projections::event::EventType;
    /// assert_eq!(EventType::parse("price.set.v1"), Some(EventType::PriceSet));
    /// assert_eq!(EventType::parse("com.shop.price.set.v1"), Some(EventType::PriceSet));
    /// assert_eq!(EventType::parse("comprice.set.v1"), None);
    /// assert_eq!(EventType::parse("price.set.v2"), None);
    /// ```
    pub fn parse(ce_type: &str) -> Option<EventType> {
        EventType::ALL.into_iter().find(|ty| {
            ce_type
                .strip_suffix(ty.name())
                .is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        })
    }

    /// The name without a prefix, as the contract has it.
    pub fn name(self) -> &'static str {
        match self {
            EventType::ProductUpserted => "product.upserted.v1",
            EventType::ProductDeleted => "product.deleted.v1",
            EventType::PriceSet => "price.set.v1",
            EventType::PriceRemoved => "price.removed.v1",
            EventType::StockSet => "stock.set.v1",
            EventType::DiscountUpserted => "discount.upserted.v1",
            EventType::DiscountRemoved => "discount.removed.v1",
            EventType::ReviewUpserted => "review.upserted.v1",
            EventType::ReviewRemoved => "review.removed.v1",
        }
    }

    /// The kind of entity that events of this type are about.
    pub fn kind(self) -> Kind {
        match self {
            EventType::ProductUpserted | EventType::ProductDeleted => Kind::Product,
            EventType::PriceSet | EventType::PriceRemoved => Kind::Price,
            EventType::StockSet => Kind::Stock,
            EventType::DiscountUpserted | EventType::DiscountRemoved => Kind::Discount,
            EventType::ReviewUpserted | EventType::ReviewRemoved => Kind::Review,
        }
    }
}
