# shellcheck shell=bash
# A running Quittance, and the tools that judge it. To be sourced after common.sh, in the root of
# the repository.

readonly REAL=tests/real

# What stripe-node asks for.
readonly NODE_AT_LEAST=20

# How long the binary may take until it is ready.
readonly READY_WITHIN=60

QUITTANCE_DIR=''
QUITTANCE_PROCESS=''

# Tools ------------------------------------------------------------------------------------------

# Everything is pinned by version, and lands in directories that git ignores.
real_install() {
    install_python
    install_node
    # What npm itself runs on packages' behalf is not needed: Stripe's packages hold all they use.
    unless_done "$REAL/node_modules" "$REAL/package-lock.json" \
        npm --prefix "$REAL" ci --no-fund --no-audit --ignore-scripts --loglevel error
}

install_python() {
    if ! python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        install_packages 'Python 3.10 or newer, with venv and pip' python3 python3-venv
        # A Python of the user's own may come before the system's in PATH.
        PATH=/usr/bin:$PATH
    fi
    unless_done "$REAL/.venv" "$REAL/requirements.txt" new_venv
}

# Without what the requirements themselves ask for: the file lists what is used, and one of them
# brings fifty packages for purposes that are not ours.
new_venv() {
    rm -rf "$REAL/.venv"
    python3 -m venv "$REAL/.venv"
    pip_install -r "$REAL/requirements.txt"
}

pip_install() {
    "$REAL/.venv/bin/python" -m pip --quiet --disable-pip-version-check install \
        --no-input --no-deps "$@"
}

# A Node that is missing or too old, as in many distributions, is taken from a Python package: the
# same version everywhere, and nothing on the machine changes.
install_node() {
    if ! node_suffices; then
        PATH=$PWD/$REAL/.venv/bin:$PATH
        node_suffices || pip_install -r "$REAL/requirements-node.txt"
        node_suffices || die "Missing: Node.js $NODE_AT_LEAST or newer, with npm." 2
    fi
}

node_suffices() {
    have npm && node -e "process.exit(parseInt(process.versions.node) < $NODE_AT_LEAST ? 1 : 0)" 2>/dev/null
}

# unless_done DIRECTORY LIST COMMAND…: runs COMMAND, which makes DIRECTORY from LIST, unless it did
# so already from the same LIST.
unless_done() {
    local directory=$1 stamp
    stamp=$(cksum <"$2")
    shift 2
    [[ $(cat "$directory/.made-from" 2>/dev/null) != "$stamp" ]] || return 0
    say "Installing into $directory"
    "$@" >&2
    echo "$stamp" >"$directory/.made-from"
}

# Quittance --------------------------------------------------------------------------------------

quittance_start() {
    local port try
    QUITTANCE_BIN=${QUITTANCE_BIN:-$(build_quittance)}
    QUITTANCE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/quittance-real.XXXXXX")
    quittance_environment
    for ((try = 0; try < 5; try++)); do
        port=$(free_port)
        export LISTEN_ADDR=127.0.0.1:$port QUITTANCE_URL=http://127.0.0.1:$port
        (cd "$QUITTANCE_DIR" && exec "$QUITTANCE_BIN" >"$QUITTANCE_DIR/log" 2>&1 </dev/null) &
        QUITTANCE_PROCESS=$!
        if wait_until "$READY_WITHIN" quittance_settled && quittance_ready; then return 0; fi
        # Somebody may have taken the port; whoever lives and is not ready will not be elsewhere.
        process_gone "$QUITTANCE_PROCESS" || break
    done
    cat "$QUITTANCE_DIR/log" >&2
    die 'Quittance did not become ready.'
}

# The whole workspace with all targets, as scripts/test builds it: then it is built already.
build_quittance() {
    cargo build --quiet --workspace --all-targets >&2
    cargo metadata --format-version 1 --no-deps |
        sed -E 's|.*"target_directory":"([^"]*)".*|\1/debug/quittance|'
}

# Of the caller's environment, nothing that would configure it: least of all keys of a real account.
quittance_environment() {
    local name
    for name in $(compgen -e); do
        case $name in
        DATABASE_URL* | REDIS_URL* | STRIPE_* | PAYPAL_* | SMTP_URL* | JWT_* | MAIL_FROM | CATALOG | \
            CONFIG | PUBLIC_URL | ADMIN_EMAIL | CORS_ALLOWED_ORIGINS | QUITTANCE_MASTER_KEY*)
            unset "$name"
            ;;
        esac
    done
    export DATA_DIR=$QUITTANCE_DIR/data
    STRIPE_WEBHOOK_SECRET=whsec_$(random_hex)
    JWT_SECRET=$(random_hex)
    export STRIPE_WEBHOOK_SECRET JWT_SECRET
    # The same few people buy again and again, in minutes.
    export CONFIG=$QUITTANCE_DIR/settings.toml
    printf '[mail]\nper_recipient_per_hour = 1000\n' >"$CONFIG"
    # The judges' tools keep their files out of the caller's home.
    export HOME=$QUITTANCE_DIR XDG_CONFIG_HOME=$QUITTANCE_DIR
}

random_hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

quittance_settled() { process_gone "$QUITTANCE_PROCESS" || quittance_ready; }

quittance_ready() {
    "$REAL/.venv/bin/python" -c '
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/health/ready", timeout=2)' "$QUITTANCE_URL" 2>/dev/null
}

quittance_stop() {
    [[ -n $QUITTANCE_DIR ]] || return 0
    [[ -z $QUITTANCE_PROCESS ]] || stop_process "$QUITTANCE_PROCESS" 20
    rm -rf "$QUITTANCE_DIR"
    QUITTANCE_DIR=''
}

# Judges -----------------------------------------------------------------------------------------

# judge FILE: runs one. Its last line is "N passed, N failed"; what prints no such line is one check.
judge() {
    local output=$QUITTANCE_DIR/output status=0 line passed=0 failed=0
    case $1 in
    openapi.py)
        run_judge "$REAL/.venv/bin/python" "$REAL/lean.py" "$REAL/$1" --base "$QUITTANCE_URL"
        ;;
    *.py) run_judge "$REAL/.venv/bin/python" "$REAL/$1" ;;
    *.mjs) run_judge node "$REAL/$1" ;;
    *.sh) run_judge bash "$REAL/$1" ;;
    *) die "No judge is called $1." 2 ;;
    esac || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$output" | tail -n 1) || true
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
        passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
    elif ((status == 0)); then
        passed=1
    else
        failed=1
    fi
    ((status == 0)) || report_log
    [[ -z ${QUITTANCE_TALLY:-} ]] || echo "$passed $failed" >>"$QUITTANCE_TALLY"
    return "$status"
}

run_judge() { QUITTANCE_BIN=$QUITTANCE_BIN "$@" 2>&1 </dev/null | tee "$QUITTANCE_DIR/output"; }

report_log() {
    warn 'The last that Quittance said:'
    tail -n 30 "$QUITTANCE_DIR/log" >&2
}
