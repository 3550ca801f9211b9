//! TestApp, one integration binary, the fault harness.
