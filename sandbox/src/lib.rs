//! Stripe as a stateful local server.
