//! Endpoints for those who run the service: one begins a rebuild of the read store, one fills the page
//! cache of this instance.

mod rebuild;
mod warm;

use actix_web::web;

use crate::generations::jobs::Rebuilds;
use crate::generations::view::CurrentView;

/// What the endpoints work on.
#[derive(Clone)]
pub struct Admin {
    pub view: web::Data<CurrentView>,
    pub rebuilds: web::Data<Rebuilds>,
}

impl Admin {
    /// Their routes, beside the API's.
    pub fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(self.view.clone())
            .app_data(self.rebuilds.clone())
            .service(warm::resource())
            .service(rebuild::resource());
    }
}
