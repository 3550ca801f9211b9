//! How a process learns that it should stop.

#[cfg(test)]
mod tests;

use std::{future::Future, io, sync::Arc};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// What a process answers when it is told twice: 128 + SIGTERM.
const KILLED: i32 = 143;

/// Tells every part of a process that it is time to stop. Clones tell and hear the same.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Shutdown {
    /// One that only [`trigger`](Self::trigger) sets off.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that SIGTERM and SIGINT set off; a second signal ends the process at once.
    ///
    /// Must be called within a Tokio runtime.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::new();
        let told = shutdown.clone();
        tokio::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::info!("told to stop; finishing what is open, a second signal stops at once");
            told.trigger();
            either(&mut terminate, &mut interrupt).await;
            tracing::warn!("told to stop again; stopping at once");
            std::process::exit(KILLED);
        });
        Ok(shutdown)
    }

    /// Sets it off.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was set off.
    pub fn is_triggered(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is set off.
    pub fn signalled(&self) -> impl Future<Output = ()> + Send + 'static {
        // The sender goes along, so that waiting cannot end for want of one.
        let (sender, mut receiver) = (Arc::clone(&self.0), self.0.subscribe());
        async move {
            let _ = receiver.wait_for(|triggered| *triggered).await;
            drop(sender);
        }
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
