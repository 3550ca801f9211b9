# shellcheck shell=bash
# A private Redis and a private PostgreSQL: on free ports, in a temporary directory, beside whatever
# else this machine runs. To be sourced after common.sh:
#
#     servers_install            # what is missing, by apt-get
#     trap servers_stop EXIT
#     servers_start              # exports TEST_DATABASE_URL, TEST_REDIS_URL, TEST_POSTGRES_TEMPLATE
#
# servers_stop ends and removes what servers_start made, and nothing else. Chaos tests may use
# redis_stop, redis_start, postgres_stop and postgres_start one by one: ports and data stay.

SERVERS_DIR=''
REDIS_PORT=''
POSTGRES_PORT=''

# How often a server is tried on another port when somebody took the first.
readonly SERVERS_TRIES=10

servers_install() {
    local packages=() names=()
    redis_binary >/dev/null || packages+=(redis-server) names+=(Redis)
    postgres_bin >/dev/null || packages+=(postgresql) names+=(PostgreSQL)
    ((${#packages[@]} == 0)) || install_packages "${names[*]}" "${packages[@]}"
    redis_binary >/dev/null || die 'There is still no redis-server in PATH.' 2
    postgres_bin >/dev/null || die 'There is still no initdb in PATH or /usr/lib/postgresql.' 2
}

servers_start() {
    # The server may run as another user, who has to pass through here.
    SERVERS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/quittance-servers.XXXXXX")
    chmod 711 "$SERVERS_DIR"
    redis_start
    postgres_init
    postgres_start
}

servers_stop() {
    [[ -n $SERVERS_DIR ]] || return 0
    redis_stop || true
    postgres_stop || true
    rm -rf "$SERVERS_DIR"
    SERVERS_DIR=''
}

# Redis ------------------------------------------------------------------------------------------

redis_binary() { command -v redis-server || command -v valkey-server; }

redis_start() {
    local try port
    mkdir -p "$SERVERS_DIR/redis"
    for ((try = 0; try < SERVERS_TRIES; try++)); do
        port=${REDIS_PORT:-$(free_port)}
        if redis_start_on "$port"; then
            REDIS_PORT=$port
            export TEST_REDIS_URL="redis://127.0.0.1:$port"
            return 0
        fi
    done
    cat "$SERVERS_DIR/redis/log" >&2
    die 'Redis did not start.'
}

# Durable and never evicting, as in production; no socket file, no configuration from /etc.
redis_start_on() {
    local dir=$SERVERS_DIR/redis
    : >"$dir/log"
    rm -f "$dir/pid"
    "$(redis_binary)" --bind 127.0.0.1 --port "$1" --dir "$dir" --daemonize yes \
        --pidfile "$dir/pid" --logfile "$dir/log" --databases 256 \
        --save '' --appendonly yes --maxmemory-policy noeviction >/dev/null || return 1
    wait_until 20 redis_settled && grep -q 'Ready to accept connections' "$dir/log"
}

redis_settled() {
    grep -qE 'Ready to accept connections|Failed listening|# Fatal|FATAL' "$SERVERS_DIR/redis/log"
}

redis_stop() {
    local pid
    pid=$(cat "$SERVERS_DIR/redis/pid" 2>/dev/null) || return 0
    stop_process "$pid" 10
}

# PostgreSQL -------------------------------------------------------------------------------------

# postgres_bin: prints the directory of the server's programs, the newest of those installed.
postgres_bin() {
    local dir found=''
    for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -V); do
        [[ -x $dir/initdb && -x $dir/postgres ]] && found=$dir
    done
    if [[ -z $found ]] && have initdb && have postgres; then
        found=$(dirname "$(command -v initdb)")
    fi
    [[ -n $found ]] && printf '%s\n' "$found"
}

# as_postgres COMMAND…: PostgreSQL refuses to run as root, so root lends it another user.
as_postgres() {
    local user=postgres
    if ((EUID != 0)); then
        "$@"
        return 0
    fi
    id "$user" >/dev/null 2>&1 || user=nobody
    if have setpriv; then
        setpriv --reuid="$user" --regid="$(id -gn "$user")" --clear-groups -- "$@"
    elif have runuser; then
        runuser -u "$user" -- "$@"
    else
        su -s /bin/sh "$user" -c "$(printf '%q ' "$@")"
    fi
}

postgres_init() {
    local dir=$SERVERS_DIR/postgres
    mkdir -m 700 "$dir"
    if ((EUID == 0)); then
        chown "$(id -u postgres 2>/dev/null || id -u nobody)" "$dir"
    fi
    # Durable once it runs; initdb itself need not wait for the disk.
    (cd / && as_postgres "$(postgres_bin)/initdb" -D "$dir/data" --username=postgres \
        --auth=trust --encoding=UTF8 --no-locale --no-sync >"$SERVERS_DIR/initdb.log" 2>&1) || {
        cat "$SERVERS_DIR/initdb.log" >&2
        die 'initdb failed.'
    }
    # For tests that start servers of their own.
    cp -a "$dir/data" "$dir/template"
    export TEST_POSTGRES_TEMPLATE=$dir/template
}

postgres_start() {
    local try port
    for ((try = 0; try < SERVERS_TRIES; try++)); do
        port=${POSTGRES_PORT:-$(free_port)}
        if postgres_start_on "$port"; then
            POSTGRES_PORT=$port
            export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    cat "$SERVERS_DIR/postgres/log" >&2
    die 'PostgreSQL did not start.'
}

# fsync and synchronous_commit keep their safe defaults: the tests are about what survives.
postgres_start_on() {
    local dir=$SERVERS_DIR/postgres
    (cd / && as_postgres "$(postgres_bin)/pg_ctl" start -D "$dir/data" -l "$dir/log" -w -t 60 \
        -o "-h 127.0.0.1 -p $1 -k '' -N 300" >/dev/null 2>&1 </dev/null)
}

postgres_stop() {
    local data=$SERVERS_DIR/postgres/data
    [[ -e $data/postmaster.pid ]] || return 0
    (cd / && as_postgres "$(postgres_bin)/pg_ctl" stop -D "$data" -m immediate -w -t 30 \
        >/dev/null 2>&1 </dev/null) || true
}
