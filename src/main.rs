//! The command line of Quittance.
fn main() {}
