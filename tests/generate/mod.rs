//! The generated stream, seen from outside: reproducible, valid, and like a shop.

mod contract;
mod live;
mod prices;
mod products;
mod shape;
mod stream;
mod support;
