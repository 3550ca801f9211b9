# syntax=docker/dockerfile:1

# The one image of Quittance: `docker build -t quittance .`
# Which part a container plays is its command: none (all in one), ingress, worker, `migrate up`.

ARG RUST_VERSION=1.95

FROM rust:${RUST_VERSION}-bookworm AS build
WORKDIR /src
COPY . .
# The caches stay with the builder, so what is to be kept is copied out in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin quittance \
    && install -D target/release/quittance /out/quittance \
    && install -d /out/data

# glibc and certificates, and nothing that could be run instead of us: no shell, no packages.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Quittance" \
    org.opencontainers.image.description="A self-hosted payment back end" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/quittance /usr/local/bin/quittance
COPY --from=build --chown=65532:65532 /out/data /data

# By number, for Kubernetes' runAsNonRoot.
USER 65532:65532
WORKDIR /data
# In a container the loopback address would be reachable by nobody.
ENV LISTEN_ADDR=0.0.0.0:5000 DATA_DIR=/data
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/quittance", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/quittance"]
