//! Generations of the read store: which there are, which one is live, and how processes follow it.
