# shellcheck shell=bash
# What every script here needs: words to the reader, packages from the machine's package manager,
# and a free port. To be sourced; it changes nothing by itself.

# say and die write to stderr, so that a script's stdout stays what its caller asked for.
say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
warn() { printf '\033[33m%s\033[0m\n' "$*" >&2; }

# die MESSAGE [EXIT]: 1 is "a check failed", 2 is "this machine lacks something".
die() {
    printf '\033[31m%s\033[0m\n' "$1" >&2
    exit "${2:-1}"
}

# Colour only where a person looks.
if [[ ! -t 2 || -n ${NO_COLOR:-} ]]; then
    say() { printf '%s\n' "$*" >&2; }
    warn() { printf '%s\n' "$*" >&2; }
    die() {
        printf '%s\n' "$1" >&2
        exit "${2:-1}"
    }
fi

have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND…: as it is for root, by sudo for anybody else.
as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# install_packages WHAT PACKAGE…: installs Debian packages; WHAT tells a reader without apt-get what
# is missing.
install_packages() {
    local what=$1 log
    shift
    have apt-get || die "Missing: $what. Install it (on Debian: $*) and start again." 2
    ((EUID == 0)) || have sudo || die "Missing: $what. As root: apt-get install $*" 2
    say "Installing $* by apt-get"
    log=$(mktemp)
    if ! as_root apt-get update -qq >"$log" 2>&1; then
        warn "apt-get update had trouble; going on with the lists at hand"
    fi
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "Could not install $*. $what is needed: install it and start again." 2
    fi
    rm -f "$log"
}

# free_port: prints a port of 127.0.0.1 on which nobody listens.
#
# From below the range that Linux hands out to outgoing connections, so that none of these takes it
# before the server does. Between the answer and the bind somebody else may still take it: whoever
# starts a server on it tries again.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM << 15 | RANDOM) % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return 0
        fi
    done
}

# wait_until SECONDS COMMAND…: runs COMMAND five times a second until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# stop_process PID SECONDS: asks the process to end, and insists when the time is over.
stop_process() {
    local pid=$1
    kill -TERM "$pid" 2>/dev/null || return 0
    if wait_until "$2" process_gone "$pid"; then return 0; fi
    kill -KILL "$pid" 2>/dev/null || true
}

# A zombie is gone too: in a container whose first process adopts but never reaps, it stays for ever.
process_gone() {
    local stat
    kill -0 "$1" 2>/dev/null || return 0
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    [[ ${stat##*) } == Z* ]]
}
