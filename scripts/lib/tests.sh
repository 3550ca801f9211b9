# shellcheck shell=bash
# Runs the Rust tests, by cargo-nextest where it is installed, and counts them. To be sourced after
# stages.sh, in the root of the repository.

# The package with the integration tests; every other package has unit tests only.
readonly INTEGRATION=tests

# Of these, the program whose tests start processes and kill them.
readonly FAULTS=faults

# Of these, so many at once by nextest, but for those that have to be alone: they wait, most of the
# time.
readonly FAULTS_AT_ONCE=8

# What they may write at the same time, in kilobytes.
readonly FAULTS_WRITE=3000000

# run_tests unit|integration|faults [FILTER]
run_tests() {
    QUITTANCE_BIN=$(target_directory)/debug/quittance
    export QUITTANCE_BIN
    if [[ $1 == faults ]]; then faults_in_memory; fi
    if have cargo-nextest; then by_nextest "$@"; else by_libtest "$@"; fi
}

# The servers of these tests write to memory where there is room: SIGKILL leaves what the kernel has
# buffered, so to them a disk is no different, and a PostgreSQL that was killed is back in a tenth of
# the time. scripts/chaos writes to the disk.
faults_in_memory() {
    local memory=/dev/shm room
    room=$(df --output=avail "$memory" 2>/dev/null | tail -n 1) || return 0
    [[ -w $memory ]] && ((room >= FAULTS_WRITE)) || return 0
    TMPDIR=$(mktemp -d "$memory/quittance-faults.XXXXXX")
    export TMPDIR
    # Whatever a test that was ended left behind would stay in memory. A stage is a shell of its own.
    # shellcheck disable=SC2064 # this one, whatever the variable says then
    trap "rm -rf '$TMPDIR'" EXIT
    # A server may run as another user, who has to pass through here.
    chmod 711 "$TMPDIR"
}

target_directory() {
    cargo metadata --format-version 1 --no-deps | sed -E 's/.*"target_directory":"([^"]*)".*/\1/'
}

# The whole workspace is selected every time, and an expression picks: with `-p`, dependencies would
# be built anew, because the features they have follow from the packages that are selected.
by_nextest() {
    local expression none=fail report status=0 more=()
    case $1 in
    unit) expression="not package($INTEGRATION)" ;;
    integration) expression="package($INTEGRATION) and not binary($FAULTS)" ;;
    faults)
        expression="package($INTEGRATION) and binary($FAULTS)"
        more=(--test-threads "$FAULTS_AT_ONCE")
        ;;
    esac
    if [[ -n ${2:-} ]]; then
        expression="($expression) and test($2)"
        # It may well match on one side only.
        none=pass
    fi
    report=$(target_directory)/nextest/default/junit.xml
    rm -f "$report"
    cargo nextest run --cargo-quiet --workspace --no-fail-fast --no-tests "$none" \
        "${more[@]}" -E "$expression" || status=$?
    [[ ! -f $report ]] || tally_junit "$report"
    return "$status"
}

tally_junit() {
    local suites total bad
    suites=$(grep -m1 '<testsuites' "$1")
    total=$(attribute tests "$suites")
    bad=$(($(attribute failures "$suites") + $(attribute errors "$suites")))
    tally $((total - bad)) "$bad"
}

attribute() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<<"$2"; }

# Without nextest: the programs that cargo has built, each in its package's directory and one after
# the other, as `cargo test` would run them.
by_libtest() {
    local output directory program status=0 home
    home=$(pwd -P)/$INTEGRATION
    output=$STAGES_DIR/output
    : >"$output"
    while read -r directory program; do
        [[ $(kind_of "$directory" "$program" "$home") == "$1" ]] || continue
        (
            cd "$directory"
            threads=()
            [[ $1 != faults ]] || threads=(--test-threads=1)
            CARGO_MANIFEST_DIR=$directory "$program" "${threads[@]}" ${2:+"$2"}
        ) 2>&1 | tee -a "$output" || status=1
    done < <(test_programs)
    tally_libtest "$output"
    return "$status"
}

# kind_of DIRECTORY PROGRAM HOME: prints which of the three runs a program belongs to.
kind_of() {
    if [[ $1 != "$3" ]]; then
        echo unit
    elif [[ $(basename "$2") == "$FAULTS"-* ]]; then
        echo faults
    else
        echo integration
    fi
}

# test_programs: prints "DIRECTORY PROGRAM" for each of the workspace.
test_programs() {
    local fields='"manifest_path":"([^"]*)\/Cargo.toml".*"executable":"([^"]*)"'
    cargo test --quiet --workspace --no-run --message-format=json |
        sed -nE "/\"test\":true}/s/.*$fields.*/\1 \2/p"
}

tally_libtest() {
    local line passed=0 failed=0
    while read -r line; do
        [[ $line =~ ^test\ result:.*\ ([0-9]+)\ passed\;\ ([0-9]+)\ failed ]] || continue
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    done <"$1"
    tally "$passed" "$failed"
}

# Cargo takes long to find out that there are none.
has_doc_tests() {
    grep -rqE --include='*.rs' '^\s*//[/!] ```($|rust|no_run|should_panic|compile_fail)' \
        src ./*/src
}

run_doc_tests() {
    local output status=0
    output=$STAGES_DIR/output
    cargo test --quiet --workspace --doc 2>&1 | tee "$output" || status=1
    tally_libtest "$output"
    return "$status"
}
