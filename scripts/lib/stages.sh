# shellcheck shell=bash
# Stages: named steps that are timed, counted and summed up at the end. To be sourced after
# common.sh and servers.sh.

# Cargo's list of crates is for a person who waits, not for a log.
# shellcheck disable=SC2034 # the sourcing script hands it to cargo
if [[ -t 2 ]]; then QUIET=(); else QUIET=(--quiet); fi

STAGES=()
FAILED_STAGES=()
STAGE_PROCESS=''
# For whatever a stage has to write down.
STAGES_DIR=''

# stages_begin: from here on, an end of the script, however it comes, stops the servers and sums up.
stages_begin() {
    STAGES_DIR=$(mktemp -d)
    trap stages_end EXIT
    # A line "PASSED FAILED" for each run of tests; scripts/real adds to it too.
    export QUITTANCE_TALLY=$STAGES_DIR/tally
    : >"$QUITTANCE_TALLY"
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# stage NAME COMMAND…: runs COMMAND, and remembers how long it took and whether it failed.
#
# COMMAND runs in the background, since bash acts on a signal at once only while it waits; and in a
# process group of its own, so that all of it can be ended.
stage() {
    local name=$1 start=$SECONDS status=0 result=ok
    shift
    say "── $name"
    set -m
    "$@" </dev/null &
    STAGE_PROCESS=$!
    set +m
    wait "$STAGE_PROCESS" || status=$?
    STAGE_PROCESS=''
    if ((status != 0)); then
        result=FAILED
        FAILED_STAGES+=("$name")
    fi
    remember "$name" "$result" $((SECONDS - start))
}

# need NAME COMMAND…: a stage without which the rest makes no sense.
need() {
    stage "$@"
    ((${#FAILED_STAGES[@]} == 0)) || [[ ${FAILED_STAGES[-1]} != "$1" ]] || exit 1
}

# skip NAME REASON: a stage that this machine cannot run, which is not the same as one that passed.
skip() {
    say "── $1: skipped, $2"
    remember "$1" skipped 0
}

remember() { STAGES+=("$(printf '%-30s %-8s %5d s' "$1" "$2" "$3")"); }

# with NAME=VALUE… COMMAND…: `env`, for functions too.
with() {
    while [[ $1 == *=* ]]; do
        export "${1?}"
        shift
    done
    "$@"
}

# tally PASSED FAILED
tally() { echo "$1 $2" >>"$QUITTANCE_TALLY"; }

stages_end() {
    local status=$? passed failed
    trap '' INT TERM HUP
    if [[ -n $STAGE_PROCESS ]]; then
        kill -TERM -- "-$STAGE_PROCESS" 2>/dev/null || true
        wait_until 15 process_gone "$STAGE_PROCESS" ||
            kill -KILL -- "-$STAGE_PROCESS" 2>/dev/null || true
    fi
    servers_stop
    read -r passed failed < <(awk '{p += $1; f += $2} END {print p + 0, f + 0}' "$QUITTANCE_TALLY")
    rm -rf "$STAGES_DIR"
    say ''
    ((${#STAGES[@]} == 0)) || say "$(printf '%s\n' "${STAGES[@]}")"
    if ((status == 0 && ${#FAILED_STAGES[@]} > 0)); then status=1; fi
    ((status == 0)) || warn "Failed: $(joined "${FAILED_STAGES[@]:-stopped before the end}")"
    # A failed stage without a failed test (a build, say) has no place in this count.
    if ((passed + failed > 0 && (status == 0 || failed > 0))); then
        echo "$passed passed, $failed failed"
    fi
    exit "$status"
}

joined() {
    printf '%s' "$1"
    shift
    (($# == 0)) || printf '; %s' "$@"
}
