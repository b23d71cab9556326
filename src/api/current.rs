//! What requests are answered from now: one generation's state, which a promotion replaces.
//!
//! A request takes the state once, at its start, and keeps to it: whatever it reads, and what it says of the generation,
//! is of that one.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use arc_swap::ArcSwap;

use super::ApiState;
use super::problem::Problem;

/// The state that is answered from now.
pub struct Current(ArcSwap<ApiState>);

impl Current {
    pub fn new(state: web::Data<ApiState>) -> Current {
        Current(ArcSwap::new(state.into_inner()))
    }

    /// The state of now; whoever asks later may get another one.
    pub fn state(&self) -> web::Data<ApiState> {
        web::Data::from(self.0.load_full())
    }

    /// For a look that is over at once: cheaper.
    pub fn peek(&self) -> arc_swap::Guard<Arc<ApiState>> {
        self.0.load()
    }

    /// From now on requests are answered from this one.
    pub fn replace(&self, state: web::Data<ApiState>) {
        self.0.store(state.into_inner());
    }
}

/// What a request is answered from.
pub struct State(pub web::Data<ApiState>);

impl FromRequest for State {
    type Error = Problem;
    type Future = Ready<Result<State, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(of(request).map(State).ok_or_else(Problem::internal))
    }
}

/// The state that a request is answered from.
pub fn of(request: &HttpRequest) -> Option<web::Data<ApiState>> {
    request.app_data::<web::Data<Current>>().map(|current| current.state())
}
