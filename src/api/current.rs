//! What requests are answered from now: one generation's view, which a promotion replaces.
//!
//! A request takes the view once, at its start, and keeps to it: whatever it reads, and what it says of the generation,
//! is of that one.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use arc_swap::ArcSwap;

use super::ApiState;
use super::problem::Problem;
use crate::warm::Warming;

/// One generation, as a process answers from it.
pub struct View {
    pub state: web::Data<ApiState>,
    /// What looks after its page cache; without a cache there is none.
    pub warming: Option<Warming>,
}

impl View {
    /// A view with nothing that looks after its cache.
    pub fn plain(state: web::Data<ApiState>) -> View {
        View { state, warming: None }
    }

    pub fn generation(&self) -> i64 {
        self.state.store.generation()
    }
}

/// The view that is answered from now.
pub struct Current(ArcSwap<View>);

impl Current {
    pub fn new(view: Arc<View>) -> Current {
        Current(ArcSwap::new(view))
    }

    /// The view of now; whoever asks later may get another one.
    pub fn view(&self) -> Arc<View> {
        self.0.load_full()
    }

    /// For a look that is over at once: cheaper.
    pub fn peek(&self) -> arc_swap::Guard<Arc<View>> {
        self.0.load()
    }

    /// From now on requests are answered from this one.
    pub fn replace(&self, view: Arc<View>) -> Arc<View> {
        self.0.swap(view)
    }
}

/// What a request is answered from.
pub struct State(pub web::Data<ApiState>);

impl FromRequest for State {
    type Error = Problem;
    type Future = Ready<Result<State, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let view = of(request).ok_or_else(Problem::internal);
        ready(view.map(|view| State(view.state.clone())))
    }
}

/// The view that a request is answered from.
pub fn of(request: &HttpRequest) -> Option<Arc<View>> {
    request.app_data::<web::Data<Current>>().map(|current| current.view())
}
