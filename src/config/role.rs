//! The roles of a process.

/// What a process does of the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Role {
    /// Answers pages and takes events.
    Api,
    /// Applies events to the view.
    Projector,
    /// Runs scheduled jobs.
    Scheduler,
}
