//! What others measure with, too.

pub mod smtp;
