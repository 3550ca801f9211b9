//! A connection that ends itself when its time is up.

use std::{
    future::Future,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::{
    GuardOptions,
    registry::Admitted,
    timing::{Phase, Timing},
};

/// A connection under guard. When it must end, reading and writing fail, and the server drops it.
#[derive(Debug)]
pub struct GuardedStream<Io> {
    io: Io,
    admitted: Admitted,
    options: Arc<GuardOptions>,
    timing: Timing,
    timer: Pin<Box<Sleep>>,
    /// Why it ended, once it has.
    ended: Option<ErrorKind>,
}

impl<Io> GuardedStream<Io> {
    pub(super) fn new(io: Io, admitted: Admitted, options: Arc<GuardOptions>) -> Self {
        let timing = Timing::new(Instant::now());
        let timer = Box::pin(tokio::time::sleep_until(timing.deadline(&options)));
        Self { io, admitted, options, timing, timer, ended: None }
    }

    /// Ready when the connection must end; otherwise sees to it that the task wakes then.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if let Some(kind) = self.ended {
            return Poll::Ready(kind.into());
        }
        if Pin::new(&mut self.admitted.evicted).poll(context).is_ready() {
            return Poll::Ready(self.end(ErrorKind::ConnectionAborted));
        }
        if self.poll_timer(context).is_pending() {
            return Poll::Pending;
        }
        let waited_for = match self.timing.phase() {
            Phase::Head => "head",
            Phase::Body => "body",
            Phase::Answer => "answer",
        };
        tracing::debug!(waited_for, "closed a connection whose time was up");
        metrics::counter!("ingress_connections_timed_out_total", "waited_for" => waited_for)
            .increment(1);
        Poll::Ready(self.end(ErrorKind::TimedOut))
    }

    /// Ready when its time is up.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.timing.deadline(&self.options);
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        self.timer.as_mut().poll(context)
    }

    /// Sets the timer anew after something happened, as the server need not ask again soon.
    fn rearm(&mut self, context: &mut Context<'_>) {
        if self.poll_timer(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    fn end(&mut self, kind: ErrorKind) -> io::Error {
        self.ended = Some(kind);
        kind.into()
    }

    /// Takes note of bytes from the client.
    fn after_read(&mut self, bytes: &[u8], context: &mut Context<'_>) -> io::Result<()> {
        let before = self.timing.phase();
        let now = Instant::now();
        self.timing.read(bytes, now);
        self.rearm(context);
        let phase = self.timing.phase();
        // A head that drips stays as old as it is.
        if phase == before || self.admitted.enter(phase, now) {
            return Ok(());
        }
        Err(self.end(ErrorKind::ConnectionAborted))
    }

    /// Takes note of bytes to the client, or sees to it that it takes them in time.
    fn after_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = written {
            let now = Instant::now();
            self.timing.wrote(now);
            // If it must go, the next read will tell; these bytes are on their way.
            self.admitted.enter(self.timing.phase(), now);
            self.rearm(context);
        }
        self.or_end(written, context)
    }

    /// Waits for the client to take what was written, but not for ever.
    fn or_end<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        self.timing.blocked(Instant::now());
        self.poll_end(context).map(Err)
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for GuardedStream<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Poll::Ready(error) = this.poll_end(context) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read
            && buffer.filled().len() > before
        {
            this.after_read(&buffer.filled()[before..], context)?;
        }
        read
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for GuardedStream<Io> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(context, bytes);
        this.after_write(written, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(context, bytes);
        this.after_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.io).poll_flush(context);
        this.or_end(done, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.io).poll_shutdown(context);
        this.or_end(done, context)
    }
}
