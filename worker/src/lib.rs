//! Runs the jobs.
