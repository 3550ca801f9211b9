//! Receipts and alerts: from data to text.
