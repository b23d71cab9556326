//! Single parts of the service, each by itself.

mod listings;
mod one_pass;
mod pace;
mod products;
mod quiet;
mod warm;
